// tier: full
/**
 * Serving by content: what was published is given block by block and as CAR to those who may ask, each block under
 * the CID of its bytes, and nothing else is given.
 */
import { CarReader } from '@ipld/car';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { raw, request } from '../lib/http.mjs';
import * as onnx from '../lib/onnx.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20;
const RAW = 'application/vnd.ipld.raw', CAR = 'application/vnd.ipld.car';
const FOREVER = 'max-age=29030400, immutable';
const here = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 }, content: { serve: 'published' } };

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

/** A graph whose weights lie beside it. */
const putLarge = (store, name, bytes) => onnx.putExternal(path.join(store, name), bytes);

const get = (where, headers = {}, to = daemon) => request(to.bridgeUrl + where, { headers });
const head = (where, headers = {}) => request(daemon.bridgeUrl + where, { method: 'HEAD', headers });
const list = async (to = daemon) => (await get('/content', {}, to)).json.content;

async function publish(name, to = daemon) {
    const { status, json, text } = await to.request(`/v1/models/${name}/publish`, { method: 'POST' });
    assert.equal(status, 200, text);
    return json;
}

const blockOf = async (cid, headers) => {
    const answer = await get(`/ipfs/${cid}?format=raw`, headers);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
};

/** The blocks of a CAR, by their CIDs, in their order; each is what its CID says. */
async function blocksOf(car) {
    const reader = await CarReader.fromBytes(car), found = new Map();
    for await (const { cid, bytes } of reader.blocks()) {
        assert.deepEqual(sha256(bytes), Buffer.from(cid.multihash.digest), `${cid}`);
        assert.ok(!found.has(`${cid}`), `${cid} is there twice`);
        found.set(`${cid}`, Buffer.from(bytes));
    }
    return { roots: (await reader.getRoots()).map(String), found };
}

const carOf = async (cid, scope) => blocksOf((await get(`/ipfs/${cid}?format=car${scope ? `&dag-scope=${scope}` : ''}`)).body);

