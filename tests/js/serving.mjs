/** Servers whose answers a test writes byte by byte. */
import { once } from 'node:events';
import net from 'node:net';

/** A well-framed answer. @param {string | Buffer} body @param {number} [status] @param {string[]} [headers] */
export function answer(body, status = 200, headers = []) {
    const bytes = Buffer.from(body);
    const head = [`HTTP/1.1 ${status} Said`, `Content-Length: ${bytes.length}`, ...headers].join('\r\n');
    return Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]);
}

/** An answer of JSON. */
export const json = (value, status, headers) => answer(JSON.stringify(value), status, headers);

/** A tensor answer: the JSON, and bytes behind it. @param {object} value @param {Buffer} data @param {number} [length] */
export function binary(value, data, length) {
    const text = Buffer.from(JSON.stringify(value));
    return answer(Buffer.concat([text, data]), 200, [`Inference-Header-Content-Length: ${length ?? text.length}`]);
}

export const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** The beginning of a stream, in chunks. @param {string[]} lines @param {string} [job] its Location */
export const events = (lines, job = '/v1/jobs/job-1') => ['HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' +
    `Location: ${job}\r\nTransfer-Encoding: chunked\r\n\r\n`, ...lines.map(chunk)].join('');

export const part = (seq) => `id: ${seq}\nevent: part\ndata: {"seq":${seq},"index":0,"text":"${seq} "}\n\n`;
export const done = 'event: done\ndata: {"parts":3,"result":{"count":3}}\n\n';

/** After it the connection is cut. */
export const cut = (bytes) => ({ bytes, cut: true });

/** Takes a request from the bytes that have arrived. @returns {[object | null, Buffer]} a request, and the rest */
function takeRequest(bytes) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return [null, bytes];
    const [first, ...lines] = bytes.subarray(0, end).toString().split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => line.split(': ')).map(([name, value]) => [name.toLowerCase(), value]));
    const from = end + 4, size = Number(headers['content-length'] ?? 0);
    if (bytes.length < from + size) return [null, bytes];
    const line = first.replace(/ HTTP.*$/, '');
    return [{ line, headers, body: bytes.subarray(from, from + size) }, bytes.subarray(from + size)];
}

/**
 * Answers each request with the next of `script`; null ends the connection without a word. `until` resolves with the
 * request of that number once it has come.
 */
export async function serving(...script) {
    const requests = [], sockets = new Set();
    const server = net.createServer((socket) => {
        let rest = Buffer.alloc(0);
        sockets.add(socket);
        socket.on('error', () => {}).on('close', () => {
            sockets.delete(socket);
            server.emit('left');
        });
        socket.on('data', (bytes) => {
            for (rest = Buffer.concat([rest, bytes]); ;) {
                const [request, more] = takeRequest(rest);
                rest = more;
                if (!request) return;
                requests.push(request);
                server.emit('came');
                const next = script.shift() ?? null;
                if (next === null) return void socket.destroy();
                if (next.cut) return void socket.write(next.bytes, () => socket.destroySoon());
                socket.write(next);
            }
        });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
        url: `http://127.0.0.1:${server.address().port}`, requests,
        lines: () => requests.map(({ line }) => line),
        /** Until no connection is open. */
        async left() {
            while (sockets.size > 0) await once(server, 'left');
        },
        async until(count) {
            while (requests.length < count) await once(server, 'came');
            return requests[count - 1];
        },
        close() {
            server.close();
            for (const socket of sockets) socket.destroy();
        },
    };
}

/** The JSON of a request, and the bytes behind it. */
export function sent({ headers, body }) {
    const length = Number(headers['inference-header-content-length'] ?? body.length);
    return [JSON.parse(body.subarray(0, length)), body.subarray(length)];
}
