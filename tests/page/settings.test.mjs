// tier: quick
/** What becomes of the settings of folders: the page's table, and what it refuses. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { checkSettings, fateOf, refuse } from '../../page/src/pipeline/settings/check.js';
import { SETTINGS } from '../../page/src/pipeline/settings/table.js';
import { PARTS } from '../../page/src/pipeline/settings/tokenizers.js';
import { Tokenizer } from '../../page/src/pipeline/tokenizer/tokenizer.js';
import { overridden } from '../../page/src/pipeline/tokenizer/overrides.js';
import { makeFamilies } from '../lib/families.mjs';
import { root } from '../lib/paths.mjs';

/** Folders below these that have a config.json. */
const folders = [path.join(root, 'models'), makeFamilies()].flatMap((above) => fs.readdirSync(above).map((name) => path.join(above, name)))
    .filter((folder) => fs.existsSync(path.join(folder, 'config.json')));
const folderOf = (place) => ({
    has: (file) => fs.existsSync(path.join(place, file)), json: async (file) => JSON.parse(fs.readFileSync(path.join(place, file), 'utf8')),
});

test('no member of a file has two rows, and each row says why', () => {
    for (const [file, { rows }] of Object.entries(SETTINGS)) {
        const members = rows.flatMap((row) => row.members);
        assert.deepEqual(members.filter((member, at) => members.indexOf(member) !== at), [], file);
        for (const { why, members: own, but } of rows) {
            assert.ok(why && !why.endsWith('.'), `${file}: ${own}`);
            assert.deepEqual(Object.keys(but).filter((member) => !own.includes(member)), [], file);
        }
    }
});

test('the types whose members are listed are those that the tokenizer knows', () => {
    const makes = (part, type) => {
        try {
            new Tokenizer({ model: { type: 'WordLevel', vocab: { a: 0 } }, [part]: { type } });
        } catch (error) {
            const [, list] = /^one of (.*)$/.exec(error.expected ?? '') ?? [];
            return list?.split(', ').sort();
        }
        return undefined;
    };
    for (const [part, types] of Object.entries(PARTS)) assert.deepEqual(makes(part, 'Magic'), Object.keys(types).sort(), part);
});

test('no folder of models/ and of the tests is refused', async () => {
    assert.ok(folders.length >= 45, `${folders.length} folders`);
    const refused = [];
    for (const folder of folders) await checkSettings(folderOf(folder)).catch((error) => refused.push(`${folder}: ${error.message}`));
    assert.deepEqual(refused, []);
});

const wordLevel = { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' };

for (const [file, content, message] of [
    ['generation_config.json', { guidance_scale: 3 }, /^generation_config\.json: guidance_scale is 3, which this page does not compute: it would require additional computation for each token/],
    ['generation_config.json', { penalty_alpha: 0.6 }, /: penalty_alpha is 0\.6,/],
    ['generation_config.json', { num_beam_groups: 2 }, /: num_beam_groups is 2,/],
    ['generation_config.json', { force_words_ids: [[1]] }, /: force_words_ids is \[\[1\]\],/],
    ['generation_config.json', { bad_words_ids: [1, 2] }, /: bad_words_ids is \[1,2\], .*of another form/],
    ['generation_config.json', { repetition_penalty: '1.2' }, /: repetition_penalty is "1\.2"/],
    ['generation_config.json', { repetition_penalty: 0 }, /: repetition_penalty is 0/],
    ['generation_config.json', { sequence_bias: { 1: 2 } }, /: sequence_bias is \{"1":2\}/],
    ['generation_config.json', { exponential_decay_length_penalty: [1] }, /: exponential_decay_length_penalty is \[1\]/],
    ['generation_config.json', { num_beams: 0 }, /: num_beams is 0,/],
    ['generation_config.json', { num_beams: 33 }, /: num_beams is 33,/],
    ['generation_config.json', { num_beams: '4' }, /: num_beams is "4",/],
    ['generation_config.json', { length_penalty: 'x' }, /: length_penalty is "x"/],
    ['generation_config.json', { early_stopping: 'soon' }, /: early_stopping is "soon"/],
    ['tokenizer.json', { model: wordLevel, postprocessor: { type: 'x' } }, /^tokenizer\.json: postprocessor is \{"type":"x"\}/],
    ['tokenizer.json', { model: { ...wordLevel, alpha: 0.1 } }, /: model\.alpha is 0\.1/],
    ['tokenizer.json', { normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Strip', strip_middle: true }] } },
        /: normalizer\.normalizers\[1\]\.strip_middle is true/],
    ['tokenizer.json', { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual: true }] } }, /: pre_tokenizer\.pretokenizers\[0\]\.individual is true/],
    ['tokenizer.json', { post_processor: { type: 'BertProcessing', sep: ['b', 1], cls: ['a', 0], mid: ['c', 2] } }, /: post_processor\.mid is/],
    ['tokenizer.json', { decoder: { type: 'Fuse', with: '-' } }, /: decoder\.with is "-"/],
    ['tokenizer.json', { added_tokens: [{ id: 0, content: 'a', whole: true }] }, /: added_tokens\[\]\.whole is true/],
]) test(`${file} with ${JSON.stringify(content).slice(0, 60)} is refused by name`, () => {
    assert.throws(() => refuse(file, content), ({ code, message: said }) => code === 'model_invalid' && message.test(said));
});

