/**
 * Language models that see: an encoder makes features of a picture, which stand in the prompt in the place
 * of the model's tokens for it (LLaVA and what is built like it: onnx/vision_encoder, onnx/embed_tokens
 * and onnx/decoder_model_merged).
 */
import { Failure } from '../engine/failure.js';
import { conversation, tokensOf } from './conversation.js';
import { Decoder } from './decoder.js';
import { imageOf, processorOf } from './image/input.js';
import { SEEING, TILED } from './seeing_types.js';

/** @typedef {import('../engine/run.js').Run} Run */
/** @typedef {import('./generate.js').Prompt} Prompt */
/** @typedef {import('./kv_cache.js').Beginning} Beginning */
/** @typedef {import('./loading.js').Loaded} Loaded */
/** @typedef {import('./tasks.js').CheckedTask} CheckedTask */
/** What the encoder made of one picture: a row for each of its tokens, and how these are written.
 * @typedef {{features: any, text: string}} Look */

/** Which row of which picture's features stands at a place of the prompt.
 * @typedef {Map<number, {picture: number, row: number}>} Places */

/**
 * A prompt, and what reads it. `keysOf` gives tokens by which keys and values are kept: those of another
 * picture are others.
 * @typedef {{prompt: Prompt, keysOf: (tokens: readonly number[]) => number[],
 *   decoderOf: (beginning?: Beginning) => Decoder}} Seen
 */

const GRAPHS = Object.freeze(['vision_encoder', 'embed_tokens', 'decoder_model_merged']);
/** How LLaVA was trained to be asked, whose first folders have no template. */
const TEMPLATE = `{% for message in messages %}{{ message.role | upper }}: {{ message.content }} {% endfor %}
{%- if add_generation_prompt %}ASSISTANT:{% endif %}`;
/** What Idefics3 has around and before its tiles. */
const AROUND = '<fake_token_around_image>';
const WHOLE = '<global-img>';

