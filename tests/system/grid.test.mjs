// tier: full
/**
 * Browsers of a service that runs already (driver_url): a real Selenium Grid, one that is down,
 * full or killed, and services that misbehave.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe } from 'node:test';
import { Grid } from '../lib/browsers.mjs';
import * as cases from '../lib/cases.mjs';
import { patience, testsOf, withDaemon, Daemon } from '../lib/daemon.mjs';
import { sharedModels } from '../lib/paths.mjs';
import { request } from '../lib/http.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Grid} */
let grid;
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const withCases = { skip: sharedModels ? false : 'there are no shared model cases' };
const models = ['vision_mnist_ms_digit7', 'text_embed_generated_h64_l2']
    .filter((name) => cases.names().includes(name));
const remote = (url, more = {}, pool = {}) => ({
    'browser.chrome': { driver_url: url, gpu: 'software', max_connections: 1, ...more },
    pool: { max_connections: 1, ...pool },
});

before(async () => {
    grid = await new Grid().start();
    daemon = await new Daemon({ models: ['twice', ...models], config: remote(grid.url) }).start();
});
after(async () => {
    await daemon?.stop();
    await grid?.abandon();
});

test('the Grid has one session, and the daemon no process', async () => {
    assert.equal((await grid.sessions()).length, 1);
    for (const role of ['lifeline', 'driver', 'browser'])
        assert.deepEqual(daemon.processes(role), []);
});

for (const [platform, name] of [...models.map((one) => ['wasm', one]), ['webgpu', models[0]]])
    test(`${name} is right on ${platform}`, withCases, async () => {
        const { answer, problem } = await daemon.tryCase(cases.load(name),
            { platform, fallback: false });
        assert.equal(problem, null);
        assert.equal(answer.executed_on.platform, platform);
    });

test('a session that the Grid ends is replaced', async () => {
    const [old] = await grid.sessions();
    await request(`${grid.url}/session/${old}`, { method: 'DELETE' });
    await until(async () => {
        const [now] = await grid.sessions();
        return now && now !== old && (await daemon.get('/readyz')).status === 200;
    }, { what: 'another session', timeout: 60_000 * patience, every: 200 });
});

test('a full Grid: said, not asked, and served as soon as it has room', async () => {
    await withDaemon({ ready: false, config: remote(grid.url) },
        async (other) => {
            const said = /the Grid has no free chrome: it may have 1 at a time on 1 node/;
            await other.logs(new RegExp(`waits for room: .*${said.source}`), { timeout: 20_000 * patience });
            const { chrome } = (await other.status()).kinds;
            assert.match(chrome.problem, said);
            assert.equal(chrome.breaker, 'closed', 'it is no failure');
            assert.equal((await grid.sessions()).length, 1, 'ours is left alone');
            assert.deepEqual(await grid.queue(), [], 'nothing waits in the Grid');
            await daemon.stop();
            daemon = null;
            await other.ready();
            assert.equal((await grid.sessions()).length, 1);
            assert.equal((await other.status()).kinds.chrome.problem, null);
        });
    await until(async () => (await grid.sessions()).length === 0, { what: 'no session left' });
});

test('a daemon that ends leaves no session', async () => {
    await withDaemon({ config: remote(grid.url) }, async () => {
        assert.equal((await grid.sessions()).length, 1);
    });
    assert.deepEqual(await grid.sessions(), []);
});

