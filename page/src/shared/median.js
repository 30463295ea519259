/** The median of measured times. Pure. */

/** Of two middle values, the smaller: the larger may be the time of what was ended, which is Infinity.
 * @param {readonly number[]} list not empty */
export const median = (list) => [...list].sort((a, b) => a - b)[(list.length - 1) >> 1];
