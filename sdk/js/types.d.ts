/**
 * The JSON that webinferd takes and answers. Made by scripts/js-types.mjs of the description of the API: do not edit.
 */

export interface Adapter {
    vendor?: string;
    architecture?: string;
    description?: string;
    /** It computes in software. */
    is_fallback?: boolean;
}

export interface Answers {
    answers: Array<{
        answer: string;
        score: number;
        start?: number | null;
        end?: number | null;
    }>;
    usage?: Usage;
}

/** An error in the form that Anthropic's clients read. */
export interface AnthropicError {
    type: 'error';
    error: AnthropicErrorValue;
    request_id: string | null;
}

export interface AnthropicErrorValue {
    type:
        | 'invalid_request_error' | 'authentication_error' | 'permission_error' | 'not_found_error'
        | 'request_too_large' | 'rate_limit_error' | 'overloaded_error' | 'api_error';
    message: string;
}

export interface Benchmark {
    /** The very first run, including what it compiles. */
    first_ms: number;
    /** The time of a run, from the bytes of its inputs to those of its outputs, for each of runs. */
    run_ms: Array<number>;
    /** The same by the GPU's clock: for kernels on webgpu, where the adapter has timestamp-query. */
    gpu_ms: Array<number> | null;
    /** 0: the model was loaded already. */
    load_ms: number;
    /** The number of threads that computed, where it is known. */
    threads: number | null;
    /** Each of run_ms is the mean of this many runs, one after another. */
    repeats: number;
    /**
     * The measured resolution of the page's clock. A sample (repeats runs) lasts at least 20 times as long, and the
     * first at least 4 ms.
     */
    clock_ms: number;
    /** Indices, from 0, of the runs during or before which something else was computed there. */
    disturbed: Array<number>;
    /** SHA-256 of the last run's outputs and result: see below. */
    output_hash: string;
}

export interface Boxes {
    /** In pixels of the picture as it was sent. */
    boxes: Array<{
        label: string;
        score: number;
        box: {
            xmin: number;
            ymin: number;
            xmax: number;
            ymax: number;
        };
    }>;
}

export type Bytes = string | {
    binary_data_size: number;
};

export interface Choice {
    index: number;
    text?: string;
    tokens?: Array<number>;
    finish_reason?: 'stop' | 'length' | 'tool_calls';
    /** The string of options.stop at which it ended. */
    stop_sequence?: string;
    /** The model's reasoning before its answer. */
    reasoning?: string;
    tool_calls?: Array<ToolCall>;
    logprobs?: Array<Logprob>;
}

export type Code =
    | 'bad_request' | 'bad_json' | 'unknown_field' | 'missing_field' | 'invalid_field' | 'bad_framing'
    | 'non_finite' | 'context_length_exceeded' | 'unauthorized' | 'forbidden_host' | 'forbidden_origin' | 'rank'
    | 'not_found' | 'model_not_found' | 'kernel_not_found' | 'node_not_found' | 'session_not_found'
    | 'job_not_found' | 'hub_not_found' | 'method_not_allowed' | 'not_acceptable' | 'request_timeout' | 'conflict'
    | 'cancelled' | 'stream_gone' | 'length_required' | 'body_too_large' | 'answer_too_large' | 'model_too_large'
    | 'unsupported_media_type' | 'input_unknown' | 'input_missing' | 'input_datatype' | 'input_shape' | 'input_size'
    | 'input_invalid' | 'grammar_too_costly' | 'output_unknown' | 'picture_invalid' | 'picture_too_large'
    | 'audio_invalid' | 'audio_too_large' | 'precision_unsupported' | 'model_invalid' | 'operator_unsupported'
    | 'platform_unsupported' | 'kernel_invalid' | 'idempotency_mismatch' | 'nothing_to_quantize' | 'quantized_badly'
    | 'queue_full' | 'client_share_used' | 'too_many_watchers' | 'sound_ahead' | 'inference_failed' | 'internal'
    | 'not_implemented' | 'attempts_exhausted' | 'hub_failed' | 'hub_unauthorized' | 'download_corrupt'
    | 'stream_interrupted' | 'stream_diverged' | 'unavailable' | 'node_busy' | 'node_paused' | 'shutting_down'
    | 'memory_budget' | 'too_many_connections' | 'hub_busy' | 'deadline_exceeded' | 'stall_timeout'
    | 'storage_failed' | 'no_room';

export interface Conduct {
    /** Of its last 50 answers: how many ended well. */
    ended: number;
    /** Likewise: how many ended badly, while a browser of the service succeeded. */
    ending: number;
    /** Likewise: how many ended badly, while another joined node succeeded. */
    disputed: number;
    /** Of the last 50 answers that were judged: how many were right. */
    right: number;
    /** Likewise: how many could not be judged, by the node's choice. */
    open: number;
    /** Likewise: how many differed for a client's input; ten right answers in a row clear those before them. */
    suspicion: number;
}

export interface Counted {
    /** For builtin/count. */
    count: number;
}

export type Datatype =
    | 'BOOL' | 'UINT8' | 'UINT16' | 'UINT32' | 'UINT64' | 'INT8' | 'INT16' | 'INT32' | 'INT64' | 'FP16' | 'FP32'
    | 'FP64' | 'BF16' | 'BYTES';

