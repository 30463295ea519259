/** A way to a daemon that breaks: bytes are passed on, and the first connections cut after so many. */
import { once } from 'node:events';
import net from 'node:net';

/** @param {string} url @param {...number} limits bytes of an answer, for each of the first connections */
export async function cutting(url, ...limits) {
    const server = net.createServer((client) => {
        const upstream = net.connect(Number(new URL(url).port), '127.0.0.1');
        let left = limits.shift() ?? Infinity;
        const cut = () => [client, upstream].forEach((socket) => socket.destroy());
        for (const socket of [client, upstream]) socket.on('error', cut).on('close', cut);
        client.pipe(upstream);
        upstream.on('data', (bytes) => {
            client.write(bytes.subarray(0, left), () => left <= 0 && cut());
            left -= bytes.length;
        });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close(), limits };
}
