/**
 * ./dev bench scale: many nodes and many jobs against one daemon. Simulated nodes
 * (webinfer-simulate) speak the real protocol; what is measured is the daemon: its CPU share and memory with
 * so many nodes connected, whether its heartbeats are on time, what one job costs as nodes grow,
 * what it costs beside jobs of a thousand models that wait, and whether a long queue loses anything:
 * one that is kept long, one of as many requests as may be connected, and one of stored jobs, which
 * all wait before the first is run.
 *
 * Prints tables and, as its last line, one JSON object. Exits 1 if anything was lost, a heartbeat
 * was late, or the cost of a job grows with the number of nodes or of models that wait.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { storedJobs } from '../lib/backlog.mjs';
import { commandLine, number, numbers, parts } from '../lib/command-line.mjs';
import { assembleModels, Daemon } from '../lib/daemon.mjs';
import { cost } from '../lib/processes.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { delay, until } from '../lib/wait.mjs';
import { echoRequest } from './contestants.mjs';
import { table } from './figures.mjs';
import * as programs from './programs.mjs';

/** A daemon without browsers that takes `nodes` nodes and `queue` waiting jobs. */
export function scaleDaemon({ nodes, queue, more = {} }) {
    return new Daemon({ logToFile: true, config: {
        api: { max_connections: 65536 },
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

/** What one echo job with `more` in its head costs the daemon in CPU, heartbeats taken off. */
export async function dispatchCost(daemon, client, { share, nodes }, requests, more = {}) {
    const { headers, body } = echoRequest(
        { name: 'x', datatype: 'UINT8', shape: [100], bytes: Buffer.alloc(100, 1) });
    const size = Number(headers['Inference-Header-Content-Length']);
    const head = JSON.parse(body.subarray(0, size));
    const json = Buffer.from(JSON.stringify({ ...head, platform: 'simulated', ...more }));
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

/** An echo as the load client sends it. */
function queueRequest(port) {
    const body = Buffer.from(JSON.stringify({ model_name: 'builtin/echo', platform: 'simulated',
        timeout_ms: 3_600_000,
        inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }] }));
    return programs.requestFile('scale-queue', `127.0.0.1:${port}`,
        { 'Content-Type': 'application/json' }, body);
}

const portOf = (daemon) => Number(new URL(daemon.url).port);

/**
 * `jobs` jobs from `connections` keep-alive connections to `nodes` slow nodes: the queue is always
 * nearly as long as there are connections. Each answer is counted.
 */
export async function longQueue(daemon, client, { jobs, connections, nodes }) {
    const simulation = await new Simulation(daemon, { nodes, latencyMs: 1 }).up();
    const port = portOf(daemon), file = queueRequest(port);
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
    await simulation.stop();
    return { jobs: run.requests + run.errors, waiting: deepest, answered: completed,
        errors: run.errors, perSecond: run.per_second, perJobUs: (cpu / run.requests) * 1e6 };
}

/**
 * How many connections this machine and the daemon let one client have, at most `most`: of its open
 * files the daemon leaves some to the nodes that may come and to itself (webinferd.conf(5)), and a
 * few are for what is asked beside.
 */
async function connectionsPossible(daemon, most) {
    const files = await daemon.metric('process_max_fds'), open = await daemon.metric('process_open_fds');
    const left = Math.min(files / 4, daemon.config.bridge.max_nodes + 128);
    const [low, high] = fs.readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
        .split(/\s+/).map(Number);
    return Math.min(most, Math.floor(files - left - open - 100), high - low - 1000);
}

/** As many requests as can be connected, all waiting at once for nodes that come only then. */
export async function heldQueue(daemon, client, most) {
    const connections = await connectionsPossible(daemon, most);
    const before = cost(daemon.pid);
    const done = await daemon.metric('webinfer_jobs_completed_total') ?? 0;
    const slow = await new Simulation(daemon, { nodes: 1, latencyMs: 3_600_000 }).up();
    const port = portOf(daemon);
    const load = programs.load(client, { port, file: queueRequest(port), clients: connections,
        ms: 1, requests: connections });
    let waiting = 0;
    await until(async () => {
        waiting = await daemon.metric('webinfer_jobs_waiting') ?? 0;
        return waiting + await daemon.metric('webinfer_jobs_running') >= connections;
    }, { what: 'all requests to wait', timeout: 300_000, every: 1000 });
    const full = cost(daemon.pid);
    const fast = await new Simulation(daemon, { nodes: 20 }).up();
    await slow.stop(); // what it has goes to the others
    const run = await load, end = cost(daemon.pid);
    await fast.stop();
    return { jobs: connections, waiting, errors: run.errors,
        answered: await daemon.metric('webinfer_jobs_completed_total') - done,
        perSecond: null, perJobUs: (1e6 * (end.cpuSeconds - full.cpuSeconds)) / connections,
        bytesPerWaiting: (full.resident - before.resident) / connections };
}

/** The share of a core that the daemon takes while nothing comes. */
async function idleShare(daemon, seconds) {
    const start = cost(daemon.pid).cpuSeconds, began = performance.now();
    await delay(seconds * 1000);
    return (cost(daemon.pid).cpuSeconds - start) / ((performance.now() - began) / 1000);
}

/** CPU seconds until jobs of these models, which all wait, are answered by a node that comes. */
async function drained(daemon, models, latencyMs) {
    const slow = await new Simulation(daemon, { nodes: 1, latencyMs: 3_600_000, browser: 'slow',
        models: daemon.store }).up();
    const answers = models.map((model_name) => daemon.infer({ model_name, browser: 'slow',
        platform: 'simulated', timeout_ms: 3_600_000,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] }));
    const waiting = async () => await daemon.metric('webinfer_jobs_waiting') ?? 0;
    await until(async () => await waiting() >= models.length - 10,
        { what: 'the jobs to wait', timeout: 60_000 });
    return { slow, async end() {
        const start = cost(daemon.pid).cpuSeconds;
        const fast = await new Simulation(daemon, { nodes: 1, latencyMs, browser: 'slow',
            models: daemon.store }).up();
        await slow.stop(); // what it has goes to the other
        const lost = (await Promise.all(answers)).filter(({ status }) => status !== 200).length;
        const seconds = cost(daemon.pid).cpuSeconds - start;
        await fast.stop();
        return { perJobUs: (seconds / models.length) * 1e6, lost };
    } };
}

/** What jobs of as many models, which wait for a node, cost the others and each other. */
export async function manyLanes(daemon, client, { lanes, requests }) {
    const names = Array.from({ length: lanes }, (_, i) => `lane-${i}`);
    assembleModels(daemon.store, ['twice']);
    for (const name of names)
        fs.cpSync(path.join(daemon.store, 'twice'), path.join(daemon.store, name),
            { recursive: true });
    const one = await drained(daemon, names.map(() => names[0]), 0).then((it) => it.end());
    const fast = await new Simulation(daemon, { nodes: 4, browser: 'fast' }).up();
    const share = await idleShare(daemon, 5);
    const echo = () => dispatchCost(daemon, client, { share, nodes: 'lanes' }, requests,
        { browser: 'fast' });
    const alone = await echo();
    const held = await drained(daemon, names, 0);
    const waitingShare = await idleShare(daemon, 5);
    const beside = await echo();
    const all = await held.end();
    await fast.stop();
    return { lanes, share, waitingShare, aloneUs: alone.perJobUs, besideUs: beside.perJobUs,
        ratio: beside.perJobUs / alone.perJobUs, oneLaneUs: one.perJobUs,
        eachItsLaneUs: all.perJobUs, lost: one.lost + all.lost, errors: alone.errors + beside.errors };
}

function printLanes(found) {
    console.log(table(`Jobs of ${found.lanes} models wait`, ['', 'none waits', 'they wait'], [
        ['CPU µs for an echo beside them', found.aloneUs, found.besideUs],
        ['CPU % while nothing comes', found.share * 100, found.waitingShare * 100]]));
    console.log(table('Jobs that waited, once a node comes', ['', 'of one model', 'of as many'],
        [['CPU µs/job', found.oneLaneUs, found.eachItsLaneUs]]));
}

/** Nodes and jobs for them, for each number of nodes. */
async function manyNodes(daemon, client, { counts, seconds, requests }) {
    const list = [];
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
        list.push({ ...figures, ...job, heartbeats: end.heartbeats,
            late: end.late_heartbeats, worstGapMs: end.worst_heartbeat_gap_ms });
    }
    console.log(table('Nodes connected to one daemon (one thread)', ['nodes', 'up after ms',
        'CPU % idle', 'bytes/node', 'late heartbeats', 'worst gap ms', 'CPU µs/job', 'jobs/s'],
    list.map((one) => [String(one.nodes), one.upMs, one.share * 100, one.bytesPerNode, one.late,
        one.worstGapMs, one.perJobUs, one.perSecond])));
    return list;
}

async function main() {
    const { only, nodes: counts, jobs, seconds, requests, lanes } = commandLine('./dev bench scale',
        'Many nodes and many jobs against one daemon: tables, and a line of JSON.', {
            only: parts(['nodes', 'lanes', 'long', 'held', 'stored']),
            nodes: numbers([10, 100, 1000, 10000], 'how many nodes'),
            jobs: number(100_000, 'in a long queue'),
            seconds: number(20, 'with so many nodes and nothing to do'),
            requests: number(20_000, 'with so many nodes or lanes'),
            lanes: number(1000, 'models that wait'),
        });
    const { client } = programs.compile();
    const report = (text) => console.error(`  ${text}`);
    const queues = {
        long: ['8,000 connections, kept full',
            () => longQueue(daemon, client, { jobs, connections: 8000, nodes: 20 })],
        held: ['requests, all waiting at once', () => heldQueue(daemon, client, jobs)],
        stored: ['stored jobs, all waiting at once',
            () => storedJobs(daemon, { jobs, nodes: 20, report })],
    };
    const result = { nodes: [] };
    const nodes = only.includes('nodes') ? Math.max(...counts) : 100;
    const daemon = await scaleDaemon({ nodes, queue: 100_000 })
        .start({ ready: false });
    try {
        if (only.includes('nodes'))
            result.nodes = await manyNodes(daemon, client, { counts, seconds, requests });
        if (only.includes('lanes')) {
            console.error('lanes …');
            result.lanes = await manyLanes(daemon, client,
                { lanes, requests });
            printLanes(result.lanes);
        }
        for (const [name, [title, measure]] of Object.entries(queues)) {
            if (!only.includes(name)) continue;
            console.error(`${title} …`);
            result[name] = { title, ...await measure() };
        }
    } finally {
        await daemon.stop();
    }
    const ran = Object.keys(queues).map((name) => result[name]).filter(Boolean);
    if (ran.length)
        console.log(table('Long queues', ['', 'jobs', 'waiting at once', 'answered', 'errors',
            'bytes/waiting', 'jobs/s', 'CPU µs/job'], ran.map((one) => [one.title,
            String(one.jobs), one.waiting, one.answered, one.errors, one.bytesPerWaiting,
            one.perSecond, one.perJobUs])));
    const costs = result.nodes.map((one) => one.perJobUs);
    result.lost = ran.reduce((sum, one) => sum + one.jobs - one.answered + one.errors,
        (result.lanes?.lost ?? 0) + (result.lanes?.errors ?? 0));
    result.twice = (result.stored?.attempts ?? 0) - (result.stored?.jobs ?? 0);
    result.late = result.nodes.reduce((sum, one) => sum + one.late, 0);
    result.growth = costs.length ? costs.at(-1) / costs[0] : null;
    console.log(JSON.stringify(result));
    if (result.lost || result.twice || result.late || result.growth > 3 || result.lanes?.ratio > 3)
        process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