export interface Engine {
    version: string | null;
    /** How many tasks it runs at a time. */
    slots: number;
    /** How many more tasks it runs that make no text; 0: these use the slots, too. */
    short_slots: number;
    /** How many more tasks it accepts to wait. */
    queue: number;
    can: Array<'continue' | 'continue_several' | 'webgpu'>;
}

export interface Entities {
    /** Positions in texts count characters. */
    entities: Array<{
        entity: string;
        score: number;
        start: number;
        end: number;
        word: string;
    }>;
    usage?: Usage;
}

export interface Estimate {
    load_ms: number;
    run_ms: number;
    failure_rate: number;
    loads: number;
    runs: number;
    measured_at: number;
    prompt_tokens_per_second?: number;
    tokens_per_second?: number;
}

export interface ExecutedOn {
    node: string | null;
    browser: string | null;
    browser_version: string | null;
    platform: string | null;
    engine: string | null;
    /** The precision of the weights. */
    precision: string | null;
    adapter: Adapter | null;
    /** The platforms that did not work, in the order in which they were given up. */
    fallbacks: Array<{
        platform: string;
        code: string;
        reason: string;
    }>;
    /** What is known about the platform's numbers. */
    numerics: 'ok' | 'wrong' | 'unchecked';
    simulated: boolean;
    /** The build of the engine. */
    build?: string;
    threads?: number;
    quantization?: string;
}

export interface Failure {
    /** Null if the entry covers several nodes. */
    node: string | null;
    reason: string;
    times: number;
}

export interface Fill {
    token: number;
    token_text: string;
    token_str: string;
    probability: number;
    text: string;
    sequence: string;
}

export interface Fills {
    fills?: Array<Fill>;
    /** Instead of fills, for a text with several gaps. */
    masks?: Array<Array<Fill>>;
    usage?: Usage;
}

export interface Hardware {
    model_name: string;
    model_hash: string;
    model_type: string | null;
    decision: 'run' | 'wait' | 'never';
    why: string;
    would_run: {
        node: string;
        browser: string;
        browser_version: string;
        platform: Platform;
        platforms: Array<Platform>;
        warm: boolean;
        expected_ms: number;
    } | null;
    preferences: Array<string>;
    numerics: 'check' | 'off';
    /** The fraction of requests that run once more elsewhere. */
    exploration: number;
    recheck: number;
    /** The probe that would run outside the client's request. */
    probe: {
        browser: string;
        platform: Platform;
        deadline_ms: number;
    } | null;
    /** The chosen one first, then those closest to it. */
    options: Array<HardwareOption>;
    /** Configured kinds without a node. */
    passed_over: Array<{
        browser: string;
        installed: boolean;
        why: string;
        moves: Moves | null;
    }>;
    /** Where it would never run. */
    code?: Code;
}

export interface HardwareOption {
    browser: string;
    browser_version: string;
    joined: boolean;
    /** A label of the token that its nodes joined with, valid until the service ends. */
    token: string | null;
    platform: Platform;
    engine: string;
    engine_version: string | null;
    standing: string;
    why: string;
    chosen: boolean;
    adapter: Adapter | null;
    nodes?: number;
    open_nodes?: number;
    slots?: number;
    loaded_nodes?: number;
    warm?: boolean;
    measured?: boolean;
    verdict?: string | null;
    preference?: number;
    estimate?: Estimate | null;
    expected_ms?: number;
    queue_ms?: number;
    load_ms?: number;
    run_ms?: number;
    failure_ms?: number;
    moves?: Moves | null;
}

/** The answer of a model to a request. */
export interface InferAnswer {
    performance: Performance;
    /** The request's id, or the job's. */
    id: string;
    model_name: string;
    model_type: string | null;
    /** Tensors. */
    outputs: Array<Output>;
    /** Where it was really computed. */
    executed_on: ExecutedOn;
    /** The result of the task: labels with probabilities, text and so on. */
    result?: Result;
}

/** The task for a model, its input, and where it runs. */
export interface InferRequest {
    /** NAME, or NAME:VARIANT for a variant other than the first. */
    model_name: string;
    /** A list of tensors {name, datatype, shape, data}; or what a task takes: see Tasks. */
    inputs: Array<Tensor> | Array<string> | string | Inputs;
    /** Instead of the model's own. */
    model_type?: 'text_embedding' | 'text_generation' | 'text2text' | 'vision' | 'audio' | 'multimodal';
    /** What the model is to do. */
    task?: Task;
    /**
     * auto (the default), webgpu, webnn, webgl, wasm; native, for programs that joined; simulated, for tests with
     * nodes that compute nothing. A model of which webnn can run no part falls back; fallbacks says why.
     */
    platform?: 'auto' | Platform;
    /** Only a browser of this kind. */
    browser?: string;
    /** Only this node. */
    node?: string;
    /** Whether another platform may be tried after one that fails; true by default. */
    fallback?: boolean;
    /**
     * The variant, as NAME:VARIANT. Without either, or with auto, it is the first that webinfer show lists and
     * model_budget has room for: 8 bits, then floats, then 4 bits, which WASM computes many times slower. If memory
     * runs out, the next smaller one runs, and fallbacks says so. 16-bit floats and GGUF files do not go to WebGPU
     * without shader-f16.
     */
    precision?: 'auto' | 'fp32' | 'fp16' | 'bf16' | 'int8' | 'uint8' | 'int4' | 'uint4' | 'q8' | 'q4' | 'q4f16' | 'bnb4';
    /** The outputs wanted, by name or as {name, parameters: {binary_data}}; all by default. */
    outputs?: Array<string | {
        name: string;
        parameters?: {
            binary_data?: boolean;
        };
    }>;
    /** 9 is the most urgent; 5 by default. */
    priority?: number;
    /** For queue, load and run together; 60000 by default, 600000 for streams, generated text and speech recognition. */
    timeout_ms?: number;
    /** Whether the answer comes in parts. */
    stream?: boolean;
    /** Whether a stream outlives its connection. */
    resumable?: boolean;
    /** How long a stream that has begun may be silent. */
    stall_timeout_ms?: number;
    /** Returned in the answer. */
    id?: string;
    /** {binary_data_output: true} asks for binary outputs. */
    parameters?: {
        binary_data_output?: boolean;
    };
    /** Of the task or model; an unknown one is a 400 that names it. */
    options?: Record<string, unknown>;
}

