/** Pictures on the page: a canvas is painted once for each thing that it shows. Words on it are pixels. */
import { h } from '../../draw.js';
import { plain } from '../../format.js';

/** @typedef {{label: string, score: number, box: {xmin: number, ymin: number, xmax: number, ymax: number}}} Box */

/** No side is shown larger. */
const MOST_SIDE = 1024;
/** Each with the name that tables give it; forms.css has patches of them. */
const COLOURS = [['#e6194b', 'red'], ['#0b7a3b', 'green'], ['#3450d1', 'blue'], ['#b35c00', 'orange'], ['#7a1fa2', 'purple'], ['#00798c', 'teal'],
    ['#6b4f3a', 'brown'], ['#5d6b00', 'olive']];
const MOST_LETTERS = 32;

/** @param {number} index */
const colourOf = (index) => COLOURS[index % COLOURS.length][0];

/** @param {number} index @returns {import('../../draw.js').Part} its colour, for a table next to the canvas */
export const patch = (index) => h('span', { class: `patch patch${index % COLOURS.length}` }, COLOURS[index % COLOURS.length][1]);

/** @template T @param {string} label what it shows, for screen readers
 * @param {(canvas: HTMLCanvasElement, shown: T) => void} paint @param {T} shown painted again when it is another object */
export const canvas = (label, paint, shown) => h('canvas', { class: 'shown', role: 'img', 'aria-label': label, data: { paint, shown },
    mounted: (/** @type {HTMLCanvasElement} */ element) => {
        /** @type {unknown} */
        let before;
        return (/** @type {any} */ { data }) => {
            if (data.shown === before) return;
            before = data.shown;
            data.paint(element, data.shown);
        };
    } });

/** @param {HTMLCanvasElement} element @param {number} width @param {number} height @returns {{pen: CanvasRenderingContext2D, scale: number}} */
function begin(element, width, height) {
    const scale = Math.min(1, MOST_SIDE / Math.max(width, height));
    element.width = Math.max(1, Math.round(width * scale));
    element.height = Math.max(1, Math.round(height * scale));
    return { pen: /** @type {CanvasRenderingContext2D} */ (element.getContext('2d')), scale };
}

/** @param {HTMLCanvasElement} element @param {ImageBitmap} bitmap */
export function paintPicture(element, bitmap) {
    const { pen } = begin(element, bitmap.width, bitmap.height);
    pen.drawImage(bitmap, 0, 0, element.width, element.height);
}

/** @param {HTMLCanvasElement} element @param {{bitmap: ImageBitmap, boxes: Box[]}} shown */
export function paintBoxes(element, { bitmap, boxes }) {
    const { pen, scale } = begin(element, bitmap.width, bitmap.height);
    pen.drawImage(bitmap, 0, 0, element.width, element.height);
    const size = Math.max(11, Math.round(element.width / 45)), line = Math.max(2, Math.round(size / 6));
    pen.font = `600 ${size}px system-ui, sans-serif`;
    pen.textBaseline = 'top';
    boxes.forEach(({ label, score, box }, index) => {
        const [x, y] = [box.xmin * scale, box.ymin * scale];
        const text = plain(`${index + 1} ${label} ${Math.round(score * 100)} %`).slice(0, MOST_LETTERS);
        pen.lineWidth = line;
        pen.strokeStyle = pen.fillStyle = colourOf(index);
        pen.strokeRect(x, y, (box.xmax - box.xmin) * scale, (box.ymax - box.ymin) * scale);
        const width = pen.measureText(text).width + 8, height = size + 6;
        const left = Math.max(0, Math.min(x, element.width - width)), top = Math.max(0, y - height);
        pen.fillRect(left, top, width, height);
        pen.fillStyle = '#fff';
        pen.fillText(text, left + 4, top + 3);
    });
}

/** @param {HTMLCanvasElement} element @param {{bitmap: ImageBitmap, masks: {width: number, height: number, grey: Uint8Array}[]}} shown */
export function paintMasks(element, { bitmap, masks }) {
    const { pen } = begin(element, bitmap.width, bitmap.height);
    pen.drawImage(bitmap, 0, 0, element.width, element.height);
    masks.forEach(({ width, height, grey }, index) => {
        const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colourOf(index).slice(at, at + 2), 16));
        paintGrey(pen, element, width, height, (data, i) => data.set([red, green, blue, grey[i] ? 140 : 0], 4 * i));
    });
}

/** @param {HTMLCanvasElement} element @param {{width: number, height: number, grey: Uint8Array}} map light is near, as models give it */
export function paintDepth(element, { width, height, grey }) {
    const { pen } = begin(element, width, height);
    paintGrey(pen, element, width, height, (data, i) => data.set([...heatOf(grey[i] / 255), 255], 4 * i));
}

/** @param {CanvasRenderingContext2D} pen @param {HTMLCanvasElement} element @param {number} width @param {number} height
 * @param {(data: Uint8ClampedArray, pixel: number) => void} colour */
function paintGrey(pen, element, width, height, colour) {
    const layer = new OffscreenCanvas(width, height), brush = layer.getContext('2d');
    const pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) colour(pixels.data, i);
    brush?.putImageData(pixels, 0, 0);
    pen.drawImage(layer, 0, 0, element.width, element.height);
}

/** From dark blue over red to yellow: also distinguishable without colour vision, because it only grows lighter.
 * @param {number} share 0 to 1 @returns {number[]} red, green and blue */
export function heatOf(share) {
    const steps = [[13, 8, 135], [126, 3, 168], [204, 71, 120], [248, 149, 64], [240, 249, 33]];
    const at = Math.max(0, Math.min(1, share)) * (steps.length - 1), from = Math.min(Math.floor(at), steps.length - 2);
    return steps[from].map((value, i) => Math.round(value + (steps[from + 1][i] - value) * (at - from)));
}
