/**
 * Writes GGUF files: small language models of random weights, models whose answer is known, and
 * files that are wrong in one way each. The format:
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; the blocks of the quantised types:
 * ggml/src/ggml-common.h of llama.cpp.
 */
import fs from 'node:fs';
import path from 'node:path';
import { alphabetTensors, bertTensors, llamaTensors, makeNoise } from './gguf-tensors.mjs';
import { asciiVocabulary, wordVocabulary } from './gguf-vocabulary.mjs';

/** @typedef {import('./gguf-tensors.mjs').Tensor} Tensor */
/** @typedef {import('./gguf-vocabulary.mjs').Vocabulary} Vocabulary */
/** @typedef {'u32' | 'i32' | 'f32' | 'bool' | 'string' | 'u64'} Kind */
/** @typedef {'f32' | 'f16' | 'q4_0' | 'q8_0'} TensorType */
/**
 * A piece of metadata; a list holds values of one kind.
 * @typedef {{kind: Kind, value: any, list?: boolean}} Entry
 */
/**
 * @typedef {object} Options
 * @property {TensorType} [type] of the matrices; vectors are always f32
 * @property {'llama' | 'bert'} [arch]
 * @property {number} [embd] width; a multiple of 32 where the type is quantised
 * @property {number} [layers]
 * @property {number} [heads]
 * @property {number} [kv] heads of keys and values
 * @property {number} [ffn] width of the feed-forward part
 * @property {number} [vocab] tokens, at least 360
 * @property {number} [context] tokens
 * @property {number} [seed]
 * @property {string | null} [template] of the chat, in Jinja; null: none
 * @property {string} [follow] a model that says these characters in this order, round and round;
 *     the greedy margin is tens of nats. At most `embd - 1` tokens, each once; what is no token is its bytes
 * @property {boolean} [highBytes] whether bytes from 128 on are written as such; otherwise as text
 *     ("<0xE4>"), so that no answer is invalid UTF-8
 * @property {'mean' | 'cls' | 'rank'} [pooling] of bert
 * @property {Record<string, Entry>} [metadata] more of it, or instead
 */

const KINDS = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, u64: 10 };
const LIST = 9;
const ALIGNMENT = 32;
/** Number, values in a block, bytes of a block; and the file type of a model made of it. */
const TYPES = {
    f32: { id: 0, values: 1, bytes: 4, file: 0 },
    f16: { id: 1, values: 1, bytes: 2, file: 1 },
    q4_0: { id: 2, values: 32, bytes: 18, file: 2 },
    q8_0: { id: 8, values: 32, bytes: 34, file: 7 },
};

