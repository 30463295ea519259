/** Machine-learning models in pooled web browsers, by webinferd: the client. index.d.ts is its contract. */
export { Client } from './client.js';
export { BadAnswer, ServiceError, Unreachable, WebinferError } from './errors.js';
export { Stream } from './streams.js';
export { Tensor } from './tensors.js';
export { Answer } from './wire.js';
