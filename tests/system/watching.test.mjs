// tier: quick
/**
 * GET /v1/events: what one who watches is told, when, and of whom; how it goes on after a break; and
 * that those who read slowly or not at all keep nobody waiting. Nodes are fakes and simulated ones.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, assembleModels, testsOf, withDaemon } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { content, startHub } from '../lib/hub.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { Watcher } from '../lib/watcher.mjs';

const people = { ada: 'user', bob: 'user', root: 'admin' };
const tokens = tokensOf(people);

/** @type {Daemon} */
let daemon;
let hub;
const test = testsOf(() => daemon);
const as = (who, more = {}) => ({ ...more, headers: { Authorization: `Bearer ${tokens[who]}` } });
const get = async (where, who = 'root') => (await daemon.get(where, as(who))).json;
const post = (where, body, who = 'root') => daemon.post(where, body, as(who));
const watch = (who = 'root', more = {}) =>
    new Watcher(daemon, { token: tokens[who], ...more });

/** With watchers that leave in the end. */
async function watching(watchers, body) {
    try {
        await Promise.all(watchers.map((one) => one.up()));
        return await body(...watchers);
    } finally {
        await Promise.all(watchers.map((one) => one.leave()));
    }
}

/** With a node that leaves in the end. @param {(node: FakeNode) => any} body */
async function withNode(body) {
    const { json: { url } } = await post('/v1/admin/join', {});
    const node = await new FakeNode(url).join();
    try {
        return await body(node);
    } finally {
        await node.close();
    }
}

/** Waits until the service has looked into the store's folder, and found it so. */
const store = (condition, what) => until(async () => {
    const { models } = await daemon.list('models', as('root'));
    return condition(models.map(({ name }) => name));
}, { what });

/** Has the node let tasks lie until they are released. */
function holdTasks(node) {
    const held = [];
    node.onTask = (task) => held.push(task);
    return { held, release: () => {
        node.onTask = (task) => node.respond(task);
        for (const task of held.splice(0)) node.respond(task);
    } };
}

const echo = (who, more = {}) => post('/v1/infer', { model_name: 'builtin/echo', platform: 'wasm',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }], ...more }, who);
const simulated = (data, who = 'root') => echo(who, { platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] });

function without(object, ...names) {
    return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
const byId = (list, name, ...names) =>
    Object.fromEntries(list.map((one) => [one[name], without(one, ...names)]));

/** What the lists say, in the form of events. */
async function listed(who = 'root') {
    const [status, { nodes }, { models, pulls }] = await Promise.all(
        [get('/v1/status', who), ...['nodes', 'models'].map((name) => daemon.list(name, as(who)))]);
    return {
        status: { version: status.version, started_at: status.started_at, ready: status.ready,
            problem: status.problem, warnings: status.warnings },
        queue: without(status.queue, 'jobs'),
        session: byId(status.sessions, 'id', 'age_ms', 'memory_bytes'),
        node: byId(nodes, 'id', 'busy_since_ms', 'last_seen_ms', 'rtt_ms', 'heartbeats_lost', 'bytes_in', 'bytes_out'),
        model: byId(models, 'name', 'files', 'numerics', 'last_used_at'),
        job: byId(status.queue.jobs, 'id', 'age_ms', 'request_id', 'parts'),
        pull: byId(pulls, 'name', 'seconds'),
    };
}

function seen(watcher) {
    const { version, started_at, ready, problem, warnings } = watcher.get('status');
    return { status: { version, started_at, ready, problem, warnings }, queue: watcher.get('queue'),
        ...Object.fromEntries(['session', 'node', 'model', 'job', 'pull']
            .map((kind) => [kind, watcher.all(kind)])) };
}

/** Waits until what it knows is what the lists say. */
async function agrees(watcher, who = 'root') {
    let last;
    await until(async () => {
        last = await listed(who);
        assert.deepEqual(seen(watcher), last);
        return true;
    }, { what: 'a watcher to know what lists say' }).catch(() => assert.deepEqual(seen(watcher), last));
}

before(async () => {
    hub = await startHub({ bytesPerSecond: 200_000 });
    daemon = new Daemon({ models: ['twice'], config: {
        // Neither nodes nor watchers go because this process gets no core for a while.
        api: { tokens_file: '', send_timeout: '600s' },
        bridge: { heartbeat_misses: 100, resume_grace: '2s' },
        pool: { min_connections: 0, numerics: 'off', max_queue: 4096 },
        models: { hub: 'local' },
        'hub.local': { url: hub.url },
        'browser.chrome': { max_connections: 0 } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, people, tokens) } });
    await daemon.start({ ready: false });
});
after(async () => {
    await daemon.stop();
    await hub?.close();
});

