/**
 * Decodes the data of lossless WebP pictures (RFC 9649, section 3), as browsers lose colours where alpha is small.
 * Pixels are 32 bits: alpha, red, green, blue from the highest on. Arithmetic only.
 */
import { Bits, OVER, prefixCode } from './bits.js';
import { Broken } from './broken.js';
import { addGreen, addPredicted, fromPalette, transformColours } from './vp8l_transforms.js';

const [PREDICTOR, GREEN, PALETTE] = [0, 2, 3];
const [LITERALS, LENGTHS, DISTANCES] = [256, 24, 40];
const HASH = 0x1e35a7bd;
const ORDER = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/** For the symbols 16, 17 and 18 of code lengths: the bits of the repetition count, and its smallest value. */
const REPEATS = [{ bits: 2, least: 3 }, { bits: 3, least: 3 }, { bits: 7, least: 11 }];
/** How far to the left and up the first 120 distances are: the nearest first. */
const NEAR = Array.from({ length: 128 }, (_, i) => ({ x: 8 - i % 16, y: Math.floor(i / 16) }))
    .filter(({ x, y }) => y > 0 || x > 0)
    .sort((a, b) => a.x ** 2 + a.y ** 2 - b.x ** 2 - b.y ** 2 || Math.abs(a.x) - Math.abs(b.x) || b.x - a.x);

/** @typedef {import('./bits.js').Code} Code */
/** @typedef {(pixels: Uint32Array<ArrayBuffer>) => Uint32Array<ArrayBuffer>} Transform */
/** A prefix code, or the one symbol that takes no bits. @typedef {Code | number} Coded */
/** Groups' numbers by tile; `size` is a power of two, of one side. @typedef {{of: Uint32Array<ArrayBuffer>, size: number, across: number}} Tiles */
/** Codes for green, lengths and remembered colours; red; blue; alpha; distances. @typedef {Coded[]} Group */

/**
 * @param {Uint8Array} data of a chunk VP8L @param {{width: number, height: number}} size as its header says
 * @returns {Uint8ClampedArray<ArrayBuffer>} RGB @throws {Broken}
 */
export function decodeVp8l(data, { width, height }) {
    const bits = new Bits(data);
    try {
        bits.read(8);
        for (const count of [14, 14, 1]) bits.read(count);
        if (bits.read(3) !== 0) throw new Broken('the data are of an unknown version');
        return toRgb(readPicture(bits, width, height));
    } catch (error) {
        throw error === OVER ? new Broken('the file ends before the last pixel') : error;
    }
}

/** @param {Uint32Array} pixels */
function toRgb(pixels) {
    const rgb = new Uint8ClampedArray(pixels.length * 3);
    for (let i = 0, to = 0; i < pixels.length; i++) {
        const pixel = pixels[i];
        rgb[to++] = pixel >>> 16 & 255;
        rgb[to++] = pixel >>> 8 & 255;
        rgb[to++] = pixel & 255;
    }
    return rgb;
}

/** With its transforms, which are undone from the last one on. @param {Bits} bits @param {number} width @param {number} height */
function readPicture(bits, width, height) {
    /** @type {Transform[]} */
    const transforms = [];
    const seen = new Set();
    let columns = width;
    while (bits.read(1)) {
        const kind = bits.read(2);
        if (seen.has(kind)) throw new Broken('the data have a transform twice');
        seen.add(kind);
        const { transform, columns: fewer } = readTransform(bits, kind, columns, height);
        transforms.push(transform);
        columns = fewer;
    }
    let pixels = readPixels(bits, columns, height, true);
    for (const transform of transforms.reverse()) pixels = transform(pixels);
    return pixels;
}

/** @param {Bits} bits @param {number} kind @param {number} columns @param {number} height
 * @returns {{transform: Transform, columns: number}} */
function readTransform(bits, kind, columns, height) {
    if (kind === GREEN) return { transform: addGreen, columns };
    if (kind === PALETTE) return readPalette(bits, columns, height);
    const size = bits.read(3) + 2;
    const tiles = readPixels(bits, tilesOf(columns, size), tilesOf(height, size), false);
    const transform = /** @type {Transform} */ ((pixels) => (kind === PREDICTOR ? addPredicted : transformColours)(pixels, columns, tiles, size));
    return { transform, columns };
}

