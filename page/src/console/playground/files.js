/** Files that a person gives: how large they may be, and what they are by their first bytes. */
import { bytes, plain } from '../format.js';
import { FieldError } from './request.js';

/** The largest body that the daemon accepts by default ([api] max_body). */
const MOST_BODY = 64 * 1024 * 1024;
/** Allowance for the rest of a request. */
const REST = 64 * 1024;

/** @param {number} [body] bytes that the daemon takes in a request @returns {number} bytes of a file in it, as base64 */
export const mostBytes = (body = MOST_BODY) => Math.floor((body - REST) * 3 / 4);

/** Refuses what is too large before any of it is read. @param {string} field @param {File} file @param {number} most */
export function checkSize(field, file, most) {
    if (file.size > most)
        throw new FieldError(field, `“${plain(file.name)}” has ${bytes(file.size)}. The daemon accepts at most ${bytes(most)}.`);
    if (file.size === 0) throw new FieldError(field, `“${plain(file.name)}” is empty.`);
}

/** @param {Uint8Array} head the first bytes @param {string} text @param {number} [at] */
const has = (head, text, at = 0) => [...text].every((sign, i) => head[at + i] === sign.charCodeAt(0));

/** @param {Uint8Array} head the first 12 bytes @returns {string} the media type of a picture that the API takes, or '' */
export function pictureType(head) {
    if (has(head, '\x89PNG\r\n\x1a\n')) return 'image/png';
    if (has(head, '\xff\xd8\xff')) return 'image/jpeg';
    return has(head, 'RIFF') && has(head, 'WEBP', 8) ? 'image/webp' : '';
}

/** @param {Uint8Array} head the first 12 bytes @returns {string} the media type of a sound that the API takes, or '' */
export function soundType(head) {
    if (['RIFF', 'RIFX', 'RF64', 'BW64'].some((name) => has(head, name)) && has(head, 'WAVE', 8)) return 'audio/wav';
    if (has(head, 'fLaC')) return 'audio/flac';
    if (has(head, 'OggS')) return 'audio/ogg';
    if (has(head, 'ID3') || (head[0] === 0xff && (head[1] & 0xe0) === 0xe0)) return 'audio/mpeg';
    if (has(head, 'ftyp', 4)) return 'audio/mp4';
    return has(head, '\x1aE\xdf\xa3') ? 'audio/webm' : '';
}

/** @param {Blob} file @returns {Promise<Uint8Array<ArrayBuffer>>} */
export const readFile = async (file) => new Uint8Array(await file.arrayBuffer());
