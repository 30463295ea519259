// tier: quick, sanitized
/**
 * OpenAI's own client asks for Responses, from simulated nodes that say the last message again: whole
 * answers, streams put together by its helper, tools, schemas, and what goes wrong.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import OpenAI from 'openai';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventReader } from '../lib/event-reader.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { assertStopped, countCalls, replaced, words } from '../lib/patient-client.mjs';
import { Simulation } from '../lib/simulation.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {OpenAI} */
let client;
const test = testsOf(() => daemon);
const model = 'me/talker@simulated';

before(async () => {
    daemon = new Daemon({ config: {
        pool: { min_connections: 0, max_retries: 0 }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'me/talker', { arch: 'llama' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 2 }).up();
    client = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'any key', maxRetries: 0 });
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

const create = (body, options) => client.responses.create({ model, ...body }, options);
const weather = { type: 'function', name: 'get_weather', strict: false,
    parameters: { type: 'object', properties: { city: { type: 'string' } } } };
const thinking = { chat_template_kwargs: { enable_thinking: true } };

/** The events of a stream, as they come. */
async function all(stream) {
    const events = [];
    for await (const event of stream) events.push(event);
    return events;
}

/** Without what differs from answer to answer. */
const plain = (response) => JSON.parse(JSON.stringify(response, (key, value) =>
    (/^(id|created_at|item_id|parsed|output_parsed|parsed_arguments)$/.test(key) ? undefined : value)));

test('an answer has what was asked for and repeats the request', async () => {
    const answer = await create({ input: 'one two three', instructions: 'be brief', max_output_tokens: 2,
        temperature: 0, store: true, metadata: { a: 'b' } });
    assert.match(answer.id, /^resp_/);
    assert.equal(answer.output_text, 'one two');
    const { status, incomplete_details, instructions, max_output_tokens, temperature, store, metadata } = answer;
    assert.deepEqual({ status, incomplete_details, instructions, max_output_tokens, temperature, store, metadata },
        { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, instructions: 'be brief',
            max_output_tokens: 2, temperature: 0, store: false, metadata: { a: 'b' } });
    assert.deepEqual(answer.usage, { input_tokens: 5, input_tokens_details: { cached_tokens: 0 },
        output_tokens: 2, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 7 });
    const whole = await create({ input: [{ role: 'user', content: 'x y' }] });
    assert.deepEqual(plain(whole.output), [{ status: 'completed', type: 'message', role: 'assistant', content: [
        { type: 'output_text', text: 'x y', annotations: [], logprobs: [] }] }]);
});

test('a stream has its events in order, and its helper makes the same answer', async () => {
    const asked = { input: 'one two', ...thinking };
    const events = await all(await create({ ...asked, stream: true }));
    assert.deepEqual(events.map(({ sequence_number: number }) => number), events.map((_, i) => i));
    assert.deepEqual(events.map(({ type }) => type.replace('response.', '')), [
        'created', 'in_progress',
        'output_item.added', 'content_part.added', 'reasoning_text.delta', 'reasoning_text.done',
        'content_part.done', 'output_item.done',
        'output_item.added', 'content_part.added', 'output_text.delta', 'output_text.delta',
        'output_text.done', 'content_part.done', 'output_item.done', 'completed']);
    const final = await client.responses.stream({ model, ...asked }).finalResponse();
    assert.deepEqual(final.output.map(({ type }) => type), ['reasoning', 'message']);
    assert.equal(final.output[0].content[0].text, 'It is to be said again.');
    assert.equal(final.output_text, 'one two');
    assert.deepEqual(plain(final), plain(await create(asked)));
    const cut = await all(await create({ input: 'a b c', max_output_tokens: 1, stream: true }));
    assert.equal(cut.at(-1).type, 'response.incomplete');
    assert.equal(cut.at(-1).response.output[0].status, 'incomplete');
});

test('functions are called, and other tools are left out', async () => {
    const input = [{ role: 'user', content: [{ type: 'input_text', text: 'what is the weather' }] }];
    const asked = { input, tools: [{ type: 'web_search' }, weather, { type: 'namespace', name: 'n', tools: [] }] };
    const called = await create(asked);
    assert.deepEqual(plain(called.output), [{ status: 'completed', type: 'function_call',
        call_id: 'call_simulated', name: 'get_weather', arguments: '{}' }]);
    assert.deepEqual(called.tools, [{ ...weather, description: null }]);
    const events = await all(await create({ ...asked, stream: true }));
    assert.deepEqual(events.map(({ type }) => type.replace('response.', '')), ['created', 'in_progress',
        'output_item.added', 'function_call_arguments.delta', 'function_call_arguments.done',
        'output_item.done', 'completed']);
    const final = await client.responses.stream({ model, ...asked }).finalResponse();
    assert.deepEqual(plain(final.output), plain(called.output));
    const answered = await create({ ...asked, ...thinking, input: [...input, ...final.output,
        { type: 'function_call_output', call_id: 'call_simulated', output: 'rain' }] });
    assert.equal(answered.output_text, 'rain');
    const again = await create({ input: [...input, ...final.output,
        { type: 'function_call_output', call_id: 'call_simulated', output: [{ type: 'input_text', text: 'sun' }] },
        ...answered.output, { role: 'user', content: 'thanks' }] });
    assert.equal(again.output_text, 'thanks');
    assert.equal((await create({ ...asked, tool_choice: 'none' })).output_text, 'what is the weather');
    const chosen = await create({ ...asked, tool_choice: { type: 'function', name: 'get_weather' } });
    assert.deepEqual(chosen.tool_choice, { type: 'function', name: 'get_weather' });
});

test('a schema is kept to, and its answer is parsed', async () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false };
    const parsed = await client.responses.parse({ model, input: '{"a":1}',
        text: { format: { type: 'json_schema', name: 'thing', strict: true, schema }, verbosity: 'low' } });
    assert.equal(parsed.output_text, '{"a":1}');
    assert.deepEqual(parsed.text.format.schema, schema);
    const rated = await create({ input: 'a b', include: ['message.output_text.logprobs',
        'reasoning.encrypted_content'], top_logprobs: 1 });
    assert.deepEqual(rated.output[0].content[0].logprobs.map(({ token, logprob }) => [token, logprob]),
        [['a', -0.5], [' b', -0.5]]);
});

