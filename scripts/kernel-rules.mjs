// Makes page/src/engine/kernel_rules.js of what `webinferd --print-openapi` prints (standard input): the tensors of
// each kernel, the sizes that no input has, and its options with their defaults.
import fs from 'node:fs';
import { shown } from './literal.mjs';

const { 'x-kernels': kernels } = JSON.parse(fs.readFileSync(0, 'utf8'));

const tensor = ({ name, shape }) => [name, shape.join(',')];
const option = ([name, { default: otherwise, enum: words }]) => ({ name, otherwise, ...words && { words } });

const rows = kernels.map(({ name, inputs, outputs, sizes, options }) => `    ${name}: {
        inputs: ${shown(inputs.map(tensor))}, output: ${shown(tensor(outputs[0]))},
        sizes: ${shown(sizes.filter(({ of }) => of).map((size) => [size.name, size.of]))}, halves: ${inputs[0].datatypes.includes('FP16')},
        options: ${shown(Object.entries(options.properties).map(option))},
    },\n`).join('');

process.stdout.write(`/** The tensors and options of each kernel: src/kernel/table.c says them. Made by scripts/kernel-rules.mjs. */

/** @type {Readonly<Record<string, import('./kernels.js').KernelRule>>} */
export const KERNEL_RULES = Object.freeze({
${rows}});
`);
