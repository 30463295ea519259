/**
 * Machine-learning models in pooled web browsers, by webinferd: the client.
 *
 *     import { Client } from 'webinfer';
 *
 *     const client = new Client('http://127.0.0.1:8470');
 *     console.log((await client.chat('finch', 'What is 17 + 25?')).text);
 *     for await (const text of client.talk('finch', 'Tell me a story.').texts()) console.log(text);
 *
 * Names with an underscore are the API's own (webinfer-api(7)); types.d.ts has its JSON. A failure rejects with a
 * WebinferError: a ServiceError, Unreachable or BadAnswer. An aborted signal rejects with its reason.
 */
import type {
    Answers, Benchmark, Boxes, Code, Datatype, Entities, ExecutedOn, Fills, GraphCapture, Hardware, Inputs as TaskInputs,
    InferRequest, Job, Jobs, Labels, Model, Models, Nodes, Order, Performance, Problem, Profile, ProfileNode,
    ProfileOperator, Pull, PullEvent, Removed, Result, Scores, Segments, SpeechResult, Status, StreamDone, StreamPart,
    StreamProgress, TextResult, TokenList, Transcript, Verb,
} from './types.js';

export type {
    Answers, Benchmark, Boxes, Code, Datatype, Entities, ExecutedOn, Fills, GraphCapture, Hardware, Job, Jobs, Labels, Model,
    Models, Nodes, Order, Performance, Problem, Profile, ProfileNode, ProfileOperator, Pull, PullEvent, Removed, Result,
    Scores, Segments, SpeechResult, Status, StreamDone, StreamPart, StreamProgress, TextResult, TokenList, Transcript, Verb,
};

// --- errors -------------------------------------------------------------------------------------

/** The members of an error, apart from its message. */
export interface ErrorFacts {
    code: string;
    status?: number | null;
    field?: string | null;
    expected?: string | null;
    allowed?: string | null;
    retryAfter?: number | null;
    requestId?: string | null;
    problem?: Problem | null;
}

/** Something went wrong between this program and webinferd. The message is a sentence for people. */
export class WebinferError extends Error {
    constructor(detail: string, facts: ErrorFacts & { cause?: unknown });
    /** A stable word, such as `model_not_found` (webinfer-api(7), Error codes). */
    readonly code: string;
    /** The HTTP status; null: there was no answer. */
    readonly status: number | null;
    /** The field of the request that is at fault, such as `inputs[0].shape`. */
    readonly field: string | null;
    /** The value that is expected in the field. */
    readonly expected: string | null;
    /** The values that are allowed in the field. */
    readonly allowed: string | null;
    /** The seconds after which the service may be asked again. */
    readonly retryAfter: number | null;
    /** The X-Request-Id, by which the service's log names the request. */
    readonly requestId: string | null;
    /** The whole problem document (RFC 9457). */
    readonly problem: Problem | null;
}

/** The service refused the request or failed at it. */
export class ServiceError extends WebinferError {
    readonly code: Code;
}

/** There was no answer, or the connection broke before the answer was complete. */
export class Unreachable extends WebinferError {
    /** `refused`: nothing was sent. A page in a browser is not told that, and gets `connection_lost`. */
    readonly code: 'refused' | 'connection_lost' | 'timed_out';
}

/** The answering program is not webinferd, or its answer breaks the protocol. */
export class BadAnswer extends WebinferError {
    constructor(detail: string, status?: number);
    readonly code: 'bad_answer';
}

// --- tensors and inputs -------------------------------------------------------------------------

export type TypedArray =
    | Uint8Array | Uint8ClampedArray | Uint16Array | Uint32Array | BigUint64Array
    | Int8Array | Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

/** A number, or lists of numbers in lists. */
export type Numbers = number | bigint | readonly (boolean | Numbers)[];

/** A named array of numbers. */
export class Tensor<Data extends TypedArray = TypedArray> {
    /**
     * @param name of the model's input
     * @param data a typed array, which is not copied; bytes, with a datatype and a shape; or numbers, with a datatype
     *   other than FP16 and BF16. A Float16Array is FP16.
     * @param datatype by default that of the typed array. FP16 and BF16 take the bits of each number in a Uint16Array,
     *   BOOL takes 0 and 1 in a Uint8Array.
     * @param shape its dimensions; [] is a scalar. By default the length of the array, or the lengths of the lists.
     * @throws RangeError where data, datatype and shape disagree, TypeError for data that is no tensor
     */
    constructor(name: string, data: Data | ArrayBuffer | Numbers, datatype?: Exclude<Datatype, 'BYTES'>, shape?: readonly number[]);
    readonly name: string;
    readonly datatype: Exclude<Datatype, 'BYTES'>;
    readonly shape: readonly number[];
    /** Its elements, row by row; FP16 and BF16 as the bits of each number. */
    readonly data: Data;
    /** Its bytes as they travel: little-endian. For a mask and for spoken text, this is the file. */
    readonly bytes: Uint8Array<ArrayBuffer>;
    /** Its elements as 32-bit floats: FP16 and BF16 are decoded, wider numbers are rounded. FP32 is not copied. */
    toFloat32(): Float32Array;
}

