// tier: full
/**
 * Pages behind walls: machines of their own, on which nftables drops all between pages and the daemon, and on the lines between pages
 * each twentieth datagram. They are served, and connected with each other, by webinfer-peer alone.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { addRoute, isConnected, nft, openChromium } from '../lib/homes.mjs';
import { Machine } from '../lib/machines.mjs';
import { Peer } from '../lib/peer.mjs';
import { openRoom } from '../lib/room.mjs';
import { until } from '../lib/wait.mjs';
import { findFirefox, launchFirefox } from '../page/support/firefox.mjs';

const SOON_MS = 90_000;
const [SERVICE, ONE, OTHER] = ['192.168.97.1', '192.168.97.2', '192.168.97.3'];
const [API, BRIDGE, WAYS, PAGE] = [8470, 8471, 9090, 9091];
let room, machines, daemon, peer, token;
const test = testsOf(() => daemon);

before(async () => {
    room = await openRoom([SERVICE, ONE, OTHER]);
    machines = await Promise.all([SERVICE, ONE, OTHER].map((address) => new Machine(room, address).open()));
    const [service, ...homes] = machines;
    homes.forEach(addRoute);
    daemon = new Daemon({ models: ['twice'], folder: path.join(service.folder, 'daemon'), under: service.command(), logToFile: true, config: {
        api: { listen: `127.0.0.1:${API}` },
        bridge: { listen: `${SERVICE}:${BRIDGE}`, trusted_proxies: SERVICE },
        pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' } } });
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    await daemon.start({ ready: false });
    daemon.url = (await service.door(API)).url;
    peer = await Peer.startAs(['--bridge', daemon.bridgeUrl, '--key', path.join(service.folder, 'key'), '--listen', `${SERVICE}:${WAYS}`, '--page', `${SERVICE}:${PAGE}`], service.command());
    await daemon.reload({ bridge: { peers: peer.address } });
    nft(service, `add table inet wall
add chain inet wall input { type filter hook input priority 0; policy accept; }
add rule inet wall input iif != lo tcp dport { ${API}, ${BRIDGE} } drop\n`);
    ({ token } = (await daemon.post('/v1/admin/join', { nodes: 8 })).json);
});
after(async () => {
    await peer?.stop();
    await daemon?.stop();
    for (const machine of machines ?? []) await machine.abandon();
    await room?.close();
});

async function openFirefox(machine) {
    const firefox = await launchFirefox(findFirefox(), { 'dom.securecontext.allowlist': SERVICE },
        { under: machine.command(), reach: async (url) => `ws://${new URL((await machine.door(Number(new URL(url).port))).url).host}` });
    return { ...await firefox.openTab(), close: () => firefox.close() };
}

const linkOf = (more = '') => `${peer.page}/#token=${token}&start${more}`;

test('only the peer is reached: the page comes from it, and computes pictures’ and language models', async () => {
    const { tab, close } = await openChromium(machines[1], `http://${SERVICE}:${PAGE}`);
    try {
        await tab.goto(linkOf());
        await isConnected(tab);
        assert.equal(await tab.evaluate(`fetch('http://${SERVICE}:${BRIDGE}/work', { mode: 'no-cors', signal: AbortSignal.timeout(2000) }).then(() => 'reached', () => 'not reached')`), 'not reached');
        const node = await tab.evaluate('document.documentElement.dataset.node');
        const sum = await daemon.post('/v1/infer', { model_name: 'twice', node, timeout_ms: SOON_MS, inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }] });
        assert.deepEqual([sum.status, sum.json.outputs?.[0].data], [200, [2, 6]], sum.text);
        const text = await daemon.post('/v1/infer', { model_name: 'abc', node, inputs: 'abc', options: { temperature: 0, max_tokens: 5 }, timeout_ms: SOON_MS });
        assert.equal(text.status, 200, text.text);
    } finally {
        await close();
        await machines[1].kill();
        await machines[1].open();
    }
});

test('a Chromium and a Firefox behind it are connected directly, while each twentieth datagram is lost', async () => {
    for (const home of machines.slice(1))
        nft(home, `add table inet loss
add chain inet loss input { type filter hook input priority 0; policy accept; }
add rule inet loss input iif != lo meta l4proto udp numgen random mod 100 < 5 drop\n`);
    const browsers = await Promise.all([openChromium(machines[1], `http://${SERVICE}:${PAGE}`), openFirefox(machines[2])]);
    try {
        for (const { tab } of browsers) await tab.goto(linkOf('&maxPeers=2&discoveryInterval=5000'));
        for (const { tab } of browsers)
            await until(async () => {
                const rows = await tab.evaluate("[...document.querySelectorAll('#peers-rows tr')].map(({ dataset, textContent }) => `${dataset.peer} ${dataset.way} ${textContent}`).join()");
                if (!new RegExp(`(?:^|,)(?!${peer.id})\\w+ direct `).test(rows)) throw new Error(`it has ${rows}`);
                return true;
            }, { what: 'a direct connection to the other page', timeout: SOON_MS });
    } finally {
        for (const { close } of browsers) await close();
    }
});
