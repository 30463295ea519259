/**
 * Whisper: turns one window of sound into text, by the library's own generate. audio.js goes from window to window;
 * within a window the event loop turns before each token, because each token runs a session (library.js).
 */
import { Failure } from '../engine/failure.js';
import { floats } from '../engine/tensors.js';
import { Decoder, encode } from './decoder.js';
import { tell } from './sampling.js';
import { featuresOf } from './sound/features.js';
import { measured, Watch } from './sound/measures.js';
import { placedOf, rounded, segmentsOf } from './sound/segments.js';
import { noteSteps } from './theirs.js';

/** @import { RawOutputs } from '../engine/raw.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Extractor } from './sound/features.js' */
/** @import { Segment } from './sound/segments.js' */
/** @typedef {'none' | 'segment' | 'word' | 'both'} Times */
/** @typedef {{language?: string, translate?: boolean, timestamps?: Times, details?: boolean,
 *   max_tokens?: number, prompt?: string}} Requested */
/** The result of a window; `segments` if times were requested, `words` if both kinds were, and `tokens` if they determine
 * the segments. @typedef {{text: string, segments?: Segment[], words?: Segment[], tokens?: number[]}} Said */

/** A window, and what its spectrogram is; what the encoder made of that, once it ran.
 * @typedef {{samples: Float32Array, inputs: any, encoded?: any}} Heard */

/** The options of a request, as the library takes them; `prefix` is the number of tokens of the answer that belong to the
 * prompt, `heard` the window from which the language is detected if it is not given.
 * @typedef {{language?: string, timestamps: Times, details: boolean, prefix: number, heard?: Heard,
 *   arguments: Record<string, any>}} Plan */

/** Tokens of a prompt, of which the last count: half of the decoder's 448, less the one in front. */
const PROMPT_TOKENS = 223;

/** @param {Pick<Loaded, 'config'>} loaded */
export const isWhisper = ({ config }) => /whisper$/.test(config.model_type);

/**
 * Checks what the model can do, and detects the language if it is not given.
 * @param {Loaded} loaded @param {Requested} requested @param {Float32Array} samples the first window
 * @returns {Promise<Plan>} @throws {Failure} input_invalid
 */
export async function planOf(loaded, requested, samples) {
    const { model: { generation_config: settings } } = loaded;
    const { timestamps = 'none', details = false, max_tokens: most } = requested;
    checkTimes(settings, timestamps);
    const language = settings.is_multilingual ? languageOf(settings, requested) : undefined;
    if (!settings.is_multilingual && (requested.language || requested.translate)) {
        throw refused(requested.language ? 'language' : 'translate',
            'this model knows one language, and does not translate', 'no such option');
    }
    const heard = settings.is_multilingual && !language ? hear(loaded, samples) : undefined;
    const spoken = heard ? await detect(loaded, heard) : language;
    const prefix = requested.prompt === undefined ? null
        : [...promptOf(loaded, requested.prompt), ...beginning(settings, spoken, requested)];
    return {
        language: spoken, timestamps, details: details && tellsSegments(timestamps), prefix: prefix?.length ?? 0, heard,
        arguments: {
            ...(prefix ? { decoder_input_ids: prefix } : {}),
            ...(settings.is_multilingual
                ? { language: spoken, task: requested.translate ? 'translate' : 'transcribe' } : {}),
            ...(most ? { max_new_tokens: most } : {}),
            ...(timestamps === 'none' ? {} : { return_timestamps: true }),
            ...(tellsWords(timestamps) ? { return_token_timestamps: true } : {}),
        },
    };
}

/** @param {Times} timestamps */
const tellsSegments = (timestamps) => timestamps === 'segment' || timestamps === 'both';
/** @param {Times} timestamps */
const tellsWords = (timestamps) => timestamps === 'word' || timestamps === 'both';

/** The text that counts as said before, in Whisper's form: after <|startofprev|>.
 * @param {Loaded} loaded @param {string} prompt @returns {number[]} */
function promptOf({ tokenizer }, prompt) {
    const mark = markOf(tokenizer, '<|startofprev|>');
    if (mark === undefined) throw refused('prompt',
        'this model takes no prompt: its tokenizer has no <|startofprev|>', 'no such option');
    return [mark, ...tokensOf(tokenizer, ` ${prompt.trim()}`).slice(-PROMPT_TOKENS)];
}

/** @param {any} tokenizer @param {string} text @returns {number[]} */
const tokensOf = (tokenizer, text) => tokenizer.encode(text, { add_special_tokens: false });

/** The token that a mark is, if it is one. @param {any} tokenizer @param {string} mark */
function markOf(tokenizer, mark) {
    const tokens = tokensOf(tokenizer, mark);
    return tokens.length === 1 ? tokens[0] : undefined;
}

/** The first tokens of the decoder. @param {Record<string, any>} settings @param {string | undefined} language
 * @param {Requested} requested @returns {number[]} */
