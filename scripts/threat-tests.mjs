/**
 * Checks that each test that docs/threat-model.md names is there. In the tables whose last column is "test", a cell has
 * files, each followed by tests of it: `system/liars`: final errors, one part and silence; `unit/owners/check/cross_test`. A name may
 * be a part of the test's, and "…" in it is what is left out.
 */
import fs from 'node:fs';
import path from 'node:path';

const page = 'docs/threat-model.md';
const cells = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim());

/** The last cell of each row of such tables, with the row's line. @returns {{line: number, cell: string}[]} */
function testCells(text) {
    let isTests = false;
    return text.split('\n').flatMap((row, i) => {
        if (!row.startsWith('|')) {
            isTests = false;
            return [];
        }
        const cell = cells(row).at(-1);
        if (cell === 'test') isTests = true;
        return isTests && cell !== 'test' && !/^-+$/.test(cell) ? [{ line: i + 1, cell }] : [];
    });
}

const units = fs.readdirSync('tests/unit', { recursive: true }).filter((file) => file.endsWith('_test.c'));

/** The files that are named so: a unit test that is named before may be named by its last part alone. @param {string} name */
function filesOf(name) {
    const [part] = name.split('/');
    const files = ['system', 'page', 'peer', 'builds'].includes(part) ? [`tests/${name}.test.mjs`]
        : part === 'unit' ? [`tests/${name}.c`]
        : units.filter((file) => path.basename(file) === `${name}.c`).map((file) => `tests/unit/${file}`);
    return files.filter((file) => fs.existsSync(file));
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const patternOf = (name) => new RegExp(name.trim().split('…').map((part) => escaped(part.trim())).join('.*'));

/** What a cell names and is not there. @returns {string[]} */
function missing(cell) {
    if (cell === '–') return []; // the row says that it has none
    return cell.split(/[;,] (?=`)/).flatMap((part) => {
        const [, file, names = ''] = part.match(/^`([^`]+)`(?:: (.+))?$/) ?? [];
        if (!file) return [`"${part}" names no test`];
        const text = filesOf(file).map((one) => fs.readFileSync(one, 'utf8').replaceAll("\\'", "'")).join('\n');
        if (!text) return [`there is no ${file}`];
        return names.split(/[;,] /).filter((name) => !patternOf(name).test(text)).map((name) => `${file} has no test "${name}"`);
    });
}

const found = testCells(fs.readFileSync(page, 'utf8')).flatMap(({ line, cell }) => missing(cell).map((what) => `${page}:${line}: ${what}`));
for (const one of found) console.log(one);
process.exitCode = found.length > 0 ? 1 : 0;
