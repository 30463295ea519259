/**
 * Language models for pictures: an encoder makes features of a picture, which replace the model's tokens for it
 * in the prompt (LLaVA and models built like it: onnx/vision_encoder, onnx/embed_tokens and
 * onnx/decoder_model_merged).
 */
import { Failure } from '../engine/failure.js';
import { conversation, tokensOf } from './conversation.js';
import { Decoder } from './decoder.js';
import { processorOf } from './image/input.js';
import { VISION_TYPES } from './vision_types.js';
import { contextOf } from './writing.js';

/** @import { Run } from '../engine/run.js' */
/** @import { Prompt } from './generate.js' */
/** @import { Beginning } from './kv_cache.js' */
/** @import { Loaded } from './loading.js' */
/** @import { CachedPicture } from './picture_cache.js' */
/** @import { CheckedTask } from './tasks.js' */

/** The picture and the row of its features for a position of the prompt.
 * @typedef {Map<number, {picture: number, row: number}>} Places */

/**
 * A prompt, and what reads it. `keysOf` gives tokens by which keys and values are kept: those of another
 * picture are others.
 * @typedef {{prompt: Prompt, keysOf: (tokens: readonly number[]) => number[],
 *   decoderOf: (beginning?: Beginning) => Decoder}} Seen
 */

const GRAPHS = Object.freeze(['vision_encoder', 'embed_tokens', 'decoder_model_merged']);
/** The prompt form that LLaVA was trained with; its first folders have no template. */
const TEMPLATE = `{% for message in messages %}{{ message.role | upper }}: {{ message.content }} {% endfor %}
{%- if add_generation_prompt %}ASSISTANT:{% endif %}`;

/** @param {Loaded} loaded */
export const hasVision = ({ config, model }) => VISION_TYPES.includes(config.model_type)
    && GRAPHS.every((name) => Object.hasOwn(model.sessions, name));

/** @param {any} messages not checked yet */
export const hasPictures = (messages) => Array.isArray(messages)
    && messages.some((message) => picturesIn(message).length > 0);

/** @param {any} message @returns {{part: any, index: number}[]} */
function picturesIn(message) {
    /** @type {any[]} */
    const parts = Array.isArray(message?.content) ? message.content : [];
    return parts.flatMap((part, index) => (part?.type === 'image' ? [{ part, index }] : []));
}

/**
 * The prompt of a conversation with pictures: parts {type: "image", image: {tensor, media_type}}.
 * @param {Loaded} loaded @param {CheckedTask} task @param {any[]} messages @param {Run} run
 * @param {(message: number, part: number) => string} [fieldOf] where the client has that picture
 * @returns {Promise<Seen>} @throws {Failure} if the model is none that does this
 */
export async function see(loaded, task, messages, run, fieldOf = fieldOfPart) {
    const pictures = picturesOf(loaded);
    if (!pictures) throw unserved(loaded.config.model_type);
    const { mark } = pictures;
    const { text, isTemplated: _, ...rest } =
        await conversation(loaded, messages, task.options, run, pictures);
    const [first, ...parts] = between(text, mark, messages.flatMap(picturesIn).length);
    const seen = await seenOf(loaded, task, messages, fieldOf, mark);
    const whole = parts.reduce((all, part, i) => all + seen[i].text + part, first);
    // A tokenizer's start token is written once, by the template or by it.
    const tokens = tokensOf(loaded, whole, true);
    const places = placesOf(loaded, tokens, seen, mark);
    return {
        prompt: { ...rest, tokens },
        keysOf: (all) => all.map((token, place) => seen[places.get(place)?.picture ?? -1]?.name ?? token),
        decoderOf: (beginning) => new SeeingDecoder(loaded, seen, places, beginning),
    };
}

/** The same of what is said about the task's one picture.
 * @param {Loaded} loaded @param {CheckedTask} task @param {string} words @param {Run} run */
export function seeOne(loaded, task, words, run) {
    const content = [{ type: 'image', image: task.input?.image }, { type: 'text', text: words }];
    return see(loaded, task, [{ role: 'user', content }], run, () => IMAGE);
}

const IMAGE = 'inputs.image';

/** @param {number} message @param {number} part */
const fieldOfPart = (message, part) => `inputs.messages[${message}].content[${part}]`;

/** The error of a picture, with the field that the client used for it. @param {unknown} thrown @param {string} field */
const placed = (thrown, field) => (thrown instanceof Failure && thrown.field === IMAGE
    ? new Failure(thrown.code, thrown.message, { field, expected: thrown.expected }) : thrown);

/** @param {string} type */
const unserved = (type) => new Failure('platform_unsupported',
    `models like ${type} do not answer questions about pictures here`,
    { field: 'task', expected: `a model of one of the types ${VISION_TYPES.join(', ')}` });

// --- pictures in the prompt --------------------------------------------------------------------------

/** How the model's prompts have pictures; null: they have none.
 * @param {Loaded} loaded @returns {import('./conversation.js').Pictures | null} */
