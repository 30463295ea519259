// tier: full
// quick: a text is completed, and messages are answered
// quick: an answer is streamed
/** Language models in a real browser behind the daemon: text, messages, streams, vectors. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import { after, before } from 'node:test';
import { Ollama } from 'ollama';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import * as devtools from '../lib/devtools.mjs';
import { EventClient } from '../lib/events.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { spoiledPage } from '../lib/spoiled-page.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon();
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    putGguf(daemon.store, 'early', { follow: 'abcdefgh' });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    putGguf(daemon.store, 'grouping', { follow: 'abcdefgh', template: '{{ messages | groupby("role") }}' });
    putGguf(daemon.store, 'raising', { follow: 'abcdefgh', template: "{{ raise_exception('Only letters.') }}" });
    await daemon.start();
});
after(() => daemon.stop());

const options = { temperature: 0, max_tokens: 6 };

test('a text is completed, and messages are answered', async () => {
    const { status, json, text } = await daemon.infer({ model_name: 'abc', inputs: 'abc', options });
    assert.equal(status, 200, text);
    assert.deepEqual([json.result.text, json.result.finish_reason], ['defgha', 'length']);
    const { engine, build, quantization, platform } = json.executed_on;
    assert.deepEqual([platform, engine, build, quantization], ['wasm', 'llama', 'jspi64', 'F32']);
    const chat = await daemon.infer({ model_name: 'abc', inputs: { messages: [{ role: 'user', content: 'abc' }] }, options });
    assert.equal(chat.status, 200, chat.text);
    assert.equal(chat.json.result.usage.completion_tokens, 6);
});

test('a grammar that costs too much fails by name, once, and others have their answers', async () => {
    const grammar = 'root ::= (a|a)(a|a)(a|a)\na ::= b b b b b b b b\nb ::= c c c c c c c c\nc ::= [a-z]{0,50} [a-z]{0,50} [a-z]{0,50}';
    const chat = (more) => daemon.post('/v1/chat/completions',
        { model: 'abc', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }], ...more });
    const began = performance.now();
    const [bomb, plain, own] = await Promise.all([chat({ grammar }), chat({}),
        daemon.infer({ model_name: 'abc', inputs: 'a', options: { grammar } })]);
    assert.ok(performance.now() - began < 10_000 * patience, `${performance.now() - began} ms`);
    assert.deepEqual([bomb.status, bomb.json.error.code, bomb.json.error.param], [400, 'grammar_too_costly', 'grammar'], bomb.text);
    const { code, field, expected } = own.json;
    assert.deepEqual([own.status, code, field], [422, 'grammar_too_costly', 'options.grammar'], own.text);
    assert.ok(expected);
    assert.equal(plain.status, 200, plain.text);
    assert.doesNotMatch(daemon.log, /to another attempt/);
});

test('templates and schemas that are refused: status, code and field', async () => {
    const chat = async (name, more = {}) => {
        const { status, json, text } = await daemon.infer({ model_name: name, inputs: { messages: [{ role: 'user', content: 'abc' }] }, options: { ...options, ...more } });
        assert.equal(typeof json.detail, 'string', text);
        return [status, json.code, json.field, json.detail];
    };
    const [status, code, , error] = await chat('grouping');
    assert.deepEqual([status, code], [422, 'model_invalid'], error);
    assert.match(error, /chat template cannot be used: it uses the filter groupby, which is not supported/);
    const raised = await chat('raising');
    assert.deepEqual(raised.slice(0, 3), [422, 'input_invalid', 'inputs.messages']);
    assert.match(raised[3], /refuses these messages: Only letters\./);
    for (const [schema, message] of [[{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, /"oneOf" of schemas that may hold together at # is not supported/],
        [{ type: 'string', enum: [null] }, /nothing is allowed at #/]])
    {
        const refused = await chat('abc', { json_schema: schema });
        assert.deepEqual(refused.slice(0, 3), [422, 'input_invalid', 'options.json_schema']);
        assert.match(refused[3], message);
    }
});

test('a GPU without 16-bit floats is refused by name, and falls back', async () => {
    const asked = { model_name: 'abc', inputs: 'abc', options, platform: 'webgpu' };
    const { status, json } = await daemon.infer({ ...asked, fallback: false });
    assert.deepEqual([status, json.code], [422, 'platform_unsupported']);
    assert.match(json.detail, /in 16-bit floats, and the adapter has no shader-f16/);
    const { executed_on: where } = (await daemon.infer({ ...asked, fallback: true })).json;
    assert.deepEqual([where.platform, where.fallbacks[0].platform], ['wasm', 'webgpu']);
});

test('an answer is streamed', async () => {
    const client = new EventClient(`${daemon.url}/v1/infer`, { body: {
        model_name: 'abc', inputs: 'abc', stream: true, options } });
    await client.ended();
    const text = client.parts.map(({ json }) => json.text ?? '').join('');
    assert.equal(text, 'defgha', JSON.stringify(client.events));
});

test("Ollama's clients have a model loaded, see it, and are answered in a form", async () => {
    const client = new Ollama({ host: daemon.url });
    const { done_reason: reason } = await client.generate({ model: 'abc:latest' });
    assert.equal(reason, 'load');
    const [loaded] = (await client.ps()).models.filter(({ name }) => name === 'abc:latest');
    assert.ok(loaded.size > 1000 && loaded.size_vram === 0 && loaded.context_length > 16, JSON.stringify(loaded));
    const raw = await client.generate({ model: 'abc', prompt: 'abc', raw: true,
        options: { temperature: 0, num_predict: 6 } });
    assert.deepEqual([raw.response, raw.done_reason, raw.eval_count], ['defgha', 'length', 6]);
    assert.ok(raw.eval_duration > 0 && raw.prompt_eval_duration > 0 && raw.total_duration > raw.eval_duration);
    const formed = await client.chat({ model: 'abc', messages: [{ role: 'user', content: 'abc' }],
        format: { type: 'object', properties: { a: { enum: [1] } }, required: ['a'], additionalProperties: false } });
    assert.deepEqual(JSON.parse(formed.message.content), { a: 1 });
});

test('how fast a place was measured to be is told', async () => {
    const { out } = await webinfer(daemon, ['hardware', 'abc']);
    assert.match(out, /READS +WRITES/, out);
    assert.match(out, / wasm .* \d+\.\d\/s +\d+\.\d\/s /, out);
});

test('how fast it is is known of a model that is loaded before anybody asks', async () => {
    assert.equal((await daemon.post('/v1/models/early/load', {})).status, 202);
    await daemon.logs(/loading early on 1 node, as \S+ has asked/);
    const measured = async () => {
        const { json } = await daemon.get('/v1/hardware?model_name=early');
        return json.options?.find(({ estimate }) => estimate?.tokens_per_second > 0)?.estimate;
    };
    const estimate = await until(measured, { what: 'a speed' });
    assert.ok(estimate.prompt_tokens_per_second > 0, JSON.stringify(estimate));
    const { json } = await daemon.infer({ model_name: 'early', inputs: 'abc', options });
    assert.equal(json.performance.warm, true, JSON.stringify(json));
});

test('texts become vectors', async () => {
    const { status, json, text } = await daemon.infer({ model_name: 'vectors', inputs: ['the dog', 'a house'] });
    assert.equal(status, 200, text);
    assert.deepEqual([json.outputs[0].name, json.outputs[0].shape], ['embeddings', [2, 64]]);
});

for (const [what, drawn] of [['greedy', { temperature: 0 }], ['drawn by lot', { temperature: 0.5, seed: 3 }]]) {
    test(`the renderer dies in mid-answer, and nothing is seen of it: ${what}`, async () => {
        const client = new EventClient(`${daemon.url}/v1/infer`, { body: {
            model_name: 'abc', inputs: 'abc', stream: true, options: { ...drawn, max_tokens: 1500 } } });
        await until(() => client.parts.length > 4, { what: 'parts' });
        for (const { pid } of daemon.processes('renderer')) process.kill(pid, 'SIGKILL');
        await client.ended();
        assert.equal(client.last.event, 'done', JSON.stringify(client.last));
        const text = client.parts.map(({ json }) => json.text ?? '').join('');
        assert.equal(text, 'defghabc'.repeat(200).slice(0, 1500));
        assert.equal(client.last.json.result.usage.completion_tokens, 1500);
    });
}

/** At the head of a language model's worker: it hangs when it is told to, and says so. */
function hangs() {
    new BroadcastChannel('hang').onmessage = () => {
        new BroadcastChannel('hung').postMessage('');
        for (;;);
    };
}

