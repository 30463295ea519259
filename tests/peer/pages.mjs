/**
 * Pages without a browser, over real connections of libp2p on this machine: what of a page passes blocks on, a file that is loaded
 * into memory, a service that counts what it sends, and peers that are programs of the test. libp2p is written for a newer Node.js
 * than the tests may run on.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { leafListOf } from '../../page/src/engine/leaf_list.js';
import { Gathering } from '../../page/src/engine/gathering.js';
import { OtherPages } from '../../page/src/engine/other_pages.js';
import { Certificates } from '../../page/src/peers/certificates.js';
import { Exchange } from '../../page/src/peers/exchange.js';
import { LEAF_BYTES as LEAF, leafSize } from '../../page/src/shared/leaves.js';
import { WINDOW } from '../../page/src/shared/node_frames.js';
import { MemoryWriting } from '../lib/memory-writing.mjs';
import '../lib/node-22.mjs';
import { until } from '../lib/wait.mjs';
import { leafList, leafyFile, sha256 } from '../page/support/leaf_lists.mjs';

const [{ createLibp2p }, { webSockets }, { noise }, { yamux }, { identify }] = await Promise.all(
    ['libp2p', '@libp2p/websockets', '@libp2p/noise', '@libp2p/yamux', '@libp2p/identify'].map((name) => import(name)));

export const CONTENT = leafyFile(9 * LEAF + 5), HASH = sha256(CONTENT), LEAVES = 10;
export const FILE = { url: '/models/m/0/weights', bytes: CONTENT.length, hash: HASH };
export const ALL = [...Array(LEAVES).keys()];
export const leafOf = (leaf) => new Uint8Array(CONTENT.subarray(leaf * LEAF, leaf * LEAF + leafSize(leaf, FILE.bytes)));
const LIST = new Uint8Array(leafList(CONTENT));
export const list = await leafListOf(FILE, LIST);
const { privateKey, publicKey } = generateKeyPairSync('ed25519'), KEY = publicKey.export({ format: 'jwk' }).x;
/** The service's clock is another one than that of pages. */
const AHEAD = 1_000_000_000;

/** A ticket for the file, as JSON. */
export const ticketFor = (peer, { file = HASH, until: end = Date.now() + AHEAD + 3_600_000, by = privateKey } = {}) => JSON.stringify(
    { file, peer: String(peer), until: end, signature: sign(null, Buffer.from(`webinfer-file\0${file}\0${peer}\0${end}`), by).toString('base64url') });
export const expired = () => Date.now() + AHEAD - 50;

/** A node of libp2p. */
export const makeNode = () => createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] }, transports: [webSockets()], connectionEncrypters: [noise()],
    streamMuxers: [yamux({ streamOptions: { initialStreamWindowSize: WINDOW, maxStreamWindowSize: WINDOW } })],
    connectionGater: { denyDialMultiaddr: () => false }, services: { identify: identify() },
});

/** The service of the test: it sends the list with a ticket at once, and the file in pieces, with so many ms between them. */
export class Service {
    constructor(ms = 4) {
        Object.assign(this, { ms, sent: 0, asked: [] });
        globalThis.fetch = async ({ search }, { headers, signal }) => {
            const [, peer] = /^\?blocks=(\w+)$/.exec(search) ?? [];
            return peer ? new Response(LIST, { headers: { 'X-Webinfer-Ticket': ticketFor(peer) } }) : this.#answer(headers.Range, signal);
        };
    }

    #answer(range, signal) {
        this.asked.push(range ?? 'all');
        const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [], end = to === '' ? FILE.bytes : Number(to) + 1;
        let at = Number(from);
        const body = new ReadableStream({
            pull: async (out) => {
                if (signal.aborted) return out.error(signal.reason);
                if (at >= end) return out.close();
                await new Promise((resolve) => setTimeout(resolve, this.ms));
                const next = Math.min(end, at + 65_536);
                this.sent += next - at;
                out.enqueue(new Uint8Array(CONTENT.subarray(at, next)));
                at = next;
            },
        }, { highWaterMark: 0 });
        return new Response(body, { status: range ? 206 : 200 });
    }
}

/** What of a page passes blocks on. */
export class Page {
    accused = [];
    /** Peers that are no members. */
    strangers = new Set();

    static async open() {
        const page = new Page(), node = page.node = await makeNode(), now = () => performance.now();
        const certificates = new Certificates(async () => ({ key: KEY, now: Date.now() + AHEAD, peers: [] }), now);
        await certificates.ask();
        const members = { has: (peer) => !page.strangers.has(peer), expel: (peer) => {
            for (const one of node.getConnections()) if (String(one.remotePeer) === peer) one.abort(new Error('the peer breaks the rules'));
        } };
        page.exchange = new Exchange(certificates, members, (peer, file) => page.accused.push([peer, file]));
        await page.exchange.begin(node);
        page.exchange.want(true);
        page.work();
        await until(() => page.others.id === page.id, { what: 'the id' });
        return page;
    }

    /** An engine worker begins. */
    work() {
        const { port1, port2 } = new MessageChannel();
        this.others = new OtherPages();
        this.others.attach(port2);
        const end = this.exchange.attach(port1);
        this.endWork = () => {
            end();
            port2.close();
        };
    }

    get id() { return String(this.node.peerId); }

    /** Connects to others, until both ends know what the other one speaks. @param {...(Page | {node: any})} others */
    async meet(...others) {
        for (const { node, exchange } of others) {
            await this.node.dial(node.getMultiaddrs());
            await until(() => this.exchange._speaking.has(String(node.peerId)) && (!exchange || exchange._speaking.has(this.id)), { what: 'what both speak' });
        }
    }

    /** It has kept the file, on the disk of this machine. @param {any} disk PrivateFiles */
    async keep(disk) {
        disk.files.set(HASH, Buffer.from(CONTENT));
        this.others.offer(FILE, async () => list);
        await until(() => this.exchange._files.has(HASH), { what: 'the offer' });
    }

    /** Loads the file into memory. @param {{signal?: AbortSignal}} [options] */
    async load({ signal = new AbortController().signal } = {}) {
        const writing = this.writing = new MemoryWriting(FILE.bytes), into = Buffer.alloc(FILE.bytes);
        const take = (at, bytes) => {
            into.set(bytes, at);
            writing.write(at, bytes);
        };
        const gathering = new Gathering(FILE, writing, { take: (at, bytes) => into.set(bytes, at) }, take,
            { credential: { origin: 'http://service.example', token: 'x' }, signal, told: () => {}, others: this.others });
        try {
            await gathering.begin(this.id);
            return sha256(into) === HASH;
        } finally {
            gathering.hold();
            gathering.leave(false);
        }
    }

    async close() {
        this.endWork();
        await this.node.stop();
    }
}
