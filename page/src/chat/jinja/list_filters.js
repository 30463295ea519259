/** The filters that take or make lists. */
import { REQUIRED } from './bind.js';
import { unsupported, wrong } from './errors.js';
import { binary, lazy, order, sorted } from './operators.js';
import { countOnly } from './strings.js';
import { str } from './text.js';
import { Dict, Lazy, Markup, Tuple, Undefined, isInteger, isText, isTrue, itemsOf, sizeOf, typeName } from './values.js';

/** @import { Parameters } from './bind.js' */
/** @import { Budget } from './budget.js' */
/** @import { Value } from './values.js' */
/**
 * @typedef {object} Runtime what filters need of the interpreter
 * @property {Budget} budget
 * @property {(value: Value, key: Value) => Value} itemOf `value[key]`
 * @property {(name: string, value: Value, args: Value[], kwargs: Map<string, Value>) => Value} filter
 * @property {(name: string, value: Value, args: Value[], kwargs: Map<string, Value>) => boolean} test
 */
/** @typedef {[Parameters, (value: Value, given: Record<string, Value>, runtime: Runtime) => Value]} Filter */

/** By the path of an attribute, such as "a.b" or 0. @param {Value} attribute @param {Runtime} runtime @param {Value} [otherwise] @returns {(value: Value) => Value} */
export function getterOf(attribute, { itemOf }, otherwise = null) {
    if (attribute === null) return (value) => value;
    const path = isInteger(attribute) ? [Number(attribute)] : pathOf(attribute);
    return (value) => path.reduce((inner, step) => {
        const made = itemOf(inner, step);
        return made instanceof Undefined && otherwise !== null ? otherwise : made;
    }, value);
}

