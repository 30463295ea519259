/**
 * An engine worker: serves the engines that it was made with. It takes messages from the link worker in
 * order, runs engines with one slot one at a time, and builds each answer as a finished frame, so that
 * the link worker only has to send it.
 */
import { encode, encodeInPlace, encodeInTurns } from '../shared/frame.js';
import { Channel } from '../shared/channel.js';
import { beginElsewhere, failedElsewhere } from '../shared/nested.js';
import { yieldOnce } from '../shared/yield.js';
import { Benchmark, resolutionOf } from './benchmark.js';
import { asHeld, EngineFault, isProfiled, keysBeside } from './engine.js';
import { classify, isPoisoned } from './errors.js';
import { Failure, throwIfCancelled, unlessCancelled } from './failure.js';
import { OtherPages } from './other_pages.js';
import { profileOf } from './profile.js';
import { isLarge, responseOf } from './response.js';
import { Run } from './run.js';
import { Turns } from './turns.js';
import { countFetched } from '../shared/traffic.js';

/** @import { Engine, Outcome } from './engine.js' */
/** @import { ErrorBody, FromEngine, PageOptions, PlatformReport, RunMessage, TensorBytes, ToEngine } from '../shared/messages.js' */
/** @import { Performance } from './response.js' */

/** The times of a task that takes no time. */
const AT_ONCE = Object.freeze({ load_ms: 0, inference_ms: 0, warm: true });

export class Server {
    /** @param {string} platform @param {readonly Engine[]} engines
     * @param {(options: PageOptions) => Promise<PlatformReport>} probe
     * @param {Turns} [turns] that the engines take */
    constructor(platform, engines, probe, turns = new Turns()) {
        this._platform = platform;
        this._engines = engines;
        /** @type {Map<string, Engine>} */
        this._named = new Map(engines.map((engine) => [engine.name, engine]));
        for (const engine of engines) {
            engine.tell = (message) => this._post(message.type === 'start' ? { ...message, threads: this._threads } : message);
        }
        this._probe = probe;
        this._turns = turns;
        this._others = new OtherPages();
        /** @type {PlatformReport} */
        this._report = { available: false };
        /** The adapter of the device that was made last. @type {import('../shared/messages.js').Adapter | undefined} */
        this._adapter = undefined;
        /** @type {Channel<ToEngine, FromEngine> | undefined} */
        this._channel = undefined;
        /** @type {ToEngine[]} */
        this._queue = [];
        this._busy = false;
        this._threads = 1;
        this._maxFrame = Number.MAX_SAFE_INTEGER;
        /** The runs, by attempt; `waits`: until its model is unloaded. @type {Map<string, {run: Run, key: string, waits: boolean}>} */
        this._runs = new Map();
        this._changes = 0; /* how often a run has begun or ended */
        /** Sessions that are profiled, by their keys: settled when they are gone. @type {Map<string, Promise<void>>} */
        this._profiles = new Map();
        /** @type {number | undefined} */
        this._clockMs = undefined; /* the resolution of the clock, once a benchmark has needed it */
        this._loads = 0; /* running */
        this._added = 0; /* bytes, by all loads that have ended */
        /** Models to unload when nothing runs with them any more, by key, with the callbacks of runs that continue then and load
         * the model again. @type {Map<string, (() => void)[]>} */
        this._unwanted = new Map();
        /** The task that others wait for. @type {RunMessage | undefined} */
        this._alone = undefined;
        /** Settled when the last task that others waited for has ended. @type {Promise<void>} */
        this._ended = Promise.resolve();
        this._deviceError = '';
        this._lost = ''; /* why the device was lost */
        this._emptiedAt = 0; /* when the last model was unloaded, by performance.now() */
    }

    /** @param {MessagePort} port @param {SharedArrayBuffer | null} memory @param {PageOptions} options @param {MessagePort} [others] for other pages */
    async start(port, memory, options, others) {
        if (others) this._others.attach(others);
        this._channel = new Channel(port, memory, 1, (message) => this._receive(message));
        this._report = await this._probe(options);
        const engines = this._engines;
        this._post({
            type: 'capabilities', platforms: { [this._platform]: this._report },
            engines: Object.fromEntries(engines.map(({ name, version }) => [name, version])),
            engine_info: Object.fromEntries(engines.map(({ name, info }) => [name, info])),
            steps: engines.filter(({ steps }) => steps).map(({ name }) => name),
            overlaps: engines.filter(({ overlaps }) => overlaps).map(({ name }) => name),
        });
    }

