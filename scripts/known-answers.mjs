/**
 * Writes page/src/people/known_answers.js: what the built-in models make of the inputs of "Test this device", as plain loops
 * compute it (tests/lib/kernel-models.mjs).
 *
 *     node scripts/known-answers.mjs
 */
import fs from 'node:fs';
import path from 'node:path';
import { numbers } from '../page/src/people/numbers.js';
import { rightModel } from '../tests/lib/kernel-models.mjs';

const SHAPES = { mlp: [1, 784], transformer: [1, 2, 64] };
/** More digits than a float has, and no more than are checked by far. */
const DIGITS = 7;
const COLUMNS = 130;

/** The text of the file. */
export function knownAnswers() {
    const lists = Object.entries(SHAPES).map(([name, shape]) => {
        const { values } = rightModel[name]({ shape, values: [...numbers(shape.reduce((all, one) => all * one, 1))] });
        return `    ${name}: [\n${wrapped(values.map((one) => String(Number(one.toPrecision(DIGITS)))))}    ],\n`;
    });
    return '/** The right answers of "Test this device". Made by scripts/known-answers.mjs. */\n'
        + `export const KNOWN = Object.freeze({\n${lists.join('')}});\n`;
}

function wrapped(words) {
    const lines = [''];
    for (const word of words) {
        if (lines.at(-1).length + word.length + 10 > COLUMNS) lines.push('');
        lines[lines.length - 1] += `${lines.at(-1) ? ' ' : ''}${word},`;
    }
    return lines.map((line) => `        ${line}\n`).join('');
}

if (process.argv[1] === import.meta.filename)
    fs.writeFileSync(path.join(import.meta.dirname, '../page/src/people/known_answers.js'), knownAnswers());
