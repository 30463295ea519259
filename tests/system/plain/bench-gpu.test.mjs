// tier: full
/** ./dev bench gpu on real browsers: no adapter, a model that does not load and a browser that dies cost the row that has them alone. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeModel } from '../../bench/batches/clients.mjs';
import { RING } from '../../bench/chat/shapes.mjs';
import { batchRows } from '../../bench/gpu/batching.mjs';
import { captureRows } from '../../bench/gpu/capture.mjs';
import { countModel } from '../../bench/gpu/counts.mjs';
import { Ground } from '../../bench/gpu/ground.mjs';
import { adapterRow, kernelRows, machineOf, verifyRow, webglRow } from '../../bench/gpu/machine.mjs';
import { echoRow, modelRow } from '../../bench/gpu/models.mjs';
import { fillRows } from '../../bench/gpu/rows.mjs';
import { SUBJECTS } from '../../bench/gpu/store.mjs';
import { flashRow, textRows } from '../../bench/gpu/text.mjs';
import { putSubjects } from '../../bench/kernels/graphs.mjs';
import { assembleModels } from '../../lib/daemon.mjs';
import { putFamilies } from '../../lib/families.mjs';
import { putGguf } from '../../lib/gguf.mjs';
import { sharedModels } from '../../lib/paths.mjs';
import * as processes from '../../lib/processes.mjs';
import { test } from '../../lib/tier.mjs';

const SMALL = 'op_add', OTHER = 'vision_mnist_ms_digit7';
const MINUTES = 5;
const skip = sharedModels ? false : 'the shared models are not here';

/** Fills rows that are made for a store of these models. @param {(ground: Ground, store: string) => any[]} make
 * @returns {Promise<Record<string, import('../../bench/gpu/rows.mjs').Told>>} by their names */
async function fill(how, make) {
    const store = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-')), ground = new Ground({ store, ...how });
    try {
        assembleModels(store, sharedModels ? [SMALL, OTHER] : []);
        const told = await fillRows(make(ground, store), { minutes: MINUTES, write: () => {}, recover: () => ground.recover() });
        return Object.fromEntries(told.map((row) => [row.name, row]));
    } finally {
        await ground.stop();
        fs.rmSync(store, { recursive: true });
    }
}

const failed = ({ state, why }, reason) => {
    assert.equal(state, 'failed');
    assert.match(why, reason);
};
function kill(pid) {
    try {
        process.kill(pid, 'SIGKILL');
    } catch {
        // It went by itself.
    }
}
const measured = ({ name, state, why }) => assert.equal(state, 'measured', `${name}: ${why}`);

test('without an adapter what needs one says so, and WASM and the echo are measured', { skip, timeout: 300_000 }, async () => {
    const rows = await fill({ gpu: 'off' }, (ground) => [adapterRow(ground), verifyRow(ground), modelRow(ground, SMALL), echoRow(ground)]);
    failed(rows.adapter, /^WebGPU: /);
    assert.match(rows.adapter.figures.browser, /^chrome \d/);
    measured(rows.verify);
    assert.equal(rows.verify.figures.verdict, 'not tested');
    assert.match(rows.verify.figures.reason, /./);
    failed(rows[`model ${SMALL}`], /webgpu/i);
    assert.ok(rows[`model ${SMALL}`].figures.wasm.run_ms > 0);
    measured(rows['echo of 100 B']);
});

test('a model that does not load says why, and the next one is measured and counted', { skip, timeout: 300_000 }, async () => {
    const rows = await fill({ gpu: 'software' }, (ground, store) => {
        fs.writeFileSync(path.join(store, SMALL, 'model.onnx'), 'no model at all');
        return [modelRow(ground, SMALL), modelRow(ground, OTHER)];
    });
    failed(rows[`model ${SMALL}`], /"code":"model_invalid"/);
    const { state, why, figures } = rows[`model ${OTHER}`];
    assert.equal(state, 'measured', why);
    for (const platform of ['wasm', 'webgpu']) assert.ok(figures[platform].request_ms > 0 && figures[platform].first_ms > 0, platform);
    const { asked, shares_ms: shares } = figures.webgpu;
    assert.ok(asked.dispatches > 0 && asked.bytes_written > 0 && asked.bytes_read >= 40, JSON.stringify(asked)); // ten FP32 come back
    assert.deepEqual(Object.keys(shares), ['gpu', 'moving', 'browser', 'ours']);
    assert.ok(Number.isFinite(shares.moving));
});

test('kernels, graph capture, WebGL and batches are measured on a software adapter', { timeout: 300_000 }, async () => {
    const rows = await fill({ gpu: 'software' }, (ground, store) => {
        putSubjects(store, [SUBJECTS[0]]);
        writeModel(store, 'digits');
        return [kernelRows(ground)[0], captureRows(ground)[0], webglRow(ground), batchRows(ground)[0]];
    });
    for (const row of Object.values(rows)) measured(row);
    const [kernel, captured, webgl, batches] = Object.values(rows).map(({ figures }) => figures);
    assert.ok(kernel.ours_ms > 0 && kernel.ort_ms > 0 && kernel.times_as_fast > 0, JSON.stringify(kernel));
    assert.equal(captured.captured, 'yes');
    assert.match(captured.answers, /^(equal|within the tolerance)$/);
    assert.ok(captured.plain_ms > 0 && captured.captured_ms > 0, JSON.stringify(captured));
    assert.ok(webgl[256].run_ms > 0 && webgl[256].off_wasm < 1e-3, JSON.stringify(webgl));
    assert.ok(batches.off_per_second > 0 && batches.auto_per_second > 0, JSON.stringify(batches));
    assert.equal(batches.answers, 'as alone');
});

