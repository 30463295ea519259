// tier: full
// quick: a Firefox without any driver serves, and says its version and process
// quick: vision_mnist_ms_digit7 on wasm
// quick: op_add on webgpu
/**
 * Real Firefox through the real daemon, started directly and spoken to in BiDi: what it computes,
 * what happens when parts of it are killed, and that nothing of it is left.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import * as cases from '../lib/cases.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import { sharedModels } from '../lib/paths.mjs';
import * as processes from '../lib/processes.mjs';
import { until, within } from '../lib/wait.mjs';

const names = !sharedModels ? [] : ['vision_mnist_ms_digit7', 'text_embed_generated_h64_l2',
    'audio_dtln_model1', 'op_add', 'op_where_long_example'];

/** A daemon with one Firefox, on a software adapter whatever this machine has, and no other browser. */
const withFirefox = (keys = {}, more = {}) => ({
    ...more,
    config: {
        ...more.config,
        'browser.chrome': { max_connections: 0 },
        'browser.firefox': { gpu: 'software', max_connections: 1, ...keys },
    },
});

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon(withFirefox({}, { models: ['slow', 'twice', ...names],
        config: { log: { level: 'debug' } } })).start();
});
after(() => daemon?.stop());

const echo = (one = daemon) => one.infer({ model_name: 'builtin/echo',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [4, 2] }] });
const slow = (count, x) => daemon.infer({ model_name: 'slow', platform: 'wasm',
    timeout_ms: 90_000, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [x] },
        { name: 'count', datatype: 'INT64', shape: [], data: [count] }] });
const running = () => until(async () => (await daemon.status()).queue.running >= 1,
    { what: 'the job to run', every: 5 });

test('a Firefox without any driver serves, and says its version and process', async () => {
    const answer = await echo();
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json.outputs[0].data, [4, 2]);
    assert.equal(answer.json.executed_on.browser, 'firefox');
    const [session] = (await daemon.status()).sessions;
    assert.match(session.browser_version, /^\d+\.\d+/);
    assert.equal(session.kind, 'firefox');
    assert.equal(daemon.processes('browser').length, 1);
    assert.equal(daemon.processes('driver').length, 0);
});

test('it has both platforms, and its adapter is labelled as what it is: software', async () => {
    const [node] = (await daemon.get('/v1/nodes')).json.nodes;
    assert.equal(node.platforms.wasm.available, true);
    assert.equal(node.platforms.webgpu.available, true);
    assert.equal(node.platforms.webgpu.adapter.is_fallback, true);
});

for (const name of names)
    for (const platform of ['wasm', 'webgpu'])
        test(`${name} on ${platform}`, async () => {
            const { answer, problem } = await daemon.tryCase(cases.load(name),
                { platform, fallback: false, timeout_ms: 110_000 });
            assert.equal(problem, null);
            assert.equal(answer.executed_on.platform, platform);
            assert.equal(answer.executed_on.browser, 'firefox');
            assert.deepEqual(answer.executed_on.fallbacks, []);
            if (platform === 'webgpu')
                assert.equal(answer.executed_on.adapter.is_fallback, true);
        });

for (const role of ['browser', 'renderer', 'lifeline'])
    test(`SIGKILL of the ${role} in mid-job: answered by a new attempt`, async () => {
        await daemon.ready();
        await slow(1, 1); // warm
        const [{ id }] = (await daemon.status()).sessions;
        const call = slow(800, 7);
        await running();
        const found = daemon.processes(role);
        assert.ok(found.length > 0, `there is no ${role}`);
        for (const { pid } of found) process.kill(pid, 'SIGKILL');
        // At once, not when its grace is over.
        await within(until(async () => !(await daemon.status()).sessions.some(
            (one) => one.id === id && one.state === 'busy'), { what: 'a broken session' }),
        10_000 * patience, 'the session to break');
        const answer = await call;
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(kserve.decode(answer).outputs[0].values, [7]);
        assert.ok(answer.json.performance.attempts >= 2);
        await daemon.ready();
        assert.equal((await echo()).status, 200);
    });

