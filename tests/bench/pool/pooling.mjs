/** The same mixed requests with pooled browsers, and with a fresh browser for each request. */
import { withDaemon } from '../../lib/daemon.mjs';
import { until } from '../../lib/wait.mjs';
import { table } from '../figures.mjs';
import * as mix from './mix.mjs';

/** A fresh browser, as a script has it that starts one for each piece of work. */
async function freshBrowser(daemon) {
    const [{ id }] = (await daemon.status()).sessions;
    await daemon.post(`/v1/sessions/${id}/recycle`, '');
    await until(async () => {
        const { sessions } = await daemon.status();
        return sessions.length === 1 && sessions[0].id !== id && sessions[0].node;
    }, { what: 'the next browser', timeout: 300_000, every: 20 });
}

/** What is not answered by then is left out, and said. */
const LIMIT_MS = 15 * 60_000;

function measureOne(name, count, isFresh) {
    process.stderr.write(`${name} …\n`);
    const config = { pool: { max_connections: 1, connection_timeout: '120s', numerics: 'off',
        exploration: '0%' } };
    return withDaemon({ models: mix.names, logToFile: true, config }, async (daemon) => {
        const result = await mix.run(daemon, mix.load(), { count, clients: 1, limitMs: LIMIT_MS,
            headOf: () => ({ platform: 'wasm' }),
            before: isFresh ? () => freshBrowser(daemon) : undefined });
        const { sessions, bridge } = (await daemon.status()).counters;
        const files = await daemon.metric('webinfer_bridge_file_bytes_total');
        return { name, sessions: sessions.started,
            bytes: bridge.bytes_in + bridge.bytes_out + files, ...result };
    });
}

export async function measure({ quick }) {
    const count = quick ? 24 : 200;
    return [
        await measureOne('pooled', count, false),
        await measureOne('a browser for each', count, true),
    ];
}

export function print(rows) {
    // For each answer, where not all came in time.
    const fewer = (key) => `${(100 * (1 - rows[0][key] / rows[0].answered /
        (rows[1][key] / rows[1].answered))).toFixed(1)} % less`;
    return table(`Pooling, ${rows[0].count} mixed requests`, ['', 'answered', 'browsers started',
        'total s', 'MB moved', 'p50 ms', 'p99 ms', 'wrong', 'failed'],
    [...rows.map((row) => [row.name, `${row.answered} of ${row.count}`, row.sessions,
        row.total_ms / 1000, row.bytes / 1e6, row.p50_ms, row.p99_ms, row.wrong, row.failed]),
    ['pooling', '', fewer('sessions'), fewer('total_ms'), fewer('bytes'), '', '', '', '']]);
}
