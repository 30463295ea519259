// tier: full
/** `webinfer bench --suite`: ONNX's own tests of some operators, in real browsers: what is right where, and why not. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { webinfer } from '../lib/cli.mjs';

/** Debian's libonnx-testdata. */
const DATA = '/usr/share/libonnx-testdata/data/node';
const RIGHT = ['abs', 'add', 'and2d', 'conv_with_strides_padding', 'lstm_defaults', 'matmul_2d', 'softmax_axis_0'];
const ODD = ['adam', 'bernoulli', 'cast_BFLOAT16_to_FLOAT', 'gru_batchwise', 'sequence_insert_at_back'];

let folder = '';
before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-suite-'));
    for (const name of [...RIGHT, ...ODD]) fs.cpSync(`${DATA}/test_${name}`, path.join(folder, `test_${name}`), { recursive: true });
    // The same model, and an output that it has not.
    fs.cpSync(`${DATA}/test_abs`, path.join(folder, 'test_wrong'), { recursive: true });
    const output = path.join(folder, 'test_wrong/test_data_set_0/output_0.pb'), bytes = fs.readFileSync(output);
    bytes.writeFloatLE(bytes.readFloatLE(bytes.length - 4) + 1, bytes.length - 4);
    fs.writeFileSync(output, bytes);
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const bench = (...words) => webinfer(/** @type {any} */ ({ folder, temporary: folder, url: 'http://127.0.0.1:9' }), ['bench', ...words], { timeout: 240_000 });

test('each test has an outcome at each place, and no time', async () => {
    const { code, out, problems } = await bench('--suite', folder, '--start', '--browser', 'chrome,firefox', '--platform', 'both', '--json');
    assert.equal(code, 1, problems);
    const { cells } = JSON.parse(out);
    const places = ['chrome/wasm', 'chrome/webgpu', 'firefox/wasm', 'firefox/webgpu'];
    const at = (name) => cells.filter(({ model }) => model === `test_${name}`);
    for (const name of [...RIGHT, ...ODD, 'wrong'])
        assert.deepEqual(at(name).map(({ browser, platform }) => `${browser}/${platform}`).sort(), places, problems);
    assert.equal(cells.length, places.length * (RIGHT.length + ODD.length + 1));
    for (const cell of RIGHT.flatMap(at)) {
        assert.equal(cell.outcome, 'ok', JSON.stringify(cell));
        assert.ok(cell.error_ratio >= 0 && cell.error_ratio <= 1 && cell.engine === 'ort', JSON.stringify(cell));
    }
    for (const cell of at('wrong')) assert.deepEqual([cell.outcome, cell.operator], ['inexact', 'Abs'], JSON.stringify(cell));
    for (const cell of [...['adam', 'cast_BFLOAT16_to_FLOAT'].flatMap(at), ...at('gru_batchwise').filter(({ platform }) => platform === 'wasm')]) {
        assert.equal(cell.outcome, 'unsupported', JSON.stringify(cell));
        assert.match(cell.reason, /^operator_unsupported: /);
    }
    for (const cell of at('sequence_insert_at_back')) {
        assert.equal(cell.outcome, 'unsupported');
        assert.match(cell.reason, /^input_0\.pb: .* a sequence or an optional value/);
    }
    for (const cell of at('bernoulli').filter(({ platform }) => platform === 'wasm'))
        assert.deepEqual([cell.outcome, cell.reason], ['ok', 'it draws numbers, which are not compared']);
    for (const cell of cells) assert.deepEqual([cell.samples_ms, cell.load_ms, cell.first_ms], [undefined, undefined, undefined]);
});

test('people get a table of what is not right everywhere', async () => {
    for (const name of [...RIGHT.slice(1), ...ODD]) fs.rmSync(path.join(folder, `test_${name}`), { recursive: true });
    const { code, out, problems } = await bench('--suite', folder, '--start', '--browser', 'chrome', '--platform', 'wasm');
    assert.equal(code, 1, problems);
    assert.match(out, /^2 tests; .*\nOPERATOR +chrome\/wasm *\nall +1 ok, 1 inexact *\nAbs +1 ok, 1 inexact *\n$/);
    assert.match(problems, /test_wrong chrome\/wasm: inexact: y/);
});

test('what it cannot begin with it says before it starts anything', async () => {
    const empty = path.join(folder, 'test_abs');
    for (const [words, said] of [[['--suite', folder], /needs --start/], [['--suite', empty, '--start'], /has no tests of operators/],
        [['--suite', folder, '--start', 'digits'], /no model is named/], [['--suite', folder, '--start', '--html', 'x'], /no run of the laboratory/],
        [[], /a model, a file or a folder is wanted/]]) {
        const { code, problems } = await bench(...words);
        assert.equal(code, 2, problems);
        assert.match(problems, said);
    }
});
