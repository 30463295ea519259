/** One kernel over tensors, held against what its rule says: its sizes, its options as numbers, and its output's shape. */
import { Failure } from './failure.js';
import { KERNEL_RULES } from './kernel_rules.js';

/** @import { KernelCall, KernelInput, KernelOption, KernelRule } from './kernels.js' */
/** `form`: its shape as the rule has it. @typedef {{name: string, form: string, shape: number[]}} Shaped */

/** The name of the dimensions that "*" represents, as a product. */
export const LEAD = 'lead';

/** The sizes that a kernel is called with, in their order. @param {KernelRule} rule @returns {string[]} */
export const sizeNames = ({ inputs, output, options }) => [
    ...new Set([...inputs, output].flatMap(([, shape]) => shape.replace('*', LEAD).split(','))),
    ...options.filter(({ is }) => is).flatMap(({ name }) => halfNames(name)),
];
/** Whether an option is a size, which no input has. @param {KernelRule} rule @param {KernelOption} option */
const isSize = ({ output: [, shape] }, { name }) => shape.split(',').includes(name);
/** The options that it is called with: those that are no sizes. @param {KernelRule} rule */
export const numberOptions = (rule) => rule.options.filter((option) => !option.is && !isSize(rule, option));
/** @param {string} name of an option of 64 bits */
const halfNames = (name) => [`${name}_low`, `${name}_high`];

/** The meaning of a name in the list to compile: "NAME FP16" is the kernel over inputs of FP16. @param {string} name */
export function useOf(name) {
    const [kernel, datatype] = name.split(' ');
    return { kernel, halves: datatype === 'FP16' };
}

/** The call, and its output. @param {string} kernel @param {readonly (KernelInput & {shape: number[]})[]} given in the rule's order
 * @param {Record<string, any>} options @param {boolean} [halves] whether they are FP16
 * @returns {{call: KernelCall, output: {name: string, shape: number[]}}} */
export function callOf(kernel, given, options, halves = false) {
    const rule = KERNEL_RULES[kernel], [name, form] = rule.output;
    const { sizes, leading } = sizesOf(given.map(({ shape }, i) => ({ name: rule.inputs[i][0], form: rule.inputs[i][1], shape })));
    for (const option of rule.options.filter((one) => isSize(rule, one))) sizes.set(option.name, numberOf(option, options));
    for (const option of rule.options.filter(({ is }) => is)) {
        for (const [half, value] of halvesOf(option, options[option.name])) sizes.set(half, value);
    }
    const shape = shapeOf(form, sizes, leading), numbers = numberOptions(rule).map((option) => numberOf(option, options));
    const call = { kernel, inputs: given, halves, sizes, options: numbers, elements: product(shape) };
    return { call, output: { name, shape } };
}

/** @param {readonly Shaped[]} inputs @returns {{sizes: Map<string, number>, leading: number[]}} `leading`: the dimensions that "*" represents */
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

/** 64 bits as two sizes. @param {KernelOption} option @param {any} value @returns {Array<[string, number]>} */
function halvesOf({ name }, value) {
    if (/^[0-9a-f]{16}$/.test(value)) {
        const [low, high] = halfNames(name);
        return [[low, parseInt(value.slice(8), 16)], [high, parseInt(value.slice(0, 8), 16)]];
    }
    throw new Failure('input_invalid', `the option ${name} is ${value}`, { field: `options.${name}`, expected: '16 hexadecimal digits' });
}

/** An option as a kernel gets it. @param {KernelOption} option @param {Record<string, any>} given */
function numberOf({ name, otherwise, words }, given) {
    const value = given[name] ?? otherwise;
    return words ? Math.max(0, words.indexOf(value)) : Number(value);
}

/** @param {readonly number[]} shape */
export const product = (shape) => shape.reduce((all, size) => all * size, 1);
