/**
 * What the script of tasks (script.js) has of the engine worker that loads it, as library.js hands it over:
 * its onnxruntime-web in the place of the package's, and its errors in the place of their modules, so that
 * both sides mean the same classes. build.mjs puts it there.
 */
const worker = /** @type {any} */ (globalThis)[Symbol.for('webinfer.worker')];

export const { InferenceSession, Tensor, env } = worker.onnxruntime;
export const { EngineFault, Failure, throwIfCancelled } = worker.errors;
