/**
 * What a task's answer should be: the same files under transformers.js in Node, on native onnxruntime,
 * with its own pipelines and its own decode loop. Answers have the shape of ours.
 *
 * Pictures have to be of the model's own size: Node and browsers resize differently.
 */
import fs from 'node:fs';
import { register } from 'node:module';
import path from 'node:path';
import { methodName, resample } from '../../page/src/pipeline/image/resample.js';
import { root } from './paths.mjs';

register('./oracle-hook.mjs', import.meta.url);
const library = await import('@huggingface/transformers');
const { env, LogLevel, RawImage, Tensor } = library;
env.allowRemoteModels = false;
env.logLevel = LogLevel.NONE;

/**
 * How far numbers may be from the oracle's on WASM, by the weights' type. Both are the same graph in 32-bit
 * arithmetic, summed in another order.
 */
export const tolerances = { fp32: 1e-4, fp16: 1e-2, q8: 3e-2, q4: 1e-3 };

/** The same on accelerators, which round products more coarsely: the guard's table. */
export const accelerated = Object.fromEntries(
    [...fs.readFileSync(path.join(root, 'src/terms/tensor/compare.c'), 'utf8')
        .matchAll(/^ {4}\{"(\w+)", ([\d.e-]+), [01]\},$/gm)].map(([, name, most]) => [name, Number(most)]));

const probabilities = (list) => ({ labels: [list].flat()
    .map(({ label, score }) => ({ label, probability: score }))
    .sort((a, b) => b.probability - a.probability) });
const several = (texts, answers) => answers.length > 1 ? { results: answers } : answers[0];
const floats = ({ dims, data }) => ({ shape: dims, values: Array.from(data) });

/** @param {import('./media.mjs').Picture} picture */
const image = ({ width, height, rgb }) => new RawImage(new Uint8ClampedArray(rgb), width, height, 3);

/** Every text alone, so that padding of a batch has no say. */
const eachText = (convert) => async (pipe, { texts }, options) => {
    const answers = [];
    for (const text of texts) answers.push(convert(await pipe(text, options)));
    return { result: several(texts, answers) };
};

async function embed(pipe, { texts }, { pooling = 'mean', normalize = true }) {
    const made = await pipe(texts, { pooling, normalize });
    return { tensors: { embeddings: floats(made) } };
}

async function rerank({ tokenizer, model }, { query, documents }) {
    const scores = [];
    for (const document of documents) {
        const { logits } = await model(tokenizer(query, { text_pair: document }));
        scores.push(1 / (1 + Math.exp(-logits.data[0])));
    }
    return { result: { scores } };
}

async function classifyPairs({ tokenizer, model }, { pairs }) {
    const answers = [];
    for (const [text, pair] of pairs) {
        const { logits } = await model(tokenizer(text, { text_pair: pair }));
        const shares = library.softmax(logits.data);
        answers.push(probabilities([...shares].map((score, index) =>
            ({ score, label: model.config.id2label[index] }))));
    }
    return { result: several(pairs, answers) };
}

const entities = (list) => ({ entities: list.map(({ entity, score, word }) => ({ entity, score, word })) });
const fills = (list) => ({ fills: list.map(({ token, token_str, score, sequence }) =>
    ({ token, token_text: token_str, probability: score, text: sequence })) });

async function answerQuestion(pipe, { question, context }) {
    const { answer, score } = await pipe(question, context);
    return { result: { answers: [{ answer, score }] } };
}

const zeroShot = async (pipe, { texts, labels }, { multi_label, hypothesis_template } = {}) => {
    const { labels: names, scores } = await pipe(texts[0], labels,
        { multi_label, ...(hypothesis_template && { hypothesis_template }) });
    return { result: probabilities(names.map((label, index) => ({ label, score: scores[index] }))) };
};

/** The best of these, and by how many nats it is ahead of the next. @param {Iterable<number>} logits */
function bestOf(logits) {
    const [best, next] = Array.from(logits, (logit, token) => ({ logit, token })).sort((a, b) => b.logit - a.logit);
    return { token: best.token, margin: best.logit - next.logit };
}

