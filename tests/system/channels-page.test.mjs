// tier: full
/**
 * A page of another origin, in real browsers, that knows no more than a WebSocket, one message and Float32. The nodes are
 * simulated.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before } from 'node:test';
import { channelsUrl } from '../lib/channel-socket.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
/** @type {http.Server} */
let server;
/** The page's origin that the service allows, and another one of the same server. */
let origin, stranger, url;

before(async () => {
    server = http.createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>a page</title>'));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    [origin, stranger] = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
    daemon = new Daemon({ config: { api: { allowed_origins: origin }, channels: { listen: '127.0.0.1:0' },
        pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
    url = await channelsUrl(daemon);
});
after(async () => {
    await simulation?.stop();
    await daemon?.stop();
    server?.closeAllConnections();
    server?.close();
});

/** Runs in the page: the first vector, as bare floats and as the result. */
const WATCH = (/** @type {string} */ url) => new Promise((resolve) => {
    const socket = new WebSocket(url), found = /** @type {any} */ ({});
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => socket.send(JSON.stringify({ type: 'subscribe', channels: ['vector_updates', 'job_results'], encoding: 'float32' }));
    socket.onmessage = ({ data }) => {
        if (data instanceof ArrayBuffer) found.floats = [...new Float32Array(data)];
        else found.vector ??= JSON.parse(data).result?.vector;
        if (found.floats && found.vector) resolve(JSON.stringify(found));
    };
    socket.onerror = () => resolve('refused');
});

/** Runs that in a page of the address, while requests are made. */
async function watchFrom(browser, address) {
    const { tab, close } = await browser.openTab([]);
    try {
        await tab.goto(`${address}/`);
        let told = null, wanted;
        const watching = tab.evaluate(`(${WATCH})(${JSON.stringify(url)})`).then((text) => (told = text));
        // Requests that end within 50 ms share a message, which has no one result.
        await until(async () => {
            const { json } = await daemon.post('/v1/embeddings', { model: 'vectors@simulated', input: 'a bird', publish: true });
            wanted = json.data[0].embedding;
            return told !== null;
        }, { what: 'what the page hears', every: 250 });
        return { told: await watching, wanted };
    } finally {
        await close();
    }
}

async function pagesHear(browser) {
    try {
        const { told, wanted } = await watchFrom(browser, origin);
        const { floats, vector } = JSON.parse(told);
        assert.deepEqual(floats.slice(0, wanted.length), [...Float32Array.from(wanted)]);
        assert.deepEqual([...Float32Array.from(vector)], [...Float32Array.from(wanted)]);
        assert.equal((await watchFrom(browser, stranger)).told, 'refused');
    } finally {
        await browser.close();
    }
}

test('Chromium: a page hears vectors with a WebSocket alone', async () => pagesHear(await launch()));

test('Firefox: a page hears vectors with a WebSocket alone', { skip: findFirefox() ? false : 'there is no Firefox here' },
    async () => pagesHear(await launchFirefox(findFirefox())));
