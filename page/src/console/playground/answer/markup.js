/** An answer's marks: paragraphs, headings, lists, quotes, rules and code, as parts to draw. Everything that is not a mark is text: nothing is lost, and nothing
 * is an error. */
import { h, said } from '../../draw.js';
import { inline, pieces } from './inline.js';

/** @import { Part } from '../../draw.js' */
/** @typedef {Map<string, import('../../draw.js').Branch>} Items */
/** @typedef {{kind: 'paragraph' | 'heading' | 'code' | 'list' | 'quote' | 'rule', lines: string[]}} Block */

/** Lists and quotes within each other that are deeper are text. */
const MOST_DEEP = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/, HEADING = /^ {0,3}(#{1,6})(?:\s+(.*))?$/, RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const QUOTE = /^ {0,3}> ?/, ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/, BLANK = /^\s*$/;

/** @param {string} text @returns {Part[]} */
export const markup = (text) => blocksOf(withLines(text).split('\n')).blocks.map((block) => drawn(block, 0));

/** @param {string} text */
const withLines = (text) => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text);

/** An answer that comes bit by bit: only its last block is read again. */
export class Growing {
    #text = '';
    /** The beginning of the block that may still grow. */
    #from = 0;
    /** Those before it: the same objects each time, which the page need not compare. @type {Part[]} */
    #done = [];
    /** The items of the list at the end, by their text. @type {Items} */
    #items = new Map();

