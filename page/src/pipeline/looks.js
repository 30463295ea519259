/**
 * What a model's encoder makes of pictures. Of those that were seen before, each model remembers how many
 * tokens they have and how these are written: a conversation whose pictures are in the cache needs no more of
 * them, and the encoder runs only where their features are asked for.
 */
import { Failure } from '../engine/failure.js';
import { fileOf, imageOf, processorOf } from './image/input.js';
import { TILED } from './seeing_types.js';

/** @typedef {import('./loading.js').Loaded} Loaded */
/** @typedef {import('./tasks.js').CheckedTask} CheckedTask */
/** How many tokens a picture has, and how a prompt has them. @typedef {{count: number, text: string}} Known */
/** `name` is a negative number that other pictures hardly have; `features` has a row for each token.
 * @typedef {Known & {name: number, features: () => Promise<any>}} Look */
/** @typedef {import('./image/input.js').Shown} Shown */

/** Pictures that a model remembers. */
const KNOWN = 64;
/** Tiles of a picture, with the whole of it, and their pixels: models in the field have 17 or 26 of them. */
const MOST_TILES = 128;
const MOST_PIXELS = 1 << 24;
/** What Idefics3 has around and before its tiles. */
const AROUND = '<fake_token_around_image>';
const WHOLE = '<global-img>';

export class Looks {
    constructor() {
        /** By owner and name; what was used least lately is the first. @type {Map<string, Known>} */
        this._known = new Map();
        // So that nobody makes a picture that has the name of another one.
        this._seeds = crypto.getRandomValues(new Uint32Array(2));
    }

    /** @param {Loaded} loaded @param {CheckedTask} task @param {Shown | undefined} shown
     * @param {string} mark what stands for a token of a picture @returns {Promise<Look>} @throws {Failure} */
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

    /** FNV-1a, with two beginnings, in 52 bits. @param {Uint8Array} bytes */
    _nameOf(bytes) {
        let [high, low] = this._seeds;
        for (const byte of bytes) {
            high = Math.imul(high ^ byte, 0x01000193);
            low = Math.imul(low ^ byte, 0x01000193);
        }
        return -1 - ((high >>> 12) * 2 ** 32 + (low >>> 0));
    }
}

/** @param {Loaded} loaded @param {CheckedTask} task @param {Shown | undefined} shown @param {string} mark
 * @returns {Promise<Known & {features: any}>} @throws {Failure} */
async function encoded(loaded, task, shown, mark) {
    const { config, model } = loaded;
    const { image_processor: prepare } = processorOf(loaded);
    if (!prepare) {
        throw new Failure('model_invalid', 'preprocessor_config.json has no image_processor_type.');
    }
    const image = await imageOf(loaded, task, shown);
    const isTiled = TILED.includes(config.model_type);
    if (isTiled) checkTiles(prepare, image);
    const inputs = await (isTiled ? prepare([[image]], { return_row_col_info: true }) : prepare(image));
    const made = await model.encode_image(inputs);
    if (!(made?.dims?.length >= 2)) {
        throw new Failure('model_invalid', 'onnx/vision_encoder has no output image_features.');
    }
    const features = made.view(-1, made.dims.at(-1));
    const [count] = features.dims;
    return { features, count, text: isTiled ? tiles(inputs, count, mark) : mark.repeat(count) };
}

/** Before any is made: a folder may ask for so many that the page ends by it. @param {any} prepare
 * @param {any} image @throws {Failure} if they are too many or too large, or the folder does not say it */
function checkTiles(prepare, image) {
    const side = prepare.max_image_size?.longest_edge;
    if (!(Number.isInteger(side) && side > 0) || !prepare.get_resize_for_vision_encoder) {
        throw new Failure('model_invalid', 'preprocessor_config.json does not say how pictures are cut into tiles.',
            { expected: 'image_processor_type Idefics3ImageProcessor, and max_image_size {"longest_edge": pixels}' });
    }
    const count = prepare.do_image_splitting ? countOfTiles(prepare, image, side) : 1;
    if (count <= MOST_TILES && count * side * side <= MOST_PIXELS) return;
    throw new Failure('model_invalid', `preprocessor_config.json has a picture of ${image.width} × ${image.height} `
        + `pixels cut into ${count} tiles of ${side} × ${side} pixels.`,
    { expected: `at most ${MOST_TILES} tiles, of ${MOST_PIXELS} pixels together, by size and max_image_size` });
}

/** With the whole of it. @param {any} prepare @param {any} image @param {number} side */
function countOfTiles(prepare, image, side) {
    const size = prepare.do_resize ? prepare.get_resize_output_image_size(image, prepare.size) : image.size;
    const [across, down] = size.map((/** @type {number} */ one) => Math.max(1, one));
    const { width, height } = prepare.get_resize_for_vision_encoder({ dims: [down, across] }, side);
    return 1 + (width / side) * (height / side);
}

/** Idefics3's way: each tile by its row and column, and the whole picture behind them.
 * @param {{rows: number[][], cols: number[][], pixel_values: any}} inputs @param {number} count of all tokens
 * @param {string} mark */
function tiles({ rows: [[rows]], cols: [[columns]], pixel_values: { dims: [, images] } }, count, mark) {
    const one = mark.repeat(count / images);
    let text = '';
    for (let row = 1; row <= rows; row++) {
        for (let column = 1; column <= columns; column++) text += `${AROUND}<row_${row}_col_${column}>${one}`;
        text += '\n';
    }
    return `${text}${rows > 0 ? '\n' : ''}${AROUND}${WHOLE}${one}${AROUND}`;
}
