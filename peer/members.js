/**
 * Who may stay connected: peers that have shown that they are nodes of this service, by a ticket that it has signed. The key for
 * that is asked of the bridge, and again when a ticket does not fit it: a daemon has another one after each start.
 */
import { MEMBER_STREAM, TICKET_MAX } from '../page/src/shared/node_frames.js';
import { TICKET, isSigned } from '../page/src/peers/statement.js';

/** @import { Connection, Libp2p, Stream } from '@libp2p/interface' */
/** @import { Statement } from '../page/src/peers/statement.js' */

/** A connection has so long to show a ticket. */
export const SHOW_MS = 10_000;
/** The key is asked for at most so often: anybody can show what does not fit. */
const ASK_MS = 1000;
const ASK_TIMEOUT_MS = 5000;

export class Members {
    /** @param {string} bridge its origin */
    constructor(bridge) {
        this._bridge = bridge;
        /** Connections that still have to show one, and what ends them. @type {Map<string, NodeJS.Timeout>} */
        this._waiting = new Map();
        this._key = '';
        this._askedAt = -Infinity;
    }

    /** @param {Libp2p} node */
    watch(node) {
        node.addEventListener('connection:open', ({ detail }) => this._await(detail));
        node.addEventListener('connection:close', ({ detail }) => this._forget(detail));
        return node.handle(MEMBER_STREAM, (stream, connection) => this._hear(stream, connection), { maxInboundStreams: 1 });
    }

    /** @param {Connection} connection */
    _await(connection) {
        const cut = () => connection.abort(new Error('the peer has shown no ticket'));
        this._waiting.set(connection.id, setTimeout(cut, SHOW_MS));
    }

    /** @param {Connection} connection */
    _forget({ id }) {
        clearTimeout(this._waiting.get(id));
        this._waiting.delete(id);
    }

    /** @param {Stream} stream @param {Connection} connection */
    async _hear(stream, connection) {
        try {
            const ticket = JSON.parse(await textOf(stream));
            if (!await this.isGood(ticket, String(connection.remotePeer)))
                throw new Error('this is no ticket of the peer for this service');
            this._forget(connection);
            await stream.close();
        } catch (error) {
            stream.abort(/** @type {Error} */ (error));
        }
    }

    /** @param {any} ticket @param {string} peer that has shown it */
    async isGood(ticket, peer) {
        const { peer: named, until, signature } = ticket ?? {};
        if (named !== peer || typeof signature !== 'string' || !(Number.isSafeInteger(until) && until > Date.now())) return false;
        return await isSigned(this._key, TICKET, ticket) || (await this._askAgain() && isSigned(this._key, TICKET, ticket));
    }

    /** @returns {Promise<boolean>} whether there is another key */
    async _askAgain() {
        const now = performance.now(), before = this._key;
        if (now - this._askedAt < ASK_MS) return false;
        this._askedAt = now;
        const said = await fetch(`${this._bridge}/peers`, { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) })
            .then((response) => response.json()).catch(() => null);
        if (typeof said?.key === 'string') this._key = said.key;
        return this._key !== before;
    }
}

/** @param {Stream} stream @returns {Promise<string>} all of it */
async function textOf(stream) {
    const pieces = [];
    let size = 0;
    for await (const piece of stream) {
        size += piece.byteLength;
        if (size > TICKET_MAX) throw new Error(`a ticket has at most ${TICKET_MAX} bytes`);
        pieces.push(piece.subarray());
    }
    return Buffer.concat(pieces).toString();
}