export type Inputs = {
    messages: Array<OpenaiMessage>;
} | {
    query: string;
    documents: Array<string>;
} | {
    pairs: Array<Array<string>>;
} | {
    text: string;
    text_pair: string;
} | {
    question: string;
    context: string;
} | {
    text: string;
    labels: Array<string>;
} | {
    texts: string | Array<string>;
    labels: Array<string>;
} | {
    image: Bytes;
} | {
    image: Bytes;
    labels: Array<string>;
} | {
    image: Bytes;
    question: string;
} | {
    image: Bytes;
    prompt: string;
} | {
    audio: Bytes;
    sampling_rate?: number;
    channels?: number;
    format?: 'f32le' | 's16le';
    labels?: Array<string>;
};

export type Job = RunningJob | StoredJob;

export interface Jobs {
    /** The newest first. */
    jobs: Array<StoredJob>;
    /** The value of after for the next page; null if there is none. */
    next: string | null;
}

export interface Kind {
    installed: boolean;
    problem: string | null;
    /** open: there is a pause after failed starts. */
    breaker: 'closed' | 'open' | 'half-open';
    /** Failed starts in a row. */
    failures: number;
    next_start_ms: number;
    min: number;
    max: number;
    /** A browser of this kind is wanted. */
    wished: boolean;
    /** How many there are, by state. */
    sessions: Record<string, number>;
    /** How often a state has followed another. */
    transitions: Record<string, Record<string, number>>;
}

export interface Labels {
    /** The best first. */
    labels: Array<{
        label: string;
        probability: number;
        index?: number;
    }>;
    usage?: Usage;
}

export interface Loaded {
    node: string;
    hash: string;
    platform: string;
    /** loading, loaded, failed or evicted. */
    state: string;
    /** Including what is kept of earlier computations. */
    bytes?: number;
    error?: string;
    /**
     * For a language model: how many requests it can run at a time, how many it runs now, the tokens that each has
     * room for, and the tokens that are kept.
     */
    slots?: {
        count: number;
        busy: number;
        context: number;
        cached_tokens: number;
    };
    /** Measured with a few tokens outside any request. */
    speed?: {
        prompt_ms: number;
        token_ms: number;
    };
}

export interface Logprob {
    token: string;
    logprob: number;
    id?: number;
    bytes?: Array<number> | null;
    top_logprobs?: Array<Logprob>;
}

export interface Made {
    /** The hash of the fp32 variant that it was built from. */
    of: string;
    bits: number;
    mixed: boolean;
    /** It was to be published whatever the measurement said. */
    forced: boolean;
    /** In seconds since 1970. */
    made_at: number;
    /**
     * The bytes of all weights, of those that can have fewer bits, and of those that have them; and the number of
     * graph nodes that read these, and of those that keep more bits.
     */
    counts: {
        weights: number;
        quantizable: number;
        quantized: number;
        nodes: number;
        kept: number;
    };
    /** The outputs of its graphs compared with those of fp32. */
    measured: MadeMeasured;
    /** The same for the graphs that are for WebGPU only, if it has any; these too are measured on WASM. */
    measured_webgpu?: MadeMeasured;
}

export interface MadeMeasured {
    /** The number at the first place; the cosines and the error here are from there, too. */
    inputs: number;
    /** How many of them were the model's own samples. */
    samples: number;
    /** Between the outputs of both for an input. */
    cosine: {
        median: number;
        p5: number;
        least: number;
    };
    /** Of one number, as a fraction of the largest. */
    largest_error: number | null;
    /**
     * Where fp32 has its weights: in the graph's file (one) or in separate files (external), which take less memory
     * in a page.
     */
    source_files: 'one' | 'external';
    /** Where it was measured: first on WASM, then wherever it was idle. */
    places: Array<MadePlace>;
}

export interface MadePlace {
    browser: string;
    browser_version: string;
    platform: string;
    /** The number of inputs that it was measured with there. */
    inputs: number;
    cosine: {
        median: number;
        p5: number;
        least: number;
    };
    largest_error: number | null;
    /** The median time of its runs. */
    run_ms: number;
    /** The same for fp32. */
    source_run_ms: number;
    /**
     * How much the page's memory grew when it was loaded, at least the size of its files; less than it needs if
     * other models had left room.
     */
    memory_bytes?: number;
    /** The same for fp32, which was loaded after it. */
    source_memory_bytes?: number;
}

