/** The points of the cloud as all that draws them has them: three places and a colour each, in memory that doubles. */
import { project } from './components.js';

/** Numbers of a point: x, y, z, and a colour as red · 65536 + green · 256 + blue, below 0 if the point is marked. */
export const NUMBERS = 4;
const FIRST_POINTS = 256;
/** Of a point whose cell is not known yet. */
export const PLAIN = 0x808080;

/** @typedef {import('./rows.js').Range} Range */

export class Points {
    data = new Float32Array(NUMBERS * FIRST_POINTS);
    count = 0;
    /** The largest distance of a point from the middle. */
    reach = 0;
    /** Changed since it was drawn last; nothing has where `begin` is not below `end`. @type {Range} */
    changed = { begin: 0, end: 0 };

    /** Places rows of the range. @param {import('./rows.js').Rows} rows @param {import('./components.js').Principal} principal @param {Range} range */
    place(rows, principal, range) {
        this.#makeRoom(rows.count);
        const { data } = this;
        project(rows, principal, range, (row, x, y, z) => {
            data[row * NUMBERS] = x;
            data[row * NUMBERS + 1] = y;
            data[row * NUMBERS + 2] = z;
            this.reach = Math.max(this.reach, Math.hypot(x, y, z));
        });
        this.#note(range);
    }

    /** Colours the points. @param {(row: number) => number} colourOf @param {ReadonlySet<number>} marked rows */
    colour(colourOf, marked) {
        let begin = this.count, end = 0;
        for (let row = 0; row < this.count; row++) {
            const colour = colourOf(row) * (marked.has(row) ? -1 : 1), at = row * NUMBERS + 3;
            if (this.data[at] === colour) continue;
            this.data[at] = colour;
            begin = Math.min(begin, row);
            end = row + 1;
        }
        this.#note({ begin, end });
    }

    /** All are drawn as they are now. @returns {Range} what had changed */
    take() {
        const { changed } = this;
        this.changed = { begin: this.count, end: 0 };
        return changed;
    }

    /** @param {number} count */
    #makeRoom(count) {
        let room = this.data.length;
        while (room < NUMBERS * count) room *= 2;
        if (room > this.data.length) {
            const more = new Float32Array(room);
            more.set(this.data);
            this.data = more;
        }
        for (let row = this.count; row < count; row++) this.data[row * NUMBERS + 3] = PLAIN;
        this.count = count;
    }

    /** @param {Range} range */
    #note({ begin, end }) {
        if (begin >= end) return;
        const before = this.changed, isEmpty = before.begin >= before.end;
        this.changed = isEmpty ? { begin, end } : { begin: Math.min(before.begin, begin), end: Math.max(before.end, end) };
    }
}

/** The colour of a cell by its place, so that a point of the cloud is found in the map. @param {number} cell @param {number} side */
export function cellColour(cell, side) {
    const x = (cell % side) / (side - 1), y = Math.floor(cell / side) / (side - 1);
    const [red, green, blue] = [40 + 190 * x, 60 + 130 * y, 220 - 120 * x - 60 * y].map(Math.round);
    return red * 65536 + green * 256 + blue;
}

/** @param {number} colour @returns {string} for CSS */
export const cssColour = (colour) => `#${colour.toString(16).padStart(6, '0')}`;
