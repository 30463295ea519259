/** How figures and texts are shown. An unknown value is a dash. */
import { count, isFigure, many, NOTHING } from '../shared/count.js';

export { count, many, NOTHING };
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];
/** Characters that change the direction of text or are invisible. Names show them by number, so that no name looks like another. */
export const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
/** Characters that no language or script needs: control characters, and those that change the direction of the following text.
 * Joiners and direction marks belong to Persian, Hindi and emoji. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
/** More of one text is shown nowhere but where a person asks for it. */
const MOST_CHARACTERS = 4000;

/** @param {unknown} value @returns {string} a name, or any other text from outside, as it may be shown */
export const plain = (value) => numbered(value, UNSEEN);

/** @param {unknown} value @returns {string} what a model or a person says, as it may be shown; not for names */
export const spoken = (value) => numbered(value, CONTROLS);

/** @param {unknown} value @param {RegExp} unseen @returns {string} not too long, and with the numbers of what is unseen */
function numbered(value, unseen) {
    const text = String(value ?? '');
    const short = text.length > MOST_CHARACTERS
        ? `${text.slice(0, MOST_CHARACTERS - 40)}… (${count(text.length)} characters)` : text;
    return short.replace(unseen, (character) => `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** @param {unknown} value bytes */
export function bytes(value) {
    if (!isFigure(value)) return NOTHING;
    let size = value, unit = 0;
    while (size >= 999.5 && unit < UNITS.length - 1) {
        size /= 1000;
        unit++;
    }
    return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${UNITS[unit]}`;
}

/** @param {unknown} value milliseconds of an age or of what is left, as people say it */
export function duration(value) {
    if (!isFigure(value)) return NOTHING;
    const seconds = Math.max(0, Math.floor(value / 1000));
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
    return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** @param {unknown} value milliseconds that something took */
export function milliseconds(value) {
    if (!isFigure(value)) return NOTHING;
    if (value < 9.95) return `${value.toFixed(1)} ms`;
    if (value < 9999.5) return `${Math.round(value)} ms`;
    return `${(value / 1000).toFixed(1)} s`;
}

/** @param {unknown} value @param {number} [digits] after the point, for a small value */
export function rate(value, digits = 1) {
    if (!isFigure(value)) return NOTHING;
    return value >= 99.95 ? count(Math.round(value)) : value.toFixed(digits);
}

/** @param {unknown} value milliseconds since 1970 */
export function clock(value) {
    if (!isFigure(value)) return NOTHING;
    return new Date(value).toTimeString().slice(0, 8);
}

/** @param {unknown} value milliseconds since 1970 */
export function moment(value) {
    if (!isFigure(value) || Math.abs(value) > 8e15) return NOTHING;
    const date = new Date(value);
    const two = (/** @type {number} */ part) => String(part).padStart(2, '0');
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(value)}`;
}
