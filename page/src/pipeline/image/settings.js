/** The settings of a folder's preprocessor_config.json, with the defaults of its class in Python. */
import { Failure } from '../../engine/failure.js';
import { PROCESSORS, processorName } from './processors.js';
import { METHODS, methodName } from './resample.js';
import { checkSizes } from './sizes.js';

/** @import { Processor } from './processors.js' */
/** @typedef {{width: number, height: number}} Size */
/** Sides by name: of which there are which, `Processor.fit` says.
 * @typedef {{width?: number, height?: number, shortest_edge?: number, longest_edge?: number, max_width?: number,
 *     max_height?: number}} Sides */

/**
 * `rescale` has a factor and an offset that is added after it, `normalize` the numbers of each channel; null: not done.
 * @typedef {object} Settings
 * @property {Processor['fit']} fit
 * @property {Processor['pad']} pad
 * @property {string} method by which pictures are scaled
 * @property {Sides} size without sides where nothing says it
 * @property {Size | null} crop
 * @property {Size | null} border
 * @property {number} divisor 1: none
 * @property {{multiple: number, keepsRatio: boolean}} rounding
 * @property {number} cropShare
 * @property {{scale: boolean, margin: boolean, turn: boolean, shrink: boolean, pad: boolean, flip: boolean, split: boolean}} does
 * @property {{factor: number, offset: number} | null} rescale
 * @property {{mean: number[], std: number[]}[]} normalize one after the other
 * @property {number | null} tile the side of a part of a picture that is cut
 */

const FILE = 'preprocessor_config.json';
const SIDES = Object.freeze([
    ['height', 'width'], ['shortest_edge'], ['shortest_edge', 'longest_edge'], ['longest_edge'], ['max_height', 'max_width'],
]);
/** Steps that change nothing in what is made of one picture without labels, or that belong to models' own texts. */
const HARMLESS = Object.freeze(['do_convert_rgb', 'do_convert_annotations', 'do_reduce_labels']);
/** Those that are done here. */
const DONE = Object.freeze([
    'do_resize', 'do_center_crop', 'do_rescale', 'do_normalize', 'do_pad', 'do_thumbnail', 'do_align_long_axis',
    'do_crop_margin', 'do_flip_channel_order', 'do_image_splitting',
]);
/** Members by which older folders, and those of other libraries, call others. */
const RENAMED = Object.freeze({
    size_divisibility: 'size_divisor', mean: 'image_mean', std: 'image_std', pad_and_return_pixel_mask: 'do_pad',
});
/** How pictures are scaled by their own size alone. */
const UNSIZED = Object.freeze(['multiples', 'floored']);

/** @param {Record<string, any>} file preprocessor_config.json @returns {Settings} @throws {Failure} if it asks for something
 * that is not implemented here, or is impossible */
export function settingsOf(file) {
    const processor = processorOf(file);
    checkSteps(file);
    const said = renamed(file);
    const all = { ...processor.defaults, ...said, ...processor.fixed };
    const size = sidesOf('size', all.size, processor.number, all.max_size);
    const crop = all.do_center_crop ? sidesOf('crop_size', all.crop_size, 'square') : undefined;
    const border = all.do_pad ? sidesOf('pad_size', all.pad_size, 'square') : undefined;
    checkSizes({ size, crop_size: crop, pad_size: border });
    const hasSize = size !== undefined || (UNSIZED.includes(processor.fit) && all.size_divisor);
    if (said.do_resize && !hasSize) throw wrong('size', undefined, 'the size of pictures, with do_resize');
    return {
        fit: processor.fit, pad: processor.pad, method: methodOf(all.resample),
        size: squared(all, size) ?? {},
        crop: rectangle('crop_size', crop), border: rectangle('pad_size', border),
        divisor: whole('size_divisor', all.size_divisor ?? 1),
        rounding: { multiple: whole('ensure_multiple_of', all.ensure_multiple_of ?? 1), keepsRatio: Boolean(all.keep_aspect_ratio) },
        cropShare: positive('crop_pct', all.crop_pct ?? 1),
        does: {
            scale: Boolean(all.do_resize && hasSize), margin: Boolean(all.do_crop_margin), turn: Boolean(all.do_align_long_axis), shrink: Boolean(all.do_thumbnail),
            pad: Boolean(all.do_pad), flip: flips(processor, all), split: Boolean(all.do_image_splitting),
        },
        rescale: all.do_rescale
            ? { factor: finite('rescale_factor', all.rescale_factor), offset: all.rescale_offset ? -1 : 0 } : null,
        normalize: normalizing(all), tile: all.max_image_size?.longest_edge ?? null,
    };
}

/** @param {Record<string, any>} file @returns {Processor} @throws {Failure} */
function processorOf(file) {
    const name = processorName(file);
    if (name !== undefined && Object.hasOwn(PROCESSORS, name)) return PROCESSORS[name];
    const field = file.feature_extractor_type && !file.image_processor_type ? 'feature_extractor_type' : 'image_processor_type';
    throw new Failure('model_invalid', name === undefined ? `${FILE} has no image_processor_type`
        : `${FILE}: ${field} is ${shown(file[field])}, which this page cannot prepare pictures for`,
    { field, expected: `one of ${Object.keys(PROCESSORS).join(', ')}` });
}

