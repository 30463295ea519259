/** The tensors of test models: names and shapes as llama.cpp expects them, weights from a seed. */
import { byteToken } from './gguf-vocabulary.mjs';

/**
 * `shape` as GGUF has it: the length of a row first.
 * @typedef {object} Tensor
 * @property {string} name
 * @property {number[]} shape
 * @property {'f32' | 'f16' | 'q4_0' | 'q8_0'} type
 * @property {() => Float32Array} values made when they are written
 */
/** @typedef {{type: Tensor['type'], embd: number, layers: number, heads: number, kv: number, ffn: number, vocab: number, context: number, pooling: string}} Shape */
/** @typedef {(count: number, deviation: number) => Float32Array} Noise */

const TABLE = 1 << 16;

/**
 * Normally distributed numbers, from a table so that models of 100 million weights take a second.
 * @param {number} seed
 * @returns {Noise}
 */
export function makeNoise(seed) {
    let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
    const next = () => { // xorshift32
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return state >>> 0;
    };
    const uniform = () => (next() + 0.5) / 2 ** 32;
    const table = Float32Array.from({ length: TABLE }, () =>
        Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
    return (count, deviation) => {
        const values = new Float32Array(count);
        for (let i = 0; i < count; i++)
            values[i] = table[next() % TABLE] * deviation;
        return values;
    };
}

/** @param {Noise} noise @param {Shape} shape */
function makers(noise, { type }) {
    return {
        /** @param {string} name @param {number} row @param {number} rows @param {number} [deviation] @returns {Tensor} */
        matrix: (name, row, rows, deviation = 1 / Math.sqrt(row)) =>
            ({ name, shape: [row, rows], type, values: () => noise(row * rows, deviation) }),
        /** @param {string} name @param {number} size @param {number} value @returns {Tensor} */
        vector: (name, size, value) =>
            ({ name, shape: [size], type: 'f32', values: () => new Float32Array(size).fill(value) }),
    };
}

/**
 * @param {Shape} shape
 * @param {Noise} noise
 * @returns {Tensor[]}
 */
export function llamaTensors(shape, noise) {
    const { embd, layers, heads, kv, ffn, vocab } = shape, head = embd / heads;
    const { matrix, vector } = makers(noise, shape);
    const block = (/** @type {number} */ i) => [
        vector(`blk.${i}.attn_norm.weight`, embd, 1),
        matrix(`blk.${i}.attn_q.weight`, embd, heads * head, 2 / Math.sqrt(embd)),
        matrix(`blk.${i}.attn_k.weight`, embd, kv * head, 2 / Math.sqrt(embd)),
        matrix(`blk.${i}.attn_v.weight`, embd, kv * head),
        matrix(`blk.${i}.attn_output.weight`, heads * head, embd),
        vector(`blk.${i}.ffn_norm.weight`, embd, 1),
        matrix(`blk.${i}.ffn_gate.weight`, embd, ffn),
        matrix(`blk.${i}.ffn_up.weight`, embd, ffn),
        matrix(`blk.${i}.ffn_down.weight`, ffn, embd),
    ];
    return [
        matrix('token_embd.weight', embd, vocab, 0.5),
        vector('output_norm.weight', embd, 1),
        matrix('output.weight', embd, vocab, 4 / Math.sqrt(embd)),
        ...Array.from({ length: layers }, (_, i) => block(i)).flat(),
    ];
}

/**
 * @param {Shape} shape
 * @param {Noise} noise
 * @returns {Tensor[]}
 */
export function bertTensors(shape, noise) {
    const { embd, layers, ffn, vocab, context, pooling } = shape;
    const { matrix, vector } = makers(noise, shape);
    const norm = (/** @type {string} */ name) =>
        [vector(`${name}.weight`, embd, 1), vector(`${name}.bias`, embd, 0)];
    const dense = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to) =>
        [matrix(`${name}.weight`, from, to), vector(`${name}.bias`, to, 0)];
    /** @param {number} i */
    const block = (i) => [
        ...['attn_q', 'attn_k', 'attn_v', 'attn_output']
            .flatMap((name) => dense(`blk.${i}.${name}`, embd, embd)),
        ...norm(`blk.${i}.attn_output_norm`),
        ...dense(`blk.${i}.ffn_up`, embd, ffn),
        ...dense(`blk.${i}.ffn_down`, ffn, embd),
        ...norm(`blk.${i}.layer_output_norm`),
    ];
    return [
        matrix('token_embd.weight', embd, vocab, 0.5),
        { ...matrix('position_embd.weight', embd, context, 0.1), type: 'f32' },
        { ...matrix('token_types.weight', embd, 2, 0.1), type: 'f32' },
        ...norm('token_embd_norm'),
        ...Array.from({ length: layers }, (_, i) => block(i)).flat(),
        ...(pooling === 'rank' ? [...dense('cls', embd, embd), ...dense('cls.output', embd, 1)] : []),
    ];
}

/**
 * Turns llama's tensors into a model that goes round `text`: the blocks add nothing to the token's
 * embedding, which is an axis of its own for each character, and the output turns an axis into the
 * next character. After any other token comes the first character.
 * @param {Tensor[]} tensors
 * @param {Shape} shape
 * @param {string[]} tokens
 * @param {string} text
 * @returns {Tensor[]}
 */
export function alphabetTensors(tensors, { embd, vocab }, tokens, text) {
    const ring = [...text].flatMap((character) => {
        const token = tokens.indexOf(character === ' ' ? '▁' : character);
        return token < 0 ? [...Buffer.from(character)].map((byte) => tokens.indexOf(byteToken(byte))) : [token];
    });
    if (ring.includes(-1) || new Set(ring).size !== ring.length || ring.length > embd - 1)
        throw new Error(`"${text}": each character once, all in the vocabulary, at most ${embd - 1}`);
    const inputs = new Float32Array(embd * vocab), outputs = new Float32Array(embd * vocab);
    for (let token = 0; token < vocab; token++) {
        const place = ring.indexOf(token); // the last axis is that of all others
        inputs[token * embd + (place < 0 ? embd - 1 : place)] = 1;
    }
    ring.forEach((token, place) => {
        outputs[token * embd + (place ? place - 1 : ring.length - 1)] = 8;
        if (place === 0)
            outputs[token * embd + embd - 1] = 8;
    });
    /** @type {Record<string, () => Float32Array>} */
    const fixed = { 'token_embd.weight': () => inputs, 'output.weight': () => outputs };
    return tensors.map((tensor) => {
        if (/\.(attn_output|ffn_down)\.weight$/.test(tensor.name))
            return { ...tensor, values: () => new Float32Array(tensor.shape[0] * tensor.shape[1]) };
        return tensor.name in fixed ? { ...tensor, values: fixed[tensor.name] } : tensor;
    });
}
