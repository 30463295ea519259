/**
 * The choice of the next token. Biases and penalties first, then the most likely ones by `top_k`,
 * `top_p` and `min_p`, then the temperature: the order that llama.cpp has, so that the same request
 * means the same on both engines. The vocabulary is never sorted; and powers are computed here, since
 * browsers differ in theirs, and a seed is to bring the same answer in all of them.
 *
 * Of logits on a GPU, only the best come here where these decide (gpu_logits.js), and the token is the same. The best
 * decide without chance, and with a `top_k` of at most BEST_MAX. With `top_p` or `min_p` and no `top_k`, a GUESS of the
 * best usually decides; `pick` finds out. The whole row is needed for log probabilities, beams, what the guard compares,
 * a larger `top_k`, and chance with none of the three.
 */
import { Failure } from '../engine/failure.js';
import { LIKELY } from '../engine/raw.js';

/** @typedef {{id: number, logprob: number}} Likely */
/**
 * The logits of some of `count` tokens, in the order of their ids; those of the others are below `others.below`, and the
 * sum of e^(logit - others.top) of these is `others.sum`, about.
 * @typedef {{below: number, top: number, sum: number}} Others
 * @typedef {{ids: Int32Array, values: Float32Array, count: number, others: Others}} Best
 */
/** Logits after all rules: of `ids`, or of all tokens. @typedef {{ids: Int32Array | null, logits: Float32Array, others: Others | null}} Known */
/**
 * @typedef {object} Sampling
 * @property {number} temperature 0: always the most likely token
 * @property {number} topK 0: all @property {number} topP @property {number} minP
 * @property {number} repeat factor for tokens that were there already; 1: none
 * @property {number} frequency @property {number} presence
 * @property {readonly (readonly [number, number])[]} bias of tokens; -100 forbids one
 * @property {number} seed any safe integer
 */

/** Tokens that penalties look back on, as llama.cpp's `penalty_last_n`. */
const LOOK_BACK = 64;
/** The bias that forbids a token. */
const NEVER = -100;
/** If a logit is this far below the highest, its probability is negligible. */
export const NOTHING = 40;
/** The most of the best that come from a GPU, and how many usually decide by probabilities. */
export const BEST_MAX = 512;
const GUESS = 256;
/** The error of a sum of others, as a part of it and of all: WGSL's e^x, at x above -NOTHING, is within 83 ULP. */
const OTHERS_ERROR = 2 ** -15, ALL_ERROR = 2 ** -30;
/** Logits are put into buckets of that part of a unit. */
const BUCKETS = 8;
/** Powers of e in such steps down from the highest logit; the rest of the way is a polynomial of degree 3,
 * which is off by less than 1e-7 of the value. */
const STEPS = 32;
const POWERS = Float64Array.from({ length: NOTHING * STEPS + 1 }, (_, step) => Math.exp(-step / STEPS));

export class Sampler {
    /** @param {Sampling} sampling */
    constructor(sampling) {
        this._sampling = sampling;
    }

    /**
     * @param {Float32Array} logits of the whole vocabulary; changed
     * @param {readonly number[]} tokens all before it @param {number} place of the token in the answer
     * @returns {number} the token @throws {Failure} where no token is possible
     */
    choose(logits, tokens, place) {
        this.adjust(logits, tokens);
        return /** @type {number} */ (this.pick({ ids: null, logits, others: null }, place));
    }

    /** @param {Known} known adjusted @param {number} place of the token in the answer
     * @returns {number | null} the token; null: the others may matter @throws {Failure} where no token is possible */
    pick(known, place) {
        const { temperature, seed } = this._sampling;
        const { ids, logits, others } = known;
        const best = highest(logits), top = logits[best];
        if (temperature > 0) {
            const kept = this._keep(known, top);
            return kept && draw(kept, temperature, top, randomAt(seed, place));
        }
        return others && top < others.below ? null : ids ? ids[best] : best;
    }

