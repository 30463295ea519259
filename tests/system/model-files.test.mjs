// tier: full
/** Models of several files: computed with, vouched for by their hash, kept over a restart, listed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { ggufBytes } from '../lib/gguf-hostile.mjs';
import { external, twice } from '../lib/onnx.mjs';
import { until } from '../lib/wait.mjs';

/** Puts files {path: bytes} into a folder, each under its name at once. */
function putFiles(folder, files) {
    for (const [name, bytes] of Object.entries(files)) {
        const file = path.join(folder, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(`${file}.new`, bytes);
        fs.renameSync(`${file}.new`, file);
    }
}

const putExternal = (store, name, { graph, files } = external()) =>
    putFiles(path.join(store, name), { 'model.onnx': graph, ...files });

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The hash of a model as webinferd(8) says how to make it. */
const hashOf = (files) => sha256(Object.keys(files).sort().map((name) =>
    `${name}\0${files[name].length}\0${sha256(files[name])}\n`).join(''));

const x = (data) => [{ name: 'x', datatype: 'FP32', shape: [1, data.length], data }];

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon();
    putExternal(daemon.store, 'kept');
    await daemon.start();
});
after(() => daemon.stop());

test('a model computes with weights that lie in other files', async () => {
    const { graph, files } = external();
    const answer = await daemon.infer({ model_name: 'kept', inputs: x([1, 2, 3, 4]) });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.outputs[0].data, [8, 6, 4, 2]);
    const { json: model } = await daemon.get('/v1/models/kept');
    const all = { 'model.onnx': graph, ...files };
    assert.equal(model.format, 'onnx');
    assert.equal(model.hash, hashOf(all));
    assert.deepEqual(model.files, Object.keys(all).sort().map((name) =>
        ({ path: name, bytes: all[name].length, hash: sha256(all[name]) })));
    assert.equal(model.bytes, model.files.reduce((sum, { bytes }) => sum + bytes, 0));
    assert.equal(model.loaded.length, 1);
});

test('weights that are replaced are another model, while a request ends with the old ones', async () => {
    putExternal(daemon.store, 'changed');
    const ask = async () => (await daemon.answer({ model_name: 'changed', inputs: x([1, 0, 0, 0]) })).outputs[0].data;
    assert.deepEqual([...await ask()], [0, 0, 0, 2]);
    const { hash } = (await daemon.get('/v1/models/changed')).json;
    const w = external().files['w.bin'];
    w.writeFloatLE(5, 0);
    putFiles(path.join(daemon.store, 'changed'), { 'w.bin': w });
    assert.deepEqual([...await ask()], [0, 0, 0, 5]);
    assert.notEqual((await daemon.get('/v1/models/changed')).json.hash, hash);
});

