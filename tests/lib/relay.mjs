/** What relays between a client and a daemon have in common: an address of their own, and whom they lead to. */
import { once } from 'node:events';
import net from 'node:net';

export class Relay {
    /** Both ends of each connection. @type {Set<net.Socket>} */
    ends = new Set();

    /** Called with each connection, which it serves. @param {net.Socket} client */
    serve(client) {
        throw new Error(`nobody serves ${client.remoteAddress}`);
    }

    async listen() {
        this.server = net.createServer((client) => this.serve(client));
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        return this;
    }

    to(url) {
        this.target = new URL(url);
        return this;
    }

    /** The other end of a connection. */
    connect() {
        return net.connect(Number(this.target.port), this.target.hostname);
    }

    /** The other end of a connection, which ends with it. @param {net.Socket} client */
    join(client) {
        const far = this.connect();
        for (const [one, other] of [[client, far], [far, client]]) {
            this.watch(one, () => other.destroy());
            one.on('end', () => other.end());
        }
        return far;
    }

    /** Counts it among `ends` until it closes; `onEnd` is called when it has closed or broken. */
    watch(one, onEnd) {
        this.ends.add(one);
        one.setNoDelay(true);
        one.on('error', onEnd);
        one.on('close', () => {
            this.ends.delete(one);
            onEnd();
        });
    }

    close() {
        this.server.close();
        for (const socket of this.ends) socket.destroy();
    }
}