/** A picture or a sound: the bytes of a file, a Blob (in Node: `await openAsBlob(path)`), or a text in base64 or as a data URI. */
export type Media = Blob | Uint8Array | ArrayBuffer | string;

/** A message of a conversation. A part `{ type: 'image', image }` is a picture, for models that take pictures. */
export interface Message {
    role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
    content?: string | null | Array<{ type: 'text', text: string } | { type: 'image', image: Media }
        | { type: 'image_url', image_url: string | { url: string, detail?: string } }>;
    [member: string]: unknown;
}

/** A tensor as a member of inputs, whose name it gets. */
export type TensorLike = Tensor | TypedArray | { data: TypedArray, shape?: readonly number[], datatype?: Exclude<Datatype, 'BYTES'> };

/**
 * Tensors by the names of the model's inputs, or in a list; or what the task takes: a text, texts, `{ image }`, `{ audio }`,
 * `{ messages }` … Tensors and files travel in binary.
 */
export type Inputs = string | readonly string[] | Tensor | readonly Tensor[] | Record<string, TensorLike>
    | TaskInputs | Record<string, unknown>;

// --- settings -----------------------------------------------------------------------------------

export interface ClientSettings {
    /** If the service requires one; by default WEBINFER_TOKEN, where there is an environment. */
    token?: string;
    /** The User-Agent, for the logs of proxies. Browsers may keep their own. */
    clientName?: string;
    /** For requests without a time of their own, streams included, in milliseconds; by default the service decides. */
    timeout_ms?: number;
    /**
     * How often a request is sent again after a refused connection, or after 429 or 503 with a Retry-After of at most 30 s
     * (2). A request that may have arrived is sent again only if that changes nothing or it is `idempotent`.
     */
    retries?: number;
    /** Instead of the global fetch. */
    fetch?: (url: string, options: RequestInit) => Promise<Response>;
}

export interface CallSettings {
    /** Ends the call. The connection is closed, which ends the work of a request that runs. */
    signal?: AbortSignal;
}

/** Where a model runs. */
export type PlaceSettings = Partial<Pick<InferRequest, 'model_type' | 'platform' | 'browser' | 'node' | 'fallback' | 'precision'>>;

/** Settings of a request that runs a model. */
export interface InferSettings extends PlaceSettings, CallSettings,
    Partial<Pick<InferRequest, 'options' | 'task' | 'outputs' | 'priority' | 'timeout_ms' | 'id' | 'publish'>> {
    /** Instead of timeout_ms: when the answer has to be there, in milliseconds since 1970 or as a Date. */
    deadline?: Date | number;
    /**
     * Whether it may be sent again after a broken connection, with an Idempotency-Key. The service keeps the answer on disk
     * for that, and runs the request to its end even if its client leaves.
     */
    idempotent?: boolean;
}

/** Settings of infer and, under any other name, options of the task, such as temperature. */
export interface TaskSettings extends InferSettings {
    [option: string]: unknown;
}

/** Settings of a stream, and options of its task. */
export interface StreamSettings extends TaskSettings {
    idempotent?: false;
    /** Whether the service keeps the stream while the connection is away (true). */
    resumable?: boolean;
    /** After how many milliseconds without a part the service gives up. */
    stall_timeout_ms?: number;
    /** Called with the progress that the service reports before the first part. */
    onProgress?: (progress: StreamProgress) => void;
}

export interface BenchmarkSettings extends InferSettings {
    /** The kernel to be measured, if there is no model. */
    kernel?: string;
    /** How many runs are measured (20), and how many come before them (1). */
    runs?: number;
    warmup?: number;
    /** On wasm. */
    threads?: 1 | 'all';
    /** Of an ONNX model: `none` runs its graph unchanged. */
    optimization?: 'none' | 'all';
    /** Whether the result is to have the time of each operator. */
    profile?: boolean;
}

export interface PullSettings extends CallSettings {
    /** Its name at this service (as on the hub). */
    as?: string;
    /** One of the configuration's hubs. */
    hub?: string;
    /** The variant of an ONNX model. */
    precision?: 'fp32' | 'fp16' | 'int8' | 'int4';
    /** Patterns such as `onnx/*_q4.onnx`: exactly these files. */
    files?: string[];
}