test('the snapshot is what the lists say, and changes keep it so', async () => {
    await withNode((node) => watching([watch(), watch('ada')], async (root, ada) => {
        await echo('root');
        assert.equal(root.events[0].event, 'snapshot');
        assert.match(root.events[0].id, /^[0-9a-f]{16}-\d+$/);
        await agrees(root);
        await agrees(ada, 'ada');
        assert.equal(root.get(`node/${node.id}`).user_agent, 'fake node');
        assert.equal(ada.get(`node/${node.id}`).user_agent, undefined);

        await get('/v1/models/twice');
        await root.sees((one) => one.get('model/twice').hash, 'that a model was read');
        node.send('model_status', { models: [{ name: 'twice', platform: 'wasm', state: 'loaded',
            hash: root.get('model/twice').hash, bytes: 100 }] });
        await root.sees((one) => one.get('model/twice').loaded.length === 1, 'where it is loaded');
        assert.equal(root.get(`node/${node.id}`).models.length, 1);
        await agrees(root);
        await agrees(ada, 'ada');
        node.socket.close(1000);
        await root.sees((one) => !one.get(`node/${node.id}`), 'a node that goes');
        assert.equal(root.events.at(-1).event, 'change');
        await root.sees((one) => one.get('model/twice').loaded.length === 0, 'that with it');
        await agrees(root);
        assert.equal(root.events.filter(({ event }) => event === 'snapshot').length, 1);
    }));
});

test('the life of a job is seen, and what it does to its node and to the queue', async () => {
    await withNode((node) => watching([watch()], async (watcher) => {
        const { held, release } = holdTasks(node);
        const answer = echo('ada', { id: 'mine' });
        await until(() => held.length === 1, { what: 'a task' });
        await watcher.sees((one) => Object.keys(one.all('job')).length === 1, 'a job');
        const [id] = Object.keys(watcher.all('job'));
        await watcher.sees((one) => one.get('queue').running === 1 &&
            one.get(`node/${node.id}`).attempts === 1, 'it running');
        const job = watcher.get(`job/${id}`);
        assert.equal(job.state, 'running');
        assert.equal(job.node, node.id);
        assert.equal(job.client, 'ada');
        assert.equal(job.client_id, 'mine');
        assert.ok(Math.abs(job.accepted_at - Date.now()) < 60_000);
        node.send('task_accepted', { attempt_id: held[0].message.data.attempt_id });
        await watcher.sees((one) => one.get(`job/${id}`).accepted, 'that its node has it');
        await agrees(watcher);
        release();
        assert.equal((await answer).status, 200);
        await watcher.sees((one) => !one.get(`job/${id}`) && one.get('queue').running === 0 &&
            one.get(`node/${node.id}`).attempts === 0, 'its end');
        assert.equal(watcher.events.findLast(({ json }) => `job/${id}` in json).json[`job/${id}`], null);
        await agrees(watcher);
    }));
});

test('a simulated node that is killed is away, and then gone', async () => {
    const simulation = await new Simulation(daemon, { nodes: 3, token: tokens.root }).up();
    await watching([watch()], async (watcher) => {
        await watcher.sees((one) => Object.keys(one.all('node')).length === 3, 'no others');
        await watcher.sees((one) => one.get('status').nodes.open === 3, 'how many take work');
        await agrees(watcher);
        simulation.child.kill('SIGKILL');
        await simulation.ended;
        await watcher.sees((one) => Object.values(one.all('node')).every(({ away }) => away), 'them away');
        await watcher.sees((one) => one.get('status').nodes.open === 0, 'that none takes work');
        await watcher.sees((one) => Object.keys(one.all('node')).length === 0, 'them gone');
        await watcher.sees((one) => one.get('status').nodes.count === 0, 'how many are left');
        await agrees(watcher);
    });
});

