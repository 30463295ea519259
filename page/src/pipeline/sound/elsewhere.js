/**
 * Has the document decode what only the browser can: workers have no AudioContext. One message to the
 * document, with a port for the reply; ui/sound.js answers it.
 */
import { throwIfCancelled } from '../../engine/failure.js';
import { invalid, longest, tooLong } from './limits.js';

/** @import { DecodeSound, DecodedSound } from '../../shared/messages.js' */

/** A file of so many bytes is decoded at most: an hour of mp3 at 128 kbit/s has 58 MB. */
const MAX_BYTES = 64 << 20;
/** Decoding runs at a hundred times the speed of the sound or faster; a decoder that takes longer hangs. */
const TIMEOUT_MS = 120000;

/**
 * @param {Uint8Array<ArrayBuffer>} bytes @param {string} name of the format @param {number} rate to decode to
 * @param {AbortSignal} cancelled
 * @param {(message: DecodeSound, transfer: Transferable[]) => void} [post] to the document
 * @returns {Promise<Float32Array>} one channel
 */
export async function decodeElsewhere(bytes, name, rate, cancelled, post = postToDocument) {
    if (bytes.length > MAX_BYTES) {
        throw invalid(`the ${name} file has ${bytes.length} bytes`,
            `at most ${MAX_BYTES} bytes; WAV may have more`);
    }
    const copy = bytes.slice(); // its frame is still needed
    const { port1, port2 } = new MessageChannel();
    try {
        /** @type {Promise<DecodedSound>} */
        const reply = new Promise((resolve) => {
            port1.onmessage = ({ data }) => resolve(data);
        });
        post({ type: 'decode_sound', bytes: copy, rate, max_samples: longest(rate) * rate, port: port2 },
            [copy.buffer, port2]);
        const decoded = await first(reply, cancelled);
        if (decoded.samples) return decoded.samples;
        if (decoded.seconds) throw tooLong(decoded.seconds, longest(rate));
        throw invalid(`this browser does not decode the ${name} file: ${decoded.error ?? 'no reason is known'}`);
    } finally {
        port1.close();
    }
}

/** @type {(message: DecodeSound, transfer: Transferable[]) => void} */
const postToDocument = (message, transfer) => self.postMessage(message, { transfer });

/** The reply, unless it is cancelled or takes too long.
 * @param {Promise<DecodedSound>} reply @param {AbortSignal} cancelled @returns {Promise<DecodedSound>} */
async function first(reply, cancelled) {
    throwIfCancelled(cancelled);
    /** @type {() => void} */
    let stop = () => {};
    const stopped = new Promise((/** @type {(value: null) => void} */ resolve) => {
        stop = () => resolve(null);
        cancelled.addEventListener('abort', stop);
    });
    const timer = setTimeout(stop, TIMEOUT_MS);
    const decoded = await Promise.race([reply, stopped]);
    clearTimeout(timer);
    cancelled.removeEventListener('abort', stop);
    throwIfCancelled(cancelled);
    return decoded ?? { error: `nothing came within ${TIMEOUT_MS / 1000} s` };
}
