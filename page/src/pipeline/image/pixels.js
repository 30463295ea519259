/** A picture file's pixels, with the browser's own codecs. */
import { openPicture } from '../../engine/decode.js';
import { Failure } from '../../engine/failure.js';

/** So many pixels are read back at a time. */
const BAND_PIXELS = 1 << 20;

/** @typedef {{data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number, channels: 3}} Pixels */

/**
 * RGB, turned as the file's orientation says. Transparent parts lie on black; colours are the file's own
 * numbers, whatever profile it has, as models were trained on them.
 * @param {Uint8Array<ArrayBuffer>} bytes @param {string} mediaType @returns {Promise<Pixels>}
 * @throws {Failure} picture_invalid or picture_too_large
 */
export async function readPixels(bytes, mediaType) {
    const bitmap = await openPicture(bytes, mediaType,
        { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
    try {
        return toRgb(bitmap);
    } finally {
        bitmap.close();
    }
}

/** Band by band, so that what the canvas takes does not grow with the picture.
 * @param {ImageBitmap} bitmap @returns {Pixels} */
function toRgb(bitmap) {
    const { width, height } = bitmap;
    const data = new Uint8ClampedArray(width * height * 3);
    const band = Math.max(1, Math.min(height, Math.floor(BAND_PIXELS / width)));
    const context = new OffscreenCanvas(width, band)
        .getContext('2d', { alpha: false, willReadFrequently: true });
    if (!context) throw new Failure('inference_failed', 'this browser gives no 2D canvas to a worker');
    for (let y = 0, to = 0; y < height; y += band) {
        const rows = Math.min(band, height - y);
        context.fillRect(0, 0, width, band); /* black */
        context.drawImage(bitmap, 0, -y);
        to = withoutAlpha(context.getImageData(0, 0, width, rows).data, data, to);
    }
    return { data, width, height, channels: 3 };
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
