/**
 * Every message that the parts of the page exchange, and the node protocol's words, in one place
 * (the protocol itself: webinfer-protocol(7)). Types only, plus the few constants both sides need.
 */

/** @import { DeviceKey } from './device_key.js' */

export const PROTOCOL = 'webinfer.v1';
export const PROTOCOL_VERSION = 1;

/** Only tools/native-node.mjs has the last one. @typedef {'webgpu' | 'webnn' | 'webgl' | 'wasm' | 'native'} Platform */
/** The kind of an engine worker: its script and its WASM binary. @typedef {'wasm' | 'webgpu' | 'webnn' | 'llama' | 'gpu_llama' | 'kernels' | 'gpu_kernels' | 'gl_kernels'} Build */

/** The platforms that an engine worker of ours serves, with the build that is whole for each.
 * @type {Readonly<Record<string, Build | 'native'>>} */
export const BUILD_OF_PLATFORM = Object.freeze({ webgpu: 'webgpu', webnn: 'webnn', wasm: 'wasm', native: 'native' });

/** Engines that have a worker for each of their models, with its build by the platform that it is on.
 * @type {Readonly<Record<string, Readonly<Record<string, Build>>>>} */
export const OWN_WORKERS = Object.freeze({ llama: { wasm: 'llama', webgpu: 'gpu_llama' }, kernels: { wasm: 'kernels', webgpu: 'gpu_kernels', webgl: 'gl_kernels' } });

/** The announcement of the engine `kernels`, whose worker starts with its first task. `version` is that of
 * src/terms/kernel/kernel.h. @type {Readonly<{version: string, info: EngineInfo}>} */
export const KERNELS = Object.freeze({ version: '2', info: { slots: 1, queue: 1, can: [] } });
/** The types of tasks that a node can receive. */
export const TASK_TYPES = Object.freeze(['inference', 'compute', 'benchmark']);
/** Engines whose models have no files. */
export const WITHOUT_FILES = Object.freeze(['builtin', 'kernels']);

/** The announcement of the engine `llama`, whose workers start with their models. @type {Readonly<EngineInfo>} */
export const LLAMA = Object.freeze({ slots: 4, queue: 4, can: ['continue', 'continue_several', 'embeddings'] });
/** A build of it with 32-bit addresses counts bytes within a file in 31 bits. */
export const NARROW_FILE_MAX = 2 ** 31 - 1;
/** That of 64 bits alone computes on a GPU. @param {boolean} isWide whether its addresses have 64 bits
 * @returns {Readonly<EngineInfo>} */
export const llamaInfo = (isWide) =>
    (isWide ? { ...LLAMA, can: [...LLAMA.can, 'webgpu'] } : { ...LLAMA, file_max: NARROW_FILE_MAX });

/** The models that every node has. */
export const BUILTIN = Object.freeze({ echo: 'builtin/echo', count: 'builtin/count' });

/** The credit that an attempt of a stream begins with, unless the service says otherwise. */
export const INITIAL_CREDIT = Object.freeze({ parts: 32, bytes: 65536 });

/** @typedef {{name: string, datatype: string, shape: number[], offset: number, byte_length: number}} TensorEntry */
/** @typedef {{name: string, datatype: string, shape: number[], bytes: Uint8Array}} TensorBytes */
/** @typedef {{id: string, type: string, from: string, timestamp: number, data: Record<string, any>,
 *   options?: Record<string, any> | null}} Envelope */
/** @typedef {{vendor: string, architecture: string, description: string, is_fallback: boolean}} Adapter */
/** `was_gone`: it was unavailable at first; the page does not report that.
 * @typedef {{available: boolean, was_gone?: boolean, reason?: string, adapter?: Adapter, features?: string[], limits?: Record<string, number>,
 *   threads?: number}} PlatformReport */
/** `errors`: of a client's own kernel, at most 20. @typedef {{code: string, message: string, field?: string, expected?: string, errors?: SourceError[]}} ErrorBody */
/** Lines and columns count from 1. @typedef {{line: number, column: number, message: string}} SourceError */
/** A client's own kernel: its inputs are the task's tensors. @typedef {{source: string, entry: string, constants?: Record<string, number>,
 *   workgroups: [number, number, number], outputs: Array<{name: string, datatype: string, shape: number[]}>}} Program */
/** @typedef {{platform: string, code: string, reason: string}} Fallback */
/** With what model files are asked for: of the page's own service, or of another; `isCarried`: over peers.
 * @typedef {string | {origin: string, token: string, isCarried?: boolean}} Credential */
