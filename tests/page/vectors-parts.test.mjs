// tier: quick
/** What the console's view of vectors computes without a browser, against NumPy: components, the map and its errors, files. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { readNpy } from '../../page/src/console/playground/npy.js';
import { randomOf } from '../../page/src/console/playground/random.js';
import { eigen, principalOf, project } from '../../page/src/console/vectors/components.js';
import { csvOf, npyOf } from '../../page/src/console/vectors/files.js';
import { Learning } from '../../page/src/console/vectors/learning.js';
import { nearest } from '../../page/src/console/vectors/nearest.js';
import { Reference } from '../../page/src/console/vectors/reference.js';
import { Rows } from '../../page/src/console/vectors/rows.js';
import { bordersOf, errorsOf, findBest, gather, influenceOf, radiusOf, roomFor, sidesFor, STEPS } from '../../page/src/console/vectors/som.js';

const oracle = JSON.parse(fs.readFileSync(new URL('../oracles/vectors.json', import.meta.url), 'utf8'));
const breathe = async () => {};

/** @param {number} dimensions @param {number[][]} vectors @param {(i: number) => string} label */
function rowsOf(dimensions, vectors, label = (i) => `row ${i}`, most = undefined) {
    const rows = new Rows(dimensions, most);
    rows.add(Float32Array.from(vectors.flat()), vectors.map((_, i) => label(i)), vectors.map((_, i) => `job-${i}`));
    return rows;
}

function near(is, should, tolerance, what) {
    assert.equal(is.length, should.length, what);
    for (const [i, value] of [...is].entries()) assert.ok(Math.abs(value - should[i]) <= tolerance, `${what}: number ${i} is ${value}, not ${should[i]}`);
}

/** From a normal distribution (Box and Muller). */
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** A map that has learnt all there is to learn. */
async function learnt(rows, chosen) {
    const learning = new Learning(new Reference(breathe), rows, await principalOf(rows, breathe), chosen);
    while (!learning.isOver) await learning.learn();
    await learning.place();
    return learning;
}

// --- components --------------------------------------------------------------------------------------------

test('the components of rows, their variances and shares are those of a singular value decomposition', async () => {
    for (const { name, rows: count, dimensions, values, mean, components, variances, shares } of oracle.components) {
        const found = await principalOf({ values: Float32Array.from(values), count, dimensions }, breathe);
        near(found.mean, mean, 1e-5, `${name}: mean`);
        near(found.shares, shares, 1e-6, `${name}: shares`);
        near(found.variances.map((one, i) => one / (variances[i] || 1)), variances.map((one) => Number(one > 1e-9)), 1e-6, `${name}: variances`);
        const shown = variances.filter((one) => one > 1e-9).length * dimensions;
        near(found.components.subarray(0, shown), components.slice(0, shown), 1e-4, `${name}: components`);
    }
});

test('components of nothing, of one row and of equal rows are numbers, and shares of nothing are 0', async () => {
    for (const vectors of [[], [[1, 2, 3, 4]], Array.from({ length: 9 }, () => [5, 0.1, -0.7, 1e9])]) {
        const { components, shares, total } = await principalOf(rowsOf(4, vectors), breathe);
        assert.ok([...components].every(Number.isFinite));
        assert.deepEqual([shares, total], [[0, 0, 0], 0]);
    }
});

test('the eigenvalues of a symmetric matrix are right, and their vectors are', () => {
    const matrix = [[4, 1, 0.5], [1, 3, -1], [0.5, -1, 0.25]], { values, vectors } = eigen(matrix);
    assert.ok(values[0] >= values[1] && values[1] >= values[2]);
    for (const [k, vector] of vectors.entries())
        near(matrix.map((row) => row.reduce((sum, one, i) => sum + one * vector[i], 0)), vector.map((one) => one * values[k]), 1e-9, `vector ${k}`);
});

