/**
 * ./dev bench batches: what batches gain for each model whose rows are independent, with clients of one row each.
 * Two daemons, of which one joins requests, take turns, and their answers are compared. Prints a table, and writes
 * build/bench/batches.json.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { commandLine, flag, name as nameOf, names, number, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { build } from '../lib/paths.mjs';
import { answersOf, compareAnswers, load, MODELS, writeModel } from './batches/clients.mjs';
import { shown, spread, table } from './figures.mjs';

const PLATFORMS = ['wasm', 'webgpu'];
const { quick, rounds = quick ? 3 : 7, clients, models, platforms, gpu } = commandLine('./dev bench batches',
    'What batches gain for each model: a table, and build/bench/batches.json.', {
        quick: flag('less of each'),
        rounds: roundsOf(7, 3),
        clients: number(16, 'at the same time', 2),
        models: names(Object.keys(MODELS), 'whose rows are independent'),
        platforms: names(PLATFORMS, 'of the browser'),
        gpu: nameOf(['auto', 'hardware', 'software'], 'the adapter that the browser is to take for webgpu'),
    });
const MS = quick ? 1000 : 3000;
/** A batch is tried, compared with its requests alone, and measured. */
const WARM_ROUNDS = 3;

function makeDaemon(batching, platform) {
    const store = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-batches-'));
    for (const name of models) writeModel(store, name);
    const daemon = new Daemon({ logToFile: true, config: { models: { directory: store },
        pool: { batching, numerics: 'off' }, 'browser.chrome': { gpu: platform === 'wasm' ? 'off' : gpu } } });
    return { daemon, store };
}

/** @param {{off: Daemon, auto: Daemon}} daemons */
async function measureModel(daemons, name, platform) {
    const asked = { model: name, head: { model_name: name, platform, fallback: false }, clients }, perSecond = { off: [], auto: [] };
    let largest = 1;
    for (const batching of ['off', 'auto'])
        for (let round = 0; round < WARM_ROUNDS; round++) await load(daemons[batching], asked, MS / 2);
    for (let round = 0; round < rounds; round++) {
        for (const batching of round % 2 ? ['auto', 'off'] : ['off', 'auto']) {
            const found = await load(daemons[batching], asked, MS);
            perSecond[batching].push(found.perSecond);
            if (batching === 'auto') largest = Math.max(largest, found.largest);
        }
    }
    const { joined, difference } = await compareAnswers(await answersOf(daemons.off, asked), () => answersOf(daemons.auto, asked), name);
    process.stderr.write('.');
    return { platform, model: name, off_per_second: spread(perSecond.off), auto_per_second: spread(perSecond.auto),
        gain: spread(perSecond.auto.map((rate, round) => rate / perSecond.off[round])), largest, joined, difference };
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
    ['platform', 'model', 'alone', 'in batches', 'gain', 'largest batch', 'answers'],
    rows.map((row) => (row.failed ? [row.platform, row.model, row.failed, '', '', '', '']
        : [row.platform, row.model, shown(row.off_per_second), shown(row.auto_per_second), shown(row.gain), row.largest,
            row.difference ?? `as alone, ${row.joined} of ${clients} from batches`]))));
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/batches.json'), JSON.stringify({ when: new Date().toISOString(), clients, gpu, rows }, null, 2));
process.exit(rows.some(({ failed, difference }) => failed || difference) ? 1 : 0);
