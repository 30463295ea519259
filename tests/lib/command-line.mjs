/**
 * The command line of a bench and its like, from one table: what is not in it, or has no such value, ends the program
 * with status 2 and says what is allowed; --help prints the table.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';

/** What one option is: how its value is read, what it is otherwise, and what people are told of it.
 * @typedef {{value: string, read: (text: string, name: string) => any, otherwise: any, shown?: string, about: string, isList?: boolean}} Option
 * `shown`: the value otherwise, as people are told of it */

class Refused extends Error {}

/** @param {string} about @returns {Option} true where it is given */
export const flag = (about) => ({ value: '', read: () => true, otherwise: false, about });

/** @param {string} text @param {string} name of its option @param {number} least */
function integer(text, name, least) {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value))
        throw new Refused(`--${name}=${text}; expected: an integer of at least ${least}`);
    return value;
}

/** @param {number | undefined} otherwise @param {string} about @param {number} [least] @returns {Option} an integer */
export const number = (otherwise, about, least = 1) => ({
    value: 'N', otherwise, shown: otherwise?.toString(), about, read: (text, name) => integer(text, name, least),
});

/** @param {number[]} otherwise @param {string} about @returns {Option} integers with commas between them */
export const numbers = (otherwise, about) => ({
    value: 'N,…', isList: true, otherwise, shown: otherwise.join(','), about,
    read: (text, name) => text.split(',').map((one) => integer(one, name, 1)),
});

/** @param {readonly string[]} all @param {string} about @param {readonly string[]} [otherwise]
 * @returns {Option} some of these names, with commas between them, in their order */
export const names = (all, about, otherwise = all) => ({
    value: 'NAME,…', isList: true, otherwise: [...otherwise], shown: otherwise === all ? '' : otherwise.join(','),
    about: `${about}: ${all.join(', ')}`, read: (text, name) => {
        const chosen = text.split(',');
        const unknown = chosen.filter((one) => !all.includes(one));
        if (unknown.length > 0)
            throw new Refused(`--${name}=${unknown.join(',')}; allowed: ${all.join(', ')}, with commas between them`);
        return chosen;
    },
});

/** @param {readonly string[]} all @param {string} about @returns {Option} one of these names; the first, if none is given */
export const name = (all, about) => ({
    value: 'NAME', otherwise: all[0], shown: all[0], about: `${about}: ${all.join(', ')}`, read: (text, option) => {
        if (!all.includes(text)) throw new Refused(`--${option}=${text}; allowed: ${all.join(', ')}`);
        return text;
    },
});

/** @param {string | undefined} otherwise @param {string} about @param {string} [shown] @returns {Option} a folder's path */
export const folder = (otherwise, about, shown = otherwise) => ({
    value: 'DIR', otherwise, shown, about, read: (text) => path.resolve(text),
});

/** How often each thing is measured; undefined where nobody says it, since that depends on --quick.
 * @param {number} usual @param {number} quick */
export const roundsOf = (usual, quick) =>
    number(undefined, `how often each is measured (default ${usual}, ${quick} with --quick)`);

/** The parts that --only names, or all. @param {readonly string[]} all */
export const parts = (all) => names(all, 'what to measure');

/** @param {Record<string, Option>} options */
function help(command, about, options) {
    const lines = Object.entries(options).map(([name, { value, about: told, shown }]) =>
        [value ? `--${name}=${value}` : `--${name}`, shown ? `${told} (default ${shown})` : told]);
    const width = Math.max(...lines.map(([option]) => option.length));
    return [`usage: ${command} [OPTION...]`, '', about, '',
        ...lines.map(([option, told]) => `  ${option.padEnd(width)}  ${told}`), ''].join('\n');
}

/**
 * @param {string} command as people say it @param {string} about @param {Record<string, Option>} options by their names
 * @param {string[]} [words] @returns {Record<string, any>} the options' values
 */
export function commandLine(command, about, options, words = process.argv.slice(2)) {
    if (words.includes('--help')) {
        process.stdout.write(help(command, about, options));
        process.exit(0);
    }
    try {
        return read(options, words);
    } catch (error) {
        if (!(error instanceof Refused) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
        console.error(`${command}: ${error.message}; see ${command} --help`);
        return process.exit(2);
    }
}

/** @param {Record<string, Option>} options @param {string[]} words */
function read(options, words) {
    const known = Object.entries(options).map(([name, { value }]) =>
        [name, { type: value ? 'string' : 'boolean', multiple: true }]);
    const { values } = parseArgs({ args: words, options: Object.fromEntries(known) });
    const valueOf = ([name, { otherwise, isList, read: readOne }]) => {
        const given = values[name];
        return given ? readOne(isList ? given.join(',') : given.at(-1), name) : otherwise;
    };
    return Object.fromEntries(Object.entries(options).map((one) => [one[0], valueOf(one)]));
}
