/** More connections than there may be: told so at once, shown to the operator, and soon over. */
import assert from 'node:assert/strict';
import { testsOf, withDaemon } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';
import { keptAlive, Wire } from '../lib/wire.mjs';

const test = testsOf(() => null);
const limit = 8;

test('beyond max_connections: 503 with Retry-After, a problem in status, a metric', () =>
    withDaemon({ config: { api: { max_connections: limit } } }, async (daemon) => {
        // The harness's own kept-alive connections count, too: open until one is refused.
        const open = [];
        let refused = null;
        while (!refused) {
            assert.ok(open.length <= limit);
            const wire = new Wire(daemon.url).ask('GET', '/healthz');
            const answer = await wire.answer();
            if (answer.status === 200) open.push(wire);
            else refused = { ...answer, json: answer.json, rest: await wire.end() };
        }
        assert.equal(refused.status, 503, refused.head);
        assert.equal(refused.json.code, 'too_many_connections');
        assert.match(refused.json.detail, /max_connections/);
        assert.match(refused.head, /^retry-after: \d+\r$/im);
        assert.match(refused.head, /^connection: close\r$/im);
        assert.equal(refused.rest, '');
        // One that says nothing is not left in silence either.
        const silent = new Wire(daemon.url);
        assert.equal((await silent.answer(5000))?.status, 503);
        assert.equal(await silent.end(5000), '');
        // Those that are in notice nothing, and one of them can see what is wrong.
        const [first] = open;
        const status = (await first.ask('GET', '/v1/status').answer()).json;
        assert.equal(status.api.connections, limit);
        assert.match(status.problem, new RegExp(`max_connections is ${limit}`));
        const metrics = (await first.ask('GET', '/metrics').answer()).text;
        assert.match(metrics, /^webinfer_http_connections_refused_total\{limit="all"\} 2$/m);
        assert.match(metrics, /^webinfer_http_connections_refused_total\{limit="address"\} 0$/m);
        await daemon.logs(/warn.*a connection was refused:.*max_connections/);
        open.pop().destroy();
        await until(async () => (await daemon.get('/healthz')).status === 200,
            { what: 'room for another' });
        for (const wire of open) wire.destroy();
        await until(async () => (await daemon.status()).problem !== status.problem,
            { what: 'the problem to be over' });
    }));

test('a flood of connections does not hold up those that are in', () =>
    withDaemon({ ready: false, config: { api: { max_connections: limit } } }, async (daemon) => {
        const first = await keptAlive(daemon.url);
        const flood = Array.from({ length: 400 }, () => new Wire(daemon.url));
        let served = 0;
        const told = Promise.all(flood.map(async (wire, index) => {
            if (index < limit) return;
            await wire.end(20_000);
        }));
        let over = false;
        told.finally(() => (over = true));
        while (!over || served < 10) {
            assert.equal((await first.ask('GET', '/healthz').answer(5000))?.status, 200);
            served++;
        }
        await told;
        for (const wire of [first, ...flood]) wire.destroy();
    }));
