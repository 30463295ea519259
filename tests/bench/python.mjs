/**
 * ./dev bench python: what the client in Python costs beside what carries its bytes anyway.
 *
 * `calls`: an echo of 100 bytes and of 4 MB by webinfer.Client, by webinfer.AsyncClient and by a bare
 * http.client over one connection that is kept, in turn. `streams`: streams at once in one loop, and the
 * same by as many processes of curl, whose lateness is taken from the moment that a part was due.
 * Exits 1 if a bound of the issue is broken: 0.3 ms, 0.9 of the bytes, 50 ms.
 */
import os from 'node:os';
import path from 'node:path';
import { commandLine, number, parts as partsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { root } from '../lib/paths.mjs';
import { python } from '../lib/python.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { shown, spread, table } from './figures.mjs';

const script = path.join(root, 'tests/bench/python/measure.py');

async function measure(daemon, ...words) {
    const { stdout } = await python([script, ...words.map(String)], { env: { WEBINFER_URL: daemon.url } });
    return JSON.parse(stdout);
}

const of = (rounds, key) => spread(rounds.map((round) => round[key]));

async function calls(daemon, rounds) {
    const small = [], large = [];
    for (let round = 0; round <= rounds; round++) {
        const figures = [await measure(daemon, 'calls', 25, 200), await measure(daemon, 'calls', 1_000_000, 12)];
        if (round === 0) continue; // the daemon's own beginnings
        small.push(figures[0]);
        large.push(figures[1]);
    }
    const over = (rounds_, key) => spread(rounds_.map((round) => round[key] - round.bare));
    const share = (rounds_, key) => spread(rounds_.map((round) => round.bare / round[key]));
    return { small: { bare_ms: of(small, 'bare'), client_ms: of(small, 'client'), aio_ms: of(small, 'aio'),
        client_over_ms: over(small, 'client'), aio_over_ms: over(small, 'aio') },
    large: { bare_ms: of(large, 'bare'), client_ms: of(large, 'client'), aio_ms: of(large, 'aio'),
        client_share: share(large, 'client'), aio_share: share(large, 'aio') } };
}

async function main() {
    const { only, rounds, streams, seconds } = commandLine('./dev bench python',
        'What the client in Python costs: tables, and a line of JSON.', {
            only: partsOf(['calls', 'streams']),
            rounds: number(5, 'of calls'),
            streams: number(200, 'at once'),
            seconds: number(10, 'that each lasts'),
        });
    const daemon = await new Daemon({ logToFile: true, config: { pool: { min_connections: 0 },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
    const simulation = await new Simulation(daemon, { nodes: 20 }).up();
    const result = { cpus: os.cpus().length };
    try {
        if (only.includes('calls')) {
            const { small, large } = result.calls = await calls(daemon, rounds);
            console.log(table('Echo by a kept connection, ms (p50 of each round)', ['bytes', 'http.client', 'Client', 'AsyncClient'],
                [['100', small.bare_ms, small.client_ms, small.aio_ms], ['4 MB', large.bare_ms, large.client_ms, large.aio_ms]]
                    .map(([name, ...figures]) => [name, ...figures.map(shown)])));
            console.log(table('Beside http.client', ['what', 'Client', 'AsyncClient'], [
                ['100 B: ms more', shown(small.client_over_ms), shown(small.aio_over_ms)],
                ['4 MB: share of its bytes/s', shown(large.client_share), shown(large.aio_share)]]));
            if (small.client_over_ms.median > 0.3 || large.client_share.median < 0.9) process.exitCode = 1;
        }
        if (only.includes('streams')) {
            const figures = result.streams = await measure(daemon, 'streams', streams, seconds);
            console.log(table(`${streams} streams of 5 parts a second`, ['', 'parts', 'late p50 ms', 'p99', 'most'],
                ['curl', 'aio'].map((who) => [who, ...['parts', 'p50', 'p99', 'most'].map((key) => figures[who][key])])));
            if (figures.aio.parts !== figures.curl.parts || figures.aio.most - figures.curl.most > 50) process.exitCode = 1;
        }
    } finally {
        await simulation.stop();
        await daemon.stop();
    }
    console.log(JSON.stringify(result));
}

await main();
