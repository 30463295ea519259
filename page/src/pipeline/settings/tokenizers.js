/** Settings of tokenizers: tokenizer.json with its parts, and the files that belong to it. */
import { harmless, honoured, ignored } from './rows.js';

export const TOKENIZER = Object.freeze([
    honoured('computed as in the Rust library tokenizers 0.22', 'added_tokens decoder model normalizer post_processor pre_tokenizer'),
    honoured('its direction, as for truncation_side; the service itself decides whether and where texts are cut', 'truncation'),
    harmless('the service pads texts as needed', 'padding'),
    harmless('describes the file', 'version'),
]);

const LEVEL = 'add_prefix_space trim_offsets use_regex';
/** The members of the parts of tokenizer.json, except `type`, for each type; others are refused. The types are in the
 * tokenizer's own tables. @type {Readonly<Record<string, Readonly<Record<string, string>>>>} */
export const PARTS = Object.freeze({
    normalizer: {
        BertNormalizer: 'clean_text handle_chinese_chars strip_accents lowercase', ByteLevel: LEVEL, Lowercase: '', NFC: '', NFD: '', NFKC: '',
        NFKD: '', Nmt: '', Precompiled: 'precompiled_charsmap', Prepend: 'prepend', Replace: 'pattern content', Sequence: 'normalizers',
        Strip: 'strip_left strip_right', StripAccents: '',
    },
    pre_tokenizer: {
        BertPreTokenizer: '', ByteLevel: LEVEL, CharDelimiterSplit: 'delimiter', Digits: 'individual_digits', FixedLength: 'length',
        Metaspace: 'replacement prepend_scheme split add_prefix_space str_rep', Punctuation: 'behavior', Sequence: 'pretokenizers',
        Split: 'pattern behavior invert', UnicodeScripts: '', Whitespace: '', WhitespaceSplit: '',
    },
    post_processor: {
        BertProcessing: 'sep cls', ByteLevel: LEVEL, RobertaProcessing: 'sep cls trim_offsets add_prefix_space', Sequence: 'processors',
        TemplateProcessing: 'single pair special_tokens',
    },
    decoder: {
        BPEDecoder: 'suffix', ByteFallback: '', ByteLevel: LEVEL, CTC: 'pad_token word_delimiter_token cleanup', Fuse: '',
        Metaspace: 'replacement prepend_scheme split add_prefix_space str_rep', Replace: 'pattern content', Sequence: 'decoders',
        Strip: 'content start stop', WordPiece: 'prefix cleanup',
    },
    model: {
        BPE: 'vocab merges dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges',
        Unigram: 'vocab unk_id byte_fallback', WordLevel: 'vocab unk_token',
        WordPiece: 'vocab unk_token continuing_subword_prefix max_input_chars_per_word',
    },
});
/** The members of each added token. */
export const ADDED = 'id content single_word lstrip rstrip normalized special';

const MARKS = 'bos_token eos_token unk_token pad_token cls_token sep_token mask_token';

export const TOKENIZER_CONFIG = Object.freeze([
    honoured('the tokens that begin, end, separate and pad texts, or replace other tokens', MARKS),
    honoured('the template for conversations', 'chat_template'),
    honoured('the maximum length of a text, and the end at which longer texts are cut', 'model_max_length truncation_side'),
    honoured('changes to tokenizer.json', 'add_bos_token add_eos_token add_prefix_space do_lower_case strip_accents tokenize_chinese_chars'),
    honoured('the class of the tokenizer, which decides which tokens name languages', 'tokenizer_class'),
    harmless('taken from tokenizer.json', `added_tokens_decoder additional_special_tokens do_basic_tokenize do_split_on_punc errors extra_ids extra_special_tokens fuse_unk handle_chinese_chars keep_accents language_codes legacy legacy_behaviour
        lowercase max_input_chars_per_word never_split normalize remove_space replace_word_delimiter_char separate_vocabs sp_model_kwargs
        spaces_between_special_tokens spaces_for_interword trim_offsets use_default_system_prompt
        vocab_size word_delimiter_token model_type`),
    harmless('set by the request', 'language predict_timestamps return_token_type_ids src_lang target_lang task tgt_lang'),
    harmless('the service cuts and pads texts itself', `max_length model_input_names pad_to_multiple_of pad_token_type_id padding padding_side
        stride truncation truncation_strategy`),
    harmless('the text of an answer is exactly that of its tokens', 'clean_up_tokenization_spaces'),
    harmless('describes what the original program returns, or where the file came from', `__init_kwargs _commit_hash _from_auto auto_map backend cache_dir from_slow
        init_inputs is_local local_files_only name_or_path processor_class return_tensors revision source_spm special_tokens_map_file target_spm
        tokenizer_file transformers_version trust_remote_code use_fast verbose vocab_file`),
    ignored('boxes and their contents are not read', 'apply_ocr only_label_first_subword sep_token_box cls_token_box pad_token_box'),
]);

export const SPECIAL_TOKENS = Object.freeze([
    honoured('if tokenizer_config.json does not set them', MARKS),
    harmless('taken from tokenizer.json', 'additional_special_tokens extra_special_tokens'),
]);