    /** @param {ToEngine} message */
    _receive(message) {
        if (message.type === 'cancel') return this._cancel(message.attempt);
        if (message.type === 'credit') return this._runs.get(message.attempt)?.run.grant(message.credit);
        if (message.type === 'unload') return this._release(message.key);
        if (message.type === 'sign') return this._post(message);
        // A task that can overlap others need not wait for the one that runs alone.
        if (this._alone && message.type === 'run' && !this._isAlone(message)) return this._begin(message);
        this._queue.push(message);
        if (!this._busy) this._drain();
    }

    /** A device was lost. One that our own unloading destroys does not count, even if its end is reported while another is in use.
     * @param {string} reason @param {string} message @param {number} [madeAt] by performance.now() */
    deviceLost(reason, message, madeAt = Infinity) {
        const isUsed = this._loads > 0 || this._hasLoaded();
        if (reason === 'destroyed' && (!isUsed || madeAt < this._emptiedAt)) return;
        this._lost = `the device was lost (${reason}): ${message}`.slice(0, 500);
        this._post({ type: 'device_lost', reason: this._lost });
    }

    /** Results from now on are reported with this adapter, whatever the probe had. @param {import('../shared/messages.js').Adapter} adapter */
    deviceMade(adapter) {
        this._adapter = adapter;
    }

    /** @param {string} message */
    deviceError(message) {
        this._deviceError ||= message;
    }

    async _drain() {
        this._busy = true;
        for (let message = this._queue.shift(); message; message = this._queue.shift()) await this._take(message);
        this._busy = false;
    }

    /** @param {ToEngine} message */
    async _take(message) {
        if (message.type === 'settings') this._configure(message.settings);
        else if (message.type === 'tune') await this._tune(message);
        else if (message.type === 'run') {
            if (this._isAlone(message)) await this._runAlone(message);
            else this._begin(message);
        }
    }

    /** @param {import('../shared/messages.js').EngineSettings} settings */
    _configure(settings) {
        this._threads = settings.threads;
        this._maxFrame = settings.max_frame;
        for (const engine of this._engines) {
            try {
                engine.configure(settings, this._others);
            } catch (thrown) {
                this._log(`the ${engine.name} engine does not take its settings: ${thrown}`);
            }
        }
    }

    /** Any message that arrives meanwhile ends the tuning, and is handled next. @param {import('../shared/messages.js').TuneMessage} order */
    async _tune({ kernel, size_class: sizeClass }) {
        const engine = this._engines.find(({ tune }) => tune);
        /** @type {import('./kernels.js').Waiting} */
        const waiting = { now: () => performance.now(), isOver: () => this._queue.length > 0, tries: (choice) => this._post({ type: 'trying', choice }) };
        const tuning = await engine?.tune?.(kernel, sizeClass, waiting).catch((thrown) => this._log(`${kernel} was not tuned: ${thrown}`));
        for (const { variant, workgroup } of tuning?.wrong ?? []) {
            this._log(`${kernel} by ${variant} in workgroups of ${workgroup.join('x')} is wrong here for ${sizeClass}`);
        }
        this._post({ type: 'tuned', kernel, size_class: sizeClass, adapter: this._adapter ?? null, tuning: tuning ?? null });
    }

    // --- a task --------------------------------------------------------------------------------------

    /** Whether others wait while it runs. @param {RunMessage} task */
    _isAlone(task) {
        return (this._named.get(task.model.engine)?.info.slots ?? 1) === 1;
    }

    /** Others wait until it has ended, or until only the device still works for it, unless times are measured.
     * @param {RunMessage} task */
    async _runAlone(task) {
        const before = this._alone; // a benchmark, if this runs between two of its runs
        this._alone = task;
        await new Promise((/** @type {(value: void) => void} */ resolve) => {
            const onSubmitted = task.benchmark || before ? undefined : resolve;
            this._ended = this._run(task, { last: this._ended, isNested: before !== undefined, onSubmitted }).then(resolve);
        });
        this._alone = before;
    }

