/** Language models in a real browser behind the daemon: text, messages, streams, vectors. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon();
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    putGguf(daemon.store, 'early', { follow: 'abcdefgh' });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
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

test('an answer is streamed', async () => {
    const client = new EventClient(`${daemon.url}/v1/infer`, { body: {
        model_name: 'abc', inputs: 'abc', stream: true, options } });
    await client.ended();
    const text = client.parts.map(({ json }) => json.text ?? '').join('');
    assert.equal(text, 'defgha', JSON.stringify(client.events));
});

test('how fast a place was measured to be is told', async () => {
    const { out } = await webinfer(daemon, ['hardware', 'abc']);
    assert.match(out, /READS +WRITES/, out);
    assert.match(out, / wasm .* \d+\.\d\/s +\d+\.\d\/s /, out);
});

test('how fast it is is known of a model that is loaded before anybody asks', async () => {
    assert.equal((await daemon.post('/v1/models/early/load', {})).status, 202);
    assert.match(daemon.log, /loading early on 1 node, as \S+ has asked/);
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
