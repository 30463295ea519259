// tier: full
// quick: a language model > streams as it computes, and several answers at a time
// quick: a language model > answers messages, by the template of the model
// quick: a language model that makes vectors > embeds texts
/** Language models in the built page, in a real Chromium, against the stand-in service. */
import assert from 'node:assert/strict';
import { ggufBytes } from './support/gguf.mjs';
import { readsInSteps, TELLS_STEPS } from './support/llama_steps.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { partsOf, textOf, tokensOf, wellDone } from './support/parts.mjs';
import { describe } from '../lib/tier.mjs';

const ABC = ggufBytes({ follow: 'abcdefgh' });
const RANDOM = ggufBytes({ embd: 32, layers: 1 });
const complete = (prompt, options = {}, more = {}) => ({ task: 'complete', input: { prompt }, options: { temperature: 0, ...options }, ...more });
const streamed = (...args) => ({ ...complete(...args), stream: true });
/** A model that says "abcdefgh", round and round: one for the tests that share a page. */
const abc = (service) => (service.abc ??= service.addGguf('abc', { 'abc.gguf': ABC }));
const random = (service) => (service.random ??= service.addGguf('random', { 'random.gguf': RANDOM }));
/** The first letters that the model says after "abc". */
const after = (count) => 'defghabc'.repeat(Math.ceil(count / 8)).slice(0, count);

const nodeTest = nodeTests();