    /** Answers at once if no wait is needed; otherwise runs the task in parallel with later messages. @param {RunMessage} task */
    _begin(task) {
        const engine = this._named.get(task.model.engine);
        let outcome;
        try {
            outcome = task.benchmark ? undefined : engine?.atOnce?.(task);
            if (outcome) return this._answerAtOnce(task, engine?.name ?? '', outcome);
        } catch (thrown) {
            return this._fail(task, 'run', thrown);
        }
        this._run(task);
    }

    /** @param {RunMessage} task @param {string} engine @param {Outcome} outcome */
    _answerAtOnce(task, engine, outcome) {
        this._changes++;
        const { frame, section, tensors } = task;
        const answer = this._answer(task, engine, outcome, AT_ONCE, 0);
        const kept = outcome.keepsFrame && frame && encodeInPlace(answer[0], tensors, frame, section, answer[2]);
        if (!kept && isLarge(outcome)) return this._answerInTurns(task, engine, outcome);
        this._postAnswer(task, kept || encode(...answer), 0);
    }

    /** Copies a large answer while others are served. @param {RunMessage} task @param {string} engine
     * @param {Outcome} outcome */
    async _answerInTurns(task, engine, outcome) {
        try {
            this._postAnswer(task, await encodeInTurns(...this._answer(task, engine, outcome, AT_ONCE, 0), yieldOnce), 0);
        } catch (thrown) {
            this._fail(task, 'run', thrown);
        }
    }

    /** Never throws. @param {RunMessage} task @param {{last?: Promise<void>, isNested?: boolean, onSubmitted?: () => void}} [more]
     * `last`: settled when the device works for no earlier run; `isNested`: it runs between two runs of a benchmark */
    async _run(task, { last, isNested = false, onSubmitted = () => {} } = {}) {
        const { attempt, key } = task, held = asHeld(task);
        const run = new Run(task, (message) => this._post(message), this._turns);
        run.onSubmitted = onSubmitted;
        const one = { run, key, waits: false };
        this._runs.set(attempt, one);
        this._changes++;
        /** @type {(() => void) | null} */
        let leave = null;
        try {
            if (isProfiled(task)) leave = await this._enterProfile(held.key, run);
            // A benchmark that runs this task between two of its runs must not wait for its own end.
            if (this._unwanted.has(key) && !isNested) await this._untilUnloaded(one);
            const engine = this._engineFor(task);
            // A run of steps may take as long as it likes.
            run.tellsWaiting = !engine.steps;
            const began = run.ownMs; // not when it was handed over: another run's step may have kept it waiting
            const warm = engine.has(held.key, held);
            const waiting = this._unwanted.get(key) ?? [];
            if (this._unwanted.delete(key) && warm) this._postLoaded(key, 0, 0);
            for (const goOn of waiting) goOn();
            if (!warm) await this._load(engine, held, run, key);
            const loadMs = warm ? 0 : run.ownMs - began;
            run.phase = 'run';
            if (task.benchmark && last) await unlessCancelled(last, run.signal);
            const frame = task.load_only ? null : await this._infer(engine, held, run, loadMs, warm);
            this._postAnswer(task, frame, loadMs, run.ownMs - began);
        } catch (thrown) {
            // An error caused by a lost device may arrive before the news of the loss.
            if (thrown instanceof EngineFault && this._platform !== 'wasm') await yieldOnce();
            this._fail(task, run.phase, thrown);
        }
        if (leave) await this._endProfile(task).finally(leave);
        this._runs.delete(attempt);
        this._changes++;
        if (this._unwanted.has(key)) this._release(key);
    }

    /** @param {RunMessage} task @returns {Engine} */
    _engineFor(task) {
        const engine = this._named.get(task.model.engine);
        if (engine) return engine;
        throw new Failure('platform_unsupported', `the engine ${task.model.engine} is not available on ${this._platform}`);
    }

