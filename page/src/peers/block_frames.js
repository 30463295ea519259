/**
 * The frames of a stream over which one peer gets blocks of a file from another, /webinfer/blocks/1. The peer that opens the
 * stream asks: its first frame is its ticket for the file, and each further one a block. The other peer says which blocks it has,
 * at once and whenever it has more, and answers with blocks. Numbers are u32, big-endian, as in node_frames.js, whose frames these
 * are. It uses no browser globals.
 */
import { FrameFault, FrameReader, HEAD_BYTES, TICKET_MAX, frameHead } from '../shared/node_frames.js';
import { LEAF_BYTES } from '../shared/leaves.js';

export const BLOCKS_STREAM = '/webinfer/blocks/1';
/** Kinds. HAVE: runs of blocks, each the first one and how many they are. WANT: a block; or a ticket, as JSON. DATA: a block, and its
 * bytes. NONE: a block that is not there any more. */
export const HAVE = 1, WANT = 2, DATA = 3, NONE = 4;
/** Runs in a frame. */
export const RUNS_MAX = 4096;

const NUMBER = 4;
/** The frames of each end, and how many bytes they have at most. @type {Record<'asking' | 'giving', Map<number, number>>} */
const MOST = {
    asking: new Map([[WANT, TICKET_MAX]]),
    giving: new Map([[HAVE, 2 * NUMBER * RUNS_MAX], [DATA, NUMBER + LEAF_BYTES], [NONE, NUMBER]]),
};

/** @param {number} kind @param {number[]} numbers @param {number} [more] bytes that follow @returns {Uint8Array} */
function frame(kind, numbers, more = 0) {
    const bytes = new Uint8Array(HEAD_BYTES + NUMBER * numbers.length), view = new DataView(bytes.buffer);
    bytes.set(frameHead(kind, NUMBER * numbers.length + more));
    numbers.forEach((number, i) => view.setUint32(HEAD_BYTES + NUMBER * i, number));
    return bytes;
}

/** @param {[first: number, count: number][]} runs @returns {Uint8Array[]} as many frames as they need */
export const haveFrames = (runs) => Array.from({ length: Math.ceil(runs.length / RUNS_MAX) }, (_, i) =>
    frame(HAVE, runs.slice(i * RUNS_MAX, (i + 1) * RUNS_MAX).flat()));

/** @param {number} index */
export const wantFrame = (index) => frame(WANT, [index]);

/** @param {string} ticket @returns {Uint8Array} */
export function ticketFrame(ticket) {
    const text = new TextEncoder().encode(ticket);
    return Uint8Array.of(...frameHead(WANT, text.length), ...text);
}

/** What goes before the bytes of a block. @param {number} index @param {number} size */
export const dataHead = (index, size) => frame(DATA, [index], size);

/** @param {number} index */
export const noneFrame = (index) => frame(NONE, [index]);

/** What a frame says. @typedef {{runs: [number, number][]} | {ticket: string} | {want: number} | {data: number, bytes: Uint8Array<ArrayBuffer>} | {none: number}} Said */

/** Reads the frames of one end, each held whole. */
export class BlockReader {
    /** @param {'asking' | 'giving'} end whose frames they are @param {(said: Said) => void} on
     * @param {(kind: number) => void} [begins] told of each frame before any of it is held; what it throws ends the reading */
    constructor(end, on, begins = () => {}) {
        this._on = on;
        /** The present frame, and how much of it there is. */
        this._whole = new Uint8Array(0);
        this._at = 0;
        this._reader = new FrameReader((kind, length) => {
            const most = MOST[end].get(kind);
            if (most === undefined || length > most) return most;
            begins(kind);
            this._whole = new Uint8Array(length);
            this._at = 0;
            return most;
        }, (kind, piece, isLast) => {
            this._whole.set(piece, this._at);
            this._at += piece.length;
            if (isLast) this._on(meaningOf(kind, this._whole));
        });
    }

    /** @param {Uint8Array} bytes @throws {FrameFault} these are no such frames */
    push(bytes) {
        this._reader.push(bytes);
    }
}

/** @param {number} kind @param {Uint8Array<ArrayBuffer>} bytes @returns {Said} @throws {FrameFault} */
function meaningOf(kind, bytes) {
    const view = new DataView(bytes.buffer);
    const isWhole = kind === HAVE ? bytes.length > 0 && bytes.length % (2 * NUMBER) === 0 : kind === NONE ? bytes.length === NUMBER : bytes.length >= NUMBER;
    if (!isWhole) throw new FrameFault(`a frame of kind ${kind} has ${bytes.length} bytes`);
    if (kind === HAVE)
        return { runs: Array.from({ length: bytes.length / (2 * NUMBER) }, (_, i) =>
            /** @type {[number, number]} */ ([view.getUint32(2 * NUMBER * i), view.getUint32(2 * NUMBER * i + NUMBER)])) };
    if (kind === WANT) return bytes.length === NUMBER ? { want: view.getUint32(0) } : { ticket: new TextDecoder().decode(bytes) };
    return kind === DATA ? { data: view.getUint32(0), bytes: bytes.subarray(NUMBER) } : { none: view.getUint32(0) };
}
