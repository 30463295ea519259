// tier: full
/** webinfer add: against a daemon as from another machine, and against a server that loses connections, answers wrongly or
 * knows better: what is sent, and what is taken back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { webinfer as runClient } from '../lib/cli.mjs';
import { patience, withDaemon } from '../lib/daemon.mjs';
import { makeCar, makeDag } from '../lib/ipfs.mjs';
import * as onnx from '../lib/onnx.mjs';
import { cliPath } from '../lib/paths.mjs';
import { Relay } from '../lib/relay.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20;
const hashOf = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** Hands on so many bytes of what is sent, and nothing more over the connection of the last of them: an upload stays in
 * its middle, however fast it would be. */
class Stalled extends Relay {
    left = 8 * MIB;

    serve(client) {
        const far = this.join(client);
        let open = true;
        client.on('data', (chunk) => {
            if (!open) return;
            open = this.left <= 0 || this.left > chunk.length;
            this.left -= chunk.length;
            far.write(chunk);
        });
        far.on('data', (chunk) => client.write(chunk));
    }
}

/** What `how` gives of one that leads to the daemon. */
async function withStalled(daemon, how) {
    const relay = await new Stalled().to(daemon.url).listen();
    try {
        return await how(relay);
    } finally {
        relay.close();
    }
}

/** The end of the uploads API that this tests; `before` may answer, or cut, a request first. */
let server, store, url, folder;
function take({ method, url: place }, body, answer) {
    const { pathname, searchParams } = new URL(place, 'http://x');
    store.asked.push(`${method} ${pathname}`);
    if (pathname === '/v1/models/big/files') {
        store.announced = JSON.parse(body);
        return answer(201, { id: 'upload-1', wanted: store.wanted ?? store.announced.files.map((one) => ({ path: one.path, position: 0 })) });
    }
    if (method === 'PUT') {
        const name = searchParams.get('path'), position = Number(searchParams.get('position')), there = store.files[name] ?? Buffer.alloc(0);
        if (position !== there.length) return answer(409, { code: 'conflict', detail: 'another position', expected: String(there.length) });
        store.files[name] = Buffer.concat([there, body]);
        store.pieces.push(body.length);
        return answer(204);
    }
    if (pathname.endsWith('/publish')) return answer(...(store.published ?? [200, { name: 'big', type: null, inputs: [], outputs: [] }]));
    return answer(method === 'DELETE' ? 204 : 404, { code: 'not_found', detail: 'there is none' });
}

before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-add-'));
    fs.mkdirSync(path.join(folder, 'home'));
    server = http.createServer((request, response) => {
        const chunks = [];
        const answer = (status, json) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(json ? JSON.stringify(json) : '');
        request.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
        request.on('end', () => store.first?.(request, Buffer.concat(chunks), answer) || take(request, Buffer.concat(chunks), answer));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
    server.close();
    fs.rmSync(folder, { recursive: true });
});
beforeEach(() => (store = { asked: [], files: {}, pieces: [] }));

/** A graph, and beside it weights of so many bytes more than it needs. */
const putModel = (bytes = 9 * MIB) => onnx.putExternal(folder, bytes, 'big.onnx');
const weights = () => fs.readFileSync(path.join(folder, 'w.bin'));
const add = (words = []) => runClient({ folder, temporary: folder, url }, ['add', path.join(folder, 'big.onnx'), ...words]);

/** Runs the client and presses ^C when `isTime`. */
async function interrupt(words, env, isTime) {
    const child = spawn(cliPath, words, { env: { ...process.env, ...env } });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    await until(isTime, { what: 'something is sent' });
    child.kill('SIGINT');
    const late = new Promise((_, reject) => setTimeout(reject, 20_000 * patience, new Error('it goes on')).unref());
    assert.deepEqual(await Promise.race([ended, late]), { code: null, signal: 'SIGINT' });
}

test('files are announced with their hashes, and sent in pieces', async () => {
    putModel();
    const { code, out, problems } = await add();
    assert.equal(code, 0, problems);
    assert.match(out, /^big: added, 9\.4 MB\n {2}type +not known/);
    assert.equal(store.announced.replace, false);
    const bytesOf = (name) => fs.readFileSync(path.join(folder, name === 'model.onnx' ? 'big.onnx' : name));
    assert.deepEqual(store.announced.files, ['model.onnx', 'parts/v.data', 'w.bin'].map((name) =>
        ({ path: name, bytes: bytesOf(name).length, sha256: hashOf(bytesOf(name)) })));
    assert.ok(store.files['w.bin'].equals(weights()));
    assert.ok(store.pieces.every((size) => size <= 4 * MIB), `${store.pieces}`);
    assert.equal(store.asked.some((one) => one.startsWith('DELETE')), false);
});

