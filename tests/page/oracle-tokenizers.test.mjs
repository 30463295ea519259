// tier: quick
/** Our tokenizer against the Rust library: what tests/oracles/tokenizers.mjs has written down of small tokenizers that vary one setting each. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Tokenizer } from '../../page/src/pipeline/tokenizer/tokenizer.js';
import { root } from '../lib/paths.mjs';

const folder = path.join(root, 'tests/oracles/tokenizers');

for (const file of fs.readdirSync(folder).sort()) {
    const { oracle, cases } = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'));
    for (const [name, { tokenizer, encodings, texts }] of Object.entries(cases)) {
        test(`${path.basename(file, '.json')}: ${name}, as ${oracle.program}`, () => {
            const ours = new Tokenizer(tokenizer);
            for (const { text, pair = null, special = true, ids, types, spans } of encodings) {
                const made = ours.encode(text, pair, special);
                assert.deepEqual([made.ids, made.types, made.spans], [ids, types, spans], JSON.stringify(text));
            }
            for (const { ids, skips, text } of texts) assert.equal(ours.decode(ids, skips), text);
        });
    }
}

const model = { type: 'WordLevel', unk_token: '[UNK]', vocab: { a: 0 } };

for (const [name, change, field] of [
    ['a normalizer', { normalizer: { type: 'Magic' } }, /^tokenizer\.json: normalizer is of the type "Magic", which/],
    ['a normalizer within others', { normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Magic' }] } }, /^tokenizer\.json: normalizer\.normalizers\[1\] is of the type "Magic"/],
    ['a pre-tokenizer', { pre_tokenizer: { type: 'Magic' } }, /pre_tokenizer is of the type "Magic"/],
    ['a model', { model: { type: 'Magic' } }, /model is of the type "Magic"/],
    ['a post-processor', { post_processor: { type: 'Magic' } }, /post_processor is of the type "Magic"/],
    ['a decoder', { decoder: { type: 'Magic' } }, /decoder is of the type "Magic"/],
    ['an expression', { pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Removed' } }, /the expression of pre_tokenizer is none that/],
    ['an intersection', { pre_tokenizer: { type: 'Split', pattern: { Regex: '[a-z&&[^aeiou]]+' }, behavior: 'Removed' } }, /is none that this page can compute: SyntaxError: && within brackets/],
    ['a class of POSIX', { pre_tokenizer: { type: 'Split', pattern: { Regex: '[[:punct:]]' }, behavior: 'Removed' } }, /\[: within brackets/],
    ['an interval that is repeated', { pre_tokenizer: { type: 'Split', pattern: { Regex: 'a{2,3}+' }, behavior: 'Removed' } }, /\{2,3\}\+ has no other form/],
    ['a behavior', { pre_tokenizer: { type: 'Split', pattern: { Regex: 'a' }, behavior: 'constructor' } }, /pre_tokenizer\.behavior is of the type "constructor"/],
    ['a name that every object has', { normalizer: { type: 'constructor' } }, /normalizer is of the type "constructor"/],
    ['a template of a token that is not there', { post_processor: { type: 'TemplateProcessing', single: [{ SpecialToken: { id: 'toString', type_id: 0 } }], special_tokens: {} } }, /post_processor has no special token "toString"/],
    ['a pattern', { normalizer: { type: 'Replace', pattern: 7, content: '' } }, /normalizer has no pattern/],
    ['a map of characters', { normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }, /precompiled_charsmap cannot be read/],
    ['merges of tokens that are not there', { model: { type: 'BPE', vocab: { a: 0 }, merges: ['a b'] } }, /model\.merges\[0\] is of tokens/],
    ['dropout', { model: { type: 'BPE', vocab: { a: 0 }, merges: [], dropout: 0.1 } }, /model\.dropout is 0\.1/],
    ['no model', { model: null }, /^tokenizer\.json has no model$/],
]) test(`${name} that is not known is refused by name`, () => {
    assert.throws(() => new Tokenizer({ model, ...change }), ({ code, message }) => code === 'model_invalid' && field.test(message));
});

test('a text that the vocabulary has no token for is the request\'s fault', () => {
    assert.throws(() => new Tokenizer({ model }).encode('b'), { code: 'input_invalid', field: 'inputs' });
});
