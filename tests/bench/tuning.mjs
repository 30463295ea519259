/**
 * What tuning is worth (./dev bench kernels): for each browser the default, 256×1×1 against 128×2×1, and what the browser's own
 * tuning has chosen, each by a daemon of its own whose database says so, by turns.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Daemon } from '../lib/daemon.mjs';
import * as kserve from '../lib/kserve.mjs';
import { until } from '../lib/wait.mjs';
import { median, shown, spread, table } from './figures.mjs';
import { measure } from './kernels/graphs.mjs';

/** Kernels whose default is 256×1×1, and others; each with shapes of powers of two, which are a class of their own. */
const subjects = [
    { kernel: 'add', sizes: '262144', inputs: { a: [512, 512], b: [512, 512] }, wide: 'plain' },
    { kernel: 'gelu', sizes: '262144', inputs: { x: [512, 512] }, wide: 'plain' },
    { kernel: 'softmax', sizes: '512x512', inputs: { x: [512, 512] }, wide: 'lanes_64' },
    { kernel: 'matmul', sizes: '1x256x256x256', inputs: { a: [256, 256], b: [256, 256] } },
];
const RUNS = 3;
/** All of one browser are tuned by then: two seconds each, and pauses. */
const PATIENCE_MS = 90_000;

const tensorsOf = ({ inputs }) => Object.entries(inputs).map(([name, shape]) => ({ name, datatype: 'FP32', shape,
    bytes: Buffer.from(Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => ((i * 31) % 101) / 101 - 0.5).buffer) }));

/** Gives the rows whose keys end so other values. */
const REPLACE = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for behind, value in json.loads(sys.argv[2]):
    db.execute("UPDATE tunings SET value = ? WHERE substr(key, -length(?)) = ?", (value, behind, behind))
db.commit()
db.close()
`;

/** The browsers in which tuning is compared. */
export const TUNED = ['chrome', 'firefox'];
/** @typedef {{env?: Record<string, string>, config?: Record<string, any>}} How more of the daemons' options */
const daemonOf = (browser, folder, { env, config = {} }) => new Daemon({ folder, keep: true, env, config: { ...config,
    ...Object.fromEntries(TUNED.map((kind) => [`browser.${kind}`, { ...config[`browser.${kind}`], max_connections: Number(browser === kind) }])),
} }).start();
const stateOf = (folder) => path.join(folder, 'state/webinfer.db');

/** Has a browser tune all subjects. */
async function tuneAll(browser, folder, how) {
    const daemon = await daemonOf(browser, folder, how);
    try {
        for (const subject of subjects) {
            const { headers, body } = kserve.encode({ kernel: subject.kernel, browser, platform: 'webgpu', fallback: false,
                parameters: { binary_data_output: true } }, tensorsOf(subject));
            const answer = await daemon.request('/v1/compute', { method: 'POST', headers, body });
            if (answer.status !== 200) throw new Error(answer.text);
        }
        await until(async () => {
            const { tuning } = (await daemon.get('/v1/nodes?tuning=yes')).json;
            return subjects.every(({ kernel, sizes }) => tuning.some((row) => row.kernel === kernel && row.size_class === sizes));
        }, { what: `${browser} has tuned its kernels`, timeout: PATIENCE_MS, every: 500 });
    } finally {
        await daemon.stop();
    }
}

/** Another folder whose database has other choices. @param {(subject: any) => {variant: string, workgroup: number[]} | null} choose null: as it is */
function folderWith(from, choose) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-'));
    fs.mkdirSync(path.dirname(stateOf(folder)), { recursive: true });
    fs.copyFileSync(stateOf(from), stateOf(folder));
    const rows = subjects.map((subject) => ({ behind: `\t${subject.kernel}\t${subject.sizes}`, choice: choose(subject) })).filter(({ choice }) => choice);
    execFileSync('python3', ['-c', REPLACE, stateOf(folder), JSON.stringify(rows.map(({ behind, choice }) =>
        [behind, JSON.stringify({ ...choice, ms: 1, default_ms: 1 })]))]);
    return folder;
}

/** @param {number} rounds @param {string[]} [browsers] @param {How} [how] */
export async function measureTuning(rounds, browsers = TUNED, how = {}) {
    const rows = [];
    for (const browser of browsers) {
        const tuned = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-')), folders = [tuned], daemons = {};
        try {
            await tuneAll(browser, tuned, how);
            // A variant that no page has is the default.
            folders.push(folderWith(tuned, () => ({ variant: 'none', workgroup: [1, 1] })),
                folderWith(tuned, ({ wide }) => (wide ? { variant: wide, workgroup: [128, 2] } : null)));
            for (const [i, name] of ['tuned', 'usual', 'wide'].entries()) daemons[name] = await daemonOf(browser, folders[i], how);
            const chosen = (await daemons.tuned.get('/v1/nodes?tuning=yes')).json.tuning;
            for (const subject of subjects) rows.push(await compare(daemons, browser, subject, chosen, rounds));
        } finally {
            for (const daemon of Object.values(daemons)) await daemon.stop();
            for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
        }
        process.stderr.write('.');
    }
    return rows;
}

async function compare(daemons, browser, subject, chosen, rounds) {
    const { variant, workgroup } = chosen.find(({ kernel, size_class: sizes }) => kernel === subject.kernel && sizes === subject.sizes);
    const row = { browser, kernel: subject.kernel, sizes: subject.sizes, chosen: `${variant} ${workgroup.join('×')}`, usual: [], wide: [], tuned: [] };
    const names = ['usual', ...subject.wide ? ['wide'] : [], 'tuned'], tensors = tensorsOf(subject);
    for (let round = 0; round <= rounds; round++)
        for (const name of names) {
            const { result } = await measure(daemons[name], { kernel: subject.kernel, browser, platform: 'webgpu', runs: RUNS }, tensors);
            if (round > 0) row[name].push(median(result.run_ms)); // the first one compiles
        }
    return row;
}

export function tuningTable(rows) {
    const ratio = (usual, other) => (other.length > 0 ? shown(spread(usual.map((ms, i) => ms / other[i]))) : '');
    return table('tuning on webgpu: ms of a run by default, how many times as fast 128×2×1 is as 256×1×1, and what was chosen as the default',
        ['kernel', 'sizes', 'browser', 'default', '128×2×1', 'chosen', 'tuned'],
        rows.map((row) => [row.kernel, row.sizes, row.browser, shown(spread(row.usual)), ratio(row.usual, row.wide), row.chosen, ratio(row.usual, row.tuned)]));
}
