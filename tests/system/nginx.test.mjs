// tier: full
/**
 * Debian's nginx before the daemon, with the lines of the guide: TLS ends there, the API and the console are below a path,
 * streams come as they are made, and large bodies go through.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { request } from '../lib/http.mjs';
import * as kserve from '../lib/kserve.mjs';
import { Nginx } from '../lib/nginx.mjs';
import { builtPage } from '../lib/paths.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { putShare } from '../lib/share.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';
import { launch, noteViolations } from '../page/support/browser.mjs';

const NAME = 'inference.example.org', MOST = 64 << 20;
const RANKS = { ada: 'admin' }, TOKENS = tokensOf(RANKS);
const AS_ADA = { Authorization: `Bearer ${TOKENS.ada}` };
const COUNT = { model_name: 'builtin/count', inputs: [], options: { count: 20 } };
/** @type {Daemon} */
let daemon;
/** @type {Nginx} */
let nginx;
let browser, agent;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['twice'], config: { log: { format: 'json' }, api: { allowed_hosts: NAME, trusted_proxies: '127.0.0.1' } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, RANKS, TOKENS) }, bridge: { page: putDocs() } });
    await daemon.start();
    nginx = await new Nginx(daemon.url, NAME).start();
    ({ agent } = nginx);
    browser = await launch({ flags: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] });
});
after(async () => {
    await browser?.close();
    agent?.destroy();
    await nginx?.stop();
    await daemon.stop();
});

const ask = (where, { headers, ...more } = {}) => request(`${nginx.url}/webinfer${where}`, { agent, headers: { ...AS_ADA, ...headers }, ...more });
const streamOf = (where, options) => new EventClient(`${nginx.url}/webinfer${where}`, { agent, ...options, headers: AS_ADA });

/** The built page and console, next to a documentation of two pages. */
function putDocs() {
    const page = putShare(daemon.folder, { 'docs/index.html': 'the first page', 'docs/man/webinferd.8.html': 'the manual' });
    fs.rmSync(page, { recursive: true });
    fs.symlinkSync(builtPage, page);
    fs.symlinkSync(path.join(builtPage, '../console'), path.join(page, '../console'));
    return page;
}

/** Whose the daemon's log says that a request was. */
async function addressOf({ headers }) {
    const id = headers['x-request-id'];
    await daemon.logs(new RegExp(`"request_id":"${id}"`));
    return JSON.parse(daemon.log.split('\n').find((line) => line.includes(`"request_id":"${id}"`))).address;
}

test('a request is its client\'s, whatever that one says of it', async () => {
    const answer = await ask('/v1/status');
    assert.deepEqual([answer.status, await addressOf(answer)], [200, '127.0.0.2']);
    const lying = await ask('/v1/status', { headers: { 'X-Forwarded-For': '1.1.1.1', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Prefix': '//evil.example',
        'X-Forwarded-Host': 'evil.example', 'Forwarded': 'for=1.1.1.1;host=evil.example' } });
    assert.deepEqual([lying.status, await addressOf(lying)], [200, '127.0.0.2']);
    assertProblem(await ask('/v1/status', { headers: { Authorization: 'Bearer wi_no' } }), 401, 'unauthorized');
});

test('pages of its own origin may ask, and no others', async () => {
    const by = (headers) => ask('/v1/status', { headers });
    assert.equal((await by({ Origin: nginx.url })).status, 200);
    for (const Origin of ['https://evil.example', `https://${NAME}`, nginx.url.replace('https', 'http'), daemon.url])
        assertProblem(await by({ Origin }), 403, 'forbidden_origin', { field: 'Origin' });
    assertProblem(await by({ Host: 'rebound.example' }), 403, 'forbidden_host', { field: 'X-Forwarded-Host' });
});

