// tier: full
/**
 * A page that carries another one: machines of their own, on which nftables drops all between one page and both the daemon and
 * webinfer-peer after that page has met another one. Its tasks go on over that page, and return to the direct way with it.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Counting } from '../lib/counting.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { addRoute, isConnected, nft, openChromium } from '../lib/homes.mjs';
import { Machine } from '../lib/machines.mjs';
import { twice } from '../lib/onnx.mjs';
import { Peer } from '../lib/peer.mjs';
import { openRoom } from '../lib/room.mjs';
import { until } from '../lib/wait.mjs';

const SOON_MS = 90_000;
const [SERVICE, WILLING, LOST] = ['192.168.95.1', '192.168.95.2', '192.168.95.3'];
const [API, BRIDGE, WAYS] = [8470, 8471, 9090];
const PAGE = `http://${SERVICE}:${BRIDGE}`;
let room, machines, daemon, peer, token, willing, lost;
const test = testsOf(() => daemon);

before(async () => {
    room = await openRoom([SERVICE, WILLING, LOST]);
    machines = await Promise.all([SERVICE, WILLING, LOST].map((address) => new Machine(room, address).open()));
    const [service, ...homes] = machines;
    homes.forEach(addRoute);
    daemon = new Daemon({ models: ['twice'], folder: path.join(service.folder, 'daemon'), under: service.command(), logToFile: true, config: {
        api: { listen: `127.0.0.1:${API}` },
        bridge: { listen: `${SERVICE}:${BRIDGE}`, trusted_proxies: SERVICE, heartbeat_interval: '1s', heartbeat_misses: 3 * patience, resume_grace: '60s' },
        pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' } } });
    for (const name of ['second', 'third']) {
        fs.mkdirSync(path.join(daemon.store, name), { recursive: true });
        fs.writeFileSync(path.join(daemon.store, name, 'model.onnx'), twice(name));
    }
    await daemon.start({ ready: false });
    daemon.url = (await service.door(API)).url;
    peer = await Peer.startAs(['--bridge', daemon.bridgeUrl, '--key', path.join(service.folder, 'key'), '--listen', `${SERVICE}:${WAYS}`], service.command());
    await daemon.reload({ bridge: { peers: peer.address } });
    ({ token } = (await daemon.post('/v1/admin/join', { nodes: 8 })).json);
    [willing, lost] = await Promise.all(homes.map((home) => openChromium(home, PAGE)));
    for (const { tab } of [willing, lost]) {
        await tab.goto(`${PAGE}/#token=${token}&start&maxPeers=2&discoveryInterval=5000`);
        await isConnected(tab);
    }
});
after(async () => {
    await willing?.close();
    await lost?.close();
    await peer?.stop();
    await daemon?.stop();
    for (const machine of machines ?? []) await machine.abandon();
    await room?.close();
});

/** All between that page and the service is dropped, in both directions. */
const build = () => nft(machines[0], `add table inet wall
add chain inet wall in { type filter hook input priority 0; policy accept; }
add chain inet wall out { type filter hook output priority 0; policy accept; }
add rule inet wall in ip saddr ${LOST} drop
add rule inet wall out ip daddr ${LOST} drop\n`);
const tearDown = () => nft(machines[0], 'delete table inet wall\n');

const textOf = ({ tab }, id) => tab.evaluate(`document.getElementById(${JSON.stringify(id)})?.textContent ?? ''`);
const says = (page, id, what) => until(async () => {
    const text = await textOf(page, id);
    if (!what.test(text)) throw new Error(`#${id} says “${text}”`);
    return true;
}, { what: `#${id} to say ${what}`, timeout: SOON_MS * patience });
const nodeOf = ({ tab }) => tab.evaluate('document.documentElement.dataset.node');
/** Whether the page gets anything from the service's own address. */
const reaches = ({ tab }) => tab.evaluate(`fetch('${PAGE}/work', { cache: 'no-store', signal: AbortSignal.timeout(2000) }).then(() => true, () => false)`);
const infer = (model, node) => daemon.post('/v1/infer', { model_name: model, node, timeout_ms: SOON_MS, inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }] });
const doubles = async (model, node) => {
    const { status, json, text } = await infer(model, node);
    assert.deepEqual([status, json.outputs?.[0].data], [200, [2, 6]], text);
};

/** Both are connected, and webinfer-peer has heard that the other one carries. */
async function meet() {
    await until(async () => {
        const rows = await lost.tab.evaluate("[...document.querySelectorAll('#peers-rows tr')].map(({ dataset, textContent }) => `${dataset.peer} ${dataset.way} ${textContent}`).join()");
        if (!new RegExp(`(?:^|,)(?!${peer.id})\\w+ direct .*leads others to the service`).test(rows)) throw new Error(`it has ${rows}`);
        return true;
    }, { what: 'a direct connection to the page that carries others', timeout: SOON_MS });
}

test('a page whose way breaks goes on over another page, and returns', { timeout: 400_000 * patience }, async () => {
    const node = await nodeOf(lost);
    await doubles('twice', node); // so that its engine has its scripts
    await willing.tab.click('#carryOthers');
    await meet();
    const counting = new Counting(daemon, { count: 1500 * patience, interval_ms: 20, bytes: 20 }, { node });
    assert.ok(await counting.open(), counting.explain());
    await counting.read({ enough: ({ parts }) => parts >= 50 });
    const before = await daemon.metric('webinfer_bridge_resumed_total');

    build();
    await says(lost, 'peers-way', /^This page reaches the service over another browser, …\w{8}/);
    await says(willing, 'peers-carried', /^This page leads another browser to the service now\.$/);
    assert.equal(await reaches(lost), false);
    const { parts } = counting;
    await counting.read({ enough: (now) => now.parts >= parts + 50 });
    await doubles('second', node); // whose file comes over the other page as well
    assert.equal(await nodeOf(lost), node, 'it is the same node');

    assert.equal(counting.done, null);
    tearDown();
    await says(lost, 'peers-way', /^$/);
    await says(willing, 'peers-carried', /^$/);
    assert.equal(await reaches(lost), true);
    await doubles('third', node);
    await counting.read();
    assert.ok(counting.isWhole, counting.explain());
    assert.equal(counting.done.performance.attempts, 1, 'it was given to no node again');
    assert.ok(await daemon.metric('webinfer_bridge_resumed_total') - before >= 2);
    assert.equal(await nodeOf(lost), node);
});

test('a page whose person lets it carry nobody any more ends what it carries, and is no way again', { timeout: 400_000 * patience }, async () => {
    await meet();
    build();
    await says(lost, 'peers-way', /over another browser/);
    await willing.tab.click('#carryOthers');
    await says(willing, 'peers-carried', /^$/);
    await until(() => lost.tab.evaluate("document.documentElement.dataset.state !== 'connected'"), { what: 'the page to be without a way', timeout: SOON_MS });
    tearDown();
    await isConnected(lost.tab);
    await says(lost, 'peers-way', /^$/);
    await doubles('third', await nodeOf(lost));
});
