/**
 * Tiny folders in the Hugging Face layout whose numbers can be told by looking: what a model makes of a
 * token is a row of a table, and of a text the sum of its tokens' rows.
 */
import { FLOAT, INT64, graph, model, node, tensor, value } from '../../lib/onnx.mjs';

export const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'good', 'bad', 'rome', 'ann', 'in', '##s', 'cafe', '.'];

const special = (content) => ({
    id: WORDS.indexOf(content), content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true,
});
const sequence = (id, type) => ({ Sequence: { id, type_id: type } });
const around = (id, type) => ({ SpecialToken: { id, type_id: type } });

const TOKENIZER = {
    version: '1.0', truncation: null, padding: null, added_tokens: WORDS.slice(0, 5).map(special),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' }, decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    post_processor: {
        type: 'TemplateProcessing', single: [around('[CLS]', 0), sequence('A', 0), around('[SEP]', 0)],
        pair: [around('[CLS]', 0), sequence('A', 0), around('[SEP]', 0), sequence('B', 1), around('[SEP]', 1)],
        special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((one) => [one, { id: one, ids: [WORDS.indexOf(one)], tokens: [one] }])),
    },
    model: {
        type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100,
        vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
    },
};
const TOKENIZER_CONFIG = {
    tokenizer_class: 'BertTokenizer', model_max_length: 16, pad_token: '[PAD]', unk_token: '[UNK]', cls_token: '[CLS]',
    sep_token: '[SEP]', mask_token: '[MASK]',
};

const json = (content) => new TextEncoder().encode(JSON.stringify(content));

/** A row for each word; those that are not named are zeros. @param {Record<string, number[]>} rows */
function table(name, rows) {
    const width = Object.values(rows)[0].length;
    const values = Float32Array.from(WORDS.flatMap((word) => rows[word] ?? Array(width).fill(0)));
    return { width, initializer: tensor(name, FLOAT, [WORDS.length, width], Buffer.from(values.buffer)) };
}

const ids = (name) => value(name, INT64, ['batch_size', 'length']);

/** Its output for each token is that token's row. */
export function perToken(output, rows) {
    const { width, initializer } = table('rows', rows);
    return model(graph('per-token', {
        nodes: [node('Gather', ['rows', 'input_ids'], [output])], inputs: [ids('input_ids'), ids('attention_mask')],
        outputs: [value(output, FLOAT, ['batch_size', 'length', width])], initializers: [initializer],
    }));
}

/** Its output for a text is the sum of its tokens' rows, without the padding's. */
export function perText(output, rows) {
    const { width, initializer } = table('rows', { ...rows, '[PAD]': Array(Object.values(rows)[0].length).fill(100) });
    const mask = tensor('of_mask', FLOAT, [2, 1], Buffer.from(Float32Array.of(0, 1).buffer));
    const axis = tensor('axis', INT64, [1], Buffer.from(BigInt64Array.of(1n).buffer));
    return model(graph('per-text', {
        nodes: [
            node('Gather', ['rows', 'input_ids'], ['found']), node('Gather', ['of_mask', 'attention_mask'], ['mask']),
            node('Mul', ['found', 'mask'], ['kept']), node('ReduceSum', ['kept', 'axis'], ['wide']), node('Squeeze', ['wide', 'axis'], [output]),
        ],
        inputs: [ids('input_ids'), ids('attention_mask')], outputs: [value(output, FLOAT, ['batch_size', width])],
        initializers: [initializer, mask, axis],
    }));
}

/** A folder's files. @param {string} architecture @param {Uint8Array} onnx @param {object} [config] @param {Record<string, any>} [more] */
export const folderOf = (architecture, onnx, config = {}, more = {}) => ({
    'config.json': json({ model_type: 'bert', architectures: [architecture], max_position_embeddings: 16, ...config }),
    'tokenizer.json': json(TOKENIZER), 'tokenizer_config.json': json(TOKENIZER_CONFIG), 'onnx/model.onnx': new Uint8Array(onnx),
    ...Object.fromEntries(Object.entries(more).map(([path, content]) => [path, content instanceof Uint8Array ? content : json(content)])),
});

const VECTORS = { '[CLS]': [1, 0, 0], '[SEP]': [0, 1, 0], good: [3, 0, 4], bad: [0, 0, -2], rome: [5, 5, 5] };

export const embedder = (more) => folderOf('BertModel', perToken('last_hidden_state', VECTORS), {}, more);
export const classifier = (labels = ['bad', 'good'], config = {}) => folderOf('BertForSequenceClassification',
    perText('logits', { good: labels.map((_, index) => (index === labels.length - 1 ? 2 : 0)), bad: labels.map((_, index) => (index === 0 ? 1 : 0)) }),
    { id2label: Object.fromEntries(labels.entries()), label2id: Object.fromEntries(labels.map((label, index) => [label, index])), ...config });

/** Labels of tokens: names of people and places. */
export const namer = () => folderOf('BertForTokenClassification', perToken('logits', {
    '[CLS]': [0, 9, 0, 0], ann: [0, 3, 0, 0], '##s': [0, 0, 2, 0], rome: [0, 0, 0, 5], cafe: [0, 0, 0, 1], in: [4, 0, 0, 0], good: [4, 0, 0, 0],
}), { id2label: { 0: 'O', 1: 'B-PER', 2: 'I-PER', 3: 'B-LOC' } });

/** Every token makes the same word likely: the one behind it in the vocabulary's order. */
export const filler = () => folderOf('BertForMaskedLM', perToken('logits', { '[MASK]': WORDS.map((word) => ({ rome: 3, cafe: 2 })[word] ?? 0) }));

/** An answer begins at "in" and ends at "rome". */
export function answerer() {
    const rows = ['starts', 'ends'].map((name, index) => table(name, { in: [index === 0 ? 5 : 0], rome: [index === 1 ? 6 : 1] }).initializer);
    const axis = tensor('axis', INT64, [1], Buffer.from(BigInt64Array.of(2n).buffer));
    return folderOf('BertForQuestionAnswering', model(graph('answers', {
        nodes: ['starts', 'ends'].flatMap((name) => [node('Gather', [name, 'input_ids'], [`of_${name}`]),
            node('Squeeze', [`of_${name}`, 'axis'], [name === 'starts' ? 'start_logits' : 'end_logits'])]),
        inputs: [ids('input_ids'), ids('attention_mask')],
        outputs: ['start_logits', 'end_logits'].map((name) => value(name, FLOAT, ['batch_size', 'length'])), initializers: [...rows, axis],
    })));
}
