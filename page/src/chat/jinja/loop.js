/** A loop of a template, as its `loop` shows it. */
import { wrong } from './errors.js';
import { equal } from './operators.js';
import { Callable, Undefined } from './values.js';

/** @import { Budget } from './budget.js' */
/** @import { Value } from './values.js' */

/** The value after the last item. */
const END = Symbol('end');

export class Loop {
    /**
     * @param {Iterator<Value>} items @param {number | null} size where that is known without going through them
     * @param {number} depth of a recursive loop @param {((items: Value) => string) | null} recurse @param {Budget} budget
     */
    constructor(items, size, depth, recurse, budget) {
        this._items = items;
        this._size = size;
        this._depth = depth;
        this._recurse = recurse;
        this._budget = budget;
        this._index = -1;
        /** @type {Value} */
        this._current = END;
        /** @type {Value} */
        this._before = END;
        /** Those that were looked at already. @type {Value[]} */
        this._ahead = [];
        /** @type {Value[] | null} */
        this._last = null;
    }

    /** Goes on to the next item. */
    next() {
        const next = this._peek();
        this._ahead.shift();
        if (next === END) return false;
        this._before = this._current;
        this._current = next;
        this._index++;
        return true;
    }

    get item() {
        return this._current;
    }

    _peek() {
        if (this._ahead.length === 0) {
            const { done, value } = this._items.next();
            this._ahead.push(done ? END : value);
        }
        return this._ahead[0];
    }

    get _length() {
        while (this._size === null) {
            if (this._ahead.at(-1) === END) {
                this._size = this._index + this._ahead.length;
                break;
            }
            const { done, value } = this._items.next();
            this._budget.step();
            this._ahead.push(done ? END : value);
        }
        return this._size;
    }

    /** @param {string} name @returns {Value | undefined} */
    attribute(name) {
        switch (name) {
        case 'index': return this._index + 1;
        case 'index0': return this._index;
        case 'revindex': return this._length - this._index;
        case 'revindex0': return this._length - this._index - 1;
        case 'first': return this._index === 0;
        case 'last': return this._peek() === END;
        case 'length': return this._length;
        case 'depth': return this._depth + 1;
        case 'depth0': return this._depth;
        case 'previtem': return this._before === END ? new Undefined('there is no previous item') : this._before;
        case 'nextitem': return this._peek() === END ? new Undefined('there is no next item') : this._peek();
        case 'cycle': return new Callable('cycle', (args) => this._cycle(args));
        case 'changed': return new Callable('changed', (args) => this._changed(args));
        default: return undefined;
        }
    }

    /** @param {Value[]} values */
    _cycle(values) {
        if (values.length === 0) throw wrong('there are no items for a cycle');
        return values[this._index % values.length];
    }

    /** @param {Value[]} values */
    _changed(values) {
        const isSame = this._last !== null && this._last.length === values.length && this._last.every((one, i) => equal(one, values[i], this._budget));
        if (!isSame) this._last = values;
        return !isSame;
    }

    /** @param {Value[]} args */
    call(args) {
        if (!this._recurse) throw wrong('a loop is called that is not "recursive"');
        if (args.length !== 1) throw wrong('loop() takes one argument');
        return this._recurse(args[0]);
    }
}
