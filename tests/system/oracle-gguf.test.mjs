// tier: full
// quick: finch: its texts have the tokens that llama.cpp reads them as
// quick: finch: its answers are the likeliest tokens, each with its own likelihood and bytes
// quick: nest: its vectors are those of llama.cpp
// quick: a stop string that does not come holds text back, and no entry
/**
 * GGUF models in a real browser behind the daemon, against what tests/oracles/gguf.mjs has written down of native llama.cpp:
 * tokens of prompts, likeliest answers, the likelihood of each token, vectors.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { putModels } from '../lib/gguf-models.mjs';
import { root } from '../lib/paths.mjs';

/** The same weights and caches of 32 bits, summed in another order: with keys and values of 16 bits instead of 32, which is the
 * smallest thing that could be wrong, likelihoods differ by 6e-4 and more. */
const LOGPROB_TOLERANCE = 1e-4;
/** Of a vector of the length 1, whose numbers are written down with 6 digits: with flash attention, which rounds to 16 bits, they
 * differ by 3e-5. */
const VECTOR_TOLERANCE = 5e-6;
const AT_ONCE = 12;

const { oracle, models } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/gguf.json'), 'utf8'));
const writers = Object.entries(models).filter(([, { answers }]) => answers);
const embedders = Object.entries(models).filter(([, { vectors }]) => vectors);

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['finch', 'nest'] });
    putModels(daemon.store);
    putGguf(daemon.store, 'base', { follow: 'abcdefgh', template: null });
    await daemon.start();
});
after(() => daemon.stop());

const nameOf = (name) => (name === 'finch' ? 'finch:F32' : name);

/** What the service answers, if it does. */
async function done(answering) {
    const { status, json, text } = await answering;
    assert.equal(status, 200, text);
    return json;
}

const tokenize = async (name, text, special) =>
    (await done(daemon.post('/v1/tokenize', { model: nameOf(name), prompt: text, add_special: special }))).tokens;
const infer = async (name, inputs, options) =>
    (await done(daemon.infer({ model_name: nameOf(name), inputs, options: { temperature: 0, ...options } }))).result;

/** @param {string} text whose last character may be unfinished */
const whole = (text) => text.replace(/\ufffd+$/u, '');
/** As the service tells it: U+0000, which ends texts for many who read them, comes as U+FFFD beside its byte. @param {string} text */
const told = (text) => text.replaceAll('\0', '\ufffd');

/** That an answer is the one that was written down. */
function assertAnswer(result, { text, prompt_tokens: before, tokens, answer }, where) {
    assert.equal(result.usage.prompt_tokens, before, where);
    assert.deepEqual(result.logprobs.map(({ id }) => id), tokens.map(([id]) => id), `${where} ${JSON.stringify(text)}`);
    for (const [at, { logprob, token, bytes }] of result.logprobs.entries()) {
        const [id, likely, piece] = tokens[at];
        assert.ok(Math.abs(logprob - likely) <= LOGPROB_TOLERANCE, `${where}: token ${at}, ${id}: ${logprob}, and not ${likely}`);
        assert.equal(token, told(piece), `${where}: token ${id}`);
        assert.equal(Buffer.from(bytes).toString(), piece);
    }
    assert.equal(whole(result.text), whole(told(answer)), where);
}

/** Answers to all of them, so many at a time. */
async function inTurns(items, count, work) {
    const left = [...items];
    await Promise.all(Array.from({ length: count }, async () => {
        for (let item = left.shift(); item; item = left.shift()) await work(item);
    }));
}

const ask = async (name, one, more = {}) => infer(name, one.said ? { messages: [{ role: 'user', content: one.said }] } : one.text,
    { max_tokens: one.tokens.length, logprobs: true, top_logprobs: 2, ...more });

