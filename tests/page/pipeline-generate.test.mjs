// tier: full
/**
 * Text from models in the Hugging Face layout, on the page's own modules in Node: the same tokens as
 * transformers.js' own generate gives on the same files.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { renderTemplate } from '../../page/src/chat/templates.js';
import { prepareChat } from '../../page/src/chat/chat.js';
import { plain } from '../../page/src/engine/answer.js';
import { generate } from '../../page/src/pipeline/generate.js';
import { PromptChunk } from '../../page/src/engine/prompt_chunk.js';
import { filesIn, library, loaded, outcomeOf, runOf, engineOf, taskOf } from './support/library.mjs';
import { makeFamilies } from '../lib/families.mjs';

const folder = (name) => path.join(makeFamilies(), name);
const render = async (template, variables) => renderTemplate(template, variables);
const chat = { prepare: (asked) => prepareChat({ ...asked, render }), grammarOf: () => null };
const gpt2 = { ...await loaded(folder('gpt2')), chat };
const bart = await loaded(folder('bart'));
const TEXT = 'The fox sees the dog in the forest';
const LONG = `${TEXT} `.repeat(20);

const complete = async (prompt, options = {}, more = {}) =>
    (await outcomeOf(gpt2, 'complete', { prompt }, { max_tokens: 16, temperature: 0, ...options }, more)).result;
/** What the library's own loop gives. */
async function expected({ model, tokenizer }, text, options) {
    const inputs = tokenizer(text);
    const skipped = model.config.is_encoder_decoder ? 1 : inputs.input_ids.dims[1];
    return (await model.generate({ ...inputs, max_new_tokens: 16, do_sample: false, ...options })).tolist()[0].slice(skipped).map(Number);
}
/** An answer as a stream; what it says is in `parts`. */
async function streamed(prompt, options = {}, { from = null, onRun = () => {}, onParts = () => {}, task = 'complete', model = gpt2 } = {}) {
    const input = task === 'chat' ? { messages: prompt } : { prompt };
    const asked = {
        ...taskOf(task, input, { max_tokens: 16, temperature: 0, ...options }), stream: { from, credit: { parts: 1000, bytes: 1e9 } },
    };
    const run = runOf(asked);
    onRun(run);
    const post = run._post;
    run._post = (message) => {
        post(message);
        if (message.type === 'parts') onParts(run);
    };
    const outcome = await engineOf(model).run(asked, run);
    await run.end();
    return { ...outcome, parts: run.posted.filter(({ type }) => type === 'parts').flatMap(({ parts }) => parts.map(({ json }) => JSON.parse(json).data)) };
}
const textOf = (parts) => parts.map(({ text = '' }) => text).join('');
const tokensOf = (parts) => parts.flatMap(({ tokens = [] }) => tokens);

test("greedy tokens are those of the library's own loop", async () => {
    for (const text of [TEXT, 'a', `${TEXT} `.repeat(12)]) {
        const { tokens, text: said, usage, finish_reason: why } = await complete(text, { deterministic: true });
        assert.deepEqual(tokens, await expected(gpt2, text));
        assert.equal(said, gpt2.tokenizer.decode(tokens).replace(/\ufffd{1,3}$/u, ''));
        const count = gpt2.tokenizer(text).input_ids.dims[1];
        assert.deepEqual([usage, why], [{ prompt_tokens: count, completion_tokens: 16, cached_tokens: 0 }, 'length']);
    }
    const rules = { repetition_penalty: 1.3, no_repeat_ngram_size: 2, bad_words_ids: [[101], [32, 116]], min_new_tokens: 4 };
    const ruled = { ...gpt2, extra: { ...gpt2.extra, 'generation_config.json': rules } };
    const { result: { tokens } } = await outcomeOf(ruled, 'complete', { prompt: TEXT }, { max_tokens: 16, temperature: 0 });
    assert.deepEqual(tokens, await expected(gpt2, TEXT, rules));
});

