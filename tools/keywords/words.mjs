// How the keywords sound: each a row of parts. Formants are in Hz, of an average adult's vowels and
// consonants, rounded from the textbooks' tables; lengths are in milliseconds of slow speech.

/**
 * A part: a `tone` goes from one set of formants to another; a `hiss` is noise about a centre; a
 * `burst` is silence and then a click of noise. `loud` is relative to a vowel.
 * @typedef {{kind: 'tone', from: number[], to: number[], ms: number, loud: number}
 *   | {kind: 'hiss', centre: number, width: number, ms: number, loud: number}
 *   | {kind: 'burst', centre: number, width: number, ms: number, silence: number, loud: number}} Part
 */

const formants = {
    i: [280, 2250, 2900], e: [530, 1840, 2480], a: [740, 1180, 2480], u: [320, 900, 2250],
    uh: [640, 1190, 2390], o: [480, 880, 2400], ah: [620, 950, 2450],
    y: [270, 2200, 3000], l: [360, 1150, 2650], r: [330, 1080, 1500], n: [260, 1500, 2500],
    ih: [390, 1990, 2550], w: [290, 650, 2200], v: [240, 1150, 2150],
};

/** @typedef {keyof typeof formants} Vowel */
/** @param {Vowel} from @param {Vowel} to @param {number} ms @returns {Part} */
export const tone = (from, to, ms, loud = 1) =>
    ({ kind: 'tone', from: formants[from], to: formants[to], ms, loud });

/** @param {number} centre @param {number} width @param {number} ms @param {number} loud @returns {Part} */
export const hiss = (centre, width, ms, loud) => ({ kind: 'hiss', centre, width, ms, loud });

/**
 * @param {number} centre @param {number} width @param {number} silence @param {number} loud
 * @returns {Part}
 */
export const burst = (centre, width, silence, loud) =>
    ({ kind: 'burst', centre, width, ms: 25, silence, loud });

export const s = (/** @type {number} */ ms) => hiss(5600, 1800, ms, 0.35);
export const t = burst(4200, 1800, 55, 0.5);
const p = burst(900, 900, 65, 0.4);
const d = burst(3600, 1500, 15, 0.5), g = burst(2000, 900, 15, 0.5);

/** @type {Record<string, Part[]>} */
export const words = {
    yes: [tone('y', 'e', 90, 0.7), tone('e', 'e', 130), s(190)],
    no: [tone('n', 'n', 90, 0.5), tone('o', 'u', 270)],
    up: [tone('uh', 'uh', 170), p],
    down: [d, tone('a', 'u', 240), tone('n', 'n', 120, 0.5)],
    left: [tone('l', 'e', 90, 0.7), tone('e', 'e', 110), hiss(3800, 3000, 90, 0.12), t],
    right: [tone('r', 'a', 100, 0.7), tone('a', 'i', 210), t],
    stop: [s(140), t, tone('ah', 'ah', 170), p],
    go: [g, tone('o', 'u', 290)],
};

/** Parts of which what is no keyword is put together. @type {Part[]} */
export const others = [
    tone('i', 'i', 160), tone('a', 'a', 170), tone('u', 'u', 160), tone('n', 'n', 100, 0.5),
    tone('i', 'a', 200), tone('u', 'i', 200), tone('l', 'l', 80, 0.6), hiss(2600, 800, 150, 0.3),
    hiss(3800, 3000, 120, 0.12), p, t,
];
