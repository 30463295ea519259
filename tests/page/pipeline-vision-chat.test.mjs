// tier: full
/** Language models that see, in Node, against transformers.js' own generate on native onnxruntime. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { prepareChat } from '../../page/src/chat/chat.js';
import { VISION_TYPES } from '../../page/src/pipeline/vision_types.js';
import { disc } from '../lib/media.mjs';
import { build } from '../lib/paths.mjs';
import { render } from './support/chat_templates.mjs';
import { folderOf, modelOf as familyOf, oracle, withChanged as changed } from './support/families.mjs';
import { filesIn, loaded, outcomeOf, spared } from './support/library.mjs';
import { carried, pictureFile, pictureFiles } from './support/pictures.mjs';

const chat = { prepare: (asked) => prepareChat({ ...asked, render }) };
const filesOf = (name) => filesIn(folderOf(name));
const modelOf = async (name) => ({ ...await familyOf(name), chat });

const withChanged = (name, change, work) => changed(name, change, (model) => work({ ...model, chat }));

/** A disc, and the same with its colours turned round. */
const SIDES = { llava: 32, smolvlm: 64 };
/** What is asked so often that the prompt is read in two pieces. */
const LONG = { llava: 'Who sees it? '.repeat(22), smolvlm: 'What? '.repeat(45) };
const pictureFor = (name) => disc(SIDES[name]);
function turned(picture) {
    return { ...picture, rgb: picture.rgb.map((value) => 255 - value) };
}

const QUESTION = 'What is it?';
const image = { tensor: 0, media_type: 'image/png' };
const greedy = { temperature: 0, max_tokens: 12 };
const ask = (model, picture, question = QUESTION, options = {}) => outcomeOf(model, 'visual-question-answering',
    { image, question }, { ...greedy, ...options }, pictureFile(picture));
const oracleOf = async (name, input) =>
    (await oracle.answer(name, 'visual-question-answering', input, greedy)).result;
const tokensOf = async (asked) => (await asked).result.tokens;

for (const name of Object.keys(SIDES)) {
    test(`${name} answers questions about pictures as the library does`, async () => {
        const model = await modelOf(name);
        const answers = new Set();
        for (const [picture, question] of [[pictureFor(name), QUESTION], [turned(pictureFor(name)), QUESTION],
            [pictureFor(name), LONG[name]]]) {
            const expected = await oracleOf(name, { picture, question });
            const { result } = await ask(model, picture, question, { logprobs: true, top_logprobs: 2 });
            assert.deepEqual([result.tokens, result.text], [expected.tokens, expected.text]);
            assert.equal(result.finish_reason, 'length');
            const nearest = Math.min(...result.logprobs.map(({ top_logprobs: [first, second] }) =>
                first.logprob - second.logprob));
            assert.ok(nearest >= 0.5, `another token is ${nearest} away`);
            answers.add(result.text);
        }
        assert.equal(answers.size, 3);
    });
}

test('where memory is short what sees goes when it has seen, and answers are the same', async () => {
    const whole = await modelOf('llava'), { model, brought } = await spared(folderOf('llava'));
    const picture = pictureFor('llava'), few = { ...model, chat };
    for (const one of [picture, turned(picture)]) assert.deepEqual(await tokensOf(ask(few, one)), await tokensOf(ask(whole, one)));
    // What was loaded last is there for the first picture; the second needs it again.
    assert.equal(brought.filter((file) => file.includes('vision_encoder')).length, 1);
    const before = brought.length;
    // A text alone needs no tower, and no graph that is there already.
    await talk(few, [{ role: 'user', content: 'Who?' }], []);
    assert.equal(brought.length, before);
    // What it remembers of the picture is not enough where the prompt is another: then it is seen beside what writes.
    assert.deepEqual(await tokensOf(ask(few, picture, LONG.llava)), await tokensOf(ask(whole, picture, LONG.llava)));
    await model.dispose();
});

const picturePart = (tensor) => ({ type: 'image', image: { ...image, tensor } });
const textPart = (text) => ({ type: 'text', text });
const talk = (model, messages, pictures, options = {}) => outcomeOf(model, 'chat', { messages },
    { ...greedy, ...options }, pictureFiles(pictures));

test('a conversation has pictures anywhere, also where a piece of the prompt ends', () =>
    // So long a vocabulary would have a prompt read in pieces of 32 tokens.
    withChanged('smolvlm', { 'config.json': { vocab_size: 1e6 } }, async (model) => {
    const [picture, other] = [pictureFor('smolvlm'), turned(pictureFor('smolvlm'))];
    const messages = (first, second) => [
        { role: 'user', content: [textPart('Look:'), first, textPart('This?')] },
        { role: 'assistant', content: [textPart('It is.')] },
        { role: 'user', content: [second, textPart('And that?')] },
    ];
    const expected = await oracleOf('smolvlm', { pictures: [picture, other], messages: messages({ type: 'image' }, { type: 'image' }) });
    const { result } = await talk(model, messages(picturePart(0), picturePart(1)), [picture, other]);
    assert.ok(result.usage.prompt_tokens > 3 * 32);
    assert.deepEqual(result.tokens, expected.tokens);
    const swapped = await talk(model, messages(picturePart(1), picturePart(0)), [picture, other]);
    assert.notDeepEqual(swapped.result.tokens, expected.tokens);
}));