    /** Loads a task's model, and handles messages that arrived meanwhile, such as a cancel.
     * @param {Engine} engine @param {RunMessage} task @param {Run} run @param {string} key of its model */
    async _load(engine, task, run, key) {
        const began = run.ownMs;
        const progress = (/** @type {number} */ loaded, /** @type {number} */ total) => this._post({
            type: 'progress', attempt: task.attempt, phase: 'loading', loaded_bytes: loaded, total_bytes: total,
        });
        this._loads++;
        try {
            await unlessCancelled(engine.start(progress, task), run.signal);
            // Memory added by other loads meanwhile counts for those.
            const before = engine.memory() - this._added;
            await engine.load(task, progress, run.signal, (work, signal) => run.take(work, signal));
            const added = Math.max(0, engine.memory() - this._added - before);
            this._added += added;
            this._postLoaded(key, run.ownMs - began, added);
        } finally {
            this._loads--;
        }
        if (task.load_only) return;
        await yieldOnce();
        throwIfCancelled(run.signal);
    }

    /** @param {Engine} engine @param {RunMessage} task @param {Run} run @param {number} loadMs
     * @param {boolean} warm @returns {Promise<ArrayBuffer>} the answer */
    async _infer(engine, task, run, loadMs, warm) {
        const began = run.ownMs;
        const outcome = await (task.benchmark ? this._measure(engine, task, run, loadMs) : this._once(engine, task, run));
        const inferenceMs = outcome.inferenceMs ?? run.ownMs - began;
        try {
            await run.end();
            this._checkDevice();
            /** @type {Performance} */
            const times = { load_ms: loadMs, inference_ms: inferenceMs, warm };
            if (run.isStream) times.waited_for_client_ms = run.waitedMs;
            if (typeof outcome.gpuMs === 'number') times.gpu_ms = outcome.gpuMs;
            const answer = this._answer(task, engine.name, outcome, times, run.seq);
            return isLarge(outcome) ? await encodeInTurns(...answer, yieldOnce) : encode(...answer);
        } finally {
            outcome.dispose?.();
        }
    }

    /** Waits until another profile of the model has let go of its session: each has its own. @param {string} key of the session @param {Run} run
     * @returns {Promise<() => void>} to be called when this one's is gone @throws {Failure} if it was cancelled */
    async _enterProfile(key, run) {
        /** @type {Promise<void> | undefined} */
        let other;
        while ((other = this._profiles.get(key)) !== undefined) await run.aside(unlessCancelled(other, run.signal));
        let leave = () => {};
        this._profiles.set(key, new Promise((/** @type {(value: void) => void} */ resolve) => {
            leave = () => {
                this._profiles.delete(key);
                resolve();
            };
        }));
        return leave;
    }

    /** The sessions of a profile go, also after a failure; and the model with them, if it was loaded for the profile alone.
     * @param {RunMessage} task */
    async _endProfile(task) {
        const engine = this._named.get(task.model.engine), { key } = task;
        await engine?.unload(asHeld(task).key).catch((thrown) => this._log(`${key} was not unloaded cleanly: ${thrown}`));
        if (!engine?.has(key, { ...task, benchmark: undefined })) this._post({ type: 'model', key, state: 'left' });
    }

    /** A device reports errors separately from results, which are then wrong without notice. @throws {EngineFault} */
    _checkDevice() {
        if (this._deviceError) throw new EngineFault(new Error(`the device reported: ${this._deviceError.slice(0, 400)}`));
    }

    /** @param {Engine} engine @param {RunMessage} task @param {Run} run @returns {Promise<Outcome>} */
    async _once(engine, task, run) {
        const outcome = await engine.run(task, run);
        return run.raw?.instead(outcome) ?? outcome;
    }

