/** Arguments by Python's rules. */
import { wrong } from './errors.js';

/** @import { Value } from './values.js' */

/** The default of a parameter that has none. */
export const REQUIRED = Symbol('required');
/** @typedef {Record<string, Value | typeof REQUIRED>} Parameters by name, in their order, with their defaults */

/**
 * @param {string} name of what is called @param {Parameters} parameters @param {Value[]} args @param {Map<string, Value>} kwargs
 * @returns {Record<string, Value>}
 */
export function bind(name, parameters, args, kwargs) {
    const names = Object.keys(parameters);
    if (args.length > names.length) throw wrong(`${name}() takes at most ${names.length} arguments`);
    const bound = { ...parameters };
    args.forEach((value, i) => { bound[names[i]] = value; });
    for (const [key, value] of kwargs) {
        const place = names.indexOf(key);
        if (place < 0 || place < args.length) throw wrong(`${name}() takes no argument ${key.slice(0, 40)} here`);
        bound[key] = value;
    }
    const missing = names.find((one) => bound[one] === REQUIRED);
    if (missing) throw wrong(`${name}() lacks its argument ${missing}`);
    return bound;
}
