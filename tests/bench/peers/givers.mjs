/** How peers give blocks dishonestly. Each is the end of a stream that gives, says that it has all, and goes on until the other end leaves. */
import { BlockReader, dataHead, haveFrames } from '../../../page/src/peers/block_frames.js';
import { leafCount, leafSize } from '../../../page/src/shared/leaves.js';

const EVERY_MS = 1000;

/** @param {any} stream @param {number} bytes of the file @param {(index: number, size: number) => void} give answers a want */
function listen(stream, bytes, give) {
    let hasBegun = false;
    const reader = new BlockReader('asking', (said) => {
        if ('want' in said) return give(said.want, leafSize(said.want, bytes));
        if (!hasBegun) for (const frame of haveFrames([[0, leafCount(bytes)]])) send(stream, frame);
        hasBegun = true;
    });
    stream.addEventListener('message', ({ data }) => reader.push(data.subarray()));
}

/** The other end may have left. @param {any} stream @param {Uint8Array} part */
function send(stream, part) {
    if (stream.status === 'open') stream.send(part);
}

/** @type {Record<string, (stream: any, bytes: number) => void>} */
export const GIVERS = {
    /** Blocks of the right length, and other bytes. */
    lies: (stream, bytes) => listen(stream, bytes, (index, size) => {
        send(stream, dataHead(index, size));
        send(stream, new Uint8Array(size).fill(1));
    }),
    /** A byte a second. */
    trickles: (stream, bytes) => listen(stream, bytes, (index, size) => {
        send(stream, dataHead(index, size));
        const timer = setInterval(() => send(stream, new Uint8Array(1)), EVERY_MS);
        for (const end of ['end', 'close']) stream.addEventListener(end, () => clearInterval(timer));
    }),
};