export interface JobSettings extends CallSettings {
    /** How long to wait for its end, at most 60000. */
    wait_ms?: number;
}

export interface JobsSettings extends CallSettings {
    /** Only those in this state. */
    state?: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
    /** At most so many (100). */
    limit?: number;
}

export interface LoadSettings extends CallSettings {
    node?: string;
    platform?: string;
}

export interface RemoveSettings extends CallSettings {
    /** Also while requests run on it. */
    force?: boolean;
}

/** A subject to be classified: exactly one of text, image and audio; labels for models that take any (zero-shot). */
export interface Classified {
    text?: string | string[];
    image?: Media;
    audio?: Media;
    labels?: string[];
}

/** The subject of a question: exactly one of the two. */
export interface Asked {
    context?: string;
    image?: Media;
}

// --- answers ------------------------------------------------------------------------------------

/** The answer of a model. */
export class Answer<R = any> {
    private constructor();
    /** As it was given, or as the service chose it. */
    readonly id: string;
    /** The model that ran, with its variant, or the kernel. */
    readonly model_name: string;
    readonly model_type: string | null;
    /** Its output tensors by name. */
    readonly outputs: Record<string, Tensor>;
    /** The result of the task: labels, text, scores …; null where there is none. */
    readonly result: R;
    /** Where it was computed: node, browser, platform, engine, adapter … */
    readonly executed_on: ExecutedOn;
    /** Times in milliseconds. */
    readonly performance: Performance;
    /** The text of its result; '' where it has none. */
    readonly text: string;
}

/** A stored job, and its answer once it is done. */
export interface StoredAnswer {
    job: Job;
    answer: Answer | null;
}

/**
 * An answer in parts, each once and in order. Its request is sent when it is first read, and it is read once. After a
 * broken connection it reconnects and continues after the last part received. Leaving the loop, `close` and an aborted
 * signal end the work.
 */
export class Stream<Part = StreamPart, Done = StreamDone> implements AsyncIterable<Part> {
    private constructor();
    /** The rest of the answer, once the last part has come; null before. */
    readonly done: Done | null;
    [Symbol.asyncIterator](): AsyncGenerator<Part, void, void>;
    /** The text of each part that has one. */
    texts(): AsyncGenerator<string, void, void>;
    /** Ends the work, if it has not ended; a reader that waits for the next part gets an AbortError. */
    close(): Promise<void>;
}

// --- the client ---------------------------------------------------------------------------------

/** A client of webinferd. It keeps no state between requests, and any number of them may run at a time. */
export class Client {
    /**
     * @param url of the service; by default WEBINFER_URL, else http://127.0.0.1:8470. It may have a path, as behind a proxy.
     * @throws TypeError for an invalid address, token or name
     */
    constructor(url?: string | URL, settings?: ClientSettings);
    /** The address of the service. */
    readonly url: string;

    /**
     * Runs a model.
     * @param model its name, perhaps with a variant: NAME:VARIANT
     * @throws TypeError or RangeError, before anything is sent, for inputs and settings that cannot be
     */
    infer<R = Result | null>(model: string, inputs?: Inputs | null, settings?: InferSettings): Promise<Answer<R>>;
    /**
     * Runs a model or a kernel several times in one page and measures it there; without inputs the service makes some.
     * @param model null with settings.kernel
     */
    benchmark(model: string | null, inputs?: Inputs, settings?: BenchmarkSettings): Promise<Answer<Benchmark>>;
    /** Runs a model whose answer arrives in parts. */
    stream(model: string, inputs?: Inputs | null, more?: StreamSettings): Stream;

    // Tasks by name; `more` are settings of infer and options of the task.

