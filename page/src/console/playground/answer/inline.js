/** Emphasis, strong text, what is struck out, and code within a line. Links and pictures stay the text that they are. */
import { h, said } from '../../draw.js';

/** @import { Part } from '../../draw.js' */

/** Deeper ones are text. */
const MOST_DEEP = 6;
/** A longer text node is cut when it is drawn (plain). */
const MOST_IN_NODE = 2000;
const MARKS = [['**', 'strong'], ['__', 'strong'], ['~~', 'del'], ['*', 'em'], ['_', 'em']];
const SPECIAL = /[\\`*_~]/g;

/** @param {string} text @returns {string[]} the text in pieces that are shown whole */
export function pieces(text) {
    const found = [];
    for (let at = 0; at < text.length;) {
        let end = Math.min(at + MOST_IN_NODE, text.length);
        if (end < text.length && /[\udc00-\udfff]/.test(text[end])) end--;
        found.push(text.slice(at, end));
        at = end;
    }
    return found;
}

/** @param {string} text @param {number} [depth] @returns {Part[]} */
export function inline(text, depth = 0) {
    /** @type {Part[]} */
    const parts = [];
    /** Marks that nothing closes from here on. */
    const unclosed = new Set();
    let plain = '', at = 0;
    const put = (/** @type {Part} */ part) => {
        parts.push(...said(pieces(plain)), part);
        plain = '';
    };
    while (at < text.length) {
        SPECIAL.lastIndex = at;
        const next = SPECIAL.exec(text)?.index ?? text.length;
        plain += text.slice(at, next);
        if (next === text.length) break;
        const found = special(text, next, unclosed);
        at = found.end;
        if (found.tag === 'code') put(h('code', { dir: 'ltr' }, ...said(pieces(found.inner))));
        else if (found.tag && depth < MOST_DEEP) put(h(found.tag, null, ...inline(found.inner, depth + 1)));
        else plain += found.tag ? text.slice(next, found.end) : found.inner;
    }
    return [...parts, ...said(pieces(plain))];
}

/** What begins with a special character. @param {string} text @param {number} at @param {Set<string>} unclosed
 * @returns {{tag: string, inner: string, end: number}} without a tag: text */
function special(text, at, unclosed) {
    const character = text[at];
    if (character === '\\') {
        const isEscape = /[!-/:-@[-`{-~]/.test(text[at + 1] ?? '');
        return { tag: '', inner: isEscape ? text[at + 1] : '\\', end: at + (isEscape ? 2 : 1) };
    }
    if (character === '`') return code(text, at, unclosed);
    for (const [mark, tag] of MARKS) {
        const end = text.startsWith(mark, at) && !unclosed.has(mark) ? closing(text, at, mark, unclosed) : -1;
        if (end >= 0) return { tag, inner: text.slice(at + mark.length, end), end: end + mark.length };
    }
    let end = at + 1;
    while (text[end] === character) end++;
    return { tag: '', inner: text.slice(at, end), end };
}

/** @param {string} text @param {number} at @param {Set<string>} unclosed */
function code(text, at, unclosed) {
    let length = 1;
    while (text[at + length] === '`') length++;
    const mark = '`'.repeat(length), inside = at + length;
    for (let end = unclosed.has(mark) ? -1 : text.indexOf(mark, inside); end >= 0;) {
        let after = end + length;
        if (text[after] !== '`') return { tag: 'code', inner: text.slice(inside, end), end: after };
        while (text[after] === '`') after++;
        end = text.indexOf(mark, after);
    }
    unclosed.add(mark);
    return { tag: '', inner: mark, end: inside };
}

const isSpace = (/** @type {string | undefined} */ character) => character === undefined || /\s/.test(character);
const isWord = (/** @type {string | undefined} */ character) => character !== undefined && /[\p{L}\p{N}_]/u.test(character);

/** The position at which it is closed. @param {string} text @param {number} at @param {string} mark @param {Set<string>} unclosed */
function closing(text, at, mark, unclosed) {
    const inside = at + mark.length;
    if (isSpace(text[inside]) || (mark[0] === '_' && isWord(text[at - 1]))) return -1;
    for (let end = text.indexOf(mark, inside + 1); end >= 0; end = text.indexOf(mark, end + 1)) {
        if (mark.length === 2 && text[end + 2] === mark[0]) continue; // of three the last two close
        if (mark.length === 1 && (text[end + 1] === mark || text[end - 1] === mark) && !(text[end + 1] !== mark && text[end - 2] === mark && text[end - 3] !== mark)) continue;
        if (isSpace(text[end - 1]) || (mark[0] === '_' && isWord(text[end + mark.length]))) continue;
        return end;
    }
    unclosed.add(mark);
    return -1;
}
