/** What `llvm-cov export -summary-only` says of the files below a folder, as a table by folder. */
import fs from 'node:fs';
import path from 'node:path';

const source = path.resolve(process.argv[2]);
const report = JSON.parse(fs.readFileSync(0, 'utf8'));
const folders = new Map();
for (const { filename, summary: { lines } } of report.data[0].files) {
    const file = path.relative(source, filename);
    if (file.startsWith('..')) continue;
    for (const name of [file.includes(path.sep) ? file.split(path.sep)[0] : '.', 'all']) {
        const sum = folders.get(name) ?? { count: 0, covered: 0 };
        sum.count += lines.count;
        sum.covered += lines.covered;
        folders.set(name, sum);
    }
}
const last = ([name]) => name === 'all' ? 1 : 0;
console.log(`${'folder'.padEnd(12)}   lines reached       %`);
for (const [name, { count, covered }] of [...folders].sort((a, b) =>
    last(a) - last(b) || a[0].localeCompare(b[0])))
    console.log(name.padEnd(12), String(count).padStart(7), String(covered).padStart(7),
        (100 * covered / count).toFixed(1).padStart(7));
