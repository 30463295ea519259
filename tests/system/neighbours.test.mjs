// tier: full
/**
 * Neighbours: daemons that bring each other what a hub lists. The hub's SHA-256 has the last word,
 * whatever a neighbour says and sends, and what no neighbour brings comes from the hub.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { pullToEnd } from '../lib/events.mjs';
import { request } from '../lib/http.mjs';
import { content, sha256, startHub } from '../lib/hub.mjs';
import { startNeighbour } from '../lib/neighbour.mjs';
import * as onnx from '../lib/onnx.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20, LARGE = 9 * MIB + 17;
const idle = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };

/** @type {Awaited<ReturnType<typeof startHub>>} */
let hub;
/** The first of them, which has pulled and published. @type {Daemon} */
let first;
/** Its one weight lies beside it. */
const graph = onnx.model(onnx.graph('beside', {
    nodes: [onnx.node('Identity', ['w'], ['y'])], inputs: [], outputs: [onnx.value('y', onnx.FLOAT, [1])],
    initializers: [onnx.externalTensor('w', onnx.FLOAT, [1], { location: 'model.onnx_data', offset: 0, length: 4 })],
}));
const test = testsOf(() => first);

/** A large file, and a small one that the hub knows by git's hash alone. */
function push(name) {
    const files = { 'model.onnx': graph, 'model.onnx_data': content(LARGE, name), 'model.json': '{}\n' };
    hub.push(name, files);
    hub.requests.length = 0;
    return files;
}

/** Nobody outside is asked. */
const configOf = (more = {}) => ({ ...idle, 'hub.ipfs': { url: '' }, models: { hub: 'local' }, 'hub.local': { url: hub.url }, ...more });

/** With these as its neighbours: name → URL. */
const beside = (neighbours, more = {}) => configOf({ ...more,
    ...Object.fromEntries(Object.entries(neighbours).map(([name, url]) => [`hub.${name}`, { url, layout: 'webinfer' }])) });

/** Pulls to the end; the last event, which is an error's where it failed. */
const pull = async (daemon, model, more = {}) => (await pullToEnd(daemon, { model, ...more })).outcome;

async function publish(daemon, name) {
    const { status, json, text } = await daemon.request(`/v1/models/${name}/publish`, { method: 'POST' });
    assert.equal(status, 200, text);
    return json;
}

/** All files of a model, those that begin with a dot too, but what says where it came from. */
function look(daemon, name, files) {
    const place = path.join(daemon.store, name);
    const found = fs.readdirSync(place, { recursive: true }).filter((one) =>
        !['.source.json', '.used'].includes(one) && fs.statSync(path.join(place, one)).isFile());
    assert.deepEqual(found.sort(), Object.keys(files).sort());
    for (const [file, right] of Object.entries(files))
        assert.equal(sha256(fs.readFileSync(path.join(place, file))), sha256(Buffer.from(right)), file);
}

/** Bytes of large files that the hub has sent since the last push. */
const sent = () => hub.asked('content').reduce((sum, one) => sum + one.sent, 0);

const broughtBy = ({ sources }, name) => sources?.find((one) => one.name === name)?.bytes ?? 0;

/** Puts a model into the store of the first one that looks like what was pushed, with other bytes, and publishes it. */
async function publishOther(name, size = LARGE) {
    const folder = path.join(first.store, name);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'model.onnx'), graph);
    fs.writeFileSync(path.join(folder, 'model.onnx_data'), content(size, `other ${name}`));
    return publish(first, name);
}

/** Says of another model's large file that it is the one that the hub lists. */
const claiming = (other, bytes) => (rows) => rows.filter(({ name }) => name === other).map((row) => ({ ...row,
    bytes: row.bytes - row.files.find((file) => file.path === 'model.onnx_data').bytes + bytes.length,
    files: row.files.map((file) => (file.path === 'model.onnx_data' ? { ...file, sha256: sha256(bytes), bytes: bytes.length } : file)),
}));

const closing = [];
async function between(options, behind = first.bridgeUrl) {
    const near = await startNeighbour(behind, options);
    closing.push(near);
    return near;
}

before(async () => {
    hub = await startHub();
    first = new Daemon({ config: configOf({ content: { serve: 'published' } }) });
    await first.start({ ready: false });
});
after(async () => {
    for (const near of closing) await near.close();
    await first.stop();
    await hub?.close();
});

