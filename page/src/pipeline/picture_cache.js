/**
 * The features that a model's encoder makes from pictures. For pictures seen before, each model remembers the
 * number of their tokens and how these are written. A conversation whose pictures are in the key-value cache needs
 * nothing else, and the encoder runs only if their features are requested.
 */
import { Failure } from '../engine/failure.js';
import { fileOf, imageOf, processorOf } from './image/input.js';
import { textOfTiles, tilesOf } from './image/tiles.js';
import { TILED } from './vision_types.js';

/** @import { Loaded } from './loading.js' */
/** @import { CheckedTask } from './tasks.js' */
/** @import { Shown } from './image/input.js' */
/** The number of a picture's tokens, and their text in a prompt. @typedef {{count: number, text: string}} Known */
/** `name` is a negative number that other pictures hardly have; `features` has a row for each token.
 * @typedef {Known & {name: number, features: () => Promise<any>}} CachedPicture */

/** Pictures that a model remembers. */
const KNOWN = 64;

export class PictureCache {
    constructor() {
        /** By owner and name; what was used least lately is the first. @type {Map<string, Known>} */
        this._known = new Map();
        // So that no client can make a picture with the name of another one.
        this._seeds = crypto.getRandomValues(new Uint32Array(2));
    }

    /** @param {Loaded} loaded @param {CheckedTask} task @param {Shown | undefined} shown
     * @param {string} mark the text for a token of a picture @returns {Promise<CachedPicture>} @throws {Failure} */
    async look(loaded, task, shown, mark) {
        const name = this._nameOf(fileOf(task, shown));
        const key = `${task.owner ?? ''} ${name}`;
        const known = this._known.get(key);
        if (known) {
            this._remember(key, known);
            return { ...known, name, features: async () => (await encoded(loaded, task, shown, mark)).features };
        }
        const { features, ...seen } = await encoded(loaded, task, shown, mark);
        this._remember(key, seen);
        return { ...seen, name, features: async () => features };
    }

    /** @param {string} key @param {Known} known */
    _remember(key, known) {
        this._known.delete(key);
        this._known.set(key, known);
        const [oldest] = this._known.keys();
        if (this._known.size > KNOWN) this._known.delete(oldest);
    }

    /** In 52 bits, by words of the file: each turn names all pictures. @param {Uint8Array} bytes */
    _nameOf(bytes) {
        const words = new Uint32Array(Math.ceil(bytes.length / 4));
        new Uint8Array(words.buffer).set(bytes);
        let [high, low] = this._seeds;
        for (let i = 0; i < words.length; i++) {
            high = mixed(high ^ words[i], 0x01000193, 15);
            low = mixed(low ^ words[i], 0x2c1b3c6d, 12);
        }
        return -1 - ((mixed(high ^ bytes.length, 0x01000193, 15) >>> 12) * 2 ** 32 + (low >>> 0));
    }
}

/** FNV's step, whose upper bits come down, too: a word has some that matter there.
 * @param {number} value @param {number} prime @param {number} down by how many bits */
function mixed(value, prime, down) {
    const product = Math.imul(value, prime);
    return product ^ product >>> down;
}

/** @param {Loaded} loaded @param {CheckedTask} task @param {Shown | undefined} shown @param {string} mark
 * @returns {Promise<Known & {features: any}>} @throws {Failure} */
async function encoded(loaded, task, shown, mark) {
    const { config, model } = loaded;
    const { image_processor: prepare } = processorOf(loaded);
    const image = await imageOf(loaded, task, shown);
    const tiles = TILED.includes(config.model_type) ? tilesOf(loaded.library, prepare.config, image) : null;
    const made = await model.encode_image(tiles?.inputs ?? await prepare(image));
    if (!(made?.dims?.length >= 2)) {
        throw new Failure('model_invalid', 'onnx/vision_encoder has no output image_features');
    }
    const features = made.view(-1, made.dims.at(-1));
    const [count] = features.dims;
    return { features, count, text: tiles ? textOfTiles(tiles, count, mark) : mark.repeat(count) };
}