export interface Memory {
    /** In bytes, like all but the last three. */
    weights: number;
    /** The cache of each conversation. */
    kv_per_slot: number;
    compute: number;
    /** With this many slots of this many tokens of context. */
    total: number;
    limit: number;
    context: number;
    slots: number;
    /** If false, a request for it gets model_too_large. */
    fits: boolean;
}

export interface Model {
    name: string;
    type?: string | null;
    format?: 'onnx' | 'gguf' | 'huggingface';
    /**
     * Of its content. This and other members that depend on its files are there once the files have been read; a
     * request for this one model reads them.
     */
    hash?: string;
    /** Of all its files. */
    bytes?: number;
    files?: Array<{
        path: string;
        bytes: number;
        hash: string;
    }>;
    /** Which of its variants this is. */
    variant?: string;
    /**
     * The preferred one first. NAME:VARIANT selects another one, wherever a model is named. webgpu: graphs that are
     * for WebGPU only.
     */
    variants?: Array<{
        name: string;
        bytes: number;
        file_count: number;
        made?: Made;
        webgpu?: {
            bytes: number;
            file_count: number;
        };
    }>;
    /** For ONNX files. */
    opset?: number;
    inputs?: Array<Value>;
    outputs?: Array<Value>;
    takes_picture?: boolean;
    /** For GGUF files, like the members below. */
    title?: string;
    architecture?: string;
    quantization?: string;
    parameters?: number;
    context_length?: number;
    embedding_length?: number;
    /** The number of tokens. */
    vocabulary?: number;
    /** Whether it has a template for conversations. */
    chat?: boolean;
    /** For an embedder. */
    pooling?: string;
    /** The memory that it needs in a page. */
    memory?: Memory;
    /** For a folder: what it can do, the default first. */
    tasks?: Array<Task>;
    dtype?: string;
    /** The number of labels. */
    labels?: number;
    /**
     * Settings in a folder's files that are not applied: at most 64, without long values. See webinfer-inputs(7),
     * Settings of folders.
     */
    ignored_settings?: Array<{
        file: string;
        member: string;
        reason: string;
        value?: unknown;
    }>;
    /** How accurately platforms compute it. */
    numerics?: {
        exempt: string | null;
        verdicts: Array<Verdict>;
    };
    /** For the operator, for example that its weights are slow in WebAssembly. */
    warnings?: Array<string>;
    builtin?: boolean;
    /** The nodes that have it, and what they report about it; in long lists only 10 nodes. */
    loaded?: Array<Loaded>;
    /** In a list: how many other nodes have it. */
    loaded_more?: number;
    /** Why it cannot be read. */
    problem?: string;
    /** When a request last used it, in seconds since 1970, as far as known; null: never. */
    last_used_at?: number | null;
    /** Where it was pulled from. */
    source?: Source;
    /** For a pulled or uploaded model, the latest first. */
    versions?: Array<Version>;
    /** The CIDs under which it, or a variant of it, is published. */
    published?: Array<Pin>;
    /** While a pull of this name is under way. */
    pulling?: Pull;
    /** For OpenAI's clients, like the members below. */
    id?: string;
    object?: 'model';
    created?: number;
    owned_by?: string;
}

export interface Models {
    object: 'list';
    /**
     * The models for OpenAI's clients, including aliases: all of them, or those of the page if limit or after is
     * given.
     */
    data: Array<OpenaiModel>;
    /** The models of this page, sorted by name. */
    models: Array<Model>;
    /** The value of after for the next page; null on the last page. */
    next: string | null;
    /** Those under way, and those that have failed. */
    pulls: Array<Pull>;
    /** Files and folders there that are no models. */
    ignored: Array<{
        name: string;
        reason: string;
    }>;
    ignored_more: number;
    /** The other names that the configuration gives to models, each with its model. */
    aliases: Record<string, string>;
    /** The published models whose names are on the page or would be, including those that are no longer here. */
    published: Array<Pin>;
    /** The most bytes that a model can have: [models] quota, or the whole disk. */
    room: number | null;
}

export interface Moves {
    /** The time that requests have lost by not running there. */
    lost_ms: number;
    /** The loss at which the model is moved there. */
    at_ms: number;
}

export interface Node {
    id: string;
    /** Null for a joined node. */
    session: string | null;
    browser: string | null;
    browser_version: string;
    /** It gets no more work. */
    draining: boolean;
    /** Its owner has paused it. */
    paused: boolean;
    /** It gets no work for now; limits says why. */
    held: boolean;
    /** It has lost its connection but may come back. */
    away: boolean;
    /** The number of attempts on it. */
    attempts: number;
    /** Why it gets less work than others, or none. */
    limits?: Array<NodeLimit>;
    /** A summary of its last answers; null if the service started it. */
    conduct?: Conduct | null;
    /** For admins. */
    user_agent?: string;
    /** In milliseconds since 1970. */
    connected_at?: number;
    cores?: number;
    memory_gib?: number;
    cross_origin_isolated?: boolean;
    connected?: boolean;
    busy_since_ms?: number;
    last_seen_ms?: number;
    rtt_ms?: number;
    bytes_in?: number;
    bytes_out?: number;
    platforms?: Record<string, {
        available: boolean;
        reason?: string;
        adapter?: Adapter;
    }>;
    /** Those that it has, by name. */
    engines?: Record<string, Engine>;
    /** What it reports about its models. */
    models?: Array<unknown>;
}

