/**
 * ./dev bench loop: what one request costs the daemon's one loop, with as much of everything as may
 * be there: models on disk, simulated nodes, stored jobs that wait. For each route the most CPU time
 * of the loop's thread in one turn, as /metrics tells it (of all that the route was asked so far), and
 * all of it by the kernel's account, what the nodes' heartbeats cost taken off: that is there for
 * builds without the metric, too.
 *
 * Prints a table and, as its last line, one JSON object. Exits 1 if a request had more than 5 ms.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, number } from '../lib/command-line.mjs';
import { assembleModels } from '../lib/daemon.mjs';
import { request } from '../lib/http.mjs';
import { cellOf, runOf } from '../lib/runs.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { delay, until } from '../lib/wait.mjs';
import { table } from './figures.mjs';
import { scaleDaemon } from './scale.mjs';

const LIMIT_MS = 5;

/** Models of one file each, which is the same one. */
function fillStore(store, count) {
    assembleModels(store, ['twice']);
    for (let i = 1; i < count; i++) {
        const folder = path.join(store, `model-${i}`);
        fs.mkdirSync(folder);
        fs.linkSync(path.join(store, 'twice', 'model.onnx'), path.join(folder, 'model.onnx'));
    }
}

/** Jobs for a browser of which none is started. */
async function fillQueue(daemon, count) {
    let next = 0;
    const body = JSON.stringify({ model_name: 'builtin/echo', platform: 'simulated', browser: 'chrome', timeout_ms: 3_600_000,
        inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }] });
    await Promise.all(Array.from({ length: 64 }, async () => {
        while (next++ < count) { // of several clients, since one may have a share of them
            const { status, text } = await daemon.post('/v1/jobs', body,
                { headers: { 'Content-Type': 'application/json' }, localAddress: `127.0.0.${2 + next % 16}` });
            if (status !== 202) throw new Error(`a job was answered ${status}: ${text}`);
        }
    }));
}

/** JSON of about `bytes`: an echo of numbers. */
function echoOf(bytes) {
    const count = Math.floor(bytes / 9);
    return { model_name: 'builtin/echo', platform: 'simulated', browser: 'fast', inputs: [{ name: 'x', datatype: 'FP32',
        shape: [count], data: Array.from({ length: count }, (_, i) => 0.123456 + i % 10) }] };
}

const files = Array.from({ length: 1000 }, (_, i) => ({ path: i ? `${i}/${'p'.repeat(240)}` : 'model.onnx', bytes: 1000 + i,
    sha256: i.toString(16).padStart(64, '0') }));
const results = runOf('bench-1', { more: Array.from({ length: 40 }, (_, i) => cellOf({ concurrency: i + 1,
    samples_ms: Array.from({ length: 480 }, (_, j) => 1.234567 + j) })) });

/** @type {{route: string, where?: string, body?: any, title?: string}[]} */
const rows = [
    { route: 'GET /healthz' },
    { route: 'GET /v1/openapi.json' },
    { route: 'GET /v1/models' },
    { route: 'GET /v1/models', where: '/v1/models?limit=1000' },
    { route: 'GET /v1/status' },
    { route: 'GET /v1/nodes' },
    { route: 'GET /v1/nodes', where: '/v1/nodes?limit=1000' },
    { route: 'GET /v1/jobs' },
    { route: 'GET /v1/jobs', where: '/v1/jobs?limit=1000' },
    { route: 'POST /v2/repository/index', body: {} },
    { route: 'GET /api/tags' },
    { route: 'GET /v1/kernels' },
    { route: 'GET /v1/hardware', where: '/v1/hardware?model_name=twice' },
    { route: 'GET /v1/history' },
    { route: 'GET /v1/matrix' },
    { route: 'GET /' },
    { route: 'GET /metrics' },
    { route: 'POST /v1/models/{model}/files', where: '/v1/models/org/sent/files', body: { files } },
    { route: 'POST /v1/results', body: results },
    { route: 'POST /v1/infer', title: '60 kB', body: echoOf(60_000) },
    { route: 'POST /v1/infer', title: '256 kB', body: echoOf(256_000) },
    { route: 'POST /v1/infer', title: '4 MB', body: echoOf(4_000_000) },
];

/** Milliseconds that the loop's thread, the first, has been on a core. */
const threadMs = (pid) => Number(fs.readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;

/** The route's figure in /metrics, in milliseconds; NaN without it. */
async function told(daemon, what, [method, route]) {
    const seconds = await daemon.metric(`webinfer_http_request_loop_seconds_${what}`,
        `{method="${method}",route="${route}"}`);
    return 1000 * (seconds ?? NaN);
}

async function measure(daemon, row, count, idleShare) {
    const [method, route] = row.route.split(' ');
    const body = row.body && JSON.stringify(row.body);
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const before = threadMs(daemon.pid), began = performance.now();
    let status = 0;
    for (let i = 0; i < count; i++)
        ({ status } = await request(daemon.url + (row.where ?? route), { method, headers, body }));
    const thread = (threadMs(daemon.pid) - before - idleShare * (performance.now() - began)) / count;
    return { ...row, body: undefined, bytes: body?.length ?? 0, status, thread,
        most: await told(daemon, 'max', [method, route]) };
}

async function idleShareOf(daemon, seconds) {
    const before = threadMs(daemon.pid), began = performance.now();
    await delay(seconds * 1000);
    return (threadMs(daemon.pid) - before) / (performance.now() - began);
}

async function main() {
    const { models, nodes, jobs, requests } = commandLine('./dev bench loop',
        'What one request costs the loop, with much of everything: a table, and a line of JSON.', {
            models: number(10_000, 'models on disk'),
            nodes: number(1000, 'simulated nodes'),
            jobs: number(100_000, 'stored jobs that wait'),
            requests: number(10, 'of each'),
        });
    const daemon = scaleDaemon({ nodes, queue: jobs + 1000 });
    fillStore(daemon.store, models);
    await daemon.start({ ready: false });
    const simulations = [], found = [];
    try {
        console.error(`${jobs} stored jobs …`);
        await fillQueue(daemon, jobs);
        console.error(`${nodes} nodes …`);
        simulations.push(await new Simulation(daemon, { nodes, browser: 'fast' }).up(300_000));
        await until(async () => (await daemon.metric('webinfer_nodes') ?? 0) >= nodes,
            { what: 'all nodes', timeout: 300_000, every: 1000 });
        await delay(5000);
        const share = await idleShareOf(daemon, 5);
        for (const row of rows) {
            console.error(`${row.route} …`);
            found.push(await measure(daemon, row, requests, share));
        }
    } finally {
        for (const simulation of simulations) await simulation.stop();
        await daemon.stop();
    }
    console.log(table(`CPU ms of the loop for one request: ${models} models, ${nodes} nodes, ${jobs} stored jobs`,
        ['', 'bytes', 'status', 'most in a turn', 'by the kernel'], found.map((one) =>
            [`${one.route.split(' ')[0]} ${one.where ?? one.route.split(' ')[1]}${one.title ? `, ${one.title}` : ''}`,
                one.bytes, String(one.status), one.most, one.thread])));
    console.log(JSON.stringify({ models, nodes, jobs, rows: found }));
    if (found.some(({ most }) => most > LIMIT_MS)) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
