// tier: full
/**
 * The console's forms in Chromium against the real daemon: each gets, by its fields alone, the answer that the
 * API gives to the same input.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { percent } from '../../page/src/console/playground/answer/bars.js';
import { commandsOf } from '../../page/src/console/playground/code.js';
import { cosines, figuresOf, rowsOf, short, valuesOf } from '../../page/src/console/playground/numbers.js';
import { randomOf, randomValues } from '../../page/src/console/playground/random.js';
import { bodyOf } from '../../page/src/console/playground/request.js';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putFamilies } from '../lib/families.mjs';
import { values } from '../lib/kserve.mjs';
import { chirp, disc } from '../lib/media.mjs';
import { graph, model, node, value } from '../lib/onnx.mjs';
import { ownModels, root, sharedModels } from '../lib/paths.mjs';
import { readWav } from '../lib/read-media.mjs';
import { launch, noteViolations } from '../page/support/browser.mjs';

const TEXT = 'The red fox sees a small dog in the forest.';
const LABELS = ['a dog', 'a red fox', 'river'];
/** Of ONNX. */
const FLOAT16 = 10;
const COLOURS = ['red', 'green', 'blue', 'orange', 'purple', 'teal', 'brown', 'olive'];
const HOSTILE = '<img src=x onerror="alert(1)"></script>';
const WORD = path.join(ownModels, 'keywords/samples/left.wav');
const FAMILIES = ['bert', 'bert-classes', 'bert-pairs', 'bert-nli', 'bert-tags', 'bert-mask', 'bert-qa', 'bart', 'vit', 'vit-features', 'detr', 'segformer',
    'depth', 'clip', 'vit-gpt2', 'llava', 'donut', 'wav2vec2', 'whisper', 'ast', 'clap', 'vits'];
