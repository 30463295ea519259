// tier: full
// quick: a Chromium and a Firefox find each other, and are connected directly
// quick: a stranger is cut, and gets no gossip
/**
 * Pages that find each other by webinfer-peer: a real Chromium and a real Firefox, with their own settings of WebRTC; SIGKILL of the peer,
 * a service that starts again, and peers that break the rules, which are programs over the same library.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { Peer } from '../lib/peer.mjs';
import { build } from '../lib/paths.mjs';
import { modules, SwarmPeer, TicketOffice } from '../lib/swarm.mjs';
import { until } from '../lib/wait.mjs';
import { keepsOut } from '../page/support/axe.mjs';
import { launch } from '../page/support/browser.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';

const SOON_MS = 90_000;
const NEVER = 'stun:127.0.0.1:9';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-swarm-'));
/** @type {Daemon} */
let daemon;
/** @type {Peer} */
let peer;
/** @type {TicketOffice} */
let office;
let chromium, token;
/** What ends with the test. @type {(() => any)[]} */
const ends = [];
const test = testsOf(() => daemon);

const startPeer = (port = 0, key = 'key', more = []) => Peer.start(daemon.bridgeUrl, path.join(folder, key), port, more);

before(async () => {
    chromium = await launch();
    daemon = new Daemon({ config: { bridge: { trusted_proxies: '127.0.0.1', resume_grace: '5s' }, pool: { min_connections: 0 } } });
    await daemon.start({ ready: false });
    peer = await startPeer();
    await daemon.reload({ bridge: { peers: peer.address } });
    ({ token } = (await daemon.post('/v1/admin/join', { nodes: 64 })).json);
    office = await new TicketOffice(() => daemon.bridgeUrl, async () => `${daemon.bridgeUrl}/#token=${token}`).start();
});
after(async () => {
    await office?.stop();
    await chromium?.close();
    await peer?.stop();
    await daemon?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** Ends what the test has opened. @param {any} t */
const ending = (t) => t.after(async () => {
    for (const end of ends.splice(0)) await end();
});

const linkOf = (more = '&maxPeers=4&discoveryInterval=5000') => `${daemon.bridgeUrl}/#token=${token}&start${more}`;

/** A page in a window of its own. @param {{more?: string, before?: (tab: any) => Promise<void>}} [options] */
async function openPage({ more, before: prepare, url } = {}) {
    const { tab, close } = await chromium.openTab([], {});
    ends.push(close);
    const reached = [];
    tab.on('request', (request) => reached.push(request.url()));
    await prepare?.(tab);
    await tab.goto(url ?? linkOf(more));
    return Object.assign(tab, { reached });
}

async function openInFirefox() {
    const firefox = await launchFirefox(findFirefox()), { tab } = await firefox.openTab();
    ends.push(() => firefox.close());
    await tab.goto(linkOf());
    return tab;
}

/** The page's list: ids and ways. @param {any} tab @returns {Promise<{id: string, way: string, cells: string[]}[]>} */
const rowsOf = async (tab) => JSON.parse(await tab.evaluate(`JSON.stringify([...document.querySelectorAll('#peers-rows tr')].map((row) =>
    ({ id: row.dataset.peer, way: row.dataset.way, cells: [...row.cells].map((cell) => cell.textContent) })))`));
const sees = (tab, way, id) => until(async () => {
    const rows = await rowsOf(tab), found = rows.find((row) => row.id !== peer.id && row.way === way && (!id || row.id === id));
    if (!found) throw new Error(`it has ${JSON.stringify(rows)}`);
    return found;
}, { what: `a peer that is ${way}`, timeout: SOON_MS });
const textOf = (tab, selector) => tab.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`);

/** A peer that is no browser. */
function startProgram(...modes) {
    const program = new SwarmPeer(office.url, ...modes);
    ends.push(() => program.stop());
    return program;
}
async function startMember(...modes) {
    const program = startProgram(...modes);
    await program.ask('is', { computes: ['wasm'], models: ['a model'], running: 3, waiting: 1 });
    await program.ask('want', 8, 5000);
    return Object.assign(program, { id: await program.ask('id') });
}
/** A connection to the peer, and that one is cut; the program, which wants one, may have another then. */
async function seeCut(program) {
    const find = async () => (await program.ask('connections')).find((one) => one.peer === peer.id);
    const { connection } = await until(find, { what: 'the connection', timeout: SOON_MS });
    await until(async () => (await find())?.connection !== connection, { what: 'its end', timeout: SOON_MS });
}
const isConnected = async (program, id) => (await program.ask('connections')).some((one) => one.peer === id);
/** The peer has cut it, and refuses it from then on. */
const seeSentAway = (program) => until(async () => !await isConnected(program, peer.id), { what: 'the end of its connection', timeout: SOON_MS });
/** Both know each other's announcement. */
const know = (one, other) => until(async () => (await one.row(other.id))?.computes.includes('wasm') && (await other.row(one.id))?.computes.includes('wasm'),
    { what: 'both to know each other', timeout: SOON_MS });

test('a Chromium and a Firefox find each other, and are connected directly', async (t) => {
    ending(t);
    const [one, other] = await Promise.all([openPage(), openInFirefox()]);
    const [[here], [there]] = await Promise.all([one, other].map(async (tab) => [await sees(tab, 'direct')]));
    assert.notEqual(here.id, there.id);
    await until(async () => (await sees(one, 'direct')).cells[5].includes('wasm'), { what: 'what it computes', timeout: SOON_MS });
    await until(async () => / ms$/.test((await sees(other, 'direct')).cells[2]), { what: 'a round trip', timeout: SOON_MS });
    const [, , , lost, bytes] = (await sees(other, 'direct')).cells;
    assert.match(lost, /^\d+ of \d+$/);
    assert.match(bytes, /^\d+(\.\d)? (B|KiB), \d+(\.\d)? (B|KiB)$/);
    const operators = (await rowsOf(one)).find(({ id }) => id === peer.id);
    assert.deepEqual([operators.way, operators.cells[0]], ['direct', `…${peer.id.slice(-8)}, the operator’s`]);
    assert.equal(await one.isHidden('#stun'), true, 'nobody is asked');
});

test('a page that wants none loads none of it, and neither does a session', async (t) => {
    ending(t);
    const page = await openPage({ more: '' });
    await page.waitForSelector('html[data-state=connected]', { state: 'attached' });
    assert.deepEqual(page.reached.filter((url) => /\/peers/.test(url)), []);
    const [script] = fs.readdirSync(path.join(build, 'share/webinfer/page')).filter((name) => /^peers-.*\.js$/.test(name));
    const bytes = zlib.gzipSync(fs.readFileSync(path.join(build, 'share/webinfer/page', script)), { level: 9 }).length;
    assert.ok(bytes <= 260_000, `${bytes} bytes`);
});

test('a page that comes through the peer meets others as well', async (t) => {
    ending(t);
    const program = await startMember(), page = await openPage({ url: `${daemon.bridgeUrl}/?node_endpoints=${peer.address}#token=${token}&start&maxPeers=4&discoveryInterval=5000` });
    await page.waitForSelector('html[data-state=connected]', { state: 'attached' });
    await until(async () => (await sees(page, 'relayed', program.id)).cells[5] === 'wasm', { what: 'what it computes', timeout: SOON_MS });
});

