/**
 * A self-organising map: a square of cells, each with a vector. It learns in batches (T. Kohonen, Self-Organizing Maps, 3rd
 * edition, 3.6): each row belongs to the cell with the nearest vector, and each cell becomes the mean of all rows, weighted by
 * how near their cells are. Rows of one cell have the same weight, so that their mean and their number stand for them.
 */
import { randomOf } from '../playground/random.js';

/** @import { Principal } from './components.js' */
/** For each row its two nearest cells, and the square of its distance from the nearest. @typedef {{best: Uint16Array, second: Uint16Array,
 * squared: Float32Array}} Found */
/** The cells that have rows, with the number and the mean of these. @typedef {{cells: Uint16Array, counts: Float64Array, means: Float32Array<ArrayBuffer>,
 * length: number}} Gathered */

/** Cells of a side that a person may choose. */
export const SIDES = Object.freeze([8, 12, 16, 24, 32, 48, 64]);
/** Numbers of all cells, at most: a step has several copies of them. */
const MOST_NUMBERS = 2 ** 25;
/** Steps of learning, over which the radius shrinks. */
export const STEPS = 30;
/** The radius of the neighbourhood at the end, in cells. */
export const LAST_RADIUS = 0.8;
/** The least share of all influence on a cell that counts: below it the cell stays as it is. */
const LEAST = 1e-30;
/** The cells begin on the plane of the first two components, over so many standard deviations to each side. */
const REACH = 1.5;
/** How far chance moves a cell from that plane, as a share of the standard deviation. */
const NOISE = 0.1;

/** The sides that a map of such vectors may have. @param {number} dimensions */
export const sidesFor = (dimensions) => SIDES.filter((side) => side === SIDES[0] || side * side * dimensions <= MOST_NUMBERS);

/** The vectors of the cells before they learn. @param {number} side @param {Principal} principal of the rows @param {number} seed
 * @returns {Float32Array<ArrayBuffer>} */
export function startOf(side, { mean, components, variances, total }, seed) {
    const dimensions = mean.length, random = randomOf(seed), weights = new Float32Array(side * side * dimensions);
    const noise = NOISE * Math.sqrt(3 * total / dimensions); // of a uniform distribution with that deviation
    const mirrors = [random() < 0.5 ? -1 : 1, random() < 0.5 ? -1 : 1];
    const across = (/** @type {number} */ place, /** @type {number} */ axis) =>
        mirrors[axis] * REACH * Math.sqrt(variances[axis]) * (2 * place / (side - 1) - 1);
    for (let cell = 0; cell < side * side; cell++) {
        const x = across(cell % side, 0), y = across(Math.floor(cell / side), 1);
        for (let i = 0; i < dimensions; i++)
            weights[cell * dimensions + i] = mean[i] + x * components[i] + y * components[dimensions + i] + noise * (2 * random() - 1);
    }
    return weights;
}

/** @param {number} side @param {number} step from 0 up to STEPS */
export const radiusOf = (side, step) => (side / 4) * (LAST_RADIUS / (side / 4)) ** (step / (STEPS - 1));

/** @param {number} rows @returns {Found} with room for so many */
export const roomFor = (rows) => ({ best: new Uint16Array(rows), second: new Uint16Array(rows), squared: new Float32Array(rows) });

/** The same with room for more. @param {Found} found @param {number} rows @returns {Found} */
export function moreRoom({ best, second, squared }, rows) {
    const more = roomFor(rows);
    more.best.set(best);
    more.second.set(second);
    more.squared.set(squared);
    return more;
}

/** Finds the nearest two cells of some rows. @param {Float32Array} distances of each of these rows from each cell, squared
 * @param {number} cells @param {Found} found @param {number} at the first of these rows */
export function findBest(distances, cells, found, at) {
    for (let row = 0; row * cells < distances.length; row++) {
        let best = 0, second = 0, least = Infinity, next = Infinity;
        for (let cell = 0; cell < cells; cell++) {
            const distance = distances[row * cells + cell];
            if (distance < least) [second, next, best, least] = [best, least, cell, distance];
            else if (distance < next) [second, next] = [cell, distance];
        }
        found.best[at + row] = best;
        found.second[at + row] = second;
        found.squared[at + row] = least;
    }
}

