/**
 * Limits for a grammar, a schema or a pattern from outside. llama.cpp reads a grammar by recursion
 * on a small stack and expands every repeat, so a short text can crash it.
 */

import { LIMITS } from '../engine/task_rules.js';

/** For the text of a grammar, and for a schema as JSON, in bytes of UTF-8. */
export const MAX_BYTES = LIMITS.schema;
/** Brackets within brackets, schemas within schemas. */
export const MAX_DEPTH = LIMITS.depth;
/** The upper bounds of all `{m,n}` together. llama.cpp takes less than 2,000 of one item. */
export const MAX_REPEATS = 2000;

const encoder = new TextEncoder();

/** @param {string} text */
export function byteLength(text) {
    return encoder.encode(text).length;
}