/** Bytes that a store has of the large file while it comes. */
function onDisk(store) {
    const staged = path.join(store, '.staging');
    const parts = fs.existsSync(staged) ? fs.readdirSync(staged, { recursive: true }) : [];
    return Math.max(0, ...parts.filter((one) => one.includes('.model.onnx_data.'))
        .map((one) => fs.statSync(path.join(staged, one)).blocks * 512));
}

/** Pushed, and published by the first one. */
async function spread(name) {
    const files = push(name);
    assert.equal((await pull(first, name)).state, 'done');
    await publish(first, name);
    hub.requests.length = 0;
    return files;
}

test('what a neighbour has does not come from the hub', async () => {
    const files = await spread('org/near');
    await withDaemon({ ready: false, config: beside({ a: first.bridgeUrl }) }, async (second) => {
        const end = await pull(second, 'org/near');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/near', files);
        assert.equal(sent(), 0);
        assert.ok(broughtBy(end, 'a') >= LARGE && broughtBy(end, 'local') < 1000, JSON.stringify(end.sources));
        assert.ok(hub.requests.some(({ phase }) => phase === 'tree'));
        const count = (what, level) => second.metric(`webinfer_cache_${what}_total`, `{level="${level}"}`);
        assert.deepEqual(await Promise.all(['neighbours', 'ipfs', 'hub'].map((level) => count('fetched_bytes', level))),
            [broughtBy(end, 'a'), 0, broughtBy(end, 'local')]);
        assert.deepEqual(await Promise.all(['neighbours', 'ipfs', 'hub'].map((level) => count('hits', level))), [1, 0, 1]);
        assert.equal(await count('misses', 'neighbours'), 0);
        // What is here already does not come again, from nobody.
        assert.equal((await pull(second, 'org/near')).fetched_bytes, 0);
        assert.equal(await count('hits', 'neighbours'), 1);
        // What only the hub has, neighbours have missed.
        push('org/far');
        assert.equal((await pull(second, 'org/far')).state, 'done');
        assert.deepEqual(await Promise.all([count('misses', 'neighbours'), count('hits', 'hub')]), [1, 2]);
    });
});

test('a model of a neighbour comes by its name there, without a hub', async () => {
    const files = await spread('org/named');
    await withDaemon({ ready: false, config: beside({ a: first.bridgeUrl, gone: 'http://127.0.0.1:1' }) },
        async (second) => {
            const end = await pull(second, 'org/named', { hub: 'a', as: 'mine/named' });
            assert.equal(end.state, 'done', JSON.stringify(end));
            assert.match(end.commit, /^bafy/);
            look(second, 'mine/named', files);
            assert.equal(hub.requests.length, 0);
            assert.equal((await pull(second, 'org/unheard', { hub: 'a' })).code, 'hub_not_found');
            const gone = await pull(second, 'org/named', { hub: 'gone', as: 'mine/other' });
            assert.equal(gone.code, 'hub_failed');
            assert.match(gone.detail, /hub gone cannot be asked for its models: it cannot be asked what it has/);
            assert.equal((await pull(second, 'org/named@main', { hub: 'a' })).code, 'invalid_field');
        });
});

test('leaves that contradict the SHA-256 are dropped with who claims them, and the file comes right', async () => {
    const files = await spread('org/claimed'), alone = push('org/alone');
    const right = files['model.onnx_data'], only = alone['model.onnx_data'];
    await publishOther('liar/claimed');
    const liar = await between({ id: 'liar', list: (rows) => [claiming('liar/claimed', right), claiming('liar/claimed', only)]
        .map((claim, index) => ({ ...claim(rows)[0], cid: rows[index].cid })) });
    await withDaemon({ ready: false, config: beside({ liar: liar.url, a: first.bridgeUrl }) }, async (second) => {
        const end = await pull(second, 'org/claimed');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/claimed', files);
        assert.equal(sent(), 0);
        assert.ok(broughtBy(end, 'a') >= LARGE);
        assert.ok(liar.blocks.length >= 9);
        await second.logs(/model.onnx_data has the SHA-256 \w+ by its leaves instead of/);
        // It is out for a while, and nobody else has what it claims.
        const { length } = liar.blocks;
        assert.equal((await pull(second, 'org/alone')).state, 'done');
        look(second, 'org/alone', alone);
        assert.equal(liar.blocks.length, length);
        assert.equal(sent(), LARGE);
    });
});

