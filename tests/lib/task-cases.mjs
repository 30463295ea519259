/**
 * One small request for every task, for tests and benches: the model (tests/models), what a client
 * sends, what the oracle gets, and how the two answers are compared.
 */
import assert from 'node:assert/strict';
import { chirp, disc } from './media.mjs';
import { accelerated, tolerances } from './oracle.mjs';
import { decodePng, readWav } from './read-media.mjs';

const picture = disc(), sound = chirp(), loud = chirp(48000, 0.8);
const base64 = ({ bytes }) => bytes.toString('base64');
const text = 'The red fox sees a small dog in the forest.';
const labels = ['a dog', 'a red fox', 'river'];
const messages = [{ role: 'user', content: 'Hello, world!' }];

/**
 * @typedef {object} Case
 * @property {string} model of tests/models
 * @property {string} task as nodes call it
 * @property {any} inputs what a client sends
 * @property {object} input what the oracle gets
 * @property {object} [options] of both
 * @property {object} [oracle] what only the oracle has to be told
 * @property {boolean} [first] the one that stands for its family: it is run on every kind of browser
 */

/** @type {Case[]} */
export const cases = [
    { model: 'bert', task: 'embed', inputs: [text, 'hello'], input: { texts: [text, 'hello'] }, first: true },
    { model: 'bert-cls', task: 'embed', inputs: text, input: { texts: [text] }, oracle: { pooling: 'cls' } },
    { model: 'bert-words', task: 'embed', inputs: [text, 'hello'], input: { texts: [text, 'hello'] } },
    { model: 'bert-external', task: 'embed', inputs: text, input: { texts: [text] },
        options: { pooling: 'mean', normalize: true } },
    { model: 'roberta', task: 'embed', inputs: [text, 'hello'], input: { texts: [text, 'hello'] } },
    { model: 'bert-classes', task: 'text-classification', inputs: text, input: { texts: [text] } },
    { model: 'bert-classes', task: 'text-classification', inputs: { pairs: [[text, 'a good dog']] },
        input: { pairs: [[text, 'a good dog']] } },
    { model: 'bert-pairs', task: 'rerank', inputs: { query: 'fox', documents: [text, 'a bad river'] },
        input: { query: 'fox', documents: [text, 'a bad river'] } },
    { model: 'bert-nli', task: 'zero-shot-classification', inputs: { text, labels },
        input: { texts: [text], labels } },
    { model: 'bert-tags', task: 'token-classification', inputs: text, input: { texts: [text] } },
    { model: 'bert-mask', task: 'fill-mask', inputs: 'the [MASK] sees a dog',
        input: { texts: ['the [MASK] sees a dog'] } },
    { model: 'bert-qa', task: 'question-answering', inputs: { question: 'who sees?', context: text },
        input: { question: 'who sees?', context: text } },
    { model: 'gpt2', task: 'complete', inputs: 'the fox', input: { prompt: 'the fox' }, first: true },
    { model: 'gpt2', task: 'chat', inputs: { messages }, input: { messages } },
    { model: 'bart', task: 'text2text-generation', inputs: 'the fox', input: { prompt: 'the fox' },
        first: true },
    { model: 'vit', task: 'image-classification', inputs: { image: base64(picture) }, input: { picture },
        first: true },
    { model: 'vit-features', task: 'image-feature-extraction', inputs: { image: base64(picture) },
        input: { picture } },
    { model: 'detr', task: 'object-detection', inputs: { image: base64(picture) }, input: { picture },
        options: { threshold: 0.5 } },
    { model: 'detr-panoptic', task: 'image-segmentation', inputs: { image: base64(picture) },
        input: { picture }, options: { threshold: 0.2 } },
    { model: 'rt-detr', task: 'object-detection', inputs: { image: base64(picture) }, input: { picture },
        options: { threshold: 0.6 } },
    { model: 'maskformer', task: 'image-segmentation', inputs: { image: base64(picture) },
        input: { picture }, options: { threshold: 0.2 } },
    { model: 'segformer', task: 'image-segmentation', inputs: { image: base64(picture) },
        input: { picture }, first: true },
    { model: 'depth', task: 'depth-estimation', inputs: { image: base64(picture) }, input: { picture } },
    { model: 'clip', task: 'zero-shot-image-classification', inputs: { image: base64(picture), labels },
        input: { picture, labels }, first: true },
    { model: 'siglip', task: 'zero-shot-image-classification', inputs: { image: base64(picture), labels },
        input: { picture, labels } },
    { model: 'vit-gpt2', task: 'image-to-text', inputs: { image: base64(picture) }, input: { picture } },
    { model: 'donut', task: 'document-question-answering',
        inputs: { image: base64(picture), question: 'What is it?' },
        input: { picture, question: 'What is it?' } },
    { model: 'llava', task: 'visual-question-answering',
        inputs: { image: base64(picture), question: 'What is it?' },
        input: { picture, question: 'What is it?' }, options: { max_tokens: 12 } },
    { model: 'wav2vec2', task: 'automatic-speech-recognition', inputs: { audio: base64(sound) },
        input: { sound }, first: true },
    { model: 'whisper', task: 'automatic-speech-recognition', inputs: { audio: base64(sound) },
        input: { sound }, options: { timestamps: 'segment' }, first: true },
    { model: 'ast', task: 'audio-classification', inputs: { audio: base64(sound) }, input: { sound } },
    { model: 'clap', task: 'zero-shot-audio-classification', inputs: { audio: base64(loud), labels },
        input: { sound: loud, labels } },
    { model: 'vits', task: 'text-to-speech', inputs: 'Hello world.', input: { text: 'Hello world.' } },
];

