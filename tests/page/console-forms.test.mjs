// tier: full
/** The console's forms: what they are made of that needs no browser, and in Chromium against a stand-in for the daemon's API. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { labelsApart, percent } from '../../page/src/console/playground/answer/bars.js';
import { tensorsApart } from '../../page/src/console/playground/answer/tensors.js';
import { cut, pieces } from '../../page/src/console/playground/answer/words.js';
import { framed, isBinary, packed, unframed } from '../../page/src/console/playground/binary.js';
import { checkSize, mostBytes, pictureType, soundType } from '../../page/src/console/playground/files.js';
import { vectorsApart } from '../../page/src/console/playground/forms/embed.js';
import { samplesOf } from '../../page/src/console/playground/forms/speech.js';
import { faultOf, parseJson } from '../../page/src/console/playground/json.js';
import { loudest, reasonOf } from '../../page/src/console/playground/microphone.js';
import { readNpy } from '../../page/src/console/playground/npy.js';
import { apart, cosines, figuresOf, neighbours, rowsOf, short, valuesOf } from '../../page/src/console/playground/numbers.js';
import { randomOf, randomValues } from '../../page/src/console/playground/random.js';
import { flatten, tensorOf } from '../../page/src/console/playground/tensor.js';
import { halfBits, ofHalf } from '../../page/src/shared/halves.js';
import { writeWav } from '../../page/src/shared/wav.js';
import { encode, values } from '../lib/kserve.mjs';
import { chirp, disc } from '../lib/media.mjs';
import { png } from '../lib/picture.mjs';
import { readWav } from '../lib/read-media.mjs';
import { keepsOut } from './support/axe.mjs';
import { consoles } from './support/console_tab.mjs';

const HOSTILE = `<img src=x onerror="alert(1)"></script><script>alert(2)</script>\u202egnp.exe\u2066 ${'W'.repeat(5000)}`;

test('JSON with a fault: line and column, and what was expected', () => {
    const places = {
        '[1,\n 2,, 3]': [2, 4, '“,”', 'a value'], '{"a" 1}': [1, 6, '“1”', 'a colon'], '[1 2]': [1, 4, '“2”', 'a comma or ]'], '': [1, 1, 'the end of the text', 'a value'],
        '{a: 1}': [1, 2, '“a”', 'a name in double quotes'], '[1]\n]': [2, 1, '“]”', 'the end'], '[01]': [1, 2, '“0”', 'a value'], '["🙂" x]': [1, 6, '“x”', 'a comma or ]'],
        '[1.5.2]': [1, 2, '“1”', 'a value'], '["a\nb"]': [1, 2, '“"”', 'a value'], 'nul': [1, 1, '“n”', 'a value'],
    };
    for (const [text, [line, column, found, expected]] of Object.entries(places)) assert.deepEqual(faultOf(text), { line, column, found, expected }, text);
    assert.match(faultOf('['.repeat(100)).expected, /at most 64 levels/);
    assert.throws(() => parseJson('input', '[1,'), { field: 'input', message: /line 1, column 4 has the end of the text/ });
});

test('what is JSON to the scanner is JSON to the browser, and the other way round', () => {
    const random = randomOf(31), signs = ['[', ']', '{', '}', ',', ':', '"a"', '1', '-2.5e3', 'true', 'null', ' ', '\n', '"\\u00e4"', '"\\x"', '0', '.'];
    for (let i = 0; i < 20_000; i++) {
        const text = Array.from({ length: 1 + Math.floor(random() * 8) }, () => signs[Math.floor(random() * signs.length)]).join('');
        let isJson = true;
        try {
            JSON.parse(text);
        } catch {
            isJson = false;
        }
        assert.equal(faultOf(text) === null, isJson, JSON.stringify(text));
    }
});

/** A file of NumPy. */
function npy(head, bytes, version = 1) {
    const text = `${head}\n`, size = Buffer.alloc(version === 1 ? 2 : 4);
    size.writeUIntLE(text.length, 0, size.length);
    return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]), size, Buffer.from(text), Buffer.from(bytes)]);
}

