// One labelled picture: a digit of some face in some pose, ink on paper (or light on dark), spoilt
// by one kind of noise, and rounded to 8 bits as a picture file would be.

import { randomPose, renderDigit } from './render.mjs';

/**
 * @typedef {{ digit: number, face: string, noise: string, pixels: Uint8Array }} Sample
 */

/**
 * @param {import('./random.mjs').Random} random
 * @param {import('./fonts.mjs').Face[]} faces
 * @param {[string, import('./noise.mjs').Noise][]} noises
 * @param {number} [digit]
 * @returns {Sample}
 */
export function makeSample(random, faces, noises, digit = Math.floor(random.uniform() * 10)) {
    const face = random.pick(faces);
    const picture = renderDigit(face, digit, randomPose(random));
    const contrast = random.between(0.45, 1);
    const darkest = random.between(0, 1 - contrast);
    const darkInk = random.uniform() < 0.7;
    for (let i = 0; i < picture.length; i++)
        picture[i] = darkest + contrast * (darkInk ? 1 - picture[i] : picture[i]);
    const [noise, spoil] = random.pick(noises);
    spoil(picture, random);
    const pixels = Uint8Array.from(picture, (v) => Math.round(255 * Math.min(1, Math.max(0, v))));
    return { digit, face: face.name, noise, pixels };
}

/** What the network sees; the same arithmetic as `picture` in model.json. @param {Uint8Array} pixels */
export function normalise(pixels) {
    return Float64Array.from(pixels, (pixel) => (pixel / 255 - 0.5) / 0.5);
}
