// tier: quick
/** What the console's view of vectors draws, as far as no browser is needed: points, the camera, pixels, and a map that learns what comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Atlas } from '../../page/src/console/vectors/atlas.js';
import { cameraOf, dragged, FIRST, hit, keyed, lookOf, rasterise, see, zoomed } from '../../page/src/console/vectors/camera.js';
import { chosenOf, remember, remembered } from '../../page/src/console/vectors/chosen.js';
import { meansFrom } from '../../page/src/console/vectors/cloud.js';
import { csvParts } from '../../page/src/console/vectors/exported.js';
import { cellByKey } from '../../page/src/console/vectors/map_picture.js';
import { cellColour, cssColour, PLAIN, Points } from '../../page/src/console/vectors/points.js';
import { Reference } from '../../page/src/console/vectors/reference.js';
import { Rows } from '../../page/src/console/vectors/rows.js';
import { STEPS } from '../../page/src/console/vectors/som.js';

const breathe = () => turn();

// --- points --------------------------------------------------------------------------------------------------

/** Rows along the axes themselves. */
const ALONG = { mean: Float64Array.of(0, 0, 0), components: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), variances: [1, 1, 1], total: 3, shares: [1 / 3, 1 / 3, 1 / 3] };

/** @param {number[][]} places */
function pointsAt(places) {
    const rows = new Rows(3), points = new Points();
    rows.add(Float32Array.from(places.flat()), [], []);
    points.place(rows, ALONG, { begin: 0, end: rows.count });
    return points;
}

test('points are kept in memory that doubles, and only what has changed is drawn again', () => {
    const rows = new Rows(3), points = new Points(), sizes = new Set();
    for (let i = 0; i < 1000; i++) {
        const [range] = rows.add(Float32Array.of(i, 0, 0), [], []);
        points.place(rows, ALONG, range);
        sizes.add(points.data.length);
        if (i % 2) assert.deepEqual(points.take(), { begin: i - 1, end: i + 1 });
    }
    assert.deepEqual([...sizes], [1024, 2048, 4096]);
    assert.deepEqual([points.count, points.reach, points.data[3]], [1000, 999, PLAIN]);
    const empty = points.take();
    assert.ok(empty.begin >= empty.end);
    points.colour((row) => (row === 5 || row === 9 ? 7 : PLAIN), new Set([9]));
    assert.deepEqual([points.take(), points.data[4 * 5 + 3], points.data[4 * 9 + 3]], [{ begin: 5, end: 10 }, 7, -7]);
});

test('cells have different colours, which CSS understands', () => {
    for (const side of [8, 64]) {
        const colours = Array.from({ length: side * side }, (_, cell) => cellColour(cell, side));
        assert.ok(colours.every((one) => Number.isInteger(one) && one > 0 && one < 2 ** 24 && Math.fround(one) === one));
        assert.equal(new Set(colours).size > side * side * 0.9, true);
    }
    assert.equal(cssColour(0x0a0b0c), '#0a0b0c');
});

// --- the camera --------------------------------------------------------------------------------------------

const front = { turn: 0, tilt: 0, zoom: 1 };
function seen(camera, place, width = 200, height = 100) {
    const points = pointsAt([place]), at = new Float64Array(3);
    see(lookOf(camera, 1, width, height, 1, [0, 0, 0]), points.data, 0, at);
    return [...at];
}

test('a point is seen where it should be: right, up, near, and after turns', () => {
    assert.deepEqual(seen(front, [0, 0, 0]), [100, 50, 0.5]);
    assert.deepEqual(seen(front, [1, 0, 0]), [146, 50, 0.5]);
    assert.deepEqual(seen(front, [0, 1, 0]), [100, 96, 0.5]);
    assert.deepEqual(seen(front, [0, 0, 1]), [100, 50, 0]);
    assert.equal(seen(dragged(front, 100, 0), [0, 0, 1])[0] > 120, true, 'what is in front goes with the pointer');
    assert.equal(seen(dragged(front, 0, 100), [0, 0, 1])[1] < 30, true, 'also downwards');
    assert.equal(seen(zoomed(front, 2), [0.25, 0, 0])[0], 123);
});

