// tier: quick, sanitized
// full: a picture goes to a graph that says how to read one, in a real browser
/**
 * KServe's protocol with Triton's extensions: the bytes of tritonclient over a socket, answers
 * against the protocol's own forms, inputs of tasks, text, load and unload, statistics, and what
 * bad input gets. A real browser answers where numbers matter, simulated nodes elsewhere.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventReader } from '../lib/event-reader.mjs';
import { putFamilies } from '../lib/families.mjs';
import { putGguf } from '../lib/gguf.mjs';
import { pack, values } from '../lib/kserve.mjs';
import { chirp, disc } from '../lib/media.mjs';
import * as onnx from '../lib/onnx.mjs';
import { ownModels } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { checkForm, inferBody, packBytes, TritonClient, unpackBytes } from '../lib/triton.mjs';

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {TritonClient} */
let client;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ models: ['twice', 'failing', 'unknown_operator', 'not_onnx', 'digits'],
        config: { pool: { max_retries: 0 } } });
    putFamilies(daemon.store, ['bert', 'bert-nli', 'bert-pairs', 'bert-qa', 'vit', 'clip', 'whisper', 'vits', 'bart']);
    putGguf(daemon.store, 'abc', { follow: 'abcdefgh' });
    fs.mkdirSync(path.join(daemon.store, 'org/twice'), { recursive: true });
    fs.writeFileSync(path.join(daemon.store, 'org/twice/model.onnx'), onnx.twice());
    await daemon.start();
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
    client = new TritonClient(daemon.url);
});
after(async () => {
    client?.close();
    await simulation?.stop();
    await daemon.stop();
});

const simulated = { platform: 'simulated' };
const fp32 = (data, name = 'x') => ({ name, datatype: 'FP32', shape: [data.length], bytes: pack('FP32', data) });
const written = (name, elements) =>
    ({ name, datatype: 'BYTES', shape: [elements.length], bytes: packBytes(elements) });
const echo = (inputs, more = {}) => client.infer('builtin/echo', inputs,
    { ...more, parameters: { ...simulated, ...more.parameters } });
const post = (target, body, options) => daemon.post(`/v2/${target}`, body, options);

/** An error in KServe's form. */
function assertRefused(answer, status, code, { field, expected, allowed, error } = {}) {
    assert.equal(answer.status, status, answer.text);
    const json = checkForm('error', answer.json);
    assert.equal(json.code, code, answer.text);
    assert.equal(json.field, field, answer.text);
    if (expected) assert.match(json.expected ?? '', expected, answer.text);
    if (allowed) assert.match(json.allowed ?? '', allowed, answer.text);
    if (error) assert.match(json.error, error);
    assert.ok(json.request_id, answer.text);
}

/* --- the client's bytes ------------------------------------------------------------------------------ */

test('the server, its health, and its models as tritonclient asks for them', async () => {
    assert.equal((await client.get('v2/health/live', 'live')).text, '{"live":true}\n');
    assert.equal((await client.get('v2/health/ready', 'ready')).text, '{"ready":true}\n');
    const server = await client.get('v2', 'server');
    assert.equal(server.text.replace(/"version":"[^"]+"/, '"version":V'),
        '{"name":"webinfer","version":V,"extensions":["binary_tensor_data","generate",' +
        '"model_configuration","model_repository","parameters","schedule_policy","statistics"]}\n');
    assert.equal((await client.get('v2/', 'server')).text, server.text);

    const model = '{"name":"org/twice","versions":["1"],"platform":"onnxruntime_onnx",' +
        '"inputs":[{"name":"x","datatype":"FP32","shape":[-1]}],' +
        '"outputs":[{"name":"y","datatype":"FP32","shape":[-1]}]}\n';
    assert.equal((await client.get('v2/models/org/twice', 'model')).text, model);
    assert.equal((await client.get('v2/models/org/twice/versions/1', 'model')).text, model);
    for (const where of ['org/twice', 'org/twice/versions/1', 'builtin/echo', 'abc', 'bert'])
        assert.equal((await client.get(`v2/models/${where}/ready`, 'ready')).text, '{"ready":true}\n');
    assert.equal((await client.get('v2/models/org/twice/config', 'config')).text,
        '{"name":"org/twice","platform":"onnxruntime_onnx","backend":"webinfer","max_batch_size":0,' +
        '"input":[{"name":"x","data_type":"TYPE_FP32","dims":[-1]}],' +
        '"output":[{"name":"y","data_type":"TYPE_FP32","dims":[-1]}]}\n');
    assert.equal((await client.get('v2/models/org/twice/versions/1/config', 'config')).json.name, 'org/twice');
});

