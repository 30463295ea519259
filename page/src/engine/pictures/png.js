/**
 * Decodes PNG files (W3C PNG, third edition) to RGB as Pillow's convert('RGB') has them, since browsers differ in what
 * they do about transparency, gamma, 16 bits and cut files: alpha is dropped and the values are kept, colours are the
 * file's numbers, of 16 bits the upper eight count (of grey without alpha: 255 for all above). Arithmetic only.
 */
import { joined } from '../../shared/joined.js';
import { Broken } from './broken.js';
import { checksum } from './crc.js';
import { canSwell, inflate } from './inflate.js';
import { orientationOf } from './orientation.js';

/** Samples of a pixel by colour type, and the depths that it has (PNG, table 11.1). */
const TYPES = /** @type {Readonly<Record<number, {samples: number, depths: number[]}>>} */ ({
    0: { samples: 1, depths: [1, 2, 4, 8, 16] }, 2: { samples: 3, depths: [8, 16] },
    3: { samples: 1, depths: [1, 2, 4, 8] }, 4: { samples: 2, depths: [8, 16] }, 6: { samples: 4, depths: [8, 16] },
});
const PALETTE = 3;
const WHOLE = [{ x: 0, y: 0, dx: 1, dy: 1 }];
/** Adam7: where each pass begins, and its steps. */
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]
    .map(([x, y, dx, dy]) => ({ x, y, dx, dy }));

/** @typedef {{width: number, height: number, depth: number, type: number, samples: number, isInterlaced: boolean}} Head */
/** @typedef {{name: string, data: Uint8Array, next: number, isCut: boolean, isRight: boolean}} Chunk `next` is where the next one is */

/** @param {Uint8Array} bytes */
export const isPng = (bytes) => [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, at) => bytes[at] === byte);

/**
 * @param {Uint8Array} bytes of a PNG file
 * @returns {import('./decode.js').Described} @throws {Broken}
 */
export function describePng(bytes) {
    const { head, palette, exif, rest } = readHead(bytes);
    const { data, exif: later } = readRest(bytes, rest);
    return {
        width: head.width, height: head.height, orientation: orientationOf(later ?? exif),
        pixels: () => decode(head, palette, data),
    };
}

/** @param {Uint8Array} bytes @param {number} at @returns {Chunk | null} null where the file is over */
function chunkAt(bytes, at) {
    if (at + 8 > bytes.length) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = at + 8 + view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    return {
        name, data: bytes.subarray(at + 8, end), next: end + 4, isCut: end > bytes.length,
        get isRight() {
            return end + 4 <= bytes.length && checksum([bytes.subarray(at + 4, end)]) === view.getUint32(end);
        },
    };
}

/** The chunks before the data. @param {Uint8Array} bytes @throws {Broken} */
function readHead(bytes) {
    /** @type {Head | undefined} */
    let head;
    let palette = bytes.subarray(0, 0), exif;
    for (let at = 8; ;) {
        const chunk = chunkAt(bytes, at);
        if (!chunk) throw new Broken('the file ends before its pixels');
        const { name, data } = chunk;
        if (!/^\w{4}$/.test(name)) throw new Broken('the file has a chunk without a name');
        if (name === 'IDAT') {
            if (!head) throw new Broken('the file has no header');
            return { head, palette, exif, rest: at };
        }
        if (name === 'IEND') throw new Broken('the file has no pixels');
        if (chunk.isCut || !chunk.isRight) throw new Broken(`the chunk ${name} is cut, or its checksum is wrong`);
        if (name === 'IHDR') head = headOf(data);
        if (name === 'PLTE') palette = data;
        if (name === 'eXIf') exif = data;
        at = chunk.next;
    }
}

