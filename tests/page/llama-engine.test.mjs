// tier: quick
/** The parts of the engine for language models that need no browser: plans, bodies, slots, owners, answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './support/yield.mjs';
import { begunOf, plain, Sent } from '../../page/src/engine/answer.js';
import { EngineFault } from '../../page/src/engine/engine.js';
import { readHead } from '../../page/src/engine/gguf.js';
import { LlamaAnswer } from '../../page/src/engine/llama_answer.js';
import { bringUp } from '../../page/src/engine/llama_bring.js';
import { completionBody, optionsOf, samplingOf, taskOf } from '../../page/src/engine/llama_body.js';
import { checkNarrow, LlamaFiles, weightsOf } from '../../page/src/engine/llama_files.js';
import { Loads } from '../../page/src/engine/loads.js';
import { errorLine, failureOfEnd, failureOfServer } from '../../page/src/engine/llama_failure.js';
import { Pieces } from '../../page/src/engine/llama_pieces.js';
import { planOf } from '../../page/src/engine/llama_plan.js';
import { Prefixes } from '../../page/src/engine/llama_prefixes.js';
import { Slots } from '../../page/src/engine/llama_slots.js';
import { Tokenizer } from '../../page/src/engine/llama_tokens.js';
import { embed } from '../../page/src/engine/llama_vectors.js';
import { yieldOnce } from '../../page/src/shared/yield.js';
import { asciiVocabulary } from '../lib/gguf-vocabulary.mjs';
import { ggufBytes } from './support/gguf.mjs';

const headOf = (bytes) => readHead(async (size) => bytes.subarray(0, size));
const failsWith = (code, field) => (error) => {
    assert.deepEqual([error.code, error.field], [code, field], error.message);
    return true;
};

test('the head of a GGUF file is read, and its vocabulary', async () => {
    const { values, vocabulary: { count, kind, text: token }, specials } = await headOf(ggufBytes({ context: 777, layers: 3 }));
    assert.deepEqual([values.get('general.architecture'), values.get('llama.context_length'), values.get('llama.block_count')],
        ['llama', 777, 3]);
    assert.match(String(values.get('tokenizer.chat_template')), /im_start/);
    assert.equal(typeof token(1), 'string');
    assert.deepEqual([token(-1), token(count), token(1e9)], [null, null, null]);
    assert.deepEqual([...Array(count).keys()].filter((id) => kind(id) === 3 || kind(id) === 2), [...specials.values()].sort((a, b) => a - b));
    assert.ok(specials.size > 0);
    for (const [text, id] of specials) assert.equal(token(id), text);
});

test('what is no GGUF, or is cut off, is refused', async () => {
    const whole = ggufBytes({ embd: 32, layers: 1 });
    for (const bytes of [Buffer.alloc(0), Buffer.from('version https://git-lfs'), whole.subarray(0, 20), whole.subarray(0, 3000)]) {
        await assert.rejects(headOf(bytes), failsWith('model_invalid', undefined));
    }
    const odd = Buffer.from(whole);
    odd.writeBigUInt64LE(1n << 60n, 24); // the length of the first key
    await assert.rejects(headOf(odd), failsWith('model_invalid', undefined));
});

const head = (facts) => ({ values: new Map(Object.entries({ 'general.architecture': 'llama', ...facts })), vocabulary: { count: 0, kind: () => 1, text: () => null }, specials: new Map() });
const SHAPE = { 'llama.embedding_length': 4096, 'llama.attention.head_count': 32, 'llama.attention.head_count_kv': 8 };

test('contexts, slots and batches are what there is room for', () => {
    const small = head({ ...SHAPE, 'llama.context_length': 2048, 'llama.block_count': 1 });
    assert.deepEqual(planOf(small, 1 << 20, 0, 4, 0), {
        context: 2048, slots: 4, cache: 'f32', memory: (1 << 20) + 4 * 2048 * 2 * 8 * 128 * 4, layers: 0, batch: 128, chunk: 64, pooling: 'last', apart: false, makes: 'text',
    });
    assert.equal(planOf(small, 1 << 20, 100, 4, 0).context, 100);
    assert.equal(planOf(small, 1 << 20, 0, 2, 0).slots, 2);
    const deep = head({ ...SHAPE, 'llama.context_length': 131072, 'llama.block_count': 32 });
    const { context, slots, batch, chunk } = planOf(deep, 1000 * 1048576, 0, 4, 0);
    assert.deepEqual([context, slots, batch, chunk], [8192, 1, 128, 8]);
    assert.throws(() => planOf(deep, 4000 * 1048576, 0, 4, 0), failsWith('model_too_large', undefined));
    const bert = { ...head({}), values: new Map(Object.entries({ 'general.architecture': 'bert', 'bert.context_length': 512 })) };
    assert.deepEqual(planOf(bert, 1 << 20, 0, 4, 0), { context: 512, slots: 4, cache: 'f16', memory: 1 << 20, layers: 0, batch: 512, chunk: 0, pooling: null, apart: false, makes: 'vectors' });
    // What a decoder makes of the tokens of a text is made of those of one piece of a batch.
    const pooled = (architecture, type) => planOf({ ...small, values: new Map([...small.values, ['general.architecture', architecture],
        [`${architecture}.pooling_type`, type]]) }, 1 << 20, 0, 4, 0).apart;
    assert.deepEqual([1, 2, 3, 4].map((type) => pooled('llama', type)), [true, true, false, true]);
    assert.deepEqual(['nomic-bert', 'gemma-embedding', 'qwen3'].map((architecture) => pooled(architecture, 1)), [false, false, true]);
});

test('keys and values are in 32 bits where there is room for them, else in 16', () => {
    const MIB = 1048576, PER_TOKEN = 2 * 8 * 128;
    const facts = (blocks) => head({ ...SHAPE, 'llama.context_length': 2048, 'llama.block_count': blocks });
    const cacheOf = (blocks, bytes, budget) => {
        const { cache, memory, slots, context } = planOf(facts(blocks), bytes, 0, 4, 0, budget);
        assert.equal(memory, bytes + slots * context * blocks * PER_TOKEN * (cache === 'f32' ? 4 : 2));
        return [cache, slots, context];
    };
    assert.deepEqual(cacheOf(16, MIB, undefined), ['f32', 4, 2048], '1 GiB of them');
    assert.deepEqual(cacheOf(17, MIB, undefined), ['f16', 4, 2048]);
    assert.deepEqual(cacheOf(8, 100 * MIB, 612 * MIB), ['f32', 4, 2048]);
    assert.deepEqual(cacheOf(8, 100 * MIB, 611 * MIB), ['f16', 4, 2048], 'models may take no more');
    assert.deepEqual(cacheOf(8, 2900 * MIB, undefined), ['f16', 4, 2048], 'the weights leave too little');
    assert.equal(planOf(head({}), MIB, 0, 4, 0).cache, 'f16', 'nobody knows what they take');
});

test('on a GPU are as many layers as models may take memory, and the output', () => {
    const MIB = 1048576;
    const facts = head({ ...SHAPE, 'llama.context_length': 2048, 'llama.block_count': 9 });
    const onGpu = (budget) => planOf(facts, 100 * MIB, 0, 4, 0, budget, true);
    const { layers, cache, memory } = onGpu(undefined);
    assert.deepEqual([layers, cache, memory], [10, 'f16', 100 * MIB + 4 * 2048 * 9 * 2 * 8 * 128 * 2]);
    assert.deepEqual([1, 0.75, 0.5, 0.05].map((share) => onGpu(share * memory).layers), [10, 7, 5, 1]);
    assert.equal(planOf(facts, 100 * MIB, 0, 4, 0).layers, 0);
});

test('the first step of a prompt is as long as a cancel may wait, by what was measured', () => {
    const facts = head({ ...SHAPE, 'llama.context_length': 2048, 'llama.block_count': 1 });
    const chunk = (mib, promptMs) => planOf(facts, mib * 1048576, 0, 4, promptMs).chunk;
    assert.deepEqual([0, 0.01, 1, 4, 4.7, 6.3, 20, 37, 38, 2000].map((ms) => chunk(1, ms)), [64, 128, 128, 64, 32, 32, 8, 8, 8, 8]);
    assert.deepEqual([chunk(1000, 0), chunk(1000, 5)], [8, 32], 'a large model on a fast machine');
});

test('on a GPU, a step computes as many tokens as there is memory for their likelihoods and their attention', () => {
    const facts = (context, tokens) => ({ ...head({ ...SHAPE, 'llama.context_length': context, 'llama.block_count': 1 }),
        vocabulary: { count: tokens, kind: () => 1, text: () => null } });
    const plan = (context, tokens, promptMs = 0) => planOf(facts(context, tokens), 1 << 20, context, 4, promptMs, undefined, true);
    assert.deepEqual([[2048, 1000], [8192, 1000], [8192, 150_000], [32_768, 250_000]].map((of) => plan(...of).batch), [512, 256, 256, 128]);
    assert.deepEqual([0, 0.4, 1, 20].map((ms) => plan(2048, 1000, ms).chunk), [64, 512, 256, 8]);
});

test('options are checked by the table, and only what it has goes on', () => {
    assert.throws(() => taskOf('sing'), failsWith('input_invalid', 'inputs'));
    assert.throws(() => optionsOf('complete', { samplers: [] }), failsWith('input_invalid', 'options.samplers'));
    assert.throws(() => optionsOf('embed', { temperature: 1 }), failsWith('input_invalid', 'options.temperature'));
    for (const wrong of [{ top_p: 2 }, { max_tokens: 1.5 }, { stop: 'x' }, { stop: [''] }, { logit_bias: { a: 1 } }, { logit_bias: { 1: 101 } },
        { logprobs: 1 }, { seed: '7' }, { temperature: NaN }, { grammar: 7 }]) {
        assert.throws(() => optionsOf('complete', wrong), failsWith('input_invalid', `options.${Object.keys(wrong)[0]}`));
    }
    const options = optionsOf('complete', { max_tokens: 5, seed: -1, logit_bias: { 3: -100, 4: 2 }, logprobs: true, top_p: null });
    assert.deepEqual(completionBody('hi', options, { grammar: 'root ::= "a"', stop: ['.'], preserved: [], cache: true, choice: 1 }), {
        prompt: 'hi', stream: true, verbose: true, return_progress: true, cache_prompt: true, stop: ['.'], n_predict: 5, seed: 0,
        top_p: 1, top_k: 0, min_p: 0,
        n_probs: 1, logit_bias: [[3, false], [4, 2]], grammar: 'root ::= "a"',
    });
});

test('where neither request nor model says how to sample, each token may come', () => {
    const body = (options, values = {}) => {
        const { temperature, top_p: topP, top_k: topK, min_p: minP, repeat_penalty: penalty } = completionBody('hi', options, {
            grammar: null, stop: [], preserved: [], cache: true, choice: 0, sampling: samplingOf({ values: new Map(Object.entries(values)) }),
        });
        return [temperature, topP, topK, minP, penalty];
    };
    assert.deepEqual(body({ temperature: 2 }), [2, 1, 0, 0, undefined]);
    assert.deepEqual(body({ top_k: 5, min_p: 0.1 }), [undefined, 1, 5, 0.1, undefined]);
    const own = {
        'general.sampling.temp': 0.6, 'general.sampling.top_k': 20, 'general.sampling.top_p': 0.95, 'general.sampling.min_p': NaN,
        'general.sampling.penalty_repeat': 1.1,
    };
    assert.deepEqual(body({}, own), [0.6, 0.95, 20, 0, 1.1]);
    assert.deepEqual(body({ temperature: 0, top_k: 0 }, own), [0, 0.95, 0, undefined, 1.1]);
    assert.deepEqual(body({ temperature: 0 }), [0, undefined, undefined, undefined, undefined]);
});

/** A llama.cpp that gives each request as many results as its body says. */
function fakeModule() {
    const left = new Map();
    const module = {
        most: 0, begun: [], cancelled: [],
        async action(name, message) {
            if (name === 'get_result') {
                const more = left.get(message.req_id) - 1;
                left.set(message.req_id, more);
                if (more === 0) left.delete(message.req_id);
                return { data_json: JSON.stringify({ left: more }), is_error: false, has_more: more > 0 };
            }
            if (name === 'cancel') {
                module.cancelled.push(message.req_id);
                left.delete(message.req_id);
                return {};
            }
            const body = JSON.parse(message.data_json);
            if (body.aborts) throw new EngineFault(new Error('abort'));
            module.begun.push(body.name);
            left.set(module.begun.length, body.results);
            module.most = Math.max(module.most, left.size);
            return { req_id: module.begun.length };
        },
    };
    return module;
}

