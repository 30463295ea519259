/** A TCP relay that is as slow as a line: what comes from the other end shares so many bits a second. */
import { once } from 'node:events';
import net from 'node:net';

export class Line {
    /** Bytes that came from the other end. */
    bytes = 0;
    #sockets = new Set();
    /** When the line has carried what it was given. */
    #free = 0;

    /** @param {number} [bitsPerSecond] as fast as it can where it is 0 */
    constructor(bitsPerSecond = 0) {
        this.bitsPerSecond = bitsPerSecond;
    }

    async listen() {
        this.server = net.createServer((client) => this.#serve(client));
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    to(url) {
        this.target = new URL(url);
        return this;
    }

    close() {
        this.server.close();
        for (const socket of this.#sockets) socket.destroy();
    }

    #serve(client) {
        const far = net.connect(Number(this.target.port), this.target.hostname);
        for (const [one, other] of [[client, far], [far, client]]) {
            this.#sockets.add(one);
            one.setNoDelay(true);
            one.on('error', () => other.destroy());
            one.on('end', () => other.end());
            one.on('close', () => {
                this.#sockets.delete(one);
                other.destroy();
            });
        }
        client.on('data', (chunk) => far.write(chunk));
        far.on('data', (chunk) => this.#carry(chunk, far, client));
    }

    /** All connections wait for the same line. */
    #carry(chunk, far, client) {
        this.bytes += chunk.length;
        if (!this.bitsPerSecond) return client.write(chunk);
        const now = performance.now();
        this.#free = Math.max(now, this.#free) + (chunk.length * 8000) / this.bitsPerSecond;
        far.pause();
        setTimeout(() => {
            client.write(chunk);
            far.resume();
        }, this.#free - now);
    }
}