    /** How many of the best logits decide, as a rule; null: all are needed. */
    get needs() {
        const { temperature, topK, topP, minP } = this._sampling;
        if (temperature === 0) return 1;
        if (topK > 0) return topK <= BEST_MAX ? topK : null;
        return topP < 1 || minP > 0 ? GUESS : null;
    }

    /** The tokens whose logits `adjust` changes. @param {readonly number[]} tokens all before @returns {number[]} */
    changes(tokens) {
        return [...this._sampling.bias.map(([id]) => id), ...(this._penalises ? tokens.slice(-LOOK_BACK) : [])];
    }

    /** Changes them as the request's biases and penalties say. @param {Float32Array} logits of the whole vocabulary
     * @param {readonly number[]} tokens all before */
    adjust(logits, tokens) {
        this._bias(logits);
        this._penalise(logits, tokens.slice(-LOOK_BACK));
    }

    /** @param {Float32Array} logits */
    _bias(logits) {
        for (const [id, bias] of this._sampling.bias) {
            if (id < logits.length) logits[id] = bias === NEVER ? -Infinity : logits[id] + bias;
        }
    }

    /** @param {Float32Array} logits @param {readonly number[]} last */
    _penalise(logits, last) {
        const { repeat, frequency, presence } = this._sampling;
        if (!this._penalises) return;
        /** @type {Map<number, number>} */
        const counts = new Map();
        for (const id of last) counts.set(id, (counts.get(id) ?? 0) + 1);
        for (const [id, count] of counts) {
            const logit = logits[id];
            logits[id] = (logit > 0 ? logit / repeat : logit * repeat) - count * frequency - presence;
        }
    }

    get _penalises() {
        const { repeat, frequency, presence } = this._sampling;
        return repeat !== 1 || frequency !== 0 || presence !== 0;
    }

    /** The tokens that may be drawn; null: it depends on the others. @param {Known} known @param {number} top the highest
     * of its logits @returns {Candidates | null} */
    _keep(known, top) {
        const { temperature, topK, topP, minP } = this._sampling;
        const { ids, logits, others } = known;
        const isAll = topK === 0 || (!others && topK >= logits.length);
        // Tokens less likely than `min_p` times the most likely one have a logit below this.
        const floor = Math.max(minP > 0 ? top + Math.log(minP) : -Infinity, top - NOTHING * temperature);
        if (isAll && topP >= 1) return others && others.below > floor ? null : { ids, logits, count: logits.length, floor };
        const best = isAll ? nucleus(known, topP, top) : mostLikely(logits, topK, ids);
        if (!best || (others && best.logits[best.logits.length - 1] < others.below)) return null;
        const count = isAll || topP >= 1 ? best.ids.length
            : reaches(best.logits, topP, top, sumOf(best.logits, top));
        return { ...best, count: Math.max(count, 1), floor };
    }
}

/** The first `count` of them, as far as their logits are not below `floor`; without `ids`, each is at its
 * id's place.
 * @typedef {{ids: Int32Array | null, logits: Float32Array, count: number, floor: number}} Candidates */

/**
 * @param {Candidates} candidates @param {number} temperature @param {number} top the highest logit
 * @param {number} random from 0 to below 1
 */
function draw({ ids, logits, count, floor }, temperature, top, random) {
    const weights = new Float64Array(count);
    let sum = 0;
    for (let i = 0; i < count; i++) {
        if (logits[i] >= floor) sum += weights[i] = power((logits[i] - top) / temperature);
    }
    let rest = random * sum, last = 0;
    for (let i = 0; i < count; i++) {
        if (weights[i] === 0) continue;
        last = i;
        rest -= weights[i];
        if (rest < 0) break;
    }
    return ids ? ids[last] : last;
}

/** @param {Float32Array} logits @returns {number} the id of the highest, the first of equals */
export function highest(logits) {
    let best = -1, top = -Infinity;
    for (let i = 0; i < logits.length; i++) {
        if (logits[i] > top) {
            top = logits[i];
            best = i;
        }
    }
    if (best >= 0) return best;
    throw noToken();
}

export const noToken = () => new Failure('inference_failed', 'no token is possible: all numbers of the model are NaN or -Infinity');