const picture = { name: 'disc.png', mimeType: 'image/png', buffer: disc(64).bytes };
const sound = { name: 'chirp.wav', mimeType: 'audio/wav', buffer: chirp().bytes };
const loud = { name: 'loud.wav', mimeType: 'audio/wav', buffer: chirp(48000, 0.8).bytes };
/** @type {Daemon} */
let daemon;
let browser, tab, close;
const problems = [];
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['digits', 'nest', 'rows', 'wide', ...(sharedModels ? ['op_einsum_batch_matmul'] : [])] });
    putFamilies(daemon.store, FAMILIES);
    fs.mkdirSync(path.join(daemon.store, 'half'));
    fs.writeFileSync(path.join(daemon.store, 'half/model.onnx'), model(graph('half', { nodes: [node('Identity', ['x'], ['y'])], inputs: [value('x', FLOAT16, ['n'])], outputs: [value('y', FLOAT16, ['n'])] })));
    fs.cpSync(path.join(ownModels, 'keywords'), path.join(daemon.store, 'keywords'), { recursive: true });
    [browser] = await Promise.all([launch({ flags: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${WORD}`] }),
        daemon.start()]);
    ({ tab, close } = await browser.openTab(problems));
    await noteViolations(tab);
    tab.on('dialog', (dialog) => {
        problems.push(`a dialog: ${dialog.message()}`);
        void dialog.dismiss();
    });
});
after(async () => {
    await close?.();
    await browser?.close();
    await daemon.stop();
});

/** Opens a form at Chrome's WASM, which computes the same each time. */
async function open(model, task = '', at = ['chrome/wasm']) {
    const query = [task && `task=${task}`, ...at.map((one) => `at=${one}`)].filter(Boolean).join('&');
    await tab.goto(`${daemon.url}/#/`);
    await tab.goto(`${daemon.url}/#/try/${model}?${query}`);
    await tab.waitForSelector(`main[data-view=try][data-state=filled][data-address="#/try/${model}?${query}"] form.try`);
}

/** Fills fields, runs, and gives what was sent and how it was answered. @param {Record<string, any>} fields by name: texts, files */
async function ask(fields, options = {}) {
    for (const [name, value] of Object.entries(fields)) {
        const field = tab.locator(`#try-${name}`);
        if (typeof value === 'string') await field.fill(value);
        else await field.setInputFiles(value);
        if (typeof value !== 'string') await tab.waitForSelector(`.drop:has(#try-${name})[data-state=ready]`);
    }
    for (const [name, value] of Object.entries(options)) {
        const field = tab.locator(`#option-${name}`);
        await field.waitFor({ state: 'attached' }); // the daemon has described itself
        await tab.evaluate(() => document.querySelectorAll('details.options, details.options details').forEach((one) => { one.open = true; }));
        await (await field.evaluate(({ tagName }) => tagName) === 'SELECT' ? field.selectOption(value) : field.fill(String(value)));
    }
    return run();
}

async function run() {
    const [request] = await Promise.all([
        tab.waitForRequest((one) => one.url().endsWith('/v1/infer') && one.method() === 'POST'), tab.locator('form.try button', { hasText: 'Run' }).click()]);
    await tab.waitForFunction(() => {
        const runs = [...document.querySelectorAll('.run')];
        return runs.length > 0 && runs.every(({ dataset }) => ['done', 'failed'].includes(dataset.state));
    });
    assert.deepEqual(await tab.evaluate(() => [...document.querySelectorAll('.run[data-state=failed]')].map(({ innerText }) => innerText)), []);
    return request.postDataJSON();
}

/** The cells of a table in the answers, row by row. */
const rows = (caption) => tab.evaluate((wanted) => {
    const table = [...document.querySelectorAll('.run table')].find((one) => one.caption.textContent === wanted);
    return table && [...table.tBodies[0].rows].map(({ cells }) => [...cells].map(({ textContent }) => textContent));
}, caption);
const said = () => tab.evaluate(() => document.querySelector('.run .answer').innerText);

/** What the API answers to what was to be sent, which was sent. */
async function expected(sent, { model, task, inputs, options }) {
    const body = { model_name: model, ...(task && { task }), inputs, ...(options && { options }), browser: 'chrome', platform: 'wasm', fallback: false };
    assert.deepEqual(sent, body);
    return daemon.answer(body);
}
const base64 = ({ buffer }) => buffer.toString('base64');
const asBars = (labels) => labels.map(({ label, probability }) => [label, '', percent(probability)]);

const reading = [
    { model: 'bert-classes', task: 'text-classification', fields: { text: TEXT }, inputs: TEXT,
        check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
    { model: 'bert-classes', task: 'text-classification', fields: { text: TEXT, text_pair: 'a good dog' }, inputs: { text: TEXT, text_pair: 'a good dog' },
        check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
    { model: 'bert-nli', task: 'zero-shot-classification', fields: { text: TEXT, labels: [...LABELS, HOSTILE].join('\n') }, inputs: { text: TEXT, labels: [...LABELS, HOSTILE] },
        check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
    { model: 'bert-tags', task: 'token-classification', fields: { text: TEXT }, inputs: TEXT, async check({ result }) {
        assert.deepEqual(await rows('What was found in the text'), result.entities.map(({ word, entity, score, start, end }) => [word, entity, percent(score), String(start), String(end)]));
        const marks = await tab.evaluate(() => [...document.querySelectorAll('.marked mark')].map((one) => one.firstChild.textContent));
        assert.ok(marks.length > 0 && marks.every((mark) => TEXT.includes(mark)), String(marks));
        assert.equal(marks[0], [...TEXT].slice(result.entities[0].start, result.entities[0].end).join(''));
    } },
    { model: 'bert-mask', task: 'fill-mask', fields: { text: 'the [MASK] sees a dog' }, inputs: 'the [MASK] sees a dog', options: { top: 3 },
        check: async ({ result }) => assert.deepEqual(await rows('Words for gap 1'), result.fills.map(({ token_text: word, text, probability }) => [word + text, '', percent(probability)])) },
    { model: 'bert-qa', task: 'question-answering', fields: { question: 'who sees?', context: TEXT }, inputs: { question: 'who sees?', context: TEXT },
        check: async ({ result }) => assert.deepEqual(await rows('Answers'), result.answers.map(({ answer, score }) => [answer, '', short(score)])) },
    { model: 'nest', task: 'embed', fields: { text: 'a river\nthe sea' }, inputs: ['a river', 'the sea'], async check({ outputs: [vectors] }) {
        const [[, near]] = cosines(rowsOf(vectors));
        assert.deepEqual(await rows('Cosines of each text with each'), [['1. a river', '1.000', near.toFixed(3)], ['2. the sea', near.toFixed(3), '1.000']]);
    } },
    { model: 'bert-pairs', task: 'rerank', fields: { query: 'fox', documents: `${TEXT}\na bad river` }, inputs: { query: 'fox', documents: [TEXT, 'a bad river'] },
        async check({ result: { scores } }) {
            const order = scores.map((_, i) => i).sort((one, other) => scores[other] - scores[one]);
            assert.deepEqual(await rows('Documents, the best first'), order.map((i) => [`${i + 1}. ${[TEXT, 'a bad river'][i]}`, '', short(scores[i])]));
        } },
];
for (const { model, task, fields, inputs, options, check } of reading)
    test(`${task} by ${model}${inputs.text_pair ? ' of two texts' : ''}: the same as by the API`, async () => {
        await open(model, task);
        const sent = await ask(fields, options);
        await check(await expected(sent, { model, task, inputs, options }));
    });

test('embed: cosines of each with each, and how far two places are apart', async () => {
    await open('bert', 'embed', ['chrome/wasm', 'chrome/webgpu']);
    const texts = [TEXT, 'hello', 'a good dog'];
    await ask({ text: texts.join('\n') });
    const { outputs: [vectors] } = await daemon.answer({ model_name: 'bert', task: 'embed', inputs: texts, browser: 'chrome', platform: 'wasm', fallback: false });
    const matrix = cosines(rowsOf(vectors));
    assert.deepEqual(await rows('Cosines of each text with each'), texts.map((text, i) => [`${i + 1}. ${text}`, ...matrix[i].map((value) => value.toFixed(3))]));
    assert.match(await tab.evaluate(() => [...document.querySelectorAll('table')].at(-1).innerText), /1 − cosine is/);
});

const seeing = [
    { model: 'vit', task: 'image-classification', check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
    { model: 'digits', task: 'image-classification', check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
    { model: 'clip', task: 'zero-shot-image-classification', fields: { labels: LABELS.join('\n') }, beside: { labels: LABELS },
        check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
    { model: 'detr', task: 'object-detection', options: { threshold: 0.2 }, async check({ result }) {
        assert.ok(result.boxes.length > 0, 'nothing to draw');
        assert.deepEqual(await rows('Boxes, in pixels of the picture'), result.boxes.map(({ label, score, box }, i) =>
            [String(i + 1), COLOURS[i % COLOURS.length], label, percent(score), ...[box.xmin, box.ymin, box.xmax, box.ymax].map((edge) => String(Math.round(edge)))]));
        assert.ok(await isPainted());
    } },
    { model: 'segformer', task: 'image-segmentation', async check({ result }) {
        await tab.waitForSelector('.run canvas');
        const shown = await rows('Segments');
        assert.deepEqual(shown.map(([number, colour, label]) => [number, colour, label]), result.segments.map(({ label }, i) => [String(i + 1), COLOURS[i], label]));
        assert.ok(await isPainted());
    } },
    { model: 'depth', task: 'depth-estimation', async check({ result, outputs }) {
        await tab.waitForSelector('.run canvas');
        const { min, max } = figuresOf(valuesOf(outputs.find(({ name }) => name === 'predicted_depth')));
        for (const text of [`${result.width} × ${result.height} pixels`, short(min), short(max)]) assert.ok((await said()).includes(text), text);
        assert.ok(await isPainted());
    } },
    { model: 'vit-features', task: 'image-feature-extraction', async check({ outputs: [{ name, shape }] }) {
        const [[shown]] = await rows('Outputs');
        assert.equal(shown, `${name}FP32 [${shape.join(', ')}]`);
    } },
    { model: 'vit-gpt2', task: 'image-to-text', options: { temperature: 0, max_tokens: 12 }, check: async ({ result }) => assert.equal(plainOf(await said()), plainOf(result.text)) },
    { model: 'llava', task: 'visual-question-answering', fields: { question: 'What is it?' }, beside: { question: 'What is it?' }, options: { temperature: 0, max_tokens: 8 },
        check: async ({ result }) => assert.equal(plainOf(await said()), plainOf(result.text)) },
    { model: 'donut', task: 'document-question-answering', fields: { question: 'What is it?' }, beside: { question: 'What is it?' },
        check: async ({ result }) => assert.deepEqual(await rows('Answers') ?? [], result.answers.map(({ answer, score }) => [answer, '', short(score)])) },
];
const plainOf = (text) => text.replace(/\s+/g, ' ').trim();
/** Whether there are several colours on the canvas of the answer. */
const isPainted = () => tab.evaluate(() => {
    const canvas = document.querySelector('.run canvas');
    return new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size > 2;
});
for (const { model, task, fields = {}, beside = {}, options, check } of seeing)
    test(`${task} by ${model}: the same as by the API`, async () => {
        await open(model, task);
        const sent = await ask({ image: picture, ...fields }, options);
        await check(await expected(sent, { model, task, inputs: { ...beside, image: base64(picture) }, options }));
    });

const hearing = [
    { model: 'wav2vec2', task: 'automatic-speech-recognition', file: sound, check: async ({ result }) => assert.ok((await said()).includes(plainOf(result.text) || 'The model recognised no words.')) },
    { model: 'whisper', task: 'automatic-speech-recognition', file: sound, options: { timestamps: 'segment' }, async check({ result }) {
        assert.deepEqual(await rows('Text with times') ?? [], result.segments.map(({ start, end, text }) => [start, end].map((one) => (one === null ? '–' : `${one.toFixed(2)} s`)).concat(text)));
    } },
    { model: 'ast', task: 'audio-classification', file: sound, check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
    { model: 'clap', task: 'zero-shot-audio-classification', file: loud, fields: { labels: LABELS.join('\n') }, beside: { labels: LABELS },
        check: async ({ result }) => assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels)) },
];
for (const { model, task, file, fields = {}, beside = {}, options, check } of hearing)
    test(`${task} by ${model}: the same as by the API`, async () => {
        await open(model, task);
        const sent = await ask({ audio: file, ...fields }, options);
        await check(await expected(sent, { model, task, inputs: { ...beside, audio: base64(file) }, options }));
    });

test('the microphone is heard, and the model knows the word', async () => {
    await open('keywords', 'audio-classification');
    await tab.locator('button', { hasText: 'Use the microphone' }).click();
    await tab.waitForFunction(() => Number(/([\d.]+) s recorded/.exec(document.querySelector('[data-microphone=on]')?.textContent ?? '')?.[1]) >= 1);
    await tab.locator('button', { hasText: 'Stop the microphone' }).click();
    await tab.waitForSelector('.drop[data-state=ready] audio');
    const sent = await run();
    const { rate, samples } = readWav(Buffer.from(sent.inputs.audio, 'base64'));
    assert.equal(rate, 16000);
    assert.ok(samples.length >= 16000 && samples.some((sample) => Math.abs(sample) > 0.05), 'nothing was heard');
    const { result } = await expected(sent, { model: 'keywords', task: 'audio-classification', inputs: { audio: sent.inputs.audio } });
    assert.deepEqual(await rows('Labels and their probabilities'), asBars(result.labels));
    assert.equal(result.labels[0].label, 'left');
});

test('text-to-speech: a player, and the file of the API', async () => {
    await open('vits', 'text-to-speech');
    const sent = await ask({ text: 'Hello world.' });
    const { outputs: [{ values }], result } = await expected(sent, { model: 'vits', task: 'text-to-speech', inputs: 'Hello world.' });
    await tab.waitForFunction((seconds) => Math.abs(document.querySelector('.run audio').duration - seconds) < 0.01, result.duration);
    const [download] = await Promise.all([tab.waitForEvent('download'), tab.locator('button', { hasText: 'Save the sound' }).click()]);
    assert.deepEqual(fs.readFileSync(await download.path()), Buffer.from(values));
});

/** How outputs are shown. */
const asTable = (outputs) => outputs.map((output) => {
    const { min, max, mean } = figuresOf(valuesOf(output));
    return [`${output.name}${output.datatype} [${output.shape.join(', ')}]`, ...[min, max, mean].map(short)];
});
const assertOutputs = async ({ outputs }) =>
    assert.deepEqual((await rows('Outputs')).map(([name, , ...figures]) => [name, ...figures.slice(0, 3)]), asTable(outputs));
/** Runs what cannot be run, and waits until it is said why. @param {RegExp} why */
async function refused(why) {
    await tab.locator('form.try button', { hasText: 'Run' }).click();
    await tab.waitForFunction((text) => new RegExp(text).test(document.getElementById('wrong')?.textContent ?? ''), why.source);
}

test('a graph: JSON, with its error by line and column', async () => {
    await open('rows');
    await tab.selectOption('#try-input-0-by', 'json');
    await tab.fill('#try-input-0-json', '[[1, 2, 3, 4],\n [5, 6,, 7, 8]]');
    await refused(/line 2, column 8 has “,”/);
    await tab.fill('#try-input-0-json', '[[1, 2, 3], [4, 5, 6]]');
    await refused(/shape \[2, 3\], and the input takes \[\?, 4\]/);
    const sent = await ask({ 'input-0-json': '[[1, 2, 3, 4], [5, 6.5, -7, 8]]' });
    await assertOutputs(await expected(sent, { model: 'rows', inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 4], data: [1, 2, 3, 4, 5, 6.5, -7, 8] }] }));
});

test('a graph: a .npy file, and what is none', async () => {
    await open('rows');
    await tab.selectOption('#try-input-0-by', 'npy');
    await tab.setInputFiles('#try-input-0-npy', { name: 'no.npy', mimeType: 'application/octet-stream', buffer: Buffer.from('no') });
    await tab.waitForSelector('.drop:has(#try-input-0-npy)[data-state=failed]');
    await refused(/This is not a \.npy file/);
    const sent = await ask({ 'input-0-npy': { name: 'x.npy', mimeType: 'application/octet-stream', buffer: npy("'<f8', 'fortran_order': True, 'shape': (2, 4)", new Float64Array([1, 5, 2, 6, 3, 7, 4, 8])) } });
    await assertOutputs(await expected(sent, { model: 'rows', inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 4], data: [1, 2, 3, 4, 5, 6, 7, 8] }] }));
});

/** A file of NumPy, of version 1. */
function npy(head, values) {
    const text = `{'descr': ${head}, }\n`, size = Buffer.alloc(2);
    size.writeUInt16LE(text.length);
    return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), size, Buffer.from(text), Buffer.from(values.buffer)]);
}

