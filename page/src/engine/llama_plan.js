/** How a GGUF model is loaded: its context, slots and batches, from its head and the available memory. */
import { positive } from '../shared/checks.js';
import { Failure } from './failure.js';
import { powerOfTwo, READING_LEAST, READING_MS } from './prompt_chunk.js';

/** @import { Head } from './gguf.js' */
/** @typedef {{context: number, slots: number, batch: number, chunk: number, pooling: 'last' | null, apart: boolean,
 *   makes: 'text' | 'vectors' | 'scores', cache: 'f32' | 'f16', memory: number, layers: number}} Plan
 *   `context` in tokens, of each slot; `batch`: tokens that are computed in a step at most; `chunk`: tokens of a prompt
 *   that a step reads at first, 0: always a batch; `cache`: what keys and values are kept in; `pooling`: null is the model's
 *   own; `apart`: each text is pooled alone in its batch; `memory`: bytes of weights and caches; `layers`: how many of the
 *   model's layers are put on the GPU, the output counting as one; 0: no GPU is used */

const MIB = 1048576;
/** The default context of a conversation. */
const CONTEXT = 8192;
const CONTEXT_LEAST = 512;
/** An embedder takes each text in one batch. */
const EMBEDDER_CONTEXT = 2048;
/** The largest memory of an engine, and the part of it that is neither weights nor caches. */
const HEAP_MAX = 3584 * MIB;
const HEAP_OTHER = 256 * MIB;
/** All slots' caches together, unless a single one is larger. */
const CACHES_MAX = 1024 * MIB;
/** Bytes of a number in F16, the smallest type of caches and the only one on a GPU. WebAssembly has no such numbers and
 * converts each one that it reads to 32 bits, so caches of 32-bit numbers, which take twice the memory, are faster. */
const CACHE_ELEMENT_BYTES = 2;
/** The values of a file's pooling_type for a model whose last token represents the text, and for one that ranks. */
const LAST = 3;
const RANKS = 4;
/** Architectures without a cache in llama.cpp: it reads their batches in one piece, whatever is in them. A batch of a
 * model with a cache is cut into pieces with as many tokens of each text, and each piece is pooled separately. Then only
 * the last piece of a longer text counts, which is right if the last token represents the text. */
const IN_ONE_PIECE = /bert|^gemma-embedding$/;
/** Tokens that a step computes at most. The service counts the memory for so many in WASM (src/terms/format/gguf_memory.h). */
const BATCH = Object.freeze({ wasm: 128, gpu: 512 });
/** On a GPU, a step's likelihoods and attention weights take no more than this, or what 128 tokens take. */
const STEP_BYTES = 512 * MIB;
/** Tokens that a step reads at first, if nothing was measured: at most so many, … */
const UNKNOWN = 64;
/** … since about so many bytes of weights are multiplied with one token in the time that a cancel may wait. */
const CHUNK_BYTES = 660 * MIB;

/**
 * @param {Head} head @param {number} bytes of its files
 * @param {number} wanted context, 0: not specified
 * @param {number} most slots
 * @param {number} promptMs the measured time per token of a prompt; 0: unknown
 * @param {number} [budget] bytes that models may take
 * @param {boolean} [onGpu] whether it is put on a GPU, as far as the budget allows: the GPU's memory size is unknown.
 *   A model is no larger there than WASM could take, because its answers are compared with those of WASM
 * @returns {Plan} @throws {Failure} `model_too_large`
 */
export function planOf(head, bytes, wanted, most, promptMs, budget = Infinity, onGpu = false) {
    const { values, vocabulary } = head;
    const architecture = String(values.get('general.architecture') ?? '');
    const fact = (/** @type {string} */ name) => positive(values.get(`${architecture}.${name}`));
    const trained = fact('context_length') || CONTEXT;
    const isEmbedder = /bert/.test(architecture) || values.has(`${architecture}.pooling_type`);
    const usual = wanted || (isEmbedder ? EMBEDDER_CONTEXT : CONTEXT);
    const room = HEAP_MAX - HEAP_OTHER - bytes;
    const perToken = cachePerToken(fact);
    const context = Math.min(trained, usual, perToken > 0 ? Math.floor(room / perToken) : Infinity);
    if (room <= 0 || context < Math.min(CONTEXT_LEAST, trained, usual)) {
        throw new Failure('model_too_large',
            `the model's files have ${mib(bytes)} MiB, and a context of ${CONTEXT_LEAST} tokens `
            + `takes ${mib(perToken * CONTEXT_LEAST)} MiB; an engine in a browser has ${mib(HEAP_MAX)} MiB`);
    }
    const caches = Math.min(room, Math.max(CACHES_MAX, perToken * context));
    const fitting = perToken > 0 ? Math.floor(caches / (perToken * context)) : most;
    const slots = Math.min(most, Math.max(1, fitting));
    const least = slots * context * perToken;
    // One in one piece has no caches.
    const isWide = !onGpu && perToken > 0 && !IN_ONE_PIECE.test(architecture)
        && 2 * least <= Math.min(room, CACHES_MAX, budget - bytes);
    const memory = bytes + (isWide ? 2 : 1) * least;
    const perStepToken = 4 * (vocabulary.count + fact('attention.head_count') * context);
    const batch = isEmbedder ? context : onGpu ? gpuBatch(perStepToken) : BATCH.wasm;
    return {
        context, slots, cache: isWide ? 'f32' : 'f16', memory,
        layers: onGpu ? Math.max(1, Math.floor((fact('block_count') + 1) * Math.min(1, budget / memory))) : 0,
        batch, chunk: isEmbedder ? 0 : chunkFor(bytes, promptMs, batch),
        // By default, the last token's state represents the text, which may come in batches.
        pooling: isEmbedder ? null : 'last',
        apart: isEmbedder && !IN_ONE_PIECE.test(architecture) && fact('pooling_type') !== LAST,
        makes: fact('pooling_type') === RANKS ? 'scores' : isEmbedder ? 'vectors' : 'text',
    };
}

/** Bytes that a slot's cache takes for one token at least. @param {(name: string) => number} fact */
function cachePerToken(fact) {
    const heads = fact('attention.head_count') || 1;
    const width = fact('embedding_length') / heads;
    const widths = (fact('attention.key_length') || width) + (fact('attention.value_length') || width);
    return fact('block_count') * (fact('attention.head_count_kv') || heads) * widths * CACHE_ELEMENT_BYTES;
}

/** @param {number} perToken bytes that a step takes for each token */
const gpuBatch = (perToken) => Math.min(BATCH.gpu, Math.max(BATCH.wasm, powerOfTwo(STEP_BYTES / Math.max(perToken, 1))));

/** @param {number} bytes of weights @param {number} promptMs per token, 0: unknown @param {number} batch */
function chunkFor(bytes, promptMs, batch) {
    const tokens = promptMs > 0 ? READING_MS / promptMs : Math.min(UNKNOWN, CHUNK_BYTES / Math.max(bytes, 1));
    return Math.min(batch, Math.max(READING_LEAST, powerOfTwo(tokens)));
}

/** @param {number} bytes */
const mib = (bytes) => Math.ceil(bytes / MIB);
