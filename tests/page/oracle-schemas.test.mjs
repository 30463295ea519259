// tier: quick
/** What the grammar of a schema lets through is valid, as ajv says: written cases (tests/oracles/schemas.mjs), and a search at random. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { grammarOfSchema } from '../../page/src/chat/schema.js';
import { Failure } from '../../page/src/engine/failure.js';
import { root } from '../lib/paths.mjs';
import { isFull } from '../lib/tier.mjs';
import { matcher } from './support/gbnf.mjs';
import { Draw, Texts, changed, judgeOf, wholeSchemaOf } from './support/schemas.mjs';

const { oracle, cases } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/schemas.json'), 'utf8'));

for (const [name, { schema, valid, invalid, refused }] of Object.entries(cases)) {
    test(`${name}, as ${oracle.program}`, () => {
        if (refused) {
            assert.throws(() => grammarOfSchema(schema, 'options.json_schema'), (error) => {
                assert(error instanceof Failure, String(error));
                assert.deepEqual([error.code, error.field], ['input_invalid', 'options.json_schema']);
                assert(error.message.includes(refused), error.message);
                return true;
            });
            return;
        }
        const isIt = matcher(grammarOfSchema(schema));
        for (const text of valid) assert(isIt(text), `${JSON.stringify(schema)} lets ${text} through`);
        for (const text of invalid) assert(!isIt(text), `${JSON.stringify(schema)} does not let ${text} through`);
    });
}

/** Of each schema that becomes a grammar. */
const TEXTS = 5;
const SCHEMAS = isFull ? 15000 : 400;

/** @returns {string | null} */
function grammarOf(schema) {
    try {
        return grammarOfSchema(schema);
    } catch (error) {
        if (error instanceof Failure) return null;
        throw error;
    }
}

test(`${SCHEMAS} schemas at random let only valid texts through`, () => {
    const draw = new Draw(51);
    let made = 0;
    for (let i = 0; made < SCHEMAS; i++) {
        assert(i < 4 * SCHEMAS, 'too many schemas are refused');
        const schema = wholeSchemaOf(draw), grammar = grammarOf(schema);
        if (grammar === null) continue;
        made++;
        const isValid = judgeOf(schema), isIt = matcher(grammar), texts = new Texts(grammar, draw);
        for (let k = 0; k < TEXTS; k++) {
            const text = texts.next(), other = changed(text, draw);
            assert(isValid(text), `${JSON.stringify(schema)} lets ${text} through`);
            if (other.length < 60 && isIt(other)) assert(isValid(other), `${JSON.stringify(schema)} lets ${other} through`);
        }
        for (const value of schema.enum ?? []) {
            const text = JSON.stringify(value);
            assert.equal(isIt(text), isValid(text), `${JSON.stringify(schema)}: ${text}`);
        }
    }
});
