// What webinfer's tasks are measured against: transformers.js as its documentation shows it, on the same
// onnxruntime-web, with the same number of threads, by itself or behind the floor.
import * as ort from '/ort/ort.wasm.min.mjs';
import * as library from '/transformers/dist/transformers.web.js';

const { env, pipeline } = library;
env.allowRemoteModels = true;
env.allowLocalModels = false;
env.useBrowserCache = false;
env.useWasmCache = false;
env.remoteHost = `${location.origin}/`;
env.remotePathTemplate = 'models/{model}/';
ort.env.wasm.wasmPaths = '/ort/';

const loaded = new Map();

/** Time that sessions took since it was last asked. */
let inSessions = 0;
const runSession = ort.InferenceSession.prototype.run;
if (runSession)
    ort.InferenceSession.prototype.run = async function timed(...words) {
        const began = performance.now();
        try {
            return await runSession.apply(this, words);
        } finally {
            inSessions += performance.now() - began;
        }
    };

/** A picture's and a sound's type. */
const TYPES = { picture: 'image/png', sound: 'audio/wav' };

/** Pictures and sounds as files, which are decoded anew for each run. */
const convert = (input) => Object.fromEntries(Object.entries(input).map(([name, value]) => [name, name in TYPES
    ? new Blob([Uint8Array.from(atob(value), (one) => one.charCodeAt(0))], { type: TYPES[name] }) : value]));

const contexts = new Map();

/** What is in a sound's file, at the rate that the model hears: as the library's read_audio, which makes an AudioContext
 * for each and closes none. */
async function samplesOf({ processor }, file) {
    const { sampling_rate: rate } = processor.feature_extractor.config;
    if (!contexts.has(rate)) contexts.set(rate, new OfflineAudioContext(1, 1, rate));
    return (await contexts.get(rate).decodeAudioData(await file.arrayBuffer())).getChannelData(0);
}

/** A score for each document. */
async function rerank({ tokenizer, model }, { query, documents }) {
    const { logits } = await model(tokenizer(documents.map(() => query),
        { text_pair: documents, padding: true, truncation: true }));
    return logits.sigmoid().tolist();
}

/** Text, as webinfer's answer is. */
async function write({ tokenizer, model }, { prompt, tokens }) {
    const made = await model.generate({ ...tokenizer(prompt), max_new_tokens: tokens, do_sample: false });
    return tokenizer.batch_decode(made, { skip_special_tokens: true });
}

/** How each of the library's pipelines is asked. */
const asks = {
    'feature-extraction': (pipe, { texts }) => pipe(texts, { pooling: 'mean', normalize: true }),
    'text-generation': write,
    'text2text-generation': write,
    'zero-shot-image-classification': (pipe, { picture, labels }) => pipe(picture, labels),
    'zero-shot-audio-classification': async (pipe, { sound, labels }) => pipe(await samplesOf(pipe, sound), labels),
    'text-classification': (pipe, input) => input.documents ? rerank(pipe, input) : pipe(input.text),
    other: async (pipe, { text, picture, sound }) => pipe(text ?? picture ?? await samplesOf(pipe, sound)),
};

export const load = async (name, model, threads) => {
    ort.env.wasm.numThreads = threads;
    const began = performance.now();
    const pipe = await pipeline(name, model, { dtype: 'fp32', device: 'wasm' });
    loaded.set(`${name} ${model}`, pipe);
    return performance.now() - began;
};

export const unload = async (name, model) => {
    await loaded.get(`${name} ${model}`).dispose();
    loaded.delete(`${name} ${model}`);
};

const ask = (name, model, input) => (asks[name] ?? asks.other)(loaded.get(`${name} ${model}`), input);

/** Runs for about `ms`, at least three times; gives each run's milliseconds, and those in sessions. */
export const run = async (name, model, what, ms) => {
    const input = convert(what);
    const times = [], sessions = [];
    const end = performance.now() + ms;
    do {
        inSessions = 0;
        const began = performance.now();
        await ask(name, model, input);
        times.push(performance.now() - began);
        sessions.push(inSessions);
    } while (performance.now() < end || times.length < 3);
    return { times, sessions };
};

const encoder = new TextEncoder(), decoder = new TextDecoder();

/** {pipeline, model, input} of a request to the floor: its number (4 bytes), that as JSON, and in the last line the
 * picture or sound that `file` names. */
function askedOf(request) {
    const bytes = new Uint8Array(request), end = bytes.indexOf(10, 4);
    const { pipeline, model, input, file } = JSON.parse(decoder.decode(bytes.subarray(4, end)));
    if (file) input[file] = new Blob([bytes.subarray(end + 1)], { type: TYPES[file] });
    return { pipeline, model, input };
}

/** The same number, then JSON, then the numbers of tensors, masks and sounds as they lie in memory. */
function answerOf(request, result) {
    const data = [];
    const json = encoder.encode(JSON.stringify(result, (_, value) => {
        if (typeof value === 'bigint') return Number(value);
        return ArrayBuffer.isView(value) ? data.push(value) : value;
    }));
    const parts = [new Uint8Array(request, 0, 4), json,
        ...data.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))];
    const answer = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let end = 0;
    for (const part of parts) {
        answer.set(part, end);
        end += part.length;
    }
    return answer.buffer;
}

/** Answers what comes through the floor, by way of a worker, as webinfer's page does. */
export function answerFloor(port, connected) {
    const link = new Worker('floor-link.mjs', { type: 'module' }), { port1, port2 } = new MessageChannel();
    port1.onmessage = async ({ data: request }) => {
        const { pipeline: name, model, input } = askedOf(request);
        const result = await ask(name, model, input).catch((error) => ({ error: String(error) }));
        const answer = answerOf(request, result);
        port1.postMessage(answer, [answer]);
    };
    link.postMessage(port, [port2]);
    link.onmessage = connected;
}

const fetchBytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());

/** Milliseconds to create sessions of these files, one after another and all at once. */
export const create = async (files, parallel) => {
    const bytes = await Promise.all(files.map(fetchBytes));
    const began = performance.now();
    const make = (content) => ort.InferenceSession.create(content, { executionProviders: ['wasm'] });
    const sessions = [];
    if (parallel) sessions.push(...await Promise.all(bytes.map(make)));
    else for (const content of bytes) sessions.push(await make(content));
    const took = performance.now() - began;
    for (const session of sessions) await session.release();
    return took;
};