test('a claim of another length is dropped before its leaves are fetched', async () => {
    const files = push('org/longer'), right = files['model.onnx_data'];
    await publishOther('liar/longer', 3 * MIB);
    const liar = await between({ id: 'liar', list: claiming('liar/longer', right) });
    await withDaemon({ ready: false, config: beside({ liar: liar.url }) }, async (second) => {
        assert.equal((await pull(second, 'org/longer')).state, 'done');
        look(second, 'org/longer', files);
        assert.ok(liar.blocks.length <= 2, `${liar.blocks.length} blocks`);
        await second.logs(/has \d+ bytes by its tree instead of/);
    });
});

test('one wrong block ends a neighbour, and another brings the rest', async () => {
    const files = await spread('org/wrong');
    const spoil = (bytes, cid, count) => (count % 3 ? bytes : Buffer.from(bytes, 0, bytes.length).fill(7, 0, 1));
    const wrong = await between({ id: 'wrong', block: spoil });
    await withDaemon({ ready: false, config: beside({ wrong: wrong.url, a: first.bridgeUrl }) }, async (second) => {
        const end = await pull(second, 'org/wrong');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/wrong', files);
        assert.equal(sent(), 0);
        assert.ok(end.fetched_bytes < LARGE + graph.length + 3 * MIB, `${end.fetched_bytes} bytes`);
    });
});

test('what a neighbour that goes away has brought is kept, and the hub brings the rest', async () => {
    const files = await spread('org/gone');
    let store;
    const near = await between({ block: async (bytes, cid, count) => {
        if (count <= 6) return bytes;
        await until(() => onDisk(store) >= 4 * MIB, { what: 'the first leaves on disk' });
        near.close();
        return null;
    } });
    await withDaemon({ ready: false, config: beside({ a: near.url }) }, async (second) => {
        store = second.store;
        const end = await pull(second, 'org/gone');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/gone', files);
        assert.ok(sent() > 0 && sent() <= LARGE - 4 * MIB, `${sent()} bytes from the hub`);
        const brought = end.sources.reduce((sum, one) => sum + one.bytes, 0);
        assert.ok(brought >= LARGE && brought <= end.fetched_bytes, JSON.stringify(end.sources));
    });
});

test('a beginning that was wrong is dropped once the hub has brought the rest, and held against who brought it', async () => {
    const files = push('org/begun');
    await publishOther('liar/begun');
    let store;
    const liar = await between({ id: 'liar', list: claiming('liar/begun', files['model.onnx_data']),
        block: async (bytes, cid, count) => {
            if (count < 7) return bytes;
            await until(() => onDisk(store) >= 3 * MIB, { what: 'the first leaves on disk' });
            liar.drops = true;
            return null;
        } });
    await withDaemon({ ready: false, config: beside({ liar: liar.url }) }, async (second) => {
        store = second.store;
        const end = await pull(second, 'org/begun');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/begun', files);
        assert.ok(sent() > LARGE && sent() <= 2 * LARGE - 3 * MIB, `${sent()} bytes from the hub`);
        const again = await pull(second, 'liar/begun', { hub: 'liar' });
        assert.equal(again.code, 'hub_failed');
        assert.match(again.detail, /its claim about a file was wrong/);
    });
});

test('a hub that shares brings parts beside the neighbours', async () => {
    const files = await spread('org/shared');
    let given = 0;
    const near = await between({ block: async (bytes, cid, count) => {
        if (count > 5) await until(() => sent() >= 2 * MIB, { what: 'the share of the hub' });
        given++;
        return bytes;
    } });
    hub.fail({ phase: 'content', path: 'onnx_data', times: Infinity,
        after: () => until(() => given >= 5, { what: 'the share of the neighbour' }) });
    await withDaemon({ ready: false, config: beside({ a: near.url }, { content: { hub_shares: 'yes' } }) }, async (second) => {
        const end = await pull(second, 'org/shared');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/shared', files);
        assert.ok(broughtBy(end, 'a') >= 2 * MIB && broughtBy(end, 'local') >= 2 * MIB, JSON.stringify(end.sources));
        assert.deepEqual([...new Set(end.sources.map(({ name }) => name))].length, end.sources.length);
        const ranges = hub.asked('content');
        assert.ok(ranges.every(({ range }) => /^bytes=\d+-\d+$/.test(range)), JSON.stringify(ranges.map(({ range }) => range)));
        // Where it leads is asked for once, by each of two at a time.
        assert.ok(hub.asked('resolve', 'onnx_data').length <= 2);
    }).finally(() => hub.heal());
});