const ask = (slots, name, results, more = {}) => slots.run({
    action: 'completion', body: { name, results, ...more.body }, signal: new AbortController().signal, onResult() {}, onStep() {}, ...more,
});

test('no more is begun than there are slots, and one that must be alone is', async () => {
    const module = fakeModule();
    const slots = new Slots(module, 2, 10);
    const done = [];
    await Promise.all([['a', 3], ['b', 1], ['c', 2], ['alone', 2, { alone: true }], ['d', 1]].map(async ([name, results, more]) => {
        await ask(slots, name, results, more);
        done.push(name);
    }));
    assert.equal(module.most, 2);
    assert.deepEqual(module.begun, ['a', 'b', 'c', 'alone', 'd']);
    assert.deepEqual(done.slice(3), ['alone', 'd']);
    assert.equal(slots.isIdle, true);
});

test('nothing listens any more to a cancel of what has ended', async () => {
    const slots = new Slots(fakeModule(), 1, 10);
    const signal = { aborted: false, listeners: 0, addEventListener() { this.listeners++; }, removeEventListener() { this.listeners--; } };
    for (let i = 0; i < 3; i++) await ask(slots, 'a', 1, { signal });
    await assert.rejects(ask(slots, 'b', 1, { signal, body: { aborts: true } }));
    assert.equal(signal.listeners, 0);
});

