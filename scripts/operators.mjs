/**
 * Makes src/terms/format/operators.inc: for which versions of its domain an engine has a kernel for an operator, by platform.
 *
 *     node scripts/operators.mjs [--check]
 *
 * with WEBINFER_NODE_MODULES as scripts/setup.sh sets it. The tables are those that onnxruntime-web's package has in docs/: for WebGPU
 * and WebNN the versions with a kernel, and its limits. For the CPU it has none; but that for WebGL lists all operators of ONNX that
 * this onnxruntime knows, and they count as computed on the CPU. tools/operators-observed.json corrects all three by what
 * browsers were seen to do; tools/observe-operators.mjs writes it. With --check nothing is written, and the exit status is 1 if the
 * file is stale.
 */
import fs from 'node:fs';
import path from 'node:path';

const FILE = new URL('../src/terms/format/operators.inc', import.meta.url);
const OBSERVED = new URL('../tools/operators-observed.json', import.meta.url);
const PLATFORMS = ['wasm', 'webgpu', 'webnn'];
/** Domains as files name them. Those with other names are onnxruntime's own, and in no file. */
const DOMAINS = { 'ai.onnx': '', 'com.microsoft': 'com.microsoft' };
/** onnxruntime adds these nodes itself. */
const OWN = new Set(['MemcpyFromHost', 'MemcpyToHost']);

const modules = process.env.WEBINFER_NODE_MODULES;
if (!modules) {
    console.error('set WEBINFER_NODE_MODULES to the folder in which onnxruntime-web lies');
    process.exit(2);
}
const folder = path.join(modules, 'onnxruntime-web');
const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));

/** The rows of a Markdown table, as lists of cells. */
const rowsOf = (name) => fs.readFileSync(path.join(folder, 'docs', name), 'utf8').split('\n')
    .filter((line) => /^\| *(\[?[A-Z]|[A-Z])/.test(line) && !line.startsWith('| Operator'))
    .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));

/** @type {Map<string, {domain: string, operator: string, wasm?: string, webgpu?: string, webnn?: string, notes: Record<string, string>}>} */
const table = new Map();

function rowOf(domain, operator) {
    const key = `${domain}\n${operator}`;
    if (!table.has(key)) table.set(key, { domain, operator, notes: {} });
    return table.get(key);
}

/** "ai.onnx(7-12, 13+), com.microsoft(1+)" as [domain, "7-12,13+"]. */
const domainsOf = (cell) => [...cell.matchAll(/([a-z.]+)\(([^)]*)\)/g)].filter(([, domain]) => domain in DOMAINS)
    .map(([, domain, versions]) => [DOMAINS[domain], versions.replaceAll(' ', '')]);

/** What is not there yet; what is to be done about it is the engine's affair. */
const noteOf = (cell) => cell.split(';').map((part) => part.trim()).filter((part) => part && !/^need |^no GPU kernel/.test(part))
    .join('; ').replaceAll(/<[^>]*>/g, '').replace(/\.$/, '').replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());

for (const [cell] of rowsOf('webgl-operators.md')) rowOf('', cell.replace(/^\[(\w+)\].*$/, '$1')).wasm = '1+';
for (const [platform, file, note] of [['webgpu', 'webgpu-operators.md', 2], ['webnn', 'webnn-operators.md', 3]]) {
    for (const cells of rowsOf(file)) {
        if (OWN.has(cells[0])) continue;
        for (const [domain, versions] of domainsOf(cells[1])) {
            const row = rowOf(domain, cells[0]);
            row[platform] = versions;
            const text = noteOf(cells[note] ?? '');
            if (text) row.notes[platform] = text;
        }
    }
}

/** Versions with what was seen: "!17" takes one out, "17" adds one, and "17+" all from there on. */
function corrected(versions, seen) {
    const rangeOf = ({ opset, until }) => (until === null ? `${opset}+` : until > opset ? `${opset}-${until}` : `${opset}`);
    return [...seen.map((one) => `${one.support === 'yes' ? '' : '!'}${rangeOf(one)}`), ...(versions ? [versions] : [])].join(',');
}

const { engine, rows: observed = [] } = fs.existsSync(OBSERVED) ? JSON.parse(fs.readFileSync(OBSERVED, 'utf8')) : {};
if (engine && engine !== `onnxruntime-web ${version}`) {
    console.error(`${OBSERVED.pathname} is of ${engine}, and the package is ${version}: run tools/observe-operators.mjs again`);
    process.exit(1);
}
for (const { domain, operator } of observed) {
    for (const platform of PLATFORMS) {
        const seen = observed.filter((one) => one.domain === domain && one.operator === operator && one.platform === platform);
        if (seen.length > 0) rowOf(domain, operator)[`${platform}Seen`] = seen;
    }
}

const quoted = (text) => (text ? JSON.stringify(text) : 'NULL');
const lines = [...table.values()].sort((a, b) => (a.domain + a.operator < b.domain + b.operator ? -1 : 1)).map((row) => {
    const versions = PLATFORMS.map((platform) => (row[`${platform}Seen`] ? corrected(row[platform], row[`${platform}Seen`]) : row[platform]));
    const notes = PLATFORMS.map((platform) => row.notes[platform]);
    return `{"${row.domain}", "${row.operator}", {${versions.map(quoted).join(', ')}}, {${notes.map(quoted).join(', ')}}},\n`;
});
const text = `/* Made by scripts/operators.mjs of the tables of onnxruntime-web. */\n#define OPERATORS_SOURCE "onnxruntime-web ${version}"\n${lines.join('')}`;

if (process.argv[2] === '--check') {
    if (fs.readFileSync(FILE, 'utf8') !== text) {
        console.log('src/terms/format/operators.inc is stale; run: node scripts/operators.mjs');
        process.exitCode = 1;
    }
} else fs.writeFileSync(FILE, text);
