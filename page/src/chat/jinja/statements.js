/** The statements of templates. */
import { tokenize } from './lexer.js';
import { Expressions } from './parser.js';

/** @import { Node } from './parser.js' */

/** Statements of jinja2 that need other templates, or that no known template uses. */
const REFUSED = ['include', 'import', 'from', 'extends', 'block', 'autoescape', 'print'];
/** Names that jinja2 keeps for itself. */
const RESERVED = ['true', 'false', 'none', 'True', 'False', 'None'];

/** @param {string} source @returns {Node[]} @throws {import('./errors.js').TemplateError} */
export function parse(source) {
    return new Statements(tokenize(source)).all();
}

class Statements extends Expressions {
    /** Whether a loop is around, which `break` would end. */
    _isInLoop = false;

    all() {
        const nodes = this._body([]);
        if (!this.is('eof')) throw this.error('an end tag without its beginning');
        return nodes;
    }

    /** The nodes before one of the tags `ends`; the tag's name is not consumed. @param {string[]} ends @returns {Node[]} */
    _body(ends) {
        return this.deeper(() => {
            /** @type {Node[]} */
            const nodes = [];
            for (;;) {
                if (this.is('eof')) {
                    if (ends.length > 0) throw this.error(`the end of the template where ${ends.join(' or ')} is expected`);
                    return nodes;
                }
                if (this.is('data')) {
                    nodes.push({ type: 'data', text: this.next().value });
                } else if (this.next().value === 'variable') {
                    nodes.push({ type: 'output', value: this.tuple() });
                    this.expect('end', 'variable');
                } else if (this.is('name') && ends.includes(this.current.value)) {
                    return nodes;
                } else {
                    nodes.push(this._statement());
                    this._end();
                }
            }
        });
    }

    _end() {
        this.expect('end', 'block');
    }

    /** A body, its end tag included but for what closes that. @param {string} end */
    _bodyTo(end) {
        this._end();
        const body = this._body([end]);
        this.next();
        return body;
    }

    /** @returns {Node} */
    _statement() {
        const { value: name } = this.expect('name');
        switch (name) {
        case 'if': return this._if();
        case 'for': return this._for();
        case 'set': return this._set();
        case 'macro': return this._macro();
        case 'call': return this._call();
        case 'filter': return this._filterBlock();
        case 'with': return this._with();
        case 'generation': return { type: 'scope', targets: [], values: [], body: this._apart(() => this._bodyTo('endgeneration')) };
        case 'break':
        case 'continue':
            if (!this._isInLoop) throw this.error(`"${name}" outside of a loop`);
            return { type: name };
        default:
            throw this.error(REFUSED.includes(name) ? `it uses {% ${name} %}, which is not supported` : `the tag ${name} is not known in this place`);
        }
    }

    /** @returns {Node} */
    _if() {
        /** @type {{test: Node, body: Node[]}[]} */
        const branches = [];
        for (;;) {
            const test = this.tuple({ withCondition: false });
            this._end();
            branches.push({ test, body: this._body(['elif', 'else', 'endif']) });
            const word = this.next().value;
            if (word === 'endif') return { type: 'if', branches, other: [] };
            if (word === 'else') return { type: 'if', branches, other: this._bodyTo('endif') };
        }
    }

    /** @returns {Node} */
    _for() {
        const target = this._target('in');
        this.expect('name', 'in');
        const items = this.tuple({ withCondition: false, end: 'recursive' });
        const test = this.skip('name', 'if') ? this.expression() : null;
        const isRecursive = this.skip('name', 'recursive');
        this._end();
        const body = this._inLoop(true, () => this._body(['else', 'endfor']));
        const other = this.next().value === 'else' ? this._bodyTo('endfor') : [];
        return { type: 'for', target, items, test, isRecursive, body, other };
    }

    /** @template T @param {boolean} isInLoop @param {() => T} parse @returns {T} */
    _inLoop(isInLoop, parse) {
        const before = this._isInLoop;
        this._isInLoop = isInLoop;
        const made = parse();
        this._isInLoop = before;
        return made;
    }

    /** A body that is a function of its own. @template T @param {() => T} parse @returns {T} */
    _apart(parse) {
        return this._inLoop(false, parse);
    }

    /** @returns {Node} */
    _set() {
        const target = this._target();
        if (this.skip('operator', '=')) return { type: 'set', target, value: this.tuple() };
        let filter = null;
        while (this.is('operator', '|')) filter = this.filter(filter);
        return { type: 'setBlock', target, filter, body: this._bodyTo('endset') };
    }

    /** The target of an assignment. @param {string} [end] a name after it @returns {Node} */
    _target(end) {
        /** @type {Node[]} */
        const targets = [];
        let isTuple = false;
        for (;;) {
            targets.push(this._oneTarget());
            if (!this.skip('operator', ',')) break;
            isTuple = true;
            if (this.is('operator', '=') || this.is('operator', ')') || (end && this.is('name', end))) break;
        }
        return isTuple ? { type: 'targets', targets } : targets[0];
    }

    /** @returns {Node} */
    _oneTarget() {
        if (this.skip('operator', '(')) {
            const target = this.deeper(() => this._target());
            this.expect('operator', ')');
            return target;
        }
        const name = this._name();
        return this.skip('operator', '.') ? { type: 'member', name, member: this.expect('name').value } : { type: 'name', name };
    }

    _name() {
        const { value } = this.expect('name');
        if (RESERVED.includes(value)) throw this.error(`${value} cannot be assigned to`);
        return value;
    }

    /** @returns {Node} */
    _macro() {
        const name = this._name();
        const parameters = this._parameters();
        return this._apart(() => ({ type: 'macro', name, parameters, body: this._bodyTo('endmacro') }));
    }

    _parameters() {
        /** @type {{name: string, value: Node | null}[]} */
        const parameters = [];
        this.expect('operator', '(');
        while (!this.skip('operator', ')')) {
            if (parameters.length > 0) this.expect('operator', ',');
            const name = this._name();
            const value = this.skip('operator', '=') ? this.expression() : null;
            if (!value && parameters.at(-1)?.value) throw this.error('a parameter without a default behind one with a default');
            parameters.push({ name, value });
        }
        return parameters;
    }

    /** @returns {Node} */
    _call() {
        const parameters = this.is('operator', '(') ? this._parameters() : [];
        const call = this.expression();
        if (call.type !== 'call') throw this.error('{% call %} of what is no call');
        return this._apart(() => ({ type: 'callBlock', parameters, call, body: this._bodyTo('endcall') }));
    }

    /** @returns {Node} */
    _filterBlock() {
        let filter = this.namedFilter(null);
        while (this.is('operator', '|')) filter = this.filter(filter);
        return { type: 'filterBlock', filter, body: this._bodyTo('endfilter') };
    }

    /** @returns {Node} */
    _with() {
        /** @type {Node[]} */
        const targets = [], values = [];
        while (!this.is('end')) {
            if (targets.length > 0) this.expect('operator', ',');
            targets.push(this._target('='));
            this.expect('operator', '=');
            values.push(this.expression());
        }
        return { type: 'scope', targets, values, body: this._bodyTo('endwith') };
    }
}