export interface NodeLimit {
    /** share: it gets only work that nothing else has room for. hold: it gets no work except proofs. */
    effect: 'share' | 'hold';
    /**
     * The evidence, as in webinfer-proof(7); or deadlines: it let several deadlines pass in a row; or unproven: it
     * has not yet proved that it computes right.
     */
    evidence: string;
    /** In milliseconds since 1970. */
    since: number | null;
    /** In milliseconds since 1970; null: until it is undone. */
    until: number | null;
    /** What ends it. */
    undone_by: string;
    /** For admins: the details. */
    reason?: string;
}

export interface NodeRow {
    id: string;
    /** Null for a joined node. */
    session: string | null;
    browser: string | null;
    browser_version: string;
    /** It gets no more work. */
    draining: boolean;
    /** Its owner has paused it. */
    paused: boolean;
    /** It gets no work for now; limits says why. */
    held: boolean;
    /** It has lost its connection but may come back. */
    away: boolean;
    /** The number of attempts on it. */
    attempts: number;
}

export interface Nodes {
    /** The nodes of this page, sorted by id. */
    nodes: Array<Node>;
    /** The value of after for the next page; null on the last page. */
    next: string | null;
    /** The latest nodes under quarantine, as many as a page has; the oldest of them first. */
    quarantined: Array<Quarantined>;
    /** How many others there are. */
    quarantined_more: number;
    /** With tuning=yes, at most 1000. */
    tuning?: Array<Tuning>;
    /** Likewise: how many others there are. */
    tuning_more?: number;
}

/** An error in the form that OpenAI's clients read. */
export interface OpenaiError {
    error: OpenaiErrorValue;
}

export interface OpenaiErrorValue {
    message: string;
    type: 'invalid_request_error' | 'permission_error' | 'rate_limit_error' | 'server_error';
    /** The parameter that is at fault. */
    param: string | null;
    /** The code of a problem document, unless OpenAI has its own name for it. */
    code: string;
}

export interface OpenaiMessage {
    role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
    /** Null or none with tool_calls. */
    content?: string | Array<OpenaiPart> | null;
    name?: string;
    /** For an assistant. */
    tool_calls?: Array<OpenaiToolCall>;
    /** For a tool. */
    tool_call_id?: string;
    /** For an assistant. */
    reasoning_content?: string;
}

export interface OpenaiModel {
    id: string;
    object: 'model';
    created: number;
    owned_by: string;
}

export type OpenaiPart = {
    type: 'text';
    text: string;
} | {
    type: 'image_url';
    image_url: string | {
        url: string;
        detail?: string;
    };
};

export interface OpenaiToolCall {
    function: {
        name?: string;
        arguments?: string;
    };
    /** In streams. */
    index?: number;
    id?: string;
    type?: 'function';
}

export interface Order {
    model_name: string;
    state: 'loading' | 'unloading';
    /** The nodes that were told. */
    nodes: Array<string>;
}

export interface Output {
    name: string;
    datatype: Datatype;
    shape: Array<number>;
    /** Row by row; NaN and infinities are strings. */
    data?: Array<unknown>;
    /** Instead of data: this many bytes follow the JSON, in the order of the outputs. */
    parameters?: {
        binary_data_size: number;
    };
}

export interface Performance {
    /** Until it was sent to a node. */
    queue_ms: number;
    /** By the page's clock, like inference_ms. */
    load_ms: number;
    /** Including upload and read-back. */
    inference_ms: number;
    /** From the last byte of the body on, including failed attempts. */
    total_ms: number;
    attempts: number;
    /** The model was loaded already. */
    warm: boolean;
    /** How many rows ran together. */
    batch?: number;
}

export interface Pin {
    /** The name under which it was published, with or without a variant. */
    name: string;
    /** ipfs://CID is exactly the model as it was published. */
    cid: string;
    /** Of all its files. */
    bytes: number;
    /** Its files have changed since it was published, and are not served under this CID. */
    stale: boolean;
    /** The version that is kept for it; null for a folder that was put there. */
    version: number | null;
    /** In seconds since 1970. */
    published_at: number;
}

export type Platform = 'webgpu' | 'webnn' | 'webgl' | 'wasm' | 'native' | 'simulated';

/** An error in the format of RFC 9457. */
export interface Problem {
    /** A URI that identifies the code. */
    type: string;
    title: string;
    /** The HTTP status that the answer has, or would have had. */
    status: number;
    /** One of the stable codes. */
    code: Code;
    /** One sentence: what was wrong, what is allowed and what to do. */
    detail?: string;
    /** The field of the request that is at fault. */
    field?: string;
    /** What is expected there. */
    expected?: string;
    /** What may be there. */
    allowed?: string;
    /** How often the job was sent to nodes. */
    attempts?: number;
    /** What went wrong there, with equal failures grouped; the last entry may cover several others. */
    failures?: Array<Failure>;
    /** For kernel_invalid: up to 20 errors in the source. */
    errors?: Array<SourceError>;
    /** The X-Request-Id of the answer. */
    request_id?: string;
}

