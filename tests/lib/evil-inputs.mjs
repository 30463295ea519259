/** Inputs that a client chooses so that honest machines differ, and others that are harmless; the same for the same seed. */
import { half } from './arithmetic.mjs';
import { isHalf, kindOf, tensorsOf } from './graphs.mjs';

/** Numbers from 0 to 1. @param {number} seed @returns {() => number} */
export function drawFrom(seed) {
    let state = seed >>> 0;
    return () => { // Steele, Lea and Flood's SplitMix, in 32 bits
        state = state + 0x9e3779b9 >>> 0;
        let x = Math.imul(state ^ state >>> 16, 0x85ebca6b);
        x = Math.imul(x ^ x >>> 13, 0xc2b2ae35);
        return ((x ^ x >>> 16) >>> 0) / 2 ** 32;
    };
}

function shuffled(list, draw) {
    const all = [...list];
    for (let i = all.length - 1; i > 0; i--) {
        const j = Math.floor(draw() * (i + 1));
        [all[i], all[j]] = [all[j], all[i]];
    }
    return all;
}

const fill = (count, next) => Array.from({ length: count }, (_, i) => next(i));
const sign = (draw) => (draw() < 0.5 ? -1 : 1);

/** Of both types a large number, the largest, the least above 0, and where exp overflows. */
const single = { big: 1e7, largest: 3.4028234663852886e38, tiny: 2 ** -149, steps: 2 ** 20, edge: 88.72283, base: 1e4 };
const short = { big: 3e4, largest: 65504, tiny: 2 ** -24, steps: 1000, edge: 11.09, base: 500 };
const ones = (count) => fill(count, () => 1);

/**
 * The numbers of one row of an input. `place`: of the input among those of the model; where the first one is evil, the others
 * are ones, so that its numbers come through. `centre`: by element, what the graph subtracts.
 * @type {Record<string, (count: number, of: typeof single, draw: () => number, place: number, centre?: (i: number) => number) => number[]>}
 */
export const patterns = {
    cancelling(count, { big }, draw, place) {
        if (place > 0) return ones(count);
        const pairs = fill(count >> 2, () => big * (1 + draw()));
        return shuffled(fill(count, (i) => [pairs[i >> 2] ?? 1, -pairs[i >> 2] || 1, 1, draw()][i & 3]), draw);
    },
    permuted: (count, _of, draw, place) => (place > 0 ? ones(count)
        : shuffled(fill(count, (i) => (i % 2 ? -1 : 1) * 1.37 * 2 ** (Math.floor(i / 2) % 20 - 8)), draw)),
    largest: (count, { largest }, draw, place) => fill(count, () => (place === 1 ? 0.5 + draw() : sign(draw) * largest * (1 - draw() ** 4 / 2))),
    beyond_half: (count, _of, draw, place) => (place > 0 ? ones(count) : fill(count, () => sign(draw) * (65472 + 64 * draw()))),
    subnormal: (count, { tiny, steps }, draw) => fill(count, () => sign(draw) * tiny * Math.ceil(draw() * steps)),
    equal(count, _of, draw, place) {
        const one = place > 0 ? 1 : 0.05 + draw();
        return fill(count, () => one);
    },
    offset: (count, { base }, draw, place, centre = () => base) => fill(count, (i) => (place > 0 ? 1 : centre(i) + draw() / 64)),
    edge: (count, { edge }, draw, place) => (place > 0 ? fill(count, () => sign(draw) * edge) : fill(count, () => edge * (1 + (draw() - 0.5) * 2 ** -20))),
};

/** Tensors of that pattern for a model. @param {string} name @param {keyof patterns} pattern @param {number} seed */
export function evilInputs(name, pattern, seed) {
    const { inputs, whole = [], centre } = kindOf(name), draw = drawFrom(seed), of = isHalf(name) ? short : single;
    const row = (n, at, place) => patterns[pattern](n, of, draw, place, centre && ((i) => centre(at * n + i)));
    return tensorsOf(name, Object.fromEntries(Object.entries(inputs).map(([one, shape], place) => {
        const n = shape.at(-1), count = shape.reduce((product, size) => product * size, 1);
        return [one, whole.includes(one) ? shuffled(fill(count, (i) => i), draw)
            : fill(count / n, (at) => row(n, at, place)).flat().map(isHalf(name) ? within : Number)];
    })));
}

/** In 16 bits, and no infinity. */
const within = (number) => Math.max(-65504, Math.min(65504, half(number)));

/** Harmless ones, for which all machines answer alike. @param {string} name @param {number} seed */
export function usualInputs(name, seed) {
    const { inputs, whole = [] } = kindOf(name), draw = drawFrom(seed);
    return tensorsOf(name, Object.fromEntries(Object.entries(inputs).map(([one, shape]) => {
        const count = shape.reduce((product, size) => product * size, 1);
        return [one, fill(count, whole.includes(one) ? (i) => i : () => 0.25 + Math.floor(draw() * 64) / 64)];
    })));
}
