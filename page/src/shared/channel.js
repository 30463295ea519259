/**
 * Connects the link worker and an engine worker: a MessagePort and, where memory can be shared, a ring for
 * each direction. A small message goes through the ring, and the port announces it only if the other end
 * would not look by itself. All other messages go through the port. Messages arrive in the order in which
 * they were posted, whichever way they take.
 *
 * A message is an object of JSON values, except for `frame`, which may be an ArrayBuffer.
 */
import { Receiver, Sender } from './ring.js';
import { yieldOnce } from './yield.js';

/** Through the port: look at the ring. */
const LOOK = null;
/** Messages that are taken in one turn of the event loop. */
const TAKEN_MAX = 64;

/** One end of a channel. @template In, Out */
export class Channel {
    /**
     * @param {MessagePort} port @param {SharedArrayBuffer | null} memory of `rings`
     * @param {0 | 1} side 0 for one end, 1 for the other
     * @param {(message: In) => void} receive
     */
    constructor(port, memory, side, receive) {
        this._port = port;
        this._receive = receive;
        this._in = memory && new Receiver(memory, side);
        this._out = memory && new Sender(memory, side === 0 ? 1 : 0);
        this._closed = false;
        port.onmessage = ({ data }) => this._attend(() => this._onPort(data));
    }

    /** Does what takes messages out of the ring: until it is done the other end need not tell of any. @param {() => void} take */
    _attend(take) {
        try {
            take();
        } finally {
            if (this._in?.leave() && !this._closed) yieldOnce().then(() => this._attend(() => this._takeSome()));
        }
    }

    /** @param {any} data */
    _onPort(data) {
        this._takeSome();
        if (data === LOOK) return;
        while (this._takeOne()); // what was put into the ring before it
        this._in?.noteReceived();
        this._receive(data);
        this._takeSome();
    }

    /** Takes what is there, but lets the event loop turn now and then. */
    _takeSome() {
        this._in?.come();
        for (let left = TAKEN_MAX; left > 0 && this._takeOne(); left--);
    }

    /** @returns {boolean} whether there was one */
    _takeOne() {
        const message = this._closed ? null : this._in?.take();
        if (!message) return false;
        this._receive(message);
        return true;
    }

    /** Its `frame` is copied or transferred, and the sender's no more. @param {Out & {frame?: ArrayBuffer | null}} message */
    post(message) {
        if (this._out?.put(message)) {
            if (this._out.rouse()) this._port.postMessage(LOOK);
            return;
        }
        this._out?.post();
        this._port.postMessage(message, message.frame ? [message.frame] : []);
    }

    close() {
        this._closed = true;
        this._port.close();
    }
}
