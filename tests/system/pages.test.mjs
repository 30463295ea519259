// tier: quick
/**
 * More models and nodes than a page has: pages without being asked for, and the lists of clients that
 * know none, which are kept as they are sent, and whole.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { assembleModels, Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { joined, nextOf } from '../lib/pages.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

const COUNT = 250;
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const config = { pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 },
    bridge: { heartbeat_misses: 100 } };

/** A folder that is listed as a model, and found to be none once it is read. */
function putStub(name) {
    const folder = path.join(daemon.store, name);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${path.basename(name)}-Q8_0.gguf`), 'GGUF');
}
const remove = (name) => fs.rmSync(path.join(daemon.store, name), { recursive: true });
const nameOf = (i) => `m-${String(i).padStart(3, '0')}`;
const builtins = [];

before(async () => {
    daemon = new Daemon({ config });
    await daemon.start({ ready: false });
    builtins.push(...(await get('/v1/models')).models.map(({ name }) => name));
    for (let i = 0; i < COUNT - builtins.length; i++) putStub(nameOf(i));
    await listed((models) => models.length === COUNT, 'all models to be listed');
});
after(() => daemon.stop());

async function get(where) {
    const answer = await daemon.get(where);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}
const names = (rows) => rows.map(({ name }) => name);
const ids = (rows) => rows.map(({ id }) => id);
const allModels = () => joined(get, '/v1/models', 'models');
const listed = (condition, what) => until(async () => condition(await allModels()), { what });

/** The pages that there are of a list when no limit is given. */
async function pagesOf(list, between = async () => {}) {
    const pages = [];
    for (let next = ''; next !== null; next = nextOf(pages.at(-1))) {
        pages.push(await get(`/v1/${list}${next ? `?after=${encodeURIComponent(next)}` : ''}`));
        await between(pages.length);
    }
    return pages;
}

function assertEachOnce(keys) {
    for (let i = 1; i < keys.length; i++) assert.ok(keys[i - 1] < keys[i], `${keys[i - 1]} before ${keys[i]}`);
}

test('250 models are on pages of 100, 100 and 50 without a limit', async () => {
    const pages = await pagesOf('models');
    assert.deepEqual(pages.map(({ models }) => models.length), [100, 100, 50]);
    const found = names(pages.flatMap(({ models }) => models));
    assertEachOnce(found);
    assert.equal(found.length, COUNT);
    assert.deepEqual(pages.map(({ next }) => next), [found[99], found[199], null]);
    // Who knows no pages asks for none, and has all of them.
    assert.deepEqual(ids(pages[0].data), found);
    assert.deepEqual(pages.slice(1).flatMap(({ data }) => ids(data)), found.slice(100));
    for (const limit of [1, 99, 101, 250, 1000]) {
        const page = await get(`/v1/models?limit=${limit}`);
        assert.deepEqual(names(page.models), found.slice(0, limit), `${limit} a page`);
        assert.deepEqual(ids(page.data), found.slice(0, limit));
        assert.equal(page.next, found[limit - 1] && limit < COUNT ? found[limit - 1] : null);
    }
    const whole = (await get('/v1/models?limit=1000')).models;
    assert.deepEqual(pages.flatMap(({ models }) => models), whole);
});

test('models that stay are on one page each while others come and go', async () => {
    const expected = names(await allModels());
    const readers = await Promise.all(Array.from({ length: 4 }, async (_, reader) => {
        const pages = await pagesOf('models', async (count) => {
            if (reader > 0) return;
            putStub(`m-0${count}0x`); // before and behind where the readers are
            putStub(`m-2${count}0x`);
            if (count > 1) remove(`m-2${count - 1}0x`);
        });
        return names(pages.flatMap(({ models }) => models));
    }));
    for (const found of readers) {
        assertEachOnce(found);
        assert.deepEqual(found.filter((name) => !name.endsWith('x')), expected);
    }
    for (const name of fs.readdirSync(daemon.store)) if (name.endsWith('x')) remove(name);
    await listed((models) => models.length === COUNT, 'the others to be gone');
});

test('a page goes on behind a model that was removed, or never was there', async () => {
    const first = await get('/v1/models'), name = first.next;
    const behind = names(await allModels()).filter((one) => one > name);
    remove(name);
    await listed((models) => models.length === COUNT - 1, 'it to be gone');
    assert.deepEqual(names((await get(`/v1/models?after=${name}`)).models), behind.slice(0, 100));
    assert.deepEqual(names((await get(`/v1/models?after=${name}0`)).models), behind.slice(0, 100));
    assert.deepEqual((await get('/v1/models?after=zzz')).models, []);
    putStub(name);
    await listed((models) => models.length === COUNT, 'it to be there again');
});

test('250 nodes are on pages of 100, 100 and 50, and status has the first of both', async () => {
    const simulation = await new Simulation(daemon, { nodes: COUNT }).up();
    try {
        const pages = await pagesOf('nodes');
        assert.deepEqual(pages.map(({ nodes }) => nodes.length), [100, 100, 50]);
        const found = ids(pages.flatMap(({ nodes }) => nodes));
        assertEachOnce(found);
        assert.equal(found.length, COUNT);
        assert.deepEqual(pages.map(({ next }) => next), [found[99], found[199], null]);
        for (const page of pages)
            assert.deepEqual([page.quarantined, page.quarantined_more], [[], 0]);
        for (const limit of [1, 39, 40, 41, 101, 1000]) // parts of 40 are gathered
            assert.deepEqual(ids((await get(`/v1/nodes?limit=${limit}`)).nodes), found.slice(0, limit));
        const status = await get('/v1/status');
        assert.deepEqual([status.nodes.length, status.nodes_more], [100, 150]);
        assert.ok(status.nodes.every(({ id }) => found.includes(id)));
        assert.deepEqual([status.models.length, status.models_more], [100, 150]);
        assert.deepEqual(names(status.models), names(await allModels()).slice(0, 100));
        assert.deepEqual([status.quarantined, status.quarantined_more], [[], 0]);
    } finally {
        await simulation.stop();
    }
    await until(async () => (await get('/v1/nodes')).nodes.length === 0,
        { what: 'the nodes to be gone', timeout: 20_000 * patience });
    const status = await get('/v1/status');
    assert.deepEqual([status.nodes, status.nodes_more], [[], 0]);
});

test('nodes that stay are on one page each while others come and go', async () => {
    const staying = await new Simulation(daemon, { nodes: 150 }).up();
    const expected = ids(await joined(get, '/v1/nodes', 'nodes'));
    assert.equal(expected.length, 150);
    try {
        for (let round = 0; round < 3; round++) {
            let others;
            const pages = await pagesOf('nodes', async (count) => {
                if (count === 1) others = await new Simulation(daemon, { nodes: 40 }).up();
                else await others.stop();
            });
            const found = ids(pages.flatMap(({ nodes }) => nodes));
            await others.stop().catch(() => {}); // it has ended, where there was a second page
            assertEachOnce(found);
            assert.deepEqual(found.filter((id) => expected.includes(id)), expected);
        }
    } finally {
        await staying.stop();
    }
});

test('a limit out of range and a place that is none are refused by their fields', async () => {
    for (const list of ['nodes', 'models', 'jobs', 'results']) {
        for (const limit of ['0', '1001', '-1', 'x', '']) {
            const { status, json } = await daemon.get(`/v1/${list}?limit=${limit}`);
            assert.deepEqual([status, json.code, json.field, json.expected],
                [400, 'invalid_field', 'limit', '1 to 1000'], `${list}, ${limit}`);
        }
        const { status, json } = await daemon.get(`/v1/${list}?after=`);
        assert.deepEqual([status, json.code, json.field], [400, 'invalid_field', 'after'], list);
    }
});

/** The lists of the clients that know no pages, by their own clients where there are some. */
async function whole() {
    const openai = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'any', maxRetries: 0 });
    const data = [];
    for await (const model of openai.models.list()) data.push(model);
    const { models: tags } = await new Ollama({ host: daemon.url }).list();
    const index = async (body) => {
        const answer = await daemon.post('/v2/repository/index', body);
        assert.equal(answer.status, 200, answer.text);
        return answer.json;
    };
    return { data, tags, index: await index({}), ready: await index({ ready: true }) };
}

test('the lists of OpenAI\'s, Ollama\'s and KServe\'s clients are whole', async () => {
    const expected = names(await allModels()), stubs = expected.filter((name) => !builtins.includes(name));
    const { data, tags, index, ready } = await whole();
    assert.deepEqual(ids(data), expected);
    assert.deepEqual(names(tags), stubs.map((name) => `${name}:latest`));
    assert.deepEqual(names(index), expected);
    assert.deepEqual(ready, index);
    for (const row of index) assert.deepEqual([row.state, row.reason], ['READY', '']);
});

/** As they are, but for when a model was changed that has not been read: then the daemon began. */
function timeless({ data, tags, index, ready }, began) {
    const close = (seconds) => Math.abs(seconds - began / 1000) < 3;
    return { index, ready,
        data: data.map((one) => ({ ...one, created: close(one.created) || one.created })),
        tags: tags.map(({ modified_at, ...one }) => {
            const time = new Date(modified_at).getTime();
            return { ...one, modified_at: close(time / 1000) || time };
        }) };
}

test('what is patched is what is printed afresh', async () => {
    const long = new Date('2020-02-02T00:00:00Z'), read = ['read-onnx', 'read-gguf', 'me/read'];
    assembleModels(daemon.store, ['twice']);
    fs.renameSync(path.join(daemon.store, 'twice'), path.join(daemon.store, 'read-onnx'));
    const files = [path.join(daemon.store, 'read-onnx/model.onnx'), putGguf(daemon.store, 'read-gguf'),
        putGguf(daemon.store, 'me/read')];
    for (const file of files) fs.utimesSync(file, long, long);
    for (const i of [0, 57, 120]) remove(nameOf(i));
    putStub('a-first');
    putStub('z-last');
    await listed((models) => models.length === COUNT + 2, 'what has come and gone');
    const look = async () => {
        for (const name of read) assert.equal((await get(`/v1/models/${name}`)).name, name);
        assert.equal((await daemon.get(`/v1/models/${nameOf(3)}`)).status, 422);
    };
    await whole();
    await look();
    const patched = await whole();
    for (const row of patched.data.filter(({ id }) => read.includes(id)))
        assert.equal(row.created, long.getTime() / 1000);
    assert.ok(!ids(patched.data).includes(nameOf(3)), 'it cannot be read');
    assert.equal(patched.index.find(({ name }) => name === nameOf(3)).state, 'UNAVAILABLE');
    assert.ok(!names(patched.ready).includes(nameOf(3)));
    assert.equal(patched.tags.filter(({ digest }) => digest).length, 2);
    assert.deepEqual(ids(patched.data), ids(await joined(get, '/v1/models?limit=30', 'data')));
    const began = (await get('/v1/status')).started_at;
    daemon.signal('SIGTERM');
    await daemon.waitEnd();
    await daemon.start({ ready: false });
    await look();
    await listed((models) => models.length === COUNT + 2, 'all models to be listed');
    const afresh = await whole();
    assert.deepEqual(timeless(patched, began), timeless(afresh, (await get('/v1/status')).started_at));
    // Other names for them, which come and go with the configuration.
    await daemon.reload({ aliases: { twin: 'read-gguf', a: nameOf(9) } });
    await look();
    const aliased = await whole();
    assert.deepEqual(ids(aliased.data).filter((id) => !ids(afresh.data).includes(id)).toSorted(), ['a', 'twin']);
    assert.deepEqual(ids(aliased.data), ids(await joined(get, '/v1/models?limit=30', 'data')));
    assert.ok(names(aliased.tags).includes('twin:latest'));
});

test('twelve who ask while models come and go get a whole list each', async () => {
    const before = ids((await get('/v1/models')).data);
    const answers = await Promise.all(Array.from({ length: 12 }, async (_, i) => {
        putStub(`passing-${String(i).padStart(2, '0')}`);
        return whole();
    }));
    for (const { data, index } of answers) {
        assert.deepEqual(ids(data).filter((id) => !id.startsWith('passing-')), before);
        assert.equal(new Set(names(index)).size, index.length, 'each once');
    }
    await until(async () => (await get('/v1/models')).data.length === before.length + 12,
        { what: 'all to be listed' });
});
