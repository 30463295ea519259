/** Texts of answers: paragraphs, and texts in which places are marked. */
import { h, said } from '../../draw.js';

/** @import { Part } from '../../draw.js' */
/** @typedef {{start: number, end: number, label: string}} Span places count characters (code points) */

/** One text node has no more (see `plain`). */
const STEP = 3000;

/** A long text, as several texts. @param {string} text @returns {string[]} */
export function pieces(text) {
    const list = [];
    for (let at = 0; at < text.length;) {
        let end = Math.min(at + STEP, text.length);
        if (/[\ud800-\udbff]/.test(text[end - 1])) end++; // no character is cut in two
        list.push(text.slice(at, end));
        at = end;
    }
    return list;
}

/** A text in a cell of a table. @param {unknown} text */
export const spokenCell = (text) => h('span', { dir: 'auto' }, said(pieces(String(text ?? ''))));

/** @param {string} text */
export const paragraphs = (text) => h('div', { class: 'said', dir: 'auto' }, text.split(/\n{2,}/).filter((one) => one.trim()).map((one) => h('p', null, said(pieces(one)))));

/** @param {string} text @param {Span[]} spans @returns {{text: string, label: string | null}[]} the text in order; of
 * overlapping spans only the one that begins first */
export function cut(text, spans) {
    const characters = [...text];
    /** @type {{text: string, label: string | null}[]} */
    const parts = [];
    let at = 0;
    for (const { start, end, label } of [...spans].sort((one, other) => one.start - other.start || other.end - one.end)) {
        if (!(start >= at && end > start && end <= characters.length)) continue;
        if (start > at) parts.push({ text: characters.slice(at, start).join(''), label: null });
        parts.push({ text: characters.slice(start, end).join(''), label });
        at = end;
    }
    if (at < characters.length) parts.push({ text: characters.slice(at).join(''), label: null });
    return parts;
}

/** @param {string} text @param {Span[]} spans */
export const marked = (text, spans) => h('p', { class: 'marked', dir: 'auto' }, cut(text, spans).map((part) =>
    (part.label === null ? h('span', null, said(pieces(part.text))) : h('mark', null, said(pieces(part.text)), part.label ? h('small', null, part.label) : null))));
