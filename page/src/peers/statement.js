/**
 * What a service states of a peer, signed by its Ed25519 key: that nodes may connect through it (a certificate), that it is a
 * node of the service (a ticket), or that it may have a file (a ticket for it). Pages and webinfer-peer check it with this file.
 * It uses no browser globals.
 */
import { publicKeyFromRaw } from '@libp2p/crypto/keys';

/** The word that the signed text begins with. */
export const CERTIFICATE = 'webinfer-peer', TICKET = 'webinfer-member', FILE_TICKET = 'webinfer-file';

/** `until`: Unix milliseconds; `signature`: in base64url; `file`: of a ticket for a file, its SHA-256.
 * @typedef {{peer: string, until: number, signature: string, file?: string}} Statement */

/** @param {string} text base64url @returns {Uint8Array} */
const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));

/** Whether the key has signed it; whether it is still good is not looked at. @param {string} key the service's, in base64url
 * @param {string} purpose @param {Statement} statement */
export async function isSigned(key, purpose, { peer, until, signature, file }) {
    const about = purpose === FILE_TICKET ? `${purpose}\0${file}` : purpose;
    const text = new TextEncoder().encode(`${about}\0${peer}\0${until}`);
    try {
        return await publicKeyFromRaw(bytesOf(key)).verify(text, bytesOf(signature));
    } catch {
        return false; // it is no key, or no signature
    }
}
