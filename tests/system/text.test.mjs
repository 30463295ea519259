// tier: quick, sanitized
/**
 * Text in our own dialect: what goes in, what comes out, whole and in parts. The nodes are simulated
 * ones, which say the last message again, so that all of it can be shown without a browser.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { capabilities, continuationOf, FakeNode } from '../lib/fake-node.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: {
        bridge: { resume_grace: '3s' }, pool: { min_connections: 0, strangers: 'text' },
        'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'talker', { arch: 'llama' });
    putGguf(daemon.store, 'reader', { arch: 'llama', context: 65536 });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    for (const type of ['q8_0', 'q4_0']) putGguf(daemon.store, 'sizes', { arch: 'llama', type, embd: 256 });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 2 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

const ask = (model, inputs, more = {}) => daemon.infer(
    { model_name: model, platform: 'simulated', inputs, ...more });
const said = (...words) => ({ messages: words.map((content) => ({ role: 'user', content })) });

test('a conversation, a completion, embeddings, a ranking and tokens', async () => {
    const chat = await ask('talker', said('ignored', 'one two three'));
    assert.equal(chat.status, 200, chat.text);
    const { result, executed_on, outputs } = chat.json;
    assert.deepEqual([result.text, result.finish_reason, result.tokens.length],
        ['one two three', 'stop', 3]);
    assert.deepEqual(result.usage,
        { prompt_tokens: 4, completion_tokens: 3, cached_tokens: 0 });
    assert.equal(executed_on.simulated, true);
    assert.deepEqual(outputs, []);

    const short = await ask('talker', 'a b c', { options: { max_tokens: 2, n: 2 } });
    assert.deepEqual(short.json.result.choices.map(({ index, text, finish_reason }) =>
        [index, text, finish_reason]), [[0, 'a b', 'length'], [1, 'a b', 'length']]);

    const vectors = await ask('vectors', ['x', 'y', 'x'], { options: { dimensions: 4 } });
    const [tensor] = vectors.json.outputs;
    assert.deepEqual([tensor.name, tensor.datatype, tensor.shape], ['embeddings', 'FP32', [3, 4]]);
    assert.deepEqual(tensor.data.slice(0, 4), tensor.data.slice(8));
    assert.notDeepEqual(tensor.data.slice(0, 4), tensor.data.slice(4, 8));

    const rank = await ask('vectors', { query: 'red fox', documents: ['a fox', 'a red fox', 'no'] });
    assert.deepEqual(rank.json.result.scores, [0.5, 1, 0]);
    const tokens = await ask('talker', 'a b', { task: 'tokenize' });
    assert.equal(tokens.json.result.tokens.length, 3);
});

test('a stream has a part for each word, and goes on where a node broke off', async () => {
    const words = Array.from({ length: 40 }, (_, i) => `w${i}`).join(' ');
    const breaking = await new Simulation(daemon, { nodes: 4, failRate: 0.5, seed: 5 }).up();
    try {
        const ends = await Promise.all(Array.from({ length: 40 }, async (_, at) => {
            const n = 1 + at % 2;
            const client = new EventClient(`${daemon.url}/v1/infer`, { body: {
                model_name: 'talker', platform: 'simulated', inputs: said(words), stream: true, options: { n } } });
            await client.ended();
            const { last } = client, parts = client.parts.map(({ json }) => json);
            assert.deepEqual(parts.map(({ seq }) => seq), parts.map((_, at) => at));
            const texts = Array.from({ length: n }, (_, index) =>
                parts.filter((part) => part.index === index).map((part) => part.text ?? '').join(''));
            if (last.event === 'error') {
                // Two nodes broke while they ran it alone and before it had brought anything new.
                assert.equal(last.json.code, 'attempts_exhausted', JSON.stringify(last));
                for (const text of texts) assert.ok(words.startsWith(text), text);
                return 'error';
            }
            assert.equal(last.event, 'done', JSON.stringify(last));
            const { parts: count, result: { choices, ...only } } = last.json;
            assert.deepEqual(texts, texts.map(() => words));
            assert.deepEqual([count, choices?.length ?? 1], [41 * n, n]);
            for (const { finish_reason: reason, text } of choices ?? [only])
                assert.deepEqual([reason, text], ['stop', undefined]);
            return 'done';
        }));
        assert.ok(ends.filter((end) => end === 'done').length > 30, String(ends));
        assert.ok(await daemon.metric('webinfer_stream_continued_total') > 0);
    } finally {
        await breaking.stop();
    }
});

test('a job that is kept has the whole answer', async () => {
    const { status, json: { id } } = await daemon.post('/v1/jobs',
        { model_name: 'talker', platform: 'simulated', inputs: said('keep this') });
    assert.equal(status, 202);
    const job = await until(async () => {
        const { json } = await daemon.get(`/v1/jobs/${id}?wait=10s`);
        return json.state === 'done' && json;
    }, { what: 'the job to be done', timeout: 30_000 * patience });
    assert.equal(job.answer.result.text, 'keep this');
});

test('what does not go together is refused by name, before any node is asked', async () => {
    const refused = async (answer, status, code, field) => {
        const { status: got, json, text } = await answer;
        assert.deepEqual([got, json.code, json.field], [status, code, field], text);
    };
    await refused(ask('twice', 'text'), 422, 'input_invalid', 'inputs');
    await refused(ask('talker', []), 422, 'input_invalid', 'inputs');
    await refused(ask('talker', ['a', 'b']), 422, 'input_invalid', 'inputs');
    await refused(ask('vectors', said('x')), 422, 'input_invalid', 'inputs');
    await refused(ask('talker', said('x'), { options: { warmth: 1 } }),
        400, 'unknown_field', 'options.warmth');
    await refused(ask('talker', said('x'), { options: { n: 1000 } }),
        400, 'invalid_field', 'options.n');
    await refused(ask('talker', 'a'.repeat(2 << 20)), 400, 'context_length_exceeded', 'inputs');
    await refused(ask('talker', 'a'.repeat(5 << 20)), 413, 'body_too_large', 'inputs');
    const { json } = await ask('talker', 'a'.repeat(100_000), { options: { context: 100 } });
    assert.equal(json.code, 'context_length_exceeded');
    assert.match(json.detail, /100000 bytes.* 100 tokens/);
    assert.equal(json.expected, 'at most 6400 bytes, 64 for each token');
});

test('text that is long goes as a tensor', async () => {
    const { url } = (await daemon.post('/v1/admin/join', {})).json;
    const node = new FakeNode(url);
    node.capabilities = { ...capabilities, platforms: { simulated: { available: true } },
        engines: { llama: '1' } };
    await node.join();
    let got, bytes;
    node.onTask = async (task) => {
        got = task;
        [bytes] = await node.arrived(task.message.data);
        node.respond(task, { outputs: [], data: { result: { text: 'so' }, executed_on: { platform: 'simulated' } } });
    };
    const text = 'Grüße, \u0001\n'.repeat(100_000);
    const say = (more) => daemon.infer({ model_name: 'reader', platform: 'simulated', inputs: said(text),
        options: { context: 65536 }, ...more });
    const { status, text: body } = await say({ node: node.id });
    assert.equal(status, 200, body);
    assert.deepEqual(got.message.data.input, { tensor: 0 });
    assert.deepEqual(JSON.parse(bytes), said(text));
    node.socket.close();
});

test('a node is told the task, the engine and whose it is, and is held to its answer', async () => {
    const { url } = (await daemon.post('/v1/admin/join', {})).json;
    const node = new FakeNode(url);
    node.capabilities = { ...capabilities, platforms: { simulated: { available: true } },
        engines: { llama: '1' } };
    await node.join();
    let result = { text: 'so', tokens: [1], finish_reason: 'stop' };
    node.onTask = (task) => node.respond(task, { data: { result,
        executed_on: { platform: 'simulated', engine: 'llama', build: 'jspi64', threads: 2,
            quantization: 'F32', fallbacks: [], simulated: true } } });
    const say = (options = {}) => daemon.infer({ model_name: 'talker', platform: 'simulated',
        node: node.id, inputs: said('who'), options: { seed: 3 } }, options);
    const first = await say();
    assert.equal(first.status, 200, first.text);
    assert.deepEqual([first.json.executed_on.build, first.json.executed_on.quantization],
        ['jspi64', 'F32']);
    await say();
    await say({ localAddress: '127.0.0.2' });
    const tasks = node.received.map(({ message }) => message)
        .filter(({ type }) => type === 'task_request');
    assert.deepEqual([tasks[0].data.task, tasks[0].data.model.engine, tasks[0].options],
        ['chat', 'llama', { seed: 3 }]);
    assert.deepEqual(tasks[0].data.input, { messages: [{ role: 'user', content: 'who' }] });
    const owners = tasks.map(({ data }) => data.owner);
    assert.match(owners[0], /^[0-9a-f]{64}$/);
    assert.equal(owners[0], owners[1]);
    assert.notEqual(owners[0], owners[2]);

    // What it says of its slots is shown, as far as it can be.
    const status = { name: 'talker', hash: tasks[0].data.model.hash, platform: 'simulated', state: 'loaded',
        bytes: 1 << 20 };
    const slots = { count: 4, busy: 1, context: 1000, cached_tokens: 500 };
    node.send('model_status', { models: [{ ...status, slots: { ...slots, text: 'so' } },
        { ...status, name: 'other', slots: { ...slots, busy: 5 } }] });
    const models = await until(async () => (await daemon.get('/v1/nodes')).json.nodes
        .find(({ id }) => id === node.id).models, { what: 'the models of the node' });
    assert.deepEqual(models.map(({ slots: shown }) => shown), [slots, undefined]);
    const labels = `{model="talker",browser="${node.capabilities.browser.name}",platform="simulated"}`;
    assert.equal(await daemon.metric('webinfer_kv_cache_usage_perc', labels), 0.125);
    node.onTask = async (task) => {
        running = await daemon.metric('webinfer_num_requests_running', labels);
        node.respond(task, { data: { result: { tokens: [1] }, executed_on: { platform: 'simulated' } } });
    };
    let running;
    const wrong = await say();
    assert.equal(running, 1);
    assert.equal(wrong.status, 502, wrong.text);
    assert.match(JSON.stringify(wrong.json.failures), /data.result must be an object with text/);

    // Nobody knows which of two broke their engine: each is tried again with nothing beside it.
    const begun = [];
    node.onTask = (task) => begun.push(task);
    const both = [say(), say()];
    await until(() => begun.length === 2, { what: 'two tasks' });
    for (const task of begun.splice(0)) {
        assert.equal(task.message.data.alone, undefined);
        node.fail(task, { code: 'engine_crashed', message: 'llama.cpp has ended' }, true);
    }
    result = { text: 'so', tokens: [1], finish_reason: 'stop' };
    const answer = (task) => node.respond(task, { data: { result, executed_on: { platform: 'simulated' } } });
    for (let left = 2; left > 0; left--) {
        await until(() => begun.length > 0, { what: 'the next task' });
        await daemon.get('/v1/status'); // by now the other would have come too
        assert.deepEqual(begun.map(({ message }) => message.data.alone), [true]);
        answer(begun.pop());
    }
    assert.deepEqual((await Promise.all(both)).map(({ status }) => status), [200, 200]);
    node.onTask = answer;
    assert.equal((await daemon.infer({ model_name: 'talker', platform: 'simulated', node: node.id,
        inputs: said('who'), options: { deterministic: true } })).status, 200);
    assert.equal(node.received.filter(({ message }) => message.type === 'task_request').at(-1).message.data.alone, true);
    node.socket.close();
});

test('who is held up by another\'s grammar goes elsewhere, and that request is not tried again', async () => {
    const { url } = (await daemon.post('/v1/admin/join', { nodes: 2 })).json;
    const result = { text: 'so', tokens: [1], finish_reason: 'stop' };
    const join = async (onTask) => {
        const node = new FakeNode(url);
        node.capabilities = { ...capabilities, browser: { ...capabilities.browser, name: 'firefox' },
            platforms: { simulated: { available: true } }, engines: { llama: '1' } };
        node.onTask = (task) => onTask(node, task);
        return node.join();
    };
    const held = [];
    const stuck = await join((node, task) => {
        held.push(task);
        node.send('task_accepted', { attempt_id: task.message.data.attempt_id, reply_to: task.message.id });
    });
    const say = (more) => ask('talker', said('who'), { browser: 'firefox', ...more });
    const costly = say({ options: { grammar: 'root ::= (a|a)*\na ::= [a-z]{0,50}' } });
    await until(() => held.length === 1, { what: 'the grammar to be on the node' });
    const plain = say();
    await until(() => held.length === 2, { what: 'the other to be there too' });
    const good = await join((node, task) =>
        node.respond(task, { data: { result, executed_on: { platform: 'simulated' } } }));
    const answer = await plain;
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.executed_on.node, good.id);
    assert.equal((await stuck.got('task_cancel')).message.data.attempt_id, held[1].message.data.attempt_id);
    stuck.fail(held[0], { code: 'engine_hung', message: 'no answer within 65002 ms' }, true);
    const { status, json } = await costly;
    assert.deepEqual([status, json.code, json.attempts], [422, 'grammar_too_costly', 1]);
    for (const node of [stuck, good]) node.socket.close();
});

test('what a model made of NUL, half characters and huge numbers is an answer, and costs nobody else', async () => {
    const { url } = (await daemon.post('/v1/admin/join', {})).json;
    const node = new FakeNode(url);
    node.capabilities = { ...capabilities, platforms: { simulated: { available: true } }, engines: { llama: '1' } };
    await node.join();
    const held = [];
    const odd = 'a\u0000b\ud83dc', result = { text: odd, tokens: [0], finish_reason: 'stop',
        logprobs: [{ token: '\u0000', bytes: [0], id: 0, logprob: -10_000_000_000_000_000_000, top_logprobs: [] }] };
    node.onTask = (task) => {
        const { data } = task.message;
        if (JSON.stringify(data.input).includes('wait')) return held.push(task);
        if (data.stream) node.send('task_part', { attempt_id: data.attempt_id, seq: 0, index: 0, text: odd, tokens: [0] });
        const { text, ...rest } = result;
        return node.respond(task, { data: { result: data.stream ? rest : result, parts: data.stream ? 1 : undefined,
            executed_on: { platform: 'simulated' } } });
    };
    const say = (word) => ask('talker', said(word), { node: node.id });
    const waiting = say('wait');
    await until(() => held.length === 1, { what: 'another request to be on the node' });
    const mended = 'a\ufffdb\ufffdc';
    for (const { status, json, text } of await Promise.all(Array.from({ length: 12 }, () => say('now')))) {
        assert.equal(status, 200, text);
        const [{ token, logprob }] = json.result.logprobs;
        assert.deepEqual([json.result.text, token, logprob], [mended, '\ufffd', -1e19]);
    }
    const stream = new EventClient(`${daemon.url}/v1/infer`, { body: {
        model_name: 'talker', platform: 'simulated', node: node.id, inputs: said('now'), stream: true } });
    await stream.ended();
    assert.equal(stream.last.event, 'done', JSON.stringify(stream.last));
    assert.equal(stream.parts.map(({ json }) => json.text).join(''), mended);
    assert.equal(node.closed, null);
    node.respond(held[0], { data: { result: { text: 'so', tokens: [1], finish_reason: 'stop' },
        executed_on: { platform: 'simulated' } } });
    const { status, json } = await waiting;
    assert.deepEqual([status, json.attempts ?? 1], [200, 1]);
    await node.close();
});

test('where the memory is short the next smaller variant runs, there and from then on', async () => {
    const { url } = (await daemon.post('/v1/admin/join', {})).json;
    const small = new FakeNode(url);
    small.capabilities = { ...capabilities, engines: { llama: '1' } };
    await small.join();
    const result = { text: 'so', tokens: [1], finish_reason: 'stop', usage: { prompt_tokens: 3, completion_tokens: 1, cached_tokens: 0 } };
    const variants = [];
    small.onTask = (task) => {
        const { model } = task.message.data, [, variant = 'Q8_0'] = model.name.split(':');
        variants.push(variant);
        if (variant === 'Q4_0') return small.respond(task, { data: { result, executed_on: { platform: 'wasm', engine: 'llama', quantization: variant } } });
        small.send('model_status', { models: [{ name: model.name, hash: model.hash, platform: 'wasm', state: 'failed', bytes: 1, error: 'bad_alloc' }] });
        small.fail(task, { code: 'out_of_memory', message: 'bad_alloc' }, true);
    };
    const say = (more = {}) => daemon.infer({ model_name: 'sizes', node: small.id, platform: 'wasm', inputs: said('who'), ...more });
    const first = await say();
    assert.equal(first.status, 200, first.text);
    const { model_name: name, executed_on: { quantization, fallbacks }, performance } = first.json;
    assert.deepEqual([name, quantization, performance.attempts, variants], ['sizes:Q4_0', 'Q4_0', 2, ['Q8_0', 'Q4_0']]);
    assert.deepEqual(fallbacks.map(({ platform, code }) => [platform, code]), [['wasm', 'out_of_memory']]);
    assert.match(fallbacks[0].reason, /variant Q8_0/);
    variants.splice(0);
    const more = await Promise.all(Array.from({ length: 12 }, (_, i) => say({ precision: 'auto', ...(i % 2 && { node: undefined, browser: 'chromium' }) })));
    assert.deepEqual(more.map(({ status, json }) => [status, json.executed_on?.quantization, json.executed_on?.fallbacks?.length]),
        Array(12).fill([200, 'Q4_0', 1]));
    assert.deepEqual(variants, Array(12).fill('Q4_0'));
    const client = new EventClient(`${daemon.url}/v1/infer`,
        { body: { model_name: 'sizes', node: small.id, platform: 'wasm', inputs: said('who'), stream: true } });
    await client.ended();
    assert.deepEqual([client.last.json.model_name, client.last.json.executed_on?.fallbacks.length], ['sizes:Q4_0', 1], JSON.stringify(client.events));
    // Who names a variant gets that one or nothing, and a run that wanted too much says nothing of the model.
    const named = await say({ model_name: 'sizes:Q8_0' });
    assert.equal(named.status, 502, named.text);
    const last = await say({ model_name: 'sizes:Q4_0' });
    assert.deepEqual([last.status, last.json.executed_on.fallbacks], [200, []]);
    small.socket.close();
});

test('a node that may load a model is told how fast such nodes read', async () => {
    const { url } = (await daemon.post('/v1/admin/join', {})).json;
    const node = new FakeNode(url);
    node.capabilities = { ...capabilities, platforms: { native: { available: true } }, engines: { llama: '1' } };
    await node.join();
    node.onTask = (task) => node.respond(task, { data: {
        result: { text: 'so', tokens: [1], finish_reason: 'stop',
            usage: { prompt_tokens: 10, completion_tokens: 1, cached_tokens: 0 },
            timings: { cache_n: 0, prompt_n: 10, prompt_ms: 45, predicted_n: 1, predicted_ms: 5 } },
        executed_on: { platform: 'native', engine: 'llama' } } });
    for (const known of [undefined, 4.5]) {
        const { status, text } = await daemon.infer({ model_name: 'talker', platform: 'native', node: node.id, inputs: said('who') });
        assert.equal(status, 200, text);
        const { message: { data } } = node.received.filter(({ message }) => message.type === 'task_request').at(-1);
        assert.equal(data.prompt_ms, known);
    }
    assert.equal((await daemon.post('/v1/models/talker/load', { node: node.id })).status, 202);
    assert.equal((await node.got('model_load')).message.data.prompt_ms, 4.5);
    node.socket.close();
});

test('a chat goes on where its node dies before the first token, at the first, the middle and the last', async () => {
    const made = [{ text: 'one ', tokens: [1] }, { text: 'two ', tokens: [2] },
        { text: 'three', tokens: [3], result: { finish_reason: 'stop' } }];
    const struck = new Set(), told = new Map();
    /** Each conversation says after how many tokens its first node dies. */
    const speak = (node, task) => {
        const { attempt_id: id, input: { messages: [{ content }] } } = task.message.data;
        const from = continuationOf(task), dies = !struck.has(content), first = from?.seq ?? 0;
        struck.add(content);
        if (!dies) told.set(content, from);
        made.slice(first, dies ? Number(content) : 3).forEach((part, at) =>
            node.send('task_part', { attempt_id: id, seq: first + at, index: 0, ...part }));
        if (dies) return void node.socket.close();
        node.respond(task, { outputs: [], data: { parts: 3, result: { finish_reason: 'stop' },
            executed_on: { platform: 'simulated', engine: 'llama' } } });
    };
    const { url } = (await daemon.post('/v1/admin/join', { nodes: 5 })).json;
    const nodes = await Promise.all(Array.from({ length: 5 }, async () => {
        const node = new FakeNode(url);
        node.capabilities = { ...capabilities, browser: { ...capabilities.browser, name: 'firefox' },
            platforms: { simulated: { available: true } }, engines: { llama: '1' },
            engine_info: { llama: { slots: 1, queue: 0, can: ['continue'] } } };
        node.onTask = (task) => speak(node, task);
        return node.join();
    }));
    await Promise.all(['0', '1', '2', '3'].map(async (content) => {
        const client = new EventClient(`${daemon.url}/v1/infer`, { body: { model_name: 'talker', browser: 'firefox',
            platform: 'simulated', inputs: said(content), stream: true } });
        await client.ended();
        assert.equal(client.last.event, 'done', JSON.stringify(client.last));
        const parts = client.parts.map(({ json: { text, tokens, result } }) => ({ text, tokens, ...result && { result } }));
        assert.deepEqual(parts, made, content);
    }));
    assert.deepEqual(Object.fromEntries(told), {
        0: undefined, 1: { seq: 1, text: 'one ', tokens: [1] }, 2: { seq: 2, text: 'one two ', tokens: [1, 2] },
        3: { seq: 3, text: 'one two three', tokens: [1, 2, 3], answers: [{ text_bytes: 13, tokens: 3, ended: true, finish_reason: 'stop' }] },
    });
    for (const node of nodes) node.socket.close();
});
