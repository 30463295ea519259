// tier: full
/** More connections than there may be: some go, others are told, and the operator sees it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { testsOf, withDaemon } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';
import { keptAlive, Wire } from '../lib/wire.mjs';

const test = testsOf(() => null);
const limit = 8;
const spare = 16; // places beyond it, for health and admins

const modelsOf = (wire) => wire.ask('GET', '/v1/models').answer();

test('at max_connections whoever asks nothing goes for whoever comes', () =>
    withDaemon({ ready: false, config: { api: { max_connections: limit } } }, async (daemon) => {
        const idle = [];
        for (let i = 0; i < limit; i++) idle.push(await keptAlive(daemon.url));
        const late = new Wire(daemon.url);
        const metrics = (await late.ask('GET', '/metrics').answer()).text;
        assert.match(metrics, /^webinfer_http_connections_replaced_total [1-9]/m);
        assert.equal(await idle[0].end(5000), '');
        await daemon.logs(/warn.*max_connections is reached: .* has asked nothing for a while was closed for another/);
        for (const wire of [late, ...idle]) wire.destroy();
    }));

test('where all are asking: 503 with Retry-After, a problem in status, and health is answered', () =>
    withDaemon({ config: { api: { max_connections: limit } } }, async (daemon) => {
        const first = new Wire(daemon.url);
        const status = async () => (await first.ask('GET', '/v1/status').answer()).json;
        await status();
        const busy = Array.from({ length: limit }, () => new Wire(daemon.url).write('POST /v1/infer ' +
            `HTTP/1.1\r\nHost: ${new URL(daemon.url).host}\r\nContent-Type: application/json\r\n` +
            'Content-Length: 1000\r\n\r\n{'));
        // The harness's own kept-alive connections go for them.
        const isFull = async () => `${(await status()).problem}`.includes(`max_connections is ${limit}`);
        await until(isFull, { what: 'the problem' });
        const refused = new Wire(daemon.url);
        const answer = await modelsOf(refused);
        assert.equal(answer.status, 503, answer.head);
        assert.equal(answer.json.code, 'too_many_connections');
        assert.match(answer.json.detail, /max_connections/);
        assert.match(answer.head, /^retry-after: \d+\r$/im);
        assert.match(answer.head, /^connection: close\r$/im);
        assert.equal(await refused.end(5000), '');
        const health = await new Wire(daemon.url).ask('GET', '/healthz').answer();
        assert.equal(health.status, 200);
        for (const wire of busy) wire.destroy();
        await until(async () => (await modelsOf(new Wire(daemon.url)))?.status === 200,
            { what: 'room for another' });
        assert.equal(await isFull(), false);
        first.destroy();
    }));

test('a flood of connections does not hold up those that are in', () =>
    withDaemon({ ready: false, config: { api: { max_connections: limit } } }, async (daemon) => {
        const first = new Wire(daemon.url);
        assert.equal((await modelsOf(first)).status, 200);
        const flood = Array.from({ length: 400 }, () => new Wire(daemon.url));
        let served = 0;
        const told = Promise.all(flood.map(async (wire, index) => {
            if (index < limit + spare) return;
            await wire.end(20_000);
        }));
        let over = false;
        told.finally(() => (over = true));
        while (!over || served < 10) {
            assert.equal((await modelsOf(first))?.status, 200);
            served++;
        }
        await told;
        for (const wire of [first, ...flood]) wire.destroy();
    }));

/** How a request may break off, with the end of its connection right behind its last byte. */
const halves = {
    'a request line': () => 'GET /v1/mod',
    'half a head': (host) => `GET /v1/models HTTP/1.1\r\nHost: ${host}\r\nAcce`,
    'half a body': (host) => `POST /v1/infer HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        'Content-Length: 1000\r\n\r\n{"a',
    'half a chunk': (host) => `POST /v1/infer HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n10\r\n{"a',
};

for (const [name, text] of Object.entries(halves))
    test(`who leaves behind ${name} is noticed at once, and holds no place`, () =>
        withDaemon({ ready: false, config: { api: { max_connections: 100 } } }, async (daemon) => {
            const first = new Wire(daemon.url);
            const open = async () => (await first.ask('GET', '/v1/status').answer()).json.api.connections;
            const host = new URL(daemon.url).host, before = await open();
            for (let round = 0; round < 5; round++) {
                const gone = Array.from({ length: 90 }, () => new Wire(daemon.url));
                await Promise.all(gone.map(({ socket }) => once(socket, 'connect')));
                for (const { socket } of gone) socket.end(text(host));
                // Headers may take 10 s, a body 30 s: whoever waits for these waits too long.
                await until(async () => await open() <= before, { what: 'all of them to be noticed', timeout: 5000 });
                for (const wire of gone) wire.destroy();
            }
            assert.equal((await modelsOf(first)).status, 200);
            first.destroy();
        }));

test('descriptors of those that leave a stream are given back', () =>
    withDaemon({ ready: false }, async (daemon) => {
        const first = new Wire(daemon.url);
        const open = async () => (await first.ask('GET', '/v1/status').answer()).json.api.connections;
        const before = await open();
        for (let round = 0; round < 5; round++) {
            const listening = Array.from({ length: 64 }, () => new Wire(daemon.url).ask('GET', '/v1/events'));
            await until(async () => await open() === before + 64, { what: 'all to listen' });
            for (const wire of listening) wire.destroy();
            await until(async () => await open() === before, { what: 'all to be gone', timeout: 5000 });
        }
        first.destroy();
    }));
