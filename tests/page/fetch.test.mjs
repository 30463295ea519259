// tier: quick
/** Fetching a model by its list of files: together, whole, and on from where it broke off. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchFiles } from '../../page/src/engine/fetch.js';
import { get } from '../../page/src/engine/get.js';
import { until } from '../lib/wait.mjs';

globalThis.self = { location: { origin: 'http://127.0.0.1', href: 'http://127.0.0.1/' } };

test('what is no file of a model is not fetched with its credential', async (t) => {
    t.mock.method(globalThis, 'fetch', () => assert.fail('it was asked for'));
    for (const path of ['//evil.example/models/x', '/node', '/models/../node', 'https://evil.example/models/x'])
        await assert.rejects(get(path, 'secret', never()), { code: 'model_fetch_failed', message: /no file of a model/ });
});

test('over peers, the document is asked, with the same credential and range', async (t) => {
    t.mock.method(globalThis, 'fetch', () => assert.fail('it was asked for'));
    const asked = [], credential = { origin: 'http://127.0.0.1', token: 'secret', isCarried: true };
    self.postMessage = ({ type, request, port }, [moved]) => {
        asked.push({ type, request, isMoved: moved === port });
        port.onmessage = ({ data }) => {
            if (data === 'more') port.postMessage({ whole: true });
        };
        const bytes = pattern(3).buffer;
        port.postMessage({ status: request.path.endsWith('none') ? 404 : 206, headers: { etag: '"h"' } });
        port.postMessage(bytes, [bytes]);
    };
    t.after(() => delete self.postMessage);
    const response = await get('/models/x?blocks', credential, never(), { Range: 'bytes=1-', 'If-Range': '"h"' });
    assert.deepEqual([response.status, response.headers.get('ETag'), new Uint8Array(await response.arrayBuffer())], [206, '"h"', pattern(3)]);
    assert.deepEqual(asked, [{ type: 'get', request: { path: '/models/x?blocks', headers: { authorization: 'Bearer secret', range: 'bytes=1-', 'if-range': '"h"' } }, isMoved: true }]);
    await assert.rejects(get('/models/none', credential, never()), { code: 'model_fetch_failed', message: '/models/none was answered 404' });
    await assert.rejects(get('/node', credential, never()), { message: /no file of a model/ });
    assert.equal(asked.length, 2);
});

test('over no peer any more, the service is asked itself', async (t) => {
    const asked = serve(t, { a: pattern(5) });
    self.postMessage = ({ port }) => port.postMessage({ gone: true });
    t.after(() => delete self.postMessage);
    const response = await get(`${URL_OF}a`, { origin: 'http://127.0.0.1', token: 'secret', isCarried: true }, never());
    assert.deepEqual([new Uint8Array(await response.arrayBuffer()), asked.map(({ path }) => path)], [pattern(5), ['a']]);
});

test('what breaks off over peers, or is cancelled, fails as a fetch does', async (t) => {
    const credential = { origin: 'http://127.0.0.1', token: 'secret', isCarried: true }, said = [];
    self.postMessage = ({ request: { path }, port }) => {
        port.onmessage = ({ data }) => said.push(data);
        if (path.endsWith('odd')) port.postMessage({ status: 99, headers: {} });
        else if (path.endsWith('broken')) port.postMessage({ broken: 'this page has no peers' });
    };
    t.after(() => delete self.postMessage);
    await assert.rejects(get('/models/broken', credential, never()), { code: 'model_fetch_failed', message: /could not be fetched: TypeError: this page has no peers/ });
    await assert.rejects(get('/models/odd', credential, never()), { code: 'model_fetch_failed', message: /RangeError/ });
    const stop = new AbortController(), waiting = get('/models/slow', credential, stop.signal);
    stop.abort();
    await assert.rejects(waiting, { code: 'model_fetch_failed', message: /AbortError/ });
    await assert.rejects(get('/models/slow', credential, stop.signal), { code: 'model_fetch_failed' });
    await until(() => said.length >= 3, { what: 'the document to hear it' });
    assert.ok(said.every((word) => word === 'end'));
});

const never = () => new AbortController().signal;
const pattern = (size) => Uint8Array.from({ length: size }, (_, i) => i * 31 % 251);
const URL_OF = '/models/m/1/';

/** A model of files {path: bytes}. */
function modelOf(files, more = {}) {
    const list = Object.entries(files).map(([path, { length }]) =>
        ({ path, url: URL_OF + path, bytes: length, hash: `hash-of-${path}` }));
    return { name: 'm', hash: '1', engine: 'ort', files: list, ...more };
}

/** Serves files as the daemon does; `cut` says after how many bytes an answer of a file breaks off. */
function serve(t, files, { cut = () => Infinity, honoursRange = true } = {}) {
    const asked = [];
    t.mock.method(globalThis, 'fetch', async (url, { headers, signal }) => {
        const path = url.pathname.slice(URL_OF.length);
        assert.equal(headers.Authorization, 'Bearer secret');
        asked.push({ path, range: headers.Range, ifRange: headers['If-Range'], signal });
        const file = files[path];
        if (!file) return new Response('no', { status: 404 });
        const from = honoursRange && headers.Range ? Number(/^bytes=(\d+)-$/.exec(headers.Range)[1]) : 0;
        if (from >= file.length && from > 0) return new Response('no', { status: 416 });
        const rest = file.subarray(from);
        const most = cut(path, asked.length);
        return new Response(new ReadableStream({
            start(controller) {
                controller.enqueue(rest.slice(0, Math.min(most, rest.length)));
                if (most >= rest.length) return controller.close();
                setImmediate(() => controller.error(new TypeError('network error')));
            },
        }), { status: from > 0 ? 206 : 200 });
    });
    return asked;
}

