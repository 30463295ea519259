/**
 * ./dev bench scale: many nodes and many jobs against one daemon. Simulated nodes (webinfer
 * simulate) speak the real protocol; what is measured is the daemon: its CPU share and memory with
 * so many nodes connected, whether its heartbeats are on time, what one job costs as nodes grow,
 * and whether a long queue loses anything.
 *
 *   node tests/bench/scale.mjs [--nodes=10,100,1000,10000] [--jobs=100000] [--seconds=20]
 *       [--requests=20000]
 *
 * Prints tables and, as its last line, one JSON object. Exits 1 if anything was lost, a heartbeat
 * was late, or the cost of a job grows with the number of nodes.
 */
import { fileURLToPath } from 'node:url';
import { Daemon } from '../lib/daemon.mjs';
import { cost } from '../lib/processes.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { delay, until } from '../lib/wait.mjs';
import { echoRequest } from './contestants.mjs';
import { table } from './figures.mjs';
import * as programs from './programs.mjs';

/** A daemon without browsers that takes `nodes` nodes and `queue` waiting jobs. */
export function scaleDaemon({ nodes, queue, more = {} }) {
    return new Daemon({ logToFile: true, config: {
        api: { max_connections: 16384 },
        bridge: { max_nodes: nodes + 100, resume_grace: '2s' },
        pool: { min_connections: 0, max_queue: queue, memory_budget: '4G' },
        'browser.chrome': { max_connections: 0 }, ...more } });
}

/** What the daemon costs with `count` nodes that do nothing but beat. */
export async function idleNodes(daemon, count, seconds) {
    const before = cost(daemon.pid);
    const simulation = await new Simulation(daemon, { nodes: count }).up();
    await delay(1000);
    const start = cost(daemon.pid);
    const began = performance.now();
    await delay(seconds * 1000);
    const end = cost(daemon.pid);
    const took = (performance.now() - began) / 1000;
    return { simulation, nodes: count, upMs: simulation.upMs,
        share: (end.cpuSeconds - start.cpuSeconds) / took, bytesPerNode: (end.resident - before.resident) / count };
}

/** What one echo job costs the daemon in CPU, heartbeats taken off. */
export async function dispatchCost(daemon, client, { share, nodes }, requests) {
    const { headers, body } = echoRequest(
        { name: 'x', datatype: 'UINT8', shape: [100], bytes: Buffer.alloc(100, 1) });
    const size = Number(headers['Inference-Header-Content-Length']);
    const head = JSON.parse(body.subarray(0, size));
    const json = Buffer.from(JSON.stringify({ ...head, platform: 'simulated' }));
    const port = Number(new URL(daemon.url).port);
    const file = programs.requestFile(`scale-${nodes}`, `127.0.0.1:${port}`,
        { ...headers, 'Inference-Header-Content-Length': json.length },
        Buffer.concat([json, body.subarray(size)]));
    const once = (count) => programs.load(client,
        { port, file, clients: 32, ms: 1, requests: count });
    await once(1000);
    const start = cost(daemon.pid);
    const began = performance.now();
    const run = await once(requests);
    const seconds = (performance.now() - began) / 1000;
    const cpu = cost(daemon.pid).cpuSeconds - start.cpuSeconds - share * seconds;
    return { perJobUs: (cpu / requests) * 1e6, perSecond: run.per_second, p50: run.p50_ms,
        errors: run.errors };
}

/**
 * `jobs` jobs from `connections` keep-alive connections to `nodes` slow nodes: the queue is always
 * nearly as long as there are connections. Each answer is counted.
 */
export async function longQueue(daemon, client, { jobs, connections, nodes }) {
    const simulation = await new Simulation(daemon, { nodes, latencyMs: 1 }).up();
    const port = Number(new URL(daemon.url).port);
    const body = Buffer.from(JSON.stringify({ model_name: 'builtin/echo', platform: 'simulated',
        timeout_ms: 3_600_000,
        inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }] }));
    const file = programs.requestFile('scale-queue', `127.0.0.1:${port}`,
        { 'Content-Type': 'application/json' }, body);
    let deepest = 0, running = true;
    const watching = (async () => {
        while (running) {
            deepest = Math.max(deepest, await daemon.metric('webinfer_jobs_waiting') ?? 0);
            await delay(200);
        }
    })();
    const before = await daemon.metric('webinfer_jobs_completed_total') ?? 0;
    const start = cost(daemon.pid);
    const run = await programs.load(client, { port, file, clients: connections, ms: 1,
        requests: jobs });
    running = false;
    await watching;
    const cpu = cost(daemon.pid).cpuSeconds - start.cpuSeconds;
    const completed = await daemon.metric('webinfer_jobs_completed_total') - before;
    const waiting = await daemon.metric('webinfer_jobs_waiting') ?? 0;
    await simulation.stop();
    return { jobs: run.requests, completed, errors: run.errors, waiting,
        deepest, perSecond: run.per_second, perJobUs: (cpu / run.requests) * 1e6 };
}

async function main() {
    const option = (name, otherwise) => process.argv
        .map((word) => word.match(`^--${name}=(.*)$`)?.[1]).find((value) => value) ?? otherwise;
    const counts = option('nodes', '10,100,1000,10000').split(',').map(Number);
    const jobs = Number(option('jobs', '100000'));
    const seconds = Number(option('seconds', '20'));
    const requests = Number(option('requests', '20000'));
    const { client } = programs.compile();
    const rows = [], result = { nodes: [], queue: null };
    const daemon = await scaleDaemon({ nodes: Math.max(...counts), queue: 100_000 })
        .start({ ready: false });
    try {
        for (const count of counts) {
            console.error(`${count} nodes …`);
            const idle = await idleNodes(daemon, count, seconds);
            console.error(`  up after ${idle.upMs} ms, ${(idle.share * 100).toFixed(1)} % of a core`);
            const job = await dispatchCost(daemon, client, idle, requests);
            console.error(`  ${job.perJobUs.toFixed(0)} µs a job`);
            const end = await idle.simulation.stop();
            await until(async () => (await daemon.metric('webinfer_nodes') ?? 0) === 0,
                { what: 'the nodes to be gone', timeout: 60_000 });
            const { simulation, ...figures } = idle;
            result.nodes.push({ ...figures, ...job, heartbeats: end.heartbeats,
                late: end.late_heartbeats, worstGapMs: end.worst_heartbeat_gap_ms });
            rows.push([String(count), idle.upMs, idle.share * 100, idle.bytesPerNode,
                end.late_heartbeats, end.worst_heartbeat_gap_ms, job.perJobUs, job.perSecond]);
        }
        console.log(table('Nodes connected to one daemon (one thread)', ['nodes', 'up after ms',
            'CPU % idle', 'bytes/node', 'late heartbeats', 'worst gap ms', 'CPU µs/job', 'jobs/s'],
        rows));
        result.queue = await longQueue(daemon, client, { jobs, connections: 8000, nodes: 20 });
        console.log(table('A long queue', ['jobs', 'answered', 'errors', 'deepest queue', 'jobs/s',
            'CPU µs/job'], [[String(result.queue.jobs), result.queue.completed, result.queue.errors,
            result.queue.deepest, result.queue.perSecond, result.queue.perJobUs]]));
    } finally {
        await daemon.stop();
    }
    const costs = result.nodes.map((one) => one.perJobUs);
    result.lost = result.queue.jobs - result.queue.completed + result.queue.errors;
    result.late = result.nodes.reduce((sum, one) => sum + one.late, 0);
    result.growth = costs.at(-1) / costs[0];
    console.log(JSON.stringify(result));
    if (result.lost || result.late || result.growth > 3) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
