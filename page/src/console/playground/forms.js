/** The form of each task, one row each. */
import { makeChat } from './forms/chat.js';
import { makeEmbed } from './forms/embed.js';
import { makePicture } from './forms/picture.js';
import { makeReading } from './forms/reading.js';
import { makeSound } from './forms/sound.js';
import { makeSpeech } from './forms/speech.js';
import { makeTensors } from './forms/tensors.js';
import { makeText } from './forms/text.js';

/** @import { Part } from '../draw.js' */
/** @import { Run } from './runs.js' */
/** @typedef {{model: any, task: string, openapi: () => any, redraw: () => void, say: (text: string, isError?: boolean) => void}} Context `model` as
 * GET /v1/models/NAME tells it; `openapi` the daemon's description of itself, null where there is none (yet) */
/** @typedef {{inputs: any, options?: Record<string, any>, task?: string, files?: Record<string, File | Blob>,
 * parameters?: Record<string, any>}} Read `files` are members of `inputs`, `parameters` of the body */
/** A form: fields, their values (`read` throws FieldError), and a drawn answer. While an answer arrives, `show` gets null for it and the
 * run, whose `text` is the part that has arrived; it is called only if there is some. `difference` says how far two answers are apart. `whole`,
 * for forms with a body of their own (chat), draws instead of the fields, buttons and answers. `stop` is called when the view is left.
 * `fill` writes the inputs of a request into the fields; forms without it take files, or fill themselves.
 * @typedef {{draw: () => Part[], read: () => Read, fill?: (inputs: any) => void, show: (answer: any, run: Run) => Part[], difference?: (answer: any, other: any) => string,
 * stop?: () => void, whole?: (view: Whole) => Part[]}} Form */
/** @typedef {{places: () => import('./places.js').Place[], isGone: () => boolean, code: (asked: () => import('./code.js').Asked | null) => Part}} Whole `code` draws
 * the request as commands */
/** @typedef {{title: string, make: (context: Context) => Form}} Row */

/** @type {Record<string, Row>} */
export const FORMS = {
    chat: { title: 'Chat', make: makeChat },
    complete: { title: 'Continue a text', make: makeText },
    'text2text-generation': { title: 'Text to text', make: makeText },
    translation: { title: 'Translate', make: makeText },
    summarization: { title: 'Summarise a text', make: makeText },
    embed: { title: 'Compare texts', make: makeEmbed },
    rerank: { title: 'Rank documents for a query', make: makeReading },
    tokenize: { title: 'Tokenize a text', make: makeReading },
    'text-classification': { title: 'Label a text', make: makeReading },
    'token-classification': { title: 'Find things in a text', make: makeReading },
    'fill-mask': { title: 'Fill a gap in a text', make: makeReading },
    'question-answering': { title: 'Answer from a text', make: makeReading },
    'zero-shot-classification': { title: 'Label a text with your own labels', make: makeReading },
    'image-classification': { title: 'Label a picture', make: makePicture },
    'object-detection': { title: 'Find things in a picture', make: makePicture },
    'image-segmentation': { title: 'Segment a picture', make: makePicture },
    'depth-estimation': { title: 'Estimate depth', make: makePicture },
    'image-feature-extraction': { title: 'A picture as a vector', make: makePicture },
    'zero-shot-image-classification': { title: 'Label a picture with your own labels', make: makePicture },
    'image-to-text': { title: 'Describe a picture', make: makePicture },
    'document-question-answering': { title: 'Answer from a picture of a document', make: makePicture },
    'visual-question-answering': { title: 'Answer about a picture', make: makePicture },
    'automatic-speech-recognition': { title: 'Transcribe speech', make: makeSound },
    'audio-classification': { title: 'Label a sound', make: makeSound },
    'zero-shot-audio-classification': { title: 'Label a sound with your own labels', make: makeSound },
    'text-to-speech': { title: 'Speak a text', make: makeSpeech },
    tensors: { title: 'Run the graph on tensors', make: makeTensors },
};

/** The tasks that a model lists, the usual one first. @param {any} model @returns {string[]} */
export function tasksOf(model) {
    if (model.tasks?.length) return model.tasks.map((/** @type {any} */ task) => String(task.name ?? task));
    if (model.type === 'text_generation') return model.chat ? ['chat', 'complete'] : ['complete'];
    if (model.type === 'text_embedding' && model.format === 'gguf') return [model.pooling === 'rank' ? 'rerank' : 'embed'];
    return model.takes_picture ? ['image-classification', 'tensors'] : ['tensors'];
}

/** Those of its tasks that there is a form for. @param {any} model @returns {{task: string, title: string, make: (context: Context) => Form}[]} */
export const formsOf = (model) => tasksOf(model).flatMap((task) => (FORMS[task] ? [{ task, ...FORMS[task] }] : []));
