/**
 * The steps for a picture's pixels before they become a model's numbers, which depend only on its size: rotating, scaling,
 * cropping and padding. Comments name the functions of Python's transformers 4.57 whose rounding is copied.
 */
import { Failure } from '../../engine/failure.js';
import { aligned } from '../../shared/aligned.js';
import { MOST_PIXELS } from './sizes.js';

/** @import { Settings, Sides, Size } from './settings.js' */
/** @typedef {{kind: 'turn'} | {kind: 'scale', width: number, height: number, method: string}
 *     | {kind: 'cut', left: number, top: number, width: number, height: number}} Step */
/** `border` is added after the conversion to numbers. @typedef {{steps: Step[], size: Size,
 *     border: {left: number, top: number, width: number, height: number} | null}} Plan */
/** @typedef {(from: Size, size: Sides, settings: Settings) => Size} Fit */

/** Pixels of a picture whose rows are scaled, and whose columns are not yet. */
const MOST_HALFWAY = 64 * 1024 * 1024;
/** Idefics3's and SmolVLM's longest side, whatever folders say (MAX_IMAGE_SIZE). */
const MOST_EVEN = 4096;
/** ConvNeXT cuts what is smaller than this. */
const UNCUT = 384;

/** @param {Size} from @param {Settings} settings @returns {Plan} @throws {Failure} if there is no such picture */
export function planOf(from, settings) {
    /** @type {Step[]} */
    const steps = [];
    let at = from;
    const add = (/** @type {Step} */ step, /** @type {Size} */ { width, height }) => {
        checkStep(at, { width, height }, from);
        steps.push(step);
        at = { width, height };
    };
    const { size, does, method } = settings, crop = cropOf(settings);
    const [whole] = size.width && size.height ? [{ width: size.width, height: size.height }] : [];
    if (does.turn && whole && isAcross(at, whole)) add({ kind: 'turn' }, { width: at.height, height: at.width });
    if (does.scale) scale(FITS[settings.fit](at, size, settings), method);
    if (does.shrink && whole) scale(thumbnail(at, whole), 'bicubic');
    if (crop) cut(crop, Math.floor);
    if (does.pad && settings.pad === 'page' && whole) cut(whole, Math.ceil);
    return { steps, size: at, border: borderOf(at, settings) };

    /** @param {Size} to @param {string} how */
    function scale(to, how) {
        if (to.width !== at.width || to.height !== at.height) add({ kind: 'scale', ...to, method: how }, to);
    }
    /** The middle: of an odd rest, `round` says where the larger part is. @param {Size} to @param {(n: number) => number} round */
    function cut({ width, height }, round) {
        if (width === at.width && height === at.height) return;
        add({ kind: 'cut', left: round((at.width - width) / 2), top: round((at.height - height) / 2), width, height },
            { width, height });
    }
}

/** The size of the centre crop; ConvNeXT crops the scaled picture. @param {Settings} settings @returns {Size | null} */
function cropOf({ crop, fit, does, size: { shortest_edge: side } }) {
    return crop ?? (fit === 'cropped' && does.scale && side && side < UNCUT ? square(side) : null);
}

/** @param {Size} at @param {Size} to @param {Size} from the picture */
function checkStep(at, to, from) {
    const becomes = `${from.width} × ${from.height} pixels become ${to.width} × ${to.height} for the model`;
    if (!(to.width > 0 && to.height > 0)) {
        throw new Failure('picture_invalid', becomes, { field: 'inputs.image', expected: 'a larger, or a less narrow picture' });
    }
    if (to.width * to.height <= MOST_PIXELS && to.width * at.height <= MOST_HALFWAY) return;
    throw new Failure('picture_too_large', becomes,
        { field: 'inputs.image', expected: `at most ${MOST_PIXELS} pixels: a less narrow picture` });
}

/** Whether the longer side is the other one. @param {Size} at @param {Size} size */
function isAcross(at, { width, height }) {
    return (width < height && at.width > at.height) || (width > height && at.width < at.height);
}

// --- sizes -----------------------------------------------------------------------------------------

/** @type {Readonly<Record<Settings['fit'], Fit>>} */
const FITS = {
    edges, multiples, rounded, capped16, masks, cropped, page, floored, longest, even,
};

