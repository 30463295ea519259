// Makes page/src/engine/kernel_rules.js of what `webinferd --print-openapi` prints (standard input): the tensors of
// each kernel, and its options with their defaults; the weights and steps of each built-in model over them.
import fs from 'node:fs';
import { shown } from './literal.mjs';

const { 'x-kernels': kernels, 'x-kernel-models': models } = JSON.parse(fs.readFileSync(0, 'utf8'));

const tensor = ({ name, shape }) => [name, shape.join(',')];
const option = ([name, { type, default: otherwise, enum: words }]) => (
    type === 'string' && !words ? { name, is: 'bits' } : { name, ...otherwise !== undefined && { otherwise }, ...words && { words } });

const rows = kernels.map(({ name, inputs, outputs, options }) => `    ${name}: {
        inputs: ${shown(inputs.map(tensor))}, output: ${shown(tensor(outputs[0]))},
        halves: ${outputs[0].datatypes.includes('FP16')}, options: ${shown(Object.entries(options.properties).map(option))},
    },\n`).join('');

/** A list with a line for each. */
const lines = (all) => `[\n${all.map((one) => `            ${shown(one)},\n`).join('')}        ]`;
const shaped = (weight) => ({ ...weight, shape: weight.shape.join(',') });
const step = ({ options, ...one }) => (
    { ...one, inputs: one.inputs.map(tensor), ...Object.keys(options).length > 0 && { options } });

const plans = models.map(({ name, input, output, weights, steps }) => `    ${name}: {
        input: ${shown(tensor(input))}, output: ${shown(tensor(output))},
        weights: ${lines(weights.map(shaped))},
        steps: ${lines(steps.map(step))},
    },\n`).join('');

process.stdout.write(`/** The tensors and options of each kernel: src/terms/kernel/kernel_table.c says them. Made by scripts/kernel-rules.mjs. */

/** @type {Readonly<Record<string, import('./kernels.js').KernelRule>>} */
export const KERNEL_RULES = Object.freeze({
${rows}});

/** The built-in models over them: src/terms/kernel/kernel_model.c says them. @type {Readonly<Record<string, import('./kernel_model.js').ModelRule>>} */
export const KERNEL_MODELS = Object.freeze({
${plans}});
`);
