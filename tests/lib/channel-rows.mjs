/** Vectors that say which row each is, so that a subscriber's gaps can be checked against what it was told of them. */

/** Publishes an echo of vectors, which is their model. @param {import('./daemon.mjs').Daemon} daemon @param {Buffer} bytes @param {number} width */
export async function publishRows(daemon, bytes, width, options = {}) {
    const { status, text } = await daemon.inferBinary({ model_name: 'builtin/echo', platform: 'simulated', publish: true },
        [{ name: 'embeddings', datatype: 'FP32', shape: [bytes.length / 4 / width, width], bytes }], options);
    if (status !== 200) throw new Error(`the rows were not published: ${status} ${text}`);
}

/** Numbers the rows by their first float, which is exact up to 2^24. @param {Buffer} bytes changed @param {number} width @param {number} first */
export function numberRows(bytes, width, first) {
    for (let row = 0; row * width * 4 < bytes.length; row++) bytes.writeFloatLE(first + row, row * width * 4);
    return bytes;
}

/**
 * Follows numbered rows through what a subscriber got: each is the next one, but for those that were missed at that place.
 * @param {any[]} messages among others its batches, whose rows are `bytes`, and what it missed
 * @param {number} first the number of the first row that it could hear of
 * @returns {{got: number, missed: number, next: number}} `next`: the number of the row that would come now
 */
export function followRows(messages, first) {
    let got = 0, missed = 0;
    for (const { type, count, dimensions, bytes } of messages) {
        if (type === 'missed') missed += count;
        for (let row = 0; type === 'vector_batch' && row < count; row++, got++) {
            const number = bytes.readFloatLE(row * dimensions * 4), due = first + got + missed;
            if (number !== due) throw new Error(`row ${number} came in the place of row ${due}`);
        }
    }
    return { got, missed, next: first + got + missed };
}
