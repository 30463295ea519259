/** Checks of values from outside. */

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param {unknown} value @param {number} [otherwise] @returns {number} the value, if it is a number above 0 */
export const positive = (value, otherwise = 0) => (typeof value === 'number' && value > 0 && value < Infinity ? value : otherwise);
