/** A real nats-server, and the few words of NATS' protocol by which a test writes what no daemon would. */
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from './cleanup.mjs';
import { root } from './paths.mjs';
import { until } from './wait.mjs';

/** A port that is free now, so that a server can come back at it, or come later. */
export async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {net.AddressInfo} */ (server.address());
    await new Promise((resolve) => server.close(resolve));
    return port;
}

export class NatsServer {
    #log = '';
    /** @type {import('node:child_process').ChildProcess | undefined} */
    #child;

    /** @param {number} port @param {string[]} words of the command line @param {{under?: string[], address?: string, folder?: string, config?: string}} [options]
     * `under`: the words that run a command where it is to run; `address`: at which it listens there; `config`: a file that says where
     * JetStream stores, which the command line then must not */
    constructor(port, words, { under = [], address = '127.0.0.1', folder, config } = {}) {
        Object.assign(this, { port, words, under, address });
        this.folder = guard(folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'wi-nats-')));
        this.store = config ? ['-c', config] : ['-sd', this.folder];
        this.url = `nats://127.0.0.1:${port}`;
        /** Where `ask` reaches it. */
        this.door = port;
    }

    /** @param {{jetstream?: boolean, words?: string[], port?: number}} [options] */
    static async start({ jetstream = true, words = [], port } = {}) {
        const server = new NatsServer(port ?? await freePort(), [...(jetstream ? ['-js'] : []), ...words]);
        await server.run();
        return server;
    }

    /** Three servers that replicate what one of them is given. */
    static async three() {
        const ports = await Promise.all([1, 2, 3].map(freePort)), routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(',');
        return Promise.all(ports.map((port, i) => NatsServer.start({
            words: ['--name', `n${i}`, '--cluster_name', 'three', '--cluster', `nats://127.0.0.1:${port}`, '--routes', routes] })));
    }

    /** Also after `kill`, with what it keeps on its disk. */
    async run() {
        this.#log = '';
        const [program, ...words] = [...this.under, 'nats-server', '-a', this.address, '-p', String(this.port), ...this.store, ...this.words];
        const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
        this.#child = child;
        child.stderr.setEncoding('utf8').on('data', (text) => (this.#log += text));
        child.on('error', (error) => (this.#log += error.message));
        await until(() => child.exitCode !== null || /Server is ready/.test(this.#log), { what: 'a nats-server' });
        if (child.exitCode !== null) throw new Error(`nats-server ended: ${this.#log}`);
    }

    /** What it has said since it was started last. */
    get log() { return this.#log; }

    async kill() {
        const child = this.#child;
        if (!child || child.exitCode !== null || child.signalCode) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
    }

    /** Of the process, if it runs: SIGSTOP, SIGCONT. @param {NodeJS.Signals} name */
    signal(name) {
        this.#child?.kill(name);
    }

    async stop() {
        await this.kill();
        clear(this.folder);
    }

    /**
     * Publishes to `subject`, and waits for the answer of JetStream.
     * @param {string} subject @param {string | Buffer} body @param {number} [timeout]
     * @returns {Promise<any>}
     */
    async ask(subject, body = '', timeout = 30_000) {
        const socket = net.connect(this.door, '127.0.0.1'), bytes = Buffer.from(body);
        let got = '';
        socket.on('error', () => {});
        socket.setEncoding('utf8').on('data', (text) => (got += text));
        socket.write('CONNECT {"verbose":false,"pedantic":false}\r\nSUB answer 1\r\n');
        socket.write(Buffer.concat([Buffer.from(`PUB ${subject} answer ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]));
        try {
            return JSON.parse(await until(() => got.match(/MSG answer 1 +\d+\r\n(.*)\r\n/)?.[1], { what: `an answer to ${subject}`, timeout }));
        } finally {
            socket.destroy();
        }
    }

    /** Makes a stream. @param {object} config */
    async make(config) {
        const { error } = await this.ask(`$JS.API.STREAM.CREATE.${/** @type {any} */ (config).name}`, JSON.stringify(config));
        if (error) throw new Error(JSON.stringify(error));
    }
}

/** A way to a server that can be cut, both ways at once, and is there again later. @param {NatsServer} server */
export async function wayTo(server) {
    /** @type {Set<net.Socket>} */
    const sockets = new Set();
    let isCut = false;
    const way = net.createServer((client) => {
        if (isCut) return void client.destroy();
        const upstream = net.connect(server.port, '127.0.0.1');
        for (const [one, other] of [[client, upstream], [upstream, client]]) {
            sockets.add(one);
            one.on('error', () => {}).on('close', () => { sockets.delete(one); other.destroy(); });
            one.pipe(other);
        }
    }).listen(0, '127.0.0.1');
    await once(way, 'listening');
    const cut = () => {
        isCut = true;
        for (const one of sockets) one.destroy();
    };
    return { url: `nats://127.0.0.1:${/** @type {net.AddressInfo} */ (way.address()).port}`, cut, mend: () => { isCut = false; },
        close: () => { cut(); way.close(); } };
}

/** The permissions that the manual names, as a server's configuration has them. */
export function permissions() {
    const [, ...lists] = /** @type {RegExpMatchArray} */ (fs.readFileSync(path.join(root, 'man/webinfer-cluster.7'), 'utf8')
        .match(/^to publish to\n([^]*?)and to subscribe to\n([^]*?)Without/m));
    const [publish, subscribe] = lists.map((list) => `[${[...list.matchAll(/^\.Li (\S+)/gm)].map(([, one]) => `"${one}"`).join(', ')}]`);
    return `{ publish: ${publish}, subscribe: ${subscribe} }`;
}

/* --- credentials as NATS' tool nsc writes them: JSON Web Tokens, signed by Ed25519 keys in NATS' base32 --- */

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** The first byte of a key by what it is of, and of a seed. */
const OPERATOR = 14 << 3, ACCOUNT = 0, USER = 20 << 3, SEED = 18 << 3;

/** @param {Buffer} bytes */
function base32(bytes) {
    let bits = 0, count = 0, text = '';
    for (const byte of bytes) {
        bits = ((bits & 31) << 8) | byte;
        for (count += 8; count >= 5; count -= 5) text += BASE32[(bits >> (count - 5)) & 31];
    }
    return count ? text + BASE32[(bits << (5 - count)) & 31] : text;
}

/** CRC-16 (XMODEM), low byte first. @param {Buffer} bytes */
function checked(bytes) {
    let crc = 0;
    for (const byte of bytes) {
        crc ^= byte << 8;
        for (let i = 0; i < 8; i++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
    }
    return base32(Buffer.concat([bytes, Buffer.from([crc & 255, crc >> 8])]));
}

/** @param {number} kind */
function keyPair(kind) {
    const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
    const raw = (/** @type {crypto.KeyObject} */ key, /** @type {'x' | 'd'} */ part) => Buffer.from(/** @type {string} */ (key.export({ format: 'jwk' })[part]), 'base64url');
    return { id: checked(Buffer.concat([Buffer.from([kind]), raw(publicKey, 'x')])), privateKey,
        seed: checked(Buffer.concat([Buffer.from([SEED | (kind >> 5), (kind & 31) << 3]), raw(privateKey, 'd')])) };
}

/** @param {{id: string, privateKey: crypto.KeyObject}} issuer @param {string} subject @param {object} nats */
function token(issuer, subject, nats) {
    const part = (/** @type {object} */ one) => Buffer.from(JSON.stringify(one)).toString('base64url');
    const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part({ jti: subject, iat: Math.floor(Date.now() / 1000), iss: issuer.id, sub: subject, name: 'test', nats: { version: 2, ...nats } })}`;
    return `${text}.${crypto.sign(null, Buffer.from(text), issuer.privateKey).toString('base64url')}`;
}

/** The words of a server's command line that takes a user's credentials, and not a stranger's. @param {string} folder of its own */
export function credentials(folder) {
    guard(folder);
    const operator = keyPair(OPERATOR), account = keyPair(ACCOUNT), system = keyPair(ACCOUNT), file = path.join(folder, 'nats.conf');
    const all = -1, limits = { subs: all, data: all, payload: all, imports: all, exports: all, wildcards: true, conn: all, leaf: all, mem_storage: all, disk_storage: all, streams: all, consumer: all };
    fs.writeFileSync(file, `operator: ${token(operator, operator.id, { type: 'operator' })}\nresolver: MEMORY\nsystem_account: ${system.id}\nresolver_preload: {\n` +
        `${[[account, { limits }], [system, {}]].map(([one, more]) => `  ${one.id}: ${token(operator, one.id, { type: 'account', ...more })}\n`).join('')}}\n`);
    const fileOf = (/** @type {typeof account} */ issuer) => {
        const user = keyPair(USER);
        return `-----BEGIN NATS USER JWT-----\n${token(issuer, user.id, { type: 'user', subs: all, data: all, payload: all })}\n------END NATS USER JWT------\n\n` +
            `-----BEGIN USER NKEY SEED-----\n${user.seed}\n------END USER NKEY SEED------\n`;
    };
    return { server: ['-c', file], user: fileOf(account), stranger: fileOf(operator) };
}