test('tensors as tritonclient sends them: binary, JSON, and both', async () => {
    const cut = (text) => text.replace(/"parameters":\{"executed_on":.*\}\}\n$/, 'PARAMETERS');
    const binary = await client.infer('org/twice', [fp32([1, -2.5])]);
    assert.equal(cut(binary.text), '{"model_name":"org/twice","model_version":"1","outputs":[' +
        '{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}],PARAMETERS');
    assert.deepEqual(binary.rest, pack('FP32', [2, -5]));
    assert.match(binary.head, /^content-type: application\/octet-stream\r$/im);

    const plain = await client.infer('org/twice/versions/1', [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, -2.5] }],
        { id: 'mine', outputs: [{ name: 'y', binary: false }] });
    assert.equal(cut(plain.text), '{"model_name":"org/twice","model_version":"1","id":"mine","outputs":[' +
        '{"name":"y","datatype":"FP32","shape":[2],"data":[2,-5]}],PARAMETERS');
    assert.equal(plain.rest, null);

    const { executed_on: ran, performance } = plain.json.parameters;
    assert.equal(JSON.parse(ran).browser, 'chrome');
    assert.equal(JSON.parse(ran).platform, 'wasm');
    assert.equal(JSON.parse(performance).attempts, 1);

    const mixed = await echo([fp32([1], 'a'), { name: 'b', datatype: 'INT64', shape: [1, 1], data: [[7]] }],
        { outputs: [{ name: 'b', binary: true }, { name: 'a', binary: false }] });
    assert.deepEqual(mixed.json.outputs.map(({ name, shape, data, bytes }) => [name, shape, data, bytes]),
        [['a', [1], [1], undefined], ['b', [1, 1], undefined, pack('INT64', [7])]]);
    const empty = await echo([{ name: 'a', datatype: 'FP32', shape: [0, 2], bytes: Buffer.alloc(0) }]);
    assert.deepEqual([empty.json.outputs[0].shape, empty.rest.length], [[0, 2], 0]);
});

test('BYTES and every other datatype go both ways in binary', async () => {
    const elements = [Buffer.from('grün'), Buffer.alloc(0), Buffer.from([0, 255, 7])];
    const tensors = [written('b', elements), fp32([NaN, -Infinity], 'f'),
        { name: 'h', datatype: 'FP16', shape: [2], bytes: pack('FP16', [0x3c00, 0x7e00]) },
        { name: 'q', datatype: 'BOOL', shape: [3], bytes: Buffer.from([0, 1, 1]) },
        { name: 'u', datatype: 'UINT64', shape: [1], bytes: pack('UINT64', ['18446744073709551615']) }];
    const { json } = await echo(tensors);
    for (const [index, { name, datatype, bytes }] of tensors.entries()) {
        assert.deepEqual([json.outputs[index].name, json.outputs[index].datatype], [name, datatype]);
        assert.deepEqual(json.outputs[index].bytes, bytes, name);
    }
    const plain = await echo([written('b', ['grün', ''])], { outputs: [{ name: 'b', binary: false }] });
    assert.deepEqual(plain.json.outputs[0].data, ['grün', '']);
    const half = await client.ask('POST', 'v2/models/builtin/echo/infer',
        inferBody([tensors[2]], { outputs: [{ name: 'h', binary: false }], parameters: simulated }));
    assertRefused(half, 406, 'not_acceptable',
        { field: 'parameters.binary_data_output', expected: /binary_data/, error: /ask for binary/ });
});

