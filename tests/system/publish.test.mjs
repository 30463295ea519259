// tier: full
/**
 * Publishing: CIDs are those that other programs give the same files, CARs have just these files, and what is
 * published outlives the daemon, is told of, goes stale and is taken back.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { EventReader } from '../lib/event-reader.mjs';
import { putFamilies } from '../lib/families.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { raw, request } from '../lib/http.mjs';
import { makeDag } from '../lib/ipfs.mjs';
import * as onnx from '../lib/onnx.mjs';
import { cliPath } from '../lib/paths.mjs';
import { picture } from '../lib/picture.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { readCar } from '../lib/read-car.mjs';
import { Terminal } from '../lib/terminal.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20;
const CAR = 'application/vnd.ipld.car';
const here = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
/** Of a folder's files by their paths, or of a single file. */
const cidOf = async (files) => String((await makeDag(files, 'unixfs-v1-2025')).cid);
const hashOf = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

/** A graph whose weights are several leaves, and lie in a folder of their own. */
const putLarge = (name, bytes = 5 * MIB + 17) => onnx.putExternal(path.join(daemon.store, name), bytes);

before(async () => {
    daemon = new Daemon({ config: here, models: ['digits'] });
    putGguf(daemon.store, 'talker');
    putFamilies(daemon.store, ['bert-classes']);
    putLarge('ada/large');
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const show = async (name) => (await daemon.get(`/v1/models/${name}`)).json;
const publish = (name, headers = {}) => daemon.request(`/v1/models/${name}/publish`, { method: 'POST', headers });
const unpublish = (name) => daemon.request(`/v1/models/${name}/unpublish`, { method: 'POST' });

/** The files that the daemon lists of a model, as they lie there. */
async function filesOf(name) {
    const { files } = await show(name), folder = path.join(daemon.store, name.split(':')[0]);
    return Object.fromEntries(files.map((file) => [file.path, fs.readFileSync(path.join(folder, file.path))]));
}

async function published(name) {
    const { status, json, text } = await publish(name);
    assert.equal(status, 200, text);
    return json;
}

/* --- over the API --- */

test('a model has the CID that other programs give its files', async () => {
    for (const name of ['digits', 'talker', 'bert-classes', 'ada/large']) {
        const files = await filesOf(name), answer = await published(name);
        assert.equal(answer.cid, await cidOf(files), name);
        assert.equal(answer.name, name);
        assert.equal(answer.served, false);
        assert.equal(answer.bytes, Object.values(files).reduce((sum, { length }) => sum + length, 0));
        assert.deepEqual(answer.files.map(({ path: where, bytes, sha256 }) => [where, bytes, sha256]),
            Object.keys(files).sort().map((where) => [where, files[where].length, hashOf(files[where])]));
        for (const file of answer.files)
            assert.equal(file.cid, await cidOf(files[file.path]), file.path);
    }
});

test('the same again is the same, and it is listed', async () => {
    const first = await published('digits'), [pin] = (await show('digits')).published;
    assert.deepEqual(await published('digits'), first);
    assert.deepEqual((await show('digits')).published, [pin]);
    assert.deepEqual({ ...pin, published_at: 0 }, { name: 'digits', cid: first.cid, bytes: first.bytes, stale: false, version: null, published_at: 0 });
    assert.ok(Math.abs(pin.published_at - Date.now() / 1000) < 600);
    const { models, published: all } = (await daemon.get('/v1/models')).json;
    assert.deepEqual(all.filter(({ name }) => name === 'digits'), [pin]);
    assert.deepEqual(models.find(({ name }) => name === 'digits').published, [pin]);
    assert.equal(models.find(({ name }) => name === 'builtin/echo').published, undefined);
    assert.ok(await daemon.metric('webinfer_published_models') >= 1);
    assert.equal(await daemon.metric('webinfer_published_models_stale'), 0);
});

test('a variant is published by its name', async () => {
    const { variants } = await show('bert-classes');
    const names = variants.map((one) => `bert-classes:${one.name}`);
    const cids = [];
    for (const name of names) {
        const answer = await published(name);
        assert.equal(answer.name, name);
        assert.equal(answer.cid, await cidOf(await filesOf(name)));
        cids.push(answer.cid);
    }
    assert.equal(new Set(cids).size, names.length);
    const pins = (await show('bert-classes')).published;
    for (const [i, name] of names.entries())
        assert.equal(pins.find((pin) => pin.name === name).cid, cids[i]);
});

test('twelve at once get the same', async () => {
    putLarge('ada/twelve');
    const answers = await Promise.all(Array.from({ length: 12 }, () => published('ada/twelve')));
    assert.equal(new Set(answers.map(({ cid }) => cid)).size, 1);
    assert.equal(answers[0].cid, await cidOf(await filesOf('ada/twelve')));
    assert.equal((await show('ada/twelve')).published.length, 1);
});

test('events tell how far it is', async () => {
    putLarge('ada/told', 40 * MIB);
    const { status, headers, text } = await publish('ada/told', { Accept: 'text/event-stream' });
    assert.equal(status, 200, text);
    assert.match(headers['content-type'], /^text\/event-stream/);
    const events = [...new EventReader().read(text)].map((one) => ({ ...one, data: JSON.parse(one.data) }));
    const { event: last, data } = events.pop();
    assert.equal(last, 'done');
    assert.equal(data.cid, await cidOf(await filesOf('ada/told')));
    for (const { event, data: { name, phase, loaded_bytes: loaded, total_bytes: total } } of events) {
        assert.deepEqual([event, name, phase, total], ['progress', 'ada/told', 'hashing', data.bytes]);
        assert.ok(loaded <= total);
    }
});

test('a CAR has the model, its length is told, and its blocks are those that are needed', async () => {
    for (const name of ['digits', 'ada/large']) {
        const { status, headers, body, text } = await publish(name, { Accept: CAR });
        assert.equal(status, 200, text);
        assert.equal(headers['content-type'], `${CAR}; version=1; order=dfs; dups=n`);
        assert.equal(Number(headers['content-length']), body.length);
        const files = await filesOf(name), { root, files: found } = await readCar(body);
        assert.equal(root, await cidOf(files));
        assert.equal(headers['content-disposition'], `attachment; filename="${root}.car"`);
        assert.deepEqual(found, files);
    }
});

test('a client that leaves in the middle of a CAR leaves nothing open', async () => {
    putLarge('ada/left', 64 * MIB);
    await published('ada/left');
    const open = () => fs.readdirSync(`/proc/${daemon.pid}/fd`).length, before = open();
    const { host } = new URL(daemon.url);
    await raw(daemon.url, `POST /v1/models/ada/left/publish HTTP/1.1\r\nHost: ${host}\r\nAccept: ${CAR}\r\nContent-Length: 0\r\n\r\n`,
        { enough: (text) => text.length > 100_000 });
    await until(() => open() <= before, { what: 'its file to be closed' });
    assert.equal((await daemon.get('/healthz')).status, 200);
});

test('what is no model of the store is not published', async () => {
    assertProblem(await publish('builtin/echo'), 422, 'model_invalid');
    assertProblem(await publish('nobody/here'), 404, 'model_not_found');
    assertProblem(await unpublish('nobody/here'), 404, 'not_found');
    assertProblem(await unpublish('builtin/echo'), 404, 'not_found');
    assertProblem(await publish('digits', { Accept: 'image/png' }), 406, 'not_acceptable');
});

test('what is unpublished is listed no more, and the model stays', async () => {
    const { cid } = await published('talker');
    const { status, json } = await unpublish('talker');
    assert.equal(status, 200);
    assert.deepEqual(json, { name: 'talker', state: 'unpublished', unpublished: [cid] });
    assert.equal((await show('talker')).published, undefined);
    assertProblem(await unpublish('talker'), 404, 'not_found');
    assert.equal((await published('talker')).cid, cid);
});

test('a model that is removed is unpublished', async () => {
    putLarge('ada/gone', 1);
    const { cid } = await published('ada/gone');
    const { status, json } = await daemon.request('/v1/models/ada/gone', { method: 'DELETE' });
    assert.equal(status, 200);
    assert.deepEqual(json.unpublished, [cid]);
    assertProblem(await unpublish('ada/gone'), 404, 'not_found');
});

test('a model of which a CAR is under way stays until that is sent, and its leaves go with it', async () => {
    putLarge('sent', 40 * MIB);
    assert.equal((await publish('sent')).status, 200);
    const [weights] = Object.values(await filesOf('sent')).sort((a, b) => b.length - a.length);
    const leaves = path.join(daemon.store, '.content/leaves', `sha256-${hashOf(weights)}`);
    assert.ok(fs.existsSync(leaves));
    const answer = await new Promise((resolve, reject) => {
        http.request(`${daemon.url}/v1/models/sent/publish`, { method: 'POST', headers: { Accept: CAR } }, resolve).on('error', reject).end();
    });
    assert.equal(answer.statusCode, 200);
    const remove = () => daemon.request('/v1/models/sent', { method: 'DELETE' });
    assertProblem(await remove(), 409, 'conflict', { field: 'model_name', detail: /being sent/ });
    let bytes = 0;
    for await (const chunk of answer) bytes += chunk.length;
    assert.equal(bytes, Number(answer.headers['content-length']), 'it is whole');
    const { status, text } = await until(async () => {
        const removed = await remove();
        return removed.status !== 409 && removed;
    }, { what: 'the CAR to have ended' });
    assert.equal(status, 200, text);
    await until(() => !fs.existsSync(leaves), { what: 'the leaves to go' });
});

test('a folder that changes is stale, and gets another CID when it is published again', async () => {
    putLarge('ada/moving', MIB);
    const first = await published('ada/moving'), weights = path.join(daemon.store, 'ada/moving/w.bin');
    const before = fs.readFileSync(weights);
    const isStale = async () => (await show('ada/moving')).published[0].stale;
    fs.appendFileSync(weights, 'x');
    await until(isStale, { what: 'it to be stale' });
    await daemon.logs(/warn .*content: ada\/moving: .* none of its blocks is served any more: w\.bin has changed/);
    assert.match((await daemon.status()).warnings.join('\n'), /ada\/moving/);
    assert.equal(await daemon.metric('webinfer_published_models_stale'), 1);
    assert.match((await webinfer(daemon, ['list'])).out, new RegExp(`^ada/moving +ipfs://${first.cid} +stale: its files have changed since$`, 'm'));
    assert.match((await webinfer(daemon, ['show', 'ada/moving'])).out, new RegExp(`^published +ada/moving as ipfs://${first.cid}, stale`, 'm'));
    fs.writeFileSync(weights, before);
    await until(async () => !await isStale(), { what: 'its files to be back' });
    fs.appendFileSync(weights, 'x');
    const second = await published('ada/moving');
    assert.notEqual(second.cid, first.cid);
    assert.equal(second.cid, await cidOf(await filesOf('ada/moving')));
    const pins = (await show('ada/moving')).published;
    assert.deepEqual(pins.map(({ cid, stale }) => [cid, stale]), [[second.cid, false]]);
    assert.doesNotMatch((await daemon.status()).warnings.join('\n'), /ada\/moving/);
});

test('what is published outlives the daemon, and how often it ran', async () => withDaemon({ ready: false,
    config: { ...here, content: { serve: 'published' } }, models: ['digits'] }, async (one) => {
    const before = (await one.request('/v1/models/digits/publish', { method: 'POST' })).json;
    const runs = async () => (await request(`${one.bridgeUrl}/content`)).json.content.map((row) => row.runs_24h);
    assert.deepEqual(await runs(), [0]);
    for (let i = 0; i < 2; i++)
        assert.equal((await one.infer({ model_name: 'digits', inputs: { image: picture.seven().toString('base64') }, timeout_ms: 100 })).status, 503);
    await until(async () => (await runs())[0] === 2, { what: 'both runs to be told of' });
    const pins = (await one.get('/v1/models/digits')).json.published;
    for (const signal of ['SIGTERM', 'SIGKILL']) {
        one.signal(signal);
        await one.waitEnd();
        await one.start({ ready: false });
        assert.deepEqual((await one.get('/v1/models/digits')).json.published, pins);
        assert.deepEqual((await one.request('/v1/models/digits/publish', { method: 'POST' })).json, before);
        assert.deepEqual(await runs(), [2]);
    }
}));

test('the version that is published is kept, whatever comes after it', async () => {
    const file = path.join(daemon.folder, 'held.onnx');
    const add = async (bytes, ...words) => {
        fs.writeFileSync(file, bytes);
        const { code, problems } = await webinfer(daemon, ['add', file, '--name', 'ada/held', ...words]);
        assert.equal(code, 0, problems);
    };
    await add(onnx.smallest());
    const first = await published('ada/held'), held = onnx.smallest();
    assert.equal(first.cid, await cidOf({ 'model.onnx': held }));
    for (const name of ['two', 'three', 'four']) await add(onnx.twice(name), '--force');
    await daemon.post('/v1/models/gc');
    const { versions, published: pins } = await show('ada/held');
    assert.deepEqual(pins.map(({ cid, version, stale }) => [cid, version, stale]), [[first.cid, 1, false]]);
    assert.ok(versions.some(({ version }) => version === 1), JSON.stringify(versions));
    const second = await published('ada/held');
    assert.equal(second.cid, await cidOf({ 'model.onnx': onnx.twice('four') }));
    assert.deepEqual((await show('ada/held')).published.map(({ cid, version }) => [cid, version]), [[second.cid, 4]]);
    await until(async () => !(await show('ada/held')).versions.some(({ version }) => version === 1), { what: 'the first version to go' });
});

/* --- by the client --- */

test('webinfer publish prints the address and nothing else', async () => {
    const { cid } = await published('digits');
    const { code, out, problems } = await webinfer(daemon, ['publish', 'digits']);
    assert.equal(code, 0, problems);
    assert.equal(out, `ipfs://${cid}\n`);
    assert.match(problems, /this daemon does not serve it yet: set serve = published in the section \[content\]/);
    const { json } = await webinfer(daemon, ['publish', '--json', 'digits']);
    assert.deepEqual(json, await published('digits'));
    assert.match((await webinfer(daemon, ['list'])).out, new RegExp(`^digits +ipfs://${cid} +whole$`, 'm'));
    assert.match((await webinfer(daemon, ['show', 'digits'])).out, new RegExp(`^published +digits as ipfs://${cid}$`, 'm'));
});

test('nothing is said where it is served', async () => withDaemon({ ready: false, config: { ...here, content: { serve: 'published' } }, models: ['digits'] },
    async (one) => {
        const { code, out, problems } = await webinfer(one, ['publish', 'digits']);
        assert.equal(code, 0, problems);
        assert.match(out, /^ipfs:\/\/bafybei[a-z2-7]{52}\n$/);
        assert.doesNotMatch(problems, /does not serve it yet/);
    }));

test('webinfer unpublish takes it back, and what cannot be is said', async () => {
    const { cid } = await published('talker');
    const { code, out, problems } = await webinfer(daemon, ['unpublish', 'talker']);
    assert.equal(code, 0, problems);
    assert.equal(out, `talker: no longer published; its address was ipfs://${cid}\n`);
    const again = await webinfer(daemon, ['unpublish', 'talker']);
    assert.equal(again.code, 1);
    assert.equal(again.out, '');
    assert.match(again.problems, /not_found/);
    const builtin = await webinfer(daemon, ['publish', 'builtin/echo']);
    assert.deepEqual([builtin.code, builtin.out], [1, '']);
    assert.match(builtin.problems, /model_invalid/);
    assert.equal((await webinfer(daemon, ['publish', '../x'])).code, 2);
});

test('webinfer publish --car writes a file whole, or none', async () => {
    const { cid } = await published('ada/large'), folder = fs.mkdtempSync(path.join(daemon.folder, 'car-'));
    const target = path.join(folder, 'large.car'), files = await filesOf('ada/large');
    fs.writeFileSync(target, 'what was there before');
    const { code, out, problems } = await webinfer(daemon, ['publish', 'ada/large', '--car', target]);
    assert.equal(code, 0, problems);
    assert.equal(out, `ipfs://${cid}\n`);
    assert.doesNotMatch(problems, /does not serve it yet/);
    assert.deepEqual(fs.readdirSync(folder), ['large.car']);
    const { root, files: found } = await readCar(fs.readFileSync(target));
    assert.equal(root, cid);
    assert.deepEqual(found, files);
    const none = path.join(folder, 'none.car');
    assert.equal((await webinfer(daemon, ['publish', 'nobody/here', '--car', none])).code, 1);
    const far = await webinfer(daemon, ['publish', 'ada/large', '--car', path.join(folder, 'no/such/folder.car')]);
    assert.equal(far.code, 2);
    assert.match(far.problems, /cannot be written: No such file/);
    assert.equal((await webinfer(daemon, ['publish', 'ada/large', '--car', folder])).code, 2);
    assert.deepEqual(fs.readdirSync(folder), ['large.car']);
});

test('of a CAR that breaks off, or is stopped, no file is left, and no address is printed', async () => {
    const folder = fs.mkdtempSync(path.join(daemon.folder, 'broken-')), target = path.join(folder, 'x.car');
    let sent = 0, cut = true, hold = false;
    const server = http.createServer((request, response) => {
        if (request.headers.accept === 'text/event-stream') {
            if (hold) {
                sent++;
                return;
            }
            response.writeHead(200, { 'Content-Type': 'text/event-stream' });
            response.end('event: done\ndata: {"cid": "bafkqaaa", "name": "x", "served": false}\n\n');
            return;
        }
        response.writeHead(200, { 'Content-Type': CAR, 'Content-Length': 1000 });
        response.write('half', () => { sent++; if (cut) response.destroy(); });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${server.address().port}`;
    const { code, out, problems } = await webinfer(daemon, ['--url', url, 'publish', 'x', '--car', target]);
    assert.deepEqual([code, out], [1, ''], problems);
    assert.match(problems, /the file was not written completely: /);
    assert.deepEqual(fs.readdirSync(folder), []);
    cut = false;
    for (const [signal, held] of [['SIGINT', false], ['SIGTERM', false], ['SIGHUP', false], ['SIGTERM', true]]) {
        sent = 0;
        hold = held;
        const child = spawn(cliPath, ['--url', url, 'publish', 'x', '--car', target], { stdio: 'ignore' });
        const ended = new Promise((resolve) => child.on('close', resolve));
        await until(() => sent === 1, { what: 'the file to come' });
        assert.equal(fs.readdirSync(folder).length, 1);
        child.kill(signal);
        assert.equal(await ended, 1, signal);
        assert.deepEqual(fs.readdirSync(folder), [], signal);
    }
    server.closeAllConnections();
    server.close();
});

test('a CAR is the same model elsewhere, with the same address', async () => withDaemon({ ready: false, config: here }, async (other) => {
    for (const name of ['talker', 'bert-classes', 'ada/large']) {
        const file = path.join(other.folder, 'x.car'), files = await filesOf(name);
        const { out } = await webinfer(daemon, ['publish', name, '--car', file]);
        const added = await webinfer(other, ['add', file, '--name', `moved/${name.replace('/', '-')}`]);
        assert.equal(added.code, 0, added.problems);
        const again = await webinfer(other, ['publish', `moved/${name.replace('/', '-')}`]);
        assert.equal(again.out, out, again.problems);
        const { json } = await other.get(`/v1/models/moved/${name.replace('/', '-')}`);
        assert.deepEqual(json.files.map((one) => [one.path, one.hash]), Object.keys(files).map((where) => [where, hashOf(files[where])]));
        fs.rmSync(file);
    }
}));

test('--car - is standard output, but no terminal', async () => {
    const { cid } = await published('digits');
    const words = ['publish', 'digits', '--car', '-'];
    const { out, problems } = await new Promise((resolve, reject) => execFile(cliPath, words, { encoding: 'buffer', maxBuffer: 64 * MIB,
        env: { PATH: process.env.PATH, HOME: daemon.folder, WEBINFER_URL: daemon.url } },
    (error, stdout, stderr) => error ? reject(error) : resolve({ out: stdout, problems: stderr.toString() })));
    assert.match(problems, new RegExp(`^ipfs://${cid}$`, 'm'));
    const { root, files } = await readCar(out);
    assert.equal(root, cid);
    assert.deepEqual(files, await filesOf('digits'));
    const terminal = new Terminal(daemon, words);
    assert.equal(await terminal.ended, 2, terminal.seen);
    assert.match(terminal.seen, /standard output is a terminal/);
    assert.equal((await webinfer(daemon, [...words, '--json'])).code, 2);
});

test('how far it is shows as a bar on a terminal', async () => {
    putLarge('ada/bar', 160 * MIB);
    const terminal = new Terminal(daemon, ['publish', 'ada/bar']);
    assert.equal(await terminal.ended, 0, terminal.seen);
    assert.match(terminal.seen, /\rhashing \[=*>? *\] +\d+ %  [\d.]+ [kM]B of 1\d\d MB\x1b\[K/);
    assert.match(terminal.seen, /\r\x1b\[Kipfs:\/\/bafybei[a-z2-7]{52}\r\n/);
});
