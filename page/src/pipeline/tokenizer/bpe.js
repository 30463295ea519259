/** Byte pair encoding: pairs of symbols are merged, of those that may be the one that was learned first, and of these the leftmost. */
import { Failure } from '../../engine/failure.js';

/** @typedef {{id: number, size: number}} Symbol */
/** By a pair of token numbers, combined into one: its rank, and the token it becomes. @typedef {Map<number, {rank: number, id: number}>} Merges */

const PAIR = 2 ** 26; // more than there are tokens

/** @param {any} merges "a b" or ["a", "b"] each @param {ReadonlyMap<string, number>} ids @param {string} prefix of what goes on in a word
 * @returns {Merges} */
export function mergesOf(merges, ids, prefix) {
    return new Map(merges.map((/** @type {any} */ merge, /** @type {number} */ rank) => {
        const [left, right] = Array.isArray(merge) ? merge : splitMerge(merge);
        const one = ids.get(left), other = ids.get(right), id = ids.get(left + right.slice(prefix.length));
        if (one === undefined || other === undefined || id === undefined)
            throw new Failure('model_invalid', `tokenizer.json: model.merges[${rank}] is of tokens that the vocabulary has not`);
        return [one * PAIR + other, { rank, id }];
    }));
}

/** @param {string} merge */
function splitMerge(merge) {
    const at = merge.indexOf(' ');
    return [merge.slice(0, at), merge.slice(at + 1)];
}

/** @param {Symbol[]} symbols changed @param {Merges} merges @returns {Symbol[]} */
export const mergeWord = (symbols, merges) => (symbols.length > SHORT ? mergeLong(symbols, merges) : mergeShort(symbols, merges));
const SHORT = 48;

/** @param {Symbol[]} symbols @param {Merges} merges */
function mergeShort(symbols, merges) {
    for (;;) {
        /** @type {{rank: number, id: number} | undefined} */
        let best;
        let at = -1;
        for (let i = 0; i + 1 < symbols.length; i++) {
            const merge = merges.get(symbols[i].id * PAIR + symbols[i + 1].id);
            if (merge && (!best || merge.rank < best.rank)) [best, at] = [merge, i];
        }
        if (!best) return symbols;
        symbols.splice(at, 2, { id: best.id, size: symbols[at].size + symbols[at + 1].size });
    }
}

/** The same by a heap of pairs, for texts that no pre-tokenizer cuts. @param {Symbol[]} symbols @param {Merges} merges */
function mergeLong(symbols, merges) {
    const next = symbols.map((_, i) => i + 1), before = symbols.map((_, i) => i - 1), isGone = new Uint8Array(symbols.length);
    const heap = new Heap();
    const offer = (/** @type {number} */ i) => {
        const merge = i >= 0 && next[i] < symbols.length ? merges.get(symbols[i].id * PAIR + symbols[next[i]].id) : undefined;
        if (merge) heap.push({ rank: merge.rank, at: i, id: merge.id, left: symbols[i].id, right: symbols[next[i]].id });
    };
    symbols.forEach((_, i) => offer(i));
    for (let top = heap.pop(); top; top = heap.pop()) {
        const { at, id, left, right } = top, other = next[at];
        if (isGone[at] || other >= symbols.length || symbols[at].id !== left || symbols[other].id !== right) continue;
        symbols[at] = { id, size: symbols[at].size + symbols[other].size };
        isGone[other] = 1;
        next[at] = next[other];
        if (next[at] < symbols.length) before[next[at]] = at;
        offer(before[at]);
        offer(at);
    }
    return symbols.filter((_, i) => !isGone[i]);
}

/** @typedef {{rank: number, at: number, id: number, left: number, right: number}} Candidate */

class Heap {
    /** @type {Candidate[]} */
    _items = [];

    /** @param {Candidate} item */
    push(item) {
        const items = this._items;
        let at = items.push(item) - 1;
        for (let up = at - 1 >> 1; at > 0 && isBefore(item, items[up]); up = at - 1 >> 1) {
            items[at] = items[up];
            at = up;
        }
        items[at] = item;
    }

    /** @returns {Candidate | undefined} */
    pop() {
        const items = this._items, top = items[0], last = items.pop();
        if (items.length === 0 || !last) return top;
        let at = 0;
        for (let down = 1; down < items.length; down = 2 * at + 1) {
            if (down + 1 < items.length && isBefore(items[down + 1], items[down])) down++;
            if (!isBefore(items[down], last)) break;
            items[at] = items[down];
            at = down;
        }
        items[at] = last;
        return top;
    }
}

/** @param {Candidate} one @param {Candidate} other */
const isBefore = (one, other) => one.rank < other.rank || (one.rank === other.rank && one.at < other.at);