test('the texts of a task are computed in as many slots as there are, and none is begun after one that fails', async () => {
    const asked = [];
    const slots = { count: 2, run: (request) => new Promise((resolve, reject) => asked.push({ ...request, resolve, reject })) };
    const told = [];
    const run = { signal: new AbortController().signal, stepTook() {}, progress: (phase, done, total) => told.push([done, total]) };
    const end = async (text, value) => {
        const { onResult, resolve } = asked.find(({ body: { input } }) => input === text);
        onResult({ data: [{ embedding: [value] }], usage: { prompt_tokens: 2 } });
        resolve();
        await yieldOnce();
    };
    const made = embed(slots, ['a', 'b', 'c'], { normalize: false }, false, run);
    assert.deepEqual(asked.map(({ body: { input } }) => input), ['a', 'b']);
    for (const [text, value] of [['b', 2], ['c', 3], ['a', 1]]) await end(text, value);
    const { tensors: [{ shape, bytes }], result } = await made;
    assert.deepEqual([shape, [...new Float32Array(bytes.buffer)], result.usage.prompt_tokens], [[3, 1], [1, 2, 3], 6]);
    assert.deepEqual(told, [[1, 3], [2, 3], [3, 3]]);
    asked.length = 0;
    const failed = assert.rejects(embed(slots, ['a', 'b', 'c'], {}, false, run), /no/);
    asked[0].reject(new Error('no'));
    await yieldOnce();
    await end('b', 1);
    await failed;
    assert.equal(asked.length, 2);
});