test('.npy files: each type, either order, and what is wrong with others', () => {
    const head = (descr, isFortran, shape) => `{'descr': '${descr}', 'fortran_order': ${isFortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
    const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
    assert.deepEqual(readNpy(npy(head('<f4', false, '(2, 3)'), floats)), { datatype: 'FP32', shape: [2, 3], values: [1, 2, 3, 4, 5, 6] });
    assert.deepEqual(readNpy(npy(head('<f4', true, '(2, 3)'), floats, 2)).values, [1, 3, 5, 2, 4, 6]);
    assert.deepEqual(readNpy(npy(head('>i2', false, '(2,)'), [1, 0, 0xff, 0xff])), { datatype: 'INT16', shape: [2], values: [256, -1] });
    assert.deepEqual(readNpy(npy(head('<i8', false, '()'), [255, 255, 255, 255, 255, 255, 255, 255])), { datatype: 'INT64', shape: [], values: [-1n] });
    assert.deepEqual(readNpy(npy(head('|b1', false, '(2,)'), [1, 0])).values, [true, false]);
    assert.deepEqual([0x3c00, 0xc000, 0x0001, 0x7c00, 0x8000].map(ofHalf), [1, -2, 2 ** -24, Infinity, -0]);
    for (const [file, why] of [[Buffer.from('PK'), /not a \.npy file/], [npy(head('<f4', false, '(2, 3)'), floats).subarray(0, 20), /ends in its head/], [npy(head('<U3', false, '(1,)'), []), /contains “<U3”/],
        [npy(head('<f4', false, '(7,)'), floats), /has 24 bytes of numbers, and \[7\] of FP32 takes 28/], [npy(head('<f4', false, '(99999999, 99999999)'), floats), /takes/], [npy("{'descr': [('a', '<f4')]}", []), /no plain array/]])
        assert.throws(() => readNpy(file), why);
});

test('16-bit floats are rounded to the nearest, and travel behind the JSON', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
        const value = ofHalf(bits);
        if (Number.isFinite(value)) assert.equal(halfBits(value), bits, `of ${value}`);
    }
    assert.deepEqual([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -26, 65519, 65520, 2 - 2 ** -12, 0.1].map((one) => ofHalf(halfBits(one))),
        [1, 1 + 2 ** -9, 0, 2 ** -24, 65504, Infinity, 2, 0.0999755859375]);
    assert.deepEqual([...packed({ datatype: 'BF16', data: [1, -2, 1 + 2 ** -8, 1 + 3 * 2 ** -8] })], [0x80, 0x3f, 0x00, 0xc0, 0x80, 0x3f, 0x82, 0x3f]);
    const head = { model_name: 'm' }, inputs = [['a', 'FP16', [1, 0.5]], ['b', 'INT64', [-1]], ['c', 'BOOL', [true]], ['d', 'FP64', [0.1]]].map(([name, datatype, data]) => ({ name, datatype, shape: [data.length], data }));
    const { body } = encode(head, inputs.map((one) => ({ ...one, bytes: Buffer.from(packed(one)) })));
    const { head: length, bytes } = framed({ ...head, inputs });
    assert.ok(Buffer.from(bytes).equals(body));
    for (const one of inputs) assert.deepEqual(values(one.datatype, Buffer.from(packed(one))).map(Number), one.data.map(Number));
    const { inputs: outputs } = JSON.parse(Buffer.from(bytes.subarray(0, length)).toString());
    const json = Buffer.from(JSON.stringify({ outputs })), answer = Buffer.concat([json, body.subarray(length)]);
    assert.deepEqual(unframed(Uint8Array.from(answer).buffer, String(json.length)).outputs.map(({ data }) => data), inputs.map(({ data }) => data.map(Number)));
    assert.deepEqual([{ inputs }, { inputs: 'a text' }, { inputs: inputs.slice(1) }, { inputs: [], parameters: { binary_data_output: true } }].map(isBinary), [true, false, false, true]);
});

test('random numbers are the same for the same seed, and within their range', () => {
    assert.deepEqual(randomValues('FP32', 3, 0, 1, randomOf(7)), randomValues('FP32', 3, 0, 1, randomOf(7)));
    assert.notDeepEqual(randomValues('FP32', 3, 0, 1, randomOf(7)), randomValues('FP32', 3, 0, 1, randomOf(8)));
    assert.deepEqual(randomValues('FP32', 2, 0, 1, randomOf(1)).map((value) => value.toFixed(4)), ['0.6271', '0.0027'], 'in every browser');
    const whole = randomValues('INT64', 1000, -1, 2, randomOf(1));
    assert.deepEqual([...new Set(whole)].sort((one, other) => one - other), [-1, 0, 1, 2]);
    assert.deepEqual(new Set(randomValues('BOOL', 100, 0, 1, randomOf(1))), new Set([true, false]));
});

test('figures of tensors, and how far they are apart', () => {
    const odd = { data: [1, -3, 'NaN', 'Infinity', true] };
    assert.deepEqual(figuresOf(valuesOf(odd)), { min: -3, max: 1, mean: -1 / 3, odd: 2 });
    assert.deepEqual(apart([1, 2, NaN, Infinity], [1, 2.5, NaN, Infinity]), { absolute: 0.5, relative: 0.2, at: 1 });
    assert.equal(apart([1], [NaN]).absolute, Infinity);
    const one = [{ name: 'y', datatype: 'FP32', shape: [2], data: [1, 100] }];
    assert.equal(tensorsApart(one, [{ ...one[0], data: [1.5, 101] }]), 'y: the largest difference is 1 (value 2), the largest relative one 0.33333.');
    assert.match(tensorsApart(one, [{ ...one[0], shape: [1, 2] }]), /has the shape \[1, 2\], and not \[2\]/);
    assert.equal(tensorsApart(one, one), 'y is equal.');
    assert.equal(tensorsApart(one, []), 'y is missing.');
    assert.deepEqual([0, 3, 0.1 + 0.2, 1.5e-7, 12345678.9, NaN].map(short), ['0', '3', '0.3', '1.50e-7', '1.23e+7', 'NaN']);
});

test('vectors: cosines, neighbours, and two places', () => {
    const rows = rowsOf({ shape: [3, 2], data: [1, 0, 0, 2, 1, 1] });
    const matrix = cosines(rows);
    assert.deepEqual(matrix.map((row) => row.map((value) => value.toFixed(3))), [['1.000', '0.000', '0.707'], ['0.000', '1.000', '0.707'], ['0.707', '0.707', '1.000']]);
    assert.deepEqual(neighbours(matrix, 0).map(({ index }) => index), [2, 1]);
    assert.equal(vectorsApart(rows, [[1, 0], [0, 2], [1, 0]]), '1 − cosine is at most 0.29289 (text 3).');
    assert.equal(vectorsApart(rows, rows.slice(1)), 'There are 3 vectors, and 2 here.');
});

test('labels of two places', () => {
    const labels = (...list) => list.map(([label, probability]) => ({ label, probability }));
    assert.equal(labelsApart(labels(['a', 0.75], ['b', 0.25]), labels(['a', 0.5], ['b', 0.5])), 'The order of the labels is the same. The figures are at most 0.25 apart (“a”).');
    assert.match(labelsApart(labels(['a', 1]), labels(['b', 1])), /label differs: “b”/);
    assert.deepEqual([1, 0.9999, 0.5, 0.00123, 0].map(percent), ['100 %', '100 %', '50.0 %', '0.123 %', '0 %']);
});

test('places in texts count characters, and what lies over each other is marked once', () => {
    assert.deepEqual(cut('🙂 Ada Lovelace', [{ start: 6, end: 14, label: 'B' }, { start: 2, end: 5, label: 'A' }, { start: 3, end: 5, label: 'C' }, { start: 9, end: 99, label: 'D' }]),
        [{ text: '🙂 ', label: null }, { text: 'Ada', label: 'A' }, { text: ' ', label: null }, { text: 'Lovelace', label: 'B' }]);
    const long = '🙂'.repeat(5000);
    assert.equal(pieces(long).join(''), long);
    assert.ok(pieces(long).every((piece) => piece.length <= 3001 && piece.isWellFormed()));
});

test('tensors are held against what the graph takes', () => {
    const x = { name: 'x', datatype: 'INT64', shape: [-1, 2] };
    const given = flatten('f', [[1, 2], [3, 4]]);
    assert.deepEqual(tensorOf('f', x, given.shape, given.data, given.shape), { name: 'x', datatype: 'INT64', shape: [2, 2], data: [1, 2, 3, 4] });
    assert.deepEqual(tensorOf('f', x, [4], [1, 2, 3, 4], [2, 2]).shape, [2, 2], 'a list has the shape that was chosen');
    assert.equal(flatten('f', [[1], [2, 3]]).shape, null);
    for (const [shape, values, why] of [[[1, 3], [1, 2, 3], /has the shape \[1, 3\], and the input takes \[\?, 2\]/], [[3], [1, 2, 3], /There are 3 values, and \[2, 2\] takes 4/], [[2, 2], [1, 2, 3, 1.5], /Value 4 is 1\.5; INT64 takes whole numbers/],
        [[2, 2], [1, 2, 3, '4'], /Value 4 is "4"; INT64 takes numbers/], [[2, 2], [1, 2, 3, 2n ** 60n], /takes whole numbers from/]])
        assert.throws(() => tensorOf('f', x, shape, values, shape.length === 2 ? shape : [2, 2]), { message: why, field: 'f' });
    assert.throws(() => tensorOf('f', { ...x, datatype: 'FP32' }, [1, 2], [1, NaN], [1, 2]), /finite numbers in JSON/);
});

test('sounds are WAV files that others read', () => {
    const file = writeWav(Float32Array.of(0, 0.5, -1, 2), 16000);
    const { rate, samples } = readWav(Buffer.from(file));
    assert.deepEqual([rate, [...samples].map((one) => one.toFixed(3))], [16000, ['0.000', '0.500', '-1.000', '1.000']]);
    assert.deepEqual(samplesOf(file).map((one) => one.toFixed(3)), ['0.000', '0.500', '-1.000', '1.000']);
    assert.equal(loudest(Float32Array.of(0.1, -0.7)).toFixed(1), '0.7');
});

test('files are known by their first bytes, and too large ones refused', () => {
    const head = (text) => Uint8Array.from(Buffer.from(text.padEnd(12, '\0'), 'latin1'));
    assert.deepEqual(['\x89PNG\r\n\x1a\n', '\xff\xd8\xff\xe0', 'RIFF....WEBP', 'GIF89a', '<svg'].map((text) => pictureType(head(text))), ['image/png', 'image/jpeg', 'image/webp', '', '']);
    assert.deepEqual(['RIFF....WAVE', 'RIFX....WAVE', 'RF64....WAVE', 'fLaC', 'OggS', 'ID3', '\xff\xfb', '....ftypM4A ', '\x1aE\xdf\xa3', 'hello'].map((text) => soundType(head(text))),
        ['audio/wav', 'audio/wav', 'audio/wav', 'audio/flac', 'audio/ogg', 'audio/mpeg', 'audio/mpeg', 'audio/mp4', 'audio/webm', '']);
    assert.ok(Math.ceil(mostBytes() / 3) * 4 < 64 * 1024 * 1024);
    assert.throws(() => checkSize('f', { name: 'big.png', size: 300e6 }, mostBytes()), /“big\.png” has 300 MB\. The daemon accepts at most 50\.3 MB\./);
    assert.throws(() => checkSize('f', { name: 'none.png', size: 0 }, mostBytes()), /is empty/);
});

test('why a microphone cannot be used is a sentence', () => {
    for (const [name, why] of [['NotAllowedError', /does not allow/], ['NotFoundError', /There is no microphone/], ['NotReadableError', /another program/], ['OddError', /cannot be used: odd/]])
        assert.match(reasonOf(new DOMException('odd', name)), why);
});

/* --- in Chromium ------------------------------------------------------------------------------ */

const withConsole = consoles('main');

const picture = { name: 'disc.png', mimeType: 'image/png', buffer: disc(64).bytes };
const sound = { name: 'chirp.wav', mimeType: 'audio/wav', buffer: chirp().bytes };
const mask = [...png(64, 64, (x) => [x < 32 ? 255 : 0])];
const label = { label: HOSTILE, index: 0, probability: 0.5 };
const bytes = (name, data) => ({ name, datatype: 'UINT8', shape: [data.length], data });
const wav = [...chirp().bytes];
/** By task: the fields, and an answer with a text from outside wherever there may be one. @type {Record<string, {fields: Record<string, any>, answer: object, model?: object}>} */
const FORMS = {
    'text-classification': { fields: { text: 'a' }, answer: { result: { labels: [label, { ...label, label: 'no' }] } } },
    'zero-shot-classification': { fields: { text: 'a', labels: `x\n${HOSTILE}` }, answer: { result: { labels: [label] } } },
    'token-classification': { fields: { text: `Ada ${HOSTILE}` }, answer: { result: { entities: [{ entity: HOSTILE, score: 0.9, start: 0, end: 3, word: HOSTILE }, { entity: 'B', score: 0.9, start: 4, end: 5000, word: 'x' }] } } },
    'fill-mask': { fields: { text: 'a [MASK]' }, answer: { result: { masks: [[{ token: 1, token_text: HOSTILE, probability: 0.5, text: HOSTILE }], []] } } },
    'question-answering': { fields: { question: 'who?', context: `Ada ${HOSTILE}` }, answer: { result: { answers: [{ answer: HOSTILE, score: 0.5, start: 4, end: 4000 }] } } },
    rerank: { fields: { query: 'a', documents: `x\n${HOSTILE}` }, answer: { result: { scores: [-1.5, 3] } } },
    embed: { fields: { text: `x\n${HOSTILE}` }, answer: { outputs: [{ name: 'embeddings', datatype: 'FP32', shape: [2, 2], data: [1, 0, 1, 1] }], result: { usage: { prompt_tokens: 2 } } } },
    'image-classification': { fields: { image: picture }, answer: { result: { labels: [label] } } },
    'object-detection': { fields: { image: picture }, answer: { result: { boxes: [{ label: HOSTILE, score: 0.9, box: { xmin: 4, ymin: 30, xmax: 40, ymax: 60 } }, { label: 'b', score: 0.5, box: { xmin: -5, ymin: -5, xmax: 900, ymax: 900 } }] } } },
    'image-segmentation': { fields: { image: picture }, answer: { outputs: [bytes('mask_0', mask)], result: { segments: [{ label: HOSTILE, score: 0.9, mask: 'mask_0' }] } } },
    'depth-estimation': { fields: { image: picture }, answer: { outputs: [bytes('depth', mask), { name: 'predicted_depth', datatype: 'FP32', shape: [1, 2], data: [0.5, 7] }], result: { width: 64, height: 64 } } },
    'document-question-answering': { fields: { image: picture, question: 'what?' }, answer: { result: { answers: [{ answer: HOSTILE, score: 1 }] } } },
    'automatic-speech-recognition': { fields: { audio: sound }, answer: { result: { text: HOSTILE, language: HOSTILE, duration: 0.9, segments: [{ start: 0, end: null, text: HOSTILE }] } } },
    'audio-classification': { fields: { audio: sound }, answer: { result: { labels: [label] } } },
    'text-to-speech': { fields: { text: HOSTILE }, answer: { outputs: [bytes('audio', wav)], result: { sampling_rate: 16000, duration: 0.9 } } },
    tensors: { fields: { seed: '1' }, model: { type: 'vision', inputs: [{ name: HOSTILE, datatype: 'FP32', shape: [-1, 3] }, { name: 'ids', datatype: 'INT64', shape: null }] },
        answer: { outputs: [{ name: HOSTILE, datatype: 'BYTES', shape: [1], data: [HOSTILE] }, { name: 'y', datatype: 'FP32', shape: [2], data: [1, 'NaN'] }] } },
};

/** Opens the form of a task at a stand-in that has a model for it. */
async function open({ service, go }, task) {
    service.objects['model/one'] = { name: 'one', type: 'vision', format: 'huggingface', bytes: 1000, loaded: [], ...(task === 'tensors' ? FORMS.tensors.model : { tasks: [task] }) };
    service.infer = ({ done }) => done(FORMS[task].answer);
    await go('now');
    await go('try/one');
}

/** Fills the fields and runs. */
async function ask({ tab }, fields) {
    for (const [name, value] of Object.entries(fields)) {
        if (typeof value === 'string') await tab.fill(`#try-${name}`, value);
        else await tab.setInputFiles(`#try-${name}`, value);
        if (typeof value !== 'string') await tab.waitForSelector(`.drop:has(#try-${name})[data-state=ready]`);
    }
    await tab.locator('form.try button', { hasText: 'Run' }).click();
    await tab.waitForSelector('.run[data-state=done] .answer');
}

