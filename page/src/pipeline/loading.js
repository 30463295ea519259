/** Loads a folder's model with transformers.js: configuration, tokenizer, processor, sessions. */
import { EngineFault } from '../engine/engine.js';
import { Failure } from '../engine/failure.js';
import { promptChunkOf } from './decoder.js';
import { PREPROCESSOR, describedBy } from './described.js';
import { GpuLogits } from './gpu_logits.js';
import { GpuPooling } from './gpu_pooling.js';
import { graphIn } from './graph_nodes.js';
import { adoptPictures } from './image/prepare.js';
import { isKnown } from './image/processors.js';
import { settingsOf } from './image/settings.js';
import { writesInPlace } from './in_place.js';
import { KvCaches } from './kv_cache.js';
import { LEAVABLE, OF_TOKENS } from './parts.js';
import { PictureCache } from './picture_cache.js';
import { Rooms } from './roomy_cache.js';
import { VISION_TYPES } from './vision_types.js';
import { checkSettings } from './settings/check.js';
import { requireManyTexts, sizesOf } from './sizes.js';
import { extractorOf } from './sound/features.js';
import { adopt } from './tokenizer/adopt.js';
import { overridden } from './tokenizer/overrides.js';
import { Tokenizer } from './tokenizer/tokenizer.js';
import { acceptEncoded, isWhisper } from './whisper.js';

/** @import { Folder } from './folder.js' */
/** @import { Library } from './library.js' */
/**
 * A model that is loaded. `library` is what transformers.js exports, `model` an instance of its class that
 * the configuration names; `dtype` says what its weights are of; `limits.length` how many tokens of text
 * it takes, Infinity if it reads them in pieces and nothing says so; `limits.keepsEnd`: what is too long is
 * cut at its beginning.
 * @typedef {object} Loaded
 * @property {string} key
 * @property {string} platform
 * @property {any} library
 * @property {any} config
 * @property {any} tokenizer of transformers.js, which uses `words`; null: the folder has none
 * @property {Tokenizer | null} words what makes tokens of texts, and texts of tokens
 * @property {any} processor null: the folder has none
 * @property {import('./sound/features.js').Extractor | null} listens what makes of sounds what the model takes; null: the folder
 *   names none that is known
 * @property {any} model
 * @property {string} dtype
 * @property {{length: number, keepsEnd: boolean}} limits
 * @property {Record<string, any>} extra further JSON files that tasks use, by path
 * @property {KvCaches} caches what decoders have computed for conversations
 * @property {import('../engine/prompt_chunk.js').PromptChunk | null} promptChunk how much of a prompt is read at a time; null: all of it
 * @property {import('./picture_cache.js').PictureCache} seen what is remembered of pictures
 * @property {import('../engine/llama.js').Chat | null} chat what renders conversations; the engine's
 * @property {number} context tokens of a conversation that the settings ask for; 0: as the model has it
 * @property {{logits: GpuLogits, pooling: GpuPooling} | null} gpu read outputs that are on a GPU; null: there is none
 * @property {() => void} release these three are of each run: they are the library's
 * @property {import('./library.js').Own['compute']} compute
 * @property {Set<string>} left
 * @property {() => Promise<void>} dispose
 * @property {import('./sparing.js').Sparing | null} sparing keeps graphs in memory only as they are needed; null: all are
 * @property {import('../engine/ort_profile.js').Reasons} [reasons] why nodes of its graphs are left to the CPU, if they are profiled
 */
/** Where it is computed: `provider`, `level`, of what it changes in a graph, and `more` options of sessions, as onnxruntime-web takes them.
 * @typedef {{platform: 'wasm' | 'webgpu' | 'webnn', provider: any, level?: string, more?: Record<string, any>, hasHalf: boolean}} Device */

/** Files with further settings of a folder: how texts are pooled, and how long they may be. */
const EXTRA = Object.freeze([
    'modules.json', '1_Pooling/config.json', 'sentence_bert_config.json', 'config_sentence_transformers.json',
    'generation_config.json',
]);
/** Both or none is there. */
const TOKENIZER = Object.freeze(['tokenizer.json', 'tokenizer_config.json']);
/** Tokens that tokenizer_config.json names, and where it does not, an older file. */
const MARKS = Object.freeze(['bos_token', 'eos_token', 'unk_token', 'pad_token', 'cls_token', 'sep_token', 'mask_token']);
/** The graph that makes vectors of texts, or writes. */
const MAIN = /^onnx\/(?:model|decoder_model_merged)(?:_[a-z0-9]+){0,2}\.onnx$/;
/** Models that tell how likely each word is, of which few are asked for. */
const MASKED = /ForMaskedLM$/;
/** So many classes are read whole. */
const CLASSES = 1024;
/** Tokenizers without a limit say a number beyond this one. */
const UNLIMITED = 1e9;
/** The limit if nothing says how many tokens a model reads: the model attends to all of them at once, so its
 * memory grows with their square … */
