/**
 * A page that has come to its service by another way looks whether the best one leads there again. It announces its node on a
 * second connection, as after a loss. The present one stays in use until the service welcomes the node on the second. A try that
 * is not welcomed in its time, fails, or is closed with whatever code changes nothing, and the next one comes later.
 */
import { FrameError } from '../shared/frame.js';

/** @import { Envelope } from '../shared/messages.js' */
/** @import { Socket } from './port_socket.js' */

/** A page that has just come by another way waits so long before it tries the best one. */
export const BETTER_MS = 5000;
/** Each try doubles that time, up to this, until a way that it has led to has held for as long. */
export const BETTER_CAP_MS = 5 * 60_000;

/**
 * @typedef {object} Surroundings
 * @property {() => string} best the way to try; "": it is taken, or the page is not at its service
 * @property {() => number} now in ms
 * @property {(way: string) => number} patience ms that it has for its welcome
 * @property {(way: string) => Socket} dial
 * @property {() => string} announcement of the node, which returns
 * @property {(nonce: unknown) => Promise<string>} proof that this is the device; rejects if it is none
 * @property {(frame: string, socket: Socket) => void} write
 * @property {(frame: string | ArrayBuffer) => {message: Envelope}} read throws FrameError
 * @property {(socket: Socket, welcome: Record<string, any>) => void} welcomed the node is there: the socket is the caller's
 * @property {() => void} failed
 */

export class BetterWay {
    /** @param {Surroundings} around */
    constructor(around) {
        this._around = around;
        this._pause = BETTER_MS;
        /** Since when the best way is taken; Infinity: it is not. */
        this._since = Infinity;
        /** For the next try, or for the end of this one. */
        this._timer = 0;
        /** The try. @type {Socket | null} */
        this._socket = null;
        /** The service may already have moved the node to the try's connection. It closes the present one then. */
        this.isAnnounced = false;
    }

    /** From now on, if the best way is not taken. */
    look() {
        this.stop();
        const { _around: around, _since: since } = this, now = around.now();
        if (now - since >= this._pause) this._pause = BETTER_MS;
        this._since = around.best() ? Infinity : Math.min(since, now);
        if (around.best()) this._setTimer(() => this._try(), this._pause);
    }

    /** Until `look` is called again. @param {number} [code] for the try's connection */
    stop(code) {
        this._letGo()?.close(code);
    }

    _try() {
        const { _around: around } = this, way = around.best();
        if (!way) return;
        const socket = this._socket = around.dial(way);
        socket.binaryType = 'arraybuffer';
        socket.onopen = () => {
            this.isAnnounced = true;
            around.write(around.announcement(), socket);
        };
        socket.onmessage = (/** @type {{data: string | ArrayBuffer}} */ { data }) => this._receive(data);
        socket.onclose = () => this._fail();
        this._setTimer(() => this._fail(), around.patience(way));
    }

    /** @param {string | ArrayBuffer} frame */
    _receive(frame) {
        let message;
        try {
            ({ message } = this._around.read(frame));
        } catch (error) {
            if (!(error instanceof FrameError)) throw error;
            return this._fail();
        }
        if (message.type === 'device_challenge') this._prove(message.data.nonce);
        else if (message.type === 'welcome') this._welcome(message.data);
    }

    /** @param {unknown} nonce */
    async _prove(nonce) {
        const socket = this._socket, proof = await this._around.proof(nonce).catch(() => '');
        if (!socket || socket !== this._socket) return;
        if (proof) this._around.write(proof, socket);
        else this._fail();
    }

    /** @param {Record<string, any>} data */
    _welcome(data) {
        if (!this.isAnnounced || data.resumed !== true) return this._fail(); // that is another node
        const socket = this._letGo();
        this._lengthen();
        if (socket) this._around.welcomed(socket, data);
    }

    _fail() {
        this.stop();
        this._lengthen();
        this._around.failed();
    }

    _lengthen() {
        this._pause = Math.min(BETTER_CAP_MS, 2 * this._pause);
    }

    /** There is no try any more. @returns {Socket | null} which says nothing here from now on */
    _letGo() {
        clearTimeout(this._timer);
        const socket = this._socket;
        if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
        this._socket = null;
        this.isAnnounced = false;
        return socket;
    }

    /** @param {() => void} run @param {number} ms */
    _setTimer(run, ms) {
        clearTimeout(this._timer);
        this._timer = setTimeout(run, ms);
    }
}
