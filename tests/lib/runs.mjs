/** Runs of the laboratory for tests, as whoever measures would write them; samples are drawn with a seed. */

/** Numbers between 0 and 1, the same for the same seed (mulberry32). @param {number} seed */
export function drawn(seed) {
    return () => {
        seed = (seed + 0x6d2b79f5) | 0;
        let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

/** @param {Record<string, any>} [more] */
export const cellOf = (more = {}) => ({ model: 'digits', browser: 'chrome', browser_version: '147', platform: 'wasm',
    precision: 'fp32', threads: 1, batch: 1, concurrency: 1, clock: 'page', outcome: 'ok', samples_ms: [10], ...more });

/** Times around `ms`, spread by 3 %. @param {() => number} next @param {number} ms @param {number} [count] */
export const timesOf = (next, ms, count = 20) =>
    Array.from({ length: count }, () => Math.round(ms * (0.97 + 0.06 * next()) * 1e6) / 1e6);

/** A run with its yardstick: WASM and WebGPU in two browsers, at some concurrencies, and what did not go well.
 * @param {string} id @param {{seed?: number, times?: number, more?: object[], head?: object}} [options] `times`: how long WebGPU takes
 * against what is usual */
export function runOf(id, { seed = 1, times = 1, more = [], head = {} } = {}) {
    const next = drawn(seed);
    const cells = [];
    for (const browser of ['chrome', 'firefox']) {
        const mark = (/** @type {string} */ yardstick) => cells.push(cellOf({ model: 'builtin/mlp', browser, yardstick, samples_ms: timesOf(next, 2) }));
        mark('before');
        for (const concurrency of [1, 2, 4]) {
            cells.push(cellOf({ browser, concurrency, samples_ms: timesOf(next, 12 * concurrency) }));
            cells.push(cellOf({ browser, concurrency, platform: 'webgpu', samples_ms: timesOf(next, 4 * concurrency * times),
                adapter: { vendor: 'google', architecture: 'swiftshader', description: 'SwiftShader', is_fallback: true } }));
        }
        mark('after');
    }
    cells.push(cellOf({ browser: 'safari', platform: 'webgpu', outcome: 'absent', reason: 'no such platform here', samples_ms: [] }));
    cells.push(...more);
    return { version: 1, id, name: `run ${id}`, seed, began_at: 1700000000000 + seed, ended_at: 1700000100000 + seed,
        webinfer: { version: '0.1.0', commit: `commit-${seed}` }, machine: { cores: 2, memory_bytes: 8 * 2 ** 30, kernel: '6.1' },
        ...head, cells: cells.map((cell, index) => ({ index, ...cell })) };
}