/** Sees what greedy decoding sees at each step, when all other processors have had their say. */
class Watcher extends library.LogitsProcessorList {
    /** `margin`: nats from the best token to the next. @type {{token: number, margin: number}[]} */
    steps = [];

    * [Symbol.iterator]() {
        yield* this.processors;
        yield (/** @type {any} */ _, /** @type {any} */ logits) => {
            this.steps.push(bestOf(logits.data));
            return logits;
        };
    }

    /** Each step's margin, and the text up to it. @param {any} tokenizer */
    told(tokenizer) {
        /** @type {number[]} */
        const said = [];
        return this.steps.map(({ token, margin }) => {
            if (!(token >= tokenizer.timestamp_begin)) said.push(token); // marks of time are no text
            const text = said.length > 0 ? tokenizer.decode(said, { skip_special_tokens: true }) : '';
            return { margin, text };
        });
    }
}

/** Greedy tokens of the model's own generate, and their text. */
async function generated({ tokenizer, model }, inputs, { max_tokens = 24 } = {}, skip = 0) {
    const watcher = new Watcher();
    const sequence = await model.generate({ ...inputs, max_new_tokens: max_tokens, do_sample: false,
        logits_processor: watcher });
    const ids = sequence.tolist()[0].map(Number).slice(skip);
    const end = [model.generation_config?.eos_token_id ?? model.config.eos_token_id].flat();
    const tokens = end.includes(ids.at(-1)) ? ids.slice(0, -1) : ids;
    return { result: { text: tokenizer.decode(tokens, { skip_special_tokens: true }), tokens },
        steps: watcher.told(tokenizer) };
}

async function complete(pipe, { prompt }, options) {
    const inputs = pipe.tokenizer(prompt);
    return generated(pipe, inputs, options, inputs.input_ids.dims[1]);
}

async function chat(pipe, { messages }, options) {
    const inputs = pipe.tokenizer.apply_chat_template(messages,
        { add_generation_prompt: true, return_dict: true });
    return generated(pipe, inputs, options, inputs.input_ids.dims[1]);
}

/** The first token only starts the decoder. */
const rewrite = (pipe, { prompt }, options) => generated(pipe, pipe.tokenizer(prompt), options, 1);

async function describe(pipe, { picture }, options) {
    const { pixel_values } = await pipe.processor([image(picture)]);
    return generated(pipe, { inputs: pixel_values }, options, 1);
}

/** Pictures in tiles are scaled as Pillow does: of each the last one, which is all of it. The library
 * interpolates what is normalised already. */
function showWhole({ max_image_size: { longest_edge: side }, resample: method, image_mean: mean, image_std: std },
    pictures, { dims: [, tiles], data }) {
    for (const [i, { width, height, rgb }] of pictures.entries()) {
        const bytes = resample({ data: rgb, width, height, channels: 3 }, side, side, methodName(method));
        const at = ((i + 1) * tiles / pictures.length - 1) * 3 * side * side;
        for (const [place, byte] of bytes.entries()) {
            const channel = place % 3;
            const to = at + channel * side * side + Math.floor(place / 3);
            data[to] = (byte / 255 - mean[channel]) / std[channel];
        }
    }
}

/** What stands for the picture in the prompt is the processor's; it takes the two in either order. */
async function see({ processor, tokenizer, model }, { picture, pictures = [picture], ...input }, options) {
    const content = [{ type: 'image' }, { type: 'text', text: input.question }];
    const { messages = [{ role: 'user', content }] } = input;
    const text = tokenizer.apply_chat_template(messages, { tokenize: false, add_generation_prompt: true });
    const inputs = await (processor instanceof library.LlavaProcessor
        ? processor(image(pictures[0]), text) : processor(text, pictures.map(image)));
    if (processor.image_processor.max_image_size) showWhole(processor.image_processor, pictures, inputs.pixel_values);
    return generated({ tokenizer, model }, inputs, options, inputs.input_ids.dims[1]);
}