test('the next turn about a picture goes on from the cache of it, and of no other', async () => {
    const model = await modelOf('llava');
    const shown = { role: 'user', content: [picturePart(0), textPart('This?')] };
    const first = (await talk(model, [shown], [disc()])).result;
    const next = [shown, { role: 'assistant', content: first.text }, { role: 'user', content: 'Why?' }];
    const anew = (await talk(model, next, [disc()], { deterministic: true })).result;
    const { result } = await talk(model, next, [disc()]);
    assert.deepEqual(result.tokens, anew.tokens);
    assert.ok(result.usage.cached_tokens > 16 && anew.usage.cached_tokens === 0);
    const other = (await talk(model, next, [turned(disc())])).result;
    assert.ok(other.usage.cached_tokens <= 'USER: '.length, 'only what is before the picture');
    const { tokens } = (await talk(model, next, [turned(disc())], { deterministic: true })).result;
    assert.deepEqual(other.tokens, tokens);
});

/** How many pictures are decoded for a model meanwhile. @template T @param {any} model @param {() => Promise<T>} work
 * @returns {Promise<{made: T, decoded: number}>} */
async function decoding(model, work) {
    const { library } = model;
    let decoded = 0;
    model.library = { ...library, RawImage: class extends library.RawImage {
        constructor(...given) {
            super(...given);
            decoded++;
        }
    } };
    try {
        return { made: await work(), decoded };
    } finally {
        model.library = library;
    }
}

test('what the cache has of a picture is not computed again, of others it is', () =>
    withChanged('llava', {}, async (model) => {
        const say = (options) => decoding(model, () => talk(model,
            [{ role: 'user', content: [picturePart(0), textPart('This?')] }], [disc()], options));
        const first = await say();
        const again = await say();
        assert.deepEqual([first.decoded, again.decoded], [1, 0]);
        assert.ok(again.made.result.usage.cached_tokens > 16);
        const anew = await say({ deterministic: true });
        assert.deepEqual([anew.decoded, anew.made.result.usage.cached_tokens], [1, 0]);
        for (const { made } of [again, anew]) assert.deepEqual(made.result.tokens, first.made.result.tokens);
    }));

test('pictures beyond the context are not looked at', async () => {
    const model = await modelOf('llava');
    const content = [0, 1, 2, 3].map(picturePart);
    const { decoded } = await decoding(model, () => assert.rejects(
        talk(model, [{ role: 'user', content }], [1, 2, 3, 4].map((times) => disc(40 * times)), { context: 32 }),
        { code: 'context_length_exceeded', message: /first 2 pictures have 32 tokens.* 32$/ }));
    assert.equal(decoded, 2);
    const marked = await decoding(model, () => assert.rejects(ask(model, disc(40), '<image>'), { code: 'input_invalid' }));
    assert.equal(marked.decoded, 0);
});

test('a folder that wants too many tiles, or none that there can be, is refused', async () => {
    for (const [change, message] of [[{ max_image_size: { longest_edge: 1 } }, /4097 tiles of 1 × 1/],
        [{ max_image_size: { longest_edge: 1e6 } }, /1 tiles of 1000000 × 1000000/],
        [{ max_image_size: { longest_edge: 1e6 }, do_image_splitting: false }, /1 tiles/],
        [{ size: { longest_edge: 'x' } }, /size is \{"longest_edge":"x"\}$/],
        [{ max_image_size: {} }, /does not say how/], [{ image_processor_type: 'CLIPImageProcessor' }, /does not say how/]]) {
        await withChanged('smolvlm', { 'preprocessor_config.json': change }, (model) =>
            assert.rejects(ask(model, pictureFor('smolvlm')), { code: 'model_invalid', message }, JSON.stringify(change)));
    }
});

test('a conversation without pictures goes on from its cache', async () => {
    const model = await modelOf('llava');
    const messages = [{ role: 'user', content: 'Hello, world!' }];
    const first = (await talk(model, messages, [])).result;
    const { result } = await talk(model, [...messages, { role: 'assistant', content: first.text },
        { role: 'user', content: 'Why?' }], []);
    assert.ok(result.usage.cached_tokens > 0);
    const anew = (await talk(model, [...messages, { role: 'assistant', content: first.text },
        { role: 'user', content: 'Why?' }], [], { deterministic: true })).result;
    assert.deepEqual(result.tokens, anew.tokens);
});

