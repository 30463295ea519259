/**
 * ./dev bench pieces: what a large echo costs the small ones that share its link. The same echoes of
 * 100 B, one after another, alone and while one of 100 or 400 MB goes to the only browser and back;
 * all figures go to build/bench/pieces.json. The goal is for the p99: at most 20 ms more. Beside a
 * large one it is that of the worst 200 ms, and so close to the longest of all. The longest alone
 * says how much of that is the machine's, and the rate of the large one what its place costs it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { commandLine, flag, roundsOf } from '../lib/command-line.mjs';
import { Daemon } from '../lib/daemon.mjs';
import { build } from '../lib/paths.mjs';
import { echoRequest } from './contestants.mjs';
import { shown, spread, table } from './figures.mjs';
import * as programs from './programs.mjs';

const { quick, rounds = quick ? 1 : 3 } = commandLine('./dev bench pieces',
    'What a large echo costs the small ones beside it: a table, and build/bench/pieces.json.', {
        quick: flag('100 MB alone, and once'),
        rounds: roundsOf(3, 1),
    });
const SIZES = quick ? [100e6] : [100e6, 400e6];
const LIMIT_MS = 20;

const echo = (name, port, bytes) => {
    const { headers, body } = echoRequest({ name: 'x', datatype: 'UINT8', shape: [bytes.length], bytes });
    return programs.requestFile(`pieces-${name}`, `127.0.0.1:${port}`, headers, body);
};

/** Small echoes until `done`: the quantiles of the runs, the worst of each. */
async function beside(load, small, done) {
    const runs = [];
    let ended = false;
    const ending = done.then((run) => { ended = true; return run; });
    while (!ended) runs.push(await load({ file: small, ms: 200 }));
    const worst = (what) => Math.max(...runs.map((run) => run[what]));
    return { large: await ending, echoes: runs.reduce((sum, { requests }) => sum + requests, 0),
        p50: runs.map((run) => run.p50_ms).sort((a, b) => a - b)[runs.length >> 1],
        p99: worst('p99_ms'), max: worst('max_ms') };
}

async function measureSize(load, port, small, bytes) {
    const large = echo('large', port, Buffer.alloc(bytes, 7));
    const alone = [], together = [];
    for (let round = 0; round < rounds; round++) {
        alone.push(await load({ file: small, ms: 1000 }));
        together.push(await beside(load, small, load({ file: large, ms: 1, requests: 1 })));
        process.stderr.write('.');
    }
    fs.rmSync(large);
    if (together.some((one) => one.large.errors)) throw new Error(`an echo of ${bytes} bytes failed`);
    const of = (list, what) => spread(list.map((one) => one[what]));
    const seconds = together.map((one) => one.large.seconds);
    return { bytes, seconds: spread(seconds), rate: spread(seconds.map((s) => bytes / 1e6 / s)),
        echoes: of(together, 'echoes'),
        alone_ms: { p50: of(alone, 'p50_ms'), p99: of(alone, 'p99_ms'), max: of(alone, 'max_ms') },
        together_ms: { p50: of(together, 'p50'), p99: of(together, 'p99'), max: of(together, 'max') } };
}

async function measure() {
    const { client } = programs.compile();
    const daemon = new Daemon({ logToFile: true, config: {
        api: { max_body: '512M' }, bridge: { heartbeat_interval: '250ms', heartbeat_misses: 40 },
        pool: { max_connections: 1, memory_budget: '4G', recycle_after: 0 } } });
    await daemon.start();
    try {
        const port = Number(new URL(daemon.url).port);
        const load = (more) => programs.load(client, { port, clients: 1, ...more });
        const small = echo('small', port, Buffer.alloc(100, 1));
        await load({ file: small, ms: 1000 });
        const result = [];
        for (const bytes of SIZES) result.push(await measureSize(load, port, small, bytes));
        return result;
    } finally {
        await daemon.stop();
    }
}

const result = { when: new Date().toISOString(), rounds, limit_ms: LIMIT_MS, sizes: await measure() };
process.stderr.write('\n');
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/pieces.json'), JSON.stringify(result, null, 2));
process.stdout.write(table('Echoes of 100 B beside a large one on the same link, ms: median of the rounds (spread)',
    ['large, MB', 'MB/s', 'p50 alone', 'p50 beside', 'p99 alone', 'p99 beside', 'max alone', 'max beside', 'met'],
    result.sizes.map(({ bytes, rate, alone_ms: alone, together_ms: together }) => [String(bytes / 1e6), shown(rate),
        shown(alone.p50), shown(together.p50), shown(alone.p99), shown(together.p99),
        shown(alone.max), shown(together.max),
        together.p99.median - alone.p99.median <= LIMIT_MS ? 'yes' : 'NO'])));
process.exit(0);
