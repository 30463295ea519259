/** What the page must do in every browser. */
import assert from 'node:assert/strict';
import { external } from '../../lib/onnx.mjs';
import { picture } from '../../lib/picture.mjs';
import { check, readCase } from './cases.mjs';
import { embedder } from './folders.mjs';
import { ggufBytes } from './gguf.mjs';
import { letterOf, TONES, tonesFolder } from './tones.mjs';
import { builtin } from './models.mjs';

const CASES = ['op_add', 'vision_mnist_ms_digit3', 'text_encoder_vespa_dummy', 'op_add_uint8'];
const ECHO = builtin('echo');

/** Models come out right, cold and warm, on the platform asked for and by no replaced worker. */
export async function computes({ service, tab }, platform) {
    for (const name of CASES) {
        const found = readCase(name);
        const model = service.addModel(name, found.onnx);
        for (const warm of [false, true]) {
            const answer = await service.run(model, found.inputs, { platforms: [platform], fallback: false });
            check(found, answer);
            assert.equal(answer.data.executed_on.platform, platform);
            assert.equal(answer.data.performance.warm, warm);
        }
    }
    await hasLostNoWorker({ service, tab });
}

/** No worker was replaced, but for those of Firefox that were stuck while an engine came up, as its helper threads
 * sometimes are and no other browser's: that costs a worker, and no answer. */
async function hasLostNoWorker({ service, tab }) {
    const stuck = service.capabilities.browser.name !== 'firefox' ? [] : service.messages.filter(
        ({ type, data }) => type === 'log' && data.message.endsWith('did not come up'));
    assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), String(stuck.length));
}

/** A model that keeps its weights in other files gets them. */
export async function readsExternalData({ service }, platform) {
    const { graph, files } = external();
    const model = service.addModel('external', graph, undefined, files);
    const x = Float32Array.of(1, 2, 3, 4);
    const { bytes: [y], data } = await service.run(model,
        [{ name: 'x', datatype: 'FP32', shape: [1, 4], bytes: new Uint8Array(x.buffer) }],
        { platforms: [platform], fallback: false });
    assert.equal(data.ok, true, JSON.stringify(data.error));
    assert.deepEqual([...new Float32Array(y.slice().buffer)], [8, 6, 4, 2]);
}

/** A picture is decoded and told, and one that is too large is refused undecoded. */
export async function takesPictures({ service }) {
    const model = service.addModel('digits', readCase('vision_mnist_ms_digit7').onnx, {
        picture: { input: 'Input3', width: 28, height: 28, channels: 1, layout: 'NCHW', datatype: 'FP32', invert: true },
        result: { output: 'Plus214_Output_0', activation: 'softmax', top: 1 },
    });
    const send = async (bytes) => (await service.run(model,
        [{ name: 'image', datatype: 'UINT8', shape: [bytes.length], bytes: new Uint8Array(bytes) }],
        { input: { image: { tensor: 0, media_type: 'image/png' } } })).data;
    const seven = await send(picture.seven());
    assert.equal(seven.ok, true, JSON.stringify(seven.error));
    assert.equal(seven.result.labels[0].index, 7);
    assert.equal((await send(picture.bomb())).error.code, 'picture_too_large');
}

/** How the service has language models loaded. */
export const TWO_THREADS = { language_models: { threads: 2 } };

/** A language model writes, on two threads, in the build of llama.cpp that the browser can run; and no GPU is
 * named, though the browser may have one. */
export async function writesText({ service }, build) {
    const model = service.addGguf('abc', { 'abc.gguf': ggufBytes({ follow: 'abcdefgh' }) });
    const { data } = await service.run(model, [], { task: 'complete', input: { prompt: 'abc' }, options: { temperature: 0, max_tokens: 5 } });
    assert.equal(data.ok, true, JSON.stringify(data.error));
    const { build: ran, threads, platform, adapter } = data.executed_on;
    assert.deepEqual([data.result.text, ran, threads], ['defgh', build, 2]);
    assert.deepEqual([platform, adapter], ['wasm', undefined]);
    assert.equal(service.capabilities.engine_info.llama.file_max, build === 'compat32' ? 2 ** 31 - 1 : undefined);
}

