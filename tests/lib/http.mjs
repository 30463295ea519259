/** A plain HTTP client over node:http, or node:https with an agent of its caller's: keep-alive, raw bodies, nothing done behind one's back. */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { check } from './described.mjs';

export const agent = new http.Agent({ keepAlive: true, maxSockets: 4096, scheduling: 'lifo' });

/**
 * @typedef {{status: number, headers: http.IncomingHttpHeaders, body: Buffer, text: string,
 *            json: any}} Answer
 */

/**
 * One exchange. `body` may be an object (sent as JSON), a string or a Buffer. `signal` aborts.
 * A socket that the server had just closed for idleness is tried once more.
 * @returns {Promise<Answer>}
 */
export async function request(url, options = {}) {
    try {
        return await exchange(url, options);
    } catch (error) {
        if (error.reused && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))
            return exchange(url, options);
        throw error;
    }
}

function exchange(url, { method, headers = {}, body, signal, timeout = 120_000, ...rest }) {
    const target = new URL(url);
    let bytes = body;
    const sent = { ...headers };
    const has = (name) => Object.keys(sent).some((key) => key.toLowerCase() === name);
    if (body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)) {
        bytes = JSON.stringify(body);
        if (!has('content-type')) sent['Content-Type'] = 'application/json';
    }
    if (bytes !== undefined && !has('content-length') && !has('transfer-encoding'))
        sent['Content-Length'] = Buffer.byteLength(bytes);
    const verb = method ?? (body === undefined ? 'GET' : 'POST');
    return new Promise((resolve, reject) => {
        const call = (target.protocol === 'https:' ? https : http).request(target, {
            method: verb, headers: sent, agent, signal,
            path: rest.path ?? target.pathname + target.search, ...rest,
        }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('error', reject);
            answer.on('end', () => {
                const whole = Buffer.concat(parts);
                try {
                    check(verb, target, answer.statusCode, answer.headers, whole);
                } catch (error) {
                    reject(error);
                }
                resolve({
                    status: answer.statusCode, headers: answer.headers, body: whole,
                    get text() { return whole.toString(); },
                    get json() { return JSON.parse(whole.toString()); },
                });
            });
        });
        call.setTimeout(timeout, () => call.destroy(new Error(`no answer in ${timeout} ms`)));
        call.on('error', (error) => {
            error.reused = call.reusedSocket;
            reject(error);
        });
        call.end(bytes);
    });
}

/**
 * Sends `text` as it is over a fresh connection and gives all that comes back until the server
 * closes, or until `enough(received)` is true. For what a proper client would never send.
 * @returns {Promise<string>}
 */
export function raw(url, text, { enough = () => false, timeout = 60_000, end = false } = {}) {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
        let received = '';
        const socket = net.connect(Number(port), hostname, () => {
            if (end) socket.end(text);
            else socket.write(text);
        });
        const finish = () => {
            clearTimeout(timer);
            socket.destroy();
            resolve(received);
        };
        const timer = setTimeout(() => {
            socket.destroy();
            reject(new Error(`no end in ${timeout} ms; so far: ${JSON.stringify(received)}`));
        }, timeout);
        socket.setEncoding('latin1');
        socket.on('data', (part) => {
            received += part;
            if (enough(received)) finish();
        });
        socket.on('error', finish);
        socket.on('close', finish);
    });
}

export const statusOf = (text) => Number(text.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? 0);
export const headEnded = (text) => text.includes('\r\n\r\n');