test('the next turn reads only what is new, and is the same as without', async () => {
    const first = await complete(TEXT, {}, { owner: 'a' });
    const more = `${TEXT}${first.text} and then`;
    const again = await complete(more, {}, { owner: 'a' });
    const alone = await complete(more, { deterministic: true }, { owner: 'a' });
    const other = await complete(more, {}, { owner: 'b' });
    assert.deepEqual([again.tokens, other.tokens], [alone.tokens, alone.tokens]);
    assert.ok(again.usage.cached_tokens >= first.usage.prompt_tokens, JSON.stringify(again.usage));
    assert.deepEqual([alone.usage.cached_tokens, other.usage.cached_tokens], [0, 0]);
    assert.equal(again.timings.cache_n + again.timings.prompt_n, again.usage.prompt_tokens);
    const changed = `${TEXT.slice(0, -6)}${more}`;
    const cut = await complete(changed, {}, { owner: 'a' });
    assert.ok(cut.usage.cached_tokens > 10 && cut.usage.cached_tokens < cut.usage.prompt_tokens);
    assert.deepEqual(cut.tokens, (await complete(changed, { deterministic: true })).tokens);
});

test('a long prompt goes in pieces, and says how far it is', async () => {
    const asked = taskOf('complete', { prompt: LONG }, { max_tokens: 4, temperature: 0, deterministic: true });
    const run = runOf(asked);
    const step = run.step.bind(run);
    let steps = 0;
    run.step = () => {
        steps++;
        return step();
    };
    const { result } = await engineOf(gpt2).run(asked, run);
    const { predicted_ms: made, predicted_session_ms: computed } = result.timings;
    assert.ok(computed > 0 && computed < made, `${computed} of ${made} ms`);
    assert.ok(computed < run.sessionMs, 'what the prompt took is no part of it');
    const said = run.posted.filter(({ type }) => type === 'progress').map(({ phase, done, total }) => [phase, done, total]);
    const count = result.usage.prompt_tokens;
    assert.ok(count > 2 * 256, `${count}`);
    assert.deepEqual([said[0], said.at(-1)], [['prompt', 0, count], ['prompt', count, count]]);
    assert.ok(steps >= 3 + 3, `${steps} steps`);
    assert.deepEqual(result.tokens, await expected(gpt2, LONG, { max_new_tokens: 4 }));
});

test("the folder's own limits hold where the request names none", async () => {
    const count = gpt2.tokenizer(TEXT).input_ids.dims[1], endless = { temperature: 0, logit_bias: { [gpt2.tokenizer.eos_token_id]: -100 } };
    // As transformers counts: max_length has the prompt in it, and max_new_tokens comes before it.
    for (const [own, options, tokens] of [
        [{ max_new_tokens: 2 }, {}, 2], [{ max_length: count + 3 }, {}, 3], [{ max_new_tokens: 2, max_length: count + 9 }, {}, 2],
        [{ max_length: 1 }, {}, 1], [{ max_new_tokens: 2 }, { max_tokens: 5 }, 5], [{ max_new_tokens: 'many', max_length: -1 }, { max_tokens: 7 }, 7],
    ]) {
        const model = { ...gpt2, extra: { ...gpt2.extra, 'generation_config.json': own } };
        const { result } = await outcomeOf(model, 'complete', { prompt: TEXT }, { ...endless, ...options });
        assert.deepEqual([result.usage.completion_tokens, result.finish_reason], [tokens, 'length'], JSON.stringify(own));
    }
    const translated = { ...bart, extra: { ...bart.extra, 'generation_config.json': { max_length: 5 } } };
    const bias = { [bart.tokenizer.eos_token_id]: -100 };
    assert.equal((await outcomeOf(translated, 'summarization', { prompt: TEXT }, { temperature: 0, logit_bias: bias })).result.usage.completion_tokens, 4);
});

/** What the library is told with each step: the tokens' places, and of how many tokens it makes the next mask. */
async function stepsOf(model, task, input) {
    const steps = [], { forward, _update_model_kwargs_for_generation: update } = model.model;
    const spies = {
        forward(inputs) {
            const { position_ids: places, decoder_attention_mask: own, attention_mask: mask } = inputs;
            steps.push({ places: places && [...places.data].map(Number), seen: (own ?? mask).dims[1] });
            return forward.call(this, inputs);
        },
        _update_model_kwargs_for_generation(told) {
            const { decoder_attention_mask: own, attention_mask: mask } = told.model_inputs;
            steps.at(-1).copied = (own ?? mask).dims[1];
            return update.call(this, told);
        },
    };
    Object.assign(model.model, spies);
    try {
        const { result } = await outcomeOf(model, task, input, { max_tokens: 3, temperature: 0, deterministic: true });
        return { steps, tokens: result.tokens };
    } finally {
        for (const name of Object.keys(spies)) delete model.model[name];
    }
}

