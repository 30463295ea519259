// tier: quick, sanitized
/**
 * What tasks take and what they refuse, with nodes that are simulated: the forms of inputs, the
 * options, files that are broken, tasks that a model cannot do.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { putFamilies } from '../lib/families.mjs';
import { Simulation } from '../lib/simulation.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: { pool: { min_connections: 0, max_retries: 0 },
        'browser.chrome': { max_connections: 0 } } });
    putFamilies(daemon.store, ['bert', 'bert-classes', 'bert-nli', 'bert-pairs', 'bert-qa', 'bert-tags',
        'bert-mask', 'bart', 'gpt2', 'vit', 'detr', 'detr-panoptic', 'depth', 'vit-features', 'clip', 'clap',
        'whisper', 'ast', 'vits', 'donut']);
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';
const wav = 'UklGRigAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQQAAAAAAAAA';
const image = { image: png }, audio = { audio: wav };

const ask = (name, inputs, more = {}) =>
    daemon.infer({ model_name: name, inputs, platform: 'simulated', ...more });

async function answers(name, inputs, more) {
    const answer = await ask(name, inputs, more);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.executed_on.simulated, true);
    return answer.json;
}

async function refused(name, inputs, more, status, code, field) {
    const { json, text, ...answer } = await ask(name, inputs, more);
    assert.deepEqual([answer.status, json?.code, json?.field], [status, code, field], text);
    return json;
}

test('each folder does its own task, whatever form its input has', async () => {
    assert.equal((await answers('bert', ['a', 'b'])).outputs[0].shape[0], 2);
    assert.equal((await answers('bert-classes', 'a')).result.labels.length, 2);
    assert.equal((await answers('bert-classes', ['a', 'b'])).result.results.length, 2);
    assert.ok((await answers('bert-nli', { text: 'a', labels: ['x', 'y', 'z'] })).result.labels[2]);
    assert.equal((await answers('bert-pairs', { query: 'a', documents: ['a', 'b'] })).result.scores.length, 2);
    assert.ok((await answers('bert-pairs', { text: 'a', text_pair: 'b' })).result.labels);
    assert.ok((await answers('bert-qa', { question: 'who', context: 'me' })).result.answers);
    assert.equal((await answers('bert-tags', 'By Ann')).result.entities[1].word, 'Ann');
    assert.ok((await answers('bert-mask', 'a [MASK]')).result.fills);
    assert.equal((await answers('bart', 'one two', { task: 'summarization' })).result.text, 'one two');
    assert.equal((await answers('gpt2', 'one two', { task: 'text-generation' })).result.text, 'one two');
    assert.ok((await answers('vit', image)).result.labels);
    assert.ok((await answers('detr', image)).result.boxes);
    assert.equal((await answers('detr-panoptic', image)).outputs[0].name, 'mask_0');
    assert.equal((await answers('depth', image, { outputs: undefined })).outputs.length, 2);
    assert.equal((await answers('vit-features', image)).outputs[0].name, 'embeddings');
    assert.equal((await answers('clip', { ...image, labels: ['x'] })).result.labels[0].label, 'x');
    assert.equal((await answers('clap', { ...audio, labels: ['x'] })).result.labels[0].label, 'x');
    assert.ok((await answers('whisper', audio)).result.text);
    assert.ok((await answers('ast', audio)).result.labels);
    assert.equal((await answers('vits', 'hello')).outputs[0].name, 'audio');
    assert.ok((await answers('donut', { ...image, question: 'who' })).result.answers);
});

test('a task that is none, or none of the model, names those that are', async () => {
    const none = await refused('bert', 'a', { task: 'dance' }, 400, 'invalid_field', 'task');
    assert.match(none.allowed, /chat, complete, embed.*text-ranking$/);
    const other = await refused('bert-classes', 'a', { task: 'fill-mask' }, 422, 'input_invalid', 'task');
    assert.equal(other.allowed.split(', ')[0], 'text-classification');
    const form = await refused('vit', 'a', {}, 422, 'input_invalid', 'inputs');
    assert.match(form.expected, /image/);
    await refused('bert', image, {}, 422, 'input_invalid', 'inputs');
    await refused('twice', audio, {}, 422, 'input_invalid', 'inputs');
});

test('inputs and options that a task does not take are named', async () => {
    await refused('bert-qa', { question: 'a' }, {}, 400, 'invalid_field', 'inputs.context');
    await refused('bert-qa', { question: 'a', mood: 1 }, {}, 400, 'unknown_field', 'inputs.mood');
    await refused('clip', { ...image, labels: [] }, {}, 400, 'invalid_field', 'inputs.labels');
    await refused('whisper', { audio: '' }, {}, 422, 'audio_invalid', 'inputs.audio');
    await refused('whisper', { audio: png }, {}, 422, 'audio_invalid', 'inputs.audio');
    await refused('whisper', { audio: 'AAAAAA==', format: 's16le' }, {}, 400, 'invalid_field', 'inputs.sampling_rate');
    await refused('vit', { image: wav }, {}, 422, 'picture_invalid', 'inputs.image');
    for (const [name, inputs, options, field, code = 'invalid_field'] of [
        ['bert', 'a', { pooling: 'max' }, 'pooling'],
        ['bert', 'a', { warmth: 1 }, 'warmth', 'unknown_field'],
        ['detr', image, { threshold: 2 }, 'threshold'],
        ['whisper', audio, { timestamps: 'often' }, 'timestamps'],
        ['gpt2', 'a', { grammar: 'root ::= [a]' }, 'grammar', 'unknown_field'],
        ['bart', 'a', { n: 2 }, 'n'],
    ])
        await refused(name, inputs, { options }, 400, code, `options.${field}`);
    await refused('bert', 'a'.repeat(200000), {}, 400, 'context_length_exceeded', 'inputs');
    await answers('bert', 'a'.repeat(200000), { options: { truncate: true } });
});

test('of pictures, only those without text are for a joined node', async () => {
    const node = new FakeNode((await daemon.post('/v1/admin/join', {})).json.url);
    node.capabilities = { ...capabilities, engines: { ...capabilities.engines, pipeline: '1' } };
    node.onTask = (task) => node.respond(task, { outputs: [], data: { result: { labels: [] } } });
    await node.join();
    const there = { platform: 'wasm', node: node.id };
    const { status, text } = await ask('vit', image, there);
    assert.equal(status, 200, text);
    for (const [name, more] of [['donut', { question: 'who' }], ['clip', { labels: ['x'] }]]) {
        const { json } = await ask(name, { ...image, ...more }, there);
        assert.deepEqual([json.status, json.code], [503, 'unavailable'], name);
        assert.match(json.detail, /not started by the service/);
    }
    await node.close();
});

test('a precision is a variant, and one that is not there is refused with those that are', async () => {
    assert.equal((await answers('bert', 'a')).model_name, 'bert');
    assert.equal((await answers('bert', 'a', { precision: 'fp16' })).model_name, 'bert:fp16');
    assert.equal((await answers('bert', 'a', { precision: 'int8' })).model_name, 'bert');
    const none = await refused('bert', 'a', { precision: 'bf16' }, 422, 'precision_unsupported', 'precision');
    assert.equal(none.allowed, 'q8, fp32, q4, fp16');
    await refused('bert:q4', 'a', { precision: 'fp32' }, 422, 'precision_unsupported', 'precision');
});

test('a folder says what it can do, and what in it is broken', async () => {
    const { json } = await daemon.get('/v1/models/bert-nli');
    assert.deepEqual([json.type, json.tasks, json.labels, json.dtype, json.architecture], ['text_embedding',
        ['text-classification', 'zero-shot-classification'], 3, 'fp32', 'BertForSequenceClassification']);
    const { out } = await webinfer(daemon, ['show', 'bert-nli']);
    assert.match(out, /tasks +.*zero-shot-classification/);
    fs.writeFileSync(path.join(daemon.store, 'bert-nli/config.json'), '{"architectures": 7}');
    const broken = await refused('bert-nli', 'a', {}, 422, 'model_invalid', 'config.json');
    assert.match(broken.detail, /architectures must be a list/);
    fs.rmSync(path.join(daemon.store, 'bert-pairs/tokenizer.json'));
    await refused('bert-pairs', 'a', {}, 422, 'model_invalid', 'tokenizer.json');
    await answers('bert', 'a');
});