test('nodes that are drained, models that come and go', async () => {
    await withNode((node) => watching([watch('ada')], async (watcher) => {
        assert.equal((await post(`/v1/nodes/${node.id}/drain`, {})).status, 200);
        await watcher.sees((one) => one.get(`node/${node.id}`).draining, 'a node that drains');
        assert.equal((await post(`/v1/nodes/${node.id}/undrain`, {})).status, 200);
        await watcher.sees((one) => !one.get(`node/${node.id}`).draining, 'that it does not');
        assembleModels(daemon.store, ['rows']);
        await store((names) => names.includes('rows'), 'the model in the store');
        await watcher.sees((one) => one.get('model/rows'), 'a model that was added');
        const gone = await daemon.request('/v1/models/rows', as('root', { method: 'DELETE' }));
        assert.equal(gone.status, 200, gone.text);
        await watcher.sees((one) => !one.get('model/rows'), 'that it is removed');
        await agrees(watcher, 'ada');
    }));
});

test('a pull is seen from its beginning to its end', async () => {
    const finch = fs.readFileSync(path.join(ownModels, 'finch', 'finch-Q8_0.gguf'));
    hub.push('birds/finch', { 'finch-Q8_0.gguf': Buffer.concat([finch, Buffer.alloc(16, 7)]) });
    await watching([watch('bob')], async (watcher) => {
        assert.equal((await post('/v1/models/pull', { model: 'birds/finch' })).status, 202);
        await watcher.sees((one) => one.get('pull/birds/finch')?.state === 'done', 'the pull done');
        const states = watcher.events.map(({ json }) => json['pull/birds/finch']).filter(Boolean);
        assert.ok(states.some(({ loaded_bytes: bytes, total_bytes: total }) => bytes > 0 && bytes < total),
            'how far it is');
        await watcher.sees((one) => one.get('model/birds/finch'), 'the model');
        await agrees(watcher, 'bob');
        hub.push('birds/odd', { 'odd-Q8_0.gguf': content(1000) });
        await post('/v1/models/pull', { model: 'birds/odd' });
        await watcher.sees((one) => one.get('pull/birds/odd')?.state === 'failed', 'one that fails');
        assert.equal(typeof watcher.get('pull/birds/odd').problem.detail, 'string');
    });
});

test('two users and an admin: nobody sees anything of the jobs of others', async () => {
    await withNode((node) => watching(['ada', 'bob', 'root'].map((who) => watch(who)), async (ada, bob, root) => {
        const { held, release } = holdTasks(node);
        const answers = ['ada', 'bob', 'root'].map((who) => echo(who, { id: `of-${who}` }));
        const whose = (one) => Object.values(one.all('job')).map(({ client }) => client).sort();
        await root.sees((one) => whose(one).length === 3, 'all jobs');
        await until(() => held.length > 0, { what: 'a task' });
        await ada.sees((one) => whose(one).length === 1, 'her own');
        await bob.sees((one) => whose(one).length === 1, 'his own');
        assert.deepEqual([whose(ada), whose(bob), whose(root)],
            [['ada'], ['bob'], ['ada', 'bob', 'root']]);
        // Who comes now is told the same, in a snapshot.
        await watching([watch('ada'), watch('root')], async (late, lateRoot) => {
            assert.deepEqual(late.all('job'), ada.all('job'));
            assert.deepEqual(whose(lateRoot), ['ada', 'bob', 'root']);
        });
        release();
        for (const answer of answers) assert.equal((await answer).status, 200);
        for (const one of [ada, bob, root])
            await one.sees(() => Object.keys(one.all('job')).length === 0 &&
                one.get('queue').running === 0, 'that all is done');
        const jobs = (one) => one.keys.filter((key) => key.startsWith('job/'));
        assert.deepEqual([jobs(ada).length, jobs(bob).length, jobs(root).length], [1, 1, 3]);
        for (const [one, others] of [[ada, /\b(?:bob|root)\b/], [bob, /\b(?:ada|root)\b/]]) {
            const text = JSON.stringify(one.events);
            assert.doesNotMatch(text, others);
            assert.doesNotMatch(text, /fake node/, 'of a user agent');
        }
    }));
});

