/** Encoder-decoders: text in, other text out, also from language to language. */
import { plain } from '../engine/answer.js';
import { Failure } from '../engine/failure.js';
import { encoded } from './decoder.js';
import { generate } from './generate.js';
import { encodeWithin } from './texts.js';
import { generationConfig } from './theirs.js';
import { contextOf, promptOf } from './writing.js';

/** @import { Outcome } from '../engine/engine.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Task } from './tasks.js' */
/** @typedef {Record<string, any>} Options */

/** @type {Readonly<Record<string, Task>>} */
export const SEQ2SEQ_TASKS = Object.freeze({
    'text2text-generation': named('text2text-generation'),
    summarization: named('summarization'),
    translation: named('translation'),
});

/** @param {string} name of a task @returns {Task} */
function named(name) {
    return (loaded, task, run) => transform(loaded, task, run, name);
}

/** @param {Loaded} loaded @param {import('./tasks.js').CheckedTask} task @param {Run} run
 * @param {string} name @returns {Promise<Outcome>} */
async function transform(loaded, { input, options }, run, name) {
    const { config, model } = loaded;
    if (config.is_encoder_decoder !== true) throw noTask(name);
    const languages = languagesOf(loaded, options, name);
    const own = ownName(options, name, languages !== null);
    const prefix = prefixOf(config, own, own !== name);
    const { truncate } = options;
    const text = encodeWithin(loaded, prefix + promptOf(input), null, { truncate });
    const read = languages?.source === undefined ? text.ids : inLanguage(text, languages.codes, languages.source);
    const begin = () => encoded(loaded, inputsOf(loaded, read));
    const prompt = {
        tokens: startOf(model, languages?.target), read, task: own,
        stop: options.stop ?? [], ends: [], preserved: [], parser: plain(),
    };
    return generate(loaded, prompt, options, contextOf(loaded, options), run, begin);
}

/** The first tokens of the decoder: its start token, and the language if the request names one.
 * @param {any} model @param {number | undefined} language */
export function startOf(model, language) {
    const { decoder_start_token_id: start, bos_token_id: first } = generationConfig(model);
    return [start ?? first ?? 0, ...(language === undefined ? [] : [language])];
}

/** @param {Loaded} loaded @param {readonly number[]} ids */
function inputsOf({ library: { Tensor, ones } }, ids) {
    const shape = [1, ids.length];
    return { input_ids: new Tensor('int64', ids.map(BigInt), shape), attention_mask: ones(shape) };
}

/** How config.json names the task: T5's has one for each two languages ("translation_en_to_de").
 * @param {Options} options @param {string} name @param {boolean} hasTokens for languages */
function ownName({ source_language: from, target_language: to }, name, hasTokens) {
    return (from ?? to) === undefined || hasTokens ? name : `translation_${from}_to_${to}`;
}

/** The words that a T5's task begins with. @param {any} config @param {string} own name of the task
 * @param {boolean} isOfLanguages whether that names languages */
function prefixOf({ prefix = '', task_specific_params: params }, own, isOfLanguages) {
    const said = params && Object.hasOwn(params, own) ? params[own]?.prefix : undefined;
    if (typeof said === 'string') return said;
    if (!isOfLanguages) return String(prefix ?? '');
    const pairs = Object.keys(params ?? {}).filter((key) => key.startsWith('translation_'));
    throw new Failure('input_invalid', 'the model does not know languages by these names', {
        field: 'options.target_language',
        expected: pairs.length > 0 ? `the languages of one of ${pairs.join(', ')}` : 'no languages',
    });
}

/**
 * The languages' tokens, where a tokenizer has some (NLLB, M2M-100, mBART): the text begins with one, and
 * the answer with the other.
 * @param {Loaded} loaded @param {Options} options @param {string} name
 * @returns {{codes: Map<string, number>, source?: number, target?: number} | null}
 */
function languagesOf({ tokenizer, words }, { source_language: source, target_language: target }, name) {
    const { language_codes: list, lang_to_token: tokenOf } = tokenizer;
    if (name !== 'translation' || !Array.isArray(list) || list.length === 0) return null;
    const codes = new Map(list.map((code) => [code, /** @type {number} */ (words?.idOf(tokenOf(code)))]));
    if (target === undefined) throw unknownLanguage('target_language', list);
    return {
        codes, source: idOf(codes, source, 'source_language'), target: idOf(codes, target, 'target_language'),
    };
}

/** @param {Map<string, number>} codes @param {string | undefined} language @param {string} option */
function idOf(codes, language, option) {
    if (language !== undefined && !codes.has(language)) throw unknownLanguage(option, [...codes.keys()]);
    return language === undefined ? undefined : codes.get(language);
}

/** @param {string} option @param {string[]} codes */
const unknownLanguage = (option, codes) => new Failure('input_invalid', 'the model needs a language that it knows',
    { field: `options.${option}`, expected: `one of ${codes.slice(0, 300).join(', ')}` });

/** A text with the token of its language instead of the one that the tokenizer adds around it; language tokens within the text
 * stay. @param {import('./texts.js').Encoded} encoded @param {Map<string, number>} codes @param {number} source @returns {number[]} */
function inLanguage({ ids, sequences }, codes, source) {
    const all = new Set(codes.values());
    const at = ids.findIndex((id, place) => sequences[place] < 0 && all.has(id));
    return at < 0 ? ids : ids.with(at, source);
}

/** @param {string} name */
const noTask = (name) => new Failure('input_invalid', `the model is not an encoder-decoder: it has no task "${name}"`,
    { field: 'task', expected: 'a model that turns text into text' });
