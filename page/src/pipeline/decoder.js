/**
 * A decoder step by step, on transformers.js' own steps: its inputs for the next tokens, its forward, its
 * keys and values. Every run of a session lets the event loop turn before (library.js).
 */
import { Failure } from '../engine/failure.js';

/** @typedef {import('./loading.js').Loaded} Loaded */

/** Tokens of a prompt that are read at a time at the most, and bytes of logits that they may make. */
const PIECE = 256;
const LEAST_PIECE = 32;
const LOGITS_BYTES = 64 << 20;

export class Decoder {
    /**
     * @param {Loaded} loaded @param {Record<string, any>} inputs what stays the same in all steps, such as
     *   what the encoder made @param {{cache?: any, count?: number}} [beginning] keys and values that are there
     */
    constructor({ library, model, config }, inputs, { cache = null, count = 0 } = {}) {
        this._library = library;
        this._model = model;
        this._isSeq2seq = config.is_encoder_decoder === true;
        this._config = model._prepare_generation_config(null, {});
        /** @type {Record<string, any>} */
        this._inputs = { ...inputs, ...(cache ? { past_key_values: cache } : {}) };
        /** How many tokens are in the cache. */
        this.count = count;
        this.piece = pieceOf(model, config);
    }

    /** Keys and values of `count` tokens; null before the first step. */
    get cache() {
        return this._inputs.past_key_values ?? null;
    }

    /**
     * Computes the tokens behind those in the cache; of an encoder-decoder, several at the beginning only.
     * @param {readonly number[]} tokens all of them
     * @returns {Promise<Float32Array>} the logits of what may follow; the caller's
     * @throws {Failure} if the graph gives nothing to go on from
     */
    async read(tokens) {
        const { _model: model } = this;
        const ids = [tokens.slice(this.count).map(BigInt)];
        const prepared = model.prepare_inputs_for_generation(ids, await this._next(ids), this._config);
        const outputs = await model.forward(prepared);
        this._inputs = model._update_model_kwargs_for_generation({
            generated_input_ids: [ids[0].slice(-1)], outputs, model_inputs: prepared,
            is_encoder_decoder: this._isSeq2seq,
        });
        if (Object.keys(this.cache).length === 0) throw withoutCache();
        this.count = tokens.length;
        return lastRow(outputs.logits);
    }

    /** @protected @param {bigint[][]} ids @returns {Promise<Record<string, any>>} */
    async _next([ids]) {
        const { Tensor, ones } = this._library;
        const shape = [1, ids.length];
        if (!this._isSeq2seq) {
            const attention_mask = ones([1, this.count + ids.length]);
            return { ...this._inputs, input_ids: new Tensor('int64', ids, shape), attention_mask };
        }
        return this.count > 0 ? this._inputs : { ...this._inputs, decoder_attention_mask: ones(shape) };
    }
}

const withoutCache = () => new Failure('model_invalid', 'The graph gives no keys and values to go on from.',
    { expected: 'outputs present.* and inputs past_key_values.*, as exporters make them for generation' });

/** @param {any} logits [1, tokens, vocabulary] @returns {Float32Array} of the last token */
function lastRow(logits) {
    const [, length, vocabulary] = logits.dims;
    const last = length - 1;
    if (logits.type === 'float32') return logits.data.subarray(last * vocabulary, length * vocabulary);
    return logits.slice(null, [last, length], null).to('float32').data;
}

/** How many tokens are read at a time at the most. @param {any} model @param {any} config */
function pieceOf({ sessions }, config) {
    // The library's steps of these read but the last token as soon as there is a cache.
    if (config.is_encoder_decoder === true) return Infinity;
    const session = sessions.decoder_model_merged ?? sessions.model;
    if (session.inputNames.includes('num_logits_to_keep')) return PIECE;
    const most = Math.floor(LOGITS_BYTES / (4 * (vocabularyOf(config) || 1)));
    return Math.max(LEAST_PIECE, Math.min(PIECE, most));
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
export function encode({ model }, inputs) {
    const name = model.main_input_name;
    return model._prepare_encoder_decoder_kwargs_for_generation({
        inputs_tensor: inputs[name], model_inputs: { ...inputs }, model_input_name: name,
        generation_config: { ...model._prepare_generation_config(null, {}), guidance_scale: null },
    });
}

/** The decoder of an encoder-decoder, when its encoder has read the input.
 * @param {Loaded} loaded @param {Record<string, any>} inputs of the encoder */
export const encoded = async (loaded, inputs) => new Decoder(loaded, await encode(loaded, inputs));
