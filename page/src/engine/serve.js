/**
 * An engine worker's loop: takes messages from the link worker in order, one at a time, and builds
 * each answer as a finished frame, so that the link worker only has to send it.
 */
import { encode } from '../link/frame.js';
import { Channel } from '../shared/channel.js';
import { classify, isPoisoned } from './errors.js';
import { throwIfCancelled } from './failure.js';
import { wasmMemory } from './memory.js';
import { bytesOf } from './tensors.js';

/** @typedef {import('./ort.js').OrtEngine | import('./wasm.js').WasmEngine} Engine */
/** @typedef {import('../shared/messages.js').ToEngine} ToEngine */
/** @typedef {import('../shared/messages.js').FromEngine} FromEngine */
/** @typedef {import('../shared/messages.js').RunMessage} RunMessage */
/** @typedef {import('../shared/messages.js').PlatformReport} PlatformReport */
/** @typedef {import('../shared/messages.js').PageOptions} PageOptions */

const ECHO = 'builtin/echo';
/** Who asks often asks again within this time: an idle worker lingers for it at its letterbox … */
const LINGER_MS = 2;
/** … but lets its event loop turn so often at the least, for what is neither a task nor ours. */
const TURN_MS = 100;

export class Server {
    /** @param {Engine} engine @param {(options: PageOptions) => Promise<PlatformReport>} probe */
    constructor(engine, probe) {
        this._engine = engine;
        engine.onStart = (up) => this._post({ type: 'start', up });
        this._probe = probe;
        /** @type {PlatformReport} */
        this._report = { available: false };
        /** @type {Channel<ToEngine, FromEngine> | undefined} */
        this._channel = undefined;
        /** @type {ToEngine[]} */
        this._queue = [];
        this._busy = false;
        this._threads = 1;
        this._maxFrame = Number.MAX_SAFE_INTEGER;
        /** @type {RunMessage | undefined} */
        this._running = undefined;
        /** What the running task is at. @type {import('./errors.js').Phase} */
        this._phase = 'load';
        this._deviceError = '';
        /** For the running task while it has steps to stop at. @type {AbortController | undefined} */
        this._cancelled = undefined;
    }

    /** @param {MessagePort} port @param {SharedArrayBuffer | null} memory @param {PageOptions} options */
    async start(port, memory, options) {
        this._channel = new Channel(port, memory, 1, (message) => this._receive(message));
        this._report = await this._probe(options);
        const { name, version, platform } = this._engine;
        this._post({ type: 'capabilities', platforms: { [platform]: this._report }, engines: { [name]: version } });
    }

    /** @param {ToEngine} message */
    _receive(message) {
        if (message.type === 'cancel') return this._cancel(message.attempt);
        this._queue.push(message);
        if (!this._busy) this._drain();
    }

    /** A device went away. What our own unloading destroys is no loss.
     * @param {string} reason @param {string} message */
    deviceLost(reason, message) {
        if (reason === 'destroyed' && !this._running && this._engine.loadedCount === 0) return;
        this._post({ type: 'device_lost', reason: `The device was lost (${reason}): ${message}`.slice(0, 500) });
    }

    /** @param {string} message */
    deviceError(message) {
        this._deviceError ||= message;
    }

    async _drain() {
        this._busy = true;
        for (let message = this._queue.shift(); message; message = this._queue.shift()) {
            if (message.type === 'settings') this._configure(message.settings);
            else if (message.type === 'unload') await this._unload(message.key);
            else if (message.type === 'run') await this._run(message);
            if (this._queue.length > 0) continue;
            this._engine.rest();
            this._linger();
        }
        this._busy = false;
    }

    /** @param {import('../shared/messages.js').EngineSettings} settings */
    _configure(settings) {
        this._threads = settings.threads;
        this._maxFrame = settings.max_frame;
        this._engine.configure(settings);
    }

    /** Takes what comes soon without a turn of the event loop. */
    _linger() {
        const { _channel: channel } = this;
        if (channel && performance.now() - channel.turned < TURN_MS) channel.linger(LINGER_MS);
    }

    /** Returns the inputs: what this costs is the bridge. @param {RunMessage} task */
    _echo(task) {
        const { tensors, outputs } = task;
        const wanted = outputs.length > 0 ? tensors.filter(({ name }) => outputs.includes(name)) : tensors;
        const data = this._answer(task, 'builtin', { load_ms: 0, inference_ms: 0, warm: true });
        try {
            const frame = encode(envelope(task, data), wanted.map((entry) => ({
                name: entry.name, datatype: entry.datatype, shape: entry.shape,
                bytes: bytesOf(entry, task.frame, task.section),
            })), this._maxFrame);
            this._post({ type: 'answer', attempt: task.attempt, frame, load_ms: 0, memory: wasmMemory() });
        } catch (thrown) {
            this._fail(task, thrown);
        }
    }

    /** @param {RunMessage} task */
    async _run(task) {
        if (task.model.name === ECHO) return this._echo(task);
        this._running = task;
        this._phase = 'load';
        try {
            const began = performance.now();
            const warm = this._engine.has(task.key);
            if (!warm) await this._prepare(task);
            const loadMs = warm ? 0 : performance.now() - began;
            this._phase = 'run';
            const frame = task.load_only ? null : await this._infer(task, loadMs, warm);
            this._post({ type: 'answer', attempt: task.attempt, frame, load_ms: loadMs, memory: wasmMemory() });
        } catch (thrown) {
            this._fail(task, thrown);
        }
        this._running = undefined;
        this._cancelled = undefined;
    }

