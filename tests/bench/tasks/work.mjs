/**
 * What is timed of each family: one request to webinfer, and the same to transformers.js in a page
 * (`bare`, which has to be JSON) and in Node (`native`). Webinfer and the page get pictures and sounds as their
 * files, Node what is in them.
 */
import { library } from '../../lib/oracle.mjs';
import { chirp, disc } from '../../lib/media.mjs';
import { SIZES } from './sizes.mjs';

const { RawImage } = library;

const picture = disc(640), sound = chirp(16000, 4), loud = chirp(48000, 0.95);
/** For Node, which cannot resize: a picture of the model's own size. */
const image = (side) => new RawImage(new Uint8ClampedArray(disc(side).rgb), side, side, 3);
const [common, fine] = [SIZES.side, SIZES.fine_side].map(image);
const shown = { picture: picture.bytes.toString('base64') };
const png = { type: 'image/png', bytes: picture.bytes };
const wav = ({ bytes }) => ({ type: 'audio/wav', bytes });
const heard = ({ bytes }) => ({ sound: bytes.toString('base64') });
const labels = ['a dog', 'a red fox', 'river'];
const text = 'The red fox sees a small dog in the forest. '.repeat(8);
const short = text.slice(0, 120), query = 'Which dog does a small red fox see?';
const documents = [0, 60, 120].map((start) => text.slice(start, start + 140));
/** Tokens of an answer. */
export const TOKENS = 48;

const greedy = { temperature: 0, max_tokens: TOKENS };

/**
 * `inputs` are what is asked, beside the file where there is one; with `bytes` a picture or sound comes back as it is,
 * and not as numbers in JSON.
 * @typedef {{family: string, model: string, task: string, pipeline: string, inputs?: any, options?: object,
 *   file?: {type: string, bytes: Buffer}, bare: object, bytes?: boolean, native: (pipe: any) => Promise<any>}} Work
 */

const generate = (prompt) => async ({ tokenizer, model }) => tokenizer.batch_decode(await model.generate(
    { ...tokenizer(prompt), max_new_tokens: TOKENS, do_sample: false }), { skip_special_tokens: true });

/** @param {{inputs?: any, file?: Work['file'], bytes?: boolean}} given
 * @returns {Work} that a library's pipeline does with one argument */
function plain(family, model, task, pipeline, given, bare, argument) {
    return { family, model, task, pipeline, ...given, bare, native: (pipe) => pipe(argument) };
}

/** @type {Work[]} */
export const works = [
    { family: 'BERT, embedding', model: 'bert-external', task: 'embed', pipeline: 'feature-extraction',
        inputs: text, bare: { texts: text }, native: (pipe) => pipe(text, { pooling: 'mean', normalize: true }) },
    plain('BERT, classes', 'bert-classes', 'text-classification', 'text-classification', { inputs: text },
        { text }, text),
    { family: 'BERT, three pairs', model: 'bert-pairs', task: 'rerank', pipeline: 'text-classification',
        inputs: { query, documents }, bare: { query, documents },
        native: ({ tokenizer, model }) => model(tokenizer(documents.map(() => query),
            { text_pair: documents, padding: true, truncation: true })) },
    { family: 'GPT-2', model: 'gpt2', task: 'complete', pipeline: 'text-generation', inputs: 'the fox',
        options: greedy, bare: { prompt: 'the fox', tokens: TOKENS }, native: generate('the fox') },
    { family: 'BART', model: 'bart', task: 'text2text-generation', pipeline: 'text2text-generation',
        inputs: short, options: greedy, bare: { prompt: short, tokens: TOKENS }, native: generate(short) },
    plain('ViT', 'vit', 'image-classification', 'image-classification', { file: png }, shown, common),
    plain('DETR', 'detr', 'object-detection', 'object-detection', { file: png }, shown, common),
    plain('SegFormer', 'segformer', 'image-segmentation', 'image-segmentation', { file: png, bytes: true }, shown, fine),
    { family: 'CLIP', model: 'clip', task: 'zero-shot-image-classification',
        pipeline: 'zero-shot-image-classification', inputs: { labels }, file: png,
        bare: { ...shown, labels }, native: (pipe) => pipe(common, labels) },
    plain('wav2vec2', 'wav2vec2', 'automatic-speech-recognition', 'automatic-speech-recognition',
        { file: wav(sound) }, heard(sound), sound.samples),
    // The library takes English for granted, where webinfer would find out the language first.
    { ...plain('Whisper', 'whisper', 'automatic-speech-recognition', 'automatic-speech-recognition',
        { file: wav(sound) }, heard(sound), sound.samples), options: { language: 'en' } },
    plain('AST', 'ast', 'audio-classification', 'audio-classification', { file: wav(sound) }, heard(sound),
        sound.samples),
    { family: 'CLAP', model: 'clap', task: 'zero-shot-audio-classification',
        pipeline: 'zero-shot-audio-classification', inputs: { labels }, file: wav(loud),
        bare: { ...heard(loud), labels }, native: (pipe) => pipe(loud.samples, labels) },
    plain('VITS', 'vits', 'text-to-speech', 'text-to-speech', { inputs: short, bytes: true }, { text: short }, short),
];
