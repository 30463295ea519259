/** Lines of the daemon's log: filters, the fields apart from the message, and copying. */
import { clock, moment, NOTHING } from './format.js';

/** @typedef {{seq: number, time: string, level: string, part: string, subject?: string | null, message: string, [field: string]: unknown}} Line */
/** @typedef {{level: string, part: string, contains: string}} Filter */

export const LEVELS = ['error', 'warn', 'info', 'debug'];
/** Fields that are shown in a place of their own. */
const OWN = new Set(['seq', 'time', 'level', 'part', 'subject', 'message']);

/** @param {Line} line @param {Filter} filter */
export const passes = (line, { level, part, contains }) => LEVELS.indexOf(line.level) <= LEVELS.indexOf(level)
    && (!part || line.part === part) && (!contains || `${line.message}\n${line.subject ?? ''}`.includes(contains));

/** A line's fields apart from its message. @param {Line} line @returns {string[]} */
export const fieldsOf = (line) => Object.entries(line).filter(([name, value]) => !OWN.has(name) && value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);

/** The fields that the message does not repeat: it says for people what the fields say for programs. @param {Line} line @returns {string[]} */
export const unsaidOf = (line) => fieldsOf(line).filter((field) => {
    const name = field.slice(0, field.indexOf('=')), value = line[name];
    return value !== false && value !== line.subject && !formsOf(name, value).some((form) => line.message.includes(form));
});

/** The forms that a value may have in a message: numbers are rounded there. @param {string} name @param {unknown} value @returns {string[]} */
const formsOf = (name, value) => [value === true ? name.replaceAll('_', ' ') : String(value),
    ...(typeof value === 'number' ? [2, 1, 0].map((digits) => value.toFixed(digits)) : [])];

/** A line as it is copied: its time is the daemon's, in UTC. @param {Line} line */
export const textOf = (line) => [line.time, line.level, `${line.part}:`, ...(line.subject ? [`${line.subject}:`] : []), line.message, ...fieldsOf(line)].join(' ');

/** @param {Line} line @param {number} [now] @returns {string} its local time, with the date if that is not today */
export function timeOf({ time }, now = Date.now()) {
    const at = Date.parse(String(time));
    if (Number.isNaN(at)) return NOTHING;
    const isToday = moment(at).slice(0, 10) === moment(now).slice(0, 10);
    return `${isToday ? clock(at) : moment(at)}.${String(at % 1000).padStart(3, '0')}`;
}
