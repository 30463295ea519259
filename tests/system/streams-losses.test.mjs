// tier: full
// quick: a stream outlives the browsers that send it
/**
 * Streams from real browsers that are killed, and over connections that are cut: each part comes
 * once and in order.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Counting } from '../lib/counting.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Proxy} */
let proxy;
const test = testsOf(() => daemon);

before(async () => {
    proxy = await new Proxy().listen();
    daemon = await new Daemon({ config: {
        bridge: { public_url: proxy.url, heartbeat_interval: '500ms',
            heartbeat_misses: 6 * patience, resume_grace: '5s' },
        // In a network of its own it would pass the proxy by.
        pool: { min_connections: 2, max_connections: 2, connection_timeout: '90s', network: 'host' },
        'browser.chrome': { max_connections: 2 },
    } }).start({ ready: false });
    proxy.to(daemon.bridgeUrl);
    await daemon.serving(2);
});
after(async () => {
    await daemon.stop();
    await proxy.close();
});

/** Kills all browsers, so that the one which sends is among them. */
function killBrowsers() {
    const browsers = daemon.processes('browser');
    assert.ok(browsers.length > 0);
    for (const { pid } of browsers) process.kill(pid, 'SIGKILL');
}

test('a stream outlives the browsers that send it', { timeout: 180_000 * patience }, async () => {
    const counting = new Counting(daemon, { count: 400, interval_ms: 20, bytes: 20 });
    assert.ok(await counting.open(), counting.explain());
    await counting.read({ enough: ({ parts }) => parts >= 10 });
    killBrowsers();
    await counting.read({ enough: ({ parts }) => parts >= 60 });
    killBrowsers();
    await counting.read();
    assert.ok(counting.isWhole, counting.explain());
    assert.ok(counting.done.performance.attempts > 2, counting.explain());
    assert.ok(await daemon.metric('webinfer_stream_continued_total') > 0);
    await daemon.serving(2);
});

for (const [what, direction, type, where] of [
    ['before a part', 'up', 'task_part', 'before'],
    ['in the middle of a part', 'up', 'task_part', 'middle'],
    ['right behind a part', 'up', 'task_part', 'after'],
    ['before an acknowledgement', 'down', 'task_ack', 'before'],
    ['before the last message', 'up', 'task_response', 'before'],
    ['right behind the last message', 'up', 'task_response', 'after'],
])
    test(`a connection that is cut ${what} costs a stream nothing`, async () => {
        const { cuts } = proxy;
        const counting = new Counting(daemon, { count: 60, interval_ms: 10, bytes: 3000 });
        assert.ok(await counting.open(), counting.explain());
        await counting.read({ enough: ({ parts }) => parts >= 5 });
        proxy.cut(direction, type, where);
        await counting.read();
        assert.ok(counting.isWhole, counting.explain());
        assert.equal(counting.done.performance.attempts, 1, 'the node came back in time');
        assert.equal(proxy.cuts, cuts + 1);
        await until(() => proxy.sockets.size === 2, { what: 'both pages to be back' });
    });
