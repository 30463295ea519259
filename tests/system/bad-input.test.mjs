// tier: quick, sanitized
/** What bad input gets: a clear error that names the fault, and nothing lost. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { headEnded, raw, statusOf } from '../lib/http.mjs';
import * as kserve from '../lib/kserve.mjs';
import { hasDigits, skipDigits } from '../lib/paths.mjs';
import { picture } from '../lib/picture.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({
        models: ['twice', 'slow', 'failing', 'unknown_operator', 'not_onnx',
            ...(hasDigits ? ['digits'] : [])],
        config: { api: { max_body: '1M' } },
    }).start();
});
after(() => daemon.stop());

/** Whatever came before, the daemon still answers, and its browser was not bothered. */
async function stillWorks() {
    const { outputs } = await daemon.answer({ model_name: 'twice',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] });
    assert.deepEqual(outputs[0].values, [2, 4]);
}

const tensor = (more) => ({ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2], ...more });
const ask = (more, head) => daemon.infer({ model_name: 'twice', inputs: [tensor(more)], ...head });
const json = { headers: { 'Content-Type': 'application/json' } };

test('a body that is no JSON', async () => {
    for (const body of ['this is no JSON', '{"model_name": "twice",', '[1, 2', '{"a":1}}',
        Buffer.from('{"model_name": "twice", "inputs": "\xff"}', 'latin1')])
        assertProblem(await daemon.infer(body, json), 400, 'bad_json');
    await stillWorks();
});

test('JSON that is no object', async () => {
    for (const body of ['[]', '"x"', '7', 'null']) {
        const answer = await daemon.infer(body, json);
        assert.equal(answer.status, 400, answer.text);
    }
});

test('JSON nested without end', async () => {
    const answer = await daemon.infer('['.repeat(100_000), json);
    assertProblem(answer, 400, 'bad_json');
    await stillWorks();
});

test('an empty body', async () => {
    const answer = await daemon.infer('', json);
    assert.ok([400, 411].includes(answer.status), answer.text);
});

