// tier: quick
/**
 * Ranks of trust: two users, an admin and programs that compute, each with a token of its own. Who
 * may do what, whose jobs are whose, and what becomes of a token that is taken away.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { tokenLine, tokensOf } from '../lib/tokens.mjs';
import { launch } from '../page/support/browser.mjs';
import { builtPage, cliPath } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';

const people = { ada: 'user', bob: 'user', attic: 'relay', root: 'admin', farm: 'node' };
const tokens = tokensOf(people);
const lineOf = (name) => tokenLine(name, tokens[name], people[name]);
const higher = { none: 0, node: 1, user: 2, relay: 3, admin: 4 };

/** @type {Daemon} */
let daemon;
/** @type {FakeNode} */
let node;
let tokensFile;
const test = testsOf(() => daemon);
const write = (...names) =>
    fs.writeFileSync(tokensFile, names.map(lineOf).join(''), { mode: 0o600 });
const as = (who, more = {}) => ({ ...more, headers: { ...more.headers,
    ...(who && { Authorization: `Bearer ${tokens[who]}` }) } });
const get = (who, where, more) => daemon.get(where, as(who, more));
const post = (who, where, body, more) => daemon.post(where, body, as(who, more));
const remove = (who, where) => daemon.request(where, as(who, { method: 'DELETE' }));
const farmNode = () => new FakeNode(`${daemon.bridgeUrl}/#token=${tokens.farm}`);

/** Reads the tokens file again and waits until that is done. */
async function reload() {
    const from = daemon.log.length;
    daemon.signal('SIGHUP');
    await until(() => /reloaded|not reloaded/.test(daemon.log.slice(from)), { what: 'a reload' });
    return daemon.log.slice(from);
}

before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off' },
        'browser.chrome': { max_connections: 0 } } });
    tokensFile = path.join(daemon.folder, 'tokens');
    daemon.writeConfig({ api: { tokens_file: tokensFile } });
    write(...Object.keys(people));
    await daemon.start({ ready: false });
    node = await farmNode().join();
    await daemon.ready();
});
after(async () => {
    await node?.close();
    await daemon.stop();
});

const echo = (more = {}) => ({ model_name: 'builtin/echo', platform: 'wasm',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }], ...more });

/** Lets tasks lie until `release` is called. */
function holdTasks() {
    const held = [];
    node.onTask = (task) => held.push(task);
    return { held, release: () => {
        node.onTask = (task) => node.respond(task);
        for (const task of held.splice(0)) node.respond(task);
    } };
}

function assertProblem(answer, status, code) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json.code, code, answer.text);
}

/** What a refusal says: its code, which Ollama's form has not, and its text. */
function refusal({ type, error, code, expected, detail }) {
    if (type === 'error') return { code: error.type, text: error.message };
    if (typeof error === 'object') return { code: code ?? error.code, text: error.message };
    return { code, text: [detail, error, expected].join(' ') };
}

/** How each form calls a rank that is missing, and a token. */
function codes({ type, error, code }) {
    if (type === 'error') return { rank: 'permission_error', missing: 'authentication_error' };
    return { rank: 'rank', missing: code === undefined && error ? 'invalid_api_key' : 'unauthorized' };
}