test('a token costs no more the more there are before it', async () => {
    const { steps, tokens } = await stepsOf(gpt2, 'complete', { prompt: TEXT });
    const count = gpt2.tokenizer(TEXT).input_ids.dims[1];
    assert.deepEqual(steps, [
        { places: Array.from({ length: count }, (_, place) => place), seen: count, copied: 1 },
        { places: [count], seen: count + 1, copied: 1 }, { places: [count + 1], seen: count + 2, copied: 1 },
    ]);
    const seq2seq = await stepsOf(bart, 'summarization', { prompt: TEXT });
    assert.deepEqual(seq2seq.steps.map(({ seen, copied }) => [seen, copied]), [[1, 1], [2, 1], [3, 1]]);
    assert.deepEqual(seq2seq.tokens, await expected(bart, TEXT, { max_new_tokens: 3 }));
    // Where places are counted in a way of the model's own, the library does it.
    const config = { ...gpt2.config, model_type: 'gemma3_text' };
    const other = await stepsOf({ ...gpt2, config }, 'complete', { prompt: TEXT });
    assert.deepEqual([other.steps.some(({ places }) => places), other.tokens], [false, tokens]);
    const source = new URL('../src/models/modeling_utils.js', import.meta.resolve('@huggingface/transformers'));
    assert.match(fs.readFileSync(source, 'utf8'), /start_index = \['paligemma', 'gemma3_text', 'gemma3'\]\.includes/);
});

test('an answer goes on from the tokens that another node has sent', async () => {
    for (const options of [{ max_tokens: 20 }, { max_tokens: 20, temperature: 1, seed: 5 }]) {
        const whole = await streamed(TEXT, options);
        const all = [textOf(whole.parts), tokensOf(whole.parts)];
        assert.equal(all[1].length, 20);
        for (const count of [1, Math.floor(whole.parts.length / 2), whole.parts.length - 1]) {
            const had = whole.parts.slice(0, count);
            const from = { seq: count, text: textOf(had), tokens: tokensOf(had) };
            const { parts, result } = await streamed(TEXT, options, { from });
            assert.deepEqual([from.text + textOf(parts), [...from.tokens, ...tokensOf(parts)]], all);
            assert.deepEqual([result.usage.completion_tokens, result.timings.predicted_n], [20, 20 - from.tokens.length]);
        }
        // What has ended is not made again, though its end says nothing of the token that was it.
        const had = { text: all[0].slice(0, 4), tokens: all[1].slice(0, 3) };
        const { parts, result } = await streamed(TEXT, options, { from: { seq: 4, ...had, answers: [{ ...had, ended: true }] } });
        assert.deepEqual([parts, result.finish_reason, result.usage.completion_tokens, result.timings.predicted_n], [[], 'stop', 4, 0]);
        // Without tokens, and with some that the model has not: made once more, and the same.
        for (const from of [{ seq: 2, text: all[0].slice(0, 3) }, { seq: 0, text: '', tokens: [] }]) {
            let went = 0;
            const onRun = (run) => { run.goesOn = () => { went++; }; };
            assert.equal((from.text ?? '') + textOf((await streamed(TEXT, options, { from, onRun })).parts), all[0]);
            assert.equal(went, all[1].length, 'it is told of each token, whether it is sent or not');
        }
    }
    await assert.rejects(streamed(TEXT, {}, { from: { seq: 1, text: 'something else' } }), { code: 'stream_diverged' });
    await assert.rejects(streamed(TEXT, {}, { from: { seq: 1, text: '', tokens: [1e6] } }), { code: 'stream_diverged' });
});