test('a person turns it on, names a peer by hand, and turns it off', async (t) => {
    ending(t);
    const program = await startMember(), page = await openPage({ url: `${daemon.bridgeUrl}/#token=${token}` });
    await page.click('#start');
    await page.waitForSelector('html[data-state=connected]', { state: 'attached' });
    assert.equal(await page.isHidden('#peers'), true);
    await page.fill('#maxPeers', '3');
    await page.dispatchEvent('#maxPeers', 'change');
    await sees(page, 'relayed', program.id);
    await page.setViewportSize({ width: 360, height: 800 });
    assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false, 'it scrolls sideways');
    assert.deepEqual(await keepsOut(page), []);
    await page.fill('#peer-address', `/ip4/10.9.9.9/tcp/1/p2p/${program.id}`);
    await page.click('#peer-add');
    await until(async () => await textOf(page, '#peer-problem') === 'A browser cannot use /tcp/ without /ws.', { what: 'why not' });
    await page.fill('#peer-address', '/dns4/sv15.bootstrap.libp2p.io/tcp/443/wss/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN');
    await page.click('#peer-add');
    await until(async () => /does not list that WebSocket/.test(await textOf(page, '#peer-problem')), { what: 'why not' });
    await page.fill('#maxPeers', '0');
    await page.dispatchEvent('#maxPeers', 'change');
    await page.waitForSelector('#peers', { state: 'hidden' });
    await until(async () => (await program.ask('connections')).every(({ peer: id }) => id === peer.id), { what: 'no connection to the page', timeout: SOON_MS });
});

