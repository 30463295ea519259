// tier: full
/** How many browsers there are: opened under load, closed when idle, replaced when worn. */
import assert from 'node:assert/strict';
import { patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

const test = testsOf(() => null);
const slow = (daemon, count, more = {}) => daemon.infer({ model_name: 'slow', platform: 'wasm',
    ...more, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
        { name: 'count', datatype: 'INT64', shape: [], data: [count] }] });
const echo = (daemon, more = {}) => daemon.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
const sessions = async (daemon) => (await daemon.status()).sessions;
/** Two browsers at a time take their time to start. */
const patient = { connection_timeout: '90s' };
const long = { timeout: 60_000 * patience };

/** Asks for the status until `over` and gives what `look` made of each. */
async function watch(daemon, over, look) {
    const seen = [];
    await until(async () => {
        const status = await daemon.status();
        seen.push(look(status));
        return over(status);
    }, { what: 'the end of the watch', ...long, every: 10 });
    return seen;
}

test('load opens browsers up to the maximum; idle_timeout closes all but the minimum', () =>
    withDaemon({ models: ['slow'], config: { pool: { max_connections: 2, min_connections: 1,
        idle_timeout: '2s' } } }, async (daemon) => {
        assert.equal((await sessions(daemon)).length, 1);
        let over = false;
        const load = Array.from({ length: 6 }, async () => {
            while (!over) assert.equal((await slow(daemon, 60)).status, 200);
        });
        await until(async () => (await sessions(daemon)).filter(({ state }) =>
            state === 'busy').length === 2, { what: 'both to work', ...long });
        const { counters } = await daemon.status();
        assert.equal(counters.sessions.idle + counters.sessions.leased +
            counters.sessions.starting, counters.sessions.live);
        over = true;
        await Promise.all(load);
        const counts = await watch(daemon, (status) => status.sessions.length === 1,
            (status) => status.sessions.filter((one) => !one.ending).length);
        assert.ok(counts.every((count) => count >= 1), `${counts}`);
        assert.equal(await daemon.metric('webinfer_sessions_live'), 1);
        const went = await daemon.metric('webinfer_session_transitions_total',
            '{kind="chrome",from="draining",to="closed"}');
        assert.equal(went, 1);
        assert.equal((await slow(daemon, 1)).status, 200, 'the one that is left works');
    }));

test('adaptive_scaling = no keeps the maximum running', () =>
    withDaemon({ config: { pool: { max_connections: 2, adaptive_scaling: 'no',
        idle_timeout: '1s' } } }, async (daemon) => {
        const two = () => until(async () => (await sessions(daemon)).filter(({ state }) =>
            state === 'ready').length === 2, { what: 'two browsers', ...long });
        await two();
        const [{ driver_pid: pid }] = await sessions(daemon);
        process.kill(pid, 'SIGKILL');
        await until(async () => await daemon.metric('webinfer_sessions_broken_total') === 1,
            { what: 'the loss' });
        await two();
        assert.equal(await daemon.metric('webinfer_sessions_closed_total'), 1,
            'none was closed for being idle');
    }));

test('recycle_after: a fresh browser comes first, then the worn one goes', () =>
    withDaemon({ config: { pool: { max_connections: 2, min_connections: 1, recycle_after: 20 } } },
        async (daemon) => {
            const [{ id }] = await sessions(daemon);
            for (let index = 0; index < 20; index++)
                assert.equal((await echo(daemon)).status, 200);
            let over = false;
            const load = (async () => {
                while (!over) assert.equal((await echo(daemon)).status, 200);
            })();
            const serving = await watch(daemon,
                ({ sessions: list }) => list.every((one) => one.id !== id),
                ({ sessions: list }) => list.filter(({ state }) =>
                    state === 'ready' || state === 'busy').length);
            over = true;
            await load;
            assert.ok(serving.every((count) => count >= 1), `never without one: ${serving}`);
            assert.ok(await daemon.metric('webinfer_sessions_worn_total') >= 1);
            assert.equal(await daemon.metric('webinfer_jobs_retried_total'), 0);
        }));

test('recycle_after where the maximum is one: the worn one goes first, nothing is lost', () =>
    withDaemon({ config: { pool: { max_connections: 1, recycle_after: 5 } } }, async (daemon) => {
        const [{ id }] = await sessions(daemon);
        const calls = Array.from({ length: 12 }, () => echo(daemon, { timeout_ms: 90_000 }));
        for (const { status, text } of await Promise.all(calls)) assert.equal(status, 200, text);
        await until(async () => (await sessions(daemon)).every((one) => one.id !== id),
            { what: 'the worn one to go', ...long });
        await daemon.ready();
        assert.equal((await echo(daemon)).status, 200);
    }));

test('a kind makes room for another, and what cannot come is refused at once', () =>
    withDaemon({ config: { pool: { ...patient, max_connections: 1, min_connections: 1 },
        'browser.chrome': { min_connections: 1 },
        'browser.firefox': { max_connections: 1 } } }, async (daemon) => {
        const refused = await echo(daemon, { browser: 'firefox', timeout_ms: 3_600_000 });
        assert.equal(refused.status, 503, refused.text);
        assert.match(refused.json.detail,
            /no firefox can be started: the min_connections of the other kinds/);
        assert.equal((await echo(daemon, { browser: 'chrome' })).status, 200);
        await daemon.reload({ 'browser.chrome': { min_connections: 0 } });
        const { status, json, text } = await echo(daemon,
            { browser: 'firefox', timeout_ms: 100_000 });
        assert.equal(status, 200, text);
        assert.equal(json.executed_on.browser, 'firefox');
        assert.deepEqual((await sessions(daemon)).filter(({ ending }) => !ending)
            .map(({ kind }) => kind), ['firefox']);
    }));

test('min_connections of a kind is kept beside the other kinds', () =>
    withDaemon({ config: { pool: { ...patient, max_connections: 3, min_connections: 1 },
        'browser.firefox': { min_connections: 1, max_connections: 2 } } }, async (daemon) => {
        // The one of Firefox is the one that the pool asks for, too; work opens another kind.
        assert.deepEqual((await sessions(daemon)).map(({ kind }) => kind), ['firefox']);
        const { json } = await echo(daemon, { browser: 'chrome', timeout_ms: 100_000 });
        assert.equal(json.executed_on.browser, 'chrome');
        assert.deepEqual((await sessions(daemon)).map(({ kind }) => kind).sort(),
            ['chrome', 'firefox']);
    }));