test('every route, with every rank', async () => {
    const { json: { endpoints } } = await get('root', '/');
    assert.ok(endpoints.length > 20);
    for (const { method, path: pattern, rank } of endpoints) {
        const where = pattern.replace(/\{\w+\}/g, 'no-such') +
            ({ '/v1/events': '?kinds=none', '/v1/channels': '?names=none' }[pattern] ?? ''); // else its answer has no end
        for (const who of [null, ...Object.keys(people)]) {
            const what = `${who ?? 'nobody'}: ${method} ${where}`;
            const has = higher[who ? people[who] : 'none'];
            const answer = await daemon.request(where, as(who, { method,
                ...(method === 'POST' && { body: {} }) }));
            if (has >= higher[rank]) {
                assert.ok(![401, 403].includes(answer.status), `${what}: ${answer.text}`);
                continue;
            }
            assert.equal(answer.status, who ? 403 : 401, what);
            const { code, text } = refusal(answer.json);
            if (code !== undefined) assert.equal(code, codes(answer.json)[who ? 'rank' : 'missing'], what);
            assert.match(text, who ? new RegExp(`\\b${rank}\\b`) : /Authorization: Bearer/, what);
        }
    }
    // The test above reads the ranks from the daemon: these are what they have to be.
    const needs = (rank) => endpoints.filter((one) => one.rank === rank)
        .map(({ method, path: pattern }) => `${method} ${pattern}`).sort();
    assert.deepEqual(needs('none'), ['GET /console/{file}', 'GET /docs', 'GET /docs/{path}', 'GET /healthz', 'GET /readyz',
        'GET /v2/health/live', 'GET /v2/health/ready']);
    assert.deepEqual(needs('admin'), ['DELETE /api/delete', 'DELETE /v1/admin/join/{id}', 'DELETE /v1/admin/quarantine/{id}', 'DELETE /v1/devices/{id}', 'DELETE /v1/models/{model}', 'DELETE /v1/nodes/{id}',
        'DELETE /v1/results/{id}', 'DELETE /v1/uploads/{id}', 'GET /metrics', 'GET /v1/admin/join', 'GET /v1/content', 'GET /v1/devices', 'GET /v1/logs', 'POST /api/pull',
        'POST /v1/admin/backup', 'POST /v1/admin/join', 'POST /v1/admin/verify', 'POST /v1/kinds/{id}/retest', 'POST /v1/matrix', 'POST /v1/models/gc',
        'POST /v1/models/pull', 'POST /v1/models/{model}/cancel', 'POST /v1/models/{model}/files',
        'POST /v1/models/{model}/load', 'POST /v1/models/{model}/publish', 'POST /v1/models/{model}/quantize',
        'POST /v1/models/{model}/unload',
        'POST /v1/models/{model}/unpublish', 'POST /v1/nodes/{id}/drain', 'POST /v1/nodes/{id}/forgive',
        'POST /v1/nodes/{id}/undrain', 'POST /v1/results', 'POST /v1/sessions/{id}/recycle',
        'POST /v1/uploads/{id}/publish',
        'POST /v2/repository/models/{model}/load', 'POST /v2/repository/models/{model}/unload',
        'PUT /v1/uploads/{id}']);
});

test('two clients that choose the same id and the same X-Request-Id never meet', async () => {
    const { held, release } = holdTasks();
    const send = (who) => post(who, '/v1/infer', echo({ id: 'one' }),
        { headers: { 'X-Request-Id': 'same' } });
    const ada = send('ada'), bob = send('bob');
    await until(() => held.length === 2, { what: 'both to be at work' });
    const jobs = async (who) => (await get(who, '/v1/status')).json.queue.jobs;
    const [adas] = await jobs('ada');
    assert.deepEqual((await jobs('ada')).map(({ client }) => client), ['ada']);
    assert.deepEqual((await jobs('bob')).map(({ client }) => client), ['bob']);
    assert.deepEqual((await jobs('root')).map(({ client }) => client).sort(), ['ada', 'bob']);
    for (const name of ['one', 'same']) {
        const mine = await get('ada', `/v1/jobs/${name}`);
        assert.equal(mine.json.id, adas.id, mine.text);
        assert.equal(mine.json.client, 'ada');
        assert.notEqual((await get('bob', `/v1/jobs/${name}`)).json.id, adas.id);
        assertProblem(await get('root', `/v1/jobs/${name}`), 404, 'job_not_found');
    }
    assertProblem(await get('bob', `/v1/jobs/${adas.id}`), 404, 'job_not_found');
    assertProblem(await remove('bob', `/v1/jobs/${adas.id}`), 404, 'job_not_found');
    assert.equal((await get('root', `/v1/jobs/${adas.id}`)).status, 200);
    // Each cancels the one that is its own.
    assert.equal((await remove('bob', '/v1/jobs/one')).status, 200);
    assertProblem(await bob, 409, 'cancelled');
    assert.equal((await get('ada', '/v1/jobs/one')).status, 200);
    assert.equal((await remove('root', `/v1/jobs/${adas.id}`)).status, 200);
    assertProblem(await ada, 409, 'cancelled');
    release();
});

