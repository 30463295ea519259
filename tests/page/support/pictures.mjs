/** Pictures for tasks: PNG files, which the page decodes itself. */
import { png } from '../../lib/picture.mjs';

/** The file of a picture, and what a task has of it beside its input.
 * @param {{width: number, height: number, rgb: Uint8Array}} picture of tests/lib/media.mjs */
export const pictureFile = (picture) => carried(fileOf(picture));

/** The same of several. @param {{width: number, height: number, rgb: Uint8Array}[]} several */
export function pictureFiles(several) {
    const files = several.map(fileOf);
    let offset = 0;
    const tensors = files.map((file) => ({ ...carried(file).tensors[0], offset: (offset += file.length) - file.length }));
    return { ...carried(Buffer.concat(files)), tensors };
}

const fileOf = ({ width, height, rgb }) => png(width, height, (x, y) => [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]);

/** A task's members for a file. @param {Uint8Array} bytes */
export function carried(bytes) {
    const { length } = bytes;
    const tensor = { name: 'image', datatype: 'UINT8', shape: [length], offset: 0, byte_length: length };
    return { tensors: [tensor], frame: Uint8Array.from(bytes).buffer, section: 0 };
}
