/**
 * A client of channels as somebody else writes it: it knows a WebSocket, three words of JSON and Float32, and nothing of
 * subprotocols, tokens or frames. It has at most 60 lines, and is not changed when the service is.
 */
import WebSocket from 'ws';

export class VectorViewer {
    /** The vectors of results, and those of bare floats. */
    results = [];
    floats = [];
    statuses = [];
    errors = [];
    isOpen = false;

    /** @param {string} url @param {{encoding?: string, origin?: string}} [options] */
    constructor(url, { encoding, origin = undefined } = {}) {
        this.socket = new WebSocket(url, { origin });
        this.socket.binaryType = 'arraybuffer';
        this.socket.onopen = () => {
            this.isOpen = true;
            this.socket.send(JSON.stringify({ type: 'subscribe', channels: ['vector_updates', 'job_results'], encoding }));
        };
        this.socket.onmessage = ({ data }) => this.take(data);
        this.socket.onerror = ({ message }) => this.errors.push(message);
        this.socket.onclose = () => (this.isOpen = false);
    }

    take(data) {
        if (data instanceof ArrayBuffer) {
            this.takeFloats(new Float32Array(data));
            return;
        }
        const message = JSON.parse(data);
        if (message.type === 'vector_batch') {
            this.dimensions = message.dimensions;
            return;
        }
        if (message.type === 'error') {
            this.errors.push(message.detail);
            return;
        }
        for (const { status } of message.jobs ?? []) this.statuses.push(status);
        if (message.result?.vector) this.results.push(Float32Array.from(message.result.vector));
    }

    takeFloats(all) {
        for (let at = 0; at < all.length; at += this.dimensions)
            this.floats.push(all.slice(at, at + this.dimensions));
    }

    leave() {
        this.socket.close();
    }
}
