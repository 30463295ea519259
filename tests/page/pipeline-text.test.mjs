// tier: quick
/** The tasks with text that write none, in Node: folders whose numbers can be told by looking. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS } from '../../page/src/engine/task_rules.js';
import { answerer, classifier, embedder, filler, folderOf, namer, perText, perToken, WORDS } from './support/folders.mjs';
import { engineOf, library, loaded, outcomeOf, runOf, script, taskOf } from './support/library.mjs';
import { Failure } from '../../page/src/engine/failure.js';
import { labelsOf } from '../../page/src/pipeline/labels.js';
import { batches, encodeWithin } from '../../page/src/pipeline/texts.js';

const round = (value) => (typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1e4) / 1e4
    : Array.isArray(value) ? value.map(round) : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, round(one)])) : value);
const rowsOf = ({ tensors: [{ shape, bytes }] }) => {
    const values = new Float32Array(bytes.buffer);
    return Array.from({ length: shape[0] }, (_, row) => round([...values.slice(row * shape[1], (row + 1) * shape[1])]));
};
const refused = (code, field, message) => (error) => {
    assert.deepEqual([error.name, error.code, error.field], ['Failure', code, field]);
    assert.match(error.message, message);
    return true;
};
const exp = (...values) => { const sum = values.reduce((total, one) => total + Math.exp(one), 0); return round(values.map((one) => Math.exp(one) / sum)); };

test('what the built script throws is the failure of the worker that has loaded it', async () => {
    await library.open();
    const built = await import(script);
    assert.throws(() => built.taskOf('none'), Failure);
});

describe('embeddings', () => {
    test('are the mean of their tokens, or what is asked for', async () => {
        const model = await loaded(embedder());
        const embed = async (texts, options) => rowsOf(await outcomeOf(model, 'embed', { texts }, { normalize: false, ...options }));
        assert.deepEqual(await embed(['good', 'good bad']), [[1.3333, 0.3333, 1.3333], [1, 0.25, 0.5]]);
        assert.deepEqual(await embed(['good'], { pooling: 'cls' }), [[1, 0, 0]]);
        assert.deepEqual(await embed(['good'], { pooling: 'last' }), [[0, 1, 0]]);
        assert.deepEqual(await embed(['good'], { pooling: 'none' }), [[1, 0, 0], [3, 0, 4], [0, 1, 0]]);
        assert.deepEqual(await embed(['good'], { dimensions: 2 }), [[1.3333, 0.3333]]);
        assert.deepEqual(await embed(['good'], { dimensions: 2, normalize: true }), [[0.9701, 0.2425]]);
        await assert.rejects(embed(['good'], { dimensions: 4 }), refused('input_invalid', 'options.dimensions', /3 dimensions/));
        await assert.rejects(embed(['good', 'bad'], { pooling: 'none' }), refused('input_invalid', 'inputs.texts', /one text/));
        await assert.rejects(embed(['good', '']), refused('input_invalid', 'inputs.texts', /no texts/));
        await model.dispose();
    });

    test('are pooled as the folder says', async () => {
        const said = async (more) => {
            const model = await loaded(embedder(more));
            return rowsOf(await outcomeOf(model, 'embed', { texts: ['good'] }, { normalize: false })).flat();
        };
        assert.deepEqual(await said({ '1_Pooling/config.json': { pooling_mode_cls_token: true, pooling_mode_mean_tokens: false } }), [1, 0, 0]);
        await assert.rejects(said({ '1_Pooling/config.json': { pooling_mode_max_tokens: true } }), refused('platform_unsupported', 'options.pooling', /max_tokens/));
        await assert.rejects(said({ 'modules.json': [{ type: 'sentence_transformers.models.Dense' }] }), refused('platform_unsupported', 'options.pooling', /Dense/));
        const pooled = await loaded(folderOf('BertModel', perText('sentence_embedding', { good: [1, 2] })));
        assert.deepEqual(rowsOf(await outcomeOf(pooled, 'embed', { texts: ['good', 'good good bad'] }, { normalize: false })), [[1, 2], [2, 4]]);
    });

    test('are of texts behind the prompt that the folder names, as sentence-transformers has them', async () => {
        const said = async (more, text = 'good') => {
            const model = await loaded(embedder(more));
            return rowsOf(await outcomeOf(model, 'embed', { texts: [text] }, { normalize: false })).flat();
        };
        const prompts = { 'config_sentence_transformers.json': { prompts: { query: 'bad ' }, default_prompt_name: 'query' } };
        const unpooled = { '1_Pooling/config.json': { pooling_mode_mean_tokens: true, include_prompt: false } };
        assert.deepEqual(await said(prompts), [1, 0.25, 0.5]);
        assert.deepEqual(await said({ ...prompts, ...unpooled }), [1.5, 0.5, 2], 'without the tokens of the prompt, of which the last is the closing one');
        assert.deepEqual(await said(unpooled), [1.3333, 0.3333, 1.3333]);
        for (const name of [null, 'none', 'constructor']) {
            assert.deepEqual(await said({ 'config_sentence_transformers.json': { prompts: { query: 'bad ' }, default_prompt_name: name } }), [1.3333, 0.3333, 1.3333]);
        }
        assert.deepEqual(await said({ 'sentence_bert_config.json': { do_lower_case: true } }, 'GOOD'), [1.3333, 0.3333, 1.3333]);
    });

    test('of many texts are those of each', async () => {
        const model = await loaded(embedder());
        const texts = Array.from({ length: 70 }, (_, index) => ['good', 'bad', 'rome'].map((word, at) => `${word} `.repeat(1 + index * (at + 1) % 4)).join(''));
        const together = rowsOf(await outcomeOf(model, 'embed', { texts }));
        for (const index of [0, 1, 33, 69]) assert.deepEqual(rowsOf(await outcomeOf(model, 'embed', { texts: [texts[index]] })), [together[index]]);
        await model.dispose();
    });

    test('of texts that are too long are refused, or those of their beginnings', async () => {
        const model = await loaded(embedder());
        await assert.rejects(outcomeOf(model, 'embed', { texts: ['good '.repeat(30)] }), refused('context_length_exceeded', 'inputs', /32 tokens.*16/));
        const cut = await outcomeOf(model, 'embed', { texts: [`${'bad '.repeat(14)}${'good '.repeat(9)}`] }, { truncate: true, normalize: false });
        assert.deepEqual([rowsOf(cut), cut.result.usage.prompt_tokens], [[[1 / 16, 1 / 16, -28 / 16].map(round)], 16]);
        await model.dispose();
    });
});

test('a model that names no length has one, unless it reads in pieces', async () => {
    const lengths = async (config, more) => {
        const { limits, dispose } = await loaded({ ...embedder(), ...folderOf('BertModel', perToken('last_hidden_state', { good: [1] }), config, more) });
        await dispose();
        return limits.length;
    };
    const nameless = { 'tokenizer_config.json': { tokenizer_class: 'BertTokenizer', pad_token: '[PAD]', model_max_length: 1e30 } };
    assert.equal(await lengths({}, nameless), 16);
    assert.equal(await lengths({ max_position_embeddings: undefined }), 16, "the tokenizer's");
    assert.equal(await lengths({ max_position_embeddings: undefined }, nameless), 2048);
    assert.equal(await lengths({ max_position_embeddings: undefined, architectures: ['BertLMHeadModel', 'BertModel'] }, nameless), Infinity);
});

test('a cancel is heard while many texts become tokens', async () => {
    const model = await loaded(embedder());
    let read = 0;
    const tokenizer = Object.assign((...args) => {
        read++;
        return model.tokenizer(...args);
    }, { pad_token_id: 0 });
    for (const [name, input] of [['embed', { texts: Array(2048).fill('good bad') }], ['rerank', { query: 'good', documents: Array(2048).fill('bad') }]]) {
        const task = taskOf(name, input), run = runOf(task);
        setImmediate(() => run.cancel());
        read = 0;
        await assert.rejects(engineOf({ ...model, tokenizer }).run(task, run), { code: 'cancelled' });
        assert.ok(read < 2000, `${read} of 2048 texts`);
    }
    await model.dispose();
});

test('a ranking is by a model of pairs, or by cosines', async () => {
    const input = { query: 'good', documents: ['bad bad', 'good in'] };
    const pairs = await loaded(classifier(['fits']));
    const { result } = await outcomeOf(pairs, 'rerank', input);
    assert.deepEqual(round(result), { scores: [1 / (1 + Math.exp(-4)), 1 / (1 + Math.exp(-4))].map(round), usage: { prompt_tokens: 12, completion_tokens: 0, cached_tokens: 0 } });
    const cosines = await outcomeOf(await loaded(embedder()), 'rerank', input);
    assert.ok(cosines.result.scores[1] > 0.99 && cosines.result.scores[0] < 0);
    const long = { query: 'good good', documents: ['bad '.repeat(40)] };
    assert.equal((await outcomeOf(pairs, 'rerank', long, { truncate: true })).result.usage.prompt_tokens, 16);
});

test('texts and pairs are labelled', async () => {
    const model = await loaded(classifier());
    const [bad, good] = exp(0, 2);
    const { result, precision } = await outcomeOf(model, 'text-classification', { texts: ['good'] });
    assert.deepEqual([round(result.labels), precision],
        [[{ label: 'good', index: 1, probability: good }, { label: 'bad', index: 0, probability: bad }], 'fp32']);
    const several = await outcomeOf(model, 'text-classification', { texts: ['good', 'in bad bad'] }, { top: 1, activation: 'none' });
    assert.deepEqual(round(several.result.results), [{ labels: [{ label: 'good', index: 1, probability: 2 }] }, { labels: [{ label: 'bad', index: 0, probability: 2 }] }]);
    const regression = { ...model, config: { ...model.config, problem_type: 'regression' } }; // whose numbers transformers' pipeline gives as they are
    assert.deepEqual(round((await outcomeOf(regression, 'text-classification', { texts: ['good'] })).result.labels),
        [{ label: 'good', index: 1, probability: 2 }, { label: 'bad', index: 0, probability: 0 }]);
    const pair = await outcomeOf(model, 'text-classification', { pairs: [['good', 'bad']] }, { activation: 'sigmoid' });
    assert.deepEqual(round(pair.result.labels), [{ label: 'good', index: 1, probability: 0.8808 }, { label: 'bad', index: 0, probability: 0.7311 }]);
    await assert.rejects(outcomeOf(model, 'text-classification', { pairs: [['good']] }), refused('input_invalid', 'inputs.pairs', /no pairs/));
    await assert.rejects(outcomeOf(await loaded(namer()), 'text-classification', { texts: ['good'] }), refused('input_invalid', 'task', /labels no texts/));
    await assert.rejects(outcomeOf(await loaded(embedder()), 'text-classification', { texts: ['good'] }), refused('input_invalid', 'task', /no output "logits"/));
});

/** How `tokenizers` (Rust and Python) cuts with the strategy longest_first: as utils/truncation.rs has it. */
function longestFirst(first, second, room) {
    if (first + second <= room) return [first, second];
    let [short, long] = first > second ? [second, first] : [first, second];
    long = short > room ? short : Math.max(short, room - short);
    if (short + long > room) [short, long] = [Math.floor(room / 2), Math.floor(room / 2) + room % 2];
    return first > second ? [long, short] : [short, long];
}

