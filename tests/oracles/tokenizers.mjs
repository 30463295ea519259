/**
 * node tests/oracles/tokenizers.mjs: makes tests/oracles/tokenizers/ anew. What the Rust library `tokenizers` makes of texts by
 * small tokenizers, each of which varies one setting; its file says which version that was.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer } from '@anush008/tokenizers';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'tokenizers');
/** @param {string} name of a package that is a dependency of the tests */
const { version } = createRequire(path.join(process.env.WEBINFER_NODE_MODULES ?? '.', 'x'))('@anush008/tokenizers/package.json');
const ORACLE = { program: 'tokenizers (Rust) 0.22.2', by: `npm @anush008/tokenizers ${version}`, script: 'tests/oracles/tokenizers.mjs' };

const TEXTS = ['Hello, world!', "name = 'some value' .", 'naïve café', '  two  spaces\tand\nlines ', 'A 日本 B', 'e\u0301 ﬁ ½ Å İ ΑΣ',
    "don't I'm we've 3.14 1,000", '🙂👨‍👩‍👧', 'x'.repeat(110), '\u0000\u200b\ufffd\u00ad', '각 ภาษา हूँ'];
const PAIR = ['Hello', 'some value'];

// --- vocabularies ------------------------------------------------------------------------------------

const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
const WORDS = ['Hello', 'hello', 'world', 'some', 'value', 'name', 'two', 'spaces', 'and', 'lines', 'don', 'we', 've', '14', '000', 'café', 'cafe', 'naive', 'naïve'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
/** GPT-2's letters for bytes. */
const LEVEL = (() => {
    let next = 0x100;
    return Array.from({ length: 256 }, (_, byte) => String.fromCharCode((byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad) ? byte : next++));
})();

/** @param {readonly string[]} tokens */
const vocabOf = (tokens) => Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));
const wordPiece = (more = {}) => ({ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100,
    vocab: vocabOf(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', ...ASCII, ...LETTERS.map((one) => `##${one}`), ...WORDS, '##lo', '##rld', '日', '本', '½', '▁']), ...more });
const wordLevel = (more = {}) => ({ type: 'WordLevel', unk_token: '[UNK]', vocab: vocabOf(['[UNK]', '[CLS]', '[SEP]', '[MASK]', ...ASCII, ...WORDS, '日本']), ...more });
const unigram = (more = {}, extra = []) => ({ type: 'Unigram', unk_id: 0, vocab: [...new Set(['<unk>', '<s>', '</s>', ...ASCII, '▁', '▁Hello', '▁some', 'ome', '▁value', 'llo', 'world', '▁na', ...WORDS, ...extra])]
    .map((token, i) => [token, token.length > 1 ? -2 - i / 50 : -8 - i / 100]), byte_fallback: false, ...more });
const MERGES = ['l l', 'll o', 'e llo', 'H ello', 'h ello', 's o', 'so m', 'som e', 'v a', 'va l', 'val u', 'valu e', 'n a', 'na m', 'nam e', 'x x', 'xx xx', 't w', 'tw o'];
const merged = MERGES.map((merge) => merge.replace(' ', ''));
const bpe = (more = {}, extra = []) => ({ type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false,
    vocab: vocabOf(['<unk>', '<s>', '</s>', ...ASCII, '▁', ...merged, ...extra]), merges: MERGES, ...more });
const levelBpe = (more = {}) => bpe({ unk_token: null, merges: [...MERGES, 'Ġ some', 'Ġ value', "Ġ '", 'Ã ©', 'æ Ĺ', 'æĹ ¥'],
    vocab: vocabOf([...LEVEL, ...merged, 'Ġsome', 'Ġvalue', "Ġ'", 'Ã©', 'æĹ', 'æĹ¥', '<s>', '</s>', '<mask>']), ...more });

const ADDED = [['[UNK]', 0], ['[CLS]', 1], ['[SEP]', 2], ['[MASK]', 3]];
const specialsOf = (model) => ADDED.map(([content]) => content).filter((content) => content in (model.vocab ?? {}))
    .map((content) => ({ id: model.vocab[content], content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }));

/** A file around what varies. */
const fileOf = (parts) => {
    const model = parts.model ?? wordPiece();
    return { version: '1.0', truncation: null, padding: null, added_tokens: specialsOf(model), normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, ...parts, model };
};

// --- what varies -------------------------------------------------------------------------------------

const whitespace = { type: 'Whitespace' }, bert = { type: 'BertPreTokenizer' };
const normalized = (normalizer) => fileOf({ normalizer, pre_tokenizer: bert });
const cut = (pre_tokenizer, model = wordPiece()) => fileOf({ pre_tokenizer, model });
const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
const template = (more = {}) => ({ type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '[SEP]', type_id: 0 } }],
    pair: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '[SEP]', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }, { SpecialToken: { id: '[SEP]', type_id: 1 } }],
    special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [3, 4], tokens: ['[SEP]', '[MASK]'] } }, ...more });
