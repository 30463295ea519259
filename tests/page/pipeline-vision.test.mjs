// tier: full
/** The tasks with pictures, in Node, against transformers.js' own pipelines on native onnxruntime. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { throwIfCancelled } from '../../page/src/engine/failure.js';
import { resample } from '../../page/src/pipeline/image/resample.js';
import { permuted } from '../../page/src/pipeline/permute.js';
import { disc } from '../lib/media.mjs';
import { library, tolerances } from '../lib/oracle.mjs';
import { picture as pictures } from '../lib/picture.mjs';
import { decodePng } from '../lib/read-media.mjs';
import { folderOf, modelOf, oracle, withChanged } from './support/families.mjs';
import { engineOf, filesIn, loaded, outcomeOf, runOf, taskOf } from './support/library.mjs';
import { carried, pictureFile } from './support/pictures.mjs';

const input = { image: { tensor: 0, media_type: 'image/png' } };
const run = async (name, task, picture, options = {}, more = {}) =>
    outcomeOf(await modelOf(name), task, { ...input, ...more }, options, pictureFile(picture));

/** A picture as our arithmetic scales it. */
function scaled(picture, side) {
    const rgb = resample({ ...picture, data: picture.rgb, channels: 3 }, side, side, 'bilinear');
    return { width: side, height: side, rgb };
}

const values = ({ bytes }) => new Float32Array(bytes.slice().buffer);
const tensorOf = ({ tensors }, name) => tensors.find((one) => one.name === name);
const pngOf = (outcome, name) => decodePng(Buffer.from(tensorOf(outcome, name).bytes));

function assertClose(actual, expected, within = tolerances.fp32) {
    assert.equal(actual.length, expected.length);
    const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
    assert.ok(worst <= within, `${worst} away`);
}

function assertLabels(actual, expected) {
    assert.deepEqual(actual.map(({ label }) => label), expected.map(({ label }) => label));
    assertClose(actual.map(({ probability }) => probability), expected.map(({ probability }) => probability));
}

test('a picture is of a class, also one that has to be scaled', async () => {
    const { result, precision } = await run('vit', 'image-classification', disc());
    const { result: expected } = await oracle.answer('vit', 'image-classification', { picture: disc() });
    assertLabels(result.labels, expected.labels);
    assert.equal(precision, 'fp32');
    const { result: large } = await run('vit', 'image-classification', disc(97), { top: 2 });
    const { result: small } = await oracle.answer('vit', 'image-classification',
        { picture: scaled(disc(97), 32) }, { top: 2 });
    assertLabels(large.labels, small.labels);
});

test('a picture is a vector', async () => {
    const outcome = await run('vit-features', 'image-feature-extraction', disc());
    const { tensors: { embeddings } } =
        await oracle.answer('vit-features', 'image-feature-extraction', { picture: disc() });
    const size = embeddings.shape.at(-1);
    assert.deepEqual(tensorOf(outcome, 'embeddings').shape, [1, size]);
    assertClose(values(tensorOf(outcome, 'embeddings')), embeddings.values.slice(0, size));
    const projected = await run('clip', 'image-feature-extraction', disc());
    const norm = Math.hypot(...values(tensorOf(projected, 'embeddings')));
    assert.ok(Math.abs(norm - 1) < 1e-4);
});

test('things are found in a picture', async () => {
    const { result } = await run('detr', 'object-detection', disc(), { threshold: 0.2 });
    const { result: expected } =
        await oracle.answer('detr', 'object-detection', { picture: disc() }, { threshold: 0.2 });
    assert.ok(expected.boxes.length > 0);
    assert.equal(result.boxes.length, expected.boxes.length);
    for (const [i, { label, score, box }] of result.boxes.entries()) {
        assert.equal(label, expected.boxes[i].label);
        assertClose([score], [expected.boxes[i].score]);
        assertClose(Object.values(box), Object.values(expected.boxes[i].box), 1);
        assert.deepEqual(Object.keys(box), ['xmin', 'ymin', 'xmax', 'ymax']);
    }
});

