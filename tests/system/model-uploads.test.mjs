// tier: quick
/**
 * Models that clients send, file by file: announced, sent in pieces and over a kill, refused where
 * something is wrong, published, given up; twelve of them beside inference.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import * as onnx from '../lib/onnx.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1024 * 1024;
/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** A model with so many MiB of weights, other bytes for each seed. */
function heavy(mib, seed) {
    const weights = Buffer.alloc(mib * MIB, seed), count = mib * MIB / 4;
    const shape = [count];
    return onnx.model(onnx.graph('heavy', {
        nodes: [onnx.node('Add', ['x', 'w'], ['y'])],
        inputs: [onnx.value('x', onnx.FLOAT, shape)], outputs: [onnx.value('y', onnx.FLOAT, shape)],
        initializers: [onnx.tensor('w', onnx.FLOAT, shape, weights)],
    }));
}

/** {PATH: bytes} as it is announced. */
const listed = (files) => Object.entries(files).map(([path, bytes]) =>
    ({ path, bytes: bytes.length, sha256: sha256(bytes) }));
const announce = (name, files, more = {}, to = daemon) =>
    to.post(`/v1/models/${name}/files`, { files: Array.isArray(files) ? files : listed(files), ...more });
const put = (id, path, position, body, { headers, to = daemon, ...more } = {}) =>
    to.request(`/v1/uploads/${id}?path=${encodeURIComponent(path)}&position=${position}`,
        { method: 'PUT', body, headers: { 'Content-Type': 'application/octet-stream', ...headers }, ...more });
const publish = (id, to = daemon) => to.request(`/v1/uploads/${id}/publish`, { method: 'POST' });
const remove = (id, to = daemon) => to.request(`/v1/uploads/${id}`, { method: 'DELETE' });
const staging = (id) => path.join(daemon.store, '.staging', id);

function expectProblem(answer, status, code, more = {}) {
    assert.equal(answer.status, status, answer.text);
    const { json } = answer;
    assert.deepEqual({ code: json.code, ...Object.fromEntries(Object.keys(more).map((key) => [key, json[key]])) },
        { code, ...more }, answer.text);
    return json.detail;
}

async function begin(name, files, more) {
    const answer = await announce(name, files, more);
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers.location, `/v1/uploads/${answer.json.id}`);
    return answer.json;
}

async function send(id, files) {
    for (const [path, bytes] of Object.entries(files)) {
        const answer = await put(id, path, 0, bytes);
        assert.deepEqual([answer.status, answer.json], [200, { path, position: bytes.length }], answer.text);
    }
}

/** A PUT of which only so much is sent. */
function sendPart(id, file, position, length, bytes, headers = {}) {
    const call = http.request(`${daemon.url}/v1/uploads/${id}?path=${file}&position=${position}`, {
        method: 'PUT', agent: false,
        headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': length, ...headers } });
    call.on('error', () => {});
    call.write(bytes);
    return call;
}

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: { pool: { min_connections: 0 },
        aliases: { other: 'twice' } } });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

test('a model is announced, sent and published, and then it is there', async () => {
    const files = { 'model.onnx': onnx.twice(), 'labels.txt': Buffer.from('one\ntwo\n') };
    const { id, wanted } = await begin('org/sent', files);
    assert.match(id, /^upload-[0-9a-f]{16}$/);
    assert.deepEqual(wanted, [{ path: 'model.onnx', position: 0 }, { path: 'labels.txt', position: 0 }]);
    await send(id, files);
    assert.equal((await daemon.get('/v1/models/org/sent')).status, 404);
    const answer = await publish(id);
    assert.equal(answer.status, 200, answer.text);
    const { json } = await daemon.get('/v1/models/org/sent');
    assert.deepEqual({ ...answer.json, last_used_at: 0 }, { ...json, last_used_at: 0 });
    assert.deepEqual([json.name, json.format, json.source, json.versions.length],
        ['org/sent', 'onnx', undefined, 1]);
    assert.equal(json.files.find((one) => one.path === 'model.onnx').hash, sha256(files['model.onnx']));
    assert.ok(!fs.existsSync(staging(id)), 'the upload has gone');
    for (const gone of [await publish(id), await remove(id), await put(id, 'model.onnx', 0, 'x')])
        expectProblem(gone, 404, 'not_found');
});

