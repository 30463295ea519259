/**
 * The cost of a grammar in llama.cpp for each character. llama.cpp keeps all possible continuations of a text, as
 * stacks of items to match, without a bound. With an ambiguous grammar they multiply, and llama.cpp computes nothing
 * else meanwhile. So this module counts the stacks: before the run, along texts on which many stacks continue, from
 * everywhere in the grammar; and during the run, along the answer.
 */
import { Failure } from '../engine/failure.js';

/** @import { Item, Rules } from './grammar.js' */
/**
 * A stack: the next item to match, and below it the rest. `ref` is a sequence, from its item `at` on; or a repeat with
 * at least `at` and at most `most` repetitions to come; or, if `isEnd` says that a character is next, its text or class.
 * Equal stacks are one object.
 * @typedef {{id: number, ref: Item[] | Item, at: number, most: number, isEnd: boolean, next: Stack | null,
 *   reached: Reached | null}} Stack
 */
/** The stacks with a character on top that one leads to, and how many it takes to find them.
 * @typedef {{ends: Stack[], size: number}} Reached */

/** Limits on the stacks: for a beginning, such as a list of thousands of words, and for each further character.
 * llama.cpp takes about a millisecond per thousand stacks, in addition to its work on the vocabulary. */
const FIRST = 32_768;
const EACH = 1_000;
/** The number of characters along which a grammar is tried. */
const LENGTH = 24;
/** llama.cpp follows each refused token of its vocabulary in all possible readings of its beginning. This is the most
 * readings after that many characters. */
const READINGS = 20_000;
const READINGS_LENGTH = 8;
/** All trials of a grammar together look at no more stacks. */
const TRIALS = 100_000;
/** At most so many first characters of stacks are compared; the one that most stacks begin with is tried. */
const CHOICES = 32;

class TooCostly extends Error {}

/** @param {string} [field] which part of the request it is, or comes from */
const failure = (field) => new Failure('grammar_too_costly',
    'the grammar can be read in so many ways that a token would take the engine too long',
    { field, expected: 'parts that can be told apart by their first characters, and fewer optional ones behind each other' });

/** Tries a grammar out. @param {Rules} rules checked otherwise @param {string} field
 * @throws {Failure} grammar_too_costly */
export function checkCost(rules, field) {
    const stacks = new Stacks(rules);
    let left = TRIALS;
    try {
        for (const [items, at] of beginnings(rules)) {
            if (left <= 0) return;
            left -= tryOut(stacks, stacks.of(items, at, 0, null));
        }
    } catch (thrown) {
        throw thrown instanceof TooCostly ? failure(field) : thrown;
    }
}

/** The cost of a grammar along one answer. */
export class GrammarCost {
    /** @param {Rules} rules that passed the trial */
    constructor(rules) {
        const stacks = new Stacks(rules);
        this._way = new Way(stacks, stacks.of(ROOT, 0, 0, null));
    }

    /** The answer goes on. @param {string} text @throws {Failure} grammar_too_costly */
    add(text) {
        try {
            for (const character of text) this._way.step(/** @type {number} */ (character.codePointAt(0)));
        } catch (thrown) {
            throw thrown instanceof TooCostly ? failure() : thrown;
        }
    }
}

/** The end of a complete text: no text contains U+0000. @type {Item} */
const END = { type: 'text', points: [0, 0] };

/** Whether a grammar lets a text through. @param {Rules} rules @param {string} text @param {string} field
 * @throws {Failure} grammar_too_costly */
export function accepts(rules, text, field) {
    const stacks = new Stacks(rules);
    try {
        const way = new Way(stacks, stacks.of([...ROOT, END], 0, 0, null));
        for (const character of text) way.step(/** @type {number} */ (character.codePointAt(0)));
        return way.step(0) > 0;
    } catch (thrown) {
        throw thrown instanceof TooCostly ? failure(field) : thrown;
    }
}

/** @type {Item[]} */
const ROOT = [{ type: 'rule', name: 'root' }];

/** The places from which a grammar is tried: its root, and every item that is not just the rest of a text.
 * @param {Rules} rules @returns {Generator<[Item[], number]>} */
function* beginnings(rules) {
    yield [ROOT, 0];
    for (const alternatives of rules.values()) yield* beginningsIn(alternatives);
}

/** @param {Item[][]} alternatives @returns {Generator<[Item[], number]>} */
function* beginningsIn(alternatives) {
    for (const sequence of alternatives) {
        for (let at = 0; at < sequence.length; at++) {
            let item = sequence[at];
            if (item.type !== 'text' && (at === 0 || sequence[at - 1].type === 'text')) yield [sequence, at];
            while (item.type === 'repeat') item = item.item;
            if (item.type === 'group') yield* beginningsIn(item.alternatives);
        }
    }
}

/** @param {Stacks} stacks @param {Stack} from @returns {number} how many stacks it took @throws {TooCostly} */
function tryOut(stacks, from) {
    const way = new Way(stacks, from);
    for (let length = 1; length <= LENGTH; length++) {
        const point = way.choice();
        if (point === undefined) break;
        const readings = way.step(point);
        if (length <= READINGS_LENGTH && readings > READINGS) throw new TooCostly();
    }
    return way.cost;
}