test('what the daemon has already is not sent, and --force says replace', async () => {
    putModel();
    store.wanted = [{ path: 'w.bin', position: 5 * MIB }];
    store.files['w.bin'] = weights().subarray(0, 5 * MIB);
    const { code, problems, json } = await add(['--force', '--json']);
    assert.equal(code, 0, problems);
    assert.equal(json.name, 'big');
    assert.equal(store.announced.replace, true);
    assert.deepEqual(Object.keys(store.files), ['w.bin']);
    assert.ok(store.files['w.bin'].equals(weights()));
});

test('a lost connection, a busy daemon and one that takes less at a time: it goes on where the daemon is', async () => {
    putModel();
    let turn = 0;
    store.first = ({ method, url: place, socket }, body, answer) => {
        if (method !== 'PUT' || !place.includes('w.bin')) return false;
        turn++;
        if (body.length > MIB) return answer(413, { code: 'too_large', detail: 'at most 1 MiB' }), true;
        if (turn === 5) { // half of it is there, and its acknowledgement is lost
            store.files['w.bin'] = Buffer.concat([store.files['w.bin'], body.subarray(0, 1000)]);
            return socket.destroy(), true;
        }
        if (turn === 8) return answer(503, { code: 'unavailable', detail: 'later' }), true;
        return false;
    };
    const { code, problems } = await add();
    assert.equal(code, 0, problems);
    assert.ok(store.files['w.bin'].equals(weights()));
});

test('a daemon that is lost for good, refuses, or answers nonsense: said, and taken back', async () => {
    putModel(1000);
    const cases = [
        [() => (store.published = [422, { code: 'model_invalid', detail: 'w.bin has another hash' }]), 1, /w\.bin has another hash/],
        [() => (store.wanted = [{ path: '../x', position: 0 }]), 2, /not an answer from webinferd/],
        [() => (store.wanted = [{ path: 'w.bin', position: -1 }]), 2, /not an answer from webinferd/],
        [() => (store.first = ({ method }, body, answer) => method === 'PUT' && (answer(507, { code: 'no_room', detail: 'full' }), true)), 1, /full/],
    ];
    for (const [change, status, why] of cases) {
        store = { asked: [], files: {}, pieces: [] };
        change();
        const { code, problems } = await add();
        assert.equal(code, status, problems);
        assert.match(problems, why);
        assert.equal(store.asked.at(-1), 'DELETE /v1/uploads/upload-1');
    }
    store = { asked: [], files: {}, pieces: [],
        first: ({ url: place }, body, answer) => place.endsWith('/files') && (answer(201, { id: '../x', wanted: [] }), true) };
    assert.match((await add()).problems, /not an answer from webinferd/);
    assert.ok(!store.asked.some((one) => one.startsWith('DELETE')), `${store.asked}`);
    store.first = (request, body, answer) => (answer(409, { code: 'conflict', detail: 'big is there' }), true);
    const taken = await add();
    assert.equal(taken.code, 1);
    assert.match(taken.problems, /big is there[^]*--force replaces/);
    store.asked = [];
    store.first = ({ method }, body, answer) => method === 'GET' && (answer(200, { name: 'big' }), true);
    const early = await add();
    assert.equal(early.code, 1);
    assert.match(early.problems, /the model big exists already[^]*--force replaces/);
    assert.deepEqual(store.asked, [], 'nothing is announced');
});

test('a file that changes while it is sent', async () => {
    putModel(1000);
    store.first = ({ method }) => {
        if (method === 'PUT') fs.appendFileSync(path.join(folder, 'w.bin'), 'x');
        return false;
    };
    const { code, problems } = await add();
    assert.equal(code, 2, problems);
    assert.match(problems, /w\.bin changed while it was being added/);
    assert.equal(store.asked.at(-1), 'DELETE /v1/uploads/upload-1');
});

test('a CAR that changes while it is sent, and one that was exchanged before', async () => {
    const { graph, files } = onnx.external(), dag = await makeDag({ 'model.onnx': graph, ...files }, 'unixfs-v1-2025');
    const car = path.join(folder, 'big.car');
    const sent = {};
    for (const when of ['GET', 'PUT']) {
        fs.writeFileSync(car, await makeCar(dag));
        store = { asked: [], files: {}, pieces: [], first: ({ method }) => method === when && (fs.appendFileSync(car, 'x'), false) };
        const { code, problems } = await runClient({ folder, temporary: folder, url }, ['add', car]);
        assert.equal(code, 2, problems);
        assert.match(problems, /big\.car\/model\.onnx changed while it was being added/);
        sent[when] = store.asked.filter((one) => one.startsWith('PUT')).length;
    }
    assert.deepEqual(sent, { GET: 0, PUT: 1 });
    assert.equal(store.asked.at(-1), 'DELETE /v1/uploads/upload-1');
});

test('^C takes the upload back, and ends by that signal', async () => {
    putModel();
    store.first = ({ method, url: place }) => method === 'PUT' && place.includes('w.bin') && store.pieces.length > 1; // never answered
    await interrupt(['add', path.join(folder, 'big.onnx')], { WEBINFER_URL: url }, () => store.pieces.length > 1);
    assert.equal(store.asked.at(-1), 'DELETE /v1/uploads/upload-1');
    let publishing = false;
    store = { asked: [], files: {}, pieces: [], first: ({ url: place }) => (publishing ||= place.endsWith('/publish')) && place.endsWith('/publish') };
    await interrupt(['add', path.join(folder, 'big.onnx')], { WEBINFER_URL: url }, () => publishing);
    assert.equal(store.asked.at(-1), 'DELETE /v1/uploads/upload-1');
});

