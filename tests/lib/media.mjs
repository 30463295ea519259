/** Pictures and sounds that are computed, as files and as what is in them. */
import { png } from './picture.mjs';

/** @typedef {{width: number, height: number, rgb: Uint8Array, bytes: Buffer}} Picture `bytes`: a PNG */
/** @typedef {{rate: number, samples: Float32Array, bytes: Buffer}} Sound `bytes`: a WAV file */

/**
 * @param {number} width @param {number} height
 * @param {(x: number, y: number) => number[]} colour red, green and blue, 0–255
 * @returns {Picture}
 */
export function makePicture(width, height, colour) {
    const rgb = new Uint8Array(3 * width * height);
    for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) rgb.set(colour(x, y).map(Math.round), 3 * (y * width + x));
    return { width, height, rgb, bytes: png(width, height,
        (x, y) => rgb.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)) };
}

/** A disc on a slope of colours. */
export const disc = (side = 32) => makePicture(side, side, (x, y) =>
    Math.hypot(x - side / 2, y - side / 3) < side / 4
        ? [240, 200, 30] : [255 * x / side, 90, 255 * y / side]);

/** A WAV file of 16-bit mono PCM. @param {number} rate @param {Int16Array} values */
export function wav(rate, values) {
    const head = Buffer.alloc(44);
    head.write('RIFF', 0);
    head.writeUInt32LE(36 + values.byteLength, 4);
    head.write('WAVEfmt ', 8);
    head.writeUInt32LE(16, 16);
    head.writeUInt16LE(1, 20); // PCM
    head.writeUInt16LE(1, 22); // channels
    head.writeUInt32LE(rate, 24);
    head.writeUInt32LE(2 * rate, 28);
    head.writeUInt16LE(2, 32);
    head.writeUInt16LE(16, 34);
    head.write('data', 36);
    head.writeUInt32LE(values.byteLength, 40);
    return Buffer.concat([head, Buffer.from(values.buffer, values.byteOffset, values.byteLength)]);
}

/** A computed sound, and the samples that a reader of its file finds. @returns {Sound} */
export function makeSound(rate, seconds, wave) {
    const values = Int16Array.from({ length: Math.round(rate * seconds) }, (_, index) =>
        Math.max(-32768, Math.min(32767, Math.round(32767 * wave(index / rate)))));
    return { rate, samples: Float32Array.from(values, (value) => value / 32768), bytes: wav(rate, values) };
}

/** A tone that rises, with a beat. */
export const chirp = (rate = 16000, seconds = 0.9) => makeSound(rate, seconds, (t) =>
    0.4 * Math.sin(2 * Math.PI * (220 * t + 400 * t * t)) * (0.6 + 0.4 * Math.cos(2 * Math.PI * 3 * t)));
