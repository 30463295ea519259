// tier: full
/** Models in the Hugging Face layout that write, in a real browser behind the daemon, through both APIs. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { putFamilies } from '../lib/families.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const WASM = { platform: 'wasm', fallback: false };
const TEXT = 'The fox sees the dog';

before(async () => {
    daemon = new Daemon();
    putFamilies(daemon.store, ['gpt2', 'bart', 'bert']);
    await daemon.start();
});
after(() => daemon.stop());

const post = async (path, body) => {
    const response = await fetch(`${daemon.url}${path}`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    return { status: response.status, json: await response.json() };
};
const written = async (inputs, options, model = 'gpt2', more = {}) => {
    const { status, json, text } = await daemon.infer({ model_name: model, inputs, options, ...more });
    assert.equal(status, 200, text);
    return json.result;
};

test("OpenAI's clients are served", async () => {
    const messages = [{ role: 'user', content: 'Hi' }];
    const { status, json } = await post('/v1/chat/completions',
        { model: 'gpt2@wasm', messages, max_tokens: 6, temperature: 0, logprobs: true, top_logprobs: 2,
            response_format: { type: 'text' } });
    assert.equal(status, 200, JSON.stringify(json));
    const [{ message, finish_reason: why, logprobs }] = json.choices;
    assert.deepEqual([message.role, why, logprobs.content.length], ['assistant', 'length', 6]);
    assert.equal(message.content, (await written({ messages }, { max_tokens: 6, temperature: 0 })).text);
    const refused = await post('/v1/chat/completions', { model: 'gpt2@wasm', messages, response_format: { type: 'json_object' } });
    assert.deepEqual([refused.status, refused.json.error.param], [400, 'response_format'], JSON.stringify(refused.json));
    const long = await post('/v1/completions', { model: 'gpt2@wasm', prompt: 'x'.repeat(2100) });
    assert.deepEqual([long.status, long.json.error.code], [400, 'context_length_exceeded'], JSON.stringify(long.json));
    assert.equal(long.json.error.param, 'prompt');
    const changed = await post('/v1/completions', { model: 'bart@wasm', prompt: TEXT, max_tokens: 6, temperature: 0 });
    const [{ text, finish_reason: ending }] = changed.json.choices;
    assert.deepEqual({ text, ending }, { text: (await written(TEXT, { max_tokens: 6, temperature: 0 }, 'bart')).text, ending: 'length' });
});

test('the next turn finds the one before, and how fast it went is known', async () => {
    const first = await written(TEXT.repeat(20), { max_tokens: 4, temperature: 0 });
    const { usage } = await written(TEXT.repeat(20) + first.text, { max_tokens: 4, temperature: 0 });
    assert.ok(usage.cached_tokens >= first.usage.prompt_tokens, JSON.stringify(usage));
    const summary = await written(TEXT, { max_tokens: 4 }, 'bart', { task: 'summarization' });
    assert.equal(summary.usage.completion_tokens, 4);
    const { json } = await daemon.get('/v1/hardware?model_name=gpt2');
    const speeds = json.options.map(({ estimate }) => [estimate?.prompt_tokens_per_second, estimate?.tokens_per_second]);
    assert.ok(speeds.some(([read, write]) => read > 0 && write > 0), JSON.stringify(speeds));
});

test('what makes no text waits for none of as many generations as there are slots', async () => {
    const vectors = () => daemon.infer({ model_name: 'bert', inputs: TEXT, ...WASM });
    assert.equal((await vectors()).status, 200);
    const { slots, short_slots: short } = (await daemon.get('/v1/nodes')).json.nodes[0].engines.pipeline;
    assert.deepEqual([slots, short], [4, 4]);
    // One more than it runs at a time, as many as a node is given.
    const clients = Array.from({ length: slots + 1 }, () => new EventClient(`${daemon.url}/v1/infer`, { body: {
        model_name: 'gpt2', inputs: TEXT, stream: true, options: { max_tokens: 1500, logit_bias: { 263: -100 } }, ...WASM } }));
    await until(() => clients.filter(({ parts }) => parts.length > 0).length === slots, { what: 'all slots to be taken' });
    const { status, text } = await vectors();
    assert.equal(status, 200, text);
    assert.ok(clients.every(({ last }) => last?.event !== 'done'), 'before any of them has ended');
    await Promise.all(clients.map((client) => client.leave()));
});

test('the renderer dies in mid-answer, and nothing is seen of it', async () => {
    const options = { temperature: 0.5, seed: 3, max_tokens: 1200, logit_bias: { 263: -100 } };
    const whole = await written(TEXT, options, 'gpt2', WASM);
    const client = new EventClient(`${daemon.url}/v1/infer`, { body: {
        model_name: 'gpt2', inputs: TEXT, stream: true, options, ...WASM } });
    await until(() => client.parts.length > 4, { what: 'parts' });
    for (const { pid } of daemon.processes('renderer')) process.kill(pid, 'SIGKILL');
    await client.ended();
    assert.equal(client.last.event, 'done', JSON.stringify(client.last));
    assert.equal(client.parts.map(({ json }) => json.text ?? '').join(''), whole.text);
    assert.equal(client.last.json.result.usage.completion_tokens, 1200);
});