test('a folder of Hugging Face goes to its places, and an empty file is there at once', async () => {
    const folder = path.join(ownModels, 'digits-vit');
    const files = Object.fromEntries(fs.readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile() && /\.(json|onnx|txt)$/.test(one.name))
        .map((one) => path.relative(folder, path.join(one.parentPath ?? one.path, one.name)))
        .map((name) => [name, fs.readFileSync(path.join(folder, name))]));
    const { id, wanted } = await begin('digits-vit', { ...files, 'merges.txt': Buffer.alloc(0) });
    assert.ok(!wanted.some((one) => one.path === 'merges.txt'));
    await send(id, files);
    const answer = await publish(id);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.format, 'huggingface');
});

test('bytes go where the last ones ended, in any pieces, and else the right position is named', async () => {
    const bytes = heavy(5, 1), cut = 3 * MIB + 17;
    const { id } = await begin('cut', { 'model.onnx': bytes });
    expectProblem(await put(id, 'model.onnx', 5, bytes.subarray(5)), 409, 'conflict', { field: 'position', expected: '0' });
    assert.deepEqual((await put(id, 'model.onnx', 0, bytes.subarray(0, cut))).json, { path: 'model.onnx', position: cut });
    const wrong = await put(id, 'model.onnx', 0, bytes);
    expectProblem(wrong, 409, 'conflict', { field: 'position', expected: String(cut) });
    expectProblem(await publish(id), 409, 'conflict', { field: 'path', expected: String(cut) });
    const rest = await put(id, 'model.onnx', cut, bytes.subarray(cut), { headers: { 'Transfer-Encoding': 'chunked' } });
    assert.deepEqual(rest.json, { path: 'model.onnx', position: bytes.length });
    assert.deepEqual((await put(id, 'model.onnx', bytes.length, '')).json, { path: 'model.onnx', position: bytes.length });
    assert.equal((await publish(id)).status, 200);
});

test('more than was announced is refused, and nothing of it is kept', async () => {
    const bytes = heavy(3, 2);
    const { id } = await begin('long', { 'model.onnx': bytes });
    const length = () => fs.statSync(path.join(staging(id), 'files/model.onnx')).size;
    for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
        const answer = await put(id, 'model.onnx', 0, Buffer.concat([bytes, Buffer.alloc(2 * MIB)]), { headers });
        expectProblem(answer, 400, 'invalid_field', { field: 'path', expected: `at most ${bytes.length} bytes` });
        assert.equal(length(), 0);
    }
    await send(id, { 'model.onnx': bytes });
    expectProblem(await put(id, 'model.onnx', bytes.length, 'more'), 400, 'invalid_field', { field: 'path' });
    expectProblem(await put(id, 'other.onnx', 0, 'more'), 400, 'invalid_field', { field: 'path' });
    expectProblem(await put(id, 'model.onnx', '1x', 'more'), 400, 'invalid_field', { field: 'position' });
    expectProblem(await daemon.request(`/v1/uploads/${id}?path=model.onnx`,
        { method: 'PUT', body: 'x', headers: { 'Content-Type': 'application/octet-stream' } }),
    400, 'missing_field', { field: 'position' });
    expectProblem(await put(id, 'model.onnx', 0, 'x', { headers: { 'Content-Type': 'text/plain' } }),
        415, 'unsupported_media_type', { allowed: 'application/octet-stream' });
    expectProblem(await put(id, 'model.onnx', 0, Buffer.alloc(65 * MIB)), 413, 'body_too_large');
    assert.equal((await publish(id)).status, 200);
});

test('a file whose hash is wrong is named, and can be sent again', async () => {
    const right = onnx.twice('hashed'), wrong = Buffer.from(right);
    wrong[wrong.length - 1] ^= 1;
    const { id } = await begin('hashed', { 'model.onnx': right, 'labels.txt': Buffer.from('a\n') });
    await send(id, { 'model.onnx': wrong, 'labels.txt': Buffer.from('a\n') });
    const detail = expectProblem(await publish(id), 422, 'model_invalid', { field: 'path', expected: sha256(right) });
    assert.match(detail, new RegExp(`^model\\.onnx .*${sha256(wrong)}`));
    assert.equal((await daemon.get('/v1/models/hashed')).status, 404);
    expectProblem(await publish(id), 409, 'conflict', { expected: '0' });
    await send(id, { 'model.onnx': right });
    assert.equal((await publish(id)).status, 200);
});

test('what no reader can read is not published', async () => {
    const { id } = await begin('broken', { 'model.onnx': Buffer.from('<!doctype html>') });
    await send(id, { 'model.onnx': Buffer.from('<!doctype html>') });
    expectProblem(await publish(id), 422, 'model_invalid');
    const labels = { 'labels.txt': Buffer.from('alone\n') };
    const alone = await begin('alone', labels);
    await send(alone.id, labels);
    expectProblem(await publish(alone.id), 422, 'model_invalid');
    for (const name of ['broken', 'alone']) assert.equal((await daemon.get(`/v1/models/${name}`)).status, 404);
    for (const one of [id, alone.id])
        assert.deepEqual((await remove(one)).json, { id: one, state: 'removed' });
});