/** @param {Loaded} loaded */
export const isSeeing = ({ config, model }) => SEEING.includes(config.model_type)
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
 * What a conversation with pictures is gone on from: parts {type: "image", image: {tensor, media_type}}.
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
    /** @type {Look[]} */
    const looks = [];
    for (const [i, message] of messages.entries()) {
        for (const { part, index } of picturesIn(message)) {
            looks.push(await look(loaded, task, part.image, fieldOf(i, index), mark));
        }
    }
    // A tokenizer's start token is written once, by the template or by it.
    const tokens = tokensOf(loaded, withLooks(text, looks, mark), true);
    const places = placesOf(loaded, tokens, looks, mark);
    const features = looks.map((one) => one.features);
    const names = features.map(nameOf);
    return {
        prompt: { ...rest, tokens },
        keysOf: (all) => all.map((token, place) => names[places.get(place)?.picture ?? -1] ?? token),
        decoderOf: (beginning) => new SeeingDecoder(loaded, features, places, beginning),
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

/** What is wrong with a picture, where the client has that. @param {unknown} thrown @param {string} field */
const placed = (thrown, field) => (thrown instanceof Failure && thrown.field === IMAGE
    ? new Failure(thrown.code, thrown.message, { field, expected: thrown.expected }) : thrown);

/** @param {string} type */
const unserved = (type) => new Failure('platform_unsupported',
    `Models like ${type} do not answer questions about pictures here.`,
    { field: 'task', expected: `a model of one of the types ${SEEING.join(', ')}` });

// --- pictures in the prompt --------------------------------------------------------------------------

/** How the model's prompts have pictures; null: they have none.
 * @param {Loaded} loaded @returns {import('./conversation.js').Pictures | null} */
export function picturesOf(loaded) {
    if (!isSeeing(loaded)) return null;
    const { config, image_token: own } = processorOf(loaded);
    return { mark: config?.image_token ?? own ?? '<image>', template: TEMPLATE };
}

/** @param {Loaded} loaded @param {CheckedTask} task @param {any} picture @param {string} field
 * @param {string} mark @returns {Promise<Look>} */
async function look(loaded, task, picture, field, mark) {
    const { config, model } = loaded;
    const { image_processor: prepare } = processorOf(loaded);
    if (!prepare) {
        throw new Failure('model_invalid', 'preprocessor_config.json has no image_processor_type.');
    }
    const image = await imageOf(loaded, task, picture).catch((thrown) => {
        throw placed(thrown, field);
    });
    const isTiled = TILED.includes(config.model_type);
    const inputs = await (isTiled ? prepare([[image]], { return_row_col_info: true }) : prepare(image));
    const made = await model.encode_image(inputs);
    if (!(made?.dims?.length >= 2)) {
        throw new Failure('model_invalid', 'onnx/vision_encoder has no output image_features.');
    }
    const width = made.dims.at(-1);
    const features = made.view(-1, width);
    const [count] = features.dims;
    const text = isTiled ? tiles(inputs, count, mark) : mark.repeat(count);
    return { features, text };
}

/** Idefics3's way: each tile by its row and column, and the whole picture behind them.
 * @param {{rows: number[][], cols: number[][], pixel_values: any}} inputs @param {number} count of all tokens
 * @param {string} mark */
function tiles({ rows: [[rows]], cols: [[columns]], pixel_values: { dims: [, images] } }, count, mark) {
    const one = mark.repeat(count / images);
    let text = '';
    for (let row = 1; row <= rows; row++) {
        for (let column = 1; column <= columns; column++) text += `${AROUND}<row_${row}_col_${column}>${one}`;
        text += '\n';
    }
    return `${text}${rows > 0 ? '\n' : ''}${AROUND}${WHOLE}${one}${AROUND}`;
}

/** Writes each picture where the prompt has its mark. @param {string} text @param {Look[]} looks
 * @param {string} mark @throws {Failure} if there is another number of marks */
function withLooks(text, looks, mark) {
    const [first, ...parts] = text.split(mark);
    if (parts.length !== looks.length) {
        throw new Failure('input_invalid', `The prompt has "${mark}", which stands for a picture, `
            + `${parts.length} times, with ${looks.length} pictures.`,
        { field: 'inputs', expected: `texts without ${mark}, and a template that writes it for each picture` });
    }
    return parts.reduce((all, part, i) => all + looks[i].text + part, first);
}

/** @param {Loaded} loaded @param {readonly number[]} tokens @param {Look[]} looks @param {string} mark
 * @returns {Places} @throws {Failure} if the tokenizer cuts the mark */
function placesOf({ config, tokenizer }, tokens, looks, mark) {
    const id = config.image_token_index ?? config.image_token_id ?? tokenizer._tokenizer.token_to_id(mark);
    const places = tokens.flatMap((token, place) => (token === id ? [place] : []));
    const rows = looks.flatMap(({ features: { dims: [count] } }, picture) =>
        Array.from({ length: count }, (_, row) => ({ picture, row })));
    if (places.length === rows.length) return new Map(places.map((place, i) => [place, rows[i]]));
    throw new Failure('model_invalid',
        `tokenizer.json makes ${places.length} tokens of ${rows.length} times ${mark}.`,
        { expected: `a token ${mark}, whose number config.json has as image_token_index` });
}

/** A negative number that other features hardly have: FNV-1a, with two beginnings, in 52 bits.
 * @param {any} features */
function nameOf({ data: { buffer, byteOffset, byteLength } }) {
    let [high, low] = [0x811c9dc5, 0x9e3779b9];
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) {
        high = Math.imul(high ^ byte, 0x01000193);
        low = Math.imul(low ^ byte, 0x01000193);
    }
    return -1 - ((high >>> 12) * 2 ** 32 + (low >>> 0));
}

class SeeingDecoder extends Decoder {
    /** @param {Loaded} loaded @param {any[]} features of each picture @param {Places} places
     * @param {Beginning} [beginning] */
    constructor(loaded, features, places, beginning) {
        super(loaded, {}, beginning);
        this._features = features;
        this._places = places;
    }

    /** The library would put the features of all pictures into one piece of the prompt.
     * @override @protected @param {bigint[][]} ids */
    async _next(ids) {
        const next = await super._next(ids);
        const embeds = await this._model.encode_text({ input_ids: next.input_ids });
        this._place(embeds, ids[0].length);
        return { ...next, inputs_embeds: embeds };
    }

    /** @param {any} embeds of the next tokens @param {number} count */
    _place({ type, dims, data }, count) {
        const width = dims.at(-1);
        this._features = this._features.map((one) => inType(one, type));
        for (let i = 0; i < count; i++) {
            const place = this._places.get(this.count + i);
            if (!place) continue;
            const { dims: [, own], data: features } = this._features[place.picture];
            if (own !== width) throw misfit(own, width);
            data.set(features.subarray(place.row * width, (place.row + 1) * width), i * width);
        }
    }
}

/** Numbers of 16 bits become what graphs with weights of less take; not every browser makes such.
 * @param {any} features @param {string} type */
function inType(features, type) {
    if (features.type === type) return features;
    if (type === 'float32') return features.to(type);
    throw new Failure('model_invalid',
        `onnx/vision_encoder gives ${features.type} for a token, onnx/embed_tokens ${type}.`,
        { expected: 'the same of both, or float32 of the latter' });
}

/** @param {number} own @param {number} width */
const misfit = (own, width) => new Failure('model_invalid',
    `onnx/vision_encoder gives ${own} numbers for a token, onnx/embed_tokens ${width}.`,
    { expected: 'as many of both' });
