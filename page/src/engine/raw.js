/**
 * The outputs of a run's graphs, before labels, boxes, masks or files are made from them; the service compares
 * platforms by these. For a graph that runs several times they are those of its first run. For generated text they
 * are the likely tokens at each position, and the logits of the first.
 */
import { floats } from './tensors.js';

/** @import { Outcome } from './engine.js' */
/** @import { TensorBytes } from '../shared/messages.js' */

/** Log-probabilities of each place. */
export const LIKELY = 5;
/** From a tensor with more values so many are taken, at equal distances. */
const VALUES_MAX = 1 << 18;
const TENSORS_MAX = 24;
const REAL = /^float/;
/** Outputs of graphs that read a text step by step: the number of tokens in a step differs between
 * platforms. */
const OF_STEPS = /^(?:present|inputs_embeds$)/;

export class RawOutputs {
    constructor() {
        /** Whether the model orders its results by itself, so that two nearly equal ones may change places: then values
         * are sorted by size. */
        this.isUnordered = false;
        /** @type {Map<string, TensorBytes>} */
        this._tensors = new Map();
        /** @type {number[]} */
        this._tokens = [];
        /** @type {number[]} */
        this._likely = [];
    }

    /** A graph was run. @param {string} graph its name @param {Record<string, any>} outputs as the runtime has them */
    graph(graph, outputs) {
        const all = Object.entries(outputs);
        if (all.some(([name]) => OF_STEPS.test(name))) return;
        for (const [name, tensor] of all) if (REAL.test(tensor.type)) this.note(`${graph}/${name}`, floats(tensor), tensor.dims);
    }

    /** @param {string} name @param {Float32Array} values copied @param {readonly number[]} [shape] */
    note(name, values, shape = [values.length]) {
        if (this._tensors.has(name) || this._tensors.size === TENSORS_MAX) return;
        const every = Math.ceil(values.length / VALUES_MAX);
        const sorted = this.isUnordered ? values.toSorted() : values;
        const some = every > 1 ? sorted.filter((_, at) => at % every === 0) : sorted.slice();
        this._tensors.set(name, tensorOf(name, 'FP32', some, every > 1 ? [some.length] : shape));
    }

    /** A token was written. @param {number} token
     * @param {readonly number[]} likely log-probabilities: its own, then those of the likeliest others */
    step(token, likely) {
        this._tokens.push(token);
        for (let i = 0; i < LIKELY; i++) this._likely.push(likely[i] ?? -Infinity);
    }

    get steps() {
        return this._tokens.length;
    }

    /** The run's outcome with these outputs instead of its results. @param {Outcome} outcome @returns {Outcome} */
    instead({ result, ...outcome }) {
        const tensors = [...this._tensors.values()];
        if (this.steps > 0) {
            tensors.push(tensorOf('tokens', 'INT32', Int32Array.from(this._tokens), [this.steps]),
                tensorOf('likely', 'FP32', Float32Array.from(this._likely), [this.steps, LIKELY]));
        }
        return { ...outcome, tensors, result: { raw: true, usage: result?.usage, timings: result?.timings } };
    }
}

/** @param {string} name @param {string} datatype @param {Float32Array | Int32Array} values
 * @param {readonly number[]} shape @returns {TensorBytes} */
const tensorOf = (name, datatype, values, shape) =>
    ({ name, datatype, shape: [...shape], bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) });
