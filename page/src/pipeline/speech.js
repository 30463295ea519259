/** The task that speaks: text becomes sound, as a WAV file. */
import { Failure } from '../engine/failure.js';
import { joined } from '../shared/joined.js';
import { writeWav } from '../shared/wav.js';
import { numbersOf } from './image/input.js';

/** @import { Loaded } from './loading.js' */
/** @import { Task } from './tasks.js' */

/** The most characters that are spoken at a time: a model's memory grows with them. */
const PIECE_CHARS = 300;
/** The most characters of a request: about ten minutes of speech. */
const TEXT_CHARS = 10000;

/** @type {Task} */
async function speak(loaded, task, run) {
    const { config } = loaded;
    checkModel(config);
    checkVoice(task.options);
    const texts = piecesOf(textOf(task.input));
    const sounds = [];
    for (const [i, text] of texts.entries()) {
        run.progress('speech', i, texts.length);
        sounds.push(await speakPiece(loaded, text));
    }
    const samples = joined(Float32Array, sounds);
    const bytes = writeWav(samples, config.sampling_rate);
    return {
        tensors: [{ name: 'audio', datatype: 'UINT8', shape: [bytes.length], bytes }],
        result: { sampling_rate: config.sampling_rate,
            duration: Math.round(samples.length / config.sampling_rate * 1000) / 1000 },
    };
}

/** @param {Record<string, any>} config */
function checkModel({ model_type: type, sampling_rate: rate }) {
    if (type === 'speecht5') {
        throw new Failure('platform_unsupported',
            'SpeechT5 speaks with a vocoder and a vector of a voice, which a folder of one model has not',
            { expected: 'a VITS model' });
    }
    if (type !== 'vits') {
        throw new Failure('platform_unsupported', `models of the type ${type} do not speak here`,
            { expected: 'a VITS model' });
    }
    if (!Number.isInteger(rate)) throw new Failure('model_invalid',
        "the folder's config.json names no sampling_rate");
}

/** Refuses a voice and a speed, because the library passes only the text to a VITS model. @param {Record<string, any>} options */
function checkVoice({ speaker, speed }) {
    if (speaker !== undefined) {
        throw new Failure('input_invalid', 'this model has one voice',
            { field: 'options.speaker', expected: 'no such option' });
    }
    if (speed !== undefined && speed !== 1) {
        throw new Failure('input_invalid', "this model's speed is its own",
            { field: 'options.speed', expected: '1' });
    }
}

/** @param {any} input @returns {string} @throws {Failure} */
function textOf(input) {
    const text = typeof input?.text === 'string' ? input.text.trim() : '';
    if (!text) throw new Failure('input_invalid', 'there is no text to speak',
        { field: 'inputs', expected: 'a text' });
    if (text.length <= TEXT_CHARS) return text;
    throw new Failure('input_invalid', `the text has ${text.length} characters`,
        { field: 'inputs', expected: `at most ${TEXT_CHARS}` });
}

/** Sentences, as many together as fit; what is longer is cut between words.
 * @param {string} text @returns {string[]} */
export function piecesOf(text) {
    /** @type {string[]} */
    const pieces = [''];
    for (const sentence of text.match(SENTENCES) ?? []) {
        for (const part of sentence.length > PIECE_CHARS ? sentence.match(WORDS) ?? [] : [sentence]) {
            if (pieces[pieces.length - 1].length + part.length > PIECE_CHARS) pieces.push('');
            pieces[pieces.length - 1] += part;
        }
    }
    return pieces.map((piece) => piece.trim()).filter(Boolean);
}

const SENTENCES = /[^.!?;\n。！？]*(?:[.!?;\n。！？]+\s*|$)/gu;
const WORDS = new RegExp(`\\S{1,${PIECE_CHARS - 1}}\\s?|\\s`, 'gu');

/** @param {Loaded} loaded @param {string} text @returns {Promise<Float32Array>} */
async function speakPiece({ model, tokenizer, limits }, text) {
    const inputs = tokenizer(text);
    const length = inputs.input_ids.dims[1];
    if (length > limits.length) {
        throw new Failure('context_length_exceeded', `a sentence of the text has ${length} tokens`,
            { field: 'inputs', expected: `at most ${limits.length} tokens` });
    }
    const { waveform } = await model(inputs);
    const samples = numbersOf(waveform);
    if (areFinite(samples)) return samples;
    throw new Failure('inference_failed', 'the model has made sound that has no finite samples');
}

/** @param {Float32Array} samples */
export function areFinite(samples) {
    let sum = 0;
    for (let i = 0; i < samples.length; i++) sum += samples[i] * 0; // NaN if a sample is not finite
    return sum === 0;
}

/** @type {Readonly<Record<string, Task>>} */
export const SPEECH_TASKS = Object.freeze({
    'text-to-speech': speak,
});
