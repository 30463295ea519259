/** The decoders of tokenizer.json, as the Rust library has them (tokenizers 0.22, src/decoders): tokens become texts, which are
 * then one. */
import { escaped } from '../../shared/escaped.js';
import { BYTES, bytesOf } from './bytes.js';
import { patternOf } from './pattern.js';
import { rowOf } from './refusal.js';

/** @typedef {(tokens: string[]) => string[]} Decoder */

const text = new TextDecoder('utf-8', { ignoreBOM: true }), strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;
/** English as it is written, in the order in which these are replaced. */
const CLEANED = [...Array.from('.?!,', (mark) => [` ${mark}`, mark]), [" ' ", "'"], [" n't", "n't"], [" 'm", "'m"], [' do not', " don't"], [" 's", "'s"], [" 've", "'ve"],
    [" 're", "'re"]];

/** @type {Record<string, (settings: any, where: string) => Decoder>} */
const DECODERS = {
    BPEDecoder: ({ suffix = '</w>' }) => (tokens) => tokens.map((token, at) => token.replaceAll(suffix, at === tokens.length - 1 ? '' : ' ')),
    ByteFallback: () => fallenBack,
    ByteLevel: () => (tokens) => [text.decode(Uint8Array.from(tokens.flatMap(levelBytes)))],
    CTC: ({ pad_token: blank = '<pad>', word_delimiter_token: delimiter = '|', cleanup = true }) => (tokens) => tokens
        .filter((token, at) => token !== tokens[at - 1])
        .map((token) => token.replaceAll(blank, ''))
        .map((token) => (cleanup ? cleaned(token).replaceAll(delimiter, ' ') : token))
        .filter((token) => token !== ''),
    Fuse: () => (tokens) => [tokens.join('')],
    Metaspace: ({ replacement = '\u2581', prepend_scheme: named, add_prefix_space: prefix }) => {
        const drops = !(prefix === false || named === 'never');
        return (tokens) => tokens.map((token, at) => token.replaceAll(replacement, at === 0 && drops ? '' : ' '));
    },
    Replace: ({ pattern, content }, where) => {
        const expression = patternOf(pattern, where);
        return (tokens) => tokens.map((token) => token.replace(expression, () => content));
    },
    Sequence: ({ decoders }, where) => {
        const steps = decoders.map((/** @type {any} */ one, /** @type {number} */ at) => decoderOf(one, `${where}.decoders[${at}]`));
        return (tokens) => steps.reduce((/** @type {string[]} */ made, /** @type {Decoder} */ step) => step(made), tokens);
    },
    Strip: ({ content, start = 0, stop = 0 }) => {
        const lead = new RegExp(`^(?:${escaped(content)}){0,${start}}`, 'u'), trail = new RegExp(`(?:${escaped(content)}){0,${stop}}$`, 'u');
        return (tokens) => tokens.map((token) => token.replace(lead, '').replace(trail, ''));
    },
    WordPiece: ({ prefix = '##', cleanup = true }) => (tokens) => tokens
        .map((token, at) => (at === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`))
        .map((token) => (cleanup ? cleaned(token) : token)),
};

/** @param {any} settings null: there is none @param {string} where @returns {(tokens: string[]) => string} */
export function decoding(settings, where) {
    if (settings === null || settings === undefined) return (tokens) => tokens.join(' ');
    const decoder = decoderOf(settings, where);
    return (tokens) => decoder(tokens).join('');
}

/** @param {any} settings @param {string} where @returns {Decoder} */
const decoderOf = (settings, where) => rowOf(DECODERS, settings?.type, where)(settings, where);

/** @param {string} token */
const cleaned = (token) => CLEANED.reduce((made, [from, to]) => made.replaceAll(from, to), token);

/** The bytes of one token for itself. @param {string} token @param {any} settings of the decoder @returns {number[]} */
export function tokenBytes(token, settings) {
    const byte = BYTE.exec(token);
    if ([settings, ...settings?.decoders ?? []].some((step) => step?.type === 'ByteLevel')) return levelBytes(token);
    return byte ? [parseInt(byte[1], 16)] : [...bytesOf(token.replaceAll('\u2581', ' ').replace(/^##/, ''))];
}

/** @param {string} token @returns {number[]} */
function levelBytes(token) {
    const bytes = Array.from(token, (one) => BYTES.get(one));
    return bytes.every((byte) => byte !== undefined) ? /** @type {number[]} */ (bytes) : [...bytesOf(token)];
}

/** Bytes that follow each other are characters; where they are none, each is U+FFFD. @type {Decoder} */
function fallenBack(tokens) {
    /** @type {string[]} */
    const made = [];
    /** @type {number[]} */
    let bytes = [];
    const settle = () => {
        if (bytes.length > 0) made.push(readable(Uint8Array.from(bytes)) ?? '\ufffd'.repeat(bytes.length));
        bytes = [];
    };
    for (const token of tokens) {
        const byte = BYTE.exec(token);
        if (byte) bytes.push(parseInt(byte[1], 16));
        else {
            settle();
            made.push(token);
        }
    }
    settle();
    return made;
}

/** @param {Uint8Array} bytes */
function readable(bytes) {
    try {
        return strict.decode(bytes);
    } catch {
        return null;
    }
}
