/**
 * The grammars that llama.cpp takes (GBNF): a parser of the whole language, and what is checked
 * before one goes to the engine. Nothing of a grammar that passes here can fail there, overflow its
 * stack, or make it write out more than a bounded number of elements.
 *
 * A name is made of letters, digits and "-". A rule ends with its line, except inside brackets and
 * after "|". Not taken, though newer versions of llama.cpp do: tokens (`<think>`, `<[12]>`), which
 * depend on the vocabulary.
 */
import { Failure } from '../engine/failure.js';
import { checkCost } from './grammar_cost.js';
import { MAX_BYTES, MAX_DEPTH, MAX_REPEATS, byteLength } from './limits.js';

/**
 * An item of a sequence. `chars` is one character of `ranges` (or, `not`, one of none of them);
 * `max` of a repeat is Infinity where there is no upper bound.
 * @typedef {{type: 'text', points: number[]}
 *         | {type: 'chars', not: boolean, ranges: [number, number][]}
 *         | {type: 'rule', name: string}
 *         | {type: 'group', alternatives: Item[][]}
 *         | {type: 'repeat', item: Item, min: number, max: number}} Item
 */
/** @typedef {Map<string, Item[][]>} Rules the alternatives of each rule by its name */

/** llama.cpp refuses to repeat an item as often as this; a bracket counts as the rules in it. */
const ENGINE_REPEATS = 2000;
/** Characters and references when all repeats are written out. */
const MAX_ELEMENTS = 65536;
/** How many rules llama.cpp may have to enter, each inside the last, before it meets a character. */
const MAX_LEFT_DEPTH = 256;
const LAST_POINT = 0x10ffff;

