// tier: quick, sanitized
/** Requests whose end is in doubt, byte by byte: one answer at once, then the end, and no second request. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { keptAlive, Wire } from '../lib/wire.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => { daemon = await new Daemon({}).start({ ready: false }); });
after(() => daemon.stop());

const get = 'GET /healthz HTTP/1.1\r\nHost: @\r\n';
const post = 'POST /v1/infer HTTP/1.1\r\nHost: @\r\nContent-Type: application/json\r\n';
const smuggled = 'GET /v1/status HTTP/1.1\r\nHost: @\r\n\r\n';

/** On a connection that was used before, as behind a proxy, with a request of another behind it. */
async function refused(request, status, code, more = {}) {
    const wire = await keptAlive(daemon.url);
    const began = performance.now();
    wire.write((request + smuggled).replaceAll('@', wire.host));
    const answer = await wire.answer();
    assert.ok(performance.now() - began < 5000, 'at once');
    assert.equal(answer?.status, status, `${JSON.stringify(request)}: ${answer?.head}`);
    assert.match(answer.head, /^connection: close\r$/im);
    const problem = answer.json;
    assert.equal(problem.code, code);
    for (const [name, value] of Object.entries(more))
        assert.equal(problem[name], value, answer.text);
    assert.equal(await wire.end(), '', 'nothing behind it is answered');
}

test('two lengths, or a length and a coding', async () => {
    for (const [first, second] of [[0, smuggled.length], [smuggled.length, 0], [2, 2]])
        await refused(`${get}Content-Length: ${first}\r\nContent-Length: ${second}\r\n\r\n`,
            400, 'bad_request', { field: 'Content-Length' });
    for (const headers of ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
        'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'])
        await refused(`${post}${headers}\r\n0\r\n\r\n`,
            400, 'bad_request', { field: 'Transfer-Encoding' });
});

test('transfer codings that are not ours', async () => {
    for (const coding of ['xchunked', 'gzip, chunked', '\x0bchunked', 'identity', 'chunked, chunked'])
        for (const start of [get, post])
            await refused(`${start}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`,
                501, 'not_implemented', { field: 'Transfer-Encoding', allowed: 'chunked' });
});

test('NUL, folded lines, and whitespace before a colon', async () => {
    for (const request of [
        'GET /healthz\0x HTTP/1.1\r\nHost: @\r\n\r\n',
        `${get}X-A: b\0c\r\n\r\n`,
        `${get}\0\r\nX-A: b\r\n\r\n`,
        `${get}X-A: b\r\n folded\r\n\r\n`,
        `${get}Content-Length: 0\r\n\t44\r\n\r\n`,
        `${get}Content-Length : 44\r\n\r\n`,
    ])
        await refused(request, 400, 'bad_request');
});

test('content codings and charsets that are not ours', async () => {
    const ask = (headers) => daemon.infer('{}', { headers: {
        'Content-Type': 'application/json', ...headers } });
    const coded = await ask({ 'Content-Encoding': 'gzip' });
    assert.equal(coded.status, 415, coded.text);
    assert.equal(coded.json.code, 'unsupported_media_type');
    assert.equal(coded.json.field, 'Content-Encoding');
    assert.equal(coded.json.allowed, 'identity');
    const charset = await ask({ 'Content-Type': 'application/json; charset=utf-16' });
    assert.equal(charset.status, 415, charset.text);
    assert.equal(charset.json.field, 'Content-Type');
    assert.match(charset.json.allowed, /utf-8/);
    assert.equal((await ask({ 'Content-Type': 'application/json; charset=UTF-8' })).json.code,
        'missing_field', 'it was read');
});

test('a proper request in pieces, and two behind each other', async () => {
    const wire = new Wire(daemon.url);
    for (const part of ['GET /hea', 'lthz HTTP/1.1\r\nHo', `st: ${wire.host}\r`, '\n\r\n'])
        wire.write(part);
    assert.equal((await wire.answer()).status, 200);
    wire.ask('GET', '/healthz').ask('GET', '/v1/status');
    assert.equal((await wire.answer()).status, 200);
    assert.equal((await wire.answer()).status, 200);
    wire.destroy();
});