describe('a language model', () => {
    nodeTest('completes a text, and says how', async ({ service, problems }) => {
        const model = abc(service);
        const { result, executed_on: where } = wellDone(await service.run(model, [], complete('abc', { max_tokens: 6 })));
        const { text, tokens, finish_reason: why, usage, timings } = result;
        assert.deepEqual([text, tokens.length, why], ['defgha', 6, 'length']);
        assert.deepEqual(usage, { prompt_tokens: 3, completion_tokens: 6, cached_tokens: 0 });
        assert.deepEqual(where, { platform: 'wasm', engine: 'llama', build: 'jspi64', threads: 1, quantization: 'F32' });
        assert.deepEqual([timings.prompt_n, timings.predicted_n, timings.cache_n], [3, 6, 0]);
        const again = wellDone(await service.run(model, [], complete('abcdefgh', { stop: ['c'], max_tokens: 20 })));
        assert.deepEqual([again.result.text, again.result.finish_reason], ['ab', 'stop']);
        assert.ok(again.result.usage.cached_tokens > 0, 'the second turn has the first one in its cache');
        assert.equal(again.performance.warm, true);
        assert.deepEqual(problems, []);
    });

    nodeTest('is on no GPU that does not compute in 16-bit floats, and says so', async ({ service }) => {
        const model = abc(service), gpu = { platforms: ['webgpu'], fallback: false };
        const { error } = (await service.run(model, [], complete('abc', { max_tokens: 2 }, gpu))).data;
        assert.deepEqual([error.code, error.message],
            ['platform_unsupported', 'webgpu is not available: the adapter has no shader-f16, which llama.cpp needs']);
        const both = complete('abc', { max_tokens: 2 }, { platforms: ['webgpu', 'wasm'], fallback: true });
        const { result, executed_on: where } = wellDone(await service.run(model, [], both));
        assert.deepEqual([result.text, where.platform, where.fallbacks[0].platform], ['de', 'wasm', 'webgpu']);
        assert.equal(service.capabilities.platforms.webgpu.available, true, 'it is there for others');
    }, SHARED);

    nodeTest('streams as it computes, and several answers at a time', async ({ service }) => {
        const model = abc(service);
        const attempt = service.request(model, [], streamed('abc', { max_tokens: 12 }));
        const { parts, result } = wellDone(await service.answer(attempt));
        const made = partsOf(service, attempt);
        assert.equal(made.length, parts);
        assert.deepEqual([textOf(service, attempt), tokensOf(service, attempt).length], [after(12), 12]);
        assert.deepEqual(made.at(-1).result, { finish_reason: 'length' });
        assert.deepEqual([result.text, result.finish_reason], [undefined, 'length']);
        const both = wellDone(await service.run(model, [], complete('abc', { n: 2, max_tokens: 3 })));
        assert.deepEqual(both.result.choices.map(({ index, text }) => [index, text]), [[0, 'def'], [1, 'def']]);
        assert.equal(both.result.usage.completion_tokens, 6);
    }, SHARED);

    nodeTest('tells how far it is in a prompt, from its beginning to its end', async ({ service }) => {
        const attempt = service.request(random(service), [], streamed('x '.repeat(300), { max_tokens: 1 }));
        const { result: { usage } } = wellDone(await service.answer(attempt));
        const told = service.messages.filter(({ type, data }) => type === 'task_progress' && data.attempt_id === attempt && data.phase === 'prompt')
            .map(({ data: { done, total } }) => [done, total]);
        assert.deepEqual([told[0], told.at(-1)], [[0, usage.prompt_tokens], [usage.prompt_tokens, usage.prompt_tokens]]);
        assert.ok(told.every(([done], at) => at === 0 || done > told[at - 1][0]), JSON.stringify(told));
    });

    nodeTest('answers the same, whatever it reads in a step', (node) => readsInSteps(node, [8, 32, 128], 1e-4), { faults: TELLS_STEPS, faulty: 'llama' });

    nodeTest('gives each of four streams its tokens as they are made', async ({ service }) => {
        const model = service.addGguf('slow', { 'slow.gguf': ggufBytes({ embd: 512, layers: 4 }) }), count = 48;
        const asked = () => streamed('abc', { max_tokens: count, logit_bias: { 2: -100 } });
        wellDone(await service.run(model, [], complete('abc', { max_tokens: 1 })));
        const attempts = Array.from({ length: 4 }, () => service.request(model, [], asked()));
        const late = [];
        for (const attempt of attempts) {
            // By llama.cpp's own clock the last token was made so long after the first.
            const { predicted_ms: made } = wellDone(await service.answer(attempt)).result.timings;
            const times = (service.parts.get(attempt) ?? []).flatMap(({ timestamp, data: { tokens = [] } }) => tokens.map(() => timestamp));
            assert.equal(times.length, count);
            late.push(times.filter((time) => time > times[0] + made + 20).length);
        }
        // Of what is handed out at the end three quarters come when all are made.
        assert.ok(Math.max(...late) < count / 4, `${late} of ${count} tokens came when all were made`);
    }, { welcome: { initial_credit: { parts: 64, bytes: 65536 } } });

    nodeTest('keeps no prompts beside the caches of its slots', async ({ service }) => {
        const model = random(service);
        const cachedOf = async (prompt) => wellDone(await service.run(model, [], complete(prompt, { max_tokens: 1 }))).result.usage.cached_tokens;
        const prompts = ['a', 'b', 'c', 'd', 'e'].map((letter) => `${letter} ${'x '.repeat(60)}`);
        for (const prompt of prompts) assert.ok(await cachedOf(prompt) < 3);
        assert.ok(await cachedOf(prompts.at(-1)) > 50, 'the last is in its slot');
        assert.ok(await cachedOf(prompts[0]) < 3, 'the first has given its slot to another');
    });

    nodeTest('runs six tasks on four slots', async ({ service }) => {
        const model = abc(service);
        const attempts = [3, 30, 9, 27, 5, 12].map((count) => [count, service.request(model, [], streamed('abc', { max_tokens: count }))]);
        for (const [count, attempt] of attempts) {
            wellDone(await service.answer(attempt));
            assert.equal(textOf(service, attempt), after(count));
        }
    }, SHARED);

    nodeTest('keeps what its client does not take, and others go on', async ({ service }) => {
        const model = abc(service);
        service.autoAck = false; // the first parts use the credit up
        const slow = service.request(model, [], streamed('abc', { max_tokens: 100 }));
        await service.until(() => partsOf(service, slow).length === 2, 'the parts that there is credit for');
        assert.equal(wellDone(await service.run(model, [], complete('abc', { max_tokens: 5 }))).result.text, 'defgh');
        assert.equal(partsOf(service, slow).length, 2);
        service.send('task_credit', { attempt_id: slow, parts: 100, bytes: 1e6 });
        const { parts } = wellDone(await service.answer(slow));
        assert.equal(textOf(service, slow), after(100));
        assert.ok(parts < 100, `tokens are put together: ${parts} parts`);
    }, { welcome: { initial_credit: { parts: 2, bytes: 65536 } } });

    nodeTest('stops while it reads and while it writes', async ({ service }) => {
        const model = random(service);
        await service.run(model, [], complete('a', { max_tokens: 1 }));
        const reading = service.request(model, [], streamed('x '.repeat(900), { max_tokens: 5 }));
        await service.seen('task_progress', ({ data }) => data.attempt_id === reading && data.phase === 'prompt' && data.done < data.total);
        service.send('task_cancel', { attempt_id: reading });
        const writing = service.request(model, [], streamed('a', { max_tokens: 1900, logit_bias: { 2: -100 } }));
        await service.until(() => partsOf(service, writing).length > 3, 'some parts');
        service.send('task_cancel', { attempt_id: writing });
        const next = wellDone(await service.run(model, [], complete('a', { max_tokens: 1 })));
        assert.equal(next.performance.warm, true, 'its worker is the same');
        assert.deepEqual([service.answers.has(reading), service.answers.has(writing)], [false, false]);
    }, SHARED);

    nodeTest('refuses what it cannot do, and goes on', async ({ service }) => {
        const model = abc(service);
        const refused = async (more) => {
            const { error } = (await service.run(model, [], more)).data;
            return [error?.code, error?.field];
        };
        assert.deepEqual(await refused(complete('abc', { grammar: 'root ::= nonsense' })), ['input_invalid', 'options.grammar']);
        assert.deepEqual(await refused(complete('abc', { n_probs: 3 })), ['input_invalid', 'options.n_probs']);
        assert.deepEqual(await refused(complete('abc', { temperature: -1 })), ['input_invalid', 'options.temperature']);
        assert.deepEqual(await refused(complete('abc', { n: 5 })), ['input_invalid', 'options.n']);
        assert.deepEqual(await refused({ task: 'tokenize', input: {} }), ['input_invalid', 'inputs.text']);
        assert.deepEqual(await refused({ task: 'embed', input: { texts: [] } }), ['input_invalid', 'inputs.texts']);
        const { error } = (await service.run(model, [], complete('abcdefgh'.repeat(400)))).data;
        assert.deepEqual([error.code, error.field], ['context_length_exceeded', 'inputs']);
        assert.match(error.message, /2401 tokens.*2048/);
        const { result } = wellDone(await service.run(model, [], complete('abc', { grammar: 'root ::= "de" "x"*', max_tokens: 3 })));
        assert.equal(result.text.slice(0, 2), 'de');
    }, SHARED);

    nodeTest('answers each of several prompts, and goes on with what was begun', async ({ service }) => {
        const model = abc(service);
        const several = { task: 'complete', input: { prompts: ['abc', 'abcd', 'abcde'] }, options: { temperature: 0, max_tokens: 2, n: 2 } };
        const { result } = wellDone(await service.run(model, [], several));
        assert.deepEqual(result.choices.map(({ index, text }) => [index, text]), [[0, 'de'], [1, 'de'], [2, 'ef'], [3, 'ef'], [4, 'fg'], [5, 'fg']]);
        assert.deepEqual([result.usage.prompt_tokens, result.usage.completion_tokens], [12, 12]);
        const attempt = service.request(model, [], { ...several, stream: true });
        wellDone(await service.answer(attempt));
        const texts = ['', '', '', '', '', ''];
        for (const { index = 0, text = '' } of partsOf(service, attempt)) texts[index] += text;
        assert.deepEqual(texts, ['de', 'de', 'ef', 'ef', 'fg', 'fg']);
        const begun = { task: 'chat', input: { messages: [{ role: 'user', content: 'hi' }, { role: 'assistant', content: 'abc' }] }, options: { temperature: 0, max_tokens: 3 } };
        assert.equal(wellDone(await service.run(model, [], begun)).result.text, 'def');
    }, SHARED);

    nodeTest('answers messages, by the template of the model', async ({ service, problems }) => {
        const model = abc(service);
        const chat = (messages, options = {}) => ({ task: 'chat', input: { messages }, options: { temperature: 0, max_tokens: 4, ...options } });
        const { result } = wellDone(await service.run(model, [], chat([{ role: 'user', content: 'abc' }])));
        assert.deepEqual([result.finish_reason, result.usage.completion_tokens], ['length', 4]);
        const attempt = service.request(model, [], { ...chat([{ role: 'user', content: 'abc' }]), stream: true });
        wellDone(await service.answer(attempt));
        assert.equal(textOf(service, attempt), result.text);
        const schema = { type: 'object', properties: { ok: { const: true } }, required: ['ok'], additionalProperties: false };
        const formed = wellDone(await service.run(model, [], chat([{ role: 'user', content: 'abc' }], {
            response_format: { type: 'json_schema', json_schema: { name: 'x', schema } }, max_tokens: 40, n: 2,
        })));
        for (const { text } of formed.result.choices) assert.deepEqual(JSON.parse(text), { ok: true });
        const completed = wellDone(await service.run(model, [], complete('abc', {
            response_format: { type: 'json_schema', json_schema: { name: 'x', schema } }, max_tokens: 40,
        })));
        assert.deepEqual(JSON.parse(completed.result.text), { ok: true });
        const { error } = (await service.run(model, [], chat([{ role: 'nobody', content: 'abc' }]))).data;
        assert.equal(error.code, 'input_invalid');
        assert.match(error.field, /^inputs\.messages/);
        assert.deepEqual(problems, []);
    }, SHARED);

    nodeTest('goes on with texts where its template is none that llama.cpp reads', async ({ service }) => {
        const model = service.addGguf('broken', { 'broken.gguf': ggufBytes({ follow: 'abcdefgh', template: '{% if %}' }) });
        assert.equal(wellDone(await service.run(model, [], complete('abc', { max_tokens: 2 }))).result.text, 'de');
        const chat = { task: 'chat', input: { messages: [{ role: 'user', content: 'abc' }] }, options: { max_tokens: 2 } };
        const { error } = (await service.run(model, [], chat)).data;
        assert.deepEqual([error.code, /template/.test(error.message)], ['model_invalid', true], error.message);
    }, SHARED);

    nodeTest('tells how likely its tokens were', async ({ service }) => {
        const { result } = wellDone(await service.run(abc(service), [], complete('abc', { max_tokens: 2, logprobs: true, top_logprobs: 2 })));
        assert.deepEqual(result.logprobs.map(({ token, top_logprobs: top }) => [token, top.length]), [['d', 2], ['e', 2]]);
        assert.ok(result.logprobs.every(({ logprob, bytes }) => logprob <= 0 && bytes.length === 1));
    }, SHARED);

    nodeTest('writes characters of several tokens whole, and U+FFFD for bytes that are no text', async ({ service }) => {
        const model = service.addGguf('bytes', { 'bytes.gguf': ggufBytes({ embd: 32, layers: 1, highBytes: true }) });
        const attempt = service.request(model, [], streamed('a', { grammar: 'root ::= "é😀!"', max_tokens: 20 }));
        const { result } = wellDone(await service.answer(attempt));
        assert.equal(textOf(service, attempt), 'é😀!');
        assert.deepEqual(partsOf(service, attempt).map(({ text }) => text).filter(Boolean), ['é', '😀', '!']);
        assert.equal(result.usage.completion_tokens, 8);
        const wild = complete('a', { temperature: 2, seed: 1, max_tokens: 30, logit_bias: { 2: -100 } });
        const whole = wellDone(await service.run(model, [], wild)).result;
        assert.deepEqual([whole.usage.completion_tokens, whole.text.includes('\ufffd')], [30, true]);
        const parts = service.request(model, [], { ...wild, stream: true });
        wellDone(await service.answer(parts));
        assert.equal(textOf(service, parts), whole.text);
    }, SHARED);

    nodeTest('goes on where another node has stopped', async ({ service }) => {
        const model = abc(service);
        const from = service.request(model, [], streamed('abc', { max_tokens: 20 }));
        wellDone(await service.answer(from));
        const [text, tokens] = [textOf(service, from).slice(0, 7), tokensOf(service, from).slice(0, 7)];
        const on = service.request(model, [], streamed('abc', { max_tokens: 20 }, { continue: { seq: 7, text, tokens } }));
        const { result } = wellDone(await service.answer(on));
        assert.equal(text + textOf(service, on), after(20));
        assert.equal(partsOf(service, on)[0].seq, 7);
        assert.deepEqual(result.usage.prompt_tokens, 3);
        assert.equal(result.usage.completion_tokens, 20);
        // What is drawn by lot is drawn again.
        const drawn = random(service);
        const options = { temperature: 1, seed: 7, max_tokens: 15, logit_bias: { 2: -100 } };
        const whole = service.request(drawn, [], streamed('hello', options));
        wellDone(await service.answer(whole));
        const all = [textOf(service, whole), tokensOf(service, whole)];
        const head = partsOf(service, whole).slice(0, 5);
        const sent = { text: head.map(({ text: some = '' }) => some).join(''), tokens: head.flatMap(({ tokens: some = [] }) => some) };
        const rest = service.request(drawn, [], streamed('hello', options, { continue: { seq: 5, ...sent } }));
        wellDone(await service.answer(rest));
        assert.deepEqual([sent.text + textOf(service, rest), [...sent.tokens, ...tokensOf(service, rest)]], all);
        const other = await service.run(drawn, [], streamed('hello', options, { continue: { seq: 5, ...sent, text: `${sent.text}?` } }));
        assert.equal(other.data.error.code, 'stream_diverged');
        // What is not is begun with the tokens that were sent, though the model had chosen others.
        const greedy = { ...options, temperature: 0 };
        const next = service.request(drawn, [], streamed('hello', greedy, { continue: { seq: 5, ...sent } }));
        assert.equal(wellDone(await service.answer(next)).result.usage.completion_tokens, 15);
        const more = partsOf(service, next).slice(0, 4);
        const longer = {
            text: sent.text + more.map(({ text: some = '' }) => some).join(''),
            tokens: [...sent.tokens, ...more.flatMap(({ tokens: some = [] }) => some)],
        };
        const last = service.request(drawn, [], streamed('hello', greedy, { continue: { seq: 9, ...longer } }));
        wellDone(await service.answer(last));
        assert.deepEqual([...longer.tokens, ...tokensOf(service, last)], [...sent.tokens, ...tokensOf(service, next)]);
    }, SHARED);

    nodeTest('goes on behind characters of several tokens', async ({ service }) => {
        const model = service.addGguf('wide', { 'wide.gguf': ggufBytes({ follow: 'aé😀b', highBytes: true }) });
        const whole = service.request(model, [], streamed('a', { max_tokens: 18 }));
        const { result: { usage } } = wellDone(await service.answer(whole));
        const made = partsOf(service, whole);
        assert.equal(textOf(service, whole), 'é😀baé😀baé');
        assert.equal(usage.completion_tokens, 18);
        for (const seq of [1, 3, made.length - 1]) {
            const sent = made.slice(0, seq);
            const [text, tokens] = [sent.map(({ text: some = '' }) => some).join(''), sent.flatMap(({ tokens: some = [] }) => some)];
            const rest = service.request(model, [], streamed('a', { max_tokens: 18 }, { continue: { seq, text, tokens } }));
            const { result } = wellDone(await service.answer(rest));
            assert.equal(text + textOf(service, rest), textOf(service, whole));
            assert.deepEqual([...tokens, ...tokensOf(service, rest)], tokensOf(service, whole));
            assert.deepEqual([result.usage.prompt_tokens, result.usage.completion_tokens], [usage.prompt_tokens, 18]);
        }
    }, SHARED);

    nodeTest('goes on with several answers where another node has stopped', async ({ service }) => {
        const drawn = random(service);
        const options = { temperature: 1, seed: 7, max_tokens: 8, n: 3, logit_bias: { 2: -100 } };
        const told = (parts) => [0, 1, 2].map((index) => {
            const own = parts.filter((part) => part.index === index);
            return { text: own.map(({ text = '' }) => text).join(''), tokens: own.flatMap(({ tokens = [] }) => tokens),
                ends: own.filter(({ result }) => result?.finish_reason).length };
        });
        const whole = service.request(drawn, [], streamed('hello', options));
        const { result: { usage } } = wellDone(await service.answer(whole));
        const made = partsOf(service, whole);
        const all = told(made);
        assert.deepEqual(all.map(({ ends }) => ends), [1, 1, 1]);
        assert.notDeepEqual(all[0], all[1]);
        // After some parts; and before the end, when some answers have ended.
        for (const seq of [4, made.length - 1]) {
            const sent = told(made.slice(0, seq));
            const rest = service.request(drawn, [], streamed('hello', options, { continue: {
                seq, text: sent.map(({ text }) => text).join(''), tokens: sent.flatMap(({ tokens }) => tokens),
                answers: sent.map(({ text, tokens, ends }) =>
                    ({ text_bytes: Buffer.byteLength(text), tokens: tokens.length, ...ends && { ended: true, finish_reason: 'length' } })),
            } }));
            const { result } = wellDone(await service.answer(rest));
            const more = told(partsOf(service, rest));
            assert.deepEqual(sent.map(({ text, tokens, ends }, index) =>
                ({ text: text + more[index].text, tokens: [...tokens, ...more[index].tokens], ends: ends + more[index].ends })), all);
            assert.equal(partsOf(service, rest)[0].seq, seq);
            assert.deepEqual([result.usage.prompt_tokens, result.usage.completion_tokens], [usage.prompt_tokens, usage.completion_tokens]);
            assert.deepEqual(result.choices.map(({ index, finish_reason: why }) => [index, why]), [0, 1, 2].map((index) => [index, 'length']));
        }
        // Of what its client has all of, nothing is made again, nor compared.
        const ended = { text_bytes: 2, tokens: 1, ended: true, finish_reason: 'tool_calls' };
        const rest = service.request(drawn, [], streamed('hello', { ...options, n: 2 }, { continue: { seq: 3, text: '?!?!', tokens: [5, 6], answers: [ended, ended] } }));
        const { parts, result } = wellDone(await service.answer(rest));
        assert.deepEqual([parts, result.usage.completion_tokens, result.usage.prompt_tokens], [3, 2, usage.prompt_tokens]);
        assert.deepEqual(result.choices, [0, 1].map((index) => ({ index, finish_reason: 'tool_calls' })));
        const other = await service.run(drawn, [], streamed('hello', options, { continue: { seq: 3, text: '?!', tokens: [],
            answers: [{ text_bytes: 0, tokens: 0 }, { text_bytes: 2, tokens: 0 }] } }));
        assert.equal(other.data.error.code, 'stream_diverged');
    }, SHARED);

    nodeTest('tells the tokens of a text', async ({ service }) => {
        const model = abc(service);
        const tokenize = async (input) => wellDone(await service.run(model, [], { task: 'tokenize', input })).result.tokens;
        const { tokens, usage } = wellDone(await service.run(model, [], complete('abcdefgh', { max_tokens: 1 }))).result;
        assert.deepEqual(await tokenize({ text: 'a' }), tokens);
        assert.equal((await tokenize({ text: 'abcdefgh', add_special: true })).length, usage.prompt_tokens);
        const [a, end, b] = await tokenize({ text: 'a<|im_end|>b' });
        assert.deepEqual([[a], [b]], [await tokenize({ text: 'a' }), await tokenize({ text: 'b' })]);
        assert.deepEqual(await tokenize({ text: '<|im_end|>' }), [end]);
    }, SHARED);

    nodeTest('computes one alone, and tells how much of it is in use', async ({ service }) => {
        const model = abc(service);
        const seen = (busy) => service.seen('model_status', ({ data }) => data.models.some(({ slots }) => slots?.busy === busy));
        const first = service.request(model, [], complete('abc', { max_tokens: 1900 }));
        await seen(1);
        const alone = service.request(model, [], complete('abc', { max_tokens: 2 }, { alone: true }));
        wellDone(await service.answer(alone));
        assert.ok(service.answers.has(first), 'the other one is done');
        const { slots } = (await seen(0)).data.models[0];
        const { cached_tokens: tokens, ...rest } = slots;
        assert.deepEqual(rest, { count: 4, busy: 0, context: 2048 });
        assert.ok(tokens >= 4, `${tokens} tokens`);
    });

    nodeTest('is loaded as the service says, warmed up, and unloaded when nobody asks for it', async ({ service }) => {
        const model = abc(service);
        service.send('model_load', { model, platforms: ['wasm'] });
        const of = (wanted) => service.seen('model_status', ({ data }) => data.models.some(wanted));
        const { data } = await of(({ slots }) => slots?.busy === 0);
        const { cached_tokens: tokens, ...slots } = data.models[0].slots;
        assert.deepEqual(slots, { count: 2, busy: 0, context: 256 });
        assert.ok(tokens > 8, `${tokens} tokens, computed for nobody`);
        const { speed } = (await of(({ speed: told }) => told)).data.models[0];
        assert.ok(speed.prompt_ms > 0 && speed.token_ms > 0, JSON.stringify(speed));
        await of(({ state }) => state === 'evicted');
        assert.equal(wellDone(await service.run(model, [], complete('abc', { max_tokens: 2 }))).performance.warm, false);
    }, { welcome: { language_models: { context: 256, slots: 2, warmup: true, idle_unload_ms: 8000 } } });

    nodeTest('computes on several threads', async ({ service, problems }) => {
        const model = random(service);
        const options = { max_tokens: 12, logit_bias: { 2: -100 } };
        const { result, executed_on: where } = wellDone(await service.run(model, [], complete('hello', options)));
        assert.equal(where.threads, 2);
        assert.equal(result.tokens.length, 12);
        const more = await Promise.all([1, 2].map(() => service.run(model, [], complete('hello', options))));
        for (const one of more) assert.equal(wellDone(one).result.tokens.length, 12);
        assert.deepEqual(problems, []);
    }, { welcome: { language_models: { threads: 2 } } });

    nodeTest('uses no prompt of another owner', async ({ service }) => {
        const model = abc(service);
        const prompt = 'abcdefgh'.repeat(30);
        const cached = async (owner) => wellDone(await service.run(model, [], complete(prompt, { max_tokens: 1 }, { owner }))).result.usage.cached_tokens;
        assert.equal(await cached('ann'), 0);
        assert.ok(await cached('ann') > 100);
        assert.equal(await cached('bob'), 0);
        const alone = wellDone(await service.run(model, [], complete(prompt, { max_tokens: 1, deterministic: true }, { owner: 'bob' })));
        assert.equal(alone.result.usage.cached_tokens, 0);
    });

    nodeTest('reads a model in parts', async ({ service }) => {
        const broken = service.addGguf('broken', { 'a.gguf': ABC.subarray(0, 5000) });
        assert.equal((await service.run(broken, [], complete('a'))).data.error.code, 'model_invalid');
        const strange = service.addGguf('strange', { 'a.gguf': ggufBytes({ arch: 'quetzal' }) });
        const { error } = (await service.run(strange, [], complete('a'))).data;
        assert.equal(error.code, 'model_invalid');
        assert.match(error.message, /architecture.*quetzal/);
        const nothing = service.addGguf('nothing', { 'a.txt': Buffer.from('x') });
        assert.equal((await service.run(nothing, [], complete('a'))).data.error.code, 'model_invalid');
        assert.equal(wellDone(await service.run(abc(service), [], complete('abc', { max_tokens: 2 }))).result.text, 'de');
    }, SHARED);

    nodeTest('is unloaded with its worker', async ({ service }) => {
        const model = abc(service);
        const attempt = service.request(model, [], complete('abc', { max_tokens: 100 }));
        wellDone(await service.answer(attempt));
        service.send('model_unload', { name: 'abc' });
        await service.seen('model_status', ({ data }) => data.models.every(({ name }) => name !== 'abc'));
        const again = wellDone(await service.run(model, [], complete('abc', { max_tokens: 2 })));
        assert.equal(again.performance.warm, false);
    });
});

