/** Waiting by condition: the tests never sleep for a guessed time. */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `condition` again and again until it gives something truthy, and returns that. A condition
 * that throws counts as "not yet"; its last error is shown when time is up.
 *
 * @template T
 * @param {() => T | Promise<T>} condition
 * @param {{what: string, timeout?: number, every?: number}} options
 */
export async function until(condition, { what, timeout = 30_000, every = 20 }) {
    const end = performance.now() + timeout;
    let last;
    for (;;) {
        try {
            const value = await condition();
            if (value) return value;
            last = undefined;
        } catch (error) {
            last = error;
        }
        if (performance.now() > end)
            throw new Error(`after ${timeout} ms still not: ${what}` +
                (last ? ` (last error: ${last.message})` : ''));
        await delay(every);
    }
}

/** Rejects if `promise` has not settled within `timeout` ms: for promised deadlines. */
export async function within(promise, timeout, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not within ${timeout} ms: ${what}`)), timeout);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

export { delay };