/** @param {number} side @param {number} size as a power of two */
const tilesOf = (side, size) => side + (1 << size) - 1 >>> size;

/** Each colour is the difference to the one before it. Of few, several indices share a pixel's green.
 * @param {Bits} bits @param {number} columns @param {number} height */
function readPalette(bits, columns, height) {
    const count = bits.read(8) + 1;
    const shared = count > 16 ? 0 : count > 4 ? 1 : count > 2 ? 2 : 3;
    const differences = new Uint8Array(readPixels(bits, count, 1, false).buffer);
    for (let i = 4; i < differences.length; i++) differences[i] += differences[i - 4];
    const palette = new Uint32Array(256); // missing entries are transparent black
    palette.set(new Uint32Array(differences.buffer));
    const transform = (/** @type {Uint32Array<ArrayBuffer>} */ pixels) => fromPalette(pixels, columns, height, palette, shared);
    return { transform, columns: tilesOf(columns, shared) };
}

/** Pixels as they are coded; only those of the picture itself may have several groups of codes.
 * @param {Bits} bits @param {number} columns @param {number} rows @param {boolean} isMain @returns {Uint32Array<ArrayBuffer>} */
function readPixels(bits, columns, rows, isMain) {
    const hasCache = bits.read(1) === 1;
    const cacheBits = hasCache ? bits.read(4) : 0;
    if (hasCache && (cacheBits < 1 || cacheBits > 11)) throw new Broken('the data remember too many colours, or none');
    /** @type {Tiles} */
    const tiles = isMain && bits.read(1) ? readTiles(bits, columns, rows) : { of: Uint32Array.of(0), size: 31, across: 1 };
    const groups = readGroups(bits, tiles.of, cacheBits);
    return new Pixels(bits, columns, rows, cacheBits).read(groups, tiles);
}

/** Which group of codes a part of the picture has.
 * @param {Bits} bits @param {number} columns @param {number} rows @returns {Tiles} */
function readTiles(bits, columns, rows) {
    const size = bits.read(3) + 2;
    const across = tilesOf(columns, size);
    const of = readPixels(bits, across, tilesOf(rows, size), false);
    for (let i = 0; i < of.length; i++) of[i] = of[i] >>> 8 & 0xffff;
    return { of, size, across };
}

/** Only those that are used are kept. @param {Bits} bits @param {Uint32Array} tiles @param {number} cacheBits
 * @returns {Map<number, Group>} */
function readGroups(bits, tiles, cacheBits) {
    const used = new Set(tiles);
    const last = tiles.reduce((most, tile) => Math.max(most, tile), 0);
    const alphabets = [LITERALS + LENGTHS + (cacheBits ? 1 << cacheBits : 0), LITERALS, LITERALS, LITERALS, DISTANCES];
    const groups = new Map();
    for (let i = 0; i <= last; i++) {
        const group = alphabets.map((symbols) => readCode(bits, symbols));
        if (used.has(i)) groups.set(i, group);
    }
    return groups;
}

/** @param {Bits} bits @param {number} symbols @returns {Coded} @throws {Broken} */
function readCode(bits, symbols) {
    const lengths = bits.read(1) ? readFew(bits, symbols) : readLengths(bits, symbols);
    const used = lengths.reduce((count, length) => count + Number(length > 0), 0);
    if (used === 0) throw new Broken('the data have a code of no symbols');
    return used === 1 ? lengths.findIndex((length) => length > 0) : prefixCode(lengths);
}

/** One or two symbols. @param {Bits} bits @param {number} symbols */
function readFew(bits, symbols) {
    const lengths = new Uint8Array(symbols); // takes nothing beyond its end
    const isTwo = bits.read(1);
    lengths[bits.read(bits.read(1) ? 8 : 1)] = 1;
    if (isTwo) lengths[bits.read(8)] = 1;
    return lengths;
}