test('keys turn and zoom the cloud, others are left to the browser, and limits hold', () => {
    assert.deepEqual(keyed({ turn: 1, tilt: 1, zoom: 3 }, 'Home'), { ...FIRST });
    assert.equal(keyed(front, 'ArrowRight').turn > 0 && keyed(front, 'ArrowLeft').turn < 0 && keyed(front, 'ArrowDown').tilt > 0 && keyed(front, 'ArrowUp').tilt < 0, true);
    assert.equal(keyed(front, '+').zoom > 1 && keyed(front, '-').zoom < 1, true);
    for (const key of ['Tab', 'Enter', 'a', 'toString']) assert.equal(keyed(front, key), null);
    assert.deepEqual(zoomed(front, 1e9).zoom, 20);
    assert.deepEqual(dragged(front, 0, 1e9).tilt, Math.PI / 2);
    for (const wrong of [null, {}, { turn: 'a', tilt: 0, zoom: 1 }, { turn: NaN, tilt: 0, zoom: 1 }]) assert.deepEqual(cameraOf(wrong), { ...FIRST });
});

test('near points hide far ones, far ones fade, and marked ones come before all', () => {
    const points = pointsAt([[0, 0, 0.8], [0, 0, -0.8], [0.5, 0, -1]]), look = lookOf(front, 1, 101, 101, 1, [250, 250, 250]);
    points.colour((row) => [0xff0000, 0x00ff00, 0x0000ff][row], new Set());
    const draw = () => {
        const pixels = new Uint8ClampedArray(4 * 101 * 101);
        rasterise(points, look, pixels, new Float32Array(101 * 101));
        return (x, y) => [...pixels.subarray(4 * (y * 101 + x), 4 * (y * 101 + x) + 4)];
    };
    const at = draw();
    assert.deepEqual(at(0, 0), [250, 250, 250, 255]);
    const [red, green, blue, alpha] = at(50, 50);
    assert.ok(red > 230 && green < 40 && blue < 40 && alpha === 255, 'the near one');
    const far = at(73, 50);
    assert.ok(far[2] > 240 && far[0] === 150 && far[1] === 150, 'three fifths of the background');
    assert.deepEqual([at(48, 50)[0], at(49, 49)[0] > 230, at(51, 51)[0] > 230, at(52, 50)[0]], [250, true, true, 250], 'three pixels wide');
    points.colour((row) => [0xff0000, 0x00ff00, 0x0000ff][row], new Set([1]));
    const again = draw();
    assert.deepEqual([again(50, 50), again(48, 50), again(47, 50)], [[0, 255, 0, 255], [0, 255, 0, 255], [250, 250, 250, 255]]);
    assert.deepEqual([hit(points, look, 50, 50), hit(points, look, 74, 51), hit(points, look, 10, 90)], [0, 2, -1]);
});

test('points at the edge of the picture are cut', () => {
    const points = pointsAt([[1, 1, 0], [-1, -1, 0]]), pixels = new Uint8ClampedArray(4 * 16);
    rasterise(points, lookOf({ ...front, zoom: 20 }, 1, 4, 4, 9, [1, 2, 3]), pixels, new Float32Array(16));
    assert.deepEqual([...pixels.subarray(0, 4)], [1, 2, 3, 255]);
});

// --- the map by keys ---------------------------------------------------------------------------------------