export interface Pull {
    /** The model's name here. */
    name: string;
    /**
     * resolving: the commit and the files are determined, and room is made. downloading: each file is hashed as it
     * arrives. For a variant built locally, the states are quantizing and measuring.
     */
    state: 'resolving' | 'downloading' | 'verifying' | 'quantizing' | 'measuring' | 'publishing' | 'done' | 'failed';
    /** The model that was asked for. */
    model: string;
    /** For a pull by CID: ipfs; for a variant built locally: empty. */
    hub: string;
    /** Null until it is known. */
    variant: string | null;
    /** Likewise. */
    commit: string | null;
    /** Including what was here already. */
    loaded_bytes: number;
    total_bytes: number;
    /** Over the network since the daemon was started. */
    fetched_bytes: number;
    /** Taken from an older version. */
    reused_bytes: number;
    /** The bytes from each source: the hub, or all sources of a pull by CID. */
    sources: Array<{
        name: string;
        bytes: number;
    }>;
    files_done: number;
    files: number;
    /** Since the pull began. */
    seconds?: number;
    /** The recent speed. */
    bytes_per_second?: number;
    /** At that speed. */
    seconds_left?: number;
    /** The hub's failure, and when the pull is tried again. */
    retrying?: string;
    /** Why it has failed. */
    problem?: {
        code: Code;
        detail: string;
    };
    /** For a variant built locally, like the members below. */
    bits?: number;
    mixed?: boolean;
    /** How many inputs it was measured with. */
    inputs_done?: number;
    /** How many inputs it will be measured with. */
    inputs?: number;
    /** Once it has been measured. */
    made?: Made;
}

export interface PullEvent {
    /** The state. */
    phase: string;
    /** The model's name here. */
    name: string;
    /**
     * resolving: the commit and the files are determined, and room is made. downloading: each file is hashed as it
     * arrives. For a variant built locally, the states are quantizing and measuring.
     */
    state: 'resolving' | 'downloading' | 'verifying' | 'quantizing' | 'measuring' | 'publishing' | 'done' | 'failed';
    /** The model that was asked for. */
    model: string;
    /** For a pull by CID: ipfs; for a variant built locally: empty. */
    hub: string;
    /** Null until it is known. */
    variant: string | null;
    /** Likewise. */
    commit: string | null;
    /** Including what was here already. */
    loaded_bytes: number;
    total_bytes: number;
    /** Over the network since the daemon was started. */
    fetched_bytes: number;
    /** Taken from an older version. */
    reused_bytes: number;
    /** The bytes from each source: the hub, or all sources of a pull by CID. */
    sources: Array<{
        name: string;
        bytes: number;
    }>;
    files_done: number;
    files: number;
    /** Since the pull began. */
    seconds?: number;
    /** The recent speed. */
    bytes_per_second?: number;
    /** At that speed. */
    seconds_left?: number;
    /** The hub's failure, and when the pull is tried again. */
    retrying?: string;
    /** Why it has failed. */
    problem?: {
        code: Code;
        detail: string;
    };
    /** For a variant built locally, like the members below. */
    bits?: number;
    mixed?: boolean;
    /** How many inputs it was measured with. */
    inputs_done?: number;
    /** How many inputs it will be measured with. */
    inputs?: number;
    /** Once it has been measured. */
    made?: Made;
}

export interface Quarantined {
    /** For DELETE /v1/admin/quarantine. */
    id: string;
    /** The id that it had. */
    node: string;
    /** The name of the node token that it came with. */
    token: string | null;
    /** The id of the join token that it came with. */
    join: string | null;
    /** The evidence, as in webinfer-proof(7). */
    evidence: string | null;
    /** In milliseconds since 1970. */
    since: number;
    /** In milliseconds since 1970; null: it is refused until this is lifted. */
    until: number | null;
    /** For admins: the address that it came from; for IPv6 the first 64 bits. */
    address?: string;
    /** For admins: the details. */
    reason?: string;
}

export interface Removed {
    name: string;
    state: 'removed' | 'cancelled' | 'unpublished';
    freed_bytes?: number;
    /** The CIDs under which it, or a variant of it, was published until now. */
    unpublished?: Array<string>;
}

export type Result =
    | TextResult | Scores | TokenList | Labels | Entities | Fills | Answers | Boxes | Segments | Transcript
    | SpeechResult | Results | Used | Counted | Size;

export interface Results {
    /** One for each of several texts. */
    results: Array<Labels | Entities | Fills | Answers>;
    usage?: Usage;
}

export interface RunningJob {
    age_ms: number;
    id: string;
    /** The client that it belongs to. */
    client: string | null;
    model_name: string;
    state: 'queued' | 'running';
    node: string | null;
    /** Whether the node has confirmed that it has the job. */
    accepted: boolean;
    priority: number;
    attempts: number;
    /** In milliseconds since 1970. */
    accepted_at: number;
    timeout_ms: number;
    /** For a stream: the number of parts so far. */
    parts?: number;
    request_id?: string;
    /** What went wrong with the last attempt. */
    problem?: string;
    /** The id that the client gave it. */
    client_id?: string;
}

export interface Scores {
    /** One for each document. */
    scores: Array<number>;
    usage?: Usage;
}

export interface Segments {
    /** A mask is the name of an output, a PNG file with 255 where the segment is. */
    segments: Array<{
        label: string;
        mask: string;
        score?: number | null;
    }>;
}