test('who comes back goes on where it was, if that is known', () => withNode(async (node) => {
    const first = await watch().up();
    await echo('root');
    await first.sees((one) => one.events.length > 1, 'a change');
    await first.leave();
    const known = first.last.id, [run] = known.split('-');
    await post(`/v1/nodes/${node.id}/drain`, {});
    await watching([watch('root', { lastId: known }), watch('root', { lastId: known })], async (again) => {
        await again.sees((one) => one.get(`node/${node.id}`)?.draining, 'what it missed');
        assert.ok(again.events.every(({ event }) => event === 'change'));
    });
    for (const lastId of [`${run}-99999999`, `${run}-`, `${run}-x`, run, '0000000000000000-1', 'x', '']) {
        await watching([watch('root', { lastId })], (one) => assert.equal(one.events[0].event, 'snapshot'));
    }
    // More has changed than is known any more: models come and go.
    const models = Array.from({ length: 1001 }, (_, i) => path.join(daemon.store, `many-${i}`));
    for (const folder of models) fs.mkdirSync(folder);
    for (const folder of models)
        fs.copyFileSync(path.join(daemon.store, 'twice', 'model.onnx'), path.join(folder, 'model.onnx'));
    await watching([watch()], async (watcher) => {
        await store((names) => names.length > 1001, 'many models in the store');
        await watcher.sees(() => Object.keys(watcher.all('model')).length > 1001, 'many models');
        await agrees(watcher);
        await watching([watch('root', { lastId: known })],
            (lost) => assert.equal(lost.events[0].event, 'snapshot'));
        for (const folder of models) fs.rmSync(folder, { recursive: true });
        await store((names) => names.length < 100, 'them gone');
        await watcher.sees(() => Object.keys(watcher.all('model')).length < 100, 'them gone');
    });
}));

test('browsers are seen from their start to their end', async () => {
    const own = new Daemon({ config: { pool: { min_connections: 1, network: 'host' } } });
    const driver = new FakeDriver(path.join(own.folder, 'driver'));
    own.writeConfig({ 'browser.chrome': { ...driver.config, min_connections: 1, max_connections: 1 } });
    await own.start({ ready: false });
    let node;
    try {
        const watcher = await new Watcher(own).up();
        const only = (one) => Object.values(one.all('session')).length === 1 &&
            Object.values(one.all('session'))[0];
        await watcher.sees((one) => only(one).state === 'starting' && only(one).step === 'welcome',
            'a start, and how far it is');
        assert.equal(watcher.get('status').ready, false);
        node = await new FakeNode(await driver.pageUrl()).join();
        await watcher.sees((one) => only(one).state === 'ready' && only(one).node === node.id, 'it ready');
        await watcher.sees((one) => one.get('status').ready, 'that the service is');
        assert.equal(watcher.get('status').problem, null);
        const { id } = only(watcher);
        const infer = () => own.infer({ model_name: 'builtin/echo',
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] });
        const { held, release } = holdTasks(node);
        const answer = infer();
        await until(() => held.length, { what: 'a task' });
        await watcher.sees((one) => only(one).state === 'busy', 'it busy');
        release();
        assert.equal((await answer).status, 200);
        await watcher.sees((one) => only(one).state === 'ready' && only(one).jobs === 1, 'it done');
        const [listed] = (await own.status()).sessions;
        assert.deepEqual(only(watcher), without(listed, 'age_ms', 'memory_bytes'));
        process.kill(only(watcher).driver_pid, 'SIGKILL');
        await watcher.sees((one) => !one.get(`session/${id}`), 'it gone');
        await watcher.sees((one) => !one.get('status').ready, 'that the service is not ready');
        await watcher.leave();
    } finally {
        await node?.close();
        await own.stop();
    }
});

test('admins get lines of the log, and users none', async () => {
    await watching([watch('root', { query: '?kinds=queue&log=info' }), watch('ada')], async (root, ada) => {
        const lines = () => root.events.filter(({ event }) => event === 'log')
            .flatMap(({ json }) => json.lines);
        for (let i = 0; i < 3; i++) await get('/v1/status', 'bob');
        await root.sees(() => lines().filter(({ path: where, token }) =>
            where === '/v1/status' && token === 'bob').length === 3, 'three lines');
        const numbers = lines().map(({ seq }) => seq);
        assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
        const { lines: kept } = await get('/v1/logs?limit=2000');
        for (const line of lines())
            assert.deepEqual(kept.find(({ seq }) => seq === line.seq), line);
        // More than fits at a time: the newest come, and how many do not.
        await Promise.all(Array.from({ length: 600 }, () => get('/healthz', 'bob')));
        await get('/v1/nodes?after=the-last', 'bob');
        await root.sees(() => lines().some(({ path: where }) => where?.startsWith('/v1/nodes')), 'the last line');
        const lost = root.events.filter(({ event }) => event === 'log')
            .reduce((sum, { json }) => sum + json.lost, 0);
        const first = numbers[0], last = lines().at(-1).seq;
        assert.equal(lines().length + lost, last - first + 1);
        assert.ok(ada.events.every(({ event }) => event !== 'log'));
    });
    const refused = await daemon.get('/v1/events?log=error', as('ada'));
    assert.equal(refused.status, 403, refused.text);
    assert.equal(refused.json.code, 'rank');
    const unknown = await daemon.get('/v1/events?log=loud', as('root'));
    assert.equal(unknown.status, 400, unknown.text);
    assert.equal(unknown.json.field, 'log');
    assert.match(unknown.json.allowed, /error.*warn.*info.*debug/);
});

