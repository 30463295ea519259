// tier: quick, sanitized
/**
 * OpenAI's own client against the daemon, whose nodes are simulated: they say the last message
 * again. What it sends by itself, what it makes of answers, streams and errors.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import OpenAI from 'openai';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { assertStopped, countCalls, replaced, words } from '../lib/patient-client.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { writeTokens } from '../lib/tokens.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {OpenAI} */
let client;
const test = testsOf(() => daemon);
const model = 'me/talker@simulated', embedder = 'vectors@simulated';

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: {
        api: { allowed_origins: 'http://app.example' },
        aliases: { gpt: 'me/talker', 'me/parrot': 'me/talker:F32', lost: 'nobody/there' },
        pool: { min_connections: 0, max_retries: 0 }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'me/talker', { arch: 'llama' });
    for (const name of fs.readdirSync(path.join(daemon.store, 'me/talker')))
        fs.utimesSync(path.join(daemon.store, 'me/talker', name), 1.5e9, 1.5e9);
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 2 }).up();
    client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'any key', maxRetries: 0 });
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

const user = (content) => [{ role: 'user', content }];
const weather = { type: 'function', function: { name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } } } };

async function all(stream) {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
}

test('a conversation, whole and in chunks', async () => {
    const whole = await client.chat.completions.create({ model, messages: user('one two three'),
        user: 'u', store: true, temperature: 0, seed: 7 });
    const [choice] = whole.choices;
    assert.deepEqual([whole.object, whole.model, choice.message.role, choice.message.content,
        choice.finish_reason], ['chat.completion', 'me/talker', 'assistant', 'one two three', 'stop']);
    assert.match(whole.id, /^chatcmpl-/);
    assert.equal(whole.system_fingerprint, undefined);
    assert.deepEqual(whole.usage, { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6,
        prompt_tokens_details: { cached_tokens: 0 } });
    assert.equal(whole.timings.predicted_n, 3);

    const chunks = await all(await client.chat.completions.create({ model, stream: true,
        stream_options: { include_usage: true }, messages: user('one two three'), max_tokens: 2 }));
    assert.equal(chunks[0].choices[0].delta.role, 'assistant');
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'one two');
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'length');
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.completion_tokens, 2);
    assert.equal(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size, 1);

    const final = await client.chat.completions.stream({ model, n: 3,
        messages: [{ role: 'developer', content: [{ type: 'text', text: 'be brief' }] },
            ...user('a b')] }).finalChatCompletion();
    assert.deepEqual(final.choices.map(({ message }) => message.content), ['a b', 'a b', 'a b']);
});

test('an answer that is stored keeps its form', async () => {
    const ask = () => daemon.post('/v1/chat/completions', { model, messages: user('keep this') },
        { headers: { 'Idempotency-Key': 'its-form' } });
    const [first, again] = [await ask(), await ask()];
    assert.equal(first.status, 200, first.text);
    assert.equal(first.json.object, 'chat.completion');
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(again.text, first.text);
    const { json: job } = await daemon.get(`/v1/jobs/${again.headers['x-job-id']}`);
    assert.deepEqual(job.answer, first.json);
    const native = await daemon.infer({ model_name: 'me/talker', platform: 'simulated', inputs: 'keep this' },
        { headers: { 'Idempotency-Key': 'its-form' } });
    assert.deepEqual([native.status, native.json.code], [422, 'idempotency_mismatch'], native.text);
});

