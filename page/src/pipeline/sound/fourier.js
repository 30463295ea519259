/**
 * The discrete Fourier transform of real numbers whose count is twice a product of small primes, such as the
 * 400 of Whisper's spectrograms: decimation in time by these (J. W. Cooley & J. W. Tukey, "An Algorithm for the
 * Machine Calculation of Complex Fourier Series", 1965).
 */

/** A factor p costs p operations for each number; 4 at once costs less than twice 2. */
const FACTORS = Object.freeze([4, 2, 3, 5, 7]);

/** @param {number} length @returns {Fourier | null} null: it has larger factors, or is odd */
export function fourierOf(length) {
    const factors = length % 2 === 0 ? factorsOf(length / 2) : [];
    return factors.length > 0 ? new Fourier(length, factors) : null;
}

/** Whether so many numbers are transformed here. @param {number} length */
export const isSmooth = (length) => length % 2 === 0 && factorsOf(length / 2).length > 0;

/** @param {number} count @returns {number[]} whose product it is; none if it has others */
function factorsOf(count) {
    const factors = [];
    let rest = count;
    for (const factor of FACTORS) {
        for (; rest % factor === 0; rest /= factor) factors.push(factor);
    }
    return rest === 1 ? factors : [];
}

export class Fourier {
    /** @param {number} length @param {number[]} factors of its half */
    constructor(length, factors) {
        this._length = length;
        this._half = length / 2;
        this._factors = factors;
        /** exp(-2πi k / length) */
        this._cos = Float64Array.from({ length }, (_, k) => Math.cos(2 * Math.PI * k / length));
        this._sin = Float64Array.from({ length }, (_, k) => -Math.sin(2 * Math.PI * k / length));
        this._made = new Float64Array(length);
        this._few = new Float64Array(2 * Math.max(...factors));
    }

    /** @param {Float64Array} out the first half of the spectrum and its middle, each a real and an imaginary part: the second half
     * mirrors the first @param {Float64Array} input `length` numbers */
    realTransform(out, input) {
        // Even and odd places are the two parts of half as many complex numbers, transformed together …
        this._transform(input, 0, 1, 0, 0);
        const { _half: half, _made: made, _cos: cos, _sin: sin } = this;
        for (let k = 0; k <= half; k++) {
            // … and told apart by their symmetries.
            const at = 2 * (k % half), mirrored = 2 * ((half - k) % half);
            const evenRe = (made[at] + made[mirrored]) / 2, evenIm = (made[at + 1] - made[mirrored + 1]) / 2;
            const oddRe = (made[at + 1] + made[mirrored + 1]) / 2, oddIm = (made[mirrored] - made[at]) / 2;
            out[2 * k] = evenRe + oddRe * cos[k] - oddIm * sin[k];
            out[2 * k + 1] = evenIm + oddRe * sin[k] + oddIm * cos[k];
        }
    }

    /** Transforms every `step`th complex number of the input from `from` on, to `to` on.
     * @param {Float64Array} input @param {number} from @param {number} step @param {number} to @param {number} level */
    _transform(input, from, step, to, level) {
        const factor = this._factors[level];
        const count = this._half / step / factor;
        if (count === 1) {
            this._take(input, from, step, factor);
            this._combine(to, 1, factor, 0, step);
            return;
        }
        for (let q = 0; q < factor; q++) this._transform(input, from + q * step, step * factor, to + q * count, level + 1);
        for (let k = 0; k < count; k++) {
            this._take(this._made, to + k, count, factor);
            this._combine(to + k, count, factor, step * k, step * count);
        }
    }

    /** @param {Float64Array} numbers @param {number} from @param {number} step @param {number} count */
    _take(numbers, from, step, count) {
        const few = this._few;
        for (let q = 0; q < count; q++) {
            few[2 * q] = numbers[2 * (from + q * step)];
            few[2 * q + 1] = numbers[2 * (from + q * step) + 1];
        }
    }

    /**
     * Turns what was taken, a number of each of `factor` transforms, into as many numbers of the whole.
     * @param {number} to the first one's place @param {number} step to the next one's @param {number} factor
     * @param {number} first angle, in parts of half the length @param {number} more of each following one
     */
    _combine(to, step, factor, first, more) {
        if (factor === 4) {
            this._combineFour(to, step, first);
            return;
        }
        const { _length: length, _made: made, _few: few, _cos: cos, _sin: sin } = this;
        for (let r = 0; r < factor; r++) {
            const turn = 2 * (first + r * more) % length;
            let re = few[0], im = few[1], angle = 0;
            for (let q = 1; q < factor; q++) {
                angle += turn;
                if (angle >= length) angle -= length;
                re += few[2 * q] * cos[angle] - few[2 * q + 1] * sin[angle];
                im += few[2 * q] * sin[angle] + few[2 * q + 1] * cos[angle];
            }
            made[2 * (to + r * step)] = re;
            made[2 * (to + r * step) + 1] = im;
        }
    }

    /** The same of four transforms, whose numbers are quarters of a turn apart, which takes no multiplication.
     * @param {number} to @param {number} step @param {number} first */
    _combineFour(to, step, first) {
        const { _length: length, _made: made, _few: few, _cos: cos, _sin: sin } = this;
        for (let q = 1; q < 4; q++) {
            const angle = 2 * first * q % length, re = few[2 * q], im = few[2 * q + 1];
            few[2 * q] = re * cos[angle] - im * sin[angle];
            few[2 * q + 1] = re * sin[angle] + im * cos[angle];
        }
        for (let part = 0; part < 2; part++) {
            const sum = few[part] + few[4 + part], others = few[2 + part] + few[6 + part];
            made[2 * to + part] = sum + others;
            made[2 * (to + 2 * step) + part] = sum - others;
        }
        const re = few[0] - few[4], im = few[1] - few[5], turnedRe = few[3] - few[7], turnedIm = few[6] - few[2];
        made[2 * (to + step)] = re + turnedRe;
        made[2 * (to + step) + 1] = im + turnedIm;
        made[2 * (to + 3 * step)] = re - turnedRe;
        made[2 * (to + 3 * step) + 1] = im - turnedIm;
    }
}

/** Whether nothing is heard there, so that its transform is nothing, too.
 * @param {Float32Array | Float64Array} samples @param {number} from @param {number} count */
export function isSilent(samples, from, count) {
    for (let i = from; i < from + count; i++) if (samples[i] !== 0) return false;
    return true;
}