test('what is too long is cut as by Hugging Face, with the tokens that stand around', async () => {
    const model = { ...await loaded(classifier()), model: { sessions: { model: { inputNames: ['token_type_ids'] } } } };
    const [CLS, SEP, GOOD, BAD] = ['[CLS]', '[SEP]', 'good', 'bad'].map((word) => WORDS.indexOf(word));
    const words = (word, count) => `${word} `.repeat(count).trim();
    for (const limit of [16, 15]) {
        const cut = (text, pair) => encodeWithin({ ...model, limits: { length: limit } }, text, pair, { truncate: true });
        for (const count of [limit - 2, limit - 1, 40]) {
            assert.deepEqual(cut(words('good', count), null).ids, [CLS, ...Array(limit - 2).fill(GOOD), SEP]);
        }
        for (const [first, second] of [[1, 40], [40, 1], [40, 40], [40, 41], [41, 40], [7, 40], [40, 7], [6, 6], [6, 7], [7, 6], [8, 7], [7, 7]]) {
            const { ids, types } = cut(words('good', first), words('bad', second));
            const [a, b] = longestFirst(first, second, limit - 3);
            assert.deepEqual(ids, [CLS, ...Array(a).fill(GOOD), SEP, ...Array(b).fill(BAD), SEP], `${first} and ${second} in ${limit}`);
            assert.deepEqual(types, [...Array(a + 2).fill(0), ...Array(b + 1).fill(1)]);
        }
    }
});

