// tier: quick
/** What a folder forbids and forces while its model writes: our rules against what tests/oracles/generation.py has written down. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { rulesOf } from '../../page/src/pipeline/generation/rules.js';
import { generationOf, ownMost } from '../../page/src/pipeline/generation/settings.js';
import { root } from '../lib/paths.mjs';

const { oracle, cases } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/generation.json'), 'utf8'));
const NUMBERS = { nan: NaN, inf: Infinity, '-inf': -Infinity };
const numberOf = (told) => NUMBERS[told] ?? told;

for (const [name, { settings, answer, tokens, logits, made }] of Object.entries(cases)) {
    test(`${name}, as ${oracle.rules}`, () => {
        const ours = Float32Array.from(logits, numberOf);
        rulesOf(settings, answer).change(tokens, ours);
        made.map(numberOf).forEach((expected, id) => {
            const isNear = Object.is(ours[id], expected) || Math.abs(ours[id] - expected) <= 1e-6 * Math.abs(expected);
            assert.ok(isNear, `token ${id} has ${ours[id]}, not ${expected}`);
        });
    });
}

test('the cases ask for every rule', () => {
    const asked = new Set(Object.values(cases).flatMap(({ settings }) => Object.keys(settings)));
    assert.equal(asked.size, 14, [...asked].join(', '));
    assert.ok(Object.keys(cases).length >= 40);
});

test('settings are those of generation_config.json, else of config.json and its decoder, and first those of a task', () => {
    const config = { min_length: 1, num_beams: 4, decoder: { min_length: 2, no_repeat_ngram_size: 3 }, task_specific_params: { summarization: { min_length: 30 } } };
    const extra = { 'generation_config.json': { no_repeat_ngram_size: 2 } };
    const { min_length: ownLeast, no_repeat_ngram_size: ownSize } = generationOf({ config, extra: {} });
    assert.deepEqual([ownLeast, ownSize], [1, 3]);
    assert.deepEqual(generationOf({ config, extra }), { no_repeat_ngram_size: 2 });
    assert.deepEqual(generationOf({ config, extra }, 'summarization'), { no_repeat_ngram_size: 2, min_length: 30 });
    assert.deepEqual(generationOf({ config, extra }, 'constructor'), { no_repeat_ngram_size: 2 });
});

test('max_new_tokens comes before max_length, which counts what is before the answer', () => {
    assert.deepEqual([{ max_new_tokens: 5, max_length: 9 }, { max_length: 9 }, { max_length: 2 }, {}, { max_new_tokens: 'x' }]
        .map((settings) => ownMost(settings, 4)), [5, 5, 1, Infinity, Infinity]);
});