test('a graph: random numbers by a seed, with a size for what is free', async () => {
    await open('rows');
    const sent = await ask({ seed: '7', 'input-0-size-0': '3', 'input-0-low': '-1' });
    await assertOutputs(await expected(sent, { model: 'rows', inputs: [{ name: 'x', datatype: 'FP32', shape: [3, 4], data: randomValues('FP32', 12, -1, 1, randomOf(7)) }] }));
});

/** What a copied command writes, run in a folder of its own. */
function written(program, args, input) {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: daemon.folder, input, encoding: 'utf8', env: { PATH: process.env.PATH, PYTHONPATH: path.join(root, 'sdk/python') } });
    assert.equal(status, 0, stderr.slice(-2000));
    return stdout;
}
const commands = (body) => commandsOf({ body }, { url: daemon.url, token: false }).map(({ text }) => text);

test('the commands of a graph bring its outputs', async () => {
    const body = bodyOf({ model: 'rows', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, -3.5, 0] }], at: { browser: 'chrome', platform: 'wasm' } });
    const { outputs: [{ data }] } = await daemon.answer(body), [curl, python, javascript] = commands(body);
    assert.deepEqual(JSON.parse(written('bash', [], curl)).outputs[0].data, data);
    assert.deepEqual(JSON.parse(written(process.execPath, ['--input-type=module', '-'], javascript)).outputs[0].data, data);
    assert.deepEqual(JSON.parse(/y \(1, 3\) (.*)/.exec(written('python3', ['-'], python))[1]).flat().map(Math.fround), data.map(Math.fround));
});

