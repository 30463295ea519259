// tier: full
/** Text by beam search, on the page's own modules in Node: what the search finds where each beginning is computed from the start, without
 * keys and values of before. That the search is transformers' is for oracle-beams.test.mjs. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { Beams, beamsOf, toLogarithms } from '../../page/src/pipeline/generation/beams.js';
import { loaded, outcomeOf, runOf, engineOf, taskOf } from './support/library.mjs';
import { makeFamilies } from '../lib/families.mjs';

const folder = (name) => path.join(makeFamilies(), name);
const gpt2 = await loaded(folder('gpt2'));
const bart = await loaded(folder('bart'));
const TEXT = 'The fox sees the dog in the forest';
const BEAMS = { num_beams: 4, length_penalty: 1.4 };
const MOST = 12;

const having = (model, settings) => ({ ...model, extra: { ...model.extra, 'generation_config.json': settings } });
const idsOf = (model) => model.tokenizer(TEXT).input_ids.tolist()[0].map(Number);
const tensorOf = ({ library: { Tensor } }, ids) => new Tensor('int64', ids.map(BigInt), [1, ids.length]);
const onesLike = ({ library: { ones } }, ids) => ones([1, ids.length]);
const lastRow = ({ data, dims: [, length, size] }) => Float32Array.from(data.slice((length - 1) * size, length * size));

/** The logits behind these tokens, which are all computed. */
const WHOLE = {
    async complete(ids) {
        return lastRow((await gpt2.model({ input_ids: tensorOf(gpt2, ids), attention_mask: onesLike(gpt2, ids) })).logits);
    },
    async summarization(ids) {
        const read = idsOf(bart);
        return lastRow((await bart.model({ input_ids: tensorOf(bart, read), attention_mask: onesLike(bart, read), decoder_input_ids: tensorOf(bart, ids) })).logits);
    },
};

/** What is to be found, with the logarithm of each token's probability. */
async function sought(task, before, ends, settings) {
    const search = new Beams({ ...beamsOf(settings), most: MOST, ends: new Set(ends) });
    while (!search.isOver) {
        const rows = [];
        for (const { tokens } of search.running) {
            const row = await WHOLE[task]([...before, ...tokens]);
            toLogarithms(row);
            rows.push(row);
        }
        search.step(rows, (row, token) => rows[row][token]);
    }
    const { tokens, notes } = search.best;
    const count = ends.includes(tokens.at(-1)) ? tokens.length - 1 : tokens.length;
    return { tokens: tokens.slice(0, count), notes: notes.slice(0, count), reason: count < tokens.length ? 'stop' : 'length' };
}

const MODELS = {
    complete: { model: gpt2, before: idsOf(gpt2) },
    summarization: { model: bart, before: [bart.model.config.decoder_start_token_id ?? 2] },
};
const ask = (model, task, options = {}, more = {}) => outcomeOf(model, task, { prompt: TEXT }, { max_tokens: MOST, ...options }, more);

for (const [task, { model, before }] of Object.entries(MODELS)) {
    test(`${task}: the search finds what it finds without a cache`, async () => {
        const found = new Set();
        for (const settings of [BEAMS, { num_beams: 2, early_stopping: true, length_penalty: -1 }, { num_beams: 7, early_stopping: 'never' }]) {
            const { result } = await ask(having(model, settings), task, { logprobs: true });
            const { tokens, notes, reason } = await sought(task, before, [model.tokenizer.eos_token_id], settings);
            assert.deepEqual([result.tokens, result.finish_reason], [tokens, reason], JSON.stringify(settings));
            result.logprobs.forEach(({ logprob }, at) => assert.ok(Math.abs(logprob - notes[at]) < 1e-3, `${logprob} is not ${notes[at]}`));
            assert.equal(result.usage.completion_tokens, tokens.length + (reason === 'stop' ? 1 : 0));
            found.add(tokens.join());
        }
        const greedy = await ask(having(model, {}), task);
        assert.ok(!found.has(greedy.result.tokens.join()), 'beams find other texts than no beams');
    });

    test(`${task}: a stream has the same text, at once, and goes on elsewhere`, async () => {
        const beamed = having(model, BEAMS), { result: whole } = await ask(beamed, task);
        for (const from of [null, { text: '', tokens: whole.tokens.slice(0, 3) }]) {
            const asked = { ...taskOf(task, { prompt: TEXT }, { max_tokens: MOST }), stream: { from, credit: { parts: 1000, bytes: 1e9 } } };
            const run = runOf(asked);
            await engineOf(beamed).run(asked, run);
            await run.end();
            const parts = run.posted.filter(({ type }) => type === 'parts').flatMap((one) => one.parts.map(({ json }) => JSON.parse(json).data));
            const tokens = parts.flatMap(({ tokens: some = [] }) => some);
            assert.deepEqual(tokens, whole.tokens.slice(from ? 3 : 0));
        }
    });

    test(`${task}: a request that draws has no beams`, async () => {
        const drawn = { temperature: 0.8, seed: 5 };
        const [one, other] = await Promise.all([having(model, BEAMS), having(model, {})].map(async (each) => (await ask(each, task, drawn)).result));
        assert.deepEqual(one.tokens, other.tokens);
    });

    test(`${task}: twelve at once find the same, and leave nothing behind`, async () => {
        const beamed = having(model, BEAMS), { result: { tokens } } = await ask(beamed, task, { deterministic: true });
        const all = await Promise.all(Array.from({ length: 12 }, () => ask(beamed, task, { deterministic: true })));
        for (const { result } of all) assert.deepEqual(result.tokens, tokens);
        assert.equal([...model.caches._held].length, 0);
    });
}

test('the next turn goes on from the prompt, which beams leave as it was', async () => {
    const beamed = having(gpt2, BEAMS);
    const first = await ask(beamed, 'complete', {}, { owner: 'a' });
    const again = await ask(beamed, 'complete', {}, { owner: 'a' });
    assert.deepEqual(again.result.tokens, first.result.tokens);
    assert.ok(again.result.usage.cached_tokens > 0);
});

test('a cancelled search ends, and lets go of its beginnings', async () => {
    const asked = taskOf('summarization', { prompt: TEXT }, { max_tokens: MOST });
    const run = runOf(asked), step = run.step.bind(run);
    let steps = 0;
    run.step = () => {
        if (++steps === 6) throw Object.assign(new Error('gone'), { code: 'cancelled' });
        return step();
    };
    await assert.rejects(engineOf(having(bart, BEAMS)).run(asked, run), /gone/);
    assert.equal(bart.caches._held.size, 0);
});