test('STUN servers are asked about, and a link cannot answer', async (t) => {
    ending(t);
    await daemon.reload({ bridge: { stun: NEVER } });
    t.after(() => daemon.reload({ bridge: { stun: [] } }));
    const page = await openPage({ more: '&maxPeers=4&useStun=yes&stun=yes' });
    await page.waitForSelector('#stun');
    assert.equal(await textOf(page, '#stun-servers'), NEVER);
    await page.click('#stun-no');
    await page.waitForSelector('#stun', { state: 'hidden' });
    assert.equal(await page.evaluate("localStorage.getItem('webinfer.stun')"), `no ${NEVER}`);
});

test('a browser without WebRTC says so, and stays connected through the peer', async (t) => {
    ending(t);
    const program = await startMember();
    const page = await openPage({ before: (tab) => tab.addInitScript(() => delete globalThis.RTCPeerConnection) });
    await sees(page, 'relayed', program.id);
    assert.match(await textOf(page, '#peers-problem'), /^This browser has no WebRTC/);
});

test('after SIGKILL of the peer direct connections go on, and it has places again once it is back', async (t) => {
    ending(t);
    const [one, other] = await Promise.all([openPage(), openPage()]), { id } = await sees(one, 'direct'), { id: me } = await sees(other, 'direct');
    await peer.stop('SIGKILL');
    await until(async () => (await rowsOf(one)).every((row) => row.id !== peer.id || row.way === 'none'), { what: 'the loss of the peer', timeout: SOON_MS });
    assert.equal((await sees(one, 'direct', id)).way, 'direct');
    peer = await startPeer(Number(peer.address.split('/')[4]));
    const newcomer = await startMember();
    for (const page of [me, id]) await until(async () => (await newcomer.row(page))?.way === 'relayed', { what: 'a way to a page that was there before', timeout: SOON_MS });
    assert.equal((await sees(one, 'direct', id)).way, 'direct');
});

test('a service that starts again has another network, in which its pages meet', async (t) => {
    ending(t);
    const one = await startMember('webrtc'), page = await openPage();
    await sees(page, 'direct', one.id);
    const before = (await (await fetch(`${daemon.bridgeUrl}/peers`)).json()).key;
    daemon.writeConfig({ bridge: { listen: new URL(daemon.bridgeUrl).host } }); // where its peer and its page look for it
    daemon.signal('SIGTERM');
    await daemon.waitEnd();
    await daemon.start({ ready: false });
    assert.notEqual((await (await fetch(`${daemon.bridgeUrl}/peers`)).json()).key, before);
    ({ token } = (await daemon.post('/v1/admin/join', { nodes: 64 })).json);
    const [late, another] = await Promise.all([startMember(), startMember()]);
    await know(late, another);
});

test('several peers of a service are one network', async (t) => {
    ending(t);
    const second = await startPeer(0, 'second');
    ends.push(async () => {
        await second.stop();
        await daemon.reload({ bridge: { peers: peer.address } });
    });
    await daemon.reload({ bridge: { peers: second.address } });
    const one = await startMember();
    await until(() => isConnected(one, second.id), { what: 'the second peer', timeout: SOON_MS });
    await daemon.reload({ bridge: { peers: peer.address } });
    const other = await startMember();
    await until(() => isConnected(other, peer.id), { what: 'the first peer', timeout: SOON_MS });
    await daemon.reload({ bridge: { peers: [peer.address, second.address] } });
    await know(one, other);
});

