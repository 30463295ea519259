// tier: full
/** Streams that a real browser makes: its pace is the client's, and it stops with the client. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { UNREAD_MAX } from '../lib/counting.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { EventClient } from '../lib/events.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => (daemon = await new Daemon().start()));
after(() => daemon.stop());

const stream = (options, more) => new EventClient(`${daemon.url}/v1/infer`, { ...more, body:
    { model_name: 'builtin/count', inputs: [], stream: true, options } });
const parts = () => daemon.metric('webinfer_stream_parts_total');
const seqs = (client) => client.parts.map(({ json }) => json.seq);

/** The number of parts once no more are made. */
async function standstill() {
    let before = -1;
    return until(async () => {
        const now = await parts();
        const same = now === before && now > 0;
        before = now;
        return same && { now };
    }, { what: 'the engine to stand still', every: 400 });
}

test('Chromium counts in parts, in order and each once', async () => {
    const client = stream({ count: 500 });
    await client.ended();
    assert.equal(client.status, 200, client.text);
    assert.deepEqual(seqs(client), Array.from({ length: 500 }, (_, i) => i));
    assert.deepEqual(client.parts[41].json, { seq: 41, index: 0, text: '41 ', tokens: [41] });
    assert.equal(client.last.event, 'done');
    assert.equal(client.last.json.parts, 500);
    assert.deepEqual(client.last.json.result, { count: 500 });
    assert.equal(client.last.json.executed_on.browser, 'chrome');
    assert.equal(client.last.json.executed_on.engine, 'builtin');
});

test('a client that does not read stops it, and one that leaves ends it', async () => {
    const began = await parts();
    const slow = stream({ count: 100_000, bytes: 60_000 }, { paused: true });
    await until(async () => await parts() > began, { what: 'parts' });
    const { now } = await standstill();
    assert.ok(now - began < UNREAD_MAX, `${now - began} parts were made for nobody`);
    const other = stream({ count: 100 });
    await other.ended();
    assert.equal(other.last.json.parts, 100);
    slow.go();
    await until(async () => await parts() > now + 150, { what: 'more parts' });
    slow.leave();
    await until(async () => (await daemon.metric('webinfer_jobs_running')) === 0,
        { what: 'the job to be cancelled' });
    const { now: end } = await standstill();
    assert.ok(end < began + 100_000);
    const next = stream({ count: 3 });
    await next.ended();
    assert.deepEqual(seqs(next), [0, 1, 2]);
    assert.ok(next.last.json.performance.queue_ms < 5000);
});
