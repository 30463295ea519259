/**
 * Models of the engine `pipeline` in Node: the page's own modules and transformers.js of its built script,
 * on onnxruntime-web's WASM, so that tasks are tested without a browser.
 */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import './yield.mjs';
import { ort } from './ort.mjs';
import { PipelineEngine } from '../../../page/src/pipeline/engine.js';
import { fetching, Folder } from '../../../page/src/pipeline/folder.js';
import { Library } from '../../../page/src/pipeline/library.js';
import { loadFolder } from '../../../page/src/pipeline/loading.js';
import { checkOptions } from '../../../page/src/engine/options.js';
import { taskOf as namedTask } from '../../../page/src/pipeline/tasks.js';
import { Run } from '../../../page/src/engine/run.js';
import { Turns } from '../../../page/src/engine/turns.js';
import { builtPage } from '../../lib/paths.mjs';

const DEVICE = { platform: 'wasm', provider: 'wasm', hasHalf: true };
const name = fs.readdirSync(builtPage).find((one) => /^pipeline-[0-9a-f]{12}\.js$/.test(one));
/** The address of the built script. */
export const script = pathToFileURL(path.join(builtPage, name)).href;

/** transformers.js takes Node for a browser's worker here: it is to take its files as there. */
async function bring(address) {
    const { release } = process;
    Object.defineProperty(process, 'release', { configurable: true, value: { ...release, name: 'worker' } });
    try {
        const { transformers, makeChat } = await import(address);
        return { transformers, makeChat, checkOptions, fetching, Folder, loadFolder, taskOf: namedTask };
    } finally {
        Object.defineProperty(process, 'release', { configurable: true, value: release });
    }
}

/** Of all that tests run on it. */
export const turns = new Turns();
export const library = new Library(ort, script, turns, bring);

/** The files of a folder's variant in 32 bits, or in that of which graphs' names end so: path → bytes. */
export const filesIn = (folder, end = '') => Object.fromEntries(fs.readdirSync(folder, { recursive: true })
    .filter((name) => fs.statSync(path.join(folder, name)).isFile() && isOf(name, end))
    .map((name) => [name, new Uint8Array(fs.readFileSync(path.join(folder, name)))]));

const ENDS = /_(?:fp16|int8|uint8|quantized|q4|q4f16|bnb4)(?=\.onnx)/;
const isOf = (name, end) => !name.endsWith('.onnx') || (ENDS.exec(name)?.[0] ?? '') === end;

/** What a task would say of a model with these files. */
export const modelOf = (files, name = 'model') => ({
    name, hash: 'h', engine: 'pipeline',
    files: Object.entries(files).map(([file, { length }]) => ({ path: file, url: `/models/${name}/${file}`, bytes: length, hash: file })),
});

/** Loads a model of these files, or of a folder. @returns {Promise<import('../../../page/src/pipeline/loading.js').Loaded>} */
export function loaded(from, signal = new AbortController().signal, makeSparing = () => null) {
    const files = typeof from === 'string' ? filesIn(from) : from;
    const folder = new Folder(modelOf(files), async ({ path: file }) => files[file].slice());
    return loadFolder('model@h', library, folder, DEVICE, signal, undefined, makeSparing(files));
}

/** Loads it as where memory is short. What was brought again is noted. */
export async function spared(from, brought = []) {
    const model = await loaded(from, undefined, (files) => library.sparing(async (file) => {
        brought.push(file);
        return files[file].slice();
    }, true));
    return { model, brought };
}

/** A task as an engine gets it, with the tensors that it has. */
export const taskOf = (task, input, options = {}, tensors = []) => ({
    type: 'run', attempt: 'a', task, input, options, key: 'model@h', tensors, frame: null, section: 0, outputs: [], precision: null,
});

/** The run of a task; what it says to the link worker is in `posted`. */
export function runOf(task) {
    const posted = [];
    return Object.assign(new Run(task, (message) => posted.push(message), turns), { posted });
}

/** An engine around a model that is loaded. */
export function engineOf(model) {
    const base = { start: async () => {}, memory: () => 0, credential: '', platform: 'wasm', provider: 'wasm', threads: 1 };
    const engine = new PipelineEngine(base, library, '0');
    engine._models.set(model.key, model);
    return engine;
}

/** What a task of that model gives, through the engine's checks. */
export function outcomeOf(model, name, input, options = {}, more = {}) {
    const task = { ...taskOf(name, input, options), ...more };
    return engineOf(model).run(task, runOf(task));
}
