// tier: full
/** The examples in Python, run as they stand. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { clear, guard } from '../lib/cleanup.mjs';
import { cutting } from '../lib/cutting.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { builtPage, daemonPath, ownModels, root } from '../lib/paths.mjs';
import { environment, program, python } from '../lib/python.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const folder = path.join(root, 'examples');
const example = async (name, words = [], env = {}) =>
    (await python([path.join(folder, name), ...words], { env: { WEBINFER_URL: daemon.url, ...env } })).stdout;
const numbers = (count) => Array.from({ length: count }, (_, i) => `${i} `).join('');

before(async () => {
    daemon = new Daemon({ models: ['digits', 'finch', 'add'], config: { api: { allowed_hosts: '127.0.0.1' } } });
    fs.cpSync(path.join(ownModels, 'digit-words'), path.join(daemon.store, 'digit-words'), { recursive: true });
    await daemon.start();
});
after(() => daemon.stop());

test('a picture', async () => {
    const said = await example('picture.py', ['digits', path.join(ownModels, 'digits/samples/7.png')]);
    assert.match(said, /^0\.\d+ {2}7\n(.*\n){2}computed by chrome \S+ on wasm, in [\d.]+ ms\n$/);
    await assert.rejects(example('picture.py', ['digits', '/nonexistent']), ({ code, stderr }) =>
        code === 1 && /No such file/.test(stderr) && !/Traceback/.test(stderr));
});

test('tensors', async () => {
    const said = await example('tensors.py');
    assert.equal(said, "Tensor('x', FP32, [3]) [0.5, 1.5, nan]\n" +
        "Tensor('square', INT64, [2, 2]) has row 1, column 0: 3\n[[ 0.  2.  4.]\n [ 6.  8. 10.]]\n");
});

test('a stream', async () => {
    const [text, done] = (await example('stream.py', ['builtin/count', '{"count": 50}'])).split('\n');
    assert.equal(text, numbers(50));
    const { parts, result, executed_on } = JSON.parse(done);
    assert.deepEqual([parts, result, executed_on.browser], [50, { count: 50 }, 'chrome']);
    const told = await example('stream.py', ['finch', '{"temperature": 0}', 'What is 17 + 25?']);
    assert.match(told, /^17 \+ 25 = 42\.\n/);
});

test('a stream whose connection breaks', async () => {
    const proxy = await cutting(daemon.url, 2000, 3000);
    try {
        const said = await example('stream.py', ['builtin/count', '{"count": 200}'], { WEBINFER_URL: proxy.url });
        assert.equal(said.split('\n')[0], numbers(200));
        assert.equal(proxy.limits.length, 0);
    } finally {
        proxy.close();
    }
});

test('a stream that fails', async () => {
    await assert.rejects(example('stream.py', ['none', '{}']), ({ code, stderr }) =>
        code === 1 && /none/.test(stderr) && !/Traceback/.test(stderr));
});

test('text, vision and audio at once, in browsers of its own', async () => {
    const temporary = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-ex-')));
    const words = ['--config', '/dev/null', '--set', `bridge.page=${builtPage}`, '--set', `models.directory=${ownModels}`,
        ...['edge', 'firefox', 'safari'].flatMap((kind) => ['--set', `browser.${kind}.max_connections=0`])];
    const said = await example('accelerate.py', words, { PATH: `${path.dirname(daemonPath)}:${process.env.PATH}`,
        WEBINFER_URL: '', TMPDIR: temporary, HOME: temporary, XDG_STATE_HOME: temporary });
    for (const one of [/^finch +'17 \+ 25 = 42\.' +chrome\//m, /^digits +'7' +chrome\//m, /^keywords +'left' +chrome\//m,
        /^all three at once: [\d.]+ s$/m, /^best for finch: chrome\/\w+: \w+/m, /in all [\d.]+ s$/m])
        assert.match(said, one);
    clear(temporary);
});

test("the guide's own", async () => {
    const section = fs.readFileSync(path.join(root, 'docs/guide.md'), 'utf8').split(/^## /m)
        .find((one) => one.startsWith('From Python'));
    const lines = section.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.slice(4));
    const { stdout } = await python(['-c', lines.join('\n')], { env: { WEBINFER_URL: daemon.url } });
    assert.match(stdout, /^17 \+ 25 = 42\.\n\{'label': '7'.*\} wasm\n\[1\. 1\. 1\.\]\n\w+[^]*final four\n(?:[^]*\n)?final one seven\ndone None\n$/);
});

test('none is longer than 80 lines, or 120 for a node', () => {
    for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.py'))) {
        const lines = fs.readFileSync(path.join(folder, name), 'utf8').split('\n').length - 1;
        assert.ok(lines <= (name === 'node.py' ? 120 : 80), `${name}: ${lines}`);
    }
});

test('a node, on websockets, echoes and adds', async () => {
    const { id, url } = (await daemon.post('/v1/admin/join', {})).json;
    const child = spawn(program, ['-W', 'error', path.join(folder, 'node.py'), url, 'add'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
    const ended = once(child, 'exit');
    const infer = (model, inputs) => daemon.post('/v1/infer', { model_name: model, platform: 'native', fallback: false,
        inputs: inputs.map(([name, data]) => ({ name, datatype: 'FP32', shape: [data.length], data })) });
    try {
        await until(() => { assert.equal(child.exitCode, null, said); return /^welcome node-/m.test(said); }, { what: 'its welcome' });
        const echo = await infer('builtin/echo', [['x', [1, -2]]]), sum = await infer('add', [['a', [1, 2.5]], ['b', [10, -3]]]);
        assert.deepEqual([echo.json.outputs?.[0].data, echo.json.executed_on?.engine], [[1, -2], 'python'], echo.text);
        assert.deepEqual([sum.json.outputs?.[0].data, sum.json.executed_on?.engine], [[11, -0.5], 'python'], sum.text);
    } finally {
        await daemon.request(`/v1/admin/join/${id}`, { method: 'DELETE' });
        assert.deepEqual(await ended, [1, null], said); // it is not wanted back
    }
    assert.match(said, /^node\.py: /m);
});