export const generating =
    ['complete', 'chat', 'text2text-generation', 'image-to-text', 'visual-question-answering'];
const greedy = { temperature: 0, max_tokens: 24 };

/** The options that a client sends. */
export const optionsOf = ({ task, options }) =>
    ({ ...(generating.includes(task) && greedy), ...options });

export const nameOf = ({ model, task }) => `${task} by ${model}`;

/** What is the same in two texts that differ in how tokens were put together again. */
const plain = (words) => words.toLowerCase().replace(/[\s#]+/g, '');

/** How much of an answer is compared, where not all of it is meant to be equal. */
const views = {
    'fill-mask': ({ fills }) => fills.map(({ token, token_text, probability }) =>
        ({ token, token_text, probability })),
    'question-answering': ({ answers }) => answers.map(({ answer, score }) =>
        ({ answer: plain(answer), score })),
    'token-classification': ({ entities }) => entities.map(({ entity, score, word }) =>
        ({ entity, score, word: plain(word) })),
};

/**
 * Fails unless numbers are within `tolerance`, and all that `wanted` has is in `got`.
 * @param {any} got @param {any} wanted @param {number} tolerance @param {string} at
 */
function assertClose(got, wanted, tolerance, at = 'result') {
    if (typeof wanted === 'number') {
        const whole = Number.isInteger(wanted) && Math.abs(wanted) > 1; // a pixel, a token
        const far = Math.abs(got - wanted);
        assert.ok(far <= (whole ? 1 : tolerance * Math.max(1, Math.abs(wanted))),
            `${at}: ${got} is ${far} from ${wanted}`);
    } else if (Array.isArray(wanted)) {
        assert.equal(got?.length, wanted.length, `${at}: ${JSON.stringify(got)?.slice(0, 500)}`);
        wanted.forEach((one, index) => assertClose(got[index], one, tolerance, `${at}[${index}]`));
    } else if (wanted && typeof wanted === 'object') {
        for (const [key, value] of Object.entries(wanted).filter(([, one]) => one !== null))
            assertClose(got?.[key], value, tolerance, `${at}.${key}`);
    } else {
        assert.equal(got, wanted, at);
    }
}

/** Numbers that belong together: each by so much of the largest, as the guard compares them. */
function assertNear(got, wanted, tolerance, at) {
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert.equal(got.length, wanted.length, at);
    wanted.forEach((value, index) => assert.ok(Math.abs(got[index] - value) <= tolerance * largest,
        `${at}[${index}]: ${got[index]} is not ${value}, and the largest is ${largest}`));
}

/** Pictures of one grey: masks have to agree in nearly all pixels, depths within two steps. */
function assertPicture(bytes, { width, height, grey }, at) {
    const made = decodePng(bytes);
    assert.deepEqual([made.width, made.height], [width, height], at);
    const off = grey.reduce((count, value, index) => count + (Math.abs(made.pixels[index] - value) > 2), 0);
    assert.ok(off <= 0.005 * grey.length, `${at}: ${off} of ${grey.length} pixels differ`);
}

function assertSound(bytes, samples, rate, tolerance) {
    const made = readWav(bytes);
    assert.deepEqual([made.rate, made.samples.length], [rate, samples.length]);
    const far = samples.reduce((most, value, index) => Math.max(most,
        Math.abs(made.samples[index] - Math.max(-1, Math.min(1, value)))), 0);
    assert.ok(far <= tolerance + 2 / 32768, `the sound is ${far} from the oracle's`);
}

/** By so many nats a token has to be ahead of all others to be the same in other arithmetic. */
const CERTAIN = 0.5;

/**
 * Whether a text is another one from some token on, as it may be where two tokens are nearly as probable.
 * @param {{result: {text: string}}} answer @param {{margin: number, text: string}[]} steps of the oracle
 */
function partsWays({ result: { text } }, steps) {
    if (text === steps.at(-1).text) return false;
    const step = steps.find(({ text: begins }) => !text.startsWith(begins)) ?? steps.at(-1);
    assert.ok(step.margin < CERTAIN,
        `"${text}" is not "${step.text}", whose last token is ${step.margin} nats ahead of others`);
    return true;
}

/**
 * @param {{result: any, outputs: {name: string, shape: number[], values: number[]}[]}} answer
 * @param {Awaited<ReturnType<import('./oracle.mjs').Oracle['answer']>>} wanted
 */
function assertAnswer({ task }, answer, wanted, tolerance) {
    const tensor = (name) => {
        const found = answer.outputs.find((one) => one.name === name);
        assert.ok(found, `no tensor ${name}, but ${answer.outputs.map((one) => one.name)}`);
        return found;
    };
    const view = views[task] ?? ((result) => result);
    if (wanted.result) assertClose(view(answer.result), view(wanted.result), tolerance);
    if (wanted.result?.tokens) assert.deepEqual(answer.result.tokens, wanted.result.tokens);
    for (const [name, { shape, values }] of Object.entries(wanted.tensors ?? {})) {
        assert.deepEqual(tensor(name).shape, shape, name);
        assertNear(tensor(name).values, values, tolerance, name);
    }
    for (const [index, mask] of (wanted.masks ?? []).entries()) {
        const name = task === 'depth-estimation' ? 'depth' : `mask_${index}`;
        assertPicture(Buffer.from(tensor(name).values), mask, name);
    }
    if (wanted.samples) {
        const file = Buffer.from(tensor('audio').values);
        assertSound(file, wanted.samples, wanted.result.sampling_rate, tolerance);
    }
}

/**
 * Asks the daemon and the oracle, which computes with the weights that the daemon says it had.
 * @param {import('./daemon.mjs').Daemon} daemon @param {import('./oracle.mjs').Oracle} oracle
 * @param {Case} one @param {object} where of the request: platform, browser …
 * @param {number} [most] tokens, where fewer than usual are enough
 * @param {string} [computedOn] the platform that computes it, if another one
 * @returns {Promise<any>} the answer
 */
export async function assertServed(daemon, oracle, one, where, most, computedOn = where.platform) {
    const options = { ...optionsOf(one),
        ...(most && generating.includes(one.task) && { max_tokens: most }) };
    const answer = await daemon.answer({ model_name: one.model, task: one.task, fallback: false, ...where,
        inputs: one.inputs, options });
    const { platform, quantization, precision } = answer.executed_on;
    assert.equal(platform, computedOn);
    const dtype = quantization ?? precision;
    const wanted = await oracle.answer(one.model, one.task, one.input, { ...options, ...one.oracle }, dtype);
    const allowed = platform === 'wasm' ? tolerances : accelerated;
    const isSame = platform === 'wasm' && dtype === 'fp32';
    if (!isSame && wanted.steps && partsWays(answer, wanted.steps)) return answer;
    assertAnswer(one, answer, wanted, allowed[dtype] ?? allowed.fp32);
    return answer;
}
