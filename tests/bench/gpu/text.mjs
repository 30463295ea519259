/** Language models on WebGPU and on WASM: how fast they read, and write, alone and four at a time; GGUF also by native llama.cpp. */
import { Native, SLOTS, Webinfer } from '../chat/contestants.mjs';
import { textOf } from '../chat/shapes.mjs';
import { BROWSER } from './ground.mjs';

/** Tokens that are read, and that have been read before others are written. */
const READ = [128, 1024], BEFORE = [0, 1000];
/** Tokens of an answer, and of a prompt that is none to speak of. */
const ANSWER = 48, FEW = 8;

let seed = 0;
const perSecond = (tokens, ms) => (1000 * tokens) / ms;

/** The short ones first, so that a slow place has figures, too.
 * @param {any} who answers, as contestants.mjs has them @param {Record<string, any>} figures tokens per second */
async function measureSpeed(who, figures) {
    const began = performance.now();
    const one = async (tokens, answer) => (await who.complete([textOf(tokens, ++seed)], answer))[0];
    await one(FEW, 2);
    figures.load_ms = performance.now() - began;
    const write = async (before) => {
        const { first, last } = await one(Math.max(FEW, before), ANSWER);
        figures[`writes_behind_${before}`] = perSecond(ANSWER - 1, last - first);
    };
    const read = async (tokens) => {
        figures[`reads_${tokens}`] = perSecond(tokens, (await one(tokens, 1)).first);
    };
    await write(BEFORE[0]);
    await read(READ[0]);
    const several = await who.complete(Array.from({ length: SLOTS }, () => textOf(FEW, ++seed)), ANSWER);
    figures[`writes_${SLOTS}_chats`] = perSecond(SLOTS * (ANSWER - 1),
        Math.max(...several.map(({ last }) => last)) - Math.min(...several.map(({ first }) => first)));
    await read(READ[1]);
    await write(BEFORE[1]);
}

/** @param {import('./ground.mjs').Ground} ground @param {string} name of a model @param {string} what it is
 * @returns {import('./rows.mjs').Row[]} one for each platform */
export const textRows = (ground, name, what) => ['webgpu', 'wasm'].map((platform) => ({
    name: `text by ${what} ${name} on ${platform}`, most: 90, measure: async (figures) => {
        const webinfer = new Webinfer(await ground.timed(), { browser: BROWSER, platform, fallback: false });
        webinfer.model = name;
        try {
            await measureSpeed(webinfer, figures);
        } finally {
            webinfer.stop();
        }
    } }));

/** @returns {import('./rows.mjs').Row} the same model by native llama.cpp, on a GPU where its build has one */
export const nativeRow = (ground, name) => ({ name: `text by native llama.cpp, ${name}`, most: 60, measure: async (figures) => {
    const native = await new Native().start(ground.store, { gpu: 'auto' });
    try {
        figures.gpu = native.llama.gpu;
        await native.load(name);
        await measureSpeed(native, figures);
    } finally {
        await native.stop();
    }
} });