/** @param {number} one @param {number} other cells @param {number} side */
export const areNeighbours = (one, other, side) => Math.abs(one % side - other % side) <= 1
    && Math.abs(Math.floor(one / side) - Math.floor(other / side)) <= 1;

/** The mean distance of rows from their cells, and the share of rows whose nearest two cells are no neighbours, also across corners
 * (K. Kiviluoto, 1996). @param {Found} found @param {number} rows @param {number} side */
export function errorsOf({ best, second, squared }, rows, side) {
    let distance = 0, apart = 0;
    for (let row = 0; row < rows; row++) {
        distance += Math.sqrt(squared[row]);
        if (!areNeighbours(best[row], second[row], side)) apart++;
    }
    return { quantisation: rows ? distance / rows : 0, topographic: rows ? apart / rows : 0 };
}

/** Of the rows of each cell their number and their mean. @param {Float32Array} values of the rows @param {number} rows
 * @param {number} dimensions @param {Uint16Array} best @param {number} cells @returns {Gathered} */
export function gather(values, rows, dimensions, best, cells) {
    const all = new Float64Array(cells), sums = new Float64Array(cells * dimensions);
    for (let row = 0; row < rows; row++) {
        const to = best[row] * dimensions, from = row * dimensions;
        all[best[row]]++;
        for (let i = 0; i < dimensions; i++) sums[to + i] += values[from + i];
    }
    const filled = Uint16Array.from([...all.keys()].filter((cell) => all[cell] > 0)), means = new Float32Array(filled.length * dimensions);
    for (const [at, cell] of filled.entries())
        for (let i = 0; i < dimensions; i++) means[at * dimensions + i] = sums[cell * dimensions + i] / all[cell];
    return { cells: filled, counts: Float64Array.from(filled, (cell) => all[cell]), means, length: filled.length };
}

/** The influence of each filled cell on each cell, as a share of all that is on it: the argument of som_update.
 * @param {Gathered} gathered @param {number} side @param {number} radius @param {Float32Array<ArrayBuffer>} into with room for all
 * @param {number} [begin] @param {number} [end] lines of the cells that are influenced */
export function influenceOf({ cells: filled, counts, length }, side, radius, into, begin = 0, end = side) {
    const cells = side * (end - begin), sums = new Float64Array(cells);
    const near = Float64Array.from({ length: side }, (_, apart) => Math.exp(-apart * apart / (2 * radius * radius)));
    for (let at = 0, to = 0; at < length; at++) {
        const x = filled[at] % side, y = Math.floor(filled[at] / side);
        for (let line = begin, cell = 0; line < end; line++) {
            const above = counts[at] * near[Math.abs(line - y)];
            for (let column = 0; column < side; column++) sums[cell++] += into[to++] = above * near[Math.abs(column - x)];
        }
    }
    for (let cell = 0; cell < cells; cell++) sums[cell] = sums[cell] > LEAST ? 1 / sums[cell] : 0;
    for (let at = 0, to = 0; at < length; at++) for (let cell = 0; cell < cells; cell++) into[to++] *= sums[cell];
}

/** The mean distance of each cell's vector from those of the cells at its four sides: high where clusters meet (the U-matrix).
 * @param {Float32Array} weights @param {number} side @param {number} dimensions @returns {Float32Array} */
export function bordersOf(weights, side, dimensions) {
    const apart = (/** @type {number} */ one, /** @type {number} */ other) => {
        let sum = 0;
        for (let i = 0; i < dimensions; i++) sum += (weights[one * dimensions + i] - weights[other * dimensions + i]) ** 2;
        return Math.sqrt(sum);
    };
    return Float32Array.from({ length: side * side }, (_, cell) => {
        const x = cell % side, y = Math.floor(cell / side);
        const beside = [x > 0 && cell - 1, x < side - 1 && cell + 1, y > 0 && cell - side, y < side - 1 && cell + side].filter((one) => one !== false);
        return beside.reduce((sum, other) => sum + apart(cell, other), 0) / beside.length;
    });
}