test('a hundred outputs come back, each in its place', async () => {
    const inputs = Array.from({ length: 100 }, (_, index) => fp32([index, index / 3], `t${index}`));
    const { json } = await echo(inputs);
    assert.deepEqual(json.outputs.map(({ name, bytes }) => [name, values('FP32', bytes)[0]]),
        inputs.map((_, index) => [`t${index}`, index]));
    const some = await echo(inputs, { outputs: [{ name: 't98', binary: true }, { name: 't7', binary: false }] });
    assert.deepEqual(some.json.outputs.map(({ name }) => name).sort(), ['t7', 't98']);
});

/* --- tasks ------------------------------------------------------------------------------------------- */

test('models of tasks say which BYTES they take, and give their result as one', async () => {
    const about = async (name) => (await client.get(`v2/models/${name}`, 'model')).json;
    const inputs = async (name) => (await about(name)).inputs.map((one) => `${one.name} ${one.datatype} ${one.shape}`);
    assert.deepEqual(await inputs('bert'), ['text BYTES -1']);
    assert.deepEqual(await inputs('bert-qa'), ['question BYTES 1', 'context BYTES 1']);
    assert.deepEqual(await inputs('vit'), ['image BYTES 1']);
    assert.deepEqual(await inputs('clip'), ['image BYTES 1', 'labels BYTES -1']);
    assert.deepEqual(await inputs('whisper'), ['audio BYTES 1']);
    assert.deepEqual(await inputs('vits'), ['text BYTES 1']);
    const abc = await about('abc');
    assert.equal(abc.platform, 'llamacpp_gguf');
    assert.deepEqual(abc.outputs, [{ name: 'result', datatype: 'BYTES', shape: [1] }]);
    assert.equal((await about('bert')).platform, 'transformersjs_onnx');
    assert.deepEqual((await about('vits')).outputs.map(({ name, datatype }) => [name, datatype]),
        [['audio', 'UINT8'], ['result', 'BYTES']]);
    assert.deepEqual((await about('builtin/count')).outputs.map(({ name }) => name), ['result']);
});

