/** Settings of sentence-transformers. */
import { harmless, honoured, ignored } from './rows.js';

export const POOLING = Object.freeze([
    honoured('one of the first three; another one, or several, only if options.pooling says what to take instead', `pooling_mode_cls_token
        pooling_mode_lasttoken pooling_mode_mean_tokens pooling_mode_max_tokens pooling_mode_mean_sqrt_len_tokens
        pooling_mode_weightedmean_tokens`),
    harmless('the graph has it', 'embedding_dimension word_embedding_dimension'),
    honoured('false: the tokens of the prompt of config_sentence_transformers.json are not pooled', 'include_prompt'),
]);

export const SENTENCES = Object.freeze([
    honoured('how long a text may be', 'max_seq_length'),
    honoured('texts are converted to lower case before tokenization', 'do_lower_case'),
    harmless('it describes the results of a program', 'cache_dir config_args config_kwargs model_args model_kwargs processing_kwargs tokenizer_args tokenizer_kwargs tokenizer_name_or_path transformer_task unpad_inputs'),
]);

export const SENTENCE_PROMPTS = Object.freeze([
    honoured('the prompt of that name precedes each text', 'default_prompt_name prompts'),
    harmless('if the service compares vectors, it uses their cosine', 'similarity_fn_name'),
    harmless('it describes the file', '__version__ model_type'),
    ignored('options.dimensions says it', 'truncate_dim'),
]);
