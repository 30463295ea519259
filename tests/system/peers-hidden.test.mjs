// tier: long
/** Ten minutes behind another tab, whose timers a browser holds up: a page that comes through a peer, and is connected to another page. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { Peer } from '../lib/peer.mjs';
import { CONNECTED, NODE, Phone } from '../lib/phone.mjs';
import { SwarmPeer, TicketOffice } from '../lib/swarm.mjs';
import { until } from '../lib/wait.mjs';

const MINUTES = 10;
const SOON_MS = 90_000;
/** Longer than other tests have: it waits on purpose. */
const MOST_MS = (MINUTES + 10) * 60_000;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-hidden-'));
let daemon, peer, office, phone, other, token;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ config: { bridge: { trusted_proxies: '127.0.0.1' }, pool: { min_connections: 0 } } });
    await daemon.start({ ready: false });
    peer = await Peer.start(daemon.bridgeUrl, path.join(folder, 'key'), 0);
    await daemon.reload({ bridge: { peers: peer.address } });
    ({ token } = (await daemon.post('/v1/admin/join', { nodes: 8 })).json);
    office = await new TicketOffice(() => daemon.bridgeUrl, async () => `${daemon.bridgeUrl}/#token=${token}`).start();
    phone = await Phone.start();
});
after(async () => {
    other?.stop();
    await phone?.close();
    await office?.stop();
    await peer?.stop();
    await daemon?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** The other one's connections to pages that need nobody between them. @returns {Promise<string[]>} */
const direct = async () => (await other.ask('connections')).filter((one) => one.peer !== peer.id && !one.isLimited).map(({ connection }) => connection);

test('a hidden page loses no heartbeat and no task, and its connection to another page stays', { timeout: MOST_MS }, async () => {
    await phone.open(`${daemon.bridgeUrl}/?node_endpoints=${peer.address}#token=${token}&start&maxPeers=2&discoveryInterval=5000`);
    await phone.waitFor(CONNECTED);
    other = new SwarmPeer(office.url, 'webrtc');
    await other.ask('want', 2, 5000);
    await phone.waitFor("document.querySelectorAll('#peers-rows tr[data-way=direct]').length === 2");
    const node = await phone.evaluate(NODE), before = await until(async () => (await direct()).length > 0 && direct(), { what: 'the direct connection', timeout: SOON_MS });
    await phone.hide();
    for (let minute = 0; minute < MINUTES; minute++) {
        await new Promise((resolve) => setTimeout(resolve, 60_000));
        const answer = await daemon.post('/v1/infer', { model_name: 'builtin/echo', node, inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }], timeout_ms: 20_000 });
        assert.deepEqual([answer.status, answer.json.outputs?.[0].data], [200, [1, 2]], answer.text);
    }
    const { away, heartbeats_lost: lost } = (await daemon.get('/v1/nodes')).json.nodes.find(({ id }) => id === node);
    assert.deepEqual([away ?? false, lost], [false, 0]);
    const left = await direct();
    assert.ok(before.some((one) => left.includes(one)), `${before}; then ${left}`);
});
