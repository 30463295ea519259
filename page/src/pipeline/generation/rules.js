/**
 * A folder's rules for generation, as transformers 4.57 computes them (generation/logits_process.py), in the order of
 * GenerationMixin._get_logits_processor. A rule changes the logits of the next token, and says of which tokens: on a GPU
 * only these are read, besides the best.
 */

/** @typedef {Record<string, any>} Settings of generation */
/** An answer: the tokens before it, those that an encoder has read (null: a picture or a sound), the largest number of tokens
 * including those before it, and the tokens that end it. @typedef {{begin: number, read: readonly number[] | null, most: number, ends: readonly number[]}} Answer */
/** `tokens`: all so far. `touches`: the tokens whose logits it may change, or look at; null: all.
 * @typedef {{change: (tokens: readonly number[], logits: Float32Array) => void,
 *   touches: (tokens: readonly number[]) => readonly number[] | null}} Rule */

/** Each makes a rule of the settings, or null where they ask for none.
 * @type {readonly ((settings: Settings, answer: Answer) => Rule | null)[]} */
const RULES = Object.freeze([
    ({ sequence_bias: biases }) => biased(biases ?? []),
    ({ encoder_repetition_penalty: penalty }, { read }) => (isOther(penalty, 1) && read ? repeated(() => read, 1 / penalty) : null),
    ({ repetition_penalty: penalty }) => (isOther(penalty, 1) ? repeated((tokens) => tokens, penalty) : null),
    ({ no_repeat_ngram_size: size }) => (size > 0 ? forbidden((tokens) => followersIn(tokens, tokens, size)) : null),
    ({ encoder_no_repeat_ngram_size: size }, { read }) =>
        (size > 0 && read ? forbidden((tokens) => followersIn(read, tokens, size)) : null),
    ({ bad_words_ids: words }, { ends }) => biased((words ?? [])
        .filter((/** @type {number[]} */ [id, ...more]) => more.length > 0 || !ends.includes(id))
        .map((/** @type {number[]} */ ids) => [ids, -Infinity])),
    (settings, { begin, ends }) => unended(leastOf(settings, begin), ends),
    ({ forced_bos_token_id: id }) => (isId(id) ? allowed(1, [id]) : null),
    ({ forced_eos_token_id: ids }, { most }) => {
        const ends = [ids].flat().filter(isId);
        return ends.length > 0 ? allowed(most - 1, ends) : null;
    },
    ({ remove_invalid_values: removes }) => (removes === true
        ? { change: (_, logits) => logits.forEach((value, id) => { logits[id] = finite(value); }), touches: () => null } : null),
    ({ exponential_decay_length_penalty: decay }, { begin, ends }) => (Array.isArray(decay) ? hastened(begin + decay[0], decay[1], ends) : null),
    ({ suppress_tokens: ids }) => (ids?.length > 0 ? forbidden(() => ids) : null),
    ({ begin_suppress_tokens: ids, forced_bos_token_id: forced }, { begin }) => {
        const first = begin > 1 || !isId(forced) ? begin : begin + 1;
        return ids?.length > 0 ? forbidden(({ length }) => (length === first ? ids : [])) : null;
    },
]);

/** @param {Settings} settings @param {Answer} answer @returns {Rule} all of them */
export function rulesOf(settings, answer) {
    const rules = RULES.flatMap((make) => make(settings, answer) ?? []);
    return {
        change: (tokens, logits) => rules.forEach((rule) => rule.change(tokens, logits)),
        touches: (tokens) => {
            const all = rules.map((rule) => rule.touches(tokens));
            return all.includes(null) ? null : all.flatMap((ids) => ids ?? []);
        },
    };
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

/** @param {(tokens: readonly number[]) => readonly number[]} idsOf tokens that may not come @returns {Rule} */
const forbidden = (idsOf) => ({ change: (tokens, logits) => forbid(logits, idsOf(tokens)), touches: idsOf });

/** After so many tokens, the only ones that may come. @param {number} count @param {readonly number[]} ids @returns {Rule} */
const allowed = (count, ids) => ({
    change: ({ length }, logits) => {
        if (length !== count) return;
        logits.fill(-Infinity);
        for (const id of ids) if (id < logits.length) logits[id] = 0;
    },
    touches: ({ length }) => (length === count ? null : []),
});

/** The penalty makes tokens less likely, whatever the sign of their logits.
 * @param {(tokens: readonly number[]) => readonly number[]} from @param {number} penalty @returns {Rule} */
const repeated = (from, penalty) => ({
    change: (tokens, logits) => {
        for (const id of new Set(from(tokens))) logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
    },
    touches: from,
});

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
    const touched = biases.map(([ids]) => ids[ids.length - 1]);
    return {
        change: (tokens, logits) => {
            for (const [id, bias] of single) logits[id] += bias;
            for (const [ids, bias] of longer) {
                const before = ids.slice(0, -1), from = tokens.length - before.length;
                if (ids.length <= tokens.length && before.every((id, place) => tokens[from + place] === id)) logits[ids[before.length]] += bias;
            }
        },
        touches: () => touched,
    };
}

/** @param {number} least tokens @param {readonly number[]} ends @returns {Rule | null} */
const unended = (least, ends) => (least > 0 ? forbidden(({ length }) => (length < least ? ends : [])) : null);

/** The end becomes likelier with each token behind `start`. @param {number} start @param {number} factor @param {readonly number[]} ends
 * @returns {Rule} */
const hastened = (start, factor, ends) => ({
    change: ({ length }, logits) => {
        if (length <= start) return;
        const more = factor ** (length - start) - 1;
        for (const id of ends) logits[id] += Math.abs(logits[id]) * more;
    },
    touches: () => ends,
});

const MOST = Math.fround(3.4028234663852886e38);
/** @param {number} value */
const finite = (value) => (Number.isNaN(value) ? 0 : Math.max(-MOST, Math.min(MOST, value)));
