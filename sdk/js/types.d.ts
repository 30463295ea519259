/**
 * The JSON that webinferd takes and answers. Made by scripts/js-types.mjs of the description of the API: do not edit.
 */

export interface Abilities {
    browser_version: string;
    cores: number;
    memory_gib: number;
    cross_origin_isolated: boolean;
    platforms: { [name: string]: {
        available: boolean;
        reason?: string;
        adapter?: Adapter;
    } };
    /** The engines, by name. */
    engines: { [name: string]: Engine };
}

export interface Adapter {
    vendor?: string;
    architecture?: string;
    description?: string;
    /** Whether the adapter is a software adapter. */
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
    /** The time of the very first run, including compilation. */
    first_ms: number;
    /** The time of each run, from input bytes to output bytes. */
    run_ms: Array<number>;
    /**
     * The same times, measured by the GPU's clock; only for kernels on webgpu, and only if timestamp-query is
     * supported.
     */
    gpu_ms: Array<number> | null;
    /** The time to load the model; 0 if it was already loaded. */
    load_ms: number;
    /** The number of threads that were used, if it is known. */
    threads: number | null;
    /** Each time in run_ms is the mean of this many consecutive runs. */
    repeats: number;
    /**
     * The measured resolution of the page's clock. Each sample consists of repeats runs and lasts at least 20 times
     * as long as this resolution; the first lasts at least 4 ms.
     */
    clock_ms: number;
    /** The indices, from 0, of runs during or before which the node did other work. */
    disturbed: Array<number>;
    /** SHA-256 of the last run's outputs and result: see below. */
    output_hash: string;
    /** If the request contained profile: true. */
    profile?: Profile;
}