test('a body that is too large is refused before it is read', async () => {
    const head = `POST /v1/infer HTTP/1.1\r\nHost: ${new URL(daemon.url).host}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 50000000\r\n\r\n';
    const answer = await raw(daemon.url, head, { enough: headEnded });
    assert.equal(statusOf(answer), 413, answer);
    const whole = await daemon.infer(Buffer.alloc(1_500_000, 0x20), json);
    assertProblem(whole, 413, 'body_too_large', { detail: /1/ });
    await stillWorks();
});

test('a chunked body that is too large is cut off where the limit is', async () => {
    const answer = await daemon.request('/v1/infer', { method: 'POST',
        headers: { ...json.headers, 'Transfer-Encoding': 'chunked' },
        body: Buffer.alloc(1_500_000, 0x20) }).catch((error) => error);
    if (answer.status !== undefined) assert.equal(answer.status, 413);
    else assert.match(answer.code ?? '', /ECONNRESET|EPIPE/);
    await stillWorks();
});

test('a wrong content type', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/mixed; boundary=x', 'image/gif'])
        assertProblem(await daemon.infer('{}', { headers: { 'Content-Type': type } }),
            415, 'unsupported_media_type',
            { field: 'Content-Type', allowed: /multipart\/form-data, image\/png.*audio\/\*/ });
    await stillWorks();
});

test('an unknown model', async () => {
    const answer = await daemon.infer({ model_name: 'no_such_model', inputs: [tensor()] });
    assertProblem(answer, 404, 'model_not_found');
    assert.match(answer.json.detail, /no_such_model/);
    const meant = await daemon.infer({ model_name: 'twcie', inputs: [tensor()] });
    assertProblem(meant, 404, 'model_not_found',
        { detail: /did you mean twice\?/, allowed: /^twice\b/ });
});

test('missing and unknown fields are named', async () => {
    assertProblem(await daemon.infer({ inputs: [] }), 400, 'missing_field',
        { field: 'model_name' });
    assertProblem(await daemon.infer({ model_name: 'twice' }), 400, 'missing_field',
        { field: 'inputs' });
    assertProblem(await ask({}, { colour: 'red' }), 400, 'unknown_field', { field: 'colour' });
    assertProblem(await ask({}, { options: { colour: 1 } }), 400, 'unknown_field',
        { field: 'options.colour', detail: /takes no options/, allowed: /no options/ });
});

test('bad values of request fields are named, with what is allowed', async () => {
    assertProblem(await ask({}, { platform: 'abacus' }), 400, 'invalid_field',
        { field: 'platform', allowed: /webgpu.*wasm/ });
    assertProblem(await ask({}, { priority: 11 }), 400, 'invalid_field', { field: 'priority' });
    assertProblem(await daemon.infer('{"model_name": "twice", "priority": 18446744073709551621}',
        json), 400, 'invalid_field', { field: 'priority', expected: /^0 to 9$/ });
    assertProblem(await ask({}, { timeout_ms: 0 }), 400, 'invalid_field', { field: 'timeout_ms' });
    assertProblem(await ask({}, { timeout_ms: 4_000_000 }), 400, 'invalid_field',
        { field: 'timeout_ms' });
    assertProblem(await ask({}, { fallback: 'yes' }), 400, 'invalid_field', { field: 'fallback' });
    assertProblem(await ask({}, { model_type: 'poetry' }), 400, 'invalid_field',
        { field: 'model_type' });
    assertProblem(await daemon.infer({ model_name: 7, inputs: [] }), 400, 'invalid_field',
        { field: 'model_name' });
});

test('a wrong input name says which there are', async () => {
    assertProblem(await ask({ name: 'y' }), 422, 'input_unknown', { field: 'inputs[0].name' });
    const answer = await ask({ name: 'y' });
    assert.match(answer.text, /\bx\b/, 'it names the input that there is');
    assertProblem(await daemon.infer({ model_name: 'twice', inputs: [] }), 422, 'input_missing');
    assertProblem(await daemon.infer({ model_name: 'twice', inputs: [tensor(), tensor()] }),
        422, 'input_unknown');
});

test('a wrong datatype says what was expected', async () => {
    assertProblem(await ask({ datatype: 'INT32' }), 422, 'input_datatype', { expected: /FP32/ });
    assertProblem(await ask({ datatype: 'FLOAT' }), 400, 'invalid_field',
        { field: 'inputs[0].datatype', allowed: /FP32/ });
});

test('a wrong shape says what was expected', async () => {
    assertProblem(await ask({ shape: [1, 2] }), 422, 'input_shape');
    const slow = await daemon.infer({ model_name: 'slow', inputs: [
        { name: 'x', datatype: 'FP32', shape: [2, 1], data: [1, 2] },
        { name: 'count', datatype: 'INT64', shape: [], data: [1] }] });
    assertProblem(slow, 422, 'input_shape', { expected: /\[1, ?1\]/ });
    for (const shape of [[-1], [1.5], ['2'], 'x', [2 ** 62, 2 ** 62]])
        assert.ok([400, 422].includes((await ask({ shape })).status), JSON.stringify(shape));
    assert.equal((await ask({ shape: Array(40).fill(1) })).status, 400);
});

test('a count that is not the shape\'s, in JSON and in binary', async () => {
    assertProblem(await ask({ data: [1, 2, 3] }), 422, 'input_size', { expected: /2/ });
    assertProblem(await ask({ data: [] }), 422, 'input_size');
    const bytes = Buffer.alloc(12);
    const binary = await daemon.inferBinary({ model_name: 'twice' },
        [{ name: 'x', datatype: 'FP32', shape: [2], bytes }]);
    assertProblem(binary, 422, 'input_size', { expected: /8/ });
});

test('values that do not fit their datatype', async () => {
    for (const [datatype, value] of [['UINT8', 256], ['UINT8', -1], ['INT8', 1.5],
        ['INT32', 3e9], ['BOOL', 2], ['FP32', 'one'], ['FP32', null], ['FP32', 1e300]]) {
        const answer = await daemon.infer({ model_name: 'builtin/echo',
            inputs: [{ name: 'x', datatype, shape: [1], data: [value] }] });
        assert.ok([400, 422].includes(answer.status), `${datatype} ${value}: ${answer.text}`);
        assert.match(answer.json.field ?? '', /inputs\[0\]/);
    }
});

test('NaN and Infinity in JSON are refused with the advice to send binary', async () => {
    for (const word of ['NaN', 'Infinity', '-Infinity', '1e999']) {
        const answer = await daemon.infer('{"model_name":"twice","inputs":[{"name":"x",' +
            `"datatype":"FP32","shape":[1],"data":[${word}]}]}`, json);
        assert.equal(answer.status, 400, `${word}: ${answer.text}`);
        assert.ok(['non_finite', 'bad_json'].includes(answer.json.code));
        assert.match(answer.json.detail, /binary/i, word);
    }
    assertProblem(await ask({ data: ['NaN', 1] }), 400, 'non_finite', { detail: /binary/i });
});

test('bad binary framing', async () => {
    const good = kserve.encode({ model_name: 'twice' },
        [{ name: 'x', datatype: 'FP32', shape: [2], bytes: Buffer.alloc(8) }]);
    const send = (change, body = good.body) => daemon.request('/v1/infer',
        { method: 'POST', headers: { ...good.headers, ...change }, body });
    const length = Number(good.headers['Inference-Header-Content-Length']);
    for (const wrong of ['-1', 'x', '99999999', String(length + 3), '0', '']) {
        const answer = await send({ 'Inference-Header-Content-Length': wrong });
        assert.equal(answer.status, 400, `${wrong}: ${answer.text}`);
    }
    assertProblem(await send({}, good.body.subarray(0, -1)), 400, 'bad_framing');
    assertProblem(await send({}, Buffer.concat([good.body, Buffer.alloc(3)])), 400, 'bad_framing');
    await stillWorks();
});

test('a model file that is no ONNX', async () => {
    assertProblem(await daemon.infer({ model_name: 'not_onnx', inputs: [tensor()] }),
        422, 'model_invalid');
});

test('a model with an unknown operator', async () => {
    const answer = await daemon.infer({ model_name: 'unknown_operator', inputs: [tensor()] });
    assert.equal(answer.status, 422, answer.text);
    assert.ok(['operator_unsupported', 'model_invalid'].includes(answer.json.code));
    assert.match(answer.json.detail, /NoSuchOperator/);
    await stillWorks();
});

test('a model that fails while running is a 500 of its own, and hurts nobody', async () => {
    for (let round = 0; round < 3; round++) {
        const answer = await daemon.infer({ model_name: 'failing', inputs: [tensor(),
            { name: 'shape', datatype: 'INT64', shape: [1], data: [5] }] });
        assertProblem(answer, 500, 'inference_failed');
    }
    await stillWorks();
});

test('outputs that the model does not have', async () => {
    assertProblem(await ask({}, { outputs: [{ name: 'z' }] }), 422, 'output_unknown',
        { allowed: /y/ });
});

test('path tricks in model names', async () => {
    fs.symlinkSync('/etc', path.join(daemon.store, 'etc'));
    fs.mkdirSync(path.join(daemon.folder, 'outside'), { recursive: true });
    fs.copyFileSync(path.join(daemon.store, 'twice', 'model.onnx'),
        path.join(daemon.folder, 'outside', 'model.onnx'));
    fs.symlinkSync(path.join(daemon.folder, 'outside'), path.join(daemon.store, 'out'));
    fs.mkdirSync(path.join(daemon.store, 'linkfile'));
    fs.symlinkSync(path.join(daemon.folder, 'outside', 'model.onnx'),
        path.join(daemon.store, 'linkfile', 'model.onnx'));
    for (const name of ['../outside', '..', '.', 'twice/../twice', '/etc/passwd', 'twice/',
        '/twice', 'a/b/c', 'twice\u0000', 'tw ice', '..%2Foutside', '.hidden', '',
        'x'.repeat(300), 'twi\\ce', 'é']) {
        const answer = await daemon.infer({ model_name: name, inputs: [tensor()] });
        assert.equal(answer.status, 400, `${JSON.stringify(name)}: ${answer.text}`);
        assert.equal(answer.json.field, 'model_name');
    }
    for (const name of ['out', 'linkfile', 'etc', 'builtin/nothing']) {
        const answer = await daemon.infer({ model_name: name, inputs: [tensor()] });
        assert.ok([400, 404, 422].includes(answer.status), `${name}: ${answer.text}`);
        assert.ok(!answer.text.includes(daemon.folder), 'our paths are nobody\'s business');
    }
    await stillWorks();
});

test('bad pictures', { skip: skipDigits }, async () => {
    const send = (image) => daemon.infer({ model_name: 'digits', inputs: { image } });
    for (const image of ['%%% no base64', 'data:image/png;base64', '', 7]) {
        const answer = await send(image);
        assert.ok([400, 422].includes(answer.status), `${image}: ${answer.text}`);
    }
    assertProblem(await send(Buffer.from('GIF89a no picture').toString('base64')),
        422, 'picture_invalid');
    const cut = picture.seven().subarray(0, 60).toString('base64');
    assertProblem(await send(cut), 422, 'picture_invalid');
    assertProblem(await send(picture.bomb().toString('base64')), 422, 'picture_too_large');
    const none = await daemon.infer({ model_name: 'twice',
        inputs: { image: picture.seven().toString('base64') } });
    assert.ok([400, 422].includes(none.status), none.text);
    await stillWorks();
});

test('a browser or node that is not there', async () => {
    assertProblem(await ask({}, { browser: 'netscape' }), 400, 'invalid_field',
        { field: 'browser', allowed: /chrome/ });
    assertProblem(await ask({}, { node: 'node-0000000000000000' }), 404, 'node_not_found');
});

test('a deadline that passes is a 504, and the engine is free again', async () => {
    const slow = (count, timeout_ms) => daemon.infer({ model_name: 'slow', platform: 'wasm',
        timeout_ms, inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
            { name: 'count', datatype: 'INT64', shape: [], data: [count] }] });
    assert.equal((await slow(1, 60_000)).status, 200);
    const answer = await slow(1e9, 700);
    assertProblem(answer, 504, 'deadline_exceeded', { field: 'timeout_ms' });
    await stillWorks();
});

test('a client that disconnects: its work stops', async () => {
    const cancelled = async () => (await daemon.status()).queue?.running ?? 0;
    const gone = new AbortController();
    const call = daemon.infer({ model_name: 'slow', platform: 'wasm', inputs: [
        { name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
        { name: 'count', datatype: 'INT64', shape: [], data: [1e9] }] },
    { signal: gone.signal });
    await until(async () => (await cancelled()) === 1, { what: 'the job to run' });
    gone.abort();
    await assert.rejects(call);
    await until(async () => (await cancelled()) === 0, { what: 'the job to be gone' });
    await stillWorks();
});
