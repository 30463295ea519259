// tier: full
/** Drivers that misbehave: every step of a session's start has a deadline, and the next one comes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe } from 'node:test';
import { assembleModels, Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { until, within } from '../lib/wait.mjs';

const test = testsOf(() => null);

/** A daemon whose driver is in `mode`, with a short start deadline. */
async function withDriver(mode, body, pool = {}) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-fake-'));
    const driver = new FakeDriver(folder, mode);
    const daemon = new Daemon({ config: { pool: { connection_timeout: '2s', ...pool },
        'browser.chrome': driver.config } });
    let done = false;
    try {
        await daemon.start({ ready: false });
        await body(daemon, driver);
        done = true;
    } catch (error) {
        throw daemon.explain(error);
    } finally {
        if (!done) await daemon.abandon();
        fs.rmSync(folder, { recursive: true, force: true });
    }
    await daemon.stop();
}

const broken = async (daemon) =>
    (await daemon.metric('webinfer_sessions_broken_total')) ??
    (await daemon.metric('webinfer_sessions_total', '{event="broken"}')) ?? 0;

/** Joins with the newest page URL until one is welcome; then the daemon is ready. */
async function recovers(daemon, driver) {
    driver.mode = 'serve';
    let seen = driver.pageUrls.length;
    const node = await until(() => {
        if (driver.pageUrls.length === seen) return null;
        seen = driver.pageUrls.length; // one that comes too late is not good any more
        return new FakeNode(driver.pageUrls.at(-1)).join();
    }, { what: 'a page that is welcome', timeout: 60_000 * patience });
    await daemon.ready();
    const answer = await daemon.infer({ model_name: 'builtin/echo',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
    assert.equal(answer.status, 200, answer.text);
    await node.close();
}

// They wait for deadlines most of the time.
describe('a fake driver each', { concurrency: 4 }, () => {
    for (const [mode, what] of Object.entries({
        exit: 'ends at once', silent: 'never says its port', hang_session: 'never makes a session',
        refuse_session: 'refuses the session', garbage: 'answers with garbage',
        huge: 'answers without end', hang_navigate: 'never navigates',
        die_navigate: 'dies while navigating', serve: 'opens a page that never connects' }))
        test(`a driver that ${what}: broken in time, said, and then healed`, () =>
            withDriver(mode, async (daemon, driver) => {
                await until(async () => (await broken(daemon)) >= 2,
                    { what: 'two broken sessions', timeout: 30_000 });
                const ready = await daemon.get('/readyz');
                assert.equal(ready.status, 503);
                assert.ok(ready.json.detail.length > 10);
                await recovers(daemon, driver);
            }));

    test('five starts in a row that fail open the breaker: 503 and why, in status and metrics', () =>
        withDriver('exit', async (daemon, driver) => {
            await until(async () => (await broken(daemon)) >= 5,
                { what: 'five broken sessions', timeout: 60_000 });
            const refused = await until(async () => {
                const answer = await daemon.infer({ model_name: 'builtin/echo', timeout_ms: 1000,
                    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
                return answer.status === 503 && answer;
            }, { what: 'a 503' });
            assert.equal(refused.json.code, 'unavailable');
            assert.ok(refused.headers['retry-after']);
            assert.equal((await daemon.status()).kinds.chrome.breaker, 'open');
            assert.ok(/^webinfer_\w*breaker\w*\{[^}]*chrome[^}]*\} 1$/m.test(
                (await daemon.get('/metrics')).text), 'no open breaker in /metrics');
            await recovers(daemon, driver);
        }));

    test('a request that waits while a driver hangs is answered at its deadline', () =>
        withDriver('hang_session', async (daemon) => {
            const answer = await daemon.infer({ model_name: 'builtin/echo', timeout_ms: 1200,
                inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
            assert.equal(answer.status, 504, answer.text);
            assert.equal(answer.json.code, 'deadline_exceeded');
        }, { connection_timeout: '30s' }));

    test('wrong input is told at once, before any browser is there', () =>
        withDriver('hang_session', async (daemon) => {
            assembleModels(daemon.store, ['twice']);
            const ask = (tensor) => daemon.infer({ model_name: 'twice', timeout_ms: 20_000, inputs: [
                { name: 'x', datatype: 'FP32', shape: [1], data: [1], ...tensor }] });
            for (const [tensor, code] of [[{ name: 'z' }, 'input_unknown'],
                [{ datatype: 'INT8' }, 'input_datatype'], [{ shape: [1, 1] }, 'input_shape'],
                [{ data: [1, 2] }, 'input_size']]) {
                const answer = await within(ask(tensor), 5000, `${code} without a browser`);
                assert.equal(answer.status, 422, answer.text);
                assert.equal(answer.json.code, code);
            }
            assert.deepEqual((await daemon.status()).nodes, []);
        }, { connection_timeout: '30s' }));
});

test('Firefox goes through geckodriver where one is named, and without BiDi if that fails', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-fake-'));
    const driver = new FakeDriver(folder);
    const daemon = new Daemon({ config: { log: { level: 'debug' },
        'browser.chrome': { max_connections: 0 },
        'browser.firefox': { max_connections: 1, ...driver.config, driver: 'bidi',
            preferences: ['javascript.options.wasm_simd=true'], arguments: ['--jsconsole'] } } });
    try {
        await daemon.start({ ready: false });
        const node = await new FakeNode(await driver.pageUrl()).join();
        await daemon.ready();
        const asked = JSON.parse(fs.readFileSync(driver.capabilities)).capabilities.alwaysMatch;
        assert.equal(asked.browserName, 'firefox');
        assert.equal(asked.webSocketUrl, true);
        assert.deepEqual(asked['moz:firefoxOptions'].args, ['--headless', '--no-remote',
            '--jsconsole']);
        assert.equal(asked['moz:firefoxOptions'].prefs['javascript.options.wasm_simd'], true);
        assert.equal(asked['moz:firefoxOptions'].binary, process.execPath);
        await daemon.logs(/its console is not heard: /);
        await node.close();
        await daemon.stop();
    } catch (error) {
        throw daemon.explain(error);
    } finally {
        await daemon.abandon();
        fs.rmSync(folder, { recursive: true, force: true });
    }
});
