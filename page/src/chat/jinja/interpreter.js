/** Renders the tree of a template as jinja2 does it with the settings of transformers. */
import { unsupported, wrong } from './errors.js';
import { hasFilter, runFilter } from './filters.js';
import { globals } from './globals.js';
import { Loop } from './loop.js';
import { attributeOf } from './methods.js';
import { binary, compare, itemAt, slice, unary } from './operators.js';
import { str } from './text.js';
import { hasTest, runTest } from './tests.js';
import { Callable, Dict, Float, Namespace, Tuple, Undefined, isTrue, itemsOf, sizeOf, typeName } from './values.js';

/** @import { Budget } from './budget.js' */
/** @import { Arguments, Node } from './parser.js' */
/** @import { Value } from './values.js' */

/** The effect of a statement on the loop around it. @typedef {'break' | 'continue' | undefined} Signal */

class Scope {
    /** @type {Map<string, Value>} */
    variables = new Map();

    /** @param {Scope | null} parent */
    constructor(parent) {
        this.parent = parent;
    }

    /** @param {string} name @returns {Value | undefined} */
    find(name) {
        /** @type {Scope | null} */
        let scope = this;
        while (scope && !scope.variables.has(name)) scope = scope.parent;
        return scope?.variables.get(name);
    }
}

/** A text that grows. */
class Output {
    /** @param {Budget} budget */
    constructor(budget) {
        this._budget = budget;
        /** @type {string[]} */
        this._parts = [];
        this._length = 0;
    }

    /** @param {string} text */
    add(text) {
        this._length += text.length;
        this._parts.push(text);
        this._budget.step();
        if (this._parts.length % 64 === 0) this._budget.room(this._length);
    }

    get text() {
        return this._budget.text(this._parts.join(''));
    }
}

export class Interpreter {
    /** @param {Budget} budget */
    constructor(budget) {
        this.budget = budget;
        /** The functions that filters call. @type {import('./list_filters.js').Runtime} */
        this._runtime = {
            budget,
            itemOf: (value, key) => this._item(value, key),
            filter: (name, value, args, kwargs) => runFilter(name, value, args, kwargs, this._runtime),
            test: (name, value, args, kwargs) => runTest(name, value, args, kwargs, budget, { hasFilter }),
        };
    }

    /** @param {Node[]} program @param {Iterable<[string, Value]>} variables @returns {string} */
    run(program, variables) {
        const scope = new Scope(null);
        for (const [name, value] of [...globals(), ...variables]) scope.variables.set(name, value);
        return this._text(program, new Scope(scope));
    }

    /** @param {Node[]} body @param {Scope} scope */
    _text(body, scope) {
        const output = new Output(this.budget);
        this._body(body, scope, output);
        return output.text;
    }

    /** @param {Node[]} body @param {Scope} scope @param {Output} output @returns {Signal} */
    _body(body, scope, output) {
        for (const node of body) {
            const signal = this._statement(node, scope, output);
            if (signal) return signal;
        }
        return undefined;
    }

    /** @param {Node} node @param {Scope} scope @param {Output} output @returns {Signal} */
    _statement(node, scope, output) {
        this.budget.step();
        switch (node.type) {
        case 'data': return void output.add(node.text);
        case 'output': return void output.add(str(this.value(node.value, scope), this.budget));
        case 'if': return this._if(node, scope, output);
        case 'for': return void this._for(node, scope, output);
        case 'set': return void this._assign(node.target, this.value(node.value, scope), scope);
        case 'setBlock': return void this._assign(node.target, this._filtered(node, scope), scope);
        case 'filterBlock': return void output.add(str(this._filtered(node, scope), this.budget));
        case 'macro': return void scope.variables.set(node.name, this._macro(node.name, node, scope));
        case 'callBlock': return void output.add(str(this._callBlock(node, scope), this.budget));
        case 'scope': return this._scope(node, scope, output);
        default: return /** @type {Signal} */ (node.type);
        }
    }

