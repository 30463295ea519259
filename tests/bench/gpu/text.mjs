/** Language models on WebGPU and on WASM: how fast they read, and write, alone and four at a time; GGUF also by native llama.cpp. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { root } from '../../lib/paths.mjs';
import { SLOTS, Webinfer } from '../chat/contestants.mjs';
import { textOf } from '../chat/shapes.mjs';
import { BROWSER } from './ground.mjs';

/** Tokens that are read, and that have been read before others are written. */
const READ = [128, 1024], BEFORE = [0, 1000];
/** Tokens of an answer, and of a prompt that is none to speak of. */
const ANSWER = 48, FEW = 8;
/** So many long prompts show which size of a step is the fastest; tried where tokens are read at least so fast. */
const PROMPTS = 5, FAST = 1000;

let seed = 0;
const perSecond = (tokens, ms) => (1000 * tokens) / ms;

/** The short ones first, so that a slow place has figures, too.
 * @param {any} who answers, as contestants.mjs has them @param {string} name of the model
 * @param {(name: string, value: number) => void} tell of figures: tokens per second */
export async function measureSpeed(who, name, tell) {
    const began = performance.now();
    const one = async (tokens, answer) => (await who.complete([textOf(tokens, ++seed)], answer))[0];
    await who.load(name);
    tell('load_ms', performance.now() - began);
    const write = async (before) => {
        const { first, last } = await one(Math.max(FEW, before), ANSWER);
        tell(`writes_behind_${before}`, perSecond(ANSWER - 1, last - first));
    };
    const speedOf = async (tokens) => perSecond(tokens, (await one(tokens, 1)).first);
    const read = async (tokens) => {
        const speed = await speedOf(tokens);
        tell(`reads_${tokens}`, speed);
        return speed;
    };
    await write(BEFORE[0]);
    await read(READ[0]);
    const several = await who.complete(Array.from({ length: SLOTS }, () => textOf(FEW, ++seed)), ANSWER);
    tell(`writes_${SLOTS}_chats`, perSecond(SLOTS * (ANSWER - 1),
        Math.max(...several.map(({ last }) => last)) - Math.min(...several.map(({ first }) => first))));
    const speed = await read(READ[1]);
    await write(BEFORE[1]);
    if (speed < FAST) return;
    for (let i = 0; i < PROMPTS; i++) await speedOf(READ[1]);
    tell(`reads_${READ[1]}_later`, await speedOf(READ[1]));
}

/** @param {import('./ground.mjs').Ground} ground @param {string} name of a model @param {string} what it is
 * @returns {import('./rows.mjs').Row[]} one for each platform */
export const textRows = (ground, name, what) => ['webgpu', 'wasm'].map((platform) => ({
    name: `text by ${what} ${name} on ${platform}`, most: 90, measure: async (figures) => {
        const webinfer = new Webinfer(await ground.timed(), { browser: BROWSER, platform, fallback: false });
        try {
            await measureSpeed(webinfer, name, (figure, value) => { figures[figure] = value; });
        } finally {
            webinfer.stop();
        }
    } }));

/** The same model by native llama.cpp, on a GPU where its build has one: in a process of its own, which may crash, and ends
 * with the row. @returns {import('./rows.mjs').Row} */
export const nativeRow = (ground, name) => ({ name: `text by native llama.cpp, ${name}`, most: 60, measure: (figures, over) =>
    new Promise((resolve, reject) => {
        let why;
        const child = fork(path.join(root, 'tests/bench/gpu/native.mjs'), [ground.store, name], { signal: over, killSignal: 'SIGKILL' });
        child.on('message', ({ failed, ...more }) => {
            why = failed;
            Object.assign(figures, more);
        });
        child.on('error', reject);
        child.on('exit', (status, signal) => (status === 0 ? resolve() : reject(new Error(why ?? `it ended with ${signal ?? `status ${status}`}`))));
    }) });
