/** The mixed load: small, middling and large models of several types, with answers that are checked. */
import * as cases from '../../lib/cases.mjs';
import { median, quantile } from '../figures.mjs';

const NAMES = ['op_add', 'vision_mnist_ms_digit7', 'text_embed_generated_h64_l2',
    'audio_dtln_model1', 'text_magika_v3_3_a', 'cnn_squeezenet_randw'];

export const names = NAMES.filter((name) => cases.names().includes(name));
export const load = () => names.map(cases.load);

/**
 * Sends `count` requests, the cases in turn, from `clients` clients.
 * @param {import('../../lib/daemon.mjs').Daemon} daemon
 * @param {ReturnType<typeof cases.load>[]} mix
 * @param {{count: number, clients: number, headOf?: (testCase: any) => object,
 *   before?: () => Promise<void>}} how `before`: what happens before each request
 */
export async function run(daemon, mix, { count, clients, headOf = () => ({}), before }) {
    const times = [], where = {};
    let next = 0, wrong = 0, failed = 0;
    const began = performance.now();
    await Promise.all(Array.from({ length: clients }, async () => {
        while (next < count) {
            const testCase = mix[next++ % mix.length];
            const start = performance.now();
            await before?.();
            try {
                const { answer, problem } = await daemon.tryCase(testCase, headOf(testCase));
                wrong += problem !== null;
                const { browser, platform } = answer.executed_on;
                const key = `${browser}/${platform}`;
                where[key] = (where[key] ?? 0) + 1;
            } catch {
                failed++;
            }
            times.push(performance.now() - start);
        }
    }));
    return { total_ms: performance.now() - began, p50_ms: median(times),
        p99_ms: quantile(times, 0.99), wrong, failed, where };
}

export const shownWhere = (where) => Object.entries(where).sort((a, b) => b[1] - a[1])
    .map(([key, count]) => `${key} ${count}`).join(', ');
