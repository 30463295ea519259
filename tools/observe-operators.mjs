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
import { addModels, DATA, observed, predicted, testNames } from '../tests/lib/operators.mjs';
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

/** Tests of one operator may differ, because its kernel takes only some types: one that runs on the platform counts. */
const seen = new Map();
try {
    for (const platform of ['wasm', 'webgpu']) {
        for (const name of names) {
            const said = await predicted(daemon, name);
            const support = said && await observed(daemon, name, said.operator, { browser: 'chrome', platform });
            if (!said || !support) continue;
            const { domain, operator, opset } = said, row = { domain, operator, opset, platform, support };
            if (seen.get(keyOf(row))?.support !== 'yes') seen.set(keyOf(row), { ...row, said: said[platform] });
        }
    }
} finally {
    await daemon.stop();
}
for (const [key, { said, ...row }] of seen) if (row.support !== said) rows.set(key, row);

const { source } = JSON.parse(execFileSync(cliPath, ['check', `${DATA}/${names[0]}/model.onnx`, '--json'], { encoding: 'utf8' }));
const sorted = [...rows.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
fs.writeFileSync(FILE, `${JSON.stringify({ engine: source, rows: sorted }, null, 1)}\n`);
console.log(`${sorted.length} rows; now run: node scripts/operators.mjs`);
