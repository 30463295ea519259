// tier: quick
/** The JavaScript client: its requests, and servers that are busy, broken or not webinferd. */
import assert from 'node:assert/strict';
import fs, { openAsBlob } from 'node:fs';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BadAnswer, Client, ServiceError, Tensor, Unreachable, WebinferError } from '../../sdk/js/index.js';
import { answer, binary, cut, json, sent, serving } from './serving.mjs';

const INFER = { id: 'a', model_name: 'm', model_type: null, executed_on: {}, performance: {} };
const EMPTY = json({ ...INFER, outputs: [] });
const PROBLEM = { type: 't', title: 'T', status: 422, code: 'input_shape', detail: 'it is too long', field: 'inputs[0]',
    expected: '[1, 2]', allowed: 'anything' };
const busy = (status = 503, seconds = 0) => json({ ...PROBLEM, status }, status, [`Retry-After: ${seconds}`]);

let server;
afterEach(() => server?.close());

/** Calls a method of a client of a server that answers with `script`. */
async function call(script, method, words = [], settings = {}) {
    server?.close();
    server = await serving(...script);
    return new Client(server.url, settings)[method](...words);
}

/** The first request of a method: the JSON and the bytes behind it. */
async function sentBy(method, ...words) {
    await call([EMPTY], method, words).catch((error) => { if (!(error instanceof WebinferError)) throw error; });
    return sent(server.requests[0]);
}

// --- requests -----------------------------------------------------------------------------------

test('tensors travel in binary, in the order of the JSON', async () => {
    const [body, bytes] = await sentBy('infer', 'm', { a: Float32Array.of(1), b: { data: Uint8Array.of(2, 3), shape: [1, 2] },
        c: new Tensor('d', [4], 'INT8') });
    assert.deepEqual(body, { model_name: 'm', parameters: { binary_data_output: true }, inputs: [
        { name: 'a', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } },
        { name: 'b', datatype: 'UINT8', shape: [1, 2], parameters: { binary_data_size: 2 } },
        { name: 'd', datatype: 'INT8', shape: [1], parameters: { binary_data_size: 1 } }] });
    assert.deepEqual([...bytes], [0, 0, 128, 63, 2, 3, 4]);
    assert.equal(server.requests[0].headers['content-type'], 'application/octet-stream');
    const [list] = await sentBy('infer', 'm', [new Tensor('x', [1], 'FP32'), new Tensor('y', [1], 'FP32')]);
    assert.deepEqual(list.inputs.map(({ name }) => name), ['x', 'y']);
});

test('files are bytes, Blobs, or texts that the service reads', async () => {
    const file = fileURLToPath(import.meta.url), whole = fs.readFileSync(file);
    for (const image of [new Uint8Array(whole), whole, whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.length),
        new Blob([whole]), await openAsBlob(file)]) {
        const [body, bytes] = await sentBy('classify', 'm', { image });
        assert.deepEqual(body.inputs, { image: { binary_data_size: whole.length } });
        assert.ok(bytes.equals(whole));
    }
    const [body, bytes] = await sentBy('detect', 'm', 'data:image/png;base64,AAAA');
    assert.deepEqual([body.inputs, body.task, bytes.length], [{ image: 'data:image/png;base64,AAAA' }, 'object-detection', 0]);
});

test('pictures in messages become texts', async () => {
    const large = new Uint8Array(100_000).fill(97);
    for (const image of [large, new Blob([large]), large.buffer]) {
        const content = [{ type: 'image', image }, { type: 'text', text: 'x' }];
        const [{ inputs, task }] = await sentBy('chat', 'm', [{ role: 'user', content }]);
        const [picture, text] = inputs.messages[0].content;
        assert.equal(picture.image_url.url, `data:image/png;base64,${Buffer.from(large).toString('base64')}`);
        assert.deepEqual([text, task], [{ type: 'text', text: 'x' }, 'chat']);
    }
});

