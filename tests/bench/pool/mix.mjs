/** The mixed load: small, middling and large models of several types, with answers that are checked. */
import * as cases from '../../lib/cases.mjs';
import { until } from '../../lib/wait.mjs';
import { median, quantile } from '../figures.mjs';

const NAMES = ['op_add', 'vision_mnist_ms_digit7', 'text_embed_generated_h64_l2',
    'audio_dtln_model1', 'text_magika_v3_3_a', 'cnn_squeezenet_randw'];

export const names = NAMES.filter((name) => cases.names().includes(name));
export const load = () => names.map(cases.load);

/**
 * Sends `count` requests, the cases in turn, from `clients` clients, and gives up what has no answer
 * after `limitMs`: then `answered` is less than `count`.
 * @param {import('../../lib/daemon.mjs').Daemon} daemon
 * @param {ReturnType<typeof cases.load>[]} mix
 * @param {{count: number, clients: number, limitMs?: number, headOf?: (testCase: any) => object,
 *   before?: () => Promise<void>}} how `before`: what happens before each request
 */
export async function run(daemon, mix, { count, clients, limitMs, headOf = () => ({}), before }) {
    const times = [], where = {};
    const signal = limitMs ? AbortSignal.timeout(limitMs) : undefined;
    let next = 0, wrong = 0, failed = 0, answered = 0;
    const began = performance.now();
    await Promise.all(Array.from({ length: clients }, async () => {
        while (next < count && !signal?.aborted) {
            const testCase = mix[next++ % mix.length];
            const start = performance.now();
            await before?.();
            try {
                const { answer, problem } =
                    await daemon.tryCase(testCase, headOf(testCase), { signal });
                wrong += problem !== null;
                const { browser, platform } = answer.executed_on;
                const key = `${browser}/${platform}`;
                where[key] = (where[key] ?? 0) + 1;
                answered++;
            } catch {
                if (signal?.aborted) break;
                failed++;
            }
            times.push(performance.now() - start);
        }
    }));
    const total = performance.now() - began;
    return { count, answered, total_ms: total, per_second: (1000 * answered) / total,
        p50_ms: times.length ? median(times) : null,
        p99_ms: times.length ? quantile(times, 0.99) : null, wrong, failed, where };
}

/** Until no browser works on anything: what was given up may run to its end. Says so if not. */
export function settled(daemon, timeout = 60_000) {
    return until(async () => (await daemon.get('/v1/nodes')).json.nodes.every((node) =>
        node.attempts === 0 && !node.busy_since_ms),
    { what: 'all browsers to be idle', timeout, every: 50 })
        .catch((error) => console.error(error.message));
}

export const shownWhere = (where) => Object.entries(where).sort((a, b) => b[1] - a[1])
    .map(([key, count]) => `${key} ${count}`).join(', ');