test('files of any names are taken that the graph or model.json names, and no others', async () => {
    const { graph, files: weights } = onnx.external();
    const spec = Buffer.from(JSON.stringify({ type: 'vision', labels_file: 'names.tsv' }));
    const files = { 'model.onnx': graph, ...weights, 'model.json': spec, 'names.tsv': Buffer.from('one\ntwo\nthree\nfour\n') };
    const { id } = await begin('named', { ...files, 'run.py': Buffer.from('1') });
    await send(id, { ...files, 'run.py': Buffer.from('1') });
    expectProblem(await publish(id), 422, 'model_invalid', { field: 'run.py' });
    await remove(id);
    const next = await begin('named', files);
    await send(next.id, files);
    const answer = await publish(next.id);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.files.map((one) => one.path), Object.keys(files).sort());
});

test('what is announced is checked before anything is kept', async () => {
    const hash = 'a'.repeat(64), file = { path: 'model.onnx', bytes: 1, sha256: hash };
    const refused = async (files, status, code, more) => expectProblem(await announce('checked', files), status, code, more);
    for (const path of ['run.py', 'model.pkl', '../model.onnx', '/model.onnx', '.source.json', 'a/../model.onnx', 'a//model.onnx'])
        assert.match(await refused([{ ...file, path }], 422, 'model_invalid', { field: 'files' }), /no model format/);
    for (const path of ['model.onnx', 'model.onnx/a.json'])
        await refused([file, { ...file, path }], 400, 'invalid_field', { field: 'files' });
    await refused([{ ...file, bytes: -1 }], 400, 'invalid_field', { field: 'files[0].bytes' });
    await refused([{ ...file, sha256: 'A'.repeat(64) }], 400, 'invalid_field');
    await refused([{ ...file, sha256: 'a' }], 400, 'invalid_field', { field: 'files[0].sha256' });
    await refused([{ path: 'model.onnx', bytes: 1 }], 400, 'missing_field', { field: 'files[0].sha256' });
    await refused([{ ...file, size: 1 }], 400, 'unknown_field');
    await refused(['model.onnx'], 400, 'invalid_field');
    await refused([], 400, 'invalid_field', { field: 'files' });
    await refused(Array.from({ length: 1001 }, (_, i) => ({ ...file, path: `${i}.onnx` })), 400, 'invalid_field');
    expectProblem(await announce('checked', [file], { force: true }), 400, 'unknown_field');
    expectProblem(await announce('twice', [file]), 409, 'conflict'); // people put it there
    expectProblem(await announce('twice', [file], { replace: true }), 409, 'conflict');
    expectProblem(await announce('other', [file]), 409, 'conflict', { field: 'model_name' });
    expectProblem(await announce('builtin/echo', [file]), 400, 'invalid_field');
    expectProblem(await announce('checked:q4', [file]), 400, 'invalid_field');
    expectProblem(await remove('upload-0123456789abcdef'), 404, 'not_found');
    expectProblem(await publish('pull-0123456789abcdef'), 404, 'not_found');
    assert.deepEqual(fs.readdirSync(path.join(daemon.store, '.staging')), []);
});

test('a model that is there becomes a new version only where that was said', async () => {
    const first = { 'model.onnx': onnx.twice('again'), 'labels.txt': Buffer.from('first\n') };
    const second = { ...first, 'labels.txt': Buffer.from('second\n') };
    const early = await begin('again', second); // nobody is there yet
    const { id } = await begin('again', first);
    await send(id, first);
    assert.equal((await publish(id)).status, 200);
    expectProblem(await announce('again', second), 409, 'conflict', { field: 'model_name' });
    await send(early.id, second);
    expectProblem(await publish(early.id), 409, 'conflict', { field: 'model_name' });
    await remove(early.id);
    const next = await begin('again', second, { replace: true });
    assert.deepEqual(next.wanted, [{ path: 'labels.txt', position: 0 }], 'the graph is here');
    expectProblem(await put(next.id, 'model.onnx', 0, 'x'), 409, 'conflict', { expected: String(first['model.onnx'].length) });
    await send(next.id, { 'labels.txt': second['labels.txt'] });
    const { json } = await publish(next.id);
    assert.deepEqual(json.versions.map(({ version, current }) => [version, current]), [[2, true], [1, false]]);
    assert.equal(json.files.find((one) => one.path === 'model.onnx').hash, sha256(first['model.onnx']));
});

