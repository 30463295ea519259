// tier: quick
/** The JavaScript client's streams, whose connections break, fall silent, fail and are left. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { BadAnswer, Client, ServiceError, Unreachable } from '../../sdk/js/index.js';
import { Events } from '../../sdk/js/streams.js';
import { answer, chunk, cut, done, events, json, part, sent, serving } from './serving.mjs';

const PROBLEM = { type: 't', title: 'T', status: 422, code: 'input_shape', detail: 'it is too long', field: 'inputs[0]' };
const busy = json({ ...PROBLEM, status: 503 }, 503, ['Retry-After: 0']);

let server;
afterEach(() => server?.close());

/** A stream of a server that answers with `script`. */
async function open(script, settings = {}) {
    server?.close();
    server = await serving(...script);
    return new Client(server.url).stream('m', undefined, settings);
}

/** The texts of its parts. */
async function read(stream) {
    const texts = [];
    for await (const text of stream.texts()) texts.push(text);
    return texts;
}

test('events are taken apart wherever they are cut', () => {
    const bytes = new TextEncoder().encode(': a comment\n\nid: 1\r\nevent: part\r\ndata: {"text":\r\ndata: "\u00e4"}\r\n\r\n' +
        'event: done\ndata:{}\n\nevent: none\n\n');
    for (const size of [1, 2, 7, bytes.length]) {
        const found = [], reader = new Events();
        for (let at = 0; at < bytes.length; at += size) found.push(...reader.feed(bytes.subarray(at, at + size)));
        assert.deepEqual(found, [{ event: 'part', id: '1', value: { text: '\u00e4' } },
            { event: 'done', id: undefined, value: {} }]);
    }
});

test('a stream has its parts, and then the rest of the answer', async () => {
    const stream = await open([events([part(0), part(1), part(2), done])], { count: 3, stall_timeout_ms: 5000, platform: 'wasm' });
    assert.equal(stream.done, null);
    const parts = [];
    for await (const one of stream) parts.push(one);
    assert.deepEqual(parts.map(({ seq, text }) => [seq, text]), [[0, '0 '], [1, '1 '], [2, '2 ']]);
    assert.deepEqual(stream.done, { parts: 3, result: { count: 3 } });
    const [{ headers }] = server.requests, [body] = sent(server.requests[0]);
    assert.equal(headers.accept, 'text/event-stream');
    assert.deepEqual(body, { model_name: 'm', inputs: [], platform: 'wasm', options: { count: 3 }, stream: true, resumable: true,
        stall_timeout_ms: 5000 });
});

test('a stream that breaks continues after its last part', async () => {
    const first = cut(events([part(0), part(1).slice(0, 20)])), rest = cut(events([part(1), part(2), done]) + chunk(''));
    const stream = await open([first, busy, rest]);
    assert.deepEqual([await read(stream), stream.done.parts], [['0 ', '1 ', '2 '], 3]);
    assert.deepEqual(server.lines(), ['POST /v1/infer', 'GET /v1/jobs/job-1', 'GET /v1/jobs/job-1']);
    assert.equal(server.requests[2].headers['last-event-id'], '0');
});

test('behind a proxy it continues below the same path', async () => {
    server = await serving(cut(events([part(0)], '/behind/v1/jobs/job-1')), events([part(1), done], '/behind/v1/jobs/job-1'));
    assert.deepEqual(await read(new Client(`${server.url}/behind`).stream('m')), ['0 ', '1 ']);
    assert.deepEqual(server.lines(), ['POST /behind/v1/infer', 'GET /behind/v1/jobs/job-1']);
});

test('a stream that is not resumable fails, and so does one that the service has lost', async () => {
    await assert.rejects(read(await open([cut(events([part(0)]))], { resumable: false })), (error) => error instanceof Unreachable);
    assert.equal(server.requests.length, 1);
    const gone = json({ ...PROBLEM, code: 'stream_gone', status: 410 }, 410);
    await assert.rejects(read(await open([cut(events([part(0)])), gone])), { name: 'ServiceError', code: 'stream_gone' });
    assert.deepEqual(server.lines(), ['POST /v1/infer', 'GET /v1/jobs/job-1']);
});

test('before it has begun it is sent again as other requests are', async () => {
    assert.deepEqual(await read(await open([busy, events([part(0), done])])), ['0 ']);
    await assert.rejects(read(await open([null, events([done])])), { name: 'Unreachable', code: 'connection_lost' });
    assert.equal(server.requests.length, 1);
});

