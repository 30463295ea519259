/** Undoes the transforms of lossless WebP pictures (RFC 9649, section 4). Pixels are as in vp8l.js. */

const OPAQUE = 0xff000000;

/** Each channel for itself. @param {number} a @param {number} b */
const add = (a, b) => (((a & 0xff00ff00) + (b & 0xff00ff00) & 0xff00ff00) | ((a & 0x00ff00ff) + (b & 0x00ff00ff) & 0x00ff00ff)) >>> 0;
/** @param {number} a @param {number} b */
const mean = (a, b) => (((a ^ b) & 0xfefefefe) >>> 1) + ((a & b) >>> 0);
/** @param {number} value */
const clamp = (value) => value < 0 ? 0 : value > 255 ? 255 : value;
/** @param {number} pixel @param {number} shift */
const channel = (pixel, shift) => pixel >>> shift & 255;

/** By channels. @param {(shift: number) => number} of */
const joinedOf = (of) => (of(24) << 24 | of(16) << 16 | of(8) << 8 | of(0)) >>> 0;

/** @param {number} left @param {number} top @param {number} corner */
function select(left, top, corner) {
    let difference = 0;
    for (let shift = 0; shift < 32; shift += 8) {
        const c = channel(corner, shift);
        difference += Math.abs(channel(left, shift) - c) - Math.abs(channel(top, shift) - c);
    }
    return difference <= 0 ? top : left;
}

/** By mode, from the pixels to the left, above, above to the left and above to the right.
 * @type {readonly ((left: number, top: number, corner: number, next: number) => number)[]} */
const PREDICTORS = [
    () => OPAQUE,
    (left) => left,
    (left, top) => top,
    (left, top, corner, next) => next,
    (left, top, corner) => corner,
    (left, top, corner, next) => mean(mean(left, next), top),
    (left, top, corner) => mean(left, corner),
    (left, top) => mean(left, top),
    (left, top, corner) => mean(corner, top),
    (left, top, corner, next) => mean(top, next),
    (left, top, corner, next) => mean(mean(left, corner), mean(top, next)),
    select,
    (left, top, corner) => joinedOf((shift) => clamp(channel(left, shift) + channel(top, shift) - channel(corner, shift))),
    (left, top, corner) => {
        const middle = mean(left, top);
        return joinedOf((shift) => {
            const value = channel(middle, shift);
            return clamp(value + Math.trunc((value - channel(corner, shift)) / 2));
        });
    },
    () => OPAQUE,
    () => OPAQUE,
];

/** @param {Uint32Array<ArrayBuffer>} pixels @param {number} columns @param {Uint32Array} tiles the mode in green
 * @param {number} size of a tile, as a power of two */
export function addPredicted(pixels, columns, tiles, size) {
    const across = columns + (1 << size) - 1 >>> size;
    pixels[0] = add(pixels[0], OPAQUE);
    for (let x = 1; x < columns; x++) pixels[x] = add(pixels[x], pixels[x - 1]);
    for (let at = columns, y = 1; at < pixels.length; y++) {
        pixels[at] = add(pixels[at], pixels[at - columns]);
        at++;
        for (let x = 1; x < columns; x++, at++) {
            const predict = PREDICTORS[tiles[(y >>> size) * across + (x >>> size)] >>> 8 & 15];
            const above = at - columns; // after the last pixel of a row comes the first one of the next
            pixels[at] = add(pixels[at], predict(pixels[at - 1], pixels[above], pixels[above - 1], pixels[above + 1]));
        }
    }
    return pixels;
}

/** The part that red or green adds to another colour. @param {number} factor @param {number} value both signed, of 8 bits */
const part = (factor, value) => (factor << 24 >> 24) * (value << 24 >> 24) >> 5;

/** @param {Uint32Array<ArrayBuffer>} pixels @param {number} columns @param {Uint32Array} tiles red to blue, green to blue, green to red
 * @param {number} size of a tile, as a power of two */
export function transformColours(pixels, columns, tiles, size) {
    const across = columns + (1 << size) - 1 >>> size;
    for (let at = 0, y = 0; at < pixels.length; y++) {
        for (let x = 0; x < columns; x++, at++) {
            const tile = tiles[(y >>> size) * across + (x >>> size)];
            const pixel = pixels[at], green = pixel >>> 8;
            const red = (pixel >>> 16) + part(tile, green) & 255;
            const blue = pixel + part(tile >>> 8, green) + part(tile >>> 16, red) & 255;
            pixels[at] = pixel & 0xff00ff00 | red << 16 | blue;
        }
    }
    return pixels;
}

/** Red and blue are differences to green. @param {Uint32Array<ArrayBuffer>} pixels */
export function addGreen(pixels) {
    for (let at = 0; at < pixels.length; at++) {
        const green = pixels[at] >>> 8 & 255;
        pixels[at] = add(pixels[at], green << 16 | green);
    }
    return pixels;
}

/** @param {Uint32Array<ArrayBuffer>} pixels whose green has indices @param {number} columns @param {number} rows
 * @param {Uint32Array} palette @param {number} shared how many indices are in one green, as a power of two */
export function fromPalette(pixels, columns, rows, palette, shared) {
    const across = columns + (1 << shared) - 1 >>> shared;
    const depth = 8 >> shared, mask = (1 << depth) - 1, place = (1 << shared) - 1;
    const out = new Uint32Array(columns * rows);
    for (let y = 0, to = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) {
            const green = pixels[y * across + (x >>> shared)] >>> 8;
            out[to++] = palette[green >>> (x & place) * depth & mask];
        }
    }
    return out;
}