test('files that are missing, too short or outside are a 422 that says which', async () => {
    const { graph, files } = external();
    const refused = async (name, detail) => {
        const { status, json } = await daemon.infer({ model_name: name, inputs: x([1, 2, 3, 4]) });
        assert.deepEqual([status, json.code], [422, 'model_invalid']);
        assert.match(json.detail, detail);
    };
    putFiles(path.join(daemon.store, 'lacking'), { 'model.onnx': graph, 'w.bin': files['w.bin'] });
    await refused('lacking', /parts\/v\.data, which is not in the model's folder/);
    putFiles(path.join(daemon.store, 'short'), { 'model.onnx': graph, ...files, 'parts/v.data': Buffer.alloc(4100) });
    await refused('short', /parts\/v\.data has 4100 bytes, .* up to byte 4160/);
    putFiles(path.join(daemon.store, 'linked'), { 'model.onnx': graph, 'parts/v.data': files['parts/v.data'] });
    fs.symlinkSync(path.join(daemon.store, 'kept', 'w.bin'), path.join(daemon.store, 'linked', 'w.bin'));
    await refused('linked', /w\.bin is a link out of the model's folder/);
});

test('folders of other formats are listed with their variants, and refuse what their engine does not take', async () => {
    const [q8Bytes, f16Bytes] = [ggufBytes({ type: 'q8_0' }), ggufBytes({ type: 'f16' })];
    putFiles(path.join(daemon.store, 'tiny'), {
        'tiny-Q8_0.gguf': q8Bytes, 'tiny-F16.gguf': f16Bytes, 'run.py': Buffer.alloc(9) });
    putFiles(path.join(daemon.store, 'owner', 'bert'), { 'config.json': Buffer.from('{}'), 'vocab.txt': Buffer.from('a'),
        'pytorch_model.bin': Buffer.alloc(9), 'onnx/model.onnx': Buffer.alloc(5), 'onnx/model_q4.onnx': Buffer.alloc(4) });
    const listed = async (wanted) => (await daemon.get('/v1/models')).json.models.find(({ name }) => name === wanted);
    const bert = await until(() => listed('owner/bert'), { what: 'the folder was read again' });
    const tiny = await listed('tiny');
    assert.deepEqual([tiny.format, tiny.variant, tiny.bytes], ['gguf', 'Q8_0', q8Bytes.length]);
    assert.deepEqual(tiny.variants.map(({ name, bytes }) => [name, bytes]), [['Q8_0', q8Bytes.length], ['F16', f16Bytes.length]]);
    assert.deepEqual([bert.format, bert.variants.map(({ name }) => name)], ['huggingface', ['fp32', 'q4']]);
    const { json: q8 } = await daemon.get('/v1/models/tiny:Q8_0');
    assert.equal(q8.hash, hashOf({ 'tiny-Q8_0.gguf': q8Bytes }));
    const { json: q4 } = await daemon.get('/v1/models/owner/bert:q4');
    assert.deepEqual(q4.files.map(({ path: name }) => name), ['config.json', 'onnx/model_q4.onnx', 'vocab.txt']);
    const { status, json } = await daemon.infer({ model_name: 'owner/bert:fp32', inputs: x([1]) });
    assert.deepEqual([status, json.code, json.field], [422, 'input_invalid', 'inputs']);
    const missing = await daemon.infer({ model_name: 'tiny:Q2_K', inputs: x([1]) });
    assert.deepEqual([missing.status, missing.json.code], [404, 'model_not_found']);
    assert.match(missing.json.allowed.toString(), /tiny:Q8_0, tiny:F16/);
    const { out } = await webinfer(daemon, ['list', '--wide']);
    assert.match(out, /tiny +[\d.]+ kB +gguf +text_generation +- +Q8_0, F16 +Q8_0, \S+M parameters, chat, 4 x 2048 tokens in \d+ MiB/);
});

test('webinfer add brings the files along that a graph names', async () => {
    const source = path.join(daemon.folder, 'download');
    const { graph, files } = external();
    putFiles(source, { 'net.onnx': graph, ...files, 'other.txt': Buffer.from('x') });
    for (const [name, what] of [['alone', path.join(source, 'net.onnx')], ['whole', source]]) {
        const { code, problems } = await webinfer(daemon, ['add', what, '--name', name]);
        assert.equal(code, 0, problems);
        assert.deepEqual([...(await daemon.answer({ model_name: name, inputs: x([1, 2, 3, 4]) })).outputs[0].data], [8, 6, 4, 2]);
    }
    fs.rmSync(path.join(source, 'w.bin'));
    const { code, problems } = await webinfer(daemon, ['add', path.join(source, 'net.onnx'), '--name', 'half']);
    assert.notEqual(code, 0);
    assert.match(problems, /w\.bin/);
    const gguf = path.join(daemon.folder, 'small-Q8_0.gguf');
    fs.writeFileSync(gguf, ggufBytes({ type: 'q8_0' }));
    assert.equal((await webinfer(daemon, ['add', gguf, '--name', 'small'])).code, 0);
    assert.equal((await daemon.get('/v1/models/small')).json.variant, 'Q8_0');
});

/** A version of a pulled model as the daemon puts it into its store, without being the current one. */
function putVersion(store, name, number, bytes) {
    const folder = path.join(store, '.versions', name, String(number));
    putFiles(folder, { 'model.onnx': bytes, '.used': '' });
    putFiles(folder, { '.source.json': JSON.stringify({ hub: 'huggingface', repository: name, revision: 'main',
        commit: `c${number}`, pulled_at: 1_700_000_000 + number,
        files: [{ path: 'model.onnx', bytes: bytes.length, hash: sha256(bytes),
            sha256: sha256(bytes), modified: [1, 0] }] }) });
}

test('a pulled model tells its source and its versions, and leaves with them', async () => {
    putVersion(daemon.store, 'org/pulled', 1, twice());
    putVersion(daemon.store, 'org/pulled', 2, twice());
    putVersion(daemon.store, 'org/pulled', 3, twice());
    fs.mkdirSync(path.join(daemon.store, 'org'));
    fs.symlinkSync('../.versions/org/pulled/3', path.join(daemon.store, 'org/pulled'));
    const { json: model } = await daemon.get('/v1/models/org/pulled');
    assert.deepEqual(model.source, { hub: 'huggingface', repository: 'org/pulled', revision: 'main', commit: 'c3',
        pulled_at: 1_700_000_003 });
    assert.deepEqual(model.versions.map(({ version, current, commit }) => [version, current, commit]),
        [[3, true, 'c3'], [2, false, 'c2'], [1, false, 'c1']]);
    // The list may be a second old.
    const listed = await until(async () => (await daemon.get('/v1/models')).json.models
        .find(({ name }) => name === 'org/pulled'), { what: 'the model to be listed' });
    assert.deepEqual([listed.source, listed.versions], [model.source, model.versions]);
    const { json: all } = await daemon.get('/v1/models');
    assert.ok(![...all.models, ...all.ignored].some(({ name }) => name.includes('.pull')));
    const first = await webinfer(daemon, ['gc']);
    assert.deepEqual([first.code, first.out.replace(/[\d.]+ k?B/, 'N')], [0, 'unneeded files: N freed\n']);
    assert.deepEqual(fs.readdirSync(path.join(daemon.store, '.versions/org/pulled')).sort(), ['2', '3']);
    const gone = await webinfer(daemon, ['rm', 'org/pulled']);
    assert.equal(gone.code, 0, gone.problems);
    assert.match(gone.out, /^org\/pulled: [\d.]+ k?B freed$/m);
    assert.deepEqual(fs.readdirSync(path.join(daemon.store, '.versions')).filter((name) => name !== '_'), [], 'but those without an owner');
    assert.equal((await daemon.get('/v1/models/org/pulled')).json.code, 'model_not_found');
});

test('a model that nodes hold and nobody asks for is unloaded and removed', async () => {
    await daemon.answer({ model_name: 'kept', inputs: x([1, 2, 3, 4]) });
    const { json: { loaded, last_used_at: used } } = await daemon.get('/v1/models/kept');
    assert.ok(Math.abs(used - Date.now() / 1000) < 60, String(used));
    assert.equal(loaded.length, 1);
    const named = await daemon.request('/v1/models/builtin/echo', { method: 'DELETE' });
    assert.equal(named.status, 409, named.text);
    const asked = await daemon.request('/v1/models/kept?force=maybe', { method: 'DELETE' });
    assert.deepEqual([asked.status, asked.json.field], [400, 'force'], asked.text);
    const { code, problems } = await webinfer(daemon, ['rm', 'kept']);
    assert.equal(code, 0, problems);
    assert.ok(!fs.existsSync(path.join(daemon.store, 'kept')));
    assert.equal((await daemon.get('/v1/models/kept')).status, 404);
    await until(async () => !JSON.stringify((await daemon.get('/v1/nodes')).json).includes('"kept"'),
        { what: 'the nodes to unload it' });
    assert.equal((await webinfer(daemon, ['rm', 'kept'])).code, 1);
});

test('a restart hashes only what has changed', () => withDaemon(
    { config: { pool: { min_connections: 0, max_connections: 0 } }, ready: false }, async (own) => {
        putExternal(own.store, 'kept');
        putFiles(path.join(own.store, 'other'), { 'model.onnx': twice() });
        // What was written just now may be written again and look the same: it is not remembered.
        const files = fs.readdirSync(own.store, { recursive: true }).map((one) => path.join(own.store, one));
        for (const file of files) fs.utimesSync(file, 1e9, 1e9);
        const hashes = async () => Promise.all(['kept', 'other'].map(async (name) =>
            (await own.get(`/v1/models/${name}`)).json.hash));
        const counted = async () => Promise.all(['hashed', 'hash_known'].map((what) =>
            own.metric(`webinfer_model_${what}_bytes_total`)));
        const before = await hashes();
        const [hashed, known] = await counted();
        assert.ok(hashed > 4096);
        assert.equal(known, 0);
        own.signal('SIGTERM');
        assert.equal((await own.waitEnd()).code, 0);
        await own.start({ ready: false });
        assert.deepEqual(await hashes(), before);
        assert.deepEqual(await counted(), [0, hashed]);
        putFiles(path.join(own.store, 'kept'), { 'w.bin': Buffer.alloc(64) });
        const [kept, other] = await hashes();
        assert.notEqual(kept, before[0]);
        assert.equal(other, before[1]);
        assert.equal((await counted())[0], 64);
    }));
