// tier: full
/** What a language model computes beside others is what it computes alone: in the built page, in a real Chromium. */
import assert from 'node:assert/strict';
import { u32 } from '../lib/gguf.mjs';
import { ggufBytes } from './support/gguf.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { partsOf, wellDone } from './support/parts.mjs';

const CLIENTS = 12;
const SMALL = { embd: 32, layers: 1 };
const WORDS = 'the dog saw a house of stone beside the old mill and went on to the sea ';
/** Texts of 20 to 500 bytes: in one batch they are of very different lengths. */
const TEXTS = [20, 61, 140, 300, 500].map((length, at) => `${at} ${WORDS.repeat(9)}`.slice(0, length));
/** What pooling_type of a GGUF file says. */
const POOLINGS = { mean: 1, cls: 2, last: 3 };

const nodeTest = nodeTests();
const decoder = (pooling) => ggufBytes({ ...SMALL, metadata: { 'llama.pooling_type': u32(POOLINGS[pooling]) } });
const embed = (text) => ({ task: 'embed', input: { texts: [text] }, options: {} });
const complete = (prompt, options = {}, more = {}) =>
    ({ task: 'complete', input: { prompt }, options: { temperature: 0, logit_bias: { 2: -100 }, ...options }, ...more });

/** @param {number[]} values @param {number[]} others */
const distance = (values, others) => Math.hypot(...values.map((value, at) => value - others[at]));

/** The vector of a text. */
async function vectorOf(service, model, text) {
    const { data, bytes: [bytes] } = await service.run(model, [], embed(text));
    wellDone({ data });
    return [...new Float32Array(bytes.slice().buffer)];
}

/** Has each of the things computed alone, and then by many clients at once, each of them twice.
 * @template T @param {T[]} things @param {(thing: T) => Promise<any>} ask @param {(alone: any, beside: any) => void} compare */
async function besideAsAlone(things, ask, compare) {
    const alone = [];
    for (const thing of things) alone.push(await ask(thing));
    const client = async (/** @type {number} */ first) => {
        for (const at of [first, first * 2 + 1]) compare(alone[at % things.length], await ask(things[at % things.length]));
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, first) => client(first)));
}

const MODELS = { ...Object.fromEntries(Object.keys(POOLINGS).map((pooling) => [`a decoder with ${pooling} pooling`, () => decoder(pooling)])),
    'an encoder': () => ggufBytes({ ...SMALL, arch: 'bert' }),
    'a model that writes': () => ggufBytes(SMALL) };

for (const [what, bytes] of Object.entries(MODELS)) {
    nodeTest(`vectors of ${what} beside each other are those that each has alone`, async ({ service }) => {
        const model = service.addGguf('vectors', { 'vectors.gguf': bytes() });
        await besideAsAlone(TEXTS, (text) => vectorOf(service, model, text), (alone, beside) => {
            assert.ok(distance(alone, beside) < 1e-4, `${distance(alone, beside)} of a unit vector`);
        });
    }, SHARED);
}

nodeTest('scores beside each other are those that each has alone', async ({ service }) => {
    const model = service.addGguf('rank', { 'rank.gguf': ggufBytes({ ...SMALL, arch: 'bert', pooling: 'rank' }) });
    const ask = async (query) => wellDone(await service.run(model, [],
        { task: 'rerank', input: { query, documents: TEXTS.slice(0, 3) }, options: {} })).result.scores;
    await besideAsAlone(TEXTS.map((text) => text.slice(0, 60)), ask, (alone, beside) => {
        assert.ok(distance(alone, beside) < 1e-4, `${beside} and not ${alone}`);
    });
}, SHARED);

nodeTest('what is written beside others, vectors and what is cancelled is what is written alone', async ({ service }) => {
    const model = service.addGguf('random', { 'random.gguf': ggufBytes(SMALL) });
    const asked = [
        complete(TEXTS[0], { max_tokens: 9 }),
        complete(TEXTS[3], { max_tokens: 5, logprobs: true, top_logprobs: 2 }),
        complete(TEXTS[1], { max_tokens: 7, n: 2, temperature: 1, seed: 5 }),
        complete(`${TEXTS[3]} again`, { max_tokens: 6 }, { owner: 'ann' }), // goes on from what was computed before
        complete(TEXTS[2], { max_tokens: 8, grammar: 'root ::= [a-z ]*' }),
        embed(TEXTS[4]),
    ];
    const ask = async (one) => {
        if (one.task === 'embed') return { vector: await vectorOf(service, model, one.input.texts[0]) };
        const { text, tokens, logprobs = [], choices } = wellDone(await service.run(model, [], one)).result;
        return { text, tokens, logprobs: logprobs.map(({ logprob }) => logprob), choices: choices?.map((choice) => choice.text) };
    };
    /** One that reads or writes when it is cancelled. */
    const cancelled = async (wait) => {
        const attempt = service.request(model, [], { ...complete(TEXTS[4], { max_tokens: 200 }), stream: true });
        if (wait) await service.until(() => partsOf(service, attempt).length > 1, 'parts');
        service.send('task_cancel', { attempt_id: attempt });
    };
    await besideAsAlone(asked, async (one) => {
        const [answer] = await Promise.all([ask(one), cancelled(one.task === 'embed')]);
        return answer;
    }, (alone, beside) => {
        const { vector = [], logprobs = [], ...said } = beside;
        const { vector: ownVector = [], logprobs: ownLogprobs = [], ...own } = alone;
        assert.deepEqual(said, own);
        assert.ok(distance(vector, ownVector) < 1e-4 && distance(logprobs, ownLogprobs) < 1e-3, JSON.stringify([logprobs, ownLogprobs]));
    });
}, SHARED);