test('arrow keys go from cell to cell and stop at the borders', () => {
    assert.deepEqual([cellByKey(-1, 'ArrowLeft', 8), cellByKey(0, 'ArrowRight', 8), cellByKey(0, 'ArrowLeft', 8), cellByKey(9, 'ArrowUp', 8), cellByKey(60, 'ArrowDown', 8)], [0, 1, 0, 1, 60]);
    assert.deepEqual([cellByKey(9, 'Home', 8), cellByKey(9, 'End', 8), cellByKey(9, 'Tab', 8), cellByKey(-1, 'Enter', 8)], [0, 63, null, null]);
});

// --- what is kept ------------------------------------------------------------------------------------------

test('size, seed and view are kept, and what is not right there is replaced', () => {
    const kept = new Map(), storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value) };
    const chosen = { side: 64, seed: 4294967295, view: 'cloud', camera: { turn: 1, tilt: -1, zoom: 2 } };
    remember(storage, chosen);
    assert.deepEqual(remembered(storage), chosen);
    const usual = { side: 16, seed: 1, view: 'map', camera: { ...FIRST } };
    for (const wrong of ['{', 'null', '[]', '{"side": 9, "seed": -1, "view": "x", "camera": 3}', '{"seed": 1.5, "side": "16"}']) {
        kept.set('webinfer.vectors', wrong);
        assert.deepEqual(remembered(storage), usual);
    }
    const broken = { getItem() { throw new Error('no'); }, setItem() { throw new Error('full'); } };
    remember(broken, chosen);
    remember(null, chosen);
    assert.deepEqual([remembered(broken), remembered(null), chosenOf(undefined)], [usual, usual, usual]);
    assert.deepEqual([meansFrom(null), meansFrom('webgl'), meansFrom('2d'), meansFrom('x')], [['webgpu', 'webgl', '2d'], ['webgl', '2d'], ['2d'], ['webgpu', 'webgl', '2d']]);
});

// --- all of it ---------------------------------------------------------------------------------------------

const some = (count, from = 0) => ({ model: 'm', dimensions: 2, vectors: Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(i + from) * (i % 2 ? 3 : 1)),
    labels: Array.from({ length: count }, (_, i) => `label ${from + i}`), jobs: Array.from({ length: count }, (_, i) => `job-${from + i}`) });
const until = async (holds) => { while (!holds()) await turn(); };

test('vectors that come are placed, learnt and coloured; many more are learnt from the beginning, few are added', async () => {
    const atlas = new Atlas('m', 2, () => {}, breathe), over = atlas.run(new Reference(breathe));
    atlas.add(some(1));
    atlas.begin({ side: 8, seed: 3 });
    await turn();
    assert.equal(atlas.principal, null, 'one row has no components');
    atlas.add(some(99, 1));
    const learnt = (rows) => atlas.learning?.isOver && atlas.learning.placed === rows && atlas.points.count === rows;
    await until(() => learnt(100));
    const first = atlas.learning;
    await until(() => atlas.isSettled);
    assert.ok([...Array(100).keys()].every((row) => Math.abs(atlas.points.data[4 * row + 3]) === cellColour(atlas.cellOfRow(row), 8)));
    assert.equal(atlas.cellOf(first.weights.slice(2 * 9, 2 * 9 + 2)), 9);
    atlas.add(some(10, 200));
    assert.equal(atlas.isSettled, false, 'new rows have no cells yet');
    await until(() => learnt(110) && atlas.isSettled);
    assert.equal(atlas.learning, first);
    assert.ok(first.step > STEPS);
    atlas.add(some(100, 300));
    for (const found = new Set(); !(atlas.learning !== first && learnt(210) && atlas.isSettled); await turn()) {
        found.add(atlas.learning);
        assert.ok(atlas.learning.placed > 0 && found.size <= 2, 'the former map is shown until the next one has cells for its rows');
    }
    atlas.mark(new Set([4]));
    assert.deepEqual([atlas.points.data[4 * 4 + 3] < 0, atlas.points.data[4 * 5 + 3] > 0], [true, true]);
    const table = csvParts(atlas).join('').split('\r\n');
    assert.deepEqual([table.length, table[0]], [212, 'row,label,job,column,line,component_1,component_2,component_3']);
    assert.match(table[1], /^0,label 0,job-0,[1-8],[1-8],-?[\d.e-]+,-?[\d.e-]+,-?[\d.e-]+$/);
    atlas.stop();
    await over;
});

