// tier: quick
/** JSON schemas as grammars: what these let through, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../page/src/engine/failure.js';
import { grammarOfSchema } from '../../page/src/chat/schema.js';
import { matcher } from './support/gbnf.mjs';

/** Texts that a schema's grammar takes, and texts that it does not. */
function expect(schema, good, bad) {
    const isIt = matcher(grammarOfSchema(schema));
    for (const text of good) {
        JSON.parse(text);
        assert(isIt(text), `${JSON.stringify(schema)} takes ${text}`);
    }
    for (const text of bad) assert(!isIt(text), `${JSON.stringify(schema)} does not take ${text}`);
}

function refused(schema, message) {
    assert.throws(() => grammarOfSchema(schema, 'options.x'), (error) => {
        assert(error instanceof Failure, String(error.stack));
        assert.equal(error.code, 'input_invalid');
        assert.equal(error.field, 'options.x');
        assert.match(error.message, message);
        return true;
    }, JSON.stringify(schema)?.slice(0, 100));
}

test('objects: the properties in their order, those that are required, and no others', () => {
    expect({ type: 'object', properties: { a: { type: 'integer' }, b: { type: 'string' }, c: {} }, required: ['a'] },
        ['{"a":1}', '{"a": 1, "b": "x", "c": null}', '{\n  "a": 1,\n  "c": [{}, 2.5e-1]\n}'],
        ['{}', '{"b":"x"}', '{"b":"x","a":1}', '{"a":1,}', '{"a":1,"d":2}', '{"a":1 "b":"x"}', '[]']);
    expect({ properties: { a: {}, b: {}, c: {} }, required: ['b'] },
        ['{"b":1}', '{"a":[1,2],"b":{}}', '{"b":1,"c":2}', '{"a":1,"b":2,"c":3}'], ['{}', '{"a":1}', '{"a":1,"c":1}', '{"c":1}']);
    expect({ properties: { a: { type: 'null' }, b: { type: 'null' } } },
        ['{}', '{ }', '{"a":null}', '{"b":null}', '{"a":null, "b":null}'], ['{,"b":null}', '{"a":null,}']);
    expect({ type: 'object' }, ['{}', '{"x": [1, {"y": null}]}'], ['[]', '{"x"}', '{x:1}']);
    expect({ type: 'object', properties: {} }, ['{}'], ['{"a":1}']);
    expect({ required: ['x'], properties: { y: false } }, ['{"x":1}'], ['{"y":1}', '{"x":1,"y":1}']);
    expect({ properties: { 'a"\\b': { const: 1 } } }, ['{"a\\"\\\\b":1}'], ['{"ab":1}']);
    refused({ properties: { a: {} }, required: ['b'], additionalProperties: false }, /required "b" is not allowed/);
});

test('other properties come last, by names that the schema does not give', () => {
    const schema = { properties: { a: { type: 'string' }, ab: { type: 'string' }, 'é"': {} }, additionalProperties: { type: 'integer' } };
    expect(schema, ['{}', '{"b":1,"c":2}', '{"a":"x"}', '{"a":"x","abc":1,"":2}', '{"aa":1}', '{"a": "x", "ab": "y", "x\\n": 3}'],
        ['{"a":1}', '{"ab":1}', '{"b":"x"}', '{"b":1,"a":"x"}', '{"\\u0061":1}', '{"é\\"":1,"é\\"":1}']);
    expect({ type: 'object', additionalProperties: { type: 'boolean' } }, ['{}', '{"a":true,"b":false}'], ['{"a":1}']);
    const long = 'x'.repeat(5000);
    expect({ properties: { [long]: { type: 'null' } }, additionalProperties: { type: 'integer' } },
        [`{"${long}":null}`, '{"xx":1}'], [`{"${long}":1}`]);
});

test('arrays: items, a given beginning, and how many', () => {
    expect({ type: 'array' }, ['[]', '[1, "a", []]'], ['[,]', '{}']);
    expect({ type: 'array', items: { type: 'boolean' }, minItems: 2, maxItems: 3 },
        ['[true, false]', '[true,true,true]'], ['[]', '[true]', '[true,true,true,true]', '[true,1]']);
    expect({ items: { type: 'integer' }, maxItems: 1 }, ['[]', '[1]'], ['[1,2]', '["1"]']);
    expect({ items: { type: 'integer' }, minItems: 1 }, ['[1]', '[1,2,3]'], ['[]']);
    expect({ items: false }, ['[]'], ['[1]']);
    expect({ maxItems: 0 }, ['[]'], ['[1]']);
    expect({ prefixItems: [{ type: 'string' }, { type: 'integer' }] }, ['["a", 1]'], ['["a"]', '[]', '["a",1,2]']);
    expect({ prefixItems: [{ type: 'string' }], items: { type: 'integer' }, minItems: 2 }, ['["a",1]', '["a",1,2]'], ['["a"]']);
    expect({ prefixItems: [{ const: 1 }, { const: 2 }], maxItems: 1 }, ['[1]'], ['[1,2]']);
    refused({ prefixItems: [true], items: false, minItems: 2 }, /minItems/);
    refused({ items: [true] }, /prefixItems/);
    refused({ minItems: 3, maxItems: 2 }, /more than/);
});

