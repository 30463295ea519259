/**
 * The objects that the script of tasks (script.js) shares with the engine worker that loads it; library.js passes
 * them: its onnxruntime-web instead of the package's, and its errors instead of their modules, so that both sides
 * use the same classes. build.mjs puts it there.
 */
const worker = /** @type {any} */ (globalThis)[Symbol.for('webinfer.worker')];

export const { InferenceSession, Tensor, env } = worker.onnxruntime;
export const { EngineFault, Failure, throwIfCancelled, unlessCancelled } = worker.errors;
