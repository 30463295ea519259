/**
 * Pictures for tasks in Node, which has no decoder: the file is an index into those that were made here,
 * behind the head of a PNG, and a canvas gives the pixels back.
 */

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
export const pictureFile = (picture) => carried(fileOf(picture));

/** The same of several. @param {(typeof pictures)[number][]} several */
export function pictureFiles(several) {
    const files = several.map(fileOf);
    const tensors = files.map(({ length }, i) => ({ ...carried(files[i]).tensors[0], offset: i * length }));
    return { ...carried(Buffer.concat(files)), tensors };
}

function fileOf(picture) {
    const bytes = Buffer.alloc(HEAD + 1);
    bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    bytes.writeUInt32BE(picture.width, 16);
    bytes.writeUInt32BE(picture.height, 20);
    bytes[HEAD] = placeOf(picture);
    return bytes;
}

/** The same for the same picture, whose files are the same. @param {(typeof pictures)[number]} picture */
function placeOf(picture) {
    const found = pictures.findIndex(({ width, height, rgb }) =>
        width === picture.width && height === picture.height && Buffer.from(rgb).equals(Buffer.from(picture.rgb)));
    return found < 0 ? pictures.push(picture) - 1 : found;
}

/** A task's members for a file. @param {Uint8Array} bytes */
export function carried(bytes) {
    const { length } = bytes;
    const tensor = { name: 'image', datatype: 'UINT8', shape: [length], offset: 0, byte_length: length };
    return { tensors: [tensor], frame: Uint8Array.from(bytes).buffer, section: 0 };
}
