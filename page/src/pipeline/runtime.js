/**
 * What transformers.js has in the place of onnxruntime-web, in its script alone: the instance of the
 * worker that loads it, as library.js hands it over.
 */
const given = /** @type {any} */ (globalThis)[Symbol.for('webinfer.onnxruntime')];

export const { InferenceSession, Tensor, env } = given;
