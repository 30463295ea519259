/** The computation of a language model after its load, without a client: browsers optimize code after some runs, and it
 * measures how fast the model is here. */
import { throwIfCancelled } from './failure.js';

/** @import { Slots } from './llama_slots.js' */
/** @import { Speed } from '../shared/messages.js' */

const TEXT = '0 1 2 3 4 5 6 7 8 9';
const TOKENS = 8;

/** @param {Slots} slots @param {AbortSignal} signal ends it
 * @returns {Promise<Speed | null>} null where nothing was measured */
export async function warmUp(slots, signal) {
    await measure(slots, signal);
    const speed = await measure(slots, signal);
    return speed.prompt_ms > 0 && speed.token_ms > 0 ? speed : null;
}

/** Reads and writes a few tokens. @param {Slots} slots @param {AbortSignal} signal @returns {Promise<Speed>} */
async function measure(slots, signal) {
    /** @type {Speed} */
    const speed = { prompt_ms: 0, token_ms: 0 };
    await slots.run({
        action: 'completion', signal, onStep() {},
        body: {
            prompt: TEXT, n_predict: TOKENS, ignore_eos: true, stream: true, verbose: true,
            cache_prompt: false,
        },
        onResult({ timings }) {
            if (!timings) return;
            speed.prompt_ms = timings.prompt_per_token_ms;
            speed.token_ms = timings.predicted_per_token_ms;
        },
    });
    throwIfCancelled(signal);
    return speed;
}