test('what runs, and what the slots hold, is told', async () => {
    const results = [{ prompt_progress: { processed: 6, cache: 2 }, __verbose: { stop: false } }, { __verbose: { stop: false } },
        { __verbose: { stop: true, id_slot: 1, tokens_cached: 7 } }];
    const module = { async action(name) {
        if (name !== 'get_result') return { req_id: 1 };
        const data = results.shift();
        return { data_json: JSON.stringify(data), is_error: false, has_more: results.length > 0 };
    } };
    const seen = [];
    let told = 0;
    const slots = new Slots(module, 2, 10, () => told++);
    await ask(slots, 'a', 1, { onResult: () => seen.push(slots.sizes()) });
    assert.deepEqual(seen, [4, 5, 12].map((tokens) => ({ count: 2, busy: 1, cached_tokens: tokens })));
    assert.deepEqual([slots.sizes(), told], [{ count: 2, busy: 0, cached_tokens: 7 }, 2]);
});

test('a step is as long for each request, whoever was asked first and waited for it', async () => {
    let now = 0;
    const clock = performance.now, left = new Map(), waiting = new Map();
    performance.now = () => now;
    const module = { async action(name, { req_id: id }) {
        if (name !== 'get_result') {
            left.set(left.size + 1, 20);
            return { req_id: left.size };
        }
        // A step of 30 ms gives each a result; one that waits is handed out in 1 ms.
        now += waiting.size > 0 ? 1 : 30;
        if (waiting.size === 0) for (const one of left.keys()) waiting.set(one, true);
        const more = left.get(id) - (waiting.delete(id) ? 1 : 0);
        left.set(id, more);
        if (more === 0) left.delete(id);
        return { data_json: '{}', is_error: false, has_more: more > 0 };
    } };
    try {
        const slots = new Slots(module, 4, 10), steps = { a: [], b: [], c: [], d: [] };
        await Promise.all(Object.keys(steps).map((name) => ask(slots, name, 20, { onStep: (ms) => steps[name].push(ms) })));
        for (const [name, of] of Object.entries(steps)) {
            assert.ok(of.slice(1).every((ms) => ms >= 30 && ms < 40), `${name}: ${of}`);
        }
    } finally {
        performance.now = clock;
    }
});

test('llama.cpp begins to come up when its binary is there, which is told', async () => {
    const said = [], signal = new AbortController().signal;
    const module = {
        async fetch(told) { said.push('fetches'); told(1000, 1000); }, async start() { said.push('starts'); },
        async action(name) { said.push(name); return { success: false }; }, end() { said.push('ends'); }, paths: () => [],
    };
    const model = { key: 'x', head: head({}), plan: { context: 8, slots: 1, batch: 8, pooling: null }, changed() {}, lives() {},
        starts: (up) => said.push(up ? 'is up' : 'comes up'), fetches: (...far) => said.push(`has ${far}`) };
    await assert.rejects(bringUp(module, model, signal), { code: 'model_invalid' });
    assert.deepEqual(said.splice(0), ['fetches', 'has 1000,1000', 'comes up', 'starts', 'is up', 'load', 'ends']);
    module.fetch = async () => { throw new Error('404'); };
    await assert.rejects(bringUp(module, model, signal), { message: '404' });
    assert.deepEqual(said, ['ends'], 'it never began to come up');
});

