// tier: full
/** Kernels that are tuned beside the clients: what is chosen, where it is kept, and what requests notice of it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { checkKernel, shapes } from '../lib/kernels.mjs';
import * as processes from '../lib/processes.mjs';
import { changedPage } from '../lib/spoiled-page.mjs';
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
    reduce: { kernel: 'reduce', inputs: [whole('x', [17, 301], 3)] },
    softmax: { kernel: 'softmax', inputs: [whole('x', [3, 200], 9)] },
};
const add = { kernel: 'add', inputs: [whole('a', [1000, 7], 4), whole('b', [1000, 7], 5)] };
const compute = async (one, where = daemon) => {
    const { status, text, json } = await where.post('/v1/compute', { ...one, browser: 'chrome', platform: 'webgpu', fallback: false });
    assert.equal(status, 200, text);
    return json.outputs[0].data;
};
/** Only whole numbers have the same sum in whatever order a variant adds them. @param {number[]} is @param {number[]} was @param {string} what */
const isSame = (is, was, what) => {
    if (was.every(Number.isInteger)) return assert.deepEqual(is, was, what);
    assert.equal(is.length, was.length, what);
    for (const [i, value] of was.entries()) assert.ok(Math.abs(is[i] - value) < 1e-6, `${what}: element ${i} is ${is[i]}, not ${value}`);
};
const tunings = async (where = daemon) => (await where.get('/v1/nodes?tuning=yes')).json.tuning;
const isTuned = (kernel, sizeClass, where = daemon) => until(async () =>
    (await tunings(where)).find((one) => one.kernel === kernel && one.size_class === sizeClass), { what: `${kernel} ${sizeClass} is tuned`, timeout: 60_000 * patience, every: 100 });

test('what a place has used is tuned when it rests, kept over a restart, and answers are what they were', async () => {
    const before = {};
    for (const [name, one] of Object.entries(asked)) before[name] = await compute(one);
    assert.deepEqual((await daemon.get('/v1/nodes')).json.tuning, undefined, 'it is asked for');
    const rows = [await isTuned('matmul', '1x64x64x64'), await isTuned('reduce', '32x512'), await isTuned('softmax', '4x256')];
    for (const row of rows) {
        assert.deepEqual([row.browser, row.platform, row.node], ['chrome', 'webgpu', undefined]);
        assert.ok(row.ms > 0 && row.ms <= row.default_ms && row.adapter && row.browser_version, JSON.stringify(row));
        assert.ok(row.workgroup[0] * row.workgroup[1] <= 1024 && row.variant);
    }
    for (const [name, one] of Object.entries(asked)) isSame(await compute(one), before[name], name);
    assert.doesNotMatch(daemon.log, /is wrong here|was not tuned/);
    await daemon.stop();
    daemon = await begin();
    const kept = await tunings();
    assert.equal(kept.length, rows.length);
    for (const row of rows) assert.deepEqual(kept.find(({ kernel }) => kernel === row.kernel), row);
    for (const [name, one] of Object.entries(asked)) isSame(await compute(one), before[name], `${name} after a restart`);
    const { out } = await webinfer(daemon, ['nodes', '--tuning']);
    assert.match(out, /^BROWSER +VERSION +PLATFORM +ADAPTER .*TIME\n/);
    for (const { kernel, size_class: sizes, variant } of rows) assert.match(out, new RegExp(`${kernel} +${sizes} +${variant} `));
});

test('what tuning may not ask for is refused', async () => {
    const { status, json } = await daemon.get('/v1/nodes?tuning=perhaps');
    assert.deepEqual([status, json.code, json.field], [400, 'invalid_field', 'tuning']);
});

/** A page whose sums have, among the workgroups that are tried, one whose rounds end for no number: as ENDLESS, on SwiftShader it
 * goes on for ever. Where a variant is for subgroups its kernel has no other, and an adapter without them says so. */