/** @param {Uint8Array} data @returns {Head} @throws {Broken} */
function headOf(data) {
    if (data.length < 13) throw new Broken('the header is too short');
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const [width, height, depth, type] = [view.getUint32(0), view.getUint32(4), data[8], data[9]];
    const { samples, depths } = TYPES[type] ?? { samples: 0, depths: [] };
    if (!depths.includes(depth)) throw new Broken(`no pixels are of colour type ${type} with ${depth} bits`);
    if (data[11] !== 0) throw new Broken(`the method ${data[11]} of filters is not known`);
    if (width === 0 || height === 0) throw new Broken('the picture has no pixels');
    return { width, height, depth, type, samples, isInterlaced: data[12] !== 0 };
}

/** The data, which continue in the following chunks, and the chunks after them. As in Pillow, the file may end after any
 * chunk, and checksums are ignored. @param {Uint8Array} bytes @param {number} at @throws {Broken} */
function readRest(bytes, at) {
    const data = [];
    let exif, isData = true;
    for (let chunk = chunkAt(bytes, at); chunk && /^\w{4}$/.test(chunk.name) && chunk.name !== 'IEND'; chunk = chunkAt(bytes, chunk.next)) {
        isData &&= chunk.name === 'IDAT';
        if (isData) data.push(chunk);
        else if (chunk.isCut) throw new Broken(`the chunk ${chunk.name} is cut`);
        if (chunk.name === 'eXIf') exif = chunk.data;
    }
    return { data, exif };
}

/** @param {Head} head @param {Uint8Array} palette @param {Chunk[]} chunks of data
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGB @throws {Broken} */
function decode(head, palette, chunks) {
    const input = joined(Uint8Array, chunks.map(({ data }) => data));
    const rows = new Rows(head, palette);
    const most = rows.bytes;
    if (!canSwell(input.length, most)) throw new Broken('the file ends before the last pixel');
    rows.begin();
    const { made, isWhole } = inflate(input, most, (bytes) => rows.take(bytes));
    // Data that end on purpose may leave out rows, which are black then, as in Pillow.
    if (made < most && !(isWhole && made > 0 && rows.isBetween)) throw new Broken('the file ends before the last pixel');
    const last = chunks[chunks.length - 1];
    const isNeeded = () => inflate(input.subarray(0, input.length - last.data.length), most, () => {}).made < most;
    if (last.isCut && !isNeeded()) throw new Broken('the last chunk of data is cut');
    return rows.rgb;
}

/** Rows of filtered bytes become pixels. */
class Rows {
    /** @param {Head} head @param {Uint8Array} palette */
    constructor(head, palette) {
        this._head = head;
        this._palette = head.type === PALETTE ? colours(palette) : null;
        this._step = Math.max(1, head.samples * head.depth >> 3);
        this._passes = (head.isInterlaced ? PASSES : WHOLE)
            .map((pass) => ({ ...pass, columns: Math.ceil((head.width - pass.x) / pass.dx), rows: Math.ceil((head.height - pass.y) / pass.dy) }))
            .filter(({ columns, rows }) => columns > 0 && rows > 0);
        this.bytes = this._passes.reduce((sum, { columns, rows }) => sum + rows * (this._stride(columns) + 1), 0);
        this.rgb = new Uint8ClampedArray(0);
        this._pass = -1;
        this._y = this._filled = 0;
        this._row = this._above = this._samples = new Uint8Array(0);
    }

    /** @param {number} columns @returns {number} bytes of a row without its filter's */
    _stride(columns) {
        return Math.ceil(columns * this._head.samples * this._head.depth / 8);
    }

    begin() {
        this.rgb = new Uint8ClampedArray(this._head.width * this._head.height * 3);
        this._nextPass();
    }

    _nextPass() {
        const { columns } = this._passes[++this._pass] ?? { columns: 0 };
        this._y = this._filled = 0;
        this._row = new Uint8Array(this._stride(columns) + 1);
        this._above = new Uint8Array(this._row.length);
        this._samples = new Uint8Array(columns * this._head.samples);
    }