export interface Session {
    age_ms: number;
    /** Of all its processes together. */
    memory_bytes: number;
    id: string;
    /** The kind of browser. */
    kind: string;
    state: 'starting' | 'ready' | 'busy' | 'draining' | 'broken' | 'closed';
    /** The step that it has reached. */
    step: string;
    ending: boolean;
    /** Why it is to be replaced. */
    worn: string | null;
    /** The session that takes its place. */
    successor: string | null;
    /** How many it has run. */
    jobs: number;
    /** In milliseconds since 1970. */
    started_at: number;
    /** How long it took to become ready. */
    ready_ms: number;
    browser_version: string;
    /** Switches and preferences of its start that depend on a setting, without values that may be paths or addresses. */
    flags: Array<string>;
    driver_pid: number;
    network: 'isolated' | 'host';
    node: string | null;
}

export interface Size {
    /** In pixels. */
    width: number;
    height: number;
}

export interface Source {
    hub: string | null;
    repository: string | null;
    revision: string | null;
    commit: string | null;
    /** In seconds since 1970. */
    pulled_at: number;
    variant?: string;
}

export interface SourceError {
    /** In the source that was sent, counted from 1. */
    line: number;
    /** Likewise. */
    column: number;
    message: string;
}

export interface SpeechResult {
    sampling_rate: number;
    duration: number;
}

export interface Status {
    version: string;
    uptime_s: number;
    /** In milliseconds since 1970. */
    started_at: number;
    /** Whether a node can take work. */
    ready: boolean;
    /** Why new clients cannot be served. */
    problem: string | null;
    api: {
        url: string;
        connections: number;
    };
    /** Where nodes connect. */
    bridge: {
        url: string;
    };
    /** The jobs under way. Up to 100 are listed; a user sees only its own. */
    queue: {
        waiting: number;
        running: number;
        limit: number;
        jobs: Array<RunningJob>;
    };
    /** Bytes of memory_budget. */
    memory: {
        used: number;
        budget: number;
    };
    /** Live sound: streams that have not ended, sound without final text, and the largest lag. */
    sound: {
        streams: number;
        waiting_ms: number;
        lag_ms: number;
    };
    /** Queued and running now; the others since the start. */
    stored_jobs: {
        queued: number;
        running: number;
        done: number;
        failed: number;
        cancelled: number;
    };
    sessions: Array<Session>;
    /** The first 100; GET /v1/nodes has all in pages. */
    nodes: Array<NodeRow>;
    /** How many others there are. */
    nodes_more: number;
    /** The kinds of browsers by name. */
    kinds: Record<string, Kind>;
    /** The first 100; GET /v1/models has all in pages. */
    models: Array<Model>;
    /** How many others there are. */
    models_more: number;
    /** How many verdicts there are, and how probes, which run outside clients' requests, have ended. */
    numerics: {
        mode: 'check' | 'off';
        verdicts: Record<string, number>;
        probes: Record<string, number>;
    };
    /**
     * Answers of joined nodes that browsers of the service compute again: those that wait, and how the others have
     * ended.
     */
    cross_checks: {
        waiting: number;
        bytes: number;
        agreed: number;
        wrong: number;
        suspected: number;
        disputed: number;
        unable: number;
        dropped: number;
    };
    /** The latest 100, the oldest of them first. */
    quarantined: Array<Quarantined>;
    /** How many others there are. */
    quarantined_more: number;
    counters: {
        jobs: Record<string, number>;
        sessions: Record<string, number>;
        bridge: Record<string, number>;
    };
    /** For the operator. */
    warnings: Array<string>;
    /** For admins: the folder of the models on the daemon's machine. */
    models_directory?: string;
}

export interface StoredJob {
    id: string;
    state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
    /** The endpoint that received it. */
    endpoint: '/v1/infer' | '/v1/jobs';
    priority: number;
    /** How often the daemon has started it. */
    runs: number;
    /** In milliseconds since 1970, as all times here. */
    accepted_at: number;
    deadline_at: number;
    model_name?: string;
    /** The client that it belongs to. */
    client?: string;
    /** The id that the client gave it. */
    client_id?: string;
    node?: string;
    finished_at?: number;
    attempts?: number;
    /** What it waits for, or what went wrong last. */
    problem?: string;
    /** For a job that is done: the answer, in the form of its endpoint. */
    answer?: unknown;
    /** For a job that has failed. */
    error?: Problem | OpenaiError | AnthropicError;
}

/** The answer without what its parts carried. */
export interface StreamDone {
    /** How many there were. */
    parts: number;
    performance: StreamPerformance;
    /** The request's id, or the job's. */
    id: string;
    model_name: string;
    model_type: string | null;
    /** Tensors. */
    outputs: Array<Output>;
    /** Where it was really computed. */
    executed_on: ExecutedOn;
    /** The result of the task: labels with probabilities, text and so on. */
    result?: Result;
}

/** A part of an answer, in order and each once. */
export interface StreamPart {
    /** Counts from 0; the id of the event. */
    seq: number;
    /** The answer that it belongs to, if there are several. */
    index: number;
    text?: string;
    tokens?: Array<number>;
    result?: Result;
}

export interface StreamPerformance {
    first_part_ms: number;
    /** A part of total_ms and of no other time. */
    waited_for_client_ms: number;
    /** Until it was sent to a node. */
    queue_ms: number;
    /** By the page's clock, like inference_ms. */
    load_ms: number;
    /** Including upload and read-back. */
    inference_ms: number;
    /** From the last byte of the body on, including failed attempts. */
    total_ms: number;
    attempts: number;
    /** The model was loaded already. */
    warm: boolean;
    /** How many rows ran together. */
    batch?: number;
}

