// tier: full
/**
 * Pages of other origins: what each writing row of the route table answers to a form, to a fetch
 * that does not ask for leave, to a beacon, and to a fetch that does, from real browsers. The daemon
 * asks for no tokens, so that nothing else stands before it.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Daemon } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';

const ENCODINGS = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];
/** @type {Daemon} */
let daemon;
let server, origin, writing;

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: { pool: { min_connections: 0, max_connections: 0 } } });
    await daemon.start({ ready: false });
    const { endpoints } = (await daemon.get('/')).json;
    writing = endpoints.filter(({ method }) => method !== 'GET').map(({ method, path }) => ({ method, path,
        url: daemon.url + path.replace('{model}', 'twice').replace(/\{\w+\}/g, '1') }));
    server = http.createServer((request, response) =>
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>another site</title>'));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://localhost:${server.address().port}`;
});
after(async () => {
    server?.closeAllConnections();
    server?.close();
    await daemon?.stop();
});

/** Runs in the page: sends all of it, and tells how the fetches went. */
const SEND = async ({ rows, encodings }) => {
    const results = [];
    for (const { method, url } of rows) {
        if (method === 'POST') {
            for (const encoding of encodings) {
                const frame = Object.assign(document.createElement('iframe'), { name: `f${results.length}-${encoding}` });
                const form = Object.assign(document.createElement('form'), { action: url, method: 'POST', enctype: encoding, target: frame.name });
                const field = Object.assign(document.createElement('input'), { name: '{"model_name":"twice","x":"', value: '"}' });
                document.body.append(frame, form);
                form.append(field);
                form.submit();
            }
            navigator.sendBeacon(url, new Blob(['{"model_name":"twice"}'], { type: 'text/plain' }));
            await fetch(url, { method, mode: 'no-cors', body: '{"model_name":"twice"}' }).catch(() => {});
        }
        const read = await fetch(url, { method, headers: { 'Content-Type': 'application/json' }, body: '{"model_name":"twice"}' })
            .then((answer) => answer.status, () => 'refused');
        results.push(read);
    }
    return results;
};

/** {"METHOD PATTERN": {STATUS: count}} of what was answered so far. */
async function answered() {
    const counts = {};
    for (const [, method, route, status, count] of (await daemon.get('/metrics')).text
        .matchAll(/^webinfer_http_requests_total\{method="(\w+)",route="([^"]*)",status="(\d+)"\} (\d+)$/gm))
        (counts[`${method} ${route}`] ??= {})[status] = Number(count);
    return counts;
}

/** What would have changed if anything had happened. */
async function state() {
    const { counters, stored_jobs, models } = await daemon.status();
    const { json: { joins } } = await daemon.get('/v1/admin/join');
    return { jobs: counters.jobs, stored_jobs, models, joins };
}

async function refusesAll(browser) {
    const { tab, close } = await browser.openTab([]);
    try {
        const earlier = await answered(), unchanged = await state();
        await tab.goto(`${origin}/`);
        const read = await tab.evaluate(`(${SEND})(${JSON.stringify({ rows: writing, encodings: ENCODINGS })}).then(String)`);
        assert.equal(read, writing.map(() => 'refused').join(), 'no answer can be read');
        const more = async () => {
            const now = await answered();
            return writing.map(({ method, path }) => {
                const row = `${method} ${path}`;
                return { row, method, counts: Object.fromEntries(Object.entries(now[row] ?? {})
                    .map(([status, count]) => [status, count - (earlier[row]?.[status] ?? 0)]).filter(([, count]) => count > 0)) };
            });
        };
        const posts = (rows) => rows.filter(({ method }) => method === 'POST');
        // Three forms, a fetch that does not ask, a beacon; the fetch that asks first comes to nothing.
        const rows = await until(async () => {
            const now = await more();
            return posts(now).every(({ counts }) => Object.values(counts).reduce((a, b) => a + b, 0) >= 5) && now;
        }, { what: 'all to be answered' });
        for (const { row, method, counts } of rows) assert.deepEqual(counts, method === 'POST' ? { 403: 5 } : {}, row);
        assert.deepEqual(await state(), unchanged, 'nothing has happened');
    } finally {
        await close();
    }
}

test('Chromium: pages of others write nothing', async () => {
    const browser = await launch();
    try {
        await refusesAll(browser);
    } finally {
        await browser.close();
    }
});

test('Firefox: pages of others write nothing', { skip: findFirefox() ? false : 'there is no Firefox here' }, async () => {
    const browser = await launchFirefox(findFirefox());
    try {
        await refusesAll(browser);
    } finally {
        await browser.close();
    }
});