test('settings are separated from options, and times are milliseconds', async () => {
    const [body] = await sentBy('chat', 'm', 'hi', { temperature: 0, timeout_ms: 1500, options: { seed: 3 }, priority: 9, publish: true });
    assert.deepEqual(body, { model_name: 'm', task: 'chat', inputs: { messages: [{ role: 'user', content: 'hi' }] },
        options: { seed: 3, temperature: 0 }, timeout_ms: 1500, priority: 9, publish: true, parameters: { binary_data_output: true } });
    const [{ timeout_ms: left }] = await sentBy('infer', 'm', 'x', { deadline: new Date(Date.now() + 5000) });
    assert.ok(left > 1000 && left <= 5000, `${left}`);
    await call([EMPTY], 'infer', ['m'], { timeout_ms: 70 });
    assert.equal(sent(server.requests[0])[0].timeout_ms, 70);
    await call([json({ id: 'j', state: 'queued' })], 'submit', ['m'], { timeout_ms: 70 });
    assert.equal(sent(server.requests[0])[0].timeout_ms, undefined);
    for (const wrong of [{ timeout_ms: 0 }, { timeout_ms: NaN }, { deadline: new Date(NaN) }])
        await assert.rejects(sentBy('infer', 'm', 'x', wrong), RangeError);
});

test('inputs and settings that cannot be sent are refused before anything is sent', async () => {
    server = await serving();
    const client = new Client(server.url);
    for (const [words, type, sentence] of [
        [['m', Float32Array.of(1)], TypeError, /needs the name of its input/],
        [['m', { messages: [{ role: 'user', content: new Uint8Array(1) }] }], TypeError, /Uint8Array has no place/],
        [['m', { text: new Map() }], TypeError, /Map has no place/],
        [['m', 'x', { options: { top: NaN } }], RangeError, /JSON has no NaN/],
        [['m', 'x', { temperature: 0 }], TypeError, /"temperature" is no setting/],
        [['m', 'x', { resumable: true }], TypeError, /"resumable" is no setting/]])
        await assert.rejects(client.infer(...words), (error) => error instanceof type && sentence.test(error.message));
    assert.throws(() => client.classify('m', {}), /exactly one/);
    assert.throws(() => client.answer('m', 'why?', {}), /exactly one/);
    assert.deepEqual(server.requests, []);
    for (const url of ['localhost:8470', 'ftp://x', 'http://', 'http://a b', 'http://u:p@host', 'http://h/?q', 'http://h/#a'])
        assert.throws(() => new Client(url), TypeError, url);
    for (const token of ['a\r\nX: y', 'a\nb', '\u00e4']) assert.throws(() => new Client('http://h', { token }), /printable ASCII/);
});

test('names stay names in paths, and the address may have a path', async () => {
    server = await serving(json({}), json({}));
    const client = new Client(`${server.url}/behind/`, { token: 'secret', clientName: 'a test' });
    await client.model('org/a b?c:q8');
    await client.remove('m', { force: true });
    assert.deepEqual(server.lines(), ['GET /behind/v1/models/org/a%20b%3Fc:q8', 'DELETE /behind/v1/models/m?force=true']);
    const { authorization, 'user-agent': agent } = server.requests[0].headers;
    assert.deepEqual([authorization, agent], ['Bearer secret', 'a test']);
});

test('each task sends its inputs', async () => {
    for (const [words, task, inputs] of [
        [['complete', 'm', 'a'], 'complete', 'a'], [['embed', 'm', ['a', 'b']], 'embed', ['a', 'b']],
        [['rerank', 'm', 'q', ['d']], 'rerank', { query: 'q', documents: ['d'] }], [['tokenize', 'm', 'a'], 'tokenize', 'a'],
        [['classify', 'm', 'a'], 'text-classification', 'a'], [['classify', 'm', { text: 'a' }], 'text-classification', 'a'],
        [['classify', 'm', { text: ['a'], labels: ['b'] }], 'zero-shot-classification', { texts: ['a'], labels: ['b'] }],
        [['entities', 'm', 'a'], 'token-classification', 'a'], [['fillMask', 'm', 'a'], 'fill-mask', 'a'],
        [['answer', 'm', 'q', { context: 'c' }], 'question-answering', { question: 'q', context: 'c' }],
        [['answer', 'm', 'q', { image: 'AA' }], undefined, { question: 'q', image: 'AA' }],
        [['translate', 'm', 'a', { to: 'de' }], 'translation', 'a'], [['summarize', 'm', 'a'], 'summarization', 'a'],
        [['segment', 'm', 'AA'], 'image-segmentation', { image: 'AA' }],
        [['depth', 'm', 'AA'], 'depth-estimation', { image: 'AA' }],
        [['describe', 'm', 'AA', { prompt: 'p' }], 'image-to-text', { image: 'AA', prompt: 'p' }],
        [['transcribe', 'm', 'AA'], 'automatic-speech-recognition', { audio: 'AA' }],
        [['speak', 'm', 'a'], 'text-to-speech', 'a']]) {
        const [body] = await sentBy(...words);
        assert.deepEqual([body.task, body.inputs], [task, inputs], words.join(' '));
    }
    assert.deepEqual((await sentBy('translate', 'm', 'a', { to: 'de', from: 'en', top_k: 1 }))[0].options,
        { target_language: 'de', source_language: 'en', top_k: 1 });
});