test('rows are placed along the components', async () => {
    const { rows: count, dimensions, values, mean, components } = oracle.components[0], rows = { values: Float32Array.from(values), count, dimensions };
    const places = [];
    project(rows, await principalOf(rows, breathe), { begin: 3, end: 5 }, (row, ...at) => places.push([row, at]));
    assert.deepEqual(places.map(([row]) => row), [3, 4]);
    for (const [row, at] of places)
        near(at, [0, 1, 2].map((axis) => mean.reduce((sum, middle, i) => sum + (values[row * dimensions + i] - middle) * components[axis * dimensions + i], 0)), 1e-3, `row ${row}`);
});

// --- the map -----------------------------------------------------------------------------------------------

test('a step of the map and both errors are those of NumPy', async () => {
    const { side, radius, dimensions, values, weights, best, second, quantisation, topographic, updated } = oracle.step;
    const data = Float32Array.from(values), before = Float32Array.from(weights), cells = side * side, count = best.length, reference = new Reference(breathe);
    const found = roomFor(count);
    for (let row = 0; row < count; row += 7)
        findBest(await reference.distances(data.subarray(row * dimensions, Math.min(count, row + 7) * dimensions), before, dimensions), cells, found, row);
    assert.deepEqual([[...found.best], [...found.second]], [best, second]);
    const errors = errorsOf(found, count, side);
    near([errors.quantisation, errors.topographic], [quantisation, topographic], 1e-5, 'errors');
    const gathered = gather(data, count, dimensions, found.best, cells), influence = new Float32Array(gathered.length * cells);
    influenceOf(gathered, side, radius, influence);
    near(await reference.update(before, gathered.means, influence, dimensions), updated, 1e-4, 'vectors');
});

test('a large map adapts some lines of cells at a time: each cell becomes what it becomes with all', async () => {
    const side = 64, random = randomOf(11), rows = rowsOf(3, Array.from({ length: 3000 }, () => [random(), random(), random()])), sizes = [];
    const reference = new Reference(breathe), update = reference.update.bind(reference);
    reference.update = (weights, data, influence, dimensions) => {
        sizes.push(influence.length);
        return update(weights, data, influence, dimensions);
    };
    const map = new Learning(reference, rows, await principalOf(rows, breathe), { side, seed: 1 }), before = map.weights;
    await map.learn();
    const gathered = gather(rows.values, rows.count, 3, map.found.best, side * side), influence = new Float32Array(gathered.length * side * side);
    assert.ok(sizes.length > 1 && sizes.every((size) => size <= 2 ** 21), String(sizes));
    assert.equal(sizes.reduce((sum, one) => sum + one, 0), influence.length);
    influenceOf(gathered, side, radiusOf(side, 0), influence);
    assert.deepEqual(map.weights, await update(before, gathered.means, influence, 3));
});

test('the borders of a cell are its distances from the cells at its sides', () => {
    const weights = Float32Array.from({ length: 64 }, (_, cell) => (cell % 8 < 4 ? 0 : 6));
    const borders = bordersOf(weights, 8, 1);
    near([borders[0], borders[3], borders[8 + 3], borders[8 + 4], borders[7]], [0, 2, 1.5, 1.5, 0], 1e-6, 'borders');
});

/** Four clusters, of which the last has 5 % of the rows. */
function planted(seed, dimensions = 16, count = 400) {
    const random = randomOf(seed), middles = Array.from({ length: 4 }, () => Array.from({ length: dimensions }, () => 4 * normal(random)));
    const of = Array.from({ length: count }, (_, i) => (i % 20 === 19 ? 3 : i % 3));
    return { of, rows: rowsOf(dimensions, of.map((cluster) => middles[cluster].map((middle) => middle + normal(random))), (i) => `cluster ${of[i]}`) };
}

test('no cell holds rows of two of four planted clusters, of which one has 5 % of the rows', async () => {
    for (const [seed, side] of [[1, 8], [2, 12], [3, 16]]) {
        const { rows, of } = planted(seed), map = await learnt(rows, { side, seed });
        assert.equal(of.filter((cluster) => cluster === 3).length, rows.count / 20);
        for (let cell = 0; cell < side * side; cell++) {
            const clusters = new Set(map.rowsOf(cell).map((row) => of[row]));
            assert.ok(clusters.size <= 1, `seed ${seed}: the cell ${cell} holds rows of the clusters ${[...clusters]}`);
        }
        assert.equal(map.counts().reduce((sum, one) => sum + one, 0), rows.count);
    }
});

