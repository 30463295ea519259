// tier: quick
/** Pictures as the body itself and in forms, in a real browser, and what is wrong with such bodies. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { resample } from '../../page/src/pipeline/image/resample.js';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { makeFamilies, putFamilies } from '../lib/families.mjs';
import { chirp, disc } from '../lib/media.mjs';
import { Oracle } from '../lib/oracle.mjs';
import { picture } from '../lib/picture.mjs';
import { assertProblem } from '../lib/problem.mjs';

/** @type {Daemon} */
let daemon;
const oracle = new Oracle(makeFamilies());
const test = testsOf(() => daemon);
const photo = disc(97);

before(async () => {
    daemon = new Daemon();
    putFamilies(daemon.store, ['vit', 'clip', 'detr', 'segformer', 'wav2vec2']);
    await daemon.start();
});
after(async () => {
    await oracle.close();
    await daemon.stop();
});

const sendFile = (query, bytes, type = 'image/png', where = '/v1/infer') =>
    daemon.post(`${where}?${new URLSearchParams(query)}`, bytes, { headers: { 'Content-Type': type } });

/** As a browser, or curl -F, sends a form; `before` comes before its first boundary. */
async function sendForm(parts, where = '/v1/infer', before = '') {
    const form = new FormData();
    for (const [name, value] of parts) form.append(name, value instanceof Buffer ? new Blob([value]) : value);
    const sent = new Response(form);
    return daemon.post(where, Buffer.concat([Buffer.from(before), Buffer.from(await sent.arrayBuffer())]),
        { headers: { 'Content-Type': sent.headers.get('content-type') } });
}

/** What the oracle says of the picture as our arithmetic scales it to 32 × 32. */
function expected(model, task, more = {}) {
    const rgb = resample({ ...photo, data: photo.rgb, channels: 3 }, 32, 32, 'bilinear');
    return oracle.answer(model, task, { picture: { width: 32, height: 32, rgb }, ...more });
}

function assertLabels({ status, text, json }, { result }) {
    assert.equal(status, 200, text);
    assert.deepEqual(json.result.labels.map(({ label }) => label), result.labels.map(({ label }) => label));
    for (const [i, { probability }] of json.result.labels.entries())
        assert.ok(Math.abs(probability - result.labels[i].probability) < 1e-3, text);
}

test('a picture as the body is classified as in Node, though it has to be scaled', async () => {
    const query = { model_name: 'vit', task: 'image-classification', platform: 'wasm' };
    assertLabels(await sendFile(query, photo.bytes), await expected('vit', 'image-classification'));
    const { json } = await sendFile({ ...query, options: '{"top": 1}' }, photo.bytes);
    assert.equal(json.result.labels.length, 1);
    assert.equal(json.executed_on.engine, 'pipeline');
});

test('a form may begin with an empty line', async () => {
    const parts = [['model_name', 'vit'], ['task', 'image-classification'], ['platform', 'wasm'], ['image', photo.bytes]];
    assertLabels(await sendForm(parts, '/v1/infer', '\r\n'), await expected('vit', 'image-classification'));
});

test('a picture in a form is held against labels', async () => {
    const labels = ['a disc', 'a dog'];
    const parts = [['model_name', 'clip'], ['task', 'zero-shot-image-classification'], ['platform', 'wasm'],
        ...labels.map((label) => ['labels', label]), ['image', photo.bytes]];
    assertLabels(await sendForm(parts), await expected('clip', 'zero-shot-image-classification', { labels }));
});

test('a sound is the body, or a part of a form', async () => {
    const sound = chirp();
    const { result } = await oracle.answer('wav2vec2', 'automatic-speech-recognition', { sound });
    const whole = await sendFile({ model_name: 'wav2vec2', platform: 'wasm' }, sound.bytes, 'audio/wav');
    assert.equal(whole.json.result?.text, result.text, whole.text);
    const part = await sendForm([['audio', sound.bytes], ['model_name', 'wav2vec2'], ['platform', 'wasm']]);
    assert.equal(part.json.result?.text, result.text, part.text);
    const raw = { model_name: 'wav2vec2', platform: 'wasm', format: 's16le', sampling_rate: 16000 };
    const samples = await sendFile(raw, sound.bytes.subarray(44), 'audio/pcm');
    assert.equal(samples.json.result?.text, result.text, samples.text);
});

test('a picture is a job', async () => {
    const { status, json, text } =
        await sendFile({ model_name: 'vit', platform: 'wasm' }, photo.bytes, 'image/png', '/v1/jobs');
    assert.equal(status, 202, text);
    const done = await daemon.get(`/v1/jobs/${json.id}?wait=60s`);
    assert.equal(done.json.state, 'done', done.text);
});

test('the client tells what was found on the picture', async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-found-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const image = path.join(folder, 'photo.png');
    fs.writeFileSync(image, photo.bytes);
    const headers = { detr: /^LABEL +SCORE +LEFT, TOP – RIGHT/m, segformer: /^LABEL +SCORE +MASK$/m };
    for (const [model, header] of Object.entries(headers)) {
        const { code, out, problems } = await webinfer(daemon, ['infer', model, '--image', image,
            '--platform', 'wasm', '--option', 'threshold=0.1']);
        assert.equal(code, 0, problems);
        assert.match(out, header);
    }
});

test('what is wrong is named, and the next request is right', async () => {
    const query = { model_name: 'vit', platform: 'wasm' };
    const { bytes } = photo;
    const typed = (body, type) => daemon.post('/v1/infer', body, { headers: { 'Content-Type': type } });
    const foreign = { 'Content-Type': 'multipart/form-data; boundary=x', Origin: 'http://elsewhere.example' };
    const rows = [
        [await daemon.post('/v1/infer', '--x--', { headers: foreign }), 403, 'forbidden_origin'],
        [await sendFile(query, bytes, 'image/gif'), 415, 'unsupported_media_type', { allowed: /image\/png/ }],
        [await sendFile({ model: 'vit' }, bytes), 400, 'unknown_field', { field: 'model' }],
        [await sendFile({}, bytes), 400, 'missing_field', { field: 'model_name' }],
        [await sendFile({ ...query, priority: 'high' }, bytes), 400, 'invalid_field', { field: 'priority' }],
        [await sendFile(query, Buffer.alloc(0)), 400, 'invalid_field', { field: 'image' }],
        [await sendFile(query, Buffer.from('GIF89a')), 422, 'picture_invalid', { field: 'inputs.image' }],
        [await sendFile(query, bytes.subarray(0, 200)), 422, 'picture_invalid', { field: 'inputs.image' }],
        [await sendFile(query, picture.bomb()), 422, 'picture_too_large'],
        [await sendForm([['model_name', 'vit']]), 400, 'missing_field', { field: 'image' }],
        [await sendForm([['image', bytes], ['image', bytes]]), 400, 'invalid_field', { field: 'image' }],
        [await typed('--x', 'multipart/form-data'), 400, 'bad_framing', { field: 'Content-Type' }],
        [await typed('--x\r\n', 'multipart/form-data; boundary=x'), 400, 'bad_framing'],
        [await sendFile({ ...query, task: 'chat' }, bytes), 422, 'input_invalid', { field: 'task' }],
    ];
    for (const row of rows) assertProblem(...row);
    assertLabels(await sendFile(query, bytes), await expected('vit', 'image-classification'));
});