test('thoughts, tools, schemas and logprobs go both ways', async () => {
    const thought = await client.chat.completions.create({ model, messages: user('x'),
        chat_template_kwargs: { enable_thinking: true } });
    assert.equal(thought.choices[0].message.reasoning_content, 'It is to be said again.');

    const asked = { model, messages: user('what is the weather'), tools: [weather] };
    const called = await client.chat.completions.create(asked);
    const { message, finish_reason } = called.choices[0];
    assert.equal(finish_reason, 'tool_calls');
    assert.equal(message.content, null);
    assert.deepEqual(message.tool_calls, [{ id: 'call_simulated', type: 'function',
        function: { name: 'get_weather', arguments: '{}' } }]);
    const streamed = await client.chat.completions.stream(asked).finalChatCompletion();
    assert.equal(streamed.choices[0].message.tool_calls[0].function.name, 'get_weather');
    assert.equal(streamed.choices[0].message.tool_calls[0].function.arguments, '{}');
    const answered = await client.chat.completions.create({ ...asked, messages: [
        ...asked.messages, message,
        { role: 'tool', tool_call_id: 'call_simulated', content: 'rain' }] });
    assert.equal(answered.choices[0].message.content, 'rain');
    const none = await client.chat.completions.create({ ...asked, tool_choice: 'none' });
    assert.equal(none.choices[0].finish_reason, 'stop');

    const rated = await client.chat.completions.create({ model, messages: user('a b'),
        logprobs: true, top_logprobs: 1, response_format: { type: 'json_schema', json_schema: {
            name: 'answer', strict: true, schema: { type: 'object' } } } });
    const { content } = rated.choices[0].logprobs;
    assert.deepEqual(content.map(({ token, logprob }) => [token, logprob]), [['a', -0.5], [' b', -0.5]]);
});

test('completions, embeddings, a ranking and tokens', async () => {
    const whole = await client.completions.create({ model, prompt: 'go on and on', max_tokens: 2,
        logprobs: 1 });
    assert.deepEqual([whole.object, whole.choices[0].text, whole.choices[0].finish_reason],
        ['text_completion', 'go on', 'length']);
    assert.deepEqual(whole.choices[0].logprobs.tokens, ['go', ' on']);
    const chunks = await all(await client.completions.create(
        { model, prompt: 'go on', stream: true }));
    assert.equal(chunks.map(({ choices }) => choices[0].text).join(''), 'go on');
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');

    // The client asks for base64 by itself, and takes that apart.
    const request = { model: embedder, input: ['x', 'y'], dimensions: 6 };
    const vectors = await client.embeddings.create(request);
    const plain = await client.embeddings.create({ ...request, encoding_format: 'float' });
    assert.deepEqual(vectors.data.map(({ index, embedding }) => [index, embedding.length]),
        [[0, 6], [1, 6]]);
    vectors.data.forEach(({ embedding }, i) => embedding.forEach((number, j) =>
        assert.equal(Math.fround(plain.data[i].embedding[j]), number)));

    const rank = (await daemon.post('/v1/rerank', { model: embedder, query: 'red fox', top_n: 2,
        documents: ['no', 'a fox', 'a red fox'], return_documents: true })).json;
    assert.deepEqual(rank.results.map(({ index, relevance_score, document }) =>
        [index, relevance_score, document.text]), [[2, 1, 'a red fox'], [1, 0.5, 'a fox']]);
    const tokens = (await daemon.post('/v1/tokenize', { model, content: 'a b' })).json;
    assert.deepEqual([tokens.count, tokens.tokens.length], [3, 3]);
});

test('several prompts have their answers, whole and in chunks', async () => {
    const asked = { model, prompt: ['go on', 'and on and'], n: 2, max_tokens: 2 };
    const whole = await client.completions.create(asked);
    assert.deepEqual(whole.choices.map(({ index, text, finish_reason: why }) => [index, text, why]),
        [[0, 'go on', 'stop'], [1, 'go on', 'stop'], [2, 'and on', 'length'], [3, 'and on', 'length']]);
    assert.deepEqual([whole.usage.prompt_tokens, whole.usage.completion_tokens], [5, 8]);
    const texts = ['', '', '', ''], ends = [];
    for (const { choices: [choice] } of await all(
        await client.completions.create({ ...asked, stream: true }))) {
        texts[choice.index] += choice.text;
        if (choice.finish_reason) ends[choice.index] = choice.finish_reason;
    }
    assert.deepEqual([texts, ends], [['go on', 'go on', 'and on', 'and on'],
        ['stop', 'stop', 'length', 'length']]);
});

