// tier: quick, sanitized
// full: a real model has its tokens counted as it reads them, and answers
/**
 * Anthropic's own client against the daemon, whose nodes are simulated and say the last message again,
 * and once against a real model: answers, streams put together by its helper, tools, schemas, counts,
 * and what goes wrong.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { EventReader } from '../lib/event-reader.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { assertStopped, countCalls, replaced, words } from '../lib/patient-client.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { writeTokens } from '../lib/tokens.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {Anthropic} */
let client;
const test = testsOf(() => daemon);
const model = 'me/talker@simulated';

before(async () => {
    daemon = new Daemon({ models: ['finch'], config: { pool: { min_connections: 0, max_retries: 0 } } });
    putGguf(daemon.store, 'me/talker', { arch: 'llama' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 2 }).up();
    client = new Anthropic({ baseURL: daemon.url, apiKey: 'any key', maxRetries: 0 });
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

const user = (content) => [{ role: 'user', content }];
const asking = (body) => ({ model, max_tokens: 100, ...typeof body === 'string' ? { messages: user(body) } : body });
const create = (body, options) => client.messages.create(asking(body), options);
const final = (body) => client.messages.stream(asking(body)).finalMessage();
const weather = { name: 'get_weather', description: 'Tells the weather.',
    input_schema: { type: 'object', properties: { city: { type: 'string' } } } };

/** Without what differs from answer to answer, and what is null in all (forms.test.mjs looks at that). */
const plain = ({ id, parsed_output, ...message }) => JSON.parse(JSON.stringify(message,
    (name, value) => (value === null && name !== 'stop_sequence' ? undefined : value)));

/** The events of a stream, without pings. */
async function eventsOf(body) {
    const events = [];
    for await (const event of await create({ ...asking(body), stream: true })) events.push(event);
    return events.filter(({ type }) => type !== 'ping');
}

test('an answer, whole and in a stream', async () => {
    const whole = await create({ messages: user('one two three'), system: 'be brief', max_tokens: 2,
        temperature: 0, metadata: { user_id: 'u' } });
    assert.match(whole.id, /^msg_/);
    assert.match(whole._request_id, /^req-/);
    assert.deepEqual(plain(whole), { type: 'message', role: 'assistant', model: 'me/talker',
        content: [{ type: 'text', text: 'one two' }], stop_reason: 'max_tokens', stop_sequence: null,
        usage: { input_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 2 } });
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    const events = await eventsOf({ messages: user('one two'), thinking });
    assert.deepEqual(events.map(({ type, index }) => [type, index ?? '']), [['message_start', ''],
        ['content_block_start', 0], ['content_block_delta', 0], ['content_block_stop', 0],
        ['content_block_start', 1], ['content_block_delta', 1], ['content_block_delta', 1], ['content_block_stop', 1],
        ['message_delta', ''], ['message_stop', '']]);
    const thought = await final({ messages: user('one two'), thinking });
    assert.deepEqual(plain(thought).content, [{ type: 'thinking', thinking: 'It is to be said again.', signature: '' },
        { type: 'text', text: 'one two' }]);
    assert.deepEqual(plain(thought), plain(await create({ messages: user('one two'), thinking })));
    assert.deepEqual((await create({ messages: user('x'), thinking: { type: 'disabled' } })).content.length, 1);
    const stopped = await create({ messages: user('a b c'), stop_sequences: ['b'] });
    assert.deepEqual([stopped.content[0].text, stopped.stop_reason, stopped.stop_sequence], ['a', 'stop_sequence', 'b']);
    const streamed = await final({ messages: user('a b c'), stop_sequences: ['x', 'b'] });
    assert.deepEqual([streamed.stop_reason, streamed.stop_sequence], ['stop_sequence', 'b']);
    const unstopped = await create({ messages: user('a b c'), stop_sequences: ['x'] });
    assert.deepEqual([unstopped.stop_reason, unstopped.stop_sequence], ['end_turn', null]);
});

test('tools are called and answered, and what the client sends back is taken', async () => {
    const asked = { messages: user('what is the weather'), tools: [{ type: 'web_search_20250305', name: 'web_search' }, weather] };
    const called = await create(asked);
    assert.deepEqual([called.content, called.stop_reason],
        [[{ type: 'tool_use', id: 'call_simulated', name: 'get_weather', input: {}, caller: { type: 'direct' } }], 'tool_use']);
    const streamed = await final(asked);
    assert.deepEqual(plain(streamed), plain(called));
    const messages = [...asked.messages, { role: 'assistant', content: called.content }, { role: 'user', content: [
        { type: 'tool_result', tool_use_id: 'call_simulated', content: [{ type: 'text', text: 'rain' }], is_error: false }] }];
    assert.equal((await create({ ...asked, messages })).content[0].text, 'rain');
    const more = [...messages, { role: 'assistant', content: [
        { type: 'thinking', thinking: 'so', signature: '' }, { type: 'redacted_thinking', data: 'x' }, { type: 'text', text: 'It rains.' }] },
    { role: 'user', content: [{ type: 'text', text: 'thank' , cache_control: { type: 'ephemeral' } }, { type: 'text', text: 'you' }] }];
    assert.equal((await create({ messages: more })).content[0].text, 'thank you');
    assert.equal((await create({ ...asked, tool_choice: { type: 'none' } })).content[0].text, 'what is the weather');
    for (const tool_choice of [{ type: 'any' }, { type: 'tool', name: 'get_weather', disable_parallel_tool_use: true }])
        assert.equal((await create({ ...asked, tool_choice })).stop_reason, 'tool_use');
});

test('a schema is kept to', async () => {
    const parsed = await client.messages.parse(asking({ messages: user('{"a":1}'), output_config: { effort: 'low',
        format: { type: 'json_schema', schema: { type: 'object', properties: {}, additionalProperties: false } } } }));
    assert.equal(parsed.content[0].text, '{"a":1}');
});

test('what an agent sends is taken', async () => {
    const { status, text, json } = await daemon.post('/v1/messages?beta=true', { ...asking('go on'),
        system: [{ type: 'text', text: 'You are an agent.', cache_control: { type: 'ephemeral' } }],
        thinking: { type: 'adaptive' }, context_management: { edits: [] }, metadata: { user_id: 'u' },
        tools: [weather], mcp_servers: [], container: null, stream: false },
    { headers: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a,b', 'x-api-key': 'k' } });
    assert.deepEqual([status, json.content?.at(-1).type], [200, 'tool_use'], text);
});

test('tokens are counted without an answer', async () => {
    const conversation = { messages: [...user('one two'), { role: 'assistant', content: 'three' }, ...user('four')], system: 'be brief' };
    const { input_tokens } = await client.messages.countTokens({ model, ...conversation, tools: [weather] });
    const { usage } = await create({ ...conversation, tool_choice: { type: 'none' }, tools: [weather] });
    assert.deepEqual([input_tokens, usage.input_tokens], [6, 6]);
    const { json } = await daemon.infer({ model_name: 'me/talker', platform: 'simulated', task: 'tokenize',
        inputs: { messages: user('one two') } });
    assert.equal(json.result.tokens.length, 2);
});

test('errors have the form that the client knows', async () => {
    const refused = async (request, kind, type, said) => assert.rejects(create(request), (error) => {
        assert.ok(error instanceof kind, String(error));
        assert.deepEqual([error.error.type, error.error.error.type], ['error', type], error.message);
        assert.match(error.error.error.message, said);
        assert.match(error.error.request_id, /^req-/);
        assert.equal(error.requestID, error.error.request_id);
        return true;
    });
    const bad = (request, said) => refused({ messages: user('x'), ...request }, Anthropic.BadRequestError, 'invalid_request_error', said);
    await refused({ model: 'nobody', messages: user('x') }, Anthropic.NotFoundError, 'not_found_error', /nobody/);
    await bad({ max_tokens: undefined }, /max_tokens is missing/);
    await bad({ max_tokens: 0 }, /max_tokens must be/);
    await bad({ messages: undefined }, /messages/);
    await bad({ messages: [] }, /at least one/);
    await bad({ warmth: 1 }, /warmth/);
    await bad({ container: 'c' }, /container/);
    await bad({ messages: [{ role: 'robot', content: 'x' }] }, /messages\[0\]\.role/);
    await bad({ messages: user([{ type: 'document' }]) }, /messages\[0\]\.content\[0\]\.type must be text, image or tool_result/);
    await bad({ messages: user([{ type: 'tool_use', id: 'i', name: 'n', input: {} }]) }, /content\[0\]\.type/);
    await bad({ messages: user([{ type: 'text', text: 'a' }, { type: 'text' }]) }, /content\[1\]\.text/);
    await bad({ messages: user([{ type: 'text', text: 'a', mood: 1 }]) }, /content\[0\]\.mood/);
    await bad({ messages: user([{ type: 'tool_result', content: 'x' }]) }, /tool_use_id/);
    await bad({ messages: user([{ type: 'image', source: { type: 'url', url: 'http://x/y.png' } }]) }, /source\.type must be base64/);
    await refused({ messages: user([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }]) },
        Anthropic.UnprocessableEntityError, 'invalid_request_error', /^messages\[0\]\.content\[0\]: the bytes are not a PNG/);
    await bad({ tools: [{ name: 'f', input_schema: [] }] }, /tools\[0\]\.input_schema/);
    await bad({ tool_choice: { type: 'tool' } }, /tool_choice must be/);
    await bad({ tool_choice: { type: 'any' } }, /tool_choice/);
    await bad({ thinking: {} }, /thinking\.type/);
    await bad({ stop_sequences: [''] }, /stop_sequences\[0\]/);
    await bad({ output_config: { format: { type: 'xml' } } }, /output_config\.format/);
    await bad({ system: 7 }, /system/);
    await refused({ messages: user('x'), model: 'me/talker@native' }, Anthropic.InternalServerError, 'overloaded_error', /there is no node/);
    const { status, json } = await daemon.post('/v1/messages/count_tokens', { model, max_tokens: 5, messages: user('x') });
    assert.deepEqual([status, json.error.type], [400, 'invalid_request_error']);
});

test('an answer that is stored keeps its form', async () => {
    const ask = () => daemon.post('/v1/messages', asking('keep this'), { headers: { 'Idempotency-Key': 'messages' } });
    const [first, again] = [await ask(), await ask()];
    assert.equal(first.json.content[0].text, 'keep this', first.text);
    assert.deepEqual([again.headers['idempotency-replayed'], again.text], ['true', first.text]);
});

test('a key is a token for messages and lists of models, and for them alone', async () => {
    const file = writeTokens(daemon, { me: 'user' }, { me: 'wi_right' });
    await withDaemon({ config: { api: { tokens_file: file }, pool: { min_connections: 0, max_connections: 0 } },
        ready: false }, async (own) => {
        const ask = (apiKey) => new Anthropic({ baseURL: own.url, apiKey, maxRetries: 0 }).messages.create(asking('x'));
        await assert.rejects(ask('wi_wrong'), (error) => error instanceof Anthropic.AuthenticationError
            && error.error.error.type === 'authentication_error');
        await assert.rejects(ask('wi_right'), Anthropic.NotFoundError);
        const key = { headers: { 'x-api-key': 'wi_right' } };
        assert.equal((await own.get('/v1/models', key)).status, 200);
        assert.equal((await own.get('/v1/models/nobody', key)).status, 404);
        assert.equal((await own.get('/v1/models', { headers: { 'x-api-key': 'wi_wrong' } })).status, 401);
        assert.equal((await own.get('/v1/status', key)).status, 401);
    });
});

test('twelve at once are each answered as if alone', async () => {
    const asked = Array.from({ length: 12 }, (_, i) => ({ messages: user(`answer number ${i} of twelve`),
        ...i % 3 === 1 && { thinking: { type: 'adaptive' } }, ...i % 3 === 2 && { tools: [weather] } }));
    const alone = [];
    for (const body of asked) alone.push(plain(await create(body)));
    const beside = daemon.post('/v1/chat/completions', { model, messages: user('beside') });
    const together = await Promise.all(asked.map((body, i) => (i % 2 === 0 ? create(body) : final(body))));
    assert.deepEqual(together.map(plain), alone);
    assert.equal((await beside).json.choices[0].message.content, 'beside');
});

test('a real model has its tokens counted as it reads them, and answers', { timeout: 120_000 * patience }, async () => {
    const conversation = { model: 'finch:F32', messages: user('What is 17 + 25?'), system: 'You are a small model.' };
    const { input_tokens } = await client.messages.countTokens(conversation);
    const asked = { ...conversation, max_tokens: 60, temperature: 0 };
    const answer = await client.messages.create(asked);
    const { usage } = answer;
    assert.equal(usage.input_tokens + usage.cache_read_input_tokens, input_tokens);
    assert.match(answer.content[0].text, /42/);
    const streamed = await client.messages.stream(asked).finalMessage();
    assert.deepEqual(streamed.content, answer.content);
    const clock = { name: 'get_time', description: 'Tells the time.', input_schema: { type: 'object', properties: {} } };
    const tooled = { model: 'finch:F32', messages: user('What time is it?'), tools: [clock] };
    const counted = await client.messages.countTokens(tooled);
    const called = await client.messages.create({ ...tooled, max_tokens: 60, temperature: 0 });
    assert.deepEqual([called.stop_reason, called.content[0].name], ['tool_use', 'get_time']);
    assert.equal(called.usage.input_tokens + called.usage.cache_read_input_tokens, counted.input_tokens);
});

test('what is retried', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, failRate: 1 }).up();
    const asked = countCalls(async () => (simulation = await replaced(simulation, daemon)));
    const patient = new Anthropic({ baseURL: daemon.url, apiKey: 'x', maxRetries: 1, fetch: asked.fetch });
    const answer = await patient.messages.create(asking('again'));
    assert.deepEqual([asked.calls, answer.content[0].text], [2, 'again']);
});

test('who aborts a stream stops the node', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 20 }).up();
    const stream = client.messages.stream({ ...asking(words(1000)), max_tokens: 1000 });
    stream.on('text', () => stream.abort());
    await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
    await assertStopped(daemon, simulation);
});

test('a stream that breaks off ends with an error that the client throws', async () => {
    simulation = await new Simulation(daemon, { nodes: 1, failRate: 1, seed: 3 }).up();
    const broken = asking(words(60));
    let begun = 0;
    for (let i = 0; i < 6; i++) {
        const { status, text } = await daemon.post('/v1/messages', { ...broken, stream: true });
        if (status !== 200) continue;
        begun++;
        const events = [...new EventReader().read(text)];
        const told = JSON.parse(events.at(-1).data);
        assert.deepEqual([events.at(-1).event, told.type, told.error.type], ['error', 'error', 'api_error']);
    }
    assert.ok(begun > 0);
    await assert.rejects(client.messages.stream(broken).finalMessage(),
        (error) => error instanceof Anthropic.APIError && /told to fail/.test(error.message));
});
