/**
 * A picture in tiles, as Idefics3 sees it: as large as its model looks at, cut into squares, and the whole of
 * it in one more. The library does that too, but scales by linear interpolation of what is prepared already;
 * models were trained on bytes that Pillow has scaled, as ours are.
 */
import { Failure } from '../../engine/failure.js';
import { aligned } from '../../shared/aligned.js';
import { changed, numbersOf } from './prepare.js';
import { settingsOf } from './settings.js';
import { MOST_PIXELS } from './sizes.js';
import { planOf } from './steps.js';

/** @import { Size } from './settings.js' */
/** Tiles of a picture, with the whole of it: models in the field have 17 or 26 of them. */
const MOST_TILES = 128;
/** The tokens of Idefics3 around and before its tiles. */
const AROUND = '<fake_token_around_image>';
const WHOLE = '<global-img>';

/** `inputs` are the vision encoder's inputs for all tiles; if `rows` is 0, the only tile is the whole picture.
 * @typedef {{inputs: Record<string, any>, rows: number, columns: number}} Tiles */

/**
 * @param {any} library what transformers.js exports @param {Record<string, any>} file preprocessor_config.json
 * @param {import('./prepare.js').Pixels} image
 * @returns {Tiles} @throws {Failure} if there are too many, or the folder does not say how
 */
export function tilesOf(library, file, image) {
    const settings = settingsOf(file), { method } = settings;
    const { steps, width, height, side, rows, columns } = layoutOf(image, settings);
    const large = changed(image, [...steps, { kind: 'scale', width, height, method }]);
    const whole = changed(large, [{ kind: 'scale', width: side, height: side, method }]);
    const count = rows * columns + 1;
    const numbers = new Float32Array(count * 3 * side * side);
    if (rows > 0) cut(numbersOf(large, settings, null), width, height, side, numbers);
    numbers.set(numbersOf(whole, settings, null), (count - 1) * 3 * side * side);
    const pixels = new library.Tensor('float32', numbers, [1, count, 3, side, side]);
    const mask = library.full([1, count, side, side], true);
    return { inputs: { pixel_values: pixels, pixel_attention_mask: mask }, rows, columns };
}

/** How a picture is cut: `steps` come before its scaling to `width` and `height`, which have `rows` and `columns` of tiles; both
 * are 0 if it is not cut. @param {Size} from @param {import('./settings.js').Settings} settings @throws {Failure} */
export function layoutOf(from, settings) {
    const side = sideOf(settings), { steps, size } = planOf(from, settings);
    const { width, height } = settings.does.split ? wholeTiles(size, side) : { width: side, height: side };
    const isCut = width > side || height > side;
    const [columns, rows] = isCut ? [width / side, height / side] : [0, 0];
    checkTiles(rows * columns + 1, side, from);
    return { steps, width, height, side, rows, columns };
}

/** @param {import('./settings.js').Settings} settings @throws {Failure} */
function sideOf({ fit, tile }) {
    if (fit === 'even' && tile !== null && Number.isInteger(tile) && tile > 0) return tile;
    throw new Failure('model_invalid', 'preprocessor_config.json does not say how pictures are cut into tiles',
        { expected: 'image_processor_type Idefics3ImageProcessor, and max_image_size {"longest_edge": pixels}' });
}

/** Before any is made: a folder may ask for so many that the page ends by it. @param {number} count
 * @param {number} side @param {Size} image @throws {Failure} */
function checkTiles(count, side, image) {
    if (count <= MOST_TILES && count * side * side <= MOST_PIXELS) return;
    throw new Failure('model_invalid', `preprocessor_config.json has a picture of ${image.width} × ${image.height} `
        + `pixels cut into ${count} tiles of ${side} × ${side} pixels`,
    { expected: `at most ${MOST_TILES} tiles, of ${MOST_PIXELS} pixels together, by size and max_image_size` });
}

/** The size of a picture when its sides are multiples of a tile's: the longer one first, then the other by the ratio.
 * @param {Size} size @param {number} side @returns {Size} */
function wholeTiles({ width, height }, side) {
    const up = (/** @type {number} */ length) => aligned(length, side), ratio = width / height;
    if (width >= height) return { width: up(width), height: up(Math.trunc(up(width) / ratio)) };
    return { width: up(Math.trunc(up(height) * ratio)), height: up(height) };
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
