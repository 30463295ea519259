// tier: quick, sanitized
/**
 * Behind a proxy: what [api] trusted_proxies are believed in, and that nobody else is; what passes one is never of this
 * machine. The test's own connections come from 127.0.0.1, as those of a proxy on this machine do.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { HttpProxy } from '../lib/http-proxy.mjs';
import { raw } from '../lib/http.mjs';
import { assertProblem } from '../lib/problem.mjs';
import { tokensOf, writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const RANKS = { ada: 'admin', bob: 'user' };
const TOKENS = tokensOf(RANKS);
const BROWSERLESS = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
const NAME = 'inference.example';
/** What nginx says of a request to https://inference.example/webinfer/ as the guide sets it up. */
const PASSED_ON = { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': NAME, 'X-Forwarded-Prefix': '/webinfer' };
const SIGNS = { ...PASSED_ON, 'Forwarded': 'for=192.0.2.7;proto=https', 'X-Real-IP': '127.0.0.1' };
/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ config: { ...BROWSERLESS, log: { format: 'json' }, api: { allowed_hosts: NAME } } });
    daemon.writeConfig({ api: { tokens_file: writeTokens(daemon, RANKS, TOKENS), trusted_proxies: '127.0.0.1, 10.0.0.0/8' } });
    await daemon.start({ ready: false });
});
after(() => daemon.stop());

const ask = (headers = {}, where = '/v1/status', token = TOKENS.bob) =>
    daemon.get(where, { headers: { ...token && { Authorization: `Bearer ${token}` }, ...headers } });

/** The line of the log about an answer. */
async function lineOf({ headers }) {
    await daemon.logs(new RegExp(`"request_id":"${headers['x-request-id']}"`));
    return daemon.log.split('\n').filter((line) => line.includes(`"request_id":"${headers['x-request-id']}"`)).map((line) => JSON.parse(line))[0];
}

/** While the proxies that are trusted are others. */
async function trusting(proxies, body) {
    const { trusted_proxies: before } = daemon.config.api;
    await daemon.reload({ api: { trusted_proxies: proxies } });
    try {
        await body();
    } finally {
        await daemon.reload({ api: { trusted_proxies: before } });
    }
}

test('proxies are not trusted where there are no tokens, and only addresses are', async () => {
    const others = new Daemon({ config: BROWSERLESS });
    const ends = async (api) => {
        others.log = '';
        others.writeConfig({ api });
        assert.notEqual((await others.spawn().waitEnd()).code, 0, others.log);
        return others.log;
    };
    try {
        assert.match(await ends({ trusted_proxies: '127.0.0.1' }), /webinferd\.conf:\d+: \[api\] trusted_proxies: .* tokens_file is needed/);
        const empty = writeTokens(others, {}, {});
        assert.match(await ends({ tokens_file: empty }), /so clients must show tokens/);
        assert.match(await ends({ trusted_proxies: 'localhost' }), /trusted_proxies: found "localhost"; allowed: addresses and networks/);
        assert.match(await ends({ trusted_proxies: '0.0.0.0/0' }), /trusted_proxies: found "0\.0\.0\.0\/0"/);
    } finally {
        await others.abandon();
    }
});

test('a proxy on this machine does not open a service without tokens to the world', async () => {
    await withDaemon({ config: BROWSERLESS, ready: false }, async (open) => {
        const proxy = await new HttpProxy({}).listen(open.url);
        try {
            assert.equal((await open.get('/v1/status')).status, 200);
            for (const [name, value] of Object.entries(SIGNS)) {
                for (const said of [value, '', '127.0.0.1', 'http']) {
                    const answer = await open.get('/v1/status', { headers: { [name]: said } });
                    assertProblem(answer, 401, 'unauthorized', { field: name, detail: /without tokens this machine alone is served/ });
                }
                assert.equal((await open.post('/v1/infer', { model_name: 'builtin/echo' }, { headers: { [name]: value } })).status, 401);
                assert.equal((await open.get('/healthz', { headers: { [name]: value } })).status, 200, 'what never needs a token');
            }
            const through = await open.get('/v1/status', { headers: { 'X-Forwarded-For': '192.0.2.7' } });
            const direct = await (await fetch(`${proxy.url}/v1/status`, { headers: { 'X-Forwarded-For': '192.0.2.7' } })).json();
            assert.deepEqual([through.json.code, direct.code], ['unauthorized', 'unauthorized']);
            assert.equal((await open.get('/v1/status', { headers: { 'X-Forwarded-For': '127.0.0.1', Authorization: 'Bearer wi_x' } })).status, 401);
        } finally {
            proxy.close();
        }
    });
});