test('which kinds there are to be, and what no query may be', async () => {
    await watching([watch('ada', { query: '?kinds=queue,model' })], async (watcher) => {
        await withNode(async (node) => {
            const { held, release } = holdTasks(node);
            const answer = echo('ada');
            await until(() => held.length, { what: 'a task' });
            await watcher.sees((one) => one.get('queue').running === 1, 'a change');
            release();
            await answer;
        });
        assert.deepEqual([...new Set(watcher.keys.map((key) => key.split('/')[0]))], ['model', 'queue']);
    });
    for (const [query, code, field] of [['kinds=jobs', 'invalid_field', 'kinds'],
        ['kinds=', 'invalid_field', 'kinds'], ['kinds=job,', 'invalid_field', 'kinds'],
        ['kinds=job,,node', 'invalid_field', 'kinds'], [`kinds=${'job,'.repeat(100)}job`, 'invalid_field', 'kinds'],
        ['kind=job', 'unknown_field', 'kind'], ['kinds=%ff', 'invalid_field', 'kinds']]) {
        const answer = await daemon.get(`/v1/events?${query}`, as('root'));
        assert.equal(answer.status, 400, `${query}: ${answer.text}`);
        assert.equal(answer.json.code, code, answer.text);
        assert.equal(answer.json.field, field, answer.text);
        assert.ok(answer.json.allowed || answer.json.expected || answer.json.detail, answer.text);
    }
    assert.equal((await daemon.get('/v1/events?kinds=x', as('root'))).json.allowed,
        'status, queue, session, node, model, job, pull');
    const json = await daemon.get('/v1/events', { headers: { ...as('root').headers, Accept: 'application/json' } });
    assert.equal(json.status, 406, json.text);
    const head = await daemon.request('/v1/events', as('root', { method: 'HEAD' }));
    assert.equal(head.status, 200);
});

test('whose token is taken away watches no more', async () => {
    await watching([watch('ada'), watch('bob')], async (ada, bob) => {
        writeTokens(daemon, { bob: 'user', root: 'admin' }, tokens);
        await daemon.reload({});
        await Promise.all([ada, bob].map((one) => one.client.ended()));
        assert.deepEqual([ada.client.over, bob.client.over], ['ended', 'ended']);
        const refused = await watch('ada', { lastId: ada.last.id }).begun();
        assert.equal(refused.client.status, 401);
        const again = await watch('bob', { lastId: bob.last.id }).begun();
        assert.equal(again.client.status, 200);
        await again.leave();
    });
    writeTokens(daemon, people, tokens);
    await daemon.reload({});
});

test('a client more than may watch is told when to come back', async () => {
    const watchers = Array.from({ length: 64 }, () => watch('root', { query: '?kinds=queue' }));
    await watching(watchers, async () => {
        const answer = await daemon.get('/v1/events', as('root'));
        assert.equal(answer.status, 429, answer.text);
        assert.equal(answer.json.code, 'too_many_watchers');
        assert.equal(answer.headers['retry-after'], '5');
        await watchers[0].leave();
        const next = await until(async () => {
            const one = await watch().begun();
            return one.client.status === 200 && one;
        }, { what: 'room for one' });
        await next.leave();
    });
    await daemon.reload({ api: { max_watchers: 0 } });
    assert.equal((await daemon.get('/v1/events', as('root'))).status, 429);
    await daemon.reload({ api: { max_watchers: 64 } });
});

