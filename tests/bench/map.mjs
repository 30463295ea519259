/**
 * ./dev bench map: how long a step of the console's map of vectors takes, and a frame of its cloud, by each means that a
 * browser has, and how many buffers 1,000 batches make, and a step after the first. Prints a table with the adapters' names, and
 * writes build/bench/map.json. Software adapters are used by name here; the console computes on none, nor draws by WebGPU there.
 */
import fs from 'node:fs';
import path from 'node:path';
import { kernelFragments, kernelShaders } from '../../page/kernels.mjs';
import { commandLine, flag, names, number, numbers } from '../lib/command-line.mjs';
import { build } from '../lib/paths.mjs';
import { launch } from '../page/support/browser.mjs';
import { openVectorsTab } from '../page/support/vectors_tab.mjs';
import { shown, spread, table } from './figures.mjs';

const MEANS = ['webgpu', 'webgl', 'none'];
const { quick, means, rows: counts, dimensions, side, rounds, seconds } = commandLine('./dev bench map',
    'A step of the map of vectors, and a frame of the cloud: a table, and build/bench/map.json.', {
        quick: flag('1,000 rows instead'),
        means: names(MEANS, 'of these'),
        rows: numbers([10_000, 100_000], 'vectors'),
        dimensions: number(384, 'numbers of a vector'),
        side: number(16, 'cells of a side of the map', 8),
        rounds: number(5, 'of each measurement'),
        seconds: number(60, 'after which no further round begins'),
    });

/** In the tab: what a step, a frame and 1,000 batches take by one means. @param {any} asked */
async function measure({ means: one, count, numbers: width, cells, times, limit, wgsl, glsl }) {
    const { all } = window, breathe = () => new Promise((resolve) => { setTimeout(resolve); }), kinds = {
        webgpu: async () => {
            const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' }), backend = new all.GpuKernels(wgsl);
            if (!adapter) return null;
            await backend.load();
            const { vendor, architecture, description } = all.describe(adapter);
            return { name: [vendor, architecture, description].filter(Boolean).join(' '), computing: new all.Kernels('WebGPU', backend), cloud: new all.GpuCloud(await adapter.requestDevice(), null) };
        },
        webgl: async () => {
            const gl = all.glOf(), backend = new all.GlKernels(() => new OffscreenCanvas(1, 1), glsl, { made() {}, lost() {} });
            if (!gl) return null;
            await backend.load();
            return { name: all.adapterOf(gl).description, computing: new all.Kernels('WebGL', backend), cloud: new all.GlCloud(gl) };
        },
        none: async () => ({ name: 'JavaScript', computing: new all.Reference(breathe), cloud: new all.PlainCloud(new OffscreenCanvas(8, 8)) }),
    };
    const found = await kinds[one]();
    if (!found) return null;
    const { name, computing, cloud } = found, rows = all.rowsOf(count, width), principal = await all.principalOf(rows, breathe), points = new all.Points();
    const timed = async (work) => {
        const list = [], end = performance.now() + limit;
        for (let i = 0; i < times && (i === 0 || performance.now() < end); i++) {
            const began = performance.now();
            await work(i);
            list.push(performance.now() - began);
        }
        return list;
    };
    const learningOf = (some) => new all.Learning(computing, some, principal, { side: cells, seed: 1 }), learning = learningOf(rows);
    points.place(rows, principal, { begin: 0, end: count });
    await learningOf(all.rowsOf(Math.min(count, 256), width)).learn(); // compiles
    await cloud.picture(points, all.lookOf({ turn: 0, tilt: 0, zoom: 1 }, points.reach, 560, 560, 1, [255, 255, 255])); // likewise
    const owner = computing._backend?._device ?? computing._backend?._gl ?? {}, stepsMade = [];
    let made = 0;
    for (const method of ['createBuffer', 'createTexture'].filter((maker) => owner[maker])) {
        const make = owner[method].bind(owner);
        owner[method] = (...given) => (made++, make(...given));
    }
    const step = await timed(async () => {
        const before = made;
        await learning.learn();
        stepsMade.push(made - before);
    });
    const frame = await timed((i) => cloud.picture(points, all.lookOf({ turn: i, tilt: 0.4, zoom: 1 }, points.reach, 560, 560, 1, [255, 255, 255])));
    const before = cloud.buffers, memory = computing.bytes + cloud.held;
    for (let i = 0; i < 1000; i++) {
        for (const range of rows.add(rows.vector(i % count).slice(), [], [])) points.place(rows, principal, range);
        if (i % 100 === 99) await cloud.picture(points, all.lookOf({ turn: 0, tilt: 0, zoom: 1 }, points.reach, 560, 560, 1, [255, 255, 255])); // frames are fewer
    }
    const batches = cloud.buffers - before;
    cloud.stop();
    computing.stop();
    return { name, step, frame, batches, later: stepsMade.length > 1 ? Math.max(...stepsMade.slice(1)) : null, memory };
}

/** In the tab: 100 frames on a canvas of the document, as the console draws them. Null: it would not draw by WebGPU here; else
 * whether the device was lost, as SwiftShader's is. */
async function drawOnCanvas() {
    const { all } = window, canvas = document.body.appendChild(document.createElement('canvas'));
    canvas.width = canvas.height = 560;
    let isLost = false;
    const { drawing, means: by } = await all.drawingOn(canvas, ['webgpu'], () => (isLost = true));
    if (by !== 'webgpu') return null;
    const points = await all.pointsOf(10_000);
    for (let i = 0; i < 100; i++) {
        drawing.draw(points, all.lookOf({ turn: i / 10, tilt: 0.4, zoom: 1 }, points.reach, 560, 560, 1, [255, 255, 255]));
        await new Promise(requestAnimationFrame);
    }
    await drawing._device.queue.onSubmittedWorkDone();
    drawing.stop();
    return isLost;
}

const shaders = { wgsl: kernelShaders(), glsl: kernelFragments() }, found = [], problems = [], browser = await launch();
try {
    for (const count of quick ? [1000] : counts)
        for (const one of means) {
            const { tab, close } = await openVectorsTab(browser, problems);
            tab.setDefaultTimeout(0);
            const figures = await tab.evaluate(measure, { means: one, count, numbers: dimensions, cells: side, times: quick ? 1 : rounds, limit: 1000 * seconds, ...shaders });
            if (figures) found.push({ means: one, rows: count, ...figures, step: spread(figures.step), frame: spread(figures.frame) });
            await close();
        }
    if (means.includes('webgpu')) {
        const { tab, close } = await openVectorsTab(browser, problems);
        const isLost = await tab.evaluate(drawOnCanvas);
        console.log(isLost === null ? 'No frame was drawn on a canvas by WebGPU: there is no hardware adapter.' : '100 frames were drawn on a canvas by WebGPU.');
        if (isLost) problems.push('the device was lost while it drew on a canvas');
        await close();
    }
} finally {
    await browser.close();
}
console.log(table(`A map of ${side} × ${side} cells, vectors of ${dimensions} numbers`, ['by', 'rows', 'step, ms', 'frame of 560 × 560, read back, ms', 'buffers made by 1,000 batches', 'by a later step', 'GPU memory, MB'],
    found.map(({ name, rows, step, frame, batches, later, memory }) => [name, rows, shown(step), shown(frame), batches, later, memory / 1e6])));
for (const problem of problems) console.error(`bench map: ${problem}`);
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/map.json'), JSON.stringify({ side, dimensions, found }, null, 1));
if (problems.length > 0 || found.some(({ batches }) => batches > 1)) process.exitCode = 1;
