/**
 * The requests that llama.cpp works on at a time, and those that wait for it: never more than it has
 * slots, since it loses one that finds none and is then asked for its answer for ever. One loop for
 * all of them, which lets the event loop turn before each step.
 *
 * llama.cpp is asked in turns for each request's next result. It hands out one that waits, and computes a step
 * for all slots only where none does (page/llama_binary.mjs).
 */
import { yieldOnce } from '../shared/yield.js';
import { EngineFault } from './engine.js';
import { cancelled, Failure, throwIfCancelled } from './failure.js';
import { failureOfServer } from './llama_failure.js';

/** @import { PromptChunk } from './prompt_chunk.js' */
/** @import { LlamaModule } from './llama_module.js' */
/**
 * @typedef {object} Request
 * @property {'completion' | 'embedding' | 'rerank'} action
 * @property {Record<string, any>} body
 * @property {boolean} [alone] nothing else is computed meanwhile
 * @property {boolean} [steady] its prompt is read in the same steps each time
 * @property {AbortSignal} signal
 * @property {(data: any) => void} onResult
 * @property {(ms: number) => void} onStep told how long each of its steps took
 */
/** `tokens`: how many it has added to what was in its slot; `since`: what had been computed when it was asked last, in ms;
 * `reading`: ms since it was told how far it is in the prompt, NaN if others were computed in this time.
 * @typedef {Request & {id: number, empty: number, tokens: number, since: number, reading: number, resolve: () => void,
 *   reject: (error: unknown) => void}} Job */

/** How the glue names an action's message. */
const NAMES = Object.freeze({ completion: 'cmpl_req', embedding: 'embd_req', rerank: 'rrnk_req' });

export class Slots {
    /** @param {LlamaModule} module @param {number} count of slots
     * @param {number} patience steps without a result after which a request counts as lost
     * @param {() => void} [changed] told when other requests run, or one has ended
     * @param {(ms: number) => void} [lives] told after each step how long it took
     * @param {PromptChunk | null} [chunk] how much of a prompt is read in a step; null: what a batch has */
    constructor(module, count, patience, changed = () => {}, lives = () => {}, chunk = null) {
        this._module = module;
        this.count = count;
        this._patience = patience;
        /** @type {Job[]} */
        this._waiting = [];
        /** In the order of their turns. @type {Job[]} */
        this._active = [];
        this._loops = false;
        this._changed = changed;
        this._lives = lives;
        this._chunk = chunk;
        this._computed = 0; /* ms in all */
        /** How many tokens each slot was left with, as far as that was said. @type {Map<number, number>} */
        this._left = new Map();
    }

    get isIdle() {
        return this._active.length + this._waiting.length === 0;
    }

    /** How many requests run, and how many tokens the slots hold, about. */
    sizes() {
        const running = this._active.reduce((sum, { tokens }) => sum + tokens, 0);
        const cached = [...this._left.values()].reduce((sum, tokens) => sum + tokens, running);
        return { count: this.count, busy: this._active.length, cached_tokens: cached };
    }

    /** Has it computed. @param {Request} request @returns {Promise<void>}
     * @throws {Failure | EngineFault | Error} */
    async run(request) {
        const { signal } = request;
        let drop = () => {};
        try {
            await /** @type {Promise<void>} */ (new Promise((resolve, reject) => {
                const job = { ...request, id: 0, empty: 0, tokens: 0, since: 0, reading: 0, resolve, reject };
                this._waiting.push(job);
                drop = () => this._drop(job);
                signal.addEventListener('abort', drop);
                if (signal.aborted) drop();
                else this._admit();
            }));
        } finally {
            signal.removeEventListener('abort', drop);
        }
    }

    /** One that has not begun. @param {Job} job */
    _drop(job) {
        const index = this._waiting.indexOf(job);
        if (index < 0) return;
        this._waiting.splice(index, 1);
        job.reject(cancelled());
        this._admit();
    }

    _admit() {
        while (this._waiting.length > 0 && this._takes(this._waiting[0])) {
            this._active.push(/** @type {Job} */ (this._waiting.shift()));
            this._changed();
        }
        if (!this._loops && this._active.length > 0) this._loop();
    }