test('all files come, in the order of the list, the graph apart', async (t) => {
    const files = { 'a/b.data': pattern(300), 'model.onnx': pattern(200), 'w.bin': pattern(100) };
    const asked = serve(t, { ...files, '.spec.json': Buffer.from('{"type":"vision"}') });
    const told = [];
    const model = modelOf({ ...files, 'model.json': pattern(7) }, { spec_url: `${URL_OF}.spec.json` });
    const got = await fetchFiles(model, 'secret', (...values) => told.push(values), never());
    assert.deepEqual(got.bytes, files['model.onnx']);
    assert.deepEqual(got.external, [{ path: 'a/b.data', data: files['a/b.data'] }, { path: 'w.bin', data: files['w.bin'] }]);
    assert.deepEqual(got.spec, { type: 'vision' });
    assert.deepEqual(asked.map(({ path }) => path).sort(), ['.spec.json', 'a/b.data', 'model.onnx', 'w.bin']);
});

test('a graph alone is enough, and files without a graph are none', async (t) => {
    const asked = serve(t, { 'model.onnx': pattern(10) });
    const { bytes, external, spec } = await fetchFiles(modelOf({ 'model.onnx': pattern(10) }), 'secret', () => {}, never());
    assert.deepEqual([bytes, external, spec], [pattern(10), [], {}]);
    await assert.rejects(fetchFiles(modelOf({ 'w.bin': pattern(10) }), 'secret', () => {}, never()), { code: 'model_invalid' });
    assert.equal(asked.length, 1);
});

test('progress counts the bytes of all files', async (t) => {
    const files = { 'model.onnx': pattern(200), 'w.bin': pattern(100) };
    serve(t, files);
    let now = 0;
    t.mock.method(performance, 'now', () => now += 300);
    const told = [];
    await fetchFiles(modelOf(files), 'secret', (...values) => told.push(values), never());
    assert.deepEqual(told.at(-1), [300, 300]);
});

test('a file that breaks off goes on by a range, if it is the same still', async (t) => {
    const files = { 'model.onnx': pattern(50), 'w.bin': pattern(1000) };
    const asked = serve(t, files, { cut: (path, count) => (path === 'w.bin' && count <= 3 ? 400 : Infinity) });
    const { external } = await fetchFiles(modelOf(files), 'secret', () => {}, never());
    assert.deepEqual(external[0].data, files['w.bin']);
    assert.deepEqual(asked.filter(({ path }) => path === 'w.bin').map(({ range, ifRange }) => [range, ifRange]),
        [[undefined, undefined], ['bytes=400-', '"hash-of-w.bin"'], ['bytes=800-', '"hash-of-w.bin"']]);
});

test('a service without ranges sends it anew, and it is counted once', async (t) => {
    const files = { 'model.onnx': pattern(1000) };
    serve(t, files, { cut: (path, count) => (count === 1 ? 400 : Infinity), honoursRange: false });
    let now = 0;
    t.mock.method(performance, 'now', () => now += 300);
    const told = [];
    const { bytes } = await fetchFiles(modelOf(files), 'secret', (...values) => told.push(values), never());
    assert.deepEqual(bytes, files['model.onnx']);
    assert.deepEqual(told.at(-1), [1000, 1000]);
});

test('what brings nothing more, is too short, too long or missing fails, and stops the rest', async (t) => {
    const rows = [
        [{ 'model.onnx': pattern(10), 'w.bin': pattern(9) }, {}],
        [{ 'model.onnx': pattern(10), 'w.bin': pattern(11) }, {}],
        [{ 'model.onnx': pattern(10) }, {}],
        [{ 'model.onnx': pattern(10), 'w.bin': pattern(10) }, { cut: (path) => (path === 'w.bin' ? 0 : Infinity) }],
        [{ 'model.onnx': pattern(10), 'w.bin': pattern(10) }, { cut: (path) => (path === 'w.bin' ? 2 : Infinity) }],
    ];
    for (const [files, how] of rows) {
        const asked = serve(t, files, how);
        await assert.rejects(fetchFiles(modelOf({ 'model.onnx': pattern(10), 'w.bin': pattern(10) }), 'secret', () => {}, never()),
            { code: 'model_fetch_failed', message: /w\.bin/ });
        assert.ok(asked.length <= 6, `${asked.length} requests`);
        assert.ok(asked.every(({ signal }) => signal.aborted));
        t.mock.restoreAll();
    }
});

test('a cancel ends all of it', async (t) => {
    const files = { 'model.onnx': pattern(10), 'w.bin': pattern(10) };
    const cancel = new AbortController();
    t.mock.method(globalThis, 'fetch', (url, { signal }) => new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        if (url.pathname.endsWith('w.bin')) cancel.abort();
    }));
    await assert.rejects(fetchFiles(modelOf(files), 'secret', () => {}, cancel.signal), { code: 'cancelled' });
});
