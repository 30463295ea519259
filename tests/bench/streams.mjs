/**
 * ./dev bench streams: how soon a stream begins, and what many of them cost.
 *
 * `first`: a real browser's first event of a count of 1 over the same client's echo, in turn.
 * `many`: streams of five parts a second from simulated nodes, all at once; what the daemon spends
 * on a part beside what it spends on an echo from the same nodes. Exits 1 if a part was lost.
 */
import http from 'node:http';
import os from 'node:os';
import { commandLine, number, parts as partsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { EventReader } from '../lib/events.mjs';
import { cost } from '../lib/processes.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { ask } from './ask.mjs';
import { median, shown, spread, table } from './figures.mjs';
import * as programs from './programs.mjs';
import { dispatchCost, scaleDaemon } from './scale.mjs';

const PER_SECOND = 5;
/** Simulated nodes for the many streams. */
const NODES = 20;
/** First events and echoes of a round. */
const ASKS = 100;

const count = (options) => ({ model_name: 'builtin/count', inputs: [], options, stream: true });
const asEvents = { Accept: 'text/event-stream' };

/** Milliseconds to the first bytes of each: of an echo's answer, and of a stream of one part. */
async function firstEvents(rounds) {
    const daemon = await new Daemon({ logToFile: true,
        config: { pool: { max_connections: 1, recycle_after: 0 } } }).start();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const url = `${daemon.url}/v1/infer`;
    const echo = { model_name: 'builtin/echo',
        inputs: [{ name: 'x', datatype: 'UINT8', shape: [4], data: [1, 2, 3, 4] }] };
    const timed = async (body, headers) => {
        const began = performance.now();
        let first = 0;
        const status = await ask(url, agent, body, headers, () => { first ||= performance.now() - began; });
        if (status !== 200) throw new Error(`${body.model_name}: ${status}`);
        return first;
    };
    const times = { echo: [], first: [] };
    for (let round = 0; round <= rounds; round++) {
        const took = { echo: [], first: [] };
        for (let i = 0; i < ASKS; i++) {
            took.echo.push(await timed(echo, {}));
            took.first.push(await timed(count({ count: 1 }), asEvents));
        }
        if (round === 0) continue; // what runs often is compiled first
        for (const key of Object.keys(times)) times[key].push(median(took[key]));
    }
    agent.destroy();
    await daemon.stop();
    return { echo_ms: spread(times.echo), first_ms: spread(times.first),
        over_ms: spread(times.first.map((ms, round) => ms - times.echo[round])) };
}

/** One stream to its end; gives how many parts were missing, repeated or out of order. */
async function wholeStream(url, agent, parts) {
    const reader = new EventReader();
    let next = 0, wrong = 0, done = false;
    await ask(url, agent, { ...count({ count: parts, interval_ms: 1000 / PER_SECOND }),
        platform: 'simulated' }, asEvents, (text) => {
        for (const { event, id } of reader.read(text)) {
            if (event === 'part') wrong += Number(id) !== next++;
            else if (event === 'done') done = true;
        }
    });
    return { got: next, wrong: wrong + (done ? 0 : 1) };
}

async function manyStreams(streams, seconds) {
    const { client } = programs.compile();
    const daemon = await scaleDaemon({ nodes: NODES, queue: 100_000 }).start({ ready: false });
    const simulation = await new Simulation(daemon, { nodes: NODES }).up();
    const { perJobUs } = await dispatchCost(daemon, client, { share: 0, nodes: NODES }, 20_000);
    const agent = new http.Agent({ maxSockets: streams });
    const parts = seconds * PER_SECOND;
    const before = cost(daemon.pid);
    const ended = await Promise.all(Array.from({ length: streams },
        () => wholeStream(`${daemon.url}/v1/infer`, agent, parts)));
    const after = cost(daemon.pid);
    agent.destroy();
    await simulation.stop();
    await daemon.stop();
    const got = ended.reduce((sum, one) => sum + one.got, 0);
    const perPartUs = (1e6 * (after.cpuSeconds - before.cpuSeconds)) / got;
    return { streams, parts: streams * parts, got, wrong: ended.reduce((sum, one) => sum + one.wrong, 0),
        perPartUs, perEchoUs: perJobUs, over_echo: perPartUs / perJobUs };
}

async function main() {
    const { only, streams: count, seconds, rounds } = commandLine('./dev bench streams',
        'How soon a stream begins, and what many of them cost: tables, and a line of JSON.', {
            only: partsOf(['first', 'many']),
            streams: number(1000, 'at once'),
            seconds: number(20, 'that each lasts'),
            rounds: number(5, 'of first events'),
        });
    const result = { cpus: os.cpus().length };
    if (only.includes('first')) {
        result.first = await firstEvents(rounds);
        console.log(table('First event of a stream of one part, ms', ['echo', 'first event', 'more'],
            [[shown(result.first.echo_ms), shown(result.first.first_ms), shown(result.first.over_ms)]]));
    }
    if (only.includes('many')) {
        result.many = await manyStreams(count, seconds);
        const { streams, parts, got, wrong, perPartUs, perEchoUs, over_echo: over } = result.many;
        console.log(table(`Streams of ${PER_SECOND} parts a second`, ['streams', 'parts', 'came', 'wrong',
            'CPU µs/part', 'CPU µs/echo', 'ratio'],
        [[String(streams), String(parts), String(got), String(wrong), perPartUs, perEchoUs, over]]));
    }
    console.log(JSON.stringify(result));
    if (result.many && (result.many.wrong || result.many.got !== result.many.parts)) process.exitCode = 1;
}

await main();
