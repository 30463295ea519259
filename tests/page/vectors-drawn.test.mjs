// tier: full
/**
 * The cloud and the map of vectors in Chromium, from their modules as they are: each means draws the same picture, compared in a
 * texture that is read back; each backend computes the same step; and nothing is made for a batch. The adapter of WebGPU is
 * SwiftShader, which is software: it is used by name here, and never by choice.
 */
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { kernelFragments, kernelShaders } from '../../page/kernels.mjs';
import { launch } from './support/browser.mjs';
import { openVectorsTab } from './support/vectors_tab.mjs';

const DIFFERENT = 0.002;
let browser, tab, close;
const problems = [];

before(async () => {
    browser = await launch();
    ({ tab, close } = await openVectorsTab(browser, problems));
});
after(async () => {
    await close?.();
    await browser?.close();
});

test('WebGPU, WebGL and a canvas draw the same picture', async () => {
    const found = await tab.evaluate(async () => {
        const { all } = window, apart = (one, other) => {
            let different = 0;
            for (let i = 0; i < one.length; i += 4) different += [0, 1, 2, 3].some((k) => Math.abs(one[i + k] - other[i + k]) > 2);
            return different / (one.length / 4);
        };
        const means = [new all.GpuCloud(await all.deviceOf(), null), new all.GlCloud(all.glOf()), new all.PlainCloud(new OffscreenCanvas(8, 8))];
        const shares = [];
        for (const [count, width, height, half, camera] of [[700, 300, 300, 2, { turn: 0.6, tilt: 0.4, zoom: 1 }], [3000, 257, 190, 1, { turn: 2, tilt: -0.8, zoom: 3 }], [1, 64, 64, 0, { turn: 0, tilt: 0, zoom: 1 }]]) {
            const pictures = [];
            for (const one of means) {
                const points = await all.pointsOf(count);
                pictures.push(await one.picture(points, all.lookOf(camera, points.reach, width, height, half, [28, 32, 36])));
            }
            const [plain] = pictures.slice(-1), back = plain.slice(0, 3), drawn = plain.filter((_, i) => i % 4 === 0 && [0, 1, 2].some((k) => plain[i + k] !== back[k])).length;
            shares.push({ drawn: drawn / (width * height), gpu: apart(pictures[0], plain), gl: apart(pictures[1], plain) });
        }
        for (const one of means) one.stop();
        return shares;
    });
    assert.ok(found[0].drawn > 0.02 && found[1].drawn > 0.01 && found[2].drawn > 0, JSON.stringify(found));
    for (const { gpu, gl } of found) assert.ok(gpu <= DIFFERENT && gl <= DIFFERENT, JSON.stringify(found));
});

test('1,000 batches make no new buffer: the one that there is doubles with its points', async () => {
    const found = await tab.evaluate(async () => {
        const { all } = window, counts = [];
        const device = await all.deviceOf(), gl = all.glOf();
        let made = 0;
        for (const [owner, makers] of [[device, ['createBuffer', 'createTexture', 'createBindGroup', 'createRenderPipeline', 'createShaderModule']],
            [gl, ['createBuffer', 'createTexture', 'createFramebuffer', 'createRenderbuffer', 'createVertexArray', 'createProgram', 'createShader']]])
            for (const name of makers) {
                const method = owner[name].bind(owner);
                owner[name] = (...given) => (made++, method(...given));
            }
        const target = device.createTexture({ size: [64, 64], format: 'rgba8unorm', usage: 0x10 });
        const gpu = new all.GpuCloud(device, null);
        gpu._context = { getCurrentTexture: () => target };
        for (const cloud of [gpu, new all.GlCloud(gl)]) {
            const rows = new all.Rows(3), points = new all.Points();
            let principal = null;
            const batch = (count) => {
                const ranges = rows.add(Float32Array.from({ length: 3 * count }, (_, i) => Math.sin(i * 7 + rows.total)), [], []);
                for (const range of ranges) points.place(rows, principal, range);
                if (rows.total % 10 < count) cloud.draw(points, all.lookOf({ turn: 1, tilt: 0, zoom: 1 }, points.reach, 64, 64, 1, [0, 0, 0])); // frames are fewer
            };
            rows.add(Float32Array.from({ length: 3 * 20 }, (_, i) => Math.sin(i * 7)), [], []);
            principal = await all.principalOf(rows, async () => {});
            points.place(rows, principal, { begin: 0, end: rows.count });
            batch(10);
            const before = made, buffers = cloud.buffers;
            for (let i = 0; i < 1000; i++) batch(1);
            counts.push({ made: made - before, buffers: cloud.buffers - buffers, bytes: cloud.bytes, held: cloud.held, points: points.count });
            await cloud.picture(points, all.lookOf({ turn: 1, tilt: 0, zoom: 1 }, points.reach, 64, 64, 1, [0, 0, 0])); // all is drawn
        }
        return counts;
    });
    const [gpu, gl] = found;
    assert.deepEqual([gpu.points, gl.points, gpu.bytes, gl.bytes], [1030, 1030, 2048 * 16, 2048 * 16]);
    assert.deepEqual([gpu.made, gpu.buffers, gl.made, gl.buffers], [3, 3, 0, 0], 'from 256 points it doubles three times');
    assert.deepEqual([gpu.held, gl.held], [80 + gpu.bytes + 8 * 64 * 64, gl.bytes + 8 * 8 * 8], 'with the colours and depths of the picture');
});

