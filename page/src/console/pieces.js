/** Reads an answer that has no end of its own, piece by piece as it comes. */
import { open } from './api.js';

/** The daemon says something every ten seconds. */
const SILENCE_MS = 25_000;

/** Until the answer ends. One that says nothing for too long is given up, and one that is not read on is let go.
 * @param {string} path @param {RequestInit & {signal: AbortSignal}} options @param {(piece: Uint8Array) => void} take
 * @param {(response: Response) => void} [begun] */
export async function readPieces(path, options, take, begun) {
    const left = new AbortController(), signal = AbortSignal.any([options.signal, left.signal]);
    const wait = () => setTimeout(() => left.abort(new Error(`the daemon has said nothing for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
    let timer = wait();
    try {
        const response = await open(path, { ...options, signal }), pieces = response.body?.getReader();
        begun?.(response);
        for (;;) {
            const { done, value } = await /** @type {any} */ (pieces).read();
            if (done) return;
            clearTimeout(timer);
            timer = wait();
            take(value);
        }
    } finally {
        clearTimeout(timer);
        left.abort();
    }
}