test('an encoder-decoder goes on from more tokens than are read at a time', async () => {
    const options = { max_tokens: 60, logprobs: true, logit_bias: { [bart.tokenizer.eos_token_id]: -100 } };
    const likelihoods = ({ parts }) => parts.flatMap(({ result }) => result?.logprobs ?? []).map(({ logprob }) => logprob.toFixed(3));
    const whole = await streamed(TEXT, options, { task: 'summarization', model: bart });
    // Of a vocabulary as large as this few tokens are read at a time.
    const model = { ...bart, config: { ...bart.config, vocab_size: 1 << 20 } };
    const from = { seq: 1, text: '', tokens: tokensOf(whole.parts).slice(0, 50) };
    const rest = await streamed(TEXT, options, { task: 'summarization', model, from });
    assert.deepEqual(tokensOf(rest.parts), tokensOf(whole.parts).slice(50));
    assert.deepEqual(likelihoods(rest), likelihoods(whole).slice(50));
});

test('a graph that keeps nothing of what it has read is refused', async () => {
    const model = Object.create(gpt2.model);
    model.forward = async (inputs) => ({ logits: (await gpt2.model.forward(inputs)).logits });
    await assert.rejects(outcomeOf({ ...gpt2, model }, 'complete', { prompt: TEXT }, { deterministic: true }), { code: 'model_invalid', message: /keys and values/ });
});

test('a seed repeats an answer', async () => {
    const [a, b, c] = await Promise.all([7, 7, 8].map((seed) => complete(TEXT, { seed, temperature: 1 })));
    assert.deepEqual(a.tokens, b.tokens);
    assert.notDeepEqual(a.tokens, c.tokens);
    assert.notDeepEqual((await complete(TEXT, { seed: 7, temperature: null, top_k: 0 })).tokens, (await complete(TEXT)).tokens);
});

test('a seed alone leaves the most likely tokens, and chance chooses among all', async () => {
    assert.deepEqual((await complete(TEXT, { temperature: null, seed: 7 })).tokens, (await complete(TEXT)).tokens);
    const { generation_config: config } = gpt2.model.configs;
    const ranks = async (options, extra = gpt2.extra) => {
        const asked = { max_tokens: 60, temperature: 2, seed: 3, logprobs: true, top_logprobs: 20, ...options };
        const { logprobs } = (await outcomeOf({ ...gpt2, extra }, 'complete', { prompt: TEXT }, asked)).result;
        return logprobs.filter(({ id, top_logprobs: top }) => !top.some((one) => one.id === id)).length;
    };
    const before = config.top_k;
    config.top_k = 20; // the library's own, which no file of the folder names
    try {
        assert.ok(await ranks({}) > 0, 'beyond the twenty most likely');
        assert.equal(await ranks({ top_k: 20 }), 0);
        assert.equal(await ranks({}, { ...gpt2.extra, 'generation_config.json': { top_k: 20 } }), 0);
    } finally {
        config.top_k = before;
    }
});

test('several prompts have an answer each', async () => {
    const prompts = [TEXT, 'a', `${TEXT} and`];
    const alone = await Promise.all(prompts.map((prompt) => complete(prompt, { deterministic: true })));
    const { result } = await outcomeOf(gpt2, 'complete', { prompts }, { max_tokens: 16, temperature: 0, deterministic: true });
    assert.deepEqual(result.choices.map(({ index, text, tokens }) => [index, text, tokens]), alone.map(({ text, tokens }, index) => [index, text, tokens]));
    const sum = (name) => alone.reduce((total, { usage }) => total + usage[name], 0);
    assert.deepEqual(result.usage, { prompt_tokens: sum('prompt_tokens'), completion_tokens: 48, cached_tokens: 0 });
    const asked = { ...taskOf('complete', { prompts }, { max_tokens: 16, temperature: 0 }), stream: { from: null, credit: { parts: 1000, bytes: 1e9 } } };
    const run = runOf(asked);
    await engineOf(gpt2).run(asked, run);
    await run.end();
    const parts = run.posted.filter(({ type }) => type === 'parts').flatMap(({ parts: some }) => some.map(({ json }) => JSON.parse(json).data));
    assert.deepEqual(prompts.map((_, at) => textOf(parts.filter(({ index = 0 }) => index === at))), alone.map(({ text }) => text));
    await assert.rejects(outcomeOf(gpt2, 'complete', { prompts: ['a', 7] }), { code: 'input_invalid', field: 'inputs.prompt' });
});

