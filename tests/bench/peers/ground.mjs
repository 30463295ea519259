/**
 * Where peers are measured: a service with its webinfer-peer, and homes for pages, each on a machine with a network of its own. The
 * service's line can be held to 40 Mbit/s, and what it has sent is counted where the line begins.
 */
import path from 'node:path';
import { Daemon } from '../../lib/daemon.mjs';
import { addRoute, nft, openChromium, run } from '../../lib/homes.mjs';
import { Machine } from '../../lib/machines.mjs';
import { Peer } from '../../lib/peer.mjs';
import { openRoom } from '../../lib/room.mjs';
import { until } from '../../lib/wait.mjs';
import { sentIn } from './figures.mjs';
import { putHeavy } from './heavy.mjs';
import { WANTED } from './wanted.mjs';

const SERVICE = '192.168.96.1', HOMES = ['192.168.96.2', '192.168.96.3', '192.168.96.4', '192.168.96.5'];
const [API, BRIDGE, WAYS, PAGE] = [8470, 8471, 9090, 9091];
export const MBIT = 40;
/** Of a link: the page meets others. */
export const SWARM = `&maxPeers=${WANTED.maxPeers}&discoveryInterval=${WANTED.discoveryInterval}`;
const LINE = ['root', 'tbf', 'rate', `${MBIT}mbit`, 'burst', '64kb', 'latency', '400ms'];
const SOON_MS = 120_000;
const twice = { model_name: 'twice', platform: 'wasm', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 3] }] };
const ANSWER_MS = 300_000;

export class Ground {
    #isHeld = false;
    /** What is asked for first takes longer, and has been. */
    isPrepared = false;

    async open() {
        this.room = await openRoom([SERVICE, ...HOMES]);
        [this.service, ...this.homes] = await Promise.all([SERVICE, ...HOMES].map((address) => new Machine(this.room, address).open()));
        this.homes.forEach(addRoute);
        this.daemon = new Daemon({ models: ['twice'], folder: path.join(this.service.folder, 'daemon'), under: this.service.command(), logToFile: true, config: {
            api: { listen: `127.0.0.1:${API}` },
            bridge: { listen: `${SERVICE}:${BRIDGE}`, trusted_proxies: SERVICE, resume_grace: '2s' },
            pool: { min_connections: 0, numerics: 'off', strangers: 'text', verify: 'off' }, 'browser.chrome': { max_connections: 0 } } });
        this.fileBytes = putHeavy(this.daemon.store);
        await this.daemon.start({ ready: false });
        this.daemon.url = (await this.service.door(API)).url;
        this.peer = await Peer.startAs(['--bridge', this.bridge, '--key', path.join(this.service.folder, 'key'), '--listen', `${SERVICE}:${WAYS}`,
            '--page', `${SERVICE}:${PAGE}`], this.service.command());
        await this.daemon.reload({ bridge: { peers: this.peer.address } });
        return this;
    }

    get bridge() { return `http://${SERVICE}:${BRIDGE}`; }

    /** The API, as the service's own machine has it. */
    get port() { return API; }

    /** A token for so many nodes. @param {number} nodes */
    async token(nodes) {
        return (await this.daemon.post('/v1/admin/join', { nodes })).json.token;
    }

    /** A Chromium at a home. @param {number} home */
    openBrowser(home) {
        return openChromium(this.homes[home], `${this.bridge},${this.peer.page}`);
    }

    /** Ids of the nodes that are there. @returns {Promise<string[]>} */
    async nodes() {
        return (await this.daemon.get('/v1/nodes')).json.nodes.filter(({ away }) => !away).map(({ id }) => id);
    }

    /** Every browser has been closed: so are their nodes. */
    async empty() {
        await until(async () => (await this.nodes()).length === 0, { what: 'no node', timeout: SOON_MS });
    }

    /** The node of a page, once it is connected. @param {any} tab @param {number} [every] how often that is looked at, in ms */
    nodeOf(tab, every) {
        return until(() => tab.evaluate("document.documentElement.dataset.state === 'connected' && document.documentElement.dataset.node"),
            { what: 'the page to connect', timeout: SOON_MS, every });
    }

    /** @param {object} request @param {string} node that answers @returns {Promise<any>} the answer */
    async ask(request, node) {
        const { status, text, json } = await this.daemon.infer({ ...request, node, timeout_ms: ANSWER_MS });
        if (status !== 200) throw new Error(`${status} ${text}`);
        return json;
    }

    /** A first task, for which the page gets its engine. @param {string} node */
    async warm(node) {
        const { outputs: [{ data }] } = await this.ask(twice, node);
        if (data.join() !== '2,6') throw new Error(`twice 1 and 3 is ${data}`);
    }

    /** From now on, the service sends so much a second and no more. */
    hold() {
        run(this.service, 'tc', 'qdisc', 'add', 'dev', 'eth0', ...LINE);
        this.#isHeld = true;
    }

    release() {
        if (this.#isHeld) run(this.service, 'tc', 'qdisc', 'del', 'dev', 'eth0', 'root');
        this.#isHeld = false;
    }

    /** Drops all between a home and the service's machine, in both directions. @param {number} home @returns {() => void} ends that */
    wall(home) {
        nft(this.service, `add table inet wall
add chain inet wall in { type filter hook input priority 0; policy accept; }
add chain inet wall out { type filter hook output priority 0; policy accept; }
add rule inet wall in ip saddr ${HOMES[home]} drop
add rule inet wall out ip daddr ${HOMES[home]} drop\n`);
        return () => nft(this.service, 'delete table inet wall\n');
    }

    /** What the service's machine has sent, and what of it were files without their packets' heads, in bytes. */
    async counts() {
        return { line: sentIn(run(this.service, 'cat', '/proc/net/dev'), 'eth0'), files: await this.daemon.metric('webinfer_bridge_file_bytes_total') };
    }

    async close() {
        await this.peer?.stop();
        await this.daemon?.stop();
        for (const machine of [this.service, ...this.homes ?? []]) await machine?.abandon();
        await this.room?.close();
    }
}