test('a hub that shares finds out who is wrong about its file by its own bytes', async () => {
    const files = push('org/sharing');
    await publishOther('liar/sharing');
    const liar = await between({ id: 'liar', list: claiming('liar/sharing', files['model.onnx_data']) });
    await withDaemon({ ready: false, config: beside({ liar: liar.url }, { content: { hub_shares: 'yes' } }) }, async (second) => {
        assert.equal((await pull(second, 'org/sharing')).state, 'done');
        look(second, 'org/sharing', files);
        await second.logs(/the bytes of local are not those of its leaves|by its leaves instead of/);
        assert.equal((await pull(second, 'liar/sharing', { hub: 'liar' })).code, 'hub_failed');
    });
});

test('no leaf is fetched again after a kill', async () => {
    const files = await spread('org/killed');
    let held = 7;
    const near = await between({ block: (bytes, cid, count) => (count <= held ? bytes : new Promise(() => {})) });
    const second = new Daemon({ config: beside({ a: near.url }) });
    try {
        await second.start({ ready: false });
        assert.equal((await second.request('/v1/models/pull', { body: { model: 'org/killed' } })).status, 202);
        await until(() => near.blocks.length > held, { what: 'more blocks to be asked for' });
        await until(() => onDisk(second.store) >= 4 * MIB, { what: 'leaves on disk' });
        second.signal('SIGKILL');
        await second.waitEnd();
        const before = near.blocks.splice(0);
        held = Infinity;
        await second.start({ ready: false });
        await until(() => fs.existsSync(path.join(second.store, 'org/killed')), { what: 'the model' });
        look(second, 'org/killed', files);
        assert.ok(near.blocks.length <= 10 - 4 + 1, `${near.blocks.length} blocks came again after ${before.length}`);
        assert.equal(sent(), 0);
    } finally {
        await second.stop();
    }
});

test('what is no list of content delays a pull and does no more', async () => {
    const files = push('org/garbage');
    const saying = (head, body) => between({ answer: (answer) => answer.writeHead(200, head).end(body) });
    const json = { 'Content-Type': 'application/json' };
    const bad = {
        html: await saying({ 'Content-Type': 'text/html' }, '<!doctype html>'),
        rows: await saying(json, `{"id":"r","version":1,"content":[${'{},'.repeat(1e6)}{}]}`),
        long: await saying(json, `{"id":"l","version":1,"content":[${' '.repeat(5 * MIB)}]}`),
        later: await saying(json, '{"id":"v","version":2,"content":[]}'),
        silent: await between({ answer: () => {} }),
        cut: await between({ answer: (answer) => answer.writeHead(200, json).write('{"id":', () => answer.destroy()) }),
        busy: await between({ answer: (answer) => answer.writeHead(503, { 'Retry-After': '60' }).end() }),
        lost: await between({ answer: (answer) => answer.writeHead(302, { Location: 'http://192.0.2.1/' }).end() }),
    };
    const urls = Object.fromEntries(Object.entries(bad).map(([name, { url }]) => [name, url]));
    await withDaemon({ ready: false, config: beside(urls) }, async (second) => {
        const end = await pull(second, 'org/garbage');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/garbage', files);
        assert.equal(sent(), LARGE + graph.length);
        for (const near of Object.values(bad)) assert.equal(near.lists, 1);
    });
});

test('two that name each other, and one that names itself, are as good as others', async () => {
    const files = push('org/round');
    await withDaemon({ ready: false, config: beside({ a: first.bridgeUrl }, { content: { serve: 'published' } }) }, async (second) => {
        assert.equal((await pull(second, 'org/round')).state, 'done');
        await publish(second, 'org/round');
        hub.requests.length = 0;
        const neighbour = (url) => ({ url, layout: 'webinfer' });
        await first.reload({ 'hub.b': neighbour(second.bridgeUrl), 'hub.self': neighbour(first.bridgeUrl) });
        const end = await pull(first, 'org/round');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(first, 'org/round', files);
        assert.equal(sent(), 0);
        assert.ok(broughtBy(end, 'b') >= LARGE, JSON.stringify(end.sources));
        assert.equal(broughtBy(end, 'self'), 0);
        const own = await pull(first, 'org/round', { hub: 'self', as: 'own/round' });
        assert.equal(own.code, 'hub_failed');
        assert.match(own.detail, /it is this daemon itself/);
    });
});