    /** A benchmark: the last run's outcome, with the measurements as its result. Nothing else is computed in its engine
     * during one of its runs. @param {Engine} engine @param {RunMessage} task @param {Run} run
     * @param {number} loadMs @returns {Promise<Outcome>} */
    async _measure(engine, task, run, loadMs) {
        const alone = { ...task, alone: true }, order = /** @type {import('../shared/messages.js').BenchmarkOrder} */ (task.benchmark);
        if (order.profile && !engine.profile) throw unprofiled(engine.name);
        /** @type {import('./profile.js').Told[]} */
        const told = [];
        const { outcome, measured } = await new Benchmark(order, {
            clockMs: this._clockMs ??= resolutionOf(() => performance.now()), now: () => run.ownMs,
            once: async () => {
                const made = engine.atOnce?.(alone) ?? await this._once(engine, alone, run);
                if (order.profile) told.push({ timings: made.result?.timings, calls: made.calls });
                return made;
            },
            between: async (done, all) => {
                run.measured(done, all);
                await this._letOthers(task, run);
            },
            others: () => this._changes + run.othersMs,
        }).run();
        const own = order.profile && outcome.dispose ? copied(outcome) : outcome;
        const profile = order.profile ? { profile: await this._profile(engine, alone, run, told) } : {};
        return {
            ...own, keepsFrame: false, inferenceMs: undefined, gpuMs: undefined, result: { ...measured, load_ms: loadMs, ...profile },
        };
    }

    /** @param {Engine} engine @param {RunMessage} task @param {Run} run
     * @param {import('./profile.js').Told[]} told @returns {Promise<Record<string, any>>} */
    async _profile(engine, task, run, told) {
        const { runs } = /** @type {import('../shared/messages.js').BenchmarkOrder} */ (task.benchmark);
        const profiling = { runs, all: told.length, told: told.slice(-runs) };
        return profileOf(await /** @type {NonNullable<Engine['profile']>} */ (engine.profile)(task, profiling, run), this._platform, runs);
    }

    /** Messages that arrived during a benchmark's run are handled before the next run. If others do not wait for it, they
     * take their turns by themselves. @param {RunMessage} task @param {Run} run @throws {Failure} if it was cancelled */
    async _letOthers(task, run) {
        this._checkDevice();
        await yieldOnce();
        throwIfCancelled(run.signal);
        if (this._alone?.attempt !== task.attempt) return;
        for (const message of this._queue.splice(0)) await this._take(message);
        throwIfCancelled(run.signal);
    }

    /** A task is no longer wanted: it stops at its next step, if it has any.
     * @param {string} attempt */
    _cancel(attempt) {
        const found = this._runs.get(attempt);
        if (found) return found.run.cancel();
        const index = this._queue.findIndex((message) => message.type === 'run' && message.attempt === attempt);
        if (index < 0) return;
        this._queue.splice(index, 1);
        this._postFailure(attempt, { code: 'cancelled', message: 'the attempt was cancelled' }, false);
    }

    /**
     * An uncaught error. Those of the engine belong to the running task, whose promise then never
     * settles; the worker cannot be used any more.
     * @param {unknown} thrown @returns {boolean} whether a task has answered for it
     */
    uncaught(thrown) {
        const [only, ...more] = this._runs.keys();
        const [whoseTurn] = [...this._runs].find(([, { run }]) => run.hasTurn) ?? [];
        const attempt = whoseTurn ?? this._alone?.attempt ?? (more.length === 0 ? only : undefined);
        if (attempt === undefined) return false;
        this._postFailure(attempt, classify(thrown, this._runs.get(attempt)?.run.phase ?? 'run'), true);
        return true;
    }

    // --- messages to the link worker -----------------------------------------------------------------

    /**
     * @param {RunMessage} task @param {string} engine @param {Outcome} outcome @param {Performance} times
     * @param {number} parts how many its answer has had
     * @returns {[import('../shared/messages.js').Envelope, TensorBytes[], number]} a task_response, to be encoded
     */
    _answer(task, engine, outcome, times, parts) {
        const where = { platform: this._platform, engine, adapter: this._adapter };
        return [responseOf(task, where, outcome, times, parts), outcome.tensors, this._maxFrame];
    }

    /** @param {RunMessage} task @param {ArrayBuffer | null} frame @param {number} loadMs
     * @param {number} [ownMs] what it took in all */
    _postAnswer(task, frame, loadMs, ownMs = 0) {
        this._post({
            type: 'answer', attempt: task.attempt, frame, load_ms: loadMs, own_ms: ownMs, memory: this._memory(),
        });
    }

    /** @param {string} key @param {number} loadMs @param {number} memory bytes that loading it has added */
    _postLoaded(key, loadMs, memory) {
        this._post({ type: 'model', key, state: 'loaded', load_ms: loadMs, memory });
    }

