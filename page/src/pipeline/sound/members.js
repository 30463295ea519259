/** Settings of a folder's file, each with what it is where the file has none, as Python has it, and what it may be. */
import { Failure } from '../../engine/failure.js';

/** @typedef {{usual: any, fits: (value: any) => boolean, expected: string}} Member */

/** @param {number} usual @param {number} least @param {number} most @param {(value: number) => boolean} [isRight]
 * @param {string} [how] @returns {Member} */
export const whole = (usual, least, most, isRight = () => true, how = '') => ({
    usual, fits: (value) => Number.isInteger(value) && value >= least && value <= most && isRight(value),
    expected: `a whole number from ${least} to ${most}${how && `, ${how}`}`,
});

/** @param {number} usual @param {number} [least] @param {number} [most] @returns {Member} */
export const number = (usual, least = -1e30, most = 1e30) => ({
    usual, fits: (value) => Number.isFinite(value) && value >= least && value <= most,
    expected: `a number from ${least} to ${most}`,
});

/** @param {boolean} usual @returns {Member} */
export const boolean = (usual) => ({ usual, fits: (value) => typeof value === 'boolean', expected: 'true or false' });

/** One of a few values, of which the first is usual. @param {any[]} values @param {any} [usual] @returns {Member} */
export const one = (values, usual = values[0]) => ({
    usual, fits: (value) => values.includes(value), expected: values.join(', '),
});

/** The file's content with all of these. @param {Record<string, any>} given @param {Record<string, Member>} members
 * @param {string} file @returns {Record<string, any>} @throws {Failure} model_invalid, of the first that cannot be honoured */
export function settingsOf(given, members, file) {
    const found = Object.entries(members).map(([name, { usual, fits, expected }]) => {
        const isSaid = given[name] !== undefined, value = isSaid ? given[name] : usual;
        if (fits(value)) return [name, value];
        const said = isSaid ? 'is' : 'is missing, and then';
        throw new Failure('model_invalid',
            `${file}: ${name} ${said} ${JSON.stringify(value)?.slice(0, 60)}, which this page does not compute`, { expected });
    });
    return { ...given, ...Object.fromEntries(found) };
}
