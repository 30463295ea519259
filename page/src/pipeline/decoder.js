/**
 * A decoder step by step, on transformers.js' own steps: its inputs for the next tokens, its forward, its
 * keys and values. Every run of a session lets the event loop turn before (library.js).
 */
import { Failure } from '../engine/failure.js';
import { PromptChunk } from '../engine/prompt_chunk.js';
import { afterStep, generationConfig, runEncoder } from './theirs.js';

/** @import { Needed } from './gpu_logits.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Best } from './sampling.js' */

/** The most tokens of a prompt that are read at a time, or fewer where their logits would take more than LOGITS_BYTES; and the number that
 * always can be, with which a processor begins. */
const PIECE = 256;
const LEAST_PIECE = 32;
const LOGITS_BYTES = 64 << 20;
const ON_DEVICE = 'gpu-buffer';
/** Their positions begin at 1: the library knows them, and makes the positions of these itself. */
const FROM_ONE = Object.freeze(['paligemma', 'gemma3_text', 'gemma3']);

export class Decoder {
    /**
     * @param {Loaded} loaded @param {Record<string, any>} inputs what stays the same in all steps, such as
     *   what the encoder made @param {{cache?: any, count?: number}} [beginning] keys and values that are there
     */
    constructor({ library, model, config, caches, gpu, compute, left }, inputs, { cache = null, count = 0 } = {}) {
        this._library = library;
        this._caches = caches;
        this._gpu = gpu;
        this._compute = compute;
        left.add('logits');
        /** The last logits, as long as more of them may be asked for. @type {any} */
        this._last = null;
        this._model = model;
        this._isSeq2seq = config.is_encoder_decoder === true;
        this._config = generationConfig(model);
        this._masks = new Masks(library.Tensor);
        this._tellsPositions = takesPositions(model, config);
        /** @type {Record<string, any>} */
        this._inputs = { ...inputs, ...(cache ? { past_key_values: cache } : {}) };
        /** How many tokens are in the cache. */
        this.count = count;
        /** The largest number that there may ever be; set by code that knows it. */
        this.most = Infinity;
    }

    /** Keys and values of `count` tokens; null before the first step. */
    get cache() {
        return this._inputs.past_key_values ?? null;
    }

    /**
     * Computes the tokens after those in the cache. An encoder-decoder takes several tokens only at the beginning.
     * @template {Needed | null} [Part=null]
     * @param {readonly number[]} tokens all of them
     * @param {Part} [needed] of the logits, if they are on a GPU; null: all
     * @returns {Promise<Float32Array | (Part extends null ? never : Best)>} the logits of the next token; they belong to the caller
     * @throws {Failure} if the graph returns nothing to continue from
     */
    async read(tokens, needed) {
        const { _model: model } = this;
        this.letGo();
        const ids = [tokens.slice(this.count).map(BigInt)];
        if (this.cache) await this._makeRoom(tokens.length);
        const prepared = model.prepare_inputs_for_generation(ids, await this._next(ids), this._config);
        const outputs = await model.forward(prepared);
        // The library would make the next mask of this one, number by number: it is made here instead.
        const mask = { [this._isSeq2seq ? 'decoder_attention_mask' : 'attention_mask']: this._masks.of(1) };
        this._inputs = afterStep(model, {
            generated_input_ids: [ids[0].slice(-1)], outputs, model_inputs: { ...prepared, ...mask },
            is_encoder_decoder: this._isSeq2seq,
        });
        if (Object.keys(this.cache).length === 0) throw withoutCache();
        this.count = tokens.length;
        const logits = await this._logitsOf(outputs.logits, needed ?? null);
        await this._makeRoom(Math.min(this.count + 1, this.most));
        return /** @type {any} */ (logits);
    }

    /** @param {any} output @param {Needed | null} needed @returns {Promise<Float32Array | Best>} */
    async _logitsOf(output, needed) {
        if (!this._gpu || output.location !== ON_DEVICE) return lastRow(output);
        this._last = output;
        const best = needed && await this._onDevice((logits, tensor) => logits.best(tensor, needed));
        return best ?? this.row();
    }

    /** All logits of the next token, after `read` has given the best. @returns {Promise<Float32Array>} they belong to the caller */
    async row() {
        try {
            return await this._onDevice((logits, tensor) => logits.last(tensor));
        } finally {
            this.letGo();
        }
    }

    /** @template T @param {(logits: import('./gpu_logits.js').GpuLogits, tensor: any) => Promise<T>} work */
    _onDevice(work) {
        const { _last: { ort_tensor: tensor }, _gpu: gpu } = this;
        return this._compute(() => work(/** @type {NonNullable<Loaded['gpu']>} */ (gpu).logits, tensor));
    }

