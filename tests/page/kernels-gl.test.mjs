// tier: quick
/** Kernels on WebGL, whose context is the test's own: it draws nothing, takes as long as the test says, and may never end. */
import './support/yield.mjs';
import assert from 'node:assert/strict';
import test, { beforeEach, mock } from 'node:test';
import { kernelFragments } from '../../page/kernels.mjs';
import { isPoisoned } from '../../page/src/engine/errors.js';
import { callOf } from '../../page/src/engine/kernel_call.js';
import { GlKernels } from '../../page/src/engine/kernels_gl.js';

/** The clock moves as time is spent: by draws, and by waiting for them. */
let clock = 0;
beforeEach((t) => {
    clock = 0;
    mock.method(performance, 'now', () => clock);
    mock.method(globalThis, 'setTimeout', (/** @type {() => void} */ run, /** @type {number} */ ms) => {
        clock += ms;
        setImmediate(run);
    });
    t.after(() => mock.restoreAll());
});

/** What the test says of a GPU: ms for each texel that is drawn; Infinity: it never ends. */
class Gpu {
    msPerTexel = 1e-3;
    /** The time of each part that was waited for. @type {number[]} */
    parts = [];
    isLost = false;
    _dueAt = 0;
    _texels = 0;

    /** What a context does that counts here. */
    calls = {
        getError: () => 'NO_ERROR',
        isContextLost: () => this.isLost,
        getExtension: () => ({ loseContext: () => void (this.isLost = true) }),
        getParameter: (/** @type {string} */ name) => (name === 'MAX_TEXTURE_SIZE' ? 4096 : ''),
        getProgramParameter: (/** @type {any} */ _, /** @type {string} */ name) => (name === 'LINK_STATUS' ? true : 0),
        scissor: (/** @type {number[]} */ ...[, , width, height]) => void (this._texels = width * height),
        drawArrays: () => void (this._dueAt = Math.max(this._dueAt, clock) + this._texels * this.msPerTexel),
        fenceSync: () => ({ began: clock, dueAt: this._dueAt }),
        clientWaitSync: (/** @type {{began: number, dueAt: number}} */ fence) => {
            clock += 0.1;
            if (clock < fence.dueAt) return 'TIMEOUT_EXPIRED';
            this.parts.push(clock - fence.began);
            return 'CONDITION_SATISFIED';
        },
    };

    /** A canvas whose context has a constant or a function of any name. */
    canvas = () => ({ addEventListener() {}, getContext: () => new Proxy(/** @type {any} */ (this.calls), {
        get: (calls, name) => calls[name] ?? (/^[A-Z]/.test(String(name)) ? name : () => ({})),
    }) });
}

const fragments = kernelFragments();
const tensor = (/** @type {number[]} */ ...shape) => ({ shape, bytes: new Uint8Array(4 * shape.reduce((all, size) => all * size, 1)) });
const relu = callOf('relu', [tensor(16)], {}).call;
const product = callOf('matmul', [tensor(1024, 1024), tensor(1024, 1024)], {}).call;

/** @param {() => any} canvas */
async function loaded(canvas) {
    const backend = new GlKernels(canvas, fragments, { made() {}, lost() {} });
    await backend.load();
    return backend;
}

test('a GPU that never finishes hangs after ten seconds of our own clock, and the next run has a new context', async () => {
    const gpus = [new Gpu(), new Gpu()];
    let made = 0;
    const backend = await loaded(() => gpus[made++].canvas());
    gpus[0].msPerTexel = Infinity;
    const thrown = await backend.run([relu]).catch((error) => error);
    assert.deepEqual([thrown.code, thrown.message], ['engine_hung', 'the GPU did not finish a part of a kernel within 10 s']);
    assert.ok(clock > 10_000 && clock < 11_000, `after ${clock} ms`);
    assert.ok(isPoisoned('webgl', thrown, thrown, 'run'), 'its worker is replaced');
    backend.unload();
    assert.ok(gpus[0].isLost, 'the context is thrown away');
    await backend.load();
    assert.equal((await backend.run([relu])).bytes.length, 64);
    assert.equal(made, 2);
});

test('a machine that sleeps while the GPU draws does not hang', async () => {
    const gpu = new Gpu(), backend = await loaded(gpu.canvas);
    gpu.msPerTexel = 100;
    const { clientWaitSync } = gpu.calls;
    let looks = 0;
    gpu.calls.clientWaitSync = (fence) => {
        if (++looks === 2) fence.dueAt = (clock += 3_600_000) + 100;
        return clientWaitSync(fence);
    };
    assert.equal((await backend.run([relu])).bytes.length, 64);
});

for (const [what, times, longest] of [['draws grow until they take about half of 50 ms', 1, 75], ['a draw is fitted to a GPU that has become slower', 20, 1000]]) {
    test(what, async () => {
        const gpu = new Gpu(), backend = await loaded(gpu.canvas), { fenceSync } = gpu.calls;
        gpu.calls.fenceSync = () => {
            if (gpu.parts.length === 8) gpu.msPerTexel *= times;
            return fenceSync();
        };
        await backend.run([product]);
        const [first, ...rest] = gpu.parts.toSorted((a, b) => b - a);
        assert.ok(first > 20 && first < longest, `the longest takes ${first} ms`);
        assert.ok(rest.every((ms) => ms < 75), 'only the first one after that takes longer');
    });
}

test('textures are used again, all 0, up to a limit, and go with their context', async () => {
    const gpu = new Gpu(), backend = await loaded(gpu.canvas), counts = { createTexture: 0, deleteTexture: 0, clearBufferfv: 0 };
    for (const name of /** @type {(keyof typeof counts)[]} */ (Object.keys(counts))) /** @type {any} */ (gpu.calls)[name] = () => (counts[name]++, {});
    gpu.msPerTexel = 1e-6;
    for (let i = 0; i < 5; i++) await backend.run([relu]);
    assert.deepEqual([counts, backend.buffers, backend.memory()], [{ createTexture: 2, deleteTexture: 0, clearBufferfv: 8 }, 2, 2 * 64]);
    await backend.run([product]);
    const { buffers } = backend, held = backend.memory();
    assert.ok(buffers > 2 && held >= 3 * 4 * 2 ** 20 && counts.deleteTexture === 0);
    await backend.run([callOf('relu', [tensor(2 ** 24 + 4)], {}).call]);
    assert.deepEqual([counts.deleteTexture, backend.buffers, backend.memory()], [2, buffers, held], 'too large to keep');
    backend.unload();
    assert.deepEqual([backend.buffers, backend.memory()], [0, 0]);
});