test('logprobs, biases, and where an answer ends', async () => {
    const plain = await complete(TEXT);
    const { logprobs, tokens } = await complete(TEXT, { logprobs: true, top_logprobs: 3, max_tokens: 4 });
    assert.deepEqual(logprobs.map(({ id }) => id), tokens);
    for (const { id, logprob, top_logprobs: top } of logprobs) {
        assert.deepEqual([top.length, top[0].id, top[0].logprob], [3, id, logprob]);
        assert.ok(logprob < 0 && top[1].logprob <= logprob);
    }
    const [first] = plain.tokens;
    assert.notEqual((await complete(TEXT, { logit_bias: { [first]: -100 } })).tokens[0], first);
    const last = plain.tokens.find((id, at) => at > 2 && plain.tokens.indexOf(id) === at);
    const ended = await complete(TEXT, { logit_bias: { [gpt2.tokenizer.eos_token_id]: 100 } });
    assert.deepEqual([ended.text, ended.tokens, ended.finish_reason, ended.usage.completion_tokens], ['', [], 'stop', 1]);
    const stop = gpt2.tokenizer.decode([last]);
    const stopped = await complete(TEXT, { stop: ['never', stop] });
    assert.equal(stopped.finish_reason, 'stop');
    assert.equal(stopped.text, plain.text.slice(0, plain.text.indexOf(stop)));
});

test('a cancel is heard before the next step, and what was computed is kept', async () => {
    let steps = 0;
    await assert.rejects(streamed(TEXT, { max_tokens: 1000 }, { onParts: (run) => {
        if (++steps === 3) run.cancel();
    } }), { code: 'cancelled' });
    assert.ok(steps <= 4, `${steps} parts`);
    assert.ok((await complete(`${TEXT} again`)).usage.cached_tokens > 0);
});

test('a cancel in a prompt is heard before its next piece, and what was read is kept', async () => {
    const asked = {
        ...taskOf('complete', { prompt: LONG }, { max_tokens: 4, temperature: 0 }), owner: 'reader',
    };
    const run = runOf(asked);
    const told = [];
    run.progress = (phase, done) => {
        told.push(done);
        if (done > 0) run.cancel();
    };
    await assert.rejects(engineOf(gpt2).run(asked, run), { code: 'cancelled' });
    const [none, read] = told;
    assert.equal(none, 0);
    assert.deepEqual(told, [0, read], 'one piece');
    const { usage } = await complete(LONG, {}, { owner: 'reader' });
    assert.deepEqual([usage.cached_tokens, usage.cached_tokens < usage.prompt_tokens], [read, true]);
});

/** A decoder that takes so many ms of a clock for each token. */
class SlowDecoder {
    count = 0;
    pieces = [];

    constructor(clock, tokenMs) {
        Object.assign(this, { clock, tokenMs });
    }

    async read({ length }) {
        this.pieces.push(length - this.count);
        this.clock.ms += this.tokenMs * (length - this.count);
        this.count = length;
        return new Float32Array(gpt2.config.vocab_size);
    }

    letGo() {}
}

test('a prompt is read in pieces that a cancel may wait for', async () => {
    const tokens = Array.from({ length: 100 }, () => 1);
    const prompt = { tokens, stop: [], ends: [], preserved: [], parser: plain() };
    for (const [tokenMs, most, pieces] of [[0.1, 256, [32, 68]], [10, 256, [32, 16, 16, 16, 8, 8, 4]], [100, 256, [32, ...Array(8).fill(8), 4]],
        [0.1, 50, [32, 50, 18]], [100, null, [100]]]) {
        const clock = { ms: 0 };
        const run = runOf(taskOf('complete', {}));
        Object.defineProperty(run, 'ownMs', { get: () => clock.ms });
        const decoder = new SlowDecoder(clock, tokenMs), promptChunk = most && new PromptChunk(32, most, false);
        await generate({ ...gpt2, caches: { hold() {}, letGo() {} }, promptChunk }, prompt,
            { max_tokens: 1, temperature: 0 }, 1000, run, async () => decoder);
        assert.deepEqual(decoder.pieces, pieces, `${tokenMs} ms for each token`);
    }
});

test('a conversation by the template of the folder', async () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const { result } = await outcomeOf(gpt2, 'chat', { messages }, { max_tokens: 8, temperature: 0 });
    const ids = gpt2.tokenizer.apply_chat_template(messages, { add_generation_prompt: true, return_tensor: false, return_dict: false });
    assert.equal(result.usage.prompt_tokens, ids.length);
    const { parts } = await streamed(messages, { max_tokens: 8 }, { task: 'chat' });
    assert.deepEqual([textOf(parts), tokensOf(parts)], [result.text, result.tokens]);
    assert.deepEqual((await outcomeOf(gpt2, 'tokenize', { text: 'Hi there' })).result.tokens, gpt2.tokenizer.encode('Hi there'));
});