test('with serve = all what was pulled is served without being published, but nothing of a hub with a token', async () => {
    const files = push('org/all'), hidden = push('org/hidden');
    const offered = async (daemon) => (await request(`${daemon.bridgeUrl}/content`)).json?.content ?? [];
    await withDaemon({ ready: false, config: configOf({ content: { serve: 'all' }, 'hub.guarded': { url: hub.url } }) }, async (one) => {
        const token = path.join(one.folder, 'token');
        fs.writeFileSync(token, 'hf_secret', { mode: 0o600 });
        await one.reload({ 'hub.guarded': { token_file: token } });
        assert.equal((await pull(one, 'org/hidden', { hub: 'guarded' })).state, 'done');
        assert.equal((await pull(one, 'org/all')).state, 'done');
        await until(async () => (await offered(one)).length > 0, { what: 'the pulled model' });
        const [row, ...others] = await offered(one);
        assert.deepEqual([row.name, row.published, others.length], ['org/all', false, 0]);
        assert.ok(fs.existsSync(path.join(one.store, '.content/leaves', `sha256-${sha256(files['model.onnx_data'])}`)));
        assert.equal((await one.get('/v1/content')).json.models?.length ?? 0, 0);
        hub.requests.length = 0;
        await withDaemon({ ready: false, config: beside({ one: one.bridgeUrl }, { content: { serve: 'all' } }) }, async (second) => {
            assert.equal((await pull(second, 'org/all')).state, 'done');
            look(second, 'org/all', files);
            assert.equal(sent(), 0);
            // It passes on what it got, too.
            await until(async () => (await offered(second)).length > 0, { what: 'the model that came from a neighbour' });
            assert.equal((await offered(second))[0].cid, row.cid);
            assert.equal((await pull(second, 'org/hidden')).state, 'done');
            assert.equal(sent(), LARGE);
            look(second, 'org/hidden', hidden);
        });
        // The one that is published stays, and what was pulled is given to nobody any more.
        await publish(one, 'org/hidden');
        await one.reload({ content: { serve: 'published' } });
        await until(async () => (await offered(one)).every(({ published }) => published), { what: 'the pulled model to go' });
        assert.equal((await offered(one)).length, 1);
        assert.equal((await request(`${one.bridgeUrl}/ipfs/${row.cid}?format=raw`)).status, 404);
    });
});

test('of a version with one changed MiB only that comes from a neighbour', async () => {
    const old = content(16 * MIB, 'versions'), changed = Buffer.from(old);
    content(MIB, 'changed').copy(changed, 7 * MIB + 17);
    const version = async (name, bytes) => {
        const files = { 'model.onnx': graph, 'model.onnx_data': bytes, 'model.json': '{}\n' };
        hub.push(name, files);
        assert.equal((await pull(first, name)).state, 'done');
        await publish(first, name);
        return files;
    };
    let given = 0;
    const near = await between({ block: (bytes) => {
        given += bytes.length;
        return bytes;
    } });
    await version('org/version-1', old);
    const files = await version('org/version-2', changed);
    await withDaemon({ ready: false, config: beside({ a: near.url }) }, async (second) => {
        assert.equal((await pull(second, 'org/version-1')).state, 'done');
        assert.ok(given >= old.length);
        given = hub.requests.length = 0;
        const end = await pull(second, 'org/version-2');
        assert.equal(end.state, 'done', JSON.stringify(end));
        look(second, 'org/version-2', files);
        assert.ok(given > MIB && given + sent() <= 3 * MIB, `${given} bytes from the neighbour, ${sent()} from the hub`);
    });
});

test('room is made by what a neighbour has, before what nobody near has', async () => {
    await spread('org/common');
    push('org/alone-here');
    await withDaemon({ ready: false, config: beside({ a: first.bridgeUrl }, { models: { hub: 'local', quota: Math.floor(2.5 * LARGE) } }) }, async (second) => {
        assert.equal((await pull(second, 'org/alone-here')).state, 'done');
        assert.equal((await pull(second, 'org/common')).state, 'done');
        push('org/third');
        assert.equal((await pull(second, 'org/third')).state, 'done');
        const { models } = (await second.get('/v1/models')).json;
        assert.deepEqual(models.map(({ name }) => name).filter((name) => name.startsWith('org/')), ['org/alone-here', 'org/third']);
    });
});

test('neighbours do not answer in the place of the hub', async () => {
    await spread('org/down');
    await withDaemon({ ready: false, config: beside({ a: first.bridgeUrl }) }, async (second) => {
        hub.fail({ phase: 'revision', status: 404, times: Infinity });
        assert.equal((await pull(second, 'org/down')).code, 'hub_not_found');
        hub.heal();
    });
});