test('texts are read piece by piece, special tokens by their ids', async () => {
    let body;
    const slots = { async run(request) {
        body = request.body;
        request.onResult({ __verbose: { generation_settings: { logit_bias: [[7, 0], [2, 0], [8, 0], [9, 1]].map(([token, bias]) => ({ token, bias })) } } });
    } };
    const tokenizer = new Tokenizer(slots, { ...head({}), specials: new Map([['<|a|>', 2], ['<|a|>b', 3], ['.', 4]]) });
    const more = { signal: new AbortController().signal, onStep() {} };
    assert.deepEqual(await tokenizer.ids(['x<|a|>y', '<|a|>b.'], more), [[7, 2, 8], [9]]);
    assert.deepEqual(body.logit_bias, [['x', 0], [2, 0], ['y', 0], [3, 1], [4, 1]]);
});

test('what is cancelled stops, whether it has begun or not', async () => {
    const module = fakeModule();
    const slots = new Slots(module, 1, 10);
    const running = new AbortController(), waiting = new AbortController();
    let steps = 0;
    const first = ask(slots, 'first', 1e9, { signal: running.signal, onStep: () => { if (++steps === 3) running.abort(); } });
    const second = ask(slots, 'second', 1, { signal: waiting.signal });
    const third = ask(slots, 'third', 1);
    waiting.abort();
    await assert.rejects(second, failsWith('cancelled', undefined));
    await assert.rejects(first, failsWith('cancelled', undefined));
    await third;
    assert.deepEqual([module.begun, module.cancelled], [['first', 'third'], [1]]);
});

/** A llama.cpp that reads prompts of 100 tokens in batches of 8 and then writes a token at a time, for all that
 * it has in one step; `computed` is how many tokens of each that were. */
function computingModule() {
    const asked = new Map();
    const compute = (one) => {
        one.computed += one.computed < 100 ? Math.min(8, 100 - one.computed) : 1;
        one.results.push(one.computed <= 100 ? { prompt_progress: { processed: one.computed, total: 100, cache: 0 } } : {});
    };
    const actions = {
        completion: () => {
            asked.set(asked.size + 1, { computed: 0, results: [], cancelled: false });
            return { req_id: asked.size };
        },
        get_result: ({ req_id: id }) => {
            const { results } = asked.get(id);
            if (results.length === 0) for (const one of asked.values()) if (!one.cancelled) compute(one);
            return { data_json: JSON.stringify(results.shift()), is_error: false, has_more: true };
        },
        cancel: ({ req_id: id }) => {
            asked.get(id).cancelled = true;
            return {};
        },
    };
    return { computed: (id) => asked.get(id).computed, action: async (name, message) => actions[name](message) };
}

test('after a cancel nothing more is computed for it: no batch of its prompt, no token', async () => {
    for (const [what, stopAt] of [['in the prompt', 16], ['at its end', 100], ['while it writes', 105]]) {
        for (const others of [0, 2]) {
            const module = computingModule();
            const slots = new Slots(module, 4, 10);
            const stop = new AbortController(), end = new AbortController();
            const one = ask(slots, 'one', 0, { signal: stop.signal, onResult: () => {
                if (module.computed(1) >= stopAt) stop.abort();
            } });
            const beside = Array.from({ length: others }, () => ask(slots, 'other', 0, { signal: end.signal, onResult: () => {
                if (module.computed(2) > 200) end.abort();
            } }));
            const ended = await Promise.allSettled([one, ...beside]);
            assert.ok(ended.every(({ reason }) => reason?.code === 'cancelled'));
            assert.equal(module.computed(1), stopAt, `${what}, beside ${others} others`);
        }
    }
});

test('an engine that ends fails all that it has, and one that loses a request is not asked for ever', async () => {
    const slots = new Slots(fakeModule(), 2, 10);
    const all = [ask(slots, 'a', 1e9), ask(slots, 'b', 1, { body: { aborts: true } }), ask(slots, 'c', 1)];
    await Promise.all(all.map((one) => assert.rejects(one, EngineFault)));
    const module = fakeModule();
    module.action = async (name) => (name === 'get_result' ? { data_json: '', is_error: false, has_more: true } : { req_id: 1 });
    await assert.rejects(ask(new Slots(module, 1, 10), 'lost', 1), EngineFault);
});

test('a cached prompt is for its owner alone', () => {
    const prefixes = new Prefixes();
    const text = (...words) => words.map((word) => word.padEnd(64, '.')).join('');
    assert.equal(prefixes.mayUse('ann', text('a')), true);
    prefixes.add('ann', text('system', 'hello', 'there'));
    assert.equal(prefixes.mayUse('ann', text('system', 'hello', 'there', 'more')), true);
    assert.equal(prefixes.mayUse('bob', text('system', 'hello')), false);
    prefixes.add('bob', text('system', 'other', 'thing', 'said'));
    assert.equal(prefixes.mayUse('bob', text('system', 'other', 'thing', 'said', 'more')), true);
    assert.equal(prefixes.mayUse('bob', text('system', 'hello', 'there')), false);
    assert.equal(prefixes.mayUse(null, text('system')), false);
    // However many came in between.
    for (let i = 0; i < 2000; i++) prefixes.add(`owner ${i}`, text(`words ${i}`));
    assert.equal(prefixes.mayUse('bob', text('system', 'other', 'thing', 'said', 'more')), true);
    assert.equal(prefixes.mayUse('owner 7', text('system', 'other', 'thing', 'said', 'more')), false);
});

