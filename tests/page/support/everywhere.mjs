/** What the page must do in every browser. */
import assert from 'node:assert/strict';
import { FEATURES } from '../../../page/src/features/table.js';
import { external, graph, model as writtenModel, node, UINT8, value } from '../../lib/onnx.mjs';
import { picture, png } from '../../lib/picture.mjs';
import { check, readCase } from './cases.mjs';
import { embedder } from './folders.mjs';
import { ggufBytes } from './gguf.mjs';
import { JUDGED } from './judged_sounds.mjs';
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

/** A model that answers with the picture that it is given. @param {any} service @param {{width: number, height: number, fit?: string, background?: number[]}} spec */
function mirror(service, { width, height, ...spec }) {
    const name = `mirror-${width}-${height}-${spec.fit ?? ''}`;
    const shape = [1, height, width, 3];
    const body = graph(name, { nodes: [node('Identity', ['x'], ['y'])], inputs: [value('x', UINT8, shape)], outputs: [value('y', UINT8, shape)] });
    return service.addModel(name, writtenModel(body), { picture: { input: 'x', width, height, channels: 3, layout: 'NHWC', datatype: 'UINT8', ...spec } });
}

/** The pixels that a model like that has of a file, or a failure. @param {any} service @param {any} model @param {Uint8Array} file */
async function mirrored(service, model, file) {
    const bytes = new Uint8Array(file);
    const { data, bytes: [pixels] } = await service.run(model, [{ name: 'image', datatype: 'UINT8', shape: [bytes.length], bytes }],
        { platforms: ['wasm'], fallback: false, input: { image: { tensor: 0, media_type: 'image/png' } } });
    return { error: data.error, pixels };
}

/** Reads files as they are. @param {any} service */
function pictureReader(service) {
    const mirrors = new Map();
    return ({ file, width = 13, height = 9 }) => {
        const size = `${width} × ${height}`;
        if (!mirrors.has(size)) mirrors.set(size, mirror(service, { width, height }));
        return mirrored(service, mirrors.get(size), Buffer.from(file, 'base64'));
    };
}

/** Pictures are brought to their models' sizes with the oracle's numbers. @param {any} fit of tests/oracles/decode.json */
export async function scalesPictures({ service, tab }, { width, height, rgb, targets }) {
    const pixels = Buffer.from(rgb, 'base64');
    const file = png(width, height, (x, y) => [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]);
    for (const { rgb: expected, ...spec } of targets) {
        const made = await mirrored(service, mirror(service, spec), file);
        assert.equal(made.error, undefined);
        assert.equal(Buffer.from(made.pixels).toString('base64'), expected, JSON.stringify(spec));
    }
    await hasLostNoWorker({ service, tab });
}

/** Picture files become the pixels that the oracle has, or are refused where it refuses them.
 * @param {any[]} cases of tests/oracles/decode.json */
export async function readsPictures({ service, tab }, cases) {
    const read = pictureReader(service), wrong = [];
    for (const one of cases) {
        const { error, pixels } = await read(one);
        if (error) assert.equal(error.code, 'picture_invalid', `${one.name}: ${JSON.stringify(error)}`);
        const isRefused = Boolean(one.refused || one.exception);
        if (isRefused !== Boolean(error)) wrong.push(`${one.name}: ${error?.message ?? 'is taken'}`);
        if (isRefused || error) continue;
        const expected = Buffer.from(one.rgb, 'base64');
        const far = pixels.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at])), 0);
        if (far > (one.exact ? 0 : 2)) wrong.push(`${one.name}: ${far} of 255 away`);
    }
    assert.deepEqual(wrong, []);
    await hasLostNoWorker({ service, tab });
}