/** @import { Finding } from '../features/finding.js' */
/** The announcement of an engine: how many tasks it runs at a time; how many tasks without text output it runs in
 * addition, if these are not among them; how many of either kind may wait there; its further abilities; and the bytes
 * of the largest file that it can read, if there is a limit.
 * @typedef {{slots: number, short_slots?: number, queue: number, can: string[], file_max?: number}} EngineInfo */
/** Totals of an attempt: while neither is reached, one part of any size may be sent.
 * @typedef {{parts: number, bytes: number}} Credit */
/** The part of one answer that another node has made. @typedef {{text?: string, tokens?: number[], ended?: boolean,
 *   finish_reason?: string}} Begun */
/** Where another node has stopped: `seq` is the number of the next part. `text` and `tokens` are those of all answers,
 * one after another; `answers` has them separately if there are several, or if one has ended.
 * @typedef {{seq: number, text?: string, tokens?: number[], answers?: Begun[]}} Continuation */
/** A finished task_part; `bytes` count for credit. @typedef {{seq: number, bytes: number, json: string}} MadePart */
/** The number of measured runs of a model or a kernel, the number of warm-up runs before them, and, on `wasm` and `native`, the number
 * of threads. `optimization`: whether onnxruntime changes its graph; by default it does. `profile`: the times of its operators are wanted.
 * @typedef {{runs: number, warmup: number, threads?: 1 | 'all', optimization?: 'none' | 'all', profile?: boolean}} BenchmarkOrder */
/** The beginning of a stream. @typedef {{from: Continuation | null, credit: Credit}} StreamStart */
/** @typedef {{path: string, url: string, bytes: number, hash: string}} ModelFile */
/** A file of a model that is to be brought. @typedef {{url: string, bytes: number, hash?: string}} Wanted */
/** @typedef {{name: string, hash: string, engine: string, type?: string | null, spec_url?: string | null, files: ModelFile[]}} Model */
/** @typedef {{name: string, hash: string, platform: string, state: 'loading' | 'loaded' | 'failed' | 'evicted', bytes: number, error?: string, slots?: SlotSizes,
 *   speed?: Speed}} ModelState */
/** For an engine that runs several tasks of a model at a time: how many it can run, how many it runs, how many tokens
 * of context each may have, and how many tokens all of them hold.
 * @typedef {{count: number, busy: number, cached_tokens: number, context: number}} SlotSizes */
/** The time of a language model per token that it reads and per token that it writes, measured at its load, in ms.
 * @typedef {{prompt_ms: number, token_ms: number}} Speed */
/** How language models are loaded: tokens of a conversation, 0: the model's own number; conversations at a time;
 * whether a few tokens are computed after a load without a waiting client; `flash`: whether llama.cpp may use its flash
 * attention on a GPU; and the number of threads, 0: the page's share of the cores, at most four; `budget`: bytes that models
 * may take, including their computation.
 * @typedef {{context: number, slots: number, warmup: boolean, flash: boolean, threads: number, budget: number}} LanguageModels */
/** Settings that `welcome` gives to the engines.
 * @typedef {{credential: Credential, threads: number, max_frame: number, models?: LanguageModels, keep?: number, tuning?: import('../engine/kernels.js').Chosen[]}} EngineSettings
 *   `keep`: bytes of model files that this browser keeps; `tuning`: how kernels are compiled here */

/**
 * Link worker → engine worker, over their channel.
 * @typedef {{type: 'settings', settings: EngineSettings}} SettingsMessage
 * @typedef {{type: 'unload', key: string}} UnloadMessage
 * @typedef {{type: 'cancel', attempt: string}} CancelMessage
 * @typedef {{type: 'credit', attempt: string, credit: Credit}} CreditMessage
 * @typedef {{type: 'tune', kernel: string, size_class: string}} TuneMessage begins when nothing waits, and ends when a message arrives
 * @typedef {{type: 'sign'}} SignMessage is returned as soon as the worker's event loop turns, whatever the worker waits for
 * @typedef {{
 *   type: 'run', attempt: string, load_only: boolean, message_id: string, reply_to: string, from: string,
 *   key: string, of?: string, model: Model, precision: string | null, outputs: string[], input: any,
 *   tensors: TensorEntry[], frame: ArrayBuffer | null, section: number, fallbacks: Fallback[],
 *   options?: Record<string, any>, stream?: StreamStart, task?: string, kernel?: string, program?: Program, kernels?: string[], benchmark?: BenchmarkOrder, owner?: string, alone?: boolean, raw?: boolean, spares?: boolean, waits?: boolean, prompt_ms?: number
 * }} RunMessage `of`: the key of the model, if `key` is that of another session of it (engine.js); `alone`: no other task runs in its engine at the same time; `kernels`: those to be compiled when it is loaded; `raw`: the outputs of its graphs are the answer (raw.js); `spares`: its model is loaded so that its graphs are not all in memory at a time; `waits`: it counts as waiting for the
 *   turns of others until it reports its own; `prompt_ms`: the time per token of a prompt, measured elsewhere
 * @typedef {SettingsMessage | UnloadMessage | CancelMessage | CreditMessage | TuneMessage | SignMessage | RunMessage} ToEngine
 */

