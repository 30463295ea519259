/**
 * A picture file's pixels, the same in every browser: RGB as Pillow's convert('RGB') has them, turned as EXIF data say.
 * Alpha is dropped with the values kept, and colours are the file's own numbers, on which models were trained.
 */
import { Failure } from '../failure.js';
import { Broken } from './broken.js';
import { describeJpeg, isJpeg } from './jpeg.js';
import { turned } from './orientation.js';
import { describePng, isPng } from './png.js';
import { describeWebp, isWebp } from './webp.js';

/** Decoded pixels are four bytes each in a browser: at most 256 MiB of them. */
const MAX_PIXELS = 64 * 1024 * 1024;

/** @typedef {import('./orientation.js').Pixels} Pixels */
/**
 * The facts in a file's structure; `pixels` decodes.
 * @typedef {{width: number, height: number, orientation: number,
 *   pixels: () => Uint8ClampedArray<ArrayBuffer> | Promise<Uint8ClampedArray<ArrayBuffer>>}} Described
 */

const FORMATS = [
    { holds: isPng, describe: describePng },
    { holds: isJpeg, describe: describeJpeg },
    { holds: isWebp, describe: describeWebp },
];

/**
 * Its size is known before it is decoded, so that a small file that would become a huge picture is refused.
 * @param {Uint8Array} bytes @returns {Promise<Pixels>} @throws {Failure} picture_invalid or picture_too_large
 */
export async function readPixels(bytes) {
    try {
        return await read(bytes);
    } catch (error) {
        if (!(error instanceof Broken)) throw error;
        throw new Failure('picture_invalid', `the picture cannot be decoded: ${error.message}`,
            { field: 'inputs.image', expected: 'a whole PNG, JPEG or WebP file' });
    }
}

/** @param {Uint8Array} bytes @returns {Promise<Pixels>} */
async function read(bytes) {
    const format = FORMATS.find(({ holds }) => holds(bytes));
    if (!format) {
        throw new Failure('picture_invalid', 'the picture is no PNG, JPEG or WebP file',
            { field: 'inputs.image', expected: 'PNG, JPEG or WebP' });
    }
    const { width, height, orientation, pixels } = format.describe(bytes);
    if (width * height > MAX_PIXELS) {
        throw new Failure('picture_too_large', `the picture has ${width} × ${height} pixels`,
            { field: 'inputs.image', expected: `at most ${MAX_PIXELS} pixels` });
    }
    return turned({ data: await pixels(), width, height, channels: 3 }, orientation);
}