test('strings: lengths, formats', () => {
    expect({ type: 'string' }, ['""', '"a\\n\\u00e9😀"', '"\\""'], ['"', '"a', '"\n"', '"\\x"', 'a']);
    expect({ minLength: 2, maxLength: 3 }, ['"ab"', '"a\\nb"', '"😀é"'], ['"a"', '"abcd"']);
    expect({ maxLength: 0 }, ['""'], ['"a"']);
    expect({ format: 'date' }, ['"2024-02-29"'], ['"2024-13-01"', '"2024-1-1"']);
    expect({ format: 'time' }, ['"23:59:59.5Z"', '"00:00:00+05:30"'], ['"24:00:00Z"', '"10:00Z"', '"10:00:00"']);
    expect({ format: 'date-time' }, ['"2024-12-31T23:59:59Z"'], ['"2024-12-31"', '"2024-12-31 23:59:59Z"']);
    expect({ format: 'uuid' }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"123e4567e89b12d3a456426614174000"']);
    expect({ type: 'string', format: 'email' }, ['"any"'], ['1']);
});

test('patterns: what a regular expression and the grammar take is the same', () => {
    const texts = ['', 'a', 'b', 'ab', 'abab', 'aab', '12', '123-x.', '2024-05', 'x y', 'é', '😀', '"', 'a"b', '\\', 'a\\', '\n', 'a\tb', '-', ']', '^', '$1', 'ABC', '_z9'];
    for (const pattern of ['^a', 'b$', 'a.b', '^(?:ab)+$', '^(a|b)*$', '^[a-c]{1,2}$', '^\\d{4}-\\d{2}$', '^\\w+$', '^\\W$', '^\\s', '^[^a]$',
        '^[\\]\\-^]$', '^\\$\\d$', '^"$', '\\\\', '^.$', '^[\\s\\S]*$', '^$', '', '^\\u0061\\x62$', '^\\n$', '^[^"\\\\]+$', '^a?b', '^x{0}y{0,}$', '[A-Z]{3}', '^(a(b|)|(12))$'])
    {
        const isIt = matcher(grammarOfSchema({ type: 'string', pattern }));
        const regex = new RegExp(pattern, 'u');
        for (const text of texts) assert.equal(isIt(JSON.stringify(text)), regex.test(text), `${pattern} on ${JSON.stringify(text)}`);
    }
});

test('of patterns what is not supported is named', () => {
    for (const [pattern, message] of [
        ['(?=a)', /lookahead/], ['(?!a)', /lookahead/], ['(?<=a)b', /lookbehind/], ['(?<name>a)', /named groups/], ['(a)\\1', /references back/],
        ['\\bword', /boundaries/], ['\\p{L}', /Unicode/], ['a+?', /lazy/], ['a**', /repeat of a repeat/], ['(a', /group without its end/],
        ['a)', /"\)" in this place/], ['^a|b$', /together with "\|"/], ['a^b', /"\^" in this place/], ['a$b', /"b" in this place/], ['[a', /end in this place/],
        ['[z-a]', /range/], ['[\\d-z]', /range/], ['a{99999}', /4 digits/], ['\\q', /"\\q"/], ['\\u12', /digits/], ['[^\\s\\S]', /no characters/], ['*', /in this place/],
    ]) refused({ type: 'string', pattern }, message);
    refused({ type: 'string', pattern: 1 }, /not a string/);
});

test('integers between bounds, tried at random and at the bounds', () => {
    let seed = 7;
    const random = (below) => { seed = (seed * 48271) % 0x7fffffff; return seed % below; };
    for (let i = 0; i < 200; i++) {
        const any = () => random(10 ** (1 + random(5))) - random(10 ** (1 + random(5)));
        const [min, max] = [any(), any()].sort((a, b) => a - b);
        const kind = random(4);
        const schema = { type: 'integer', ...kind === 0 ? {} : { minimum: min }, ...kind === 1 ? {} : { exclusiveMaximum: max + 1 } };
        const isIt = matcher(grammarOfSchema(schema));
        for (const value of [min - 1, min, min + 1, max - 1, max, max + 1, 0, -1, any(), any()]) {
            assert.equal(isIt(String(value)), (kind === 0 || value >= min) && (kind === 1 || value <= max), `${JSON.stringify(schema)} on ${value}`);
        }
        for (const text of ['', '-', '-0', '01', '1.0']) assert(text === '-0' || !isIt(text), text);
    }
    expect({ type: 'integer', minimum: -9223372036854775808, maximum: 9223372036854775807 }, ['0', '-12', '123456789'], ['1.5', '01']);
    expect({ type: 'integer', minimum: 0.5, maximum: 2.5 }, ['1', '2'], ['0', '3']);
    expect({ type: 'number', minimum: 0 }, ['0', '1.5', '2e10'], ['-1', '.5']);
    refused({ type: 'integer', minimum: 3, maximum: 2 }, /no integer/);
    refused({ type: 'integer', minimum: 'x' }, /not a number/);
    refused({ type: 'number', maximum: 7 }, /"maximum" of a number/);
    refused({ type: 'number', minimum: 7 }, /"minimum" other than 0/);
});

test('values, alternatives, and schemas that hold together', () => {
    expect({ enum: ['x', 1, null, { a: [true] }] }, ['"x"', '1', 'null', '{"a":[true]}'], ['"y"', '2']);
    expect({ const: 'a"b\n' }, ['"a\\"b\\n"'], ['"ab"']);
    expect({ type: ['string', 'null'] }, ['"x"', 'null'], ['1']);
    expect({ anyOf: [{ type: 'integer' }, { type: 'object', properties: { a: {} } }], description: 'x' }, ['1', '{"a":"b"}'], ['"x"']);
    expect({ type: 'object', oneOf: [{ properties: { k: { const: 1 } }, required: ['k'] }, { properties: { z: {} }, required: ['z'] }] },
        ['{"k":1}', '{"z":2}'], ['{}', '{"k":1,"z":2}']);
    expect({ allOf: [{ properties: { a: { type: 'integer' } }, required: ['a'] }, { properties: { a: { minimum: 3 }, b: { type: 'string' } }, required: ['b'] }] },
        ['{"a":3,"b":"x"}'], ['{"a":2,"b":"x"}', '{"a":3}']);
    expect({ allOf: [{ type: ['integer', 'string'] }, { type: 'number' }] }, ['1'], ['"x"', '1.5']);
    expect({ allOf: [{ enum: [1, 2, 3] }, { enum: [2, 3, 4] }], title: 'T' }, ['2', '3'], ['1', '4']);
    expect(true, ['1', '{"a":[]}'], ['']);
    expect({ $schema: 'https://json-schema.org/draft/2020-12/schema', 'x-mine': 1, default: 3 }, ['"anything"'], []);
    refused({ allOf: [{ pattern: 'a' }, { pattern: 'b' }] }, /"pattern" said twice/);
    refused({ allOf: [{ additionalProperties: false, properties: { a: {} } }, { properties: { b: {} } }] }, /"additionalProperties"/);
});

test('references: to definitions, by pointers with escapes, to themselves', () => {
    expect({
        $defs: { 'a/b~c d': { type: 'object', properties: { v: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/a~1b~0c%20d' }, { type: 'null' }] } }, required: ['v', 'next'] } },
        $ref: '#/$defs/a~1b~0c%20d',
    }, ['{"v":1,"next":{"v":2,"next":null}}'], ['{"v":1,"next":{}}', '{"v":1}']);
    expect({ properties: { children: { type: 'array', items: { $ref: '#' } } } }, ['{"children":[{},{"children":[]}]}'], ['{"children":[1]}']);
    expect({ definitions: { n: { type: 'integer', minimum: 0 } }, properties: { x: { $ref: '#/definitions/n', maximum: 9 } } }, ['{"x":9}'], ['{"x":10}', '{"x":-1}']);
    refused({ $ref: 'https://example.org/schema' }, /outside of the schema/);
    refused({ $ref: 'other.json#/a' }, /outside of the schema/);
    refused({ $ref: '#/$defs/none' }, /does not exist/);
    refused({ $ref: '#/constructor' }, /does not exist/);
    refused({ $ref: 1 }, /not a string/);
    refused({ $ref: '#' }, /begins with itself/);
    refused({ anyOf: [{ $ref: '#' }, { type: 'null' }] }, /begins with itself/);
    refused({ allOf: [{ $ref: '#' }] }, /contains itself/);
    for (const word of ['allOf', 'anyOf', 'oneOf']) {
        refused({ enum: [1], properties: { a: { $ref: '#' } }, [word]: [{ $ref: '#' }] }, /contains itself/);
    }
    refused({ $defs: { x: { enum: [1], oneOf: [{ $ref: '#/$defs/y' }] }, y: { $ref: '#/$defs/x' } }, $ref: '#/$defs/x' }, /contains itself/);
});

test('words that no grammar can follow are refused by name', () => {
    for (const word of ['not', 'if', 'patternProperties', 'propertyNames', 'dependentRequired', 'contains', 'multipleOf', 'maxProperties']) {
        refused({ type: 'object', properties: { deep: { [word]: {} } } }, new RegExp(`"${word}" at #/properties/deep is not supported`));
    }
    refused({ uniqueItems: true }, /uniqueItems/);
    expect({ type: 'array', uniqueItems: false, items: { const: 1 } }, ['[1]'], []);
    refused({ type: 'string', pattern: 'a', maxLength: 3 }, /more than one of/);
    for (const schema of [null, 1, 'x', [], undefined]) refused(schema, /neither an object/);
    refused(false, /allows nothing/);
    refused({ type: 'date' }, /"type" is "date"/);
    refused({ properties: [] }, /"properties"/);
    refused({ required: 'a' }, /"required"/);
    refused({ enum: [] }, /"enum"/);
    refused({ anyOf: 3 }, /"anyOf"/);
    refused({ allOf: {} }, /"allOf"/);
    refused({ minLength: -1 }, /no count/);
});

test('hostile schemas end in an error, soon', () => {
    const nested = (depth, wrap) => { let schema = { type: 'null' }; for (let i = 0; i < depth; i++) schema = wrap(schema); return schema; };
    expect(nested(15, (items) => ({ type: 'array', items })), [`${'['.repeat(15)}null${']'.repeat(15)}`], ['null']);
    for (const wrap of [(items) => ({ items }), (a) => ({ properties: { a } }), (a) => ({ anyOf: [a] }), (a) => ({ allOf: [a] })]) {
        refused(nested(40, wrap), /nested too deeply|larger than allowed/);
        refused(nested(2000, wrap), /nested too deeply/);
    }
    refused({ enum: Array.from({ length: 3000 }, (_, i) => i), anyOf: Array.from({ length: 300 }, () => ({ const: 'x' })) }, /more values and alternatives than allowed/);
    refused({ oneOf: Array.from({ length: 800 }, (_, i) => ({ enum: [i] })) }, /more values and alternatives than allowed/);
    refused({ enum: [`${'a'.repeat(5000)}!`], pattern: '^(a+)+$' }, /./);
    refused({ enum: Array.from({ length: 5000 }, (_, i) => `value number ${i}`) }, /too large|65536 bytes/);
    refused({ type: 'array', items: { type: 'string' }, maxItems: 1e6 }, /over 2000/);
    refused({ type: 'string', minLength: 1e6 }, /over 2000/);
    refused({ properties: { a: { maxLength: 1500 }, b: { maxLength: 700 } } }, /2000 repeats in sum/);
    refused({ type: 'string', pattern: '^(((a{60}){60}){60}){1999}$' }, /repeats/);
    refused({ type: 'string', pattern: `${'('.repeat(500)}a${')'.repeat(500)}` }, /groups within each other/);
    refused({ type: 'string', pattern: '^(a*)*$' }, /repeats without end/);
    matcher(grammarOfSchema({ type: 'string', pattern: '^(a+)+(b|b)+$' }))('"aaab"');
    const doubling = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`d${i}`, { allOf: [{ $ref: `#/$defs/d${i + 1}` }, { $ref: `#/$defs/d${i + 1}` }] }]));
    refused({ $defs: { ...doubling, d30: { type: 'null' } }, $ref: '#/$defs/d0', type: 'null' }, /larger than allowed/);
    const chain = Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`d${i}`, { $ref: `#/$defs/d${i + 1}` }]));
    refused({ $defs: { ...chain, d1500: { type: 'null' } }, $ref: '#/$defs/d0' }, /begin with each other/);
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, { type: 'integer' }]));
    expect({ properties: wide }, ['{}', '{"p7":1,"p99":2}'], ['{"p9":1,"p8":2}']);
});