/** A text, character by character. */
class Way {
    /** @param {Stacks} stacks @param {Stack} from */
    constructor(stacks, from) {
        this._stacks = stacks;
        const { ends, size } = stacks.reach(from);
        /** In how many ways what there is can be read, by what is to follow. @type {Map<Stack, number>} */
        this._ends = new Map(ends.map((end) => [end, 1]));
        this.cost = size;
        this._allowed = FIRST;
        this._check();
    }

    /** A character that many of the stacks begin with. @returns {number | undefined} */
    choice() {
        let best, most = 0;
        const choices = new Set();
        for (const end of this._ends.keys()) {
            const point = pointOf(end);
            if (choices.size < CHOICES && point !== undefined) choices.add(point);
        }
        for (const point of choices) {
            let count = 0;
            for (const end of this._ends.keys()) if (matches(end, point)) count++;
            if (count > most) [best, most] = [point, count];
        }
        return best;
    }

    /** @param {number} point @returns {number} in how many ways what there is can be read @throws {TooCostly} */
    step(point) {
        /** @type {Map<Stack, number>} */
        const next = new Map();
        let readings = 0;
        this._allowed += EACH;
        for (const [end, count] of this._ends) {
            if (!matches(end, point)) continue;
            const { ends, size } = this._stacks.reach(this._stacks.behind(end));
            this.cost += size;
            this._check();
            for (const one of ends) next.set(one, (next.get(one) ?? 0) + count);
            readings += count * ends.length;
        }
        this._ends = next;
        this._check();
        return readings;
    }

    _check() {
        if (this.cost > this._allowed) throw new TooCostly();
    }
}

/** The stacks of one grammar. */
class Stacks {
    /** @param {Rules} rules */
    constructor(rules) {
        this._rules = rules;
        /** @type {Map<object, number>} */
        this._refs = new Map();
        /** @type {Map<string, Stack>} */
        this._all = new Map();
    }

    /** @param {Item[] | Item} ref @param {number} at @param {number} most @param {Stack | null} next @param {boolean} [isEnd]
     * @returns {Stack} */
    of(ref, at, most, next, isEnd = false) {
        const number = this._refs.get(ref) ?? this._refs.size + 1;
        this._refs.set(ref, number);
        const key = `${number} ${at} ${most} ${next?.id ?? 0} ${isEnd}`;
        let stack = this._all.get(key);
        if (!stack) this._all.set(key, stack = { id: this._all.size + 1, ref, at, most, isEnd, next, reached: null });
        return stack;
    }

    /** @param {Stack | null} from @returns {Reached} @throws {TooCostly} */
    reach(from) {
        if (!from) return NOTHING;
        return from.reached ??= this._reach(from);
    }

    /** @param {Stack} from @returns {Reached} */
    _reach(from) {
        /** @type {Set<Stack | null>} */
        const seen = new Set([from]);
        /** @type {Stack[]} */
        const ends = [];
        for (const stack of seen) { // grows meanwhile
            if (seen.size > FIRST) throw new TooCostly();
            if (stack?.isEnd) ends.push(stack);
            else if (stack) for (const one of this._enter(stack)) seen.add(one);
        }
        return { ends, size: seen.size };
    }

    /** @param {Stack} stack @returns {(Stack | null)[]} what it may be instead */
    _enter({ ref, at, most, next }) {
        if (Array.isArray(ref)) {
            return this._item(ref[at], at + 1 < ref.length ? this.of(ref, at + 1, 0, next) : next);
        }
        const { item } = /** @type {Item & {type: 'repeat'}} */ (ref);
        const rest = most > 1 ? this.of(ref, Math.max(0, at - 1), most - 1, next) : next;
        const more = most > 0 ? this._item(item, rest) : [];
        return at === 0 ? [next, ...more] : more;
    }

    /** @param {Item} item @param {Stack | null} next @returns {(Stack | null)[]} */
    _item(item, next) {
        switch (item.type) {
        case 'text': return [item.points.length > 0 ? this.of(item, 0, 0, next, true) : next];
        case 'chars': return [this.of(item, 0, 0, next, true)];
        case 'repeat': return [this.of(item, item.min, item.max, next)];
        default: {
            const alternatives = item.type === 'group' ? item.alternatives : this._rules.get(item.name) ?? [];
            return alternatives.map((sequence) => (sequence.length > 0 ? this.of(sequence, 0, 0, next) : next));
        }
        }
    }

    /** The stacks after the character on top of one. @param {Stack} end */
    behind({ ref, at, next }) {
        const { type, points = [] } = /** @type {Item & {points?: number[]}} */ (ref);
        return type === 'text' && at + 1 < points.length ? this.of(ref, at + 1, 0, next, true) : next;
    }
}

/** @type {Reached} */
const NOTHING = Object.freeze({ ends: [], size: 1 });

/** @param {Stack} end @param {number} point */
function matches({ ref, at }, point) {
    const item = /** @type {Item} */ (ref);
    if (item.type === 'text') return item.points[at] === point;
    return item.type === 'chars' && item.ranges.some(([low, high]) => low <= point && point <= high) !== item.not;
}

/** A character that it begins with. @param {Stack} end @returns {number | undefined} */
function pointOf(end) {
    const item = /** @type {Item} */ (end.ref);
    if (item.type === 'text') return item.points[end.at];
    if (item.type !== 'chars') return undefined;
    return item.not ? [0x61, 0x20, 0x30, 0x4e00].find((point) => matches(end, point)) : item.ranges[0][0];
}