test('what an agent sends is taken', async () => {
    const { json, status, text } = await daemon.post('/v1/responses', {
        client_metadata: { session: 's' }, include: ['reasoning.encrypted_content'],
        input: [{ type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'd' }] },
            { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'go on' }] }],
        instructions: 'You are an agent.', model, parallel_tool_calls: true, prompt_cache_key: 'k',
        reasoning: { effort: 'medium', summary: 'auto' }, store: false, stream: false, tool_choice: 'auto',
        tools: [weather, { type: 'custom', name: 'apply_patch' }, { type: 'local_shell' }],
        previous_response_id: null, background: false, truncation: 'disabled' });
    assert.deepEqual([status, json.output?.[0].type], [200, 'function_call'], text);
});

test('errors name what is wrong, as it is called here', async () => {
    const refused = async (request, kind, code, param, said) => assert.rejects(
        create({ input: 'x', ...request }), (error) => {
            assert.ok(error instanceof kind, String(error));
            assert.deepEqual([error.code, error.param], [code, param], error.message);
            if (said) assert.match(error.message, said);
            return true;
        });
    const bad = OpenAI.BadRequestError;
    await refused({ model: 'nobody' }, OpenAI.NotFoundError, 'model_not_found', 'model');
    await refused({ previous_response_id: 'resp_1' }, bad, 'unsupported_parameter', 'previous_response_id', /whole conversation/);
    await refused({ conversation: 'c' }, bad, 'unsupported_parameter', 'conversation');
    await refused({ background: true }, bad, 'unsupported_parameter', 'background');
    await refused({ truncation: 'auto' }, bad, 'unsupported_parameter', 'truncation');
    await refused({ input: undefined }, bad, 'missing_field', 'input');
    await refused({ input: [] }, bad, 'invalid_field', 'input');
    await refused({ input: [{ type: 'item_reference', id: 'x' }] }, bad, 'invalid_field', 'input[0].type', /function_call_output/);
    await refused({ input: [{ role: 'user', content: 'x' }, { type: 'web_search_call' }] }, bad,
        'invalid_field', 'input[1].type');
    await refused({ input: [{ role: 'robot', content: 'x' }] }, bad, 'invalid_field', 'input[0].role');
    await refused({ input: [{ type: 'function_call', call_id: 'c', name: 'f' }] }, bad, 'missing_field', 'input[0].arguments');
    await refused({ input: [{ type: 'function_call_output', call_id: 'c' }] }, bad, 'missing_field', 'input[0].output');
    const parts = (content) => ({ input: [{ role: 'user', content }] });
    await refused(parts([{ type: 'input_text', text: 'a' }, { type: 'input_text' }]), bad, 'invalid_field', 'input[0].content[1].text');
    await refused(parts([{ type: 'input_file', file_id: 'f' }]), bad, 'unsupported_parameter', 'input[0].content[0].file_id');
    await refused(parts([{ type: 'input_image', image_url: 'http://x/y.png' }]), bad, 'invalid_field', 'input[0].content[0]', /data URI/);
    await refused(parts([{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }]), bad, 'picture_invalid', 'input[0].content[0]');
    await refused({ max_output_tokens: 0 }, bad, 'invalid_field', 'max_output_tokens');
    await refused({ tools: [{ type: 'web_search' }, { type: 'function', name: 'a b' }] }, bad, 'invalid_field', 'tools[1].name');
    await refused({ tools: [{ type: 'function', name: 'f', parameters: [] }] }, bad, 'invalid_field', 'tools[0].parameters');
    await refused({ tools: [{ name: 'f' }] }, bad, 'invalid_field', 'tools[0].type');
    await refused({ tool_choice: 'required' }, bad, 'invalid_field', 'tool_choice');
    await refused({ tool_choice: { type: 'web_search' } }, bad, 'invalid_field', 'tool_choice');
    await refused({ text: { format: { type: 'xml' } } }, bad, 'invalid_field', 'text.format');
    await refused({ text: { format: { type: 'json_schema', name: 'n' } } }, bad, 'invalid_field', 'text.format');
    await refused({ warmth: 1 }, bad, 'unsupported_parameter', 'warmth');
    await refused({ input: 'a'.repeat(9000), context: 100 }, bad, 'context_length_exceeded', 'input');
    const { status, json } = await daemon.get('/v1/responses/resp_1');
    assert.equal(status, 404);
    assert.match(json.error.message, /answers are not stored/);
});