test('a text that is too long loses its beginning where the folder has truncation_side left', async () => {
    const cut = async (more, text, pair) => {
        const model = await loaded({ ...classifier(), ...more });
        return encodeWithin({ ...model, limits: { ...model.limits, length: 5 } }, text, pair, { truncate: true }).ids.map((id) => WORDS[id]);
    };
    const { 'tokenizer_config.json': config, 'tokenizer.json': file } = classifier();
    const change = (bytes, change) => new TextEncoder().encode(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(bytes)), ...change }));
    const left = { 'tokenizer_config.json': change(config, { truncation_side: 'left' }) };
    const LONG = 'good good bad bad bad';
    assert.deepEqual(await cut({}, LONG, null), ['[CLS]', 'good', 'good', 'bad', '[SEP]']);
    assert.deepEqual(await cut(left, LONG, null), ['[CLS]', 'bad', 'bad', 'bad', '[SEP]']);
    assert.deepEqual(await cut(left, 'good good bad', 'good good bad bad'), ['[CLS]', 'bad', '[SEP]', 'bad', '[SEP]']);
    const said = { truncation: { direction: 'Left', max_length: 3, strategy: 'LongestFirst', stride: 0 } };
    assert.deepEqual(await cut({ 'tokenizer.json': change(file, said) }, LONG, null), ['[CLS]', 'bad', 'bad', 'bad', '[SEP]']);
});