test('answers are sent back as the client has them', async () => {
    const first = await client.chat.completions.create({ model, messages: user('x') });
    const again = await client.chat.completions.create({ model: 'me/talker:latest@simulated',
        max_tokens: -1, repetition_penalty: 1.1,
        messages: [...user('x'), { ...first.choices[0].message, function_call: null },
            { role: 'assistant', content: null }, ...user('y z')] });
    assert.deepEqual([again.model, again.choices[0].message.content], ['me/talker', 'y z']);
});

test('what is sent without a word on what it is, as curl does', async () => {
    const body = JSON.stringify({ model, messages: user('x') });
    for (const type of ['application/x-www-form-urlencoded', '']) {
        const { status, json } = await daemon.post('/v1/chat/completions', body,
            { headers: { 'Content-Type': type } });
        assert.deepEqual([status, json.choices?.[0].message.content], [200, 'x']);
    }
    const page = await daemon.post('/v1/chat/completions', body, { headers: {
        Origin: 'http://app.example', 'Content-Type': 'application/x-www-form-urlencoded' } });
    assert.deepEqual([page.status, page.json.error.code], [415, 'unsupported_media_type']);
});

test('unknown parameters are refused, or passed over and named', async () => {
    const ask = (stream) => daemon.post('/v1/chat/completions', { model, stream, foo: 1, n_predict: 2,
        messages: [{ ...user('x')[0], mood: 1 }] });
    const { status, json, headers } = await ask(false);
    assert.deepEqual([status, json.error.code, json.error.param, headers['x-webinfer-ignored']],
        [400, 'unsupported_parameter', 'foo', undefined]);
    await daemon.reload({ api: { unknown_parameters: 'ignore' } });
    for (const stream of [false, true]) {
        const answer = await ask(stream);
        assert.deepEqual([answer.status, answer.headers['x-webinfer-ignored']],
            [200, 'foo, n_predict, messages[0].mood']);
    }
    const own = await daemon.infer({ model_name: 'me/talker', inputs: 'x', foo: 1 });
    assert.deepEqual([own.status, own.json.field], [400, 'foo']);
    await daemon.reload({ api: { unknown_parameters: 'refuse' } });
    assert.equal((await ask(false)).status, 400);
});