test('one user has a quarter of the places, and the others are left to others', async () => {
    const watchers = Array.from({ length: 16 }, () => watch('ada', { query: '?kinds=queue' }));
    await watching(watchers, async () => {
        const refused = await daemon.get('/v1/events', as('ada'));
        assert.equal(refused.status, 429, refused.text);
        assert.equal(refused.json.code, 'too_many_watchers');
        assert.match(refused.json.detail, /^16 of your clients are already watching, .* a quarter of \[api\] max_watchers/);
        await watching([watch('bob'), watch('root')], async () => {});
        await watchers[0].leave();
        const next = await until(async () => {
            const one = await watch('ada').begun();
            return one.client.status === 200 && one;
        }, { what: 'room for one of ada' });
        await next.leave();
    });
    await daemon.reload({ api: { max_watchers: 1 } });
    await watching([watch('ada')], async () => {
        assert.match((await daemon.get('/v1/events', as('ada'))).json.detail, /^1 clients are already watching/);
    });
    await daemon.reload({ api: { max_watchers: 64 } });
});

test('twelve at a time see the same', async () => {
    const simulation = await new Simulation(daemon, { nodes: 4, token: tokens.root }).up();
    await watching(Array.from({ length: 12 }, () => watch()), async (...watchers) => {
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => simulated([i])));
        for (const answer of answers) assert.equal(answer.status, 200, answer.text);
        for (const one of watchers) await agrees(one);
        const [first, ...others] = watchers.map(seen);
        for (const other of others) assert.deepEqual(other, first);
    });
    await simulation.stop();
});

test('those that never read keep nobody waiting, and are told the newest when they read on', async () => {
    const simulation = await new Simulation(daemon, { nodes: 150, token: tokens.root }).up();
    const lazy = await Promise.all(Array.from({ length: 12 }, () =>
        watch('root', { paused: true, query: '?log=debug' }).begun()));
    const quick = await watch().up();
    for (let round = 0; round < 12; round++) {
        const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => simulated([round, i])));
        for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    }
    await agrees(quick);
    const used = (await get('/v1/status')).memory.used;
    assert.ok(used > 0 && used < (lazy.length + 1) * 64 * 1024, `${used} bytes`);
    const sent = quick.events.length;
    for (const one of lazy) {
        assert.equal(one.events.length, 0);
        one.client.go();
        await agrees(one);
        const changes = one.events.filter(({ event }) => event !== 'log').length;
        // What was not sent was never kept for it: a few more may come while it reads on.
        assert.ok(changes <= sent + 4, `${changes} events instead of ${sent}`);
    }
    await Promise.all([quick, ...lazy].map((one) => one.leave()));
    await simulation.stop();
});

test('one that never reads is cut off in time, and its place is free', async () => {
    const config = { api: { send_timeout: '1s', max_watchers: 1 }, pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } };
    await withDaemon({ config, ready: false }, async (own) => {
        const simulation = await new Simulation(own, { nodes: 150 }).up();
        const lazy = await new Watcher(own, { paused: true }).begun();
        assert.equal((await own.get('/v1/events')).status, 429);
        const echoes = () => Promise.all(Array.from({ length: 150 }, () => own.infer({
            model_name: 'builtin/echo', platform: 'simulated',
            inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] })));
        const next = await until(async () => {
            await echoes();
            const one = await new Watcher(own).begun();
            return one.client.status === 200 && one;
        }, { what: 'its place' });
        await next.leave();
        await lazy.leave();
        await simulation.stop();
    });
});

test('the daemon stops beside those who watch, and another run begins anew', async () => {
    const config = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
    await withDaemon({ config, ready: false, models: ['twice'] }, async (own) => {
        const simulation = await new Simulation(own, { nodes: 100 }).up();
        const watchers = await Promise.all(Array.from({ length: 5 }, () => new Watcher(own).up()));
        const lazy = await new Watcher(own, { paused: true }).begun();
        own.signal('SIGTERM');
        await own.waitEnd();
        for (const { client } of watchers) {
            assert.equal(client.over, 'ended');
        }
        assert.ok(watchers.some((one) => one.get('status').problem === 'shutting down'));
        lazy.client.go();
        await lazy.client.ended();
        await simulation.stop().catch(() => {}); // its service went
        await own.start({ ready: false });
        const again = await new Watcher(own, { lastId: watchers[0].last.id }).up();
        assert.equal(again.events[0].event, 'snapshot'); // a change may follow soon
        assert.notEqual(again.last.id.split('-')[0], watchers[0].last.id.split('-')[0]);
        await again.leave();
    });
});