/** At the head of the link worker: when it is told to, it has the language model's worker hang after so many messages to the
 * service; and seconds pass in hundredths of them. */
function hurries() {
    const { send } = WebSocket.prototype;
    let left = 0;
    WebSocket.prototype.send = function (data) {
        send.call(this, data);
        if (--left === 0) new BroadcastChannel('hang').postMessage('');
    };
    new BroadcastChannel('hang after').onmessage = ({ data }) => {
        left = data;
        new BroadcastChannel('armed').postMessage('');
    };
    const { performance, setTimeout: wait } = self;
    const now = performance.now.bind(performance);
    const timers = new Map();
    let ahead = 0, ids = 0;
    const ring = (id) => {
        const timer = timers.get(id);
        if (timers.delete(id)) timer.run();
    };
    const pass = (seconds) => {
        ahead += 1000;
        for (const [id, { due }] of timers) if (due <= performance.now()) ring(id);
        if (seconds > 1) wait(pass, 10, seconds - 1);
    };
    performance.now = () => now() + ahead;
    self.clearTimeout = (id) => timers.delete(id);
    self.setTimeout = (run, ms = 0) => {
        timers.set(++ids, { run, due: performance.now() + ms });
        wait(ring, ms, ids);
        return ids;
    };
    new BroadcastChannel('pass').onmessage = ({ data: seconds }) => pass(seconds);
}

