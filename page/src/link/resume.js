/**
 * The attempts that a returning node announces (webinfer-protocol(7), "Limits"): as many as an announcement
 * may have. The service has to send the others again, to this node or to another, so answers come first and
 * begun streams second. It uses no browser globals.
 */

/** @import { Outbox } from './outbox.js' */
/** @import { Place } from './pieces_out.js' */

/**
 * @typedef {object} Held
 * @property {string[]} running
 * @property {string[]} unacknowledged
 * @property {Record<string, number>} next of streams
 * @property {Record<string, Place>} data of tasks that come in pieces
 */

/** The node's attempts.
 * @typedef {object} Attempts
 * @property {() => string[]} unanswered
 * @property {() => Held['data']} wanted
 * @property {(places: Held['data']) => void} rewind
 * @property {(attempts: string[]) => void} onUnwanted
 */

/** Bytes of an announcement. */
export const MAX_ANNOUNCEMENT = 64 << 10;
/** Attempts that it lists. */
export const MAX_RESUMED = 1024;

const encoder = new TextEncoder();
/** @param {unknown} value @returns {number} bytes of it in a message, with a comma */
const cost = (value) => encoder.encode(JSON.stringify(value)).length + 1;
/** @param {Record<string, unknown>} record @param {string} id @returns {Record<string, any>} what it says of one */
const only = (record, id) => (Object.hasOwn(record, id) ? { [id]: record[id] } : {});
/** @param {Record<string, unknown>} record of one, or empty */
const memberCost = (record) => (Object.keys(record).length > 0 ? cost(record) - 2 : 0);

/** @returns {Held} */
export const nothing = () => ({ running: [], unacknowledged: [], next: {}, data: {} });

export class Holding {
    /** @param {Attempts} attempts @param {Outbox} outbox */
    constructor(attempts, outbox) {
        this._attempts = attempts;
        this._outbox = outbox;
        this._listed = nothing();
    }

    /** For an announcement. @param {number} room bytes that there are for it */
    list(room) {
        const { _attempts: attempts, _outbox: outbox } = this;
        this._listed = fit({
            running: attempts.unanswered(), unacknowledged: outbox.ids(), next: outbox.next(), data: attempts.wanted(),
        }, room);
        return this._listed;
    }

    /** The service goes on with what was announced, from there. It sends again what was not: what did not fit, or has come since
     * by another connection. */
    resumed() {
        const { running, unacknowledged, data } = this._listed, listed = new Set([...running, ...unacknowledged]);
        this.drop([...this._attempts.unanswered(), ...this._outbox.ids()].filter((id) => !listed.has(id)));
        this._attempts.rewind(data);
    }

    /** The service does not want them any more. @param {unknown} attempts a list; anything else is ignored */
    drop(attempts) {
        if (!Array.isArray(attempts)) return;
        this._outbox.acknowledge(attempts);
        this._attempts.onUnwanted(attempts);
    }
}

/** @param {Held} held by the node @param {number} room bytes @returns {Held} as much of it as fits */
function fit(held, room) {
    const said = nothing();
    let count = 0;

    /** @param {string[]} list @param {string} id */
    const add = (list, id) => {
        const next = only(held.next, id), data = only(held.data, id);
        const bytes = cost(id) + memberCost(next) + memberCost(data);
        if (count >= MAX_RESUMED || bytes > room) return;
        count++;
        room -= bytes;
        Object.assign(said.next, next);
        Object.assign(said.data, data);
        list.push(id);
    };

    const hasBegun = (/** @type {string} */ id) => Object.hasOwn(held.next, id);
    for (const id of held.unacknowledged) add(said.unacknowledged, id);
    for (const id of held.running.filter(hasBegun)) add(said.running, id);
    for (const id of held.running.filter((id) => !hasBegun(id))) add(said.running, id);
    return said;
}