test('what config.json says of generation counts where there is no generation_config.json', async () => {
    const folder = (files) => ({ has: (file) => Object.hasOwn(files, file), json: async (file) => files[file] });
    const config = { model_type: 'bart', guidance_scale: 2, hidden_size: 4 };
    await assert.rejects(checkSettings(folder({ 'config.json': config })), { code: 'model_invalid', message: /^config\.json: guidance_scale is 2/ });
    await assert.rejects(checkSettings(folder({ 'config.json': { min_length: -1 } })), { message: /^config\.json: min_length is -1/ });
    await checkSettings(folder({ 'config.json': config, 'generation_config.json': {} }));
    await assert.rejects(checkSettings(folder({ 'config.json': { decoder: { guidance_scale: 2 } } })), { message: /^config\.json: decoder\.guidance_scale is 2/ });
    const tasks = { task_specific_params: { summarization: { num_beams: 1e9 }, other: null, none: 3 } };
    await assert.rejects(checkSettings(folder({ 'config.json': tasks, 'generation_config.json': {} })),
        { code: 'model_invalid', message: /^config\.json: task_specific_params\.summarization\.num_beams is 1000000000/ });
});

test('what asks for nothing is harmless, whatever it is called', () => {
    refuse('generation_config.json', { guidance_scale: 1, penalty_alpha: 0, num_beam_groups: 1, constraints: null, force_words_ids: [], repetition_penalty: null, num_beams: 4, new_setting: 7 });
    refuse('tokenizer.json', { model: { ...wordLevel, alpha: null }, added_tokens: [{ id: 0, content: 'a', whole: false }], novelty: {} });
    assert.deepEqual([['generation_config.json', 'new_setting'], ['config.json', 'hidden_size'], ['tokenizer.json', 'x'], ['generation_config.json', 'constructor']]
        .map(([file, member]) => fateOf(SETTINGS[file], member).fate), ['ignored', 'harmless', 'refused', 'ignored']);
});

test('tokenizer_config.json changes tokenizer.json as its class does', () => {
    const bert = { normalizer: { type: 'BertNormalizer', lowercase: false, strip_accents: null, handle_chinese_chars: true }, model: wordLevel };
    assert.deepEqual(overridden(bert, { do_lower_case: true, strip_accents: false, tokenize_chinese_chars: false }).normalizer,
        { type: 'BertNormalizer', lowercase: true, strip_accents: false, handle_chinese_chars: false });
    assert.deepEqual(overridden(bert, {}), { ...bert, pre_tokenizer: undefined });
    const level = { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true }, model: wordLevel };
    assert.equal(overridden(level, { add_prefix_space: true }).pre_tokenizer.add_prefix_space, true);
    assert.equal(overridden(level, {}).pre_tokenizer.add_prefix_space, false);
});

test("a Llama's marks stand around a text as tokenizer_config.json says", () => {
    const model = { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' };
    const file = { model, added_tokens: [['<s>', 1], ['</s>', 2]].map(([content, id]) => ({ id, content, special: true, normalized: false })), post_processor: null };
    const ids = (more, pair) => new Tokenizer(overridden(file, { tokenizer_class: 'LlamaTokenizerFast', bos_token: '<s>', eos_token: { content: '</s>' }, ...more })).encode('a', pair).ids;
    assert.deepEqual([ids({ add_bos_token: true, add_eos_token: false }), ids({ add_bos_token: true, add_eos_token: true }), ids({ add_bos_token: false, add_eos_token: false }),
        ids({}), ids({ add_bos_token: true, add_eos_token: true }, 'a')], [[1, 0], [1, 0, 2], [0], [0], [1, 0, 2, 1, 0, 2]]);
});

test("a language in front of a Marian model's text is one token", () => {
    const vocab = [['<unk>', 0], ['</s>', 0], ['▁', -3], ['▁a', -1], ['>>fra<<', -20], ['>', -5], ['<', -5], ['f', -5], ['r', -5], ['a', -5]];
    const file = { model: { type: 'Unigram', unk_id: 0, vocab }, added_tokens: [{ id: 1, content: '</s>', special: true }],
        pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' }] } };
    const ids = (tokenizer_class, text) => new Tokenizer(overridden(file, { tokenizer_class })).encode(text).ids;
    assert.deepEqual(ids('MarianTokenizer', '>>fra<< a'), [4, 3]);
    assert.notDeepEqual(ids('T5Tokenizer', '>>fra<< a'), [4, 3]);
});

/** What scripts/settings.mjs prints. */
const made = (...words) => execFileSync(process.execPath, [path.join(root, 'scripts/settings.mjs'), ...words], { encoding: 'utf8' });

test("the daemon's list is that of the table", () => {
    const file = path.join(root, 'src/terms/format/huggingface_settings.inc');
    assert.equal(fs.readFileSync(file, 'utf8'), made('c'), 'make it: node scripts/settings.mjs c >src/terms/format/huggingface_settings.inc');
});

test('the manual is that of the table', () => {
    assert.ok(fs.readFileSync(path.join(root, 'man/webinfer-inputs.7'), 'utf8').includes(made('mdoc')),
        'make it: node scripts/settings.mjs mdoc | node scripts/manual.mjs man/webinfer-inputs.7');
});
