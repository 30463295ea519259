/**
 * Where what follows begins, among bytes that are copied word by word: so it is in the protocol's frames, and
 * shared memory is copied byte by byte elsewhere, ten times as slow.
 */

const WORD_BYTES = 8;

/** @param {number} bytes that lie before @returns {number} the next multiple of a word */
export const aligned = (bytes) => Math.ceil(bytes / WORD_BYTES) * WORD_BYTES;
