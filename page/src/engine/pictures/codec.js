/** The pixels of an opaque picture whose format the browser's own codec decodes. */
import { Failure } from '../failure.js';
import { Broken } from './broken.js';

/** So many pixels are read back at a time. */
const BAND_PIXELS = 1 << 20;

/**
 * RGB as it is coded. @param {Uint8Array<ArrayBuffer>} file without alpha, profile or orientation @param {string} mediaType
 * @param {{width: number, height: number}} size as the file says @returns {Promise<Uint8ClampedArray<ArrayBuffer>>}
 * @throws {Broken}
 */
export async function codec(file, mediaType, size) {
    const bitmap = await bitmapOf(file, mediaType);
    try {
        if (bitmap.width !== size.width || bitmap.height !== size.height) {
            throw new Broken(`the browser finds ${bitmap.width} × ${bitmap.height} pixels in it`);
        }
        return toRgb(bitmap);
    } finally {
        bitmap.close();
    }
}

/** @param {Uint8Array<ArrayBuffer>} file @param {string} type @throws {Broken} */
async function bitmapOf(file, type) {
    try {
        return await createImageBitmap(new Blob([file], { type }), { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
    } catch {
        throw new Broken("the browser's codec refuses its data"); // each browser has other words
    }
}

/** Band by band, so that what the canvas takes does not grow with the picture. @param {ImageBitmap} bitmap */
function toRgb(bitmap) {
    const { width, height } = bitmap;
    const rgb = new Uint8ClampedArray(width * height * 3);
    const band = Math.max(1, Math.min(height, Math.floor(BAND_PIXELS / width)));
    const context = new OffscreenCanvas(width, band).getContext('2d', { alpha: false, willReadFrequently: true });
    if (!context) throw new Failure('inference_failed', 'this browser gives no 2D canvas to a worker');
    for (let y = 0, to = 0; y < height; y += band) {
        context.drawImage(bitmap, 0, -y);
        to = withoutAlpha(context.getImageData(0, 0, width, Math.min(band, height - y)).data, rgb, to);
    }
    return rgb;
}

/** @param {Uint8ClampedArray} rgba @param {Uint8ClampedArray} rgb @param {number} to where it goes on */
function withoutAlpha(rgba, rgb, to) {
    for (let from = 0; from < rgba.length; from += 4) {
        rgb[to++] = rgba[from];
        rgb[to++] = rgba[from + 1];
        rgb[to++] = rgba[from + 2];
    }
    return to;
}
