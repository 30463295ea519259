/** The daemon's description of itself, which is large: it is asked for once in a run of the daemon. */
import { get } from '../api.js';

let run = 0;
/** @type {Promise<any> | null} */
let asked = null;

/** @param {number} startedAt of the daemon @returns {Promise<any>} null where it has none */
export function description(startedAt) {
    if (asked && run === startedAt) return asked;
    run = startedAt;
    asked = get('/v1/openapi.json').catch(() => {
        asked = null;
        return null;
    });
    return asked;
}
