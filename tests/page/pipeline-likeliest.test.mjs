// tier: quick
/**
 * Tokens chosen by the best logits alone: the same as by all of them, or none. The best are picked here by sorting, as
 * likeliest.wgsl picks them on a GPU (pipeline-likeliest-gpu.test.mjs).
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { rulesOf } from '../../page/src/pipeline/generation/rules.js';
import { mostLikely, randomAt, Sampler } from '../../page/src/pipeline/sampling.js';
import { SparseRow } from '../../page/src/pipeline/sparse_row.js';
import { root } from '../lib/paths.mjs';

const COUNT = 3000;
const PLAIN = { temperature: 1, topK: 0, topP: 1, minP: 0, repeat: 1, frequency: 0, presence: 0, bias: [], seed: 1 };
const range = (count) => Array.from({ length: count }, (_, at) => at);
/** Normally distributed, and rounded where there are to be equals. */
const rowOf = (seed, spread, step = 0) => Float32Array.from(range(COUNT), (id) => {
    const normal = Math.sqrt(-2 * Math.log(1 - randomAt(seed, 2 * id))) * Math.cos(2 * Math.PI * randomAt(seed, 2 * id + 1));
    return step > 0 ? step * Math.round(spread * normal / step) : spread * normal;
});
const sorted = (logits, ids) => [...ids].sort((a, b) => logits[b] - logits[a] || a - b);

/** The best and the given, as from a GPU whose sum of the others is off by so much. */
function bestOf(logits, { best, ids }, error = 0) {
    const taken = new Set(ids.filter((id) => id < logits.length));
    const left = sorted(logits, range(logits.length).filter((id) => !taken.has(id)));
    const below = logits[left[best - 1]], top = logits[left[0]];
    const known = Int32Array.from([...left.filter((id) => logits[id] >= below), ...taken]).sort();
    const sum = left.filter((id) => logits[id] < below).reduce((all, id) => all + Math.exp(logits[id] - top), 0);
    return { ids: known, values: Float32Array.from(known, (id) => logits[id]), count: logits.length, others: { below, top, sum: sum * (1 + error) } };
}

/** The token by all logits, and by the best: null, if these do not decide. */
function both(sampling, logits, tokens, place, { rules = rulesOf({}, {}), row = new SparseRow(), error = 0 } = {}) {
    const sampler = new Sampler({ ...PLAIN, ...sampling });
    const part = bestOf(logits, { best: sampler.needs, ids: [...rules.touches(tokens), ...sampler.changes(tokens)] }, error);
    const known = row.changed(part, (changed) => {
        rules.change(tokens, changed);
        sampler.adjust(changed, tokens);
    });
    const whole = logits.slice();
    rules.change(tokens, whole);
    return [sampler.choose(whole, tokens, place), sampler.pick(known, place)];
}

const TOKENS = range(100).map((at) => Math.floor(COUNT * randomAt(9, at)));
const PENALTIES = { repeat: 1.3, frequency: 0.7, presence: 0.5 };
const BIAS = [[5, -100], [17, 9.5], [18, -3], [COUNT + 5, 4]];

test('the best decide as all do, with penalties and biases, and where many are equal', () => {
    const row = new SparseRow();
    for (const sampling of [{ temperature: 0 }, { topK: 1 }, { topK: 40 }, { topK: 40, topP: 0.8 }, { topK: 500, minP: 0.02, temperature: 1.7 }]) {
        for (const more of [{}, PENALTIES, { bias: BIAS }, { ...PENALTIES, bias: BIAS }]) {
            for (const [seed, step] of [[1, 0], [2, 0.5], [3, 2]]) {
                const logits = rowOf(seed, 3, step), best = sorted(logits, logits.keys()).slice(0, 20);
                for (const place of range(10)) {
                    const [all, part] = both({ ...sampling, ...more }, logits, [...TOKENS, ...best.slice(0, place)], place, { row });
                    assert.equal(part, all, JSON.stringify({ sampling, more, seed, place }));
                }
            }
        }
    }
});

