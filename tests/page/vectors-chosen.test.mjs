// tier: quick
/** What the console's view of vectors says of a cell, a row or a text, and of all of them as tables. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Atlas } from '../../page/src/console/vectors/atlas.js';
import { cellName, cellOf, cellTable, details, markedBy, pointTable } from '../../page/src/console/vectors/details.js';
import { Reference } from '../../page/src/console/vectors/reference.js';

const COUNT = 240;
/** @type {Atlas} */
let atlas;
/** Choices that were made by buttons. */
const chosen = [];
const choose = (choice) => void chosen.push(choice);
const link = (name, act, label) => ({ tag: 'button', props: { act, label }, children: [name] });

before(async () => {
    atlas = new Atlas('m', 3, () => {}, () => turn());
    const over = atlas.run(new Reference(() => turn()));
    atlas.begin({ side: 8, seed: 1 });
    atlas.add({ model: 'm', dimensions: 3, vectors: Float32Array.from({ length: 3 * COUNT }, (_, i) => (Math.floor(i / 3) % 3 === i % 3 ? 5 : 0) + Math.sin(i)),
        labels: Array.from({ length: COUNT }, (_, i) => (i === 7 ? '\u202e<b>seven' : i === 8 ? null : `text ${i}`)), jobs: Array.from({ length: COUNT }, (_, i) => `job-${i}`) });
    while (!atlas.learning?.isOver || atlas.learning.placed < COUNT) await turn();
    await turn();
    atlas.stop();
    await over;
});

/** All nodes of a tag. @returns {any[]} */
const all = (node, tag) => (Array.isArray(node) ? node.flatMap((one) => all(one, tag)) : typeof node !== 'object' || node === null ? []
    : [...(node.tag === tag ? [node] : []), ...node.children.flatMap((one) => all(one, tag))]);
const text = (node) => (Array.isArray(node) ? node.map(text).join(' ') : typeof node === 'object' && node !== null ? node.children.map(text).join(' ') : String(node ?? ''));
const rowsIn = (node, caption) => all(all(node, 'div').find(({ props }) => props['aria-label'] === caption), 'tr').slice(1);

test('nothing is chosen: what can be is said', () => {
    assert.match(text(details(atlas, null, link, choose)), /Choose a cell of the map or a point of the cloud/);
    assert.deepEqual([[...markedBy(atlas, null)], cellOf(atlas, null), cellName(-1, 8), cellName(9, 8)], [[], -1, '', '2, 2']);
});

test('a cell has its rows with their jobs, and the rows nearest to its vector', () => {
    const cell = atlas.cellOfRow(5), choice = { kind: 'cell', cell }, shown = details(atlas, choice, link, choose), inside = atlas.learning.rowsOf(cell);
    assert.match(text(shown), new RegExp(`Cell ${cellName(cell, 8)}:\\s+${inside.length} row`));
    const rows = rowsIn(shown, 'Rows of the cell');
    assert.deepEqual(rows.map((row) => text(all(row, 'code'))), inside.map((row) => `job-${row}`));
    assert.equal(rowsIn(shown, 'The nearest rows').length, 10);
    assert.deepEqual([markedBy(atlas, choice), cellOf(atlas, choice)], [new Set(inside), cell]);
    all(rows[0], 'button')[0].props.act();
    assert.deepEqual(chosen.pop(), { kind: 'row', row: inside[0] });
});

test('a row has its label, its job, its cell and its nearest rows, without itself', () => {
    const shown = details(atlas, { kind: 'row', row: 5 }, link, choose);
    for (const said of [/Row:\s+text 5/, /Job\s+job-5/, new RegExp(`Cell\\s+${cellName(atlas.cellOfRow(5), 8)}`)]) assert.match(text(shown), said);
    const nearby = rowsIn(shown, 'The nearest rows').map(text);
    assert.ok(nearby.length === 10 && nearby.every((one) => !/text 5 /.test(one)));
    assert.deepEqual([...markedBy(atlas, { kind: 'row', row: 5 })], [5]);
    assert.match(text(details(atlas, { kind: 'row', row: 7 }, link, choose)), /⟨U\+202E⟩<b>seven/);
    assert.match(text(details(atlas, { kind: 'row', row: 8 }, link, choose)), /\(no label\)/);
});

test('a text has the cell of its vector and its nearest rows, which are marked', () => {
    const choice = { kind: 'text', text: 'a question', vector: atlas.rows.vector(6).slice() }, shown = details(atlas, choice, link, choose);
    assert.match(text(shown), /Text:\s+a question/);
    const [first] = rowsIn(shown, 'The nearest rows');
    assert.match(text(first), /text 6\s+0 /);
    const marked = markedBy(atlas, choice);
    assert.deepEqual([marked.size, marked.has(6), cellOf(atlas, choice)], [10, true, atlas.cellOfRow(6)]);
});

test('the map and the cloud are tables, of which long ones are cut', () => {
    const cells = rowsIn(cellTable(atlas, link, choose), 'Cells with rows'), filled = atlas.learning.counts().filter(Boolean).length;
    assert.equal(cells.length, filled);
    all(cells[0], 'button')[0].props.act();
    assert.equal(chosen.pop().kind, 'cell');
    const points = pointTable(atlas, link, choose);
    assert.equal(rowsIn(points, 'Points').length, 200);
    assert.match(text(points), /The first 200 of 240 are shown; the file CSV has all rows\./);
    assert.match(text(points), /Component 1\s+Component 2\s+Component 3/);
});