test('of prompts beyond what is remembered it is known that they are somebody\'s', () => {
    const text = (...words) => words.map((word) => word.padEnd(64, '.')).join('');
    const prefixes = new Prefixes(16);
    const [said, theirs] = [['system', 'a', 'b', 'c'], ['ann', 'x', 'y', 'z']];
    prefixes.add('bob', text(...said));
    prefixes.add('ann', text(...theirs));
    for (let i = 0; i < 100; i++) {
        prefixes.add('bob', text(...said)); // goes on
        prefixes.add(`owner ${i}`, text(`words ${i}`));
    }
    assert.equal(prefixes.mayUse('bob', text(...said)), true);
    // Who says what ann did, whose prompt may still be there, uses it no more than before; a new one of ann's she may use.
    prefixes.add('bob', text(...theirs.slice(0, 3)));
    assert.deepEqual([prefixes.mayUse('bob', text(...theirs)), prefixes.mayUse('ann', text(...theirs))], [false, false]);
    prefixes.add('ann', text(...theirs, 'one', 'two', 'three'));
    assert.equal(prefixes.mayUse('ann', text(...theirs, 'one', 'two', 'three', 'four')), true);
});

test('weights are one file, or all parts of it', () => {
    const files = (...paths) => ({ name: 'm', hash: 'h', files: paths.map((path) => ({ path, url: '/u', bytes: 1, hash: 'x' })) });
    const parts = ['q/m-00002-of-00002.gguf', 'q/m-00001-of-00002.gguf', 'model.json'];
    assert.deepEqual(weightsOf(files(...parts)).map(({ path }) => path), ['q/m-00001-of-00002.gguf', 'q/m-00002-of-00002.gguf']);
    for (const wrong of [[], ['a.txt'], ['a.gguf', 'b.gguf'], ['m-00001-of-00002.gguf'], ['m-00002-of-00002.gguf', 'm-00003-of-00002.gguf']]) {
        assert.throws(() => weightsOf(files(...wrong)), failsWith('model_invalid', undefined));
    }
    assert.deepEqual(new LlamaFiles(weightsOf(files(...parts)), '', () => {}, new AbortController().signal).list().map(({ name }) => name),
        ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']);
});

test('a build with 32-bit addresses takes no file of 2 GiB, and several that are smaller', () => {
    const files = (...sizes) => sizes.map((bytes, at) => ({ name: `part ${at}`, bytes }));
    checkNarrow(files(2 ** 31 - 1, 2 ** 30));
    assert.throws(() => checkNarrow(files(10, 2 ** 31)), (error) => {
        assert.match(error.message, /part 1 has 2048 MiB.*less than 2048 MiB.*split it/);
        return failsWith('model_too_large', undefined)(error) && error.expected === 'files of at most 2147483647 bytes';
    });
});

/** A stream's run that notes what it is given. */
const streamRun = () => ({ isStream: true, hasCredit: true, parts: [], went: 0, emit(part) { this.parts.push(part); }, progress() {},
    goesOn() { this.went++; } });
const token = (id) => ({ choices: [{ text: '', finish_reason: null }], __verbose: { tokens: [id] } });
/** A vocabulary of texts, the first of which has the id 1. */
const piecesOf = (...texts) => ({ isSilent: () => false, isEnd: () => false, bytes: (id) => Buffer.from(texts[id - 1]) });
const END = { choices: [{ text: '', finish_reason: 'stop' }], usage: { prompt_tokens: 2, completion_tokens: 3 } };
const WANTED = { logprobs: false, topLogprobs: 0, stop: [], preserved: [] };

test('parts are put together while there is no credit', () => {
    const run = streamRun();
    const answer = new LlamaAnswer(run, 0, plain(), piecesOf('a', 'b', 'b'), WANTED, null);
    answer.take(token(1));
    run.hasCredit = false;
    for (const id of [2, 3]) answer.take(token(id));
    assert.deepEqual(run.parts, [{ index: 0, text: 'a', tokens: [1] }]);
    answer.take(END);
    assert.deepEqual(run.parts[1], { index: 0, text: 'bb', tokens: [2, 3], result: { finish_reason: 'stop' } });
    assert.deepEqual(answer.result(), { finish_reason: 'stop' });
});

test('what was sent is dropped while it is the same, and a difference ends it', () => {
    const replay = (sent, tokens) => {
        const run = streamRun();
        const answer = new LlamaAnswer(run, 0, plain(), piecesOf(...tokens.map(([, text]) => text)), WANTED, new Sent(sent));
        for (const [id] of tokens) answer.take(token(id));
        answer.take(END);
        assert.equal(run.went, tokens.length, 'it is told of each token, whether it is sent or not');
        return run.parts;
    };
    const made = [[1, 'a'], [2, 'bc'], [3, 'd']];
    const last = { index: 0, result: { finish_reason: 'stop' } };
    assert.deepEqual(replay({ text: 'abc', tokens: [1, 2] }, made), [{ index: 0, text: 'd', tokens: [3] }, last]);
    assert.deepEqual(replay({ text: 'abcd', tokens: [1, 2, 3] }, made), [last]);
    assert.deepEqual(replay({ text: 'abc' }, made).at(-2), { index: 0, text: 'd', tokens: [3] });
    assert.deepEqual(replay({ text: 'abcd', tokens: [1, 2, 3], ended: true }, made), []);
    assert.deepEqual(replay({ text: 'abcd', ended: true }, [...made, [4, 'e']]), []);
    assert.deepEqual(replay({ text: 'another', tokens: [7, 8, 9, 10, 11], ended: true }, made), []);
    for (const sent of [{ text: 'abx', tokens: [1, 2] }, { text: 'abc', tokens: [1, 9] }, { text: 'abcde', tokens: [1, 2, 3, 4] }]) {
        assert.throws(() => replay(sent, made), failsWith('stream_diverged', undefined));
    }
});

const expecting = (code, field, expected) => (failure) => {
    assert.deepEqual([failure.code, failure.field, failure.expected], [code, field, expected], failure.message);
};

/** What llama.cpp's server can answer: its types of errors, and what it says in words only. */
for (const [what, error, check] of [
    ['a prompt beyond the context', { type: 'exceed_context_size_error', message: 'request (70 tokens) exceeds …', n_prompt_tokens: 70, n_ctx: 64 },
        expecting('context_length_exceeded', 'inputs', 'fewer than 64 tokens')],
    ['a text beyond a batch', { type: 'server_error',
        message: 'input (142 tokens) is too large to process. increase the physical batch size (current batch size: 128)' },
    expecting('context_length_exceeded', 'inputs', 'at most 128 tokens')],
    ['a text beyond the context', { type: 'exceed_context_size_error', message: 'input (142 tokens) is larger than the max context size (128 tokens). skipping' },
        expecting('context_length_exceeded', 'inputs', 'at most 128 tokens')],
    ['a context that is full', { type: 'server_error', message: 'Context size has been exceeded.' },
        expecting('context_length_exceeded', 'inputs', 'a shorter text, or fewer tokens of the answer')],
    ['a text of no tokens', { type: 'server_error', message: 'Input content cannot be empty' },
        expecting('input_invalid', 'inputs', 'a text of at least one token')],
    ['a request that it does not take', { type: 'invalid_request_error', message: 'bad' }, expecting('input_invalid', 'inputs', undefined)],
    ['what a model cannot do', { type: 'not_supported_error', message: 'bad' }, expecting('input_invalid', 'inputs', undefined)],
    ...['server_error', 'unavailable_error', 'not_found_error', 'authentication_error', 'permission_error', undefined].map((type) =>
        [`a failure of its own, ${type}`, { type, message: 'Compute error.' }, expecting('inference_failed', undefined, undefined)]),
]) test(`llama.cpp's errors have names of ours: ${what}`, () => check(failureOfServer(error)));

test('what each token reads as is its own', async () => {
    const { tokens } = asciiVocabulary(512, { highBytes: true });
    const pieces = new Pieces(await headOf(ggufBytes({ embd: 32, layers: 1, highBytes: true })), [300]);
    const [space, byte, word] = ['\u2581', '<0xE6>', 'th'].map((text) => tokens.indexOf(text));
    assert.deepEqual([space, byte, word, 1].map((id) => [...pieces.bytes(id)]), [[32], [0xe6], [116, 104], [60, 115, 62]]);
    assert.deepEqual([1, 0, space, 300].map((id) => pieces.isSilent(id, [])), [true, true, false, true]);
    assert.deepEqual([pieces.isSilent(1, ['<s>']), pieces.isEnd(300), pieces.isEnd(1)], [false, true, false]);
    assert.deepEqual(pieces.entry({ id: byte, logprob: -1 }), { token: '\ufffd', id: byte, logprob: -1, bytes: [0xe6] });
    assert.deepEqual([...pieces.bytes(1e9)], []);
});

test('each kind of vocabulary is read in its own way', () => {
    const bytesOf = (model, text, kind = 1, pre = 'default') => [...new Pieces({
        values: new Map([['tokenizer.ggml.model', model], ['tokenizer.ggml.pre', pre]]), specials: new Map(),
        vocabulary: { count: 1, kind: () => kind, text: () => text },
    }, []).bytes(0)];
    const utf8 = (text) => [...Buffer.from(text)];
    for (const [expected, ...given] of [
        [utf8(' a'), 'llama', '\u2581a'], [utf8(' a'), 't5', '\u2581a'], [utf8(' a'), 'bert', '\u2581a'], [utf8(' a'), 'gemma4', '\u2581a'],
        [utf8(' a'), 'gpt2', '\u2581a', 1, 'gemma4'], [utf8('\u2581a'), 'plamo2', '\u2581a'],
        [[0x20, 0xe6], 'gpt2', 'Ġæ'], [utf8('日'), 'gpt2', '日'], [utf8('Ġ'), 'gpt2', 'Ġ', 4], [utf8('Ġ'), 'gpt2', 'Ġ', 3],
        [[9, 0xe6, 92, 97], 'rwkv', '\\t\\xe6\\\\a'], [utf8('é'), 'rwkv', 'é'], [[0xe6], 'llama', '<0xE6>', 6], [[0xe6], 'plamo2', '<0xE6>', 6],
    ]) assert.deepEqual(bytesOf(...given), expected, JSON.stringify(given));
});

test('what another node has begun is told of each answer', () => {
    const from = { seq: 3, text: 'ab', tokens: [1, 2] };
    const only = { text: 'ab', tokens: [1, 2] };
    assert.deepEqual([begunOf(from, 0), begunOf(from, 1), begunOf(null, 0), begunOf({ seq: 3 }, 0)], [only, null, null, null]);
    const answers = [{ text: '', tokens: [], ended: false }, { text: 'ab', tokens: [1, 2], ended: false }, { text: '', tokens: [], ended: true }];
    assert.deepEqual([0, 1, 2, 3].map((index) => begunOf({ ...from, answers }, index)), [null, answers[1], answers[2], null]);
});

/** A load whose course the test determines, and those who wait for it. */
function steeredLoads() {
    const loads = new Loads();
    const begun = [];
    const load = (report, signal) => new Promise((resolve, reject) => begun.push({
        report, resolve, signal, fail: () => reject(new Error('given up')),
    }));
    const join = (told, gone) => {
        const waited = loads.join(load, (...at) => told.push(at), gone.signal);
        waited.catch(() => {}); // looked at later
        return waited;
    };
    return { begun, join };
}

test('all who wait for a load are told how far it is, and it ends with the last of them', async () => {
    const { begun, join } = steeredLoads();
    const told = { a: [], b: [] };
    const gone = { a: new AbortController(), b: new AbortController() };
    const waiting = [join(told.a, gone.a), join(told.b, gone.b)];
    assert.equal(begun.length, 1);
    const [{ report, signal, fail }] = begun;
    report(1, 4);
    gone.a.abort();
    assert.equal(signal.aborted, false);
    report(2, 4);
    assert.deepEqual(told, { a: [[1, 4]], b: [[1, 4], [2, 4]] });
    gone.b.abort();
    assert.equal(signal.aborted, true);
    fail();
    for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, 'rejected');
});

