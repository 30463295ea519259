/**
 * ./dev mutate: changes one thing in a copy of a file of src/, at random, and asks the unit tests whether they notice.
 * A mutant is killed if a test fails or has no end; if all pass, it survived, and is shown. The checkout is not touched.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { seeded } from '../tests/chaos/random.mjs';
import { commandLine, number } from '../tests/lib/command-line.mjs';

const [folder, ...words] = process.argv.slice(2);
const { count, seed: given, only, jobs } = commandLine('./dev mutate',
    'Change one thing in src/ at a time, and list the changes that no unit test notices.', {
        count: number(50, 'mutants that compile'),
        seed: number(undefined, 'the same seed draws the same mutants (default: another each time)'),
        only: { value: 'PATH[:LINE]', otherwise: 'src', read: (text) => text, about: 'a file, a folder or a line below src/' },
        jobs: number(os.availableParallelism(), 'tests at a time'),
    }, words);
const seed = given ?? 1 + Math.floor(Math.random() * 1e6), random = seeded(seed);
const textOf = (file) => fs.readFileSync(file, 'utf8');
const lineOf = ({ file, at }) => textOf(file).slice(0, at).split('\n').length;
const SLOW_S = 30; // a test without an end: at the least, and 10 times what it took unmutated

/* --- what can be changed ----------------------------------------------------------------------------------------- */

/** @typedef {{file: string, kind: string, at: number, length: number, text: string}} Mutation */

const OTHER = { '<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==', '&&': '||', '||': '&&',
    '+': '-', '-': '+', '+=': '-=', '-=': '+=', '-1': '0', '0': '1', '1': '0', 'WI_OK': 'WI_UNAVAILABLE' };
