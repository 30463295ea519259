/**
 * Writes the lists of C files that Makefile.am includes, from what is in the tree: src/sources.am (the library: every .c
 * below src/ but the programs' own), shaders/sources.am (kernels in C) and tests/unit/unit.am (programs of unit tests).
 *
 *     node scripts/sources.mjs [--check]
 *
 * With --check nothing is written; lists that differ from the tree are named, and the exit status is 1 if there are any.
 */
import fs from 'node:fs';
import path from 'node:path';

/** Paths of files below `folder` that end with `ending`, in order. */
const filesBelow = (folder, ending) => fs.readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending)).map((name) => path.posix.join(folder, name)).sort();

const isOfLibrary = (file) => path.posix.dirname(file) !== 'src' && path.posix.basename(file) !== 'main.c';

const LISTS = [
    { file: 'src/sources.am', variable: 'libwebinfer_a_SOURCES =', says: 'The library: every .c file below src/ but the programs\' own.',
        paths: () => filesBelow('src', '.c').filter(isOfLibrary) },
    { file: 'shaders/sources.am', variable: 'libkernels_a_SOURCES =', says: 'The page\'s kernels in C.',
        paths: () => filesBelow('shaders', '.c') },
    { file: 'tests/unit/unit.am', variable: 'check_PROGRAMS +=', says: 'The programs of the unit tests; Makefile.am says how each is built.',
        paths: () => filesBelow('tests/unit', '_test.c').map((file) => file.slice(0, -'.c'.length)) },
];

const listOf = ({ variable, says, paths }) =>
    `# ${says}\n# Made by scripts/sources.mjs.\n${variable} \\\n${paths().map((one) => `\t${one} \\\n`).join('')}\t$(NULL)\n`;

const [option, ...more] = process.argv.slice(2);
if (more.length || (option && option !== '--check')) {
    console.error('usage: node scripts/sources.mjs [--check]');
    process.exit(2);
}
process.chdir(new URL('..', import.meta.url).pathname);
for (const list of LISTS) {
    const text = listOf(list);
    if (fs.existsSync(list.file) && fs.readFileSync(list.file, 'utf8') === text) continue;
    if (option) {
        console.log(`${list.file} differs from the tree; run: node scripts/sources.mjs`);
        process.exitCode = 1;
    } else fs.writeFileSync(list.file, text);
}
