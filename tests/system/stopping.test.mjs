// tier: full
/**
 * SIGTERM beside clients with kept-alive connections, which can bring a request at any moment: all
 * of it is answered or cut, and the daemon ends in good order.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { certificate } from '../lib/certificate.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';
import { keptAlive, Wire } from '../lib/wire.mjs';

const test = testsOf(() => null);
const slow = (count) => JSON.stringify({ model_name: 'slow', platform: 'wasm',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
        { name: 'count', datatype: 'INT64', shape: [], data: [count] }] });
const echo = (count) => JSON.stringify({ model_name: 'builtin/echo', inputs: [{ name: 'x',
    datatype: 'INT32', shape: [count], data: Array.from({ length: count }, (_, i) => i) }] });

/** What would wait: for a job, the writer, a hash, a parser or a node. */
const waiting = [
    (wire, id) => wire.ask('GET', `/v1/jobs/${id}?wait=60s`),
    (wire, id) => wire.ask('DELETE', `/v1/jobs/${id}`),
    (wire) => wire.ask('GET', '/v1/jobs'),
    (wire) => wire.ask('GET', '/v1/models/fresh'),
    (wire) => wire.ask('POST', '/v1/infer', { body: echo(100_000) }),
    (wire) => wire.ask('POST', '/v1/infer', { body: echo(1) }),
    (wire) => wire.ask('POST', '/v1/jobs', { body: slow(1) }),
    (wire) => wire.ask('POST', '/v1/models/slow/load', { body: '{}' }),
];

async function turnedAway(wire) {
    const answer = await wire.answer();
    assert.equal(answer?.status, 503, answer?.head);
    assert.equal(answer.json.code, 'shutting_down');
    assert.match(answer.head, /^connection: close\r$/im);
    assert.match(answer.head, /^retry-after: \d+\r$/im);
    assert.equal(await wire.end(), '', 'nothing more comes');
}

/** A stored job that does not end by itself, and is being run. */
async function endlessJob(daemon) {
    const { json } = await daemon.post('/v1/jobs', JSON.parse(slow(1e9)));
    await until(async () => (await daemon.status()).queue.running === 1, { what: 'the job to run' });
    return json.id;
}

/** A client that does not read an answer larger than any buffer: the server is busy to the end. */
async function slowReader(daemon) {
    const wire = await keptAlive(daemon.url);
    const size = 24 << 20;
    const head = JSON.stringify({ model_name: 'builtin/echo',
        parameters: { binary_data_output: true }, inputs: [{ name: 'x', datatype: 'UINT8',
            shape: [size], parameters: { binary_data_size: size } }] });
    wire.socket.pause();
    wire.ask('POST', '/v1/infer', { body: head + 'x'.repeat(size), headers: {
        'Content-Type': 'application/octet-stream',
        'Inference-Header-Content-Length': head.length } });
    await until(async () => (await daemon.status()).counters.jobs.completed === 1,
        { what: 'its answer' });
    return wire;
}

const withSlow = (config, body) => withDaemon({ models: ['slow'], config }, async (daemon) => {
    // A model that nobody has asked for yet: its hash is not known.
    fs.cpSync(path.join(daemon.store, 'slow'), path.join(daemon.store, 'fresh'),
        { recursive: true });
    await body(daemon);
});

test('while it drains, everything but /healthz is turned away', () =>
    withSlow({ pool: { shutdown_timeout: '20s' } }, async (daemon) => {
        const id = await endlessJob(daemon);
        const [lively, uploading, ...wires] = await Promise.all(
            Array.from({ length: waiting.length + 5 }, () => keptAlive(daemon.url)));
        const polling = wires.pop();
        waiting[0](polling, id);
        const body = echo(100);
        uploading.ask('POST', '/v1/infer',
            { headers: { 'Content-Length': body.length }, body: body.slice(0, 20) });
        daemon.signal('SIGTERM');
        await turnedAway(uploading);
        for (const [index, send] of waiting.entries()) {
            send(wires[index], id);
            await turnedAway(wires[index]);
        }
        for (const target of ['/v1/status', '/readyz'])
            await turnedAway(wires.pop().ask('GET', target));
        const alive = await lively.ask('GET', '/healthz').answer();
        assert.equal(alive.status, 200);
        assert.match(alive.head, /^connection: close\r$/im);
        daemon.signal('SIGTERM');
        await turnedAway(polling);
        assert.equal((await daemon.waitEnd()).code, 0);
    }));

for (const signals of [1, 2])
    test(`what comes in the last moment does not bring it down: ${signals} SIGTERM`, () =>
        withSlow({ pool: { shutdown_timeout: '20s' } }, async (daemon) => {
            const reading = await slowReader(daemon);
            // One runs and is finished; the others wait and are kept for the next start.
            const ids = [];
            for (let count = 0; count < 6; count++)
                ids.push((await daemon.post('/v1/jobs', JSON.parse(slow(200)))).json.id);
            await until(async () => (await daemon.status()).queue.running >= 1,
                { what: 'a job to run' });
            const [polling, ...wires] = await Promise.all(
                Array.from({ length: waiting.length + 1 }, () => keptAlive(daemon.url)));
            waiting[0](polling, ids.at(-1));
            daemon.signal('SIGTERM');
            // The first answer of the end is what makes a client try again, at once.
            await turnedAway(polling);
            for (const [index, send] of waiting.entries()) send(wires[index], ids.at(-1 - index));
            if (signals > 1) daemon.signal('SIGTERM');
            const ended = await daemon.waitEnd();
            assert.deepEqual(ended, { code: 0, signal: null });
            for (const wire of wires) {
                const answer = await wire.answer();
                if (answer) assert.equal(answer.json.code, 'shutting_down', answer.head);
            }
            reading.destroy();
        }));

test('over TLS: a body under way, a fault of framing, one too many, and the end', async () => {
    const daemon = new Daemon({ models: ['slow'],
        config: { api: { max_connections: 4 }, pool: { shutdown_timeout: '1s' } } });
    daemon.writeConfig({ api: certificate(daemon.folder, 'IP:127.0.0.1') });
    await daemon.start({ ready: false });
    try {
        const gone = await keptAlive(daemon.url);
        const wires = await Promise.all(Array.from({ length: 4 }, () => keptAlive(daemon.url)));
        assert.equal(await gone.end(5000), '', 'the one that waited for the longest time made room');
        const [faulty, uploading, running, idle] = wires;
        faulty.ask('GET', '/healthz', { headers: { 'Transfer-Encoding': 'xchunked' } });
        const answer = await faulty.answer();
        assert.equal(answer?.status, 501);
        assert.equal(await faulty.end(), '');
        await until(async () => (await idle.ask('GET', '/v1/status').answer()).json.ready,
            { what: 'a browser', timeout: 60_000 * patience });
        running.ask('POST', '/v1/infer', { body: slow(1e9) });
        uploading.ask('POST', '/v1/infer',
            { headers: { 'Content-Length': 500_000 }, body: echo(1) });
        await until(async () => /in_flight 3$/m.test((await idle.ask('GET', '/metrics').answer())
            .text), { what: 'the daemon to have read them' });
        daemon.signal('SIGTERM');
        await turnedAway(running);
        await uploading.end();
        await idle.ask('GET', '/v1/jobs').end();
        for (const wire of wires) wire.destroy();
        await daemon.stop();
    } catch (error) {
        throw daemon.explain(error);
    } finally {
        await daemon.abandon();
    }
});
