/**
 * The attempts that a returning node announces (webinfer-protocol(7), "Limits"): as many as an announcement
 * may have. The service has to send the others again, to this node or to another, so answers come first and
 * begun streams second. It uses no browser globals.
 */

/** @import { Place } from './pieces_out.js' */

/**
 * @typedef {object} Held
 * @property {string[]} running
 * @property {string[]} unacknowledged
 * @property {Record<string, number>} next of streams
 * @property {Record<string, Place>} data of tasks that come in pieces
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

/**
 * @param {Held} held by the node
 * @param {number} room bytes that there are for it
 * @returns {{said: Held, left: string[]}} what it says, and the attempts that it has to give up
 */
export function fitResume(held, room) {
    /** @type {Held} */
    const said = { running: [], unacknowledged: [], next: {}, data: {} };
    /** @type {string[]} */
    const left = [];
    let count = 0;

    /** @param {string[]} list @param {string} id */
    const add = (list, id) => {
        const next = only(held.next, id), data = only(held.data, id);
        const bytes = cost(id) + memberCost(next) + memberCost(data);
        if (count >= MAX_RESUMED || bytes > room) return left.push(id);
        count++;
        room -= bytes;
        Object.assign(said.next, next);
        Object.assign(said.data, data);
        return list.push(id);
    };

    const hasBegun = (/** @type {string} */ id) => Object.hasOwn(held.next, id);
    for (const id of held.unacknowledged) add(said.unacknowledged, id);
    for (const id of held.running.filter(hasBegun)) add(said.running, id);
    for (const id of held.running.filter((id) => !hasBegun(id))) add(said.running, id);
    return { said, left };
}