test('stored jobs: in the list, looked at, waited for and cancelled by their client alone',
    async () => {
        const { held, release } = holdTasks();
        const posted = await post('ada', '/v1/jobs', echo({ id: 'mine' }));
        assert.equal(posted.status, 202, posted.text);
        const where = `/v1/jobs/${posted.json.id}`;
        await until(() => held.length === 1, { what: 'the job to be at work' });
        const list = async (who) => (await get(who, '/v1/jobs')).json.jobs;
        assert.deepEqual((await list('ada')).map(({ id, client }) => [id, client]),
            [[posted.json.id, 'ada']]);
        assert.deepEqual(await list('bob'), []);
        assert.deepEqual((await list('root')).map(({ client }) => client), ['ada']);
        const never = await get('bob', '/v1/jobs/job-never');
        for (const answer of [await get('bob', where), await get('bob', `${where}?wait=20s`),
            await remove('bob', where)]) {
            assertProblem(answer, 404, 'job_not_found');
            assert.equal(answer.json.detail.replace(posted.json.id, 'job-never'),
                never.json.detail);
        }
        assert.equal((await get('ada', where)).json.state, 'running');
        release();
        const done = await get('ada', `${where}?wait=20s`);
        assert.equal(done.json.answer?.outputs[0].data[0], 7, done.text);
        assertProblem(await get('bob', where), 404, 'job_not_found');
        assert.equal((await get('root', where)).json.answer.outputs[0].data[0], 7);
        assertProblem(await remove('bob', where), 404, 'job_not_found');
        assertProblem(await remove('ada', where), 409, 'conflict');
    });

test('a stored job that waits is cancelled by its client or an admin', async () => {
    assert.equal((await post('root', `/v1/nodes/${node.id}/drain`, {})).status, 200);
    const jobs = [];
    for (let i = 0; i < 2; i++) jobs.push((await post('bob', '/v1/jobs', echo())).json.id);
    for (const id of jobs)
        assertProblem(await remove('ada', `/v1/jobs/${id}`), 404, 'job_not_found');
    assert.equal((await remove('bob', `/v1/jobs/${jobs[0]}`)).status, 200);
    assert.equal((await remove('root', `/v1/jobs/${jobs[1]}`)).status, 200);
    assert.equal((await post('root', `/v1/nodes/${node.id}/undrain`, {})).status, 200);
});

test('an Idempotency-Key is its client\'s', async () => {
    const send = (who) => post(who, '/v1/jobs', echo(), { headers: { 'Idempotency-Key': 'k' } });
    const [ada, bob, again] = [await send('ada'), await send('bob'), await send('ada')];
    assert.notEqual(ada.json.id, bob.json.id);
    assert.equal(again.json.id, ada.json.id);
    assert.equal(again.headers['idempotency-replayed'], 'true');
    for (const [who, { json: { id } }] of [['ada', ada], ['bob', bob]])
        assert.equal((await get(who, `/v1/jobs/${id}?wait=20s`)).json.state, 'done');
});