/** @param {number} side @returns {Size} */
const square = (side) => ({ width: side, height: side });

/** BaseImageProcessorFast.resize. @type {Fit} */
function edges(from, size) {
    if (size.shortest_edge && size.longest_edge) return capped(from, size.shortest_edge, size.longest_edge);
    if (size.shortest_edge) return byShortest(from, size.shortest_edge);
    if (size.max_width && size.max_height) return within(from, size.max_width, size.max_height);
    if (size.width && size.height) return { width: size.width, height: size.height };
    throw unfit(size, 'shortest_edge, with longest_edge or without; height and width; or max_height and max_width');
}

/** transformers.js' own, for models that Python's library has not. @type {Fit} */
function multiples(from, size, { divisor }) {
    const { width, height } = Object.keys(size).length > 0 ? edges(from, size, /** @type {any} */ (null)) : from;
    const down = (/** @type {number} */ side) => Math.max(1, Math.floor(side / divisor)) * divisor;
    return { width: down(width), height: down(height) };
}

/** get_resize_output_image_size. @param {Size} from @param {number} side @returns {Size} */
function byShortest({ width, height }, side) {
    const long = Math.trunc(side * Math.max(width, height) / Math.min(width, height));
    return width <= height ? { width: side, height: long } : { width: long, height: side };
}

/** get_size_with_aspect_ratio: the shortest edge, unless the longest would be too long.
 * @param {Size} from @param {number} shortest @param {number} most @returns {Size} */
function capped({ width, height }, shortest, most) {
    const { edge, scale } = underCap({ width, height }, shortest, most);
    if (Math.min(width, height) === edge) return { width, height };
    return width < height ? { width: edge, height: Math.trunc(scale * height / width) }
        : { width: Math.trunc(scale * width / height), height: edge };
}

/** @param {Size} from @param {number} shortest @param {number} most */
function underCap({ width, height }, shortest, most) {
    const [low, high] = [Math.min(width, height), Math.max(width, height)];
    if (high / low * shortest <= most) return { edge: shortest, scale: shortest };
    const scale = most * low / high;
    return { edge: toEven(scale), scale };
}

/** YOLOS' get_size_with_aspect_ratio, which leaves nothing but multiples of 16. @type {Fit} */
function capped16(from, size, settings) {
    if (!size.shortest_edge || !size.longest_edge) return edges(from, size, settings);
    const { edge, scale } = underCap(from, size.shortest_edge, size.longest_edge);
    const { width, height } = from.width < from.height
        ? { width: edge, height: Math.trunc(scale * from.height / from.width) }
        : capped(from, size.shortest_edge, size.longest_edge);
    return { width: width - width % 16, height: height - height % 16 };
}

/** get_maskformer_resize_output_image_size. @type {Fit} */
function masks(from, size, settings) {
    const { divisor } = settings;
    const { width, height } = size.shortest_edge && size.longest_edge
        ? underLongest(from, size.shortest_edge, size.longest_edge) : edges(from, size, settings);
    return { width: aligned(width, divisor), height: aligned(height, divisor) };
}

/** @param {Size} from @param {number} shortest @param {number} most @returns {Size} */
function underLongest(from, shortest, most) {
    const { width, height } = byShortest(from, shortest);
    const long = Math.max(width, height);
    if (long <= most) return { width, height };
    const short = Math.trunc(most * shortest / long);
    return from.width <= from.height ? { width: short, height: most } : { width: most, height: short };
}

/** get_image_size_for_max_height_width. @param {Size} from @param {number} widest @param {number} highest @returns {Size} */
function within({ width, height }, widest, highest) {
    const scale = Math.min(highest / height, widest / width);
    return { width: Math.trunc(width * scale), height: Math.trunc(height * scale) };
}

/** ConvNextImageProcessor.resize: larger by a share, of which the middle is cut. @type {Fit} */
function cropped(from, size, { cropShare }) {
    const { shortest_edge: side } = size;
    if (!side) throw unfit(size, 'shortest_edge');
    return side < UNCUT ? byShortest(from, Math.trunc(side / cropShare)) : square(side);
}

/** Donut's: the shorter edge of the page. @type {Fit} */
function page(from, size) {
    if (!size.width || !size.height) throw unfit(size, 'height and width');
    return byShortest(from, Math.min(size.width, size.height));
}

