/** The normalizers of tokenizer.json, as the Rust library has them (tokenizers 0.22, src/normalizers): a row each. */
import { matchesOf } from './piece.js';
import { patternOf, WHITE_SPACE } from './pattern.js';
import { charsmapOf } from './charsmap.js';
import { byteCharactersOf } from './bytes.js';
import { rowOf } from './refusal.js';

/** @import { Piece } from './piece.js' */
/** @typedef {(piece: Piece) => Piece} Normalizer */

const CONTROL = /[\p{Cc}\p{Cf}\p{Co}]/u, BREAKS = /[\t\n\r]/;
const MARK = /\p{M}/u, MARK_WITHOUT_SPACE = /\p{Mn}/u;
/** CJK ideographs, which BERT has as words. */
const IDEOGRAPH = /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/u;
/** The characters that Nmt drops, and those that it replaces with a space. */
const DROPPED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/;
const SPACES = /[\t\n\f\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581\ufeff\ufffd]/;

/** @type {Record<string, (settings: any, where: string) => Normalizer>} */
const NORMALIZERS = {
    BertNormalizer: bertOf,
    Strip: ({ strip_left: left = true, strip_right: right = true }) => (piece) => stripped(piece, left, right),
    StripAccents: () => (piece) => piece.filter((one) => !MARK.test(one)),
    NFC: () => (piece) => composed(piece, 'NFC'),
    NFD: () => (piece) => decomposed(piece, 'NFD'),
    NFKC: () => (piece) => composed(piece, 'NFKC'),
    NFKD: () => (piece) => decomposed(piece, 'NFKD'),
    Sequence: ({ normalizers }, where) => {
        const steps = normalizers.map((/** @type {any} */ one, /** @type {number} */ at) => normalizerOf(one, `${where}.normalizers[${at}]`));
        return (piece) => steps.reduce((/** @type {Piece} */ made, /** @type {Normalizer} */ step) => step(made), piece);
    },
    Lowercase: () => lowered,
    Nmt: () => (piece) => piece.filter((one) => !DROPPED.test(one)).map((one) => (SPACES.test(one) ? ' ' : undefined)),
    Precompiled: ({ precompiled_charsmap: charsmap }) => charsmapOf(charsmap),
    Replace: ({ pattern, content }, where) => {
        const expression = patternOf(pattern, where);
        return (piece) => piece.replaced(matchesOf(piece.text, expression), content);
    },
    Prepend: ({ prepend }) => (piece) => piece.prepended(prepend),
    ByteLevel: () => (piece) => piece.map(byteCharactersOf),
};

/** @param {any} settings null: there is none @param {string} where @returns {Normalizer} */
export function normalizerOf(settings, where) {
    if (settings === null || settings === undefined) return (piece) => piece;
    return rowOf(NORMALIZERS, settings.type, where)(settings, where);
}

/** @param {any} settings @returns {Normalizer} */
function bertOf({ clean_text: clean = true, handle_chinese_chars: chinese = true, strip_accents: accents = null, lowercase = true }) {
    return (piece) => {
        let made = piece;
        if (clean) {
            made = made.filter((one) => one !== '\0' && one !== '\ufffd' && (BREAKS.test(one) || !CONTROL.test(one)))
                .map((one) => (BREAKS.test(one) || WHITE_SPACE.test(one) ? ' ' : undefined));
        }
        if (chinese && IDEOGRAPH.test(made.text)) made = spaced(made);
        if (accents ?? lowercase) made = decomposed(made, 'NFD').filter((one) => !MARK_WITHOUT_SPACE.test(one));
        return lowercase ? lowered(made) : made;
    };
}

/** @param {Piece} piece */
const lowered = (piece) => piece.map((one) => one.toLowerCase());

/** A space on each side of an ideograph. @param {Piece} piece */
const spaced = (piece) => piece.changed([...piece.text].flatMap((one) => (IDEOGRAPH.test(one)
    ? /** @type {import('./piece.js').Change[]} */ ([[' ', 0], [one, 1], [' ', 1]]) : /** @type {import('./piece.js').Change[]} */ ([[one, 0]]))));

/** @param {Piece} piece @param {boolean} left @param {boolean} right */
function stripped(piece, left, right) {
    const { text } = piece;
    let start = 0, end = text.length;
    while (left && start < end && WHITE_SPACE.test(text[start])) start++;
    while (right && end > start && WHITE_SPACE.test(text[end - 1])) end--;
    return piece.slice(start, end);
}

/** Marks in their canonical order, too, where there are several. @param {Piece} piece @param {'NFD' | 'NFKD'} form */
function decomposed(piece, form) {
    if (piece.text.normalize(form) === piece.text) return piece;
    const single = piece.map((one) => one.normalize(form));
    return single.text === piece.text.normalize(form) ? single : clustered(piece, form);
}

/** @param {Piece} piece @param {'NFC' | 'NFKC'} form */
const composed = (piece, form) => (piece.text.normalize(form) === piece.text ? piece : clustered(piece, form));

/** Characters that are composed together: a letter and its marks, and the parts of a Hangul syllable. */
const CLUSTER = /[\u1100-\u115f\uac00-\ud7a3][\u1160-\u11ff]*\p{M}*|\P{M}?\p{M}*/gu;

/** @param {Piece} piece @param {string} form */
function clustered(piece, form) {
    /** @type {import('./piece.js').Change[]} */
    const changes = [];
    for (const [cluster] of piece.text.matchAll(CLUSTER)) {
        const old = [...cluster].length, made = [...cluster.normalize(form)];
        made.forEach((one, at) => {
            if (at >= old) changes.push([one, 1]);
            else changes.push([one, at === 0 && made.length < old ? made.length - old : 0]);
        });
    }
    return piece.changed(changes);
}
