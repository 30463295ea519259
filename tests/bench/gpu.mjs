/**
 * ./dev bench gpu: what a machine's GPU is worth, in as many minutes as there are. The rows that are most wanted come first,
 * and build/bench/gpu/result.json is written after each of them. With --counts, the tables of docs/gpu.md that are the same on
 * any adapter.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clear, guard } from '../lib/cleanup.mjs';
import { commandLine, flag, folder, name as nameOf, number } from '../lib/command-line.mjs';
import { build } from '../lib/paths.mjs';
import { batchRows } from './gpu/batching.mjs';
import { captureRows } from './gpu/capture.mjs';
import { countsOf } from './gpu/counts.mjs';
import { BROWSERS, Ground } from './gpu/ground.mjs';
import { adapterRow, kernelRows, tuningRow, verifyRow, webglRow } from './gpu/machine.mjs';
import { echoRow, modelRow } from './gpu/models.mjs';
import { makePack } from './gpu/pack.mjs';
import { aboutRun, linesOf, resultIn } from './gpu/report.mjs';
import { fillRows } from './gpu/rows.mjs';
import { completeStore, FOLDER, OTHERS, SHAPE, VISION } from './gpu/store.mjs';
import { flashRow, nativeRow, textRows } from './gpu/text.mjs';

const { minutes, gpu, browser, out, store: given, pack, counts } = commandLine('./dev bench gpu',
    'What this machine\'s GPU is worth: tables, and result.json in DIR, which is written after each row. It ends by itself at\n' +
    '80 % of the minutes; a row that has not run says why.', {
        minutes: number(8, 'how many there are'),
        gpu: nameOf(['auto', 'hardware', 'software'], 'the adapter that the browser is to take'),
        browser: nameOf(BROWSERS, 'whose GPU is measured'),
        out: folder(path.join(build, 'bench/gpu'), 'where result.json goes', 'build/bench/gpu'),
        store: folder(undefined, 'models that were made before, as a pack has them; what is missing is added'),
        pack: folder(undefined, 'measure nothing: write what a machine needs that can reach nothing, in parts, and run.sh'),
        counts: flag('measure no times: print what is asked of WebGPU, which is the same on any adapter'),
    });

/** @param {Ground} ground the models, and then the most wanted first */
function rowsOf(ground) {
    const gguf = textRows(ground, SHAPE, 'GGUF'), texts = textRows(ground, FOLDER, 'a folder');
    const model = (name) => modelRow(ground, name);
    return [
        { name: 'models', most: 90, measure: async () => completeStore(ground.store) }, adapterRow(ground), verifyRow(ground), gguf[0], texts[0], ...VISION.map(model), ...kernelRows(ground),
        flashRow(ground, SHAPE), ...batchRows(ground), ...captureRows(ground), webglRow(ground),
        gguf[1], texts[1], nativeRow(ground, SHAPE), ...OTHERS.map(model), echoRow(ground), tuningRow(ground),
    ];
}

/** @param {string} store the folder of models */
async function measure(store) {
    const ground = new Ground({ gpu, store, browser }), write = resultIn(out, aboutRun({ minutes, browser, words: process.argv.slice(2) }));
    const rows = await fillRows(rowsOf(ground), { minutes, write: (told) => {
        write(told);
        process.stderr.write('.');
    }, recover: () => ground.recover() });
    await ground.stop().catch((error) => console.error(error.message));
    console.log('\nWhat was measured; docs/gpu.md explains the figures.');
    for (const row of rows) console.log(linesOf(row).join('\n'));
    console.log(`\nAll figures: ${path.join(out, 'result.json')}`);
}

/** @param {string} store the folder of models */
async function count(store) {
    const ground = new Ground({ gpu, store, browser, config: { pool: { numerics: 'off' } } }); // a run that checks another one would count
    console.log(`\n${await countsOf(ground)}`);
    await ground.stop();
}

if (pack) {
    const { parts, bytes } = makePack(pack);
    console.log(`${pack}: ${parts} parts, ${(bytes / 2 ** 20).toFixed(1)} MiB; run.sh beside them says what to do with them`);
} else {
    const store = given ?? guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-bench-')));
    await (counts ? count : measure)(store);
    if (!given) clear(store);
}
process.exit(0);
