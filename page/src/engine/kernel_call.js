/** One kernel over tensors, held against what its rule says: its sizes, its options as numbers, and its output's shape. */
import { Failure } from './failure.js';
import { KERNEL_RULES } from './kernel_rules.js';

/** @typedef {import('./kernels.js').KernelCall} KernelCall */
/** @typedef {import('./kernels.js').KernelInput} KernelInput */
/** @typedef {import('./kernels.js').KernelOption} KernelOption */
/** @typedef {import('./kernels.js').KernelRule} KernelRule */
/** `form`: its shape as the rule has it. @typedef {{name: string, form: string, shape: number[]}} Shaped */

/** The name of what "*" stands for, as a product. */
export const LEAD = 'lead';

/** The call, and its output. @param {string} kernel @param {readonly (KernelInput & {shape: number[]})[]} given in the rule's order
 * @param {Record<string, any>} options @returns {{call: KernelCall, output: {name: string, shape: number[]}}} */
export function callOf(kernel, given, options) {
    const rule = KERNEL_RULES[kernel], [name, form] = rule.output;
    const { sizes, leading } = sizesOf(given.map(({ shape }, i) => ({ name: rule.inputs[i][0], form: rule.inputs[i][1], shape })));
    for (const option of rule.options.filter(({ is }) => is)) {
        for (const [word, value] of sizesGiven(option, options[option.name])) sizes.set(word, value);
    }
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

/** The names of all sizes, in their order. @param {KernelRule} rule @returns {string[]} */
export const sizeNames = ({ inputs, options }) => [
    ...new Set(inputs.flatMap(([, form]) => form.replace('*', LEAD).split(','))),
    ...options.flatMap(({ name, is }) => (is === 'bits' ? [`${name}_low`, `${name}_high`] : is ? [name] : [])),
];

/** What an option adds to the sizes. @param {KernelOption} option @param {any} value @returns {Array<[string, number]>} */
function sizesGiven({ name, is }, value) {
    if (is === 'size' && Number.isInteger(value) && value >= 0) return [[name, value]];
    if (is === 'bits' && /^[0-9a-f]{16}$/.test(value)) {
        return [[`${name}_low`, parseInt(value.slice(8), 16)], [`${name}_high`, parseInt(value.slice(0, 8), 16)]];
    }
    throw new Failure('input_invalid', `the option ${name} is ${value}`,
        { field: `options.${name}`, expected: is === 'size' ? 'a whole number' : '16 hexadecimal digits' });
}

/** The options that are no sizes. @param {KernelRule} rule */
export const numberOptions = ({ options }) => options.filter(({ is }) => !is);

/** The options as a kernel gets them. @param {KernelRule} rule @param {Record<string, any>} given */
const numbersOf = (rule, given) => numberOptions(rule).map(({ name, otherwise, words }) => {
    const value = given[name] ?? otherwise;
    return words ? Math.max(0, words.indexOf(value)) : Number(value);
});

/** @param {readonly number[]} shape */
export const product = (shape) => shape.reduce((all, size) => all * size, 1);
