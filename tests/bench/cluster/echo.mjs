/**
 * What it costs requests that their daemon is a member of a cluster: two daemons, each with simulated nodes, answer echoes
 * of 100 B in turn, one without [cluster] servers, one that is a member beside another.
 */
import { NatsServer } from '../../lib/nats.mjs';
import { Simulation } from '../../lib/simulation.mjs';
import { until } from '../../lib/wait.mjs';
import { echoRequest } from '../contestants.mjs';
import { shown, spread, table } from '../figures.mjs';
import * as programs from '../programs.mjs';
import { memberOf } from './room.mjs';

const CLIENTS = [1, 32];

/** What one daemon answers. @param {string} name @param {import('./room.mjs').Member} daemon @param {string} client @param {number} ms */
async function contestantOf(name, daemon, client, ms) {
    await daemon.start({ ready: false });
    const simulation = await new Simulation(daemon, { nodes: 8 }).up();
    const { headers, body } = echoRequest({ name: 'x', datatype: 'UINT8', shape: [100], bytes: Buffer.alloc(100, 1) }, { platform: 'simulated' });
    const port = Number(new URL(daemon.url).port);
    const file = programs.requestFile(`cluster-${name}`, `127.0.0.1:${port}`, headers, body);
    return { name, measure: (/** @type {number} */ clients) => programs.load(client, { port, file, clients, ms }),
        stop: async () => { await simulation.stop(); await daemon.stop(); } };
}

/** @param {{client: string, rounds: number, ms: number}} options */
export async function measure({ client, rounds, ms }) {
    const server = await NatsServer.start(), other = memberOf([server], 'other'), on = memberOf([server], 'on'), off = memberOf([]);
    await other.start({ ready: false });
    const all = [await contestantOf('off', off, client, ms), await contestantOf('on', on, client, ms)];
    await until(async () => (await on.get('/v1/cluster')).json.members.length === 2, { what: 'two members' });
    const rows = [];
    try {
        for (const clients of CLIENTS) {
            /** @type {Record<string, any[]>} */
            const found = { off: [], on: [] };
            for (let round = -1; round < rounds; round++)
                for (const one of round % 2 ? all : [...all].reverse()) {
                    const figures = await one.measure(clients);
                    if (figures.errors) throw new Error(`${figures.errors} requests of ${one.name} failed`);
                    if (round >= 0) found[one.name].push(figures);
                }
            const of = (/** @type {string} */ name, /** @type {string} */ figure) => found[name].map((one) => one[figure]);
            const ratio = (/** @type {string} */ figure) => spread(of('on', figure).map((value, round) => value / of('off', figure)[round]));
            rows.push({ clients, off_p50_ms: spread(of('off', 'p50_ms')), on_p50_ms: spread(of('on', 'p50_ms')), p50_ratio: ratio('p50_ms'),
                off_per_second: spread(of('off', 'per_second')), on_per_second: spread(of('on', 'per_second')), per_second_ratio: ratio('per_second') });
        }
    } finally {
        for (const one of all) await one.stop();
        await other.stop();
        await server.stop();
    }
    return rows;
}

/** @param {Awaited<ReturnType<typeof measure>>} rows */
export const print = (rows) => table('Echoes of 100 B: without a cluster, and as a member (goals: p50 at most 1.05, per second at least 0.95)',
    ['clients', 'p50 ms off', 'on', 'ratio', 'per second off', 'on', 'ratio'],
    rows.map((row) => [row.clients, ...[row.off_p50_ms, row.on_p50_ms, row.p50_ratio, row.off_per_second, row.on_per_second, row.per_second_ratio].map(shown)]));
