/** The requests sent to the places, side by side: the progress of each, its answer so far, and its time. */
import { run, withFiles } from './request.js';

/** @typedef {'waiting' | 'running' | 'done' | 'failed' | 'stopped'} State */
/** @typedef {{place: import('./places.js').Place, body: Record<string, any>, files?: Record<string, File | Blob>, state: State, progress: any,
 * text: string, tokens: number, askedAt: number, firstAt: number, lastAt: number, answer: any, error: unknown}} Run `text` of the first
 * answer so far; times by performance.now(), 0 for what was not yet; `answer` once it is done, `error` once it has failed */

export class Runs {
    /** @type {Run[]} */
    list = [];
    #leaving = new AbortController();

    /** @param {() => void} changed */
    constructor(changed) {
        this.changed = changed;
    }

    get isRunning() {
        return this.list.some(({ state }) => state === 'waiting' || state === 'running');
    }

    /** All at once. @param {{place: import('./places.js').Place, body: Record<string, any>, files?: Record<string, File | Blob>}[]} asked
     * @returns {Promise<void>} when all have ended, however they did */
    async start(asked) {
        this.stop();
        this.#leaving = new AbortController();
        const now = performance.now();
        this.list = asked.map((one) => ({ ...one, state: 'waiting', progress: null, text: '', tokens: 0, askedAt: now, firstAt: 0, lastAt: 0, answer: null, error: null }));
        this.changed();
        await Promise.all(this.list.map((one) => this.#go(one, this.#leaving.signal)));
    }

    /** Leaves them; the service cancels runs without a client. */
    stop() {
        for (const one of this.list) if (one.state === 'waiting' || one.state === 'running') one.state = 'stopped';
        this.#leaving.abort();
        this.changed();
    }

    /** @param {Run} one @param {AbortSignal} signal */
    async #go(one, signal) {
        const here = () => one.state === 'waiting' || one.state === 'running';
        try {
            const answer = await run(await withFiles(one.body, one.files), {
                signal,
                onProgress: (progress) => { one.progress = progress; this.changed(); },
                onPart: (part) => { if (here()) this.#part(one, part); },
            });
            if (here()) Object.assign(one, { answer, state: 'done' });
        } catch (error) {
            if (here()) Object.assign(one, { error, state: 'failed' });
        }
        this.changed();
    }

    /** @param {Run} one @param {any} part */
    #part(one, { index = 0, text = '', tokens = [] }) {
        one.state = 'running';
        one.lastAt = performance.now();
        one.firstAt ||= one.lastAt;
        if (index === 0) one.text += text;
        one.tokens += tokens.length;
        this.changed();
    }
}

/** Tokens in a second, from the first one on. @param {Run} one */
export function tokensPerSecond({ answer, tokens, firstAt, lastAt }) {
    const told = answer?.result?.timings?.predicted_per_second;
    if (typeof told === 'number') return told;
    return tokens > 1 && lastAt > firstAt ? ((tokens - 1) * 1000) / (lastAt - firstAt) : null;
}

/** Milliseconds to the first part: as the service measured it, else as it was seen here. @param {Run} one */
export const firstPart = ({ answer, askedAt, firstAt }) => answer?.performance?.first_part_ms ?? (firstAt ? firstAt - askedAt : null);