test('while a file is sent nobody else sends it, publishes it, or loses what came', async () => {
    const bytes = heavy(8, 3);
    const { id } = await begin('held', { 'model.onnx': bytes });
    const file = path.join(staging(id), 'files/model.onnx');
    const call = sendPart(id, 'model.onnx', 0, bytes.length, bytes.subarray(0, 4 * MIB + 5));
    await until(() => fs.existsSync(file) && fs.statSync(file).size >= 3 * MIB, { what: 'the bytes on disk' });
    expectProblem(await put(id, 'model.onnx', fs.statSync(file).size, bytes.subarray(-5)), 409, 'conflict');
    expectProblem(await publish(id), 409, 'conflict');
    call.destroy();
    const { size } = await until(async () => {
        const at = fs.statSync(file).size;
        const answer = await put(id, 'model.onnx', at, bytes.subarray(at));
        return answer.status === 200 && { size: answer.json.position };
    }, { what: 'the file to be free' });
    assert.equal(size, bytes.length);
    assert.equal((await publish(id)).status, 200);
});

test('an upload is given up in the middle of a file, and the sender is told', async () => {
    const bytes = heavy(8, 4);
    const { id } = await begin('dropped', { 'model.onnx': bytes });
    const call = sendPart(id, 'model.onnx', 0, bytes.length, bytes.subarray(0, 3 * MIB));
    const answered = new Promise((resolve) => call.on('response', resolve));
    const file = path.join(staging(id), 'files/model.onnx');
    await until(() => fs.existsSync(file) && fs.statSync(file).size >= MIB, { what: 'the bytes on disk' });
    assert.equal((await remove(id)).status, 200);
    assert.ok(!fs.existsSync(staging(id)));
    call.end(bytes.subarray(3 * MIB));
    assert.equal((await answered).statusCode, 404);
});

test('of publishing and removing at once one wins, many times', async () => {
    for (let i = 0; i < 12; i++) {
        const files = { 'model.onnx': onnx.twice(`race-${i}`) };
        const { id } = await begin(`race-${i}`, files);
        await send(id, files);
        const answers = await Promise.all([publish(id), remove(id), publish(id), remove(id)]);
        const won = answers.filter(({ status }) => status === 200);
        assert.equal(won.length, 1, answers.map(({ text }) => text).join('\n'));
        for (const { status, text } of answers) assert.ok([200, 404, 409].includes(status), text);
        const published = answers[0] === won[0] || answers[2] === won[0];
        assert.equal((await daemon.get(`/v1/models/race-${i}`)).status, published ? 200 : 404);
        assert.ok(!fs.existsSync(staging(id)));
    }
});

test('sixteen are under way at a time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        announce(`many-${i}`, { 'model.onnx': heavy(1, i) })));
    const begun = answers.filter(({ status }) => status === 201);
    assert.equal(begun.length, 16);
    for (const answer of answers)
        if (!begun.includes(answer)) expectProblem(answer, 429, 'queue_full');
    const gone = await daemon.post('/v1/models/gc', {});
    assert.equal(gone.status, 200);
    assert.equal(fs.readdirSync(path.join(daemon.store, '.staging')).length, 16, 'they stay');
    // One without a request for a day goes.
    const [old, ...rest] = begun.map(({ json }) => json.id);
    const dayAgo = Date.now() / 1000 - 86_500;
    fs.utimesSync(path.join(staging(old), 'request.json'), dayAgo, dayAgo);
    await daemon.post('/v1/models/gc', {});
    assert.ok(!fs.existsSync(staging(old)));
    for (const id of rest) assert.equal((await remove(id)).status, 200);
});

test('twelve at once beside inference', async () => {
    const ask = () => daemon.infer({ model_name: 'builtin/echo', platform: 'simulated',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [3], data: [1, 2, 3] }] });
    const alone = await ask();
    assert.equal(alone.status, 200, alone.text);
    let uploading = true;
    const infer = (async () => {
        for (let count = 0; ; count++) {
            const { status, json, text } = await ask();
            assert.equal(status, 200, text);
            assert.deepEqual(json.outputs, alone.json.outputs);
            if (!uploading && count > 20) return;
        }
    })();
    try {
        await Promise.all(Array.from({ length: 12 }, async (_, i) => {
            const files = { 'model.onnx': heavy(12, 20 + i) };
            const { id } = await begin(`beside/number-${i}`, files);
            await send(id, files);
            const answer = await publish(id);
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.json.files[0].hash, sha256(files['model.onnx']));
        }));
    } finally {
        uploading = false;
        await infer;
    }
});

