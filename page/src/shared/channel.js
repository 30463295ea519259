/**
 * What joins the link worker and an engine worker: a MessagePort, and beside it, where memory can
 * be shared, a letterbox for each direction. A worker that has nothing to do for the moment may
 * linger: it waits at its letterbox instead of returning to its event loop, and a small message
 * that is put in there reaches it in a fraction of the time that a port takes. Everything else goes
 * through the port, and wakes a lingering receiver so that it looks there. Messages arrive in the
 * order in which they were posted, whichever way they take.
 *
 * A message is an object of JSON values, but for `frame`, which may be an ArrayBuffer.
 */
import { KIND, Letterbox, LETTERBOX_BYTES } from './letterbox.js';
import { WatchTrial } from './watch_trial.js';

/**
 * To fall asleep and be woken on another core can cost as much as a tiny model. While each end hears
 * of the other within this time, in ms, both stay awake, unless what comes next comes sooner without.
 */
const WATCH_MS = 1;
/** What takes longer to come, in ms, was not waited for. */
const WAIT_MAX_MS = 20;

/** One end of a channel. @template In, Out */
export class Channel {
    /**
     * @param {MessagePort} port @param {SharedArrayBuffer | null} memory of `letterboxes`
     * @param {0 | 1} side 0 for one end, 1 for the other
     * @param {(message: In) => void} receive
     */
    constructor(port, memory, side, receive) {
        this._port = port;
        this._receive = receive;
        this._in = memory && new Letterbox(memory, side);
        this._out = memory && new Letterbox(memory, 1 - side);
        this._received = 0;
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
            this._received = (this._received + 1) | 0;
            this._kind = KIND.plain;
            this.turned = performance.now();
            this._noteWait(this.turned);
            receive(data);
        };
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
        this._in.open(this._received);
        this._lingered = this._collect(dense ? WATCH_MS : 0, ms) ? this._arrived - began : Infinity;
    }

    /** Posts a message and, if it is small, lingers for what it is answered with.
     * @param {Out & {frame?: ArrayBuffer | null}} message @param {number} ms at most */
    ask(message, ms) {
        // What is large takes its time, and so does what comes next over the socket meanwhile.
        if ((message.frame?.byteLength ?? 0) > LETTERBOX_BYTES) return this.post(message);
        const prompt = this._kind === KIND.prompt;
        this._in?.open(this._received); // before, since the answer may be there at once
        this._send(message, KIND.question);
        this._collect(prompt ? WATCH_MS : 0, ms);
    }

    /** @param {Out & {frame?: ArrayBuffer | null}} message @param {number} kind */
    _send(message, kind) {
        this._sent = kind;
        this._out?.says(kind === KIND.question);
        if (this._out?.put(message, kind)) return;
        this._out?.announce();
        this._port.postMessage(message, message.frame ? [message.frame] : []);
        this._out?.look();
    }

    /** @param {number} watch ms @param {number} ms @returns {boolean} whether a letter came */
    _collect(watch, ms) {
        const message = this._in?.take(this.watches ? watch : 0, ms);
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
        this._port.close();
    }
}