function spoiled() {
    let changed = 0;
    const plant = (code, from, to) => code.replace(from, (...found) => {
        changed++;
        return to(...found);
    });
    const page = changedPage({ 'engine-gpu_kernels': (code) => {
        const endless = plant(code, 'var share = nothing();', (before) => `${before} if (LANES == 128u) { var i = local;
            loop { i = i * 1664525u + 1013904223u; if (i == 0u && call.n == 7u) { break; } } share = f32(i); }`);
        const alone = plant(endless, /variants:\[\{name:"lanes_64".*?(\{name:"subgroups".*?\})\],scratch/g, (_, variant) => `variants:[${variant}],scratch`);
        return `${NO_SUBGROUPS}\n${alone}`;
    } });
    assert.equal(changed, 3);
    return page;
}
const NO_SUBGROUPS = `const request_ = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = function (...how) {
    if (!this.features.has('subgroups')) throw new Error('no subgroups here');
    return request_.apply(this, how);
};`;

describe('beside each other', { concurrency: true }, () => {
    test('twelve at once while it tunes are right, and go first', async () => {
        const large = { kernel: 'matmul', inputs: [whole('a', [200, 256], 7), whole('b', [256, 130], 8)] };
        const seen = daemon.log.length, alone = await compute(large); // it may be told before this test sees the answer
        await until(() => /is to tune matmul 1x256x256x256/.test(daemon.log.slice(seen)), { what: 'it is told to tune', timeout: 60_000 * patience });
        const all = await Promise.all(Array.from({ length: 12 }, (_, i) => compute(i % 2 ? asked.matmul : large)));
        const small = await compute(asked.matmul);
        for (const [i, one] of all.entries()) assert.deepEqual(one, i % 2 ? small : alone, `request ${i}`);
        await isTuned('matmul', '1x256x256x256');
        assert.deepEqual(await compute(large), alone);
    });

    describe('in a page with a candidate that never ends', () => {
        let page, other;
        before(async () => {
            page = spoiled();
            // Without retries what used up its attempt would have failed.
            other = await new Daemon({ config: { log: { level: 'debug' }, bridge: { page }, pool: { max_retries: 0 } } }).start();
        });
        after(async () => {
            await other?.stop();
            fs.rmSync(page, { recursive: true });
        });
        const spoiledTest = testsOf(() => other);

        // Beside much other work a request once got 502 device_lost here; 33 runs afterwards did not. The cause is not known. Beside
        // busy loops the process that was killed once took over 3 s to be gone.
        spoiledTest('it costs the GPU process, no request notices, and its kernel is tuned there no more', async () => {
            const sums = await compute(asked.reduce, other), sum = await compute(add, other);
            const sessionOf = async () => (await other.get('/v1/status')).json.sessions[0], session = await sessionOf();
            const [{ pid: gpu }] = processes.withRole(session.driver_pid, 'gpu'), used = () => processes.cost(gpu).cpuSeconds, start = used();
            const hasHung = () => /kernel_hung/.test(other.log);
            await until(() => /is to tune reduce/.test(other.log), { what: 'it is told to tune', timeout: 60_000 * patience });
            await until(() => hasHung() || used() > start + 1, { what: 'the candidate to run', timeout: 60_000 * patience });
            const where = { browser: 'chrome', timeout_ms: 120_000 }, gpuOnly = { ...where, platform: 'webgpu', fallback: false };
            const behind = await Promise.all([{ ...asked.reduce, ...gpuOnly }, { ...add, ...gpuOnly }, { ...add, ...where, platform: 'wasm' }]
                .map((one) => other.post('/v1/compute', one)));
            for (const [i, { status, text, json }] of behind.entries()) {
                assert.equal(status, 200, text);
                assert.deepEqual(json.outputs[0].data, i === 0 ? sums : sum, text);
            }
            await until(hasHung, { what: 'the hang to be found', timeout: 60_000 * patience }); // where a request ended the tuning, it is later
            await other.logs(/reduce 32x512 by plain in workgroups of 128x1 does not end/);
            await other.logs(/kernel_hung: end_gpu/);
            await until(() => !processes.alive(gpu), { what: 'the end of the GPU process' });
            assert.equal((await sessionOf()).id, session.id, 'the browser is the same');
            const seen = other.log.length;
            await compute({ kernel: 'reduce', inputs: [whole('x', [3, 100], 1)] }, other);
            await isTuned('add', '8192', other);
            assert.doesNotMatch(other.log.slice(seen), /is to tune reduce/);
        });

        spoiledTest('what is added up by subgroups is right, where the adapter has them', async (context) => {
            const { status, text } = await other.post('/v1/compute', { ...asked.softmax, browser: 'chrome', platform: 'webgpu', fallback: false });
            if (status !== 200 && text.includes('no subgroups here')) return context.skip('the adapter of Chromium has no subgroups');
            for (const one of shapes.filter(({ kernel }) => /^(softmax|layer_norm)$/.test(kernel)))
                await checkKernel(other, one, { browser: 'chrome', platform: 'webgpu' });
        });
    });
});