for (const [name, { tokenized, answers }] of writers) {
    test(`${name}: its texts have the tokens that llama.cpp reads them as`, async () => {
        for (const { text, ids, whole: all } of tokenized) {
            assert.deepEqual(await tokenize(name, text, false), ids, text);
            assert.deepEqual(await tokenize(name, text, true), all, text);
        }
    });

    test(`${name}: its answers are the likeliest tokens, each with its own likelihood and bytes`, async () => {
        for (const one of answers) assertAnswer(await ask(name, one), one, name);
    });
}

test('twelve at once have the answers that one alone has', async () => {
    const all = writers.flatMap(([name, { answers }]) => answers.map((one) => ({ name, one })));
    assert.ok(all.length > 40, `${all.length} cases of ${oracle.program}`);
    await inTurns(all, AT_ONCE, async ({ name, one }) => assertAnswer(await ask(name, one), one, name));
});

for (const [name, { vectors }] of embedders) {
    test(`${name}: its vectors are those of llama.cpp`, async () => {
        const assertVector = (vector, tokens, one) => {
            assert.equal(tokens, one.tokens, one.text);
            one.vector.forEach((value, at) => assert.ok(Math.abs(vector[at] - value) <= VECTOR_TOLERANCE,
                `${one.text} [${at}]: ${vector[at]}, and not ${value}`));
        };
        const embed = (input) => done(daemon.post('/v1/embeddings', { model: name, input }));
        const { data } = await embed(vectors.map(({ text }) => text));
        vectors.forEach((one, at) => assertVector(data[at].embedding, one.tokens, one));
        await inTurns([...vectors, ...vectors], AT_ONCE, async (one) => {
            const { data: [{ embedding }], usage } = await embed(one.text);
            assertVector(embedding, usage.prompt_tokens, one);
        });
    });
}

// --- where text is held back -------------------------------------------------------------------------

const SUM = models.finch.answers.find(({ said }) => said === 'What is 17 + 25?');
const logprobsOf = (choice) => choice.logprobs.content;

/** The parts of a stream of OpenAI's. */
async function streamed(where, body) {
    const { status, text } = await daemon.post(where, { ...body, stream: true });
    assert.equal(status, 200, text);
    return text.split('\n').filter((line) => line.startsWith('data: {')).map((line) => JSON.parse(line.slice('data: '.length)));
}

/** That entries are those of the first tokens that were written down, and where they are streamed too. */
function assertEntries(entries, tokens, where) {
    assert.deepEqual(entries.map(({ token }) => token), tokens.map(([, , piece]) => piece), where);
    for (const [at, { bytes, logprob }] of entries.entries()) {
        assert.ok(Math.abs(logprob - tokens[at][1]) <= LOGPROB_TOLERANCE, `${where}: ${logprob} of token ${at}`);
        assert.equal(Buffer.from(bytes).toString(), tokens[at][2], where);
    }
}

const chat = { model: 'finch:F32', messages: [{ role: 'user', content: SUM.said }], temperature: 0, logprobs: true };

test('a stop string that does not come holds text back, and no entry', async () => {
    const asked = { ...chat, max_tokens: SUM.tokens.length, stop: ['17 + 2X'] };
    const { choices: [choice] } = await done(daemon.post('/v1/chat/completions', asked));
    assert.equal(choice.message.content, SUM.answer);
    assertEntries(logprobsOf(choice), SUM.tokens, 'whole');
    const parts = (await streamed('/v1/chat/completions', asked)).flatMap(({ choices }) => choices);
    assertEntries(parts.flatMap((part) => (part.logprobs ? logprobsOf(part) : [])), SUM.tokens, 'streamed');
    assert.equal(parts.map(({ delta }) => delta.content ?? '').join(''), SUM.answer);
});

test('a stop string that comes ends the text, and every token has its entry', async () => {
    const stop = '+ 25 =', at = SUM.answer.indexOf(stop), ends = at + stop.length;
    let length = 0;
    const tokens = SUM.tokens.filter(([, , piece]) => (length += piece.length) - piece.length < ends);
    const { choices: [choice] } = await done(daemon.post('/v1/chat/completions', { ...chat, max_tokens: 40, stop: [stop] }));
    assert.deepEqual([choice.message.content, choice.finish_reason], [SUM.answer.slice(0, at), 'stop']);
    assertEntries(logprobsOf(choice), tokens, stop);
});