test('a Grid that is down: said at once, and used when it is there', { timeout: 400_000 * patience }, async () => {
    await grid.stop();
    await withDaemon({ ready: false, config: remote(grid.url) },
        async (other) => {
            await other.logs(/driver_url at 127\.0\.0\.1: status: no answer/, { timeout: 20_000 * patience });
            const answer = await other.infer({ model_name: 'builtin/echo', timeout_ms: 100,
                inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
            assert.ok([503, 504].includes(answer.status), answer.text);
            await grid.start();
            await other.ready(120_000 * patience);
        });
});

/** A service that speaks as much WebDriver as is asked of it here; notes the requests. */
async function service(answerTo) {
    const seen = [];
    const server = http.createServer((asked, answer) => {
        const name = `${asked.method} ${asked.url}`;
        seen.push(name);
        asked.resume();
        asked.on('end', () => answerTo(name, (value, status = 200) => {
            answer.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
            answer.end(typeof value === 'string' ? value : JSON.stringify({ value }));
        }));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { seen, url: `http://127.0.0.1:${server.address().port}`,
        stop: () => (server.closeAllConnections(), server.close()) };
}

// They wait for deadlines most of the time.
describe('a service of the test each', { concurrency: 5 }, () => {
    test('a session that arrives after it was given up is deleted', async () => {
        const slow = await service((name, answer) => {
            if (name === 'GET /status') return answer({ ready: true });
            if (name === 'POST /session')
                return setTimeout(() => answer({ sessionId: 'late-1', capabilities: {} }), 3000);
            return answer(null);
        });
        await withDaemon({ ready: false, config: remote(slow.url, {}, { connection_timeout: '1s' }) },
            async (other) => {
                await until(() => slow.seen.includes('DELETE /session/late-1'),
                    { what: 'the late session to be deleted', timeout: 20_000 * patience });
                await other.logs(/its session came too late and is deleted/);
                assert.ok(!slow.seen.some((name) => name.includes('/url')), 'it was never used');
            });
        slow.stop();
    });

    test('a daemon that ends while a session is made deletes it too', async () => {
        const slow = await service((name, answer) => {
            if (name === 'GET /status') return answer({ ready: true });
            if (name === 'POST /session')
                return setTimeout(() => answer({ sessionId: 'late-2', capabilities: {} }), 1500);
            return answer(null);
        });
        await withDaemon({ ready: false, config: remote(slow.url) }, () =>
            until(() => slow.seen.includes('POST /session'), { what: 'the request' }));
        assert.ok(slow.seen.includes('DELETE /session/late-2'));
        slow.stop();
    });

    /** A hub's answer to GET /status: a node for each list of slots, which have a session or null. */
    const hub = (nodes, more = {}) => ({ ready: false, message: 'a hub', nodes: nodes.map((slots, index) => ({
        uri: `http://192.0.2.${index + 1}:5555`, availability: 'UP', maxSessions: slots.length,
        slots: slots.map((sessionId) => ({ stereotype: { browserName: 'chrome' },
            session: sessionId && { sessionId } })), ...more })) });

    test('a Grid is asked for as many browsers as it has room for', async () => {
        let answered = 0;
        const asked = () => busy.seen.filter((name) => name === 'POST /session').length;
        const busy = await service((name, answer) => {
            if (name === 'GET /status') return answered++, answer(hub([[null, 'another'], [null]]));
            return name === 'POST /session' ? undefined : answer(null); // which is on its way for ever
        });
        const config = remote(busy.url, { max_connections: 4, min_connections: 4 }, { max_connections: 4 });
        await withDaemon({ ready: false, config }, async (other) => {
            await other.logs(/waits for room: .*it may have 3 at a time on 2 nodes/, { timeout: 20_000 * patience });
            await until(() => asked() === 2, { what: 'two requests' });
            const then = answered;
            await until(() => answered > then + 2, { what: 'it is watched', timeout: 20_000 * patience });
            assert.equal(asked(), 2);
        });
        busy.stop();
    });

    for (const [what, before, said] of [
        ['has no node', hub([]), /no node that is up/],
        ['has no node that is up', hub([[null]], { availability: 'DRAINING' }), /no node that is up/],
        ['has only other browsers', hub([[null]], { slots: [{ stereotype: { browserName: 'firefox' } }] }),
            /the Grid has no chrome; its nodes have: firefox/],
        ['has free slots, and may not use them', hub([['one', null]], { maxSessions: 1 }),
            /no free chrome: it may have 1/],
    ])
        test(`a Grid that ${what}: said, and asked when it has room`, async () => {
            let now = before;
            const later = await service((name, answer) => {
                if (name === 'GET /status') return answer(now);
                return answer(name === 'POST /session' ? { sessionId: 'one', capabilities: {} } : null);
            });
            await withDaemon({ ready: false, config: remote(later.url) }, async (other) => {
                await other.logs(new RegExp(`waits for room: .*${said.source}`), { timeout: 20_000 * patience });
                const answer = await other.infer({ model_name: 'builtin/echo', timeout_ms: 100,
                    inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
                assert.equal(answer.status, 504, 'work waits for it');
                assert.ok(!later.seen.includes('POST /session'));
                now = hub([[null]]);
                await until(() => later.seen.includes('POST /session'),
                    { what: 'a request', timeout: 5000 * patience });
            });
            later.stop();
        });

    for (const [what, nodes] of [
        ['a node is no object', ['x']],
        ['a node has no slots', [{}]],
        ['slots are no array', [{ slots: {} }]],
        ['there are too many slots', [{ slots: Array(1025).fill({}) }]],
        ['there are too many nodes', Array(1025).fill({ slots: [] })],
        ['maxSessions is below 0', [{ slots: [], maxSessions: -1 }]],
        ['maxSessions is no integer', [{ slots: [], maxSessions: 'many' }]],
        ['a session has no id', [{ slots: [{ session: {} }] }]],
        ['a name is too long', [{ slots: [{ stereotype: { browserName: 'x'.repeat(65) } }] }]],
    ])
        test(`a hub whose status makes no sense, ${what}: said, and not asked for a browser`, async () => {
            const bad = await service((name, answer) => answer({ ready: true, nodes }));
            await withDaemon({ ready: false, config: remote(bad.url) }, (other) =>
                other.logs(/driver_url at 127\.0\.0\.1: status: .*(makes no sense|array of at most 1024)/,
                    { timeout: 20_000 * patience }));
            assert.ok(!bad.seen.includes('POST /session'));
            bad.stop();
        });

    for (const [what, answers, expected] of [
        ['answers garbage', () => 'no JSON at all {{{', /is no JSON object with "value"/],
        ['is not ready', () => ({ ready: false, message: 'no nodes' }), /not ready: no nodes/],
        ['refuses', (name) => name === 'GET /status' ? { ready: true }
            : { error: 'session not created', message: 'New session request timed out' },
        /the driver says: session not created: New session request timed out/],
    ])
        test(`a service that ${what}: broken, said, and tried again more and more rarely`, async () => {
            const bad = await service((name, answer) => answer(answers(name),
                name === 'POST /session' ? 500 : 200));
            await withDaemon(
                { ready: false, config: remote(bad.url, {}, { connection_timeout: '1s' }) },
                async (other) => {
                    await other.logs(expected, { timeout: 20_000 * patience });
                    await other.logs(/breaker open after 5/, { timeout: 60_000 * patience });
                    const answer = await other.infer({ model_name: 'builtin/echo', inputs: [
                        { name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
                    assert.equal(answer.status, 503, answer.text);
                    assert.match(answer.json.detail, /driver_url at 127\.0\.0\.1/);
                });
            bad.stop();
        });
});

test('another machine needs public_url, and that is said before anything is started', async () => {
    const other = new Daemon({ config: remote('http://192.0.2.1:4444') }).spawn();
    assert.notEqual((await other.waitEnd()).code, 0);
    assert.match(other.log, /\[browser\.chrome\] driver_url: .*public_url/);
    await other.abandon();
});