/**
 * Engine worker → link worker.
 * @typedef {{type: 'capabilities', platforms: Record<string, PlatformReport>, engines: Record<string, string>, engine_info: Record<string, EngineInfo>, steps: string[], overlaps?: string[]}} CapabilitiesMessage `steps`: engines whose runs can be stopped; `overlaps`: those whose next run may begin while a device works for the present one
 * @typedef {{type: 'answer', attempt: string, frame: ArrayBuffer | null, load_ms: number, own_ms: number, memory: number}} AnswerMessage `own_ms`: the time for loading and running, without waits for others
 * @typedef {{type: 'failure', attempt: string, error: ErrorBody, poisoned: boolean, memory: number}} FailureMessage
 * @typedef {{type: 'progress', attempt: string, phase: string, loaded_bytes?: number, total_bytes?: number, done?: number, total?: number, step_ms?: number}} ProgressMessage
 * @typedef {{type: 'parts', attempt: string, parts: MadePart[], step_ms: number}} PartsMessage `step_ms`: the usual time of a step; 0: unknown
 * @typedef {{type: 'model', key: string, state: 'loaded' | 'unloaded' | 'left', load_ms?: number, memory?: number}} ModelMessage `memory`: bytes that loading it has added; `left`:
 *   a profile has ended, for which alone it was loaded
 * @typedef {{type: 'slots', key: string, slots: SlotSizes}} SlotsMessage
 * @typedef {{type: 'speed', key: string, speed: Speed}} SpeedMessage
 * @typedef {{type: 'turn', attempt: string, waits: boolean}} TurnMessage the attempt waits for the turns of others, or goes on
 * @typedef {{type: 'cache', key: string, bytes: number}} CacheMessage the cached results that a model keeps
 * @typedef {{type: 'tuned', kernel: string, size_class: string, adapter: Adapter | null, tuning: import('../engine/kernels.js').Tuning | null}} TunedMessage
 * @typedef {{type: 'trying', choice: import('../engine/kernel_variants.js').Choice}} TryingMessage while tuning, it begins to run this candidate
 * @typedef {{type: 'device_lost', reason: string}} DeviceLostMessage
 * @typedef {{type: 'lives', step_ms: number}} LivesMessage it makes progress with its tasks; from a model's own worker `step_ms`: the time of a step, 0: it was no step; sent for each step that took seconds
 * @typedef {{type: 'start', up: boolean, threads: number}} StartedMessage the engine begins to start, or is up, with so many threads
 * @typedef {{type: 'log', level: string, message: string}} LogMessage
 * @typedef {Omit<StartedMessage, 'threads'> | LivesMessage | SlotsMessage | SpeedMessage | CacheMessage} EngineNews an engine's messages that
 *   are about no single task; its worker adds the threads
 * @typedef {CapabilitiesMessage | StartedMessage | AnswerMessage | FailureMessage | PartsMessage | ProgressMessage | ModelMessage | TurnMessage | CacheMessage | SlotsMessage | SpeedMessage | LivesMessage | SignMessage | TryingMessage | TunedMessage | DeviceLostMessage | LogMessage} FromEngine
 */