const added = (token, more = {}) => {
    const model = wordPiece();
    return fileOf({ model, normalizer: { type: 'Lowercase' }, pre_tokenizer: bert, added_tokens: [...specialsOf(model),
        { id: 500, content: 'x[NEW]', single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...token }], ...more });
};

/** @type {Record<string, Record<string, any>>} */
const KINDS = {
    normalizers: {
        'none': normalized(null),
        ...Object.fromEntries([[], ['clean_text'], ['handle_chinese_chars'], ['strip_accents'], ['lowercase']].map((off) => [`BertNormalizer without ${off.join() || 'nothing'}`,
            normalized({ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: true, lowercase: true, ...Object.fromEntries(off.map((one) => [one, false])) })])),
        'BertNormalizer, accents as case': normalized({ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true }),
        ...Object.fromEntries(['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt'].map((type) => [type, normalized({ type })])),
        'NFD and StripAccents': normalized({ type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'StripAccents' }] }),
        'Strip left': normalized({ type: 'Strip', strip_left: true, strip_right: false }),
        'Strip right': fileOf({ normalizer: { type: 'Strip', strip_left: false, strip_right: true }, model: bpe() }),
        'Replace a text': normalized({ type: 'Replace', pattern: { String: 'value' }, content: 'name' }),
        'Replace by an expression': fileOf({ normalizer: { type: 'Replace', pattern: { Regex: '\\s+' }, content: '▁' }, model: unigram() }),
        'Prepend': fileOf({ normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }] }, model: bpe() }),
        'ByteLevel': fileOf({ normalizer: { type: 'ByteLevel' }, model: levelBpe() }),
    },
    pre_tokenizers: {
        'BertPreTokenizer': cut(bert), 'Whitespace': cut(whitespace), 'WhitespaceSplit': cut({ type: 'WhitespaceSplit' }),
        'CharDelimiterSplit': cut({ type: 'CharDelimiterSplit', delimiter: '.' }), 'UnicodeScripts': cut({ type: 'UnicodeScripts' }, wordLevel()),
        'Digits': cut({ type: 'Sequence', pretokenizers: [whitespace, { type: 'Digits', individual_digits: false }] }),
        'Digits, each': cut({ type: 'Sequence', pretokenizers: [whitespace, { type: 'Digits', individual_digits: true }] }),
        ...Object.fromEntries(BEHAVIORS.map((behavior) => [`Punctuation ${behavior}`, cut({ type: 'Punctuation', behavior }, wordLevel())])),
        ...Object.fromEntries(BEHAVIORS.flatMap((behavior) => [false, true].map((invert) => [`Split ${behavior}${invert ? ', inverted' : ''}`,
            cut({ type: 'Split', pattern: { Regex: '\\w+' }, behavior, invert }, wordLevel())]))),
        'Split at a text': cut({ type: 'Split', pattern: { String: 'o' }, behavior: 'Isolated', invert: false }),
        'Split between all': cut({ type: 'Split', pattern: { String: '' }, behavior: 'Isolated', invert: false }),
        "Split as GPT-4's": cut({ type: 'Sequence', pretokenizers: [{ type: 'Split', pattern: { Regex: "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+" }, behavior: 'Isolated', invert: false },
            { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }] }, levelBpe()),
        ...Object.fromEntries([[true, true], [false, true], [true, false], [false, false]].map(([add_prefix_space, use_regex]) => [`ByteLevel, prefix ${add_prefix_space}, regex ${use_regex}`,
            cut({ type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex }, levelBpe())])),
        ...Object.fromEntries(['always', 'first', 'never'].flatMap((prepend_scheme) => [true, false].map((split) => [`Metaspace ${prepend_scheme}, split ${split}`,
            cut({ type: 'Metaspace', replacement: '▁', prepend_scheme, split }, unigram())]))),
    },
    patterns: Object.fromEntries(['\\p{N}{1,3}+', '\\p{L}{0,2}+', '[^\\]]+]|Br?', '\\-|\\.', '{|}', '\\p{Han}+', '\\p{^L}+', '\\P{L}+', '\\x{65e5}', '\\h+', '(?i)HELLO|some', '(?i:[a-f]+)|x', '[\\w.-]+', '[[a-c]x]+', '.', '^ ', ' $', '\\b\\w', 'é\\b',
        '\\As', '\\.\\z', '\\s?+\\p{L}++', '[\\s\\S]', '\\d+|\\D', "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+", '(?<=l)o', '[\\p{P}\\p{S}]', '\\u65e5|\\x41']
        .map((Regex) => [Regex, cut({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }, wordLevel())])),
    models: {
        'WordLevel': cut(whitespace, wordLevel()), 'WordPiece': cut(bert), 'WordPiece, short words': cut(bert, wordPiece({ max_input_chars_per_word: 4 })),
        'WordPiece, other prefix': cut(bert, wordPiece({ continuing_subword_prefix: '' })),
        'Unigram': cut({ type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }, unigram()),
        'Unigram, byte_fallback': cut({ type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }, unigram({ byte_fallback: true }, BYTES)),
        'BPE': cut(whitespace, bpe()), 'BPE, fuse_unk': cut(whitespace, bpe({ fuse_unk: true })), 'BPE of a whole text': fileOf({ model: bpe() }),
        'BPE, byte_fallback': cut(whitespace, bpe({ byte_fallback: true }, BYTES)), 'BPE, byte_fallback and fuse_unk': cut(whitespace, bpe({ byte_fallback: true, fuse_unk: true }, BYTES.slice(0, 200))),
        'BPE, ignore_merges': cut(whitespace, bpe({ ignore_merges: true }, ['world'])), 'BPE, end_of_word_suffix': cut(whitespace, bpe({ end_of_word_suffix: '</w>', merges: ['l l', 'ou x</w>', 'e l'].slice(0, 1) }, ASCII.map((one) => `${one}</w>`))),
        'BPE, continuing_subword_prefix': cut(whitespace, bpe({ continuing_subword_prefix: '##', merges: ['H ##e', 'He ##l', '##l ##o'] }, [...LETTERS.map((one) => `##${one}`), 'He', 'Hel', '##lo'])),
        'BPE, merges as pairs': cut(whitespace, bpe({ merges: MERGES.map((merge) => merge.split(' ')) })), 'BPE without unk_token': cut(whitespace, bpe({ unk_token: null })),
    },
    processors: {
        'none': cut(bert), 'BertProcessing': fileOf({ pre_tokenizer: bert, post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] } }),
        'TemplateProcessing': fileOf({ pre_tokenizer: bert, post_processor: template() }),
        'TemplateProcessing of the second first': fileOf({ pre_tokenizer: bert, post_processor: template({ pair: [{ Sequence: { id: 'B', type_id: 1 } }, { SpecialToken: { id: '[SEP]', type_id: 1 } }, { Sequence: { id: 'A', type_id: 0 } }] }) }),
        ...Object.fromEntries([[true, true], [true, false], [false, true]].map(([trim_offsets, add_prefix_space]) => [`ByteLevel, trim ${trim_offsets}, prefix ${add_prefix_space}`,
            fileOf({ model: levelBpe(), pre_tokenizer: { type: 'ByteLevel', add_prefix_space, trim_offsets, use_regex: true }, post_processor: { type: 'ByteLevel', add_prefix_space, trim_offsets, use_regex: true } })])),
        ...Object.fromEntries([true, false].map((trim_offsets) => [`RobertaProcessing, trim ${trim_offsets}`,
            fileOf({ model: levelBpe(), pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets, use_regex: true }, post_processor: { type: 'RobertaProcessing', sep: ['</s>', 5], cls: ['<s>', 4], trim_offsets, add_prefix_space: false } })])),
        'Sequence': fileOf({ pre_tokenizer: bert, post_processor: { type: 'Sequence', processors: [{ type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true }, template()] } }),
    },
    added: {
        'as it is': added({}), 'single_word': added({ single_word: true, content: '[MASK]' }), 'a word': added({ content: 'some', single_word: true }), 'within words': added({ content: 'om' }),
        'lstrip': added({ lstrip: true, content: 'value' }), 'rstrip': added({ rstrip: true, content: 'some' }), 'both': added({ lstrip: true, rstrip: true, content: "'" }),
        'normalized': added({ normalized: true, content: 'Hello' }), 'not normalized': added({ normalized: false, content: 'Hello' }), 'special': added({ special: true, content: 'world' }),
        'of two the longer': added({ content: 'some value' }, {}), 'Japanese': added({ content: '日本' }),
    },
    decoders: {
        'none': cut(whitespace), 'WordPiece': fileOf({ pre_tokenizer: bert, decoder: { type: 'WordPiece', prefix: '##', cleanup: true } }), 'WordPiece, no cleanup': fileOf({ pre_tokenizer: bert, decoder: { type: 'WordPiece', prefix: '##', cleanup: false } }),
        'ByteLevel': fileOf({ model: levelBpe(), pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }, decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true } }),
        ...Object.fromEntries(['always', 'never'].map((prepend_scheme) => [`Metaspace ${prepend_scheme}`,
            fileOf({ model: unigram(), pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme, split: true }, decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme, split: true } })])),
        'BPEDecoder': fileOf({ pre_tokenizer: whitespace, model: bpe({ end_of_word_suffix: '</w>', merges: [] }, ASCII.map((one) => `${one}</w>`)), decoder: { type: 'BPEDecoder', suffix: '</w>' } }),
        'CTC': fileOf({ model: wordLevel(), pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false }, decoder: { type: 'CTC', pad_token: '[UNK]', word_delimiter_token: ' ', cleanup: true } }),
        'CTC, no cleanup': fileOf({ model: wordLevel(), pre_tokenizer: { type: 'Split', pattern: { Regex: '' }, behavior: 'Isolated', invert: false }, decoder: { type: 'CTC', pad_token: '[UNK]', word_delimiter_token: ' ', cleanup: false } }),
        'Replace, ByteFallback, Fuse and Strip': fileOf({ model: unigram({ byte_fallback: true }, BYTES), pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
            decoder: { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }] } }),
        'Strip of each': fileOf({ pre_tokenizer: whitespace, decoder: { type: 'Strip', content: 'o', start: 1, stop: 2 } }),
    },
};