describe('a language model that makes vectors', () => {
    nodeTest('embeds texts', async ({ service }) => {
        const model = service.addGguf('bert', { 'bert.gguf': ggufBytes({ arch: 'bert' }) });
        const embed = async (texts, options = {}) => {
            const { data, bytes: [bytes] } = await service.run(model, [], { task: 'embed', input: { texts }, options });
            wellDone({ data });
            const [{ name, datatype, shape }] = data.tensors;
            assert.deepEqual([name, datatype], ['embeddings', 'FP32']);
            assert.ok(data.result.usage.prompt_tokens > 0);
            const values = [...new Float32Array(bytes.slice().buffer)];
            return Array.from({ length: shape[0] }, (_, row) => values.slice(row * shape[1], (row + 1) * shape[1]));
        };
        const [one, other, same] = await embed(['the dog', 'a house of stone', 'the dog']);
        assert.equal(one.length, 64);
        assert.ok(Math.hypot(...one.map((value, at) => value - same[at])) < 1e-5);
        assert.notDeepEqual(one, other);
        assert.ok(Math.abs(Math.hypot(...one) - 1) < 1e-5);
        const [short] = await embed(['the dog'], { dimensions: 8 });
        assert.equal(short.length, 8);
        assert.ok(Math.abs(Math.hypot(...short) - 1) < 1e-5);
        for (const more of [complete('a'), { task: 'rerank', input: { query: 'a', documents: ['b'] }, options: {} }]) {
            const { error } = (await service.run(model, [], more)).data;
            assert.deepEqual([error?.code, error?.field], ['input_invalid', 'inputs']);
        }
    }, SHARED);

    nodeTest('ranks documents', async ({ service }) => {
        const model = service.addGguf('rank', { 'rank.gguf': ggufBytes({ arch: 'bert', pooling: 'rank' }) });
        const { result } = wellDone(await service.run(model, [],
            { task: 'rerank', input: { query: 'the dog', documents: ['a dog', 'a house'] }, options: {} }));
        assert.equal(result.scores.length, 2);
        assert.ok(result.scores.every(Number.isFinite));
    }, SHARED);
});

