/** Multiples: tensors begin at them, and buffers have sizes that are multiples. */

/** The protocol's frames begin tensors at multiples of a word. Shared memory does too: browsers copy it byte by byte elsewhere, ten
 * times as slow. */
const WORD_BYTES = 8;

/** The next multiple of a unit. @param {number} count @param {number} [unit] */
export const aligned = (count, unit = WORD_BYTES) => Math.ceil(count / unit) * unit;