async function detect(pipe, { picture }, { threshold = 0.5 } = {}) {
    const found = await pipe(image(picture), { threshold });
    return { result: { boxes: found.sort((a, b) => b.score - a.score) } };
}

/** RT-DETR's rule, which the library does not know: each class of a query is a box of its own if its
 * logistic score is high enough, and no class stands for nothing. */
async function detectEach({ processor, model }, { picture }, { threshold = 0.5 } = {}) {
    const { logits, pred_boxes: boxes } = await model(await processor([image(picture)]));
    const count = logits.dims[2];
    const found = Array.from(logits.data, (logit, index) => {
        const [x, y, width, height] = boxes[0][Math.floor(index / count)].tolist();
        const box = { xmin: (x - width / 2) * picture.width, ymin: (y - height / 2) * picture.height,
            xmax: (x + width / 2) * picture.width, ymax: (y + height / 2) * picture.height };
        return { label: model.config.id2label[index % count], score: 1 / (1 + Math.exp(-logit)),
            box: Object.fromEntries(Object.entries(box).map(([side, value]) => [side, Math.trunc(value)])) };
    }).filter(({ score }) => score > threshold);
    return { result: { boxes: found.sort((a, b) => b.score - a.score).slice(0, logits.dims[1]) } };
}

async function segment(pipe, { picture }, options) {
    const found = await pipe(image(picture), options);
    return { result: { segments: found.map(({ label, score }) => ({ label, score })) },
        masks: found.map(({ mask }) => ({ width: mask.width, height: mask.height, grey: mask.data })) };
}

async function depth(pipe, { picture }) {
    const { predicted_depth: predicted, depth: grey } = await pipe(image(picture));
    return { result: { width: grey.width, height: grey.height },
        tensors: { predicted_depth: floats(predicted) },
        masks: [{ width: grey.width, height: grey.height, grey: grey.data }] };
}

/** Connectionist temporal classification. The library's pipeline drops the blank and the mark between words before its
 * tokenizer merges what is repeated: a letter that is written twice becomes one. The marks of a text's ends are no sound. */
async function transcribeFrames({ processor, tokenizer, model }, { sound }) {
    const { logits } = await model(await processor(sound.samples));
    const ends = ['<s>', '</s>'].map((mark) => tokenizer._tokenizer.token_to_id(mark));
    const said = [], steps = logits[0].tolist().map((frame) => {
        const { token, margin } = bestOf(frame);
        if (!ends.includes(token)) said.push(token);
        return { margin, text: said.length > 0 ? tokenizer.decode(said, { skip_special_tokens: false }) : '' };
    });
    return { result: { text: steps.at(-1).text }, steps };
}

async function transcribe(pipe, { sound }, { timestamps = 'none', language, translate } = {}) {
    const marks = { none: false, segment: true, word: 'word' }[timestamps];
    const watcher = new Watcher();
    const { text, chunks } = await pipe(sound.samples, { return_timestamps: marks, logits_processor: watcher,
        ...(language && { language }), ...(translate && { task: 'translate' }) });
    const segments = chunks?.map(({ timestamp: [start, end], text: words }) => ({ start, end, text: words }));
    return { result: { text, ...(segments && { segments }) },
        ...(watcher.steps.length > 0 && { steps: watcher.told(pipe.tokenizer) }) };
}

async function speak(pipe, { text }) {
    const { audio, sampling_rate } = await pipe(text);
    return { result: { sampling_rate }, samples: audio };
}

