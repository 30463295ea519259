/** The errors for a tokenizer.json that is refused. */
import { Failure } from '../../engine/failure.js';

/** The row of a table that has that name. @template T @param {Readonly<Record<string, T>>} rows @param {any} name of the file
 * @param {string} where of it @returns {T} @throws {Failure} */
export function rowOf(rows, name, where) {
    if (typeof name === 'string' && Object.hasOwn(rows, name)) return rows[name];
    throw new Failure('model_invalid', `tokenizer.json: ${where} is of the type ${JSON.stringify(name)?.slice(0, 100)}, which this page does not know`,
        { expected: `one of ${Object.keys(rows).join(', ')}` });
}
