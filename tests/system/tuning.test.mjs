/** Kernels that are tuned beside the clients: what is chosen, where it is kept, and what requests notice of it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-'));
const begin = () => new Daemon({ folder, keep: true, config: { log: { level: 'debug' } } }).start();
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await begin();
});
after(async () => {
    await daemon.stop();
    fs.rmSync(folder, { recursive: true, force: true });
});

/** Small whole numbers, of which every sum is exact. */
const whole = (name, shape, seed) => ({ name, datatype: 'FP32', shape,
    data: Array.from({ length: shape.reduce((all, one) => all * one, 1) }, (_, i) => ((i * 7 + seed * 13) % 9) - 4) });
const asked = {
    matmul: { kernel: 'matmul', inputs: [whole('a', [33, 40], 1), whole('b', [40, 50], 2)] },
    reduce: { kernel: 'reduce', inputs: [whole('x', [17, 300], 3)] },
    add: { kernel: 'add', inputs: [whole('a', [1000, 7], 4), whole('b', [1000, 7], 5)] },
    resize: { kernel: 'resize_normalise', options: { height: 16, width: 16, factor: 1 },
        inputs: [whole('x', [32, 32, 3], 6), { ...whole('mean', [3], 0), data: [0, 0, 0] }, { ...whole('deviation', [3], 0), data: [1, 1, 1] }] },
};
const compute = async (one) => {
    const { status, text, json } = await daemon.post('/v1/compute', { ...one, browser: 'chrome', platform: 'webgpu', fallback: false });
    assert.equal(status, 200, text);
    return json.outputs[0].data;
};
const tunings = async () => (await daemon.get('/v1/nodes?tuning=yes')).json.tuning;
const isTuned = (kernel, sizeClass) => until(async () =>
    (await tunings()).find((one) => one.kernel === kernel && one.size_class === sizeClass), { what: `${kernel} ${sizeClass} is tuned`, timeout: 60_000 * patience, every: 100 });

test('what a place has used is tuned when it rests, kept over a restart, and answers are what they were', async () => {
    const before = {};
    for (const [name, one] of Object.entries(asked)) before[name] = await compute(one);
    assert.deepEqual((await daemon.get('/v1/nodes')).json.tuning, undefined, 'it is asked for');
    const rows = [await isTuned('matmul', '1x64x64x64'), await isTuned('reduce', '32x512'), await isTuned('add', '8192'),
        await isTuned('resize_normalise', '1x32x32x4x16x16')];
    for (const row of rows) {
        assert.deepEqual([row.browser, row.platform, row.node], ['chrome', 'webgpu', undefined]);
        assert.ok(row.ms > 0 && row.ms <= row.default_ms && row.adapter && row.browser_version, JSON.stringify(row));
        assert.ok(row.workgroup[0] * row.workgroup[1] <= 1024 && row.variant);
    }
    for (const [name, one] of Object.entries(asked)) assert.deepEqual(await compute(one), before[name], name);
    assert.doesNotMatch(daemon.log, /is wrong here|was not tuned/);
    await daemon.stop();
    daemon = await begin();
    const kept = await tunings();
    assert.equal(kept.length, rows.length);
    for (const row of rows) assert.deepEqual(kept.find(({ kernel }) => kernel === row.kernel), row);
    for (const [name, one] of Object.entries(asked)) assert.deepEqual(await compute(one), before[name], `${name} after a restart`);
    const { out } = await webinfer(daemon, ['nodes', '--tuning']);
    assert.match(out, /^BROWSER +VERSION +PLATFORM +ADAPTER .*TIME\n/);
    for (const { kernel, size_class: sizes, variant } of rows) assert.match(out, new RegExp(`${kernel} +${sizes} +${variant} `));
});

test('twelve at once while it tunes are right, and go first', async () => {
    const large = { kernel: 'matmul', inputs: [whole('a', [200, 256], 7), whole('b', [256, 130], 8)] };
    const alone = await compute(large), seen = daemon.log.length;
    await until(() => /is to tune matmul 1x256x256x256/.test(daemon.log.slice(seen)), { what: 'it is told to tune', timeout: 60_000 * patience });
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => compute(i % 2 ? asked.matmul : large)));
    const small = await compute(asked.matmul);
    for (const [i, one] of all.entries()) assert.deepEqual(one, i % 2 ? small : alone, `request ${i}`);
    await isTuned('matmul', '1x256x256x256');
    assert.deepEqual(await compute(large), alone);
});

test('what tuning may not ask for is refused', async () => {
    const { status, json } = await daemon.get('/v1/nodes?tuning=perhaps');
    assert.deepEqual([status, json.code, json.field], [400, 'invalid_field', 'tuning']);
});
