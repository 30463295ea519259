/**
 * A folder's rules for generation, as transformers 4.57 computes them (generation/logits_process.py), in the order of
 * GenerationMixin._get_logits_processor. A rule changes the logits of the next token.
 */

/** @typedef {Record<string, any>} Settings of generation */
/** An answer: the tokens before it, those that an encoder has read (null: a picture or a sound), the largest number of tokens
 * including those before it, and the tokens that end it. @typedef {{begin: number, read: readonly number[] | null, most: number, ends: readonly number[]}} Answer */
/** @typedef {(tokens: readonly number[], logits: Float32Array) => void} Rule `tokens`: all so far */

/** Each makes a rule of the settings, or null where they ask for none.
 * @type {readonly ((settings: Settings, answer: Answer) => Rule | null)[]} */
const RULES = Object.freeze([
    ({ sequence_bias: biases }) => biased(biases ?? []),
    ({ encoder_repetition_penalty: penalty }, { read }) => (isOther(penalty, 1) && read ? repeated(() => read, 1 / penalty) : null),
    ({ repetition_penalty: penalty }) => (isOther(penalty, 1) ? repeated((tokens) => tokens, penalty) : null),
    ({ no_repeat_ngram_size: size }) => (size > 0 ? (tokens, logits) => forbid(logits, followersIn(tokens, tokens, size)) : null),
    ({ encoder_no_repeat_ngram_size: size }, { read }) =>
        (size > 0 && read ? (tokens, logits) => forbid(logits, followersIn(read, tokens, size)) : null),
    ({ bad_words_ids: words }, { ends }) => biased((words ?? [])
        .filter((/** @type {number[]} */ [id, ...more]) => more.length > 0 || !ends.includes(id))
        .map((/** @type {number[]} */ ids) => [ids, -Infinity])),
    (settings, { begin, ends }) => unended(leastOf(settings, begin), ends),
    ({ forced_bos_token_id: id }) => (isId(id) ? (tokens, logits) => { if (tokens.length === 1) allow(logits, [id]); } : null),
    ({ forced_eos_token_id: ids }, { most }) => {
        const ends = [ids].flat().filter(isId);
        return ends.length > 0 ? (tokens, logits) => { if (tokens.length === most - 1) allow(logits, ends); } : null;
    },
    ({ remove_invalid_values: removes }) => (removes === true ? (_, logits) => logits.forEach((value, id) => { logits[id] = finite(value); }) : null),
    ({ exponential_decay_length_penalty: decay }, { begin, ends }) => (Array.isArray(decay) ? hastened(begin + decay[0], decay[1], ends) : null),
    ({ suppress_tokens: ids }) => (ids?.length > 0 ? (_, logits) => forbid(logits, ids) : null),
    ({ begin_suppress_tokens: ids, forced_bos_token_id: forced }, { begin }) => {
        const first = begin > 1 || !isId(forced) ? begin : begin + 1;
        return ids?.length > 0 ? (tokens, logits) => { if (tokens.length === first) forbid(logits, ids); } : null;
    },
]);

/** @param {Settings} settings @param {Answer} answer @returns {Rule} all of them */
export function rulesOf(settings, answer) {
    const rules = RULES.flatMap((make) => make(settings, answer) ?? []);
    return (tokens, logits) => rules.forEach((rule) => rule(tokens, logits));
}

/** @param {any} id */
const isId = (id) => Number.isInteger(id) && id >= 0;
/** @param {any} number @param {number} usual */
const isOther = (number, usual) => typeof number === 'number' && number !== usual;

/** How many tokens there are at least, with those before the answer. @param {Settings} settings @param {number} begin */
function leastOf({ min_new_tokens: fresh, min_length: all }, begin) {
    return Number.isInteger(fresh) ? fresh > 0 ? begin + fresh : 0 : all ?? 0;
}

/** @param {Float32Array} logits @param {Iterable<number>} ids */
function forbid(logits, ids) {
    for (const id of ids) if (id < logits.length) logits[id] = -Infinity;
}

/** @param {Float32Array} logits @param {readonly number[]} ids the only ones that may come */
function allow(logits, ids) {
    logits.fill(-Infinity);
    for (const id of ids) if (id < logits.length) logits[id] = 0;
}

/** The penalty makes tokens less likely, whatever the sign of their logits.
 * @param {(tokens: readonly number[]) => readonly number[]} from @param {number} penalty @returns {Rule} */
const repeated = (from, penalty) => (tokens, logits) => {
    for (const id of new Set(from(tokens))) logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
};

/** The tokens that have followed the last `size` − 1 tokens earlier in a text.
 * @param {readonly number[]} text @param {readonly number[]} tokens @param {number} size @returns {number[]} */
function followersIn(text, tokens, size) {
    const before = size - 1, last = tokens.slice(tokens.length - before);
    if (tokens.length < before) return [];
    const followers = [];
    for (let at = before; at < text.length; at++) {
        if (last.every((id, place) => text[at - before + place] === id)) followers.push(text[at]);
    }
    return followers;
}

/** A bias of the last token of each sequence behind the others of it; of several of one token the last counts.
 * @param {readonly [number[], number][]} biases @returns {Rule | null} */
function biased(biases) {
    const single = new Map(biases.flatMap(([ids, bias]) => (ids.length === 1 ? [[ids[0], bias]] : [])));
    const longer = biases.filter(([ids]) => ids.length > 1);
    if (biases.length === 0) return null;
    return (tokens, logits) => {
        for (const [id, bias] of single) logits[id] += bias;
        for (const [ids, bias] of longer) {
            const before = ids.slice(0, -1), from = tokens.length - before.length;
            if (ids.length <= tokens.length && before.every((id, place) => tokens[from + place] === id)) logits[ids[before.length]] += bias;
        }
    };
}

/** @param {number} least tokens @param {readonly number[]} ends @returns {Rule | null} */
const unended = (least, ends) => (least > 0 ? (tokens, logits) => { if (tokens.length < least) forbid(logits, ends); } : null);

/** The end becomes likelier with each token behind `start`. @param {number} start @param {number} factor @param {readonly number[]} ends
 * @returns {Rule} */
const hastened = (start, factor, ends) => (tokens, logits) => {
    if (tokens.length <= start) return;
    const more = factor ** (tokens.length - start) - 1;
    for (const id of ends) logits[id] += Math.abs(logits[id]) * more;
};

const MOST = Math.fround(3.4028234663852886e38);
/** @param {number} value */
const finite = (value) => (Number.isNaN(value) ? 0 : Math.max(-MOST, Math.min(MOST, value)));
