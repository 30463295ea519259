// Just enough PNG (https://www.w3.org/TR/png-3/): 8-bit grey, no interlace, every row unfiltered.

import zlib from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The CRC of PNG's annex D. @param {Buffer} bytes */
function crc(bytes) {
    let c = 0xffffffff;
    for (const byte of bytes) {
        c ^= byte;
        for (let bit = 0; bit < 8; bit++)
            c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    }
    return (c ^ 0xffffffff) >>> 0;
}

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
}

/** @param {Uint8Array} pixels @param {number} size width and height @returns {Buffer} */
export function encodePng(pixels, size) {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(size, 0);
    header.writeUInt32BE(size, 4);
    header[8] = 8; // bits; colour type 0 is grey
    const rows = Buffer.alloc(size * (size + 1));
    for (let y = 0; y < size; y++)
        rows.set(pixels.subarray(y * size, (y + 1) * size), y * (size + 1) + 1);
    return Buffer.concat([
        SIGNATURE,
        chunk('IHDR', header),
        chunk('IDAT', zlib.deflateSync(rows, { level: 9 })),
        chunk('IEND', Buffer.alloc(0)),
    ]);
}

/** Reads back what encodePng wrote. @param {Buffer} file @returns {Uint8Array} */
export function decodePng(file) {
    const size = file.readUInt32BE(16);
    const length = file.readUInt32BE(33);
    if (file.toString('latin1', 37, 41) !== 'IDAT')
        throw new Error('not a picture that encodePng wrote');
    const rows = zlib.inflateSync(file.subarray(41, 41 + length));
    const pixels = new Uint8Array(size * size);
    for (let y = 0; y < size; y++)
        pixels.set(rows.subarray(y * (size + 1) + 1, (y + 1) * (size + 1)), y * size);
    return pixels;
}
