/**
 * A table that is filled against the clock, the most wanted row first. It is written down after each row. A row that fails,
 * that hangs, or that is not reached says why, keeps what it has measured by then, and costs the others nothing but its time.
 */

/** Of the minutes that there are; the rest is for carrying away what was measured. */
const SHARE = 0.8;

/** @typedef {{name: string, most: number, measure: (figures: Record<string, any>) => Promise<void>}} Row
 * `most`: seconds; `measure` fills in the figures as they come */
/** @typedef {{name: string, state: 'measured' | 'failed' | 'not run', why?: string, seconds?: number,
 *   figures?: Record<string, any>}} Told */

/** Fails after so many ms. @param {number} ms @returns {{failed: Promise<never>, clear: () => void}} */
function timeLimit(ms) {
    let timer;
    const failed = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`it had not ended after ${Math.round(ms / 1000)} s`)), ms);
    });
    return { failed, clear: () => clearTimeout(timer) };
}

/** @param {Row} row @param {number} ms @returns {Promise<Told>} */
async function fillRow({ name, measure }, ms) {
    const began = performance.now(), figures = {}, limit = timeLimit(ms);
    /** What it has so far: a row that goes on behind its time fills in nothing more. */
    const told = (more) => ({ name, ...more, seconds: (performance.now() - began) / 1000, figures: structuredClone(figures) });
    try {
        await Promise.race([measure(figures), limit.failed]);
        return told({ state: 'measured' });
    } catch (error) {
        return told({ state: 'failed', why: error.message.split('\n--- ')[0].trim() });
    } finally {
        limit.clear();
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
        told[index] = await fillRow(row, Math.min(left, row.most * 1000));
        write(told);
        if (told[index].state === 'failed') await recover();
    }
    return told;
}