test('who comes while a load is being given up has another, and so has who waits with them', async () => {
    const { begun, join } = steeredLoads();
    const first = new AbortController();
    const abandoned = join([], first);
    first.abort();
    const left = new AbortController();
    const later = [join([], new AbortController()), join([], new AbortController()), join([], left)];
    left.abort();
    assert.equal(begun.length, 1, 'the next waits for the end of the one before');
    begun[0].fail();
    await assert.rejects(abandoned, /given up/);
    await assert.rejects(later[2], failsWith('cancelled', undefined));
    assert.equal(begun.length, 2);
    assert.equal(begun[1].signal.aborted, false);
    begun[1].resolve();
    await Promise.all(later.slice(0, 2));
});

test('an end of llama.cpp says why; that of one that waited too long for its GPU is a hang', () => {
    const place = 'ggml/src/ggml-webgpu/ggml-webgpu.cpp:499';
    const waited = `${place}: ggml_webgpu: Queue wait timed out after 30000 ms`, other = `${place}: GGML_ASSERT(ctx->device != nullptr) failed`;
    for (const [line, code, error] of [
        [`/source/llama.cpp/${waited}`, 'engine_hung', waited], [`/source/llama.cpp/${other}`, 'engine_crashed', other],
        ['@@ERROR@@ no memory', 'engine_crashed', 'no memory'],
        ['@@INFO@@all is well', 'engine_crashed', ''], ['/source/llama.cpp/ is where it was', 'engine_crashed', ''],
    ]) {
        assert.equal(errorLine(line), error);
        const failure = failureOfEnd('RuntimeError: unreachable', errorLine(line));
        assert.deepEqual([failure.code, failure.message],
            [code, `llama.cpp has ended: RuntimeError: unreachable${error && `; ${error}`}`]);
    }
});
