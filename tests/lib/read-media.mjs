/** Readers for the files that the service makes, and for no others: grey and RGB PNGs and 16-bit mono WAVs. */
import assert from 'node:assert/strict';
import zlib from 'node:zlib';

/** @param {Buffer} bytes @returns {{width: number, height: number, channels: number, pixels: Uint8Array}} */
export function decodePng(bytes) {
    assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
    const data = [];
    for (let at = 8; at < bytes.length;) {
        const length = bytes.readUInt32BE(at);
        if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
            data.push(bytes.subarray(at + 8, at + 8 + length));
        at += 12 + length;
    }
    const width = bytes.readUInt32BE(16), height = bytes.readUInt32BE(20);
    const channels = { 0: 1, 2: 3 }[bytes[25]];
    assert.ok(bytes[24] === 8 && channels, 'bits and colour type');
    const rows = zlib.inflateSync(Buffer.concat(data));
    assert.equal(rows.length, (width * channels + 1) * height);
    return { width, height, channels, pixels: unfiltered(rows, width * channels, height, channels) };
}

/** Undoes each row's filter (PNG, 9.2); `stride` is the bytes of a row, `step` those of a pixel. */
function unfiltered(rows, stride, height, step) {
    const pixels = new Uint8Array(stride * height);
    for (let y = 0; y < height; y++) {
        const kind = rows[y * (stride + 1)];
        for (let x = 0; x < stride; x++) {
            const at = y * stride + x;
            const left = x >= step ? pixels[at - step] : 0;
            const above = y ? pixels[at - stride] : 0;
            const corner = x >= step && y ? pixels[at - stride - step] : 0;
            const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][kind];
            pixels[at] = rows[at + y + 1] + guess;
        }
    }
    return pixels;
}

function paeth(left, above, corner) {
    const [a, b, c] = [left, above, corner].map((one) => Math.abs(left + above - corner - one));
    return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** @param {Buffer} bytes @returns {{rate: number, samples: Float32Array}} */
export function readWav(bytes) {
    assert.deepEqual([bytes.toString('latin1', 0, 4), bytes.toString('latin1', 8, 16)], ['RIFF', 'WAVEfmt ']);
    assert.deepEqual([20, 22, 34].map((at) => bytes.readUInt16LE(at)), [1, 1, 16], 'PCM, mono, 16 bits');
    const start = bytes.indexOf('data') + 8, count = (bytes.length - start) >> 1;
    assert.equal(bytes.readUInt32LE(start - 4), 2 * count);
    const sample = (index) => bytes.readInt16LE(start + 2 * index) / 32768;
    return { rate: bytes.readUInt32LE(24),
        samples: Float32Array.from({ length: count }, (_, index) => sample(index)) };
}