test('a name of loopback is ours by any port, as a tunnel has one of its own', async () => {
    for (const host of ['localhost:9999', 'localhost', '127.0.0.1:1', '127.8.8.8:9', '[::1]:9999']) {
        assert.equal((await ask({ Host: host })).status, 200, host);
        assert.equal((await ask({ Host: host, Origin: `http://${host}` })).status, 200, `a page from ${host}`);
    }
    for (const host of ['localhost.example:9999', '128.0.0.1:9999', '0.0.0.0:9999', 'rebound.example:9999'])
        assertProblem(await ask({ Host: host }), 403, 'forbidden_host', { field: 'Host' });
    const { host } = new URL(daemon.url);
    assertProblem(await ask({ Host: host, Origin: 'http://127.0.0.1:9999' }), 403, 'forbidden_origin', { field: 'Origin' });
    assertProblem(await ask({ Host: 'localhost:9999', Origin: `http://${host}` }), 403, 'forbidden_origin');
});

test('TLS may end at a proxy: its pages may ask, and no others', async () => {
    const origin = `https://${NAME}`, https = { 'X-Forwarded-Proto': 'https' };
    const good = await ask({ Host: NAME, Origin: origin, ...https });
    assert.deepEqual([good.status, good.headers['access-control-allow-origin']], [200, origin]);
    assert.equal((await ask({ Origin: origin, ...PASSED_ON })).status, 200, 'the name in X-Forwarded-Host');
    assert.equal((await ask({ Origin: `${origin}:8443`, ...PASSED_ON, 'X-Forwarded-Host': `${NAME}:8443` })).status, 200);
    assert.equal((await ask({ Origin: origin, Forwarded: `for=192.0.2.7;proto=https;host=${NAME}` })).status, 200);
    for (const headers of [{ Host: NAME, Origin: origin }, { Host: NAME, Origin: `http://${NAME}`, ...https },
        { Host: NAME, Origin: 'https://evil.example', ...https }, { Host: NAME, Origin: `${origin}:8443`, ...https },
        { Origin: origin, ...PASSED_ON, 'X-Forwarded-Proto': 'http' }])
        assertProblem(await ask(headers), 403, 'forbidden_origin', { field: 'Origin' });
    assertProblem(await ask({ ...PASSED_ON, 'X-Forwarded-Host': 'evil.example' }), 403, 'forbidden_host', { field: 'X-Forwarded-Host' });
    assertProblem(await ask({ Forwarded: 'for=192.0.2.7;host=evil.example' }), 403, 'forbidden_host', { field: 'Forwarded' });
    assertProblem(await ask({ Host: 'evil.example', ...PASSED_ON }), 403, 'forbidden_host', { field: 'Host' });
    assertProblem(await ask({ Host: NAME, Origin: origin, ...https }, '/v1/status', ''), 401, 'unauthorized', { field: 'Authorization' });
});

test('the client is whom the chain of proxies names, in the log', async () => {
    for (const [headers, address] of [[{}, '127.0.0.1'], [{ 'X-Forwarded-For': '192.0.2.7' }, '192.0.2.7'],
        [{ 'X-Forwarded-For': '1.1.1.1, 192.0.2.7:80, 10.0.0.3' }, '192.0.2.7'], [{ 'X-Forwarded-For': '2001:db8::7' }, '[2001:db8::7]'],
        [{ Forwarded: 'for="[2001:db8::7]:80";proto=https' }, '[2001:db8::7]'], [{ Forwarded: 'for=unknown' }, '127.0.0.1'],
        [{ 'X-Forwarded-For': 'nonsense, 10.0.0.3' }, '10.0.0.3'], [{ 'X-Forwarded-Proto': 'https' }, '127.0.0.1']])
        assert.equal((await lineOf(await ask(headers))).address, address, JSON.stringify(headers));
    // Of those without a good token one in a second is told.
    await until(async () => {
        assert.equal((await ask({ 'X-Forwarded-For': '192.0.2.8' }, '/v1/status', 'wi_bad')).status, 401);
        return /"status":401,.*"token":null,"address":"192\.0\.2\.8"/.test(daemon.log);
    }, { what: 'the line of a stranger' });
    const { host } = new URL(daemon.url);
    const lines = 'X-Forwarded-For: 192.0.2.9\r\nX-Other: x\r\nX-Forwarded-For: 10.0.0.3\r\n';
    await raw(daemon.url, `GET /v1/status HTTP/1.1\r\nHost: ${host}\r\nX-Request-Id: in-lines\r\nAuthorization: Bearer ${TOKENS.bob}\r\n${lines}Connection: close\r\n\r\n`);
    assert.equal((await lineOf({ headers: { 'x-request-id': 'in-lines' } })).address, '192.0.2.9');
});