describe('a grammar that can be read in too many ways', () => {
    const BOMB = 'root ::= (a|a)(a|a)(a|a)\na ::= b b b b b b b b\nb ::= c c c c c c c c\nc ::= [a-z]{0,50} [a-z]{0,50} [a-z]{0,50}';
    const MILDER = BOMB.replace('(a|a)', '');
    const failed = ({ data: { ok, error, retryable } }) => [ok, error?.code, retryable];
    const costly = [false, 'grammar_too_costly', false];

    nodeTest('fails by name before anything is computed, and others have their answers', async ({ service }) => {
        const model = random(service);
        await service.run(model, [], complete('a', { max_tokens: 1 }));
        const plain = service.request(model, [], streamed('a', { max_tokens: 30, logit_bias: { 2: -100 } }));
        const bombs = [BOMB, MILDER].map((grammar) => service.request(model, [], complete('a', { grammar, max_tokens: 10 })));
        for (const bomb of bombs) assert.deepEqual(failed(await service.answer(bomb)), costly);
        assert.equal(wellDone(await service.answer(plain)).performance.warm, true);
        const pattern = complete('a', { json_schema: { type: 'string', pattern: '([a-z]|[a-y]|[a-x]|[a-w]|[a-v]|[a-u]|[a-t]|[a-s])*' } });
        const { data } = await service.run(model, [], pattern);
        assert.deepEqual([failed({ data }), data.error.field], [costly, 'options.json_schema']);
    }, SHARED);

    /** As if it were not seen before. */
    const untried = (name, content) => {
        if (!name.startsWith('engine-llama')) return content;
        const tried = content.toString().split('TRIALS=1e5');
        assert.equal(tried.length, 2, 'the trial of grammars reads otherwise');
        return tried.join('TRIALS=0');
    };

    nodeTest('loses the worker that it keeps, and others go on in the next one', async ({ service }) => {
        const model = random(service);
        await service.run(model, [], complete('a', { max_tokens: 1 }));
        const bomb = service.request(model, [], complete('a', { grammar: BOMB, max_tokens: 100 }));
        const began = performance.now();
        const plain = service.request(model, [], complete('a', { max_tokens: 5, logit_bias: { 2: -100 } }));
        assert.deepEqual(failed(await service.answer(bomb)), costly);
        assert.equal(wellDone(await service.answer(plain)).performance.warm, false);
        // Ten seconds are promised; a machine that runs other tests beside takes longer.
        assert.ok(performance.now() - began < 25_000, `${performance.now() - began} ms`);
    }, { alter: untried });
});

describe('an engine that ends', () => {
    /** llama.cpp has a test of its own: it ends itself at its first answer. */
    const alter = (name, content) => (name.startsWith('engine-llama')
        ? content.toString().replace('pooling:isEmbedder?null:"last"', 'pooling:"test_stack_trace_abort"') : content);

    nodeTest('fails all that it was working on, to be tried again', async ({ service }) => {
        const model = abc(service);
        const attempts = [1, 2, 3].map(() => service.request(model, [], streamed('abc', { max_tokens: 5 })));
        for (const attempt of attempts) {
            const { ok, error, retryable } = (await service.answer(attempt)).data;
            assert.deepEqual([ok, error?.code, retryable], [false, 'engine_crashed', true], JSON.stringify(error));
        }
    }, { alter });
});