test('what cannot be is refused by name', async () => {
    const fails = (promise, code, field) => assert.rejects(promise, (error) => {
        assert.deepEqual([error.code, error.field], [code, field], error.message);
        return true;
    });
    const messages = [{ role: 'user', content: 'Hi' }];
    for (const [options, field] of [
        [{ grammar: 'root ::= "a"' }, 'options.grammar'], [{ json_schema: {} }, 'options.json_schema'], [{ n: 2 }, 'options.n'],
        [{ nonsense: 1 }, 'options.nonsense'], [{ top_p: 2 }, 'options.top_p'], [{ stop: 'x' }, 'options.stop'],
        [{ logit_bias: { a: 1 } }, 'options.logit_bias'], [{ context: 4096 }, 'options.context'],
        [{ response_format: { type: 'json_object' } }, 'options.response_format'], [{ tool_choice: 'required' }, 'options.tool_choice'],
    ]) await fails(outcomeOf(gpt2, 'chat', { messages }, options), 'input_invalid', field);
    const { result: plain } = await outcomeOf(gpt2, 'chat', { messages },
        { response_format: { type: 'text' }, temperature: 0, max_tokens: 4 });
    assert.equal(plain.tokens.length, 4);
    await fails(outcomeOf(gpt2, 'complete', {}), 'input_invalid', 'inputs.prompt');
    await fails(outcomeOf(gpt2, 'chat', { messages: [] }), 'input_invalid', 'inputs.messages');
    await fails(outcomeOf(gpt2, 'summarization', { prompt: 'x' }), 'input_invalid', 'task');
    await assert.rejects(complete(TEXT, { context: 16 }), ({ code, field, message, expected }) =>
        code === 'context_length_exceeded' && field === 'inputs' && / \d\d tokens, .* 16$/.test(message) && expected === 'fewer than 16 tokens');
    const { usage, finish_reason: why } = await complete('abc', { context: 16, max_tokens: null });
    assert.deepEqual([usage.prompt_tokens + usage.completion_tokens, why], [16, 'length']);
    const set = outcomeOf({ ...gpt2, context: 16 }, 'complete', { prompt: TEXT });
    await fails(set, 'context_length_exceeded', 'inputs');
});

test('an encoder-decoder turns text into text', async () => {
    const transform = async (task, prompt, options = {}, model = bart) =>
        (await outcomeOf(model, task, { prompt }, { max_tokens: 16, ...options })).result;
    for (const task of ['text2text-generation', 'summarization', 'translation']) {
        const { tokens, usage, finish_reason: why } = await transform(task, TEXT);
        assert.deepEqual(tokens, (await expected(bart, TEXT)).filter((id) => id !== bart.tokenizer.eos_token_id));
        assert.equal(usage.prompt_tokens, bart.tokenizer(TEXT).input_ids.dims[1]);
        assert.ok(['stop', 'length'].includes(why));
    }
    const length = { ...bart, limits: { length: 20 } };
    await assert.rejects(transform('summarization', TEXT, {}, length), { code: 'context_length_exceeded' });
    assert.equal((await transform('summarization', TEXT, { truncate: true, max_tokens: 2 }, length)).usage.prompt_tokens, 20);
    // What is cut ends with the token that ends every text, as if it had been that short.
    const [start, ...ids] = bart.tokenizer(TEXT).input_ids.tolist()[0].map(Number);
    const read = [], { forward } = bart.model;
    const model = Object.assign(Object.create(bart.model), {
        forward(inputs) {
            if (inputs.input_ids) read.push(inputs.input_ids.tolist()[0].map(Number));
            return forward.call(this, inputs);
        },
    });
    await transform('summarization', TEXT, { truncate: true, max_tokens: 2 }, { ...length, model });
    assert.deepEqual(read[0], [start, ...ids.slice(0, 18), ids.at(-1)]);
    const prefixed = { ...bart, config: { ...bart.config, is_encoder_decoder: true, task_specific_params: {
        summarization: { prefix: 'sum: ' }, translation_en_to_de: { prefix: 'to German: ' } } } };
    const tokensFor = async (...args) => (await transform(...args, prefixed)).tokens.join();
    assert.equal(await tokensFor('summarization', TEXT, {}), (await transform('summarization', `sum: ${TEXT}`)).tokens.join());
    const languages = { source_language: 'en', target_language: 'de' };
    assert.equal(await tokensFor('translation', TEXT, languages), (await transform('translation', `to German: ${TEXT}`)).tokens.join());
    await assert.rejects(tokensFor('translation', TEXT, { ...languages, target_language: 'fr' }), { field: 'options.target_language', expected: /translation_en_to_de/ });
    await assert.rejects(transform('summarization', TEXT, languages), { field: 'options.source_language' });
});

