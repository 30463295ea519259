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
/** What a statement has to name, in the order in which it is signed. @typedef {{file?: string, peer: string}} Names */

/** @param {string} text base64url @returns {Uint8Array} */
const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));

/** Whether what was shown as a statement names that, and is still good. Who has signed it is not looked at.
 * @param {any} said @param {Names} names @param {number} now Unix milliseconds by the service's clock @returns {said is Statement} */
export const isAbout = (said, names, now) => Object.entries(names).every(([name, value]) => said?.[name] === value)
    && typeof said?.signature === 'string' && Number.isSafeInteger(said.until) && said.until > now;

/** Whether the key has signed a statement that names that. @param {string} key the service's, in base64url
 * @param {string} word that it begins with @param {Names} names @param {Statement} statement */
export async function isSigned(key, word, names, { until, signature }) {
    const text = new TextEncoder().encode([word, ...Object.values(names), until].join('\0'));
    try {
        return await publicKeyFromRaw(bytesOf(key)).verify(text, bytesOf(signature));
    } catch {
        return false; // it is no key, or no signature
    }
}
