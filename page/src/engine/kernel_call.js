/** One kernel over tensors, held against what its rule says: its sizes, its options as numbers, and its output's shape. */
import { Failure } from './failure.js';
import { KERNEL_RULES } from './kernel_rules.js';

/** @typedef {import('./kernels.js').KernelCall} KernelCall */
/** @typedef {import('./kernels.js').KernelInput} KernelInput */
/** @typedef {import('./kernels.js').KernelRule} KernelRule */
/** `form`: its shape as the rule has it. @typedef {{name: string, form: string, shape: number[]}} Shaped */

/** The name of what "*" stands for, as a product. */
export const LEAD = 'lead';

/** The call, and its output. @param {string} kernel @param {readonly (KernelInput & {shape: number[]})[]} given in the rule's order
 * @param {Record<string, any>} options @returns {{call: KernelCall, output: {name: string, shape: number[]}}} */
export function callOf(kernel, given, options) {
    const rule = KERNEL_RULES[kernel], [name, form] = rule.output;
    const { sizes, leading } = sizesOf(given.map(({ shape }, i) => ({ name: rule.inputs[i][0], form: rule.inputs[i][1], shape })));
    const shape = shapeOf(form, sizes, leading);
    const call = { kernel, inputs: given, sizes, options: numbersOf(rule, options), elements: product(shape) };
    return { call, output: { name, shape } };
}

/** @param {readonly Shaped[]} inputs @returns {{sizes: Map<string, number>, leading: number[]}} `leading`: what "*" stands for */
function sizesOf(inputs) {
    /** @type {Map<string, number>} */
    const sizes = new Map();
    /** @type {number[] | null} */
    let leading = null;
    for (const { name, form, shape } of inputs) {
        const words = form.split(','), leads = words[0] === '*';
        const last = leads ? words.slice(1) : words, at = shape.length - last.length;
        const fits = at >= 0 && (leads || at === 0)
            && last.every((word, i) => (sizes.get(word) ?? shape[at + i]) === shape[at + i])
            && (!leads || leading === null || String(leading) === String(shape.slice(0, at)));
        if (!fits) {
            throw new Failure('input_shape', `the input ${name} has shape [${shape}], which does not fit the others`,
                { field: name, expected: `[${form}]` });
        }
        if (leads) {
            leading = shape.slice(0, at);
            sizes.set(LEAD, product(leading));
        }
        for (const [i, word] of last.entries()) sizes.set(word, shape[at + i]);
    }
    return { sizes, leading: leading ?? [] };
}

/** @param {string} form @param {Map<string, number>} sizes @param {number[]} leading @returns {number[]} */
const shapeOf = (form, sizes, leading) => form.split(',').flatMap((word) => (word === '*' ? leading : [sizes.get(word) ?? 0]));

/** The options as a kernel gets them. @param {KernelRule} rule @param {Record<string, any>} given */
const numbersOf = ({ options }, given) => options.map(({ name, otherwise, words }) => {
    const value = given[name] ?? otherwise;
    return words ? Math.max(0, words.indexOf(value)) : Number(value);
});

/** @param {readonly number[]} shape */
export const product = (shape) => shape.reduce((all, size) => all * size, 1);