test('a map of a ring keeps neighbours: its topographic error is below 0.2', async () => {
    for (const side of [8, 16, 24]) {
        const random = randomOf(side), ring = Array.from({ length: 600 }, (_, i) => {
            const angle = 2 * Math.PI * i / 600;
            return [Math.cos(angle), Math.sin(angle), 0, 0, 0, 0].map((one) => one + 0.05 * normal(random));
        });
        const { errors } = await learnt(rowsOf(6, ring), { side, seed: 7 });
        assert.ok(errors.topographic < 0.2, `side ${side}: ${errors.topographic}`);
        assert.ok(errors.quantisation < 0.3, `side ${side}: ${errors.quantisation}`);
    }
});

test('the same seed gives the same map, bit for bit, another seed another one; labels change nothing', async () => {
    const { rows, of } = planted(5), shuffled = planted(5).rows;
    shuffled.labels = shuffled.labels.map((_, i) => `cluster ${of[(i * 7 + 3) % of.length]}`);
    assert.notDeepEqual(shuffled.labels, rows.labels);
    const [one, again, other, relabelled] = await Promise.all([[rows, 4], [rows, 4], [rows, 5], [shuffled, 4]].map(([of, seed]) => learnt(of, { side: 8, seed })));
    assert.deepEqual(again.weights, one.weights);
    assert.deepEqual([relabelled.weights, relabelled.found.best], [one.weights, one.found.best]);
    assert.notDeepEqual(other.weights, one.weights);
});

test('the quantisation error shrinks while a map learns, and rows that come later find their cells', async () => {
    const { rows } = planted(6), learning = new Learning(new Reference(breathe), rows, await principalOf(rows, breathe), { side: 12, seed: 1 });
    await learning.learn();
    const first = learning.errors.quantisation;
    while (!learning.isOver) await learning.learn();
    await learning.place();
    assert.equal(learning.step, STEPS);
    assert.ok(learning.errors.quantisation < 0.8 * first, `${learning.errors.quantisation} of ${first}`);
    const cell = learning.found.best[0];
    rows.add(rows.vector(0).slice(), ['late'], ['job-late']);
    await learning.learn();
    assert.ok(learning.rowsOf(cell).includes(rows.count - 1));
});

test('a map that nobody wants any more ends its step before the next call, and is as it was', async () => {
    const { rows } = planted(8), reference = new Reference(breathe), map = new Learning(reference, rows, await principalOf(rows, breathe), { side: 8, seed: 1 });
    await map.learn();
    const { weights } = map, distances = reference.distances.bind(reference);
    let calls = 0;
    reference.most = 16 * 8 * 8; // a row at a time
    reference.distances = (...of) => {
        if (++calls === 3) map.leave();
        return distances(...of);
    };
    await map.learn();
    assert.deepEqual([calls, map.weights === weights, map.placed], [3, true, rows.count]);
});

test('a map of no rows learns nothing and has no errors', async () => {
    const rows = new Rows(3), map = await learnt(rows, { side: 8, seed: 1 });
    assert.deepEqual([map.errors, map.placed, map.counts().some(Boolean)], [{ quantisation: 0, topographic: 0 }, 0, false]);
});

test('a map of long vectors has no more cells than fit into memory', async () => {
    assert.deepEqual([384, 8192, 8193, 65536].map((dimensions) => sidesFor(dimensions).at(-1)), [64, 64, 48, 16]);
    const rows = rowsOf(8193, [[1], [2]].map(([one]) => new Array(8193).fill(one))), principal = await principalOf(rows, breathe);
    const { side, weights } = new Learning(new Reference(breathe), rows, principal, { side: 64, seed: 1 });
    assert.deepEqual([side, weights.length], [48, 48 * 48 * 8193]);
});

