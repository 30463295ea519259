/** What a person has chosen, in words and tables: a cell, a row or a text; and all cells or rows as a table. */
import { h } from '../draw.js';
import { count, many, plain } from '../format.js';
import { facts, section, table } from '../parts.js';
import { short } from '../playground/numbers.js';
import { nearest } from './nearest.js';
import { bordersOf } from './som.js';

/** @import { Atlas } from './atlas.js' */
/** @typedef {{kind: 'cell', cell: number} | {kind: 'row', row: number} | {kind: 'text', text: string, vector: Float32Array}} Choice */
/** Makes a button that needs no daemon. @typedef {(name: string, act: () => void, label: string) => import('../draw.js').Part} Link */

const NEAREST = 10;
/** Longer tables are not read row by row; the file has all rows. */
const MOST_SHOWN = 200;
const LABELS = 3;

/** What was found last for a choice. @type {WeakMap<Choice, {changes: number, rows: import('./nearest.js').Near[]}>} */
const known = new WeakMap();

/** The rows nearest to what is chosen. @param {Atlas} atlas @param {Choice} choice */
function near({ rows, learning, changes }, choice) {
    const found = known.get(choice);
    if (found?.changes === changes) return found.rows;
    const vector = choice.kind === 'text' ? choice.vector : choice.kind === 'row' ? rows.vector(choice.row)
        : learning?.weights.subarray(choice.cell * rows.dimensions, (choice.cell + 1) * rows.dimensions);
    const list = vector ? nearest(rows, vector, NEAREST, choice.kind === 'row' ? choice.row : -1) : [];
    known.set(choice, { changes, rows: list });
    return list;
}

/** @param {number} cell @param {number} side */
export const cellName = (cell, side) => (cell < 0 ? '' : `${cell % side + 1}, ${Math.floor(cell / side) + 1}`);

/** The rows that a choice marks. @param {Atlas} atlas @param {Choice | null} choice @returns {Set<number>} */
export function markedBy(atlas, choice) {
    if (!choice) return new Set();
    if (choice.kind === 'row') return new Set([choice.row]);
    if (choice.kind === 'cell') return new Set(atlas.learning?.rowsOf(choice.cell));
    return new Set(near(atlas, choice).map(({ row }) => row));
}

/** @param {Atlas} atlas @param {Choice | null} choice @returns {number} the cell that it is in */
export function cellOf(atlas, choice) {
    if (!choice) return -1;
    if (choice.kind === 'cell') return choice.cell;
    return choice.kind === 'row' ? atlas.cellOfRow(choice.row) : atlas.cellOf(choice.vector);
}

/** @param {Atlas} atlas @param {Choice | null} choice @param {Link} link @param {(choice: Choice) => void} choose */
export function details(atlas, choice, link, choose) {
    if (!choice) return h('p', { class: 'note', key: 'details' }, 'Choose a cell of the map or a point of the cloud to see its rows here.');
    const cell = cellOf(atlas, choice), place = cellName(cell, atlas.learning?.side ?? 1);
    const nearby = [h('h3', null, 'The nearest rows'), rowTable('The nearest rows', atlas, near(atlas, choice), link, choose)];
    if (choice.kind === 'cell') {
        const inside = atlas.learning?.rowsOf(cell) ?? [];
        return section('Chosen', title(`Cell ${place}: `, many(inside.length, 'row')),
            h('h3', null, 'Its rows'), rowTable('Rows of the cell', atlas, inside.slice(0, MOST_SHOWN).map((row) => ({ row })), link, choose), cut(inside.length), nearby);
    }
    const job = choice.kind === 'row' ? plain(atlas.rows.jobs[choice.row]) : '';
    return section('Chosen', title(choice.kind === 'row' ? 'Row: ' : 'Text: ', h('bdi', null, choice.kind === 'row' ? labelOf(atlas.rows, choice.row) : plain(choice.text))),
        facts([['Job', job && h('code', null, job)], ['Cell', place]]), nearby);
}

/** Read out when it changes. @param {...import('../draw.js').Part} parts */
const title = (...parts) => h('p', { role: 'status', key: 'title' }, parts);

/** @param {import('./rows.js').Rows} rows @param {number} row */
const labelOf = (rows, row) => plain(rows.labels[row] || '(no label)');

/** @param {number} length */
const cut = (length) => (length > MOST_SHOWN ? h('p', { class: 'note' }, `The first ${MOST_SHOWN} of ${count(length)} are shown; the file CSV has all rows.`) : null);

/** @param {string} caption @param {Atlas} atlas @param {{row: number, distance?: number}[]} list @param {Link} link @param {(choice: Choice) => void} choose
 * @param {import('../parts.js').Column[]} [more] */
function rowTable(caption, { rows, learning }, list, link, choose, more = []) {
    const cell = (/** @type {number} */ row) => (learning && row < learning.placed ? cellName(learning.found.best[row], learning.side) : '');
    return table(caption, [
        { name: 'Label', wide: true, cell: ({ row }) => h('bdi', null, labelOf(rows, row)) },
        ...(list.some(({ distance }) => distance !== undefined) ? [{ name: 'Distance', figure: true, cell: (/** @type {any} */ { distance }) => short(distance) }] : []),
        ...more,
        { name: 'Cell', figure: true, cell: ({ row }) => cell(row) },
        { name: 'Job', cell: ({ row }) => h('code', null, plain(rows.jobs[row])) },
        { name: 'Actions', cell: ({ row }) => link('Show', () => choose({ kind: 'row', row }), `Show row ${row + 1}`) },
    ], list, ({ row }) => String(row), 'None.');
}

/** The map as a table. @param {Atlas} atlas @param {Link} link @param {(choice: Choice) => void} choose */
export function cellTable(atlas, link, choose) {
    const { learning, rows } = atlas;
    if (!learning) return null;
    const borders = bordersOf(learning.weights, learning.side, rows.dimensions), filled = [...learning.counts()].flatMap((size, cell) => (size ? [{ cell, size }] : []));
    /** @type {Map<number, number[]>} */
    const first = new Map();
    for (let row = 0; row < learning.placed; row++) {
        const list = first.get(learning.found.best[row]) ?? [];
        if (list.length < LABELS) first.set(learning.found.best[row], [...list, row]);
    }
    return [table('Cells with rows', [
        { name: 'Cell', cell: ({ cell }) => cellName(cell, learning.side) },
        { name: 'Rows', figure: true, cell: ({ size }) => count(size) },
        { name: 'From its neighbours', figure: true, cell: ({ cell }) => short(borders[cell]) },
        { name: 'Labels', wide: true, cell: ({ cell }) => (first.get(cell) ?? []).map((row) => h('div', null, h('bdi', null, labelOf(rows, row)))) },
        { name: 'Actions', cell: ({ cell }) => link('Show', () => choose({ kind: 'cell', cell }), `Show cell ${cellName(cell, learning.side)}`) },
    ], filled.slice(0, MOST_SHOWN), ({ cell }) => String(cell)), cut(filled.length)];
}

/** The cloud as a table. @param {Atlas} atlas @param {Link} link @param {(choice: Choice) => void} choose */
export function pointTable(atlas, link, choose) {
    const list = Array.from({ length: Math.min(MOST_SHOWN, atlas.points.count) }, (_, row) => ({ row }));
    const axes = [0, 1, 2].map((axis) => ({ name: `Component ${axis + 1}`, figure: true, cell: (/** @type {{row: number}} */ { row }) => short(atlas.points.data[4 * row + axis]) }));
    return [rowTable('Points', atlas, list, link, choose, axes), cut(atlas.points.count)];
}
