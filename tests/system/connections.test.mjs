// tier: full
/** More connections than there may be: some go, others are told, and the operator sees it. */
import assert from 'node:assert/strict';
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
        await daemon.logs(/warn.*has asked nothing for the longest time was closed for another/);
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
