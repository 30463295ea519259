/**
 * The first principal components of rows: the directions in which they differ most. Found by subspace iteration with a
 * Rayleigh-Ritz step (G. Golub and C. Van Loan, Matrix Computations, 4th edition, 8.3.2), so that no covariance matrix is made.
 */
import { randomOf } from '../playground/random.js';

/** `components`: directions of length 1, one after the other; `variances` along each, `total`: in all directions; `shares`: variances
 * as shares of the total. @typedef {{mean: Float64Array, components: Float32Array, variances: number[], total: number, shares: number[]}} Principal */

/** Components that are shown. */
export const SHOWN = 3;
/** Directions that are followed: more than are shown, so that those converge sooner. */
const FOLLOWED = 8;
const MOST_TURNS = 40;
/** The largest residual of a shown direction, as a share of the largest variance. */
const CLOSE = 1e-6;
/** Numbers of the rows that are looked at; of more rows evenly many are taken. */
const MOST_NUMBERS = 2 << 20;
/** Rows that differ by less, as a share of their squares, differ by the rounding of their mean alone. */
const ROUNDED = 1e-24;
const SLICE_MS = 12;
const SEED = 1;

/** The same rows give the same, whatever there was before. @param {{values: Float32Array, count: number, dimensions: number}} rows
 * @param {() => Promise<void>} breathe lets the event loop turn @returns {Promise<Principal>} */
export async function principalOf({ values, count, dimensions }, breathe) {
    const stride = Math.max(1, Math.ceil(count * dimensions / MOST_NUMBERS)), looked = Math.ceil(count / stride);
    const { mean, total } = spreadOf(values, count, dimensions, stride);
    const many = Math.min(FOLLOWED, dimensions);
    let basis = firstBasis(many, dimensions), found = /** @type {number[]} */ (new Array(many).fill(0));
    for (let turn = 0; turn < MOST_TURNS && total > 0; turn++) {
        const image = await covarianceTimes(basis, { values, count, dimensions, stride, mean, looked }, breathe);
        const { values: ritz, vectors } = eigen(products(basis, image));
        const turned = combined(vectors, basis), turnedImage = combined(vectors, image);
        found = ritz;
        const isClose = ritz.slice(0, SHOWN).every((value, i) => residual(turnedImage[i], turned[i], value) <= CLOSE * ritz[0]);
        basis = isClose ? turned : orthonormal(turnedImage);
        if (isClose) break;
    }
    const variances = Array.from({ length: SHOWN }, (_, i) => Math.max(0, found[i] ?? 0));
    const components = new Float32Array(SHOWN * dimensions);
    for (let i = 0; i < Math.min(SHOWN, many); i++) if (total > 0) components.set(upright(basis[i]), i * dimensions);
    return { mean, components, variances, total, shares: variances.map((variance) => (total > 0 ? variance / total : 0)) };
}

/** Places rows along the components. @param {{values: Float32Array, dimensions: number}} rows @param {Principal} principal
 * @param {import('./rows.js').Range} range of rows @param {(row: number, x: number, y: number, z: number) => void} put */
export function project({ values, dimensions }, { mean, components }, { begin, end }, put) {
    const at = new Float64Array(SHOWN);
    for (let row = begin; row < end; row++) {
        at.fill(0);
        for (let i = 0; i < dimensions; i++) {
            const apart = values[row * dimensions + i] - mean[i];
            for (let axis = 0; axis < SHOWN; axis++) at[axis] += apart * components[axis * dimensions + i];
        }
        put(row, at[0], at[1], at[2]);
    }
}

/** @param {Float32Array} values @param {number} count @param {number} dimensions @param {number} stride */
function spreadOf(values, count, dimensions, stride) {
    const mean = new Float64Array(dimensions), looked = Math.ceil(count / stride);
    for (let row = 0; row < count; row += stride) for (let i = 0; i < dimensions; i++) mean[i] += values[row * dimensions + i];
    for (let i = 0; i < dimensions && looked > 0; i++) mean[i] /= looked;
    let total = 0;
    for (let row = 0; row < count; row += stride) for (let i = 0; i < dimensions; i++) total += (values[row * dimensions + i] - mean[i]) ** 2;
    const isSpread = looked > 1 && total > ROUNDED * looked * dot(mean, mean);
    return { mean, total: isSpread ? total / (looked - 1) : 0 };
}

/** @param {number} many @param {number} dimensions */
function firstBasis(many, dimensions) {
    const random = randomOf(SEED);
    return orthonormal(Array.from({ length: many }, () => Float64Array.from({ length: dimensions }, () => random() - 0.5)));
}

/** @param {Float64Array[]} basis @param {{values: Float32Array, count: number, dimensions: number, stride: number, mean: Float64Array, looked: number}} rows
 * @param {() => Promise<void>} breathe @returns {Promise<Float64Array[]>} the covariance matrix times each */