export interface Boxes {
    /** The boxes, in pixels of the picture as sent. */
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

/** A file in base64, or the number of its bytes that follow the JSON in a binary body. */
export type Bytes = string | {
    binary_data_size: number;
};

export interface Choice {
    index: number;
    text?: string;
    tokens?: Array<number>;
    finish_reason?: 'stop' | 'length' | 'tool_calls';
    /** The string in options.stop that ended the text. */
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
    | 'stream_interrupted' | 'stream_diverged' | 'unavailable' | 'cluster_unavailable' | 'node_busy' | 'node_paused'
    | 'shutting_down' | 'memory_budget' | 'too_many_connections' | 'hub_busy' | 'model_changed'
    | 'deadline_exceeded' | 'stall_timeout' | 'storage_failed' | 'no_room';

export interface Conduct {
    /** How many of the node's last 50 answers succeeded. */
    ended: number;
    /** How many of the last 50 answers failed, while one of the service's browsers succeeded. */
    ending: number;
    /**
     * How many of the last 50 answers failed, while another joined node succeeded, or how often nodes of two join
     * tokens had wrong blocks of models from it.
     */
    disputed: number;
    /** How many of the last 50 judged answers were correct. */
    right: number;
    /** How many of the last 50 answers could not be judged because of the node's choice. */
    open: number;
    /**
     * How many of the last 50 judged answers differed for a client's input. Ten correct answers in a row clear this
     * count.
     */
    suspicion: number;
}

/** The place where a stream continues. */
export interface Continuation {
    /** The number of the first part to send, which is that of the parts sent so far. */
    seq: number;
    /** The text of the parts so far. */
    text?: string;
    /** Their tokens. */
    tokens?: Array<number>;
    /**
     * How both are divided into several answers: {text_bytes, tokens, ended, finish_reason} for each, as in
     * webinfer-streams(7).
     */
    answers?: Array<{ [name: string]: JsonValue }>;
}

export interface Counted {
    /** The count, for builtin/count. */
    count: number;
}

export type Datatype =
    | 'BOOL' | 'UINT8' | 'UINT16' | 'UINT32' | 'UINT64' | 'INT8' | 'INT16' | 'INT32' | 'INT64' | 'FP16' | 'FP32'
    | 'FP64' | 'BF16' | 'BYTES';

export interface Engine {
    version: string | null;
    /** How many tasks the engine runs at a time. */
    slots: number;
    /** How many further tasks that generate no text can run; if 0, they also use the slots. */
    short_slots: number;
    /** How many more tasks may wait in the engine's queue. */
    queue: number;
    can: Array<'continue' | 'continue_several' | 'webgpu'>;
}

export interface Entities {
    /** The entities; positions in the text are counted in characters. */
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
    /**
     * How many times as long a request takes alone as in a batch, by the bytes of its inputs. Requests are batched
     * there while it is more than 1.
     */
    batch_gain?: number;
    /** The most bytes of inputs that a batch may have there, because a larger one failed for lack of memory. */
    batch_bytes_most?: number;
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
    /** The platforms that failed, in the order in which they were tried. */
    fallbacks: Array<{
        platform: string;
        code: string;
        reason: string;
    }>;
    /** Whether the platform's results are known to be correct. */
    numerics: 'ok' | 'wrong' | 'unchecked';
    simulated: boolean;
    /** The daemon that lent the browser, if it is another daemon's. */
    via?: string;
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
    /** Present instead of fills if a text has several gaps. */
    masks?: Array<Array<Fill>>;
    usage?: Usage;
}

export interface GraphCapture {
    /** Null if this is not known. */
    possible: boolean | null;
    /**
     * The first node that prevents it, or prevents it unless the sizes are fixed. Null if there is none, or if it
     * has no name.
     */
    node: string | null;
    /** The operator of that node. */
    operator: string | null;
    /** Why that node prevents it. */
    reason: string | null;
    /** Whether it is possible only with fixed sizes of the inputs, as in the trial. */
    fixed_sizes: boolean;
    /** trial: onnxruntime said so in a browser. tables: the tables of onnxruntime-web say so, and it was not tried. */
    known_by: 'trial' | 'tables';
    /** The browser of the trial. */
    browser: string | null;
    browser_version: string | null;
    /** When it was tried, in milliseconds since 1970. */
    at: number | null;
}

export interface GraphOutputs {
    /** The outputs are those of the model's graphs, for a relay. */
    raw: boolean;
    usage?: Usage;
    timings?: Timings;
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
    /**
     * How much time may be spent on finding out whether another place has become faster. For each such place, this
     * is a share of the time of the model's runs for clients.
     */
    exploration: number;
    recheck: number;
    /** The probe that would run outside the client's request. */
    probe: {
        browser: string;
        platform: Platform;
        deadline_ms: number;
    } | null;
    /** The options: the chosen one, then those closest to it. */
    options: Array<HardwareOption>;
    /** Configured kinds of browsers that have no node. */
    passed_over: Array<{
        browser: string;
        installed: boolean;
        why: string;
        moves: Moves | null;
        measured: Measured | null;
    }>;
    /** If the model can never run: the error code. */
    code?: Code;
}

export interface HardwareOption {
    browser: string;
    browser_version: string;
    joined: boolean;
    /** A label for the token of the option's nodes, valid until the service exits. */
    token: string | null;
    platform: Platform;
    engine: string;
    engine_version: string | null;
    standing: string;
    why: string;
    chosen: boolean;
    adapter: Adapter | null;
    /** The daemon that lends the browsers, if they are another daemon's. */
    via?: string;
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

/** A model's answer to a request. */
export interface InferAnswer {
    performance: Performance;
    /** The id of the request, or of the job. */
    id: string;
    model_name: string;
    model_type: string | null;
    /** The output tensors. */
    outputs: Array<Output>;
    /** Where the request actually ran. */
    executed_on: ExecutedOn;
    /** The result of the task: labels with probabilities, text and so on. */
    result?: Result;
}

/** A model's task, its input, and where to run it. */
export interface InferRequest {
    /** NAME, or NAME:VARIANT for a variant other than the preferred one. */
    model_name: string;
    /** A list of tensors {name, datatype, shape, data}, or the input of a task: see Tasks. */
    inputs: Array<Tensor> | Array<string> | string | Inputs;
    /** Overrides the model's own type. */
    model_type?: 'text_embedding' | 'text_generation' | 'text2text' | 'vision' | 'audio' | 'multimodal';
    /** The task to perform. */
    task?: Task;
    /**
     * auto (the default), webgpu, webnn, webgl or wasm; native, for joined programs; simulated, for tests with nodes
     * that compute nothing. If webnn cannot run any part of a model, another platform does, and fallbacks in the
     * answer states the reason.
     */
    platform?: 'auto' | Platform;
    /** Use only a browser of this kind. */
    browser?: string;
    /** Use only this node. */
    node?: string;
    /** Whether another platform may be tried if the first one fails; true by default. */
    fallback?: boolean;
    /**
     * The variant, as in NAME:VARIANT. By default, or with auto, the service uses the first variant in webinfer show
     * that fits model_budget. 8 bits come first, then floats, then 4 bits, which are many times slower on WASM. If
     * memory runs out, the next smaller variant runs, and fallbacks reports it. 16-bit floats and GGUF files run on
     * WebGPU only with shader-f16.
     */
    precision?: 'auto' | 'fp32' | 'fp16' | 'bf16' | 'int8' | 'uint8' | 'int4' | 'uint4' | 'q8' | 'q4' | 'q4f16' | 'bnb4';
    /** Outputs to return, by name or as {name, parameters: {binary_data}}; all by default. */
    outputs?: Array<WantedOutput>;
    /** 9 is the most urgent; 5 by default. */
    priority?: number;
    /**
     * The time limit for queueing, loading and running; 60000 by default, 600000 for streams, generated text and
     * speech recognition.
     */
    timeout_ms?: number;
    /** Whether the answer is sent in parts. */
    stream?: boolean;
    /** Whether the stream can be resumed. */
    resumable?: boolean;
    /** How long a stream may send nothing once it has begun. */
    stall_timeout_ms?: number;
    /** Whether subscribers get the result; see webinfer-channels(7). */
    publish?: boolean;
    /** An id, returned in the answer. */
    id?: string;
    /** {binary_data_output: true} asks for binary outputs. */
    parameters?: {
        binary_data_output?: boolean;
    };
    /** Options of the task or model. An unknown option is refused with 400. */
    options?: TaskOptions;
    /** See webinfer-relay(7). */
    relay?: Relay;
}

/** The inputs of a task, as described in x-tasks. */
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
    /** The jobs, the newest first. */
    jobs: Array<StoredJob>;
    /** The value of after for the next page; null if there is none. */
    next: string | null;
}

export type JsonScalar = null | boolean | number | string;

/** Any JSON. Lists that are nested directly in each other are described to a depth of 8. */
export type JsonValue = JsonScalar | Array<JsonValue> | { [name: string]: JsonValue };

export interface Kind {
    installed: boolean;
    problem: string | null;
    /** open: starts are paused after failures. */
    breaker: 'closed' | 'open' | 'half-open';
    /** The number of failed starts in a row. */
    failures: number;
    next_start_ms: number;
    min: number;
    max: number;
    /** Whether a browser of this kind is wanted. */
    wished: boolean;
    /** The number of sessions, by state. */
    sessions: { [name: string]: number };
    /** How many times sessions have changed between states. */
    transitions: { [name: string]: { [name: string]: number } };
    /**
     * What the installed browser can do, as one of its last two sessions reported. It need not be running. Absent if
     * that is not known, or was long ago.
     */
    abilities?: Abilities;
}

export interface Labels {
    /** The labels, the best first. */
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
    /** The memory used, including memory kept from earlier runs. */
    bytes?: number;
    error?: string;
    /**
     * For a language model: how many requests can run at a time, how many are running now, how many tokens fit into
     * each context, and how many tokens are cached.
     */
    slots?: {
        count: number;
        busy: number;
        context: number;
        cached_tokens: number;
    };
    /** Speeds measured with a few tokens, outside any request. */
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
    /** The hash of the fp32 variant from which the variant was built. */
    of: string;
    bits: number;
    mixed: boolean;
    /** Whether force was set in the request. */
    forced: boolean;
    /** When the variant was built, in seconds since 1970. */
    made_at: number;
    /**
     * The size in bytes of all weights, of those that can be quantised, and of those that were quantised. Then the
     * number of graph nodes that read quantised weights, and the number of those that keep more bits.
     */
    counts: {
        weights: number;
        quantizable: number;
        quantized: number;
        nodes: number;
        kept: number;
    };
    /** How the outputs of the variant's graphs differ from those of fp32. */
    measured: MadeMeasured;
    /**
     * The measurements of the graphs that are used only on WebGPU, if there are any. These graphs are measured on
     * WASM as well.
     */
    measured_webgpu?: MadeMeasured;
}

export interface MadeMeasured {
    /**
     * The number of inputs that were used for the first entry of places. The cosines and the error below also belong
     * to that entry.
     */
    inputs: number;
    /** How many of these inputs were the model's own samples. */
    samples: number;
    /** The cosine between the outputs of the variant and of fp32 for the same input. */
    cosine: {
        median: number;
        p5: number;
        least: number;
    };
    /** The largest error of any number in an output, as a fraction of the largest such number. */
    largest_error: number | null;
    /**
     * Where the weights of fp32 are stored: in the graph's file (one) or in separate files (external). Separate
     * files use less memory in a page.
     */
    source_files: 'one' | 'external';
    /** The browsers and platforms on which the variant was measured: WASM first, then those that were idle. */
    places: Array<MadePlace>;
}

export interface MadePlace {
    browser: string;
    browser_version: string;
    platform: string;
    /** The number of inputs with which the variant was measured. */
    inputs: number;
    cosine: {
        median: number;
        p5: number;
        least: number;
    };
    largest_error: number | null;
    /** The median time of a run. */
    run_ms: number;
    /** The median time of a run with fp32. */
    source_run_ms: number;
    /**
     * The growth of the page's memory when the variant was loaded, or the size of its files if that is larger. If
     * memory that other models had freed was reused, the variant may need more than this.
     */
    memory_bytes?: number;
    /** The growth for fp32, which was loaded afterwards. */
    source_memory_bytes?: number;
}

/** What was measured on browsers of a kind, where the model runs fastest. */
export interface Measured {
    browser_version: string;
    platform: Platform;
    engine: string;
    engine_version: string | null;
    estimate: Estimate;
}

export interface Memory {
    /** The weights. All sizes are in bytes. */
    weights: number;
    /** The size of each conversation's cache. */
    kv_per_slot: number;
    compute: number;
    /** The total for all slots, with the context below. */
    total: number;
    limit: number;
    context: number;
    slots: number;
    /** If false, requests are refused with model_too_large. */
    fits: boolean;
}

export interface Model {
    name: string;
    type?: string | null;
    format?: 'onnx' | 'gguf' | 'huggingface';
    /**
     * The hash of the content. This and other members that depend on the files appear once the files have been read,
     * as by GET /v1/models/{model}.
     */
    hash?: string;
    /** The total size of the files. */
    bytes?: number;
    files?: Array<{
        path: string;
        bytes: number;
        hash: string;
    }>;
    /** The variant that this entry describes. */
    variant?: string;
    /**
     * The variants, the preferred one first. NAME:VARIANT selects another variant wherever a model is named. webgpu
     * describes the files used only on WebGPU.
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
    /** The operator set, for ONNX files. */
    opset?: number;
    inputs?: Array<Value>;
    outputs?: Array<Value>;
    takes_picture?: boolean;
    /** This member and those that follow, down to memory, are present only for GGUF files. */
    title?: string;
    architecture?: string;
    quantization?: string;
    parameters?: number;
    context_length?: number;
    embedding_length?: number;
    /** The number of tokens in the vocabulary. */
    vocabulary?: number;
    /** Whether the model has a chat template. */
    chat?: boolean;
    /** How an embedding model combines vectors. */
    pooling?: string;
    /** The memory that the model needs in a page. */
    memory?: Memory;
    /** For a folder: the tasks, with the default first. */
    tasks?: Array<Task>;
    dtype?: string;
    /** The number of labels. */
    labels?: number;
    /**
     * Settings in a folder's files that are not applied: at most 64, with long values omitted. See
     * webinfer-inputs(7), Settings of folders.
     */
    ignored_settings?: Array<{
        file: string;
        member: string;
        reason: string;
        value?: JsonValue;
    }>;
    /** How accurate the results are on each platform. */
    numerics?: {
        exempt: string | null;
        verdicts: Array<Verdict>;
    };
    /** Whether requests can run together, or why not. */
    batching?: {
        possible: boolean;
        reason: string | null;
    };
    /**
     * For ONNX files: whether onnxruntime can record the model's runs on WebGPU. See webinfer-models(7), Graph
     * capture.
     */
    graph_capture?: GraphCapture;
    /** Warnings for the operator, such as slow weights. */
    warnings?: Array<string>;
    builtin?: boolean;
    /** The nodes that have the model, and what they report; in lists at most 10 nodes. */
    loaded?: Array<Loaded>;
    /** In a list: the number of further such nodes. */
    loaded_more?: number;
    /** Why the model cannot be read. */
    problem?: string;
    /** When a request last used the model, in seconds since 1970; null if no request is known. */
    last_used_at?: number | null;
    /** The source from which the model was pulled. */
    source?: Source;
    /** The pulled or uploaded versions, latest first. */
    versions?: Array<Version>;
    /** The CIDs under which the model or a variant is published. */
    published?: Array<Pin>;
    /** The pull that is running for this name. */
    pulling?: Pull;
    /** This and the members below are for OpenAI's clients. */
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
    /** The pulls that are under way, and those that have failed. */
    pulls: Array<Pull>;
    /** Files and folders in the model directory that are not models. */
    ignored: Array<{
        name: string;
        reason: string;
    }>;
    ignored_more: number;
    /** The other names that the configuration gives to models, each with the model's name. */
    aliases: { [name: string]: string };
    /** The published models whose names belong on this page, including models that are no longer here. */
    published: Array<Pin>;
    /** The largest possible model, in bytes: [models] quota, or the size of the disk. */
    room: number | null;
}

export interface Moves {
    /** The time that requests have lost by not running at that place. */
    lost_ms: number;
    /** The loss at which the model is moved to that place. */
    at_ms: number;
}

export interface Node {
    id: string;
    /** Null for a joined node. */
    session: string | null;
    browser: string | null;
    browser_version: string;
    /** Whether the node gets no more work. */
    draining: boolean;
    /** Whether the node's owner has paused it. */
    paused: boolean;
    /** Whether the node gets no work at present; limits states the reason. */
    held: boolean;
    /** Whether the node has lost its connection but may reconnect. */
    away: boolean;
    /** The number of attempts on the node. */
    attempts: number;
    /** For admins: the browser's User-Agent. */
    user_agent?: string;
    /** For admins: the label of the join link with which the node came. */
    label?: string;
    /** For admins: the id of the remembered device that the node is. */
    device?: string;
    /** When the node connected, in milliseconds since 1970. */
    connected_at?: number;
    /** The bytes that the node's user allows loaded models to take; absent if there is no such limit. */
    memory_limit?: number;
    connected?: boolean;
    busy_since_ms?: number;
    last_seen_ms?: number;
    rtt_ms?: number;
    /** How many tasks the node has answered since it joined. */
    answered?: number;
    /** How many tasks have failed on the node since it joined. Tasks that a paused node returned do not count. */
    failed?: number;
    /** The median time of the last 64 answered tasks, from sending the task to its answer; null if none was answered. */
    task_ms_p50?: number | null;
    /** How many heartbeats of the service had no reply before the next one was due. */
    heartbeats_lost?: number;
    bytes_in?: number;
    bytes_out?: number;
    /** What the node reports about its models. */
    models?: Array<JsonValue>;
    /** Why the node gets less work than other nodes, or no work. */
    limits?: Array<NodeLimit>;
    /** A summary of the node's last answers; null if the service started the node. */
    conduct?: Conduct | null;
    cores?: number;
    memory_gib?: number;
    cross_origin_isolated?: boolean;
    platforms?: { [name: string]: {
        available: boolean;
        reason?: string;
        adapter?: Adapter;
    } };
    /** The node's engines, by name. */
    engines?: { [name: string]: Engine };
    /** Why the node runs nothing; absent while it runs something. */
    idle?: string;
    /** Of a relay: the daemon that lends its browsers. */
    via?: string;
}

export interface NodeLimit {
    /** share: the node gets only work for which no other node has room. hold: the node gets no work except proofs. */
    effect: 'share' | 'hold';
    /**
     * The evidence, as in webinfer-proof(7). deadlines: the node let several deadlines pass in a row. throttled: its
     * page says that it runs slowly at present. unproven: the node has not yet proved that it computes correctly.
     */
    evidence: string;
    /** When the limit began, in milliseconds since 1970. */
    since: number | null;
    /** When the limit ends, in milliseconds since 1970; null if it does not end by itself. */
    until: number | null;
    /** What must happen for the limit to end. */
    undone_by: string;
    /** Of a relay: the node gets no work for this platform only. */
    platform?: Platform;
    /** Of a relay: likewise for this engine only. */
    engine?: string;
    /** For admins: the details. */
    reason?: string;
}

export interface NodeRow {
    id: string;
    /** Null for a joined node. */
    session: string | null;
    browser: string | null;
    browser_version: string;
    /** Whether the node gets no more work. */
    draining: boolean;
    /** Whether the node's owner has paused it. */
    paused: boolean;
    /** Whether the node gets no work at present; limits states the reason. */
    held: boolean;
    /** Whether the node has lost its connection but may reconnect. */
    away: boolean;
    /** The number of attempts on the node. */
    attempts: number;
    /** Why the node runs nothing; absent while it runs something. */
    idle?: string;
    /** Of a relay: the daemon that lends its browsers. */
    via?: string;
}

export interface Nodes {
    /** The nodes of this page, sorted by id. */
    nodes: Array<Node>;
    /** The value of after for the next page; null on the last page. */
    next: string | null;
    /** The latest nodes under quarantine, at most a page of them, the oldest first. */
    quarantined: Array<Quarantined>;
    /** How many more nodes are under quarantine. */
    quarantined_more: number;
    /** With tuning=yes: at most 1000 entries. */
    tuning?: Array<Tuning>;
    /** With tuning=yes: how many more entries there are. */
    tuning_more?: number;
}

export interface OpenaiCall {
    function: {
        name: string;
        arguments: string;
        parsed_arguments?: JsonValue;
    };
    id?: string;
    type?: 'function';
    index?: number;
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
    /** The stable code, or OpenAI's own name for it. */
    code: string;
}

export interface OpenaiMessage {
    role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
    /** Null or absent if there are tool_calls. */
    content?: string | Array<OpenaiPart> | null;
    name?: string;
    /** For an assistant's message. */
    tool_calls?: Array<OpenaiCall>;
    /** For a tool's message. */
    tool_call_id?: string;
    /** For an assistant's message. */
    reasoning_content?: string;
    /** For an assistant's message: the text, if there is no content. */
    refusal?: JsonValue;
    /** This and the members below are ignored. */
    audio?: JsonValue;
    annotations?: JsonValue;
    cache_control?: JsonValue;
    parsed?: JsonValue;
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
    annotations?: JsonValue;
    cache_control?: JsonValue;
} | {
    type: 'refusal';
    refusal: string;
    cache_control?: JsonValue;
} | {
    type: 'image_url';
    image_url: string | {
        url: string;
        detail?: string;
    };
    cache_control?: JsonValue;
};

export interface Order {
    model_name: string;
    state: 'loading' | 'unloading';
    /** The nodes that received the order. */
    nodes: Array<string>;
}

export interface Output {
    name: string;
    datatype: Datatype;
    shape: Array<number>;
    /** The values, row by row. NaN and infinities are strings. */
    data?: Array<number | boolean | string>;
    /** Instead of data: this many bytes follow the JSON, in the order of the outputs. */
    parameters?: {
        binary_data_size: number;
    };
}

export interface Performance {
    /** The time until the request was sent to a node. */
    queue_ms: number;
    /** The loading time, measured in the page like inference_ms. */
    load_ms: number;
    /** The time of the computation, including upload and read-back. */
    inference_ms: number;
    /** The time since the body arrived, including failed attempts. */
    total_ms: number;
    attempts: number;
    /** Whether the model was already loaded. */
    warm: boolean;
    /** The number of rows that ran together. */
    batch?: number;
}

export interface Pin {
    /** The name of the published model, with or without a variant. */
    name: string;
    /** The CID, which identifies the model exactly as it was published. */
    cid: string;
    /** The total size of the files. */
    bytes: number;
    /**
     * Whether the model's files have changed since the model was published. If so, the files are not served under
     * this CID.
     */
    stale: boolean;
    /** The version that is kept for this CID; null for a folder that was added manually. */
    version: number | null;
    /** When the model was published, in seconds since 1970. */
    published_at: number;
}

export type Platform = 'webgpu' | 'webnn' | 'webgl' | 'wasm' | 'native' | 'simulated';

/** An error in the format of RFC 9457. */
export interface Problem {
    /** A URI that identifies the code. */
    type: string;
    title: string;
    /** The answer's HTTP status, or the one that it would have had. */
    status: number;
    /** One of the stable codes. */
    code: Code;
    /** One sentence: what was wrong, what is allowed, what to do. */
    detail?: string;
    /** The field of the request that is at fault. */
    field?: string;
    /** What is expected in the field. */
    expected?: string;
    /** What is allowed in the field. */
    allowed?: string;
    /** How many times the job was sent to nodes. */
    attempts?: number;
    /** True if the job breaks what runs it. See webinfer-relay(7). */
    poisoned?: boolean;
    /**
     * What went wrong on the nodes, with equal failures grouped. The last entry may cover several different
     * failures.
     */
    failures?: Array<Failure>;
    /** For kernel_invalid: up to 20 errors in the source. */
    errors?: Array<SourceError>;
    /** The X-Request-Id of the answer. */
    request_id?: string;
}

/** Where the time of a model's runs goes. */
export interface Profile {
    /** What has told the times. */
    source: 'onnxruntime' | 'llama.cpp' | 'kernels' | 'simulated';
    /** The platform of the runs. */
    platform: string;
    /** The clock by which ms is measured. With gpu, nodes that ran on the CPU still have times by the CPU's clock. */
    clock: 'cpu' | 'gpu';
    /** The number of runs; all times below are sums over these runs. */
    runs: number;
    /** The time of the runs, as in the sum of run_ms of the benchmark. */
    run_ms: number;
    /** The operators, those with the most time first. */
    operators: Array<ProfileOperator>;
    /** The time of the runs that no node has, and what took it. */
    other: {
        ms: number;
        share: number;
        what: string;
    };
    /** The nodes, in the order in which they ran. */
    nodes: Array<ProfileNode>;
    /** The nodes for which there is no room, and events that could not be read. */
    left_out: {
        nodes: number;
        ms: number;
        events: number;
    };
    /** For an ONNX file on webgpu: whether onnxruntime can record its runs. */
    capture?: {
        possible: boolean;
        fixed_sizes: boolean;
        node?: string;
        operator?: string;
        reason?: string;
    };
}

/** A node of the graph, or a phase of llama.cpp. */
export interface ProfileNode {
    name: string;
    operator: string;
    platform: string;
    /** The number of times that the node ran; for a phase, of tokens. */
    calls: number;
    /** Without the time of nodes inside the node, such as those of a loop. */
    ms: number;
    /** The share of run_ms, from 0 to 1. */
    share: number;
    /** Whether the node ran on another platform than the model. */
    fell_back: boolean;
    /** With the GPU's clock: the CPU's time for preparing the node. */
    cpu_ms?: number;
    /** When the node began in the last run, from the run's beginning. */
    began_ms?: number;
    /** The reason, if the node fell back. */
    reason?: string;
    /** The bytes copied between platforms. */
    copied_bytes?: number;
    /** Types and shapes of inputs and outputs, or sizes. */
    shapes?: string;
}

/** All nodes of one operator on one platform. */
export interface ProfileOperator {
    operator: string;
    platform: string;
    /** The number of nodes. */
    nodes: number;
    /** The number of times that they ran. */
    calls: number;
    ms: number;
    /** The share of run_ms, from 0 to 1. */
    share: number;
    /** Whether they ran on another platform than the model. */
    fell_back: boolean;
    /** The bytes copied between platforms. */
    copied_bytes: number;
    /** The reason, if they fell back. */
    reason?: string;
}

export interface Pull {
    /** The model's name in the store. */
    name: string;
    /**
     * resolving: the commit and the files are determined, and disk space is freed. downloading: each file is hashed
     * as it arrives. verifying: the last bytes are hashed. For a variant built locally, quantizing and measuring
     * replace the states above. publishing: the files get their final names. done or failed: the pull has ended.
     */
    state: 'resolving' | 'downloading' | 'verifying' | 'quantizing' | 'measuring' | 'publishing' | 'done' | 'failed';
    /** The requested model. */
    model: string;
    /** The hub; ipfs for a CID, and empty for a variant built locally. */
    hub: string;
    /** The variant; null until it is known. */
    variant: string | null;
    /** The hub's commit; null until it is known. */
    commit: string | null;
    /** The bytes in the store, including those from before the pull. */
    loaded_bytes: number;
    total_bytes: number;
    /** The bytes fetched over the network since the daemon started. */
    fetched_bytes: number;
    /** The bytes that were taken from an older version. */
    reused_bytes: number;
    /** The bytes received from the hub or, in a pull by CID, from each source. */
    sources: Array<{
        name: string;
        bytes: number;
    }>;
    files_done: number;
    files: number;
    /** The time since the pull began. */
    seconds?: number;
    /** The recent speed. */
    bytes_per_second?: number;
    /** The remaining time at the recent speed. */
    seconds_left?: number;
    /** How the hub failed, and when the pull will be retried. */
    retrying?: string;
    /** Why the pull has failed. */
    problem?: {
        code: Code;
        detail: string;
    };
    /** This and the members below are present only for a variant built locally. */
    bits?: number;
    mixed?: boolean;
    /** The number of inputs with which the variant has been measured so far. */
    inputs_done?: number;
    /** The total number of inputs with which the variant is measured. */
    inputs?: number;
    /** How the variant was built and measured, once this is known. */
    made?: Made;
}

export interface PullEvent {
    /** The same as state. */
    phase: string;
    /** The model's name in the store. */
    name: string;
    /**
     * resolving: the commit and the files are determined, and disk space is freed. downloading: each file is hashed
     * as it arrives. verifying: the last bytes are hashed. For a variant built locally, quantizing and measuring
     * replace the states above. publishing: the files get their final names. done or failed: the pull has ended.
     */
    state: 'resolving' | 'downloading' | 'verifying' | 'quantizing' | 'measuring' | 'publishing' | 'done' | 'failed';
    /** The requested model. */
    model: string;
    /** The hub; ipfs for a CID, and empty for a variant built locally. */
    hub: string;
    /** The variant; null until it is known. */
    variant: string | null;
    /** The hub's commit; null until it is known. */
    commit: string | null;
    /** The bytes in the store, including those from before the pull. */
    loaded_bytes: number;
    total_bytes: number;
    /** The bytes fetched over the network since the daemon started. */
    fetched_bytes: number;
    /** The bytes that were taken from an older version. */
    reused_bytes: number;
    /** The bytes received from the hub or, in a pull by CID, from each source. */
    sources: Array<{
        name: string;
        bytes: number;
    }>;
    files_done: number;
    files: number;
    /** The time since the pull began. */
    seconds?: number;
    /** The recent speed. */
    bytes_per_second?: number;
    /** The remaining time at the recent speed. */
    seconds_left?: number;
    /** How the hub failed, and when the pull will be retried. */
    retrying?: string;
    /** Why the pull has failed. */
    problem?: {
        code: Code;
        detail: string;
    };
    /** This and the members below are present only for a variant built locally. */
    bits?: number;
    mixed?: boolean;
    /** The number of inputs with which the variant has been measured so far. */
    inputs_done?: number;
    /** The total number of inputs with which the variant is measured. */
    inputs?: number;
    /** How the variant was built and measured, once this is known. */
    made?: Made;
}

export interface Quarantined {
    /** The id for DELETE /v1/admin/quarantine. */
    id: string;
    /** The id that the node had. */
    node: string;
    /** The name of the node token that the node used. */
    token: string | null;
    /** The id of the join token that the node used. */
    join: string | null;
    /** The evidence, as in webinfer-proof(7). */
    evidence: string | null;
    /** When the quarantine began, in milliseconds since 1970. */
    since: number;
    /** When the quarantine ends, in milliseconds since 1970; null if it must be lifted. */
    until: number | null;
    /** For admins: the node's address, or the first 64 bits of an IPv6 address. */
    address?: string;
    /** For admins: the details. */
    reason?: string;
}

/** What another daemon says of a request that it hands on for a client of its own. */
export interface Relay {
    /**
     * The content hash that the model must have; if it has another one by now, or is gone, the answer is 503
     * model_changed.
     */
    model_hash?: string;
    /** The platforms that may be tried, the first one first. */
    platforms?: Array<Platform>;
    /** A word for the client. Requests with different words share no caches. */
    owner?: string;
    /**
     * Of a task: whether the answer is what the model's graphs put out, which the borrowing daemon compares. The
     * default is false.
     */
    raw?: boolean;
    /** Where the stream continues that another node has begun. */
    continue?: Continuation;
}

export interface Removed {
    name: string;
    state: 'removed' | 'cancelled' | 'unpublished';
    freed_bytes?: number;
    /** The CIDs under which the model or a variant was published until now. */
    unpublished?: Array<string>;
}

export type ResponseFormat = {
    type: 'text' | 'json_object';
} & { [name: string]: JsonValue } | {
    type: 'json_schema';
    json_schema: {
        schema: { [name: string]: JsonValue };
    } & { [name: string]: JsonValue };
} & { [name: string]: JsonValue };

export type Result =
    | TextResult | Scores | TokenList | Labels | Entities | Fills | Answers | Boxes | Segments | Transcript
    | SpeechResult | Results | Used | Counted | Size | GraphOutputs;

export interface Results {
    /** One result for each of several texts. */
    results: Array<Labels | Entities | Fills | Answers>;
    usage?: Usage;
}

export interface RunningJob {
    age_ms: number;
    id: string;
    /** The client that owns the job. */
    client: string | null;
    model_name: string;
    state: 'queued' | 'running';
    node: string | null;
    /** Whether the node has confirmed that it received the job. */
    accepted: boolean;
    priority: number;
    attempts: number;
    /** When the job was accepted, in milliseconds since 1970. */
    accepted_at: number;
    timeout_ms: number;
    /** For a stream: the number of parts so far. */
    parts?: number;
    request_id?: string;
    /** What went wrong with the last attempt. */
    problem?: string;
    /** The id that the client gave to the job. */
    client_id?: string;
}

export interface Scores {
    /** One score for each document. */
    scores: Array<number>;
    usage?: Usage;
}

export interface Segments {
    /** The segments. mask names an output that contains a PNG file, whose pixels are 255 inside the segment. */
    segments: Array<{
        label: string;
        mask: string;
        score?: number | null;
    }>;
}

export interface Session {
    age_ms: number;
    /** The memory of all the browser's processes together. */
    memory_bytes: number;
    id: string;
    /** The kind of browser. */
    kind: string;
    state: 'starting' | 'ready' | 'busy' | 'draining' | 'broken' | 'closed';
    /** The step that the session has reached. */
    step: string;
    ending: boolean;
    /** Why the session is due to be replaced. */
    worn: string | null;
    /** The session that replaces this one. */
    successor: string | null;
    /** How many jobs the session has run. */
    jobs: number;
    /** When the session started, in milliseconds since 1970. */
    started_at: number;
    /** How long the session took to become ready. */
    ready_ms: number;
    browser_version: string;
    /**
     * The browser's switches and preferences that depend on a setting, without values that may be paths or
     * addresses.
     */
    flags: Array<string>;
    driver_pid: number;
    network: 'isolated' | 'host';
    /** The only GPU that the browser can use, by its device; null without gpu_device. */
    gpu: string | null;
    node: string | null;
}

export interface Size {
    /** The width in pixels. */
    width: number;
    height: number;
}

export interface Source {
    hub: string | null;
    repository: string | null;
    revision: string | null;
    commit: string | null;
    /** When the model was pulled, in seconds since 1970. */
    pulled_at: number;
    variant?: string;
}

export interface SourceError {
    /** The line of the source, counted from 1. */
    line: number;
    /** The column in the line, counted from 1. */
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
    /** When the daemon started, in milliseconds since 1970. */
    started_at: number;
    /** Whether a node can accept requests. */
    ready: boolean;
    /** Why new clients cannot be served. */
    problem: string | null;
    api: {
        url: string;
        connections: number;
    };
    /** The address to which nodes connect. */
    bridge: {
        url: string;
    };
    /** The jobs in progress. Up to 100 are listed; users see only their own jobs. */
    queue: {
        waiting: number;
        running: number;
        limit: number;
        jobs: Array<RunningJob>;
    };
    /** How many bytes of memory_budget are used, and how large the budget is. */
    memory: {
        used: number;
        budget: number;
    };
    /** Live audio: unfinished streams, audio without final text, and the largest lag. */
    sound: {
        streams: number;
        waiting_ms: number;
        lag_ms: number;
    };
    /** How many jobs are queued and running now, and how many have ended in each way since the daemon started. */
    stored_jobs: {
        queued: number;
        running: number;
        done: number;
        failed: number;
        cancelled: number;
    };
    sessions: Array<Session>;
    /** How many browsers can run at the same time. */
    session_limit: number;
    /** The first 100 nodes; GET /v1/nodes lists all nodes in pages. */
    nodes: Array<NodeRow>;
    /** How many more nodes there are. */
    nodes_more: number;
    /** The kinds of browsers, by name. */
    kinds: { [name: string]: Kind };
    /** The first 100 models; GET /v1/models lists all models in pages. */
    models: Array<Model>;
    /** How many more models there are. */
    models_more: number;
    /**
     * How many verdicts of each kind there are, and how many probes (runs outside clients' requests) had each
     * outcome.
     */
    numerics: {
        mode: 'check' | 'off';
        verdicts: { [name: string]: number };
        probes: { [name: string]: number };
    };
    /**
     * Answers of joined nodes that are recomputed in the service's browsers: how many are waiting, and how the
     * completed comparisons ended.
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
    /** The last 100 nodes under quarantine, the oldest first. */
    quarantined: Array<Quarantined>;
    /** How many more nodes are under quarantine. */
    quarantined_more: number;
    counters: {
        jobs: { [name: string]: number };
        sessions: { [name: string]: number };
        bridge: { [name: string]: number };
    };
    /** Warnings for the operator. */
    warnings: Array<string>;
    /** For admins: the model folder on the daemon's machine. */
    models_directory?: string;
    /** The state of this daemon in its cluster, as in GET /v1/cluster; absent if it is in none. */
    cluster?: 'connecting' | 'joining' | 'member' | 'name_taken';
}

export interface StoredJob {
    id: string;
    state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
    /** The endpoint that received the job. */
    endpoint: '/v1/infer' | '/v1/jobs';
    priority: number;
    /** How many times the daemon has started the job. */
    runs: number;
    /** When the job was accepted. All times in this object are in milliseconds since 1970. */
    accepted_at: number;
    deadline_at: number;
    model_name?: string;
    /** The client that owns the job. */
    client?: string;
    /** The id that the client gave to the job. */
    client_id?: string;
    node?: string;
    finished_at?: number;
    attempts?: number;
    /** What the job is waiting for, or what went wrong last. */
    problem?: string;
    /** The answer of a completed job, in the form of the job's endpoint. */
    answer?: JsonValue;
    /** The error of a failed job. */
    error?: Problem | OpenaiError | AnthropicError;
}

/** The answer, without the content of the parts. */
export interface StreamDone {
    /** The number of parts. */
    parts: number;
    performance: StreamPerformance;
    /** The id of the request, or of the job. */
    id: string;
    model_name: string;
    model_type: string | null;
    /** The output tensors. */
    outputs: Array<Output>;
    /** Where the request actually ran. */
    executed_on: ExecutedOn;
    /** The result of the task: labels with probabilities, text and so on. */
    result?: Result;
}

/** A part of an answer. The parts arrive in order, each of them once. */
export interface StreamPart {
    /** The number of the part, from 0; also the event's id. */
    seq: number;
    /** The answer that the part belongs to, if there are several. */
    index: number;
    text?: string;
    tokens?: Array<number>;
    result?: Result;
}

export interface StreamPerformance {
    first_part_ms: number;
    /** The time spent waiting for the client. */
    waited_for_client_ms: number;
    /** The time until the request was sent to a node. */
    queue_ms: number;
    /** The loading time, measured in the page like inference_ms. */
    load_ms: number;
    /** The time of the computation, including upload and read-back. */
    inference_ms: number;
    /** The time since the body arrived, including failed attempts. */
    total_ms: number;
    attempts: number;
    /** Whether the model was already loaded. */
    warm: boolean;
    /** The number of rows that ran together. */
    batch?: number;
}

export interface StreamProgress {
    /** The phase, such as queued or loading. */
    phase: string;
    loaded_bytes?: number;
    total_bytes?: number;
    done?: number;
    total?: number;
    /** The estimated position in the queue, from 1. */
    queue_position?: number;
}

export type Task =
    | 'chat' | 'complete' | 'embed' | 'rerank' | 'tokenize' | 'text-classification' | 'token-classification'
    | 'fill-mask' | 'question-answering' | 'zero-shot-classification' | 'text2text-generation' | 'translation'
    | 'summarization' | 'image-classification' | 'object-detection' | 'image-segmentation' | 'depth-estimation'
    | 'image-feature-extraction' | 'automatic-speech-recognition' | 'audio-classification' | 'text-to-speech'
    | 'zero-shot-image-classification' | 'zero-shot-audio-classification' | 'image-to-text'
    | 'document-question-answering' | 'visual-question-answering';

export interface TaskOptions {
    count?: number;
    interval_ms?: number;
    bytes?: number;
    /** The maximum number of tokens in an answer. */
    max_tokens?: number;
    /** 0 selects the most likely token. */
    temperature?: number;
    /** Keeps the most likely tokens that have this total probability. */
    top_p?: number;
    /** Keeps only this many of the most likely tokens; 0 keeps all. */
    top_k?: number;
    /** Keeps only tokens with at least this share of the best token's probability. */
    min_p?: number;
    /** A penalty for repetition; 1 means none. */
    repeat_penalty?: number;
    /** A penalty that grows with each use of a token. */
    frequency_penalty?: number;
    /** One penalty for any used token. */
    presence_penalty?: number;
    /** Biases for tokens, by token number. */
    logit_bias?: { [name: string]: number };
    /** Up to 16 strings that end the answer. */
    stop?: string | Array<string>;
    /** The seed for sampling. */
    seed?: number;
    /** The number of answers. */
    n?: number;
    /** Whether to return log probabilities. */
    logprobs?: boolean;
    /** With logprobs: the number of alternatives for each token. */
    top_logprobs?: number;
    /** The format: text, json_object, json_schema. */
    response_format?: ResponseFormat;
    /** A GBNF grammar that constrains the text. */
    grammar?: string;
    /** A JSON schema that constrains the text. */
    json_schema?: { [name: string]: JsonValue } | boolean;
    /** Whether the request runs alone, with a reproducible result. */
    deterministic?: boolean;
    /** The number of tokens that the context must hold. */
    context?: number;
    /** Functions that the model may call. */
    tools?: Array<Tool>;
    /** none, auto, required, or the tool to call. */
    tool_choice?: ToolChoice;
    /** Variables for the model's chat template. */
    chat_template_kwargs?: { [name: string]: JsonValue };
    /** How to combine vectors. */
    pooling?: 'mean' | 'cls' | 'last' | 'none';
    /** Whether vectors are scaled to length 1. */
    normalize?: boolean;
    /** How many dimensions to keep. */
    dimensions?: number;
    /** Whether to truncate overlong texts. */
    truncate?: boolean;
    /** Whether special tokens are included. */
    add_special?: boolean;
    /** The number of results to return. */
    top?: number;
    /** The function that computes probabilities. */
    activation?: 'softmax' | 'sigmoid' | 'none';
    /** simple joins an entity's tokens. */
    aggregation?: 'none' | 'simple';
    /** Labels that are left out. */
    ignore_labels?: Array<string>;
    /** Whether more than one label may apply. */
    multi_label?: boolean;
    /** A template in which {} stands for the label. */
    hypothesis_template?: string;
    /** The input's language, as the model names it. */
    source_language?: string;
    target_language?: string;
    /** The minimum score; 0.5 by default. */
    threshold?: number;
    /** The kind of masks. */
    subtask?: 'semantic' | 'instance' | 'panoptic';
    /** The spoken language. */
    language?: string;
    /** Whether to translate into English. */
    translate?: boolean;
    /** The parts with times. */
    timestamps?: 'none' | 'segment' | 'word' | 'both';
    /** Whether segments list their tokens and probabilities. */
    details?: boolean;
    /** The text that precedes the transcript. */
    prompt?: string;
    /** The voice. */
    speaker?: string;
    /** The speaking rate; 1 by default. */
    speed?: number;
}

export interface Tensor {
    name: string;
    datatype: Datatype;
    shape: Array<number>;
    /** The values, flat or nested. */
    data?: TensorData;
    parameters?: {
        binary_data_size?: number;
    };
}

export type TensorData = Array<number | boolean> | Array<string> | Array<TensorData>;

/** The text that a model has generated. */
export interface TextResult {
    /** Present instead of the members above if more than one answer was requested. */
    choices?: Array<Choice>;
    usage?: Usage;
    timings?: Timings;
    text?: string;
    tokens?: Array<number>;
    finish_reason?: 'stop' | 'length' | 'tool_calls';
    /** The string in options.stop that ended the text. */
    stop_sequence?: string;
    /** The model's reasoning before its answer. */
    reasoning?: string;
    tool_calls?: Array<ToolCall>;
    logprobs?: Array<Logprob>;
}

/** As in llama-server: the numbers of tokens read and generated, and the times. */
export type Timings = { [name: string]: number };

export interface TokenList {
    tokens: Array<number>;
}

/** A function that the model may call; parameters is the JSON Schema of its arguments. */
export type Tool = {
    type: 'function';
    function: {
        name: string;
        description?: string | null;
        parameters?: { [name: string]: JsonValue } | null;
    } & { [name: string]: JsonValue };
} & { [name: string]: JsonValue };

export interface ToolCall {
    function: {
        name?: string;
        arguments?: string;
    };
    /** In streams: the index of the call that this part continues. */
    index?: number;
    id?: string;
    type?: 'function';
}

export type ToolChoice = 'none' | 'auto' | 'required' | {
    type: 'function';
    function: {
        name: string;
    } & { [name: string]: JsonValue };
} & { [name: string]: JsonValue };

export interface Transcript {
    text?: string;
    /** The length of the audio. All times are in seconds, except seek. */
    duration?: number;
    language?: string;
    /**
     * If options.timestamps is word, the segments are words. With options.details, segments have the same fields as
     * in openai/whisper; seek is in hundredths of a second.
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
    /** The words, if options.timestamps is both. */
    words?: Array<{
        text: string;
        start?: number | null;
        end?: number | null;
    }>;
}

export interface Tuning {
    kernel: string;
    /** The largest sizes to which this entry applies, in order. */
    size_class: string;
    /** The variant of the kernel's shader. */
    variant: string;
    /** The number of invocations in a workgroup, across and down. */
    workgroup: Array<number>;
    /**
     * The time of a run, measured by the adapter's own clock unless the browser rounds that clock; 0 if there was no
     * choice.
     */
    ms: number;
    /** The time of a run without tuning. */
    default_ms: number;
    /** This and the next three members state where the entry applies. */
    browser?: string;
    browser_version?: string;
    platform?: Platform;
    adapter?: string;
    /** The joined node that reported this entry about itself. */
    node?: string;
}

export interface Usage {
    prompt_tokens: number;
    completion_tokens?: number;
    /** How many tokens of the prompt were cached. */
    cached_tokens?: number;
}

export interface Used {
    usage: Usage;
}

export interface Value {
    name: string;
    /** Null if the graph does not state it. */
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
    /** Whether the verdict is about joined nodes. */
    joined: boolean;
    /**
     * A label for the token whose nodes the verdict is about; it is valid until the service exits. Null for the
     * service's browsers. Also null if nodes of two tokens have produced the same evidence; the verdict then applies
     * to all joined nodes.
     */
    token: string | null;
    platform: Platform;
    engine: string;
    engine_version: string | null;
    adapter: string | null;
    precision: string | null;
    /** The kernel, for builtin/kernels; null means all kernels. */
    kernel: string | null;
    verdict: 'unknown' | 'trusted' | 'wrong' | 'unable' | 'exempt';
    /** The error as a fraction of the tolerance. */
    error_ratio: number;
    detail: string | null;
    /** When this was checked, in milliseconds since 1970. */
    checked_at: number;
    /** Whether the verdict is about all inputs or only about inputs such as the one below. */
    scope: 'model' | 'input';
    /** The input that decided the verdict; null if the input was the service's own. */
    input: VerdictInput | null;
    /** How many different inputs were compared. */
    sets: number;
    /** The daemon that lends the browsers, if they are another daemon's. */
    via?: string;
}

export interface VerdictInput {
    /** The hash of the input's shapes, and of the values of small integers and booleans. */
    hash: string;
    shapes: string;
}

export interface Version {
    version: number;
    current: boolean;
    revision: string | null;
    commit: string | null;
    bytes: number;
    /** When the model was pulled, in seconds since 1970. */
    pulled_at: number;
}

/** An output to return, by its name. */
export type WantedOutput = string | {
    name: string;
    parameters?: {
        binary_data?: boolean;
    };
};
