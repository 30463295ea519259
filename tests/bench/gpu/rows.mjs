/**
 * A table that is filled against the clock, the most wanted row first. It is written down after each row. A row that fails,
 * that hangs, or that is not reached says why, keeps what it has measured by then, and costs the others nothing but its time.
 */

/** Of the minutes that there are; the rest is for carrying away what was measured. */
const SHARE = 0.8;

/** @typedef {{name: string, most: number, measure: (figures: Record<string, any>, over: AbortSignal) => Promise<void>}} Row
 * `most`: seconds; `measure` fills in the figures as they come, and ends what it has started once it is `over` */
/** @typedef {{name: string, state: 'measured' | 'failed' | 'not run', why?: string, seconds?: number,
 *   figures?: Record<string, any>}} Told */

/** @param {Row} row @param {number} left ms of all rows' time @returns {Promise<Told>} */
async function fillRow({ name, most, measure }, left) {
    const began = performance.now(), figures = {}, over = new AbortController(), ms = Math.min(left, most * 1000);
    const seconds = Math.round(ms / 1000), late = new Error(ms < left ? `it had not ended after ${seconds} s` : `the time was up after ${seconds} s of it`);
    const timer = setTimeout(() => over.abort(late), ms);
    /** What it has so far: a row that goes on behind its time fills in nothing more. */
    const told = (more) => ({ name, ...more, seconds: (performance.now() - began) / 1000, figures: structuredClone(figures) });
    try {
        const failed = new Promise((_, reject) => over.signal.addEventListener('abort', () => reject(late)));
        await Promise.race([measure(figures, over.signal), failed]);
        return told({ state: 'measured' });
    } catch (error) {
        return told({ state: 'failed', why: error.message.split('\n--- ')[0].trim() });
    } finally {
        clearTimeout(timer);
    }
}

/**
 * @param {Row[]} rows in their order
 * @param {{minutes: number, write: (told: Told[]) => void, recover: () => Promise<void>}} how `write` gets all rows after
 *   each; `recover` is awaited after a row that failed, and ends whatever it still does
 * @returns {Promise<Told[]>}
 */
export async function fillRows(rows, { minutes, write, recover }) {
    const end = performance.now() + SHARE * minutes * 60_000;
    /** @type {Told[]} */
    const told = rows.map(({ name }) => ({ name, state: 'not run', why: 'the time was up' }));
    write(told);
    for (const [index, row] of rows.entries()) {
        const left = end - performance.now();
        if (left < 1) break;
        told[index] = await fillRow(row, left);
        write(told);
        if (told[index].state === 'failed') await recover();
    }
    return told;
}