test('what nobody can make sense of is refused by its name', async () => {
    for (const [headers, field, more] of [[{ 'X-Forwarded-Proto': 'ftp' }, 'X-Forwarded-Proto', { allowed: /^http, https$/ }],
        [{ 'X-Forwarded-Prefix': '//evil.example' }, 'X-Forwarded-Prefix', { expected: /^\/NAME/ }],
        [{ 'X-Forwarded-Prefix': '/a/../b' }, 'X-Forwarded-Prefix', {}], [{ 'X-Forwarded-Prefix': `/${'a'.repeat(300)}` }, 'X-Forwarded-Prefix', {}],
        [{ Forwarded: 'for="x' }, 'Forwarded', { expected: /for=ADDRESS/ }],
        [{ 'X-Forwarded-For': '192.0.2.7', Forwarded: 'for=192.0.2.8' }, 'Forwarded', { detail: /say different things/ }],
        [{ 'X-Forwarded-For': Array(33).fill('10.0.0.1').join() }, 'X-Forwarded-For', { expected: /^at most 32$/ }]])
        assertProblem(await ask(headers), 400, 'bad_request', { field, ...more });
    const { host } = new URL(daemon.url);
    const lines = `X-Forwarded-For: ${'1'.repeat(900)}\r\n`.repeat(6);
    const answer = await raw(daemon.url, `GET /v1/status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${lines}\r\n`);
    assert.match(answer, /^HTTP\/1\.1 400 [^]*"field":"X-Forwarded-For"/);
});

test('Location has the prefix that a proxy has taken away', async () => {
    const file = { path: 'model.onnx', bytes: 5, sha256: 'a'.repeat(64) };
    const announce = async (headers) => {
        const answer = await daemon.post('/v1/models/some/files', { files: [file] }, { headers: { Authorization: `Bearer ${TOKENS.ada}`, ...headers } });
        assert.equal(answer.status, 201, answer.text);
        await daemon.request(`/v1/uploads/${answer.json.id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${TOKENS.ada}` } });
        return answer.headers.location.replace(answer.json.id, 'ID');
    };
    assert.equal(await announce({}), '/v1/uploads/ID');
    assert.equal(await announce({ 'X-Forwarded-Prefix': '/webinfer' }), '/webinfer/v1/uploads/ID');
    assert.equal(await announce({ 'X-Forwarded-Prefix': '/a/b/' }), '/a/b/v1/uploads/ID');
    assert.equal(await announce({ 'X-Forwarded-Prefix': '/' }), '/v1/uploads/ID');
    await trusting('10.0.0.0/8', async () => assert.equal(await announce({ 'X-Forwarded-Prefix': '/webinfer' }), '/v1/uploads/ID'));
});

test('whoever is no proxy of ours is believed in nothing', () => trusting('10.0.0.0/8', async () => {
    const answer = await ask(PASSED_ON);
    assert.equal(answer.status, 200);
    assert.equal((await lineOf(answer)).address, '127.0.0.1');
    assertProblem(await ask({ Host: NAME, Origin: `https://${NAME}`, 'X-Forwarded-Proto': 'https' }), 403, 'forbidden_origin');
    assertProblem(await ask({ Host: 'evil.example', 'X-Forwarded-Host': NAME }), 403, 'forbidden_host', { field: 'Host' });
    assert.equal((await ask({ 'X-Forwarded-Proto': 'ftp', 'X-Forwarded-Prefix': '//x', Forwarded: '"' })).status, 200);
}));

test('a stream tells proxies to pass it on as it comes', async () => {
    const events = new EventClient(`${daemon.url}/v1/events`, { headers: { Authorization: `Bearer ${TOKENS.bob}` } });
    await events.begun();
    assert.deepEqual([events.status, events.headers['x-accel-buffering']], [200, 'no']);
    events.leave();
    assert.equal((await ask()).headers['x-accel-buffering'], undefined);
});
