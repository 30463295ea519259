// tier: quick
/** Files of models on a stream between a page and webinfer-peer: both ends, what each holds, and what is wrong. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before } from 'node:test';
import { answerFile } from '../../peer/files.js';
import { makeAsking } from '../../peer/origin.js';
import { Files } from '../../page/src/peers/files.js';
import { Lanes } from '../../page/src/shared/lane.js';
import { BINARY, CLOSE, closeFrame, FrameReader, TEXT, WINDOW } from '../../page/src/shared/node_frames.js';
import { describe, test } from '../lib/tier.mjs';
import { until } from '../lib/wait.mjs';
import { TestStream } from './stream.mjs';

const frame = (kind, bytes, length = bytes.length) => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(length);
    head[4] = kind;
    return Buffer.concat([head, Buffer.from(bytes)]);
};
const text = (value) => frame(TEXT, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const HEAD = text({ status: 200, headers: { etag: '"e"' } }), WHOLE = Buffer.from(closeFrame(1000, ''));

/** All that a stream has been sent: frames with their kinds. */
function read(stream) {
    const frames = [], pieces = [];
    new FrameReader(2 ** 31, (kind, piece, isLast) => {
        pieces.push(piece);
        if (isLast) frames.push([kind, Buffer.concat(pieces.splice(0)).toString()]);
    }).push(stream.text);
    return frames;
}

describe('the page’s end', () => {
    /** A file that a worker asks for, the stream on which it comes, and what the worker is told. */
    async function ask(t) {
        const stream = new TestStream(), { port1, port2 } = new MessageChannel(), told = [], bytes = [];
        const files = new Files();
        files.use(/** @type {any} */ ({ newStream: async (protocol, options) => Object.assign(stream, { protocol, options }) }));
        port1.onmessage = ({ data }) => told.push(data instanceof ArrayBuffer ? data.byteLength : data);
        t.after(() => port1.close());
        await files.get({ path: '/models/m/0/a', headers: { range: 'bytes=1-' } }, port2, (count) => bytes.push(count));
        const come = (what, more) => until(() => told.length >= more, { what });
        return { stream, port: port1, told, bytes, come };
    }

    test('asks, and gives the worker what it takes', async (t) => {
        const { stream, port, told, bytes, come } = await ask(t);
        assert.deepEqual([stream.protocol, stream.options.runOnLimitedConnection, read(stream)],
            ['/webinfer/files/1', true, [[TEXT, '{"path":"/models/m/0/a","headers":{"range":"bytes=1-"}}']]]);
        for (const piece of [HEAD, frame(BINARY, Buffer.alloc(10)), frame(BINARY, Buffer.alloc(7))]) stream.receive(piece);
        port.postMessage('more');
        await come('what has come until then', 2);
        stream.receive(frame(BINARY, Buffer.alloc(5)));
        stream.receive(WHOLE);
        port.postMessage('more');
        await come('all', 4);
        assert.deepEqual([told, bytes, stream.status], [[{ status: 200, headers: { etag: '"e"' } }, 17, 5, { whole: true }], [10, 7, 5], 'aborted']);
    });

    test('a connection that closes while its stream waits is the end of the file', async (t) => {
        const { stream, port, told, come } = await ask(t);
        stream.resume = () => { throw new Error('Cannot write to a stream that is closed'); };
        stream.receive(HEAD);
        for (let size = 0; stream.readStatus === 'readable'; size += 65_536) stream.receive(frame(BINARY, Buffer.alloc(65_536)));
        port.postMessage('more');
        await come('the end', 3);
        assert.match(told[2].broken, /a stream that is closed/);
    });

    test('holds no more than half a window for it, and goes on', async (t) => {
        const { stream, port, told, come } = await ask(t);
        stream.receive(HEAD);
        for (let size = 0; stream.readStatus === 'readable'; size += 65_536) {
            assert.ok(size <= WINDOW / 2 + 65_536);
            stream.receive(frame(BINARY, Buffer.alloc(65_536)));
        }
        port.postMessage('more');
        await come('the bytes', 2);
        assert.deepEqual([told[1] > WINDOW / 2, stream.readStatus], [true, 'readable']);
    });

    test('the rest that comes as soon as it goes on is given before the end', async (t) => {
        const { stream, port, told, come } = await ask(t);
        stream.receive(HEAD);
        while (stream.readStatus === 'readable') stream.receive(frame(BINARY, Buffer.alloc(65_536)));
        stream.receive(frame(BINARY, Buffer.alloc(7)));
        stream.receive(WHOLE);
        port.postMessage('more');
        await come('the first bytes', 2);
        port.postMessage('more');
        await come('the end', 4);
        assert.deepEqual(told.slice(2), [7, { whole: true }]);
    });

    for (const [what, bytes, said] of [
        ['an unknown kind', frame(3, []), /unknown kind 3/], ['a head that is too long', frame(TEXT, [], 8193), /8193 bytes; allowed: at most 8192/],
        ['a frame of 4 GiB', frame(BINARY, [], 2 ** 32 - 1), /allowed: at most 1048576/], ['a close frame that is too long', frame(CLOSE, [], 126), /at most 125/],
        ['a head that is no JSON', text('{'), /SyntaxError/],
    ]) test(`${what} ends it`, async (t) => {
        const { stream, told, come } = await ask(t);
        stream.receive(bytes);
        await come('the end', 1);
        assert.match(told[0].broken, said);
        assert.equal(stream.status, 'aborted');
    });

    test('without a close frame it is not whole', async (t) => {
        const { stream, port, told, come } = await ask(t);
        stream.receive(HEAD);
        stream.receive(frame(BINARY, Buffer.alloc(3)));
        stream.dispatchEvent(new Event('end'));
        port.postMessage('more');
        await come('the end', 3);
        assert.deepEqual(told.slice(1), [3, { broken: 'the stream has ended' }]);
    });

    test('without a way it waits for another one, and then says that there is none', async (t) => {
        t.mock.timers.enable({ apis: ['setTimeout'] });
        const files = new Files(), { port1, port2 } = new MessageChannel(), over = files.get({ path: '/models/m/0/a', headers: {} }, port2, () => {});
        const told = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
        t.mock.timers.tick(10_000);
        await over;
        t.mock.timers.reset();
        assert.deepEqual(await told, { gone: true });
        port1.close();
    });

    test('a worker that leaves while another way is looked for ends what comes then', async () => {
        const files = new Files(), { port1, port2 } = new MessageChannel(), stream = new TestStream(), over = files.get({ path: '/models/m/0/a', headers: {} }, port2, () => {});
        port1.postMessage('end');
        port1.close();
        await new Promise((resolve) => setTimeout(resolve, 20));
        files.use(/** @type {any} */ ({ newStream: async () => stream }));
        await over;
        await until(() => stream.status === 'aborted', { what: 'its end', timeout: 2000 });
    });

    test('a worker that wants no more ends it', async (t) => {
        const { stream, port } = await ask(t);
        port.postMessage('end');
        await until(() => stream.status === 'aborted', { what: 'its end' });
        stream.receive(HEAD); // what was under way
    });
});