const UNNAMED = 2048;
/** … unless it reads them in pieces. */
const IN_PIECES = /(?:CausalLM|LMHeadModel)$/;
/** Models whose positions begin after that of the padding token. */
const OFFSET_POSITIONS = /roberta|camembert|mpnet|xmod|longformer|clap/;

let loads = 0;

/** @param {string} key @param {Library} library @param {Folder} folder @param {Device} device
 * @param {AbortSignal} signal @param {import('../engine/engine.js').Take} [take] for what has turns
 * @param {import('./sparing.js').Sparing | null} [sparing] of its graphs, where memory is short
 * @returns {Promise<Loaded>} @throws {Failure} */
export async function loadFolder(key, library, folder, device, signal, take, sparing = null) {
    const { transformers: namespace } = await library.open();
    return library.load(folder, signal, async () => {
        // Each load has a name of its own, so that its files are not mixed up with another's.
        const id = `load-${++loads}`;
        const config = await configOf(folder);
        await checkSettings(folder);
        const Model = modelClass(namespace, config);
        const extra = Object.fromEntries(await Promise.all(EXTRA.filter((path) => folder.has(path))
            .map(async (path) => [path, await folder.json(path)])));
        const settings = hasTokenizer(folder) ? await tokenizerConfigOf(folder) : null;
        const words = settings && await madeOf('tokenizer.json', wordsOf(folder, settings));
        const tokenizer = words && await madeOf(TOKENIZER.join(', '), namespace.AutoTokenizer.from_pretrained(id));
        if (tokenizer && words) {
            adopt(tokenizer, words);
            tokenizer.chat_template ??= await templateOf(folder);
        }
        const described = await describedBy(folder);
        const listens = described && extractorOf(described);
        if (listens) folder.show(PREPROCESSOR, listens.settings);
        const processor = described ? await madeOf(PREPROCESSOR, processorOf(namespace, described, id)) : null;
        const { dtype, name, external } = folder.weights(device.hasHalf);
        const isSized = device.platform === 'webnn' && described;
        let isInPlace = false;
        const onGraph = (/** @type {string} */ path, /** @type {Uint8Array} */ bytes) => {
            if (MAIN.test(path) && !config.is_encoder_decoder) isInPlace = writesInPlace(graphIn(bytes));
        };
        const model = await Model.from_pretrained(id, {
            device: device.platform, dtype, use_external_data_format: external,
            session_options: {
                executionProviders: [device.provider], graphOptimizationLevel: device.level ?? 'all', logSeverityLevel: 3,
                ...device.more,
                ...(isSized ? { sizesOf: sizesOf(config, listens?.settings ?? described) } : {}),
                ...(device.platform === 'webgpu' ? { onGraph, leavableOf: leavableIn(config) } : {}),
            },
        });
        if (isSized && tokenizer && model.sessions.model) requireManyTexts(model.sessions.model);
        if (isWhisper({ config })) acceptEncoded(model);
        const rooms = isInPlace && library.device ? new Rooms(namespace, library.device) : null;
        const caches = new KvCaches(namespace, (bytes, preferredOutputLocation) =>
            library.session(bytes, { executionProviders: [device.provider], preferredOutputLocation }), {}, rooms);
        const gpu = device.platform === 'webgpu' && library.device ? gpuOf(library.device) : null;
        const dispose = async () => {
            gpu?.logits.destroy();
            gpu?.pooling.destroy();
            await caches.dispose();
            await model.dispose();
        };
        return {
            key, platform: device.platform, library: namespace, config, tokenizer, words, processor, listens, model,
            dtype: name, limits: { length: lengthOf(config, tokenizer, extra), keepsEnd: settings?.truncation_side === 'left' }, extra, caches,
            promptChunk: promptChunkOf(device.platform, model, config), seen: new PictureCache(), chat: null, context: 0, gpu, release: () => {},
            compute: (work) => work(), left: new Set(), dispose, sparing,
        };
    }, take, sparing);
}

/** @param {any} device */
const gpuOf = (device) => ({ logits: new GpuLogits(device, __LIKELIEST__), pooling: new GpuPooling(device, __POOLED__) });

/** The outputs of a graph that may stay on a GPU, because few of their numbers are read. The logits of few classes are small, and those
 * of Whisper are read by the library's own loop.
 * @param {any} config @returns {(path: string, writes: boolean) => readonly string[]} */
const leavableIn = (config) => (path, writes) => {
    if (!MAIN.test(path)) return [];
    const isMany = MASKED.test(String(config.architectures?.[0])) || Object.keys(config.id2label ?? {}).length > CLASSES;
    return (writes ? !isWhisper({ config }) : isMany) ? LEAVABLE : OF_TOKENS;
};

/** Adds the file's name to an exception of the library about its contents. @template T @param {string} path
 * @param {Promise<T>} made @returns {Promise<T>} */
