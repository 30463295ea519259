/** Whether a grammar lets a text through: tried out on the parsed rules, for short texts. */
import { checkGrammar, parseGrammar } from '../../../page/src/chat/grammar.js';

/** A function that says so of a text. The grammar must be one that the engine takes. */
export function matcher(grammar) {
    checkGrammar(grammar);
    const rules = parseGrammar(grammar);
    return (text) => new Match(rules, Array.from(text, (one) => one.codePointAt(0))).isWhole();
}

/** Where an item may end that begins at a position, as a set. */
class Match {
    constructor(rules, points) {
        this.rules = rules;
        this.points = points;
        this.known = new Map();
    }

    isWhole() {
        return this.rule('root', 0).has(this.points.length);
    }

    rule(name, from) {
        const key = `${name} ${from}`;
        if (!this.known.has(key)) this.known.set(key, this.alternatives(this.rules.get(name), from));
        return this.known.get(key);
    }

    alternatives(list, from) {
        return new Set(list.flatMap((sequence) => [...sequence.reduce((ends, item) => this.each(item, ends), new Set([from]))]));
    }

    each(item, starts) {
        return new Set([...starts].flatMap((from) => [...this.item(item, from)]));
    }

    item(item, from) {
        const point = this.points[from];
        switch (item.type) {
        case 'text': {
            const isThere = item.points.every((one, i) => this.points[from + i] === one);
            return new Set(isThere ? [from + item.points.length] : []);
        }
        case 'chars': {
            const isIn = item.ranges.some(([low, high]) => low <= point && point <= high);
            return new Set(point !== undefined && isIn !== item.not ? [from + 1] : []);
        }
        case 'rule': return this.rule(item.name, from);
        case 'group': return this.alternatives(item.alternatives, from);
        default: return this.repeat(item, from);
        }
    }

    repeat({ item, min, max }, from) {
        const all = new Set();
        let ends = new Set([from]);
        for (let count = 0; count <= max && ends.size > 0; count++) {
            if (count >= min) for (const one of ends) all.add(one);
            ends = new Set([...this.each(item, ends)].filter((one) => !all.has(one)));
        }
        return all;
    }
}
