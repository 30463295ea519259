/** Language models on WebGPU and on WASM: how fast they read, and write, alone and four at a time; GGUF also by native llama.cpp. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { root } from '../../lib/paths.mjs';
import { SLOTS, Webinfer } from '../chat/contestants.mjs';
import { textOf } from '../chat/shapes.mjs';

/** Tokens that are read, and that have been read before others are written. */
const READ = [128, 1024], BEFORE = [0, 1000];
/** Tokens of an answer, and of a prompt that is none to speak of. */
const ANSWER = 48, FEW = 8;
/** So many long prompts show which size of a step is the fastest; tried where tokens are read at least so fast. */
const PROMPTS = 5, FAST = 1000;
/** Tokens of a prompt and of an answer whose log probabilities are compared; a place that reads so slowly gets no long prompts for that. */
const LOOKED_AT = 16, SLOW = 200;

let seed = 0;
const perSecond = (tokens, ms) => (1000 * tokens) / ms;

/** How fast a model reads, and writes behind so many tokens, in tokens per second. @param {any} who answers, as contestants.mjs has them */
function speedsOf(who) {
    const one = async (tokens, answer) => (await who.complete([textOf(tokens, ++seed)], answer))[0];
    return {
        reads: async (tokens) => perSecond(tokens, (await one(tokens, 1)).first),
        writes: async (before) => {
            const { first, last } = await one(Math.max(FEW, before), ANSWER);
            return perSecond(ANSWER - 1, last - first);
        },
    };
}

/** The short ones first, so that a slow place has figures, too.
 * @param {any} who answers, as contestants.mjs has them @param {string} name of the model
 * @param {(name: string, value: number) => void} tell of figures: tokens per second */
export async function measureSpeed(who, name, tell) {
    const began = performance.now(), { reads, writes } = speedsOf(who);
    await who.load(name);
    tell('load_ms', performance.now() - began);
    tell(`writes_behind_${BEFORE[0]}`, await writes(BEFORE[0]));
    tell(`reads_${READ[0]}`, await reads(READ[0]));
    const several = await who.complete(Array.from({ length: SLOTS }, () => textOf(FEW, ++seed)), ANSWER);
    tell(`writes_${SLOTS}_chats`, perSecond(SLOTS * (ANSWER - 1),
        Math.max(...several.map(({ last }) => last)) - Math.min(...several.map(({ first }) => first))));
    const speed = await reads(READ[1]);
    tell(`reads_${READ[1]}`, speed);
    tell(`writes_behind_${BEFORE[1]}`, await writes(BEFORE[1]));
    if (speed < FAST) return;
    for (let i = 0; i < PROMPTS; i++) await reads(READ[1]);
    tell(`reads_${READ[1]}_later`, await reads(READ[1]));
}

/** @param {import('./ground.mjs').Ground} ground @param {string} name of a model @param {string} what it is
 * @returns {import('./rows.mjs').Row[]} one for each platform */
export const textRows = (ground, name, what) => ['webgpu', 'wasm'].map((platform) => ({
    name: `text by ${what} ${name} on ${platform}`, most: 90, measure: async (figures) => {
        const webinfer = new Webinfer(await ground.timed(), { browser: ground.browser, platform, fallback: false });
        try {
            await measureSpeed(webinfer, name, (figure, value) => { figures[figure] = value; });
        } finally {
            webinfer.stop();
        }
    } }));

/** A model's log probabilities of an answer, and their tokens. */
async function likelihoodsOf(daemon, head) {
    const { status, json, text } = await daemon.infer({ ...head, inputs: textOf(LOOKED_AT, 0), options: { temperature: 0, max_tokens: LOOKED_AT, logprobs: true } });
    if (status !== 200) throw new Error(text);
    return json.result.logprobs;
}

/** A GGUF model without flash attention and with it: where attention has much to do, and how far the answers are apart.
 * @returns {import('./rows.mjs').Row} */
export const flashRow = (ground, name) => ({ name: `flash attention, GGUF ${name}`, most: 60, measure: async (figures) => {
    const daemon = await ground.timed(), where = { browser: ground.browser, platform: 'webgpu', fallback: false }, said = [];
    try {
        for (const flash of ['no', 'yes']) {
            await daemon.reload({ models: { flash_attention: flash } });
            await daemon.post(`/v1/models/${name}/unload`, {});
            const webinfer = new Webinfer(daemon, where), { reads, writes } = speedsOf(webinfer), told = figures[flash] = {};
            try {
                await webinfer.load(name);
                said.push(await likelihoodsOf(daemon, { model_name: name, ...where }));
                told[`reads_${READ[0]}`] = await reads(READ[0]);
                if (told[`reads_${READ[0]}`] < SLOW) continue;
                told[`reads_${READ[1]}`] = await reads(READ[1]);
                told[`writes_behind_${BEFORE[1]}`] = await writes(BEFORE[1]);
            } finally {
                webinfer.stop();
            }
        }
        const [usual, flash] = said;
        figures.same_tokens = usual.every(({ token }, at) => token === flash[at]?.token);
        figures.off_by_nats = Math.max(...usual.map(({ logprob }, at) => Math.abs(logprob - (flash[at]?.logprob ?? NaN))));
    } finally {
        await daemon.reload({ models: { flash_attention: 'no' } });
    }
} });

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