test('the token that ends an answer has no entry, and counts', async () => {
    const { choices: [choice], usage } = await done(daemon.post('/v1/chat/completions', chat));
    assert.deepEqual([choice.message.content, choice.finish_reason, usage.completion_tokens], [SUM.answer, 'stop', SUM.tokens.length + 1]);
    assertEntries(logprobsOf(choice), SUM.tokens, 'ended');
});

test('what a limit cuts off within a stop string is text', async () => {
    const { choices: [choice] } = await done(daemon.post('/v1/chat/completions', { ...chat, max_tokens: 4, stop: ['17 + 2X'] }));
    const tokens = SUM.tokens.slice(0, 4);
    assert.deepEqual([choice.message.content, choice.finish_reason], [tokens.map(([, , piece]) => piece).join(''), 'length']);
    assertEntries(logprobsOf(choice), tokens, 'cut');
});

test('at a temperature of 2 there are as many entries as tokens, of the bytes of the text', async () => {
    for (const [name, seed] of [['random', 1], ['level', 2], ['wide', 3], ['hyphen', 4]]) {
        const options = { temperature: 2, seed, max_tokens: 30, logprobs: true, top_logprobs: 3, logit_bias: { 2: -100, 260: -100, 268: -100 } };
        const { logprobs, usage, text } = await infer(name, 'hello', options);
        assert.deepEqual([logprobs.length, usage.completion_tokens], [30, 30], name);
        for (const { token, bytes, top_logprobs: top } of logprobs) {
            assert.ok(bytes.length > 0, name);
            assert.equal(token, told(Buffer.from(bytes).toString()));
            assert.equal(top.length, 3);
        }
        const control = new Set(['<|endoftext|>', '<fim-prefix>', '<fim-suffix>', '[a-z]', '<s>', '<unk>', '<|im_start|>']);
        const isText = ({ token }) => !control.has(token) && !token.startsWith('<unused-');
        const bytes = Buffer.concat(logprobs.filter(isText).map(({ bytes: own }) => Buffer.from(own)));
        assert.equal(whole(text), whole(told(bytes.toString())), name);
    }
});

test('text_offset counts characters, through the parts of a stream', async () => {
    const tokens = models.wide.answers[0].tokens.slice(0, 11);
    const asked = { model: 'wide', prompt: models.wide.answers[0].text, temperature: 0, max_tokens: 11, logprobs: 1 };
    // "aé日🙂b", whose characters are of one, two, three, four and one token.
    const offsets = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4];
    const { choices: [{ text, logprobs }] } = await done(daemon.post('/v1/completions', asked));
    assert.equal(text, 'aé日🙂b');
    assert.deepEqual([logprobs.text_offset, logprobs.tokens], [offsets, tokens.map(([, , piece]) => piece)]);
    const parts = (await streamed('/v1/completions', asked)).flatMap(({ choices }) => choices);
    assert.ok(parts.length > 3);
    assert.deepEqual(parts.flatMap((part) => part.logprobs?.text_offset ?? []), offsets);
});

test('other dialects have an entry for each token, too, also of a stream', async () => {
    const messages = [{ role: 'user', content: models.wide.answers[0].text }];
    const { choices: [{ message, logprobs: { content: wanted } }] } = await done(daemon.post('/v1/chat/completions',
        { model: 'wide', messages, temperature: 0, max_tokens: 10, logprobs: true }));
    assert.deepEqual([wanted.length, whole(message.content)], [10, message.content]);
    const ids = (rows) => rows.map(({ bytes, logprob }) => [...bytes, logprob.toFixed(4)]);
    const lines = async (body) => {
        const { text } = await daemon.post('/api/chat', body);
        return text.trim().split('\n').map((line) => JSON.parse(line));
    };
    const ollama = { model: 'wide', messages, logprobs: true, options: { temperature: 0, num_predict: 10 } };
    for (const stream of [true, false]) {
        const rows = await lines({ ...ollama, stream });
        assert.deepEqual(ids(rows.flatMap(({ logprobs = [] }) => logprobs)), ids(wanted), `Ollama, stream ${stream}`);
    }
    const responses = { model: 'wide', input: messages, temperature: 0, max_output_tokens: 10, include: ['message.output_text.logprobs'] };
    const { output: [{ content: [made] }] } = await done(daemon.post('/v1/responses', responses));
    assert.deepEqual(ids(made.logprobs), ids(wanted));
    const events = await streamed('/v1/responses', responses);
    const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
    assert.deepEqual(ids(deltas.flatMap(({ logprobs }) => logprobs)), ids(wanted));
    assert.deepEqual(ids(events.find(({ type }) => type === 'response.output_text.done').logprobs), ids(wanted));
});

