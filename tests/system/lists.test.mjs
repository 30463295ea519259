// tier: quick
/** Nodes, models and jobs in pages: joined they are the whole list, whatever comes and goes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { assembleModels, Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', bob: 'user', root: 'admin' };
const tokens = tokensOf(people);

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off' },
        'browser.chrome': { max_connections: 0 }, aliases: { twin: 'm-03' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const as = (who, more = {}) =>
    ({ ...more, headers: { ...more.headers, Authorization: `Bearer ${tokens[who]}` } });
async function get(where, who = 'root') {
    const answer = await daemon.get(where, as(who));
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}
const simulate = (nodes) =>
    new Simulation(daemon, { nodes, models: daemon.store, token: tokens.root }).up();

/** All pages of a list, joined. `between` is called between two of them. */
async function pages(list, limit, { who = 'root', query = '', between = async () => {} } = {}) {
    const joined = [];
    for (let next = null, first = true; first || next !== null; first = false) {
        const after = first ? '' : `&after=${encodeURIComponent(next)}`;
        const page = await get(`/v1/${list}?limit=${limit}${after}${query}`, who);
        assert.ok(page[list].length <= limit);
        assert.ok(page.next === null || page[list].length === limit);
        joined.push(...page[list]);
        next = page.next;
        await between(page);
    }
    return joined;
}

const ids = (list) => list.map(({ id }) => id);
const names = (list) => list.map(({ name }) => name);
function assertSorted(keys) {
    for (let i = 1; i < keys.length; i++)
        assert.ok(keys[i - 1] < keys[i], `${keys[i - 1]} before ${keys[i]}`);
}

/** What changes by itself between two looks is left out. */
const steady = ({ busy_since_ms: _a, last_seen_ms: _b, rtt_ms: _c, bytes_in: _d, bytes_out: _e,
    heartbeats_lost: _f,
    ...rest }) => rest;

test('a bad page is refused by its field', async () => {
    for (const list of ['nodes', 'models', 'jobs']) {
        for (const limit of ['0', '1001', '-1', 'ten', '', '1.5', '18446744073709551617']) {
            const answer = await daemon.get(`/v1/${list}?limit=${limit}`, as('ada'));
            const what = `${list}, limit ${limit}: ${answer.text}`;
            assert.equal(answer.status, 400, what);
            assert.equal(answer.json.code, 'invalid_field', what);
            assert.equal(answer.json.field, 'limit', what);
            assert.equal(answer.json.expected, '1 to 1000', what);
        }
        for (const after of ['', '%ff', 'a%00b', 'x'.repeat(401)]) {
            const answer = await daemon.get(`/v1/${list}?after=${after}`, as('ada'));
            const what = `${list}, after ${after}: ${answer.text}`;
            assert.equal(answer.status, 400, what);
            assert.equal(answer.json.field, 'after', what);
            assert.ok(answer.json.expected || /NUL/.test(answer.json.detail), what);
        }
    }
    for (const after of ['job-0000000000000000', '12.', '.job-1', '12', `1.${'j'.repeat(40)}`,
        '1234567890123456789.job-1', '-1.job-1']) {
        const answer = await daemon.get(`/v1/jobs?after=${after}`, as('ada'));
        assert.equal(answer.status, 400, `${after}: ${answer.text}`);
        assert.equal(answer.json.field, 'after');
        assert.equal(answer.json.expected, 'the next of the page before');
    }
});

test('lists that are empty have one page', async () => {
    const none = { nodes: [], next: null, quarantined: [], quarantined_more: 0 };
    for (const query of ['', '?limit=3', '?after=zzz'])
        assert.deepEqual(await get(`/v1/nodes${query}`), none, query);
    assert.deepEqual(await get('/v1/jobs?limit=3'), { jobs: [], next: null });
});