const swap = (at, found) => ({ at, length: found.length, text: OTHER[found] });
/** What only the sanitizers or nobody can notice: memory that is not given back, lines of the log. */
const UNSEEN = /^(free|json_decref|explicit_bzero|wi_(debug|info|warn|error_log|buffer_clear)|\w+_(free|unref))\(/;

/** By the kind of a mutation, where a text whose comments and strings are blank has one.
 * @type {Record<string, (text: string) => {at: number, length: number, text: string}[]>} */
const KINDS = {
    comparison: (text) => all(text, / (<=|>=|==|!=|<|>)(?=\s)/g, ({ index, 1: found }) => swap(index + 1, found)),
    logic: (text) => all(text, /&&|\|\|/g, ({ index, 0: found }) => swap(index, found)),
    arithmetic: (text) => all(text, / ([+-]=?)(?= )/g, ({ index, 1: found }) => swap(index + 1, found)),
    // The size of an array that is declared is no limit that a test could meet.
    constant: (text) => all(text, /(?<![\w.\-]|^(?!.*[=(]).*\[)\d+(?![\w.])/gm, ({ index, 0: found }) =>
        ({ at: index, length: found.length, text: `${Number(found) + (found !== '0' && random.next() < 0.5 ? -1 : 1)}` })),
    condition: (text) => all(text, /\b(?:if|while) \(/g, ({ index, 0: found }) => {
        const at = index + found.length, length = closing(text, at) - at;
        return { at, length, text: `!(${text.slice(at, at + length)})` };
    }),
    statement: (text) => all(text, /(?<=^ +)[a-z_](?:\w|->|\.|\[[^\]]*\])*(?:\(| [-+*/|&]?= |\+\+;|--;)[^;{}]*;?$/gm,
        ({ index, 0: found }) => found.endsWith(';') && !UNSEEN.test(found) && !/^(if|for|while|switch|return|sizeof)\b/.test(found)
            ? { at: index, length: found.length, text: ';' } : null),
    code: (text) => all(text, /\breturn (?:(-?\d)(?=;)|(?:wi_error_set\(\s*error, )?(WI_[A-Z_]+)(?=[;,]))/g, (match) => {
        const found = match[1] ?? match[2], at = match.index + match[0].length - found.length;
        if (match[2] && !codes.has(found)) return null;
        return { at, length: found.length, text: OTHER[found] ?? (match[0].includes('(') ? 'WI_INTERNAL' : 'WI_OK') };
    }),
};

const all = (text, pattern, made) => [...text.matchAll(pattern)].map(made).filter((one) => one?.text);

function closing(text, from) {
    let depth = 1, at = from;
    while (depth > 0) depth += { '(': 1, ')': -1 }[text[at++]] ?? 0;
    return at - 1;
}

/** The text with everything blank that is no code; numbers that have a name are code. */
const codeOf = (text) => text.replace(
    /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|^#(?!define \w+ \d)(?:\\\n|.)*/gm,
    (found) => found.replace(/[^\n]/g, found[0] === '"' || found[0] === "'" ? '_' : ' '));

function sources() {
    const [where, line] = only.split(':');
    const files = fs.statSync(where).isFile() ? [path.normalize(where)]
        : fs.readdirSync(where, { recursive: true }).map((name) => path.join(where, String(name))).sort();
    return { files: files.filter((file) => objects.has(file.replace(/\.c$/, '.o'))), line: Number(line ?? 0) };
}

/** Kinds come up equally often, however many places they have. @returns {Generator<Mutation>} */
function* mutations() {
    const { files, line } = sources();
    const lists = Object.entries(KINDS).map(([kind, find]) => random.shuffled(files.flatMap((file) =>
        find(codeOf(textOf(file))).map((one) => ({ ...one, file, kind }))
            .filter((one) => !line || lineOf(one) === line)
            .map((one) => kind === 'condition' // of which the strings are wanted, too
                ? { ...one, text: `!(${textOf(file).slice(one.at, one.at + one.length)})` } : one))));
    for (let left = lists.filter((list) => list.length); left.length; left = left.filter((list) => list.length))
        yield random.pick(left).pop();
}

/* --- a mutant ---------------------------------------------------------------------------------------------------- */

/** The words of a variable of make. @returns {string[]} */
const made = (name) => execFileSync('make', ['-s', '-C', folder, '--no-print-directory', 'print',
    `--eval=print: ; @printf '%s\\n' $(${name})`, 'HARDEN_CFLAGS=', 'HARDEN_CPPFLAGS='], { encoding: 'utf8' }).trim().split('\n');
const objects = new Set(made('libwebinfer_a_OBJECTS')), compile = made('COMPILE'), tests = made('check_PROGRAMS');
const libraries = ['DEPS_LIBS', 'SYSTEMD_LIBS', 'CMOCKA_LIBS'].flatMap(made);
const codes = new Set(textOf('src/base/error.h').match(/\bWI_[A-Z_]+(?=,)/g));
const root = process.cwd(), mutant = path.join(folder, 'mutant');

/** Compiles the mutation, links the library with it, and the tests that include the file; false if it does not compile. */
function build({ file, at, length, text }) {
    const old = textOf(file), source = path.join(mutant, file), object = source.replace(/c$/, 'o');
    fs.rmSync(mutant, { recursive: true, force: true });
    fs.mkdirSync(path.dirname(source), { recursive: true });
    fs.writeFileSync(source, old.slice(0, at) + text + old.slice(at + length));
    const run = (args) => spawnSync(compile[0], args, { cwd: folder, stdio: 'ignore' }).status === 0;
    const others = [...objects].filter((one) => one !== file.replace(/c$/, 'o')), library = path.join(mutant, 'libwebinfer.so');
    const [flags, as] = [[`-I${mutant}/src`, ...compile.slice(1), '-w'], (test) => path.join(mutant, path.basename(test))];
    return run([...flags, '-c', '-o', object, source]) && run(['-shared', '-o', library, object, ...others])
        && tests.filter((test) => textOf(`${test}.c`).includes(`#include "${file.slice(4)}"`))
            .every((test) => run([...flags, '-o', as(test), path.resolve(`${test}.c`), library, ...libraries]));
}

/** The lines that differ, as diff -u says it. */
const difference = (file) => spawnSync('diff', ['-U0', file, path.join(mutant, file)], { encoding: 'utf8' })
    .stdout.split('\n').filter((line) => /^[-+](?!--|\+\+)/.test(line)).join('\n');

/* --- the tests --------------------------------------------------------------------------------------------------- */

/** A mutant may kill, write and remove what it likes: it has processes and a /tmp of its own, and the rest only to read. */
const CAGE = ['--pid', '--mount', '--fork', '--kill-child', '--mount-proc', 'sh', '-c',
    'mount -t tmpfs tmpfs /tmp && mount --bind "$1" "$1" && mount -o remount,bind,ro / && '
    + 'mount -o remount,bind,ro "$(stat -c %m "$2")"; ulimit -v 8000000 -f 4000000; shift 2; exec "$@"', 'cage'];

/** @returns {Promise<{passed: boolean, hung: boolean, ms: number}>} and `stop` ends it */
function runTest(test, library, limitMs, words = []) {
    const began = Date.now();
    const options = process.getuid() === 0 ? CAGE : ['--map-root-user', ...CAGE];
    const own = path.join(library, path.basename(test)), program = fs.existsSync(own) ? own : `./${test}`;
    const child = spawn('unshare', [...options, path.join(folder, 'reached'), root, 'env', ...words, program], {
        cwd: folder, stdio: 'ignore', detached: true,
        env: { ...process.env, srcdir: root, LD_LIBRARY_PATH: library },
    });
    let hung = false;
    const stop = () => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended */ } };
    const timer = setTimeout(() => { hung = true; stop(); }, limitMs);
    const ended = new Promise((resolve) => child.on('exit', (status) => {
        clearTimeout(timer);
        resolve({ passed: status === 0, hung, ms: Date.now() - began });
    }));
    return Object.assign(ended, { stop });
}

/** Calls `work` with each item, several at a time, until it returns true. */
async function each(items, work) {
    const waiting = [...items];
    await Promise.all(Array.from({ length: jobs }, async () => {
        while (waiting.length) if (await work(waiting.shift())) waiting.length = 0;
    }));
}

/** How long each test takes, and which functions of the library it calls: a program binds a symbol when it first needs it.
 * What was measured of the same program and library is known still. */
async function measure() {
    const reached = path.join(folder, 'reached'), cache = path.join(folder, 'reached.json'), failed = [];
    const stampOf = (test) => [test, 'libwebinfer.so'].map((name) => fs.statSync(path.join(folder, name)).mtimeMs).join();
    const known = new Map(fs.existsSync(cache) ? JSON.parse(textOf(cache)) : []);
    fs.mkdirSync(reached, { recursive: true });
    await each(tests.filter((test) => known.get(test)?.stamp !== stampOf(test)), async (test) => {
        const log = path.join(reached, test.replaceAll('/', '-'));
        const { passed, ms } = await runTest(test, folder, 600e3, ['LD_DEBUG=bindings', `LD_DEBUG_OUTPUT=${log}`]);
        if (!passed) failed.push(test);
        const logs = fs.readdirSync(reached).filter((one) => one.startsWith(`${path.basename(log)}.`)).map((one) => path.join(reached, one));
        const bound = logs.flatMap((one) => [...textOf(one).matchAll(/libwebinfer\.so \[0\]: normal symbol `(\w+)'/g)]);
        for (const one of logs) fs.rmSync(one);
        known.set(test, { ms, stamp: stampOf(test), symbols: [...new Set(bound.map(([, symbol]) => symbol))] });
    });
    if (failed.length) throw new Error(`these fail unmutated: ${failed.join(' ')}`);
    fs.writeFileSync(cache, JSON.stringify(tests.map((test) => [test, known.get(test)])));
    return new Map(tests.map((test) => [test, known.get(test)]));
}

/** The tests of a file's folder, its own first, then all others that call into the file; the quick ones before the slow.
 * A symbol that all bind is one whose address is taken, and says nothing. */
function testsOf(file, known) {
    const defined = execFileSync('nm', ['-g', '--defined-only', '--format=posix', path.join(folder, file.replace(/c$/, 'o'))],
        { encoding: 'utf8' }).trim().split('\n').map((line) => line.split(' ')[0]);
    const users = defined.map((symbol) => [...known.keys()].filter((test) => known.get(test).symbols.includes(symbol)));
    const callers = new Set(users.filter((list) => list.length < known.size).flat());
    const near = file.replace(/^src\/(.*)\.c$/, 'tests/unit/$1_test');
    const rank = (test) => test === near ? 0 : path.dirname(test) === path.dirname(near) ? 1
        : test.split('/')[2] === near.split('/')[2] ? 2 : 3;
    return [...known.keys()].filter((test) => callers.has(test) || rank(test) < 3)
        .sort((a, b) => rank(a) - rank(b) || known.get(a).ms - known.get(b).ms);
}

/** Which test noticed the mutant that was built last; undefined if none did. A test fails twice to be believed. */
async function killer(chosen, known) {
    const running = new Map();
    let found;
    const run = (test) => {
        running.set(test, runTest(test, mutant, Math.max(SLOW_S * 1000, 10 * known.get(test).ms)));
        return running.get(test);
    };
    await each(chosen, async (test) => {
        let result = await run(test);
        if (!found && !result.passed && !result.hung) result = await run(test);
        if (!found && !result.passed) {
            found = `${test}${result.hung ? ' (no end)' : ''}`;
            for (const child of running.values()) child.stop();
        }
        running.delete(test);
        return found !== undefined;
    });
    return found;
}

/* ----------------------------------------------------------------------------------------------------------------- */

console.log(`seed ${seed}; what the tests reach is measured first`);
const known = await measure();
const survivors = [], sums = new Map();
let invalid = 0, compiled = 0;
for (const mutation of mutations()) {
    if (compiled === count) break;
    if (!build(mutation)) { invalid++; continue; }
    compiled++;
    const chosen = testsOf(mutation.file, known), by = await killer(chosen, known);
    const sum = sums.get(mutation.kind) ?? { kind: mutation.kind, mutants: 0, killed: 0 };
    sums.set(mutation.kind, { ...sum, mutants: sum.mutants + 1, killed: sum.killed + (by ? 1 : 0) });
    const where = `${mutation.file}:${lineOf(mutation)} (${mutation.kind})`, change = by ? '' : difference(mutation.file);
    console.log(`${compiled} ${where}: ${by ? `killed by ${by}` : `SURVIVED ${chosen.length} tests\n${change}`}`);
    if (!by) survivors.push(`${where}\n${change}\n`);
}
console.table([...sums.values()]);
console.log(survivors.length ? `survivors:\n\n${survivors.join('\n')}` : 'no survivors');
console.log(`seed ${seed}: ${compiled} mutants, ${compiled - survivors.length} killed, ${survivors.length} survived; `
    + `${invalid} more did not compile`);
