// tier: full
// quick: a Chromium takes a model from another one, and the service sends less than half of it
// quick: a peer of which nodes of two join tokens say that it has lied counts in its node’s record
/**
 * Models from other pages, in real browsers with their own settings of WebRTC: each page reaches the service over a line of its own,
 * which counts what the service sends to it.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { Line } from '../lib/line.mjs';
import { putExternal } from '../lib/onnx.mjs';
import { Peer } from '../lib/peer.mjs';
import { mentioning } from '../lib/processes.mjs';
import { SwarmPeer, TicketOffice } from '../lib/swarm.mjs';
import { until } from '../lib/wait.mjs';
import { launch } from '../page/support/browser.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';

const SOON_MS = 90_000, LEAF = 1 << 20, LEAVES = 24;
const X = [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }];
/** A language model of 20 MB that says these letters round and round. */
const LETTERS = { follow: 'abcdefgh', embd: 256, layers: 5, ffn: 1024 };
/** A line on which the file would take twelve seconds. */
const SLOW = 16_000_000;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-blocks-'));
let daemon, peer, token, models = 0;
/** What ends with the test. @type {(() => any)[]} */
const ends = [];
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ config: { bridge: { trusted_proxies: '127.0.0.1', resume_grace: '5s' }, 'browser.chrome': { max_connections: 0 },
        pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' } } });
    await daemon.start({ ready: false });
    peer = await Peer.start(daemon.bridgeUrl, path.join(folder, 'key'), 0);
    await daemon.reload({ bridge: { peers: peer.address } });
    ({ token } = (await daemon.post('/v1/admin/join', { nodes: 64 })).json);
});
after(async () => {
    await peer?.stop();
    await daemon?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** Ends what the test has opened. @param {any} t */
const ending = (t) => t.after(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await until(async () => (await daemon.get('/v1/nodes')).json.nodes.length === 0, { what: 'no node', timeout: SOON_MS });
});

/** A model that was put there: its large file, a request, and what an answer has to that. */
function modelOf(name, file, task, answerOf, answer) {
    const bytes = fs.readFileSync(file);
    return { name, bytes: bytes.length, hash: createHash('sha256').update(bytes).digest('hex'), task, answerOf, answer };
}

/** A model with a file of its own of so many leaves and a piece. */
function putModel(leaves = LEAVES) {
    const name = `large-${++models}`, place = path.join(daemon.store, name);
    putExternal(place, leaves * LEAF);
    return modelOf(name, path.join(place, 'w.bin'), { inputs: X }, (json) => json.outputs?.[0].data, [8, 6, 4, 2]);
}

function putLanguageModel() {
    const name = `letters-${++models}`, task = { inputs: 'abc', options: { temperature: 0, max_tokens: 5 } };
    return modelOf(name, putGguf(daemon.store, name, LETTERS), task, (json) => json.result?.text, 'defgh');
}

const BROWSERS = {
    Chromium: async () => {
        const browser = await launch(), { tab } = await browser.openTab([], {});
        ends.push(() => browser.close());
        return tab;
    },
    Firefox: async () => {
        const firefox = await launchFirefox(findFirefox()), { tab } = await firefox.openTab();
        ends.push(() => firefox.close());
        return tab;
    },
};

/** A page that has joined, with its line. @param {any} tab @param {string} [more] options of its link */
async function join(tab, more = '&maxPeers=4&discoveryInterval=5000') {
    const line = await new Line().to(daemon.bridgeUrl).listen();
    ends.push(() => line.close());
    await tab.goto(`${line.url}/#token=${token}&start${more}`);
    await until(() => tab.evaluate("document.documentElement.dataset.state === 'connected'"), { what: 'the page to connect', timeout: SOON_MS });
    return { tab, line, node: await tab.evaluate('document.documentElement.dataset.node') };
}
const openPage = async (kind) => join(await BROWSERS[kind]());

/** Each is directly connected to another page. */
const seeEachOther = (...pages) => Promise.all(pages.map(({ tab }) => until(async () => {
    const rows = await tab.evaluate("[...document.querySelectorAll('#peers-rows tr')].map(({ dataset: { peer, way } }) => `${peer} ${way}`).join()");
    if (!new RegExp(`(?:^|,)(?!${peer.id})\\w+ direct`).test(rows)) throw new Error(`it has ${rows}`);
    return true;
}, { what: 'a direct connection to the other page', timeout: SOON_MS })));

async function computes({ node }, { name, task, answerOf, answer }) {
    const { status, json, text } = await daemon.post('/v1/infer', { model_name: name, node, ...task, timeout_ms: SOON_MS });
    assert.deepEqual([status, answerOf(json)], [200, answer], text);
}

/** What the page has noted of a kept file. */
const noteOf = ({ tab }, { hash }) => tab.evaluate(`(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    return (await (await folder.getFileHandle('${hash}.note')).getFile()).text();
})().catch(() => '')`);

/** @param {string} hex */
const countBits = (hex) => [...hex].reduce((sum, digit) => sum + parseInt(digit, 16).toString(2).replaceAll('0', '').length, 0);

/** The page has the whole file, which it may note after it has answered. */
const seeKept = (page, model) => until(async () => / whole$/.test(await noteOf(page, model)), { what: 'the whole file to be kept', timeout: SOON_MS });

/** A model that the one page has comes to the other one. @returns {Promise<number>} bytes that the service has sent for it */
async function passOn(here, there, model) {
    await computes(there, model);
    await seeKept(there, model);
    await seeEachOther(here, there);
    here.line.bitsPerSecond = SLOW;
    const before = here.line.bytes;
    await computes(here, model);
    here.line.bitsPerSecond = 0;
    await seeKept(here, model);
    return here.line.bytes - before;
}

for (const [here, there] of [['Chromium', 'Chromium'], ['Firefox', 'Chromium'], ['Chromium', 'Firefox']])
    test(`a ${here} takes a model from ${here === there ? 'another one' : `a ${there}`}, and the service sends less than half of it`, async (t) => {
        ending(t);
        const pages = await Promise.all([here, there].map(openPage)), model = putModel();
        const sent = await passOn(...pages, model);
        assert.ok(sent < model.bytes / 2, `${sent} bytes of ${model.bytes}`);
    });

test('a language model of llama.cpp comes from another page, too', async (t) => {
    ending(t);
    const pages = await Promise.all(['Chromium', 'Chromium'].map(openPage)), model = putLanguageModel();
    const sent = await passOn(...pages, model);
    assert.ok(sent < model.bytes / 2, `${sent} bytes of ${model.bytes}`);
});

test('three that load at the same time take from the service less than twice the file', async (t) => {
    ending(t);
    const pages = await Promise.all(['Chromium', 'Chromium', 'Chromium'].map(openPage)), model = putModel();
    await seeEachOther(...pages);
    const before = pages.map(({ line }) => line.bytes);
    for (const { line } of pages) line.bitsPerSecond = SLOW;
    await Promise.all(pages.map((page) => computes(page, model)));
    const sent = pages.reduce((sum, { line }, i) => sum + line.bytes - before[i], 0);
    assert.ok(sent < 2 * model.bytes, `${sent} bytes of ${model.bytes}`);
});

test('a page that was loaded anew gives what it has kept', async (t) => {
    ending(t);
    const [here, there] = await Promise.all(['Chromium', 'Chromium'].map(openPage)), model = putModel();
    await computes(there, model);
    const before = there.node;
    await there.tab.goto('about:blank');
    await until(async () => (await daemon.get('/v1/nodes')).json.nodes.every(({ id }) => id !== before), { what: 'it has left' });
    await there.tab.goto(`${there.line.url}/#token=${token}&start&maxPeers=4&discoveryInterval=5000`);
    await until(() => there.tab.evaluate("document.documentElement.dataset.state === 'connected'"), { what: 'the page to connect', timeout: SOON_MS });
    there.node = await there.tab.evaluate('document.documentElement.dataset.node');
    const sent = await passOn(here, there, model);
    assert.ok(sent < model.bytes / 2, `${sent} bytes of ${model.bytes}`);
});

test('SIGKILL of the giving browser in mid-block: the rest comes from the service', async (t) => {
    ending(t);
    const profile = path.join(folder, 'profile'), context = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.WEBINFER_CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [], env: { ...process.env, HOME: profile } });
    ends.push(() => context.close().catch(() => {}));
    const there = await join(context.pages()[0] ?? await context.newPage()), here = await openPage('Chromium'), model = putModel(128);
    await computes(there, model);
    await seeEachOther(here, there);
    here.line.bitsPerSecond = SLOW / 4;
    const before = here.line.bytes, computed = computes(here, model);
    computed.catch(() => {}); // it is waited for below
    // Blocks that have come, of which the service sends one in two seconds: the note has a bit for each.
    await until(async () => countBits((await noteOf(here, model)).split(' ')[2] ?? '') >= 16, { what: 'the first blocks', timeout: SOON_MS });
    for (const { pid } of mentioning(profile)) process.kill(pid, 'SIGKILL');
    here.line.bitsPerSecond = 0;
    await computed;
    const sent = here.line.bytes - before;
    assert.ok(sent > LEAF && sent < model.bytes, `${sent} bytes of ${model.bytes}`);
    await seeKept(here, model);
});

