/**
 * On how many threads a language model runs. llama.cpp's threads wait for each other by spinning, many
 * times for each token: where a core has other work to do, two of them can take twenty times as long as
 * one. So a model begins on one; several are tried when nobody asks for anything, kept where they are
 * clearly faster, and given up when they may not be used any more, or have become much slower.
 */
import { throwIfCancelled } from './failure.js';

/** @typedef {import('./llama_slots.js').Slots} Slots */
/** What a token takes, in ms: one that is read, among others, and one that is written.
 * @typedef {{prompt: number, token: number}} Speed */

const THREADS_MOST = 8;
/** What is computed for nobody. */
const TEXT = '0 1 2 3 4 5 6 7 8 9';
const TOKENS = 8;
/** Rounds, in each of which one thread and several take turns: a load that comes and goes meets both. */
const ROUNDS = 2;
/** Several threads must be so many times as fast: they take the other cores from others. */
const WORTH = 1.2;
/** Tokens that take so many times what they took on one thread are no work of a longer context. */
const SPOILT = 5;
/** Runs in a row that must say so, of so many tokens at the least. */
const SPOILT_RUNS = 2;
const SPOILT_TOKENS = 8;

export class Threads {
    constructor() {
        this._said = 0; /* by whoever set the service up; 0: what is faster */
        this._share = 1; /* that this node may use */
        this._alone = 0; /* ms of a token on one thread, where several were tried */
        this._spoilt = 0; /* runs in a row */
    }

    /** @param {number} said 0: what is faster @param {number} share that this node may use */
    configure(said, share) {
        this._said = Math.min(said, THREADS_MOST);
        this._share = share;
    }

    /** What a model is loaded with. */
    get first() {
        return this._said || 1;
    }

    /** How many are worth a try; 1: none. */
    get tried() {
        return this._said ? 1 : Math.min(this._share, THREADS_MOST);
    }

    /** Whether a model that runs on so many must have one. @param {number} threads */
    areTooMany(threads) {
        return this._said === 0 && threads > 1 && (threads > this._share || this._spoilt >= SPOILT_RUNS);
    }

    /**
     * Finds out whether several threads are worth it, while nothing else is computed.
     * @param {Slots} one @param {Slots} several @param {AbortSignal} signal ends it
     */
    async areWorth(one, several, signal) {
        const taken = { one: 0, several: 0 };
        await measure(several, signal); // finds its caches cold
        for (let round = 0; round < ROUNDS; round++) {
            taken.several += (await measure(several, signal)).token;
            taken.one += (await measure(one, signal)).token;
        }
        this._alone = taken.one / ROUNDS;
        this._spoilt = 0;
        return taken.several > 0 && taken.several * WORTH < taken.one;
    }

    /** A run beside no other has written so many tokens, on several threads.
     * @param {number} count @param {number} ms */
    note(count, ms) {
        if (count >= SPOILT_TOKENS) this._spoilt = ms / count > SPOILT * this._alone ? this._spoilt + 1 : 0;
    }
}

/** Reads and writes a few tokens.
 * @param {Slots} slots @param {AbortSignal} signal @returns {Promise<Speed>} */
export async function measure(slots, signal) {
    /** @type {Speed} */
    const speed = { prompt: 0, token: 0 };
    await slots.run({
        action: 'completion', signal, onStep() {},
        body: {
            prompt: TEXT, n_predict: TOKENS, ignore_eos: true, stream: true, verbose: true,
            cache_prompt: false,
        },
        onResult({ timings }) {
            if (!timings) return;
            speed.prompt = timings.prompt_per_token_ms;
            speed.token = timings.predicted_per_token_ms;
        },
    });
    throwIfCancelled(signal);
    return speed;
}
