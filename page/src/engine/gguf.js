/**
 * The metadata of a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): the pairs before
 * its tensors. The only list that is kept is the vocabulary, as the positions of its texts and their types.
 */
import { Failure } from './failure.js';

const MAGIC = 0x46554747;
const VERSIONS = [2, 3];
const TYPE = Object.freeze({ string: 8, list: 9 });
/** Bytes of the types that are numbers, by their ids. */
const WIDTHS = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const PAIRS_MAX = 65536;
const KEY_MAX = 65535;
const TEXTS = 'tokenizer.ggml.tokens';
const TYPES = 'tokenizer.ggml.token_type';
/** Types of tokens. No text is read as an unknown one or one of control unless it names them. */
export const KIND = Object.freeze({ normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 });
/** The most bytes of a head that are read, and the size of the first request. */
const HEAD_MAX = 64 << 20;
const HEAD_FIRST = 256 << 10;

/** @typedef {string | number | boolean} Value */
/** `kind`: one of KIND, or another. @typedef {{count: number, kind: (id: number) => number,
 *   text: (id: number) => string | null}} Vocabulary */
/** `specials`: ids of the special tokens, by their texts.
 * @typedef {{values: Map<string, Value>, vocabulary: Vocabulary, specials: Map<string, number>}} Head */

/** The bytes read end before the head does. */
class Short extends Error {}

/**
 * @param {(size: number) => Promise<Uint8Array>} beginning of the file, of that size or all of it
 * @returns {Promise<Head>}
 * @throws {Failure} `model_invalid` where it is no GGUF, or a broken one
 */
export async function readHead(beginning) {
    for (let size = HEAD_FIRST; ; size *= 4) {
        const bytes = await beginning(size);
        try {
            return parse(bytes);
        } catch (thrown) {
            if (!(thrown instanceof Short)) throw thrown;
            if (bytes.length < size || size * 4 > HEAD_MAX) throw broken('its head is cut off, or larger than 64 MiB');
        }
    }
}

/** @param {string} why */
const broken = (why) => new Failure('model_invalid', `the GGUF file cannot be read: ${why}`);

/** @param {Uint8Array} bytes @returns {Head} */
function parse(bytes) {
    const at = new Cursor(bytes);
    if (at.number(4) !== MAGIC) throw broken('it does not begin with "GGUF"');
    const version = at.number(4);
    if (!VERSIONS.includes(version)) throw broken(`its version is ${version}`);
    at.number(8); // tensors
    const count = at.number(8);
    if (count > PAIRS_MAX) throw broken(`it has ${count} pairs`);
    /** @type {Map<string, Value>} */
    const values = new Map();
    let texts = -1, types = -1;
    for (let pair = 0; pair < count; pair++) {
        const key = at.text(KEY_MAX);
        const type = at.number(4);
        if (key === TEXTS && type === TYPE.list) texts = at.offset;
        if (key === TYPES && type === TYPE.list) types = at.offset;
        const value = at.value(type);
        if (value !== undefined) values.set(key, value);
    }
    const vocabulary = vocabularyOf(bytes, texts, types);
    return { values, vocabulary, specials: specialsOf(vocabulary) };
}

/**
 * The vocabulary, in place.
 * @param {Uint8Array} bytes @param {number} texts @param {number} types where the two lists are, -1: nowhere
 * @returns {Vocabulary}
 */
function vocabularyOf(bytes, texts, types) {
    const text = new Cursor(bytes, Math.max(texts, 0)), type = new Cursor(bytes, Math.max(types, 0));
    const count = texts >= 0 && text.number(4) === TYPE.string ? text.number(8) : 0;
    const typed = types >= 0 && WIDTHS[type.number(4)] === 4 ? type.number(8) : 0;
    const begins = Array.from({ length: count }, () => text.skip(text.number(8)));
    const kinds = Array.from({ length: Math.min(count, typed) }, () => type.number(4));
    return {
        count, kind: (id) => kinds[id] ?? KIND.normal,
        // Its length precedes it.
        text: (id) => (id >= 0 && id < count ? new Cursor(bytes, begins[id] - 8).text(KEY_MAX) : null),
    };
}

/** @param {Vocabulary} vocabulary @returns {Map<string, number>} */
function specialsOf({ count, kind, text }) {
    /** @type {Map<string, number>} */
    const specials = new Map();
    for (let id = 0; id < count; id++) {
        if (kind(id) === KIND.control || kind(id) === KIND.unknown) specials.set(text(id) ?? '', id);
    }
    specials.delete('');
    return specials;
}

class Cursor {
    /** @param {Uint8Array} bytes @param {number} [offset] */
    constructor(bytes, offset = 0) {
        this._bytes = bytes;
        this._view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.offset = offset;
    }

    /** @param {number} size @returns {number} where it was before */
    skip(size) {
        const before = this.offset;
        if (!(size <= this._bytes.length - before)) throw new Short();
        this.offset += size;
        return before;
    }

    /** An unsigned integer; of those that are too large for a number, nearly. @param {4 | 8} width */
    number(width) {
        const at = this.skip(width);
        return width === 4 ? this._view.getUint32(at, true) : Number(this._view.getBigUint64(at, true));
    }

    /** @param {number} most bytes */
    text(most) {
        const length = this.number(8);
        if (length > most) throw broken(`a text of ${length} bytes`);
        const at = this.skip(length);
        return new TextDecoder().decode(this._bytes.slice(at, at + length));
    }

    /** @param {number} type @returns {Value | undefined} nothing of a list */
    value(type) {
        if (type === TYPE.string) return this.text(HEAD_MAX);
        if (type === TYPE.list) return this._list();
        const width = WIDTHS[type];
        if (!width) throw broken(`a value of type ${type}`);
        return scalar(this._view, type, this.skip(width));
    }

    /** @returns {undefined} */
    _list() {
        const type = this.number(4);
        const count = this.number(8);
        if (type !== TYPE.string) {
            if (!WIDTHS[type]) throw broken(`a list of type ${type}`);
            this.skip(count * WIDTHS[type]);
            return;
        }
        for (let index = 0; index < count; index++) this.skip(this.number(8));
    }
}

/** @param {DataView} view @param {number} type @param {number} at @returns {Value} */
function scalar(view, type, at) {
    switch (type) {
    case 0: return view.getUint8(at);
    case 1: return view.getInt8(at);
    case 2: return view.getUint16(at, true);
    case 3: return view.getInt16(at, true);
    case 4: return view.getUint32(at, true);
    case 5: return view.getInt32(at, true);
    case 6: return view.getFloat32(at, true);
    case 7: return view.getUint8(at) !== 0;
    case 10: return Number(view.getBigUint64(at, true));
    case 11: return Number(view.getBigInt64(at, true));
    default: return view.getFloat64(at, true);
    }
}