test('models, nodes and measurements have requests of their own', async () => {
    server = await serving(...Array(6).fill(json({ ...INFER, outputs: [] })));
    const client = new Client(server.url);
    assert.equal(client.url, server.url);
    await client.load('m', { platform: 'wasm' });
    await client.unload('m', { node: 'n' });
    await client.pull('org/name', { as: 'm', files: ['*.onnx'] });
    await client.hardware('m', { platform: 'wasm' });
    await client.benchmark(null, undefined, { kernel: 'matmul', runs: 3 });
    await client.cancel('j');
    assert.deepEqual(server.lines(), ['POST /v1/models/m/load', 'POST /v1/models/m/unload', 'POST /v1/models/pull',
        'GET /v1/hardware?model_name=m&platform=wasm', 'POST /v1/benchmark', 'DELETE /v1/jobs/j']);
    const bodies = server.requests.filter(({ line }) => line.startsWith('POST')).map((request) => sent(request)[0]);
    assert.deepEqual(bodies, [{ platform: 'wasm' }, { node: 'n' }, { model: 'org/name', as: 'm', files: ['*.onnx'] },
        { kernel: 'matmul', runs: 3, parameters: { binary_data_output: true } }]);
});

// --- answers ------------------------------------------------------------------------------------

test('tensors come back as typed arrays', async () => {
    const outputs = [{ name: 'y', datatype: 'UINT8', shape: [1], parameters: { binary_data_size: 1 } },
        { name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }];
    const data = Buffer.from([7, 0, 0, 128, 63, 0, 0, 0, 64]);
    const found = await call([binary({ ...INFER, outputs, result: { text: 'hi' } }, data)], 'infer', ['m']);
    assert.deepEqual([found.id, found.model_name, found.text, Object.keys(found.outputs)], ['a', 'm', 'hi', ['y', 'x']]);
    const { x, y } = found.outputs;
    assert.ok(x instanceof Tensor && x.data instanceof Float32Array);
    assert.deepEqual([x.shape, [...x.data], [...y.data]], [[1, 2], [1, 2], [7]]);
});

test('answers that break the protocol are reported', async () => {
    const one = { name: 'x', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } };
    const lying = (outputs, data = '', length = undefined) => binary({ ...INFER, outputs }, Buffer.from(data), length);
    for (const [said, sentence] of [
        [lying([one], '1234'), /has 2 elements, and the data has 1/],
        [lying([{ ...one, shape: [-1] }], '12345678'), /a name, a datatype/],
        [lying([{ ...one, shape: [2 ** 60] }], '12345678'), /a name, a datatype/],
        [lying([one], '12345678more'), /bytes that no tensor claims/],
        [lying([{ ...one, datatype: 'FP1' }], '12345678'), /a name, a datatype/], [lying([], '', 10 ** 9), /head cannot have/],
        [lying([], '', '-1'), /head cannot have/], [lying('text'), /not as webinfer-api/], [answer('{}'), /not as webinfer-api/],
        [json({ ...INFER, id: 7, outputs: [] }), /not as webinfer-api/]])
        await assert.rejects(call([said], 'infer', ['m']), (error) => error instanceof BadAnswer && sentence.test(error.message));
});

test('another service is recognised', async () => {
    for (const [said, sentence] of [[answer('<!doctype html>'), /no JSON object/], [answer('[]'), /no JSON object/],
        [answer('['.repeat(100000)), /no JSON object/], [answer('<h1>Bad gateway</h1>', 502), /is not webinferd/],
        [answer('{"error": "not found"}', 404), /is not webinferd/],
        [answer('', 302, ['Location: http://elsewhere.invalid/']), /status 302/]])
        await assert.rejects(call([said], 'status'),
            (error) => error instanceof BadAnswer && error.code === 'bad_answer' && sentence.test(error.message));
});