test('models are listed and found by OpenAI\'s clients and by ours', async () => {
    const listed = await all(await client.models.list());
    const ids = listed.map(({ id }) => id);
    assert.ok(['me/talker', 'gpt', 'me/parrot', 'vectors', 'twice', 'builtin/echo'].every((id) => ids.includes(id)), ids);
    assert.equal(new Set(ids).size, ids.length, 'each once');
    assert.ok(!ids.includes('lost'), 'the other name of a model that is not there');
    assert.ok(listed.every(({ object, created, owned_by }) =>
        object === 'model' && created > 1e9 && owned_by.length > 0));
    const { json } = await daemon.get('/v1/models');
    assert.ok(json.models.some(({ name }) => name === 'me/talker'));
    const one = await client.models.retrieve('me/talker');
    assert.deepEqual([one.id, one.owned_by, one.created, one.type],
        ['me/talker', 'me', 1.5e9, 'text_generation']);
    assert.equal((await client.models.retrieve('gpt')).id, 'me/talker');
    for (const written of ['me/talker', 'me%2Ftalker'])
        assert.equal((await daemon.get(`/v1/models/${written}`)).json.id, 'me/talker');
    await assert.rejects(client.models.retrieve('nobody'),
        (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found');
});

test('errors have the form that the client knows', async () => {
    const refused = async (request, kind, code, param) => assert.rejects(
        client.chat.completions.create({ model, messages: user('x'), ...request }), (error) => {
            assert.ok(error instanceof kind, String(error));
            assert.deepEqual([error.code, error.param], [code, param], error.message);
            return true;
        });
    await refused({ model: 'nobody@simulated' }, OpenAI.NotFoundError, 'model_not_found', 'model');
    await refused({ warmth: 1 }, OpenAI.BadRequestError, 'unsupported_parameter', 'warmth');
    await refused({ n: 1000 }, OpenAI.BadRequestError, 'invalid_field', 'n');
    await refused({ model: embedder }, OpenAI.BadRequestError, 'input_invalid', 'model');
    await refused({ messages: user('a'.repeat(9000)), context: 100 }, OpenAI.BadRequestError,
        'context_length_exceeded', 'messages');
    await refused({ messages: user('a'.repeat(60 << 20)) }, OpenAI.APIError, 'body_too_large', 'messages[0].content');
    await refused({ messages: user([{ type: 'image_url', image_url: { url: 'http://x/y.png' } }]) },
        OpenAI.BadRequestError, 'invalid_field', 'messages[0].content[0]');
    await refused({ model: 'me/talker@native' }, OpenAI.InternalServerError, 'unavailable', null);
    const late = await daemon.infer({ model_name: 'builtin/count', platform: 'simulated', inputs: [],
        options: { count: 100, interval_ms: 1000 }, timeout_ms: 50 });
    assert.deepEqual([late.status, late.headers['x-should-retry']], [504, 'false']);

    for (const [where, advice] of [['/v1/conversations', /\/v1\/responses/]]) {
        const { status, json } = await daemon.post(where, {});
        assert.equal(status, 404);
        assert.match(json.error.message, advice);
        assert.match(json.detail, advice);
    }
});

test('a key is a token where there are tokens', async () => {
    const file = writeTokens(daemon, { me: 'user' }, { me: 'wi_right' });
    await withDaemon({ config: { api: { tokens_file: file },
        pool: { min_connections: 0, max_connections: 0 } }, ready: false }, async (own) => {
        const as = (apiKey) => new OpenAI({ baseURL: `${own.url}/v1`, apiKey, maxRetries: 0 });
        for (const ask of [(one) => one.chat.completions.create({ model, messages: user('x') }),
            (one) => one.models.list()])
            await assert.rejects(ask(as('wi_wrong')), (error) =>
                error instanceof OpenAI.AuthenticationError && error.code === 'invalid_api_key');
        const listed = await all(await as('wi_right').models.list());
        assert.ok(listed.some(({ id }) => id === 'builtin/echo'));
    });
});

test('what is retried, and who may ask from a web page', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, failRate: 1 }).up();
    const asked = countCalls(async () => (simulation = await replaced(simulation, daemon)));
    const patient = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'x', maxRetries: 1, fetch: asked.fetch });
    const answer = await patient.chat.completions.create({ model, messages: user('again') });
    assert.deepEqual([asked.calls, answer.choices[0].message.content], [2, 'again']);

    const { status, headers } = await daemon.request('/v1/chat/completions', { method: 'OPTIONS',
        headers: { Origin: 'http://app.example', 'Access-Control-Request-Method': 'POST',
            'Access-Control-Request-Headers': 'authorization, x-stainless-os,openai-beta, http-referer, x-title, baggage, bad name:' } });
    assert.equal(status, 204);
    const allowed = headers['access-control-allow-headers'].toLowerCase().split(', ');
    assert.deepEqual(allowed, ['authorization', 'x-stainless-os', 'openai-beta', 'http-referer', 'x-title', 'baggage', 'bad']);
});

test('who leaves a stream stops the node', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 20 }).up();
    const said = words(1000);
    const stream = await client.chat.completions.create({ model, stream: true, messages: user(said) });
    let heard = '';
    for await (const { choices } of stream) {
        heard += choices[0].delta.content ?? '';
        if (heard.length > 5) break;
    }
    assert.ok(said.startsWith(heard));
    await assertStopped(daemon, simulation);
});

test('a stream that breaks off ends with an error that the client throws', async () => {
    simulation = await new Simulation(daemon, { nodes: 1, failRate: 1, seed: 3 }).up();
    let begun = 0;
    for (let i = 0; i < 6; i++) {
        let chunks = 0;
        await assert.rejects(async () => {
            const stream = await client.chat.completions.create(
                { model, stream: true, messages: user(words(60)) });
            for await (const chunk of stream) chunks += chunk.choices.length;
        }, (error) => error instanceof OpenAI.APIError && typeof error.code === 'string');
        begun += chunks > 1;
    }
    assert.ok(begun > 0);
});