test('a graph of 16-bit floats is asked in binary, also by the copied commands', async () => {
    await open('half');
    await tab.selectOption('#try-input-0-by', 'json');
    await tab.fill('#try-input-0-size-0', '3');
    await tab.fill('#try-input-0-json', '[1, -0.1, 65504]');
    const [request] = await Promise.all([tab.waitForRequest((one) => one.url().endsWith('/v1/infer')), tab.locator('form.try button', { hasText: 'Run' }).click()]);
    assert.equal(request.headers()['content-type'], 'application/octet-stream');
    await tab.waitForSelector('.run[data-state=done]');
    const half = -0.0999755859375;
    assert.deepEqual(await rows('Outputs'), [['yFP16 [3]', '3', short(half), '65504', short((65504 + 1 + half) / 3), '0', `1, ${short(half)}, 65504`]]);
    const body = bodyOf({ model: 'half', inputs: [{ name: 'x', datatype: 'FP16', shape: [3], data: [1, -0.1, 65504] }], parameters: { binary_data_output: true } });
    const [curl, python, javascript] = commands(body);
    const head = Number(/inference-header-content-length: (\d+)/i.exec(written('bash', [], curl))[1]);
    const bytes = fs.readFileSync(path.join(daemon.folder, 'answer.bin')).subarray(head);
    assert.deepEqual(values('FP16', bytes), [1, half, 65504]);
    assert.deepEqual(JSON.parse(written(process.execPath, ['--input-type=module', '-'], javascript)).outputs[0].shape, [3]);
    assert.match(written('python3', ['-'], python), /^y \(3,\)/m);
});

test('a graph of a million outputs: two places are compared', async () => {
    await open('wide', '', ['chrome/wasm', 'chrome/webgpu']);
    await ask({ seed: '3' });
    assert.deepEqual(await tab.evaluate(() => [...document.querySelectorAll('.run')].map(({ dataset }) => dataset.at)), ['chrome/wasm', 'chrome/webgpu']);
    assert.match(await tab.evaluate(() => [...document.querySelectorAll('table')].at(-1).innerText), /y (?:is equal|: the largest difference is)/);
});

test('a shared case: random numbers for each of its inputs, and two places are compared', { skip: sharedModels ? false : 'there are no shared models: WEBINFER_CASES names them' }, async () => {
    await open('op_einsum_batch_matmul');
    const sent = await ask({ seed: '1' });
    assert.deepEqual(sent.inputs.map(({ name, datatype, shape }) => [name, datatype, shape]), [['x', 'FP64', [5, 2, 3]], ['y', 'FP64', [5, 3, 4]]]);
    await assertOutputs(await expected(sent, { model: 'op_einsum_batch_matmul', inputs: sent.inputs }));
});

test('nothing was wrong with the page', () => assert.deepEqual(problems, []));
