// tier: quick
/** Our tokenizer against the Rust library on tokenizers that people use, over texts made at random: the same tokens, places and texts. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Tokenizer as Oracle } from '@anush008/tokenizers';
import { Detokenizer } from '../../page/src/pipeline/detokenizer.js';
import { Tokenizer } from '../../page/src/pipeline/tokenizer/tokenizer.js';

const { WEBINFER_NODE_MODULES: modules = 'node_modules' } = process.env;
const fileOf = (name) => path.join(modules, `@lenml/tokenizer-${name}/models/tokenizer.json`);
const TEXTS = 150, LENGTH = 40;
/** What texts are made of. */
const PARTS = ['Hello', ' world', " 'some value'", 'naïve ', 'é', 'e\u0301', '日本', '語', '🙂', '👨‍👩‍👧', '  ', '\n', '\t', ' .', ',', '!?', '3.14', '1,000', "don't", ' I\'m', '<s>', '</s>', '<unk>', '<EOT>',
    '\u00a0', '\u200b', '\u0000', 'ﬁ', '½', 'ΑΣ', 'İ', 'мир', 'שלום', 'مرحبا', 'हूँ', '각', '한국', 'x'.repeat(30), '{"a": [1, 2]}', 'for (int i = 0; i < n; i++)', '▁', 'Ġ', '\ufffd'];

/** @param {number} seed */
function randomTexts(seed) {
    let state = seed;
    const next = (below) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor(state / 2 ** 32 * below);
    };
    return Array.from({ length: TEXTS }, () => Array.from({ length: 1 + next(LENGTH) }, () => PARTS[next(PARTS.length)]).join(''));
}

for (const name of ['llama2', 'claude']) {
    const file = fileOf(name), ours = new Tokenizer(JSON.parse(fs.readFileSync(file, 'utf8'))), oracle = Oracle.fromFile(file);

    test(`${name}: tokens, their places and their texts`, async () => {
        for (const text of randomTexts(7)) {
            const expected = await oracle.encode(text), made = ours.encode(text), ids = expected.getIds();
            assert.deepEqual(made.ids, ids, JSON.stringify(text));
            const mask = expected.getSpecialTokensMask();
            assert.deepEqual(made.spans, expected.getOffsets().map((span, at) => (mask[at] ? null : span)), JSON.stringify(text));
            for (const skips of [true, false]) assert.equal(ours.decode(ids, skips), await oracle.decode(ids, skips), JSON.stringify(text));
        }
    });

    test(`${name}: an answer that is told token by token is the text of all tokens`, async () => {
        const tokenizer = { all_special_ids: [], all_special_tokens: [], decode: (ids, { skip_special_tokens: skips = false } = {}) => ours.decode(ids, skips) };
        const before = ours.encode('Say: ').ids;
        for (const text of randomTexts(11)) {
            const tokens = ours.encode(text, null, false).ids, detokenizer = new Detokenizer(tokenizer, before, []);
            const told = tokens.map((token) => detokenizer.push(token)).join('') + detokenizer.end();
            const whole = await oracle.decode([...before, ...tokens], false), lead = await oracle.decode(before, false);
            assert.equal(told, whole.slice(lead.length), JSON.stringify(text));
        }
    });
}
