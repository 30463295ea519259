// tier: full
// quick: on WASM: embed by bert
// quick: on WASM: complete by gpt2
// quick: on WASM: text2text-generation by bart
// quick: on WASM: image-classification by vit
// quick: on WASM: image-segmentation by segformer
// quick: on WASM: zero-shot-image-classification by clip
// quick: on WASM: automatic-speech-recognition by wav2vec2
// quick: on WASM: automatic-speech-recognition by whisper
/**
 * Hugging Face folders by task, in real browsers behind the daemon, against the oracle: the same files
 * under transformers.js in Node.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Ollama } from 'ollama';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { makeFamilies, putFamilies } from '../lib/families.mjs';
import { disc } from '../lib/media.mjs';
import { Oracle } from '../lib/oracle.mjs';
import { ownModels } from '../lib/paths.mjs';
import { python } from '../lib/python.mjs';
import { makeSpeech, wordErrors } from '../lib/spoken.mjs';
import { assertServed, cases, nameOf } from '../lib/task-cases.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Oracle} */
let oracle;
const test = testsOf(() => daemon);

before(async () => {
    oracle = new Oracle(makeFamilies());
    daemon = new Daemon();
    putFamilies(daemon.store, [...new Set(cases.map(({ model }) => model))]);
    for (const name of ['digits-vit', 'digit-words', 'keywords', 'numbers'])
        fs.cpSync(path.join(ownModels, name), path.join(daemon.store, name), { recursive: true });
    await daemon.start();
});
after(async () => {
    await oracle?.close();
    await daemon.stop();
});

for (const one of cases)
    test(`on WASM: ${nameOf(one)}`, () => assertServed(daemon, oracle, one, { platform: 'wasm' }));

/** What a sample makes of its inputs: its folder tells the task. */
async function resultOf(model, inputs) {
    const { status, json, text } = await daemon.infer({ model_name: model, inputs });
    assert.equal(status, 200, text);
    return json.result;
}

const base64 = (...file) => fs.readFileSync(path.join(ownModels, ...file)).toString('base64');

test('a question about a picture is answered in parts, and at a terminal', async () => {
    const picture = path.join(daemon.folder, 'disc.png');
    fs.writeFileSync(picture, disc().bytes);
    const options = { temperature: 0, max_tokens: 8 };
    const inputs = { image: disc().bytes.toString('base64'), question: 'What is it?' };
    const whole = await daemon.answer({ model_name: 'llava', inputs, options });
    const client = new EventClient(`${daemon.url}/v1/infer`,
        { body: { model_name: 'llava', inputs, options, stream: true } });
    await client.ended();
    const parts = client.parts.map(({ json }) => json.text ?? '');
    assert.ok(parts.length > 1);
    assert.equal(parts.join(''), whole.result.text);
    const { code, out, problems } = await webinfer(daemon, ['infer', 'llava', '--image', picture,
        '--question', inputs.question, '--option', 'temperature=0', '--option', 'max_tokens=8']);
    assert.equal(code, 0, problems);
    assert.ok(out.startsWith(whole.result.text.trimEnd()), out);
});

test("OpenAI's, Ollama's and Python's clients show pictures in messages", async () => {
    const url = `data:image/png;base64,${disc().bytes.toString('base64')}`;
    const say = async (address, model = 'llava') => (await daemon.post('/v1/chat/completions', {
        model: `${model}@wasm`, temperature: 0, max_tokens: 8, messages: [{ role: 'user', content: [
            { type: 'image_url', image_url: { url: address } }, { type: 'text', text: 'What is it?' }] }] }));
    const { status, json } = await say(url);
    assert.equal(status, 200, JSON.stringify(json));
    const { result } = await oracle.answer('llava', 'visual-question-answering',
        { picture: disc(), question: 'What is it?' }, { max_tokens: 8 });
    assert.equal(json.choices[0].message.content, result.text);
    const picture = path.join(daemon.folder, 'shown.png');
    fs.writeFileSync(picture, disc().bytes);
    const { stdout } = await python(['-c', `import sys, webinfer
content = [{"type": "image", "image": sys.argv[2]}, {"type": "text", "text": "What is it?"}]
with webinfer.Client(sys.argv[1]) as client:
    print(client.chat("llava", [{"role": "user", "content": content}], platform="wasm", temperature=0, max_tokens=8).text, end="")`,
    daemon.url, picture]);
    assert.equal(stdout, result.text);
    for (const refused of [await say('https://example.org/cat.png'), await say(url, 'gpt2')])
        assert.deepEqual([refused.status, refused.json.error.param], [400, 'messages[0].content[0]']);
    const asked = { model: 'llava@wasm', images: [disc().bytes], options: { temperature: 0, num_predict: 8 } };
    const ollama = new Ollama({ host: daemon.url });
    assert.equal((await ollama.generate({ ...asked, prompt: 'What is it?' })).response, result.text);
});

