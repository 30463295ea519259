/** Twelve clients of one row each at once, with batching off and on: how many requests a second, and whether the answers are the same. */
import { answersOf, compareAnswers, load } from '../batches/clients.mjs';
import { BATCHED } from './store.mjs';

const CLIENTS = 12;
const MS = 1500;
/** The first batch is compared with its requests alone, and the next ones are measured. */
const WARM_ROUNDS = 3;

/** @param {import('./ground.mjs').Ground} ground @returns {import('./rows.mjs').Row[]} */
export const batchRows = (ground) => BATCHED.map((model) => ({ name: `batches of ${model}, ${CLIENTS} clients`, most: 40, measure: async (figures) => {
    const daemon = await ground.timed();
    const asked = { model, clients: CLIENTS, head: { model_name: model, browser: ground.browser, platform: 'webgpu', fallback: false, timeout_ms: 30_000 } };
    const loadWith = async (batching) => {
        await daemon.reload({ pool: { batching } });
        for (let round = 0; round < WARM_ROUNDS; round++) await load(daemon, asked, MS / 2);
        return load(daemon, asked, MS);
    };
    try {
        figures.off_per_second = (await loadWith('off')).perSecond;
        const alone = await answersOf(daemon, asked);
        const { perSecond, largest } = await loadWith('auto');
        Object.assign(figures, { auto_per_second: perSecond, gain: perSecond / figures.off_per_second, largest_batch: largest });
        const { joined, difference } = await compareAnswers(alone, () => answersOf(daemon, asked), model);
        Object.assign(figures, { answers: difference ?? 'as alone', from_batches: joined });
        if (difference) throw new Error(`an answer from a batch is another one: ${difference}`);
    } finally {
        await daemon.reload({ pool: { batching: 'off' } });
    }
} }));
