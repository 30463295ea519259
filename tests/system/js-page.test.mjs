// tier: full
/**
 * The JavaScript client in pages of another origin, in real browsers: they import its files as they are, without a build,
 * and it needs nothing that Node.js alone has. The nodes are simulated.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { root } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';

const sdk = path.join(root, 'sdk/js');
const PAGE = '<!doctype html><title>a page</title><script type="module">' +
    "import * as webinfer from '/index.js'; globalThis.webinfer = webinfer;</script>";
/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
/** The files of the client, and a page. @type {http.Server} */
let server;
/** The page's origin that the service allows, and another one of the same server. */
let origin, stranger;

before(async () => {
    server = http.createServer(({ url }, response) => {
        const name = path.basename(url ?? '');
        if (name.endsWith('.js'))
            response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(fs.readFileSync(path.join(sdk, name)));
        else response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    [origin, stranger] = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
    daemon = new Daemon({ config: { api: { allowed_origins: origin }, pool: { min_connections: 0, numerics: 'off' },
        'browser.chrome': { max_connections: 0 } } });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 2 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon?.stop();
    server?.closeAllConnections();
    server?.close();
});

/** Runs in the page. What a program does with the client, as text that JSON can carry. */
const USE = async (/** @type {string} */ url) => {
    const client = new (/** @type {any} */ (globalThis).webinfer.Client)(url), simulated = { platform: 'simulated' };
    const caught = (/** @type {Promise<any>} */ call) => call.then(() => 'no error', ({ name, code, field }) => [name, code, field]);
    const grid = { data: Float32Array.of(1, NaN, -2), shape: [3, 1] };
    const { x, y } = (await client.infer('builtin/echo', { x: grid, y: BigInt64Array.of(-(2n ** 63n)) }, simulated)).outputs;
    const stream = client.stream('builtin/count', null, { count: 4, interval_ms: 1, ...simulated }), texts = [];
    for await (const text of stream.texts()) texts.push(text);
    const endless = { count: 100_000, interval_ms: 20, ...simulated }, leave = new AbortController(), reason = new Error('enough');
    const left = await (async () => {
        for await (const part of client.stream('builtin/count', null, { ...endless, signal: leave.signal }))
            if (part) leave.abort(reason);
    })().catch((/** @type {unknown} */ error) => error === reason);
    return JSON.stringify({
        node: typeof /** @type {any} */ (globalThis).process,
        x: [x.shape, [...x.data].map(String)], y: [...y.data].map(String),
        text: texts.join(''), done: stream.done.parts, left,
        refused: await caught(client.infer('builtin/echo', [], { priority: 10 })),
        unknown: (await caught(client.chat('none', 'hi'))).slice(0, 2),
    });
};

/** Runs in a page whose origin the service does not know. */
const TRY = async (/** @type {string} */ url) => new (/** @type {any} */ (globalThis).webinfer.Client)(url, { retries: 0 }).status()
    .then(() => 'no error', (/** @type {any} */ { name, code, message }) => `${name} ${code} ${message}`);

/** Runs a function in a page of that origin. */
async function inPage(browser, address, what) {
    const { tab, close } = await browser.openTab([]);
    try {
        await tab.goto(`${address}/`);
        return await tab.evaluate(`(${what})(${JSON.stringify(daemon.url)})`);
    } finally {
        await close();
    }
}

async function isUsable(browser) {
    try {
        assert.deepEqual(JSON.parse(await inPage(browser, origin, USE)), {
            node: 'undefined', x: [[3, 1], ['1', 'NaN', '-2']], y: [String(-(2n ** 63n))], text: '0 1 2 3 ', done: 4, left: true,
            refused: ['ServiceError', 'invalid_field', 'priority'], unknown: ['ServiceError', 'model_not_found'],
        });
        await until(async () => (await daemon.status()).queue.running === 0, { what: 'the stream that was left to end' });
        const told = await inPage(browser, stranger, TRY);
        assert.match(told, /^Unreachable connection_lost /);
        assert.ok(told.includes(`is ${stranger} in [api] allowed_origins?`), told);
    } finally {
        await browser.close();
    }
}

test('Chromium: a page uses the client as it is', async () => isUsable(await launch()));

test('Firefox: a page uses the client as it is', { skip: findFirefox() ? false : 'there is no Firefox here' },
    async () => isUsable(await launchFirefox(findFirefox())));