/** Refuses unknown steps, which would make other numbers. @param {Record<string, any>} file @throws {Failure} */
function checkSteps(file) {
    for (const [name, value] of Object.entries(file)) {
        if (!name.startsWith('do_') || !value || HARMLESS.includes(name) || DONE.includes(name)) continue;
        throw wrong(name, value, `false, or a step that is done here: ${DONE.join(', ')}`);
    }
    if ([file.fill_color].flat().some(Boolean)) throw wrong('fill_color', file.fill_color, '0, which is black');
}

/** The folder's settings, by the present names of members; null counts as missing, except for a step.
 * @param {Record<string, any>} file */
function renamed(file) {
    /** @type {Record<string, any>} */
    const said = {};
    for (const [old, name] of Object.entries(RENAMED)) if (file[old] != null) said[name] = file[old];
    for (const [name, value] of Object.entries(file)) {
        if (value !== null || name.startsWith('do_')) said[name] = value;
    }
    return said;
}

/** @param {string} name @param {any} value @param {Processor['number']} number what one number means
 * @param {any} [most] @returns {Sides | undefined} @throws {Failure} */
function sidesOf(name, value, number, most) {
    if (value === undefined || value === null) return undefined;
    const sides = named(value, number, most);
    const names = Object.keys(sides ?? {}).filter((side) => sides[side] !== null && sides[side] !== undefined).sort().join();
    const isKnown = SIDES.some((known) => [...known].sort().join() === names);
    if (isKnown && names.split(',').every((side) => isSide(sides[side]))) return sides;
    throw wrong(name, value, `a number, or an object of whole numbers: ${SIDES.map((known) => known.join(' and ')).join('; ')}`);
}

/** @param {any} value @param {Processor['number']} number @param {any} most */
function named(value, number, most) {
    if (Array.isArray(value)) return value.length === 2 ? { height: value[0], width: value[1] } : null;
    if (typeof value !== 'number') return typeof value === 'object' ? value : null;
    if (number === 'square') return { height: value, width: value };
    if (number === 'longest') return { longest_edge: value };
    return { shortest_edge: value, ...(number === 'capped' ? { longest_edge: most ?? 1333 } : {}) };
}

/** @param {unknown} side */
const isSide = (side) => Number.isInteger(side) && /** @type {number} */ (side) > 0;

/** KOSMOS-2's way to have CLIP's shortest edge for both. @param {Record<string, any>} all @param {Sides | undefined} size */
function squared({ use_square_size: isSquare }, size) {
    return isSquare && size?.shortest_edge ? { height: size.shortest_edge, width: size.shortest_edge } : size;
}

/** @param {string} name @param {Sides | undefined} sides @returns {Size | null} @throws {Failure} */
function rectangle(name, sides) {
    if (!sides) return null;
    const { width, height } = sides;
    if (width === undefined || height === undefined) throw wrong(name, sides, 'a number, or height and width');
    return { width, height };
}

/** @param {unknown} resample @throws {Failure} */
function methodOf(resample) {
    const name = methodName(resample);
    if (name) return name;
    throw wrong('resample', resample, `0 to 5: ${METHODS.join(', ')}`);
}

/** MobileViT's; transformers.js has it for what Python does not know. @param {Processor} processor @param {any} all */
const flips = ({ file, defaults }, { do_flip_channel_order: flip }) =>
    Boolean(flip) && (file === null || Object.hasOwn(defaults, 'do_flip_channel_order'));

/** EfficientNet divides by the deviation once more, for its classes. @param {Record<string, any>} all */
function normalizing({ do_normalize: normalizes, include_top: again, image_mean: mean, image_std: std }) {
    const of = (/** @type {string} */ name, /** @type {any} */ value) => {
        const list = Array.isArray(value) ? value : [value, value, value];
        const isGood = list.length === 3 && list.every((one) => Number.isFinite(one) && (one !== 0 || name === 'image_mean'));
        if (!isGood) throw wrong(name, value, name === 'image_mean' ? 'a number, or three' : 'a number, or three, none of them 0');
        return list;
    };
    if (!normalizes && !again) return [];
    const deviation = of('image_std', std);
    return [...(normalizes ? [{ mean: of('image_mean', mean), std: deviation }] : []),
        ...(again ? [{ mean: [0, 0, 0], std: deviation }] : [])];
}

/** @param {string} name @param {any} value @returns {number} @throws {Failure} */
function whole(name, value) {
    if (isSide(value) && value <= 1 << 16) return value;
    throw wrong(name, value, 'a whole number from 1 to 65536');
}

/** @param {string} name @param {any} value @returns {number} @throws {Failure} */
function positive(name, value) {
    if (Number.isFinite(value) && value > 0) return value;
    throw wrong(name, value, 'a number above 0');
}

/** @param {string} name @param {any} value @returns {number} @throws {Failure} */
function finite(name, value) {
    if (Number.isFinite(value)) return value;
    throw wrong(name, value, 'a number');
}

/** @param {any} value */
const shown = (value) => (JSON.stringify(value) ?? 'not there').slice(0, 60);

/** @param {string} field @param {any} value @param {string} expected */
const wrong = (field, value, expected) =>
    new Failure('model_invalid', `${FILE}: ${field} is ${shown(value)}`, { field, expected });
