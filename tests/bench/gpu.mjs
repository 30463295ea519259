/**
 * ./dev bench gpu: what a machine's GPU is worth, in as many minutes as there are. The rows that are most wanted come first,
 * and build/bench/gpu/result.json is written after each of them.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { commandLine, names, number } from '../lib/command-line.mjs';
import { build, daemonPath, sharedModels } from '../lib/paths.mjs';
import { BROWSER, Ground } from './gpu/ground.mjs';
import { adapterRow, kernelRows, machineOf, subjects, tuningRow, verifyRow } from './gpu/machine.mjs';
import { echoRow, modelRow } from './gpu/models.mjs';
import { fillRows } from './gpu/rows.mjs';
import { nativeRow, textRows } from './gpu/text.mjs';
import { names as suite } from './models.mjs';

const { minutes, gpu, out } = commandLine('./dev bench gpu',
    'What this machine\'s GPU is worth: tables, and result.json in DIR, which is written after each row. It ends by itself at\n' +
    '80 % of the minutes; a row that has not run says why.', {
        minutes: number(8, 'how many there are'),
        gpu: names(['auto', 'hardware', 'software'], 'the adapter that the browser is to take', ['auto']),
        out: { value: 'DIR', read: (text) => path.resolve(text), otherwise: path.join(build, 'bench/gpu'), shown: 'build/bench/gpu', about: 'where result.json goes' },
    });

const SHAPE = '44M', FOLDER = 'gpt2-long';
/** Pictures first, as most people ask for. */
const VISION = ['light_resnet50', 'light_squeezenet', 'light_inception_v1'];
const OTHERS = suite.filter((name) => !VISION.includes(name) && name !== 'cnn_squeezenet_randw');
const models = sharedModels ? [...VISION, ...OTHERS] : [];

/** @param {string} name */
const missingRow = (name) => ({ name: `model ${name}`, most: 1, measure: async () => {
    throw new Error('the model cases are not here; WEBINFER_CASES names their folder');
} });

/** @param {Ground} ground the most wanted first */
function rowsOf(ground) {
    const gguf = textRows(ground, SHAPE, 'GGUF'), folder = textRows(ground, FOLDER, 'a folder');
    const model = (name) => (models.includes(name) ? modelRow(ground, name) : missingRow(name));
    return [
        adapterRow(ground), verifyRow(ground), gguf[0], folder[0], ...VISION.map(model), ...kernelRows(ground),
        gguf[1], folder[1], nativeRow(ground, SHAPE), ...OTHERS.map(model), echoRow(ground), tuningRow(),
    ];
}

const rounded = (value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
/** A row's figures in a line, those within others behind their name. */
const lineOf = (figures) => Object.entries(figures)
    .filter(([name]) => !['limits', 'features', 'evidence'].includes(name))
    .map(([name, value]) => (value && typeof value === 'object' ? `${name} (${lineOf(value)})` : `${name} ${rounded(value)}`)).join(', ');

/** @param {import('./gpu/rows.mjs').Told} row */
function print({ name, state, why, seconds, figures = {} }) {
    console.log(`${name}${seconds === undefined ? '' : `, ${seconds.toFixed(1)} s`}${state === 'measured' ? '' : `: ${state}, ${why}`}`);
    if (Object.keys(figures).length > 0) console.log(`    ${lineOf(figures)}`);
}

async function main() {
    const began = performance.now(), file = path.join(out, 'result.json');
    const about = { command: `./dev bench gpu ${process.argv.slice(2).join(' ')}`.trim(), when: new Date().toISOString(), minutes,
        version: execFileSync(daemonPath, ['--version'], { encoding: 'utf8' }).trim(), browser: BROWSER, machine: machineOf(), cases: models.length > 0 };
    fs.mkdirSync(out, { recursive: true });
    const write = (rows) => fs.writeFileSync(file, JSON.stringify({ ...about, seconds: (performance.now() - began) / 1000, rows }, null, 1));
    const ground = new Ground({ gpu: gpu[0], models, shapes: [SHAPE], folders: [FOLDER], subjects });
    const rows = await fillRows(rowsOf(ground), { minutes, write: (told) => {
        write(told);
        process.stderr.write('.');
    }, recover: () => ground.recover() });
    await ground.stop().catch((error) => console.error(error.message));
    console.log('\nWhat was measured; docs/performance.md explains the figures.');
    for (const row of rows) print(row);
    console.log(`\nAll figures: ${file}`);
}

await main();
process.exit(0);
