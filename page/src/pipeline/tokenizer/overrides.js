/**
 * The changes that tokenizer_config.json makes to a tokenizer.json, as in the classes of transformers 4.57 when they open both
 * (tokenization_utils_fast.py, models/…/tokenization_…_fast.py).
 */

/** @typedef {Record<string, any>} Settings */

/** Classes that write their own post-processor. */
const WITH_MARKS = /^(?:CodeLlama|Cohere|Gemma|Llama)Tokenizer/;
/** A language in front of a text is no part of it (MarianTokenizer.remove_language_code). */
const LANGUAGE = /^>>[^\s<>]+<<$/;

/** @param {Settings} file tokenizer.json @param {Settings} config tokenizer_config.json @returns {Settings} */
export function overridden(file, config) {
    const name = String(config.tokenizer_class ?? '');
    return {
        ...file, normalizer: normalizerOf(file.normalizer, config), pre_tokenizer: preTokenizerOf(file.pre_tokenizer, config),
        ...(WITH_MARKS.test(name) ? { post_processor: withMarks(file, config) } : {}),
        ...(name.startsWith('Marian') ? { added_tokens: withLanguages(file) } : {}),
    };
}

/** BertTokenizerFast and those that are like it. @param {any} normalizer @param {Settings} config */
function normalizerOf(normalizer, { do_lower_case: lower, strip_accents: strips, tokenize_chinese_chars: chinese }) {
    if (normalizer?.type !== 'BertNormalizer') return normalizer;
    return {
        ...normalizer, ...(typeof lower === 'boolean' ? { lowercase: lower } : {}),
        ...(strips === undefined ? {} : { strip_accents: strips }),
        ...(typeof chinese === 'boolean' ? { handle_chinese_chars: chinese } : {}),
    };
}

/** @param {any} step @param {Settings} config */
function preTokenizerOf(step, { add_prefix_space: prefix }) {
    return step?.type === 'ByteLevel' && typeof prefix === 'boolean' ? { ...step, add_prefix_space: prefix } : step;
}

/** Where the file says of both marks whether they stand around a text (update_post_processor). @param {Settings} file @param {Settings} config */
function withMarks({ post_processor: own, added_tokens: added = [] }, { add_bos_token: begins, add_eos_token: ends, bos_token: bos, eos_token: eos }) {
    if (typeof begins !== 'boolean' || typeof ends !== 'boolean') return own;
    const marks = [...(begins ? [bos] : []), ...(ends ? [eos] : [])].map((mark) => mark?.content ?? mark);
    const found = marks.map((mark) => added.find((/** @type {any} */ { content }) => content === mark));
    if (found.includes(undefined)) return own;
    const [first, last] = [begins ? [found[0].content] : [], ends ? [found[found.length - 1].content] : []];
    const around = (/** @type {string} */ id, /** @type {number} */ type) => [
        ...first.map((mark) => ({ SpecialToken: { id: mark, type_id: type } })), { Sequence: { id, type_id: type } },
        ...last.map((mark) => ({ SpecialToken: { id: mark, type_id: type } })),
    ];
    return {
        type: 'TemplateProcessing', single: around('A', 0), pair: [...around('A', 0), ...around('B', 1)],
        special_tokens: Object.fromEntries(found.map(({ id, content }) => [content, { id: content, ids: [id], tokens: [content] }])),
    };
}

/** @param {Settings} file */
function withLanguages({ model, added_tokens: added = [] }) {
    const tokens = Array.isArray(model?.vocab) ? model.vocab.map((/** @type {any} */ [token]) => token) : Object.keys(model?.vocab ?? {});
    const codes = tokens.map((/** @type {any} */ content, /** @type {number} */ at) => ({ content, id: Array.isArray(model.vocab) ? at : model.vocab[content] }))
        .filter((/** @type {any} */ { content }) => LANGUAGE.test(content) && !added.some((/** @type {any} */ one) => one.content === content))
        .map((/** @type {any} */ one) => ({ ...one, single_word: false, lstrip: false, rstrip: true, normalized: false, special: false }));
    return [...added, ...codes];
}