test('pages of nodes are the whole list, by their ids', async () => {
    const simulation = await simulate(23);
    try {
        const all = (await get('/v1/nodes')).nodes.map(steady)
            .toSorted((a, b) => (a.id < b.id ? -1 : 1));
        assert.equal(all.length, 23);
        for (const limit of [1, 5, 22, 23, 24, 1000])
            assert.deepEqual((await pages('nodes', limit)).map(steady), all, `${limit} a page`);
        assert.deepEqual(ids((await get(`/v1/nodes?after=${all[19].id}`)).nodes),
            ids(all.slice(20)), 'after alone');
        assert.deepEqual(ids((await get(`/v1/nodes?limit=2&after=${all[9].id}0`)).nodes),
            ids(all.slice(10, 12)), 'behind an id that is not there');
        assert.ok((await pages('nodes', 5, { who: 'ada' })).every((node) => !node.user_agent));
    } finally {
        await simulation.stop();
    }
    await until(async () => (await get('/v1/nodes')).nodes.length === 0,
        { what: 'the nodes to be gone', timeout: 20_000 * patience });
});

test('nodes that stay are on one page each while others come and go, for twelve readers',
    { timeout: 240_000 * patience }, async () => {
        const staying = await simulate(40);
        const expected = ids((await get('/v1/nodes')).nodes).toSorted();
        assert.equal(expected.length, 40);
        let seen = 0, readers = 12;
        const comeAndGo = async () => {
            while (readers > 0) {
                const others = await simulate(20);
                await others.stop();
            }
        };
        const read = async () => {
            // Until the others have come and gone between pages of this reader.
            for (let changes = 0, last = -1; changes < 3;) {
                const found = ids(await pages('nodes', 7));
                assertSorted(found);
                assert.deepEqual(found.filter((id) => expected.includes(id)), expected);
                if (found.length !== last) changes++;
                last = found.length;
                seen++;
            }
            readers--;
        };
        try {
            const going = comeAndGo();
            try {
                await Promise.all(Array.from({ length: 12 }, read));
            } finally {
                readers = 0;
                await going;
            }
            assert.ok(seen >= 36);
        } finally {
            await staying.stop();
        }
    });

test('a page goes on behind a node that has gone meanwhile', async () => {
    const simulation = await simulate(6);
    const first = await get('/v1/nodes?limit=3');
    await simulation.stop();
    await until(async () => (await get('/v1/nodes')).nodes.length === 0,
        { what: 'the nodes to be gone', timeout: 20_000 * patience });
    const others = await simulate(12);
    try {
        const all = ids((await get('/v1/nodes')).nodes).toSorted();
        const page = await get(`/v1/nodes?limit=100&after=${first.next}`);
        assert.deepEqual(ids(page.nodes), all.filter((id) => id > first.next));
        assert.equal(page.next, null);
    } finally {
        await others.stop();
    }
});

test('pages of models are the whole list, by their names', async () => {
    const folders = Array.from({ length: 17 }, (_, i) => `m-${String(i).padStart(2, '0')}`);
    for (const name of [...folders, 'owner/a', 'owner/b', 'Zebra']) {
        assembleModels(daemon.store, ['twice']);
        fs.mkdirSync(path.dirname(path.join(daemon.store, name)), { recursive: true });
        fs.renameSync(path.join(daemon.store, 'twice'), path.join(daemon.store, name));
    }
    const simulation = await simulate(3);
    try {
        const answer = await daemon.infer({ model_name: 'm-03', platform: 'simulated',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] }, as('root'));
        assert.equal(answer.status, 200, answer.text);
        const whole = await until(async () => {
            const list = await get('/v1/models');
            return list.models.length === 25 &&
                list.models.find(({ name }) => name === 'm-03').loaded.length > 0 && list;
        }, { what: 'all models to be listed, and one as loaded' });
        assertSorted(names(whole.models));
        assert.equal(whole.next, null);
        for (const limit of [1, 4, 24, 25, 26])
            assert.deepEqual(await pages('models', limit), whole.models, `${limit} a page`);
        const page = await get('/v1/models?limit=2&after=m-02');
        assert.deepEqual(names(page.models), ['m-03', 'm-04']);
        assert.deepEqual(ids(page.data), ['m-03', 'twin', 'm-04']);
        assert.deepEqual(page.aliases, whole.aliases);
        assert.equal(page.next, 'm-04');
        assert.deepEqual(names((await get('/v1/models?limit=1&after=m-020')).models), ['m-03']);
        assert.deepEqual(names((await get('/v1/models?after=owner/a')).models), ['owner/b']);
    } finally {
        await simulation.stop();
    }
});

