/** A TCP relay that is as slow as a line: what comes from the other end shares so many bits a second. */
import { Relay } from './relay.mjs';

export class Line extends Relay {
    /** Bytes that came from the other end. */
    bytes = 0;
    /** When the line has carried what it was given. */
    #free = 0;

    /** @param {number} [bitsPerSecond] as fast as it can where it is 0 */
    constructor(bitsPerSecond = 0) {
        super();
        this.bitsPerSecond = bitsPerSecond;
    }

    serve(client) {
        const far = this.join(client);
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