test('webinfer infer puts the template of a model that talks around a text', async () => {
    const run = await webinfer(daemon, ['infer', 'finch:F32', '--text', SUM.said, '--option', 'temperature=0']);
    assert.deepEqual([run.code, run.out.includes(SUM.answer)], [0, true], run.out + run.problems);
    const completed = models.finch.answers.find(({ text, said }) => text === SUM.said && !said);
    const plain = await webinfer(daemon, ['infer', 'finch:F32', '--task', 'complete', '--text', SUM.said, '--option', 'temperature=0',
        '--option', `max_tokens=${completed.tokens.length}`]);
    assert.deepEqual([plain.code, plain.out.includes(completed.answer)], [0, true], plain.out + plain.problems);
    const base = await webinfer(daemon, ['infer', 'base', '--text', 'abc', '--option', 'temperature=0', '--option', 'max_tokens=5', '--json']);
    assert.deepEqual([base.code, base.json.result?.text], [0, 'defgh'], base.out + base.problems);
});

// --- prompts ---------------------------------------------------------------------------------------

test('a conversation is counted as it is read, where its template writes the start token, too', async () => {
    for (const name of ['starts', 'finch']) {
        const asked = { model: nameOf(name), max_tokens: 2, messages: [{ role: 'user', content: 'What is 17 + 25?' }] };
        const { input_tokens: counted } = await done(daemon.post('/v1/messages/count_tokens', { ...asked, max_tokens: undefined }));
        const { usage } = await done(daemon.post('/v1/messages', asked));
        const { result: { tokens } } = await done(daemon.infer({ model_name: asked.model, task: 'tokenize', inputs: { messages: asked.messages } }));
        assert.deepEqual([counted, tokens.length], [usage.input_tokens + (usage.cache_read_input_tokens ?? 0), counted], name);
    }
    // <s>user: What is 17 + 25?\n
    const written = models.starts.tokenized.find(({ text }) => text === 'What is 17 + 25?').ids.length;
    const { usage } = await done(daemon.post('/v1/chat/completions', { model: 'starts', max_tokens: 1, messages: [{ role: 'user', content: 'What is 17 + 25?' }] }));
    const around = await tokenize('starts', 'user: ', false), after = await tokenize('starts', '\n', false);
    assert.equal(usage.prompt_tokens, 1 + around.length + written + after.length);
});

test('a text that is too long for an embedder is refused with the limit', async () => {
    const cats = (count) => Array(count).fill('cat').join(' ');
    const own = await daemon.infer({ model_name: 'nest', inputs: { texts: ['a', cats(140)] } });
    const { code, field, expected, detail } = own.json;
    assert.deepEqual([own.status, code, field, expected], [400, 'context_length_exceeded', 'inputs', 'at most 128 tokens'], own.text);
    assert.match(detail, /a text has \d+ tokens, and the model takes 128 here/);
    const { status, json } = await daemon.post('/v1/embeddings', { model: 'nest', input: cats(140) });
    assert.deepEqual([status, json.error.code, json.error.param], [400, 'context_length_exceeded', 'input']);
    await done(daemon.post('/v1/embeddings', { model: 'nest', input: cats(20) }));
});