/** Asks and reads nothing. */
function askAndSleep(url, where) {
    const { hostname, port } = new URL(url);
    const socket = net.connect(Number(port), hostname, () => socket.write(`GET ${where} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    socket.pause();
    socket.on('error', () => {}); // it is cut
    return socket;
}

/** Whether the daemon has its end of it open: who reads nothing is not told that it has ended. */
const isOpen = ({ localPort }) => fs.readFileSync('/proc/net/tcp', 'utf8').split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some(([, , peer, state]) => state === '01' && peer.endsWith(`:${localPort.toString(16).padStart(4, '0').toUpperCase()}`));

/** @type {{cid: string, files: {path: string, bytes: number, sha256: string, cid: string}[]}} */
let large;
let sleeper;
before(async () => {
    daemon = new Daemon({ config: here, models: ['digits'] });
    putLarge(daemon.store, 'ada/large', 24 * MIB + 17);
    await daemon.start({ ready: false });
    large = await publish('ada/large');
    assert.equal(large.served, true);
    sleeper = askAndSleep(daemon.bridgeUrl, `/ipfs/${large.cid}?format=car`);
});
after(() => daemon.stop());

/* --- blocks, CARs, the list --- */

test('every block of a model is given, alone and in a CAR, under the CID of its bytes', async () => {
    const { roots, found } = await carOf(large.cid);
    assert.deepEqual(roots, [large.cid]);
    assert.equal([...found.keys()][0], large.cid);
    assert.ok(found.size > 24);
    for (const [cid, block] of found) {
        const bytes = await blockOf(cid);
        assert.ok(bytes.equals(block), cid);
    }
    for (const file of large.files) {
        const whole = await carOf(file.cid, 'entity');
        const leaves = [...whole.found].filter(([cid]) => cid.startsWith('bafkrei')).map(([, block]) => block);
        assert.ok(Buffer.concat(leaves).equals(fs.readFileSync(path.join(daemon.store, 'ada/large', file.path))), file.path);
        assert.equal(sha256(Buffer.concat(leaves)).toString('hex'), file.sha256);
    }
    assert.deepEqual([...(await carOf(large.cid, 'block')).found.keys()], [large.cid]);
    assert.deepEqual([...(await carOf(large.cid, 'entity')).found.keys()], [large.cid]);
    assert.ok(await daemon.metric('webinfer_content_blocks_total') >= found.size);
    assert.ok(await daemon.metric('webinfer_content_cars_total') >= large.files.length + 3);
    assert.ok(await daemon.metric('webinfer_content_bytes_total') > 48 * MIB);
});

test('an answer says what it is, and that it stays so', async () => {
    const { status, headers } = await get(`/ipfs/${large.cid}`, { Accept: RAW });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], RAW);
    assert.equal(headers.etag, `"${large.cid}.raw"`);
    assert.equal(headers['cache-control'], `public, ${FOREVER}`);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['content-disposition'], `attachment; filename="${large.cid}.bin"`);
    assert.equal(headers['access-control-allow-origin'], undefined);
    const car = await head(`/ipfs/${large.cid}?format=car`);
    assert.equal(car.status, 200);
    assert.equal(car.body.length, 0);
    assert.ok(Number(car.headers['content-length']) > 24 * MIB);
    assert.equal(car.headers['content-type'], `${CAR}; version=1; order=dfs; dups=n`);
    assert.equal(car.headers.etag, `"${large.cid}.car.all"`);
    assert.equal((await get(`/ipfs/${large.cid}?format=raw`, { 'If-None-Match': headers.etag })).status, 304);
    assert.equal((await head(`/ipfs/${large.cid}?format=car`, { 'If-None-Match': car.headers.etag })).status, 304);
    assert.equal((await get(`/ipfs/${large.cid}?format=raw`, { 'If-None-Match': car.headers.etag })).status, 200);
});

test('what is published is listed', async () => {
    const { json, headers } = await get('/content');
    assert.match(json.id, /^[A-Za-z0-9_-]{8,}$/);
    assert.equal(json.version, 1);
    assert.deepEqual(json.content, [{
        cid: large.cid, name: 'ada/large', bytes: large.files.reduce((sum, { bytes }) => sum + bytes, 0),
        published: true, origin: json.id, runs_24h: 0, also: [], files: large.files,
    }]);
    assert.equal((await get('/content', { 'If-None-Match': headers.etag })).status, 304);
    assert.equal((await head('/content')).status, 200);
    const digits = await publish('digits');
    const both = await get('/content', { 'If-None-Match': headers.etag });
    assert.deepEqual(both.json.content.map(({ cid }) => cid), [large.cid, digits.cid]);
    assert.equal((await daemon.request('/v1/models/digits/unpublish', { method: 'POST' })).status, 200);
    assert.equal((await get(`/ipfs/${digits.cid}?format=raw`)).status, 404);
    assert.equal((await get('/content', { 'If-None-Match': headers.etag })).status, 304);
});

/* --- refusals --- */

test('what is not here is not found at once, and what is no question is refused', async () => {
    const missing = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
    assert.equal((await get(`/ipfs/${missing}?format=raw`)).status, 404);
    assert.equal((await get(`/ipfs/${missing}?format=car`)).status, 404);
    // The same hash, said to be of another kind of block.
    const leaf = large.files.find(({ cid }) => cid.startsWith('bafkrei')).cid;
    assert.equal((await get(`/ipfs/${leaf}?format=raw`)).status, 200);
    assert.equal((await get(`/ipfs/bafybei${leaf.slice(7)}?format=raw`)).status, 404);
    for (const where of ['', `${large.cid}x`, large.cid.slice(0, -1), 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi',
        'bafkqablimvwgy3y', `${large.cid}/model.onnx`, `${large.cid}/`])
        assert.equal((await get(`/ipfs/${where}?format=raw`)).status, 400, where);
    for (const parameters of ['', '?format=', '?format=tar', '?format=raw&entity-bytes=0:9', '?format=car&entity-bytes=0:9',
        '?format=car&dag-scope=none', '?format=car&car-order=dfs', '?format=raw&format=car'])
        assert.equal((await get(`/ipfs/${large.cid}${parameters}`)).status, 400, parameters);
    for (const accept of ['*/*', 'text/html', `${CAR}; version=2`])
        assert.equal((await get(`/ipfs/${large.cid}`, { Accept: accept })).status, 400, accept);
    assert.equal((await request(`${daemon.bridgeUrl}/ipfs/${large.cid}?format=raw`, { method: 'POST', body: '' })).status, 405);
});

test('a CID may be written in each way that is known', async () => {
    assert.equal((await get(`/ipfs/${large.cid.toUpperCase()}?format=raw`)).status, 200);
    const { CID } = await import('multiformats/cid'), { base58btc } = await import('multiformats/bases/base58');
    const cid = CID.parse(large.cid);
    assert.ok((await blockOf(cid.toString(base58btc))).equals(await blockOf(large.cid)));
    assert.ok((await blockOf(cid.toV0().toString())).equals(await blockOf(large.cid)));
});

test('clients see that it is a gateway', async () => {
    for (const ask of [get, head])
        for (const where of ['/ipfs/bafkqaaa?format=raw', '/ipfs/bafkqaaa']) {
            const { status, headers, body } = await ask(where, where.includes('?') ? {} : { Accept: RAW });
            assert.deepEqual([status, headers['content-type'], headers['content-length'], body.length], [200, RAW, '0', 0]);
        }
});

test('where there are no tokens a name that is not ours is no way in', async () => {
    const by = async (host) => (await get(`/ipfs/${large.cid}?format=raw`, { Host: host })).status;
    assert.equal(await by('localhost:1234'), 200);
    assert.equal(await by('evil.example'), 403);
});

/* --- many at once --- */

test('twelve at once get what one alone gets', async () => {
    const where = `/ipfs/${large.cid}?format=car`, alone = (await get(where)).body;
    const together = await Promise.all(Array.from({ length: 12 }, () => get(where)));
    for (const { status, body } of together) {
        assert.equal(status, 200);
        assert.ok(body.equals(alone));
    }
});

test('so many are served at a time, and others are told to come again', async () => {
    await daemon.reload({ content: { upload_limit: 2000 } });
    const where = `/ipfs/${large.cid}?format=car`;
    const sleepers = Array.from({ length: 64 }, () => askAndSleep(daemon.bridgeUrl, where));
    // What has no body waits for nothing.
    const busy = await until(async () => {
        const answer = await head(`/ipfs/${large.cid}?format=raw`);
        return answer.status === 503 && answer;
    }, { what: 'a refusal' });
    assert.equal(busy.headers['retry-after'], '1');
    assert.equal((await get(`/ipfs/${large.cid}?format=raw`)).status, 503);
    assert.equal((await get('/ipfs/bafkqaaa?format=raw')).status, 200);
    assert.equal((await get('/content')).status, 200);
    assert.ok(await daemon.metric('webinfer_content_busy_total') > 1);
    for (const socket of sleepers) socket.destroy();
    await until(async () => (await head(`/ipfs/${large.cid}?format=raw`)).status === 200, { what: 'room' });
    await daemon.reload({ content: { upload_limit: 0 } });
});

/* --- who may ask --- */

test('with tokens one of rank node is needed, unless anyone may ask', async () => {
    const people = { ann: 'admin', bob: 'user', neighbour: 'node' }, tokens = tokensOf(people);
    await withDaemon({ models: ['digits'], config: here, ready: false }, async (other) => {
        const { cid } = await publish('digits', other), where = `/ipfs/${cid}?format=raw`;
        const by = (token, more = {}) => get(where, { ...token && { Authorization: `Bearer ${token}` }, ...more }, other);
        assert.equal((await by()).headers['cache-control'], `public, ${FOREVER}`);
        await other.reload({ api: { tokens_file: writeTokens(other, people, tokens) } });
        for (const token of [undefined, 'wi_wrong', tokens.ann, tokens.bob]) {
            const { status, headers } = await by(token);
            assert.equal(status, 401);
            assert.equal(headers['www-authenticate'], 'Bearer');
        }
        assert.equal((await get('/content', {}, other)).status, 401);
        const given = await by(tokens.neighbour, { Host: 'a-name-of-ours' });
        assert.equal(given.status, 200);
        assert.equal(given.headers['cache-control'], `private, ${FOREVER}`);
        assert.equal((await get('/ipfs/bafkqaaa?format=raw', {}, other)).status, 200);
        await other.reload({ content: { anyone: 'yes' } });
        const open = await by();
        assert.equal(open.status, 200);
        assert.equal(open.headers['cache-control'], `public, ${FOREVER}`);
        assert.equal(open.headers['access-control-allow-origin'], '*');
        assert.equal((await get(`/ipfs/${cid}`, {}, other)).headers['access-control-allow-origin'], '*');
        assert.equal((await get('/content', {}, other)).headers['access-control-allow-origin'], '*');
        await other.reload({ content: { serve: 'no' } });
        for (const asked of [where, '/ipfs/bafkqaaa?format=raw', '/ipfs/nothing', '/content'])
            assert.equal((await get(asked, {}, other)).status, 404, asked);
        await other.reload({ content: { serve: 'all' } });
        assert.equal((await by()).status, 200);
    });
});

/* --- what goes wrong --- */

test('what is written to in place is broken off, and not given any more', async () => {
    await withDaemon({ config: here, ready: false }, async (other) => {
        putLarge(other.store, 'changing', 12 * MIB);
        const { cid, files } = await publish('changing', other);
        const file = path.join(other.store, 'changing/w.bin'), whole = fs.readFileSync(file);
        const { hostname, port } = new URL(other.bridgeUrl);
        // Slow enough to be in the middle of it when the file changes.
        await other.reload({ content: { upload_limit: 1 * MIB } });
        let received = 0, ended = false;
        const socket = net.connect(Number(port), hostname, () => socket.write(
            `GET /ipfs/${cid}?format=car HTTP/1.1\r\nHost: localhost\r\n\r\n`));
        socket.on('data', ({ length }) => { received += length; });
        socket.on('close', () => { ended = true; });
        await until(() => received > 0, { what: 'the beginning of it' });
        const changed = Buffer.from(whole);
        changed[5 * MIB] ^= 1;
        fs.writeFileSync(file, changed);
        await other.reload({ content: { upload_limit: 0 } });
        await until(() => ended, { what: 'the end of it' });
        assert.ok(received < 12 * MIB, 'it is not whole');
        const { cid: weights } = files.find(({ path: name }) => name === 'w.bin');
        for (const one of [cid, weights])
            for (const form of ['raw', 'car'])
                assert.equal((await get(`/ipfs/${one}?format=${form}`, {}, other)).status, 404);
        assert.deepEqual(await list(other), []);
        await other.logs(/changing: .*none of its blocks is served any more: w\.bin has changed/);
        // The files come back, and with them what was published.
        fs.writeFileSync(file, whole);
        assert.equal((await publish('changing', other)).cid, cid);
        await until(async () => (await list(other)).length === 1, { what: 'it in the list' });
        assert.equal((await get(`/ipfs/${weights}?format=raw`, {}, other)).status, 200);
    });
});

test('who asks in strange ways is answered or cut, and the next is served', async () => {
    const line = `GET /ipfs/${large.cid}?format=raw HTTP/1.1\r\nHost: localhost\r\n`;
    const ended = { enough: (text) => text.includes('\r\n\r\n') };
    assert.match(await raw(daemon.bridgeUrl, `GET /ipfs/${'b'.repeat(3000)}?format=raw HTTP/1.1\r\nHost: h\r\n\r\n`, ended), /^HTTP\/1\.1 4\d\d /);
    assert.match(await raw(daemon.bridgeUrl, `GET /ipfs/%00%2e%2e%2fmodels?format=raw HTTP/1.1\r\nHost: h\r\n\r\n`, ended), /^(HTTP\/1\.1 4\d\d |$)/);
    assert.match(await raw(daemon.bridgeUrl, `GET /ipfs/${large.cid}?${'x'.repeat(600)} HTTP/1.1\r\nHost: h\r\n\r\n`, ended), /^HTTP\/1\.1 400 /);
    assert.match(await raw(daemon.bridgeUrl, `${line}If-None-Match: ${'"x",'.repeat(300)}\r\n\r\n`, ended), /^HTTP\/1\.1 200 /);
    assert.match(await raw(daemon.bridgeUrl, `${line}Range: bytes=1-2\r\n\r\n`, ended), /^HTTP\/1\.1 200 /);
    assert.equal((await get(`/ipfs/${large.cid}?format=raw`)).status, 200);
});

test('who does not take its answer is cut', async () => {
    // It began before all other tests, so that not all of its half minute is waited for here.
    await until(() => !isOpen(sleeper), { what: 'the end of who reads nothing', timeout: 60_000 });
    sleeper.destroy();
});