test('a picture is described where nothing is asked', async () => {
    const model = await modelOf('llava');
    const described = await outcomeOf(model, 'image-to-text', { image }, greedy, pictureFile(disc()));
    assert.deepEqual(described.result.tokens, await tokensOf(ask(model, disc(), 'Describe the picture.')));
    const prompted = await outcomeOf(model, 'image-to-text', { image, prompt: QUESTION }, greedy,
        pictureFile(disc()));
    assert.deepEqual(prompted.result.tokens, await tokensOf(ask(model, disc())));
});

test('a picture that is not cut has one place in the prompt', async () => {
    const whole = await modelOf('smolvlm');
    const { result: { usage: { prompt_tokens: cut } } } = await ask(whole, pictureFor('smolvlm'));
    await withChanged('smolvlm', { 'preprocessor_config.json': { do_image_splitting: false } }, async (model) => {
        const { result: { usage } } = await ask(model, pictureFor('smolvlm'));
        // Four tiles of four tokens, a mark and a place each, and three ends of lines.
        assert.equal(cut - usage.prompt_tokens, 4 * (4 + 2) + 3);
    });
});

test('relatives of LLaVA, and templates of every kind, give what LLaVA gives', async () => {
    const expected = await tokensOf(ask(await modelOf('llava'), disc()));
    const { text_config: text, ...config } = JSON.parse(Buffer.from(filesOf('llava')['config.json']));
    const flat = "{% for m in messages %}{{ m.role | upper }}: {{ m.content }} {% endfor %}ASSISTANT:";
    const changes = [
        { 'config.json': { ...text, ...config, model_type: 'llava_qwen2', architectures: ['LlavaQwen2ForCausalLM'] } },
        { 'config.json': { model_type: 'llava_onevision', architectures: ['LlavaOnevisionForConditionalGeneration'] } },
        { 'tokenizer_config.json': { chat_template: flat } },
        { 'tokenizer_config.json': { chat_template: null } },
        { 'tokenizer_config.json': { chat_template: null }, 'chat_template.jinja': flat },
        { 'tokenizer_config.json': { chat_template: null }, 'chat_template.json': { chat_template: flat } },
    ];
    for (const change of changes) {
        await withChanged('llava', change, async (model) =>
            assert.deepEqual(await tokensOf(ask(model, disc())), expected, JSON.stringify(change)));
    }
});

test('the daemon is built with the list of the models that this page serves', () => {
    const list = fs.readFileSync(path.join(build, 'src/terms/format/vision_types.inc'), 'utf8');
    assert.deepEqual(list.match(/\w+/g), [...VISION_TYPES]);
});

test('what cannot be done says why, and the next request is right', async () => {
    const model = await modelOf('llava');
    const expected = await tokensOf(ask(model, disc()));
    const other = await loaded(folderOf('donut'));
    await assert.rejects(ask(other, disc()), { code: 'platform_unsupported', field: 'task', expected: /llava.*smolvlm/ });
    await other.dispose();
    for (const [question, code, field] of [['<image>', 'input_invalid', 'inputs'],
        ['a'.repeat(600), 'context_length_exceeded', 'inputs'], ['', 'input_invalid', 'inputs.question']]) {
        await assert.rejects(ask(model, disc(), question), { code, ...(field && { field }) });
    }
    await assert.rejects(outcomeOf(model, 'visual-question-answering', { image, question: QUESTION }, greedy,
        carried(Buffer.from('GIF89a'))), { code: 'picture_invalid', field: 'inputs.image' });
    await assert.rejects(ask(model, disc(), QUESTION, { top: 1 }), { code: 'input_invalid', field: 'options.top' });
    await assert.rejects(talk(model, [{ role: 'system', content: [picturePart(0)] }], [disc()]),
        { code: 'input_invalid', field: 'inputs.messages[0].content[0]' });
    assert.deepEqual(await tokensOf(ask(model, disc())), expected);
    await withChanged('llava', { 'config.json': { image_token_index: 3 } }, (broken) => assert.rejects(
        ask(broken, disc()), { code: 'model_invalid', message: /0 tokens of 16 times <image>/ }));
    await withChanged('llava', { 'config.json': { model_type: 'paligemma', architectures: ['PaliGemmaForConditionalGeneration'] } },
        (unserved) => assert.rejects(ask(unserved, disc()), { code: 'platform_unsupported', message: /paligemma/ }));
    await assert.rejects(withChanged('llava', { 'config.json': { model_type: 'blip', architectures: ['BlipForQuestionAnswering'] } }, () => {}),
        { code: 'platform_unsupported', message: /BlipForQuestionAnswering/, expected: /llava.*smolvlm/ });
});
