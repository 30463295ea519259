/** Who may be given a model's file: that is the service's decision, which a peer shows by a ticket. It uses no browser globals. */
import { FILE_TICKET, isAbout, isSigned } from './statement.js';

/** Whether a ticket, as it was shown, is for that file and that peer. @param {any} ticket
 * @param {{key: string, file: string, peer: string, now: number}} expected `key`: the service's, in base64url; `file`: its SHA-256;
 * `now`: Unix milliseconds by the service's clock */
export async function mayHave(ticket, { key, file, peer, now }) {
    return isAbout(ticket, { file, peer }, now) && isSigned(key, FILE_TICKET, { file, peer }, ticket);
}
