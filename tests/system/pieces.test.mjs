// tier: full
/**
 * Tensors that do not fit a message travel in pieces, both ways: they arrive right, what is small
 * passes between them, a dropped connection costs what was on its way and no more, and what is
 * cancelled is not sent.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import { arrives, assertEchoed, echoOf, pattern } from '../lib/pieces.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { until } from '../lib/wait.mjs';

const MIB = 1 << 20;
const HEARTBEAT_MS = 250;
/** The proxy is in this process, which is deaf while it makes or compares large arrays. */
const MISSES = 24 * patience;

/** @type {Daemon} */
let daemon;
/** @type {Proxy} */
let proxy;
const test = testsOf(() => daemon);
before(async () => {
    proxy = await new Proxy().listen();
    daemon = new Daemon({ models: ['zeros'], config: {
        api: { max_body: '512M' },
        bridge: { public_url: proxy.url, heartbeat_interval: `${HEARTBEAT_MS}ms`, heartbeat_misses: MISSES },
        // In a network of its own it would pass the proxy by.
        pool: { memory_budget: '2G', max_connections: 1, network: 'host' },
    } });
    await daemon.start({ ready: false });
    proxy.to(daemon.bridgeUrl);
    await daemon.ready();
});
after(async () => {
    await daemon.stop();
    await proxy.close();
});

const PATIENCE_MS = 200_000 * patience;
const echo = (bytes, options) => echoOf(daemon, bytes, { timeout: PATIENCE_MS, ...options });

test('100 MB arrive right, there and back', { timeout: PATIENCE_MS }, () => arrives(100e6, PATIENCE_MS));

test('what is small passes between the pieces of what is large, and large ones take turns', async () => {
    const silences = () => daemon.metric('webinfer_bridge_heartbeat_timeouts_total');
    const bytes = pattern(24 * MIB), silent = await silences();
    const from = proxy.seen.length, began = performance.now();
    let passed = 0, done = 0;
    const large = [1, 2].map(() => echo(bytes).then((answer) => {
        done++;
        return answer;
    }));
    while (done === 0) {
        assertEchoed(await echo(Buffer.from('small')), Buffer.from('small'));
        passed += done === 0;
    }
    for (const answer of await Promise.all(large)) assertEchoed(answer, bytes);
    assert.ok(passed >= 3, `${passed} small ones passed`);
    const ended = performance.now();
    assert.equal(await silences(), silent);
    for (const direction of ['down', 'up']) {
        const times = proxy.seen.slice(from).filter((one) =>
            one.type === 'heartbeat' && one.direction === direction).map(({ at }) => at);
        assert.ok(times.length > 0, `a heartbeat ${direction}`);
        const gaps = [began, ...times].map((at, index) => (times[index] ?? ended) - at);
        // What the service itself, and the page, take for silence.
        assert.ok(gaps.every((gap) => gap < HEARTBEAT_MS * MISSES), `${direction}: ${gaps} ms`);
    }
});

/** Waits until so many bytes more have passed in a direction. */
const passes = (direction, bytes, from = proxy.bytes[direction]) =>
    until(() => proxy.bytes[direction] - from >= bytes, { what: `${bytes} bytes ${direction}`, every: 1 });

for (const direction of ['down', 'up'])
    test(`a connection that drops in mid-transfer (${direction}) begins nothing again`, async () => {
        const bytes = pattern(40 * MIB), before = { ...proxy.bytes };
        const call = echo(bytes);
        await passes(direction, 20 * MIB);
        proxy.cutNow();
        const { performance } = assertEchoed(await call, bytes);
        assert.equal(performance.attempts, 1);
        for (const way of ['down', 'up']) {
            const passed = proxy.bytes[way] - before[way];
            assert.ok(passed < 40 * MIB + 16 * MIB, `${passed} bytes ${way}`);
        }
    });

for (const direction of ['down', 'up'])
    test(`what is cancelled in mid-transfer (${direction}) is not sent`, async () => {
        const bytes = pattern(100 * MIB), aborter = new AbortController();
        const before = { ...proxy.bytes };
        const call = echo(bytes, { signal: aborter.signal }).catch((error) => error);
        await passes(direction, 10 * MIB);
        aborter.abort();
        assert.match((await call).name, /Abort/);
        await until(async () => (await daemon.status()).queue.running === 0, { what: 'it to end' });
        const small = Buffer.from('behind all that was on its way');
        assertEchoed(await echo(small), small);
        const passed = proxy.bytes[direction] - before[direction];
        assert.ok(passed < 60 * MIB, `${passed} bytes ${direction}`);
    });

test('an answer beyond max_answer is a 413 with the figures, at the first attempt', () =>
    withDaemon({ models: ['zeros'], config: { api: { max_answer: '9M' } } }, async (one) => {
        const zeros = (count) => one.inferBinary({ model_name: 'zeros', platform: 'wasm' },
            [{ name: 'x', datatype: 'INT64', shape: [1], bytes: kserve.pack('INT64', [count]) }]);
        const [{ id }] = (await one.status()).nodes;
        for (const count of [2_500_000, 10_000_000]) {
            const answer = await zeros(count);
            assert.equal(answer.status, 413, answer.text);
            assert.equal(answer.json.code, 'answer_too_large');
            assert.equal(answer.json.attempts, 1);
            assert.match(answer.json.detail, /9437184|11534336/);
        }
        assert.equal((await zeros(2_300_000)).status, 200);
        assert.equal((await one.status()).nodes[0].id, id, 'its node was not replaced');
    }));