const madeOf = (path, made) => made.catch((thrown) => {
    const isOwn = thrown instanceof Failure || thrown instanceof EngineFault;
    if (isOwn || !(thrown instanceof Error)) throw thrown;
    throw new Error(`${path}: ${thrown.message}`, { cause: thrown });
});

/** @param {Folder} folder @throws {Failure} if one is missing */
function hasTokenizer(folder) {
    const [missing, ...more] = TOKENIZER.filter((path) => !folder.has(path));
    if (!missing || more.length > 0) return !missing;
    throw new Failure('model_invalid', `the folder has no file ${missing}`);
}

/** tokenizer_config.json with what other files say of it. @param {Folder} folder @returns {Promise<Record<string, any>>} */
async function tokenizerConfigOf(folder) {
    const [file, config, map = {}] = await Promise.all([...TOKENIZER, 'special_tokens_map.json'].map((path) => folder.json(path)));
    const settings = { truncation_side: file?.truncation?.direction?.toLowerCase?.(), ...config };
    for (const name of MARKS) {
        const mark = settings[name] ?? map?.[name];
        // As an object it has more, which tokenizer.json says as well.
        if (mark !== undefined && mark !== null) settings[name] = mark.content ?? mark;
    }
    folder.show('tokenizer_config.json', settings);
    return settings;
}

/** @param {Folder} folder @param {Record<string, any>} settings @returns {Promise<Tokenizer>} */
async function wordsOf(folder, settings) {
    const file = await folder.json('tokenizer.json'), words = new Tokenizer(overridden(file, settings));
    // The library computes none of these, and refuses some.
    folder.show('tokenizer.json', { ...file, normalizer: null, pre_tokenizer: null, post_processor: null });
    return words;
}

/** @param {any} namespace @param {Record<string, any>} described how it prepares pictures or sounds @param {string} id */
async function processorOf(namespace, described, id) {
    const { image_processor_type: type } = described;
    if (type !== undefined && !Object.hasOwn(namespace, String(type).replace(/Fast$/, ''))) settingsOf(described); // which says so
    const processor = await namespace.AutoProcessor.from_pretrained(id);
    if (isKnown(processor.image_processor?.config)) adoptPictures(namespace, processor.image_processor);
    return processor;
}

/** The template of conversations in a file of its own, as newer exports and those of processors have it.
 * @param {Folder} folder @returns {Promise<string | null>} */
async function templateOf(folder) {
    const text = await folder.text('chat_template.jinja')
        ?? (await folder.json('chat_template.json'))?.chat_template;
    return typeof text === 'string' ? text : null;
}

/** @param {Folder} folder */
async function configOf(folder) {
    const config = await folder.json('config.json');
    if (config === undefined) throw new Failure('model_invalid', 'the folder has no file config.json');
    if (typeof config === 'object' && config !== null && typeof config.model_type === 'string') return config;
    throw new Failure('model_invalid', "the folder's config.json names no model_type");
}

/** The class that the configuration names. @param {any} namespace @param {any} config */
function modelClass(namespace, config) {
    const { architectures, model_type: type } = config;
    const names = Array.isArray(architectures) ? architectures.map(String) : [];
    const found = names.find((name) => namespace[name]?.prototype instanceof namespace.PreTrainedModel);
    if (found) return namespace[found];
    const mappings = namespace.AutoModel.MODEL_CLASS_MAPPINGS;
    if (names.length === 0 && mappings?.some((/** @type {any} */ one) => one.has(type))) {
        return namespace.AutoModel;
    }
    const name = names[0] ?? String(config.model_type);
    throw new Failure('platform_unsupported',
        `the architecture ${name.slice(0, 100)} is none that this page can compute`,
        { expected: `one of transformers.js ${namespace.env.version}${ofPictures(config)}` });
}

/** That answer questions about pictures, and of which the library has no classes. */
const QUESTIONED = /^(?:blip|bridgetower|git|instructblip|lxmert|pix2struct|vilt)/;

/** @param {any} config */
const ofPictures = ({ model_type: type }) => (QUESTIONED.test(type)
    ? `; for questions about pictures a model of one of the types ${VISION_TYPES.join(', ')}` : '');

/** How many tokens a text may have. @param {any} config @param {any} tokenizer
 * @param {Record<string, any>} extra */
function lengthOf(config, tokenizer, extra) {
    const positions = config.max_position_embeddings ?? config.n_positions
        ?? config.text_config?.max_position_embeddings;
    const offset = OFFSET_POSITIONS.test(config.model_type) ? (config.pad_token_id ?? 1) + 1 : 0;
    const said = extra['sentence_bert_config.json']?.max_seq_length;
    const limits = [positions - offset, tokenizer?.model_max_length, said]
        .filter((limit) => Number.isInteger(limit) && limit > 0 && limit < UNLIMITED);
    const isInPieces = IN_PIECES.test(String(config.architectures?.[0]));
    return limits.length > 0 ? Math.min(...limits) : isInPieces ? Infinity : UNNAMED;
}