test('a folder is refused on loading for what it asks for and does not get', async () => {
    const contrastive = new TextEncoder().encode('{"penalty_alpha": 0.6}');
    await assert.rejects(loaded({ ...classifier(), 'generation_config.json': contrastive }), refused('model_invalid', undefined, /^generation_config\.json: penalty_alpha is 0\.6/));
    const { 'tokenizer.json': file } = classifier();
    const odd = new TextEncoder().encode(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(file)), vocabulary: ['a'] }));
    await assert.rejects(loaded({ ...classifier(), 'tokenizer.json': odd }), refused('model_invalid', undefined, /^tokenizer\.json: vocabulary is \["a"\]/));
});

test('tokens that special_tokens_map.json names are those where tokenizer_config.json names none', async () => {
    const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));
    const { 'tokenizer_config.json': config } = classifier();
    const { mask_token: _, ...more } = JSON.parse(new TextDecoder().decode(config));
    const marks = { 'tokenizer_config.json': bytes(more), 'special_tokens_map.json': bytes({ mask_token: { content: 'rome' }, unk_token: 'bad' }) };
    const { tokenizer } = await loaded({ ...classifier(), ...marks });
    assert.deepEqual([tokenizer.mask_token, tokenizer.unk_token], ['rome', '[UNK]']);
});

