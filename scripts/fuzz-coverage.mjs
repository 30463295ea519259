/**
 * Prints the per cent of some sources' lines that a run reached, with one decimal.
 *
 *     llvm-cov export -summary-only … | node scripts/fuzz-coverage.mjs FOLDER SOURCE...
 *
 * FOLDER is where the sources were compiled: relative paths in the report start there.
 */
import fs from 'node:fs';
import path from 'node:path';

const [folder, ...sources] = process.argv.slice(2);
const wanted = new Set(sources.map((source) => path.resolve(source)));
const files = JSON.parse(fs.readFileSync(0, 'utf8')).data[0].files
    .filter(({ filename }) => wanted.has(path.resolve(folder, filename)));
const sum = (name) => files.reduce((total, { summary }) => total + summary.lines[name], 0);
process.stdout.write(`${(files.length === wanted.size ? 100 * sum('covered') / sum('count') : 0).toFixed(1)}\n`);
