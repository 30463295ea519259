/** A real nats-server on loopback, and the few words of NATS' protocol by which a test writes what no daemon would. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from './cleanup.mjs';
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

    /** @param {number} port @param {string[]} words of the command line */
    constructor(port, words) {
        this.port = port;
        this.words = words;
        this.folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-nats-')));
        this.url = `nats://127.0.0.1:${port}`;
    }

    /** @param {{jetstream?: boolean, words?: string[], port?: number}} [options] */
    static async start({ jetstream = true, words = [], port } = {}) {
        const server = new NatsServer(port ?? await freePort(), [...(jetstream ? ['-js'] : []), ...words]);
        await server.run();
        return server;
    }

    /** Also after `kill`, with what it keeps on its disk. */
    async run() {
        this.#log = '';
        const child = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(this.port), '-sd', this.folder, ...this.words],
            { stdio: ['ignore', 'ignore', 'pipe'] });
        this.#child = child;
        child.stderr.setEncoding('utf8').on('data', (text) => (this.#log += text));
        child.on('error', (error) => (this.#log += error.message));
        await until(() => {
            if (child.exitCode !== null) throw new Error(`nats-server ended: ${this.#log}`);
            return /Server is ready/.test(this.#log);
        }, { what: 'a nats-server' });
    }

    async kill() {
        const child = this.#child;
        if (!child || child.exitCode !== null || child.signalCode) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
    }

    async stop() {
        await this.kill();
        clear(this.folder);
    }

    /**
     * Publishes to `subject`, and waits for the answer of JetStream.
     * @param {string} subject @param {string | Buffer} body
     * @returns {Promise<any>}
     */
    async ask(subject, body = '') {
        const socket = net.connect(this.port, '127.0.0.1'), bytes = Buffer.from(body);
        let got = '';
        socket.setEncoding('utf8').on('data', (text) => (got += text));
        socket.write('CONNECT {"verbose":false,"pedantic":false}\r\nSUB answer 1\r\n');
        socket.write(Buffer.concat([Buffer.from(`PUB ${subject} answer ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]));
        try {
            return JSON.parse(await until(() => got.match(/MSG answer 1 +\d+\r\n(.*)\r\n/)?.[1], { what: `an answer to ${subject}` }));
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