/** The same through /v1/infer, with what it says beside. */
async function native(model, inputs, more = {}) {
    const answer = await daemon.infer({ model_name: model, inputs, platform: 'simulated', ...more });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

const resultOf = ({ json, rest }) => JSON.parse(rest
    ? unpackBytes(json.outputs.find(({ name }) => name === 'result').bytes)[0].toString()
    : json.outputs.find(({ name }) => name === 'result').data[0]);

test('texts, pictures and sounds are as /v1/infer takes them', async () => {
    const task = (model, inputs, more = {}) => client.infer(model, inputs,
        { ...more, parameters: { ...simulated, ...more.parameters } });
    const { bytes: png } = disc(), { bytes: wav } = chirp();
    const embedded = await task('bert', [written('text', ['a b', 'c'])]);
    const same = await native('bert', ['a b', 'c']);
    assert.deepEqual(values('FP32', embedded.json.outputs[0].bytes).map(Math.fround),
        same.outputs[0].data.map(Math.fround));
    assert.deepEqual(resultOf(embedded), same.result);

    for (const [model, inputs, body, options] of [
        ['bert-nli', [written('text', ['a']), written('labels', ['x', 'y'])], { text: 'a', labels: ['x', 'y'] }],
        ['bert-pairs', [written('query', ['a']), written('documents', ['a', 'b'])], { query: 'a', documents: ['a', 'b'] }],
        ['bert-qa', [written('question', ['who']), written('context', ['an ox'])], { question: 'who', context: 'an ox' }],
        ['vit', [written('image', [png])], { image: png.toString('base64') }, { top: 2 }],
        ['clip', [written('image', [png]), written('labels', ['x', 'y'])],
            { image: png.toString('base64'), labels: ['x', 'y'] }],
        ['whisper', [written('audio', [wav])], { audio: wav.toString('base64') }],
        ['bart', [written('text', ['a b'])], 'a b', { max_tokens: 1 }],
    ]) {
        const answer = await task(model, inputs, { parameters: options });
        assert.deepEqual(resultOf(answer), (await native(model, body, { options })).result, model);
    }
    const encoded = await task('vit', [{ name: 'image', datatype: 'BYTES', shape: [1], data: [png.toString('base64')] }],
        { outputs: [{ name: 'result', binary: false }] });
    assert.equal(encoded.rest, null);
    assert.ok(resultOf(encoded).labels);

    const spoken = await task('vits', [written('text', ['a'])], { outputs: [{ name: 'result', binary: true }] });
    assert.deepEqual(spoken.json.outputs.map(({ name }) => name), ['result']);
    const sound = await task('vits', [written('text', ['a'])], { outputs: [{ name: 'audio', binary: true }] });
    assert.equal(sound.json.outputs[0].bytes.subarray(0, 4).toString(), 'RIFF');
    const counted = await task('builtin/count', [], { parameters: { count: 3 } });
    assert.deepEqual(resultOf(counted), { count: 3 });
});

test('a picture goes to a graph that says how to read one, in a real browser', async () => {
    const png = fs.readFileSync(path.join(ownModels, 'digits/samples/7.png'));
    const answer = await client.infer('digits', [written('image', [png])]);
    assert.equal(resultOf(answer).labels[0].label, '7');
    const [{ shape, datatype }] = (await client.get('v2/models/digits', 'model')).json.inputs;
    assert.equal(datatype, 'FP32');
    assert.ok(shape.length > 1);
});

test('what no task takes is refused, with what is taken', async () => {
    const ask = (model, inputs, more = {}) => client.ask('POST', `v2/models/${model}/infer`,
        inferBody(inputs, { ...more, parameters: { ...simulated, ...more.parameters } }));
    assertRefused(await ask('bert', [written('words', ['a'])]), 422, 'input_unknown',
        { field: 'inputs', expected: /^text BYTES \[-1\]$/ });
    assertRefused(await ask('bert', [fp32([1], 'text')]), 422, 'input_datatype', { field: 'inputs', expected: /^text BYTES/ });
    assertRefused(await ask('bert', []), 422, 'input_missing', { field: 'inputs', expected: /^text BYTES/ });
    assertRefused(await ask('vit', [written('image', ['a', 'b'])]), 422, 'input_shape', { field: 'inputs', expected: /^\[1\]$/ });
    assertRefused(await ask('vit', [written('image', [Buffer.from([0, 1, 2, 3])])]), 422, 'picture_invalid',
        { field: 'inputs.image' });
    assertRefused(await ask('bert', [written('text', [Buffer.from([0xff, 0xfe])])]), 422, 'input_invalid',
        { field: 'inputs', error: /UTF-8/ });
    assertRefused(await ask('bert', [written('text', ['a'])], { outputs: [{ name: 'other', binary: true }] }),
        422, 'output_unknown', { field: 'outputs', expected: /embeddings/ });
    assertRefused(await ask('bert', [written('text', ['a'])], { parameters: { colour: 1 } }), 400, 'unknown_field',
        { field: 'parameters.colour' });
    assertRefused(await ask('twice', [written('text', ['a'])]), 422, 'input_unknown',
        { field: 'inputs[0].name', allowed: /^x$/ });
});

/* --- text -------------------------------------------------------------------------------------------- */

const prompt = 'abc';
const greedy = { temperature: 0, max_tokens: 12 };

async function events(answer) {
    assert.match(answer.headers['content-type'], /^text\/event-stream/);
    return [...new EventReader().read(answer.text)].map(({ data }) => checkForm('event', JSON.parse(data)));
}

test('text comes whole and in parts, and is what /v1/infer makes', async () => {
    const asked = await daemon.infer({ model_name: 'abc', inputs: prompt, options: greedy });
    assert.equal(asked.status, 200, asked.text);
    const whole = await client.ask('POST', 'v2/models/abc/generate',
        { body: Buffer.from(JSON.stringify({ id: 'g', text_input: prompt, parameters: { ...greedy, stream: false, best_of: 1 } })) });
    assert.equal(whole.status, 200, whole.text);
    assert.deepEqual(checkForm('generate', whole.json),
        { model_name: 'abc', model_version: '1', text_output: asked.json.result.text, id: 'g' });
    const parts = await events(await post('models/abc/versions/1/generate_stream',
        { text_input: prompt, parameters: greedy }));
    assert.equal(parts.map(({ text_output: text }) => text).join(''), asked.json.result.text);
    assert.ok(parts.length > 2);
    assert.deepEqual(parts.map(({ done }) => done), [...parts.slice(1).map(() => false), true]);
    const rewritten = await post('models/bart/generate', { text_input: 'a b', parameters: simulated });
    assert.equal(rewritten.json.text_output, (await native('bart', 'a b')).result.text);
});

test('what cannot be generated is refused by its name', async () => {
    const ask = (body, model = 'abc', end = 'generate') => post(`models/${model}/${end}`, body);
    assertRefused(await ask({}), 400, 'missing_field', { field: 'text_input' });
    assertRefused(await ask({ text_input: 7 }), 400, 'invalid_field', { field: 'text_input' });
    assertRefused(await ask({ text_input: 'a', max_tokens: 3 }), 400, 'unknown_field', { field: 'max_tokens' });
    for (const [name, value, expected] of [['stream', true, /^false$/], ['best_of', 2, /^1$/], ['n', 2, /^1$/],
        ['max_tokens', 0, /^1 to/]])
        assertRefused(await ask({ text_input: 'a', parameters: { [name]: value } }), 400, 'invalid_field',
            { field: `parameters.${name}`, expected });
    assertRefused(await ask({ text_input: 'a', parameters: { stream: false } }, 'abc', 'generate_stream'),
        400, 'invalid_field', { field: 'parameters.stream', expected: /^true$/ });
    assertRefused(await ask({ text_input: 'a', parameters: { temperature: 3 } }), 400, 'invalid_field',
        { field: 'parameters.temperature' });
    assertRefused(await ask({ text_input: 'a', parameters: { task: 'embed' } }), 400, 'invalid_field',
        { field: 'parameters.task' });
    assertRefused(await ask({ text_input: 'a' }, 'bert'), 422, 'input_invalid', { field: 'parameters.task', allowed: /embed/ });
    assertRefused(await ask({ text_input: 'a' }, 'twice'), 422, 'input_invalid', { field: 'text_input' });
    assertRefused(await ask({ text_input: 'a' }, 'abc/versions/2', 'generate_stream'), 404, 'model_not_found',
        { field: 'model_version', expected: /^1$/ });
});

/* --- the repository, statistics ---------------------------------------------------------------------- */

const index = async (body) => {
    const answer = await client.ask('POST', 'v2/repository/index', { body: Buffer.from(body ?? '') });
    assert.equal(answer.status, 200, answer.text);
    return checkForm('index', answer.json);
};

test('the index has every model, and why one is not ready', async () => {
    await client.ask('GET', 'v2/models/not_onnx');
    const rows = await index();
    const row = (name) => rows.find((one) => one.name === name);
    assert.deepEqual(row('org/twice'), { name: 'org/twice', version: '1', state: 'READY', reason: '' });
    assert.equal(row('builtin/echo').state, 'READY');
    assert.equal(row('not_onnx').state, 'UNAVAILABLE');
    assert.ok(row('not_onnx').reason.length > 4);
    assert.ok(!(await index('{"ready":true}')).some(({ name }) => name === 'not_onnx'));
    assertRefused(await post('repository/index', { ready: 1 }), 400, 'invalid_field', { field: 'ready' });
    const broken = await client.ask('GET', 'v2/models/not_onnx/ready');
    assertRefused(broken, 503, 'unavailable');
});

const loaded = async (name) => (await daemon.get(`/v1/models/${name}`)).json.loaded
    .filter(({ state }) => state === 'loaded').length;

test('load answers when a node has it, unload when none has', async () => {
    const order = (name, verb, body) => client.ask('POST', `v2/repository/models/${name}/${verb}`, { body: Buffer.from(body) });
    const unload = '{"parameters":{"unload_dependents":false}}';
    for (let round = 0; round < 2; round++) {
        const up = await order('twice', 'load', '{}');
        assert.equal(up.status, 200, up.text);
        assert.deepEqual([up.json.name, up.json.state, up.json.nodes.length], ['twice', 'READY', 1]);
        assert.ok(await loaded('twice') >= 1);
        const down = await order('twice', 'unload', unload);
        assert.equal(down.status, 200, down.text);
        assert.equal(await loaded('twice'), 0);
    }
    assert.equal((await order('twice', 'unload', unload)).status, 200, 'which none had');
    assert.equal((await order('builtin/echo', 'load', '')).status, 200);
    assertRefused(await order('builtin/echo', 'unload', '{}'), 409, 'conflict', { field: 'model_name' });
    assertRefused(await order('nobody/there', 'load', '{}'), 404, 'model_not_found', { field: 'model_name' });
    assertRefused(await order('nobody/there', 'unload', '{}'), 404, 'model_not_found', { field: 'model_name' });
    assertRefused(await order('unknown_operator', 'load', '{}'), 503, 'unavailable', { error: /could not be loaded/ });
    assertRefused(await order('twice', 'load', '{"parameters":{"config":"{}"}}'), 400, 'unknown_field',
        { field: 'parameters.config' });
    assertRefused(await order('twice', 'load', '[]'), 400, 'bad_json');
});

test('unload and load answer though others ask for the model and for both all the time', async () => {
    const order = (verb) => post(`repository/models/twice/${verb}`, {});
    let isOver = false;
    const ask = async () => {
        while (!isOver) {
            const { status, text } = await daemon.infer({ model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [4], data: [1, 2, 3, 4] }] });
            assert.equal(status, 200, text);
        }
    };
    const asking = [ask(), ask()];
    for (let round = 0; round < 3; round++) {
        const loading = order('load');
        for (const { status, text } of await Promise.all(Array.from({ length: 12 }, () => order('unload')))) assert.equal(status, 200, text);
        const { status, json, text } = await loading;
        assert.ok(status === 200 ? json.state === 'READY' : status === 503 && /unloaded before/.test(text), text);
    }
    isOver = true;
    await Promise.all(asking);
});