async function covarianceTimes(basis, { values, count, dimensions, stride, mean, looked }, breathe) {
    const image = basis.map(() => new Float64Array(dimensions)), apart = new Float64Array(dimensions);
    let began = performance.now();
    for (let row = 0; row < count; row += stride) {
        for (let i = 0; i < dimensions; i++) apart[i] = values[row * dimensions + i] - mean[i];
        for (const [k, direction] of basis.entries()) {
            const along = dot(apart, direction) / (looked - 1), to = image[k];
            for (let i = 0; i < dimensions; i++) to[i] += along * apart[i];
        }
        if (performance.now() - began < SLICE_MS) continue;
        await breathe();
        began = performance.now();
    }
    return image;
}

/** @param {Float64Array} one @param {Float64Array} other */
function dot(one, other) {
    let sum = 0;
    for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
    return sum;
}

/** How far an image is from its direction times a value. @param {Float64Array} image @param {Float64Array} direction @param {number} value */
function residual(image, direction, value) {
    let sum = 0;
    for (let i = 0; i < image.length; i++) sum += (image[i] - value * direction[i]) ** 2;
    return Math.sqrt(sum);
}

/** By Gram and Schmidt, twice for exactness; where nothing is left of one, it becomes 0. @param {Float64Array[]} vectors
 * @returns {Float64Array[]} */
function orthonormal(vectors) {
    /** @type {Float64Array[]} */
    const done = [];
    for (const vector of vectors) {
        const rest = vector.slice(), before = Math.sqrt(dot(vector, vector));
        for (const other of [...done, ...done]) {
            const along = dot(rest, other);
            for (let i = 0; i < rest.length; i++) rest[i] -= along * other[i];
        }
        const length = Math.sqrt(dot(rest, rest)), scale = length > 1e-12 * before ? 1 / length : 0;
        done.push(rest.map((one) => one * scale));
    }
    return done;
}

/** @param {Float64Array[]} basis @param {Float64Array[]} image @returns {number[][]} symmetric */
const products = (basis, image) => basis.map((one, i) => basis.map((other, j) => (dot(one, image[j]) + dot(other, image[i])) / 2));

/** @param {number[][]} by for each sum its factors @param {Float64Array[]} vectors @returns {Float64Array[]} */
const combined = (by, vectors) => by.map((factors) => {
    const sum = new Float64Array(vectors[0].length);
    for (const [k, factor] of factors.entries()) for (let i = 0; i < sum.length; i++) sum[i] += factor * vectors[k][i];
    return sum;
});

/** The eigenvalues of a small symmetric matrix, the largest first, and their vectors, by Jacobi's rotations. @param {number[][]} matrix
 * @returns {{values: number[], vectors: number[][]}} */
export function eigen(matrix) {
    const size = matrix.length, left = matrix.map((row) => [...row]), vectors = matrix.map((_, i) => matrix.map((_, j) => Number(i === j)));
    for (let sweep = 0; sweep < 50; sweep++) {
        let off = 0;
        for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) off += left[i][j] ** 2;
        if (off <= 1e-30 * left.reduce((sum, row, i) => sum + row[i] ** 2, 0)) break;
        for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) rotate(left, vectors, i, j);
    }
    const order = [...left.keys()].sort((one, other) => left[other][other] - left[one][one]);
    return { values: order.map((i) => left[i][i]), vectors: order.map((i) => vectors[i]) };
}

/** Makes one element off the diagonal 0. @param {number[][]} matrix @param {number[][]} vectors in rows @param {number} i @param {number} j */
function rotate(matrix, vectors, i, j) {
    if (matrix[i][j] === 0) return;
    const slope = (matrix[j][j] - matrix[i][i]) / (2 * matrix[i][j]);
    const tangent = (slope < 0 ? -1 : 1) / (Math.abs(slope) + Math.sqrt(slope * slope + 1)), cosine = 1 / Math.sqrt(tangent * tangent + 1), sine = tangent * cosine;
    const mix = (/** @type {number[]} */ one, /** @type {number[]} */ other, /** @type {number} */ k, /** @type {number} */ m) =>
        [one[k], other[m]] = [cosine * one[k] - sine * other[m], sine * one[k] + cosine * other[m]];
    for (const row of matrix) mix(row, row, i, j);
    for (let k = 0; k < matrix.length; k++) mix(matrix[i], matrix[j], k, k), mix(vectors[i], vectors[j], k, k);
}

/** With its largest number above 0, so that the same rows give the same direction. @param {Float64Array} direction */
function upright(direction) {
    let largest = 0;
    for (const one of direction) if (Math.abs(one) > Math.abs(largest) * (1 + 1e-6)) largest = one;
    return largest < 0 ? direction.map((one) => -one) : direction;
}
