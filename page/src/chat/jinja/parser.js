/** Templates as trees, by jinja2's grammar: expressions here, statements in statements.js. */
import { TemplateError } from './errors.js';
import { textOf } from './lexer.js';

/** @import { Token } from './lexer.js' */
/** @typedef {{type: string, line?: number, [member: string]: any}} Node */
/** @typedef {{args: Node[], kwargs: [string, Node][], star: Node | null, stars: Node | null}} Arguments */

/** Brackets, blocks and unary operators within each other. */
const MAX_DEPTH = 120;
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
/** @type {Record<string, boolean | null>} */
const CONSTANTS = { true: true, True: true, false: false, False: false, none: null, None: null };
/** Words that cannot follow a test as its argument. */
const AFTER_TEST = ['else', 'or', 'and'];

export class Expressions {
    /** @param {Token[]} tokens */
    constructor(tokens) {
        this._tokens = tokens;
        this._at = 0;
        this._depth = 0;
    }

    get current() {
        return this._tokens[this._at];
    }

    /** @param {string} message */
    error(message) {
        return new TemplateError('template', `line ${this.current.line}: ${message}`);
    }

    next() {
        return this._tokens[this._at++];
    }

    /** @param {string} type @param {string} [value] */
    is(type, value) {
        return this.current.type === type && (value === undefined || this.current.value === value);
    }

    /** @param {string} type @param {string} value */
    skip(type, value) {
        return this.is(type, value) ? Boolean(this.next()) : false;
    }

    /** @param {string} type @param {string} [value] */
    expect(type, value) {
        if (this.is(type, value)) return this.next();
        throw this.error(`${this._shown()} where ${value ?? `a ${type}`} is expected`);
    }

    _shown() {
        const { type, value } = this.current;
        return type === 'eof' ? 'the end' : type === 'data' ? 'text' : type === 'end' ? 'the end of a tag' : JSON.stringify(value.slice(0, 40));
    }

    /** @template T @param {() => T} parse @returns {T} */
    deeper(parse) {
        if (++this._depth > MAX_DEPTH) throw this.error(`it is more than ${MAX_DEPTH} levels deep`);
        const made = parse();
        this._depth--;
        return made;
    }

    /** @param {boolean} [withCondition] @returns {Node} */
    expression(withCondition = true) {
        return this.deeper(() => (withCondition ? this._conditional() : this._or()));
    }

    /** @returns {Node} */
    _conditional() {
        let made = this._or();
        while (this.skip('name', 'if')) {
            const test = this._or();
            made = { type: 'conditional', test, yes: made, no: this.skip('name', 'else') ? this.expression() : null };
        }
        return made;
    }

    _or() {
        return this._logical('or', () => this._logical('and', () => this._not()));
    }

    /** @param {'or' | 'and'} type @param {() => Node} operand */
    _logical(type, operand) {
        let left = operand();
        while (this.skip('name', type)) left = { type, left, right: operand() };
        return left;
    }

    /** @returns {Node} */
    _not() {
        if (!this.skip('name', 'not')) return this._comparison();
        return { type: 'not', value: this.deeper(() => this._not()) };
    }

    /** @returns {Node} */
    _comparison() {
        const first = this._sum();
        /** @type {{operator: string, value: Node}[]} */
        const rest = [];
        for (let operator = this._comparator(); operator; operator = this._comparator()) rest.push({ operator, value: this._sum() });
        return rest.length === 0 ? first : { type: 'compare', first, rest };
    }

    _comparator() {
        if (this.current.type === 'operator' && COMPARISONS.includes(this.current.value)) return this.next().value;
        if (this.skip('name', 'in')) return 'in';
        const after = this._tokens[this._at + 1];
        if (!this.is('name', 'not') || after.type !== 'name' || after.value !== 'in') return null;
        this._at += 2;
        return 'not in';
    }

    _sum() {
        return this._binary(['+', '-'], () => this._concatenation());
    }

    /** @returns {Node} */
    _concatenation() {
        const parts = [this._product()];
        while (this.skip('operator', '~')) parts.push(this._product());
        return parts.length === 1 ? parts[0] : { type: 'concat', parts };
    }