function beginning(settings, language, { translate, timestamps = 'none' }) {
    return [
        settings.decoder_start_token_id,
        ...(settings.is_multilingual
            ? [settings.lang_to_id[`<|${language}|>`], settings.task_to_id[translate ? 'translate' : 'transcribe']]
            : []),
        ...(timestamps === 'none' ? [settings.no_timestamps_token_id] : []),
    ].filter(Number.isInteger);
}

/** @param {Record<string, any>} settings @param {Times} timestamps */
function checkTimes(settings, timestamps) {
    if (timestamps !== 'none' && !Number.isInteger(settings.no_timestamps_token_id)) {
        throw refused('timestamps',
            "this model tells no times: its generation_config.json has no no_timestamps_token_id", 'none');
    }
    if (tellsWords(timestamps) && !settings.alignment_heads) {
        throw refused('timestamps',
            "this model tells no words' times: its generation_config.json has no alignment_heads",
            'none or segment');
    }
}

/** The language that is asked for, if one is.
 * @param {Record<string, any>} settings @param {Requested} requested @returns {string | undefined} */
function languageOf({ lang_to_id: tokens = {} }, { language }) {
    const code = language?.toLowerCase();
    if (code === undefined || Object.hasOwn(tokens, `<|${code}|>`)) return code;
    throw refused('language', `this model does not know the language "${language}"`,
        `one of ${Object.keys(tokens).map((token) => token.slice(2, -2)).join(', ')}`.slice(0, 250));
}

/** @param {Loaded} loaded @param {Float32Array} samples one window @returns {Heard} */
const hear = (loaded, samples) => ({ samples, inputs: featuresOf(loaded, samples).input_features });

/** The language is the most probable of the language tokens, the first token that the model makes. The encoder's result is
 * kept for the transcription. @param {Loaded} loaded @param {Heard} heard */
async function detect(loaded, heard) {
    /** @type {{decoder_start_token_id: number, lang_to_id?: Record<string, number>}} */
    const { decoder_start_token_id: start, lang_to_id: tokens = {} } = loaded.model.generation_config;
    const inputs = await encode(loaded, { input_features: heard.inputs });
    heard.encoded = inputs.encoder_outputs;
    const decoder = new Decoder(loaded, inputs);
    const logits = await decoder.read([start]);
    await decoder.cache?.dispose();
    let [language, best] = ['en', -Infinity];
    for (const [token, id] of Object.entries(tokens)) {
        if (logits[id] > best) [language, best] = [token.slice(2, -2), logits[id]];
    }
    return language;
}

/**
 * @param {Loaded} loaded @param {Plan} plan @param {Float32Array} samples one window
 * @param {number} offset when
 * it begins, in seconds @param {RawOutputs | null} raw @returns {Promise<Said>}
 */
export async function transcribe(loaded, plan, samples, offset, raw) {
    const { model } = loaded, { settings, rate } = /** @type {Extractor} */ (loaded.listens);
    const heard = plan.heard?.samples === samples ? plan.heard : hear(loaded, samples);
    const reader = readerOf(loaded);
    const watch = plan.details ? watchOf(loaded, reader) : null;
    const output = await generated(loaded, { inputs: heard.inputs, ...encodedOf(loaded, plan, heard),
        num_frames: Math.floor(samples.length / settings.hop_length), ...plan.arguments,
        ...(raw || watch ? { logits_processor: watching(loaded, raw, watch) } : {}) }, watch);
    const start = model.generation_config.decoder_start_token_id;
    const tokens = (output.sequences ?? output)[0].tolist().map(Number).fill(start, 0, plan.prefix);
    const text = reader.decode(tokens.filter((/** @type {number} */ token) => token < reader.begin));
    if (plan.timestamps === 'none') return { text };
    const place = { offset, length: samples.length / rate };
    const words = tellsWords(plan.timestamps)
        ? wordsOf(loaded, plan, reader, tokens, output.token_timestamps[0].tolist(), place) : undefined;
    if (plan.timestamps === 'word') return { text, segments: words };
    const placed = placedOf(tokens, reader, offset, place.length);
    return { text, segments: await told(placed, watch?.likely(offset)), words,
        tokens: tokens.slice(tokens.lastIndexOf(start)) };
}

/** @param {Loaded} loaded @param {import('./sound/segments.js').Reader} reader */
function watchOf({ model, tokenizer }, { begin, precision }) {
    const silence = markOf(tokenizer, '<|nospeech|>') ?? markOf(tokenizer, '<|nocaptions|>');
    return new Watch({ begin, precision, start: model.generation_config.decoder_start_token_id, silence });
}

/** Segments, with their measures where these are known. @param {import('./sound/segments.js').Placed[]} placed
 * @param {(import('./sound/measures.js').Likely | undefined)[]} [likely] of the tokens in each place
 * @returns {Promise<Segment[]>} */
const told = (placed, likely = []) => Promise.all(placed.map(async ({ segment, places }) => {
    const own = places.flatMap((place) => likely[place] ?? []);
    return own.length > 0 ? { ...segment, ...await measured(own, segment.text) } : segment;
}));

