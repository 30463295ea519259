// Digits that one voice says after each other, and when each of them begins and ends.

import { RATE, drawVoice, noises, speakWord } from '../keywords/voice.mjs';
import { digits, names } from './words.mjs';

/** @typedef {import('../digits/random.mjs').Random} Random */

/** `first` and `end` count samples. @typedef {{word: string, first: number, end: number}} Spoken */

/**
 * How it is said: `count` of words; `pause(i)` in seconds before word i, the last behind all of them;
 * noise so many dB below the words; the highest sample, in dB below the most; voice and noise of the test.
 * @typedef {{count: number, pause: (index: number) => number, noise: number, peak: number, held: boolean}} Manner
 */

/**
 * @param {Random} random @param {Manner} manner
 * @returns {{samples: Int16Array, words: Spoken[]}} mono, at RATE
 */
export function saySequence(random, { count, pause, noise, peak, held }) {
    const voice = drawVoice(random, held);
    /** @type {{first: number, sound: number[]}[]} */
    const sounds = [];
    /** @type {Spoken[]} */
    const words = [];
    let at = 0, power = 0;
    for (let i = 0; i < count; i++) {
        const word = random.pick(names), sound = speakWord(random, [...digits[word]], voice);
        at += Math.round(pause(i) * RATE);
        sounds.push({ first: at, sound });
        words.push({ word, first: at, end: at + sound.length });
        power += sound.reduce((sum, value) => sum + value * value, 0);
        at += sound.length;
    }
    const wave = new Float64Array(at + Math.round(pause(count) * RATE));
    for (const { first, sound } of sounds) wave.set(sound, first);
    const spoken = sounds.reduce((sum, { sound }) => sum + sound.length, 0);
    addNoise(random, wave, Math.sqrt(power / spoken || 0.1) * 10 ** (-noise / 20), held);
    return { samples: toPcm(wave, peak), words };
}

/** @param {Random} random @param {Float64Array} wave @param {number} level @param {boolean} held */
function addNoise(random, wave, level, held) {
    const next = noises[held ? 'test' : 'train'](random);
    for (let i = 0; i < wave.length; i++) wave[i] += level * next();
    if (!held && random.uniform() < 0.5) addKnocks(random, wave, level);
}

/** Short damped noises, a few a second; those who test have crackle. @param {Random} random
 * @param {Float64Array} wave @param {number} level */
function addKnocks(random, wave, level) {
    for (let at = 0; at < wave.length; at += Math.round(random.between(0.05, 0.8) * RATE)) {
        const length = Math.round(random.between(0.003, 0.06) * RATE), loud = level * random.between(1, 8);
        const smooth = random.between(0, 0.9);
        let value = 0;
        for (let i = 0; i < length && at + i < wave.length; i++) {
            value = smooth * value + (1 - smooth) * random.normal();
            wave[at + i] += loud * Math.exp(-5 * i / length) * value;
        }
    }
}

/** @param {Float64Array} wave @param {number} peak */
function toPcm(wave, peak) {
    const most = wave.reduce((highest, value) => Math.max(highest, Math.abs(value)), 1e-9);
    const gain = 32767 * 10 ** (-peak / 20) / most;
    return Int16Array.from(wave, (value) => Math.round(gain * value));
}