/** Task → the library's name of it, and what asks the pipeline. */
const tasks = {
    embed: ['feature-extraction', embed],
    rerank: ['text-classification', rerank],
    'text-classification': ['text-classification', (pipe, input, options) => input.pairs
        ? classifyPairs(pipe, input)
        : eachText(probabilities)(pipe, input, { top_k: options.top ?? null })],
    'token-classification': ['token-classification', eachText(entities)],
    'fill-mask': ['fill-mask', (pipe, input, { top = 5 }) => eachText(fills)(pipe, input, { top_k: top })],
    'question-answering': ['question-answering', answerQuestion],
    'zero-shot-classification': ['zero-shot-classification', zeroShot],
    complete: ['text-generation', complete],
    chat: ['text-generation', chat],
    'text2text-generation': ['text2text-generation', rewrite],
    'image-classification': ['image-classification', async (pipe, { picture }, { top = 5 }) =>
        ({ result: probabilities(await pipe(image(picture), { top_k: top })) })],
    'image-feature-extraction': ['image-feature-extraction', async (pipe, { picture }) =>
        ({ tensors: { embeddings: floats(await pipe(image(picture), { pool: true })) } })],
    'object-detection': ['object-detection', (pipe, input, options) =>
        (pipe.model.config.model_type === 'rt_detr' ? detectEach : detect)(pipe, input, options)],
    'image-segmentation': ['image-segmentation', segment],
    'depth-estimation': ['depth-estimation', depth],
    'automatic-speech-recognition': ['automatic-speech-recognition', (pipe, input, options) =>
        (pipe.model.config.is_encoder_decoder ? transcribe : transcribeFrames)(pipe, input, options)],
    'audio-classification': ['audio-classification', async (pipe, { sound }, { top = 5 }) =>
        ({ result: probabilities(await pipe(sound.samples, { top_k: top })) })],
    'text-to-speech': ['text-to-speech', speak],
    'zero-shot-image-classification': ['zero-shot-image-classification',
        async (pipe, { picture, labels }, options) =>
            ({ result: probabilities(await pipe(image(picture), labels, options)) })],
    'zero-shot-audio-classification': ['zero-shot-audio-classification',
        async (pipe, { sound, labels }, options) =>
            ({ result: probabilities(await pipe(sound.samples, labels, options)) })],
    'image-to-text': ['image-to-text', describe],
    'visual-question-answering': ['image-text-to-text', see],
    'document-question-answering': ['document-question-answering', async (pipe, { picture, question }) =>
        ({ result: { answers: await pipe(image(picture), question) } })],
};

/** The library's pipeline, or what one would have where it has none. */
async function open(name, folder, how) {
    if (name !== 'image-text-to-text') return library.pipeline(/** @type {any} */ (name), folder, how);
    const model = await library.AutoModelForImageTextToText.from_pretrained(folder, how);
    const processor = await library.AutoProcessor.from_pretrained(folder);
    return { model, processor, tokenizer: processor.tokenizer, dispose: () => model.dispose() };
}

export class Oracle {
    #loaded = new Map();

    /** @param {string} folder in which the models' folders are */
    constructor(folder) {
        this.folder = folder;
    }

    /**
     * @param {string} model
     * @param {keyof typeof tasks} task as nodes call it
     * @param {object} input as nodes get it, but `picture` and `sound` (media.mjs) for files
     * @param {object} [options] as clients give them
     * @returns {Promise<{result?: any, steps?: {margin: number, text: string}[],
     *   tensors?: Record<string, {shape: number[], values: number[]}>,
     *   masks?: {width: number, height: number, grey: Uint8Array}[], samples?: Float32Array}>}
     */
    async answer(model, task, input, options = {}, dtype = 'fp32') {
        const [name, ask] = tasks[task];
        const key = `${model} ${name} ${dtype}`;
        if (!this.#loaded.has(key))
            this.#loaded.set(key, await open(name, path.join(this.folder, model), { dtype, device: 'cpu' }));
        return ask(this.#loaded.get(key), input, options);
    }

    async close() {
        for (const pipe of this.#loaded.values()) await pipe.dispose();
        this.#loaded.clear();
    }
}

/** All tasks that it knows. */
export const oracleTasks = Object.keys(tasks);
export { library, Tensor };