/**
 * Document → link worker.
 * @typedef {{type: 'start', services: string[], isChosen: boolean, token: string, page_version: string, script: string, builds: Build[], capabilities: Record<string, any>,
 *   limits: Limits, paused: boolean, key: DeviceKey | null, isKnown: boolean}} StartMessage `key`: of this device, which a service has remembered
 *   (`isKnown`) or is to remember; `script`: the document's, whose name is that of all the page's content; `paused`: it is to take
 *   nothing; `services`: the origins to try, in this order; `isChosen`: by its link, so that it goes to no others
 * @typedef {{type: 'engine', worker: string, generation: number, port: MessagePort, memory: SharedArrayBuffer | null}} EngineMessage `worker`: its name
 * @typedef {{type: 'engine_died', worker: string, generation: number, reason: string}} EngineDiedMessage
 * @typedef {{type: 'leave', reason: string}} LeaveMessage the page is being closed, or stopped
 * @typedef {{type: 'pause', paused: boolean}} PauseMessage its person wants nothing new for it, or wants it again
 * @typedef {{type: 'limits', limits: Limits}} LimitsMessage its person has set others
 * @typedef {{type: 'found', name: string, found: Finding}} FoundMessage what came of trying a feature
 * @typedef {{type: 'remember_device', key: DeviceKey}} RememberDeviceMessage its person wants services to remember this device
 * @typedef {{type: 'forget_device'}} ForgetDeviceMessage its person wants that no more; the browser has the key no more
 * @typedef {{type: 'result', result: DeviceResult}} ResultMessage its person sends what was measured here
 * @typedef {{type: 'peer', id: string}} PeerMessage the document is a peer of libp2p with that id
 * @typedef {{type: 'accuse', id: string, file: string}} AccuseMessage another peer has lied about the file with that SHA-256
 * @typedef {StartMessage | EngineMessage | EngineDiedMessage | LeaveMessage | PauseMessage | LimitsMessage | FoundMessage | RememberDeviceMessage | ForgetDeviceMessage | ResultMessage | PeerMessage | AccuseMessage} ToLink
 */

/** What a person has measured: for each platform whether the answer was right, and the times of runs.
 * @typedef {{test: string, cells: Array<{platform: string, outcome: 'ok' | 'inexact' | 'absent' | 'failed', samples_ms?: number[]}>}} DeviceResult */
/** What became of one that was sent. `number`: it grows with each news; `says`: the id of the service's run, or why it keeps none; `lost`: the
 * connection dropped before it was known; `unsent`: there was no connection.
 * @typedef {{number: number, state: 'sent' | 'kept' | 'refused' | 'lost' | 'unsent', says: string}} ResultNews */

/** What its person allows a page. `memory`: bytes of loaded models, 0: what the service allows; `storage`: bytes of models' files that the browser
 * is to keep if the page joined; `slow`: it computes with one thread and says that it is throttled.
 * @typedef {{memory: number, storage: number, slow: boolean}} Limits */
/** A node's figures as the service's heartbeat tells them; what it leaves out is not known yet.
 * @typedef {{answered: number, failed: number, heartbeats_lost: number, task_ms_p50?: number, rtt_ms?: number}} NodeFigures */

/**
 * Link worker → document.
 * @typedef {{type: 'begin', worker: string, build: Build}} BeginMessage begins a worker and replaces the one with the same name
 * @typedef {{type: 'close', worker: string}} CloseMessage
 * @typedef {{type: 'reload'}} ReloadMessage the service has another page
 * @typedef {{type: 'reopen', origin: string}} ReopenMessage the page is to open itself there
 * @typedef {{
 *   type: 'state', state: string, detail: string, node: string, joined: boolean, service: string, opens: string, platforms: Record<string, PlatformReport>,
 *   models: ModelState[], queued: number, running: number, answered: number, failed: number, replaced: number, paused: boolean, doing: Doing[],
 *   memory: number, sent: number, received: number, figures: NodeFigures | null, shareable: boolean, device: DeviceNews | null,
 *   result: ResultNews | null
 * }} StateMessage `joined`: its token can be used again; `shareable`: its link may be passed on; `service`: its origin; `opens`: the
 *   origin from which the page could be loaded now and join again, or ""; `memory`, `sent`, `received`:
 *   bytes, of models and of messages; `device`: what the service says of remembering this one, if it says something; `result`: of the last one that
 *   its person has sent
 * @typedef {{type: 'dial', address: string, port: MessagePort}} DialMessage joins the port to the peer at that address (link/port_socket.js)
 * @typedef {{type: 'ticket', ticket: Record<string, unknown>}} TicketMessage by which the document's peer is known as a node of the service
 * @typedef {{type: 'find', name: string}} FindMessage tries a feature
 * @typedef {{type: 'found_all'}} FoundAllMessage ends the workers that trying features has begun
 * @typedef {BeginMessage | CloseMessage | ReloadMessage | ReopenMessage | StateMessage | DialMessage | TicketMessage | FindMessage | FoundAllMessage} FromLink
 */

/** What other nodes are told of this one. @typedef {{computes: string[], models: string[], running: number, waiting: number}} Own */
/** Another peer, as a person sees it. `isOperators`: it is a webinfer-peer; `way`: how it is connected; `carries`: it leads others to the service; `rtt`: of the last ping that was answered,
 * in ms; `pings`, and how many are `lost`; `sent` and `received`: bytes of streams. Of the operator's, nothing else is known.
 * @typedef {Own & {id: string, isOperators: boolean, way: 'direct' | 'relayed' | 'none', carries: boolean, rtt?: number, pings: number, lost: number, sent: number,
 *   received: number}} PeerRow */

