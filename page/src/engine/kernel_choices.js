/** Which candidate of each kernel is taken for calls of which sizes, and what is tried to learn it. */
import { numberOptions, product, sizeNames } from './kernel_call.js';
import { KERNEL_RULES } from './kernel_rules.js';
import { drawn } from './kernel_tuning.js';
import { candidatesOf, chosen, fits, forHardware, sizeClassOf, sizesOfClass } from './kernel_variants.js';

/** @import { Chosen, KernelCall } from './kernels.js' */
/** @import { Candidate } from './kernel_variants.js' */

/** Inputs and output of what is tried have so many bytes at most: what is larger takes too long to be tried several times. */
const TRIAL_BYTES = 64 << 20;

export class KernelChoices {
    /** @param {Readonly<Record<string, {plan: import('./kernel_variants.js').Variants}>>} shaders */
    constructor(shaders) {
        /** The first is the default. @type {Map<string, Candidate[]>} */
        this._candidates = new Map(Object.entries(shaders).map(([kernel, { plan }]) => [kernel, candidatesOf(plan)]));
        /** Likewise, for adapters that are no software. @type {Map<string, Candidate[]>} */
        this._hardware = new Map(Object.entries(shaders).map(([kernel, { plan }]) => [kernel, forHardware(candidatesOf(plan), plan.hardware)]));
        /** Whether the adapter is one of these. */
        this.isHardware = false;
        /** The device's limits and features; null before there is a device. @type {import('./kernel_variants.js').Has | null} */
        this.has = null;
        /** By kernel, then by class. @type {Map<string, Map<string, Candidate>>} */
        this._chosen = new Map();
    }

    /** Ignores choices that are not among the candidates. @param {readonly Chosen[]} choices instead of all earlier ones */
    choose(choices) {
        this._chosen.clear();
        for (const { kernel, size_class: sizeClass, choice } of choices) {
            const candidate = chosen(this._candidates.get(kernel) ?? [], choice);
            if (candidate) this._chosen.set(kernel, (this._chosen.get(kernel) ?? new Map()).set(sizeClass, candidate));
        }
    }

    /** @param {KernelCall} call @returns {Candidate} */
    of({ kernel, halves, sizes }) {
        const other = halves ? undefined : this._chosen.get(kernel)?.get(sizeClassOf(sizes)); // they are measured with FP32
        return other && this._fits(other) ? other : this._all(kernel)[0];
    }

    /** The default, and what was chosen instead. @param {string} kernel @param {boolean} halves */
    usedOf(kernel, halves) {
        const others = halves ? [] : [...this._chosen.get(kernel)?.values() ?? []];
        return [...new Set([this._all(kernel)[0], ...others.filter((one) => this._fits(one))])];
    }

    /**
     * A call of that class with inputs of our own, and the candidates that there is room for, the default first. Without a call
     * there is no such class, or nothing to be chosen from.
     * @param {string} kernel @param {string} sizeClass
     * @returns {{call: KernelCall | null, candidates: Candidate[]}}
     */
    trial(kernel, sizeClass) {
        const rule = KERNEL_RULES[kernel], sizes = rule && sizesOfClass(sizeClass, sizeNames(rule));
        const candidates = this._all(kernel).filter((candidate, i) => i === 0 || this._fits(candidate));
        if (!sizes || candidates.length < 2) return { call: null, candidates };
        const elements = (/** @type {string} */ shape) =>
            product(shape.replace('*', 'lead').split(',').map((name) => sizes.get(name) ?? 0));
        const all = [...rule.inputs, rule.output].map(([, shape]) => elements(shape)), made = all[all.length - 1];
        const isSmall = 4 * all.reduce((sum, one) => sum + one, 0) <= TRIAL_BYTES;
        if (made === 0 || !isSmall) return { call: null, candidates };
        const inputs = rule.inputs.map((_, i) => ({ bytes: new Uint8Array(drawn(all[i], i + 1).buffer) }));
        return { call: { kernel, inputs, halves: false, sizes, options: defaultsOf(rule), elements: made }, candidates };
    }

    /** @param {Candidate} candidate */
    _fits(candidate) {
        return this.has !== null && fits(candidate, this.has);
    }

    /** The default first. @param {string} kernel @returns {Candidate[]} */
    _all(kernel) {
        return (this.isHardware ? this._hardware : this._candidates).get(kernel) ?? [];
    }
}

/** @param {import('./kernels.js').KernelRule} rule */
const defaultsOf = (rule) => numberOptions(rule).map(({ otherwise, words }) =>
    (words ? Math.max(0, words.indexOf(String(otherwise))) : Number(otherwise ?? 0)));
