// tier: full
/**
 * As forms.test.mjs, of small real models: what a node of ours reports, in the types of the official clients, and
 * transcriptions with times as Vercel's `ai` parses them.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { experimental_transcribe as transcribe } from 'ai';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { putFamilies } from '../lib/families.mjs';
import { Forms } from '../lib/forms.mjs';
import { hear, tones } from '../lib/sound-form.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
const OURS = ['timings', 'reasoning_content', 'token.id'];

before(async () => {
    daemon = new Daemon({ models: ['finch', 'nest'] });
    putFamilies(daemon.store, ['whisper', 'wav2vec2']);
    await daemon.start();
});
after(() => daemon.stop());

const ask = async (where, body) => {
    const { status, json, text } = await daemon.post(where, body);
    assert.equal(status, 200, text);
    return json;
};
const chunksOf = (text) => [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data));

test('chat, completions, vectors and messages of real models', async () => {
    const forms = new Forms();
    const asked = { model: 'finch', messages: [{ role: 'user', content: 'What is 17 + 25?' }], max_tokens: 12, temperature: 0 };
    for (const more of [{}, { logprobs: true, top_logprobs: 2 }, { n: 2 }]) {
        forms.record('OpenAI.ChatCompletion', await ask('/v1/chat/completions', { ...asked, ...more }), OURS);
        const { text } = await daemon.post('/v1/chat/completions', { ...asked, ...more, stream: true });
        for (const chunk of chunksOf(text)) forms.record('OpenAI.ChatCompletionChunk', chunk, OURS);
    }
    forms.record('OpenAI.Completion', await ask('/v1/completions', { model: 'finch', prompt: '1 +', max_tokens: 4, logprobs: 2 }), OURS);
    forms.record('OpenAI.CreateEmbeddingResponse', await ask('/v1/embeddings', { model: 'nest', input: ['a', 'b'] }));
    forms.record('Anthropic.Message', await ask('/v1/messages', asked));
    const { text } = await daemon.post('/v1/messages', { ...asked, stream: true });
    for (const event of chunksOf(text).filter(({ type }) => type !== 'ping')) forms.record('Anthropic.RawMessageStreamEvent', event);
    forms.record('Anthropic.MessageTokensCount', await ask('/v1/messages/count_tokens', { model: 'finch', messages: asked.messages }));
    forms.record('Ollama.ChatResponse', await ask('/api/chat', { model: 'finch', messages: asked.messages, stream: false }));
    forms.record('Ollama.EmbedResponse', await ask('/api/embed', { model: 'nest', input: 'a' }));
    assert.deepEqual(forms.problems(), []);
});

test('transcriptions with times of segments and of words', async () => {
    const forms = new Forms();
    for (const model of ['whisper@wasm', 'wav2vec2@wasm']) {
        for (const times of [[], ['segment'], ['word'], ['segment', 'word']]) {
            const heard = await hear(daemon, 'transcriptions', { model, response_format: 'verbose_json', 'timestamp_granularities[]': times });
            forms.record('OpenAI.Audio.TranscriptionVerbose', heard, ['task']);
            assert.equal(heard.language, model.startsWith('wav2vec2') ? 'und' : heard.language);
            assert.deepEqual([Boolean(heard.segments), Boolean(heard.words)], [times.join() !== 'word', times.includes('word')]);
            for (const { id, tokens, avg_logprob: mean, compression_ratio: ratio } of heard.segments ?? [])
                assert.ok(id >= 0 && tokens.length > 0 && mean < 0 && ratio > 0);
        }
    }
    const translated = await hear(daemon, 'translations', { model: 'whisper@wasm', response_format: 'verbose_json' });
    forms.record('OpenAI.Audio.TranslationVerbose', translated, ['task', 'usage']);
    assert.equal(translated.language, 'english');
    assert.deepEqual(forms.problems(), []);
});

test("Vercel's client parses a transcription with times", async () => {
    const openai = createOpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'any key' });
    for (const name of ['whisper@wasm', 'wav2vec2@wasm']) {
        for (const timestampGranularities of [['segment'], ['word'], ['segment', 'word']]) {
            const { text, segments, durationInSeconds } = await transcribe({ model: openai.transcription(name),
                audio: tones, maxRetries: 0, providerOptions: { openai: { timestampGranularities } } });
            assert.ok(text.length > 0 && segments.length > 0, name);
            assert.equal(durationInSeconds, 2.5);
            assert.ok(segments.every(({ startSecond, endSecond }) => startSecond <= endSecond));
        }
    }
});