export function picturesOf(loaded) {
    if (!hasVision(loaded)) return null;
    const { config, image_token: own } = processorOf(loaded);
    return { mark: config?.image_token ?? own ?? '<image>', template: TEMPLATE };
}

/** One after the other, until they have more tokens than the model reads.
 * @param {Loaded} loaded @param {CheckedTask} task @param {any[]} messages
 * @param {(message: number, part: number) => string} fieldOf @param {string} mark
 * @returns {Promise<CachedPicture[]>} @throws {Failure} */
async function seenOf(loaded, task, messages, fieldOf, mark) {
    const context = contextOf(loaded, task.options);
    /** @type {CachedPicture[]} */
    const seen = [];
    let count = 0;
    for (const [i, message] of messages.entries()) {
        for (const { part, index } of picturesIn(message)) {
            const one = await loaded.seen.look(loaded, task, part.image, mark).catch((thrown) => {
                throw placed(thrown, fieldOf(i, index));
            });
            count += seen[seen.push(one) - 1].count;
            if (count >= context) throw tooMany(count, seen.length, context);
        }
    }
    return seen;
}

/** @param {number} count of tokens @param {number} pictures @param {number} context */
const tooMany = (count, pictures, context) => new Failure('context_length_exceeded',
    `the first ${pictures} pictures have ${count} tokens, the model's context here ${context}`,
    { field: 'inputs', expected: `fewer than ${context} tokens, with all that is said` });

/** The texts before, between and after the pictures. @param {string} text @param {string} mark
 * @param {number} pictures @returns {string[]} @throws {Failure} if there is another number of marks */
function between(text, mark, pictures) {
    const parts = text.split(mark);
    if (parts.length === pictures + 1) return parts;
    throw new Failure('input_invalid', `the prompt has "${mark}", which represents a picture, `
        + `${parts.length - 1} times, with ${pictures} pictures`,
    { field: 'inputs', expected: `texts without ${mark}, and a template that writes it for each picture` });
}

/** @param {Loaded} loaded @param {readonly number[]} tokens @param {CachedPicture[]} seen @param {string} mark
 * @returns {Places} @throws {Failure} if the tokenizer cuts the mark */
function placesOf({ config, words }, tokens, seen, mark) {
    const id = config.image_token_index ?? config.image_token_id ?? words?.idOf(mark);
    const places = tokens.flatMap((token, place) => (token === id ? [place] : []));
    const rows = seen.flatMap(({ count }, picture) =>
        Array.from({ length: count }, (_, row) => ({ picture, row })));
    if (places.length === rows.length) return new Map(places.map((place, i) => [place, rows[i]]));
    throw new Failure('model_invalid',
        `tokenizer.json makes ${places.length} tokens of ${rows.length} times ${mark}`,
        { expected: `a token ${mark}, whose number config.json has as image_token_index` });
}

class SeeingDecoder extends Decoder {
    /** @param {Loaded} loaded @param {CachedPicture[]} seen @param {Places} places @param {Beginning} [beginning] */
    constructor(loaded, seen, places, beginning) {
        super(loaded, {}, beginning);
        this._seen = seen;
        this._places = places;
        /** The features of the pictures that are read. @type {Map<number, any>} */
        this._features = new Map();
    }

    /** The library would put the features of all pictures into one piece of the prompt.
     * @override @protected @param {bigint[][]} ids */
    async _next(ids) {
        const next = await super._next(ids);
        const embeds = await this._model.encode_text({ input_ids: next.input_ids });
        await this._place(embeds, ids[0].length);
        return { ...next, inputs_embeds: embeds };
    }

    /** @param {any} embeds of the next tokens @param {number} count */
    async _place({ type, dims, data }, count) {
        const width = dims.at(-1);
        for (let i = 0; i < count; i++) {
            const place = this._places.get(this.count + i);
            if (!place) continue;
            const { picture, row } = place;
            const features = this._features.get(picture) ?? await this._see(picture, type, width);
            data.set(features.subarray(row * width, (row + 1) * width), i * width);
        }
    }

    /** @param {number} picture @param {string} type @param {number} width of a token */
    async _see(picture, type, width) {
        const { dims: [, own], data } = inType(await this._seen[picture].features(), type);
        if (own !== width) throw misfit(own, width);
        this._features.set(picture, data);
        return data;
    }
}

/** Numbers of 16 bits become what graphs with weights of less take; not every browser makes such.
 * @param {any} features @param {string} type */
function inType(features, type) {
    if (features.type === type) return features;
    if (type === 'float32') return features.to(type);
    throw new Failure('model_invalid',
        `onnx/vision_encoder gives ${features.type} for a token, onnx/embed_tokens ${type}`,
        { expected: 'the same of both, or float32 of the latter' });
}

/** @param {number} own @param {number} width */
const misfit = (own, width) => new Failure('model_invalid',
    `onnx/vision_encoder gives ${own} numbers for a token, onnx/embed_tokens ${width}`,
    { expected: 'as many of both' });
