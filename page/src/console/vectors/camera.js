/** From where the cloud is seen, and what is seen there: everything that draws it follows these rules. */
import { NUMBERS } from './points.js';

/** `turn` and `tilt` in radians, `zoom` 1: all points are just seen. @typedef {{turn: number, tilt: number, zoom: number}} Camera */
/** `matrix`: three rows, which turn a point to the right, upwards and towards the person; `scale`: pixels for a unit; `half`: a point is a
 * square of 2 · half + 1 pixels, a marked one of twice that; `back`: the background, which what is far fades into. @typedef {{matrix: number[], scale: number, reach: number, half: number,
 * width: number, height: number, back: number[]}} Look */

export const FIRST = Object.freeze({ turn: 0.6, tilt: 0.4, zoom: 1 });
const MOST_TILT = Math.PI / 2;
const ZOOMS = Object.freeze({ least: 0.5, most: 20 });
/** The share of half the picture's smaller side that the farthest point is from the middle. */
const FILLED = 0.92;
/** How much of its colour the farthest point loses. */
export const FADE = 0.6;
/** What a GPU has for a pixel at least: a colour, and a depth. */
export const PIXEL_BYTES = 8;
const KEY_TURN = Math.PI / 36;
const KEY_ZOOM = 1.2;
/** Radians for a pixel. */
const DRAG = 0.008;
/** A point is hit up to so many pixels from its middle. */
const HIT = 10;

/** @param {any} given @returns {Camera} within limits; FIRST where it is none */
export function cameraOf(given) {
    const numbers = [given?.turn, given?.tilt, given?.zoom];
    if (!numbers.every((one) => typeof one === 'number' && Number.isFinite(one))) return { ...FIRST };
    const [turn, tilt, zoom] = numbers;
    return { turn: turn % (2 * Math.PI), tilt: Math.max(-MOST_TILT, Math.min(MOST_TILT, tilt)), zoom: Math.max(ZOOMS.least, Math.min(ZOOMS.most, zoom)) };
}

/** @param {Camera} camera @param {number} x @param {number} y pixels that a pointer was dragged to the right and down */
export const dragged = ({ turn, tilt, zoom }, x, y) => cameraOf({ turn: turn + x * DRAG, tilt: tilt + y * DRAG, zoom });

/** @param {Camera} camera @param {number} times */
export const zoomed = ({ turn, tilt, zoom }, times) => cameraOf({ turn, tilt, zoom: zoom * times });

/** @type {Record<string, (camera: Camera) => Camera>} */
const KEYS = {
    ArrowLeft: ({ turn, ...rest }) => cameraOf({ ...rest, turn: turn - KEY_TURN }),
    ArrowRight: ({ turn, ...rest }) => cameraOf({ ...rest, turn: turn + KEY_TURN }),
    ArrowUp: ({ tilt, ...rest }) => cameraOf({ ...rest, tilt: tilt - KEY_TURN }),
    ArrowDown: ({ tilt, ...rest }) => cameraOf({ ...rest, tilt: tilt + KEY_TURN }),
    '+': (camera) => zoomed(camera, KEY_ZOOM),
    '=': (camera) => zoomed(camera, KEY_ZOOM),
    '-': (camera) => zoomed(camera, 1 / KEY_ZOOM),
    Home: () => ({ ...FIRST }),
};

/** @param {Camera} camera @param {string} key @returns {Camera | null} null: it is none of ours */
export const keyed = (camera, key) => (Object.hasOwn(KEYS, key) ? KEYS[key](camera) : null);

/** @param {Camera} camera @param {number} reach of the points @param {number} width @param {number} height @param {number} half @param {number[]} back
 * @returns {Look} */
export function lookOf({ turn, tilt, zoom }, reach, width, height, half, back) {
    const [s, c, t, u] = [Math.sin(turn), Math.cos(turn), Math.sin(tilt), Math.cos(tilt)];
    return { matrix: [c, 0, s, s * t, u, -c * t, -s * u, t, c * u], scale: FILLED * zoom * Math.min(width, height) / 2 / (reach || 1), reach: reach || 1, half, width, height, back };
}

/** Where a point is seen: the pixel, from the left and from below, and its depth from 0, which is near, to 1.
 * @param {Look} look @param {Float32Array} data @param {number} row @param {Float64Array} into */
export function see({ matrix: m, scale, reach, width, height }, data, row, into) {
    const at = row * NUMBERS, x = data[at], y = data[at + 1], z = data[at + 2];
    into[0] = Math.floor(width / 2 + scale * (m[0] * x + m[1] * y + m[2] * z));
    into[1] = Math.floor(height / 2 + scale * (m[3] * x + m[4] * y + m[5] * z));
    into[2] = Math.max(0, Math.min(1, 0.5 - (m[6] * x + m[7] * y + m[8] * z) / reach / 2));
}

/** Draws the points: the form that the shaders have, too. @param {{data: Float32Array, count: number}} points @param {Look} look
 * @param {Uint8ClampedArray} pixels RGBA, the upper row first @param {Float32Array} depths one for each pixel */
export function rasterise({ data, count }, look, pixels, depths) {
    const { width, height, back } = look, seen = new Float64Array(3);
    pixels.set([...back, 255]);
    new Uint32Array(pixels.buffer).fill(new Uint32Array(pixels.buffer, 0, 1)[0]);
    depths.fill(1);
    for (let row = 0; row < count; row++) {
        see(look, data, row, seen);
        const colour = data[row * NUMBERS + 3], isMarked = colour < 0, packed = Math.abs(colour), half = isMarked ? 2 * look.half : look.half;
        const [x, y] = seen, depth = isMarked ? 0 : seen[2], fade = isMarked ? 0 : FADE * depth;
        const rgb = [packed >> 16, packed >> 8 & 255, packed & 255].map((one, i) => Math.round(one + fade * (back[i] - one)));
        for (let up = Math.max(0, y - half); up <= Math.min(height - 1, y + half); up++) {
            for (let right = Math.max(0, x - half); right <= Math.min(width - 1, x + half); right++) {
                const pixel = (height - 1 - up) * width + right;
                if (depth > depths[pixel]) continue;
                depths[pixel] = depth;
                pixels.set(rgb, 4 * pixel);
            }
        }
    }
}

/** The point that a person means, the foremost of those that are hit. @param {{data: Float32Array, count: number}} points @param {Look} look
 * @param {number} x @param {number} y pixels from the left and from above @returns {number} its row; -1: none */
export function hit({ data, count }, look, x, y) {
    const seen = new Float64Array(3);
    let found = -1, least = Infinity;
    for (let row = 0; row < count; row++) {
        see(look, data, row, seen);
        const far = Math.hypot(seen[0] - x, look.height - 1 - seen[1] - y);
        if (far > HIT || far + HIT * seen[2] >= least) continue;
        least = far + HIT * seen[2];
        found = row;
    }
    return found;
}
