/**
 * Strangers, as a thread of their own: they open connections to an API one after the other, send half a head on each,
 * and keep it. `from` are addresses of this machine that they come from. Told to stop, the thread says how many there
 * were and how many are open still, and ends.
 */
import net from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { delay } from './wait.mjs';

export class Strangers {
    opened = 0;

    /** @param {{port: number, from: {host: string, localAddress: string}[], keep: number, most: number, pause: number}} order
     * `keep`: that many of each address at a time; `most` in all; `pause` between rounds, in milliseconds */
    constructor(order) {
        this.worker = new Worker(fileURLToPath(import.meta.url), { workerData: order });
        this.worker.on('message', ({ opened, open, refused }) => Object.assign(this, { opened, open, refused }));
    }

    /** Ends them, and gives how many there were. */
    async stop() {
        const ended = once(this.worker, 'exit');
        this.worker.postMessage('stop');
        await ended;
        return this;
    }
}

async function come({ port, from, keep, most, pause }) {
    let opened = 0, refused = 0, stopped = false;
    const open = new Map(from.map((one) => [one, new Set()]));
    const count = () => [...open.values()].reduce((sum, { size }) => sum + size, 0);
    const add = (one) => {
        const sockets = open.get(one), socket = net.connect({ port, ...one });
        opened++;
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('data', () => refused++);
        socket.on('close', () => sockets.delete(socket));
        socket.write('GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAccept: ');
    };
    parentPort.on('message', () => (stopped = true));
    while (!stopped) {
        for (const one of from) if (opened < most && open.get(one).size < keep) add(one);
        parentPort.postMessage({ opened, refused, open: count() });
        await delay(pause);
    }
    for (const sockets of open.values()) for (const socket of sockets) socket.destroy();
    parentPort.postMessage({ opened, refused, open: count() });
    process.exit(0);
}

if (!isMainThread && workerData?.from) await come(workerData);