test('a language is a token in front, where the tokenizer has some', async () => {
    const { _tokenizer } = bart.tokenizer;
    const ids = { eng: _tokenizer.token_to_id('e'), deu: _tokenizer.token_to_id('d') };
    const words = { encode: (...args) => {
        const encoding = bart.words.encode(...args);
        return { ...encoding, ids: [ids.eng, ...encoding.ids], sequences: [-1, ...encoding.sequences] };
    }, idOf: (token) => bart.words.idOf(token) };
    const tokenizer = Object.assign(() => {}, { _tokenizer, all_special_ids: [], all_special_tokens: [], eos_token_id: bart.tokenizer.eos_token_id,
        decode: (...args) => bart.tokenizer.decode(...args), language_codes: ['eng', 'deu'], lang_to_token: (code) => code[0] });
    const model = { ...bart, tokenizer, words };
    const translate = async (options) => (await outcomeOf(model, 'translation', { prompt: TEXT }, { max_tokens: 8, ...options })).result.tokens;
    const inputs = (first) => {
        const all = [first, ...bart.tokenizer(TEXT, { return_tensor: false }).input_ids];
        const { Tensor, ones } = bart.library;
        return { input_ids: new Tensor('int64', all.map(BigInt), [1, all.length]), attention_mask: ones([1, all.length]) };
    };
    for (const source of ['eng', 'deu']) {
        const ref = await bart.model.generate({ ...inputs(ids[source]), max_new_tokens: 9, forced_bos_token_id: ids.deu });
        assert.deepEqual(await translate({ source_language: source, target_language: 'deu' }), ref.tolist()[0].slice(2).map(Number));
    }
    // What the text says itself of languages stays.
    const unmarked = { ...model, words: { ...words, encode: (...args) => {
        const made = words.encode(...args);
        return { ...made, sequences: made.sequences.map(() => 0) };
    } } };
    const asEnglish = await bart.model.generate({ ...inputs(ids.eng), max_new_tokens: 9, forced_bos_token_id: ids.deu });
    const { result } = await outcomeOf(unmarked, 'translation', { prompt: TEXT }, { max_tokens: 8, source_language: 'deu', target_language: 'deu' });
    assert.deepEqual(result.tokens, asEnglish.tolist()[0].slice(2).map(Number));
    await assert.rejects(translate({}), { field: 'options.target_language', expected: 'one of eng, deu' });
    await assert.rejects(translate({ source_language: 'x', target_language: 'deu' }), { field: 'options.source_language' });
});

test('what an encoder-decoder computes counts as memory until its answer is there', async () => {
    const asked = { ...taskOf('summarization', { prompt: TEXT }, { max_tokens: 8 }), stream: { from: null, credit: { parts: 100, bytes: 1e6 } } };
    const run = runOf(asked), { emit } = run, seen = [];
    run.emit = (part) => {
        seen.push(bart.caches.bytes);
        emit.call(run, part);
    };
    await engineOf(bart).run(asked, run);
    assert.ok(seen[1] > seen[0], seen.join());
    assert.equal(bart.caches.bytes, 0);
});

test('the caches go with the model', async () => {
    const model = await loaded(filesIn(folder('gpt2')));
    await outcomeOf(model, 'complete', { prompt: TEXT }, { max_tokens: 2 });
    assert.deepEqual(model.caches.sizes.count, 1);
    await model.dispose();
    assert.deepEqual(model.caches.sizes.count, 0);
    assert.ok(library);
});
