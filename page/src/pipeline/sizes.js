/**
 * Sizes that are known before a graph is loaded, for WebNN, which computes nothing else: those of pictures
 * that a processor brings to one size, and of sounds that it cuts into windows. There is one at a time.
 */
import { Failure } from '../engine/failure.js';
import { settingsOf } from './image/settings.js';
import { planOf } from './image/steps.js';

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

/** Pictures whose own sizes would show in that of what is made of them. */
const PROBES = Object.freeze([[64, 48], [48, 64], [500, 500], [1000, 37], [37, 1000], [3000, 2000]]);

/** @param {any} config @param {any} described @returns {Sizes} */
function pictureSizes(config, described) {
    const [size, ...others] = madeOf(described);
    if (!size || others.some(({ width, height }) => width !== size.width || height !== size.height)) return {};
    const channels = (config.vision_config ?? config.encoder ?? config).num_channels ?? 3;
    return { batch_size: 1, image_batch_size: 1, num_channels: channels, height: size.height, width: size.width };
}

/** The sizes of what is made of pictures, but for those of which nothing can be; none: nothing is of any.
 * @param {any} described @returns {{width: number, height: number}[]} */
function madeOf(described) {
    try {
        const settings = settingsOf(described ?? {});
        return PROBES.flatMap(([width, height]) => {
            const plan = unlessImpossible(() => planOf({ width, height }, settings));
            return plan ? [plan.border ?? plan.size] : [];
        });
    } catch (thrown) {
        if (thrown instanceof Failure) return [];
        throw thrown;
    }
}

/** @template T @param {() => T} make @returns {T | null} */
function unlessImpossible(make) {
    try {
        return make();
    } catch (thrown) {
        if (thrown instanceof Failure && thrown.code !== 'model_invalid') return null;
        throw thrown;
    }
}

/** @param {unknown} size */
const isSize = (size) => Number.isInteger(size) && /** @type {number} */ (size) > 0;

/** There is one picture or sound, but there may be several texts. A graph that has the same name for both numbers, as from
 * older exporters, was made with 1 for both. @param {any} session @throws {Failure} */
export function requireManyTexts({ inputMetadata = [] }) {
    const texts = inputMetadata.find((/** @type {any} */ { name }) => name === 'input_ids');
    if (typeof texts?.shape[0] !== 'number') return;
    throw new Failure('platform_unsupported',
        'WebNN computes only what has fixed sizes, and the graph names the number of its pictures or sounds as that of its texts');
}