/** Where a window begins, and how long it is, in seconds. @typedef {{offset: number, length: number}} Place */

/** The segments of the first windows, from the tokens that another node has made of them.
 * @param {Loaded} loaded @param {readonly number[]} tokens @param {readonly Place[]} places of these windows
 * @returns {Segment[] | null} null: they are not those of so many windows */
export function segmentsAgain(loaded, tokens, places) {
    const start = loaded.model.generation_config.decoder_start_token_id;
    const begins = tokens.flatMap((token, i) => (token === start ? [i] : []));
    if (begins.length !== places.length) return null;
    const reader = readerOf(loaded);
    return places.flatMap(({ offset, length }, window) =>
        segmentsOf(tokens.slice(begins[window], begins[window + 1]), reader, offset, length));
}

/** The library's generate, whose keys and values count as the model's memory meanwhile.
 * @param {Loaded} loaded @param {Record<string, any>} given @param {Watch | null} watch */
async function generated({ model, caches }, given, watch) {
    const holder = { cache: null };
    const stop = noteSteps(model, (step) => watch?.read(step.outputs.logits),
        ({ past_key_values: cache }) => { holder.cache = cache; });
    caches.hold(holder);
    try {
        return await model.generate(given);
    } catch (thrown) {
        throw withoutAttentions(thrown);
    } finally {
        caches.letGo(holder);
        stop();
    }
}

/** The library's rules, followed by an observer of the logits that they leave. @param {Loaded} loaded
 * @param {RawOutputs | null} raw @param {Watch | null} watch */
function watching({ library: { LogitsProcessorList } }, raw, watch) {
    const list = new LogitsProcessorList();
    const look = (/** @type {bigint[][]} */ ids, /** @type {any} */ logits) => {
        if (raw) tell(raw, floats(logits));
        watch?.choose(ids, logits);
        return logits;
    };
    list[Symbol.iterator] = function* all() {
        yield* this.processors;
        yield look;
    };
    return list;
}

/** Makes the library use an existing encoder result, as its T5 does: otherwise it would compute it again.
 * @param {any} model of transformers.js */
export function acceptEncoded(model) {
    if (!model.forward_params.includes('encoder_outputs')) model.forward_params.push('encoder_outputs');
}

/** The encoder's result, for the library; not if the library continues within the window, after the last time that
 * was found, and encodes the rest again. @param {Loaded} loaded @param {Plan} plan
 * @param {Heard} heard @returns {{encoder_outputs?: any}} */
function encodedOf({ model }, { arguments: requested }, { encoded }) {
    const tellsTimes = requested.return_timestamps ?? model.generation_config.return_timestamps;
    if (!encoded || tellsTimes && !requested.max_new_tokens) return {};
    return { encoder_outputs: encoded };
}

/** @param {Loaded} loaded @returns {import('./sound/segments.js').Reader} */
function readerOf({ model, listens, tokenizer, config }) {
    const decode = (/** @type {number[]} */ ids) => tokenizer.decode(ids, { skip_special_tokens: true });
    return {
        begin: (model.generation_config.no_timestamps_token_id ?? Infinity) + 1,
        precision: /** @type {Extractor} */ (listens).settings.chunk_length / config.max_source_positions,
        special: new Set(tokenizer.all_special_ids), decode,
    };
}

/** No word continues after a time. @param {Loaded} loaded @param {Plan} plan
 * @param {import('./sound/segments.js').Reader} reader
 * @param {number[]} tokens @param {number[]} times when each begins @param {Place} place
 * @returns {Segment[]} one for each word */
function wordsOf({ tokenizer }, { language }, { begin, special }, tokens, times, { offset, length }) {
    /** Behind the window's end there is silence. @param {number} time */
    const within = (time) => rounded(offset + Math.min(time, length));
    /** The places of the tokens of each sentence. @type {number[][]} */
    const sentences = [[]];
    for (const [i, token] of tokens.entries()) {
        if (token >= begin) sentences.push([]);
        else if (!special.has(token)) sentences[sentences.length - 1].push(i);
    }
    return sentences.filter(({ length }) => length > 0).flatMap((places) => {
        const spans = places.map((i) => [times[i], times[i + 1] ?? times[i]]);
        /** @type {{text: string, timestamp: [number, number]}[]} */
        const words = tokenizer.collateWordTimestamps(places.map((i) => tokens[i]), spans,
            language ?? 'english');
        return words.map(({ text, timestamp: [start, end] }) =>
            ({ start: within(start), end: within(end), text: text.trim() }));
    });
}

/** @param {unknown} thrown */
function withoutAttentions(thrown) {
    const isIt = thrown instanceof Error && /cross attentions/.test(thrown.message);
    return isIt ? refused('timestamps',
        "this model tells no words' times: its graph does not give its attentions", 'none or segment')
            : thrown;
}

/** @param {string} option @param {string} message @param {string} expected */
const refused = (option, message, expected) => new Failure('input_invalid', message,
    { field: `options.${option}`, expected });
