/**
 * What joins the link worker and an engine worker: a MessagePort, and beside it, where memory can
 * be shared, a ring for each direction. A small message goes by the ring, and the port only tells of
 * it where the other end would not look by itself; everything else goes through the port. A worker that
 * has nothing to do for the moment may linger: it waits at its ring instead of returning to its event
 * loop, and is reached there in a fraction of the time. Messages arrive in the order in which they were
 * posted, whichever way they take.
 *
 * A message is an object of JSON values, but for `frame`, which may be an ArrayBuffer.
 */
import { KIND, MESSAGE_BYTES, Receiver, Sender } from './ring.js';
import { turn } from './turn.js';
import { WatchTrial } from './watch_trial.js';

/**
 * To fall asleep and be woken on another core can cost as much as a tiny model. While each end hears
 * of the other within this time, in ms, both stay awake, unless what comes next comes sooner without.
 */
const WATCH_MS = 1;
/** What takes longer to come, in ms, was not waited for. */
const WAIT_MAX_MS = 20;
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
        this._depth = 0; /* of what takes messages: to receive one may be to wait for the next */
        /** Whether there is a core to spare for watching. */
        this.watches = false;
        /** How what came last was sent, when, and after how long a lingering. @type {number} */
        this._kind = KIND.plain;
        this._arrived = 0;
        this._lingered = Infinity;
        this._trial = new WatchTrial();
        this._waitsSince = NaN; /* for the next message, if the wait for it says something */
        /** How the last message was sent from here. @type {number} */
        this._sent = KIND.plain;
        /** When the event loop last delivered something here. */
        this.turned = performance.now();
        port.onmessage = ({ data }) => {
            this.turned = performance.now();
            this._noteWait(this.turned);
            this._attend(() => this._onPort(data));
        };
    }

    /** Does what takes messages out of the ring: until it is done the other end need not tell of any. @param {() => void} take */
    _attend(take) {
        this._depth++;
        try {
            take();
        } finally {
            this._depth--;
            const isMore = this._depth === 0 && this._in?.leave();
            if (isMore && !this._closed) turn().then(() => this._attend(() => this._takeSome()));
        }
    }

    /** @param {any} data */
    _onPort(data) {
        this._takeSome();
        if (data === LOOK) return;
        while (this._takeOne()); // what was put into the ring before it
        this._in?.noteReceived();
        this._kind = KIND.plain;
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
        this._kind = KIND.plain;
        this._receive(message);
        return true;
    }

    /** Its `frame` is copied or transferred, and the sender's no more. @param {Out & {frame?: ArrayBuffer | null}} message */
    post(message) {
        const prompt = this.watches && this._trial.watches && this._kind === KIND.question
            && performance.now() - this._arrived <= WATCH_MS;
        this._send(message, prompt ? KIND.prompt : KIND.plain);
    }

    /** Waits for a message without the event loop, and receives it if one comes. Not where the other end
     * has not waited for its last answer either: cores are wanted elsewhere then.
     * @param {number} ms at most */
    linger(ms) {
        if (!this._in?.asks) return;
        const began = performance.now();
        this._waitsSince = this.watches ? began : NaN;
        const dense = this._trial.watches && this._sent === KIND.prompt && this._lingered <= WATCH_MS;
        this._attend(() => {
            this._in?.expect();
            this._lingered = this._collect(dense ? WATCH_MS : 0, ms) ? this._arrived - began : Infinity;
        });
    }

    /** Posts a message and, if it is small, lingers for what it is answered with.
     * @param {Out & {frame?: ArrayBuffer | null}} message @param {number} ms at most */
    ask(message, ms) {
        // What is large takes its time, and so does what comes next over the socket meanwhile.
        if ((message.frame?.byteLength ?? 0) > MESSAGE_BYTES) return this.post(message);
        const prompt = this._kind === KIND.prompt;
        this._attend(() => {
            this._in?.expect(); // before, since the answer may be there at once
            this._send(message, KIND.question);
            this._collect(prompt ? WATCH_MS : 0, ms);
        });
    }

    /** @param {Out & {frame?: ArrayBuffer | null}} message @param {number} kind */
    _send(message, kind) {
        this._sent = kind;
        this._out?.says(kind === KIND.question);
        if (this._out?.put(message, kind)) {
            if (this._out.rouse()) this._port.postMessage(LOOK);
            return;
        }
        this._out?.post();
        this._port.postMessage(message, message.frame ? [message.frame] : []);
        this._out?.wake();
    }

    /** @param {number} watch ms @param {number} ms @returns {boolean} whether a message came */
    _collect(watch, ms) {
        this._in?.wait(this.watches ? watch : 0, ms);
        const message = this._closed ? null : this._in?.take();
        if (!message) return false;
        this._kind = this._in?.kind ?? KIND.plain;
        this._arrived = performance.now();
        this._noteWait(this._arrived);
        this._receive(message);
        return true;
    }

    /** @param {number} now */
    _noteWait(now) {
        const wait = now - this._waitsSince;
        this._waitsSince = NaN;
        if (wait <= WAIT_MAX_MS) this._trial.note(wait);
    }

    close() {
        this._closed = true;
        this._port.close();
    }
}
