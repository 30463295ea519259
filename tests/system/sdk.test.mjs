/** The clients in other languages that lie in sdk/, as users would run them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CountingNode } from '../lib/counting-node.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';

/** @type {Daemon} */
let daemon;
/** @type {CountingNode} */
let node;
const test = testsOf(() => daemon);
const script = fileURLToPath(new URL('../../sdk/python/stream.py', import.meta.url));
const python = (url, ...words) => promisify(execFile)('python3', [script, url, ...words],
    { env: { PATH: process.env.PATH, no_proxy: '*' } });
const numbers = (count) => Array.from({ length: count }, (_, i) => `${i} `).join('');

before(async () => {
    daemon = await new Daemon({ config: {
        api: { allowed_hosts: '127.0.0.1' }, // on any port: a client may come through the proxy below
        pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } })
        .start({ ready: false });
    node = await new CountingNode((await daemon.post('/v1/admin/join', {})).json.url).join();
});
after(async () => {
    await node?.close();
    await daemon.stop();
});

/** Passes bytes on to the daemon, and cuts each of the first connections after so much of an answer. */
async function cutting(...limits) {
    const server = net.createServer((client) => {
        const upstream = net.connect(Number(new URL(daemon.url).port), '127.0.0.1');
        let left = limits.shift() ?? Infinity;
        const cut = () => [client, upstream].forEach((socket) => socket.destroy());
        for (const socket of [client, upstream]) socket.on('error', cut).on('close', cut);
        client.pipe(upstream);
        upstream.on('data', (bytes) => {
            client.write(bytes.subarray(0, left), () => left <= 0 && cut());
            left -= bytes.length;
        });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close(), limits };
}

test('the client in Python prints a stream', async () => {
    const { stdout } = await python(daemon.url, 'builtin/count', '{"count": 50}');
    const [text, done] = stdout.split('\n');
    assert.equal(text, numbers(50));
    const { parts, result, executed_on } = JSON.parse(done);
    assert.equal(parts, 50);
    assert.deepEqual(result, { count: 50 });
    assert.equal(executed_on.node, node.id);
});

test('the client in Python goes on with a stream whose connection broke', async () => {
    const proxy = await cutting(2000, 3000);
    try {
        const { stdout } = await python(proxy.url, 'builtin/count', '{"count": 200}');
        assert.equal(stdout.split('\n')[0], numbers(200));
        assert.equal(proxy.limits.length, 0);
    } finally {
        proxy.close();
    }
});

test('the client in Python tells what failed', async () => {
    await assert.rejects(python(daemon.url, 'none', '{}'), ({ code, stderr }) =>
        code === 1 && /none/.test(stderr) && !/Traceback/.test(stderr));
});