test('things are found whose classes are each judged by themselves, whether these have names or not', async () => {
    const find = (model) => outcomeOf(model, 'object-detection', input, { threshold: 0.2 }, pictureFile(disc()));
    const { result: { boxes } } = await find(await modelOf('rt-detr'));
    const { id2label: names } = (await modelOf('rt-detr')).config;
    const nameless = { 'config.json': { id2label: undefined, label2id: undefined } };
    const { result: { boxes: found } } = await withChanged('rt-detr', nameless, find);
    assert.ok(found.length > 0);
    assert.deepEqual(found.map(({ label, ...box }) => ({ label: names[label.replace('LABEL_', '')], ...box })), boxes);
});

/** @param {any} outcome @param {any} expected of the oracle @param {number} apart share of pixels */
function assertSegments({ result, tensors }, expected, apart) {
    assert.ok(expected.masks.length > 0);
    const labelsOf = ({ segments }) => segments.map(({ label }) => label);
    assert.deepEqual(labelsOf(result), labelsOf(expected.result));
    for (const [i, { mask }] of result.segments.entries()) {
        const { width, height, pixels } = pngOf({ tensors }, mask);
        assert.deepEqual([width, height], [expected.masks[i].width, expected.masks[i].height]);
        const other = pixels.filter((grey, at) => Math.abs(grey - expected.masks[i].grey[at]) > 1).length;
        assert.ok(other <= apart * pixels.length, `${other} of ${pixels.length} pixels`);
    }
}

test('a picture falls into segments', async () => {
    assertSegments(await run('segformer', 'image-segmentation', disc()),
        await oracle.answer('segformer', 'image-segmentation', { picture: disc() }), 0.001);
    const panoptic = await run('detr-panoptic', 'image-segmentation', disc(), { threshold: 0.2 });
    assertSegments(panoptic, await oracle.answer('detr-panoptic', 'image-segmentation', { picture: disc() },
        { threshold: 0.2 }), 0.001);
    assert.ok(panoptic.result.segments.every(({ score }) => score > 0.2 && score <= 1));
});

test('named masks alone are made, and their segments told', async () => {
    const model = await modelOf('segformer');
    const of = (outputs) => outcomeOf(model, 'image-segmentation', input, {}, { ...pictureFile(disc()), outputs });
    const { result: { segments: all } } = await of([]);
    const last = all.at(-1);
    assert.ok(all.length > 1);
    const { result, tensors } = await of([last.mask]);
    assert.deepEqual([result.segments, tensors.map(({ name }) => name)], [[last], [last.mask]]);
    await assert.rejects(of(['mask_0', 'mask_99']), { code: 'output_unknown', field: 'outputs', message: /"mask_99"/ });
});

test('a cancel is heard between masks', async () => {
    const task = { ...taskOf('image-segmentation', input), ...pictureFile(disc()) };
    const run = runOf(task);
    run.rest = async () => run.cancel() ?? throwIfCancelled(run.signal);
    await assert.rejects(engineOf(await modelOf('segformer')).run(task, run), { code: 'cancelled' });
});

test('masks have the size of a large picture', async () => {
    const { result, tensors } = await run('segformer', 'image-segmentation', disc(1500));
    for (const { mask } of result.segments) {
        const { width, height } = pngOf({ tensors }, mask);
        assert.deepEqual([width, height], [1500, 1500]);
    }
});

test('depth is a picture and numbers', async () => {
    const outcome = await run('depth', 'depth-estimation', disc());
    const expected = await oracle.answer('depth', 'depth-estimation', { picture: disc() });
    assert.deepEqual(outcome.result, expected.result);
    const depth = tensorOf(outcome, 'predicted_depth');
    assert.deepEqual(depth.shape, expected.tensors.predicted_depth.shape);
    assertClose(values(depth), expected.tensors.predicted_depth.values, 1e-3);
    assertClose(pngOf(outcome, 'depth').pixels, expected.masks[0].grey, 1);
    const alone = await outcomeOf(await modelOf('depth'), 'depth-estimation', input, {},
        { ...pictureFile(disc()), outputs: ['depth'] });
    assert.deepEqual(alone.tensors.map(({ name }) => name), ['depth']);
});