/** A folder in the Hugging Face layout gives vectors, cold and warm, and by no replaced worker. */
export async function embedsTexts({ service, tab }, platform) {
    const model = service.addFolder('vectors', embedder());
    for (const warm of [false, true]) {
        const { data, bytes: [y] } = await service.run(model, [],
            { platforms: [platform], fallback: false, task: 'embed', input: { texts: ['bad', 'bad rome bad'] }, options: { normalize: false } });
        assert.equal(data.ok, true, JSON.stringify(data.error));
        assert.deepEqual([data.executed_on.platform, data.executed_on.precision, data.performance.warm], [platform, 'fp32', warm]);
        assert.deepEqual([...new Float32Array(y.slice().buffer)].map((one) => Math.round(one * 15)), [5, 5, -10, 18, 18, 3]);
    }
    await hasLostNoWorker({ service, tab });
}

/** Sounds that the document decodes have the right rate and length; a broken one costs nothing but itself. */
export async function hearsFiles({ service, tab }) {
    const model = service.addFolder('tones', tonesFolder());
    const hear = async (bytes) => (await service.run(model,
        [{ name: 'audio', datatype: 'UINT8', shape: [bytes.length], bytes }], { platforms: ['wasm'], fallback: false,
            task: 'automatic-speech-recognition', input: { audio: { tensor: 0 } } })).data;
    for (const { name, bytes } of TONES) {
        const { ok, result, error } = await hear(bytes);
        assert.equal(ok, true, `${name}: ${JSON.stringify(error)}`);
        assert.equal(result.text, letterOf(440), name);
        assert.ok(Math.abs(result.duration - 1) < 0.1, `${name}: ${result.duration} s`);
        const broken = await hear(bytes.slice().fill(0, name === 'tone.mp3' ? 2 : 4));
        assert.equal(broken.error?.code, 'audio_invalid', `${name}: ${JSON.stringify(broken)}`);
    }
    await hasLostNoWorker({ service, tab });
}

/** What it has fetched of models is not fetched again, neither after a reload nor by a worker that took another's place,
 * where the browser can keep files; and the answers are the same. Its `welcome` says that it joined. */
export async function keepsModels({ service, open }, canKeep = true) {
    const { graph, files } = external();
    const onnx = service.addModel('external', graph, undefined, files);
    const folder = service.addFolder('vectors', embedder());
    const gguf = service.addGguf('abc', { 'abc.gguf': ggufBytes({ follow: 'abcdefgh' }) });
    const x = { name: 'x', datatype: 'FP32', shape: [1, 4], bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) };
    const answers = async () => [
        await service.run(onnx, [x]),
        await service.run(folder, [], { task: 'embed', input: { texts: ['bad'] }, options: { normalize: false } }),
        await service.run(gguf, [], { task: 'complete', input: { prompt: 'abc' }, options: { temperature: 0, max_tokens: 5 } }),
    ].map(({ data, bytes }) => {
        assert.equal(data.ok, true, JSON.stringify(data.error));
        assert.equal(data.performance.warm, false);
        return [data.result?.text, bytes.map((one) => [...one])];
    });
    const first = await answers();
    const wanted = [onnx, folder, gguf].flatMap(({ files: list }) => list.map(({ url }) => url));
    assert.deepEqual(new Set(service.fetched), new Set(wanted));
    service.fetched.length = 0;
    await open();
    assert.deepEqual(await answers(), first);
    service.send('settings', { language_models: { threads: 4 } }); // another worker, as its engine has its threads from the beginning
    await service.caughtUp();
    assert.equal((await service.run(onnx, [x])).data.performance.warm, false);
    assert.deepEqual(new Set(service.fetched), new Set(canKeep ? [] : wanted));
}

/** Tensors pass both ways unchanged, and a dropped socket is taken up again. */
export async function keepsItsLink({ service }) {
    const bytes = Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 31 % 251);
    const tensor = { name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes };
    const echo = async () => {
        const { bytes: [got] } = await service.run(ECHO, [tensor]);
        assert.equal(Buffer.compare(got, bytes), 0);
    };
    await echo();
    service.socket.terminate();
    await service.seen('node_announcement', (m) => m.data.resume?.node === 'node-1');
    await echo();
}
