// tier: quick, sanitized
/**
 * Ollama's own client against the daemon, whose nodes are simulated: they say the last message again.
 * What it makes of lists, answers, streams and errors; and the lines themselves, as others read them.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Ollama } from 'ollama';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { headEnded, raw } from '../lib/http.mjs';
import { startHub } from '../lib/hub.mjs';
import { png } from '../lib/picture.mjs';
import { ownModels } from '../lib/paths.mjs';
import { assertStopped, words } from '../lib/patient-client.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { writeTokens } from '../lib/tokens.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {Awaited<ReturnType<typeof startHub>>} */
let hub;
/** @type {Ollama} */
let client;
const test = testsOf(() => daemon);
const model = 'me/talker@simulated', embedder = 'vectors:latest@simulated';
const finch = (name) => fs.readFileSync(path.join(ownModels, 'finch', name));

before(async () => {
    hub = await startHub();
    hub.push('birds/finch', { 'finch-Q8_0.gguf': finch('finch-Q8_0.gguf') });
    daemon = new Daemon({ models: ['twice'], config: {
        aliases: { parrot: 'me/talker' },
        models: { hub: 'local' }, 'hub.local': { url: hub.url },
        pool: { min_connections: 0, max_retries: 0 }, 'browser.chrome': { max_connections: 0 } } });
    putGguf(daemon.store, 'me/talker', { arch: 'llama' });
    putGguf(daemon.store, 'vectors', { arch: 'bert' });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 2 }).up();
    client = new Ollama({ host: daemon.url });
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
    await hub?.close();
});

