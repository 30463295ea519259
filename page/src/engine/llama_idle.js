/**
 * What a language model computes for nobody: a few tokens after it was loaded, and trials of several
 * threads: then, and again each time when nobody has asked for anything for a while. A request ends
 * it. What it finds out about threads is judged by llama_threads.js.
 */
import { measure, Threads } from './llama_threads.js';

/** @typedef {import('./llama_bring.js').Loaded} Loaded */
/** Brings the model up on so many threads.
 * @typedef {(threads: number, signal: AbortSignal) => Promise<Loaded>} Bring */
/** The engine, as far as it is needed here.
 * @typedef {object} Host
 * @property {() => Loaded | null} loaded
 * @property {(next: Loaded) => void} replace takes the model's place; what runs on the one before ends there
 * @property {(key: string, speed: import('../shared/messages.js').Speed) => void} onSpeed */

/** Several threads are tried again when nobody has asked for so long; each vain try doubles that. */
const PAUSE_MS = 10_000;
const PAUSE_MAX_MS = 128 * PAUSE_MS;

export class Idle {
    /** @param {Host} host */
    constructor(host) {
        this._host = host;
        this._threads = new Threads();
        /** Of the model that is loaded. @type {Bring | null} */
        this._bring = null;
        this._mayTry = false;
        /** Ends what is computed. @type {AbortController | null} */
        this._work = null;
        this._pause = PAUSE_MS;
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        this._timer = undefined;
    }

    /** @param {number} said threads, 0: what is faster @param {number} share that this node may use */
    configure(said, share) {
        this._threads.configure(said, share);
        this.rest();
    }

    /** On how many threads a model is loaded at first. */
    get first() {
        return this._threads.first;
    }

    /** A model was loaded. @param {Bring} bring has it once more
     * @param {{warms: boolean, mayTry: boolean}} terms whether it is warmed up, and then may be tried on
     *   several threads */
    begin(bring, { warms, mayTry }) {
        this._bring = bring;
        this._mayTry = warms && mayTry;
        this._pause = PAUSE_MS;
        if (warms) this._compute((signal) => this._warmUp(signal));
    }

    /** A request has come. */
    interrupt() {
        clearTimeout(this._timer);
        this._work?.abort();
    }

    /** A run beside no other, on so many threads, has written so many tokens.
     * @param {number} threads @param {number} count @param {number} ms */
    note(threads, count, ms) {
        if (threads > 1) this._threads.note(count, ms);
    }

    /** A request has ended, or the node may use other cores. */
    rest() {
        const loaded = this._host.loaded();
        if (!loaded || this._work) return;
        if (this._threads.areTooMany(loaded.module.threads)) this._compute((signal) => this._giveUp(signal));
        else this._wait();
    }

    /** The model is gone. */
    end() {
        this.interrupt();
        this._bring = null;
        this._mayTry = false;
    }

    // --- inside ------------------------------------------------------------------------------------

    /** @param {(signal: AbortSignal) => Promise<void>} work */
    async _compute(work) {
        const own = this._work = new AbortController();
        let hasFailed = false;
        // Whoever comes next finds what is broken.
        await work(own.signal).catch(() => { hasFailed = !own.signal.aborted; });
        if (this._work !== own) return;
        this._work = null;
        if (hasFailed) this._wait();
        else this.rest();
    }

    /** Several threads are tried, where they may be, if nobody asks for anything until then. */
    _wait() {
        clearTimeout(this._timer);
        const loaded = this._host.loaded();
        if (!loaded || !this._mayTry || this._threads.tried === 1 || loaded.runs > 0 || loaded.module.threads > 1) return;
        this._timer = setTimeout(() => this._compute((signal) => this._try(signal)), this._pause);
    }

    /** Browsers compile well what has run some times. @param {AbortSignal} signal */
    async _warmUp(signal) {
        const loaded = /** @type {Loaded} */ (this._host.loaded());
        await measure(loaded.slots, signal);
        await this._tellSpeed(loaded, signal);
        if (this._mayTry && this._threads.tried > 1) await this._try(signal);
    }

    /** @param {Loaded} loaded @param {AbortSignal} signal */
    async _tellSpeed({ key, slots }, signal) {
        const { prompt, token } = await measure(slots, signal);
        if (prompt > 0 && token > 0) this._host.onSpeed(key, { prompt_ms: prompt, token_ms: token });
    }

    /** @param {AbortSignal} signal */
    async _try(signal) {
        const isBetter = await this._areWorth(signal).finally(() => {
            // What a request has ended says nothing.
            if (!signal.aborted) this._pause = Math.min(2 * this._pause, PAUSE_MAX_MS);
        });
        if (!isBetter) return;
        this._pause = PAUSE_MS;
        await this._tellSpeed(/** @type {Loaded} */ (this._host.loaded()), signal);
    }

    /** Whether the model goes on on several threads. @param {AbortSignal} signal */
    async _areWorth(signal) {
        const one = /** @type {Loaded} */ (this._host.loaded());
        const several = await /** @type {Bring} */ (this._bring)(this._threads.tried, signal);
        const isBetter = await this._threads.areWorth(one.slots, several.slots, signal).catch(() => false);
        return this._takes(one, several, isBetter && !signal.aborted);
    }

    /** Others need the cores: the model goes on on one thread. @param {AbortSignal} signal */
    async _giveUp(signal) {
        const several = /** @type {Loaded} */ (this._host.loaded());
        this._takes(several, await /** @type {Bring} */ (this._bring)(1, signal), true);
    }

    /** @param {Loaded} before @param {Loaded} next @param {boolean} isWanted
     * @returns {boolean} whether it has taken its place */
    _takes(before, next, isWanted) {
        const takes = isWanted && this._host.loaded() === before;
        if (takes) this._host.replace(next);
        else next.module.end();
        return takes;
    }
}