    /** An exception of the engine's runtime may cost the worker; every other one is the request's failure.
     * @param {RunMessage} task @param {import('./errors.js').Phase} phase @param {unknown} thrown */
    _fail(task, phase, thrown) {
        const isFault = thrown instanceof EngineFault;
        const cause = isFault ? thrown.cause : thrown;
        const error = isFault && this._lost ? { code: 'device_lost', message: this._lost } : classify(cause, phase);
        this._postFailure(task.attempt, error, isFault && isPoisoned(this._platform, error, cause, phase));
    }

    /** @param {string} attempt @param {ErrorBody} error @param {boolean} poisoned */
    _postFailure(attempt, error, poisoned) {
        this._post({ type: 'failure', attempt, error, poisoned, memory: this._memory() });
    }

    // --- unloading -----------------------------------------------------------------------------------

    /** Unloads a model once nothing runs with it. Tasks that arrive meanwhile wait for that; otherwise there might always be some.
     * @param {string} key */
    _release(key) {
        const isInUse = [...this._runs.values()].some((one) => one.key === key && !one.waits);
        const waiting = this._unwanted.get(key) ?? [];
        if (isInUse) return void this._unwanted.set(key, waiting);
        this._unwanted.delete(key);
        this._unload(key);
        for (const goOn of waiting) goOn();
    }

    /** @param {{run: Run, key: string, waits: boolean}} one @throws {Failure} if it was cancelled */
    async _untilUnloaded(one) {
        one.waits = true;
        await unlessCancelled(new Promise((resolve) => this._unwanted.get(one.key)?.push(() => resolve(undefined))), one.run.signal);
        one.waits = false;
    }

    /** All engines forget it at once: a task that arrives while its memory is being freed loads it again.
     * @param {string} key */
    async _unload(key) {
        const ends = this._engines.flatMap((engine) => [key, ...keysBeside(key)].map((one) => engine.unload(one)));
        if (!this._hasLoaded()) this._emptiedAt = performance.now();
        const ended = await Promise.allSettled(ends);
        for (const one of ended) {
            if (one.status === 'rejected') this._log(`${key} was not unloaded cleanly: ${one.reason}`);
        }
        this._post({ type: 'model', key, state: 'unloaded' });
    }

    _hasLoaded() {
        return this._engines.some(({ loadedCount }) => loadedCount > 0);
    }

    /** Bytes that the engines hold; they share the same memory. */
    _memory() {
        return Math.max(...this._engines.map((engine) => engine.memory()));
    }

    /** @param {string} message */
    _log(message) {
        this._post({ type: 'log', level: 'warn', message });
    }

    /** @param {FromEngine} message */
    _post(message) {
        this._channel?.post(message);
    }
}

/** The outcome with copies of its tensors. The sessions of a profile are released before the answer is encoded, and with them the
 * memory of outputs that are to be disposed of. @param {Outcome} outcome which is disposed of @returns {Outcome} */
function copied({ dispose, ...outcome }) {
    const tensors = outcome.tensors.map((tensor) => ({ ...tensor, bytes: tensor.bytes.slice() }));
    dispose?.();
    return { ...outcome, tensors };
}

/** @param {string} engine */
const unprofiled = (engine) => new Failure('input_invalid', `the engine ${engine} has nothing that could be profiled`,
    { field: 'profile', expected: 'a model that computes' });

/** Waits for the document's `start` and serves from then on.
 * @param {Server} server */
export function serve(server) {
    countFetched((bytes) => self.postMessage({ type: 'fetched', bytes }));
    beginElsewhere();
    self.onmessage = (/** @type {MessageEvent<import('../shared/messages.js').ToWorker>} */ { data }) => {
        if (data.type === 'start') server.start(data.port, data.memory, data.options, data.others);
        else if (data.type === 'worker_failed') failedElsewhere(data);
    };
    // An uncaught error leaves the worker in an unknown state: if it belongs to no task, let the document
    // see it.
    self.addEventListener('unhandledrejection', (event) => {
        if (server.uncaught(event.reason)) event.preventDefault();
        else setTimeout(() => { throw event.reason; });
    });
}
