/** Settings of sentence-transformers. */
import { harmless, honoured, ignored } from './rows.js';

export const POOLING = Object.freeze([
    honoured('pooling_mode_cls_token, pooling_mode_lasttoken or pooling_mode_mean_tokens; others, or several, only if options.pooling replaces them', `pooling_mode_cls_token
        pooling_mode_lasttoken pooling_mode_mean_tokens pooling_mode_max_tokens pooling_mode_mean_sqrt_len_tokens
        pooling_mode_weightedmean_tokens`),
    harmless('part of the graph', 'embedding_dimension word_embedding_dimension'),
    honoured('with false, the tokens of the prompt in config_sentence_transformers.json are not pooled', 'include_prompt'),
]);

export const SENTENCES = Object.freeze([
    honoured('the maximum length of a text', 'max_seq_length'),
    honoured('whether texts are converted to lowercase before tokenisation', 'do_lower_case'),
    harmless('describes what the original program returns', 'cache_dir config_args config_kwargs model_args model_kwargs processing_kwargs tokenizer_args tokenizer_kwargs tokenizer_name_or_path transformer_task unpad_inputs'),
]);

export const SENTENCE_PROMPTS = Object.freeze([
    honoured('the prompt that precedes each text', 'default_prompt_name prompts'),
    harmless('the service always compares vectors by their cosine', 'similarity_fn_name'),
    harmless('describes the file', '__version__ model_type'),
    ignored('options.dimensions sets this', 'truncate_dim'),
]);