test('statistics count what was answered and what failed, as /metrics does', async () => {
    const of = async (name) => (await client.get(`v2/models/${name}/stats`, 'stats')).json.model_stats[0];
    const before = { twice: await of('twice'), failing: await of('failing') };
    const began = Date.now();
    await client.infer('twice', [fp32([1])]);
    await daemon.answer({ model_name: 'twice', inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    const failed = await client.ask('POST', 'v2/models/failing/infer', inferBody([fp32([1, 2, 3, 4]),
        { name: 'shape', datatype: 'INT64', shape: [1], bytes: pack('INT64', [3]) }]));
    assertRefused(failed, 500, 'inference_failed');
    const after = { twice: await of('twice'), failing: await of('failing') };
    const more = (model, name, member) =>
        after[model].inference_stats[name][member] - before[model].inference_stats[name][member];
    for (const name of ['success', 'queue', 'compute_infer']) {
        assert.equal(more('twice', name, 'count'), 2, name);
        assert.ok(more('twice', name, 'ns') > 0, name);
    }
    assert.ok(more('twice', 'success', 'ns') >= more('twice', 'queue', 'ns'));
    assert.deepEqual([more('twice', 'fail', 'count'), more('failing', 'fail', 'count')], [0, 1]);
    assert.ok(more('failing', 'fail', 'ns') > 0);
    assert.deepEqual(after.twice.inference_stats.compute_input, { count: 0, ns: 0 });
    assert.ok(after.twice.last_inference >= began - 1000);
    assert.equal(after.twice.inference_count, after.twice.inference_stats.success.count);
    assert.equal(await daemon.metric('webinfer_model_requests_total', '{model="twice",outcome="answered"}'),
        after.twice.inference_count);
    assert.equal(await daemon.metric('webinfer_model_requests_total', '{model="failing",outcome="failed"}'),
        after.failing.inference_stats.fail.count);
    assert.ok(await daemon.metric('webinfer_model_queue_seconds_total', '{model="twice"}') > 0);
    const all = (await client.get('v2/models/stats', 'stats')).json.model_stats;
    assert.deepEqual(all.find(({ name }) => name === 'twice'), after.twice);
    assert.equal((await client.get('v2/models/org/twice/versions/1/stats', 'stats')).json.model_stats[0].name, 'org/twice');
});

/* --- what bad input gets ----------------------------------------------------------------------------- */

test('framing lies are told from each other', async () => {
    const { body, jsonSize } = inferBody([fp32([1, 2])]);
    const lie = (size, bytes = body) => client.ask('POST', 'v2/models/twice/infer', { body: bytes, jsonSize: size });
    assertRefused(await lie(body.length + 1), 400, 'bad_framing', { field: 'Inference-Header-Content-Length', expected: /^at most/ });
    assertRefused(await lie('x'), 400, 'bad_framing', { field: 'Inference-Header-Content-Length' });
    assertRefused(await lie(undefined), 400, 'bad_json');
    assertRefused(await lie(jsonSize - 1), 400, 'bad_json');
    assertRefused(await lie(jsonSize, body.subarray(0, -1)), 400, 'bad_framing',
        { field: 'inputs[0].parameters.binary_data_size', error: /8 bytes where the binary section has 7/ });
    assertRefused(await lie(jsonSize, Buffer.concat([body, Buffer.alloc(3)])), 400, 'bad_framing', { field: 'inputs' });
    const json = JSON.parse(body.subarray(0, jsonSize));
    const bare = await post('models/twice/infer', JSON.stringify(json));
    assertRefused(bare, 400, 'bad_framing', { field: 'inputs[0].parameters.binary_data_size', error: /Inference-Header/ });
    const short = inferBody([{ ...written('b', ['abc']), bytes: Buffer.from([9, 0, 0, 0, 65]) }], { parameters: simulated });
    assertRefused(await client.ask('POST', 'v2/models/builtin/echo/infer', short), 422, 'input_size',
        { field: 'inputs[0].data', error: /claims 9 bytes/ });
    assert.equal((await client.infer('twice', [fp32([1])])).status, 200);
});

test('versions, sequences, codings, types and addresses that there are not', async () => {
    const infer = (more, where = 'twice') => client.ask('POST', `v2/models/${where}/infer`, inferBody([fp32([1])], more));
    for (const target of ['', '/ready', '/config', '/stats'])
        assertRefused(await client.ask('GET', `v2/models/twice/versions/7${target}`), 404, 'model_not_found',
            { field: 'model_version', expected: /^1$/, error: /version 7 .* current one is 1/ });
    assertRefused(await infer({}, 'twice/versions/latest'), 404, 'model_not_found', { field: 'model_version', expected: /^1$/ });
    assertRefused(await infer({}, 'nobody'), 404, 'model_not_found', { field: 'model_name' });
    for (const name of ['sequence_id', 'sequence_start', 'sequence_end'])
        assertRefused(await infer({ parameters: { [name]: name === 'sequence_id' ? 5 : true } }), 400, 'invalid_field',
            { field: `parameters.${name}`, expected: /no such parameter/ });
    for (const [name, value] of [['priority', -1], ['timeout', 4e9], ['platform', 'tpu'], ['fallback', 1], ['task', 'guess']])
        assertRefused(await infer({ parameters: { [name]: value } }), 400, 'invalid_field', { field: `parameters.${name}` });
    assertRefused(await infer({ parameters: { precision: 'fp16' } }), 422, 'precision_unsupported',
        { field: 'parameters.precision', expected: /fp32/ });
    assertRefused(await client.ask('POST', 'v2/models/builtin/count/infer', inferBody([],
        { parameters: { ...simulated, timeout: 50_000, count: 9, interval_ms: 1000 } })), 504, 'deadline_exceeded',
    { field: 'parameters.timeout', error: /50 ms/ });
    const { body } = inferBody([{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }]);
    assertRefused(await post('models/twice/infer', gzipSync(body), { headers: { 'Content-Encoding': 'gzip' } }),
        415, 'unsupported_media_type', { field: 'Content-Encoding', allowed: /identity/ });
    for (const type of ['application/json', 'application/octet-stream', 'application/x-www-form-urlencoded',
        'text/plain;charset=UTF-8', 'text/csv'])
        assert.equal((await post('models/twice/infer', body, { headers: { 'Content-Type': type } })).status, 200, type);
    assertRefused(await post('models/twice/infer', body, { headers: { 'Idempotency-Key': 'k' } }), 400, 'invalid_field',
        { field: 'Idempotency-Key', expected: /\/v1\/infer/ });
    assertRefused(await post('models/twice/infer', { inputs: [], colour: 1 }), 400, 'unknown_field', { field: 'colour' });
    assertRefused(await post('models/twice/infer', {}), 400, 'missing_field', { field: 'inputs' });
    assertRefused(await daemon.get('/v2/systemsharedmemory/status'), 404, 'not_found');
    for (const [method, where, allowed] of [['GET', 'models/twice/infer', /^POST$/], ['POST', 'models/twice/ready', /^GET, HEAD$/],
        ['DELETE', 'repository/index', /^POST$/]])
        assertRefused(await daemon.request(`/v2/${where}`, { method }), 405, 'method_not_allowed', { allowed });
});

/* --- many at once ------------------------------------------------------------------------------------ */

test('twelve at once, beside other work, are answered as each alone', async () => {
    const { bytes: png } = disc();
    const asked = Array.from({ length: 12 }, (_, index) => [
        (mine) => mine.infer('org/twice', [fp32([index, 2])]).then(({ rest }) => rest),
        (mine) => mine.infer('builtin/echo', [written('text', [`t${index}`])],
            { parameters: { ...simulated, priority: 1 + index } }).then(({ rest }) => rest),
        (mine) => mine.infer('vit', [written('image', [png])],
            { parameters: { ...simulated, top: 1 }, outputs: [{ name: 'result', binary: true }] }).then(({ rest }) => rest),
        (mine) => mine.ask('POST', 'v2/models/abc/generate', { body: Buffer.from(JSON.stringify(
            { text_input: `${prompt.slice(0, index % 3 + 1)}`, parameters: { temperature: 0, max_tokens: 4 } })) }).then(({ text }) => text),
    ][index % 4]);
    const alone = [];
    for (const ask of asked) alone.push(await ask(client));
    const clients = asked.map(() => new TritonClient(daemon.url));
    const others = [daemon.answer({ model_name: 'digits', inputs: { image: fs.readFileSync(
        path.join(ownModels, 'digits/samples/7.png')).toString('base64') } }),
    daemon.get('/v2/models/stats'), daemon.infer({ model_name: 'abc', inputs: 'other', options: greedy })];
    try {
        assert.deepEqual(await Promise.all(asked.map((ask, index) => ask(clients[index]))), alone);
        await Promise.all(others);
    } finally {
        for (const one of clients) one.close();
    }
});
