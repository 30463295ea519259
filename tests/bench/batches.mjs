/**
 * ./dev bench batches: what batches gain for each model whose rows are independent, with clients of one row each.
 * Two daemons, of which one joins requests, take turns. Prints a table, and writes build/bench/batches.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as cases from '../lib/cases.mjs';
import { commandLine, flag, names, number, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import * as onnx from '../lib/onnx.mjs';
import { build, ownModels, sharedModels } from '../lib/paths.mjs';
import { shown, spread, table } from './figures.mjs';

/** One row of each input of a case. */
const rowOfCase = (name) => cases.load(name).inputs.map((tensor) => ({ ...tensor, shape: [1, ...tensor.shape.slice(1)],
    bytes: tensor.bytes.subarray(0, tensor.bytes.length / tensor.shape[0]) }));
const ofCase = (name) => ({ file: () => path.join(sharedModels, name, 'model.onnx'), row: () => rowOfCase(name) });
const floats = (name, shape) => [{ name, datatype: 'FP32', shape,
    bytes: kserve.pack('FP32', Array.from({ length: kserve.count(shape) }, (_, index) => Math.sin(index))) }];

/** How each model comes, and one row of its inputs. `says`: only its model.json says that its rows are independent. */
const MODELS = {
    rows: { bytes: onnx.rows, row: () => floats('x', [1, 4]) },
    digits: { file: () => path.join(ownModels, 'digits', 'model.onnx'), row: () => floats('image', [1, 1, 28, 28]), says: true },
    ...sharedModels ? {
        text_embed: ofCase('text_embed_generated_h64_l2'),
        magika: { ...ofCase('text_magika_v3_3_a'), says: true },
        superres: ofCase('vision_superres_test'),
    } : {},
};
/** The setting with which the browser has the platform, on any machine. */
const GPU = { wasm: 'off', webgpu: 'software' };
const { quick, rounds = quick ? 3 : 7, clients, models, platforms } = commandLine('./dev bench batches',
    'What batches gain for each model: a table, and build/bench/batches.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(7, 3),
        clients: number(16, 'at the same time', 2),
        models: names(Object.keys(MODELS), 'whose rows are independent'),
        platforms: names(Object.keys(GPU), 'of the browser'),
    });
const MS = quick ? 1000 : 3000;
/** A batch is tried, compared with its requests alone, and measured. */
const WARM_ROUNDS = 3;

function writeModel(store, name) {
    const { bytes, file, says } = MODELS[name], folder = path.join(store, name);
    fs.mkdirSync(folder, { recursive: true });
    if (bytes) fs.writeFileSync(path.join(folder, 'model.onnx'), bytes());
    else fs.copyFileSync(file(), path.join(folder, 'model.onnx'));
    if (says) fs.writeFileSync(path.join(folder, 'model.json'), '{"batch": true}');
}

function makeDaemon(batching, platform) {
    const store = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-batches-'));
    for (const name of models) writeModel(store, name);
    const daemon = new Daemon({ logToFile: true, config: { models: { directory: store },
        pool: { batching, numerics: 'off' }, 'browser.chrome': { gpu: GPU[platform] } } });
    return { daemon, store };
}

/** The same row with other numbers: a batch of equal rows proves nothing. @param {any[]} row @param {number} turn */
function varied([first, ...others], turn) {
    const size = kserve.elementSize(first.datatype), at = (turn * size) % first.bytes.length;
    return [{ ...first, bytes: Buffer.concat([first.bytes.subarray(at), first.bytes.subarray(0, at)]) }, ...others];
}

/** All clients ask for one row after the other for so long. @returns {Promise<{perSecond: number, largest: number}>} */
async function load(daemon, name, platform, row, ms) {
    const head = { model_name: name, platform, fallback: false };
    const began = performance.now(), end = began + ms;
    let done = 0, largest = 1;
    await Promise.all(Array.from({ length: clients }, async (_, client) => {
        for (let turn = client; performance.now() < end; turn += clients) {
            const { performance: took } = await daemon.answer(head, varied(row, turn));
            largest = Math.max(largest, took?.batch ?? 1);
            done++;
        }
    }));
    return { perSecond: done / (performance.now() - began) * 1000, largest };
}

/** @param {{off: Daemon, auto: Daemon}} daemons */
async function measureModel(daemons, name, platform) {
    const row = MODELS[name].row(), perSecond = { off: [], auto: [] };
    let largest = 1;
    for (const batching of ['off', 'auto'])
        for (let round = 0; round < WARM_ROUNDS; round++) await load(daemons[batching], name, platform, row, MS / 2);
    for (let round = 0; round < rounds; round++) {
        for (const batching of round % 2 ? ['auto', 'off'] : ['off', 'auto']) {
            const found = await load(daemons[batching], name, platform, row, MS);
            perSecond[batching].push(found.perSecond);
            if (batching === 'auto') largest = Math.max(largest, found.largest);
        }
    }
    process.stderr.write('.');
    return { platform, model: name, off_per_second: spread(perSecond.off), auto_per_second: spread(perSecond.auto),
        gain: spread(perSecond.auto.map((rate, round) => rate / perSecond.off[round])), largest };
}

async function measurePlatform(platform) {
    const made = { off: makeDaemon('off', platform), auto: makeDaemon('auto', platform) };
    const daemons = { off: made.off.daemon, auto: made.auto.daemon }, rows = [];
    try {
        for (const daemon of Object.values(daemons)) await daemon.start({ ready: true });
        for (const name of models)
            rows.push(await measureModel(daemons, name, platform).catch(({ message }) => ({ platform, model: name, failed: message.split('\n')[0] })));
    } finally {
        for (const { daemon, store } of Object.values(made)) {
            await daemon.stop();
            fs.rmSync(store, { recursive: true });
        }
    }
    return rows;
}

const rows = [];
for (const platform of platforms) rows.push(...await measurePlatform(platform));
process.stderr.write('\n');
process.stdout.write(table(`What batches gain: ${clients} clients of one row each, requests/s, ${rounds} rounds`,
    ['platform', 'model', 'alone', 'in batches', 'gain', 'largest batch'],
    rows.map((row) => (row.failed ? [row.platform, row.model, row.failed, '', '', '']
        : [row.platform, row.model, shown(row.off_per_second), shown(row.auto_per_second), shown(row.gain), row.largest]))));
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/batches.json'), JSON.stringify({ when: new Date().toISOString(), clients, rows }, null, 2));
process.exit(rows.some(({ failed }) => failed) ? 1 : 0);