test('what a user reads has no others\' names, jobs or user agents', async () => {
    const { held, release } = holdTasks();
    const running = post('bob', '/v1/infer', echo({ id: 'confidential' }));
    await until(() => held.length === 1, { what: 'the job to be at work' });
    for (const where of ['/v1/status', '/v1/nodes', '/v1/models', '/v1/jobs',
        '/v1/hardware?model_name=builtin/echo', '/v1/matrix']) {
        const { status, text } = await get('ada', where);
        assert.equal(status, 200, text);
        assert.doesNotMatch(text, /confidential|"(bob|root|farm)"|fake node|wi_/, where);
    }
    const { json } = await get('ada', '/v1/status');
    assert.equal(json.queue.running, 1, 'how much there is to do is no secret');
    const [seen] = (await get('root', '/v1/nodes')).json.nodes;
    assert.equal(seen.user_agent, 'fake node');
    assert.equal(seen.attempts, 1);
    release();
    assert.equal((await running).status, 200);
});

test('a node token brings any number of nodes, and goes with its line', async () => {
    const more = [await farmNode().join(), await farmNode().join()];
    const listed = async () => (await get('root', '/v1/admin/join')).json;
    assert.deepEqual((await listed()).node_tokens, [{ name: 'farm', joined: 3 }]);
    assert.ok((await listed()).joins.every(({ joined }) => joined === 0));
    await more[1].close();
    // A user's or an admin's token brings none.
    for (const who of ['ada', 'root']) {
        const wrong = new FakeNode(`${daemon.bridgeUrl}/#token=${tokens[who]}`);
        await wrong.open();
        wrong.announce();
        assert.equal((await wrong.gone()).code, 1008);
    }
    // A reload that changes nothing of it keeps its nodes.
    assert.match(await reload(), /main: reloaded/);
    assert.equal((await post('ada', '/v1/infer', echo())).status, 200);
    assert.equal(node.closed, null);

    write('ada', 'root');
    await reload();
    for (const one of [node, more[0]]) {
        const { message } = await one.got('bye');
        assert.equal(message.data.code, 'drain');
        assert.match(message.data.reason, /tokens file/);
        await one.gone();
    }
    // The one that was away may not come back either.
    assert.equal((await more[1].resume()).type, 'bye');
    const late = farmNode();
    await late.open();
    late.announce();
    assert.equal((await late.gone()).code, 1008);
    assert.deepEqual((await listed()).node_tokens, []);

    write(...Object.keys(people));
    await reload();
    node = await farmNode().join();
    await daemon.ready();
});

test('a token that is taken away, or gets another rank, is so from the next request on',
    async () => {
        write('ada', 'root', 'farm');
        await reload();
        assertProblem(await get('bob', '/v1/status'), 401, 'unauthorized');
        people.ada = 'admin';
        write(...Object.keys(people));
        await reload();
        assert.equal((await get('ada', '/metrics')).status, 200);
        people.ada = 'user';
        write(...Object.keys(people));
        await reload();
        assertProblem(await get('ada', '/metrics'), 403, 'rank');
        assert.equal((await get('bob', '/v1/status')).status, 200);
    });

test('a bad line changes nothing, and is named', async () => {
    fs.appendFileSync(tokensFile, `eve:${'0'.repeat(64)}:root\n`);
    const said = await reload();
    assert.match(said, /not reloaded.*tokens, line 6: \\?"root\\?" is not a rank/);
    assert.equal((await get('bob', '/v1/status')).status, 200);
    assert.equal(node.closed, null);
    write(...Object.keys(people));
});

test('a line without a rank is an admin\'s, and the log says so at start and reload', async () => {
    const plain = lineOf('ada').replace(/:user\n$/, '\n');
    fs.writeFileSync(tokensFile, plain + lineOf('root') + lineOf('farm') + lineOf('bob'));
    const said = await reload();
    assert.equal(said.match(/have no rank/g)?.length, 1, said);
    assert.match(said, /as admins: ada;.*:user, :admin or :node/);
    assert.equal((await get('ada', '/metrics')).status, 200);
    write(...Object.keys(people));
    assert.doesNotMatch(await reload(), /have no rank/);
});

