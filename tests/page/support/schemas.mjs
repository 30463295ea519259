/** Schemas and texts at random: the same ones for the same seed. */
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parseGrammar } from '../../../page/src/chat/grammar.js';

const HELD = ['date', 'time', 'date-time', 'uuid'];

const ajv = new Ajv2020({ strict: false, strictNumbers: true, logger: false, validateSchema: false });
addFormats(ajv, HELD);

/** Whether a text is JSON that is valid under the schema, as ajv says. */
export function judgeOf(schema) {
    const isValid = ajv.compile(schema);
    if (typeof schema === 'object') ajv.removeSchema(schema);
    return (text) => {
        let value;
        try {
            value = JSON.parse(text);
        } catch {
            return false;
        }
        return isValid(value);
    };
}

export class Draw {
    constructor(seed) {
        this._state = seed;
    }

    /** An integer below a bound. */
    below(bound) {
        this._state = (this._state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(this._state ^ (this._state >>> 15), 1 | this._state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
    }

    one(list) {
        return list[this.below(list.length)];
    }

    some(list) {
        return list.filter(() => this.below(2));
    }

    is(percent) {
        return this.below(100) < percent;
    }
}

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
const VALUES = ['a', 'toolong', '', 'ab', '🙂', '2024-02-31', '2024-02-29', '2023-02-29', '12:00:00Z', 0, 1, -3, 2.5, 1e20, 12, null, true, false,
    [], [1], ['a', 1], {}, { a: 1 }, { a: 'x', b: 2 }, { b: null }, '2024-01-01T00:00:00Z', '123e4567-e89b-12d3-a456-426614174000'];
const NAMES = ['a', 'b', 'ab', 'é'];
const PATTERNS = ['^a', 'b$', '^[a-c]+$', '^\\d{2}$', 'o', '^.$', '^(a|bc)*$', '^\\w?$', '[^a]'];
const BOUNDS = [0, 1, -3, 5, 0.5, 10, 100, -9100000000000000, 9100000000000000, 1e17, -1e17];

/** A schema whose parts are at most so deep. @param {Draw} draw */
export function schemaOf(draw, depth = 3) {
    if (depth === 0 || draw.is(6)) return draw.one([true, {}, { type: draw.one(TYPES) }, { const: draw.one(VALUES) }]);
    const inner = () => schemaOf(draw, depth - 1);
    const schema = {};
    if (draw.is(70)) schema.type = draw.is(20) ? [draw.one(TYPES), draw.one(TYPES)].filter((one, i, all) => all.indexOf(one) === i) : draw.one(TYPES);
    for (const type of [schema.type ?? draw.one(TYPES)].flat()) Object.assign(schema, wordsOf(draw, type, inner));
    if (draw.is(25)) schema.enum = [...new Set(Array.from({ length: 1 + draw.below(8) }, () => draw.one(VALUES)))];
    if (draw.is(6)) schema.const = draw.one(VALUES);
    for (const word of ['anyOf', 'oneOf', 'allOf']) if (draw.is(8)) schema[word] = Array.from({ length: 1 + draw.below(3) }, inner);
    if (draw.is(2)) Object.assign(schema, draw.one([{ not: { type: 'null' } }, { multipleOf: 2 }, { uniqueItems: true }, { maxProperties: 1 }]));
    if (draw.is(5)) schema.$ref = '#/$defs/x';
    return schema;
}

function wordsOf(draw, type, inner) {
    switch (type) {
    case 'object': return objectOf(draw, inner);
    case 'array': return {
        ...draw.is(70) ? { items: draw.is(15) ? false : inner() } : {}, ...draw.is(25) ? { prefixItems: [inner(), inner()].slice(draw.below(2)) } : {},
        ...draw.is(25) ? { minItems: draw.below(3) } : {}, ...draw.is(25) ? { maxItems: draw.below(4) } : {},
    };
    case 'string': return draw.one([{}, { minLength: draw.below(4) }, { maxLength: draw.below(4) }, { minLength: 1, maxLength: 3 }, { pattern: draw.one(PATTERNS) },
        { format: draw.one([...HELD, 'email']) }, { format: 'date', maxLength: 10 }]);
    case 'integer': return Object.fromEntries(draw.some(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']).slice(0, 2).map((word) => [word, draw.one(BOUNDS)]));
    case 'number': return draw.one([{}, { minimum: 0 }, { maximum: 5 }]);
    default: return {};
    }
}

function objectOf(draw, inner) {
    const schema = {};
    if (draw.is(80)) schema.properties = Object.fromEntries(draw.some(NAMES).map((name) => [name, inner()]));
    if (draw.is(50)) schema.required = draw.some(NAMES).slice(0, 2);
    if (draw.is(35)) schema.additionalProperties = draw.is(40) ? false : inner();
    return schema;
}

/** With what it may refer to. @param {Draw} draw */
export function wholeSchemaOf(draw) {
    const schema = schemaOf(draw), referred = schemaOf(draw, 1);
    // Of a schema that is its own part ajv does not come to an end.
    if (typeof referred === 'object') delete referred.$ref;
    return typeof schema === 'object' ? { $defs: { x: referred }, ...schema } : schema;
}

const POOL = Array.from('aboé🙂 07-:.Z_T"\\\u2028\n', (one) => one.codePointAt(0));
/** How much of a text is made before what is left is kept short. */
const LONG = 200;

/** Texts that a grammar lets through. */
export class Texts {
    constructor(grammar, draw) {
        this._rules = parseGrammar(grammar);
        this._draw = draw;
        this._heights = heightsOf(this._rules);
    }

    next() {
        this._made = 0;
        return this._alternative(this._rules.get('root'));
    }

    _alternative(list) {
        const heights = list.map((sequence) => heightOf(sequence, this._heights));
        const least = Math.min(...heights);
        const isLong = ++this._made > LONG;
        const sequence = this._draw.one(isLong ? list.filter((_, i) => heights[i] === least) : list);
        return sequence.map((item) => this._item(item)).join('');
    }

    _item(item) {
        switch (item.type) {
        case 'text': return String.fromCodePoint(...item.points);
        case 'chars': return String.fromCodePoint(this._character(item));
        case 'rule': return this._alternative(this._rules.get(item.name));
        case 'group': return this._alternative(item.alternatives);
        default: {
            const more = this._made > LONG ? 0 : Math.min(item.max - item.min, this._draw.below(4));
            return Array.from({ length: item.min + more }, () => this._item(item.item)).join('');
        }
        }
    }

    _character({ ranges, not }) {
        const isIn = (point) => ranges.some(([low, high]) => low <= point && point <= high) !== not;
        const known = POOL.filter(isIn);
        if (known.length > 0 && this._draw.is(40)) return this._draw.one(known);
        if (not) return known[0] ?? 0x4e00;
        const [low, high] = this._draw.one(ranges);
        const point = low + this._draw.below(Math.min(high - low + 1, 300));
        return point >= 0xd800 && point <= 0xdfff ? low : point;
    }
}

/** How many rules are within each other at the least. */
function heightsOf(rules) {
    const heights = new Map([...rules.keys()].map((name) => [name, Infinity]));
    for (let isChanged = true; isChanged;) {
        isChanged = false;
        for (const [name, list] of rules) {
            const height = 1 + Math.min(...list.map((sequence) => heightOf(sequence, heights)));
            if (height < heights.get(name)) {
                heights.set(name, height);
                isChanged = true;
            }
        }
    }
    return heights;
}

function heightOf(sequence, heights) {
    return Math.max(0, ...sequence.map((item) => itemHeight(item, heights)));
}

function itemHeight(item, heights) {
    if (item.type === 'rule') return heights.get(item.name);
    if (item.type === 'group') return Math.min(...item.alternatives.map((sequence) => heightOf(sequence, heights)));
    return item.type === 'repeat' && item.min > 0 ? itemHeight(item.item, heights) : 0;
}

/** A text that is nearly the same. @param {string} text @param {Draw} draw */
export function changed(text, draw) {
    const points = Array.from(text);
    const at = draw.below(points.length + 1);
    return [...points.slice(0, at), draw.one(['', ...'0129a"-:,']), ...points.slice(at + draw.below(2))].join('');
}
