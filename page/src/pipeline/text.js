/** The tasks with text that make none: vectors, labels, spans, scores. */

/** @type {Readonly<Record<string, import('./tasks.js').Task>>} */
export const TEXT_TASKS = Object.freeze({});
