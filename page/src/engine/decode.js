/** Decodes a picture and scales it to what the model takes, with the browser's own codecs. */
import { MAX_PIXELS, pictureSize, pixelsToTensor, placement } from './picture.js';
import { Failure } from './failure.js';

/** @import { PictureSpec } from './picture.js' */

/**
 * @param {Uint8Array<ArrayBuffer>} bytes @param {string} mediaType @param {PictureSpec} spec
 * @returns {Promise<{type: string, data: any, dims: number[]}>}
 */
export async function decodePicture(bytes, mediaType, spec) {
    const bitmap = await openPicture(bytes, mediaType, { premultiplyAlpha: 'none' });
    try {
        return pixelsToTensor(draw(bitmap, spec), spec);
    } finally {
        bitmap.close();
    }
}

/**
 * The decoded picture, to be closed by the caller. Its size is read from the head of the file first, so
 * that a small file that decodes to a huge picture is refused.
 * @param {Uint8Array<ArrayBuffer>} bytes @param {string} mediaType @param {ImageBitmapOptions} options
 * @throws {Failure} picture_invalid or picture_too_large
 */
export async function openPicture(bytes, mediaType, options) {
    const size = pictureSize(bytes);
    if (!size) {
        throw new Failure('picture_invalid', 'the picture is no PNG, JPEG or WebP file',
            { field: 'inputs.image', expected: 'PNG, JPEG or WebP' });
    }
    if (size.width * size.height > MAX_PIXELS) {
        throw new Failure('picture_too_large', `the picture has ${size.width} × ${size.height} pixels`,
            { field: 'inputs.image', expected: `at most ${MAX_PIXELS} pixels` });
    }
    try {
        return await createImageBitmap(new Blob([bytes], { type: mediaType }), options);
    } catch (error) {
        throw new Failure('picture_invalid', `the picture cannot be decoded: ${error}`,
            { field: 'inputs.image', expected: 'a whole PNG, JPEG or WebP file' });
    }
}

/** @param {ImageBitmap} bitmap @param {PictureSpec} spec */
function draw(bitmap, spec) {
    const { width, height, fit = 'stretch', background = [0, 0, 0] } = spec;
    const context = new OffscreenCanvas(width, height).getContext('2d', { alpha: false, willReadFrequently: true });
    if (!context) throw new Failure('inference_failed', 'this browser gives no 2D canvas to a worker');
    context.fillStyle = `rgb(${background.map(Number).join(' ')})`;
    context.fillRect(0, 0, width, height);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    const to = placement(fit, bitmap.width, bitmap.height, width, height);
    context.drawImage(bitmap, to.x, to.y, to.width, to.height);
    return context.getImageData(0, 0, width, height).data;
}