/** @param {Bits} bits @param {number} symbols */
function readLengths(bits, symbols) {
    const first = new Uint8Array(19);
    const count = bits.read(4) + 4;
    if (count > ORDER.length) throw new Broken('the data have too many lengths of codes');
    for (let i = 0; i < count; i++) first[ORDER[i]] = bits.read(3);
    const used = first.filter((length) => length > 0);
    if (used.length === 0) throw new Broken('the data have a code of no symbols');
    const code = used.length === 1 ? first.findIndex((length) => length > 0) : prefixCode(first);
    const most = bits.read(1) ? 2 + bits.read(2 + 2 * bits.read(3)) : symbols;
    if (most > symbols) throw new Broken('the data have too many symbols');
    const lengths = new Uint8Array(symbols);
    let last = 8;
    for (let i = 0, left = most; i < symbols && left > 0; left--) {
        const symbol = symbolOf(bits, code);
        if (symbol < 16) {
            lengths[i++] = symbol;
            if (symbol > 0) last = symbol;
            continue;
        }
        const repeat = REPEATS[symbol - 16];
        const times = bits.read(repeat.bits) + repeat.least;
        if (i + times > symbols) throw new Broken('the data repeat a length too often');
        lengths.fill(symbol === 16 ? last : 0, i, i += times);
    }
    return lengths;
}

/** @param {Bits} bits @param {Coded} code */
const symbolOf = (bits, code) => typeof code === 'number' ? code : bits.symbol(code);

class Pixels {
    /** @param {Bits} bits @param {number} columns @param {number} rows @param {number} cacheBits 0: none is remembered */
    constructor(bits, columns, rows, cacheBits) {
        this._bits = bits;
        this._columns = columns;
        this._out = new Uint32Array(columns * rows);
        this._cache = new Uint32Array(cacheBits ? 1 << cacheBits : 0);
        this._shift = 32 - cacheBits;
        this._remembered = 0; // pixels
    }

    /** @param {Map<number, Group>} groups @param {Tiles} tiles */
    read(groups, { of, size, across }) {
        const { _out: out, _bits: bits, _columns: columns } = this;
        const groupAt = (/** @type {number} */ at) => {
            const y = Math.floor(at / columns);
            return /** @type {Group} */ (groups.get(of[(y >>> size) * across + (at - y * columns >>> size)]));
        };
        for (let at = 0, group = groupAt(0); at < out.length;) {
            if (of.length > 1) group = groupAt(at);
            const symbol = symbolOf(bits, group[0]);
            if (symbol < LITERALS) {
                const red = symbolOf(bits, group[1]), blue = symbolOf(bits, group[2]), alpha = symbolOf(bits, group[3]);
                out[at++] = alpha << 24 | red << 16 | symbol << 8 | blue;
            } else if (symbol < LITERALS + LENGTHS) {
                at = this._copy(at, symbol - LITERALS, group[4]);
            } else {
                this._remember(at);
                out[at++] = this._cache[symbol - LITERALS - LENGTHS];
            }
        }
        return out;
    }

    /** @param {number} at @param {number} code of the length @param {Coded} distances @returns {number} where it goes on */
    _copy(at, code, distances) {
        const out = this._out;
        const length = this._number(code);
        const far = this._number(symbolOf(this._bits, distances));
        const near = NEAR[far - 1];
        const distance = near ? Math.max(1, near.y * this._columns + near.x) : far - NEAR.length;
        if (distance > at) throw new Broken('the data refer to what is before their beginning');
        if (length > out.length - at) throw new Broken('the data go beyond the last pixel');
        for (let i = at; i < at + length; i++) out[i] = out[i - distance];
        return at + length;
    }

    /** A length or a distance. @param {number} code */
    _number(code) {
        if (code < 4) return code + 1;
        const more = code - 2 >> 1;
        return ((2 + (code & 1)) << more) + this._bits.read(more) + 1;
    }

    /** The colours up to a pixel, each at the place that its hash says. @param {number} end */
    _remember(end) {
        for (; this._remembered < end; this._remembered++) {
            const pixel = this._out[this._remembered];
            this._cache[Math.imul(HASH, pixel) >>> this._shift] = pixel;
        }
    }
}
