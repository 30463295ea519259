// tier: full
/** A browser that the service remembers: it joins again without its link, also after both were restarted, until its person, the
 * link's end or an admin has it forgotten. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { freePort } from '../lib/browsers.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { FakeDevice } from '../lib/fake-device.mjs';
import { until } from '../lib/wait.mjs';

const SOON_MS = 60_000;
const WAS_FORGOTTEN = 'this device is not remembered, or no longer: join with a link';

/** @type {Daemon} */
let daemon;
let profile;
const test = testsOf(() => daemon);
const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes;
const devices = async () => (await daemon.get('/v1/devices')).json.devices;
const joins = async () => (await daemon.get('/v1/admin/join')).json.joins;
const remove = (where) => daemon.request(where, { method: 'DELETE' });
const oneDevice = (what, fits = () => true) => until(async () => (await devices()).find(fits), { what, timeout: SOON_MS });
const isAway = ({ node }) => node === null;

before(async () => {
    profile = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-devices-'));
    daemon = new Daemon({ models: ['twice'], config: {
        bridge: { listen: `127.0.0.1:${await freePort()}`, devices: 'yes', resume_grace: '2s', heartbeat_interval: '1s' },
        pool: { min_connections: 0, numerics: 'off', verify: 'off' }, 'browser.chrome': { max_connections: 0 } } });
    await daemon.start({ ready: false });
});
after(async () => {
    await daemon?.stop();
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

/** A browser with a profile that stays, and one page in it. */
async function openBrowser() {
    const context = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [], env: { ...process.env, HOME: profile } });
    const page = context.pages()[0] ?? await context.newPage();
    page.setDefaultTimeout(SOON_MS);
    return { context, page, close: () => context.close(), is: (state) => page.waitForSelector(`html[data-state=${state}]`, { state: 'attached' }) };
}

const invite = async (more = {}) => (await daemon.post('/v1/admin/join', { label: 'Ada', ...more })).json;

/** Joins with a new link, with the switch on. */
async function joinRemembered(browser, link) {
    await browser.page.goto('about:blank');
    await browser.page.goto(link.url);
    await browser.is('asking');
    await browser.page.check('#remember');
    await browser.page.click('#start');
    await browser.is('connected');
    await browser.page.waitForFunction(() => document.getElementById('remember').checked && document.getElementById('remember').checkVisibility());
    return oneDevice('the device', ({ join, node }) => join === link.id && node !== null);
}

/** All that a page's origin has in its databases, as a text. */
async function dump() {
    const done = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const found = [];
    for (const { name } of await indexedDB.databases()) {
        const database = await done(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
            const from = database.transaction(store).objectStore(store);
            found.push(name, store, await done(from.getAllKeys()), await done(from.getAll()));
        }
        database.close();
    }
    return JSON.stringify(found);
}

test('a browser that was closed joins without a link, after a restart of the service as well', async () => {
    const link = await invite({ nodes: 1 });
    let browser = await openBrowser();
    const before = await joinRemembered(browser, link);
    assert.deepEqual([before.join, before.label], [link.id, 'Ada']);
    const [row] = await nodes();
    assert.deepEqual([row.device, row.label, row.id], [before.id, 'Ada', before.node]);
    // The browser can install the page.
    const devtools = await browser.context.newCDPSession(browser.page), { data, errors } = await devtools.send('Page.getAppManifest');
    assert.deepEqual([JSON.parse(data).start_url, JSON.parse(data).display, errors], ['/', 'standalone', []]);
    assert.deepEqual((await devtools.send('Page.getInstallabilityErrors')).installabilityErrors, []);
    // Nothing of a token, and no key that could be read, is kept.
    assert.equal(await browser.page.evaluate(() => JSON.stringify(localStorage)), '{}');
    const kept = await browser.page.evaluate(() => new Promise((resolve, reject) => {
        const request = indexedDB.open('webinfer-device');
        request.onerror = reject;
        request.onsuccess = () => {
            const all = request.result.transaction('keys').objectStore('keys').getAll();
            all.onsuccess = async () => {
                const [{ privateKey }] = all.result;
                resolve([all.result.length, privateKey.extractable, await crypto.subtle.exportKey('pkcs8', privateKey).then(() => 'read', ({ name }) => name)]);
            };
        };
    }));
    assert.deepEqual(kept, [1, false, 'InvalidAccessError']);
    const dumped = await browser.page.evaluate(dump);
    assert.ok(dumped.includes('publicKey'), dumped);
    assert.ok(link.token.length > 20 && !dumped.includes(link.token), dumped);
    await browser.close();
    await oneDevice('the device to be away', isAway);

    daemon.signal('SIGTERM');
    await daemon.waitEnd();
    await daemon.start({ ready: false });
    assert.deepEqual((await devices()).map(({ id, node }) => [id, node]), [[before.id, null]]);
    const [join] = await joins();
    assert.deepEqual([join.id, join.label, join.nodes, join.devices], [link.id, 'Ada', 1, 1]);
    assert.ok(join.expires_at <= Date.now(), 'its secret is lost');

    browser = await openBrowser();
    await browser.page.goto(`${new URL(link.url).origin}/`);
    await browser.is('asking');
    assert.match(await browser.page.textContent('#state'), /^The service remembers this browser, so this page needs no link\./);
    assert.equal(await browser.page.isChecked('#remember'), true);
    await browser.page.click('#start');
    await browser.is('connected');
    const again = await oneDevice('the device to be there', ({ node }) => node !== null);
    assert.equal(again.id, before.id);
    const answer = await daemon.post('/v1/infer', { model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }], timeout_ms: SOON_MS });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.executed_on.node, again.node);

    // A tab that is loaded again need not be started again.
    await browser.page.reload();
    await browser.is('connected');
    await oneDevice('the node of the tab', ({ node }) => node !== null && node !== again.node);

    // The service is restarted under the page, which has no token: it comes back as the device.
    daemon.signal('SIGTERM');
    await daemon.waitEnd();
    await daemon.start({ ready: false });
    await oneDevice('the device to be back', ({ node }) => node !== null);
    await browser.is('connected');
    await browser.close();
});

