// tier: full
/** Streams through a browser of the daemon's own, from its engine to a client's socket. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Counting } from '../lib/counting.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon().start();
});
after(() => daemon.stop());

const count = (options, head) => new Counting(daemon, options, head);
const echo = () => daemon.infer({ model_name: 'builtin/echo', inputs: [] });
const idle = () => until(async () => (await daemon.status()).nodes.every(({ attempts }) => attempts === 0),
    { what: 'nothing left at the node' });

test('a count comes whole, and says what ran it and what its client took', async () => {
    for (const options of [{ count: 1 }, { count: 3000 }, { count: 20, interval_ms: 10 }, { count: 10, bytes: 60000 }]) {
        const counting = await count(options).run();
        assert.ok(counting.isWhole, counting.explain());
        const { executed_on: ran, performance } = counting.done;
        assert.deepEqual([ran.engine, ran.simulated], ['builtin', false]);
        assert.ok(performance.waited_for_client_ms >= 0 && performance.first_part_ms >= 0, counting.explain());
    }
});

test('without a stream a count is one answer', async () => {
    const { status, json, text } = await daemon.infer({ model_name: 'builtin/count', inputs: [], options: { count: 500 } });
    assert.equal(status, 200, text);
    assert.deepEqual(json.result, { count: 500 });
});

test('a client that takes nothing slows its own stream only', async () => {
    const held = count({ count: 200, bytes: 60000 });
    assert.ok(await held.open(), held.explain());
    await held.read({ enough: ({ parts }) => parts === 1 });
    held.stream.hold();
    const other = await count({ count: 500 }).run();
    assert.ok(other.isWhole, other.explain());
    assert.equal((await echo()).status, 200);
    held.stream.go();
    await held.read();
    assert.ok(held.isWhole, held.explain());
    const { waited_for_client_ms: waited, total_ms: total, first_part_ms: first } = held.done.performance;
    assert.ok(waited > 0 && total >= waited && total >= first, held.explain());
});

test('many streams go on at one page beside each other', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => count({ count: 10, interval_ms: 50 }).run()));
    for (const one of all) assert.ok(one.isWhole, one.explain());
});

test('a client that leaves stops the engine, and costs no worker', async () => {
    const counting = count({ count: 1000000, interval_ms: 1 });
    assert.ok(await counting.open(), counting.explain());
    await counting.read({ enough: ({ parts }) => parts === 5 });
    const { length } = daemon.log;
    await counting.stream.leave();
    await idle();
    assert.ok((await count({ count: 3 }).run()).isWhole);
    assert.doesNotMatch(daemon.log.slice(length), /engine worker is replaced/);
});
