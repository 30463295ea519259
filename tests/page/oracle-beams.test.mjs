// tier: quick
/** Beam search: ours against what tests/oracles/beams.py has written down of transformers'. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Beams, beamsOf, toLogarithms } from '../../page/src/pipeline/generation/beams.js';
import { root } from '../lib/paths.mjs';

const { oracle, cases } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/beams.json'), 'utf8'));

/** The oracle's model: a sine of the token, the two before it and their place. */
function rowOf({ seed, scale }, tokens, vocabulary) {
    const [second, last] = [-1, -1, ...tokens].slice(-2);
    const row = Float32Array.from({ length: vocabulary }, (_, at) =>
        scale * Math.sin(seed + 12.9898 * tokens.length + 78.233 * last + 3.17 * second + 37.719 * at));
    toLogarithms(row);
    return row;
}

/** The text that is found, and what was noted of its tokens. */
function found({ model, vocabulary, beams, most, ends, penalty, early }) {
    const search = new Beams({ beams, most, ends: new Set(ends), lengthPenalty: penalty, early });
    while (!search.isOver) {
        const rows = search.running.map(({ tokens }) => rowOf(model, tokens, vocabulary));
        search.step(rows, (row, token) => rows[row][token]);
    }
    return search.best;
}

for (const [name, given] of Object.entries(cases)) {
    test(`${name}, as ${oracle.rules}`, () => {
        const { tokens, notes, score } = found(given);
        assert.deepEqual(tokens, given.tokens);
        assert.ok(Math.abs(score / tokens.length ** given.penalty - given.score) < 1e-4 * Math.abs(given.score));
        assert.ok(Math.abs(notes.reduce((sum, one) => sum + one, 0) - score) < 1e-9, 'each token has its own note');
    });
}

test('there are enough cases, of every way to end early', () => {
    assert.ok(Object.keys(cases).length >= 30);
    assert.deepEqual(new Set(Object.values(cases).map(({ early }) => early)), new Set([false, true, 'never']));
});

test('what may not come never comes, and a model that lets nothing come is said to', () => {
    const search = new Beams({ beams: 3, most: 4, ends: new Set([0]), lengthPenalty: 1, early: false });
    search.step([Float32Array.of(-Infinity, -1, -Infinity, -2)]);
    assert.deepEqual(search.running.map(({ tokens }) => tokens), [[1], [3]]);
    assert.throws(() => search.step([0, 1].map(() => new Float32Array(4).fill(-Infinity))), { code: 'inference_failed' });
});

test('what a folder does not say of beams is as transformers has it', () => {
    assert.deepEqual(beamsOf({}), { beams: 1, lengthPenalty: 1, early: false });
    assert.deepEqual(beamsOf({ num_beams: 4, length_penalty: 2, early_stopping: 'never' }), { beams: 4, lengthPenalty: 2, early: 'never' });
});