const NAME = /[A-Za-z0-9-]+/y;
const NUMBER = /[0-9]+/y;
const SPACE = /(?:[ \t]|#[^\r\n]*)*/y;
const SPACE_AND_LINES = /(?:[ \t\r\n]|#[^\r\n]*)*/y;

/** @type {Record<string, number>} */
const ESCAPES = { t: 9, r: 13, n: 10, '\\': 0x5c, '"': 0x22, '[': 0x5b, ']': 0x5d, '-': 0x2d };
/** @type {Record<string, number>} */
const HEX_DIGITS = { x: 2, u: 4, U: 8 };

/**
 * Checks a grammar of a client, or one that was made for it.
 * @param {string} text @param {string} [field] which part of the request it is, or comes from
 * @throws {Failure} input_invalid, grammar_too_costly
 */
export function checkGrammar(text, field = 'options.grammar') {
    try {
        const rules = parseGrammar(text);
        checkRules(rules);
        checkCost(rules, field);
    } catch (error) {
        if (!(error instanceof GrammarError)) throw error;
        throw new Failure('input_invalid', error.message, {
            field,
            expected: `a GBNF grammar with a rule "root", of at most ${MAX_BYTES} bytes, `
                + `${MAX_DEPTH} brackets within each other and ${MAX_REPEATS} repeats in sum`,
        });
    }
}

class GrammarError extends Error {}

/**
 * @param {unknown} text
 * @returns {Rules}
 * @throws {GrammarError}
 */
export function parseGrammar(text) {
    if (typeof text !== 'string') throw new GrammarError('the grammar is not a string');
    if (text.length > MAX_BYTES || byteLength(text) > MAX_BYTES) {
        throw new GrammarError(`the grammar has more than ${MAX_BYTES} bytes`);
    }
    if (text.includes('\0') || !text.isWellFormed()) {
        throw new GrammarError('the grammar contains a NUL or half of a surrogate pair');
    }
    return new Parser(text).rules();
}

class Parser {
    /** @param {string} text */
    constructor(text) {
        this._text = text;
        this._at = 0;
        this._depth = 0;
        this._repeats = 0;
        this._elements = 0;
        /** The number of rules that llama.cpp has made so far: those met by name, and its own for
         * brackets and repeats. */
        this._made = 0;
        /** @type {Set<string>} */
        this._names = new Set();
    }

    /** @returns {Rules} */
    rules() {
        /** @type {Rules} */
        const rules = new Map();
        this._skip(SPACE_AND_LINES);
        while (this._at < this._text.length) {
            const name = this._name();
            if (rules.has(name)) throw this._error(`the rule "${name}" is there twice`);
            this._skip(SPACE);
            if (!this._take('::=')) throw this._error('"::=" is expected after the name of a rule');
            this._skip(SPACE_AND_LINES);
            rules.set(name, this._alternatives(false));
            if (this._at < this._text.length && !/[\r\n]/.test(this._peek())) {
                throw this._error(`${JSON.stringify(this._peek())} is not expected here`);
            }
            this._skip(SPACE_AND_LINES);
        }
        return rules;
    }

    /** @param {boolean} inside brackets @returns {Item[][]} */
    _alternatives(inside) {
        const list = [this._sequence(inside)];
        while (this._take('|')) {
            this._skip(SPACE_AND_LINES);
            list.push(this._sequence(inside));
        }
        return list;
    }

    /** @param {boolean} inside brackets @returns {Item[]} */
    _sequence(inside) {
        const space = inside ? SPACE_AND_LINES : SPACE;
        /** @type {Item[]} */
        const items = [];
        /** How many rules and elements a repeat of the last item repeats. */
        let weight = 1, elements = 0;
        for (;;) {
            const [before, spent] = [this._made, this._elements];
            const repeat = this._repeatMark();
            if (repeat) {
                const item = items.pop();
                if (!item || isEmptyText(item)) throw this._error('there is nothing to repeat');
                const times = repeat.max === Infinity ? Math.max(1, repeat.min) : repeat.max;
                weight *= Math.max(1, times);
                if (weight >= ENGINE_REPEATS) {
                    throw this._error(
                        `a repeat of ${ENGINE_REPEATS} or more: brackets count as many rules as are in them`);
                }
                this._made += repeat.max === Infinity ? 1 : repeat.max - repeat.min;
                elements = (elements + 2) * Math.max(1, times);
                this._spend(elements);
                items.push({ type: 'repeat', item, min: repeat.min, max: repeat.max });
            } else {
                const item = this._item();
                if (!item) return items;
                items.push(item);
                weight = item.type === 'group' ? Math.max(1, this._made - before) : 1;
                elements = item.type === 'group' ? 1 : this._elements - spent;
            }
            this._skip(space);
        }
    }

    /** @returns {Item | null} null where a sequence ends */
    _item() {
        if (this._take('"')) return this._literal();
        if (this._take('[')) return this._class();
        if (this._take('(')) return this._group();
        if (this._take('.')) {
            this._spend(1);
            return { type: 'chars', not: true, ranges: [] };
        }
        if (/[<!]/.test(this._peek())) throw this._error('tokens ("<…>") are not supported in a grammar');
        if (!/[A-Za-z0-9-]/.test(this._peek())) return null;
        this._spend(1);
        return { type: 'rule', name: this._name() };
    }

    /** @returns {Item} */
    _literal() {
        const points = [];
        while (!this._take('"')) points.push(this._character());
        this._spend(points.length);
        return { type: 'text', points };
    }

    /** @returns {Item} */
    _class() {
        const not = this._take('^');
        /** @type {[number, number][]} */
        const ranges = [];
        while (!this._take(']')) {
            const low = this._character();
            const isRange = this._peek() === '-' && this._text[this._at + 1] !== ']';
            if (isRange) this._at++;
            const high = isRange ? this._character() : low;
            if (high < low) throw this._error('a range of characters begins after its end');
            ranges.push([low, high]);
        }
        if (ranges.length === 0) throw this._error('a class of characters is empty');
        this._spend(2 * ranges.length);
        return { type: 'chars', not, ranges };
    }

    /** @returns {Item} */
    _group() {
        if (++this._depth > MAX_DEPTH) throw this._error(`more than ${MAX_DEPTH} brackets within each other`);
        this._made++;
        this._skip(SPACE_AND_LINES);
        const alternatives = this._alternatives(true);
        if (!this._take(')')) throw this._error('")" is expected');
        this._depth--;
        this._spend(1);
        return { type: 'group', alternatives };
    }

    /** The repetition mark after an item. @returns {{min: number, max: number} | null} */
    _repeatMark() {
        if (this._take('*')) return { min: 0, max: Infinity };
        if (this._take('+')) return { min: 1, max: Infinity };
        if (this._take('?')) return { min: 0, max: 1 };
        if (!this._take('{')) return null;
        this._skip(SPACE);
        const min = this._number();
        let max = min;
        if (this._take(',')) {
            this._skip(SPACE);
            max = /[0-9]/.test(this._peek()) ? this._number() : Infinity;
        }
        if (!this._take('}')) throw this._error('"}" is expected');
        if (max < min) throw this._error('a repeat ends before it begins');
        this._repeats += max === Infinity ? min : max;
        if (this._repeats > MAX_REPEATS) throw this._error(`more than ${MAX_REPEATS} repeats in sum`);
        return { min, max };
    }

    /** @returns {number} */
    _number() {
        const digits = this._match(NUMBER);
        if (!digits) throw this._error('a number is expected');
        this._skip(SPACE);
        const number = Number(digits);
        if (number > MAX_REPEATS) throw this._error(`more than ${MAX_REPEATS} repeats`);
        return number;
    }

    /** @returns {string} */
    _name() {
        const name = this._match(NAME);
        if (!name) throw this._error('the name of a rule is expected, of letters, digits and "-"');
        if (!this._names.has(name)) this._made++;
        this._names.add(name);
        return name;
    }

    /** One character of a literal or a class. @returns {number} */
    _character() {
        const point = this._text.codePointAt(this._at);
        if (point === undefined) throw this._error('the grammar ends inside a literal or a class');
        this._at += point > 0xffff ? 2 : 1;
        return point === 0x5c ? this._escape() : point;
    }

    /** @returns {number} */
    _escape() {
        const letter = this._peek();
        this._at++;
        if (Object.hasOwn(ESCAPES, letter)) return ESCAPES[letter];
        if (!Object.hasOwn(HEX_DIGITS, letter)) {
            throw this._error('an unknown escape: there are \\x \\u \\U \\t \\r \\n \\\\ \\" \\[ \\] \\-');
        }
        const digits = this._text.slice(this._at, this._at + HEX_DIGITS[letter]);
        this._at += digits.length;
        const point = /^[0-9A-Fa-f]+$/.test(digits) && digits.length === HEX_DIGITS[letter]
            ? parseInt(digits, 16) : Infinity;
        if (point > LAST_POINT) throw this._error('an escape that names no character');
        return point;
    }

    _peek() {
        return this._text[this._at] ?? '';
    }

    /** @param {string} what */
    _take(what) {
        if (!this._text.startsWith(what, this._at)) return false;
        this._at += what.length;
        return true;
    }

    /** @param {RegExp} pattern sticky @returns {string} */
    _match(pattern) {
        pattern.lastIndex = this._at;
        const found = pattern.exec(this._text)?.[0] ?? '';
        this._at += found.length;
        return found;
    }

    /** @param {RegExp} space */
    _skip(space) {
        this._match(space);
    }

    /** @param {number} elements */
    _spend(elements) {
        this._elements += elements;
        if (this._elements > MAX_ELEMENTS) {
            throw this._error(`more than ${MAX_ELEMENTS} characters and names when repeats are written out`);
        }
    }

    /** @param {string} what */
    _error(what) {
        const lines = this._text.slice(0, this._at).split('\n');
        const column = lines[lines.length - 1].length + 1;
        return new GrammarError(
            `the grammar cannot be used: ${what} (line ${lines.length}, column ${column})`);
    }
}

/** @param {Item} item */
function isEmptyText(item) {
    return item.type === 'text' && item.points.length === 0;
}

/**
 * Checks the rules together: all exist, none begins with itself, and the beginnings are not nested too
 * deeply.
 * @param {Rules} rules @throws {GrammarError}
 */
function checkRules(rules) {
    if (!rules.has('root')) throw new GrammarError('the grammar has no rule "root"');
    const users = usersOf(rules);
    for (const name of users.keys()) {
        if (!rules.has(name)) {
            throw new GrammarError(`the grammar uses a rule "${name}" that it does not have`);
        }
    }
    new LeftEdges(rules, emptyRules(rules, users)).check();
}

/** Which rules name a rule. @param {Rules} rules @returns {Map<string, Set<string>>} */
function usersOf(rules) {
    /** @type {Map<string, Set<string>>} */
    const users = new Map();
    for (const [user, alternatives] of rules) {
        for (const name of namesIn(alternatives)) {
            const set = users.get(name) ?? new Set();
            users.set(name, set.add(user));
        }
    }
    return users;
}

/** @param {Item[][]} alternatives @returns {Generator<string>} */
function* namesIn(alternatives) {
    for (const sequence of alternatives) {
        for (let item of sequence) {
            while (item.type === 'repeat') item = item.item;
            if (item.type === 'rule') yield item.name;
            else if (item.type === 'group') yield* namesIn(item.alternatives);
        }
    }
}

/** The rules that match the empty text. @param {Rules} rules @param {Map<string, Set<string>>} users */
function emptyRules(rules, users) {
    /** @type {Set<string>} */
    const empty = new Set();
    const open = [...rules.keys()];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
        if (empty.has(name) || !mayBeEmpty({ type: 'group', alternatives: rules.get(name) ?? [] }, empty)) {
            continue;
        }
        empty.add(name);
        for (const user of users.get(name) ?? []) open.push(user);
    }
    return empty;
}

/** @param {Item} item @param {Set<string>} empty @returns {boolean} */
function mayBeEmpty(item, empty) {
    switch (item.type) {
    case 'text': return item.points.length === 0;
    case 'chars': return false;
    case 'rule': return empty.has(item.name);
    case 'group': return item.alternatives.some((sequence) =>
        sequence.every((one) => mayBeEmpty(one, empty)));
    case 'repeat': return item.min === 0 || mayBeEmpty(item.item, empty);
    }
}

/** The rules that a rule may have to enter before its first character is matched. */
class LeftEdges {
    /** @param {Rules} rules @param {Set<string>} empty */
    constructor(rules, empty) {
        this._rules = rules;
        this._empty = empty;
        /** The nesting depth of rules at the beginning of a rule. @type {Map<string, number>} */
        this._depths = new Map();
        /** @type {Set<string>} */
        this._inside = new Set();
    }

    check() {
        for (const [name, alternatives] of this._rules) {
            this._rule(name, 0);
            this._everywhere(alternatives);
        }
    }

    /** Items that are not at a beginning are entered too, from the items before them.
     * @param {Item[][]} alternatives */
    _everywhere(alternatives) {
        for (let item of alternatives.flat()) {
            this._item(item, 0);
            while (item.type === 'repeat') item = item.item;
            if (item.type === 'group') this._everywhere(item.alternatives);
        }
    }

    /** @param {string} name @param {number} above @returns {number} */
    _rule(name, above) {
        if (this._inside.has(name)) {
            throw new GrammarError(
                `the rule "${name}" begins with itself (left recursion), which the engine cannot follow`);
        }
        let depth = this._depths.get(name);
        if (depth === undefined) {
            this._inside.add(name);
            depth = this._alternatives(this._rules.get(name) ?? [], above);
            this._inside.delete(name);
            this._depths.set(name, depth);
        }
        return this._bounded(depth, above);
    }

    /** @param {Item[][]} alternatives @param {number} above @returns {number} */
    _alternatives(alternatives, above) {
        let deepest = 0;
        this._bounded(1, above);
        for (const sequence of alternatives) {
            for (const item of sequence) {
                deepest = Math.max(deepest, this._item(item, above + 1));
                if (!mayBeEmpty(item, this._empty)) break;
            }
        }
        return deepest + 1;
    }

    /** @param {Item} item @param {number} above @returns {number} */
    _item(item, above) {
        if (item.type === 'rule') return this._rule(item.name, above);
        if (item.type === 'group') return this._alternatives(item.alternatives, above);
        if (item.type !== 'repeat') return 0;
        if (!mayBeEmpty(item.item, this._empty)) return this._item(item.item, above + 1) + 1;
        if (item.max === Infinity) {
            throw new GrammarError(
                'the grammar repeats without end what may be empty, which the engine cannot follow');
        }
        return this._bounded(this._item(item.item, above + 1) + item.max, above);
    }

    /** @param {number} depth @param {number} above */
    _bounded(depth, above) {
        if (depth + above > MAX_LEFT_DEPTH) {
            throw new GrammarError(`more than ${MAX_LEFT_DEPTH} rules begin with each other`);
        }
        return depth;
    }
}