const user = (content, more = {}) => [{ role: 'user', content, ...more }];
const weather = { type: 'function', function: { name: 'get_weather', description: 'It tells it.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } } } };

async function all(stream) {
    const lines = [];
    for await (const line of stream) lines.push(line);
    return lines;
}

/** What Ollama answers at an end: durations in nanoseconds, and tokens. */
function checkEnd(end, { reason = 'stop', read, made }) {
    assert.deepEqual([end.done, end.done_reason, end.prompt_eval_count, end.eval_count],
        [true, reason, read, made]);
    for (const name of ['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration'])
        assert.ok(Number.isInteger(end[name]) && end[name] >= 0, `${name} ${end[name]}`);
    assert.ok(end.total_duration > 1e4, 'in nanoseconds');
    assert.ok(Math.abs(Date.parse(end.created_at) - Date.now()) < 600_000);
}

test('a conversation, whole and in lines', async () => {
    const whole = await client.chat({ model, messages: user('one two three'), keep_alive: '5m',
        options: { temperature: 0, seed: -1, num_ctx: 2048, num_predict: -1, num_gpu: 1 } });
    assert.deepEqual([whole.model, whole.message], ['me/talker',
        { role: 'assistant', content: 'one two three' }]);
    checkEnd(whole, { read: 3, made: 3 });
    assert.equal(whole.prompt_eval_duration, 3e6, 'as the node told it, in nanoseconds');

    const lines = await all(await client.chat({ model, stream: true, messages: user('one two three'),
        options: { num_predict: 2, stop: ['never'] } }));
    assert.deepEqual(lines.map(({ message: { content }, done }) => [content, done]),
        [['one', false], [' two', false], ['', true]]);
    assert.ok(lines.every((line) => line.model === 'me/talker' && line.message.role === 'assistant'));
    checkEnd(lines.at(-1), { reason: 'length', read: 3, made: 2 });
});

test('a stream is the default, as lines of JSON without anything between', async () => {
    const { status, text, headers } = await daemon.post('/api/chat', { model, messages: user('a b') });
    assert.deepEqual([status, headers['content-type']], [200, 'application/x-ndjson']);
    const lines = text.split('\n');
    assert.equal(lines.pop(), '', 'the last line has its end');
    const read = lines.map((line) => JSON.parse(line));
    for (const line of read) {
        assert.match(line.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        delete line.created_at;
    }
    const end = read.pop();
    assert.deepEqual(read, ['a', ' b'].map((content) =>
        ({ model: 'me/talker', done: false, message: { role: 'assistant', content } })));
    assert.deepEqual(Object.keys(end).sort(), ['done', 'done_reason', 'eval_count', 'eval_duration',
        'load_duration', 'message', 'model', 'prompt_eval_count', 'prompt_eval_duration',
        'total_duration']);
    const told = await daemon.post('/api/generate', { model: 'parrot:latest@simulated', prompt: 'a b' },
        { headers: { Accept: 'application/x-ndjson' } });
    assert.deepEqual(told.text.trim().split('\n').map((line) => JSON.parse(line).response), ['a', ' b', '']);
});

test('thoughts, tools, forms and logprobs go both ways', async () => {
    for (const think of [true, 'high']) {
        const thought = await client.chat({ model, messages: user('x'), think });
        assert.deepEqual(thought.message,
            { role: 'assistant', content: 'x', thinking: 'It is to be said again.' });
    }
    const thoughts = await all(await client.generate({ model, prompt: 'x', think: true, stream: true }));
    assert.deepEqual([thoughts[0].thinking, thoughts[1].response], ['It is to be said again.', 'x']);

    const asked = { model, messages: user('what is the weather'), tools: [weather] };
    const calls = [{ id: 'call_simulated', function: { index: 0, name: 'get_weather', arguments: {} } }];
    const called = await client.chat(asked);
    assert.deepEqual([called.message.content, called.message.tool_calls, called.done_reason],
        ['', calls, 'stop']);
    const streamed = await all(await client.chat({ ...asked, stream: true }));
    assert.deepEqual(streamed.map(({ message: { tool_calls: told }, done }) => [told, done]),
        [[calls, false], [undefined, true]]);
    const answered = await client.chat({ ...asked, messages: [...asked.messages, called.message,
        { role: 'tool', tool_name: 'get_weather', content: 'rain' }] });
    assert.equal(answered.message.content, 'rain');

    for (const format of ['json', { type: 'object', properties: { a: { type: 'integer' } } }])
        assert.equal((await client.chat({ model, messages: user('{}'), format })).message.content, '{}');
    const rated = await client.chat({ model, messages: user('a b'), logprobs: true, top_logprobs: 1 });
    assert.deepEqual(rated.logprobs.map(({ token, logprob }) => [token, logprob]), [['a', -0.5], [' b', -0.5]]);
});

test('prompts, with what the system says or raw, and nothing at all', async () => {
    const whole = await client.generate({ model, prompt: 'go on', system: 'be brief', suffix: '', context: [] });
    assert.equal(whole.response, 'go on');
    checkEnd(whole, { read: 4, made: 2 });
    const cut = await client.generate({ model, prompt: 'go on', raw: true, options: { num_predict: 1 } });
    assert.equal(cut.response, 'go');
    checkEnd(cut, { reason: 'length', read: 2, made: 1 });
    for (const stream of [false, true]) {
        const { json, headers } = await daemon.post('/api/generate', { model, stream });
        assert.match(headers['content-type'], /^application\/json/);
        assert.deepEqual([json.response, json.done, json.done_reason], ['', true, 'load']);
        assert.ok(json.load_duration >= 0);
    }
    const loaded = await client.chat({ model, messages: [] });
    assert.deepEqual([loaded.message, loaded.done_reason], [{ role: 'assistant', content: '' }, 'load']);
});

test('vectors of one text and of several', async () => {
    const { embeddings, ...rest } = await client.embed({ model: embedder, input: ['x', 'y'], dimensions: 6 });
    assert.deepEqual(embeddings.map((row) => row.length), [6, 6]);
    assert.equal(rest.model, 'vectors');
    assert.ok(rest.total_duration > 0 && rest.prompt_eval_count >= 2);
    const one = await client.embed({ model: embedder, input: 'x', truncate: true, dimensions: 6,
        options: { num_ctx: 512, temperature: 0.5 } });
    assert.deepEqual(one.embeddings, [embeddings[0]]);
    const native = await daemon.answer({ model_name: 'vectors', platform: 'simulated', inputs: ['x'],
        options: { normalize: true } });
    const whole = await client.embed({ model: embedder, input: 'x' });
    assert.deepEqual(whole.embeddings[0], native.outputs[0].data);
    const old = await client.embeddings({ model: embedder, prompt: 'x' });
    assert.equal(old.embedding.length, whole.embeddings[0].length);
});

test('models are listed, shown and found', async () => {
    assert.equal((await client.show({ model: 'me/talker' })).details.family, 'llama'); // has it read
    const { models } = await client.list();
    const names = models.map(({ name }) => name);
    assert.deepEqual(names.filter((name) => /talker|parrot|vectors/.test(name)).sort(),
        ['me/talker:latest', 'parrot:latest', 'vectors:latest']);
    assert.ok(!names.some((name) => /twice|builtin/.test(name)), 'they take tensors');
    const talker = models.find(({ name }) => name === 'me/talker:latest');
    assert.equal(talker.model, talker.name);
    assert.ok(talker.size > 1000 && Date.parse(talker.modified_at) > 1e12);
    assert.match(talker.digest, /^[0-9a-f]{64}$/);
    assert.deepEqual([talker.details.format, talker.details.families], ['gguf', ['llama']]);

    const shown = await client.show({ model: 'me/talker:latest' });
    assert.deepEqual(shown.capabilities, ['completion', 'tools']);
    assert.equal(shown.model_info['general.architecture'], 'llama');
    assert.ok(shown.model_info['llama.context_length'] > 0);
    assert.deepEqual((await client.show({ model: 'vectors' })).capabilities, ['embedding']);
    await assert.rejects(client.show({ model: 'twice' }), { status_code: 404 });
    const loaded = (await client.ps()).models.find(({ name }) => name === 'me/talker:latest');
    assert.deepEqual([loaded.digest, loaded.details], [talker.digest, talker.details]);
    assert.ok(Date.parse(loaded.expires_at) > Date.now());
});

test('the probes of clients', async () => {
    const { version } = await client.version();
    assert.match(version, /^0\.\d+\.\d+$/);
    const ask = (method, where) => raw(daemon.url,
        `${method} ${where} HTTP/1.1\r\nHost: ${new URL(daemon.url).host}\r\nConnection: close\r\n\r\n`,
        { enough: headEnded });
    for (const where of ['/', '/api/version', '/api/tags'])
        assert.match(await ask('HEAD', where), /^HTTP\/1\.1 200 /);
    assert.match(await ask('GET', '/'), /^HTTP\/1\.1 200 [^]*POST/);
    const old = await daemon.post('/api/show', { name: 'me/talker', verbose: true });
    assert.equal(old.json.details.format, 'gguf');
    const curl = await daemon.post('/api/generate', JSON.stringify({ model, prompt: 'x', stream: false }),
        { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
    assert.equal(curl.json.response, 'x');
});

test('errors are one text, which names what is at fault', async () => {
    const refused = (asked, status, pattern) => assert.rejects(asked, (error) => {
        assert.equal(error.status_code, status, String(error));
        assert.match(error.message, pattern);
        return true;
    });
    const chat = (request) => client.chat({ model, messages: user('x'), ...request });
    await refused(chat({ model: 'nobody@simulated' }), 404, /there is no model nobody/);
    await refused(chat({ warmth: 1 }), 400, /^the parameter warmth is not supported here/);
    await refused(chat({ options: { warmth: 1 } }), 400, /^the parameter options\.warmth is not supported/);
    await refused(chat({ options: { mirostat: 2 } }), 400, /options\.mirostat/);
    await refused(chat({ options: { num_predict: 0 } }), 400, /^options\.num_predict must be .*1 to/);
    await refused(chat({ options: { temperature: 9 } }), 400, /^options\.temperature .*2/);
    await refused(chat({ options: { num_ctx: 1 } }), 400, /^options\.num_ctx/);
    await refused(chat({ format: 'xml' }), 400, /^format .*schema/);
    await refused(chat({ think: 'deeply' }), 400, /think.*allowed: true/);
    await refused(chat({ messages: user('x', { images: ['AAAA'] }) }), 422, /PNG, JPEG or WebP/);
    await refused(chat({ messages: user('x', { images: [png(4, 4, () => [0, 0, 0]).toString('base64')] }) }), 400,
        /^messages\[0\]\.images\[0\] is a picture, and me\/talker takes none$/);
    await refused(chat({ model: embedder }), 422, /does not do the task chat/);
    await refused(client.generate({ model, prompt: 'x', suffix: 'y' }), 400, /parameter suffix/);
    await refused(client.generate({ model, prompt: 'x', raw: true, system: 's' }), 400, /^raw goes on/);
    await refused(client.generate({ model, keep_alive: 0 }), 400, /\/v1\/models\/NAME\/unload/);
    await refused(client.embed({ model: embedder }), 400, /^input is missing/);
    await refused(client.create({ model: 'x', from: 'y' }), 404, /pull/);
    const { status, json, headers } = await daemon.post('/api/chat', '{"model":');
    assert.deepEqual([status, Object.keys(json)], [400, ['error']]);
    assert.match(headers['content-type'], /^application\/json/);
});

test('a model is pulled and deleted, in lines and as a whole', async () => {
    const lines = await all(await client.pull({ model: 'hf.co/birds/finch:Q8_0', stream: true }));
    assert.deepEqual(lines.at(-1), { status: 'success' });
    for (const { status, digest, total, completed } of lines.filter((line) => line.digest)) {
        assert.equal(status, 'pulling birds/finch');
        assert.match(digest, /^[0-9a-f]{40}$/);
        assert.ok(completed <= total);
    }
    assert.ok((await client.list()).models.some(({ name }) => name === 'birds/finch:latest'));
    assert.deepEqual(await client.pull({ model: 'birds/finch:latest' }), { status: 'success' });
    const { status, text } = await daemon.request('/api/delete', { method: 'DELETE',
        body: JSON.stringify({ model: 'birds/finch:latest' }), headers: { 'Content-Type': 'application/json' } });
    assert.equal(status, 200, text);
    await assert.rejects(client.delete({ model: 'birds/finch' }), { status_code: 404 });
    await assert.rejects(client.show({ model: 'birds/finch' }), { status_code: 404 });
    for (const stream of [false, true])
        await assert.rejects(async () => {
            for await (const line of [].concat(await client.pull({ model: 'birds/nothing', stream })))
                for await (const _ of stream ? line : []);
        }, /birds\/nothing/);
});

test('pulling and deleting is for admins', async () => {
    const file = writeTokens(daemon, { me: 'user' }, { me: 'wi_right' });
    await withDaemon({ config: { api: { tokens_file: file },
        pool: { min_connections: 0, max_connections: 0 } }, ready: false }, async (own) => {
        const as = (key) => new Ollama({ host: own.url, headers: { Authorization: `Bearer ${key}` } });
        await assert.rejects(as('wi_wrong').list(), { status_code: 401 });
        assert.deepEqual(await as('wi_right').ps(), { models: [] });
        for (const ask of [(one) => one.pull({ model: 'birds/finch' }), (one) => one.delete({ model: 'x' })])
            await assert.rejects(ask(as('wi_right')), (error) =>
                error.status_code === 403 && /rank admin/.test(error.message));
    });
});

test('twelve at once, beside other work, answer as one alone', async () => {
    const ask = async (text, stream) => {
        const answer = await client.chat({ model, stream, messages: user(text), tools: [],
            options: { num_predict: 6 } });
        const lines = stream ? await all(answer) : [answer];
        return [lines.map(({ message }) => message.content).join(''), lines.at(-1).done_reason,
            lines.at(-1).eval_count];
    };
    const texts = Array.from({ length: 12 }, (_, i) => `say ${i} ${'again '.repeat(i)}`);
    const alone = [];
    for (const text of texts) alone.push(await ask(text, false));
    const other = Array.from({ length: 12 }, () => daemon.infer({ model_name: 'me/talker',
        platform: 'simulated', inputs: 'beside it' }));
    const together = await Promise.all(texts.map((text, i) => ask(text, i % 3 > 0)));
    assert.deepEqual(together, alone);
    for (const { status, json } of await Promise.all(other))
        assert.deepEqual([status, json.result.text], [200, 'beside it']);
});

test('nothing is sent in a stream that waits, but that it has begun', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, latencyMs: 12_000 }).up();
    const waiting = await openEvents(`${daemon.url}/api/chat`, { headers: { Accept: '*/*' },
        body: { model, messages: user('late') } });
    assert.deepEqual([waiting.status, waiting.events.length], [200, 0], 'after ten seconds');
    await waiting.ended(60_000 * patience);
    assert.deepEqual(waiting.events.map(({ event, json }) => [event, json.message.content]),
        [['line', 'late'], ['line', '']]);
});

test('who leaves a stream stops the node', async () => {
    await simulation.stop();
    simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 20 }).up();
    const said = words(1000);
    const stream = await client.chat({ model, stream: true, messages: user(said) });
    await assert.rejects(async () => {
        let heard = '';
        for await (const { message } of stream) {
            heard += message.content;
            assert.ok(said.startsWith(heard));
            if (heard.length > 5) stream.abort();
        }
    }, { name: 'AbortError' });
    await assertStopped(daemon, simulation);
});

test('a stream that breaks off ends with an error that the client throws', async () => {
    simulation = await new Simulation(daemon, { nodes: 1, failRate: 1, seed: 3 }).up();
    let begun = 0;
    for (let i = 0; i < 6; i++) {
        let lines = 0;
        await assert.rejects(async () => {
            const stream = await client.chat({ model, stream: true, messages: user(words(60)) });
            for await (const line of stream) lines += line.done === false;
        }, /\w+ \w+/);
        begun += lines > 1;
    }
    assert.ok(begun > 0);
});