test('errors have all members of the problem document', async () => {
    await assert.rejects(call([json(PROBLEM, 422, ['X-Request-Id: r-1'])], 'infer', ['m']), (error) => {
        assert.ok(error instanceof ServiceError && error instanceof WebinferError);
        const { name, message, code, status, field, expected, allowed, retryAfter, requestId, problem } = error;
        assert.deepEqual([name, message, code, status, field, expected, allowed, retryAfter, requestId, problem.type],
            ['ServiceError', 'it is too long', 'input_shape', 422, 'inputs[0]', '[1, 2]', 'anything', null, 'r-1', 't']);
        return true;
    });
});

// --- lists --------------------------------------------------------------------------------------

const page = (rows, next) => json({ nodes: rows.map((id) => ({ id })), next, quarantined: [] });

test('pages are joined', async () => {
    const whole = await call([page(['a', 'b'], 'b'), busy(), page(['c'], 'c'), page(['d'], null)], 'nodes');
    assert.deepEqual([whole.nodes.map(({ id }) => id), whole.next], [['a', 'b', 'c', 'd'], null]);
    assert.deepEqual(server.lines().slice(-1), ['GET /v1/nodes?limit=100&after=c']);
    assert.deepEqual(await call([answer('{"nodes":[{"id":"a"}]}')], 'nodes'), { nodes: [{ id: 'a' }] });
    const models = (name, next, published) => json({ models: [{ name }], data: [{ id: name }], pulls: ['p'], published, next });
    assert.deepEqual(await call([models('a', 'a', [1]), models('b', null, [2])], 'models'),
        { models: [{ name: 'a' }, { name: 'b' }], data: [{ id: 'a' }, { id: 'b' }], pulls: ['p'], published: [1, 2], next: null });
    assert.deepEqual((await call([models('a', 'a', [1]), models('b', null, [1])], 'models')).published, [1]);
});

test('a limit goes over pages and ends there', async () => {
    const jobs = (count, next) => json({ jobs: Array(count).fill({ id: 'j' }), next });
    assert.equal((await call([jobs(100, 'x'), jobs(50, 'y')], 'jobs', [{ limit: 150, state: 'done' }])).jobs.length, 150);
    assert.deepEqual(server.lines(), ['GET /v1/jobs?state=done&limit=100', 'GET /v1/jobs?state=done&limit=50&after=x']);
});

test('a list without an end is ended, and an answer without the list is reported', async () => {
    const round = [page(['a'], 'a'), page(['b'], 'b'), page(['c'], 'a')];
    for (const script of [Array(9).fill(page(['a'], 'a')), round, Array(9).fill(page([], 'a'))])
        await assert.rejects(call(script, 'nodes'), /has no end/);
    for (const said of ['{}', '{"nodes":7}']) await assert.rejects(call([answer(said)], 'nodes'), /has no nodes/);
});

// --- retries ------------------------------------------------------------------------------------

test('429 and 503 are tried again, and given up', async () => {
    assert.equal((await call([busy(), busy(429), EMPTY], 'infer', ['m'])).id, 'a');
    assert.equal(server.requests.length, 3);
    await assert.rejects(call([busy(), busy()], 'infer', ['m'], { retries: 1 }),
        { name: 'ServiceError', status: 503, retryAfter: 0 });
    await assert.rejects(call([busy(503, 31)], 'infer', ['m']), { status: 503, retryAfter: 31 });
    await assert.rejects(call([json(PROBLEM, 503)], 'infer', ['m']), { status: 503, retryAfter: null });
    assert.equal(server.requests.length, 1);
});

test('a request that may have arrived is sent again only with a key, or to read', async () => {
    for (const said of [null, cut('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{')]) {
        await assert.rejects(call([said, EMPTY], 'infer', ['m']), { name: 'Unreachable', code: 'connection_lost' });
        assert.equal(server.requests.length, 1);
    }
    await call([null, EMPTY], 'infer', ['m', [], { idempotent: true }]);
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    assert.ok(keys.length === 2 && keys[0] && keys[0] === keys[1], keys.join());
    assert.deepEqual(await call([null, json({ models: [] })], 'models'), { models: [] });
});

test('a service that does not run is reported', async () => {
    const { url, close } = await serving();
    close();
    await assert.rejects(new Client(url, { retries: 0 }).status(), (error) => error instanceof Unreachable
        && error.code === 'refused' && error.status === null && /Is webinferd running/.test(error.message));
});