    /** Gives up the last logits on the device: `row` is not called any more. */
    letGo() {
        const last = this._last;
        this._last = null;
        try {
            last?.dispose();
        } catch {
            // The device is lost, and with it everything on it.
        }
    }

    /** Another decoder that has read the same tokens, and continues independently. @returns {Promise<Decoder>} */
    async fork() {
        const cache = await this._caches.fork(this.cache, this.count);
        /** @type {Decoder} */
        const fork = Object.assign(Object.create(Object.getPrototypeOf(this)), this);
        fork._inputs = { ...this._inputs, past_key_values: cache };
        return fork;
    }

    /** @param {number} needed the number of tokens that need room */
    async _makeRoom(needed) {
        const { _caches: caches, cache } = this;
        this._inputs.past_key_values = await caches.withRoom(cache, this.count, needed, this.most);
        if (this.cache !== cache) caches.onRoom();
    }

    /** @protected @param {bigint[][]} ids @returns {Promise<Record<string, any>>} */
    async _next([ids]) {
        const { Tensor } = this._library;
        const mask = this._masks.of(this.count + ids.length);
        if (this._isSeq2seq) return { ...this._inputs, decoder_attention_mask: mask };
        const tensor = (/** @type {bigint[]} */ numbers) => new Tensor('int64', numbers, [1, numbers.length]);
        const places = this._tellsPositions ? { position_ids: tensor(ids.map((_, at) => BigInt(this.count + at))) } : {};
        return { ...this._inputs, ...places, input_ids: tensor(ids), attention_mask: mask };
    }
}

/** Masks that hide nothing: parts of one array, so that a token costs no more the more there are before it. */
class Masks {
    /** @param {any} Tensor the library's */
    constructor(Tensor) {
        this._Tensor = Tensor;
        this._ones = new BigInt64Array();
    }

    /** @param {number} length @returns {any} [1, length], not to be changed */
    of(length) {
        if (this._ones.length < length) this._ones = new BigInt64Array(2 * length).fill(1n);
        return new this._Tensor('int64', this._ones.subarray(0, length), [1, length]);
    }
}

const withoutCache = () => new Failure('model_invalid', 'the graph returns no keys and values to continue from',
    { expected: 'outputs present.* and inputs past_key_values.*, as exporters make them for generation' });

/** @param {any} logits [1, tokens, vocabulary] @returns {Float32Array} of the last token */
function lastRow(logits) {
    const [, length, vocabulary] = logits.dims;
    const last = length - 1;
    if (logits.type === 'float32') return logits.data.subarray(last * vocabulary, length * vocabulary);
    return logits.slice(null, [last, length], null).to('float32').data;
}

/** Whether the graph takes the tokens' positions as an input: the library would count them again for each token,
 * from the first one on. @param {any} model @param {any} config */
function takesPositions({ sessions }, config) {
    /** @type {{name: string, shape?: unknown[]}[]} */
    const inputs = (sessions.decoder_model_merged ?? sessions.model)?.inputMetadata ?? [];
    const { shape } = inputs.find(({ name }) => name === 'position_ids') ?? {};
    return shape?.length === 2 && !FROM_ONE.includes(config.model_type);
}

/** How much of a prompt is read at a time; null: all of it. A device is fast, and prepares for each size that it meets.
 * @param {string} platform @param {any} model @param {any} config */
export function promptChunkOf(platform, { sessions }, config) {
    // The library's steps of these read but the last token as soon as there is a cache.
    if (config.is_encoder_decoder === true) return null;
    const isDevice = platform !== 'wasm', names = (sessions.decoder_model_merged ?? sessions.model)?.inputNames ?? [];
    const fitting = Math.floor(LOGITS_BYTES / (4 * (vocabularyOf(config) || 1)));
    const most = names.includes('num_logits_to_keep') ? PIECE : Math.max(LEAST_PIECE, Math.min(PIECE, fitting));
    return new PromptChunk(isDevice ? most : LEAST_PIECE, most, isDevice);
}

/** How many tokens the model knows; undefined where its configuration does not say it. @param {any} config
 * @returns {number | undefined} */
export const vocabularyOf = ({ vocab_size: own, text_config: text, decoder }) =>
    own ?? text?.vocab_size ?? decoder?.vocab_size;

/**
 * Runs an encoder-decoder's encoder.
 * @param {Loaded} loaded
 * @param {Record<string, any>} inputs of the encoder, such as input_ids and attention_mask
 * @returns {Promise<Record<string, any>>} them, and what it made as `encoder_outputs`
 */
export const encode = ({ model }, inputs) => runEncoder(model, inputs);

/** The decoder of an encoder-decoder, when its encoder has read the input.
 * @param {Loaded} loaded @param {Record<string, any>} inputs of the encoder */
export const encoded = async (loaded, inputs) => new Decoder(loaded, await encode(loaded, inputs));
