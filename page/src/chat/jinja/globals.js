/** Functions that templates may call without a value before them. */
import { unsupported, wrong } from './errors.js';
import { countOnly } from './strings.js';
import { Callable, Dict, Namespace, Range, itemsOf, typeName } from './values.js';

/** @import { Value, Apply } from './values.js' */

/** Numbers of one range. */
const MAX_RANGE = 100_000;

/** @type {Apply} */
function range(args, kwargs) {
    if (kwargs.size > 0 || args.length < 1 || args.length > 3) throw wrong('range() takes one to three integers');
    const [first, end, step = 1] = args.map(countOnly);
    if (step === 0) throw wrong('range() takes no step of 0');
    const made = end === undefined ? new Range(0, first, 1) : new Range(first, end, step);
    if (made.length > MAX_RANGE) throw wrong(`range() of more than ${MAX_RANGE} numbers`);
    return made;
}

/** A dict of dict's arguments. @type {(args: Value[], kwargs: Map<string, Value>) => Dict} */
function dict(args, kwargs) {
    if (args.length > 1) throw wrong('dict() takes one argument, and others by name');
    const [from] = args;
    const entries = from === undefined ? [] : from instanceof Dict ? from.entries() : [...itemsOf(from)].map(pairOf);
    return new Dict([...entries, ...kwargs]);
}

/** @param {Value} one @returns {[Value, Value]} */
function pairOf(one) {
    const pair = [...itemsOf(one)];
    if (pair.length !== 2) throw wrong('dict() takes pairs');
    return [pair[0], pair[1]];
}

/** @type {Apply} */
function namespace(args, kwargs) {
    const made = new Namespace();
    for (const [key, value] of dict(args, kwargs).entries()) {
        if (typeof key !== 'string') throw wrong(`a namespace has no member by a ${typeName(key)}`);
        made.members.set(key, value);
    }
    return made;
}

/** @type {Apply} */
function joiner(args, kwargs) {
    const separator = args[0] ?? kwargs.get('sep') ?? ', ';
    let isUsed = false;
    return new Callable('joiner', () => {
        const made = isUsed ? separator : '';
        isUsed = true;
        return made;
    });
}

/** @type {Apply} */
function cycler(items) {
    if (items.length === 0) throw wrong('cycler() takes at least one item');
    const made = new Namespace();
    let at = 0;
    const show = () => made.members.set('current', items[at]);
    /** @param {string} name @param {() => Value} run */
    const member = (name, run) => made.members.set(name, new Callable(name, run));
    member('next', () => {
        const now = items[at];
        at = (at + 1) % items.length;
        show();
        return now;
    });
    member('reset', () => {
        at = 0;
        show();
        return null;
    });
    show();
    return made;
}

/** @type {Record<string, Apply>} */
const FUNCTIONS = {
    range, dict, namespace, joiner, cycler,
    lipsum: () => { throw unsupported('lipsum()'); },
};

/** @returns {[string, Value][]} */
export const globals = () => Object.entries(FUNCTIONS).map(([name, apply]) => [name, new Callable(name, apply)]);
