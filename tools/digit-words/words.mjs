// How the ten digits sound, as rows of the parts of which the keywords are made.

import { burst, hiss, s, t, tone } from '../keywords/words.mjs';

/** @typedef {import('../keywords/words.mjs').Part} Part */

const f = hiss(3800, 3000, 110, 0.14), th = hiss(4600, 3500, 90, 0.09), k = burst(1800, 1000, 60, 0.45);

/** In the order of their values. @type {Readonly<Record<string, readonly Part[]>>} */
export const digits = Object.freeze({
    zero: [hiss(5000, 1500, 80, 0.2), tone('ih', 'r', 120), tone('r', 'o', 90, 0.8), tone('o', 'u', 170)],
    one: [tone('w', 'uh', 130, 0.8), tone('uh', 'uh', 100), tone('n', 'n', 120, 0.5)],
    two: [t, tone('y', 'u', 60, 0.7), tone('u', 'u', 200)],
    three: [th, tone('r', 'i', 90, 0.7), tone('i', 'i', 200)],
    four: [f, tone('o', 'o', 140), tone('o', 'r', 160, 0.8)],
    five: [f, tone('a', 'a', 90), tone('a', 'ih', 150), tone('v', 'v', 80, 0.4)],
    six: [s(150), tone('ih', 'ih', 100), k, s(140)],
    seven: [s(140), tone('e', 'e', 110), tone('v', 'v', 60, 0.4), tone('uh', 'uh', 80, 0.8),
        tone('n', 'n', 110, 0.5)],
    eight: [tone('e', 'i', 210), t],
    nine: [tone('n', 'n', 90, 0.5), tone('a', 'a', 90), tone('a', 'ih', 150), tone('n', 'n', 120, 0.5)],
});

export const names = Object.keys(digits);
