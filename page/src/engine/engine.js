/**
 * The interface of an engine to its worker (serve.js), and the error of a broken engine. Each engine is a
 * file in this folder, registered by its name in scripts of workers/
 */

/** @import { EngineSettings, RunMessage, TensorBytes } from '../shared/messages.js' */
/** @import { Run } from './run.js' */
/** Does the work when its owner has a turn in the worker (turns.js).
 * @typedef {<T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>} Take */
/** Throws a Failure if a model with these sessions does not run on the platform.
 * @typedef {(sessions: readonly any[]) => void} Require */

/**
 * The outcome of a run. `dispose` is called when the tensors' bytes have been copied. Without `inferenceMs`
 * the time of the whole run counts, without waits for its client. With `keepsFrame` the tensors are those of
 * the task, at their places in its frame, which is no longer needed.
 * @typedef {object} Outcome
 * @property {TensorBytes[]} tensors
 * @property {any} [result]
 * @property {string | null} [precision]
 * @property {number | null} [threads]
 * @property {string | null} [build] which of several builds of the engine
 * @property {string | null} [quantization] of the model's weights
 * @property {number} [inferenceMs]
 * @property {number | null} [gpuMs] of a kernel by the GPU's own clock, where there is one
 * @property {readonly import('./profile.js').ProfileNode[]} [calls] what each call of a model over kernels took, for a profile
 * @property {boolean} [keepsFrame]
 * @property {() => void} [dispose]
 */

/**
 * `info` is announced to the service. With one slot, `load` and `run` are called one at a time. With more,
 * calls overlap each other and those of other engines, and share the runtime by turns. An exception is
 * the request's failure, unless it is an EngineFault.
 * @typedef {object} Engine
 * @property {string} name
 * @property {string} version
 * @property {import('../shared/messages.js').EngineInfo} info
 * @property {boolean} steps whether its runs call `run.step`, and so can be stopped
 * @property {boolean} [overlaps] with one slot: whether the next run may begin once a run has called `run.submitted`
 * @property {number} loadedCount how many models are loaded
 * @property {(settings: EngineSettings, others?: import('./other_pages.js').Others) => void} configure `others`: pages that may have its models' files
 * @property {(key: string, task: RunMessage) => boolean} has whether the task's model is loaded, or needs no loading
 * @property {(onProgress: (loaded: number, total: number) => void, task: RunMessage) => Promise<void>} start brings up what
 *   models share; called before each load. It reports its fetched bytes to `onProgress`, and then tells its `start`
 * @property {(task: RunMessage, onProgress: (loaded: number, total: number) => void, cancelled: AbortSignal, take: Take) => Promise<void>} load
 *   `cancelled` ends it between its steps; `take` is for what has turns
 * @property {(task: RunMessage, run: Run) => Promise<Outcome>} run runs a loaded model
 * @property {(key: string) => Promise<void>} unload
 * @property {() => number} memory bytes that it holds; engines that share their memory each say all of it
 * @property {(task: RunMessage) => Outcome | undefined} [atOnce] what is done without waiting for anything
 * @property {(kernel: string, sizeClass: string, waiting: import('./kernels.js').Waiting) => Promise<import('./kernels.js').Tuning | null>} [tune]
 *   looks for the fastest way to compute, for as long as nothing waits
 * @property {(task: RunMessage, profiling: import('./profile.js').Profiling, run: Run) => Promise<import('./profile.js').Profiled>} [profile]
 *   ends the profile of runs that a benchmark with `profile` has made; without it the engine has none
 * @property {(message: import('../shared/messages.js').EngineNews) => void} [tell] set by the worker: told of changes
 *   that belong to no single task
 */

/** The engine's runtime has thrown `cause`. Unless that is known to be the request's fault, the worker
 * cannot be used any more. */
export class EngineFault extends Error {
    /** @param {unknown} cause */
    constructor(cause) {
        super('the engine failed', { cause });
        this.name = 'EngineFault';
    }
}

/** Whether a benchmark wants its graph as it is. @param {RunMessage} task */
const isAsItIs = ({ benchmark }) => benchmark?.optimization === 'none';

/** Engines that profile a session only if it was made for that. */
const OF_SESSIONS = ['ort', 'pipeline'];

/** Whether its sessions are made to be profiled. @param {RunMessage} task */
export const isProfiled = ({ benchmark, model }) => benchmark?.profile === true && OF_SESSIONS.includes(model.engine);

/** onnxruntime's own word for it. @param {RunMessage} task */
export const levelOf = (task) => (isAsItIs(task) ? 'disabled' : 'all');

const AS_IT_IS = ' as it is', PROFILED = ' profiled';

/** The keys of a model's other sessions, which only benchmarks get that ask for them: those whose graphs are not optimized, and
 * those that are profiled. @param {string} key */
export const keysBeside = (key) => [AS_IT_IS, PROFILED, AS_IT_IS + PROFILED].map((ending) => key + ending);

/** The task as engines know it, by the key of what it runs. @param {RunMessage} task @returns {RunMessage} */
export function asHeld(task) {
    const ending = (isAsItIs(task) ? AS_IT_IS : '') + (isProfiled(task) ? PROFILED : '');
    return ending ? { ...task, key: task.key + ending, of: task.key } : task;
}

/** Calls the engine's runtime. @template T @param {() => Promise<T>} call @returns {Promise<T>} */
export async function runtime(call) {
    try {
        return await call();
    } catch (thrown) {
        throw new EngineFault(thrown);
    }
}
