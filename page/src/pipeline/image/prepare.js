/** A picture as the numbers that its model takes, by Python's rules: transformers.js has others. */
import { settingsOf } from './settings.js';
import { resample } from './resample.js';
import { planOf } from './steps.js';

/** @import { Settings, Size } from './settings.js' */
/** @import { Plan, Step } from './steps.js' */
/** Interleaved RGB. @typedef {{data: Uint8Array | Uint8ClampedArray, width: number, height: number, channels: number}} Pixels */

/** Has a processor of transformers.js prepare its pictures so. @param {any} library what transformers.js exports
 * @param {any} processor one of its image processors */
export function adoptPictures({ Tensor }, processor) {
    if (typeof processor.preprocess !== 'function') throw new Error('an image processor of transformers.js has no preprocess');
    processor.preprocess = async (/** @type {Pixels} */ image) => {
        const { numbers, size, reshaped } = prepare(image, settingsOf(processor.config));
        return {
            original_size: [image.height, image.width], reshaped_input_size: [reshaped.height, reshaped.width],
            pixel_values: new Tensor('float32', numbers, [3, size.height, size.width]),
        };
    };
}

/** One plane for each channel. @param {Pixels} image which stays as it is @param {Settings} settings
 * @returns {{numbers: Float32Array, size: Size, reshaped: Size}} `reshaped`: without its border
 * @throws {import('../../engine/failure.js').Failure} */
export function prepare(image, settings) {
    const shown = settings.does.margin ? withoutMargin(image) : image;
    const { steps, size, border } = planOf(shown, settings);
    return { numbers: numbersOf(changed(shown, steps), settings, border), size: border ?? size, reshaped: size };
}

// --- pixels ----------------------------------------------------------------------------------------

/** @param {Pixels} image @param {Step[]} steps @returns {Pixels} */
export function changed(image, steps) {
    return steps.reduce((from, step) => {
        if (step.kind === 'turn') return turned(from);
        if (step.kind === 'cut') return cut(from, step);
        const { width, height, method } = step;
        return { ...from, data: resample(from, width, height, method), width, height };
    }, image);
}

/** By a quarter, as a clock's hand goes. @param {Pixels} from @returns {Pixels} */
function turned({ data, width, height, channels }) {
    const out = new Uint8ClampedArray(data.length);
    for (let y = 0, to = 0; y < width; y++) {
        for (let x = 0; x < height; x++) {
            const at = ((height - 1 - x) * width + y) * channels;
            for (let channel = 0; channel < channels; channel++) out[to++] = data[at + channel];
        }
    }
    return { data: out, width: height, height: width, channels };
}

/** A part of the picture, 0 where there is none of it.
 * @param {Pixels} image @param {{left: number, top: number, width: number, height: number}} part @returns {Pixels} */
function cut(image, { left, top, width, height }) {
    const { data, channels } = image;
    const out = new Uint8ClampedArray(width * height * channels);
    const [first, last] = [Math.max(0, left), Math.min(image.width, left + width)];
    for (let y = Math.max(0, top); y < Math.min(image.height, top + height) && first < last; y++) {
        const from = y * image.width * channels;
        const row = data.subarray(from + first * channels, from + last * channels);
        out.set(row, ((y - top) * width + first - left) * channels);
    }
    return { data: out, width, height, channels };
}

/** The brightness of a page's margin, as a share of the range. */
const BRIGHT = 200;

/** NougatImageProcessor.crop_margin: the rectangle of what is dark. @param {Pixels} image @returns {Pixels} */
function withoutMargin(image) {
    const { width, height } = image, grey = greyOf(image);
    const lowest = grey.reduce((a, b) => Math.min(a, b)), range = grey.reduce((a, b) => Math.max(a, b)) - lowest;
    if (range === 0) return image;
    let [left, right, top, bottom] = [width, -1, height, -1];
    for (let y = 0, at = 0; y < height; y++) {
        for (let x = 0; x < width; x++, at++) {
            if ((grey[at] - lowest) / range * 255 >= BRIGHT) continue;
            [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), y];
        }
    }
    return cut(image, { left, top, width: right - left + 1, height: bottom - top + 1 });
}

/** As Pillow makes L of RGB (ITU-R 601-2, in 16 bits). @param {Pixels} image */
function greyOf({ data, width, height, channels }) {
    return Uint8Array.from({ length: width * height }, (_, i) => {
        const at = i * channels;
        return (data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 0x8000) >> 16;
    });
}

// --- numbers ---------------------------------------------------------------------------------------

/** @param {Pixels} image @param {Settings} settings @param {Plan['border']} border of 0 @returns {Float32Array} */
export function numbersOf({ data, width, height, channels }, settings, border) {
    const whole = border ?? { left: 0, top: 0, width, height };
    const plane = whole.width * whole.height, numbers = new Float32Array(3 * plane);
    for (let channel = 0; channel < 3; channel++) {
        const from = settings.does.flip ? 2 - channel : channel;
        const values = valuesOf(settings, from);
        for (let y = 0; y < height; y++) {
            let at = y * width * channels + from, to = channel * plane + (y + whole.top) * whole.width + whole.left;
            for (let x = 0; x < width; x++, at += channels) numbers[to++] = values[data[at]];
        }
    }
    return numbers;
}

/** The number for each byte of a channel, in 32 bits from step to step as numpy computes it.
 * @param {Settings} settings @param {number} channel */
function valuesOf({ rescale, normalize }, channel) {
    return Float32Array.from({ length: 256 }, (_, byte) => {
        let value = rescale ? Math.fround(Math.fround(byte * rescale.factor) + rescale.offset) : byte;
        for (const { mean, std } of normalize) {
            value = Math.fround(Math.fround(value - Math.fround(mean[channel])) / Math.fround(std[channel]));
        }
        return value;
    });
}
