/**
 * Reads how a WebP file is made (RFC 9649), so that a cut one is refused as libwebp does it for Pillow. Lossless data are
 * decoded here; of lossy ones the browser's codec gets the first picture's colours, without alpha, profile or orientation.
 */
import { Broken } from './broken.js';
import { codec } from './codec.js';
import { orientationOf } from './orientation.js';
import { decodeVp8l } from './vp8l.js';

const [ANIMATION, EXIF, KNOWN] = [0x02, 0x08, 0x3e];

/** @typedef {{name: string, data: Uint8Array}} Chunk */

/** @param {Uint8Array} bytes @param {number} at */
const nameAt = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));

/** @param {Uint8Array} bytes */
export const isWebp = (bytes) => nameAt(bytes, 0) === 'RIFF' && nameAt(bytes, 8) === 'WEBP';

/** @param {Uint8Array} bytes of a WebP file @returns {import('./decode.js').Described} @throws {Broken} */
export function describeWebp(bytes) {
    const end = 8 + u32(bytes, 4);
    if (end > bytes.length) throw new Broken('the file is cut: it is shorter than it says');
    const chunks = chunksOf(bytes.subarray(12, end));
    const first = chunks[0];
    if (first?.name !== 'VP8X') return described(sizeOf(first), first, { x: 0, y: 0 }, undefined);
    const { flags, width, height } = canvasOf(first.data);
    const { picture, x, y } = flags & ANIMATION ? firstFrame(chunks) : { picture: pictureIn(chunks), x: 0, y: 0 };
    const size = sizeOf(picture);
    const isWhole = size.width === width && size.height === height;
    if (flags & ANIMATION ? x + size.width > width || y + size.height > height : !isWhole) {
        throw new Broken('the picture has another size than the file says');
    }
    const exif = flags & EXIF ? chunks.find(({ name }) => name === 'EXIF')?.data : undefined;
    return described({ width, height }, picture, { x, y }, exif);
}

/** @param {Uint8Array} bytes @returns {Chunk[]} @throws {Broken} */
function chunksOf(bytes) {
    const chunks = [];
    for (let at = 0; at < bytes.length;) {
        const size = at + 8 > bytes.length ? Infinity : u32(bytes, at + 4);
        const next = at + 8 + size + size % 2;
        if (!(next <= bytes.length)) throw new Broken('the file is cut within a chunk');
        chunks.push({ name: nameAt(bytes, at).replace(/ $/, ''), data: bytes.subarray(at + 8, next) }); // libwebp counts the padding in
        at = next;
    }
    return chunks;
}

/** @param {Uint8Array} data of VP8X @throws {Broken} */
function canvasOf(data) {
    if (data.length < 10) throw new Broken('the header is too short');
    if (data[0] & ~KNOWN) throw new Broken('the header has unknown flags');
    return { flags: data[0], width: u24(data, 4) + 1, height: u24(data, 7) + 1 };
}

/** @param {readonly Chunk[]} chunks @returns {Chunk | undefined} */
const pictureIn = (chunks) => chunks.find(({ name }) => name === 'VP8' || name === 'VP8L');

/** @param {readonly Chunk[]} chunks @throws {Broken} */
function firstFrame(chunks) {
    const frame = chunks.find(({ name }) => name === 'ANMF');
    if (!frame || frame.data.length < 16 || !chunks.some(({ name }) => name === 'ANIM')) throw new Broken('the file has no pixels');
    return { picture: pictureIn(chunksOf(frame.data.subarray(16))), x: u24(frame.data, 0) * 2, y: u24(frame.data, 3) * 2 };
}

/** A key frame's, or a lossless picture's. @param {Chunk | undefined} chunk @throws {Broken} */
function sizeOf(chunk) {
    const data = chunk?.data ?? new Uint8Array(0);
    if (chunk?.name === 'VP8' && data.length >= 10 && data[3] === 0x9d && data[4] === 0x01 && data[5] === 0x2a) {
        const partition = (u24(data, 0) >> 5) + 10;
        if (data[0] & 1 || partition > data.length) throw new Broken('the data are cut, or no picture begins them');
        const size = { width: (data[6] | data[7] << 8) & 0x3fff, height: (data[8] | data[9] << 8) & 0x3fff };
        if (size.width > 0 && size.height > 0) return size;
    }
    if (chunk?.name === 'VP8L' && data.length >= 5 && data[0] === 0x2f) {
        const bits = u32(data, 1);
        return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
    }
    throw new Broken('the file has no picture');
}

/** @param {{width: number, height: number}} canvas @param {any} picture @param {{x: number, y: number}} place
 * @param {Uint8Array | undefined} exif @returns {import('./decode.js').Described} */
function described(canvas, picture, place, exif) {
    return {
        ...canvas, orientation: orientationOf(exif), async pixels() {
            const size = sizeOf(picture);
            const rgb = picture.name === 'VP8L' ? decodeVp8l(picture.data, size) : await codec(bare(picture), 'image/webp', size);
            return size.width === canvas.width && size.height === canvas.height ? rgb : placed(rgb, size, canvas, place);
        },
    };
}

/** A file of one chunk. @param {Chunk} chunk */
function bare({ name, data }) {
    const file = new Uint8Array(20 + data.length + data.length % 2);
    const view = new DataView(file.buffer);
    file.set(lettersOf('RIFF'));
    file.set(lettersOf(`WEBP${name.padEnd(4)}`), 8);
    view.setUint32(4, file.length - 8, true);
    view.setUint32(16, data.length, true);
    file.set(data, 20);
    return file;
}

/** @param {string} text */
const lettersOf = (text) => Array.from(text, (letter) => letter.charCodeAt(0));

/** A frame on a black canvas. @param {Uint8ClampedArray} rgb @param {{width: number, height: number}} size
 * @param {{width: number, height: number}} canvas @param {{x: number, y: number}} place */
function placed(rgb, size, canvas, { x, y }) {
    const out = new Uint8ClampedArray(canvas.width * canvas.height * 3);
    for (let row = 0; row < size.height; row++) {
        out.set(rgb.subarray(row * size.width * 3, (row + 1) * size.width * 3), ((y + row) * canvas.width + x) * 3);
    }
    return out;
}

/** @param {Uint8Array} bytes @param {number} at */
const u24 = (bytes, at) => bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
/** @param {Uint8Array} bytes @param {number} at */
const u32 = (bytes, at) => (u24(bytes, at) | bytes[at + 3] << 24) >>> 0;