test('a page that is given wrong blocks computes rightly, sends that peer away, and says which it was', async (t) => {
    ending(t);
    const office = await new TicketOffice(() => daemon.bridgeUrl, async () => `${daemon.bridgeUrl}/#token=${token}`).start();
    ends.push(() => office.stop());
    const liar = new SwarmPeer(office.url, 'webrtc'), model = putModel();
    ends.push(() => liar.stop());
    await liar.ask('is', { computes: [], models: [], running: 0, waiting: 0 });
    await liar.ask('want', 4, 5000);
    await liar.ask('lie', LEAVES + 1);
    const id = await liar.ask('id'), page = await openPage('Chromium');
    await seeEachOther(page);
    page.line.bitsPerSecond = SLOW;
    const before = page.line.bytes;
    await computes(page, model);
    assert.ok(page.line.bytes - before >= model.bytes, 'all of it comes from the service');
    await until(async () => (await liar.ask('connections')).every(({ peer: other }) => other === peer.id), { what: 'the end of its connection', timeout: SOON_MS });
    await daemon.logs(new RegExp(`had a wrong block of a model from the peer ${id}`));
});

test('a peer of which nodes of two join tokens say that it has lied counts in its node’s record', async (t) => {
    ending(t);
    const id = '12D3KooWLcD4ZGqZ7JKK3vonX6yPAkVYp9NCngxGo3CYg1JRGbJ2', model = putModel(9);
    const come = async () => {
        const node = await new FakeNode((await daemon.post('/v1/admin/join', { nodes: 2 })).json.url).join();
        ends.push(() => node.close());
        return node;
    };
    /** It gets a ticket for the model's file, with work for it. @param {FakeNode} node */
    const load = async (node) => {
        node.onTask = (task) => node.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 4], bytes: Buffer.from(new Float32Array([8, 6, 4, 2]).buffer) }] });
        await computes({ node: node.id }, model);
        const { message } = await node.got('task_request'), { url } = message.data.model.files.find(({ hash }) => hash === model.hash);
        await until(async () => (await fetch(`${node.origin}${url}?blocks=${id}`, { headers: { Authorization: `Bearer ${node.welcome.model_credential}` } })).headers.has('x-webinfer-ticket'),
            { what: 'a ticket' });
    };
    const [liar, one, other] = [await come(), await come(), await come()];
    const disputed = async () => (await daemon.get('/v1/nodes')).json.nodes.find((node) => node.id === liar.id).conduct.disputed;
    liar.send('peer', { id });
    await liar.got('settings');
    await load(one);
    for (let i = 0; i < 3; i++) one.send('wrong_block', { peer: id, file: model.hash });
    other.send('wrong_block', { peer: id, file: model.hash }); // which it has not loaded
    one.send('peer', { id: '12D3KooWFsUu3pM4ZprsXuZJKoW2vZTPopCAd1QJQVP2avQFAjLB' });
    await one.got('settings');
    await load(other);
    assert.equal(await disputed(), 0);
    other.send('wrong_block', { peer: id, file: model.hash });
    await until(async () => await disputed() === 1, { what: 'the record' });
});

for (const [what, lacking, said] of [
    ['did not come over https', () => Object.defineProperty(globalThis, 'isSecureContext', { value: false }), /^This page did not come over https, so its models come from the service/],
    ['has no place for files', () => delete StorageManager.prototype.getDirectory, /^This browser keeps no files for a page, so its models come from the service/],
]) test(`a page that ${what} says so, and loads from the service`, async (t) => {
    ending(t);
    const tab = await BROWSERS.Chromium(), model = putModel(9);
    await tab.addInitScript(lacking);
    const page = await join(tab);
    await until(async () => said.test(await tab.evaluate("document.querySelector('#peers-problem')?.textContent ?? ''")), { what: 'the sentence' });
    const before = page.line.bytes;
    await computes(page, model);
    assert.ok(page.line.bytes - before >= model.bytes);
});
