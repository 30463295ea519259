// tier: full
/**
 * What ./dev bench scale measures, in small: a backlog that waits at once loses nothing, and a job
 * costs no more among many nodes than among few.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { storedJobs } from '../lib/backlog.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { cost } from '../lib/processes.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ logToFile: true, config: {
        bridge: { heartbeat_interval: '30s' }, // so that nodes cost nothing by being there
        pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
});
after(() => daemon.stop());

test('a backlog of stored jobs waits for its nodes and is answered, each job once', async () => {
    const { waiting, answered, attempts } = await storedJobs(daemon, { jobs: 1500, nodes: 20 });
    assert.equal(waiting, 1500);
    assert.equal(answered, 1500);
    assert.equal(attempts, 1500);
});

/** CPU seconds of the daemon for a job, with so many nodes to choose from. */
async function costOfJob(nodes, jobs) {
    const simulation = await new Simulation(daemon, { nodes }).up();
    try {
        let next = 0;
        const run = (count) => Promise.all(Array.from({ length: 16 }, async () => {
            while (next < count) {
                const data = [next++];
                const answer = await daemon.infer({ model_name: 'builtin/echo',
                    platform: 'simulated',
                    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data }] });
                assert.equal(answer.status, 200, answer.text);
                assert.deepEqual(answer.json.outputs[0].data, data);
            }
        }));
        await run(200);
        const before = cost(daemon.pid).cpuSeconds;
        await run(200 + jobs);
        return (cost(daemon.pid).cpuSeconds - before) / jobs;
    } finally {
        await simulation.stop();
        await until(async () => (await daemon.metric('webinfer_nodes') ?? 0) === 0,
            { what: 'the nodes to be gone', timeout: 60_000 * patience });
    }
}

test('a job among 600 nodes costs about what it costs among 6', async (context) => {
    const few = await costOfJob(6, 2000), many = await costOfJob(600, 2000);
    // In proportion to the nodes it would be a hundred times as much.
    assert.ok(many < 4 * few, `${many * 1e6} µs instead of ${few * 1e6}`);
    context.diagnostic(`${(few * 1e6).toFixed(0)} µs and ${(many * 1e6).toFixed(0)} µs`);
});
