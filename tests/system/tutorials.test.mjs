// tier: quick
/** The tutorials, each with a test that runs it, and README: the form that a reader expects. Also how tutorials are read and compared. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../lib/paths.mjs';
import { blocksOf, differenceOf, textOf, tutorialsFolder } from '../lib/tutorial.mjs';

const names = fs.readdirSync(tutorialsFolder).map((file) => path.parse(file).name);
const LINES_MOST = 160, COLUMNS_MOST = 120;

test('there are tutorials for a laptop, Python, CI, a proxy and a room', () => {
    for (const name of ['chat-server', 'pictures', 'lab-in-ci', 'nginx', 'ten-machines']) assert.ok(names.includes(name), name);
});

for (const name of names) {
    const text = textOf(name), lines = text.trimEnd().split('\n');

    test(`${name}: a test runs it`, () => {
        const file = path.join(root, `tests/system/plain/tutorial-${name}.test.mjs`);
        assert.match(fs.readFileSync(file, 'utf8'), new RegExp(`^tutorialTests\\('${name}'`, 'm'));
    });

    test(`${name}: each block is run, or says why not`, (context) => {
        const blocks = blocksOf(text), left = blocks.filter(({ notRun }) => notRun);
        assert.deepEqual(blocks.filter(({ kind }) => kind === 'stray'), []);
        assert.ok(blocks.length - left.length > left.length, 'most blocks are run');
        for (const { line, notRun } of left) context.diagnostic(`${name}.md:${line} is not run: ${notRun}`);
    });

    test(`${name}: it has a promise, numbered steps and what is next`, () => {
        const [promise] = text.split(/^## /m);
        assert.match(lines[0], /^# \S/);
        assert.match(promise.replaceAll('\n', ' '), /At the end of this tutorial, .* minutes/);
        assert.match(promise, /^You need /m);
        const headings = lines.filter((line) => line.startsWith('## ')).map((line) => line.slice(3));
        assert.equal(headings.pop(), 'What next');
        assert.deepEqual(headings.map((one) => parseInt(one)), headings.map((_, i) => i + 1));
        assert.ok(lines.length <= LINES_MOST, `${lines.length} lines`);
        assert.deepEqual(lines.filter((line) => [...line].length > COLUMNS_MOST && !line.startsWith('|')), []);
    });

    test(`${name}: its links lead to files that there are`, () => {
        const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)].map(([, link]) => link);
        assert.ok(links.length > 0);
        for (const link of links.filter((one) => !one.includes('://')))
            assert.ok(fs.existsSync(path.join(tutorialsFolder, link)), link);
    });
}

test('README says what it is, for whom, what else there is and how to start, and then shows scenes with their output', () => {
    const text = fs.readFileSync(path.join(root, 'README.md'), 'utf8'), [screen, ...sections] = text.split(/^## /m);
    const parts = screen.split('\n\n').map((part) => part.replaceAll('\n', ' ').trim());
    const wanted = [/^# webinfer$/, /^webinfer is [^.]*\.$/, /^\*\*Choose webinfer\*\*/, /^\*\*Choose another program\*\*/,
        /^\| if you want \| choose \| because \|.* 0\.15 to 0\.34 .* 0\.08 /, /\bGPU\b.* WebGPU .* WASM /, /^!\[.*\]\(docs\/pictures\/overview\.png\)$/];
    assert.equal(parts.filter(Boolean).length, wanted.length);
    wanted.forEach((pattern, i) => assert.match(parts[i], pattern));
    assert.deepEqual(sections.map((section) => section.split('\n')[0]), ['Start', 'Examples', 'Installing', 'Where to read']);
    const [start, examples] = sections, commands = start.split('\n').filter((line) => line.startsWith('    '));
    for (const begin of ['./dev package && sudo apt install ', './dev container && podman run ', './dev run ', 'curl '])
        assert.ok(commands.shift()?.trimStart().startsWith(begin), begin);
    assert.match(start, /^```\n.*"executed_on"/ms);
    const scenes = examples.split(/^(?=\*\*)/m).slice(1);
    assert.ok(scenes.length >= 3);
    for (const scene of scenes) {
        assert.match(scene, /^ {4}\S|`build\/webinfer /m, 'a command');
        assert.match(scene, /^```$|^!\[|# .*: prints |Each segment is printed/m, 'its output');
    }
});

test('"webinfer or …?" says of each other program when to choose it, and what was not measured', () => {
    const text = fs.readFileSync(path.join(root, 'docs/webinfer-or.md'), 'utf8').replace(/\s+/g, ' ');
    for (const name of ['Ollama', 'llama-server', 'ONNX Runtime', 'Triton', 'browserless'])
        assert.match(text, new RegExp(`Choose [^.]*\\b${name}\\b[^.]* if `), name);
    assert.match(text, /Ollama, llama-server, Triton and browserless themselves were not measured\./);
    assert.match(text, /onnxruntime-node.* node-llama-cpp|node-llama-cpp.* onnxruntime-node/);
});

test('blocks are commands with their outputs, files, and those that are not run', () => {
    const text = `# A
Text.

    one
    two

\`\`\`
1
\`\`\`

Save this as \`a.py\`:

\`\`\`python
pass

pass
\`\`\`

<!-- not run: it takes an hour -->

\`\`\`sh
three
\`\`\`

Text.

\`\`\`
stray
\`\`\`
`;
    assert.deepEqual(JSON.parse(JSON.stringify(blocksOf(text))), [
        { kind: 'command', line: 4, text: 'one\ntwo', output: '1' },
        { kind: 'file', file: 'a.py', line: 13, text: 'pass\n\npass' },
        { kind: 'command', line: 21, notRun: 'it takes an hour', text: 'three' },
        { kind: 'stray', line: 27, text: 'stray' },
    ]);
    assert.throws(() => blocksOf('```sh\nfalse\n'), /line 1: the block does not end/);
});

test('outputs match if they differ only in values that vary by their nature, and where … is printed', () => {
    const equal = [
        ['1 thing  2.5 ms', '1 thing 13 ms\n'], ['a\n…\nd', 'a\nb\nc\nd\n'], ['a\n…\nd', 'a\nd\n'], ['a … c', 'a b c\n'],
        ['node-eb1661d67f708238 chrome 156.0.8078.79', 'node-0123456789abcdef chrome 157.0.8101.3'], ['', ''],
        ['"created":1795862400,"x":…', '"created":1795862400,"x":[1]'], ['2026-11-29T06:00:00Z', '2027-01-02T03:04:05.678Z'],
    ];
    const different = [['1 thing', '2 things'], ['a\nb', 'a\nb\nc'], ['a', ''], ['192.168.1.10', '192.168.1.11'], ['17 + 25 = 42.', '17 + 25 = 43.'],
        ['2.5 ms', '2.5 MiB'], ['a … c', 'a b'], ['a', 'xa']];
    for (const [printed, seen] of equal) assert.equal(differenceOf(printed, seen), null, printed);
    for (const [printed, seen] of different) assert.match(differenceOf(printed, seen) ?? `${printed} is equal`, /^printed:/);
});
