/** One connection to the API, byte by byte: kept alive, with answers read one after the other. */
import net from 'node:net';
import tls from 'node:tls';
import { within } from './wait.mjs';

export class Wire {
    /** What came and was not yet read as an answer. */
    received = '';
    closed = false;
    #wake = () => {};

    /** @param {string} url the API's */
    constructor(url) {
        const { protocol, hostname, port, host } = new URL(url);
        this.host = host;
        this.socket = protocol === 'https:'
            ? tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
            : net.connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
        this.socket.setEncoding('latin1');
        this.socket.on('data', (part) => {
            this.received += part;
            this.#wake();
        });
        this.socket.on('error', () => {});
        this.socket.on('close', () => {
            this.closed = true;
            this.#wake();
        });
    }

    /** Sends bytes as they are (one for each character). */
    write(text) {
        this.socket.write(text, 'latin1');
        return this;
    }

    /** Sends a request's head, and its body if there is one. */
    ask(method, target, { headers = {}, body } = {}) {
        const all = { Host: this.host, ...headers };
        if (body !== undefined) {
            all['Content-Type'] ??= 'application/json';
            all['Content-Length'] ??= Buffer.byteLength(body, 'latin1');
        }
        const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('');
        return this.write(`${method} ${target} HTTP/1.1\r\n${lines}\r\n${body ?? ''}`);
    }

    /** Waits until `condition` is true or the connection is closed. */
    async #until(condition, what, timeout) {
        const look = async () => {
            while (!condition() && !this.closed)
                await new Promise((resolve) => { this.#wake = () => resolve(undefined); });
        };
        await within(look(), timeout, what);
    }

    /**
     * The next answer, or null if the connection was closed before it was whole.
     * @returns {Promise<{status: number, head: string, text: string, json: any} | null>}
     */
    async answer(timeout = 60_000) {
        const parts = () => {
            const end = this.received.indexOf('\r\n\r\n') + 4;
            const head = this.received.slice(0, end);
            const size = Number(head.match(/^content-length: (\d+)/im)?.[1] ?? 0);
            return end >= 4 && this.received.length >= end + size ? { head, end, size } : null;
        };
        await this.#until(parts, 'an answer', timeout);
        const whole = parts();
        if (!whole) return null;
        const text = this.received.slice(whole.end, whole.end + whole.size);
        this.received = this.received.slice(whole.end + whole.size);
        return { status: Number(whole.head.split(' ')[1]), head: whole.head, text,
            get json() { return JSON.parse(text); } };
    }

    /** Waits until the server has closed it; gives what came that was not read as an answer. */
    async end(timeout = 60_000) {
        await this.#until(() => false, 'the end of the connection', timeout);
        return this.received;
    }

    destroy() { this.socket.destroy(); }
}

/** A connection that has had its first answer and lives on. */
export async function keptAlive(url) {
    const wire = new Wire(url).ask('GET', '/healthz');
    const answer = await wire.answer();
    if (answer?.status !== 200) throw new Error(`/healthz: ${answer?.head}`);
    return wire;
}
