/** Many clients of one small model with batching off and on. */
import { Daemon } from '../../lib/daemon.mjs';
import { table } from '../figures.mjs';
import * as mix from './mix.mjs';
import * as cases from '../../lib/cases.mjs';

/** Its first dimension is free. */
const MODEL = 'text_magika_v3_3_a';
const CLIENTS = 32;

async function measureOne(batching, count) {
    const daemon = await new Daemon({ models: [MODEL], logToFile: true, config: {
        pool: { max_connections: 1, batching, numerics: 'off', exploration: '0%' } } }).start();
    try {
        const how = { clients: CLIENTS, headOf: () => ({ platform: 'wasm' }) };
        const mixed = [cases.load(MODEL)];
        await mix.run(daemon, mixed, { ...how, count: CLIENTS });
        const result = await mix.run(daemon, mixed, { ...how, count });
        const batches = await daemon.metric('webinfer_batches_total');
        await daemon.stop();
        return { batching, count, batches, ...result };
    } finally {
        await daemon.abandon();
    }
}

export async function measure({ quick }) {
    const rows = [];
    for (const batching of ['off', 'fixed', 'auto'])
        rows.push(await measureOne(batching, quick ? 400 : 4000));
    return rows;
}

export function print(rows) {
    return table(`Batching: ${MODEL} on wasm, ${CLIENTS} clients`,
        ['batching', 'requests/s', 'of off', 'p50 ms', 'p99 ms', 'batches', 'wrong', 'failed'],
        rows.map((row) => [row.batching, (row.count / row.total_ms) * 1000,
            rows[0].total_ms / row.total_ms, row.p50_ms, row.p99_ms, row.batches ?? 0, row.wrong,
            row.failed]));
}
