/** Problems as whole sentences, each with its remedy. */
import { many, plain } from './format.js';

/** The beginnings of the daemon's warnings, and their remedies; the last member is true for a chosen setting, which is not a failure.
 * @type {[string, string, boolean?][]} */
const HELP = [
    ['browsers have no network of their own, because', 'Let the daemon make network namespaces, or set “network = isolated” under [pool], so that no browser starts without one.'],
    ['browsers have no network of their own', 'Set “network = auto” under [pool] to give each browser one.', true],
    ["the browser's own sandbox is off, by configuration", 'Set “sandbox = auto” for these browsers, and run the daemon as another user than root.', true],
    ["the browser's own sandbox is off", ''], // it says so itself
    ['memory is short', 'Close other programs on that machine, or lower “max_connections” under [pool].'],
    ['the API asks for no tokens', 'Set “tokens_file” under [api] to a file that “webinfer token new NAME --file FILE” makes.', true],
    ['the database cannot be written', 'Free space on its disk, and make sure that the daemon may write there. The daemon keeps trying.'],
];
const ELSE = 'The log says more.';

/** @param {unknown} text @returns {string} as a sentence: with a capital letter and a full stop */
export function sentence(text) {
    const said = plain(text).trim();
    return `${said.slice(0, 1).toUpperCase()}${said.slice(1)}${/[.!?…]$/.test(said) ? '' : '.'}`;
}

/** @typedef {{what: string, help: string, isFault: boolean}} Warning the problem, its remedy, and whether it is a failure rather than a chosen setting */

/** @param {string} warning of the daemon @returns {Warning} */
function warned(warning) {
    const [, help, isChosen = false] = HELP.find(([begin]) => warning.startsWith(begin)) ?? ['', ELSE];
    return { what: sentence(warning), help, isFault: !isChosen };
}

/** @param {string} name @param {any} kind of browser @returns {Warning[]} empty if all is well, or if the kind is not wanted */
function kindsProblem(name, kind) {
    if (kind.max === 0 || (!kind.problem && kind.breaker === 'closed')) return [];
    const begin = plain(name).slice(0, 1).toUpperCase() + plain(name).slice(1), why = kind.problem ? `: ${sentence(kind.problem).replace(/^./, (first) => first.toLowerCase())}` : '.';
    if (!kind.installed) return [{ what: `${begin} is not there${why}`, isFault: false,
        help: `If it is not wanted, set “max_connections = 0” under [browser.${plain(name)}]; “webinfer doctor” says what is missing.` }];
    if (kind.breaker === 'closed') return [{ what: `${begin} has a problem${why}`, help: ELSE, isFault: true }];
    return [{ what: `${begin} does not start${why}`, isFault: true,
        help: `After ${many(kind.failures, 'failed start')} the daemon retries less often. “webinfer doctor” tries it once; the log says more.` }];
}

/** @param {{warnings?: string[], kinds?: Record<string, any>}} status @returns {Warning[]} */
export const warningsOf = ({ warnings = [], kinds = {} }) => [...warnings.map(warned), ...Object.entries(kinds).flatMap(([name, kind]) => kindsProblem(name, kind))];