test('a picture is held against labels', async () => {
    const labels = ['a disc', 'a dog', '$&'];
    for (const options of [{}, { hypothesis_template: 'Here is {}.' }]) {
        const { result } = await run('clip', 'zero-shot-image-classification', disc(), options, { labels });
        const { result: expected } = await oracle.answer('clip', 'zero-shot-image-classification',
            { picture: disc(), labels }, options);
        assertLabels(result.labels, expected.labels);
    }
    for (const template of ['none', '{} or {}']) {
        await assert.rejects(run('clip', 'zero-shot-image-classification', disc(),
            { hypothesis_template: template }, { labels }),
        { code: 'input_invalid', field: 'options.hypothesis_template' });
    }
    await assert.rejects(run('clip', 'zero-shot-image-classification', disc(), {},
        { labels: ['a disc', 'dog '.repeat(200)] }),
    { code: 'context_length_exceeded', field: 'inputs.labels' });
    for (const wrong of [undefined, [], 'a disc', [1]]) {
        await assert.rejects(run('clip', 'zero-shot-image-classification', disc(), {}, { labels: wrong }),
            { code: 'input_invalid', field: 'inputs.labels' });
    }
});

test('a picture is put into words', async () => {
    const { result } = await run('vit-gpt2', 'image-to-text', disc(), { temperature: 0, max_tokens: 16 });
    const { result: expected } =
        await oracle.answer('vit-gpt2', 'image-to-text', { picture: disc() }, { max_tokens: 16 });
    assert.ok(expected.tokens.length > 1);
    assert.deepEqual([result.tokens, result.text], [expected.tokens, expected.text]);
    const prompted = await run('vit-gpt2', 'image-to-text', disc(),
        { temperature: 0, max_tokens: 4 }, { prompt: 'A' });
    assert.equal(prompted.result.usage.prompt_tokens, 2);
    await assert.rejects(run('vit', 'image-to-text', disc()),
        { code: 'platform_unsupported', field: 'task' });
});

test('a question about a document is answered', async () => {
    const question = 'What is it?';
    const { result } = await run('donut', 'document-question-answering', disc(), {}, { question });
    const { result: expected } =
        await oracle.answer('donut', 'document-question-answering', { picture: disc(), question });
    assert.equal(result.answers[0].answer, expected.answers[0].answer);
    assert.ok(result.answers[0].score > 0 && result.answers[0].score <= 1);
    assert.deepEqual(Object.keys(result), ['answers']);
    await assert.rejects(run('donut', 'document-question-answering', disc(), { top: 1 }, { question }),
        { code: 'input_invalid', field: 'options.top' });
});

test('older folders, and what they leave out, give what newer ones do', async () => {
    const classify = async (model) => (await outcomeOf(model, 'image-classification', input, {}, pictureFile(disc(97)))).result;
    const expected = await classify(await modelOf('vit'));
    const old = { image_processor_type: undefined, feature_extractor_type: 'ViTFeatureExtractor' };
    const left = { do_resize: undefined, resample: undefined, do_rescale: undefined, rescale_factor: undefined, do_normalize: undefined };
    for (const change of [{ size: 32 }, { ...old, size: 32 }, left, { ...left, image_mean: undefined, image_std: undefined },
        { image_processor_type: 'ViTImageProcessorFast' }, { image_processor_type: 'BeitImageProcessor', do_center_crop: false },
        { image_processor_type: 'CLIPImageProcessor', use_square_size: true, size: 32, do_center_crop: false }]) {
        await withChanged('vit', { 'preprocessor_config.json': change }, async (model) =>
            assert.deepEqual(await classify(model), expected, JSON.stringify(change)));
    }
});

test('what newer folders say in processor_config.json counts before the other file', async () => {
    const classify = async (model) => (await outcomeOf(model, 'image-classification', input, {}, pictureFile(disc(97)))).result;
    const expected = await classify(await modelOf('vit'));
    const own = JSON.parse(fs.readFileSync(path.join(folderOf('vit'), 'preprocessor_config.json'), 'utf8'));
    const whole = (image_processor) => ({ 'processor_config.json': { processor_class: 'ViTProcessor', image_processor } });
    await withChanged('vit', { 'preprocessor_config.json': { size: 64, do_normalize: false }, ...whole(own) }, async (model) =>
        assert.deepEqual(await classify(model), expected));
    const files = filesIn(folderOf('vit'));
    delete files['preprocessor_config.json'];
    files['processor_config.json'] = new TextEncoder().encode(JSON.stringify(whole(own)['processor_config.json']));
    const model = await loaded(files);
    assert.deepEqual(await classify(model), expected);
    await model.dispose();
});

