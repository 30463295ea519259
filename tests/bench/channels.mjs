/**
 * ./dev bench channels: what subscribers of channels cost an echo, and how many rows a second reach one of them.
 *
 * `echo`: the p50 of echoes with and without ten subscribers of both channels, by turns. The echoes are not published, so
 * that each is a message of job_results. `rows`: vectors published as fast as two clients can, and how many of them one
 * subscriber gets as numbers, with each encoding of the WebSocket, by turns; it reads on a thread of its own. Prints tables
 * and writes build/bench/channels.json. Exits 1 where a figure is beyond its goal.
 */
import fs from 'node:fs';
import path from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ChannelSocket, channelsUrl } from '../lib/channel-socket.mjs';
import { commandLine, flag, number, parts } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { build } from '../lib/paths.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { delay } from '../lib/wait.mjs';
import { median, shown, spread, table } from './figures.mjs';
import * as programs from './programs.mjs';

const SUBSCRIBERS = 10, NODES = 4;
const ROWS = 2000, WIDTH = 384;
const ENCODINGS = ['json', 'frame', 'float32'];
const BOTH = ['job_results', 'vector_updates'];
const echo = { model_name: 'builtin/echo', platform: 'simulated', inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] }] };

/** On a thread: subscribes, and says how many rows have come whenever it is asked. */
async function read({ url, encoding }) {
    const client = await new ChannelSocket(url).subscribe(['vector_updates'], { encoding });
    let rows = 0;
    parentPort.on('message', async (message) => {
        if (message === 'end') {
            await client.leave();
            parentPort.close();
            return;
        }
        rows += client.rows;
        client.messages.length = 0;
        parentPort.postMessage(rows);
    });
    // What came is not kept, or the memory of the thread would be measured.
    setInterval(() => {
        rows += client.rows;
        client.messages.length = 0;
    }, 50).unref();
    parentPort.postMessage('begun');
}

const answerOf = (worker, question) => new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    if (question) worker.postMessage(question);
});

async function daemonOf() {
    const daemon = new Daemon({ logToFile: true, config: { channels: { listen: '127.0.0.1:0' },
        bridge: { heartbeat_misses: 100 }, pool: { min_connections: 0, numerics: 'off', max_queue: 10_000 },
        'browser.chrome': { max_connections: 0 } } });
    await daemon.start({ ready: false });
    const simulation = await new Simulation(daemon, { nodes: NODES }).up();
    return { daemon, url: await channelsUrl(daemon), stop: async () => {
        await simulation.stop();
        await daemon.stop();
    } };
}

async function echoes(rounds, requests) {
    const { client } = programs.compile();
    const { daemon, url, stop } = await daemonOf();
    const { port } = new URL(daemon.url);
    const file = programs.requestFile('channels-echo', `127.0.0.1:${port}`, { 'Content-Type': 'application/json' }, Buffer.from(JSON.stringify(echo)));
    const load = () => programs.load(client, { port: Number(port), file, clients: 4, ms: 1, requests });
    const found = { without: [], with: [] };
    await load();
    for (let round = 0; round < rounds; round++) {
        found.without.push((await load()).p50_ms);
        const all = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => new ChannelSocket(url).subscribe(BOTH)));
        found.with.push((await load()).p50_ms);
        await Promise.all(all.map((one) => one.leave()));
        process.stderr.write('.');
    }
    await stop();
    return { without_ms: spread(found.without), with_ms: spread(found.with), ratio: median(found.with) / median(found.without) };
}

/** Rows a second that a subscriber gets while two clients publish. */
async function rowsPerSecond(daemon, url, encoding, seconds) {
    const bytes = Buffer.from(Float32Array.from({ length: ROWS * WIDTH }, () => Math.fround(Math.random() - 0.5)).buffer);
    const worker = new Worker(new URL(import.meta.url), { workerData: { url, encoding } });
    await answerOf(worker);
    let over = false;
    const publish = async () => {
        while (!over) {
            const { status, text } = await daemon.inferBinary({ model_name: 'builtin/echo', platform: 'simulated', publish: true, outputs: ['embeddings'] },
                [{ name: 'embeddings', datatype: 'FP32', shape: [ROWS, WIDTH], bytes }]);
            if (status !== 200) throw new Error(text);
        }
    };
    const publishers = [publish(), publish()];
    await delay(500); // both are at work, and what runs often is compiled
    const before = await answerOf(worker, 'count'), began = performance.now();
    await delay(seconds * 1000);
    const rows = await answerOf(worker, 'count') - before, took = (performance.now() - began) / 1000;
    over = true;
    await Promise.all(publishers);
    worker.postMessage('end');
    await new Promise((resolve) => worker.once('exit', resolve));
    return rows / took;
}

async function rows(rounds, seconds) {
    const { daemon, url, stop } = await daemonOf();
    const found = Object.fromEntries(ENCODINGS.map((encoding) => [encoding, []]));
    for (let round = 0; round < rounds; round++)
        for (const encoding of ENCODINGS) {
            found[encoding].push(await rowsPerSecond(daemon, url, encoding, seconds));
            process.stderr.write('.');
        }
    await stop();
    const over = (encoding) => median(found[encoding].map((rate, round) => rate / found.json[round]));
    return { ...Object.fromEntries(ENCODINGS.map((encoding) => [encoding, spread(found[encoding])])),
        frame_over_json: over('frame'), float32_over_json: over('float32') };
}

async function main() {
    const { quick, only, rounds, seconds } = commandLine('./dev bench channels',
        'What subscribers of channels cost, and how many rows a second reach one: tables, and build/bench/channels.json.', {
            quick: flag('less of each'),
            only: parts(['echo', 'rows']),
            rounds: number(5, 'of each, by turns'),
            seconds: number(3, 'that rows are counted'),
        });
    const result = {}, goals = [];
    if (only.includes('echo')) {
        result.echo = await echoes(quick ? 2 : rounds, quick ? 2000 : 20_000);
        console.log(table(`p50 of an echo, ms, with ${SUBSCRIBERS} subscribers of both channels`, ['without', 'with', 'ratio'],
            [[shown(result.echo.without_ms), shown(result.echo.with_ms), result.echo.ratio]]));
        goals.push(['p50 of an echo beside 10 subscribers, times that without', result.echo.ratio, result.echo.ratio <= 1.1, '≤ 1.1']);
    }
    if (only.includes('rows')) {
        result.rows = await rows(quick ? 1 : rounds, quick ? 1 : seconds);
        console.log(table(`Vectors of ${WIDTH} numbers a second that reach a subscriber`, ENCODINGS,
            [ENCODINGS.map((encoding) => shown(result.rows[encoding]))]));
        goals.push(['rows a second as frames, times those as JSON', result.rows.frame_over_json, result.rows.frame_over_json >= 5, '≥ 5']);
    }
    console.log(table('Goals', ['figure', 'value', 'goal', ''], goals.map(([name, value, met, goal]) => [name, value, goal, met ? 'met' : 'missed'])));
    fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
    fs.writeFileSync(path.join(build, 'bench/channels.json'), JSON.stringify(result, null, 2));
    if (goals.some(([, , met]) => !met)) process.exitCode = 1;
}

if (isMainThread) await main();
else await read(workerData);
