/**
 * Sizes that are known before a graph is loaded, for WebNN, which computes nothing else: those of pictures
 * that a processor brings to one size, and of sounds that it cuts into windows. There is one at a time.
 */
import { Failure } from '../engine/failure.js';

/** Sizes by the names that exporters give them; what a graph does not name is passed over.
 * @typedef {Record<string, number>} Sizes */

/** Graphs that take what a processor makes; the others take what these make of it, or texts. */
const SENSING = /^onnx\/(?:model|encoder_model|vision_encoder|vision_model|audio_model)(?:_[a-z0-9]+){0,2}\.onnx$/;

/** @param {any} config @param {any} described how pictures or sounds are prepared
 * @returns {(path: string) => Sizes} of each graph; none where they are not the same each time */
export function sizesOf(config, described) {
    const sizes = soundSizes(described) ?? pictureSizes(config, described);
    return (path) => SENSING.test(path) ? sizes : {};
}

/** @param {any} described @returns {Sizes | null} null: this is no sound of one length */
function soundSizes(described) {
    const { feature_extractor_type: type, feature_size: bins, nb_max_frames: frames } = described ?? {};
    if (type === 'ASTFeatureExtractor') return { batch_size: 1 }; // the others its exporters fix
    if (type === 'ClapFeatureExtractor') return spectrumSizes(described);
    if (type !== 'WhisperFeatureExtractor' || ![bins, frames].every(isSize)) return null;
    return { batch_size: 1, feature_size: bins, encoder_sequence_length: frames };
}

/** CLAP's: what is shorter than a window is filled up to it, and what is longer is cut before (audio.js).
 * @param {any} described @returns {Sizes} */
function spectrumSizes({ feature_size: bins, nb_max_samples: samples, fft_window_size: frame, hop_length: hop }) {
    if (![bins, samples, frame, hop].every(isSize)) return {};
    // The library counts them so, with half a frame of the sound's mirror image at both ends.
    const frames = 1 + Math.floor((samples + 2 * (frame >> 1) - frame) / hop);
    return { batch_size: 1, audio_batch_size: 1, num_channels: 1, height: frames, width: bins };
}

/** @param {any} config @param {any} described @returns {Sizes} */
function pictureSizes(config, described) {
    const { height, width } = (described?.do_center_crop ? square(described.crop_size) : described?.size) ?? {};
    if (![height, width].every(isSize) || differs(described)) return {};
    const channels = (config.vision_config ?? config.encoder ?? config).num_channels ?? 3;
    return { batch_size: 1, image_batch_size: 1, num_channels: channels, height, width };
}

/** Older files have one number for both sides of what is cut out. @param {any} size */
const square = (size) => isSize(size) ? { height: size, width: size } : size;

/** @param {unknown} size */
const isSize = (size) => Number.isInteger(size) && /** @type {number} */ (size) > 0;

/** Whether a picture's own size shows in that of what is made of it. @param {any} described */
function differs({ do_resize: scales, do_center_crop: crops, do_pad: pads, pad_size: padded, do_thumbnail: shrinks,
    keep_aspect_ratio: keeps, size_divisor: divisor, size_divisibility: divisibility }) {
    const isLeft = scales === false && !crops;
    // Without a size of their own, borders bring a picture that is no larger to `size`.
    const isCut = pads ? padded !== undefined || crops : shrinks;
    return Boolean(isLeft || isCut || keeps || divisor || divisibility);
}

/** Of pictures or sounds there is one, of texts there may be several: a graph that names both numbers alike, as older
 * exporters do, has been given 1 for both. @param {any} session @throws {Failure} */
export function requireManyTexts({ inputMetadata = [] }) {
    const texts = inputMetadata.find((/** @type {any} */ { name }) => name === 'input_ids');
    if (typeof texts?.shape[0] !== 'number') return;
    throw new Failure('platform_unsupported',
        'WebNN computes only what has fixed sizes, and the graph names the number of its pictures or sounds as that of its texts');
}