test('a tokens file that root makes is one that the service\'s user can read', {
    skip: process.getuid() !== 0 && 'only root can run the service as another user' }, async () => {
    const nobody = 65534;
    const own = (folder) => {
        fs.chownSync(folder, nobody, nobody);
        for (const one of fs.readdirSync(folder, { withFileTypes: true }))
            if (one.isDirectory()) own(path.join(folder, one.name));
            else fs.chownSync(path.join(folder, one.name), nobody, nobody);
    };
    const service = new Daemon({ under: ['setpriv', '--reuid', `${nobody}`, '--regid', `${nobody}`,
        '--clear-groups', '--'], config: { pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } });
    // The user may not be able to reach this tree.
    const page = path.join(service.folder, 'page');
    fs.cpSync(builtPage, page, { recursive: true });
    service.writeConfig({ bridge: { page } });
    const file = path.join(service.folder, 'tokens');
    service.writeConfig({ api: { tokens_file: file } });
    own(service.folder);
    const make = (...words) => JSON.parse(execFileSync(cliPath,
        ['token', 'new', ...words, '--file', file, '--json'], { encoding: 'utf8' })).token;
    try {
        const admin = make('ada');
        assert.equal(fs.statSync(file).uid, nobody);
        await service.start({ ready: false });
        const status = (token) => service.get('/v1/status',
            { headers: { Authorization: `Bearer ${token}` } });
        assert.equal((await status(admin)).status, 200);
        const user = make('bob');
        const reloaded = async () => {
            const from = service.log.length;
            service.signal('SIGHUP');
            await until(() => /reloaded/.test(service.log.slice(from)), { what: 'a reload' });
            return service.log.slice(from);
        };
        assert.match(await reloaded(), /main: reloaded/);
        assert.equal((await status(user)).status, 200);
        make('carol', '--owner', 'root');
        const said = await reloaded();
        assert.match(said, /not reloaded/);
        assert.ok(said.includes(`chown ${nobody} ${file}`), said);
        assert.equal((await status(user)).status, 200);
        await service.stop();
    } finally {
        await service.abandon();
    }
});

test('a page that came with a node token computes again after the service was started again', async () => {
    /** A service whose nodes listen there, with a tokens file of its own. */
    const begin = async (listen) => {
        const service = new Daemon({ config: { pool: { min_connections: 0, numerics: 'off' },
            'browser.chrome': { max_connections: 0 }, bridge: { listen } } });
        const file = path.join(service.folder, 'tokens');
        fs.writeFileSync(file, lineOf('farm') + lineOf('ada'), { mode: 0o600 });
        service.writeConfig({ api: { tokens_file: file } });
        return service.start({ ready: false });
    };
    const computes = async (service) => {
        await service.ready();
        const { json, text } = await service.post('/v1/infer', echo({ timeout_ms: 60_000 }), as('ada'));
        assert.match(json.executed_on?.browser ?? text, /^chrom/);
        return json.executed_on.node;
    };
    const browser = await launch();
    const services = [await begin('127.0.0.1:0')];
    try {
        const [{ bridgeUrl }] = services, { tab } = await browser.openTab([]);
        await tab.goto(`${bridgeUrl}/#token=${tokens.farm}&start`);
        const first = await computes(services[0]);
        await services[0].stop();
        services.push(await begin(new URL(bridgeUrl).host));
        assert.notEqual(await computes(services[1]), first);
        await browser.close();
        await services[1].stop();
    } finally {
        await browser.close();
        for (const service of services) await service.abandon();
    }
});

test('without tokens everybody sees everybody\'s', async () => {
    await withDaemon({ ready: false, config: { pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } }, async (open) => {
        const { json: { id } } = await open.post('/v1/jobs', echo());
        assert.deepEqual((await open.get('/v1/jobs')).json.jobs.map((one) => one.id), [id]);
        assert.equal((await open.get(`/v1/jobs/${id}`)).json.client, '127.0.0.1');
        assert.equal((await open.get('/metrics')).status, 200);
        assert.equal((await open.request(`/v1/jobs/${id}`, { method: 'DELETE' })).status, 200);
    });
});