/** Donut's thumbnail. @param {Size} from @param {Size} size @returns {Size} */
function thumbnail({ width, height }, size) {
    const wide = Math.min(width, size.width), high = Math.min(height, size.height);
    if (wide === width && high === height) return { width, height };
    if (height > width) return { width: Math.trunc(width * high / height), height: high };
    return width > height ? { width: wide, height: Math.trunc(height * wide / width) } : { width: wide, height: high };
}

/** DPT's get_resize_output_image_size: multiples, and scaled as little as possible. @type {Fit} */
function rounded(from, size, { rounding: { multiple, keepsRatio } }) {
    if (!size.width || !size.height) throw unfit(size, 'height and width');
    let [x, y] = [size.width / from.width, size.height / from.height];
    if (keepsRatio) [x, y] = Math.abs(1 - x) < Math.abs(1 - y) ? [x, x] : [y, y];
    const near = (/** @type {number} */ side) => toEven(side / multiple) * multiple;
    return { width: near(x * from.width), height: near(y * from.height) };
}

/** GLPN's: multiples below. @type {Fit} */
function floored({ width, height }, _, { divisor }) {
    return { width: width - width % divisor, height: height - height % divisor };
}

/** SamImageProcessor._get_preprocess_shape. @type {Fit} */
function longest({ width, height }, size) {
    if (!size.longest_edge) throw unfit(size, 'longest_edge');
    const scale = size.longest_edge / Math.max(width, height);
    return { width: Math.trunc(width * scale + 0.5), height: Math.trunc(height * scale + 0.5) };
}

/** Idefics3's get_resize_output_image_size: the longest edge, and an even one. @type {Fit} */
function even({ width, height }, size) {
    if (!size.longest_edge) throw unfit(size, 'longest_edge');
    const ratio = width / height, isWide = width >= height;
    const other = Math.trunc(isWide ? size.longest_edge / ratio : size.longest_edge * ratio);
    const short = Math.max(1, other + other % 2);
    return upTo(isWide ? { width: size.longest_edge, height: short } : { width: short, height: size.longest_edge }, MOST_EVEN);
}

/** @param {Size} from @param {number} most @returns {Size} */
function upTo({ width, height }, most) {
    if (Math.max(width, height) <= most) return { width, height };
    const ratio = width / height;
    return width >= height ? { width: most, height: Math.max(1, Math.trunc(most / ratio)) }
        : { width: Math.max(1, Math.trunc(most * ratio)), height: most };
}

/** As Python rounds: a half to the even number. @param {number} value */
function toEven(value) {
    const below = Math.floor(value), rest = value - below;
    return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** @param {Sides} size @param {string} expected */
const unfit = (size, expected) => new Failure('model_invalid',
    `preprocessor_config.json: size has ${Object.keys(size).join(' and ')}`, { field: 'size', expected });

// --- borders ---------------------------------------------------------------------------------------

/** @param {Size} at @param {Settings} settings @returns {Plan['border']} @throws {Failure} */
function borderOf(at, { does, pad, border, divisor, fit }) {
    if (!does.pad || pad === 'page') return null;
    const isFilled = pad === 'middle' || fit === 'multiples';
    const { width, height } = border ?? (isFilled ? { width: aligned(at.width, divisor), height: aligned(at.height, divisor) } : at);
    if (width < at.width || height < at.height) throw tooSmall(at, { width, height });
    if (width * height > MOST_PIXELS) {
        throw new Failure('model_invalid', `preprocessor_config.json: size_divisor ${divisor} has borders make ${width} × ${height} pixels`,
            { field: 'size_divisor', expected: `at most ${MOST_PIXELS} pixels` });
    }
    if (width === at.width && height === at.height) return null;
    const half = (/** @type {number} */ rest) => pad === 'middle' ? Math.floor(rest / 2) : 0;
    return { left: half(width - at.width), top: half(height - at.height), width, height };
}

/** @param {Size} at @param {Size} border */
const tooSmall = (at, border) => new Failure('model_invalid', 'preprocessor_config.json: '
    + `pad_size is ${border.width} × ${border.height}, and a picture comes to ${at.width} × ${at.height} pixels`,
{ field: 'pad_size', expected: 'no less than what size makes of pictures' });