    _product() {
        return this._binary(['*', '/', '//', '%'], () => this._binary(['**'], () => this._unary(true)));
    }

    /** @param {string[]} operators @param {() => Node} operand */
    _binary(operators, operand) {
        let left = operand();
        while (this.current.type === 'operator' && operators.includes(this.current.value)) {
            left = { type: 'binary', operator: this.next().value, left, right: operand() };
        }
        return left;
    }

    /** @param {boolean} withFilter @returns {Node} */
    _unary(withFilter) {
        const isSigned = this.is('operator', '-') || this.is('operator', '+');
        const made = this.postfix(isSigned
            ? { type: 'unary', operator: this.next().value, value: this.deeper(() => this._unary(false)) } : this.primary());
        return withFilter ? this._filters(made) : made;
    }

    /** @returns {Node} */
    primary() {
        const token = this.next();
        switch (token.type) {
        case 'name': return Object.hasOwn(CONSTANTS, token.value) ? { type: 'constant', value: CONSTANTS[token.value] }
            : { type: 'name', name: token.value };
        case 'string': return { type: 'constant', value: this._strings(token) };
        case 'integer': return this._integer(token.value);
        case 'float': return { type: 'float', value: Number(token.value.replaceAll('_', '')) };
        case 'operator':
            if (token.value === '(') return this._parenthesis();
            if (token.value === '[') return { type: 'list', items: this._items(']') };
            if (token.value === '{') return this._dict();
        }
        this._at--;
        throw this.error(`${this._shown()} where a value is expected`);
    }

    /** @param {string} digits @returns {Node} */
    _integer(digits) {
        const plain = digits.replaceAll('_', '');
        const value = Number(plain);
        if (!Number.isSafeInteger(value)) throw this.error(`the integer ${plain.slice(0, 40)} is larger than supported`);
        return { type: 'constant', value };
    }

    /** Literals that follow each other are one. @param {Token} first */
    _strings(first) {
        let text = textOf(first);
        while (this.is('string')) text += textOf(this.next());
        return text;
    }

    /** @returns {Node} */
    _parenthesis() {
        const made = this.tuple({ isExplicit: true });
        this.expect('operator', ')');
        return made;
    }

    /** Values with commas between them, or one value alone.
     * @param {{isExplicit?: boolean, withCondition?: boolean, end?: string}} how `end`: a name behind the last
     * @returns {Node} */
    tuple({ isExplicit = false, withCondition = true, end } = {}) {
        /** @type {Node[]} */
        const items = [];
        let isTuple = false;
        const isEnd = () => this.is('end') || this.is('operator', ')') || (end !== undefined && this.is('name', end));
        while (!isEnd()) {
            items.push(this.expression(withCondition));
            if (!this.skip('operator', ',')) break;
            isTuple = true;
        }
        if (!isTuple && items.length === 1) return items[0];
        if (items.length === 0 && !isExplicit) throw this.error(`${this._shown()} where an expression is expected`);
        return { type: 'tuple', items };
    }

    /** @param {string} close */
    _items(close) {
        /** @type {Node[]} */
        const items = [];
        while (!this.skip('operator', close)) {
            if (items.length > 0) this.expect('operator', ',');
            if (this.skip('operator', close)) break;
            items.push(this.expression());
        }
        return items;
    }

    /** @returns {Node} */
    _dict() {
        /** @type {[Node, Node][]} */
        const entries = [];
        while (!this.skip('operator', '}')) {
            if (entries.length > 0) this.expect('operator', ',');
            if (this.skip('operator', '}')) break;
            const key = this.expression();
            this.expect('operator', ':');
            entries.push([key, this.expression()]);
        }
        return { type: 'dict', entries };
    }

    /** @param {Node} value @returns {Node} */
    postfix(value) {
        let made = value;
        for (;;) {
            if (this.is('operator', '.') || this.is('operator', '[')) made = this._subscript(made);
            else if (this.is('operator', '(')) made = { type: 'call', callee: made, ...this.arguments() };
            else return made;
        }
    }