test('from another machine with a token; again with --force as a second version; interrupted, it leaves nothing', async () => {
    const token = `wi_${'a'.repeat(43)}`, tokens = path.join(folder, 'tokens'), file = path.join(folder, 'token');
    fs.writeFileSync(tokens, `ada:${hashOf(token)}:admin\nbob:${hashOf(`${token.slice(0, -1)}b`)}:user\n`, { mode: 0o600 });
    fs.writeFileSync(file, token, { mode: 0o600 });
    const none = { min_connections: 0, max_connections: 0 };
    await withDaemon({ ready: false, config: { api: { listen: '127.0.0.2:0', tokens_file: tokens, allowed_hosts: '127.0.0.1' }, pool: none } }, async (daemon) => {
        const client = (words, env) => runClient(daemon, words, { env });
        const there = async () => JSON.parse((await client(['list', '--json', '--token-file', file])).out).models.map(({ name }) => name);
        const uploads = () => fs.readdirSync(daemon.store, { recursive: true }).filter((name) => fs.statSync(path.join(daemon.store, name)).size >= 20 * MIB);
        const words = ['add', path.join(folder, 'big.onnx'), '--url', daemon.url, '--token-file', file];
        assert.match(daemon.url, /127\.0\.0\.2/);
        putModel(1000);
        assert.equal((await client(['add', path.join(folder, 'big.onnx')], { WEBINFER_TOKEN: `${token.slice(0, -1)}b` })).code, 4);
        const first = await client([...words, '--json']);
        assert.equal(first.code, 0, first.problems);
        assert.ok((await there()).includes('big'));
        putModel(1001);
        const taken = await client(words);
        assert.equal(taken.code, 1, taken.problems);
        assert.match(taken.problems, /--force replaces a model/);
        const second = await client([...words, '--force', '--json']);
        assert.equal(second.code, 0, second.problems);
        assert.notEqual(second.json.hash, first.json.hash);
        assert.deepEqual(second.json.versions.map(({ version, current }) => [version, current]), [[2, true], [1, false]]);

        putModel(20 * MIB);
        await withStalled(daemon, (relay) => interrupt([...words.map((word) => (word === daemon.url ? relay.url : word)), '--name', 'other'], {}, () => fs.readdirSync(daemon.store, { recursive: true })
            .some((name) => name.endsWith('w.bin') && fs.statSync(path.join(daemon.store, name)).size >= 4 * MIB)));
        assert.ok(!(await there()).includes('other'));
        assert.deepEqual(uploads(), []);
    });
});

test('a daemon that is killed in the middle and comes back: it goes on where that is; where the upload is gone, it says what to do', async () => {
    const none = { min_connections: 0, max_connections: 0 }, bytes = 40 * MIB;
    const api = { allowed_hosts: '127.0.0.1' };
    await withDaemon({ ready: false, config: { api, pool: none } }, async (daemon) => {
        const place = path.join(daemon.store, '.staging');
        const uploads = () => (fs.existsSync(place) ? fs.readdirSync(place).filter((name) => !name.startsWith('.')) : []);
        const sizeOf = (id) => fs.statSync(path.join(place, id, 'files/w.bin'), { throwIfNoEntry: false })?.size ?? 0;
        /** Adds the model as `name`, and kills the daemon when a part of it is there; `between` it starts again. */
        const add = (name, between) => withStalled(daemon, async (relay) => {
            const added = runClient(daemon, ['add', path.join(folder, 'big.onnx'), '--name', name, '--json', '--url', relay.url]);
            const id = await until(() => uploads().find((one) => sizeOf(one) >= 4 * MIB), { what: 'a part of the upload' });
            daemon.signal('SIGKILL');
            await daemon.waitEnd();
            relay.left = 0; // what goes on is not held up
            assert.ok(sizeOf(id) < bytes, 'it was in the middle');
            between(id);
            await daemon.start({ ready: false });
            return { id, ...await added };
        });
        daemon.writeConfig({ api: { ...api, listen: new URL(daemon.url).host } }); // when it comes back, too
        putModel(bytes);
        const whole = await add('whole', () => {});
        assert.equal(whole.code, 0, whole.problems);
        assert.equal(JSON.parse(whole.out).files.find(({ path: name }) => name === 'w.bin').hash, hashOf(weights()));
        assert.deepEqual(uploads(), []);

        putModel(bytes);
        const gone = await add('gone', (id) => fs.rmSync(path.join(place, id), { recursive: true }));
        assert.equal(gone.code, 1, gone.problems);
        assert.match(gone.problems, /404: there is no upload [^]*\n {2}the same command starts over\n/);
        assert.deepEqual(uploads(), []);
    });
});
