/** Numbers between -1 and 1, the same everywhere. @param {number} count @param {number} [shift] */
export const numbers = (count, shift = 0) => Float32Array.from({ length: count }, (_, i) => (((i + shift) * 37 + 11) % 101 - 50) / 50);
