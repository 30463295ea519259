/**
 * A picture in tiles, as Idefics3 sees it: as large as its model looks at, cut into squares, and the whole of
 * it in one more. The library does that too, but scales by linear interpolation of what is prepared already;
 * models were trained on bytes that Pillow has scaled, as ours are.
 */
import { Failure } from '../../engine/failure.js';
import { MOST_PIXELS } from './sizes.js';

/** Tiles of a picture, with the whole of it: models in the field have 17 or 26 of them. */
const MOST_TILES = 128;
/** What Idefics3 has around and before its tiles. */
const AROUND = '<fake_token_around_image>';
const WHOLE = '<global-img>';

/** `inputs` are the vision encoder's, of all tiles; there are none but the whole where `rows` is 0.
 * @typedef {{inputs: Record<string, any>, rows: number, columns: number}} Tiles */

/**
 * @param {any} library what transformers.js exports @param {any} prepare its image processor
 * @param {any} image the library's, which is changed
 * @returns {Promise<Tiles>} @throws {Failure} if there are too many, or the folder does not say how
 */
export async function tilesOf(library, prepare, image) {
    checkTiles(prepare, image);
    const { max_image_size: { longest_edge: side }, resample } = prepare;
    const scaled = prepare.do_resize ? await prepare.resize(image) : image;
    const { width, height } = prepare.do_image_splitting ? wholeTiles(prepare, scaled.size, side)
        : { width: side, height: side };
    const large = await scaled.resize(width, height, { resample });
    const isCut = width > side || height > side;
    const [columns, rows] = isCut ? [width / side, height / side] : [0, 0];
    const count = rows * columns + 1;
    const numbers = new Float32Array(count * 3 * side * side);
    if (isCut) cut(await planesOf(prepare, large), width, height, side, numbers);
    const whole = await planesOf(prepare, await large.resize(side, side, { resample }));
    numbers.set(whole, numbers.length - whole.length);
    const pixels = new library.Tensor('float32', numbers, [1, count, 3, side, side]);
    const mask = library.full([1, count, side, side], true);
    return { inputs: { pixel_values: pixels, pixel_attention_mask: mask }, rows, columns };
}

/** Before any is made: a folder may ask for so many that the page ends by it. @param {any} prepare
 * @param {any} image @throws {Failure} */
function checkTiles(prepare, image) {
    const side = prepare.max_image_size?.longest_edge;
    if (!(Number.isInteger(side) && side > 0) || !prepare.get_resize_for_vision_encoder) {
        throw new Failure('model_invalid', 'preprocessor_config.json does not say how pictures are cut into tiles',
            { expected: 'image_processor_type Idefics3ImageProcessor, and max_image_size {"longest_edge": pixels}' });
    }
    const count = prepare.do_image_splitting ? countOfTiles(prepare, image, side) : 1;
    if (count <= MOST_TILES && count * side * side <= MOST_PIXELS) return;
    throw new Failure('model_invalid', `preprocessor_config.json has a picture of ${image.width} × ${image.height} `
        + `pixels cut into ${count} tiles of ${side} × ${side} pixels`,
    { expected: `at most ${MOST_TILES} tiles, of ${MOST_PIXELS} pixels together, by size and max_image_size` });
}

/** With the whole of it. @param {any} prepare @param {any} image @param {number} side */
function countOfTiles(prepare, image, side) {
    const size = prepare.do_resize ? prepare.get_resize_output_image_size(image, prepare.size) : image.size;
    const { width, height } = wholeTiles(prepare, size, side);
    return 1 + (width / side) * (height / side);
}

/** The size of a picture when its sides are multiples of a tile's. @param {any} prepare
 * @param {[number, number]} size width and height @param {number} side
 * @returns {{width: number, height: number}} */
function wholeTiles(prepare, size, side) {
    const [width, height] = size.map((one) => Math.max(1, one));
    return prepare.get_resize_for_vision_encoder({ dims: [height, width] }, side);
}

/** The picture's numbers as the model takes them, [3, height, width], in its own size.
 * @param {any} prepare @param {any} image @returns {Promise<Float32Array>} */
async function planesOf(prepare, image) {
    const unscaled = Object.create(prepare, { do_resize: { value: false } });
    return (await unscaled.preprocess(image, { do_pad: false })).pixel_values.data;
}

/** Tile by tile, row by row of them. @param {Float32Array} planes @param {number} width
 * @param {number} height @param {number} side @param {Float32Array} out */
function cut(planes, width, height, side, out) {
    let to = 0;
    for (let top = 0; top < height; top += side) {
        for (let left = 0; left < width; left += side) {
            for (let row = 0; row < 3 * side; row++) {
                const plane = Math.trunc(row / side);
                const from = (plane * height + top + row % side) * width + left;
                out.set(planes.subarray(from, from + side), to);
                to += side;
            }
        }
    }
}

/** How a prompt has them: each by its row and column, and the whole behind them.
 * @param {Tiles} tiles @param {number} count of all tokens @param {string} mark of each */
export function textOfTiles({ inputs: { pixel_values: { dims: [, images] } }, rows, columns }, count, mark) {
    const one = mark.repeat(count / images);
    let text = '';
    for (let row = 1; row <= rows; row++) {
        for (let column = 1; column <= columns; column++) text += `${AROUND}<row_${row}_col_${column}>${one}`;
        text += '\n';
    }
    return `${text}${rows > 0 ? '\n' : ''}${AROUND}${WHOLE}${one}${AROUND}`;
}