    /** @param {Node} node @param {Scope} scope @param {Output} output @returns {Signal} */
    _if({ branches, other }, scope, output) {
        for (const { test, body } of branches) if (isTrue(this.value(test, scope))) return this._body(body, scope, output);
        return this._body(other, scope, output);
    }

    /** @param {Node} node @param {Scope} outer @param {Output} output @returns {Signal} */
    _scope({ targets, values, body }, outer, output) {
        const scope = new Scope(outer);
        const given = values.map((/** @type {Node} */ one) => this.value(one, outer));
        targets.forEach((/** @type {Node} */ target, /** @type {number} */ i) => this._assign(target, given[i], scope));
        return this._body(body, scope, output);
    }

    /** The text of a block after its filters. @param {Node} node @param {Scope} scope @returns {Value} */
    _filtered({ filter, body }, scope) {
        const text = this._text(body, new Scope(scope));
        return filter ? this._filter(filter, scope, text) : text;
    }

    /** @param {Node} node @param {Scope} scope @param {Output} output @param {Value} [given] what a recursive loop is called with @param {number} [depth] */
    _for(node, scope, output, given = this.value(node.items, scope), depth = 0) {
        const recurse = node.isRecursive ? (/** @type {Value} */ items) => this.budget.deeper(() => {
            const inner = new Output(this.budget);
            this._for(node, scope, inner, items, depth + 1);
            return inner.text;
        }) : null;
        const items = itemsOf(given);
        const loop = node.test ? new Loop(this._tested(node, items, scope), null, depth, recurse, this.budget)
            : new Loop(items[Symbol.iterator](), sizeOf(given), depth, recurse, this.budget);
        let isOnce = false;
        while (loop.next()) {
            const inner = new Scope(scope);
            inner.variables.set('loop', loop);
            this._assign(node.target, loop.item, inner);
            const signal = this._body(node.body, inner, output);
            if (signal === 'break') break;
            // A round that "continue" ends does not count for jinja2.
            isOnce ||= !signal;
        }
        if (!isOnce) this._body(node.other, new Scope(scope), output);
    }

    /** @param {Node} node @param {Iterable<Value>} items @param {Scope} scope */
    * _tested({ target, test }, items, scope) {
        for (const item of items) {
            const inner = new Scope(scope);
            this._assign(target, item, inner);
            if (isTrue(this.value(test, inner))) yield item;
        }
    }

    /** @param {Node} target @param {Value} value @param {Scope} scope */
    _assign(target, value, scope) {
        this.budget.step();
        if (target.type === 'name') {
            scope.variables.set(target.name, value);
        } else if (target.type === 'member') {
            const space = scope.find(target.name);
            if (!(space instanceof Namespace)) throw wrong(`${target.name} is no namespace, so that its members cannot be set`);
            space.members.set(target.member, value);
        } else {
            const values = [...itemsOf(value)];
            if (values.length !== target.targets.length) throw wrong(`${values.length} values for ${target.targets.length} names`);
            values.forEach((one, i) => this._assign(target.targets[i], one, scope));
        }
    }

    /** @param {string} name @param {Node} node @param {Scope} scope @returns {Callable} */
    _macro(name, { parameters, body }, scope) {
        const names = parameters.map((/** @type {Node} */ one) => one.name);
        const uses = (/** @type {string} */ one) => mentions(body, one);
        return new Callable(name, (args, kwargs) => this.budget.deeper(() => {
            const inner = new Scope(scope), rest = new Map(kwargs);
            parameters.forEach((/** @type {{name: string, value: Node | null}} */ one, /** @type {number} */ i) => {
                const given = i < args.length ? args[i] : rest.get(one.name);
                if (i >= args.length) rest.delete(one.name);
                inner.variables.set(one.name, given === undefined ? this._parameter(one, inner) : given);
            });
            if (!names.includes('caller') && uses('caller')) {
                inner.variables.set('caller', rest.get('caller') ?? new Undefined('there is no caller'));
                rest.delete('caller');
            }
            if (uses('kwargs')) inner.variables.set('kwargs', new Dict(rest));
            else if (rest.size > 0) throw wrong(`the macro ${name} takes no argument ${[...rest.keys()][0].slice(0, 40)}`);
            if (uses('varargs')) inner.variables.set('varargs', new Tuple(args.slice(names.length)));
            else if (args.length > names.length) throw wrong(`the macro ${name} takes at most ${names.length} arguments`);
            return this._text(body, inner);
        }));
    }