test('what would change the answer is refused though unknown parameters are passed over', async () => {
    await daemon.reload({ api: { unknown_parameters: 'ignore' } });
    const ask = (more) => daemon.post('/v1/responses', { model, input: [{ role: 'user', content: 'x', mood: 1 }], ...more });
    const passed = await ask({ warmth: 1 });
    assert.deepEqual([passed.status, passed.headers['x-webinfer-ignored']], [200, 'warmth, input[0].mood']);
    const kept = await ask({ previous_response_id: 'resp_1' });
    assert.deepEqual([kept.status, kept.json.error.param], [400, 'previous_response_id']);
    await daemon.reload({ api: { unknown_parameters: 'refuse' } });
});

test('an answer that is stored keeps its form', async () => {
    const ask = () => daemon.post('/v1/responses', { model, input: 'keep this' }, { headers: { 'Idempotency-Key': 'responses' } });
    const [first, again] = [await ask(), await ask()];
    assert.equal(first.json.output[0].content[0].text, 'keep this', first.text);
    assert.deepEqual([again.headers['idempotency-replayed'], again.text], ['true', first.text]);
});

test('twelve at once are each answered as if alone', async () => {
    const asked = Array.from({ length: 12 }, (_, i) => ({ input: `answer number ${i} of twelve`,
        ...i % 3 === 1 && thinking, ...i % 3 === 2 && { tools: [weather] } }));
    const alone = [];
    for (const body of asked) alone.push(plain(await create(body)));
    const beside = daemon.post('/v1/chat/completions',
        { model, messages: [{ role: 'user', content: 'beside' }] });
    const together = await Promise.all(asked.map((body, i) => (i % 2 === 0 ? create(body)
        : client.responses.stream({ model, ...body }).finalResponse())));
    assert.deepEqual(together.map(plain), alone);
    assert.equal((await beside).json.choices[0].message.content, 'beside');
});

test('what is retried', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, failRate: 1 }).up();
    const asked = countCalls(async () => (simulation = await replaced(simulation, daemon)));
    const patient = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'x', maxRetries: 1, fetch: asked.fetch });
    const answer = await patient.responses.create({ model, input: 'again' });
    assert.deepEqual([asked.calls, answer.output_text], [2, 'again']);
});

test('who aborts a stream stops the node', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 20 }).up();
    const stream = client.responses.stream({ model, input: words(1000) });
    stream.on('response.output_text.delta', () => stream.abort());
    await assert.rejects(stream.finalResponse(), OpenAI.APIUserAbortError);
    await assertStopped(daemon, simulation);
});

test('a stream that breaks off ends with an error and a failed answer', async () => {
    simulation = await new Simulation(daemon, { nodes: 1, failRate: 1, seed: 3 }).up();
    const broken = { model, stream: true, input: words(60) };
    let begun = 0;
    for (let i = 0; i < 6; i++) {
        const { status, text } = await daemon.post('/v1/responses', broken);
        if (status !== 200) continue;
        begun++;
        const events = [...new EventReader().read(text)].map(({ event, data }) => [event, JSON.parse(data)]);
        assert.deepEqual(events.map(([, { sequence_number: number }]) => number), events.map((_, at) => at));
        const [[name, error], [last, { response }]] = events.slice(-2);
        assert.deepEqual([name, error.type, last, response.status],
            ['error', 'error', 'response.failed', 'failed']);
        assert.match(error.code, /^(attempts_exhausted|inference_failed)$/);
        assert.deepEqual(response.error, { code: error.code, message: error.message });
    }
    assert.ok(begun > 0);
    await assert.rejects(client.responses.stream(broken).finalResponse(),
        (error) => error instanceof OpenAI.APIError && /told to fail/.test(error.message));
});
