// tier: quick, sanitized
// full: priority: the urgent one overtakes
// full: admin: recycle a session while it works; the work is not lost
// full: a thousand idle connections do no harm
/** The API around inference: who may talk, HTTP's own errors, health, metrics, admin verbs, logs. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before } from 'node:test';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { headEnded, raw, request, statusOf } from '../lib/http.mjs';
import { build, findProgram, root } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice', 'slow', 'not_onnx'],
        config: { api: { allowed_hosts: 'webinfer.example', allowed_origins: 'http://ok.example' },
            pool: { max_queue: 4 } } }).start();
});
after(() => daemon.stop());

const host = () => new URL(daemon.url).host;
const slow = (count, more = {}, options = {}) => daemon.infer({ model_name: 'slow',
    platform: 'wasm', ...more, inputs: [
        { name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
        { name: 'count', datatype: 'INT64', shape: [], data: [count] }] }, options);
const echo = (more = {}, options) => daemon.infer({ model_name: 'builtin/echo', ...more,
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] }, options);

test('paths, methods and HEAD', async () => {
    const missing = await daemon.get('/v1/nothing');
    assert.equal(missing.status, 404);
    assert.equal(missing.json.code, 'not_found');
    const wrong = await daemon.request('/v1/infer', { method: 'GET' });
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.allow, 'POST');
    assert.equal(wrong.json.code, 'method_not_allowed');
    const deleted = await daemon.request('/v1/status', { method: 'DELETE' });
    assert.equal(deleted.status, 405);
    assert.match(deleted.headers.allow, /GET/);
    const head = await daemon.request('/healthz', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    for (const odd of ['/v1/models/../../etc/passwd', '/v1/models/%2e%2e%2fetc', '/%00', '//v1/status'])
        assert.ok([400, 404].includes((await daemon.request(odd, { path: odd })).status), odd);
});

test('a path that is not served names what is', async () => {
    for (const [path, words] of [
        ['/v1/chat/completion', /POST \/v1\/chat\/completions is similar, and GET \/ lists/],
        ['/chat/completions', /POST \/v1\/chat\/completions is similar/],
        ['/v1/v1/embeddings', /POST \/v1\/embeddings is similar/],
        ['/v1/models/a/b/laod', /POST \/v1\/models\/\{model\}\/load is similar/],
        ['/v1/images/generations', /another server's: .* POST \/v1\/infer .*; GET \/ lists/],
        ['/v1/moderations', /another server's: POST \/v1\/infer/],
        ['/v1/files', /another server's: .* POST \/v1\/infer/],
        ['/api/create', /another server's: .* POST \/v1\/models\/pull/],
        ['/v2/systemsharedmemory/status', /another server's: .* POST \/v1\/infer/],
        ['/something/else', /there is nothing at this path; GET \/ lists the endpoints/],
    ]) {
        const answer = await daemon.post(path, {});
        assert.equal(answer.status, 404, answer.text);
        assert.match(answer.text, words, path);
    }
});

test('HTTP that is malformed', async () => {
    const answers = (text) => raw(daemon.url, text, { enough: headEnded });
    assert.equal(statusOf(await answers('GET /healthz HTTP/1.1\r\n\r\n')), 400, 'no Host');
    assert.ok(statusOf(await answers(
        `GET /healthz HTTP/1.1\r\nHost: ${host()}\r\nHost: ${host()}\r\n\r\n`)) >= 400, 'two Hosts');
    assert.ok([0, 400].includes(statusOf(await raw(daemon.url, '\x16\x03\x01garbage\r\n\r\n',
        { enough: headEnded, end: true }))), 'garbage');
    const long = await answers(
        `GET /healthz HTTP/1.1\r\nHost: ${host()}\r\nX-Long: ${'a'.repeat(600_000)}\r\n\r\n`);
    assert.ok([0, 413, 431].includes(statusOf(long)), 'endless headers');
    assert.equal((await daemon.get('/healthz')).status, 200);
});

test('411 without a length, 415, 406', async () => {
    const none = await raw(daemon.url, `POST /v1/infer HTTP/1.1\r\nHost: ${host()}\r\n` +
        'Content-Type: application/json\r\n\r\n', { enough: headEnded });
    assert.equal(statusOf(none), 411, none);
    assert.equal((await echo({}, { headers: { 'Content-Type': 'text/plain' } })).status, 415);
    const picky = await daemon.get('/v1/status', { headers: { Accept: 'image/png' } });
    assert.equal(picky.status, 406);
    assert.equal((await daemon.get('/v1/status', { headers: { Accept: 'application/*' } })).status,
        200);
});

test('Expect: 100-continue is answered before the body goes', async () => {
    const body = JSON.stringify({ model_name: 'builtin/echo',
        inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }] });
    const answer = await new Promise((resolve, reject) => {
        const socket = net.connect(Number(new URL(daemon.url).port), '127.0.0.1');
        let text = '', sent = false;
        socket.on('data', (part) => {
            text += part;
            if (!sent && /^HTTP\/1.1 100/.test(text)) {
                sent = true;
                socket.write(body);
            }
            if (/HTTP\/1.1 200[^]*\r\n\r\n[^]*outputs/.test(text)) {
                socket.destroy();
                resolve(text);
            }
        });
        socket.on('error', reject);
        socket.on('close', () => reject(new Error(`closed: ${text}`)));
        socket.write(`POST /v1/infer HTTP/1.1\r\nHost: ${host()}\r\nExpect: 100-continue\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`);
    });
    assert.match(answer, /100 Continue/);
});

test('Host and Origin: no web page that somebody visits can drive us', async () => {
    const from = (headers) => daemon.get('/v1/status', { headers });
    assert.equal((await from({ Host: 'evil.example' })).status, 403);
    assert.equal((await from({ Host: `evil.example:${new URL(daemon.url).port}` })).json.code,
        'forbidden_host');
    assert.equal((await from({ Host: 'webinfer.example' })).status, 200);
    assert.equal((await from({ Host: `localhost:${new URL(daemon.url).port}` })).status, 200);
    assert.equal((await from({ Origin: 'http://evil.example' })).json.code, 'forbidden_origin');
    assert.equal((await from({ Origin: 'null' })).status, 403);
    const good = await from({ Origin: 'http://ok.example' });
    assert.equal(good.status, 200);
    assert.equal(good.headers['access-control-allow-origin'], 'http://ok.example');
});

test('healthz and readyz', async () => {
    assert.equal((await daemon.get('/healthz')).status, 200);
    const ready = await daemon.get('/readyz');
    assert.equal(ready.status, 200);
    assert.match(ready.headers['content-type'], /json/);
});

test('status, nodes and models tell the whole picture', async () => {
    const status = await daemon.status();
    for (const field of ['version', 'uptime_s', 'sessions', 'nodes', 'queue', 'models'])
        assert.ok(field in status, `status.${field} is missing: ${Object.keys(status)}`);
    assert.equal(status.sessions[0].state, 'ready');
    const { nodes } = (await daemon.get('/v1/nodes')).json;
    assert.equal(nodes.length, 1);
    const text = JSON.stringify(nodes[0]);
    for (const word of ['webgpu', 'wasm', 'is_fallback', 'cores', 'isolated'])
        assert.ok(text.includes(word), `the node's report lacks ${word}`);
    assert.equal(nodes[0].engines.ort.slots, 1);
    assert.match(nodes[0].engines.ort.version, /^1\./);
    assert.equal(nodes[0].engines.builtin.slots, 16);
    const { options } = (await daemon.get('/v1/hardware?model_name=twice')).json;
    const { engine, slots, engine_version: version } =
        options.find((option) => option.platform === 'wasm');
    assert.deepEqual({ engine, slots, version },
        { engine: 'ort', slots: 1, version: nodes[0].engines.ort.version });
    assert.ok(!/wi_[A-Za-z0-9_-]{20}/.test(text + JSON.stringify(status)), 'a token is shown');
    const { models } = (await daemon.get('/v1/models')).json;
    const named = models.map(({ name }) => name);
    assert.ok(['twice', 'slow', 'not_onnx'].every((name) => named.includes(name)), `${named}`);
});

test('metrics are valid Prometheus text', async () => {
    await echo();
    const { status, headers, text } = await daemon.get('/metrics');
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^# TYPE webinfer_/m);
    for (const line of text.split('\n').filter((one) => one && !one.startsWith('#')))
        assert.match(line, /^[a-z_:][a-z0-9_:]*(\{([^"}]|"([^"\\]|\\.)*")*\})? (NaN|[+-]?Inf|[-+0-9.e]+)$/i, line);
});

/** The names of all metrics. */
async function metricNames() {
    const { text } = await daemon.get('/metrics');
    return new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map((match) => match[1]));
}