test('an upload goes on after a kill in its middle', async () => {
    const files = { 'model.onnx': heavy(8, 5), 'labels.txt': Buffer.from('killed\n') };
    const bytes = files['model.onnx'];
    const { id } = await begin('killed', files);
    await send(id, { 'labels.txt': files['labels.txt'] });
    sendPart(id, 'model.onnx', 0, bytes.length, bytes.subarray(0, 5 * MIB));
    const file = path.join(staging(id), 'files/model.onnx');
    await until(() => fs.existsSync(file) && fs.statSync(file).size >= 2 * MIB, { what: 'the bytes on disk' });
    await simulation.stop();
    daemon.signal('SIGKILL');
    await daemon.waitEnd();
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
    assert.ok(!/earlier pull/.test(daemon.log.slice(daemon.began)), 'it is no pull');
    const { json } = await put(id, 'model.onnx', 1, 'x');
    const at = Number(json.expected);
    assert.ok(at >= 2 * MIB && at < bytes.length, json.detail);
    assert.equal((await put(id, 'model.onnx', at, bytes.subarray(at))).status, 200);
    const answer = await publish(id);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.files.find((one) => one.path === 'model.onnx').hash, sha256(bytes));
});

test('the daemon ends beside an upload that is being sent', async () => {
    await withDaemon({ ready: false, config: { pool: { min_connections: 0 } } }, async (other) => {
        const bytes = heavy(8, 6);
        const { json } = await announce('ending', { 'model.onnx': bytes }, {}, other);
        const call = http.request(`${other.url}/v1/uploads/${json.id}?path=model.onnx&position=0`, {
            method: 'PUT', agent: false,
            headers: { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes.length } });
        call.on('error', () => {});
        call.write(bytes.subarray(0, 3 * MIB));
        const file = path.join(other.store, '.staging', json.id, 'files/model.onnx');
        await until(() => fs.existsSync(file) && fs.statSync(file).size >= MIB, { what: 'the bytes on disk' });
    });
});

test('a quota counts what is announced, once', async () => {
    await withDaemon({ ready: false, config: { pool: { min_connections: 0 }, models: { quota: '10MiB' } } }, async (other) => {
        const first = { 'model.onnx': heavy(6, 7) };
        const { json } = await announce('first', first, {}, other);
        const full = await announce('second', { 'model.onnx': heavy(6, 8) }, {}, other);
        assert.match(expectProblem(full, 507, 'no_room'), /\d+ bytes/);
        await until(() => String(fs.readdirSync(path.join(other.store, '.staging'))) === json.id,
            { what: 'the refused one to be gone' });
        assert.equal((await put(json.id, 'model.onnx', 0, first['model.onnx'], { to: other })).status, 200);
        assert.equal((await publish(json.id, other)).status, 200);
        const again = await announce('first', { ...first, 'labels.txt': Buffer.from('a\n') }, { replace: true }, other);
        assert.deepEqual(again.json.wanted, [{ path: 'labels.txt', position: 0 }], again.text);
        assert.equal((await remove(again.json.id, other)).status, 200);
    });
});

test('a user may not', async () => {
    const token = `wi_${crypto.randomBytes(32).toString('base64url')}`, headers = { Authorization: `Bearer ${token}` };
    const other = new Daemon({ config: { pool: { min_connections: 0 } } });
    const file = path.join(other.folder, 'tokens');
    fs.writeFileSync(file, `ada:${sha256(token)}:user\n`, { mode: 0o600 });
    other.writeConfig({ api: { tokens_file: file } });
    await other.start({ ready: false });
    try {
        const where = '/v1/uploads/upload-0123456789abcdef';
        const body = { files: [{ path: 'model.onnx', bytes: 1, sha256: 'a'.repeat(64) }] };
        expectProblem(await other.post('/v1/models/a/files', body, { headers }), 403, 'rank');
        expectProblem(await other.request(`${where}?path=model.onnx&position=0`, { method: 'PUT', body: 'x',
            headers: { ...headers, 'Content-Type': 'application/octet-stream' } }), 403, 'rank');
        expectProblem(await other.request(`${where}/publish`, { method: 'POST', headers }), 403, 'rank');
        expectProblem(await other.request(where, { method: 'DELETE', headers }), 403, 'rank');
        expectProblem(await other.post('/v1/models/a/files', body), 401, 'unauthorized');
    } finally {
        await other.stop();
    }
});
