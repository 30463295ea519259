/** Vocabularies of test models: plain ones, in which every text of ASCII and every byte has tokens. */

/**
 * @typedef {object} Vocabulary
 * @property {'llama' | 'bert'} model
 * @property {string[]} tokens
 * @property {number[]} scores of llama's: pieces of the higher score are joined first
 * @property {number[]} types 1 normal, 2 unknown, 3 control, 4 user defined, 6 byte
 * @property {Record<string, number>} ids of the tokens with a meaning: `bos`, `eos`…
 * @property {boolean} addStart whether a prompt starts with `bos`
 * @property {boolean} addSpace whether a text is read as if a space were before it
 */
export const NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, BYTE = 6;
export const ASCII = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const LETTERS = [...'etaoinshrdlucmfwypvbgkjqxz'];

/** @param {number} byte */
export const byteToken = (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** Endless pieces of text: two letters, then three, then numbered ones. */
function* pieces() {
    for (const a of LETTERS)
        yield* LETTERS.map((b) => a + b);
    for (const a of LETTERS)
        for (const b of LETTERS)
            yield* LETTERS.map((c) => a + b + c);
    for (let i = 0; ; i++)
        yield `piece${i}`;
}

/** @param {string[]} tokens @param {number} size */
function fill(tokens, size) {
    if (size < tokens.length)
        throw new Error(`a vocabulary of ${size} tokens, but it needs ${tokens.length}`);
    const more = pieces();
    while (tokens.length < size)
        tokens.push(/** @type {string} */ (more.next().value));
    return tokens;
}

/**
 * llama's: three special tokens, the 256 bytes, ChatML's two, a space, the characters of ASCII, and
 * pieces of two and three letters up to `size`.
 * @param {number} size
 * @param {{highBytes?: boolean}} [options]
 * @returns {Vocabulary}
 */
export function asciiVocabulary(size, { highBytes = false } = {}) {
    const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte));
    const special = ['<unk>', '<s>', '</s>'], chat = ['<|im_start|>', '<|im_end|>'];
    const tokens = fill([...special, ...bytes, ...chat, '▁', ...ASCII], size);
    const start = special.length + bytes.length;
    const types = tokens.map((_, id) => {
        if (id < special.length)
            return id === 0 ? UNKNOWN : CONTROL;
        if (id < start)
            return id - special.length < 128 || highBytes ? BYTE : NORMAL;
        return id < start + chat.length ? CONTROL : NORMAL;
    });
    return {
        model: 'llama', tokens, types,
        scores: tokens.map((_, id) => id < start ? 0 : start - id),
        ids: { unknown: 0, bos: 1, eos: start + 1, padding: 2 },
        addStart: true, addSpace: false,
    };
}

/**
 * bert's: special tokens, the characters of ASCII at the start of a word (▁) and inside of one, and
 * pieces of letters up to `size`.
 * @param {number} size
 * @returns {Vocabulary}
 */
export function wordVocabulary(size) {
    const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
    const lower = ASCII.filter((character) => character === character.toLowerCase());
    const tokens = fill([...special, ...lower.map((one) => `▁${one}`), ...lower], size);
    return {
        model: 'bert', tokens,
        scores: tokens.map(() => 0),
        types: tokens.map((_, id) => id < special.length ? (id === 1 ? UNKNOWN : CONTROL) : NORMAL),
        ids: { padding: 0, unknown: 1, bos: 2, cls: 2, eos: 3, seperator: 3, mask: 4 },
        addStart: true, addSpace: false,
    };
}
