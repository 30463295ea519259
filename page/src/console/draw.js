/**
 * Draws what views say should be there. A view returns a tree of plain objects; what is on the page is
 * changed to be like it, so that focus, selection and scrolling stay. Text becomes text nodes only.
 */
import { plain, spoken } from './format.js';

/** @typedef {{tag: string, props: Record<string, any>, children: Node[]}} Branch */
/** @typedef {Branch | string} Node a branch, or a text */
/** @typedef {Node | Said | number | null | undefined | false | Part[]} Part what is left out may be there as null or false */

/** Text that is not a name: only control characters are shown by their numbers. */
class Said {
    /** @param {string} text */
    constructor(text) {
        this.text = spoken(text);
    }
}

/** @param {string[]} pieces of what a model or a person says @returns {Part[]} */
export const said = (pieces) => pieces.map((piece) => new Said(piece));

/** The addresses that a link may have: those within the console, and the documentation's. */
const ADDRESS = /^(?:#\/|docs\/$)/;

/** @param {string} tag @param {Record<string, any> | null} [props] attributes, handlers (`onclick`), `key`, and
 * `mounted`, which gets the element once and returns what gets it (and its props) whenever it is drawn again
 * @param {...Part} children @returns {Branch} */
export function h(tag, props, ...children) {
    /** @type {Node[]} */
    const flat = [];
    /** @param {Part} part */
    const add = (part) => {
        if (Array.isArray(part)) part.forEach(add);
        else if (part instanceof Said) flat.push(part.text);
        else if (part !== null && part !== undefined && part !== false) flat.push(typeof part === 'object' ? part : plain(part));
    };
    children.forEach(add);
    return { tag, props: props ?? {}, children: flat };
}

/** Rebuilds a part only if its arguments have changed: a part that is the same object is not drawn again.
 * @template {any[]} Of @param {(...of: Of) => Branch} make @returns {(...of: Of) => Branch} */
export function kept(make) {
    /** @type {Of | undefined} */
    let before;
    /** @type {Branch} */
    let branch;
    return (...of) => {
        if (!before || of.some((one, i) => one !== before?.[i])) branch = make(...of);
        before = of;
        return branch;
    };
}

/** The branch that was drawn on an element. @type {WeakMap<Element, Branch>} */
const drawn = new WeakMap();
/** For an element with contents of its own, the function that draws them. @type {WeakMap<Element, (props: Record<string, any>) => void>} */
const own = new WeakMap();

/** Makes the children of `root` like `nodes`. @param {Element} root @param {Part[]} nodes */
export function draw(root, ...nodes) {
    drawChildren(root, h('div', null, ...nodes).children);
}

/** @param {Element} parent @param {Node[]} wanted */
function drawChildren(parent, wanted) {
    /** @type {Map<string, ChildNode>} */
    const byKey = new Map();
    for (const child of parent.childNodes) {
        const key = child instanceof Element && drawn.get(child)?.props.key;
        if (key !== undefined && key !== false) byKey.set(String(key), child);
    }
    let next = parent.firstChild;
    for (const node of wanted) {
        const found = typeof node === 'object' && node.props.key !== undefined ? byKey.get(String(node.props.key)) : next;
        const same = found && fits(found, node) ? found : null;
        const element = same ?? create(node);
        if (element === next) next = next.nextSibling;
        else parent.insertBefore(element, next);
        update(element, node);
    }
    while (next) {
        const after = next.nextSibling;
        next.remove();
        next = after;
    }
}

/** @param {ChildNode} child @param {Node} node */
function fits(child, node) {
    if (typeof node === 'string') return child.nodeType === 3;
    const before = child instanceof Element ? drawn.get(child) : undefined;
    return before !== undefined && before.tag === node.tag && before.props.key === node.props.key;
}

/** @param {Node} node @returns {Text | Element} */
function create(node) {
    if (typeof node === 'string') return document.createTextNode(node);
    const element = document.createElement(node.tag);
    drawn.set(element, { tag: node.tag, props: {}, children: [] });
    return element;
}

/** @param {ChildNode} child @param {Node} node */
function update(child, node) {
    if (typeof node === 'string') {
        if (child.nodeValue !== node) child.nodeValue = node;
        return;
    }
    const element = /** @type {Element} */ (child);
    if (drawn.get(element) === node) return; // the same object: a view kept it, and nothing in it has changed
    const before = drawn.get(element)?.props ?? {};
    for (const name of new Set([...Object.keys(before), ...Object.keys(node.props)])) set(element, name, node.props[name], before[name]);
    drawn.set(element, node);
    if (node.props.mounted) {
        if (!own.has(element)) own.set(element, node.props.mounted(element));
        own.get(element)?.(node.props);
    } else {
        drawChildren(element, node.children);
        if (node.props.value !== undefined && element instanceof HTMLSelectElement && node.props.value !== before.value)
            element.value = node.props.value;
    }
}

/** @param {Element} element @param {string} name @param {any} value @param {any} before */
function set(element, name, value, before) {
    if (value === before || name === 'key' || name === 'mounted' || name === 'data') return;
    if (name.startsWith('on')) {
        if (before) element.removeEventListener(name.slice(2), before);
        if (value) element.addEventListener(name.slice(2), value);
    } else if (name === 'value' && 'value' in element && !(element instanceof HTMLProgressElement)) {
        /** @type {HTMLInputElement} */ (element).value = value ?? '';
    } else if (name === 'checked') {
        /** @type {HTMLInputElement} */ (element).checked = Boolean(value);
    } else if (value === undefined || value === null || value === false) {
        element.removeAttribute(name);
    } else if (name === 'href' && !ADDRESS.test(value)) {
        element.removeAttribute(name);
    } else {
        element.setAttribute(name, value === true ? '' : String(value));
    }
}
