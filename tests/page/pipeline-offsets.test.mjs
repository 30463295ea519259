// tier: quick
/** Where tokens are in their text, without a tokenizer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offsetsOf } from '../../page/src/pipeline/offsets.js';

const ROWS = [
    ['words and pieces of them', "Ann's Cafés in  Rome.", ['[CLS]', 'ann', "'", 's', 'cafe', '##s', 'in', 'rome', '.', '[SEP]'],
        [null, 'Ann', "'", 's', 'Café', 's', 'in', 'Rome', '.', null]],
    ['letters with accents, as the vocabulary has them', 'Größe über Maß', ['Größe', 'über', 'Ma', '##ß'], ['Größe', 'über', 'Ma', 'ß']],
    ['unknown words between others', 'a 北京 ☃☃ is xqi i', ['a', '[UNK]', '[UNK]', '[UNK]', 'is', '[UNK]', 'i'], ['a', '北', '京', '☃☃', 'is', 'xqi', 'i']],
    ['an unknown word at the end', 'Rome ☃☃', ['rome', '[UNK]'], ['Rome', '☃☃']],
    ['SentencePiece', ' Hello  wörld', ['▁Hello', '▁', '▁w', 'ö', 'rld'], ['Hello', null, 'w', 'ö', 'rld']],
    ['characters beyond the first plane', '😀 in 𝒳', ['[UNK]', 'in', 'x'], ['😀', 'in', '𝒳']],
    ['nothing but what stands around', '', ['[CLS]', '[SEP]'], [null, null]],
    ['more tokens than text', 'a', ['a', 'b', 'c'], ['a', null, null]],
];

for (const [name, text, pieces, expected] of ROWS) {
    test(name, () => {
        const spans = offsetsOf(text, pieces, false, (index) => ['[CLS]', '[SEP]'].includes(pieces[index]));
        assert.deepEqual(spans.map((span) => span && [...text].slice(...span).join('')), expected);
    });
}

test('byte-level pieces, some of a part of a character', () => {
    const text = "naïve 😀 ok";
    const spans = offsetsOf(text, ['na', 'Ã¯', 've', 'ĠðŁĺ', 'Ģ', 'Ġok'], true, () => false);
    assert.deepEqual(spans.map((span) => span && [...text].slice(...span).join('')), ['na', 'ï', 've', '😀', null, 'ok']);
});
