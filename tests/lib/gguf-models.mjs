/** The GGUF models of tests/oracles/gguf.json: samples of the tree, and small ones that vary what a vocabulary may be. */
import path from 'node:path';
import { list, putGguf, string, u32 } from './gguf.mjs';
import { asciiVocabulary, CONTROL, NORMAL } from './gguf-vocabulary.mjs';
import { ownModels } from './paths.mjs';

/** GPT-2's characters for bytes. */
const LEVEL = (() => {
    let next = 0x100;
    return Array.from({ length: 256 }, (_, byte) =>
        String.fromCharCode((byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad) ? byte : next++));
})();
const MERGES = ['h e', 'l l', 'he ll', 'hell o', 'Ġ w', 'o r', 'Ġw or', 'Ã ©', 'æ Ĺ', 'æĹ ¥', 'ð Ł', 'Ġ ðŁ'];

/** A byte-level vocabulary: bytes, what the merges make, control tokens. */
function levelMetadata() {
    const merged = MERGES.map((merge) => merge.replace(' ', ''));
    const control = ['<|endoftext|>', '<fim-prefix>', '<fim-suffix>', '[a-z]'];
    const rest = Array.from({ length: 512 - LEVEL.length - merged.length - control.length }, (_, at) => `<unused-${at}>`);
    const tokens = [...LEVEL, ...merged, ...control, ...rest], end = LEVEL.length + merged.length;
    return {
        'tokenizer.ggml.model': string('gpt2'), 'tokenizer.ggml.pre': string('gpt-2'),
        'tokenizer.ggml.tokens': list('string', tokens), 'tokenizer.ggml.merges': list('string', MERGES),
        'tokenizer.ggml.token_type': list('i32', tokens.map((_, id) => (id < end ? NORMAL : CONTROL))),
        'tokenizer.ggml.bos_token_id': u32(end), 'tokenizer.ggml.eos_token_id': u32(end),
    };
}

/** Those whose texts mean something in a regular expression. */
function hyphenMetadata() {
    const { tokens } = asciiVocabulary(512);
    const named = { '<|im_start|>': '<fim-prefix>', '<|im_end|>': '<end-of(turn)|&&--[^x]>' };
    return { 'tokenizer.ggml.tokens': list('string', tokens.map((token) => named[token] ?? token)) };
}

const STARTS = '{{ bos_token }}{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}';

/** A sample has a file; others are written. @type {Record<string, {sample: string} | {options: import('./gguf.mjs').Options}>} */
export const MODELS = {
    finch: { sample: 'finch/finch-F32.gguf' },
    nest: { sample: 'nest/nest-F32.gguf' },
    wide: { options: { follow: 'aé日🙂b', highBytes: true } },
    random: { options: { embd: 32, layers: 1, highBytes: true, seed: 7 } },
    level: { options: { embd: 32, layers: 1, seed: 5, metadata: levelMetadata() } },
    hyphen: { options: { embd: 32, layers: 1, seed: 3, highBytes: true, metadata: hyphenMetadata() } },
    starts: { options: { follow: 'abcdefgh', template: STARTS } },
    cls: { options: { arch: 'bert', pooling: 'cls', seed: 11 } },
};

/** Puts those that are written into a store. @param {string} store */
export function putModels(store) {
    for (const [name, model] of Object.entries(MODELS)) if ('options' in model) putGguf(store, name, model.options);
}

/** @param {string} store with those that are written @param {string} name */
export function fileOf(store, name) {
    const model = MODELS[name];
    return 'sample' in model ? path.join(ownModels, model.sample) : path.join(store, name, `${name}-F32.gguf`);
}