/** `reason`: why not, although it was to be. @typedef {{remembered: boolean, reason?: string}} DeviceNews */
/** The running and waiting tasks of a model on a platform. @typedef {{name: string, platform: string, running: number, waiting: number, loading: boolean}} Doing */

/** Options in the page's address. `nudge`: if buffers are mapped on a timer here, their maps are helped along; `gpu`: an adapter is
 * expected, because the browser was started for a GPU, or it or others of its kind had one before; `power`: which adapter is preferred.
 * @typedef {{nudge: boolean, gpu: boolean, power?: 'high-performance' | 'low-power'}} PageOptions */

/** Engine worker → document: sound in a format that only the browser decodes, to be brought to `rate` and one
 * channel, of at most `max_samples`. Answered once at `port`.
 * @typedef {{type: 'decode_sound', bytes: Uint8Array<ArrayBuffer>, rate: number, max_samples: number, port: MessagePort}} DecodeSound */
/** Engine worker → document: more bytes of files that it has fetched. @typedef {{type: 'fetched', bytes: number}} FetchedMessage */
/** A worker → document: begin a worker of that name for it, which speaks with it by `port`.
 * @typedef {{type: 'begin_worker', id: number, script: string, name: string, port: MessagePort}} BeginWorkerMessage */
/** A worker → document. @typedef {{type: 'end_worker', id: number}} EndWorkerMessage */
/** A file is wanted that comes over peers. `path`: with its query; `headers`: their names in small letters. @typedef {{path: string, headers: Record<string, string>}} FileRequest */
/** @typedef {{type: 'get', request: FileRequest, port: MessagePort}} GetMessage */
/** At that port, from the document: what was answered, bytes, that these were all, or why there are no more; or that no peer leads to the
 * service any more, so that the page reaches it by itself, or not at all.
 * @typedef {{status: number, headers: Record<string, string>} | ArrayBuffer | {whole: true} | {broken: string} | {gone: true}} FromFiles */
/** And to it: the worker takes more, or nothing more. @typedef {'more' | 'end'} ToFiles */
/** Engine worker → document. @typedef {DecodeSound | FetchedMessage | BeginWorkerMessage | EndWorkerMessage | GetMessage} FromWorker */
/** The answer to the first: the samples, or how many seconds there are where that is too long, or why it cannot be decoded.
 * @typedef {{samples?: Float32Array<ArrayBuffer>, seconds?: number, error?: string}} DecodedSound */

/** Document → a worker: an error that nothing caught, in one that was begun for it.
 * @typedef {{type: 'worker_failed', id: number, message: string}} WorkerFailedMessage */
/** Document → a worker that it has begun for another, once. @typedef {{script: string, port: MessagePort}} NestedStartMessage */
/** Document → engine worker, once. `others`: for other pages (engine/other_pages.js).
 * @typedef {{type: 'start', port: MessagePort, memory: SharedArrayBuffer | null, options: PageOptions, others?: MessagePort}} EngineStartMessage */
/** Document → engine worker. @typedef {EngineStartMessage | WorkerFailedMessage} ToWorker */

/** @import { Run } from './blocks.js' */
/** Document → engine worker, by the port for other pages: the page's own id among peers; "": there are no others. @typedef {{id: string}} IdMessage */
/** Engine worker → document, by that port: a file of which blocks may be given. `load`: that which brings it; without one it is kept whole.
 * @typedef {{hash: string, bytes: number, digests: Uint8Array, load: {ticket: string, has: number[], port: MessagePort} | null}} FileMessage */
/** Engine worker → document, by the port of a load. `of`: a page; `number`: of a leaf that was to be read; `left`: whether the file is kept as a whole.
 * @typedef {{gained: number} | {want: number, of: string} | {enough: string} | {number: number, leaf: Uint8Array<ArrayBuffer> | null}
 *   | {accused: string, why: string} | {ticket: string} | {left: boolean}} FromLoad */
/** Document → engine worker, by the port of a load. `met`: that page wants the file, too, until it has `parted`; `index` without bytes: that page has it no more; `read`: a leaf
 * for another page.
 * @typedef {{met: string} | {parted: string} | {of: string, runs: Run[]} | {of: string, index: number, bytes?: Uint8Array<ArrayBuffer>} | {of: string, over: string}
 *   | {read: number, number: number}} ToLoad */
