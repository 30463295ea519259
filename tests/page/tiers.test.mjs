// tier: quick
/** The tiers of the tests: which files and tests a tier runs, what its run says, and that what is wrong fails it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../lib/paths.mjs';
import { declaredIn, filesOf } from '../lib/tier.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-tiers-'));
after(() => fs.rmSync(folder, { recursive: true }));

const tierModule = pathToFileURL(path.join(root, 'tests/lib/tier.mjs')).href;

/** @param {string} name @param {string} text @returns {string} the file's path */
function put(name, text) {
    const file = path.join(folder, `${name}.test.mjs`);
    fs.writeFileSync(file, text);
    return file;
}

const good = "import { test } from 'node:test';\ntest('one', () => {});\ntest('two', () => {});\n";
const quick = put('quick', `// tier: quick\n${good}`);
const full = put('full', `// tier: full\n${good}`);
const long = put('long', `// tier: long\n${good}`);
const skips = put('skips', "// tier: quick\nimport { test } from 'node:test';\ntest('one', () => {});\ntest('two', { skip: true }, () => {});\n");
const most = put('most', `// tier: quick
// full: two
${good.replace('node:test', tierModule)}`);
const some = put('some', `// tier: full, sanitized
// quick: alone
// quick: a suite > within
import { describe, test } from ${JSON.stringify(tierModule)};
test('alone', () => {});
test('within', () => { throw new Error('only the full tier runs it'); });
describe('a suite', () => {
    test('within', () => {});
    test('beside', () => {});
});
describe('another', () => test('within', () => {}));
`);

/** Runs a script of ours on files, as it is run by ./dev test. */
function runScript(name, tier, words) {
    const env = { ...process.env, WEBINFER_TIER: tier };
    delete env.NODE_TEST_CONTEXT; // that is one more test run, not a part of this one
    return spawnSync(process.execPath, [path.join(root, 'scripts', name), ...words], { cwd: folder, env, encoding: 'utf8' });
}

/** @param {string} tier @param {string[]} files @param {number} [limit] @returns what a run of them says, and its status */
function runFiles(tier, files, limit = 600) {
    const place = path.join(folder, 'said');
    const { status } = runScript('run-tests.mjs', tier, ['2', `${limit}`, place, ...files.map((file) => path.basename(file))]);
    const lines = fs.readFileSync(`${place}.files`, 'utf8').trim().split('\n').map((line) => line.split(' ').slice(1).join(' '));
    assert.equal(lines.pop(), ''); // "end"
    return { status, lines: lines.sort(), tap: fs.readFileSync(`${place}.tap`, 'utf8') };
}

test('a file says its tier, whether it is sanitized, and what the quick tier runs of it', () => {
    assert.deepEqual(declaredIn(quick), { tier: 'quick', sanitized: false, others: [] });
    assert.deepEqual(declaredIn(some), { tier: 'full', sanitized: true, others: ['alone', 'a suite > within'] });
    assert.equal(declaredIn(put('parser', `// tier: quick, sanitized\n${good}`)).sanitized, true);
});

for (const [what, first] of Object.entries({
    'no tier': '/** A test. */', 'a tier that there is not': '// tier: slow', 'another word': '// tier: quick, shipped',
    'tests of its own tier': '// tier: quick\n// quick: one', 'tests of no tier': '// tier: full\n// long: one',
}))
    test(`a file with ${what} is an error that says what may stand there`, () => {
        assert.throws(() => declaredIn(put('wrong', `${first}\n${good}`)), /it must begin with "\/\/ tier: quick"/);
        const { status, stderr } = runScript('list-tests.mjs', 'quick', ['--files', 'quick', put('wrong', `${first}\n${good}`)]);
        assert.notEqual(status, 0);
        assert.match(stderr, /it must begin with "\/\/ tier: quick"/);
    });

test('the full tier has the files of the quick one, and the long one stands alone', () => {
    const all = [quick, full, long, some];
    assert.deepEqual(filesOf('quick', all), [quick, some]);
    assert.deepEqual(filesOf('full', all), [quick, full, some]);
    assert.deepEqual(filesOf('long', all), [long]);
});

test('a run counts the tests of each file, and those that the quick tier leaves out are no part of it', () => {
    assert.deepEqual(runFiles('quick', [quick, most, some]).lines,
        ['full 2 0 0 some.test.mjs', 'quick 1 0 0 most.test.mjs', 'quick 2 0 0 quick.test.mjs']);
    const { status, lines, tap } = runFiles('full', [most, some, skips]);
    assert.deepEqual([status, lines], [1, ['full 4 1 0 some.test.mjs', 'quick 1 0 1 skips.test.mjs', 'quick 2 0 0 most.test.mjs']]);
    assert.equal(tap.match(/^ *not ok /gm).length, 1);
    assert.match(tap, /only the full tier runs it/);
});

test('a file that ends before its tests fails the run', () => {
    for (const text of ["throw new Error('at once');\n", 'process.exit(3);\n', "import './nowhere.mjs';\n"]) {
        const { status, lines } = runFiles('quick', [put('ends', `// tier: quick\n${text}`)]);
        assert.deepEqual([status, lines[0]], [1, 'quick 0 1 0 ends.test.mjs']);
    }
});

test('a file that does not end fails the run by itself, and the others run', () => {
    const hangs = put('hangs', "// tier: quick\nimport { test } from 'node:test';\ntest('one', () => {});\nsetInterval(() => {}, 1000);\n");
    const { status, lines } = runFiles('quick', [hangs, quick], 10);
    assert.deepEqual([status, lines], [1, ['quick 1 1 0 hangs.test.mjs', 'quick 2 0 0 quick.test.mjs']]);
});

test('what is listed is what runs', () => {
    const list = (tier) => runScript('list-tests.mjs', tier, [tier, 'quick.test.mjs', 'full.test.mjs', 'long.test.mjs', 'some.test.mjs']);
    assert.deepEqual(list('quick').stdout.trim().split('\n'), ['quick.test.mjs: one', 'quick.test.mjs: two',
        'some.test.mjs: alone', 'some.test.mjs: a suite > within']);
    assert.equal(list('full').stdout.trim().split('\n').length, 2 + 2 + 5);
    assert.deepEqual(list('long').stdout.trim().split('\n'), ['long.test.mjs: one', 'long.test.mjs: two']);
});

test('a line that names no test is an error, and so is a test that runs although a line leaves it out', () => {
    for (const [tier, text, named] of [['quick', '// tier: full\n// quick: nowhere\n', 'one; two; nowhere'],
        ['quick', '// tier: full\n// quick: one\n', 'two'], ['quick', '// tier: quick\n// full: one\n', 'one'],
        ['full', '// tier: quick\n// full: nowhere\n', 'nowhere'], ['full', '// tier: full\n// quick: nowhere\n', 'nowhere']]) {
        put('named', text + good);
        const { status, stderr } = runScript('list-tests.mjs', tier, [tier, 'named.test.mjs']);
        assert.deepEqual([status, stderr.includes(`differ in: ${named}`)], [1, true], stderr);
    }
});
