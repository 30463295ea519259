// tier: full
/** What is done about a browser that is unwell: its page is opened afresh, or it is replaced. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe } from 'node:test';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import * as devtools from '../lib/devtools.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { until } from '../lib/wait.mjs';

const test = testsOf(() => null);
const slow = (daemon, count) => daemon.infer({ model_name: 'slow', platform: 'wasm',
    timeout_ms: 100_000, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
        { name: 'count', datatype: 'INT64', shape: [], data: [count] }] });
const echo = (daemon) => daemon.infer({ model_name: 'builtin/echo', timeout_ms: 100_000,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
const faults = (daemon, fault) =>
    daemon.metric('webinfer_session_faults_total', `{fault="${fault}"}`);
const remedies = (daemon, remedy) =>
    daemon.metric('webinfer_session_remedies_total', `{remedy="${remedy}"}`);
const sessions = async (daemon) => (await daemon.status()).sessions;
const long = { timeout: 90_000 * patience };
const quick = { bridge: { heartbeat_interval: '600ms', resume_grace: '2s' },
    pool: { max_connections: 1, connection_timeout: '15s' } };

// They wait most of the time, for a browser to be missed and for another.
describe('a daemon each', { concurrency: 3 }, () => {
    test('a document that hangs: what runs is finished, then the browser is replaced', () =>
        // The port for debugging is for everybody only there.
        withDaemon({ models: ['slow'], config: { ...quick, pool: { ...quick.pool, network: 'host' } } }, async (daemon) => {
            const [{ id }] = await sessions(daemon);
            // What such a run takes is known then, however busy the machine is.
            assert.equal((await slow(daemon, 200)).status, 200);
            const call = slow(daemon, 600);
            await until(async () => (await daemon.status()).queue.running === 1, { what: 'the job' });
            const socket = await devtools.evaluate(daemon.temporary, 'for (;;);');
            const answer = await call;
            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.json.performance.attempts, 1, 'the engine went on');
            await until(async () => await faults(daemon, 'page_frozen') >= 1,
                { what: 'the hang to be noticed', ...long });
            await until(async () => (await sessions(daemon)).some((one) => one.id !== id &&
                one.state === 'ready'), { what: 'another browser', ...long });
            socket.terminate();
            assert.equal(await remedies(daemon, 'retire'), 1);
            assert.equal((await slow(daemon, 1)).status, 200);
        }));

    for (const role of ['driver', 'browser', 'gpu'])
        test(`SIGSTOP of the ${role}: jobs are answered all the same, and it recovers`, () =>
            withDaemon({ models: ['slow'], config: quick }, async (daemon) => {
                assert.equal((await slow(daemon, 1)).status, 200);
                const before = daemon.processes(role).map(({ pid }) => pid);
                assert.ok(before.length > 0, `there is no ${role}`);
                const call = slow(daemon, 300);
                await until(async () => (await daemon.status()).queue.running === 1,
                    { what: 'the job' });
                for (const pid of before) process.kill(pid, 'SIGSTOP');
                const answer = await call;
                assert.equal(answer.status, 200, answer.text);
                await until(() => daemon.processes(role).every(({ pid }) => !before.includes(pid)),
                    { what: `another ${role}`, ...long });
                assert.equal(await faults(daemon, 'stopped'), 1, 'found by what it is, not by silence');
                assert.equal(await remedies(daemon, 'kill'), 1);
                await daemon.ready();
                assert.equal((await slow(daemon, 1)).status, 200);
            }));

    test('memory_limit: a browser that grew beyond it is replaced, once it has worked', () =>
        withDaemon({ config: { pool: { max_connections: 2, memory_limit: '1M' } } },
            async (daemon) => {
                const [{ id }] = await until(async () => {
                    const list = await sessions(daemon);
                    return list[0].memory_bytes > 1 << 20 && list;
                }, { what: 'its memory to be measured', ...long });
                assert.equal((await echo(daemon)).status, 200);
                await until(async () => {
                    const list = await sessions(daemon);
                    assert.ok(list.some(({ state }) => state === 'ready'), 'never without one');
                    return list.every((one) => one.id !== id);
                }, { what: 'it to be replaced', ...long });
                assert.equal(await daemon.metric('webinfer_sessions_worn_total'), 1);
                assert.equal((await echo(daemon)).status, 200);
            }));

    /** A daemon whose browser is `node`, a fake. */
    async function withFake(config, body) {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-fake-'));
        const driver = new FakeDriver(folder);
        const daemon = new Daemon({ config: { ...config, 'browser.chrome': driver.config } });
        let done = false;
        try {
            await daemon.start({ ready: false });
            const node = await new FakeNode(await driver.pageUrl(0)).join();
            await daemon.ready();
            await body(daemon, driver, node);
            await node.close();
            done = true;
        } catch (error) {
            throw daemon.explain(error);
        } finally {
            fs.rmSync(folder, { recursive: true, force: true });
            if (!done) await daemon.abandon();
        }
        await daemon.stop();
    }

    test('an engine that is busy with nothing of ours: another page, then another browser', () =>
        withFake({ bridge: { heartbeat_interval: '200ms', resume_grace: '1s' } },
            async (daemon, driver, node) => {
                const [{ id }] = await sessions(daemon);
                node.answersHeartbeats = false;
                const lie = (one) => setInterval(() => one.send('heartbeat',
                    { seq: 1, running: [], busy_since_ms: 1e9 }), 100);
                const first = lie(node);
                const second = await driver.pageUrl(1, 60_000);
                clearInterval(first);
                assert.equal(await faults(daemon, 'engine_hung'), 1);
                const other = await new FakeNode(second).join();
                assert.equal((await sessions(daemon))[0].id, id);
                other.answersHeartbeats = false;
                const again = lie(other);
                await until(async () => (await sessions(daemon)).every((one) => one.id !== id),
                    { what: 'another browser', ...long });
                clearInterval(again);
                assert.equal(await remedies(daemon, 'reload'), 1);
                assert.equal(await remedies(daemon, 'kill'), 1);
                await other.close();
            }));

    test('a browser that does not even leave its page is replaced long before a start may take', () =>
        withFake({ bridge: { heartbeat_interval: '200ms', resume_grace: '1s' },
            pool: { connection_timeout: '300s' } }, async (daemon, driver, node) => {
            const [{ id }] = await sessions(daemon);
            driver.mode = 'hang_navigate';
            node.answersHeartbeats = false;
            await until(async () => (await sessions(daemon)).every((one) => one.id !== id),
                { what: 'another browser', ...long });
            assert.equal(await remedies(daemon, 'reload'), 1);
            await daemon.logs(/starting -> broken/);
        }));

    test('the cores are shared out among the browsers that there are', () =>
        withFake({ pool: { max_connections: 2 }, bridge: { heartbeat_interval: '200ms', heartbeat_misses: 100 } },
            async (daemon, driver, node) => {
                const cores = os.availableParallelism();
                assert.equal(node.welcome.threads, cores);
                daemon.writeConfig({ pool: { min_connections: 2 } });
                daemon.signal('SIGHUP');
                const other = await new FakeNode(await driver.pageUrl(1)).join();
                const half = Math.max(1, Math.floor(cores / 2));
                assert.equal(other.welcome.threads, half);
                if (half < cores) assert.equal((await node.got('settings')).message.data.threads, half);
                assert.equal(other.received.some(({ message }) => message.type === 'settings'), false);
                // One goes, and none comes in its place: the other may use all of them again.
                daemon.writeConfig({ pool: { min_connections: 1, max_connections: 1 } });
                const left = [node, other];
                daemon.signal('SIGHUP');
                await until(() => left.some(({ closed }) => closed), { what: 'one to be closed' });
                const stays = left.find(({ closed }) => !closed);
                if (half < cores)
                    assert.equal((await stays.got('settings', stays === node ? 1 : 0)).message.data.threads, cores);
                await other.close();
            }));
});
