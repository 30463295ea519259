/** A text as an expression with the flag u has it: exactly the characters of syntax are escaped, as the flag refuses any other escape.
 * @param {string} text */
export const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