/** @param {Value} attribute @returns {(string | number)[]} */
function pathOf(attribute) {
    if (typeof attribute !== 'string') throw wrong(`an attribute cannot be a ${typeName(attribute)}`);
    return attribute.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** Whatever its case. @param {Value} value */
const ignoreCase = (value) => (typeof value === 'string' ? value.toLowerCase() : value);

/** A key to sort by. @param {Value} attribute @param {Value} isStrict @param {Runtime} runtime @returns {(value: Value) => Value} */
function keyOf(attribute, isStrict, runtime) {
    const getters = typeof attribute === 'string' ? attribute.split(',').map((one) => getterOf(one, runtime)) : [getterOf(attribute, runtime)];
    return (value) => getters.map((getter) => (isTrue(isStrict) ? getter(value) : ignoreCase(getter(value))));
}

/** @param {1 | -1} sign @returns {Filter} */
const extreme = (sign) => [{ case_sensitive: false, attribute: null }, (value, { case_sensitive: isStrict, attribute }, runtime) => {
    const items = [...itemsOf(value)];
    if (items.length === 0) return new Undefined('there is no item, the list is empty');
    const getter = getterOf(attribute, runtime);
    const key = (/** @type {Value} */ one) => (isTrue(isStrict) ? getter(one) : ignoreCase(getter(one)));
    return items.reduce((best, one) => (sign * order(key(one), key(best), runtime.budget) > 0 ? one : best));
}];

/** @param {Value} value @param {Runtime} runtime @returns {Value[]} */
function listOf(value, { budget }) {
    const items = [...itemsOf(value)];
    budget.list(items.length);
    return items;
}

/** @param {Value} value @param {Value} count @param {Value} fill @param {Runtime} runtime */
function* batches(value, count, fill, runtime) {
    const items = listOf(value, runtime), size = countOnly(count);
    for (let at = 0; at < items.length; at += Math.max(1, size)) {
        const batch = items.slice(at, at + Math.max(1, size));
        if (fill !== null) runtime.budget.list(Math.max(0, size - batch.length));
        if (fill !== null) while (batch.length < size) batch.push(fill);
        yield batch;
    }
}

/** @param {Value} value @param {Value} count @param {Value} fill @param {Runtime} runtime */
function* slices(value, count, fill, runtime) {
    const items = listOf(value, runtime), slots = countOnly(count);
    if (slots === 0) throw wrong('division by zero');
    const [size, longer] = [Math.floor(items.length / slots), items.length % slots];
    for (let i = 0, at = 0; i < slots; i++) {
        runtime.budget.step();
        const part = items.slice(at, at += size + (i < longer ? 1 : 0));
        if (fill !== null && i >= longer) part.push(fill);
        yield part;
    }
}

/** @param {Value} value @param {(one: Value) => Value} key @param {Runtime} runtime */
function* uniques(value, key, { budget }) {
    const seen = new Dict();
    for (const one of itemsOf(value)) {
        budget.step();
        if (!seen.has(key(one))) yield one;
        seen.set(key(one), true);
    }
}

/** @type {Record<string, Filter>} */
export const LIST_FILTERS = {
    length: [{}, (value) => {
        const size = sizeOf(value);
        if (size === null) throw wrong(`a ${typeName(value)} has no length`);
        return size;
    }],
    list: [{}, (value, _, runtime) => listOf(value, runtime)],
    first: [{}, (value) => {
        for (const one of itemsOf(value)) return one;
        return new Undefined('there is no first item, the list is empty');
    }],
    last: [{}, (value) => {
        if (value instanceof Lazy) throw wrong('a generator has no last item');
        return [...itemsOf(value)].at(-1) ?? (sizeOf(value) ? null : new Undefined('there is no last item, the list is empty'));
    }],
    join: [{ d: '', attribute: null }, (value, { d, attribute }, runtime) => {
        const texts = [...itemsOf(value)].map(getterOf(attribute, runtime)).map((one) => str(one, runtime.budget));
        const by = str(d, runtime.budget);
        runtime.budget.room(texts.reduce((sum, one) => sum + one.length + by.length, 0));
        return texts.join(by);
    }],
    sum: [{ attribute: null, start: 0 }, (value, { attribute, start }, runtime) => {
        if (isText(start)) throw wrong('texts cannot be summed up');
        return [...itemsOf(value)].map(getterOf(attribute, runtime)).reduce((sum, one) => binary('+', sum, one, runtime.budget), start);
    }],
    min: extreme(-1),
    max: extreme(1),
    sort: [{ reverse: false, case_sensitive: false, attribute: null }, (value, { reverse, case_sensitive: isStrict, attribute }, runtime) =>
        sorted(listOf(value, runtime), keyOf(attribute, isStrict, runtime), isTrue(reverse), runtime.budget)],
    dictsort: [{ case_sensitive: false, by: 'key', reverse: false }, (value, { case_sensitive: isStrict, by, reverse }, runtime) => {
        if (!(value instanceof Dict)) throw wrong(`dictsort takes a dict, not a ${typeName(value)}`);
        if (by !== 'key' && by !== 'value') throw wrong('dictsort sorts by "key" or "value"');
        const items = value.entries().map((entry) => new Tuple([...entry]));
        const at = by === 'key' ? 0 : 1;
        return sorted(items, ({ items: entry }) => (isTrue(isStrict) ? entry[at] : ignoreCase(entry[at])), isTrue(reverse), runtime.budget);
    }],
    items: [{}, (value) => {
        if (value instanceof Undefined) return lazy([]);
        if (!(value instanceof Dict)) throw wrong(`items takes a dict, not a ${typeName(value)}`);
        return lazy(value.entries().map((entry) => new Tuple([...entry])));
    }],
    reverse: [{}, (value) => {
        if (typeof value === 'string') return [...itemsOf(value)].reverse().join('');
        if (value instanceof Markup) throw unsupported('reverse of escaped text');
        return lazy([...itemsOf(value)].reverse());
    }],
    unique: [{ case_sensitive: false, attribute: null }, (value, { case_sensitive: isStrict, attribute }, runtime) => {
        const getter = getterOf(attribute, runtime);
        return lazy(uniques(value, (one) => (isTrue(isStrict) ? getter(one) : ignoreCase(getter(one))), runtime));
    }],
    batch: [{ linecount: REQUIRED, fill_with: null }, (value, { linecount, fill_with: fill }, runtime) => lazy(batches(value, linecount, fill, runtime))],
    slice: [{ slices: REQUIRED, fill_with: null }, (value, { slices: count, fill_with: fill }, runtime) => lazy(slices(value, count, fill, runtime))],
};

/** map, select and their like, which take the arguments of others.
 * @type {Record<string, (value: Value, args: Value[], kwargs: Map<string, Value>, runtime: Runtime) => Value>} */
export const SELECTORS = {
    map: (value, args, kwargs, runtime) => lazy(mapped(value, args, kwargs, runtime)),
    select: (value, args, kwargs, runtime) => lazy(selected(value, (one) => one, args, kwargs, true, runtime)),
    reject: (value, args, kwargs, runtime) => lazy(selected(value, (one) => one, args, kwargs, false, runtime)),
    selectattr: (value, [attribute, ...args], kwargs, runtime) => lazy(selected(value, requiredGetter(attribute, runtime), args, kwargs, true, runtime)),
    rejectattr: (value, [attribute, ...args], kwargs, runtime) => lazy(selected(value, requiredGetter(attribute, runtime), args, kwargs, false, runtime)),
};

/** @param {Value | undefined} attribute @param {Runtime} runtime */
function requiredGetter(attribute, runtime) {
    if (attribute === undefined) throw wrong('the name of an attribute is missing');
    return getterOf(attribute, runtime);
}

/** @param {Value} value @param {Value[]} args @param {Map<string, Value>} kwargs @param {Runtime} runtime */
function* mapped(value, args, kwargs, runtime) {
    if (!isTrue(value)) return;
    const [name, ...rest] = args;
    const isAttribute = args.length === 0 && kwargs.has('attribute');
    if (isAttribute && [...kwargs.keys()].some((key) => key !== 'attribute' && key !== 'default')) throw wrong('map takes an attribute and a default only');
    if (!isAttribute && typeof name !== 'string') throw wrong('map takes the name of a filter, or an attribute');
    const getter = isAttribute ? getterOf(kwargs.get('attribute'), runtime, kwargs.get('default') ?? null) : null;
    for (const one of itemsOf(value)) yield getter ? getter(one) : runtime.filter(name, one, rest, kwargs);
}

/** @param {Value} value @param {(one: Value) => Value} getter @param {Value[]} args @param {Map<string, Value>} kwargs @param {boolean} wanted @param {Runtime} runtime */
function* selected(value, getter, args, kwargs, wanted, runtime) {
    if (!isTrue(value)) return;
    const [name, ...rest] = args;
    for (const one of itemsOf(value)) {
        const isIt = name === undefined ? isTrue(getter(one)) : runtime.test(name, getter(one), rest, kwargs);
        if (isIt === wanted) yield one;
    }
}