    /** Answers a conversation: `text` of the answer is the model's reply. A string is a message of the user. */
    chat(model: string, messages: string | readonly Message[], more?: TaskSettings): Promise<Answer<TextResult>>;
    /** The answer to a conversation in parts. */
    talk(model: string, messages: string | readonly Message[], more?: StreamSettings): Stream;
    /** Continues a text. */
    complete(model: string, prompt: string, more?: TaskSettings): Promise<Answer<TextResult>>;
    /** Turns texts into vectors: `outputs.embeddings` is FP32 [texts, dimensions]. */
    embed(model: string, texts: string | readonly string[], more?: TaskSettings): Promise<Answer>;
    /** Scores each document for a query: `result.scores`, in the documents' order. */
    rerank(model: string, query: string, documents: readonly string[], more?: TaskSettings): Promise<Answer<Scores>>;
    /** Turns a text into tokens: `result.tokens` are their numbers. */
    tokenize(model: string, text: string, more?: TaskSettings): Promise<Answer<TokenList>>;
    /** Classifies a text (or texts), a picture or a sound: `result.labels`, the best first. */
    classify(model: string, subject: string | string[] | Classified, more?: TaskSettings): Promise<Answer<Labels>>;
    /** Finds names and other things in a text: `result.entities`, positions in characters. */
    entities(model: string, text: string, more?: TaskSettings): Promise<Answer<Entities>>;
    /** Fills the gap of a text: `result.fills`, the best first. */
    fillMask(model: string, text: string, more?: TaskSettings): Promise<Answer<Fills>>;
    /** Answers a question about a text (`result.answers`) or a picture (`text`). */
    answer(model: string, question: string, about: Asked, more?: TaskSettings): Promise<Answer<Answers & TextResult>>;
    /** Translates a text; languages by the model's own names for them. */
    translate(model: string, text: string, more?: TaskSettings & { to?: string, from?: string }): Promise<Answer<TextResult>>;
    /** Summarises a text. */
    summarize(model: string, text: string, more?: TaskSettings): Promise<Answer<TextResult>>;
    /** Finds things in a picture: `result.boxes`, in pixels of the picture. */
    detect(model: string, image: Media, more?: TaskSettings): Promise<Answer<Boxes>>;
    /** Segments a picture: `outputs[segment.mask].bytes` is a PNG file. */
    segment(model: string, image: Media, more?: TaskSettings): Promise<Answer<Segments>>;
    /** Estimates the depth of a picture: `outputs.predicted_depth` is FP32 [height, width]. */
    depth(model: string, image: Media, more?: TaskSettings): Promise<Answer>;
    /** Describes a picture, or follows more.prompt. */
    describe(model: string, image: Media, more?: TaskSettings & { prompt?: string }): Promise<Answer<TextResult>>;
    /** Transcribes a recording of at most an hour: WAV, FLAC, MP3, Ogg, WebM or MP4. */
    transcribe(model: string, audio: Media, more?: TaskSettings): Promise<Answer<Transcript>>;
    /** Speaks a text: `outputs.audio.bytes` is a WAV file. */
    speak(model: string, text: string, more?: TaskSettings): Promise<Answer<SpeechResult>>;

    // Stored jobs.

    /** Runs a model later: it resolves when the job is on disk, and the job outlives the daemon. It has 24 hours. */
    submit(model: string, inputs?: Inputs | null, settings?: InferSettings): Promise<StoredAnswer>;
    /** The state of a job. */
    job(id: string, settings?: JobSettings): Promise<StoredAnswer>;
    /** The answer of a job once it is done; rejects with the ServiceError of one that failed or was cancelled. */
    wait(id: string, settings?: CallSettings): Promise<Answer>;
    /** The stored jobs of this client, the newest first. */
    jobs(settings?: JobsSettings): Promise<Jobs>;
    /** Cancels a job, or a request that runs under that id. */
    cancel(id: string, settings?: CallSettings): Promise<Verb>;

    // Models and the service.

    /** All models, over as many pages as the service has, and the running pulls. */
    models(settings?: CallSettings): Promise<Models>;
    /** One model: inputs, tasks, variants, memory, which nodes have loaded it. */
    model(name: string, settings?: CallSettings): Promise<Model>;
    /** Begins to pull a model from a hub (ORG/NAME[:VARIANT[@REVISION]]), and resolves to its progress. */
    pull(model: string, settings?: PullSettings): Promise<Pull>;
    /** Pulls a model and reports the progress, at most five times a second. Leaving the loop does not end the pull. */
    pulling(model: string, settings?: PullSettings): Stream<PullEvent, PullEvent>;
    /** Makes nodes load a model before its first request; `model` shows the progress. */
    load(name: string, settings?: LoadSettings): Promise<Order>;
    /** Makes nodes free the memory of a model. */
    unload(name: string, settings?: Omit<LoadSettings, 'platform'>): Promise<Order>;
    /** Removes a model from the store. */
    remove(name: string, settings?: RemoveSettings): Promise<Removed>;
    /** Where a model would run, its speed, and why. */
    hardware(model: string, settings?: PlaceSettings & CallSettings): Promise<Hardware>;
    /** All nodes, and what each can do. */
    nodes(settings?: CallSettings): Promise<Nodes>;
    /** The whole state: browsers, nodes, queue, models and problems; of nodes and models the first ones. */
    status(settings?: CallSettings): Promise<Status>;
}