export const CHATML = `{%- for message in messages -%}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

/** @param {any} value @returns {Entry} */
export const string = (value) => ({ kind: 'string', value });
/** @param {number} value @returns {Entry} */
export const u32 = (value) => ({ kind: 'u32', value });
/** @param {number} value @returns {Entry} */
export const f32 = (value) => ({ kind: 'f32', value });
/** @param {boolean} value @returns {Entry} */
export const bool = (value) => ({ kind: 'bool', value });
/** @param {Kind} kind @param {any[]} value @returns {Entry} */
export const list = (kind, value) => ({ kind, value, list: true });

/** @param {number | bigint} value */
function u64Bytes(value) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
}

/** @param {number} value */
function u32Bytes(value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
}

/** @param {string} text */
const stringBytes = (text) => Buffer.concat([u64Bytes(Buffer.byteLength(text)), Buffer.from(text)]);

/** @param {Kind} kind @param {any} value */
function valueBytes(kind, value) {
    switch (kind) {
    case 'u32': return u32Bytes(value);
    case 'i32': return Buffer.from(new Int32Array([value]).buffer);
    case 'f32': return Buffer.from(new Float32Array([value]).buffer);
    case 'bool': return Buffer.from([value ? 1 : 0]);
    case 'string': return stringBytes(value);
    case 'u64': return u64Bytes(value);
    }
}

/** @param {string} key @param {Entry} entry */
function entryBytes(key, { kind, value, list: many }) {
    if (!many)
        return Buffer.concat([stringBytes(key), u32Bytes(KINDS[kind]), valueBytes(kind, value)]);
    return Buffer.concat([stringBytes(key), u32Bytes(LIST), u32Bytes(KINDS[kind]),
        u64Bytes(value.length), ...value.map((/** @type {any} */ one) => valueBytes(kind, one))]);
}

/** @param {number[]} shape */
const elements = (shape) => shape.reduce((product, size) => product * size, 1);
/** @param {number} size */
const padded = (size) => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

/** @param {Tensor} tensor */
function tensorSize({ name, shape, type }) {
    const { values, bytes } = TYPES[type];
    if (shape[0] % values)
        throw new Error(`${name}: rows of ${shape[0]} values are not whole blocks of ${type}`);
    return elements(shape) / values * bytes;
}

/** The nearest half, ties to even. @param {number} value */
export function toHalf(value) {
    const bits = new Uint32Array(new Float32Array([value]).buffer)[0];
    const sign = (bits >>> 16) & 0x8000, exponent = ((bits >>> 23) & 255) - 112;
    if (exponent >= 31)
        return sign | 0x7c00;
    if (exponent < -10)
        return sign;
    const mantissa = exponent > 0 ? bits & 0x7fffff : (bits & 0x7fffff) | 0x800000;
    const drop = exponent > 0 ? 13 : 14 - exponent;
    const kept = mantissa >>> drop, rest = mantissa & ((1 << drop) - 1), half = 1 << (drop - 1);
    const up = rest > half || (rest === half && (kept & 1)) ? 1 : 0;
    return sign | ((exponent > 0 ? exponent << 10 : 0) + kept + up);
}

/** @param {number} half */
function fromHalf(half) {
    const exponent = (half >>> 10) & 31, mantissa = half & 1023;
    const size = exponent ? (1 + mantissa / 1024) * 2 ** (exponent - 15) : mantissa * 2 ** -24;
    return half & 0x8000 ? -size : size;
}

/** Blocks of a scale and 32 bytes. @param {Float32Array} values @param {Buffer} to */
function quantise8(values, to) {
    for (let block = 0; block * 32 < values.length; block++) {
        const part = values.subarray(block * 32, block * 32 + 32);
        const scale = part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
        to.writeUInt16LE(toHalf(scale), block * 34);
        for (let i = 0; i < 32; i++)
            to.writeInt8(scale ? Math.round(part[i] / scale) : 0, block * 34 + 2 + i);
    }
}

/** Blocks of a scale and 32 times four bits. @param {Float32Array} values @param {Buffer} to */
function quantise4(values, to) {
    for (let block = 0; block * 32 < values.length; block++) {
        const part = values.subarray(block * 32, block * 32 + 32);
        const most = part.reduce((far, one) => Math.abs(one) > Math.abs(far) ? one : far, 0);
        const half = toHalf(most / -8), scale = fromHalf(half);
        const nibble = (/** @type {number} */ value) =>
            scale ? Math.min(15, Math.max(0, Math.round(value / scale) + 8)) : 8;
        to.writeUInt16LE(half, block * 18);
        for (let i = 0; i < 16; i++)
            to[block * 18 + 2 + i] = nibble(part[i]) | (nibble(part[i + 16]) << 4);
    }
}

/** A tensor's bytes, with what fills them up. @param {Tensor} tensor */
function tensorBytes(tensor) {
    const values = tensor.values(), bytes = Buffer.alloc(padded(tensorSize(tensor)));
    if (values.length !== elements(tensor.shape))
        throw new Error(`${tensor.name}: ${values.length} values for [${tensor.shape}]`);
    if (tensor.type === 'f32')
        Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(bytes);
    else if (tensor.type === 'f16')
        values.forEach((value, i) => bytes.writeUInt16LE(toHalf(value), i * 2));
    else
        (tensor.type === 'q8_0' ? quantise8 : quantise4)(values, bytes);
    return bytes;
}

/**
 * Everything before the tensors' bytes.
 * @param {Record<string, Entry>} metadata
 * @param {Tensor[]} tensors
 */
export function headerBytes(metadata, tensors) {
    const entries = Object.entries(metadata);
    const parts = [Buffer.from('GGUF'), u32Bytes(3), u64Bytes(tensors.length),
        u64Bytes(entries.length), ...entries.map(([key, entry]) => entryBytes(key, entry))];
    let offset = 0;
    for (const tensor of tensors) {
        parts.push(stringBytes(tensor.name), u32Bytes(tensor.shape.length),
            ...tensor.shape.map(u64Bytes), u32Bytes(TYPES[tensor.type].id), u64Bytes(offset));
        offset += padded(tensorSize(tensor));
    }
    const bytes = Buffer.concat(parts);
    return Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
}

/**
 * Writes a file tensor by tensor, so that large ones need little memory.
 * @param {string} where
 * @param {Record<string, Entry>} metadata
 * @param {Tensor[]} tensors
 */
export function writeFile(where, metadata, tensors) {
    const file = fs.openSync(where, 'w');
    try {
        fs.writeSync(file, headerBytes(metadata, tensors));
        for (const tensor of tensors)
            fs.writeSync(file, tensorBytes(tensor));
    } finally {
        fs.closeSync(file);
    }
}

/**
 * What GGUF says about a vocabulary.
 * @param {Vocabulary} vocabulary
 * @returns {Record<string, Entry>}
 */
export function vocabularyMetadata({ model, tokens, scores, types, ids, addStart, addSpace }) {
    const entries = {
        model: string(model), tokens: list('string', tokens), scores: list('f32', scores),
        token_type: list('i32', types), add_space_prefix: bool(addSpace),
        add_bos_token: bool(addStart), add_eos_token: bool(model === 'bert'),
        ...Object.fromEntries(Object.entries(ids).map(([name, id]) => [`${name}_token_id`, u32(id)])),
    };
    return Object.fromEntries(
        Object.entries(entries).map(([key, entry]) => [`tokenizer.ggml.${key}`, entry]));
}

/**
 * What GGUF says about a model's shape.
 * @param {Required<Pick<Options, 'arch' | 'type' | 'embd' | 'layers' | 'heads' | 'kv' | 'ffn' | 'context'>>} shape
 * @returns {Record<string, Entry>}
 */
export function shapeMetadata({ arch, type, embd, layers, heads, kv, ffn, context }) {
    return {
        'general.architecture': string(arch),
        'general.file_type': u32(TYPES[type].file),
        'general.quantization_version': u32(2),
        [`${arch}.context_length`]: u32(context),
        [`${arch}.embedding_length`]: u32(embd),
        [`${arch}.block_count`]: u32(layers),
        [`${arch}.feed_forward_length`]: u32(ffn),
        [`${arch}.attention.head_count`]: u32(heads),
        [`${arch}.attention.head_count_kv`]: u32(kv),
    };
}

/** @type {Required<Omit<Options, 'follow' | 'metadata'>>} */
const DEFAULTS = {
    type: 'f32', arch: 'llama', embd: 64, layers: 2, heads: 4, kv: 2, ffn: 128, vocab: 512,
    context: 2048, seed: 1, template: CHATML, highBytes: false, pooling: 'mean',
};

/**
 * Metadata and tensors of a model, for those who want to change something before it is written.
 * @param {Options} [options]
 */
export function ggufModel(options = {}) {
    const all = { ...DEFAULTS, ...options };
    const bert = all.arch === 'bert', shape = bert ? { ...all, kv: all.heads } : all;
    const vocabulary = bert ? wordVocabulary(all.vocab) : asciiVocabulary(all.vocab, all);
    const noise = makeNoise(all.seed);
    /** @type {Record<string, Entry>} */
    const metadata = {
        ...shapeMetadata(shape),
        'general.name': string(`random ${all.arch}`),
        ...(bert ? {
            'bert.attention.layer_norm_epsilon': f32(1e-12),
            'bert.attention.causal': bool(false),
            'bert.pooling_type': u32({ mean: 1, cls: 2, rank: 4 }[all.pooling]),
            'tokenizer.ggml.token_type_count': u32(2),
        } : {
            'llama.attention.layer_norm_rms_epsilon': f32(1e-5),
            'llama.rope.dimension_count': u32(all.embd / all.heads),
            'llama.rope.freq_base': f32(10000),
            'llama.vocab_size': u32(all.vocab),
        }),
        ...vocabularyMetadata(vocabulary),
        ...(all.template === null || bert ? {} : {
            'tokenizer.chat_template': string(all.template),
        }),
        ...all.metadata,
    };
    const tensors = bert ? bertTensors(shape, noise) : llamaTensors(shape, noise);
    return {
        metadata,
        tensors: all.follow
            ? alphabetTensors(tensors, shape, vocabulary.tokens, all.follow) : tensors,
    };
}

/**
 * A model of random weights: the same options make the same bytes.
 * @param {string} where
 * @param {Options} [options]
 */
export function writeGguf(where, options) {
    const { metadata, tensors } = ggufModel(options);
    writeFile(where, metadata, tensors);
}

/**
 * The same in a store, as the model `name`.
 * @param {string} store
 * @param {string} name "OWNER/NAME" or "NAME"
 * @param {Options} [options]
 * @returns {string} the file
 */
export function putGguf(store, name, options) {
    const type = (options?.type ?? DEFAULTS.type).toUpperCase();
    const file = path.join(store, name, `${path.basename(name)}-${type}.gguf`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    writeGguf(file, options);
    return file;
}