test('errors and garbage within a stream are reported', async () => {
    const failed = events([part(0), `event: error\ndata: ${JSON.stringify(PROBLEM)}\n\n`]);
    await assert.rejects(read(await open([failed])), (error) => error instanceof ServiceError
        && error.code === 'input_shape' && error.field === 'inputs[0]' && error.status === 422);
    const noText = Buffer.concat([Buffer.from(events([])), Buffer.from('6\r\ndata: \r\n2\r\n\xff\n\r\n', 'latin1')]);
    const noJson = events(['event: part\ndata: {\n\n']);
    for (const [said, sentence] of [[noJson, /no JSON/], [noText, /no text/], [answer('{}'), /for a stream/]])
        await assert.rejects(read(await open([said])), (error) => error instanceof BadAnswer && sentence.test(error.message));
});

test('a request that cannot be sent is reported when the stream is read', async () => {
    for (const settings of [{ idempotent: true }, { timeout_ms: 0 }, { top: NaN }])
        await assert.rejects(read(await open([], settings)), (error) => error instanceof TypeError || error instanceof RangeError);
    await open([], { idempotent: true }); // not read, so that nothing is rejected
    assert.equal(server.requests.length, 0);
});

test('progress before the first part is reported', async () => {
    const seen = [], onProgress = (progress) => seen.push(progress.phase);
    await read(await open([events(['event: progress\ndata: {"phase":"loading"}\n\n', part(0), done])], { onProgress }));
    assert.deepEqual(seen, ['loading']);
});

test('leaving the loop cancels the work', async () => {
    for await (const one of await open([events([part(0)]), json({ id: 'job-1', state: 'cancelled' })])) {
        assert.equal(one.seq, 0);
        break;
    }
    assert.deepEqual(server.lines(), ['POST /v1/infer', 'DELETE /v1/jobs/job-1']);
});

test('a signal cancels the work, with its reason', async () => {
    const leave = new AbortController(), reason = new Error('enough');
    const stream = await open([events([part(0)]), json({ id: 'job-1', state: 'cancelled' })], { signal: leave.signal });
    await assert.rejects(async () => {
        for await (const one of stream) if (one.seq === 0) leave.abort(reason);
    }, reason);
    assert.deepEqual(server.lines(), ['POST /v1/infer', 'DELETE /v1/jobs/job-1']);
    await assert.rejects(read(await open([], { signal: AbortSignal.abort(reason) })), reason);
    assert.equal(server.requests.length, 0);
});

test('closing it from elsewhere cancels the work, and its reader ends', async () => {
    const stream = await open([events([part(0)]), json({ id: 'job-1', state: 'cancelled' })]);
    const parts = stream[Symbol.asyncIterator]();
    await parts.next();
    const waiting = parts.next();
    await Promise.all([assert.rejects(waiting, { name: 'AbortError' }), stream.close()]);
    assert.deepEqual(server.lines(), ['POST /v1/infer', 'DELETE /v1/jobs/job-1']);
    await (await open([])).close(); // which was never read
    assert.equal(server.requests.length, 0);
});

test('leaving a stream that is not resumable closes its connection', async () => {
    const stream = await open([events([part(0)])], { resumable: false });
    for await (const one of stream) if (one) break;
    await server.left();
    assert.deepEqual(server.lines(), ['POST /v1/infer']);
});

test('a pull reports its progress, and leaving it does not cancel it', async () => {
    const progress = (bytes) => `event: progress\ndata: {"phase":"downloading","loaded_bytes":${bytes}}\n\n`;
    const whole = events([progress(1), progress(2), 'event: done\ndata: {"phase":"done"}\n\n'], '/v1/models/a/b');
    server = await serving(whole, events([progress(1)]));
    const client = new Client(server.url), pulling = client.pulling('org/name', { as: 'a/b', precision: 'int8' }), seen = [];
    for await (const { loaded_bytes } of pulling) seen.push(loaded_bytes);
    assert.deepEqual([seen, pulling.done], [[1, 2], { phase: 'done' }]);
    assert.deepEqual(sent(server.requests[0])[0], { model: 'org/name', as: 'a/b', precision: 'int8' });
    for await (const one of client.pulling('org/name')) if (one) break;
    assert.equal(server.requests.length, 2);
});
