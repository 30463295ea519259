/**
 * Pictures for tasks in Node, which has no decoder: the file is an index into those that were made here,
 * behind the head of a PNG, and a canvas gives the pixels back.
 */
import { inflateSync } from 'node:zlib';

/** @type {{width: number, height: number, rgb: Uint8Array}[]} */
const pictures = [];
const HEAD = 24;

globalThis.createImageBitmap = async (blob) => {
    const bytes = Buffer.from(await blob.arrayBuffer());
    const picture = pictures[bytes[HEAD]];
    if (!picture) throw new Error('The source image could not be decoded.');
    return { ...picture, close() {} };
};

globalThis.OffscreenCanvas = class {
    constructor(width) {
        this.width = width;
    }

    getContext() {
        let shown;
        return {
            fillRect() {},
            drawImage(bitmap, x, y) {
                shown = { rgb: bitmap.rgb, from: -y * bitmap.width };
            },
            getImageData: (x, y, width, height) => ({
                data: Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
                    i % 4 === 3 ? 255 : shown.rgb[(shown.from + Math.floor(i / 4)) * 3 + i % 4]),
            }),
        };
    }
};

/** The file of a picture, and what a task has of it beside its input.
 * @param {{width: number, height: number, rgb: Uint8Array}} picture of tests/lib/media.mjs */
export function pictureFile(picture) {
    const bytes = Buffer.alloc(HEAD + 1);
    bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    bytes.writeUInt32BE(picture.width, 16);
    bytes.writeUInt32BE(picture.height, 20);
    bytes[HEAD] = pictures.push(picture) - 1;
    return carried(bytes);
}

/** A task's members for a file. @param {Uint8Array} bytes */
export function carried(bytes) {
    const tensor = { name: 'image', datatype: 'UINT8', shape: [bytes.length], offset: 0, byte_length: bytes.length };
    return { tensors: [tensor], frame: Uint8Array.from(bytes).buffer, section: 0 };
}

/** The pixels of a PNG file whose rows have the filters None and Up. @param {Uint8Array} bytes */
export function readPng(bytes) {
    const file = Buffer.from(bytes);
    const chunks = [];
    for (let at = 8; at < file.length;) {
        const length = file.readUInt32BE(at);
        chunks.push([file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + length)]);
        at += length + 12;
    }
    const [[, head], [, data]] = chunks;
    const [width, height, bits, type] = [head.readUInt32BE(0), head.readUInt32BE(4), head[8], head[9]];
    const stride = width * (type === 2 ? 3 : 1);
    const rows = inflateSync(data);
    const pixels = new Uint8Array(stride * height);
    for (let i = 0; i < pixels.length; i++) {
        const y = Math.floor(i / stride);
        const above = y > 0 && rows[y * (stride + 1)] === 2 ? pixels[i - stride] : 0;
        pixels[i] = rows[y * (stride + 1) + 1 + i % stride] + above;
    }
    return { names: chunks.map(([name]) => name), width, height, bits, type, length: rows.length, pixels };
}