export interface StreamProgress {
    /** Such as queued or loading. */
    phase: string;
    loaded_bytes?: number;
    total_bytes?: number;
    done?: number;
    total?: number;
    /** An estimate, from 1. */
    queue_position?: number;
}

export type Task =
    | 'chat' | 'complete' | 'embed' | 'rerank' | 'tokenize' | 'text-classification' | 'token-classification'
    | 'fill-mask' | 'question-answering' | 'zero-shot-classification' | 'text2text-generation' | 'translation'
    | 'summarization' | 'image-classification' | 'object-detection' | 'image-segmentation' | 'depth-estimation'
    | 'image-feature-extraction' | 'automatic-speech-recognition' | 'audio-classification' | 'text-to-speech'
    | 'zero-shot-image-classification' | 'zero-shot-audio-classification' | 'image-to-text'
    | 'document-question-answering' | 'visual-question-answering';

export interface Tensor {
    name: string;
    datatype:
        | 'BOOL' | 'UINT8' | 'UINT16' | 'UINT32' | 'UINT64' | 'INT8' | 'INT16' | 'INT32' | 'INT64' | 'FP16' | 'BF16'
        | 'FP32' | 'FP64' | 'BYTES';
    shape: Array<number>;
    /** Flat or nested. */
    data?: Array<unknown>;
    parameters?: {
        binary_data_size?: number;
    };
}

/** The text that a model has generated. */
export interface TextResult {
    /** Instead of the members above, if more than one answer was asked for. */
    choices?: Array<Choice>;
    usage?: Usage;
    timings?: Timings;
    text?: string;
    tokens?: Array<number>;
    finish_reason?: 'stop' | 'length' | 'tool_calls';
    /** The string of options.stop at which it ended. */
    stop_sequence?: string;
    /** The model's reasoning before its answer. */
    reasoning?: string;
    tool_calls?: Array<ToolCall>;
    logprobs?: Array<Logprob>;
}

export type Timings = Record<string, number>;

export interface TokenList {
    tokens: Array<number>;
}

export interface ToolCall {
    function: {
        name?: string;
        arguments?: string;
    };
    /** In streams: the call that it continues. */
    index?: number;
    id?: string;
    type?: 'function';
}

export interface Transcript {
    text?: string;
    /** In seconds, as all times here. */
    duration?: number;
    language?: string;
    /**
     * With options.timestamps word, the segments are words. With options.details they have the values that
     * openai/whisper gives; seek is in hundredths of a second.
     */
    segments?: Array<{
        text: string;
        start?: number | null;
        end?: number | null;
        seek?: number;
        tokens?: Array<number>;
        temperature?: number;
        avg_logprob?: number;
        compression_ratio?: number;
        no_speech_prob?: number;
    }>;
    /** With options.timestamps both. */
    words?: Array<{
        text: string;
        start?: number | null;
        end?: number | null;
    }>;
}

export interface Tuning {
    kernel: string;
    /** The largest sizes of the calls that it applies to, in their order. */
    size_class: string;
    /** The variant of the kernel's shader. */
    variant: string;
    /** Its number of invocations across and down. */
    workgroup: Array<number>;
    /** The time of a run, by the adapter's own clock unless the browser rounds that; 0: there was nothing to choose. */
    ms: number;
    /** The time of a run without tuning. */
    default_ms: number;
    /** This and the next three members: the place that it applies to. */
    browser?: string;
    browser_version?: string;
    platform?: Platform;
    adapter?: string;
    /** Instead of the place: the joined node that has reported it about itself. */
    node?: string;
}

export interface Usage {
    prompt_tokens: number;
    completion_tokens?: number;
    /** How many tokens of the prompt were known from before. */
    cached_tokens?: number;
}

export interface Used {
    usage: Usage;
}

export interface Value {
    name: string;
    /** Null where the graph does not say. */
    datatype: string | null;
    /** -1 for a free dimension. */
    shape: Array<number> | null;
}

export interface Verb {
    id: string;
    state: 'draining' | 'ready' | 'revoked' | 'cancelled' | 'cancelling' | 'removed' | 'lifted' | 'doubted' | 'forgiven';
}

export interface Verdict {
    browser: string | null;
    browser_version: string | null;
    /** It is about joined nodes. */
    joined: boolean;
    /**
     * A label, valid until the service ends, of the token whose nodes it is about. Null for browsers of the service,
     * and for what nodes of two tokens have shown, which counts for all that join.
     */
    token: string | null;
    platform: Platform;
    engine: string;
    engine_version: string | null;
    adapter: string | null;
    precision: string | null;
    /** For builtin/kernels; null: all kernels. */
    kernel: string | null;
    verdict: 'unknown' | 'trusted' | 'wrong' | 'unable' | 'exempt';
    /** The error as a fraction of the tolerance. */
    error_ratio: number;
    detail: string | null;
    /** In milliseconds since 1970. */
    checked_at: number;
    /** Whether it is about the model, or only about such inputs. */
    scope: 'model' | 'input';
    /** The input that decided it; null: an input of the service. */
    input: VerdictInput | null;
    /** How many different inputs were compared. */
    sets: number;
}

export interface VerdictInput {
    /** Of its shapes, and of the values of small whole numbers and booleans. */
    hash: string;
    shapes: string;
}

export interface Version {
    version: number;
    current: boolean;
    revision: string | null;
    commit: string | null;
    bytes: number;
    /** In seconds since 1970. */
    pulled_at: number;
}
