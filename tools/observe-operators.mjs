/**
 * Writes tools/operators-observed.json: operators of ONNX's own tests with which Chromium was seen to do something else than
 * onnxruntime-web's tables say. scripts/operators.mjs corrects the tables by it. Takes some minutes:
 *
 *     node tools/observe-operators.mjs
 *
 * with a build, Debian's libonnx-testdata, and the environment of tests/system (scripts/setup.sh). A file that is there already counts: what
 * it says is kept unless the browser does otherwise now, and the client must be built of the tables that scripts/operators.mjs makes
 * with it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { Daemon } from '../tests/lib/daemon.mjs';
import { addModels, compared, DATA, testNames } from '../tests/lib/operators.mjs';
import { cliPath } from '../tests/lib/paths.mjs';

const FILE = new URL('operators-observed.json', import.meta.url);

const names = testNames(), daemon = new Daemon({ config: { pool: { max_connections: 1 } } });
addModels(daemon, names);
await daemon.start();

/** By what they are of. @type {Map<string, {domain: string, operator: string, opset: number, platform: string, support: string}>} */
const rows = new Map();
const before = fs.existsSync(FILE) ? JSON.parse(fs.readFileSync(FILE, 'utf8')) : { rows: [] };
const keyOf = ({ domain, operator, opset, platform }) => [domain, operator, opset, platform].join(' ');
for (const row of before.rows) rows.set(keyOf(row), row);

/** The last version of opsets that has this version of an operator, by Debian's python3-onnx; null: no later one is known there. */
function untilOf({ domain, operator, opset }) {
    const code = 'import onnx.defs, sys; print(*{s.since_version for s in onnx.defs.get_all_schemas_with_history() if (s.domain, s.name) == tuple(sys.argv[1:])})';
    const versions = execFileSync('/usr/bin/python3', ['-c', code, domain, operator], { encoding: 'utf8' }).trim().split(' ').map(Number);
    const later = versions.filter((version) => version > opset);
    return later.length > 0 ? Math.min(...later) - 1 : null;
}

/* A kernel that was not used may lack the tests' types alone, so on WebGPU only a kernel that was used counts. */
try {
    for (const platform of ['wasm', 'webgpu'])
        for (const { said, others, ...row } of (await compared(daemon, names, { browser: 'chrome', platform })).rows)
            if (row.support !== said && (row.support === 'yes' || platform === 'wasm')) rows.set(keyOf(row), { ...row, until: untilOf(row) });
} finally {
    await daemon.stop();
}

const { source } = JSON.parse(execFileSync(cliPath, ['check', `${DATA}/${names[0]}/model.onnx`, '--json'], { encoding: 'utf8' }));
const sorted = [...rows.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
fs.writeFileSync(FILE, `${JSON.stringify({ engine: source, rows: sorted }, null, 1)}\n`);
console.log(`${sorted.length} rows; now run: node scripts/operators.mjs`);