// --- rows ----------------------------------------------------------------------------------------------------

test('rows are kept in memory that doubles, up to a limit, where new ones take the places of the oldest', () => {
    const rows = new Rows(2, 1000), sizes = new Set();
    for (let i = 0; i < 1000; i++) {
        assert.deepEqual(rows.add(Float32Array.of(i, -i), [`row ${i}`], [`job-${i}`]), [{ begin: i, end: i + 1 }]);
        sizes.add(rows.values.length);
    }
    assert.deepEqual([...sizes], [512, 1024, 2000]);
    const places = rows.add(Float32Array.from({ length: 2400 }, (_, i) => i), [], []);
    assert.deepEqual([places, rows.count, rows.total], [[{ begin: 0, end: 1000 }], 1000, 2200]);
    assert.deepEqual([[...rows.vector(199)], rows.labels[199], [...rows.vector(200)]], [[2398, 2399], '', [400, 401]]);
    assert.deepEqual(new Rows(2, 8).add(new Float32Array(14), [], []), [{ begin: 0, end: 7 }]);
    const ring = new Rows(1, 8);
    ring.add(new Float32Array(6), [], []);
    assert.deepEqual([ring.before(0), ring.before(5)], [0, 5]);
    assert.deepEqual(ring.add(new Float32Array(4), [], []), [{ begin: 0, end: 2 }, { begin: 6, end: 8 }]);
    assert.deepEqual([0, 1, 2, 7].map((row) => ring.before(row)), [8, 9, 2, 7], 'the first two have made way');
    assert.equal(new Rows(1 << 20, 100_000, 16 << 20).most, 4);
});

test('rows with numbers that are not finite are left out and counted', () => {
    const rows = new Rows(2);
    assert.deepEqual(rows.add(Float32Array.of(1, NaN, 2, 3, Infinity, 1, 4, 5), ['a', 'b', 'c', null], ['j', 'k', 'l', 'm']), [{ begin: 0, end: 2 }]);
    assert.deepEqual([rows.count, rows.odd, rows.labels, rows.jobs, [...rows.vector(1)]], [2, 2, ['b', ''], ['k', 'm'], [4, 5]]);
    assert.deepEqual(rows.add(Float32Array.of(NaN, 0), [], []), []);
});

test('the nearest rows are those of a sort, without the row itself', () => {
    const random = randomOf(9), vectors = Array.from({ length: 200 }, () => [random(), random(), random()]), rows = rowsOf(3, vectors);
    const far = (row) => Math.hypot(...[0, 1, 2].map((i) => rows.vector(row)[i] - rows.vector(17)[i]));
    const sorted = [...vectors.keys()].filter((row) => row !== 17).sort((one, other) => far(one) - far(other)).slice(0, 8);
    const found = nearest(rows, rows.vector(17), 8, 17);
    assert.deepEqual(found.map(({ row }) => row), sorted);
    near(found.map(({ distance }) => distance), sorted.map(far), 1e-6, 'distances');
    assert.deepEqual(nearest(rowsOf(1, [[2], [1], [1]]), Float32Array.of(1), 9).map(({ row }) => row), [1, 2, 0]);
});

// --- files ---------------------------------------------------------------------------------------------------

test('an array is written byte for byte as numpy.save writes it', () => {
    for (const { rows, columns, values, file } of oracle.npy) {
        const made = Buffer.concat(npyOf(Float32Array.from(values), rows, columns));
        assert.deepEqual(made, Buffer.from(file, 'base64'));
        assert.deepEqual(readNpy(made), { datatype: 'FP32', shape: [rows, columns], values });
    }
});

test('a table is written as csv.writer writes it, and no text is a formula', () => {
    assert.equal(csvOf(oracle.csv.rows), oracle.csv.text);
    assert.equal(csvOf([['=1+1', '+1', '-1', '@x', '\tx', '\rx', -1]]), '\'=1+1,\'+1,\'-1,\'@x,\'\tx,"\'\rx",-1\r\n');
});
