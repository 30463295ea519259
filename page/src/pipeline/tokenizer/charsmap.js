/**
 * SentencePiece's precompiled maps of characters: four bytes with the size of a trie, the trie (Darts' double array of 32-bit
 * units), and the texts that it leads to, each ended by a NUL (sentencepiece/src/normalizer.cc; spm_precompiled 0.1.4).
 */
import { Failure } from '../../engine/failure.js';
import { bytesOf } from './bytes.js';

/** @import { Change, Piece } from './piece.js' */

/** Graphemes of so many bytes are looked up as a whole. */
const WHOLE = 6;
/** The number of remembered replacements. */
const MOST_KNOWN = 10_000;

/** @param {any} charsmap in base64 @returns {(piece: Piece) => Piece} */
export function charsmapOf(charsmap) {
    const { units, texts } = read(charsmap);
    /** @type {Map<string, string | null>} */
    const known = new Map();
    const find = (/** @type {string} */ text) => {
        let made = known.get(text);
        if (made !== undefined) return made;
        if (known.size === MOST_KNOWN) known.clear();
        known.set(text, made = lookUp(units, texts, bytesOf(text)));
        return made;
    };
    const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
    return (piece) => {
        /** @type {Change[]} */
        const changes = [];
        let isChanged = false;
        const take = (/** @type {string} */ old) => {
            const made = find(old);
            if (made === null) return false;
            pushReplaced(changes, [...old].length, [...made]);
            return isChanged = true;
        };
        for (const { segment } of graphemes.segment(piece.text)) {
            if (bytesOf(segment).length < WHOLE && take(segment)) continue;
            for (const one of segment) if (!take(one)) changes.push([one, 0]);
        }
        return isChanged ? piece.changed(changes) : piece;
    };
}

/** @param {Change[]} changes @param {number} old how many characters there were @param {string[]} made */
function pushReplaced(changes, old, made) {
    made.forEach((one, at) => changes.push([one, at >= old ? 1 : 0]));
    const last = changes.at(-1);
    if (made.length < old && last) last[1] += made.length - old;
}

/** @param {any} charsmap */
function read(charsmap) {
    try {
        const bytes = Uint8Array.from(atob(charsmap), (one) => one.charCodeAt(0));
        const size = new DataView(bytes.buffer).getUint32(0, true);
        if (size % 4 !== 0 || size + 4 > bytes.length) throw new RangeError('the trie is cut');
        return { units: new Uint32Array(bytes.slice(4, 4 + size).buffer), texts: bytes.subarray(4 + size) };
    } catch (thrown) {
        throw new Failure('model_invalid', `tokenizer.json: precompiled_charsmap cannot be read: ${String(thrown).slice(0, 100)}`);
    }
}

/** The replacement for the shortest prefix that is in the trie. @param {Uint32Array} units @param {Uint8Array} texts
 * @param {Uint8Array} key @returns {string | null} */
function lookUp(units, texts, key) {
    let at = offsetOf(units[0]);
    for (const byte of key) {
        if (byte === 0) return null;
        at ^= byte;
        const unit = units[at] ?? 0;
        if ((unit & 0x800000ff) !== byte) return null;
        at ^= offsetOf(unit);
        if ((unit >>> 8 & 1) === 1) {
            const from = units[at] & 0x7fffffff, end = texts.indexOf(0, from);
            return new TextDecoder().decode(texts.subarray(from, end < 0 ? undefined : end));
        }
    }
    return null;
}

/** @param {number} unit */
const offsetOf = (unit) => unit >>> 10 << ((unit & 1 << 9) >>> 6);
