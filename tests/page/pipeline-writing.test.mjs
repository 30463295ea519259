// tier: full
/** Text from models in the Hugging Face layout in the built page, in a real Chromium: streamed, stopped, gone on with. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe } from 'node:test';
import { makeFamilies } from '../lib/families.mjs';
import { filesIn, loaded, outcomeOf } from './support/library.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { partsOf, textOf, tokensOf, wellDone } from './support/parts.mjs';

const GPT2 = path.join(makeFamilies(), 'gpt2');
const BART = path.join(makeFamilies(), 'bart');
const TEXT = 'The fox sees the dog';
const complete = (prompt, options = {}, more = {}) =>
    ({ task: 'complete', input: { prompt }, options: { temperature: 0, max_tokens: 12, ...options }, ...more });
const streamed = (prompt, options, more) => ({ ...complete(prompt, options, more), stream: true });

const nodeTest = nodeTests();

describe('a language model in the Hugging Face layout', () => {
    nodeTest('streams what it gives in Node, and goes on from there', async ({ service, problems }) => {
        const expected = (await outcomeOf(await loaded(GPT2), 'complete', { prompt: TEXT }, { temperature: 0, max_tokens: 12 })).result;
        const model = service.addFolder('gpt2', filesIn(GPT2));
        const first = service.request(model, [], streamed(TEXT));
        const { result, executed_on: where } = wellDone(await service.answer(first));
        assert.deepEqual([tokensOf(service, first), textOf(service, first)], [expected.tokens, expected.text]);
        assert.deepEqual([result.usage, result.finish_reason], [expected.usage, 'length']);
        assert.deepEqual([where.platform, where.engine, where.precision], ['wasm', 'pipeline', 'fp32']);
        const had = partsOf(service, first).slice(0, 4);
        const from = { seq: 4, text: had.map(({ text = '' }) => text).join(''), tokens: had.flatMap(({ tokens = [] }) => tokens) };
        const on = service.request(model, [], streamed(TEXT, {}, { continue: from }));
        const { result: rest } = wellDone(await service.answer(on));
        assert.deepEqual([...from.tokens, ...tokensOf(service, on)], expected.tokens);
        assert.deepEqual([from.text + textOf(service, on), partsOf(service, on)[0].seq], [expected.text, 4]);
        assert.ok(rest.usage.cached_tokens > 0, 'the prompt was in its cache');
        const seeded = { temperature: 1, seed: 7 };
        const [once, again] = [await service.run(model, [], complete(TEXT, seeded)), await service.run(model, [], complete(TEXT, seeded))];
        assert.deepEqual(wellDone(again).result.tokens, wellDone(once).result.tokens);
        assert.deepEqual(problems, []);
    }, SHARED);

    nodeTest('stops in the middle of an answer, and the next request is right', async ({ service }) => {
        const model = service.addFolder('gpt2', filesIn(GPT2));
        const endless = { max_tokens: 2000, logit_bias: { 263: -100 } };
        const writing = service.request(model, [], streamed(TEXT, endless));
        await service.until(() => partsOf(service, writing).length > 3, 'some parts');
        service.send('task_cancel', { attempt_id: writing });
        const { result, performance } = wellDone(await service.run(model, [], complete(TEXT)));
        assert.deepEqual([result.tokens.length, performance.warm, service.answers.has(writing)], [12, true, false]);
        assert.ok(tokensOf(service, writing).length < 2000);
        const { error } = (await service.run(model, [], complete(TEXT, { grammar: 'root ::= "a"' }))).data;
        assert.deepEqual([error.code, error.field], ['input_invalid', 'options.grammar']);
        const long = (await service.run(model, [], complete('x'.repeat(2100)))).data.error;
        assert.equal(long.code, 'context_length_exceeded');
        assert.match(long.message, /2100 tokens.* 2048/);
    }, SHARED);

    nodeTest('converses by its template, and turns text into text', async ({ service }) => {
        const messages = [{ role: 'user', content: 'Hi' }];
        const model = service.addFolder('gpt2', filesIn(GPT2));
        const { result } = wellDone(await service.run(model, [], { ...complete(''), task: 'chat', input: { messages } }));
        const expected = (await outcomeOf(await loaded(GPT2), 'complete', { prompt: '<user> Hi\n<assistant>' }, { temperature: 0, max_tokens: 12 })).result;
        assert.deepEqual([result.tokens, result.usage.prompt_tokens], [expected.tokens, expected.usage.prompt_tokens]);
        const bart = service.addFolder('bart', filesIn(BART));
        const { result: other } = wellDone(await service.run(bart, [], { ...complete(TEXT), task: 'summarization' }));
        const { result: its } = await outcomeOf(await loaded(BART), 'summarization', { prompt: TEXT }, { temperature: 0, max_tokens: 12 });
        assert.deepEqual(other.tokens, its.tokens);
    }, SHARED);

    /** Fails where tensors are cut that lie in the worker's own memory. */
    const alter = (name, content) => (/^engine-webgpu-/.test(name)
        ? String(content).replace(/(_cutHere\([^)]*\)\s*\{)/, '$1throw new Error("cut here");') : content);
    nodeTest('cuts what it keeps on the device', async ({ service }) => {
        const model = service.addFolder('gpt2', filesIn(GPT2));
        const run = async (prompt, options = {}) => wellDone(await service.run(model, [],
            { ...complete(prompt, { max_tokens: 4, ...options }), platforms: ['webgpu'] }));
        const first = await run(`${TEXT} and goes home.`);
        assert.equal(first.executed_on.platform, 'webgpu');
        const again = await run(`${TEXT} and stays.`);
        assert.ok(again.result.usage.cached_tokens > 10);
        const alone = await run(`${TEXT} and stays.`, { deterministic: true });
        assert.deepEqual([again.result.tokens, alone.result.usage.cached_tokens], [alone.result.tokens, 0]);
    }, { alter });
});
