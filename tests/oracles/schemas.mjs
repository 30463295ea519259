/**
 * node tests/oracles/schemas.mjs: makes tests/oracles/schemas.json anew. Which of some texts are valid under some schemas, as
 * ajv with its formats says; its file names the versions. A schema that is refused has the word for which it is.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { judgeOf } from '../page/support/schemas.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(path.join(process.env.WEBINFER_NODE_MODULES ?? '.', 'x'));
const versionOf = (name) => require(`${name}/package.json`).version;
const ORACLE = { program: `ajv ${versionOf('ajv')}`, by: `npm ajv, with ajv-formats ${versionOf('ajv-formats')}`, script: 'tests/oracles/schemas.mjs' };

const days = (...list) => list.map((one) => JSON.stringify(one));
const KINDS = ['null', 'true', '0', '1', '2', '3.5', '"a"', '"ab"', '"toolong"', '[]', '[1]', '["a"]', '{}', '{"a":1}', '{"a":"x"}', '{"b":1}'];
const ALL = [null, true, 0, 1, 2, 3.5, 'a', 'ab', 'toolong', [], [1], ['a'], {}, { a: 1 }, { a: 'x' }, { b: 1 }];

/** A name, the schema, the texts. @type {[string, any, string[]][]} */
const CASES = [
    ...Object.entries({
        'a type': { type: 'string' }, 'two types': { type: ['integer', 'null'] }, 'a length': { maxLength: 3 }, 'a least length': { minLength: 2 },
        'a pattern': { pattern: '^a' }, 'bounds': { minimum: 1, exclusiveMaximum: 3.5 }, 'an upper bound': { maximum: 2 }, 'items': { items: { type: 'integer' } }, 'a number of items': { minItems: 1 },
        'a beginning': { prefixItems: [{ type: 'string' }] }, 'no items': { items: false }, 'properties': { properties: { a: { type: 'integer' } } }, 'a required property': { required: ['a'] },
        'no other properties': { properties: { a: true }, additionalProperties: false }, 'other properties': { additionalProperties: { type: 'string' } },
        'all of': { allOf: [{ type: 'string' }, { maxLength: 2 }] }, 'any of': { anyOf: [{ type: 'null' }, { type: 'string', minLength: 2 }] },
        'one of': { oneOf: [{ type: 'integer' }, { type: 'number', minimum: 1 }] }, 'a reference': { $defs: { x: { type: 'object' } }, $ref: '#/$defs/x' }, 'another enum': { allOf: [{ enum: ['a', 1, null, [], 7] }] },
        'a date': { format: 'date' }, 'an unknown format': { format: 'email' }, 'a const': { const: 'a' },
    }).map(([name, beside]) => [`enum beside ${name}`, { enum: ALL, ...beside }, KINDS]),
    ['enum with null beside a type', { type: 'string', enum: ['a', null] }, ['"a"', 'null']],
    ['enum beside a length', { enum: ['a', 'toolong'], maxLength: 3 }, ['"a"', '"toolong"']],
    ['enum beside a date', { enum: ['2024-02-29', '2023-02-29', '2024-02-31', 7], format: 'date' }, ['"2024-02-29"', '"2023-02-29"', '"2024-02-31"', '7']],
    ['enum within any of', { anyOf: [{ type: 'string' }, { type: 'null' }, { type: 'integer' }], enum: ['a', null, true] }, ['"a"', 'null', 'true', '1', '"b"']],
    ['enum of a property', { properties: { k: { type: 'integer', enum: [1, '2', 3], maximum: 2 } }, required: ['k'] }, ['{"k":1}', '{"k":"2"}', '{"k":3}']],
    ['days of months', { format: 'date' }, days('2024-01-31', '2024-02-28', '2024-02-29', '2024-02-30', '2024-02-31', '2024-03-31', '2024-04-30', '2024-04-31', '2024-06-31', '2024-09-31',
        '2024-11-31', '2024-12-31', '2024-00-10', '2024-13-10', '2024-10-00', '2024-12-32', '2024-2-3')],
    ['days of leap years', { format: 'date' }, days('2023-02-29', '2000-02-29', '1900-02-29', '2100-02-29', '2400-02-29', '0000-02-29', '2004-02-29', '2012-02-29', '2022-02-29', '1996-02-29', '0100-02-29', '0400-02-29')],
    ['days and times', { format: 'date-time' }, days('2024-02-29T00:00:00Z', '2023-02-29T00:00:00Z', '2024-04-31T10:00:00Z', '2024-04-30T10:00:00+02:00', '2024-04-30T24:00:00Z', '2024-04-30T10:60:00Z', '2024-04-30T10:00:00')],
    ['times', { format: 'time' }, days('00:00:00Z', '23:59:59.123Z', '23:59:61Z', '12:00:00+24:00', '12:00:00-23:59', '12:00:00+00:60', '12:00')],
    ['numbers that are no numbers', { type: 'number' }, ['1e99', '1e999', '-1.5e10', '0.1', '9007199254740993']],
    ['lengths of escapes', { minLength: 2, maxLength: 2 }, ['"\\u00e9a"', '"\\ud83d\\ude42"', '"🙂🙂"', '"🙂"']],
    ['a bound that is no safe integer', { type: 'integer', minimum: -9100000000000000 }, ['-9000000000000000', '-9900000000000000', '5']],
    ['nothing in any of', { anyOf: [false, { type: 'null' }] }, ['null', '""', '']],
    ['one of by a mark', { oneOf: [{ properties: { t: { const: 'a' }, x: {} }, required: ['t'] }, { properties: { t: { enum: ['b', 'c'] } }, required: ['t'] }] }, ['{"t":"a"}', '{"t":"b"}', '{"t":"d"}', '{"t":"a","x":1}']],
    ['one of by types', { oneOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }] }, ['"a"', '1', 'null', 'true']],
    ['one of by what is required', { type: 'object', oneOf: [{ properties: { k: true }, required: ['k'] }, { properties: { z: true }, required: ['z'] }] }, ['{"k":1}', '{"z":1}', '{}']],
    ['one of by values', { oneOf: [{ const: 1, title: 'One' }, { const: 2 }, { enum: [3, 4] }] }, ['1', '2', '3', '4', '5']],
];

