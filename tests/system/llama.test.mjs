/** Language models in a real browser behind the daemon: text, messages, streams, vectors. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import { writeGguf } from '../lib/gguf.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

function putModel(name, options) {
    const folder = path.join(daemon.store, name);
    fs.mkdirSync(folder, { recursive: true });
    writeGguf(path.join(folder, `${name}-F32.gguf`), options);
}

before(async () => {
    daemon = new Daemon();
    putModel('abc', { follow: 'abcdefgh' });
    putModel('vectors', { arch: 'bert' });
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
    const { stream } = await openEvents(`${daemon.url}/v1/infer`, { method: 'POST', body: {
        model_name: 'abc', inputs: 'abc', stream: true, options } });
    const all = [];
    for await (const event of stream) all.push(event);
    const text = all.filter(({ event }) => event === 'part').map(({ data }) => data.text ?? '').join('');
    assert.equal(text, 'defgha', JSON.stringify(all));
});

test('texts become vectors', async () => {
    const { status, json, text } = await daemon.infer({ model_name: 'vectors', inputs: ['the dog', 'a house'] });
    assert.equal(status, 200, text);
    assert.deepEqual([json.outputs[0].name, json.outputs[0].shape], ['embeddings', [2, 64]]);
});