/** The `count` highest, the highest first, and of equals that of the lowest id.
 * @param {Float32Array} logits @param {number} count @param {Int32Array | null} [ids] of these, which rise; null: their places */
export function mostLikely(logits, count, ids = null) {
    const heap = new Heap(Math.min(count, logits.length));
    for (let i = 0; i < logits.length; i++) if (logits[i] > heap.lowest) heap.add(i, logits[i]);
    const order = [...heap.ids.subarray(0, heap.size).keys()]
        .sort((a, b) => heap.values[b] - heap.values[a] || heap.ids[a] - heap.ids[b]);
    return {
        ids: Int32Array.from(order, (at) => (ids ? ids[heap.ids[at]] : heap.ids[at])),
        logits: Float32Array.from(order, (at) => heap.values[at]),
    };
}

/** The fewest whose probabilities sum up to `share`, the least likely of them last; null: it depends on the others.
 * @param {Known} known @param {number} share @param {number} top
 * @returns {{ids: Int32Array, logits: Float32Array} | null} */
function nucleus({ ids, logits, others }, share, top) {
    const masses = massesOf(logits, top);
    const sum = masses.reduce((all, mass) => all + mass), more = others ? others.sum * Math.exp(others.top - top) : 0;
    const error = others ? OTHERS_ERROR * more + ALL_ERROR * (sum + more) : 0;
    const { places, isEnough } = fewest(logits, masses, share * (sum + more + error), top);
    if (others && (!isEnough || places.length !== fewest(logits, masses, share * (sum + more - error), top).places.length)) return null;
    return { ids: Int32Array.from(places, (at) => (ids ? ids[at] : at)), logits: Float32Array.from(places, (at) => logits[at]) };
}

/** What is in each bucket. @param {Float32Array} logits @param {number} top */
function massesOf(logits, top) {
    const masses = new Float64Array(NOTHING * BUCKETS);
    for (let i = 0; i < logits.length; i++) {
        const below = top - logits[i];
        if (below < NOTHING) masses[(below * BUCKETS) | 0] += power(-below);
    }
    return masses;
}

/** The places of the fewest that have so much, if all have: whole buckets, and of the last one the likeliest.
 * @param {Float32Array} logits @param {Float64Array} masses @param {number} wanted @param {number} top */
function fewest(logits, masses, wanted, top) {
    let rest = wanted, last = 0;
    while (last < masses.length - 1 && rest > masses[last]) rest -= masses[last++];
    const [places, edge] = byBucket(logits, top, last);
    edge.sort((a, b) => logits[b] - logits[a] || a - b);
    for (const at of edge) {
        places.push(at);
        rest -= power(logits[at] - top);
        if (rest <= 0) break;
    }
    return { places, isEnough: rest <= 0 };
}

/** The places in the buckets before `last`, and those in it.
 * @param {Float32Array} logits @param {number} top @param {number} last */
function byBucket(logits, top, last) {
    /** @type {number[]} */
    const before = [];
    /** @type {number[]} */
    const inIt = [];
    for (let i = 0; i < logits.length; i++) {
        const at = (top - logits[i]) * BUCKETS;
        if (at < last) before.push(i);
        else if (at < last + 1) inIt.push(i);
    }
    return [before, inIt];
}

/** How many of `logits`, which fall, have that share of the sum; more than there are if they have not.
 * @param {Float32Array} logits @param {number} share @param {number} top @param {number} sum */
function reaches(logits, share, top, sum) {
    let rest = share * sum;
    for (let i = 0; i < logits.length; i++) {
        rest -= logits[i] > top - NOTHING ? power(logits[i] - top) : 0;
        if (rest <= 0) return i + 1;
    }
    return logits.length + 1;
}

/** @param {Float32Array} logits @param {number} top */
function sumOf(logits, top) {
    let sum = 0;
    const floor = top - NOTHING;
    for (let i = 0; i < logits.length; i++) if (logits[i] > floor) sum += power(logits[i] - top);
    return sum;
}