// Once, at a load of 30, the temporary directory was empty here. A browser's helper has held its lock since. Whether that
// was the cause is not known.
test('recycled, the old one goes in good order and leaves no process and no profile', async () => {
    const [{ id }] = (await daemon.status()).sessions;
    const old = daemon.processes('browser').map(({ pid }) => pid);
    assert.ok([200, 202].includes((await daemon.post(`/v1/sessions/${id}/recycle`, {})).status));
    await until(async () => (await daemon.status()).sessions.every((one) => one.id !== id),
        { what: 'the old session to be gone', timeout: 60_000 });
    assert.ok(old.every((pid) => !processes.alive(pid)));
    await daemon.ready();
    const [instance] = fs.readdirSync(daemon.temporary);
    const left = fs.readdirSync(path.join(daemon.temporary, instance))
        .filter((one) => one.startsWith('s-'));
    assert.equal(left.length, (await daemon.status()).sessions.length, left.join(' '));
    await daemon.logs(/draining -> closed/);
});

test('no token is in the log, which has all that Firefox wrote', async () => {
    await daemon.logs(/driver: WebDriver BiDi listening on ws:/);
    assert.ok(!/wi_[A-Za-z0-9_-]{30,}/.test(daemon.log), 'a token was logged');
});

testsOf(() => null)('gpu = off leaves WASM alone, and preferences and arguments reach it', () =>
    withDaemon(withFirefox({ gpu: 'off', arguments: ['--jsdebugger=none'],
        preferences: ['javascript.options.wasm_simd=true', 'browser.startup.page=1'] }),
    async (one) => {
        const [node] = (await one.get('/v1/nodes')).json.nodes;
        assert.equal(node.platforms.webgpu.available, false);
        assert.equal(node.platforms.wasm.available, true);
        const [browser] = one.processes('browser');
        assert.ok(browser.command.includes('--jsdebugger=none'));
        const profile = browser.command[browser.command.indexOf('--profile') + 1];
        const prefs = fs.readFileSync(path.join(profile, 'user.js'), 'utf8');
        assert.match(prefs, /^user_pref\("javascript.options.wasm_simd", true\);$/m);
        assert.match(prefs, /^user_pref\("browser.startup.page", 1\);$/m);
        assert.match(prefs, /^user_pref\("dom.webgpu.enabled", false\);$/m);
        const refused = await one.infer({ model_name: 'builtin/echo', platform: 'webgpu',
            fallback: false, inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
        assert.equal(refused.status, 422, refused.text);
        assert.equal(refused.json.code, 'platform_unsupported');
    }));

testsOf(() => null)('a preference that Firefox cannot keep is told, and nothing starts', () =>
    withDaemon({ ...withFirefox({ preferences: ['a.b=[1]'] }), ready: false }, async (one) => {
        const { kinds, sessions } = await one.status();
        assert.match(JSON.stringify(kinds.firefox), /a\.b: Firefox keeps true, false, strings and/);
        assert.deepEqual(sessions, []);
        assert.equal((await one.get('/readyz')).status, 503);
    }));

testsOf(() => null)('SIGKILL of the daemon: Firefox is gone within five seconds', async () => {
    const one = new Daemon(withFirefox());
    try {
        await one.start();
        assert.equal(one.processes('browser').length, 1);
        one.signal('SIGKILL');
        await one.waitEnd();
        await one.checkNothingLeft({ timeout: 5000 * patience });
    } finally {
        await one.abandon();
    }
});

test('beside another browser it is not started for a request or two, whose model stays loaded', () =>
    withDaemon({ models: ['twice'], config: {
        'browser.chrome': { min_connections: 1, max_connections: 1 },
        'browser.firefox': { max_connections: 1 },
        pool: { max_connections: 2 }, browser_preferences: { vision: 'firefox, chrome' } } }, async (one) => {
        const ask = async () => (await one.infer({ model_name: 'twice', model_type: 'vision',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] })).json;
        const first = await ask(), second = await ask();
        assert.deepEqual([first, second].map(({ performance }) => performance.warm), [false, true]);
        assert.equal(first.executed_on.browser, 'chrome');
        assert.equal(first.executed_on.node, second.executed_on.node);
        assert.equal((await one.status()).sessions.length, 1);
    }));