    /** @param {{name: string, value: Node | null}} parameter @param {Scope} scope */
    _parameter({ name, value }, scope) {
        return value ? this.value(value, scope) : new Undefined(`the parameter ${name} was not given`);
    }

    /** @param {Node} node @param {Scope} scope @returns {Value} */
    _callBlock({ parameters, call, body }, scope) {
        const { args, kwargs } = this._arguments(call, scope);
        kwargs.set('caller', this._macro('caller', { type: 'macro', parameters, body }, scope));
        return this._apply(this.value(call.callee, scope), args, kwargs);
    }

    /** @param {Node} node @param {Scope} scope @returns {Value} */
    value(node, scope) {
        this.budget.step();
        switch (node.type) {
        case 'constant': return node.value;
        case 'float': return new Float(node.value);
        case 'name': return this._name(node.name, scope);
        case 'list': return this._values(node.items, scope);
        case 'tuple': return new Tuple(this._values(node.items, scope));
        case 'dict': return new Dict(node.entries.map((/** @type {Node[]} */ [key, one]) => [this.value(key, scope), this.value(one, scope)]));
        case 'attribute': return this._attribute(this.value(node.value, scope), node.name);
        case 'item': return this._subscript(node, scope);
        case 'call': return this._call(node, scope);
        case 'filter': return this._filter(node, scope);
        case 'test': return this._test(node, scope);
        default: return this._operation(node, scope);
        }
    }

    /** @param {Node} node @param {Scope} scope @returns {Value} */
    _operation(node, scope) {
        switch (node.type) {
        case 'not': return !isTrue(this.value(node.value, scope));
        case 'unary': return unary(node.operator, this.value(node.value, scope));
        case 'binary': return binary(node.operator, this.value(node.left, scope), this.value(node.right, scope), this.budget);
        case 'concat': return this.budget.text(node.parts.map((/** @type {Node} */ one) => str(this.value(one, scope), this.budget)).join(''));
        case 'compare': return this._compare(node, scope);
        case 'conditional': return this._conditional(node, scope);
        default: {
            const left = this.value(node.left, scope);
            return isTrue(left) === (node.type === 'or') ? left : this.value(node.right, scope);
        }
        }
    }

    /** @param {string} name @param {Scope} scope */
    _name(name, scope) {
        const value = scope.find(name);
        if (value !== undefined) return value;
        if (name === 'self') throw unsupported('self');
        return new Undefined(`${name.slice(0, 60)} is undefined`);
    }

    /** @param {Node[]} nodes @param {Scope} scope @returns {Value[]} */
    _values(nodes, scope) {
        this.budget.list(nodes.length);
        return nodes.map((one) => this.value(one, scope));
    }

    /** @param {Node} node @param {Scope} scope */
    _compare({ first, rest }, scope) {
        let left = this.value(first, scope);
        for (const { operator, value } of rest) {
            const right = this.value(value, scope);
            if (!compare(operator, left, right, this.budget)) return false;
            left = right;
        }
        return true;
    }

    /** @param {Node} node @param {Scope} scope @returns {Value} */
    _conditional({ test, yes, no }, scope) {
        if (isTrue(this.value(test, scope))) return this.value(yes, scope);
        return no ? this.value(no, scope) : new Undefined('the inline "if" is false and has no "else"');
    }

