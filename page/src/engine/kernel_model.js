/**
 * The built-in models over kernels: weights from a seed, and one kernel after the other. Their contents are in
 * kernel_rules.js; src/terms/kernel/kernel_model.h says how an element of a weight is made.
 */
import { Failure } from './failure.js';
import { callOf, product } from './kernel_call.js';
import { valueOf } from './kernel_plan.js';
import { KERNEL_MODELS } from './kernel_rules.js';

/** @import { KernelCall, KernelInput } from './kernels.js' */
/** @import { Sizes } from './kernel_plan.js' */
/** Its dimensions are products of numbers and of the input's sizes. @typedef {readonly [name: string, shape: string]} Value */
/** @typedef {{name: string, shape: string, middle: number, spread: number, seed: number}} Weight */
/** @typedef {{kernel: string, inputs: readonly Value[], output: string, options?: Record<string, any>}} Step */
/** @typedef {{input: Value, output: Value, weights: readonly Weight[], steps: readonly Step[]}} ModelRule */

const PREFIX = 'builtin/';
const OF_ALL = `${PREFIX}kernels`;

/** @param {string} name of a model @returns {KernelModel | null} null for the one that represents all kernels */
export function modelOf(name) {
    if (name === OF_ALL) return null;
    const own = name.slice(PREFIX.length);
    if (name.startsWith(PREFIX) && Object.hasOwn(KERNEL_MODELS, own)) return new KernelModel(KERNEL_MODELS[own]);
    throw new Failure('model_invalid', `this page has no model ${name} over kernels`);
}

export class KernelModel {
    /** @param {ModelRule} rule */
    constructor(rule) {
        this._rule = rule;
        /** Those whose shape is the same in all runs. @type {Map<string, Uint8Array<ArrayBuffer>>} */
        this._weights = new Map(rule.weights.filter(({ shape }) => isFixed(shape))
            .map((weight) => [weight.name, elementsOf(weight, new Map())]));
    }

    get inputName() {
        return this._rule.input[0];
    }

    get kernels() {
        return [...new Set(this._rule.steps.map(({ kernel }) => kernel))];
    }

    /** Bytes that come again with each run. */
    get kept() {
        return [...this._weights.values()];
    }

    /** The same bytes with their names and shapes. */
    get constants() {
        return this._rule.weights.flatMap(({ name, shape }) => {
            const bytes = this._weights.get(name);
            return bytes ? [{ name, shape: dimsOf(shape, new Map()), bytes }] : [];
        });
    }

    /** @param {{shape: number[], bytes: Uint8Array<ArrayBuffer>}} input
     * @returns {{calls: KernelCall[], output: {name: string, shape: number[]}}} */
    callsOf({ shape, bytes }) {
        const { input, output: [name, form], weights, steps } = this._rule, sizes = sizesOf(input, shape);
        /** @type {Map<string, KernelInput>} */
        const values = new Map([[input[0], { bytes }], ...weights.map((weight) => this._valueOf(weight, sizes))]);
        const calls = steps.map((step, from) => {
            const given = step.inputs.map(([one, seen]) => (
                { .../** @type {KernelInput} */ (values.get(one)), shape: dimsOf(seen, sizes) }));
            values.set(step.output, { from });
            return callOf(step.kernel, given, step.options ?? {}).call;
        });
        return { calls, output: { name, shape: dimsOf(form, sizes) } };
    }

    /** @param {Weight} weight @param {Sizes} sizes @returns {[name: string, value: KernelInput]} */
    _valueOf(weight, sizes) {
        const bytes = this._weights.get(weight.name);
        return [weight.name, bytes ? { bytes, isKept: true } : { bytes: elementsOf(weight, sizes) }];
    }
}

/** @param {string} word */
const isNumber = (word) => /^\d/.test(word);
/** @param {string} shape */
const isFixed = (shape) => shape.split(',').every(isNumber);
/** @param {string} shape @param {Sizes} sizes @returns {number[]} */
const dimsOf = (shape, sizes) => shape.split(',').map((term) => valueOf(term, sizes));

/** @param {Value} input @param {readonly number[]} shape what it has @returns {Map<string, number>} */
function sizesOf([name, form], shape) {
    const words = form.split(',');
    if (words.length !== shape.length || words.some((word, i) => isNumber(word) && Number(word) !== shape[i])) {
        throw new Failure('input_shape', `the input ${name} has shape [${shape}]`, { field: name, expected: `[${form}]` });
    }
    return new Map(words.flatMap((word, i) => (isNumber(word) ? [] : [[word, shape[i]]])));
}

/** @param {Weight} weight @param {Sizes} sizes */
function elementsOf({ shape, middle, spread, seed }, sizes) {
    const elements = new Float32Array(product(dimsOf(shape, sizes)));
    if (spread === 0) elements.fill(middle);
    else for (let k = 0; k < elements.length; k++) elements[k] = middle + spread * ((mix(mix(k) ^ seed) >>> 8) / 2 ** 23 - 1);
    return new Uint8Array(elements.buffer);
}

/** @param {number} x of 32 bits */
function mix(x) {
    x = Math.imul(x ^ x >>> 16, 0x7feb352d);
    x = Math.imul(x ^ x >>> 15, 0x846ca68b);
    return x ^ x >>> 16;
}