describe('webinfer-peer’s end', () => {
    const asked = [];
    let bridge, ask, held;
    before(async () => {
        bridge = http.createServer((request, response) => {
            asked.push(request);
            held = response;
            response.on('close', () => asked.push('closed'));
            if (request.url === '/models/slow') response.writeHead(200).write('begun');
            else if (request.url === '/models/cut') response.writeHead(200, { 'content-length': 100 }).write('begun', () => response.destroy());
            else response.writeHead(200, { etag: '"e"', 'set-cookie': 'x=y' }).end('the file');
        }).listen(0, '127.0.0.1');
        await once(bridge, 'listening');
        ask = makeAsking(`http://127.0.0.1:${bridge.address().port}`);
    });
    after(() => {
        bridge.close();
        bridge.closeAllConnections();
    });

    /** @param {Buffer} request */
    function answer(request, stream = new TestStream(), by = ask) {
        asked.length = 0;
        const over = answerFile(/** @type {any} */ (stream), by);
        stream.receive(request);
        return { stream, over };
    }
    const request = (path, headers = {}) => text({ path, headers });

    test('passes a GET on, with the headers that are passed on, however it is cut', async () => {
        const stream = new TestStream(), bytes = request('/models/m/0/a', { authorization: 'Bearer x', range: 'bytes=0-1', cookie: 'a=b', 'x-forwarded-for': 'peer:x', 'if-range': 7 });
        const over = answerFile(/** @type {any} */ (stream), ask);
        for (const byte of bytes) stream.receive(Uint8Array.of(byte));
        await over;
        const [{ method, url, headers }] = asked;
        assert.deepEqual([method, url, headers.authorization, headers.range, headers.cookie, headers['x-forwarded-for'], headers['if-range']],
            ['GET', '/models/m/0/a', 'Bearer x', 'bytes=0-1', undefined, undefined, undefined]);
        const [[kind, head], ...rest] = read(stream);
        assert.deepEqual([kind, JSON.parse(head).status, JSON.parse(head).headers.etag, JSON.parse(head).headers['set-cookie']], [TEXT, 200, '"e"', undefined]);
        assert.deepEqual([rest, stream.status], [[[BINARY, 'the file'], [CLOSE, '\x03\xe8'.replace('\xe8', '\ufffd')]], 'closed']);
    });

    for (const path of ['/node', '/ipfs', '/models/../node', '/content', 'http://evil.example/', '', 7, null])
        test(`${JSON.stringify(path)} is not passed on`, async () => {
            const { stream, over } = answer(request(path));
            await over;
            assert.deepEqual([asked, JSON.parse(read(stream)[0][1])], [[], { status: 404, headers: {} }]);
        });

    for (const [what, bytes] of [['no JSON', text('{')], ['null', text('null')], ['too long', frame(TEXT, [], 8193)], ['a binary frame', frame(BINARY, [1])], ['a header with a line break', request('/work', { range: 'a\r\nb: c' })]])
        test(`${what} asks for nothing`, async () => {
            const { stream, over } = answer(bytes);
            await over;
            assert.deepEqual(asked, []);
            assert.ok(stream.status === 'aborted' || JSON.parse(read(stream)[0][1]).status === 404);
        });

    for (const [what, bytes] of [['nothing', []], ['a part of a request', request('/models/m/0/a').subarray(0, 20)]])
        test(`who sends ${what} is not waited for`, async (t) => {
            t.mock.timers.enable({ apis: ['setTimeout'] });
            const stream = new TestStream(), over = answerFile(/** @type {any} */ (stream), ask);
            for (const byte of bytes) stream.receive(Uint8Array.of(byte));
            t.mock.timers.tick(10_000);
            await over;
            assert.deepEqual([stream.status, stream.error.message], ['aborted', 'no request has come']);
        });

    for (const [what, bytes] of [['another request', request('/models/m/0/a')], ['an empty frame', text('')], ['bytes', frame(BINARY, [1])]])
        test(`${what} after the request ends it`, async () => {
            const { stream, over } = answer(request('/models/slow'));
            await until(() => stream.sent.length > 2, { what: 'the beginning' });
            stream.receive(bytes);
            assert.equal(stream.status, 'aborted');
            await Promise.all([over, until(() => asked.includes('closed'), { what: 'the end at the bridge' })]);
        });

    test('who waits for a turn has said what it wants, no more, and leaves the line when it goes', async () => {
        const lanes = new Lanes(1), turn = (path, work, end) => lanes.take('node', work, end);
        asked.length = 0;
        const [first, chatty, gone, last] = ['slow', 'm/0/b', 'm/0/c', 'm/0/d'].map((name) => {
            const stream = new TestStream(), over = answerFile(/** @type {any} */ (stream), ask, turn);
            stream.receive(request(`/models/${name}`));
            return { stream, over };
        });
        await until(() => first.stream.sent.length > 2, { what: 'the beginning' });
        chatty.stream.receive(request('/models/m/0/a'));
        gone.stream.abort(new Error('gone'));
        await Promise.all([chatty.over, gone.over]);
        assert.deepEqual([chatty, gone].map(({ stream: { status, error } }) => [status, error.message]),
            [['aborted', 'more than one request has come'], ['aborted', 'gone']]);
        assert.equal(lanes._lanes.get('node')._waiting.size, 1);
        held.end();
        await Promise.all([first.over, last.over]);
        assert.deepEqual(asked.filter(({ url }) => url).map(({ url }) => url), ['/models/slow', '/models/m/0/d']);
        assert.equal(lanes._lanes.size, 0);
    });

    test('a bridge that is not there is 502', async () => {
        const { stream, over } = answer(request('/work'), undefined, makeAsking('http://127.0.0.1:1'));
        await over;
        assert.deepEqual([JSON.parse(read(stream)[0][1]), stream.status], [{ status: 502, headers: {} }, 'closed']);
    });

    test('an answer that breaks off has no close frame', async () => {
        const { stream, over } = answer(request('/models/cut'));
        await over;
        assert.deepEqual([read(stream).map(([kind]) => kind), stream.status], [[TEXT, BINARY], 'aborted']);
    });

    test('a node that takes nothing holds the bridge up, and one that is gone ends it', async () => {
        const stream = new TestStream();
        stream.takes = false;
        answer(request('/models/slow'), stream);
        await until(() => stream.sent.length > 2, { what: 'the beginning' });
        held.write('more');
        await new Promise((resolve) => setTimeout(resolve, 50));
        assert.deepEqual(read(stream).map(([, bytes]) => bytes).slice(1), ['begun']);
        stream.drain();
        await until(() => read(stream).length > 2, { what: 'more' });
        stream.abort(new Error('gone'));
        await until(() => asked.includes('closed'), { what: 'the end at the bridge' });
    });
});