    /** @param {Value} value @param {string} name @returns {Value} */
    _attribute(value, name) {
        const found = value instanceof Loop ? value.attribute(name) : attributeOf(value, name, this.budget);
        if (found !== undefined) return found;
        const item = itemAt(value, name);
        return item === undefined ? missing(value, name) : item;
    }

    /** @param {Value} value @param {Value} key @returns {Value} */
    _item(value, key) {
        if (value instanceof Undefined) throw wrong(value.reason);
        const item = itemAt(value, key);
        if (item !== undefined) return item;
        const attribute = typeof key !== 'string' ? undefined : value instanceof Loop ? value.attribute(key) : attributeOf(value, key, this.budget);
        return attribute === undefined ? missing(value, str(key, this.budget)) : attribute;
    }

    /** @param {Node} node @param {Scope} scope @returns {Value} */
    _subscript({ value: of, key }, scope) {
        const value = this.value(of, scope);
        if (key.type !== 'slice') return this._item(value, this.value(key, scope));
        const bounds = [key.start, key.stop, key.step].map((one) => (one ? this.value(one, scope) : null));
        if (value instanceof Undefined) throw wrong(value.reason);
        return slice(value, bounds, this.budget);
    }

    /** @param {Arguments} given @param {Scope} scope */
    _arguments({ args, kwargs, star, stars }, scope) {
        const list = this._values(args, scope);
        /** @type {Map<string, Value>} */
        const named = new Map(kwargs.map(([name, one]) => [name, this.value(one, scope)]));
        if (star) list.push(...itemsOf(this.value(star, scope)));
        if (stars) {
            const more = this.value(stars, scope);
            if (!(more instanceof Dict)) throw wrong(`"**" takes a dict, not a ${typeName(more)}`);
            for (const [name, one] of more.entries()) {
                if (typeof name !== 'string' || named.has(name)) throw wrong('the names of arguments are texts, each given once');
                named.set(name, one);
            }
        }
        return { args: list, kwargs: named };
    }

    /** @param {Node} node @param {Scope} scope @returns {Value} */
    _call(node, scope) {
        const callee = this.value(node.callee, scope);
        const { args, kwargs } = this._arguments(/** @type {any} */ (node), scope);
        return this._apply(callee, args, kwargs);
    }

    /** @param {Value} callee @param {Value[]} args @param {Map<string, Value>} kwargs @returns {Value} */
    _apply(callee, args, kwargs) {
        if (callee instanceof Callable) return callee.apply(args, kwargs);
        if (callee instanceof Loop) return callee.call(args);
        throw wrong(callee instanceof Undefined ? callee.reason : `a ${typeName(callee)} cannot be called`);
    }

    /** @param {Node} node @param {Scope} scope @param {Value} [text] of a block @returns {Value} */
    _filter(node, scope, text) {
        const value = node.value ? text === undefined ? this.value(node.value, scope) : this._filter(node.value, scope, text) : text;
        const { args, kwargs } = this._arguments(/** @type {any} */ (node), scope);
        return runFilter(node.name, value, args, kwargs, this._runtime);
    }

    /** @param {Node} node @param {Scope} scope @returns {boolean} */
    _test(node, scope) {
        const value = this.value(node.value, scope);
        const { args, kwargs } = this._arguments(/** @type {any} */ (node), scope);
        if (!hasTest(node.name)) throw wrong(`there is no test "${node.name.slice(0, 40)}"`);
        return this._runtime.test(node.name, value, args, kwargs);
    }
}

/** @param {Value} value @param {string} name */
const missing = (value, name) => new Undefined(`a ${typeName(value)} has no ${name.slice(0, 60)}`);

/** Whether a body has a variable by that name. @param {unknown} tree @param {string} name @returns {boolean} */
function mentions(tree, name) {
    if (typeof tree !== 'object' || tree === null) return false;
    if (/** @type {Node} */ (tree).type === 'name' && /** @type {Node} */ (tree).name === name) return true;
    return Object.values(tree).some((inner) => mentions(inner, name));
}
