// tier: full
/** ./dev bench gpu on real browsers: no adapter, a model that does not load and a browser that dies cost the row that has them alone. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fillRows } from '../../bench/gpu/rows.mjs';
import { Ground } from '../../bench/gpu/ground.mjs';
import { adapterRow, verifyRow } from '../../bench/gpu/machine.mjs';
import { echoRow, modelRow } from '../../bench/gpu/models.mjs';
import { assembleModels } from '../../lib/daemon.mjs';
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
