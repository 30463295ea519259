/** How a picture is turned, by its EXIF data, and the turning. Arithmetic only. */

const ORIENTATION = 0x0112;
/** The readers for TIFF's types that hold one small whole number. */
const READERS = /** @type {Readonly<Record<number, (view: DataView, at: number, little: boolean) => number>>} */ ({
    1: (view, at) => view.getUint8(at),
    3: (view, at, little) => view.getUint16(at, little),
    4: (view, at, little) => view.getUint32(at, little),
});
const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];

/** Whether bytes begin with what leads EXIF data in a JPEG file. @param {Uint8Array} bytes */
export const isExif = (bytes) => EXIF.every((byte, at) => bytes[at] === byte);

/**
 * EXIF's Orientation, 1 to 8: 1 where the data do not say.
 * @param {Uint8Array | undefined} data in TIFF's format, behind "Exif" or not
 */
export function orientationOf(data) {
    if (!data) return 1;
    const tiff = isExif(data) ? data.subarray(EXIF.length) : data;
    const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
    if (view.byteLength < 8) return 1;
    const little = view.getUint16(0) === 0x4949;
    if (!little && view.getUint16(0) !== 0x4d4d || view.getUint16(2, little) !== 42) return 1;
    const directory = view.getUint32(4, little);
    if (directory + 2 > view.byteLength) return 1;
    const end = Math.min(view.byteLength, directory + 2 + 12 * view.getUint16(directory, little));
    for (let at = directory + 2; at + 12 <= end; at += 12) {
        const read = READERS[view.getUint16(at + 2, little)];
        if (view.getUint16(at, little) !== ORIENTATION || !read || view.getUint32(at + 4, little) !== 1) continue;
        const value = read(view, at + 8, little);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

/** @typedef {{data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number, channels: 3}} Pixels */

/** The picture as it is to be seen. @param {Pixels} pixels @param {number} orientation @returns {Pixels} */
export function turned(pixels, orientation) {
    if (orientation === 1) return pixels;
    const { data, width, height, channels } = pixels;
    const isAcross = orientation > 4;
    const [columns, rows] = isAcross ? [height, width] : [width, height];
    // In the source: where the first pixel is, and how far the next one along a row and along a column.
    const [mirrorsX, mirrorsY] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation)];
    const first = (mirrorsX ? width - 1 : 0) + (mirrorsY ? height - 1 : 0) * width;
    const x = mirrorsX ? -1 : 1, y = mirrorsY ? -width : width;
    const [along, down] = isAcross ? [y, x] : [x, y];
    const out = new Uint8ClampedArray(data.length);
    for (let row = 0, to = 0; row < rows; row++) {
        for (let i = 0, from = (first + row * down) * 3; i < columns; i++, from += along * 3) {
            out[to++] = data[from];
            out[to++] = data[from + 1];
            out[to++] = data[from + 2];
        }
    }
    return { data: out, width: columns, height: rows, channels };
}