    /** Whether no row has begun. */
    get isBetween() {
        return this._filled === 0;
    }

    /** @param {Uint8Array} bytes that follow @throws {Broken} */
    take(bytes) {
        for (let at = 0; at < bytes.length;) {
            const count = Math.min(bytes.length - at, this._row.length - this._filled);
            this._row.set(bytes.subarray(at, at + count), this._filled);
            this._filled += count;
            at += count;
            if (this._filled === this._row.length) this._finish();
        }
    }

    _finish() {
        unfilter(this._row, this._above, this._step);
        const { x, y, dx, dy, columns, rows } = this._passes[this._pass];
        const { width, depth, type, samples } = this._head;
        const values = depth === 8 ? this._row.subarray(1) : toBytes(this._row, this._samples, depth, type);
        this._put(values, ((y + this._y * dy) * width + x) * 3, dx * 3, columns, samples);
        [this._row, this._above] = [this._above, this._row];
        this._filled = 0;
        if (++this._y === rows) this._nextPass();
    }

    /** @param {Uint8Array} values @param {number} to @param {number} step @param {number} columns @param {number} samples */
    _put(values, to, step, columns, samples) {
        const { rgb, _palette: palette } = this;
        const [green, blue] = samples > 2 ? [1, 2] : [0, 0];
        for (let i = 0, from = 0; i < columns; i++, from += samples, to += step) {
            const source = palette ?? values;
            const at = palette ? values[from] * 3 : from;
            rgb[to] = source[at];
            rgb[to + 1] = source[palette ? at + 1 : at + green];
            rgb[to + 2] = source[palette ? at + 2 : at + blue];
        }
    }
}

/** 256 of them; those that the file does not have are grey, as in Pillow. @param {Uint8Array} palette */
function colours(palette) {
    if (palette.length > 768) throw new Broken(`the palette has ${palette.length} bytes, more than 256 colours`);
    const all = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
    all.set(palette.subarray(0, palette.length - palette.length % 3));
    return all;
}

/** Undoes a row's filter (PNG, 9.2). @param {Uint8Array} row behind the filter's number @param {Uint8Array} above
 * @param {number} step bytes of a pixel @throws {Broken} */
function unfilter(row, above, step) {
    const filter = row[0];
    const { length } = row;
    if (filter > 4) throw new Broken(`the filter ${filter} is not known`);
    if (filter === 1) for (let i = 1 + step; i < length; i++) row[i] += row[i - step];
    if (filter === 2) for (let i = 1; i < length; i++) row[i] += above[i];
    if (filter === 3) for (let i = 1; i < length; i++) row[i] += (i > step ? row[i - step] : 0) + above[i] >> 1;
    if (filter === 4) for (let i = 1; i < length; i++) row[i] += i > step ? paeth(row[i - step], above[i], above[i - step]) : above[i];
}

/** @param {number} left @param {number} above @param {number} corner */
function paeth(left, above, corner) {
    const a = Math.abs(above - corner), b = Math.abs(left - corner), c = Math.abs(left + above - 2 * corner);
    return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** Samples of other depths as bytes: indices as they are, grey of few bits up to 255.
 * @param {Uint8Array} row behind the filter's number @param {Uint8Array} samples @param {number} depth @param {number} type */
function toBytes(row, samples, depth, type) {
    if (depth === 16) {
        const isClipped = type === 0;
        for (let i = 0, at = 1; i < samples.length; i++, at += 2) samples[i] = isClipped ? row[at] ? 255 : row[at + 1] : row[at];
        return samples;
    }
    const most = (1 << depth) - 1;
    const scale = type === PALETTE ? 1 : 255 / most;
    for (let i = 0; i < samples.length; i++) {
        const bit = i * depth;
        samples[i] = (row[1 + (bit >> 3)] >> 8 - depth - (bit & 7) & most) * scale;
    }
    return samples;
}
