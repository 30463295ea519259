// tier: quick, sanitized
/**
 * Answers in the forms of other APIs, recorded from simulated nodes: the types of the official clients (npm openai,
 * @anthropic-ai/sdk and ollama, as tests/package.json has them) hold for each, and Vercel's `ai` parses them.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { embedMany, generateText, jsonSchema, streamText, tool } from 'ai';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putFamilies } from '../lib/families.mjs';
import { Forms } from '../lib/forms.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { hear, tones } from '../lib/sound-form.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const model = 'me/talker@simulated', embedder = 'vectors@simulated';

before(async () => {
    daemon = new Daemon({ config: { pool: { min_connections: 0, max_retries: 0 }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'me/talker', { arch: 'llama' });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    putFamilies(daemon.store, ['whisper', 'vit']);
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

const forms = new Forms();
const user = (content) => [{ role: 'user', content }];
const weather = { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } };
const tools = [{ type: 'function', function: weather }];

async function answer(where, body, status = 200) {
    const given = body ? await daemon.post(where, body) : await daemon.get(where);
    assert.equal(given.status, status, given.text);
    return given.json;
}

/** What stands in the events of a stream. */
async function events(where, body) {
    const { text } = await daemon.post(where, { ...body, stream: true });
    return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data));
}

async function lines(where, body) {
    const { text } = await daemon.post(where, { ...body, stream: true });
    return text.trim().split('\n').map((line) => JSON.parse(line));
}

test('what OpenAI has', async () => {
    const chat = '/v1/chat/completions', ours = ['timings', 'reasoning_content', 'token.id'];
    const thinking = { chat_template_kwargs: { enable_thinking: true } };
    for (const more of [{}, { tools }, thinking, { n: 2, max_tokens: 1 }, { logprobs: true, top_logprobs: 2 }]) {
        const asked = { model, messages: user('one two'), ...more };
        forms.record('OpenAI.ChatCompletion', await answer(chat, asked), ours);
        const chunks = await events(chat, { ...asked, stream_options: { include_usage: true } });
        assert.ok(chunks.length > 2);
        for (const chunk of chunks) forms.record('OpenAI.ChatCompletionChunk', chunk, ours);
    }
    for (const more of [{}, { logprobs: 2 }, { n: 2, max_tokens: 1 }]) {
        const asked = { model, prompt: 'go on', ...more };
        forms.record('OpenAI.Completion', await answer('/v1/completions', asked), ours);
        for (const chunk of await events('/v1/completions', asked)) forms.record('CompletionChunk', chunk, ours);
    }
    forms.record('OpenAI.CreateEmbeddingResponse', await answer('/v1/embeddings', { model: embedder, input: ['x', 'y'] }));
    const { object, data } = await answer('/v1/models');
    assert.equal(object, 'list');
    for (const one of data) forms.record('OpenAI.Model', one, ['type']);
    for (const [where, body, status] of [[chat, { model, messages: [], warmth: 1 }, 400], [chat, { model: 'nobody', messages: user('x') }, 404], ['/v1/models/nobody', null, 404]])
        forms.record('OpenAI.ErrorObject', (await answer(where, body, status)).error);
    for (const format of ['json', 'verbose_json']) {
        for (const where of ['transcriptions', 'translations']) {
            const kind = `OpenAI.Audio.${where === 'translations' ? 'Translation' : 'Transcription'}${format === 'json' ? '' : 'Verbose'}`;
            forms.record(kind, await hear(daemon, where, { model: 'whisper@simulated', response_format: format }),
                ['task', ...where === 'translations' ? ['usage'] : []]);
        }
    }
});

test('what Anthropic has', async () => {
    const asked = { model, max_tokens: 100, messages: user('one two') };
    const named = [{ name: 'get_weather', input_schema: weather.parameters }];
    for (const more of [{}, { max_tokens: 1 }, { tools: named }, { thinking: { type: 'enabled', budget_tokens: 1024 } }]) {
        forms.record('Anthropic.Message', await answer('/v1/messages', { ...asked, ...more }));
        const told = await events('/v1/messages', { ...asked, ...more });
        assert.equal(told.at(-1).type, 'message_stop');
        for (const event of told.filter(({ type }) => type !== 'ping')) forms.record('Anthropic.RawMessageStreamEvent', event);
    }
    const { messages } = asked;
    forms.record('Anthropic.MessageTokensCount', await answer('/v1/messages/count_tokens', { model, messages }));
    for (const [body, status] of [[{ ...asked, model: 'nobody' }, 404], [{ ...asked, warmth: 1 }, 400]])
        forms.record('Anthropic.ErrorResponse', await answer('/v1/messages', body, status));
});

