/** The files that a person may take away. */
import { download } from '../playground/download.js';
import { csvOf, npyOf } from './files.js';
import { paintMap, shownOf } from './map_picture.js';
import { NUMBERS } from './points.js';

/** @import { Atlas } from './atlas.js' */

const PICTURE = 1024;
/** Rows that are made into text at a time. */
const SOME = 1000;

/** The rows with their places; in the order of the rows of the array. @param {Atlas} atlas @returns {string[]} parts of a table */
export function csvParts({ rows, points, learning }) {
    const side = learning?.side ?? 1, parts = [csvOf([['row', 'label', 'job', 'column', 'line', 'component_1', 'component_2', 'component_3']])];
    for (let begin = 0; begin < rows.count; begin += SOME) {
        parts.push(csvOf(Array.from({ length: Math.min(SOME, rows.count - begin) }, (_, i) => {
            const row = begin + i, cell = learning && row < learning.placed ? learning.found.best[row] : -1;
            return [row, rows.labels[row], rows.jobs[row], ...(cell < 0 ? ['', ''] : [cell % side + 1, Math.floor(cell / side) + 1]),
                ...(row < points.count ? points.data.subarray(NUMBERS * row, NUMBERS * row + 3) : ['', '', ''])];
        })));
    }
    return parts;
}

/** @param {Atlas} atlas @returns {string} a model's name as files may have it */
const nameOf = ({ model }) => model.replace(/[^\w.-]+/g, '-').slice(0, 80) || 'vectors';

/** @param {Atlas} atlas */
export const saveCsv = (atlas) => download(`${nameOf(atlas)}.csv`, new Blob(csvParts(atlas)), 'text/csv');

/** @param {Atlas} atlas */
export const saveNpy = (atlas) => download(`${nameOf(atlas)}.npy`, new Blob(npyOf(atlas.rows.values, atlas.rows.count, atlas.rows.dimensions)), 'application/octet-stream');

/** @param {Atlas} atlas @param {number} marked */
export function savePicture(atlas, marked) {
    if (!atlas.learning) return;
    const canvas = document.createElement('canvas');
    paintMap(canvas, shownOf(atlas.learning, marked), PICTURE);
    canvas.toBlob((blob) => { if (blob) download(`${nameOf(atlas)}.png`, blob, 'image/png'); });
}