test('the worker hangs, before an answer and in the middle of one, and nothing is seen of it', async () => {
    const page = spoiledPage({ 'engine-llama': hangs, link: hurries });
    // So that no heartbeat is missed in seconds that pass at once.
    const config = { bridge: { page, heartbeat_interval: '60s' },
        pool: { network: 'host' } }; // where the port for debugging is for everybody
    await withDaemon({ config }, async (own) => {
        const evaluate = async (expression) => {
            const socket = await devtools.evaluate(own.temporary, expression);
            await once(socket, 'message');
            socket.close();
        };
        /** Says something in a channel, and waits for a message in another one. */
        const tell = (channel, message, answer) => evaluate(`new Promise((done) => {
            new BroadcastChannel('${answer}').onmessage = done;
            new BroadcastChannel('${channel}').postMessage(${message});
        })`);
        const pass = (seconds) => evaluate(`new BroadcastChannel('pass').postMessage(${seconds})`);
        const ask = () => own.infer({ model_name: 'abc', inputs: 'abc', options });
        putGguf(own.store, 'abc', { follow: 'abcdefgh' });
        assert.equal((await ask()).status, 200);
        await tell('hang', 0, 'hung');
        const call = ask();
        await until(async () => (await own.status()).queue.running === 1, { what: 'the job' });
        await pass(75);
        const { json, text } = await call;
        assert.deepEqual([json.result?.text, json.performance?.attempts], ['defgha', 2], text);

        await evaluate("(self.hung = new Promise((done) => { new BroadcastChannel('hung').onmessage = done; }), 0)");
        await tell('hang after', 8, 'armed');
        const client = new EventClient(`${own.url}/v1/infer`, { body: {
            model_name: 'abc', inputs: 'abc', stream: true, options: { ...options, max_tokens: 1500 } } });
        await evaluate('self.hung.then(() => 0)');
        await until(() => client.parts.length > 0, { what: 'parts' });
        await pass(30);
        await client.ended();
        assert.equal(client.last.event, 'done', JSON.stringify(client.last));
        const written = client.parts.map((part) => part.json.text ?? '').join('');
        assert.equal(written, 'defghabc'.repeat(200).slice(0, 1500));
        assert.equal(client.last.json.performance.attempts, 2);
    }).finally(() => fs.rmSync(page, { recursive: true, force: true }));
});
