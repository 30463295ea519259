/**
 * Each C file of 350 lines or more has a unit test of its own name, or a line in tests/elsewhere.txt that names the tests which
 * cover it.
 *
 *     node scripts/elsewhere.mjs
 */
import fs from 'node:fs';
import path from 'node:path';

const LINES = 350;
const LIST = 'tests/elsewhere.txt';

process.chdir(new URL('..', import.meta.url).pathname);
const listed = new Map(fs.readFileSync(LIST, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'))
    .map((line) => line.split(' ')).map(([file, ...tests]) => [file, tests]));
const twinOf = (file) => file.replace(/^src\/(.*)\.c$/, 'tests/unit/$1_test.c');
const linesOf = (file) => fs.readFileSync(file, 'utf8').split('\n').length - 1;
const files = fs.readdirSync('src', { recursive: true }).filter((name) => name.endsWith('.c')).map((name) => path.posix.join('src', name));
const alone = files.filter((file) => !fs.existsSync(twinOf(file)) && linesOf(file) >= LINES);

const found = [
    ...alone.filter((file) => !listed.has(file)).map((file) => `${file} has ${linesOf(file)} lines and no ${twinOf(file)}: `
        + `write one, or name the tests that cover it in ${LIST}`),
    ...[...listed.keys()].filter((file) => !alone.includes(file)).map((file) => `${LIST}: ${file} needs no line`),
    ...[...listed].flatMap(([file, tests]) => tests.filter((test) => !fs.existsSync(test)).map((test) => `${LIST}: ${file}: there is no ${test}`)),
    ...[...listed].filter(([, tests]) => tests.length === 0).map(([file]) => `${LIST}: ${file} names no test`),
];
for (const line of found) console.log(line);
process.exitCode = found.length ? 1 : 0;