test('an event comes when it happens, and a stream with all its parts', async () => {
    const events = streamOf('/v1/events');
    await until(() => events.events.some(({ event }) => event === 'snapshot'), { what: 'the snapshot' });
    assert.equal(events.headers['x-accel-buffering'], undefined, 'that was for nginx');
    const known = events.events.length;
    const stream = streamOf('/v1/infer', { body: { ...COUNT, stream: true } });
    await stream.ended();
    assert.deepEqual([stream.status, stream.parts.length, stream.last.event], [200, 20, 'done']);
    assert.match(stream.headers.location, /^\/webinfer\/v1\/jobs\/job-/);
    await until(() => events.events.length > known, { what: 'a change, which is far smaller than a buffer of nginx' });
    assert.equal(events.over, null);
    await events.leave();
});

test('Location leads to the job', async () => {
    const { status, headers, json } = await ask('/v1/jobs', { method: 'POST', body: COUNT });
    assert.deepEqual([status, headers.location], [202, `/webinfer/v1/jobs/${json.id}`]);
    const job = await request(nginx.url + headers.location, { agent, headers: AS_ADA });
    assert.deepEqual([job.status, job.json.id], [200, json.id]);
});

test('links lead to the documentation and within it, without a token', async () => {
    let address = `${nginx.url}/webinfer/docs`;
    const follow = (link) => request(address = new URL(link, address).href, { agent });
    const moved = await follow('');
    assert.equal(moved.status, 308);
    assert.equal((await follow(moved.headers.location)).text, 'the first page');
    assert.equal((await follow('man/webinferd.8.html')).text, 'the manual');
    assert.equal(address, `${nginx.url}/webinfer/docs/man/webinferd.8.html`);
});

/** A request of builtin/echo whose body has so many bytes. */
function bodyOf(size) {
    const encoded = (bytes) => kserve.encode({ model_name: 'builtin/echo', parameters: { binary_data_output: true } },
        [{ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes }]);
    const head = encoded(Buffer.alloc(size)).body.length - size;
    const bytes = Buffer.alloc(size - head);
    for (let at = 0; at < bytes.length; at += 4099) bytes[at] = at & 255;
    const { headers, body } = encoded(bytes);
    assert.equal(body.length, size);
    return { bytes, headers, body };
}

test('a body of 64 MiB goes there and back, and one that is larger is refused by the daemon', async () => {
    const { bytes, headers, body } = bodyOf(MOST);
    const answer = await ask('/v1/infer', { method: 'POST', headers, body });
    assert.equal(answer.status, 200, answer.text.slice(0, 500));
    assert.ok(Buffer.compare(answer.body.subarray(-bytes.length), bytes) === 0, 'it is what was sent');
    const more = bodyOf(MOST + 1);
    assertProblem(await ask('/v1/infer', { method: 'POST', headers: more.headers, body: more.body }), 413, 'body_too_large', { expected: /67108864/ });
});

test('the console works below the path, in a browser', async () => {
    const problems = [];
    const { tab, close } = await browser.openTab(problems, { ignoreHTTPSErrors: true });
    await noteViolations(tab);
    const asked = [];
    tab.on('request', (one) => asked.push(one.url()));
    await tab.goto(`${nginx.url}/webinfer`);
    await tab.fill('body[data-state=token] #token', TOKENS.ada);
    await tab.keyboard.press('Enter');
    for (const view of ['now', 'models', 'models/twice', 'nodes', 'logs']) {
        await tab.goto(`${nginx.url}/webinfer/#/${view}`);
        await tab.waitForSelector(`body[data-state=live] main[data-state=filled][data-address="#/${view}"]`);
    }
    await tab.goto(`${nginx.url}/webinfer/#/models/twice`);
    assert.ok((await tab.textContent('#shell-1')).includes(`--url ${nginx.url}/webinfer `));
    assert.deepEqual(asked.filter((url) => !url.startsWith(`${nginx.url}/webinfer`) && !url.startsWith('data:')), []);
    assert.ok(asked.some((url) => url === `${nginx.url}/webinfer/v1/events`));
    await tab.goto(`${nginx.url}/webinfer/console/index.html`);
    await tab.waitForSelector('body[data-state=token] #token');
    assert.equal(await tab.evaluate(() => location.pathname), '/webinfer/');
    assert.deepEqual(problems.filter((problem) => !problem.includes('401')), []);
    await close();
});
