// tier: full
/**
 * A subscriber that stops reading while 300,000 vectors come, which is a minute of 5,000 a second: the daemon's memory, and
 * what the reader is told. Rows are counted, and no time is waited for: all that a minute would meet is [api] send_timeout,
 * after which a reader that has stopped is disconnected, and which is longer here.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before } from 'node:test';
import { followRows, numberRows, publishRows } from '../../lib/channel-rows.mjs';
import { ChannelSocket, channelsUrl } from '../../lib/channel-socket.mjs';
import { Daemon, testsOf } from '../../lib/daemon.mjs';
import { Simulation } from '../../lib/simulation.mjs';
import { until } from '../../lib/wait.mjs';

const WIDTH = 96, ROWS = 2500, MIB = 1 << 20;
/** A minute of 5,000 rows a second. */
const TIMES = 60 * 5000 / ROWS;
/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
const test = testsOf(() => daemon);
const bytes = Buffer.from(Float32Array.from({ length: ROWS * WIDTH }, (_, i) => i / 7).buffer);
let sent = 0;

async function publish(times, then = () => {}) {
    for (let i = 0; i < times; i++, sent += ROWS) {
        await publishRows(daemon, numberRows(bytes, WIDTH, sent), WIDTH);
        then();
    }
}
const resident = () => 1024 * Number(fs.readFileSync(`/proc/${daemon.pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)[1]);

before(async () => {
    daemon = new Daemon({ config: { api: { send_timeout: '600s' }, channels: { listen: '127.0.0.1:0' },
        bridge: { heartbeat_misses: 100 }, pool: { min_connections: 0, numerics: 'off' }, 'browser.chrome': { max_connections: 0 } } });
    await daemon.start({ ready: false });
    simulation = await new Simulation(daemon, { nodes: 1 }).up();
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
});

test('a reader that has stopped costs less than 8 MiB, and is told of each row', async () => {
    const url = await channelsUrl(daemon);
    const quick = await new ChannelSocket(url).subscribe(['vector_updates'], { encoding: 'float32' });
    await publish(TIMES / 2);
    let most = 0;
    const look = () => (most = Math.max(most, resident()));
    await publish(TIMES / 2, look); // what it takes with a reader that reads
    const base = most, first = sent;
    const slow = await new ChannelSocket(url).subscribe(['vector_updates'], { encoding: 'float32' });
    slow.stop();
    await publish(TIMES, look);
    assert.ok(most - base < 8 * MIB, `${((most - base) / MIB).toFixed(1)} MiB more`);
    slow.go();
    await until(() => slow.rows + slow.missed === TIMES * ROWS, { what: 'all rows to be told' });
    const { missed, next } = followRows(slow.messages, first);
    assert.equal(next, sent);
    assert.ok(missed > TIMES * ROWS / 2, `${missed} missed`);
    await until(() => quick.rows === sent, { what: 'the quick one to get all' });
    assert.deepEqual(followRows(quick.messages, 0), { got: sent, missed: 0, next: sent });
    await Promise.all([slow.leave(), quick.leave()]);
});
