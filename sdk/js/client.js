/** The client: a service with a method for each task. */
import { Service } from './service.js';
import { splitSettings } from './wire.js';

/** @import { Asked, Classified, Media, Message, StreamSettings, TaskSettings as More } from './index.d.ts' */
/** @typedef {string | Message[]} Talk */

/** @param {Talk} talk */
const conversation = (talk) => ({ messages: typeof talk === 'string' ? [{ role: 'user', content: talk }] : talk });

/**
 * A client of webinferd; index.d.ts has the contract of each method. `more` are settings of infer (platform, timeout_ms,
 * signal …) and, under any other name, options of the task (temperature, top …).
 */
export class Client extends Service {
    /** Answers a conversation. @param {string} model @param {Talk} messages @param {More} [more] */
    chat(model, messages, more) { return this.#run('chat', model, conversation(messages), more); }
    /** The same in parts. @param {string} model @param {Talk} messages @param {StreamSettings} [more] */
    talk(model, messages, more) { return this.stream(model, conversation(messages), { task: 'chat', ...more }); }

    /** Continues a text. @param {string} model @param {string} prompt @param {More} [more] */
    complete(model, prompt, more) { return this.#run('complete', model, prompt, more); }
    /** Turns texts into vectors. @param {string} model @param {string | string[]} texts @param {More} [more] */
    embed(model, texts, more) { return this.#run('embed', model, texts, more); }
    /** Scores documents. @param {string} model @param {string} query @param {string[]} documents @param {More} [more] */
    rerank(model, query, documents, more) { return this.#run('rerank', model, { query, documents }, more); }
    /** Turns a text into tokens. @param {string} model @param {string} text @param {More} [more] */
    tokenize(model, text, more) { return this.#run('tokenize', model, text, more); }

    /**
     * Classifies a text, picture or sound, among the labels for models that take any.
     * @param {string} model @param {string | string[] | Classified} subject @param {More} [more]
     */
    classify(model, subject, more) {
        const isText = typeof subject === 'string' || Array.isArray(subject);
        const { text, image, audio, labels } = /** @type {Classified} */ (isText ? { text: subject } : subject);
        if ([text, image, audio].filter((one) => one !== undefined).length !== 1)
            throw new TypeError('classify takes exactly one of text, image and audio');
        if (text === undefined) return this.#run(undefined, model, { image, audio, labels }, more);
        if (!labels) return this.#run('text-classification', model, text, more);
        const name = Array.isArray(text) ? 'texts' : 'text';
        return this.#run('zero-shot-classification', model, { [name]: text, labels }, more);
    }

    /** Finds names and other things in a text. @param {string} model @param {string} text @param {More} [more] */
    entities(model, text, more) { return this.#run('token-classification', model, text, more); }
    /** Fills the gap of a text. @param {string} model @param {string} text @param {More} [more] */
    fillMask(model, text, more) { return this.#run('fill-mask', model, text, more); }
    /** Answers a question. @param {string} model @param {string} question @param {Asked} about @param {More} [more] */
    answer(model, question, { context, image }, more) {
        if ((context === undefined) === (image === undefined))
            throw new TypeError('answer takes exactly one of context and image');
        const task = image === undefined ? 'question-answering' : undefined;
        return this.#run(task, model, { question, context, image }, more);
    }

    /** Translates. @param {string} model @param {string} text @param {More & { to?: string, from?: string }} [more] */
    translate(model, text, { to: target_language, from: source_language, ...more } = {}) {
        return this.#run('translation', model, text, { ...more, target_language, source_language });
    }

    /** Summarises a text. @param {string} model @param {string} text @param {More} [more] */
    summarize(model, text, more) { return this.#run('summarization', model, text, more); }
    /** Finds things in a picture; boxes in its pixels. @param {string} model @param {Media} image @param {More} [more] */
    detect(model, image, more) { return this.#run('object-detection', model, { image }, more); }
    /** Segments a picture; masks are PNG files. @param {string} model @param {Media} image @param {More} [more] */
    segment(model, image, more) { return this.#run('image-segmentation', model, { image }, more); }
    /** Estimates depth, FP32 [height, width]. @param {string} model @param {Media} image @param {More} [more] */
    depth(model, image, more) { return this.#run('depth-estimation', model, { image }, more); }
    /** Describes a picture. @param {string} model @param {Media} image @param {More & { prompt?: string }} [more] */
    describe(model, image, { prompt, ...more } = {}) { return this.#run('image-to-text', model, { image, prompt }, more); }
    /** Transcribes a recording of at most an hour. @param {string} model @param {Media} audio @param {More} [more] */
    transcribe(model, audio, more) { return this.#run('automatic-speech-recognition', model, { audio }, more); }
    /** Speaks a text; the output audio is a WAV file. @param {string} model @param {string} text @param {More} [more] */
    speak(model, text, more) { return this.#run('text-to-speech', model, text, more); }
    /** @param {import('./types.d.ts').Task | undefined} task @param {string} model @param {any} inputs @param {More} [more] */
    #run(task, model, inputs, more = {}) {
        const { settings, options } = splitSettings(more);
        return this.infer(model, inputs, { ...(task && { task }), ...settings, options });
    }
}