// --- asking ------------------------------------------------------------------------------------------

/** @param {any} file */
async function casesOf(file) {
    const oracle = Tokenizer.fromString(JSON.stringify(file));
    const encodings = [], texts = [];
    for (const [text, pair, special] of [...TEXTS.map((text) => [text, null, true]), [...PAIR, true], [...PAIR, false]]) {
        const encoding = await oracle.encode(text, pair, { addSpecialTokens: special });
        const ids = encoding.getIds(), mask = encoding.getSpecialTokensMask();
        encodings.push({ text, ...pair === null ? {} : { pair }, ...special ? {} : { special }, ids, types: encoding.getTypeIds(), spans: encoding.getOffsets().map((span, at) => (mask[at] ? null : span)) });
        for (const skips of [false, true]) texts.push({ ids, skips, text: await oracle.decode(ids, skips) });
    }
    return { tokenizer: file, encodings, texts };
}

fs.mkdirSync(folder, { recursive: true });
for (const [kind, files] of Object.entries(KINDS)) {
    const cases = {};
    for (const [name, file] of Object.entries(files)) cases[name] = await casesOf(file).catch((error) => { throw new Error(`${kind}: ${name}: ${error.message}`); });
    fs.writeFileSync(path.join(folder, `${kind}.json`), `${JSON.stringify({ oracle: ORACLE, cases })}\n`);
    console.log(`${kind}: ${Object.keys(cases).length} tokenizers`);
}
