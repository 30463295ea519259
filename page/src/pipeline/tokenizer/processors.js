/** The post-processors of tokenizer.json, as in the Rust library (tokenizers 0.22, src/processors): they add tokens around texts. */
import { Failure } from '../../engine/failure.js';
import { CHARACTERS } from './bytes.js';
import { rowOf } from './refusal.js';

/** @typedef {[number, number]} Span characters of the text */
/** Properties of tokens. `types`: the text, of two, that the model is told it belongs to; `sequences`: the text it does belong to,
 * −1: it was added; `spans`: its position in that text, null: none; `texts`: its text in the vocabulary.
 * @typedef {{ids: number[], types: number[], sequences: number[], spans: (Span | null)[], texts: string[]}} Encoding */
/** @typedef {(encodings: Encoding[], special: boolean) => Encoding[]} Processor */

/** @type {Record<string, (settings: any, where: string) => Processor>} */
const PROCESSORS = {
    BertProcessing: ({ cls, sep }) => around([tokenOf(cls)], [tokenOf(sep)], [[], [tokenOf(sep)]], true),
    ByteLevel: ({ trim_offsets: trims = true, add_prefix_space: prefix = true }) => (encodings) =>
        (trims ? encodings.map((one) => trimmed(one, prefix)) : encodings),
    RobertaProcessing: ({ cls, sep, trim_offsets: trims = true, add_prefix_space: prefix = true }) => {
        const put = around([tokenOf(cls)], [tokenOf(sep)], [[tokenOf(sep)], [tokenOf(sep)]], false);
        return (encodings, special) => put((trims ? encodings.map((one) => trimmed(one, prefix)) : encodings).map(untyped), special);
    },
    Sequence: ({ processors }, where) => {
        const steps = processors.map((/** @type {any} */ one, /** @type {number} */ at) => processorOf(one, `${where}.processors[${at}]`));
        return (encodings, special) => steps.reduce((/** @type {Encoding[]} */ made, /** @type {Processor} */ step) => step(made, special), encodings);
    },
    TemplateProcessing: templateOf,
};

/** @param {any} settings null: there is none @param {string} where @returns {Processor} */
export function processorOf(settings, where) {
    if (settings === null || settings === undefined) return (encodings) => encodings;
    return rowOf(PROCESSORS, settings.type, where)(settings, where);
}

/** @typedef {{text: string, id: number}} Special */
/** @param {[string, number]} pair @returns {Special} */
const tokenOf = ([text, id]) => ({ text, id });

/** @param {Special[]} tokens @param {number} type @returns {Encoding} */
const putThere = (tokens, type) => ({ ids: tokens.map(({ id }) => id), types: tokens.map(() => type), sequences: tokens.map(() => -1),
    spans: tokens.map(() => null), texts: tokens.map(({ text }) => text) });

/** @param {Encoding} encoding @returns {Encoding} */
const untyped = (encoding) => ({ ...encoding, types: encoding.types.map(() => 0) });

/** @param {Special[]} lead @param {Special[]} trail of the first @param {[Special[], Special[]]} second around the second
 * @param {boolean} isTyped @returns {Processor} */
function around(lead, trail, [before, behind], isTyped) {
    return (encodings, special) => (special
        ? encodings.map((one, at) => joined(at === 0
            ? [putThere(lead, 0), one, putThere(trail, 0)]
            : [putThere(before, isTyped ? 1 : 0), one, putThere(behind, isTyped ? 1 : 0)]))
        : encodings);
}

/** @param {readonly Encoding[]} parts @returns {Encoding} */
export const joined = (parts) => ({
    ids: parts.flatMap(({ ids }) => ids), types: parts.flatMap(({ types }) => types), sequences: parts.flatMap(({ sequences }) => sequences),
    spans: parts.flatMap(({ spans }) => spans), texts: parts.flatMap(({ texts }) => texts),
});

/** @param {any} settings @param {string} where @returns {Processor} */
function templateOf({ single, pair = [], special_tokens: specials }, where) {
    for (const { SpecialToken: token } of [...single, ...pair]) {
        if (!token || Object.hasOwn(specials ?? {}, token.id)) continue;
        throw new Failure('model_invalid', `tokenizer.json: ${where} has no special token ${JSON.stringify(token.id)?.slice(0, 100)}`);
    }
    return (encodings, special) => {
        const template = encodings.length > 1 ? pair : single;
        return template.flatMap((/** @type {any} */ { Sequence: sequence, SpecialToken: token }) => {
            if (sequence) {
                const one = encodings[sequence.id === 'B' ? 1 : 0];
                return [{ ...one, types: one.types.map(() => sequence.type_id) }];
            }
            if (!special) return [];
            const { ids, tokens } = specials[token.id];
            return [putThere(ids.map((/** @type {number} */ id, /** @type {number} */ at) => ({ id, text: tokens[at] })), token.type_id)];
        });
    };
}

/** Spaces at a token's ends are not where it is. @param {Encoding} encoding @param {boolean} prefix @returns {Encoding} */
function trimmed(encoding, prefix) {
    const isSpace = (/** @type {string} */ one) => one === CHARACTERS[0x20] || /\p{White_Space}/u.test(one);
    const spans = encoding.spans.map((span, at) => {
        if (!span) return span;
        const characters = [...encoding.texts[at]];
        let [start, end] = span, lead = characters.findIndex((one) => !isSpace(one));
        if (lead < 0) lead = characters.length;
        const trail = characters.length - 1 - characters.findLastIndex((one) => !isSpace(one));
        if (lead > 0 && prefix && (at === 0 || start === 0)) lead--;
        start = Math.min(start + lead, end);
        if (trail > 0 && end >= trail) end = Math.max(end - trail, start);
        return /** @type {Span} */ ([start, end]);
    });
    return { ...encoding, spans };
}
