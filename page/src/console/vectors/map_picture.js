/** The map as a picture: a cell's ground is the lighter the farther its neighbours are, and its dot grows with its rows. */
import { cellColour, cssColour } from './points.js';
import { bordersOf } from './som.js';

/** What is on the picture. `marked`: a cell, -1: none. @typedef {{side: number, borders: Float32Array, counts: Uint32Array, marked: number}} Shown */

/** The share of a cell's side that its dot takes at most. */
const DOT = 0.8;
const LEAST_DOT = 0.16;
/** Grounds from cells that lie close to those that lie far apart. */
const DARK = 34, LIGHT = 235;
const MARK = '#ffb000';

/** @param {import('./learning.js').Learning} learning @param {number} marked @returns {Shown} */
export const shownOf = (learning, marked) => ({ side: learning.side, marked, counts: learning.counts(),
    borders: bordersOf(learning.weights, learning.side, learning.rows.dimensions) });

/** @param {HTMLCanvasElement} canvas @param {Shown} shown @param {number} size pixels of a side, at most */
export function paintMap(canvas, { side, borders, counts, marked }, size) {
    const cell = Math.max(1, Math.floor(size / side)), pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    canvas.width = canvas.height = cell * side;
    const most = Math.max(...borders) || 1, fullest = Math.max(...counts) || 1;
    for (let at = 0; at < side * side; at++) {
        const x = cell * (at % side), y = cell * Math.floor(at / side), grey = Math.round(DARK + (LIGHT - DARK) * borders[at] / most);
        pen.fillStyle = `rgb(${grey} ${grey} ${grey})`;
        pen.fillRect(x, y, cell, cell);
        if (counts[at] === 0) continue;
        pen.fillStyle = cssColour(cellColour(at, side));
        pen.beginPath();
        pen.arc(x + cell / 2, y + cell / 2, cell / 2 * (LEAST_DOT + (DOT - LEAST_DOT) * Math.sqrt(counts[at] / fullest)), 0, 2 * Math.PI);
        pen.fill();
    }
    if (marked < 0) return;
    pen.lineWidth = Math.max(2, cell / 8);
    pen.strokeStyle = MARK;
    pen.strokeRect(cell * (marked % side), cell * Math.floor(marked / side), cell, cell);
}

/** @param {HTMLCanvasElement} canvas @param {MouseEvent} event @param {number} side @returns {number} the cell that is pointed at */
export function cellAt(canvas, { clientX, clientY }, side) {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const place = (/** @type {number} */ share) => Math.max(0, Math.min(side - 1, Math.floor(side * share)));
    return place((clientY - top) / height) * side + place((clientX - left) / width);
}

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {number} cell -1: none is chosen yet @param {string} key @param {number} side @returns {number | null} the next cell; null: it is no key of ours */
export function cellByKey(cell, key, side) {
    if (key === 'Home' || (cell < 0 && Object.hasOwn(STEPS, key))) return 0;
    if (key === 'End') return side * side - 1;
    if (!Object.hasOwn(STEPS, key)) return null;
    const [x, y] = STEPS[key], within = (/** @type {number} */ place) => Math.max(0, Math.min(side - 1, place));
    return within(Math.floor(cell / side) + y) * side + within(cell % side + x);
}
