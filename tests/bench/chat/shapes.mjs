/**
 * Language models of the sizes that are measured, made when they are needed, the same each time. Their
 * weights are random, but those that decide the next token: they say the characters of RING round and
 * round, and never end by themselves. So every contestant's answer can be checked, and a text is read as
 * the tokens that it was made of.
 */
import { putGguf } from '../../lib/gguf.mjs';

/** Each is a token of its own wherever it stands: no piece of the vocabulary has it. */
export const RING = '.,:;!?()+-*=';

/** By their numbers of weights; all are Q8_0. */
export const shapes = {
    '13M': { embd: 384, layers: 6, heads: 6, kv: 3, ffn: 1024, vocab: 4096, context: 8192 },
    '44M': { embd: 512, layers: 12, heads: 8, kv: 4, ffn: 1408, vocab: 8192, context: 4096 },
    '135M': { embd: 576, layers: 30, heads: 9, kv: 3, ffn: 1536, vocab: 24576, context: 2048 },
};

/** Where the file of a shape lies in a store (and below the bare page's /models). */
export const fileOf = (store, name) => `${store}/${name}/${name}-Q8_0.gguf`;

/** Writes the named shapes into `store`. */
export function makeShapes(store, names) {
    for (const name of names) putGguf(store, name, { type: 'q8_0', follow: RING, ...shapes[name] });
}

/** A text of `tokens` tokens, another one for each `seed`. */
export function textOf(tokens, seed) {
    let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
    return Array.from({ length: tokens }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return RING[(state >>> 16) % RING.length];
    }).join('');
}

/** What a model of ours answers to a text. */
export function answerTo(text, tokens) {
    const begin = RING.indexOf(text.at(-1)) + 1;
    return Array.from({ length: tokens }, (_, i) => RING[(begin + i) % RING.length]).join('');
}
