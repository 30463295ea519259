/**
 * Honest ways to compute the same. Machines differ in precision, in the order of their sums, in what they do with
 * subnormals, in whether they round a product before it is added, and in how they make an exponential.
 */

/** Added and taken away again, it leaves a number of at most 51 bits rounded to a whole one, ties to even. */
const TO_EVEN = 1.5 * 2 ** 52;
const NORMAL = 2 ** -126;

export const single = Math.fround;

/** The next of 16 bits (IEEE 754 binary16), ties to even. @param {number} value */
export function half(value) {
    const size = Math.abs(value);
    if (Number.isNaN(value) || size === 0) return value;
    if (size >= 65520) return Math.sign(value) * Infinity;
    const step = 2 ** (Math.max(-14, Math.floor(Math.log2(size))) - 10);
    return (value / step + TO_EVEN - TO_EVEN) * step || value * 0; // which keeps the sign
}

/** The bits of a number that `half` has made. @param {number} value */
export function halfBits(value) {
    const size = Math.abs(value), sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    if (Number.isNaN(value)) return 0x7e00;
    if (size === Infinity) return sign | 0x7c00;
    if (size < 2 ** -14) return sign | size * 2 ** 24;
    const exponent = Math.floor(Math.log2(size));
    return sign | (exponent + 15) << 10 | (size / 2 ** exponent - 1) * 1024;
}

/** 32 bits without subnormals, as on GPUs. @param {number} value */
const flushed = (value) => (Math.abs(single(value)) < NORMAL ? value * 0 : single(value));

/**
 * The sum of `at(0)` to `at(count - 1)`.
 * @typedef {(count: number, at: (i: number) => number, round: (value: number) => number) => number} Order
 */

/** @type {Order} */
function inOrder(count, at, round) {
    let total = 0;
    for (let i = 0; i < count; i++) total = round(total + at(i));
    return total;
}

/** Halves of halves, down to eight in a row. @type {Order} */
function byHalves(count, at, round) {
    const sum = (from, to) => {
        if (to - from <= 8) return inOrder(to - from, (i) => at(from + i), round);
        const middle = (from + to) >> 1;
        return round(sum(from, middle) + sum(middle, to));
    };
    return sum(0, count);
}

/** Every nth in a lane of its own, then the lanes by halves, as of a SIMD unit or a workgroup. @param {number} lanes @returns {Order} */
const byLanes = (lanes) => (count, at, round) => {
    const totals = new Float64Array(Math.min(lanes, count));
    for (let i = 0; i < count; i++) totals[i % lanes] = round(totals[i % lanes] + at(i));
    return byHalves(totals.length, (i) => totals[i], round);
};

/** Longer sums have 32 bits in hardware of 16. */
const SHORT_SUM = 32;

export class Arithmetic {
    /** @param {{round: (value: number) => number, order: Order, fused?: boolean, steepest?: number}} how
     * `fused`: products are added unrounded, variances are computed in one pass, exponentials as powers of two;
     * `steepest`: above that no exponential grows, so that none becomes an infinity */
    constructor({ round, order, fused = false, steepest = Infinity }) {
        Object.assign(this, { round, order, fused, steepest });
    }

    add(a, b) { return this.round(a + b); }
    subtract(a, b) { return this.round(a - b); }
    multiply(a, b) { return this.round(a * b); }
    divide(a, b) { return this.round(a / b); }
    multiplyAdd(a, b, c) { return this.round((this.fused ? a * b : this.round(a * b)) + c); }
    root(x) { return this.round(Math.sqrt(x)); }
    log(x) { return this.round(Math.log(x)); }
    tanh(x) { return this.round(Math.tanh(x)); }

    exp(x) {
        const power = x > this.steepest ? this.steepest : x;
        return this.round(this.fused ? 2 ** this.round(power * this.round(Math.LOG2E)) : Math.exp(power));
    }

    /** @param {number} count @param {(i: number) => number} at @param {(sum: number) => number} finish what becomes of it before it is rounded */
    sum(count, at, finish = (sum) => sum) {
        return this.round(finish(this.order(count, at, this.#inside(count))));
    }

    /** Of products. @param {number} count @param {(i: number) => number} left @param {(i: number) => number} right @param {(sum: number) => number} [finish] */
    dot(count, left, right, finish) {
        const round = this.#inside(count);
        return this.sum(count, this.fused ? (i) => left(i) * right(i) : (i) => round(left(i) * right(i)), finish);
    }

    /** All sums from the first on. @param {number[]} values */
    running(values) {
        const round = this.#inside(values.length), block = this.fused ? 8 : values.length;
        let before = 0, total = 0;
        return values.map((value, i) => {
            if (i % block === 0) [before, total] = [round(before + total), 0];
            total = round(total + value);
            return this.round(before + total);
        });
    }

    #inside(count) {
        return this.round === half && count > SHORT_SUM ? single : this.round;
    }
}

/** What computes in the tests: what plays WASM and WebGPU of the service's browsers, and three programs. */
export const arithmetics = {
    wasm: new Arithmetic({ round: single, order: byLanes(4), steepest: 88.3762626647949 }), // as ONNX Runtime has it
    webgpu: new Arithmetic({ round: flushed, order: byLanes(64), fused: true }),
    sequential: new Arithmetic({ round: single, order: inOrder }),
    tree: new Arithmetic({ round: flushed, order: byHalves, fused: true }),
    half: new Arithmetic({ round: half, order: byLanes(8) }),
};