    /** A task is not wanted any more: it stops at its next step, of which a run itself has none.
     * @param {string} attempt */
    _cancel(attempt) {
        if (this._running?.attempt === attempt) return this._cancelled?.abort();
        const index = this._queue.findIndex((message) => message.type === 'run' && message.attempt === attempt);
        if (index < 0) return;
        this._queue.splice(index, 1);
        this._post({
            type: 'failure', attempt, error: { code: 'cancelled', message: 'The attempt was cancelled.' },
            poisoned: false, memory: wasmMemory(),
        });
    }

    /** Brings a task's model, and takes in what has arrived meanwhile, such as a cancel. @param {RunMessage} task */
    async _prepare(task) {
        this._cancelled = new AbortController();
        await this._load(task, this._cancelled.signal);
        if (task.load_only) return;
        await new Promise((resolve) => setTimeout(resolve));
        throwIfCancelled(this._cancelled.signal);
    }

    /** @param {RunMessage} task @param {AbortSignal} cancelled */
    async _load(task, cancelled) {
        const began = performance.now();
        await this._engine.load(task, (loaded, total) => this._post({
            type: 'progress', attempt: task.attempt, phase: 'loading', loaded_bytes: loaded, total_bytes: total,
        }), cancelled);
        this._post({ type: 'model', key: task.key, state: 'loaded', load_ms: performance.now() - began });
    }

    /** @param {RunMessage} task @param {number} loadMs @param {boolean} warm */
    async _infer(task, loadMs, warm) {
        const { tensors, result, precision, threads, inferenceMs, dispose } = await this._engine.run(task);
        // A device reports its errors beside the results, which then are wrong without saying so.
        if (this._deviceError) throw new Error(`The device reported: ${this._deviceError.slice(0, 400)}`);
        const data = this._answer(task, this._engine.name, { load_ms: loadMs, inference_ms: inferenceMs, warm });
        if (threads) data.executed_on.threads = threads;
        if (precision) data.executed_on.precision = precision;
        if (result !== undefined) data.result = result;
        try {
            return encode(envelope(task, data), tensors, this._maxFrame);
        } finally {
            dispose();
        }
    }

    /**
     * An error that nothing caught. The engine's own are of the task that runs, whose promise then
     * never settles; the worker is of no further use.
     * @param {unknown} thrown @returns {boolean} whether a task has answered for it
     */
    uncaught(thrown) {
        if (!this._running) return false;
        const error = classify(thrown, this._phase);
        this._postFailure(this._running, error, true);
        return true;
    }

    /** @param {RunMessage} task @param {unknown} thrown */
    _fail(task, thrown) {
        const error = classify(thrown, this._phase);
        this._postFailure(task, error, isPoisoned(this._engine.platform, error, thrown));
    }

    /** @param {RunMessage} task @param {import('../shared/messages.js').ErrorBody} error @param {boolean} poisoned */
    _postFailure(task, error, poisoned) {
        this._post({ type: 'failure', attempt: task.attempt, error, poisoned, memory: wasmMemory() });
    }

    /** @param {string} key */
    async _unload(key) {
        try {
            await this._engine.unload(key);
            this._post({ type: 'model', key, state: 'unloaded' });
        } catch (error) {
            this._post({ type: 'log', level: 'warn', message: `${key} was not unloaded cleanly: ${error}` });
        }
    }

    /**
     * @param {RunMessage} task @param {string} engine
     * @param {{load_ms: number, inference_ms: number, warm: boolean}} performance
     * @returns {Record<string, any>} the data of a task_response
     */
    _answer(task, engine, performance) {
        /** @type {Record<string, any>} */
        const executedOn = { platform: this._engine.platform, engine };
        // What is absent says the same as null or an empty list, and costs nobody any time.
        if (this._report.adapter) executedOn.adapter = this._report.adapter;
        if (task.fallbacks.length > 0) executedOn.fallbacks = task.fallbacks;
        return {
            attempt_id: task.attempt, reply_to: task.reply_to, ok: true, executed_on: executedOn, performance,
        };
    }

    /** @param {FromEngine} message */
    _post(message) {
        if (!this._channel) return;
        // Where a helper thread spins, we had better sleep.
        this._channel.watches = this._threads > 1 && this._engine.isQuiet;
        this._channel.post(message);
    }
}

/** @param {RunMessage} task @param {Record<string, any>} data */
const envelope = (task, data) =>
    ({ id: task.message_id, type: 'task_response', from: task.from, timestamp: Date.now(), data });

/** Waits for the document's `start` and serves from then on.
 * @param {Server} server */
export function serve(server) {
    self.onmessage = (/** @type {MessageEvent<import('../shared/messages.js').EngineStartMessage>} */ { data }) => {
        if (data.type === 'start') server.start(data.port, data.memory, data.options);
    };
    // An error that nothing caught leaves the worker in an unknown state: if no task answers for it,
    // let the document see it.
    self.addEventListener('unhandledrejection', (event) => {
        if (server.uncaught(event.reason)) event.preventDefault();
        else setTimeout(() => { throw event.reason; });
    });
}
