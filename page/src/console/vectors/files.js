/** Vectors as files: an array for NumPy, and a table for spreadsheets. */

/** What begins the header of a .npy file of version 1.0 (numpy.lib.format). */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
/** The numbers begin at a multiple of it. */
const ALIGNED = 64;
/** The last side of a shape has room to grow, as NumPy leaves it for those who append (GROWTH_AXIS_MAX_DIGITS). */
const DIGITS = 21;
/** What a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** @param {number} rows @param {number} columns @returns {Uint8Array<ArrayBuffer>} the header of an array of FP32 */
export function npyHeader(rows, columns) {
    const shape = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`, grown = shape + ' '.repeat(DIGITS - String(rows).length);
    const length = Math.ceil((MAGIC.length + 2 + grown.length + 1) / ALIGNED) * ALIGNED - MAGIC.length - 2;
    const text = `${grown.padEnd(length - 1)}\n`;
    return Uint8Array.from([...MAGIC, length & 255, length >> 8, ...new TextEncoder().encode(text)]);
}

/** @param {Float32Array<ArrayBuffer>} values @param {number} rows @param {number} columns @returns {Uint8Array<ArrayBuffer>[]} the parts of the file */
export function npyOf(values, rows, columns) {
    return [npyHeader(rows, columns), new Uint8Array(values.buffer, values.byteOffset, 4 * rows * columns)]; // every browser's machine is little-endian
}

/** A table of RFC 4180: what has a comma, a quote or an end of a line is in quotes. Texts that a spreadsheet would compute begin with an
 * apostrophe. @param {readonly (readonly (string | number)[])[]} rows @returns {string} */
export const csvOf = (rows) => rows.map((row) => `${row.map(cellOf).join(',')}\r\n`).join('');

/** @param {string | number} value */
function cellOf(value) {
    if (typeof value === 'number') return String(value);
    const text = FORMULA.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
