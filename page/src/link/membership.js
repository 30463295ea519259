/**
 * The tickets by which the document's peer is known as a node of its service. The service gives one to a node that came through a
 * peer, and to others on request. It uses no browser globals.
 */

/** Tickets are good for an hour. */
export const RENEW_MS = 1_800_000;

/** @typedef {object} Surroundings
 * @property {(id: string) => void} ask the service for a ticket of that peer
 * @property {(ticket: Record<string, unknown>) => void} give it to the document
 * @property {(run: () => void, ms: number) => any} setTimer @property {(timer: any) => void} clearTimer */

export class Membership {
    /** @param {Surroundings} around */
    constructor(around) {
        this._around = around;
        this._id = ''; /* of the document's peer; "": there is none */
        this._isConnected = false;
        /** @type {any} */
        this._timer = undefined;
    }

    /** The document has this peer. @param {string} id */
    is(id) {
        this._id = id;
        if (this._isConnected) this._ask();
    }

    /** @param {any} said the `peers` of a welcome */
    welcomed(said) {
        this._isConnected = true;
        if (said?.ticket) this.heard(said);
        else this._ask();
    }

    /** @param {any} said the `peers` of a welcome or of settings */
    heard(said) {
        if (said?.ticket?.peer === this._id) this._around.give(said.ticket);
        this._wait();
    }

    lost() {
        this._isConnected = false;
        this._around.clearTimer(this._timer);
    }

    _ask() {
        if (this._id) this._around.ask(this._id);
        this._wait();
    }

    _wait() {
        this._around.clearTimer(this._timer);
        this._timer = this._id ? this._around.setTimer(() => this._ask(), RENEW_MS) : undefined;
    }
}