test('each step is told with both errors, and rows that came by and by are learnt again as if they had come at once', async () => {
    const whole = some(110), between = (begin, end) => ({ ...whole, vectors: whole.vectors.subarray(2 * begin, 2 * end), labels: whole.labels.slice(begin, end), jobs: whole.jobs.slice(begin, end) });
    /** What is told of the map that is learnt last. */
    const learntFrom = async (...parts) => {
        let told = [];
        const tell = () => {
            const { learning } = atlas;
            if (learning && learning !== told[0]?.learning) told = [];
            if (learning) told.push({ learning, step: learning.step, ...learning.errors });
        };
        const atlas = new Atlas('m', 2, tell, breathe), over = atlas.run(new Reference(breathe));
        atlas.begin({ side: 8, seed: 3 });
        for (const part of parts) {
            atlas.add(part);
            await until(() => atlas.isSettled);
        }
        if (parts.length > 1) atlas.begin({ side: 8, seed: 3 });
        await until(() => atlas.isSettled);
        atlas.stop();
        await over;
        return told;
    };
    const once = await learntFrom(whole), again = await learntFrom(between(0, 100), between(100, 110));
    assert.deepEqual(once.map(({ step }) => step), [...Array(STEPS).keys()].map((i) => i + 1).concat(STEPS));
    assert.ok(once.every(({ quantisation, topographic }) => quantisation > 0 && topographic >= 0 && topographic <= 1));
    assert.ok(once.at(-1).quantisation < once[0].quantisation);
    assert.deepEqual(again.at(-1).learning.weights, once.at(-1).learning.weights);
    assert.deepEqual(again.map(({ quantisation }) => quantisation), once.map(({ quantisation }) => quantisation));
});

test('who leaves the view, or wants another map, waits for no step of the former one', async () => {
    const atlas = new Atlas('m', 2, () => {}, breathe), slow = new Reference(breathe), distances = slow.distances.bind(slow), sides = new Set();
    let calls = 0;
    slow.most = 2 * 64; // a row at a time
    slow.distances = (data, weights, dimensions) => {
        calls++;
        sides.add(Math.sqrt(weights.length / dimensions));
        return distances(data, weights, dimensions);
    };
    const over = atlas.run(slow);
    atlas.begin({ side: 8, seed: 3 });
    atlas.add(some(1000));
    await until(() => calls > 3);
    atlas.begin({ side: 12, seed: 3 });
    await until(() => sides.has(12));
    assert.ok(calls < 1000, String(calls));
    const before = calls;
    atlas.stop();
    await over;
    assert.ok(calls <= before + 1, `${calls} after ${before}`);
});

test('when a GPU computes no more, JavaScript does, and it is said', async () => {
    const atlas = new Atlas('m', 2, () => {}, breathe), stopped = [];
    const gpu = { name: 'WebGPU', most: 2 ** 30, bytes: 0, distances: async () => { throw new Error('the device is lost'); }, update: async () => new Float32Array(), stop: () => void stopped.push(true) };
    const over = atlas.run(gpu);
    atlas.begin({ side: 8, seed: 3 });
    atlas.add(some(30));
    await until(() => atlas.learning?.isOver && atlas.learning.placed === 30);
    assert.match(atlas.problem, /^WebGPU does not compute any more \(the device is lost\); JavaScript does\.$/);
    assert.deepEqual([atlas.computing.name, atlas.computing.why], ['JavaScript', 'WebGPU does not any more']);
    atlas.stop();
    await over;
    assert.deepEqual(stopped, [true]);
});
