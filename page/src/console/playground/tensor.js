/** The tensors that a graph is given: their shapes and values, held against what it takes, and as the API takes them. */
import { count, many } from '../format.js';
import { FieldError } from './request.js';

/** @typedef {number | boolean | string} Value */
/** @typedef {{name: string, datatype: string, shape: number[], data: Value[]}} Tensor */

/** @type {Record<string, [number, number]>} */
const RANGES = { UINT8: [0, 255], UINT16: [0, 65535], UINT32: [0, 4294967295], INT8: [-128, 127], INT16: [-32768, 32767],
    INT32: [-2147483648, 2147483647], INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], UINT64: [0, Number.MAX_SAFE_INTEGER] };
/** More are not made here: as JSON they are tens of megabytes. */
export const MOST_VALUES = 8_000_000;

/** @param {number[]} shape */
export const sizeOf = (shape) => shape.reduce((product, one) => product * one, 1);
/** @param {number[] | null} shape */
export const shapeText = (shape) => (shape ? `[${shape.map((one) => (one < 0 ? '?' : one)).join(', ')}]` : 'any shape');

/** The values of nested lists. @param {string} field @param {any} given @returns {{shape: number[] | null, data: any[]}} `shape`
 * null: the lists do not form an array */
export function flatten(field, given) {
    /** @type {any[]} */
    const data = [];
    /** @type {number[]} */
    const shape = [];
    let isEven = true;
    const add = (/** @type {any} */ value, /** @type {number} */ depth) => {
        if (!Array.isArray(value)) {
            if (depth !== shape.length) isEven = false;
            if (data.length >= MOST_VALUES) throw new FieldError(field, `This has more than ${count(MOST_VALUES)} values.`);
            data.push(value);
            return;
        }
        if (data.length === 0 && shape.length === depth) shape.push(value.length);
        else if (shape[depth] !== value.length) isEven = false;
        for (const one of value) add(one, depth + 1);
    };
    add(given, 0);
    return { shape: isEven ? shape : null, data };
}

/** Whether a tensor of one shape may be given where another is wanted, in which -1 is free.
 * @param {number[]} shape @param {number[] | null} wanted */
export const fits = (shape, wanted) => !wanted || (shape.length === wanted.length && shape.every((one, i) => wanted[i] < 0 || wanted[i] === one));

/** @param {string} field @param {any[]} values @param {string} datatype @returns {Value[]} as JSON may have them */
export function valuesAs(field, values, datatype) {
    const range = RANGES[datatype];
    const must = (/** @type {number} */ i, /** @type {string} */ what) => new FieldError(field,
        `Value ${count(i + 1)} is ${String(typeof values[i] === 'string' ? JSON.stringify(values[i]) : values[i]).slice(0, 40)}; ${datatype} takes ${what}.`);
    return values.map((given, i) => {
        if (datatype === 'BYTES') {
            if (typeof given !== 'string') throw must(i, 'strings');
            return given;
        }
        if (datatype === 'BOOL') {
            if (typeof given !== 'boolean' && given !== 0 && given !== 1) throw must(i, 'true, false, 0 or 1');
            return Boolean(given);
        }
        const value = typeof given === 'bigint' || typeof given === 'boolean' ? Number(given) : given;
        if (typeof value !== 'number') throw must(i, 'numbers');
        if (!Number.isFinite(value)) throw must(i, 'finite numbers in JSON; send others in binary, by the API');
        if (range && (!Number.isInteger(value) || value < range[0] || value > range[1])) throw must(i, `whole numbers from ${range[0]} to ${range[1]}`);
        return value;
    });
}

/** @param {string} field @param {{name: string, datatype: string, shape: number[] | null}} wanted @param {number[] | null} shape
 * the given one; null for a plain list @param {any[]} values @param {number[]} chosen the shape, as far as the fields
 * say it @returns {Tensor} */
export function tensorOf(field, wanted, shape, values, chosen) {
    const isList = shape === null || shape.length <= 1;
    const real = isList && !(shape && fits(shape, wanted.shape)) ? chosen : /** @type {number[]} */ (shape);
    if (!fits(real, wanted.shape))
        throw new FieldError(field, `This has the shape ${shapeText(real)}, and the input takes ${shapeText(wanted.shape)}.`);
    if (sizeOf(real) !== values.length)
        throw new FieldError(field, `There ${values.length === 1 ? 'is' : 'are'} ${many(values.length, 'value')}, and ${shapeText(real)} takes ${count(sizeOf(real))}.`);
    return { name: wanted.name, datatype: wanted.datatype, shape: real, data: valuesAs(field, values, wanted.datatype) };
}
