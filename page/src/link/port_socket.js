/**
 * A connection through a peer, as the part of a WebSocket that `Connection` uses. WebRTC is there for documents only, and so the
 * peers are in the document, which has the other end of this port (peers/ports.js). It uses no browser globals.
 */

/** A link may name a peer instead of an origin: a multiaddr, which begins with a slash. @param {string} service */
export const isPeer = (service) => service.startsWith('/');

/** Instead of the address of a peer: whatever way leads to the page's own service, over peers of its operator or other pages. */
export const ANY_PEER = '/';

/** To the document: a message, or the end. @typedef {string | ArrayBuffer | {code?: number, reason: string}} ToPeer */
/** From it: a message; that the connection is open; how many bytes it has taken in all, and how many of them wait; or the end.
 * @typedef {string | ArrayBuffer | {open: true} | {taken: number, waiting: number} | {code: number, reason: string}} FromPeer */

/** Of the service, or through a peer. @typedef {WebSocket | PortSocket} Socket */

export class PortSocket {
    /** @param {(port: MessagePort) => void} dial is given the document's end */
    constructor(dial) {
        /** As a WebSocket has it. @type {0 | 1 | 2 | 3} */
        this.readyState = 0;
        this.binaryType = 'arraybuffer';
        /** @type {(() => void) | null} */
        this.onopen = null;
        /** @type {((event: {data: string | ArrayBuffer}) => void) | null} */
        this.onmessage = null;
        /** @type {((event: {code: number, reason: string}) => void) | null} */
        this.onclose = null;
        this._sent = 0;
        this._taken = { taken: 0, waiting: 0 };
        const { port1, port2 } = new MessageChannel();
        this._port = port1;
        port1.onmessage = ({ data }) => this._take(data);
        dial(port2);
    }

    get bufferedAmount() {
        return this._sent - this._taken.taken + this._taken.waiting;
    }

    /** @param {string | ArrayBuffer} message which stays ours */
    send(message) {
        this._sent += sizeOf(message);
        this._port.postMessage(message);
    }

    /** @param {number} [code] @param {string} [reason] */
    close(code, reason = '') {
        if (this.readyState >= 2) return;
        this.readyState = 2;
        this._port.postMessage({ code, reason });
    }

    /** @param {FromPeer} said */
    _take(said) {
        if (this.readyState === 3) return;
        if (typeof said === 'string' || said instanceof ArrayBuffer) {
            if (this.readyState === 1) this.onmessage?.({ data: said });
        } else if ('taken' in said) {
            this._taken = said;
        } else if ('open' in said) {
            if (this.readyState === 0) this._open();
        } else {
            this.readyState = 3;
            this._port.close();
            this.onclose?.(said);
        }
    }

    _open() {
        this.readyState = 1;
        this.onopen?.();
    }
}

/** As it is counted on both sides. @param {string | ArrayBuffer} message */
export const sizeOf = (message) => (typeof message === 'string' ? message.length : message.byteLength);
