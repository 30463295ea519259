/**
 * A text that is being normalised, and the origin of its characters. `from` and `to` have an entry for each UTF-16 unit of
 * `text`: the characters (code points) of the original that it represents. Inserted text represents the same as the text
 * before it, as in the Rust library (tokenizers 0.22, tokenizer/normalizer.rs), so that offsets are the same.
 */

/** A character, and what it is: 0 in the place of the next one; 1 new; −n in the place of the next one and n behind it.
 * @typedef {[string, number]} Change */
/** Where something is found in a text, in UTF-16 units. @typedef {{start: number, end: number, isMatch: boolean}} Match */

export class Piece {
    /** @param {string} text @param {number[]} from @param {number[]} to */
    constructor(text, from, to) {
        this.text = text;
        this.from = from;
        this.to = to;
    }

    /** @param {string} text the original */
    static of(text) {
        /** @type {number[]} */
        const from = [], to = [];
        let at = 0;
        for (const character of text) {
            for (let i = 0; i < character.length; i++) {
                from.push(at);
                to.push(at + 1);
            }
            at++;
        }
        return new Piece(text, from, to);
    }

    /** @param {number} start @param {number} end in UTF-16 units */
    slice(start, end) {
        return new Piece(this.text.slice(start, end), this.from.slice(start, end), this.to.slice(start, end));
    }

    /** Whether it begins where the original does. */
    get isFirst() { return this.from[0] === 0; }

    /** Each character becomes what `changed` makes of it: one, or several, or undefined: it stays.
     * @param {(character: string) => string | undefined} changed */
    map(changed) {
        const isSame = (/** @type {string} */ one) => (changed(one) ?? one) === one;
        if (areAll(this.text, isSame)) return this;
        const made = new Piece('', [], []);
        let at = 0;
        for (const character of this.text) {
            const own = changed(character) ?? character, from = this.from[at], to = this.to[at];
            made.text += own;
            for (let left = own.length; left > 0; left--) {
                made.from.push(from);
                made.to.push(to);
            }
            at += character.length;
        }
        return made;
    }

    /** @param {(character: string) => boolean} isKept */
    filter(isKept) {
        if (areAll(this.text, isKept)) return this;
        const made = new Piece('', [], []);
        let at = 0;
        for (const character of this.text) {
            if (isKept(character)) made._push(character, this.from[at], this.to[at]);
            at += character.length;
        }
        return made;
    }

    /** @param {readonly Change[]} changes of all its characters */
    changed(changes) {
        const made = new Piece('', [], []);
        const widths = Array.from(this.text, ({ length }) => length);
        let at = 0, next = 0;
        for (const [character, change] of changes) {
            const source = change > 0 ? at - 1 : at;
            made._push(character, this.from[source] ?? 0, this.to[source] ?? 0);
            if (change > 0) continue;
            for (let left = 1 - change; left > 0; left--) at += widths[next++] ?? 0;
        }
        return made;
    }

    /** @param {string} text */
    prepended(text) {
        if (this.text === '') return this;
        const [from] = this.from, [to] = this.to, { length } = text;
        return new Piece(text + this.text, [...Array(length).fill(from), ...this.from], [...Array(length).fill(to), ...this.to]);
    }

    /** @param {Iterable<Match>} matches of all of it @param {string} content replaces the matches */
    replaced(matches, content) {
        const made = new Piece('', [], []);
        for (const { start, end, isMatch } of matches) {
            if (isMatch) {
                for (const one of content) made._push(one, this.from[end - 1] ?? 0, this.to[end - 1] ?? 0);
                continue;
            }
            made.text += this.text.slice(start, end);
            for (let at = start; at < end; at++) {
                made.from.push(this.from[at]);
                made.to.push(this.to[at]);
            }
        }
        return made;
    }

    /** @param {string} character @param {number} from @param {number} to */
    _push(character, from, to) {
        this.text += character;
        for (let i = 0; i < character.length; i++) {
            this.from.push(from);
            this.to.push(to);
        }
    }
}

/** @param {string} text @param {(character: string) => boolean} holds */
function areAll(text, holds) {
    for (const one of text) if (!holds(one)) return false;
    return true;
}

/** All of a text, cut where an expression matches, be it nothing. @param {string} text @param {RegExp} expression with the flag g
 * @returns {Match[]} */
export function matchesOf(text, expression) {
    /** @type {Match[]} */
    const found = [];
    let last = 0;
    for (const { index, 0: { length } } of text.matchAll(expression)) {
        if (index > last) found.push({ start: last, end: index, isMatch: false });
        if (length > 0) found.push({ start: index, end: index + length, isMatch: true });
        last = index + length;
    }
    if (last < text.length) found.push({ start: last, end: text.length, isMatch: false });
    return found;
}