test('a class that nobody knows is refused by name', async () => {
    for (const [change, message] of [[{ image_processor_type: 'MagicImageProcessor' }, /^preprocessor_config.json: image_processor_type is "MagicImageProcessor"/],
        [{ image_processor_type: 'Qwen2VLImageProcessor', patch_size: 14, merge_size: 2 }, /image_processor_type is "Qwen2VLImageProcessor"/]]) {
        await assert.rejects(withChanged('vit', { 'preprocessor_config.json': change }, (model) => outcomeOf(model, 'image-classification', input, {}, pictureFile(disc()))),
            { code: 'model_invalid', field: 'image_processor_type', message });
    }
});

test('a folder that wants huge pictures is refused before any is made', async () => {
    const huge = { width: 4097, height: 4096 };
    for (const [field, change] of [['size', { size: huge }], ['size', { size: 5000 }], ['size', { size: { shortest_edge: 5000 } }],
        ['size', { size: { shortest_edge: 100, longest_edge: 1e6 } }],
        ['crop_size', { do_center_crop: true, crop_size: huge }], ['pad_size', { do_pad: true, pad_size: huge }]]) {
        await withChanged('vit', { 'preprocessor_config.json': change }, (model) => assert.rejects(
            outcomeOf(model, 'image-classification', input, {}, pictureFile(disc())),
            { code: 'model_invalid', field, message: new RegExp(`^preprocessor_config.json: ${field} asks`), expected: 'at most 16777216 pixels' }));
    }
    await withChanged('vit', { 'preprocessor_config.json': { size: 'big' } }, (model) => assert.rejects(
        outcomeOf(model, 'image-classification', input, {}, pictureFile(disc())),
        { code: 'model_invalid', field: 'size', message: /^preprocessor_config.json: size is "big"/ }));
});

test('what cannot be done says why, and the next request is right', async () => {
    const classify = async (more, options) =>
        outcomeOf(await modelOf('vit'), 'image-classification', input, options, more);
    const png = Buffer.from(pictureFile(disc()).frame);
    const broken = Buffer.from(png);
    broken[24] = 255;
    const rows = [
        [carried(Buffer.from('GIF89a')), {}, 'picture_invalid', 'inputs.image'],
        [carried(broken), {}, 'picture_invalid', 'inputs.image'],
        [carried(pictures.bomb()), {}, 'picture_too_large', 'inputs.image'],
        [{ tensors: [] }, {}, 'input_invalid', 'inputs.image'],
        [carried(png), { top: 0 }, 'input_invalid', 'options.top'],
        [carried(png), { nonsense: 1 }, 'input_invalid', 'options.nonsense'],
    ];
    for (const [more, options, code, field] of rows) {
        await assert.rejects(classify(more, options), { code, field });
    }
    await assert.rejects(run('vit', 'object-detection', disc()),
        { code: 'platform_unsupported', field: 'task' });
    await assert.rejects(run('segformer', 'image-segmentation', disc(), { subtask: 'panoptic' }),
        { code: 'input_invalid', field: 'options.subtask', expected: 'semantic' });
    await assert.rejects(run('bert', 'image-classification', disc()), { code: 'model_invalid' });
    await assert.rejects(run('donut', 'visual-question-answering', disc(), {}, { question: 'Why?' }),
        { code: 'platform_unsupported', field: 'task' });
    const { result } = await classify(carried(png));
    assert.equal(result.labels.length, 5);
});

test('axes change their order as the library has them do it', () => {
    const { Tensor, permute } = library;
    for (const [sizes, axes] of [[[5], [0]], [[2, 3], [1, 0]], [[4, 5, 3], [2, 0, 1]], [[2, 3, 4, 5], [3, 1, 0, 2]],
        [[0, 3], [1, 0]], [[3, 0, 2], [2, 1, 0]]]) {
        const numbers = Int32Array.from({ length: sizes.reduce((product, size) => product * size, 1) }, (_, i) => i);
        const { data, dims } = permute(new Tensor('int32', numbers, sizes), axes);
        assert.deepEqual(permuted(numbers, sizes, axes), [data, dims]);
    }
    assert.deepEqual(permuted(['a'], [], []), [['a'], []]);
});