test('what Ollama has', async () => {
    // Ollama's server has these, too, but for the ids of tokens.
    const ours = ['token.id', 'token.bytes', 'function.id', 'name.index'];
    for (const more of [{}, { tools }, { think: true }, { logprobs: true }]) {
        const asked = { model, messages: user('one two'), ...more };
        forms.record('Ollama.ChatResponse', await answer('/api/chat', { ...asked, stream: false }), ours);
        for (const line of await lines('/api/chat', asked))
            forms.record(line.done ? 'Ollama.ChatResponse' : "Begun<Ollama.ChatResponse, 'model' | 'created_at' | 'message' | 'done'>", line, ours);
    }
    for (const more of [{}, { think: true }, { logprobs: true }]) {
        const asked = { model, prompt: 'go on', ...more };
        forms.record('Generated', await answer('/api/generate', { ...asked, stream: false }), ours);
        for (const line of await lines('/api/generate', asked))
            forms.record(line.done ? 'Generated' : "Begun<Generated, 'model' | 'created_at' | 'response' | 'done'>", line, ours);
    }
    forms.record('Ollama.EmbedResponse', await answer('/api/embed', { model: embedder, input: 'x' }));
    forms.record('Ollama.EmbeddingsResponse', await answer('/api/embeddings', { model: embedder, prompt: 'x' }));
    forms.record('Listed', await answer('/api/tags'));
    const loaded = await answer('/api/ps');
    assert.ok(loaded.models.length > 0);
    forms.record('Loaded', loaded, ['context_length']);
    forms.record('Ollama.ShowResponse', await answer('/api/show', { model: 'me/talker' }));
    forms.record('Ollama.VersionResponse', await answer('/api/version'), ['webinfer']);
});

test('the compiler finds the official types in all of them', () => {
    assert.ok(forms.count > 100, String(forms.count));
    assert.deepEqual(forms.problems(), []);
});

test('pictures and sounds are taken as data URIs of any kind, and as base64 in lines', async () => {
    const digit = fs.readFileSync(path.join(ownModels, 'digits/samples/5.png'));
    const lined = (bytes) => bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
    const safe = (bytes) => bytes.toString('base64url');
    const written = (bytes, type) => ['', 'data:;base64,', `data:${type};base64,`, `data:${type};charset=utf-8;base64,`, `data:${type};name=a%20b.x;base64,`,
        'data:text/plain;BASE64,'].flatMap((head) => [lined, safe].map((write) => head + write(bytes)));
    for (const image of written(digit, 'image/jpg')) {
        const asked = { model_name: 'vit', platform: 'simulated', inputs: { image } };
        assert.equal((await daemon.infer(asked)).status, 200, image.slice(0, 60));
        const kserve = await daemon.post('/v2/models/vit/infer', { parameters: { platform: 'simulated' },
            inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], data: [image] }] });
        assert.equal(kserve.status, 200, `${image.slice(0, 60)} ${kserve.text}`);
    }
    for (const audio of written(Buffer.from(tones), 'audio/wave'))
        assert.equal((await daemon.infer({ model_name: 'whisper', platform: 'simulated', inputs: { audio } })).status, 200, audio.slice(0, 60));
    for (const [image, message] of [['data:image/png,x', /not in base64/], ['data:image/png;base64,%%', /not base64/], [digit.toString('base64').slice(1, 6), /cut short/],
        [`data:image/png;base64,${Buffer.from('GIF89a').toString('base64')}`, /not a PNG, JPEG or WebP/]]) {
        const { status, json } = await daemon.infer({ model_name: 'vit', platform: 'simulated', inputs: { image } });
        assert.deepEqual([status, json.code, json.field], [422, 'picture_invalid', 'inputs.image'], json.detail);
        assert.match(json.detail, message);
        assert.match(json.expected, /PNG, JPEG or WebP in base64/);
    }
});

test("Vercel's client parses answers, streams and vectors", async () => {
    const openai = createOpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'any key' });
    const talker = openai.chat(model), prompt = 'one two three';
    const whole = await generateText({ model: talker, prompt, maxRetries: 0 });
    assert.deepEqual([whole.text, whole.finishReason, whole.usage.outputTokens], [prompt, 'stop', 3]);
    const stream = streamText({ model: talker, prompt, maxRetries: 0, onError: ({ error }) => { throw error; } });
    assert.equal(await stream.text, prompt);
    assert.equal(await stream.finishReason, 'stop');
    const called = await generateText({ model: talker, prompt, maxRetries: 0, tools: { get_weather: tool({ inputSchema: jsonSchema(weather.parameters) }) } });
    assert.deepEqual(called.toolCalls.map(({ toolName, input }) => [toolName, input]), [['get_weather', {}]]);
    const old = await generateText({ model: openai.completion(model), prompt, maxRetries: 0 });
    assert.match(old.text, new RegExp(prompt)); // it writes the conversation as one text
    const { embeddings } = await embedMany({ model: openai.embedding(embedder), values: ['x', 'y'], maxRetries: 0 });
    assert.equal(embeddings.length, 2);
    const missed = await generateText({ model: openai.chat('nobody'), prompt, maxRetries: 0 }).catch((error) => error);
    assert.deepEqual([missed.statusCode, missed.data.error.code], [404, 'model_not_found']);
});