test('a service that falls silent is reported', async () => {
    const silent = (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const client = new Client('http://h', { fetch: silent });
    const { setTimeout: real } = globalThis;
    globalThis.setTimeout = (end, ms) => real(end, ms === 31_000 ? 0 : ms); // the timeout, and 30 s for the way
    try {
        await assert.rejects(client.infer('m', [], { timeout_ms: 1000 }), { name: 'Unreachable', code: 'timed_out' });
    } finally {
        globalThis.setTimeout = real;
    }
});

test('a page gets a hint about its origin', async () => {
    globalThis.location = { origin: 'http://page.example' };
    try {
        const denied = async () => { throw new TypeError('Failed to fetch'); };
        await assert.rejects(new Client('http://h', { fetch: denied }).status(), /page\.example in \[api\] allowed_origins/);
    } finally {
        delete globalThis.location;
    }
});

test('a signal ends a call, with its reason', async () => {
    server = await serving();
    const client = new Client(server.url), reason = new Error('enough');
    await assert.rejects(client.infer('m', [], { signal: AbortSignal.abort(reason) }), reason);
    assert.equal(server.requests.length, 0);
    const later = new AbortController();
    server.close();
    server = await serving('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{');
    const waiting = new Client(server.url).infer('m', [], { signal: later.signal });
    await server.until(1);
    later.abort(reason);
    await assert.rejects(waiting, reason);
    const pausing = new AbortController(), again = call([busy(503, 30)], 'infer', ['m', [], { signal: pausing.signal }]);
    setTimeout(() => pausing.abort(reason), 100);
    await assert.rejects(again, reason);
});

// --- jobs ---------------------------------------------------------------------------------------

test('a job is stored, waited for and cancelled', async () => {
    const running = json({ id: 'j', state: 'running' }), failed = { ...PROBLEM, code: 'cancelled', status: 409 };
    const { job, answer: none } = await call([json({ id: 'j', state: 'queued' }, 202)], 'submit', ['m', 'x']);
    assert.deepEqual([job.id, none], ['j', null]);
    assert.ok(server.requests[0].headers['idempotency-key']);
    const found = await call([running, json({ id: 'j', state: 'done', answer: { ...INFER, outputs: [] } })], 'wait', ['j']);
    assert.equal(found.id, 'a');
    assert.deepEqual(server.lines(), Array(2).fill('GET /v1/jobs/j?wait=60000ms'));
    await assert.rejects(call([json({ id: 'j', state: 'cancelled', error: failed })], 'wait', ['j']),
        { name: 'ServiceError', code: 'cancelled' });
    await call([json({ id: 'j', state: 'cancelled' })], 'cancel', ['j']);
    assert.deepEqual(server.lines(), ['DELETE /v1/jobs/j']);
});

// --- the package --------------------------------------------------------------------------------

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../sdk/js');

test('its contract declares each method and no other', () => {
    const declared = fs.readFileSync(path.join(folder, 'index.d.ts'), 'utf8').split('export class Client {')[1];
    const names = [...declared.matchAll(/^ {4}(?:readonly )?(\w+)[<(:]/gm)].map(([, name]) => name);
    const methods = [];
    for (let type = Client; type.prototype; type = Object.getPrototypeOf(type))
        methods.push(...Object.getOwnPropertyNames(type.prototype));
    assert.deepEqual(names.sort(), [...new Set(methods)].sort());
});

test('its code has at most 1,200 lines', () => {
    const lines = fs.readdirSync(folder).filter((name) => name.endsWith('.js'))
        .map((name) => fs.readFileSync(path.join(folder, name), 'utf8').split('\n').length - 1);
    assert.ok(lines.reduce((sum, count) => sum + count, 0) <= 1200, lines.join());
});

test('it needs no other package, and ships each of its files', () => {
    const told = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    assert.deepEqual([told.dependencies, told.type], [undefined, 'module']);
    for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.js')))
        for (const [, from] of fs.readFileSync(path.join(folder, name), 'utf8').matchAll(/^(?:import|export) .* from '(.*)';$/gm))
            assert.ok(fs.existsSync(path.join(folder, from)), `${name} imports ${from}`);
    assert.deepEqual(told.files, ['*.js', '*.d.ts']);
});
