/** Writes PNG files (W3C PNG, third edition) of 8-bit grey or RGB pixels, in a worker and in Node. */
import { checksum } from '../../engine/pictures/crc.js';
import { joined } from '../../shared/joined.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const COLOUR_TYPES = /** @type {Readonly<Record<number, number>>} */ ({ 1: 0, 3: 2 });

/**
 * @param {Uint8Array | Uint8ClampedArray} pixels interleaved @param {number} width @param {number} height
 * @param {1 | 3} channels @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function writePng(pixels, width, height, channels) {
    const header = new DataView(new ArrayBuffer(13));
    header.setUint32(0, width);
    header.setUint32(4, height);
    header.setUint8(8, 8);
    header.setUint8(9, COLOUR_TYPES[channels]);
    const rows = await deflate(scanlines(pixels, width * channels, height));
    return joined(Uint8Array, [
        new Uint8Array(SIGNATURE), ...chunk('IHDR', new Uint8Array(header.buffer)),
        ...chunk('IDAT', rows), ...chunk('IEND', new Uint8Array(0)),
    ]);
}

/** Each row after the number of its filter: Up, the difference to the row above, which is 0 in most of a mask
 * and small in a depth map. @param {Uint8Array | Uint8ClampedArray} pixels
 * @param {number} stride bytes of a row @param {number} height */
function scanlines(pixels, stride, height) {
    const out = new Uint8Array((stride + 1) * height);
    for (let y = 0, to = 0; y < height; y++) {
        out[to++] = 2;
        for (let at = y * stride; at < (y + 1) * stride; at++) {
            out[to++] = pixels[at] - (y > 0 ? pixels[at - stride] : 0);
        }
    }
    return out;
}

/** In zlib's format, as IDAT has it. Written and read here: a Blob's stream takes longer than a small picture.
 * @param {Uint8Array<ArrayBuffer>} bytes */
export async function deflate(bytes) {
    const { readable, writable } = new CompressionStream('deflate');
    const writer = writable.getWriter();
    const written = Promise.all([writer.write(bytes), writer.close()]);
    const [parts] = await Promise.all([partsOf(readable.getReader()), written]);
    return joined(Uint8Array, parts);
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
async function partsOf(reader) {
    const parts = [];
    for (;;) {
        const { done, value } = await reader.read();
        if (done) return parts;
        parts.push(value);
    }
}

/** Length, name, data, checksum. @param {string} name @param {Uint8Array} data */
function chunk(name, data) {
    const head = new DataView(new ArrayBuffer(8));
    head.setUint32(0, data.length);
    [...name].forEach((letter, i) => head.setUint8(4 + i, letter.charCodeAt(0)));
    const bytes = new Uint8Array(head.buffer);
    const sum = new DataView(new ArrayBuffer(4));
    sum.setUint32(0, checksum([bytes.subarray(4), data]));
    return [bytes, data, new Uint8Array(sum.buffer)];
}