test('the dashboard shows metrics that there are', async () => {
    const there = await metricNames();
    const { panels } = JSON.parse(fs.readFileSync(path.join(root, 'docs/grafana-dashboard.json'), 'utf8'));
    const shown = panels.flatMap(({ targets }) => targets).flatMap(({ expr }) => expr.match(/\bwebinfer_\w+/g));
    assert.ok(shown.length >= panels.length);
    for (const name of shown) assert.ok(there.has(name.replace(/_bucket$/, '')), name);
});

const promtool = findProgram('promtool') ??
    [path.join(build, 'tools/bin/promtool')].find((file) => fs.existsSync(file));
const needsPromtool = { skip: promtool ? false : 'no promtool under build/tools or in PATH' };
test('the alert rules ask about metrics that there are, and fire when they should', needsPromtool, async () => {
    const rules = fs.readFileSync(path.join(root, 'docs/alerts.yml'), 'utf8'), there = await metricNames();
    const asked = rules.match(/\bwebinfer_\w+/g);
    for (const name of asked) assert.ok(there.has(name), name);
    const tested = fs.readFileSync(path.join(root, 'tests/system/alerts.test.yml'), 'utf8');
    for (const [, name] of rules.matchAll(/- alert: (\w+)/g))
        assert.match(tested, new RegExp(`alertname: ${name}\\n\\s+exp_alerts:`), `${name} has no test`);
    for (const words of [['check', 'rules', 'docs/alerts.yml'], ['test', 'rules', 'tests/system/alerts.test.yml']]) {
        const run = spawnSync(promtool, words, { cwd: root, encoding: 'utf8' });
        assert.equal(run.status, 0, run.stdout + run.stderr);
    }
});
test('promtool finds nothing wrong with the metrics', needsPromtool, async () => {
    const { body } = await daemon.get('/metrics');
    const run = spawnSync(promtool, ['check', 'metrics'], { input: body, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.equal(run.stderr.trim(), '');
});

test('request ids: ours, or the client\'s if it is sane, in the answer and the access log', async () => {
    const own = await daemon.get('/v1/status');
    assert.ok(own.headers['x-request-id'].length >= 8);
    const given = await echo({}, { headers: { 'X-Request-Id': 'my-id-42' } });
    assert.equal(given.headers['x-request-id'], 'my-id-42');
    await daemon.logs(/my-id-42/);
    const line = daemon.log.split('\n').find((one) => one.includes('my-id-42'));
    assert.match(line, /POST/);
    assert.match(line, /\/v1\/infer/);
    assert.match(line, /200/);
    const silly = await echo({}, { headers: { 'X-Request-Id': 'x'.repeat(500) } });
    assert.notEqual(silly.headers['x-request-id'], 'x'.repeat(500));
});

test('the queue\'s limit is a 429 with Retry-After; what was accepted is answered', async () => {
    const gone = new AbortController();
    const first = slow(1e9, {}, { signal: gone.signal }).catch(() => null);
    await until(async () => (await daemon.status()).queue.running >= 1, { what: 'one to run' });
    const calls = Array.from({ length: 20 }, () => slow(1, { priority: 1 }));
    const refused = [];
    await until(async () => {
        const { queue } = await daemon.status();
        return queue.waiting + queue.running >= 5 || refused.length;
    }, { what: 'the queue to fill' });
    const extra = await slow(1);
    gone.abort();
    await first;
    const answers = [...await Promise.all(calls), extra];
    const full = answers.filter(({ status }) => status === 429);
    assert.ok(full.length > 0, `no 429 among ${answers.map(({ status }) => status)}`);
    assert.ok(Number(full[0].headers['retry-after']) >= 1);
    assert.equal(full[0].json.code, 'queue_full');
    for (const { status, text } of answers) assert.ok([200, 429].includes(status), text);
});

test('priority: the urgent one overtakes', async () => {
    const gone = new AbortController();
    const first = slow(1e9, {}, { signal: gone.signal }).catch(() => null);
    const waiting = (count) => until(async () => {
        const { queue } = await daemon.status();
        return queue.running + queue.waiting >= count;
    }, { what: `${count} jobs` });
    await waiting(1);
    const order = [];
    const low = slow(1, { priority: 0 }).then(() => order.push('low'));
    await waiting(2);
    // Long enough that its answer is not on its way together with the other's.
    const lower = slow(50, { priority: 0 }).then(() => order.push('lower'));
    await waiting(3);
    const high = slow(1, { priority: 9 }).then(() => order.push('high'));
    await waiting(4);
    gone.abort();
    await Promise.all([first, low, lower, high]);
    assert.ok(order.indexOf('high') < order.indexOf('lower'), order.join());
});

test('a job can be looked at and cancelled, under the id that its client gave', async () => {
    const call = slow(1e9, { id: 'cancel-me' });
    const seen = await until(async () => {
        const answer = await daemon.get('/v1/jobs/cancel-me');
        return answer.status === 200 && answer.json.state === 'running' && answer.json;
    }, { what: 'the job to run' });
    assert.equal(seen.model_name, 'slow');
    assert.match(seen.id, /^job-[0-9a-f]{16}$/);
    const cancelled = await daemon.request(`/v1/jobs/${seen.id}`, { method: 'DELETE' });
    assert.equal(cancelled.status, 200, cancelled.text);
    const answer = await call;
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.json.code, 'cancelled');
    assert.equal((await daemon.get(`/v1/jobs/${seen.id}`)).status, 404);
    assert.equal((await daemon.request('/v1/jobs/job-0000000000000000', { method: 'DELETE' })).json
        .code, 'job_not_found');
});

test('admin: load, unload', async () => {
    const loaded = await daemon.post('/v1/models/twice/load', {});
    assert.ok([200, 202].includes(loaded.status), loaded.text);
    const listed = async () => (await daemon.get('/v1/models/twice')).json.loaded
        .some(({ state }) => state === 'loaded');
    await until(listed, { what: 'twice to be loaded' });
    const first = await daemon.infer({ model_name: 'twice',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
    assert.equal(first.json.performance.warm, true, 'it was preloaded');
    const unloaded = await daemon.post('/v1/models/twice/unload', {});
    assert.ok([200, 202].includes(unloaded.status), unloaded.text);
    await until(async () => !await listed(), { what: 'twice to be unloaded' });
    assert.equal((await daemon.post('/v1/models/nothing/load', {})).status, 404);
    assert.equal((await daemon.post('/v1/models/not_onnx/load', {})).status, 422);
});

test('admin: drain a node and take it back', async () => {
    const { nodes: [{ id }] } = (await daemon.get('/v1/nodes')).json;
    assert.ok([200, 202].includes((await daemon.post(`/v1/nodes/${id}/drain`, {})).status));
    await until(async () => (await daemon.get('/readyz')).status === 503 ||
        (await daemon.get('/v1/nodes')).json.nodes.length > 1, { what: 'the node to be drained' });
    const refused = await echo();
    assert.equal(refused.status, 503, 'no other browser may be started');
    assert.equal(refused.json.code, 'unavailable');
    assert.match(refused.json.detail, /draining/);
    assert.ok([200, 202].includes((await daemon.post(`/v1/nodes/${id}/undrain`, {})).status));
    await daemon.ready();
    assert.equal((await echo()).status, 200);
    assert.equal((await daemon.post('/v1/nodes/node-0000000000000000/drain', {})).json.code,
        'node_not_found');
});

test('admin: recycle a session while it works; the work is not lost', async () => {
    const { sessions: [{ id }] } = await daemon.status();
    const calls = Array.from({ length: 3 }, () => echo());
    const recycled = await daemon.post(`/v1/sessions/${id}/recycle`, {});
    assert.ok([200, 202].includes(recycled.status), recycled.text);
    for (const { status, text } of await Promise.all(calls)) assert.equal(status, 200, text);
    await until(async () => {
        const { sessions } = await daemon.status();
        return sessions.length && sessions.every((one) => one.id !== id && one.state === 'ready');
    }, { what: 'another session', timeout: 60_000 });
    await daemon.ready();
    assert.equal((await echo()).status, 200);
    assert.equal((await daemon.post('/v1/sessions/session-0000000000000000/recycle', {})).json.code,
        'session_not_found');
});

test('a thousand idle connections do no harm', async () => {
    const port = Number(new URL(daemon.url).port);
    const sockets = Array.from({ length: 1000 }, () => net.connect(port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => {
        socket.on('connect', resolve);
        socket.on('error', resolve);
    })));
    assert.equal((await daemon.get('/healthz')).status, 200);
    assert.equal((await echo()).status, 200);
    for (const socket of sockets) socket.destroy();
});

test('tokens: needed, checked, never logged', async () => {
    const token = `wi_${crypto.randomBytes(32).toString('base64url')}`;
    const other = new Daemon({ config: {} });
    const file = path.join(other.folder, 'tokens');
    const hash = crypto.createHash('sha256').update(token).digest('hex');
    fs.writeFileSync(file, `# ours\nalice:${hash}\n`, { mode: 0o600 });
    other.writeConfig({ api: { tokens_file: file } });
    await other.start({ ready: false });
    try {
        const get = (where, authorization) => request(other.url + where,
            { headers: authorization ? { Authorization: authorization } : {} });
        assert.equal((await get('/healthz')).status, 200);
        assert.ok([200, 503].includes((await get('/readyz')).status));
        const without = await get('/v1/status');
        assert.equal(without.status, 401);
        assert.equal(without.json.code, 'unauthorized');
        assert.match(without.headers['www-authenticate'] ?? '', /Bearer/);
        for (const bad of [`Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, 'Bearer ', token,
            `Basic ${token}`])
            assert.equal((await get('/v1/status', bad)).status, 401, bad);
        assert.equal((await get('/metrics')).status, 401);
        assert.equal((await get('/v1/status', `Bearer ${token}`)).status, 200);
        await other.logs(/alice/);
        assert.ok(!other.log.includes(token), 'the token itself was logged');
    } finally {
        await other.stop();
    }
});

test('a non-loopback address without tokens is refused; so is a tokens file open to others', () => {
    const one = new Daemon({ config: { api: { listen: '0.0.0.0:0' } } });
    const run = () => one.spawn().waitEnd();
    return run().then(async ({ code }) => {
        assert.notEqual(code, 0);
        assert.match(one.log, /token/);
        one.log = '';
        const file = path.join(one.folder, 'tokens');
        fs.writeFileSync(file, `a:${'0'.repeat(64)}\n`, { mode: 0o644 });
        one.writeConfig({ api: { tokens_file: file } });
        assert.notEqual((await run()).code, 0);
        assert.match(one.log, /600/);
        await one.checkNothingLeft();
    }).finally(() => one.abandon());
});

test('an answer says once that it is not to be stored', async () => {
    const link = await daemon.post('/v1/admin/join', { nodes: 1, seconds: 60 });
    assert.equal(link.status, 201);
    assert.equal(link.headers['cache-control'], 'no-store');
});

test('logs as JSON are JSON, line by line, and no token is in any log', async () => {
    await withDaemon({ config: { log: { format: 'json', level: 'debug' } } }, async (one) => {
        const lines = one.log.split('\n').slice(0, -1);
        assert.ok(lines.length > 3);
        for (const line of lines) JSON.parse(line);
        const { headers } = await one.get('/v1/nodes?a=b');
        const id = headers['x-request-id'];
        const line = await until(() => one.log.split('\n').slice(0, -1)
            .map((text) => JSON.parse(text)).find((found) => found.request_id === id),
        { what: 'the request is in the log' });
        assert.equal(line.part, 'api');
        assert.equal(line.subject, id);
        assert.equal(line.method, 'GET');
        assert.equal(line.path, '/v1/nodes');
        assert.equal(line.status, 200);
        assert.equal(line.bytes_in, 0);
        assert.ok(line.bytes_out > 0 && line.duration_ms >= 0);
        assert.equal(line.token, null);
        assert.equal(line.client_left, false);
        assert.match(line.message, /^GET \/v1\/nodes 200 in=0 out=\d+ /);
        assert.ok(!/wi_[A-Za-z0-9_-]{30,}/.test(one.log), 'a token was logged');
    });
});

test('TLS', { skip: findProgram('openssl') ? false : 'no openssl program' }, async () => {
    const one = new Daemon({});
    const [key, certificate] = ['key.pem', 'cert.pem'].map((file) => path.join(one.folder, file));
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1',
        '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
        '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    one.writeConfig({ api: { tls_certificate: certificate, tls_key: key } });
    const https = await import('node:https');
    await one.start({ ready: false });
    try {
        assert.match(one.url, /^https:/);
        const status = await new Promise((resolve, reject) => https.get(`${one.url}/healthz`,
            { ca: fs.readFileSync(certificate) }, (answer) => resolve(answer.statusCode))
            .on('error', reject));
        assert.equal(status, 200);
    } finally {
        await one.stop();
    }
});