for (const [colorScheme, width] of [['light', 1280], ['dark', 400]])
    test(`answers of hostile text are shown as text, and nobody is kept out: ${colorScheme}, ${width} px`, () => withConsole({ text: '' }, async (on) => {
        const { tab, text } = on;
        await tab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await tab.setViewportSize({ width, height: 900 });
        await tab.addInitScript(() => { window.urls = 0; for (const [name, step] of [['createObjectURL', 1], ['revokeObjectURL', -1]]) { const real = URL[name]; URL[name] = (one) => { window.urls += step; return real.call(URL, one); }; } });
        for (const [task, { fields }] of Object.entries(FORMS)) {
            await open(on, task);
            await ask(on, fields);
            if (/segmentation|depth/.test(task)) await tab.waitForSelector('.run canvas');
            if (!/depth|speech$/.test(task)) assert.match(await text(), /<img src=x onerror/, task);
            assert.equal(await tab.locator('main img, main script, main iframe').count(), 0, task);
            assert.equal(await tab.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${task} scrolls sideways`);
            assert.deepEqual(await keepsOut(tab, 'main'), [], task);
        }
        await on.go('now');
        assert.equal(await tab.evaluate(() => window.urls), 0, 'addresses of blobs are given back');
    }));

const said = (tab, pattern) => tab.waitForFunction((source) => new RegExp(source).test(document.querySelector('main').innerText), pattern.source);

test('a picture that is too large is refused before it is read, and what is no picture is said so', () => withConsole({}, async (on) => {
    const { tab, service } = on, file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-big-')), 'big.png');
    fs.closeSync(fs.openSync(file, 'w'));
    fs.truncateSync(file, 300_000_000);
    await tab.addInitScript(() => {
        window.reads = [];
        for (const name of ['arrayBuffer', 'slice', 'stream', 'text']) { const real = Blob.prototype[name]; Blob.prototype[name] = function (...given) { window.reads.push(name); return real.apply(this, given); }; }
        const decode = window.createImageBitmap;
        window.createImageBitmap = (...given) => { window.reads.push('decoded'); return decode(...given); };
    });
    await open(on, 'image-classification');
    await tab.setInputFiles('#try-image', file);
    fs.rmSync(path.dirname(file), { recursive: true });
    await said(tab, /“big\.png” has 300 MB\. The daemon accepts at most 50\.3 MB\./);
    assert.deepEqual(await tab.evaluate(() => window.reads), []);
    await tab.setInputFiles('#try-image', { name: `no ${'<b>'}.png`, mimeType: 'image/png', buffer: Buffer.from('hello') });
    await said(tab, /“no <b>\.png” is no picture that this browser can read\./);
    await tab.locator('form.try button', { hasText: 'Run' }).click();
    await tab.waitForSelector('#wrong');
    assert.ok(!service.seen.some(({ path: asked }) => asked === '/v1/infer'));
}));

test('a picture is pasted, or dropped, and one of another kind becomes a PNG', () => withConsole({}, async (on) => {
    const { tab, service } = on;
    await open(on, 'image-classification');
    const give = (kind) => tab.evaluate(async (event) => {
        const pen = Object.assign(document.createElement('canvas'), { width: 8, height: 5 });
        pen.getContext('2d').fillRect(0, 0, 3, 3);
        const blob = await new Promise((resolve) => pen.toBlob(resolve, 'image/png'));
        const transfer = new DataTransfer();
        transfer.items.add(new File([blob], `${event}ed.png`, { type: 'image/png' }));
        const made = event === 'paste' ? new ClipboardEvent(event, { clipboardData: transfer, bubbles: true, cancelable: true }) : new DragEvent(event, { dataTransfer: transfer, bubbles: true, cancelable: true });
        document.querySelector('.drop').dispatchEvent(made);
        return made.defaultPrevented;
    }, kind);
    assert.equal(await give('paste'), true);
    await said(tab, /pasteed\.png, 8 × 5 pixels/);
    assert.equal(await give('drop'), true);
    await said(tab, /droped\.png, 8 × 5 pixels/);
    const bmp = Buffer.from('424d3a0000000000000036000000280000000100000001000000010018000000000004000000130b0000130b000000000000000000000000ff00', 'hex');
    await tab.setInputFiles('#try-image', { name: 'dot.bmp', mimeType: 'image/bmp', buffer: bmp });
    await said(tab, /dot\.bmp, 1 × 1 pixels/);
    await ask(on, {});
    const { image } = service.seen.find(({ body }) => body).body.inputs;
    assert.equal(pictureType(Buffer.from(image, 'base64')), 'image/png');
}));

test('a file that is no sound is said so, and so is a microphone that is not there', () => withConsole({}, async (on) => {
    const { tab } = on;
    await open(on, 'audio-classification');
    await tab.setInputFiles('#try-audio', { name: 'no.wav', mimeType: 'audio/wav', buffer: Buffer.from('hello, this is no sound') });
    await said(tab, /“no\.wav” is no sound that this browser can read\./);
    await tab.locator('button', { hasText: 'Use the microphone' }).click();
    await tab.waitForSelector('[data-microphone=failed]');
    await said(tab, /does not allow this page to use the microphone|There is no microphone/);
}));
