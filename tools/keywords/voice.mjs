// Speech-like sounds: a buzz or noise through resonators, as in the source-filter model of speech
// (https://en.wikipedia.org/wiki/Source–filter_model). Seeded; the same on every machine.

import { others, words } from './words.mjs';

/** @typedef {import('./words.mjs').Part} Part */
/** @typedef {import('../digits/random.mjs').Random} Random */

export const RATE = 16000;
export const SAMPLES = RATE; // one second
export const NOTHING = 'nothing';
export const names = [...Object.keys(words), NOTHING];

/**
 * Who speaks: pitch in Hz, how short the vocal tract is (formants are multiplied by it), and tempo.
 * Nobody who trains has a tract between 0.96 and 1.04 or a pitch between 140 and 175 Hz; everybody
 * who tests has both.
 * @typedef {{ pitch: number, tract: number, tempo: number, breath: number, glide: number }} Voice
 */

/** @param {Random} random @param {boolean} held @returns {Voice} */
export function drawVoice(random, held) {
    const low = random.uniform() < 0.5;
    const pitch = low ? [85, 140] : [175, 260], tract = low ? [0.86, 0.96] : [1.04, 1.18];
    return {
        pitch: held ? random.between(140, 175) : random.between(pitch[0], pitch[1]),
        tract: held ? random.between(0.96, 1.04) : random.between(tract[0], tract[1]),
        tempo: random.between(0.8, 1.35),
        breath: random.between(0.01, 0.06),
        glide: random.between(-0.25, 0.15),
    };
}

/** A two-pole resonator with a gain of about 1 at its centre. */
function makeResonator() {
    let first = 0, second = 0;
    return (/** @type {number} */ input, /** @type {number} */ centre, /** @type {number} */ width) => {
        const radius = Math.exp(-Math.PI * width / RATE);
        const output = (1 - radius) * input + 2 * radius * Math.cos(2 * Math.PI * centre / RATE) * first -
            radius * radius * second;
        [second, first] = [first, output];
        return output;
    };
}

/**
 * One part of a word.
 * @param {Random} random @param {Part} part @param {Voice} voice
 * @param {{phase: number}} state of the buzz, which goes on from part to part
 * @returns {number[]}
 */
function speakPart(random, part, voice, state) {
    const length = Math.round(part.ms / voice.tempo * RATE / 1000 * random.between(0.85, 1.15));
    const loud = part.loud * random.between(0.75, 1.25);
    if (part.kind === 'tone')
        return speakTone(random, part, voice, state, length, loud);
    const filter = makeResonator(), centre = part.centre * voice.tract * random.between(0.93, 1.07);
    const noise = Array.from({ length }, (_, i) => {
        const done = (i + 1) / (length + 1);
        const fade = part.kind === 'burst' ? Math.exp(-4 * done) : Math.sin(Math.PI * done);
        return 4 * loud * Math.min(1, 2 * fade) * filter(random.normal(), Math.min(centre, 7500), part.width);
    });
    const silence = part.kind === 'burst' ? part.silence / voice.tempo * RATE / 1000 : 0;
    return [...new Array(Math.round(silence)).fill(0), ...noise];
}

/**
 * @param {Random} random @param {Extract<Part, {kind: 'tone'}>} part @param {Voice} voice
 * @param {{phase: number}} state @param {number} length @param {number} loud
 */
function speakTone(random, part, voice, state, length, loud) {
    const filters = part.from.map(makeResonator), mumble = part.from.map(() => random.between(0.94, 1.06));
    const strength = [1, 0.6, 0.35];
    return Array.from({ length }, (_, i) => {
        const done = i / length, edge = Math.min(1, i / 160, (length - i) / 160);
        state.phase += voice.pitch * (1 + voice.glide * done) / RATE;
        const beat = state.phase >= 1 ? 12 : 0;
        state.phase %= 1;
        const source = beat + voice.breath * 10 * random.normal();
        return loud * edge * filters.reduce((sum, filter, index) => {
            const centre = (part.from[index] * (1 - done) + part.to[index] * done) * voice.tract;
            return sum + strength[index] * filter(source, centre * mumble[index], 60 + 40 * index);
        }, 0);
    });
}

/**
 * One word.
 * @param {Random} random @param {Part[]} parts @param {Voice} voice
 */
export function speakWord(random, parts, voice) {
    const state = { phase: 0 };
    return parts.flatMap((part) => speakPart(random, part, voice, state));
}

/** What is heard besides: [how it is trained with, how it is tested with]. */
export const noises = {
    /** @param {Random} random */
    train(random) {
        const filter = makeResonator(), centre = random.between(100, 3000), width = random.between(300, 3000);
        return () => 2 * filter(random.normal(), centre, width) + 0.3 * random.normal();
    },
    /** A mains hum with overtones, and crackle. @param {Random} random */
    test(random) {
        const step = 2 * Math.PI * random.between(48, 62) / RATE;
        let angle = 0;
        return () => {
            angle += step;
            const hum = Math.sin(angle) + 0.5 * Math.sin(3 * angle);
            return 0.8 * hum + (random.uniform() < 0.002 ? 4 : 0.15) * random.normal();
        };
    },
};

/** @param {Random} random @param {string} name @returns {Part[]} */
function partsOf(random, name) {
    if (name !== NOTHING) return words[name];
    const count = Math.floor(random.between(0, 4));
    return Array.from({ length: count }, () => random.pick(others));
}

/**
 * One second in which a keyword is said, or none.
 * @param {Random} random @param {string} name one of `names` @param {boolean} held for the test
 * @returns {Int16Array}
 */
export function say(random, name, held) {
    const voice = drawVoice(random, held);
    const speech = speakWord(random, partsOf(random, name), voice).slice(0, SAMPLES - 800);
    const start = Math.floor(random.between(200, SAMPLES - speech.length - 200));
    const power = speech.reduce((sum, value) => sum + value * value, 0) / (speech.length || 1);
    const level = (Math.sqrt(power) || 0.3) * 10 ** (-random.between(8, 30) / 20);
    const noise = noises[held ? 'test' : 'train'](random);
    const mixed = Float64Array.from({ length: SAMPLES },
        (_, i) => (speech[i - start] ?? 0) + level * noise());
    const peak = mixed.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    const gain = 32767 * random.between(0.15, 0.9) / peak;
    return Int16Array.from(mixed, (value) => Math.round(gain * value));
}
