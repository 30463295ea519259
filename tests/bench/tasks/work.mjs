/**
 * What is timed of each family: one request to webinfer, and the same to transformers.js in a page
 * (`bare`, which has to be JSON) and in Node (`native`). Webinfer and the page get a picture as its file.
 * Webinfer gets a sound so, too; the library, which would make an AudioContext for each and close none, its samples.
 */
import { library } from '../../lib/oracle.mjs';
import { chirp, disc } from '../../lib/media.mjs';

const { RawImage } = library;
const picture = disc(), sound = chirp(16000, 0.9), loud = chirp(48000, 0.8);
const image = new RawImage(new Uint8ClampedArray(picture.rgb), picture.width, picture.height, 3);
const shown = { picture: picture.bytes.toString('base64') };
const png = { type: 'image/png', bytes: picture.bytes };
const wav = ({ bytes }) => ({ type: 'audio/wav', bytes });
const labels = ['a dog', 'a red fox', 'river'];
const text = 'The red fox sees a small dog in the forest. '.repeat(8);
/** Tokens of an answer. */
export const TOKENS = 48;

const greedy = { temperature: 0, max_tokens: TOKENS };

/**
 * `inputs` are what is asked, beside the file where there is one.
 * @typedef {{family: string, model: string, task: string, pipeline: string, inputs?: any, options?: object,
 *   file?: {type: string, bytes: Buffer}, bare: object, native: (pipe: any) => Promise<any>}} Work
 */

const generate = (prompt) => async ({ tokenizer, model }) => tokenizer.batch_decode(await model.generate(
    { ...tokenizer(prompt), max_new_tokens: TOKENS, do_sample: false }), { skip_special_tokens: true });

/** @param {{inputs?: any, file?: Work['file']}} given @returns {Work} that a library's pipeline does with one argument */
function plain(family, model, task, pipeline, given, bare, argument) {
    return { family, model, task, pipeline, ...given, bare, native: (pipe) => pipe(argument) };
}

/** @type {Work[]} */
export const works = [
    { family: 'BERT, embedding', model: 'bert-external', task: 'embed', pipeline: 'feature-extraction',
        inputs: text, bare: { texts: text }, native: (pipe) => pipe(text, { pooling: 'mean', normalize: true }) },
    plain('BERT, classes', 'bert-classes', 'text-classification', 'text-classification', { inputs: text },
        { text }, text),
    { family: 'GPT-2', model: 'gpt2', task: 'complete', pipeline: 'text-generation', inputs: 'the fox',
        options: greedy, bare: { prompt: 'the fox', tokens: TOKENS }, native: generate('the fox') },
    { family: 'BART', model: 'bart', task: 'text2text-generation', pipeline: 'text2text-generation',
        inputs: 'the fox', options: greedy, bare: { prompt: 'the fox', tokens: TOKENS },
        native: generate('the fox') },
    plain('ViT', 'vit', 'image-classification', 'image-classification', { file: png }, shown, image),
    plain('SegFormer', 'segformer', 'image-segmentation', 'image-segmentation', { file: png }, shown, image),
    { family: 'CLIP', model: 'clip', task: 'zero-shot-image-classification',
        pipeline: 'zero-shot-image-classification', inputs: { labels }, file: png,
        bare: { ...shown, labels }, native: (pipe) => pipe(image, labels) },
    plain('wav2vec2', 'wav2vec2', 'automatic-speech-recognition', 'automatic-speech-recognition',
        { file: wav(sound) }, { samples: [...sound.samples] }, sound.samples),
    // The library takes English for granted, where webinfer would find out the language first.
    { ...plain('Whisper', 'whisper', 'automatic-speech-recognition', 'automatic-speech-recognition',
        { file: wav(sound) }, { samples: [...sound.samples] }, sound.samples), options: { language: 'en' } },
    { family: 'CLAP', model: 'clap', task: 'zero-shot-audio-classification',
        pipeline: 'zero-shot-audio-classification', inputs: { labels }, file: wav(loud),
        bare: { samples: [...loud.samples], labels }, native: (pipe) => pipe(loud.samples, labels) },
    plain('VITS', 'vits', 'text-to-speech', 'text-to-speech', { inputs: 'hello world, hello fox' },
        { text: 'hello world, hello fox' }, 'hello world, hello fox'),
];
