/** Many clients of one small model whose rows are a batch, with batching off and on. */
import { withDaemon } from '../../lib/daemon.mjs';
import { median, table } from '../figures.mjs';

const MODEL = 'rows';
const CLIENTS = 64;

/** One client after the other asks for one row; gives the times and how many ran together. */
async function load(daemon, count) {
    const times = [], sizes = [];
    let next = 0, failed = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
        while (next < count) {
            const data = [next++ / 7, 1, -0.5, 0.5];
            const began = performance.now();
            const answer = await daemon.infer({ model_name: MODEL, platform: 'wasm',
                inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data }] });
            times.push(performance.now() - began);
            failed += answer.status !== 200;
            sizes.push(answer.json.performance?.batch ?? 1);
        }
    }));
    return { times, failed, together: sizes.reduce((sum, size) => sum + size, 0) / sizes.length };
}

function measureOne(batching, count) {
    const config = { pool: { max_connections: 1, batching, numerics: 'off' },
        'browser.chrome': { gpu: 'off' } };
    return withDaemon({ models: [MODEL], logToFile: true, config }, async (daemon) => {
        await load(daemon, 4 * CLIENTS);
        const began = performance.now();
        const { times, ...rest } = await load(daemon, count);
        return { batching, per_second: (count / (performance.now() - began)) * 1000,
            p50_ms: median(times), ...rest };
    });
}

export async function measure({ quick }) {
    const rows = [];
    for (const batching of ['off', 'fixed', 'auto'])
        rows.push(await measureOne(batching, quick ? 2000 : 10_000));
    return rows;
}

export function print(rows) {
    return table(`Batching: a small classifier on wasm, ${CLIENTS} clients of one row each`,
        ['batching', 'requests/s', 'of off', 'p50 ms', 'run together', 'failed'],
        rows.map((row) => [row.batching, row.per_second, row.per_second / rows[0].per_second,
            row.p50_ms, row.together, row.failed]));
}