test('models that stay are on one page each while others come and go', async () => {
    const expected = names((await get('/v1/models')).models);
    const passing = path.join(daemon.store, 'm-05x');
    const joined = await Promise.all(Array.from({ length: 12 }, async (_, reader) => {
        const found = names(await pages('models', 5, { between: async () => {
            if (reader > 0) return;
            if (fs.existsSync(passing)) fs.rmSync(passing, { recursive: true });
            else fs.cpSync(path.join(daemon.store, 'm-05'), passing, { recursive: true });
        } }));
        assertSorted(found);
        return found.filter((name) => name !== 'm-05x');
    }));
    for (const found of joined) assert.deepEqual(found, expected);
    fs.rmSync(passing, { recursive: true, force: true });
});

test('pages of jobs are the whole list, the newest first, of each client its own', async () => {
    const posted = { ada: [], bob: [] };
    const post = async (who) => {
        const answer = await daemon.post('/v1/jobs', { model_name: 'builtin/echo',
            platform: 'simulated', inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] },
        as(who));
        assert.equal(answer.status, 202, answer.text);
        posted[who].push(answer.json.id);
    };
    for (let i = 0; i < 10; i++) // some within a millisecond
        await Promise.all([post('ada'), post('ada'), post('bob')]);
    const whole = (await get('/v1/jobs?limit=1000')).jobs;
    assert.equal(whole.length, 30);
    assert.ok(whole.every(({ accepted_at: at }, i) => i === 0 || at <= whole[i - 1].accepted_at));
    for (const limit of [1, 7, 29, 30, 31])
        assert.deepEqual(ids(await pages('jobs', limit)), ids(whole), `${limit} a page`);
    for (const who of ['ada', 'bob'])
        assert.deepEqual(ids(await pages('jobs', 4, { who })).toSorted(), posted[who].toSorted());
    // A place that somebody else's job has tells nothing of it.
    const { next } = await get('/v1/jobs?limit=5');
    const behind = ids((await get(`/v1/jobs?after=${next}`, 'bob')).jobs);
    assert.deepEqual(behind, ids(whole).slice(5).filter((id) => posted.bob.includes(id)));
    assert.equal((await get('/v1/jobs')).next, null);
    // New ones come before the first page, and one that ended stays where it was.
    const found = ids(await pages('jobs', 6, { between: () => post('ada') }));
    assert.deepEqual(found.filter((id) => ids(whole).includes(id)), ids(whole));
    const cancelled = await daemon.request(`/v1/jobs/${posted.bob[3]}`,
        as('bob', { method: 'DELETE' }));
    assert.ok(cancelled.status === 200 || cancelled.status === 202, cancelled.text);
    await until(async () => (await get('/v1/jobs?state=cancelled')).jobs.length === 1,
        { what: 'the job to be cancelled' });
    assert.deepEqual(ids(await pages('jobs', 3, { query: '&state=cancelled' })), [posted.bob[3]]);
    const readers = await Promise.all(Array.from({ length: 12 }, () => pages('jobs', 6)));
    for (const found of readers)
        assert.deepEqual(ids(found).filter((id) => ids(whole).includes(id)), ids(whole));
});

test('the newest 100 jobs without a limit, and where they go on', async () => {
    const count = (await get('/v1/jobs?limit=1000')).jobs.length;
    await Promise.all(Array.from({ length: 110 - count }, () => daemon.post('/v1/jobs', {
        model_name: 'builtin/echo', platform: 'simulated',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] }, as('ada'))));
    const first = await get('/v1/jobs');
    assert.equal(first.jobs.length, 100);
    const rest = await get(`/v1/jobs?after=${first.next}`);
    assert.equal(rest.jobs.length, 10);
    assert.equal(rest.next, null);
    assert.equal(new Set(ids([...first.jobs, ...rest.jobs])).size, 110);
});
