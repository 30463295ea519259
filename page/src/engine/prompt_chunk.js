/**
 * How many tokens of a prompt an engine reads in a step: the number with the shortest time per token, as clients' prompts
 * show, whose step is no longer than a cancel may wait. Powers of two, since devices prepare for each size.
 */

/** No cancel is heard during a step, which is not to take longer than this … */
export const READING_MS = 300;
/** … or than so many tokens take. */
export const READING_LEAST = 8;
/** The number of times after which a size is compared with others, and of the latest times whose median counts. */
const TIMES_LEAST = 3;
const TIMES_MOST = 5;
/** A smaller size is preferred if a token takes at most so much longer: cancels and other requests wait for a step. */
const NEARLY = 1.05;
/** So often a step has a neighbour of the best size, to see whether that is still slower. */
const RETRY = 32;

/** The largest power of two that is not larger. @param {number} tokens */
export const powerOfTwo = (tokens) => 2 ** Math.floor(Math.log2(tokens));

export class PromptChunk {
    /** @param {number} usual tokens: what is read before anything was measured @param {number} most tokens
     * @param {boolean} [prepares] whether the first step of each size says nothing, because the size is prepared for */
    constructor(usual, most, prepares = true) {
        this.usual = usual;
        this._most = most;
        this._prepares = prepares;
        /** ms per token of each size, the latest last. @type {Map<number, number[]>} */
        this._times = new Map();
        this._steps = 0; /* that were measured */
    }

    /** The number of tokens to read next. @param {boolean} [tries] whether the step can be measured */
    tokens(tries = true) {
        const best = this._best();
        if (!tries || this._count(best) === 0) return best;
        const near = [2 * best, powerOfTwo(best - 1)].map((size) => Math.min(size, this._most))
            .filter((size) => size !== best && this._fits(size, this._median(best)));
        const unknown = [this._largest(), ...near].find((size) => this._count(size) < TIMES_LEAST);
        return unknown ?? (this._steps % RETRY > 0 ? best : near[this._steps / RETRY % near.length] ?? best);
    }

    /** A step read so many tokens of one prompt, and computed nothing else. @param {number} tokens @param {number} ms that it took */
    note(tokens, ms) {
        if (!(ms > 0) || tokens < READING_LEAST || tokens > this._most) return;
        if (tokens !== powerOfTwo(tokens) && tokens !== this._most) return;
        this._steps++;
        const times = this._times.get(tokens);
        if (!times) this._times.set(tokens, this._prepares ? [] : [ms / tokens]);
        else if (times.push(ms / tokens) > TIMES_MOST) times.shift();
    }

    /** Of the sizes that were measured and fit, the fastest. */
    _best() {
        const measured = this._measured();
        if (measured.length === 0) return this.usual;
        const fitting = measured.filter((size) => this._fits(size, this._median(size)));
        if (fitting.length === 0) return this._largest();
        const known = fitting.filter((size) => this._count(size) >= TIMES_LEAST);
        const fastest = Math.min(...known.map((size) => this._median(size)));
        return known.find((size) => this._median(size) <= NEARLY * fastest) ?? fitting[0];
    }

    /** The largest size that fits, if a token takes as long as in the next larger size that was measured, or else in the largest. */
    _largest() {
        let size = this._most, tokenMs = this._median(/** @type {number} */ (this._measured().at(-1)));
        for (; size > READING_LEAST; size = powerOfTwo(size - 1)) {
            if (this._count(size) > 0) tokenMs = this._median(size);
            if (this._fits(size, tokenMs)) break;
        }
        return size;
    }

    /** The sizes with a time, the smallest first. */
    _measured() {
        return [...this._times.keys()].filter((size) => this._count(size) > 0).sort((a, b) => a - b);
    }

    /** Whether a step of a size is short enough. @param {number} size @param {number} tokenMs */
    _fits(size, tokenMs) {
        return size === READING_LEAST || (size > READING_LEAST && size <= this._most && size * tokenMs <= READING_MS);
    }

    /** @param {number} size */
    _count(size) {
        return this._times.get(size)?.length ?? 0;
    }

    /** @param {number} size one that was measured */
    _median(size) {
        const sorted = [.../** @type {number[]} */ (this._times.get(size))].sort((a, b) => a - b);
        return sorted[Math.floor(sorted.length / 2)];
    }
}