test('a page reaches the peer by WebRTC-direct, where that is offered', async (t) => {
    ending(t);
    const direct = await startPeer(0, 'direct', ['--listen-webrtc', '127.0.0.1:0']);
    ends.push(async () => {
        await direct.stop();
        await daemon.reload({ bridge: { peers: peer.address } });
    });
    // Its WebSocket is listed at a port where nothing is, so that the page has to take the other way.
    await daemon.reload({ bridge: { peers: [direct.address.replace(/\/tcp\/\d+\//, '/tcp/1/')] } });
    const page = await openPage({ url: `${daemon.bridgeUrl}/?node_endpoints=${direct.direct}#token=${token}&start` });
    await page.waitForSelector('html[data-state=connected]', { state: 'attached' });
    assert.equal(await textOf(page, '#endpoints'), '');
});

test('a stranger is cut, and gets no gossip', async (t) => {
    ending(t);
    const member = await startMember(), mute = startProgram('mute');
    await mute.ask('want', 8, 5000);
    await seeCut(mute);
    assert.deepEqual((await mute.ask('rows')).filter(({ id }) => id === member.id), []);
    assert.deepEqual(await mute.ask('addresses'), [], 'it has no place');
});

/** Two members that know each other, and one that breaks the rules. */
async function openThree(t) {
    ending(t);
    const [one, other, liar] = await Promise.all([startMember(), startMember(), startMember()]);
    await Promise.all([know(one, other), know(one, liar)]);
    return { one, other, liar };
}

test('a flood of 10,000 messages reaches nobody, and who sends it is sent away', async (t) => {
    const { one, other, liar } = await openThree(t);
    await liar.ask('flood', 'heartbeat', 10_000, { data: { models: ['flood'], running: 99 } });
    await seeSentAway(liar);
    await know(one, other);
    await until(async () => (await one.row(other.id)).models.join() === 'a model', { what: 'what the other one tells', timeout: SOON_MS });
});

test('a flood of which each message comes alone is one as well', async (t) => {
    const { one, other, liar } = await openThree(t);
    await liar.ask('flood', 'heartbeat', 100, { data: { models: ['flood'], running: 99 } }, 20, 1);
    await seeSentAway(liar);
    await know(one, other);
});

test('a flood of old messages is one as well', async (t) => {
    const { one, other, liar } = await openThree(t);
    await liar.ask('flood', 'heartbeat', 100, { timestamp: 1 });
    await until(async () => (await one.row(liar.id))?.way === 'none', { what: 'the end of its connection', timeout: SOON_MS });
    await know(one, other);
});

test('others’ ids are announced by nobody else', async (t) => {
    const { one, other, liar } = await openThree(t);
    await liar.ask('flood', 'announcement', 30, { from: other.id, data: { computes: ['lies'], ticket: {} } });
    await seeSentAway(liar);
    assert.deepEqual((await one.row(other.id)).computes, ['wasm']);
});

test('a mebibyte of names of topics is not kept', async (t) => {
    const { one, other, liar } = await openThree(t);
    await liar.ask('topics', 1024);
    await know(one, other);
    for (const program of [one, other]) assert.ok(await program.ask('known') <= 16);
    assert.equal((await one.row(other.id)).computes.join(), 'wasm');
});

test('the DHT leads to peers, and what it is asked to keep is refused', async (t) => {
    const { one, other } = await openThree(t);
    await until(() => isConnected(one, peer.id), { what: 'the server of the DHT', timeout: SOON_MS });
    const said = await one.ask('keep');
    assert.ok(said.length > 0 && said.every((what) => /reset/.test(what)), JSON.stringify(said));
    await know(one, other);
});

test('a foreign ticket, another’s and an expired one are none', async (t) => {
    ending(t);
    const member = await startMember(), liar = startProgram('mute');
    await liar.ask('want', 8, 5000);
    const { peer: id, ...foreign } = await (await fetch(`${office.url}/ticket?peer=${member.id}`)).json();
    await liar.ask('hold', { peer: await liar.ask('id'), ...foreign });
    assert.equal(id, member.id);
    await seeCut(liar);
});

test('--listen-webrtc without its package ends with 2 and a sentence', async () => {
    const { code, said } = await Peer.spawn(['--key', path.join(folder, 'key'), '--listen', '127.0.0.1:0', '--listen-webrtc', '127.0.0.1:0'], { NODE_PATH: '' }).ended;
    assert.equal(code, 2);
    assert.match(said, /^webinfer-peer: --listen-webrtc needs the npm package node-datachannel 0\.33/);
    assert.ok(fs.existsSync(path.join(modules, 'node-datachannel')), 'the tests have it');
});
