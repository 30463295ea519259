/**
 * How each setting of a folder in the Hugging Face layout is treated. The daemon's src/terms/format/huggingface_settings.inc and a
 * section of webinfer-inputs(7) are generated from it (scripts/settings.mjs).
 */
import { GENERATION } from './generation.js';
import { PREPROCESSOR, PROCESSOR } from './processors.js';
import { harmless, honoured } from './rows.js';
import { POOLING, SENTENCE_PROMPTS, SENTENCES } from './sentences.js';
import { SPECIAL_TOKENS, TOKENIZER, TOKENIZER_CONFIG } from './tokenizers.js';

/** @import { Fate, Row } from './rows.js' */
/** `rest`: what becomes of members that no row has, unless they ask for nothing. @typedef {{rest: Fate, rows: readonly Row[]}} File */

/** The settings of generation that config.json may have if the folder has no generation_config.json. @type {File} */
export const GENERATION_OF_CONFIG = Object.freeze({ rest: 'harmless', rows: GENERATION });

/** @type {Readonly<Record<string, File>>} */
export const SETTINGS = Object.freeze({
    'config.json': {
        rest: 'harmless',
        rows: [
            honoured('the type of the model, and its tasks', 'architectures model_type is_encoder_decoder'),
            honoured('the labels, and how scores become probabilities', 'id2label problem_type'),
            honoured('the maximum length of a text', 'max_position_embeddings n_positions'),
            honoured("the words that precede a task's prompt, and the task's generation settings", 'prefix task_specific_params'),
            harmless('taken from id2label', 'label2id num_labels'),
        ],
    },
    'generation_config.json': { rest: 'ignored', rows: GENERATION },
    'preprocessor_config.json': { rest: 'ignored', rows: PREPROCESSOR },
    'processor_config.json': { rest: 'ignored', rows: PROCESSOR },
    'special_tokens_map.json': { rest: 'ignored', rows: SPECIAL_TOKENS },
    'tokenizer.json': { rest: 'refused', rows: TOKENIZER },
    'tokenizer_config.json': { rest: 'ignored', rows: TOKENIZER_CONFIG },
    '1_Pooling/config.json': { rest: 'ignored', rows: POOLING },
    'config_sentence_transformers.json': { rest: 'ignored', rows: SENTENCE_PROMPTS },
    'sentence_bert_config.json': { rest: 'ignored', rows: SENTENCES },
});