test('texts are measured on WASM, from a file and from a folder; without shader-f16 the others say so', { timeout: 300_000 }, async () => {
    const tiny = { type: 'q8_0', follow: RING, embd: 64, layers: 1, heads: 2, kv: 1, ffn: 128, vocab: 512, context: 2048 };
    const rows = await fill({ gpu: 'software' }, (ground, store) => {
        putGguf(store, 'tiny', tiny);
        putFamilies(store, ['gpt2-long']);
        return [textRows(ground, 'tiny', 'GGUF')[1], textRows(ground, 'gpt2-long', 'a folder')[1], textRows(ground, 'tiny', 'GGUF')[0], flashRow(ground, 'tiny')];
    });
    const [file, folder, onGpu, flash] = Object.values(rows);
    for (const row of [file, folder]) {
        measured(row);
        for (const figure of ['load_ms', 'reads_128', 'reads_1024', 'writes_behind_0', 'writes_behind_1000', 'writes_4_chats'])
            assert.ok(row.figures[figure] > 0, `${row.name}: ${JSON.stringify(row.figures)}`);
    }
    for (const row of [onGpu, flash]) failed(row, /webgpu|shader-f16/i);
});

test('what a run asks of the GPU is counted for onnxruntime-web alone, too', { skip, timeout: 300_000 }, async () => {
    const rows = await fill({ gpu: 'software' }, (ground) => [{ name: 'counts', most: 120, measure: async (figures) => {
        Object.assign(figures, await countModel(ground, SMALL));
    } }]);
    measured(rows.counts);
    const { before, now } = rows.counts.figures;
    assert.deepEqual([before.buffers, before.maps, now.buffers, now.maps], [3, 1, 0, 1], JSON.stringify(rows.counts.figures));
    assert.ok(now.submits < before.submits && now.dispatches === before.dispatches, JSON.stringify(rows.counts.figures));
    assert.deepEqual([now.bytes_written, now.bytes_read], [before.bytes_written, before.bytes_read]);
});

test('another browser than Chromium is measured, but for what needs its debugger', { skip, timeout: 300_000 }, async () => {
    const rows = await fill({ gpu: 'software', browser: 'firefox' }, (ground) => [adapterRow(ground), modelRow(ground, SMALL), captureRows(ground)[0], echoRow(ground)]);
    measured(rows.adapter);
    assert.match(rows.adapter.figures.browser, /^firefox \d/);
    assert.equal(rows.adapter.figures.adapter.is_fallback, true);
    measured(rows[`model ${SMALL}`]);
    assert.ok(rows[`model ${SMALL}`].figures.webgpu.request_ms > 0);
    assert.equal(rows[`model ${SMALL}`].figures.webgpu.asked, null);
    failed(Object.values(rows)[2], /Chromium alone, and this is firefox/);
    measured(rows['echo of 100 B']);
});

test('the machine is described by what doctor finds', () => {
    const { gpus, cores } = machineOf();
    assert.ok(cores > 0);
    assert.ok(Array.isArray(gpus) && gpus.some((one) => /^(GPU|Vulkan)/.test(one)), JSON.stringify(gpus));
});

test('a browser that dies again and again fails its row, and the rows behind it are measured', { timeout: 300_000 }, async () => {
    const rows = await fill({ gpu: 'software' }, (ground) => {
        const echo = echoRow(ground);
        const dying = async (figures) => {
            const daemon = await ground.timed(), killing = setInterval(() => {
                for (const { pid } of processes.mentioning(daemon.temporary)) if (pid !== daemon.pid) kill(pid);
            }, 20);
            try {
                await echo.measure(figures);
            } finally {
                clearInterval(killing);
            }
        };
        return [{ name: 'dying', most: 60, measure: dying }, echo, adapterRow(ground)];
    });
    failed(rows.dying, /./);
    measured(rows['echo of 100 B']);
    measured(rows.adapter);
});

test('a browser that never starts is tried twice, and each row says so at once from then on', { timeout: 300_000 }, async () => {
    const rows = await fill({ gpu: 'software', startMs: 5000, config: { 'browser.chrome': { binary: '/bin/false' } } },
        (ground) => [adapterRow(ground), verifyRow(ground), echoRow(ground), modelRow(ground, OTHER)]);
    failed(rows.adapter, /^the browser did not start: /);
    failed(rows.verify, /^the browser did not start: /);
    failed(rows['echo of 100 B'], /^the browser did not start 2 times before this row$/);
    assert.ok(rows['echo of 100 B'].seconds < 5);
});
