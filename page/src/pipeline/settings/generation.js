/** Settings of generation: those of generation_config.json, or of config.json where there is no such file. */
import { BEAMS_MAX } from '../generation/beams.js';
import { harmless, honoured, ignored, refused } from './rows.js';

export const GENERATION = Object.freeze([
    honoured('computed as in transformers 4.57, in the same order', `repetition_penalty encoder_repetition_penalty no_repeat_ngram_size
        encoder_no_repeat_ngram_size bad_words_ids sequence_bias min_length min_new_tokens forced_bos_token_id forced_eos_token_id
        remove_invalid_values exponential_decay_length_penalty suppress_tokens begin_suppress_tokens`),
    honoured('if the request has no max_tokens', 'max_new_tokens max_length'),
    honoured('if the request sets no value; applied in the same order as in llama.cpp, with temperature last', 'do_sample temperature top_k top_p min_p'),
    honoured('the tokens that begin, end and pad a text', 'bos_token_id eos_token_id pad_token_id decoder_start_token_id'),
    honoured("Whisper's languages, tasks and times", `alignment_heads is_multilingual lang_to_id max_initial_timestamp_index
        no_timestamps_token_id task_to_id`),
    harmless('set by the request', 'forced_decoder_ids language prev_sot_token_id return_timestamps task'),
    honoured('for beam search, if no sampling is requested and the model is not Whisper; the text is then sent all at once',
        'num_beams length_penalty early_stopping renormalize_logits'),
    harmless('only affects groups of beams', 'diversity_penalty'),
    harmless('changes only speed or memory use, not the tokens', `assistant_confidence_threshold assistant_early_exit assistant_lookbehind
        cache_config cache_implementation compile_config disable_compile is_assistant low_memory max_matching_ngram_size num_assistant_tokens
        num_assistant_tokens_schedule prefill_chunk_size prompt_lookup_num_tokens target_lookbehind use_cache`),
    harmless('describes what the original program returns, or where the file came from', `_commit_hash _from_model_config generation_kwargs output_attentions
        output_hidden_states output_logits output_scores return_dict_in_generate return_legacy_cache transformers_version trust_remote_code`),
    ignored('a request gets one answer', 'num_return_sequences', { num_return_sequences: 1 }),
    ignored('tokens are sampled only by temperature, top_k, top_p and min_p', 'typical_p epsilon_cutoff eta_cutoff watermarking_config',
        { typical_p: 1, epsilon_cutoff: 0, eta_cutoff: 0 }),
    ignored('the request decides where its answer stops', 'stop_strings max_time'),
    ignored('a prompt is read as is', 'token_healing'),
    refused('it would require additional computation for each token', 'constraints dola_layers force_words_ids guidance_scale num_beam_groups penalty_alpha',
        { guidance_scale: 1, num_beam_groups: 1, penalty_alpha: 0 }),
]);

/** @param {any} value */
const isId = (value) => Number.isSafeInteger(value) && value >= 0;
/** @param {any} value */
const isCount = (value) => isId(value);
/** @param {any} value */
const isPenalty = (value) => Number.isFinite(value) && value > 0;
/** @param {any} value */
const areIds = (value) => Array.isArray(value) && value.every(isId);
/** @param {any} value */
const areWords = (value) => Array.isArray(value) && value.every((ids) => areIds(ids) && ids.length > 0);
/** @param {any} value */
const isFlag = (value) => typeof value === 'boolean';

/** The requirement for a member that is not null: a test, and its words.
 * @type {Readonly<Record<string, readonly [(value: any) => boolean, string]>>} */
export const GENERATION_FORMS = Object.freeze({
    repetition_penalty: [isPenalty, 'a number above 0'], encoder_repetition_penalty: [isPenalty, 'a number above 0'],
    no_repeat_ngram_size: [isCount, 'a whole number of at least 0'], encoder_no_repeat_ngram_size: [isCount, 'a whole number of at least 0'],
    min_length: [isCount, 'a whole number of at least 0'], min_new_tokens: [isCount, 'a whole number of at least 0'],
    bad_words_ids: [areWords, 'a list of lists of token ids'],
    sequence_bias: [(value) => Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 2 && areWords([one[0]])
        && Number.isFinite(one[1])), 'a list of pairs: a list of token ids, and a number'],
    forced_bos_token_id: [isId, 'a token id'], forced_eos_token_id: [(value) => isId(value) || areIds(value), 'a token id, or a list of token ids'],
    remove_invalid_values: [isFlag, 'true or false'],
    exponential_decay_length_penalty: [(value) => Array.isArray(value) && value.length === 2 && isCount(value[0]) && isPenalty(value[1]),
        'a pair: a whole number of at least 0, and a number above 0'],
    num_beams: [(value) => isCount(value) && value > 0 && value <= BEAMS_MAX, `a whole number from 1 to ${BEAMS_MAX}`],
    length_penalty: [Number.isFinite, 'a number'], early_stopping: [(value) => isFlag(value) || value === 'never', 'true, false or "never"'],
    suppress_tokens: [areIds, 'a list of token ids'], begin_suppress_tokens: [areIds, 'a list of token ids'],
});
