/** Throughput of 1 to 4 browsers of one machine, with the WASM threads divided among them. */
import os from 'node:os';
import { withDaemon } from '../../lib/daemon.mjs';
import { table } from '../figures.mjs';
import * as mix from './mix.mjs';

export async function measure({ quick }) {
    const cases = mix.load(), rows = [];
    for (const sessions of [1, 2, 3, 4]) {
        const config = { pool: { min_connections: sessions, max_connections: sessions,
            numerics: 'off', exploration: '0%' } };
        rows.push(await withDaemon({ models: mix.names, logToFile: true, config },
            async (daemon) => {
                await daemon.serving(sessions);
                const how = { clients: 2 * sessions, headOf: () => ({ platform: 'wasm' }) };
                await mix.run(daemon, cases, { ...how, count: 12 * sessions }); // loads the models
                const count = quick ? 120 : 600;
                const { total_ms: total, ...rest } =
                    await mix.run(daemon, cases, { ...how, count });
                return { sessions, per_second: (count / total) * 1000, ...rest };
            }));
        process.stderr.write('.');
    }
    return rows;
}

export function print(rows) {
    return table(`Throughput of the mixed load on wasm, ${os.cpus().length} cores`,
        ['browsers', 'requests/s', 'of one browser', 'p50 ms', 'p99 ms', 'wrong', 'failed'],
        rows.map((row) => [row.sessions, row.per_second, row.per_second / rows[0].per_second,
            row.p50_ms, row.p99_ms, row.wrong, row.failed]));
}