for (const name of ['WebGPU', 'WebGL']) test(`a map that learns by ${name} makes no buffer for 1,000 batches: the pool has them`, async () => {
    const found = await tab.evaluate(async ([one, wgsl, glsl]) => {
        const { all } = window, random = all.randomOf(2), rows = new all.Rows(3, 256);
        const backend = one === 'WebGPU' ? new all.GpuKernels(wgsl) : new all.GlKernels(() => new OffscreenCanvas(1, 1), glsl, { made() {}, lost() {} });
        const batch = (count) => rows.add(Float32Array.from({ length: 3 * count }, random), [], []);
        await backend.load();
        batch(256);
        const computing = new all.Kernels(one, backend), learning = new all.Learning(computing, rows, await all.principalOf(rows, async () => {}), { side: 8, seed: 1 });
        for (let i = 0; i < 30; i++) await learning.learn();
        const owner = backend._device ?? backend._gl, before = { buffers: computing.buffers, bytes: computing.bytes };
        let made = 0;
        for (const method of ['createBuffer', 'createTexture', 'createFramebuffer'].filter((method) => owner[method])) {
            const make = owner[method].bind(owner);
            owner[method] = (...given) => (made++, make(...given));
        }
        for (let i = 0; i < 1000; i++) {
            batch(1);
            if (i % 10 === 9) await learning.learn(); // steps are fewer
        }
        const after = { buffers: computing.buffers, bytes: computing.bytes };
        computing.stop();
        return { made, before, after, left: computing.buffers };
    }, [name, kernelShaders(), kernelFragments()]);
    assert.equal(found.made, 0);
    assert.ok(found.before.buffers > 0 && found.before.bytes > 0, JSON.stringify(found));
    assert.deepEqual([found.after, found.left], [found.before, 0]);
});

test('a step over more rows than one call has makes nothing, either: the pool keeps what a call needs', async () => {
    const found = await tab.evaluate(async (wgsl) => {
        const { all } = window, rows = all.rowsOf(40_000, 128), backend = new all.GpuKernels(wgsl), calls = [];
        await backend.load();
        const computing = new all.Kernels('WebGPU', backend), learning = new all.Learning(computing, rows, await all.principalOf(rows, async () => {}), { side: 8, seed: 1 });
        const distances = computing.distances.bind(computing);
        computing.distances = (data, ...more) => (calls.push(data.length / 128), distances(data, ...more));
        await learning.learn();
        let made = 0;
        const device = backend._device, make = device.createBuffer.bind(device);
        device.createBuffer = (given) => {
            if (given.size > 2 ** 20) made++; // what is less depends on how many cells have rows
            return make(given);
        };
        await learning.learn();
        computing.stop();
        return { made, calls };
    }, kernelShaders());
    assert.deepEqual(found, { made: 0, calls: [32_768, 7232, 32_768, 7232] });
});

test('a step by the kernels on WebGPU and on WebGL is that of the reference', async () => {
    const only = (shaders) => ({ som_distance: shaders.som_distance, som_update: shaders.som_update });
    const found = await tab.evaluate(async ([wgsl, glsl]) => {
        const { all } = window, breathe = () => new Promise((resolve) => { setTimeout(resolve); });
        const backends = { gpu: new all.GpuKernels(wgsl), gl: new all.GlKernels(() => new OffscreenCanvas(1, 1), glsl, { made() {}, lost() {} }) };
        for (const backend of Object.values(backends)) await backend.load();
        const rows = new all.Rows(9), random = all.randomOf(3), weights = {};
        rows.add(Float32Array.from({ length: 9 * 333 }, () => random() * 4 - 2), [], []);
        const principal = await all.principalOf(rows, async () => {});
        for (const [name, computing] of [['reference', new all.Reference(breathe)], ...Object.entries(backends).map(([one, backend]) => [one, new all.Kernels(one, backend)])]) {
            const learning = new all.Learning(computing, rows, principal, { side: 12, seed: 5 });
            for (let step = 0; step < 3; step++) await learning.learn();
            await learning.place();
            weights[name] = { values: [...learning.weights], errors: learning.errors };
            computing.stop();
        }
        return weights;
    }, [only(kernelShaders()), only(kernelFragments())]);
    for (const name of ['gpu', 'gl']) {
        for (const [i, value] of found[name].values.entries()) assert.ok(Math.abs(value - found.reference.values[i]) <= 1e-4, `${name}: number ${i}`);
        assert.ok(Math.abs(found[name].errors.quantisation - found.reference.errors.quantisation) < 1e-4);
    }
});