/** Those that no grammar can follow. @type {[string, any, string][]} */
const REFUSED = [
    ['one of that may hold together', { oneOf: [{ type: 'integer' }, { type: 'number' }] }, '"oneOf" of schemas that may hold together'],
    ['one of with a property for both', { properties: { k: { const: 1 } }, oneOf: [{ required: ['k'] }, { properties: { z: {} }, required: ['z'] }] }, '"oneOf" of schemas that may hold together'],
    ['other properties beside named ones', { allOf: [{ additionalProperties: { type: 'integer' } }, { properties: { x: { type: 'string' } } }] }, '"additionalProperties" said twice'],
    ['items beside a beginning', { allOf: [{ prefixItems: [{ type: 'string' }] }, { items: { type: 'integer' } }] }, '"items" said twice'],
    ['enum of which nothing is valid', { type: 'string', enum: [1, null] }, 'nothing is allowed at #'],
    ['const and enum apart', { const: 1, enum: [2] }, 'nothing is allowed at #'],
    ['any of nothing', { anyOf: [false] }, 'nothing is allowed at #'],
    ['enum beside not', { enum: [1, 2], not: { const: 1 } }, '"not" at # is not supported'],
    ['enum beside multipleOf', { enum: [1, 2], multipleOf: 2 }, '"multipleOf" at # is not supported'],
    ['a word within enum', { enum: [{ a: 1 }], properties: { a: { multipleOf: 2 } } }, '"multipleOf" at #/properties/a is not supported'],
];

const cases = Object.fromEntries([
    ...CASES.map(([name, schema, texts]) => {
        const isValid = judgeOf(schema);
        return [name, { schema, valid: texts.filter(isValid), invalid: texts.filter((text) => !isValid(text)) }];
    }),
    ...REFUSED.map(([name, schema, refused]) => [name, { schema, refused }]),
]);
const lines = Object.entries(cases).map(([name, one]) => `${JSON.stringify(name)}: ${JSON.stringify(one)}`);
fs.writeFileSync(path.join(folder, 'schemas.json'), `{"oracle": ${JSON.stringify(ORACLE)}, "cases": {\n${lines.join(',\n')}\n}}\n`);