test('a mark that a text writes out is cut like a word, and the one behind the text stays', async () => {
    const model = await loaded(classifier());
    const cut = (text) => encodeWithin({ ...model, limits: { ...model.limits, length: 5 } }, text, null, { truncate: true }).ids.map((id) => WORDS[id]);
    assert.deepEqual(cut('[SEP] good bad good bad'), ['[CLS]', '[SEP]', 'good', 'bad', '[SEP]']);
    assert.deepEqual(cut('good bad good [SEP] [SEP]'), ['[CLS]', 'good', 'bad', 'good', '[SEP]']);
});

test('labels of the request are judged by what follows from a text', async () => {
    const model = await loaded(classifier(['contradiction', 'neutral', 'entailment']));
    const input = { texts: ['ann'], labels: ['bad', 'good'] };
    const asked = async (more, options) => round((await outcomeOf(model, 'zero-shot-classification', { ...input, ...more }, options)).result);
    const [first, second] = exp(2, 0);
    assert.deepEqual((await asked()).labels, [{ label: 'good', probability: first }, { label: 'bad', probability: second }]);
    const each = await asked({}, { multi_label: true, hypothesis_template: 'in {}' });
    assert.deepEqual(each.labels, [{ label: 'good', probability: exp(2, 0)[0] }, { label: 'bad', probability: exp(0, 1)[0] }]);
    assert.equal((await asked({ texts: ['ann', 'rome'] })).results.length, 2);
    const many = Array.from({ length: 256 }, (_, index) => `label ${index}`);
    await assert.rejects(asked({ texts: Array(17).fill('ann'), labels: many }), refused('input_invalid', 'inputs.texts', /17 texts with 256 labels/));
    await assert.rejects(asked({ labels: [] }), refused('input_invalid', 'inputs.labels', /no labels/));
    await assert.rejects(asked({}, { hypothesis_template: 'no place' }), refused('input_invalid', 'options.hypothesis_template', /no place for a label/));
    await assert.rejects(outcomeOf(await loaded(classifier()), 'zero-shot-classification', input), refused('input_invalid', 'task', /what follows/));
});

test('as many labels, and as long ones, as the daemon lets through are judged', () => {
    const { labels: count, label: length } = LIMITS;
    const labels = (many, long) => labelsOf(Array(many).fill('a'.repeat(long)));
    assert.equal(labels(count, length).length, count);
    for (const [many, long] of [[count + 1, 1], [1, length + 1], [1, 0]])
        assert.throws(() => labels(many, long), refused('input_invalid', 'inputs.labels', /no labels/));
    assert.equal(LIMITS.judged, 16 * 256); // 17 texts are refused above
});

test('names are found where they are, and put together', async () => {
    const model = await loaded(namer());
    const find = async (texts, options) => round((await outcomeOf(model, 'token-classification', { texts }, options)).result);
    const text = 'Good  ANNs, in Café Rome';
    const simple = await find([text], { aggregation: 'simple' });
    assert.deepEqual(simple.entities.map(({ entity, start, end, word }) => [entity, start, end, word]),
        [['PER', 6, 10, 'ANNs'], ['LOC', 15, 19, 'Café'], ['LOC', 20, 24, 'Rome']]);
    const { entities } = await find([text]);
    assert.deepEqual(entities.map(({ entity, word }) => [entity, word]), [['B-PER', 'ANN'], ['I-PER', 's'], ['B-LOC', 'Café'], ['B-LOC', 'Rome']]);
    assert.equal(entities[0].score, exp(3, 0, 0, 0)[0]);
    assert.deepEqual(await find(['good', text], { ignore_labels: ['O', 'B-LOC', 'I-PER'] }).then(({ results }) => results.map(({ entities: found }) => found.length)), [0, 1]);
});