    /** @param {Job} job */
    _takes(job) {
        if (this._active.length >= this.count || this._active.some(({ alone }) => alone)) return false;
        return !job.alone || this._active.length === 0;
    }

    async _loop() {
        this._loops = true;
        while (this._active.length > 0) {
            await yieldOnce();
            const job = this._active.find(({ signal }) => signal.aborted)
                ?? this._active.find(({ id }) => id === 0)
                ?? this._active[0];
            try {
                if (await this._step(job)) this._moveBack(job);
                else this._end(job, job.resolve);
            } catch (thrown) {
                this._end(job, () => job.reject(thrown));
                if (thrown instanceof EngineFault) this._failAll(thrown);
            }
            this._admit();
        }
        this._loops = false;
    }

    /** @param {Job} job */
    _moveBack(job) {
        this._active.push(...this._active.splice(this._active.indexOf(job), 1));
    }

    /** @param {Job} job @param {() => void} settle */
    _end(job, settle) {
        this._active.splice(this._active.indexOf(job), 1);
        this._changed();
        settle();
    }

    /** @param {EngineFault} fault */
    _failAll(fault) {
        for (const { reject } of [...this._active.splice(0), ...this._waiting.splice(0)]) reject(fault);
    }

    /** @param {Job} job @returns {Promise<boolean>} whether there is more to come */
    async _step(job) {
        if (job.id === 0) {
            throwIfCancelled(job.signal);
            job.id = await this._begin(job);
            job.since = this._computed;
            return true;
        }
        try {
            throwIfCancelled(job.signal);
            return await this._poll(job);
        } catch (thrown) {
            if (!(thrown instanceof EngineFault)) {
                await this._module.action('cancel', { _name: 'cncl_req', req_id: job.id });
            }
            throw thrown;
        }
    }

    /** @param {Job} job @returns {Promise<number>} */
    async _begin({ action, body }) {
        const message = { _name: NAMES[action], data_json: JSON.stringify(body), files: [], is_chat: false };
        return (await this._module.action(action, message)).req_id;
    }

    /** Reports the computation since the job's last call. A step computes for all jobs: the first call returns at its end,
     * and the calls for the other jobs return at once. @param {Job} job @param {number} took ms that it was asked for now */
    _noteStep(job, took) {
        this._computed += took;
        const step = this._computed - job.since;
        job.since = this._computed;
        job.onStep(step);
        this._lives(step);
    }

    /** @param {Job} job */
    async _poll(job) {
        const isOnly = this._active.length === 1, tells = job.body.return_progress === true;
        if (this._chunk) this._module.readBy(job.steady ? this._chunk.usual : this._chunk.tokens(isOnly && tells));
        const began = performance.now();
        const { data_json: text, is_error: isError, has_more: hasMore } =
            await this._module.action('get_result', { _name: 'gres_req', req_id: job.id });
        const took = performance.now() - began;
        this._noteStep(job, took);
        job.reading += isOnly ? took : NaN;
        job.empty = text ? 0 : job.empty + 1;
        if (hasMore && job.empty > this._patience * this.count) {
            throw new EngineFault(new Failure('engine_crashed', 'llama.cpp has lost a request'));
        }
        if (!text) return hasMore;
        const data = JSON.parse(text);
        if (data === null) return hasMore;
        if (isError) throw failureOfServer(data);
        this._count(job, data);
        job.onResult(data);
        return hasMore;
    }

    /** @param {Job} job @param {any} data of llama.cpp's, which names a slot at the end only */
    _count(job, { prompt_progress: progress, __verbose: said }) {
        if (progress) this._noteReading(job, progress.processed - progress.cache);
        else if (said?.stop) this._left.set(said.id_slot, said.tokens_cached);
        else if (said) job.tokens++;
    }

    /** Each step reports once that it has read; before the first one, the request does. @param {Job} job @param {number} tokens read in all */
    _noteReading(job, tokens) {
        if (tokens > job.tokens) {
            this._chunk?.note(tokens - job.tokens, job.reading);
            job.reading = 0;
        }
        job.tokens = tokens;
    }
}