    /** @param {Node} value @returns {Node} */
    _filters(value) {
        let made = value;
        for (;;) {
            if (this.is('operator', '|')) made = this.filter(made);
            else if (this.is('name', 'is')) made = this._test(made);
            else if (this.is('operator', '(')) made = { type: 'call', callee: made, ...this.arguments() };
            else return made;
        }
    }

    /** @param {Node} value @returns {Node} */
    _subscript(value) {
        if (this.skip('operator', '.')) {
            const { type, value: name } = this.next();
            if (type === 'name') return { type: 'attribute', value, name };
            if (type === 'integer') return { type: 'item', value, key: this._integer(name) };
            this._at--;
            throw this.error(`${this._shown()} where a name or a number is expected`);
        }
        this.expect('operator', '[');
        /** @type {Node[]} */
        const keys = [];
        while (!this.skip('operator', ']')) {
            if (keys.length > 0) this.expect('operator', ',');
            keys.push(this._key());
        }
        if (keys.length === 0) throw this.error('"]" where a key is expected');
        return { type: 'item', value, key: keys.length === 1 ? keys[0] : { type: 'tuple', items: keys } };
    }

    /** @returns {Node} */
    _key() {
        const isOver = () => this.is('operator', ':') || this.is('operator', ']') || this.is('operator', ',');
        /** @returns {Node | null} */
        const part = () => (isOver() ? null : this.expression());
        const start = part();
        if (!this.skip('operator', ':')) {
            if (start) return start;
            throw this.error(`${this._shown()} where a key is expected`);
        }
        const stop = part();
        return { type: 'slice', start, stop, step: this.skip('operator', ':') ? part() : null };
    }

    /** @returns {Arguments} */
    arguments() {
        /** @type {Arguments} */
        const given = { args: [], kwargs: [], star: null, stars: null };
        this.expect('operator', '(');
        for (let isFirst = true; !this.skip('operator', ')'); isFirst = false) {
            if (!isFirst) {
                this.expect('operator', ',');
                if (this.skip('operator', ')')) break;
            }
            this._argument(given);
        }
        return given;
    }

    /** @param {Arguments} given */
    _argument(given) {
        const after = this._tokens[this._at + 1];
        if (this.is('operator', '*') && !given.star && !given.stars) {
            this.next();
            given.star = this.expression();
        } else if (this.is('operator', '**') && !given.stars) {
            this.next();
            given.stars = this.expression();
        } else if (this.is('name') && after.type === 'operator' && after.value === '=' && !given.stars) {
            const name = this.next().value;
            this.next();
            given.kwargs.push([name, this.expression()]);
        } else {
            if (given.star || given.stars || given.kwargs.length > 0) throw this.error('an argument in this place');
            given.args.push(this.expression());
        }
    }

    /** The filters behind a value, or those of a block of text. @param {Node | null} value @returns {Node} */
    filter(value) {
        this.expect('operator', '|');
        return this.namedFilter(value);
    }

    /** @param {Node | null} value @returns {Node} */
    namedFilter(value) {
        const name = this._dotted();
        return { type: 'filter', name, value, ...(this.is('operator', '(') ? this.arguments() : none()) };
    }

    _dotted() {
        let name = this.expect('name').value;
        while (this.skip('operator', '.')) name += `.${this.expect('name').value}`;
        return name;
    }

    /** @param {Node} value @returns {Node} */
    _test(value) {
        this.expect('name', 'is');
        const isNot = this.skip('name', 'not');
        const test = { type: 'test', name: this._dotted(), value, ...this._testArguments() };
        return isNot ? { type: 'not', value: test } : test;
    }

    /** @returns {Arguments} */
    _testArguments() {
        if (this.is('operator', '(')) return this.arguments();
        const { type, value } = this.current;
        const isArgument = ['name', 'string', 'integer', 'float'].includes(type) || (type === 'operator' && (value === '[' || value === '{'));
        if (!isArgument || (type === 'name' && AFTER_TEST.includes(value))) return none();
        if (this.is('name', 'is')) throw this.error('a test of a test');
        return { ...none(), args: [this.postfix(this.primary())] };
    }
}

/** @returns {Arguments} */
const none = () => ({ args: [], kwargs: [], star: null, stars: null });