test('an answer is a place in the context', async () => {
    const model = await loaded(answerer());
    const ask = async (context, options) => round((await outcomeOf(model, 'question-answering', { question: 'rome in', context }, options)).result.answers);
    const [answer] = await ask('Ann, good Ann, is in Rome.');
    assert.deepEqual([answer.answer, answer.start, answer.end], ['in Rome', 18, 25]);
    assert.ok(answer.score > 0.9);
    assert.equal((await ask('in rome in rome', { top: 3 })).length, 3);
    await assert.rejects(ask('good '.repeat(20)), refused('context_length_exceeded', 'inputs.context', /tokens/));
    await assert.rejects(ask(''), refused('input_invalid', 'inputs.context', /no context/));
});

test('texts run together as far as their numbers fit', () => {
    const lengths = Array(64).fill(128);
    assert.deepEqual(batches(lengths).map(({ length }) => length), [32, 32]);
    assert.deepEqual(batches(lengths, 250002).map(({ length }) => length), Array(64).fill(1), 'a vocabulary of XLM-R');
    assert.equal(batches(lengths, 32000)[0].length, 4);
});

test('a file that the library cannot use is named', async () => {
    const text = (content) => new TextEncoder().encode(content);
    for (const [content, message] of [['[]', 'tokenizer.json has no model'], ['{}', 'tokenizer.json has no model'],
        ['{"model": {"type": "WordPiece"}}', 'tokenizer.json: model.vocab is no object of numbers'], ['{"model": {"type": "Unigram"}}', 'tokenizer.json: model.vocab is no list of pieces and scores']]) {
        await assert.rejects(loaded({ ...embedder(), 'tokenizer.json': text(content) }), { code: 'model_invalid', message });
    }
    await assert.rejects(loaded({ ...embedder(), 'preprocessor_config.json': text('{}') }), /^Error: preprocessor_config\.json: /);
});

test('gaps are filled', async () => {
    const model = await loaded(filler());
    const fill = async (texts, options) => (await outcomeOf(model, 'fill-mask', { texts }, options)).result;
    const { fills } = await fill(['in [MASK].'], { top: 2 });
    assert.deepEqual(fills.map(({ token_text: word, text }) => [word, text]), [['rome', 'in rome.'], ['cafe', 'in cafe.']]);
    assert.deepEqual(fills.map(({ token_str: word, sequence }) => [word, sequence]), [['rome', 'in rome.'], ['cafe', 'in cafe.']]);
    assert.ok(fills[0].probability > fills[1].probability);
    const all = (await fill(['in [MASK].'], { top: 1000 })).fills;
    assert.deepEqual(all.slice(0, 2), fills);
    assert.deepEqual(all.map(({ probability }) => probability), all.map(({ probability }) => probability).sort((a, b) => b - a));
    assert.ok(Math.abs(all.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-6);
    assert.equal((await fill(['[MASK] in [MASK]'])).masks.length, 2);
    assert.equal((await fill(['[MASK]', 'in [MASK]'])).results.length, 2);
    await assert.rejects(fill(['in [MASK]', 'in']), refused('input_invalid', 'inputs.texts', /nothing to fill/));
    const many = Array(40).fill('[MASK] '.repeat(10));
    await assert.rejects(fill(many, { top: 1000 }), refused('input_invalid', 'inputs.texts', /1000 words.*too many/));
    assert.equal((await fill(many, { top: 1 })).results.length, 40);
});

test('what goes wrong in a run is that of the request', async () => {
    const model = await loaded(folderOf('BertModel', perToken('last_hidden_state', { good: [1] })));
    await assert.rejects(outcomeOf(model, 'embed', { texts: ['good'] }, { nope: 1 }), refused('input_invalid', 'options.nope', /no option/));
    const { words } = model;
    model.words = { encode() { throw new TypeError('x is undefined'); } };
    await assert.rejects(outcomeOf(model, 'embed', { texts: ['good'] }), refused('inference_failed', undefined, /x is undefined/));
    model.words = words;
    assert.deepEqual(rowsOf(await outcomeOf(model, 'embed', { texts: ['good'] }, { pooling: 'last', normalize: false })), [[0]]);
});