    /** @param {string} text if it does not begin with the previous text, all is parsed again @returns {Part[]} */
    read(text) {
        text = withLines(text);
        if (!text.startsWith(this.#text)) {
            this.#from = 0;
            this.#done = [];
        }
        this.#text = text;
        // Only a line that is whole can say that the block before it has ended.
        const whole = text.lastIndexOf('\n') + 1;
        if (whole > this.#from) {
            const { blocks, starts } = blocksOf(text.slice(this.#from, whole - 1).split('\n'));
            this.#done.push(...blocks.slice(0, -1).map((block) => drawn(block, 0)));
            this.#from += starts.at(-1) ?? 0;
        }
        const before = this.#items, now = new Map();
        this.#items = now;
        return [...this.#done, ...blocksOf(text.slice(this.#from).split('\n')).blocks.map((block) => drawn(block, 0, { before, now }))];
    }
}

/** @param {string[]} lines @returns {{blocks: Block[], starts: number[]}} and at which character each begins */
function blocksOf(lines) {
    /** @type {Block[]} */
    const blocks = [];
    /** @type {number[]} */
    const starts = [];
    let at = 0;
    for (let i = 0; i < lines.length;) {
        if (BLANK.test(lines[i])) {
            at += lines[i++].length + 1;
            continue;
        }
        const kind = kindOf(lines[i]), end = ENDS[kind](lines, i);
        const taken = lines.slice(i, end);
        blocks.push({ kind, lines: taken });
        starts.push(at);
        at += taken.reduce((sum, line) => sum + line.length + 1, 0);
        i = end;
    }
    return { blocks, starts };
}

/** @param {string} line @returns {Block['kind']} */
function kindOf(line) {
    if (FENCE.test(line)) return 'code';
    if (HEADING.test(line)) return 'heading';
    if (RULE.test(line)) return 'rule';
    if (QUOTE.test(line)) return 'quote';
    return ITEM.test(line) ? 'list' : 'paragraph';
}

/** The line after the block that begins at a line. @type {Record<Block['kind'], (lines: string[], from: number) => number>} */
const ENDS = {
    heading: (_, from) => from + 1,
    rule: (_, from) => from + 1,
    code(lines, from) {
        const mark = FENCE.exec(lines[from])?.[1] ?? '```';
        for (let i = from + 1; i < lines.length; i++) if (closes(lines[i], mark)) return i + 1;
        return lines.length;
    },
    quote: (lines, from) => upTo(lines, from, (line) => QUOTE.test(line)),
    paragraph: (lines, from) => upTo(lines, from, (line) => kindOf(line) === 'paragraph'),
    list(lines, from) {
        let fence = '', end = from + 1;
        for (let i = end; i < lines.length; i++) {
            const line = lines[i], isBlank = BLANK.test(line);
            const opened = fence ? null : /^\s*(`{3,}|~{3,})[^`]*$/.exec(line);
            if (fence) fence = closes(line.trimStart(), fence) ? '' : fence;
            else if (opened && /^\s/.test(line)) fence = opened[1];
            else if (!isBlank && !ITEM.test(line) && !/^\s{2,}/.test(line) && (BLANK.test(lines[i - 1]) || kindOf(line) !== 'paragraph')) return end;
            else if (RULE.test(line)) return end;
            if (!isBlank || fence) end = i + 1;
        }
        return end;
    },
};

/** @param {string} line @param {string} mark with which the code began */
function closes(line, mark) {
    const text = line.trim();
    return text.length >= mark.length && text === mark[0].repeat(text.length) && line.length - line.trimStart().length < 4;
}

/** @param {string[]} lines @param {number} from @param {(line: string) => boolean} goesOn */
function upTo(lines, from, goesOn) {
    let end = from + 1;
    while (end < lines.length && !BLANK.test(lines[end]) && goesOn(lines[end])) end++;
    return end;
}

/** @param {Block} block @param {number} depth @param {{before: Items, now: Items}} [items] those that were drawn before, and are kept @returns {Part} */
function drawn({ kind, lines }, depth, items) {
    if (kind === 'rule') return h('hr', null);
    if (kind === 'code') return fenced(lines);
    if (kind === 'heading') {
        const [, marks = '#', text = ''] = HEADING.exec(lines[0]) ?? [];
        return h('h4', { class: `level${marks.length}` }, ...inline(text));
    }
    if (depth < MOST_DEEP && kind === 'quote') return h('blockquote', null, ...within(lines.map((line) => line.replace(QUOTE, '')), depth));
    if (depth < MOST_DEEP && kind === 'list') return list(lines, depth, items);
    return h('p', null, ...inline(lines.join('\n')));
}

/** @param {string[]} lines @param {number} depth */
const within = (lines, depth) => blocksOf(lines).blocks.map((block) => drawn(block, depth + 1));

/** @param {string[]} lines */
function fenced(lines) {
    const [, mark = '```', language = ''] = FENCE.exec(lines[0]) ?? [];
    const isClosed = lines.length > 1 && closes(lines[lines.length - 1], mark);
    return h('figure', { class: 'fenced', dir: 'ltr' }, language.trim() ? h('figcaption', null, ...pieces(language.trim())) : null,
        h('pre', { tabindex: '0', role: 'region', 'aria-label': 'Code' }, h('code', null, ...said(pieces(lines.slice(1, isClosed ? -1 : undefined).join('\n'))))));
}

/** @param {string[]} lines @param {number} depth @param {{before: Items, now: Items}} [kept] */
function list(lines, depth, kept) {
    const items = itemsOf(lines);
    return h(/\d/.test(items[0].mark) ? 'ol' : 'ul', null, items.map(({ mark, lines: own }) => {
        const text = `${mark}\n${own.join('\n')}`, one = kept?.before.get(text) ?? item(mark, own, depth);
        kept?.now.set(text, one);
        return one;
    }));
}

/** @param {string} mark @param {string[]} lines @param {number} depth */
function item(mark, lines, depth) {
    const isNumbered = /\d/.test(mark);
    return h('li', { class: isNumbered ? 'numbered' : undefined }, isNumbered ? h('span', { class: 'number' }, `${mark} `) : null, ...tight(within(lines, depth)));
}

/** @param {string[]} lines @returns {{mark: string, lines: string[]}[]} */
function itemsOf(lines) {
    const indent = ITEM.exec(lines[0])?.[1].length ?? 0;
    /** @type {{mark: string, lines: string[]}[]} */
    const items = [];
    let width = 0, fence = '';
    for (const line of lines) {
        const found = fence ? null : ITEM.exec(line);
        if (found && found[1].length < indent + 2) {
            width = found[0].length;
            items.push({ mark: found[2], lines: [line.slice(width)] });
        } else {
            const spaces = line.length - line.trimStart().length;
            items[items.length - 1].lines.push(line.slice(Math.min(spaces, width)));
        }
        const opened = /^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?(`{3,}|~{3,})[^`]*$/.exec(line);
        if (fence) fence = closes(line.trimStart(), fence) ? '' : fence;
        else if (opened && /^\s/.test(line)) fence = opened[1];
    }
    return items;
}

/** An item that is one paragraph is shown without its space. @param {Part[]} parts */
function tight(parts) {
    const [first] = parts;
    return typeof first === 'object' && first !== null && 'tag' in first && first.tag === 'p' ? [{ ...first, tag: 'span' }, ...parts.slice(1)] : parts;
}