/** Twelve pictures at once, while other models compute, are what they are alone. @param {any[]} cases */
export async function readsTwelveAtOnce({ service, tab }, cases) {
    const read = pictureReader(service);
    const found = readCase('op_add');
    const model = service.addModel('op_add', found.onnx);
    const alone = [];
    for (const one of cases) alone.push(await read(one));
    const [together, others] = await Promise.all([Promise.all(cases.map(read)),
        Promise.all(Array.from({ length: 6 }, () => service.run(model, found.inputs, { platforms: ['wasm'], fallback: false })))]);
    assert.equal(together.length, 12);
    together.forEach(({ error, pixels }, at) => {
        assert.deepEqual([error?.code, pixels && Buffer.from(pixels)], [alone[at].error?.code, alone[at].pixels && Buffer.from(alone[at].pixels)], cases[at].name);
    });
    for (const answer of others) check(found, answer);
    await hasLostNoWorker({ service, tab });
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

/** Sounds that are whole, of unknown length, or cut come to the same end everywhere; a codec may be missing. */
export const judgesSounds = (codecs) => async ({ service, tab }) => {
    const model = service.addFolder('tones', tonesFolder());
    for (const { name, bytes, seconds, refused, code = 'audio_invalid', codec } of JUDGED) {
        const { ok, result, error } = (await service.run(model, [{ name: 'audio', datatype: 'UINT8', shape: [bytes.length], bytes }],
            { platforms: ['wasm'], fallback: false, task: 'automatic-speech-recognition', input: { audio: { tensor: 0 } } })).data;
        const isHeard = !refused && (!codec || codecs.includes(codec));
        assert.equal(ok ? '' : error.code, isHeard ? '' : code, `${name}: ${JSON.stringify(error)}`);
        if (isHeard) assert.ok(Math.abs(result.duration - seconds) < 0.15 && result.text === letterOf(440), `${name}: ${JSON.stringify(result)}`);
        else assert.match(`${error.message} ${error.expected}`, refused ?? /does not decode/, name);
    }
    await hasLostNoWorker({ service, tab });
};

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

/** Script text: what the browser says itself of some features, by other means than the page's, as JSON in the document. */
const SAYS = `(async () => {
    const has = (...bytes) => WebAssembly.validate(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, ...bytes]));
    const of = (...code) => has(1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, code.length + 4, 1, code.length + 2, 0, ...code, 11);
    const widens = () => { try { return !!new WebAssembly.Memory({ initial: 1n, maximum: 1n, address: 'i64' }); } catch { return false; } };
    const adapter = await navigator.gpu?.requestAdapter();
    const { vendor, architecture, description, isFallbackAdapter } = adapter?.info ?? {};
    const isSoftware = isFallbackAdapter || adapter?.isFallbackAdapter
        || /swiftshader|llvmpipe|lavapipe/i.test([vendor, architecture, description].join(' '));
    const onGpu = (there) => (there ? isSoftware ? 'software' : 'yes' : 'no');
    const gl = document.createElement('canvas').getContext('webgl2');
    const states = {
        webgpu: onGpu(adapter), webgpu_limits: onGpu(adapter), webgpu_f16: onGpu(adapter?.features.has('shader-f16')),
        webgpu_subgroups: onGpu(adapter?.features.has('subgroups')), int8_webgpu: onGpu(adapter), int4_webgpu: onGpu(adapter),
        wasm_simd: of(65, 0, 253, 15), wasm_relaxed_simd: of(65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2),
        wasm_threads: self.crossOriginIsolated, wasm_memory64: widens(), wasm_jspi: 'Suspending' in WebAssembly,
        int8_wasm: true, int4_wasm: true, ...('ml' in navigator ? {} : { webnn: false, int8_webnn: false, int4_webnn: false }),
    };
    const drawn = { webgl2_document: gl !== null, webgl2_floats: Boolean(gl?.getExtension('EXT_color_buffer_float')) };
    gl?.getExtension('WEBGL_lose_context')?.loseContext();
    document.documentElement.dataset.says = JSON.stringify({ states, drawn });
})()`;

/** The page finds what the browser says it has, while it runs tasks; and what is not known is no. */
export async function findsFeatures({ service, tab }) {
    await tab.evaluate(`void ${SAYS}`);
    const names = [...FEATURES.map(({ name }) => name), 'nonsense'];
    const id = service.send('capability_query', { features: names });
    const echoes = await Promise.all(Array.from({ length: 12 }, (_, i) => service.run(builtin('echo'),
        [{ name: 'x', datatype: 'INT32', shape: [1], bytes: new Uint8Array(Int32Array.of(i).buffer) }])));
    echoes.forEach(({ data, bytes }, i) => assert.deepEqual([data.ok, bytes[0][0]], [true, i]));
    const { data: { features } } = await service.seen('capability_report', ({ data }) => data.reply_to === id);
    await tab.waitForSelector('html[data-says]', { state: 'attached' });
    const { states, drawn } = JSON.parse(await tab.evaluate('document.documentElement.dataset.says'));
    assert.deepEqual(Object.keys(features).sort(), names.sort());
    for (const [name, { state, detail }] of Object.entries(features)) {
        assert.match(state, /^(?:yes|software|no)$/, name);
        assert.ok(detail.length <= 160 && (state !== 'no' || detail), `${name}: ${detail}`);
    }
    for (const [name, said] of Object.entries(states)) {
        assert.equal(features[name].state, typeof said === 'string' ? said : said ? 'yes' : 'no', `${name}: ${features[name].detail}`);
    }
    for (const [name, said] of Object.entries(drawn)) assert.equal(features[name].state !== 'no', said, `${name}: ${features[name].detail}`);
    assert.equal(features.nonsense.state, 'no');
    return features;
}