test('software is never chosen for WebGPU, which WebGL draws for then, or a canvas', async () => {
    const found = await tab.evaluate(async () => {
        const { all } = window, chosen = [];
        for (const means of [['webgpu', 'webgl', '2d'], ['webgl', '2d'], ['2d']]) {
            const canvas = document.createElement('canvas'), { drawing, means: used } = await all.drawingOn(canvas, means, () => {});
            const points = await all.pointsOf(50);
            drawing.draw(points, all.lookOf({ turn: 1, tilt: 0, zoom: 1 }, points.reach, 32, 32, 1, [0, 0, 0]));
            chosen.push(used);
            drawing.stop();
        }
        const adapter = await all.hardwareAdapter();
        return { chosen, adapter: adapter === null, hasGpu: Boolean(await navigator.gpu.requestAdapter()) };
    });
    assert.deepEqual(found, { chosen: ['webgl', 'webgl', '2d'], adapter: true, hasGpu: true });
});

/** What computes for what the address asks for, one after the other, and why. @param {(string | null)[]} asked */
const computedBy = (asked) => tab.evaluate(async ([ways, wgsl, glsl]) => {
    const found = [];
    for (const way of ways) {
        const one = await window.all.computingBy(way, { wgsl, glsl }, async () => {}), distances = [...await one.distances(Float32Array.of(0, 3), Float32Array.of(1, 5), 1)];
        found.push([one.name, one.why, String(distances)]);
        one.stop();
    }
    return found;
}, [asked, kernelShaders(), kernelFragments()]);

test('where all adapters are software JavaScript computes, and says so; what the address asks for computes all the same', async () => {
    const [byChoice, ...asked] = await computedBy([null, 'other', 'javascript', 'webgl', 'webgpu']), right = '1,25,4,4';
    assert.deepEqual([byChoice[0], byChoice[2]], ['JavaScript', right]);
    assert.match(byChoice[1], /(SwiftShader|llvmpipe).* is software$/);
    assert.deepEqual(asked, [byChoice, ...['JavaScript', 'WebGL', 'WebGPU'].map((name) => [name, 'the address asks for it', right])]);
});

test('a GPU of WebGL computes: forced here, by its name alone; without WebGL JavaScript does', async () => {
    await tab.evaluate(() => {
        const { prototype } = WebGL2RenderingContext, { getParameter } = prototype, { getContext } = OffscreenCanvas.prototype;
        prototype.getParameter = function (name) {
            return name === 0x9246 ? 'Chip 7' : getParameter.call(this, name); // UNMASKED_RENDERER_WEBGL
        };
        window.putBack = () => {
            prototype.getParameter = getParameter;
            OffscreenCanvas.prototype.getContext = getContext;
        };
    });
    try {
        assert.deepEqual(await computedBy([null]), [['WebGL', 'Chip 7 is a GPU', '1,25,4,4']]);
        await tab.evaluate(() => { OffscreenCanvas.prototype.getContext = () => null; });
        assert.deepEqual(await computedBy([null, 'webgl']), Array(2).fill(['JavaScript', 'WebGL does not start: this browser gives no WebGL 2 context', '1,25,4,4']));
    } finally {
        await tab.evaluate(() => window.putBack());
    }
});

test('an adapter of hardware draws and computes: forced here, by its name alone', async () => {
    await tab.evaluate(() => {
        const own = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'info');
        Object.defineProperty(GPUAdapter.prototype, 'info', { configurable: true, get: () => ({ vendor: 'maker', architecture: 'chip', device: '', description: '', isFallbackAdapter: false }) });
        window.putBack = () => void Object.defineProperty(GPUAdapter.prototype, 'info', own);
    });
    try {
        const found = await tab.evaluate(async () => {
            const { all } = window, { drawing, means } = await all.drawingOn(document.createElement('canvas'), all.MEANS, () => {}), plain = new all.PlainCloud(new OffscreenCanvas(8, 8));
            const pictures = [];
            for (const one of [drawing, plain]) {
                const points = await all.pointsOf(500);
                pictures.push(await one.picture(points, all.lookOf({ turn: 1, tilt: 0.5, zoom: 1 }, points.reach, 200, 120, 1, [250, 250, 250])));
            }
            const different = pictures[0].filter((value, i) => Math.abs(value - pictures[1][i]) > 2).length;
            drawing.stop();
            return { means, drawn: drawing.name, different: different / pictures[0].length };
        });
        assert.ok(found.different <= DIFFERENT, JSON.stringify(found));
        assert.deepEqual([found.means, found.drawn], ['webgpu', 'WebGPU']);
        assert.deepEqual(await computedBy([null]), [['WebGPU', 'maker chip is a GPU', '1,25,4,4']]);
    } finally {
        await tab.evaluate(() => window.putBack());
    }
});

test('a lost context is told, so that what comes next can draw', async () => {
    const told = await tab.evaluate(async () => {
        const canvas = document.createElement('canvas');
        let lose = () => {};
        const lost = new Promise((resolve) => { lose = resolve; });
        await window.all.drawingOn(canvas, ['webgl', '2d'], () => lose('lost'));
        canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext();
        return lost;
    });
    assert.equal(told, 'lost');
    assert.deepEqual(problems, []);
});