/** e to the power of `x`, which is at most 0 and not below -NOTHING. @param {number} x */
function power(x) {
    const step = (-x * STEPS) | 0;
    const rest = x + step / STEPS;
    return POWERS[step] * (1 + rest * (1 + rest * (1 / 2 + rest / 6)));
}

/** The logarithm of the sum of the powers of e, by which a logit becomes the logarithm of a probability.
 * @param {Float32Array} logits @param {number} top the highest of them */
export const logarithmOfAll = (logits, top) => top + Math.log(sumOf(logits, top));

/**
 * How likely the model held a token, and the `count` most likely ones, by its own logits.
 * @param {Float32Array} logits as the model gave them @param {number} token @param {number} count
 * @returns {{logprob: number, top: Likely[]}}
 */
export function likelihood(logits, token, count) {
    const all = logarithmOfAll(logits, logits[highest(logits)]);
    const best = count > 0 ? mostLikely(logits, count) : { ids: new Int32Array(), logits: [] };
    const likely = [...best.ids].map((id, i) => ({ id, logprob: best.logits[i] - all }));
    return { logprob: logits[token] - all, top: likely };
}

/** Tells what is chosen greedily. @param {import('../engine/raw.js').RawOutputs} raw
 * @param {Float32Array} logits after all rules */
export function tell(raw, logits) {
    const token = highest(logits);
    const { logprob, top } = likelihood(logits, token, LIKELY);
    if (raw.steps === 0) raw.note('logits', logits);
    raw.step(token, [logprob, ...top.filter(({ id }) => id !== token).map((one) => one.logprob)]);
}

/** The highest of what comes, in the order of ids: a heap whose root is the lowest of them, and of equals that of the highest id. */
class Heap {
    /** @param {number} capacity */
    constructor(capacity) {
        this.ids = new Int32Array(capacity);
        this.values = new Float32Array(capacity);
        this.size = 0;
        /** A value that is not above it need not be added. */
        this.lowest = -Infinity;
    }

    /** @param {number} id @param {number} value above `lowest` */
    add(id, value) {
        if (this.size < this.values.length) this._rise(this.size++, id, value);
        else this._sink(id, value);
        if (this.size === this.values.length) this.lowest = this.values[0];
    }

    /** @param {number} at @param {number} id @param {number} value */
    _rise(at, id, value) {
        for (let above = (at - 1) >> 1; at > 0 && !this._isBelow(above, id, value); above = (at - 1) >> 1) {
            this._put(at, this.ids[above], this.values[above]);
            at = above;
        }
        this._put(at, id, value);
    }

    /** In the root's place. @param {number} id @param {number} value */
    _sink(id, value) {
        let at = 0;
        for (let below = 1; below < this.size; below = 2 * at + 1) {
            if (below + 1 < this.size && this._isBelow(below + 1, this.ids[below], this.values[below])) below++;
            if (!this._isBelow(below, id, value)) break;
            this._put(at, this.ids[below], this.values[below]);
            at = below;
        }
        this._put(at, id, value);
    }

    /** Whether what is there is below this. @param {number} at @param {number} id @param {number} value */
    _isBelow(at, id, value) {
        return this.values[at] < value || (this.values[at] === value && this.ids[at] > id);
    }

    /** @param {number} at @param {number} id @param {number} value */
    _put(at, id, value) {
        this.ids[at] = id;
        this.values[at] = value;
    }
}

/**
 * A number from 0 to below 1 that depends only on the two, so that an answer continues on any node as it would
 * have here: both halves of the seed and the place, mixed by the finaliser of MurmurHash3.
 * @param {number} seed a safe integer @param {number} place
 */
export function randomAt(seed, place) {
    const low = seed >>> 0;
    const high = Math.floor(seed / 2 ** 32) >>> 0;
    const mixed = mix(place ^ mix(high ^ mix(low ^ 0x9e3779b9)));
    const more = mix(mixed ^ 0x85ebca6b);
    return ((mixed >>> 5) * 2 ** 26 + (more >>> 6)) / 2 ** 53;
}

/** @param {number} word */
function mix(word) {
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
}