test('by probabilities they decide the same wherever they do', () => {
    const decided = (sampling, spread, places = 40, error = 0) => range(places).filter((place) => {
        const [all, part] = both(sampling, rowOf(place, spread), TOKENS, place, { error });
        assert.ok(part === null || part === all, JSON.stringify({ sampling, spread, place, part, all }));
        return part !== null;
    }).length;
    assert.equal(decided({ topP: 0.9 }, 6), 40);
    assert.equal(decided({ topP: 0.9, ...PENALTIES, bias: BIAS }, 6, 40, 2e-5), 40);
    assert.equal(decided({ topP: 0.9, minP: 0.1 }, 6), 40);
    assert.equal(decided({ minP: 0.05 }, 3), 40);
    assert.equal(decided({ minP: 0.05, temperature: 0.3, ...PENALTIES }, 3), 40);
    assert.equal(decided({ topP: 0.95 }, 0.5), 0, 'a flat row needs more');
    assert.equal(decided({ minP: 0.0001 }, 1), 0);
    // Four have exactly the share that is wanted, and the sum of the others is not exact.
    const edge = Float32Array.from(range(COUNT), (id) => (id < 4 ? 8 : -id / COUNT)), all = edge.reduce((sum, one) => sum + Math.exp(one), 0);
    const [share, less] = [4 * Math.exp(8) / all, 3.5 * Math.exp(8) / all];
    assert.equal(both({ topP: share }, edge, [], 0)[1], null);
    assert.equal(both({ topP: less }, edge, [], 0)[1], both({ topP: less }, edge, [], 0)[0]);
});

test('a whole row is needed for chance without limits, and for a large top_k', () => {
    const needs = (more) => new Sampler({ ...PLAIN, ...more }).needs;
    assert.deepEqual([{ temperature: 0, topP: 0.5 }, { topK: 40 }, { topK: 512 }, { topK: 513 }, { topP: 0.9 }, { minP: 0.1 }, {}].map(needs),
        [1, 40, 512, null, 256, 256, null]);
});

test('of equals, those of the lowest ids are the most likely', () => {
    for (const seed of range(20)) {
        const logits = rowOf(seed, 2, 1), { ids } = mostLikely(logits, 50);
        assert.deepEqual([...ids], sorted(logits, logits.keys()).slice(0, 50));
        const some = Int32Array.from(range(COUNT / 3), (at) => 3 * at);
        assert.deepEqual([...mostLikely(Float32Array.from(some, (id) => logits[id]), 50, some).ids], sorted(logits, some).slice(0, 50));
    }
});

const { oracle, cases } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/generation.json'), 'utf8'));
const NUMBERS = { nan: NaN, inf: Infinity, '-inf': -Infinity };

test(`a rule changes no token but those that it names, as ${oracle.rules}`, () => {
    let named = 0;
    for (const [name, { settings, answer, tokens, logits, made }] of Object.entries(cases)) {
        const touched = rulesOf(settings, answer).touches(tokens);
        if (touched === null) continue;
        named++;
        made.forEach((is, id) => assert.ok(touched.includes(id) || Object.is(NUMBERS[is] ?? Math.fround(is), NUMBERS[logits[id]] ?? Math.fround(logits[id])), `${name}: token ${id}`));
    }
    assert.ok(named > 30, `${named} of ${Object.keys(cases).length}`);
});

test("a folder's rules change the best as they change all", () => {
    const ends = [7, 8];
    for (const settings of [{ repetition_penalty: 1.2 }, { no_repeat_ngram_size: 1, repetition_penalty: 0.5 }, { suppress_tokens: range(50) },
        { bad_words_ids: [[3], [TOKENS[99], 4]], min_new_tokens: 200, sequence_bias: [[[TOKENS[98], TOKENS[99], 6], 20.5]] },
        { exponential_decay_length_penalty: [1, 1.05] }]) {
        const rules = rulesOf(settings, { begin: 20, read: null, most: 500, ends }), row = new SparseRow();
        for (const sampling of [{ temperature: 0 }, { topK: 30 }, { topP: 0.9, ...PENALTIES }]) {
            for (const place of range(10)) {
                const [all, part] = both(sampling, rowOf(place, 5), TOKENS, place, { rules, row });
                assert.equal(part, all, JSON.stringify({ settings, sampling, place }));
            }
        }
    }
    const forced = rulesOf({ forced_eos_token_id: 7 }, { begin: 20, read: null, most: 101, ends });
    assert.deepEqual([forced.touches(TOKENS), forced.touches(TOKENS.slice(1))], [null, []]);
    assert.equal(rulesOf({ remove_invalid_values: true }, { begin: 20, read: null, most: 101, ends }).touches(TOKENS), null);
});