test('revoked with its link, a device is refused, and told so', async () => {
    const [{ id }] = await joins(), browser = await openBrowser();
    assert.equal((await remove(`/v1/admin/join/${id}`)).status, 200);
    assert.deepEqual([await devices(), await joins()], [[], []]);
    await browser.page.goto(`${new URL((await invite()).url).origin}/`);
    await browser.is('asking');
    await browser.page.click('#start');
    await browser.is('refused');
    assert.equal(await browser.page.textContent('#state'), `The service refused this page. (${WAS_FORGOTTEN})`);
    await browser.close();
});

test('revoked alone, a device is sent away, and its link can bring it back', async () => {
    const link = await invite({ nodes: 2 }), browser = await openBrowser();
    const { id } = await joinRemembered(browser, link);
    const list = await webinfer(daemon, ['devices', 'list']);
    assert.match(list.out, new RegExp(`^DEVICE +LINK +LABEL +REMEMBERED +SEEN +NODE\\n${id} +${link.id} +Ada +\\S+ +\\S+ +node-\\w+\\n$`));
    const { out, code } = await webinfer(daemon, ['devices', 'rm', id]);
    assert.deepEqual([code, out], [0, `${id}: forgotten\n`]);
    await browser.is('stopped');
    assert.match(await browser.page.textContent('#state'), /its device was revoked/);
    assert.deepEqual(await devices(), []);
    const unknown = await remove(`/v1/devices/${id}`);
    assert.deepEqual([unknown.status, unknown.json.code, unknown.json.detail],
        [404, 'not_found', `there is no device ${id}; GET /v1/devices lists all devices`]);
    assert.deepEqual([(await webinfer(daemon, ['devices', 'rm', '../x'])).code, (await webinfer(daemon, ['devices', 'list'])).out], [2, 'No device is remembered.\n']);
    const back = await joinRemembered(browser, link);
    assert.notEqual(back.id, id);
    await browser.close();
});

test('the switch forgets the key and tells the service, and can be turned on while the page runs', async () => {
    const browser = await openBrowser(), link = await invite({ nodes: 3 });
    const { node, id } = await joinRemembered(browser, link);
    await browser.page.uncheck('#remember');
    await until(async () => !(await devices()).some((one) => one.id === id), { what: 'the service to forget', timeout: SOON_MS });
    assert.ok((await nodes()).some((one) => one.id === node), 'the node stays');
    await browser.page.check('#remember');
    const other = await oneDevice('the new device', (one) => one.join === link.id && one.node !== null);
    assert.notEqual(other.node, node);
    await browser.page.waitForSelector(`html[data-state=connected][data-node="${other.node}"]`, { state: 'attached' });
    await browser.page.uncheck('#remember');
    await until(async () => !(await devices()).some((one) => one.id === other.id), { what: 'the service to forget', timeout: SOON_MS });
    const another = await browser.context.newPage();
    await another.goto(`${new URL(link.url).origin}/`);
    await another.waitForSelector('html[data-state=no-token]', { state: 'attached' });
    assert.equal(await another.isHidden('#remember'), true);
    await browser.close();
});

test('a proof is for the origin of the page, and a service that remembers none says so', async () => {
    const { url } = await invite(), device = new FakeDevice(url);
    await device.joinRemembered();
    assert.deepEqual(device.welcome.device, { remembered: true });
    device.send('bye', {});
    await device.gone();
    await device.comeBack('http://evil.example');
    assert.deepEqual(await device.gone(), { code: 1008, reason: 'data.signature is not one of this device for this challenge and the origin of its page' });

    const word = () => fetch(`${device.origin}/devices`).then((response) => response.text());
    assert.equal(await word(), 'yes');
    await daemon.reload({ bridge: { devices: 'no' } });
    assert.equal(await word(), 'no');
    await device.open();
    device.send('node_announcement', { protocol: 1, device: { key: device.key }, capabilities: device.capabilities });
    assert.deepEqual(await device.gone(), { code: 1008, reason: 'this service remembers no devices: join with a link' });
    await device.joinRemembered();
    assert.deepEqual(device.welcome.device, { remembered: false, reason: 'this service remembers no devices' });
    device.send('bye', {});
});