test('the samples: digits are told', async () => {
    for (const digit of ['0', '4', '7']) {
        const { labels } = await resultOf('digits-vit', { image: base64('digits/samples', `${digit}.png`) });
        assert.equal(labels[0].label, digit);
    }
});

test('the samples: words are heard', async () => {
    for (const word of ['yes', 'stop', 'nothing']) {
        const { labels } = await resultOf('keywords', { audio: base64('keywords/samples', `${word}.wav`) });
        assert.equal(labels[0].label, word);
    }
});

/** Rows of digits in voices that the model was not trained with, at twelve noises and paces. */
const spoken = Array.from({ length: 12 }, (_, i) =>
    makeSpeech(i, { words: 1 + i % 8, pauses: [100 + 50 * i, 40 * i], noise: 12 + 3 * i, peak: 3 * i }));
const WRONG = 0.05;
/** How far a word's begin and end may be off, in seconds: two of the network's frames. */
const TIME = 0.06;

test('the samples: digits are heard in their order, each at its time, twelve sounds at once as one alone', async () => {
    const hear = ({ bytes }) => daemon.answer({ model_name: 'digit-words', platform: 'wasm',
        inputs: { audio: bytes.toString('base64') }, options: { timestamps: 'word' } }).then(({ result }) => result);
    const heard = await Promise.all(spoken.map(hear));
    let wrong = 0, said = 0;
    for (const [i, { text, words }] of spoken.entries()) {
        wrong += wordErrors(text, heard[i].text);
        said += words.length;
        if (text !== heard[i].text) continue;
        for (const [k, { start, end }] of heard[i].segments.entries())
            for (const off of [start - words[k].start_ms / 1000, end - words[k].end_ms / 1000])
                assert.ok(Math.abs(off) < TIME, `${words[k].word}: ${start} to ${end}`);
    }
    assert.ok(wrong <= WRONG * said, JSON.stringify(heard.map(({ text }, i) => [spoken[i].text, text])));
    assert.deepEqual(await hear(spoken[7]), heard[7]);
    for (const name of fs.readdirSync(path.join(ownModels, 'digit-words/samples'))) {
        const { text } = await resultOf('digit-words', { audio: base64('digit-words/samples', name) });
        assert.equal(text, path.parse(name).name.replaceAll('-', ' '));
    }
    const file = path.join(daemon.folder, 'spoken.wav');
    fs.writeFileSync(file, makeSpeech(1, { words: 3, pauses: [100, 50, 900] }).bytes);
    const { code, out, problems } = await webinfer(daemon,
        ['transcribe', file, '--model', 'digit-words', '--format', 'srt']);
    assert.equal(code, 0, problems);
    assert.match(out, /^1\n00:00:00,\d+ --> 00:00:00,\d+\n\w+ \w+\n\n2\n00:00:01,\d+ --> 00:00:0[12],\d+\n\w+\n/);
});

test('the samples: numbers are written', async () => {
    const { text, finish_reason: reason } = await resultOf('numbers', '347');
    assert.deepEqual([text, reason], ['three hundred forty-seven', 'stop']);
    assert.equal((await resultOf('numbers', '1,024')).text, 'one thousand twenty-four');
});
