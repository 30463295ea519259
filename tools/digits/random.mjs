// A seeded generator, so that two runs of the tools give the same bytes.

/**
 * mulberry32: 32 bits of state, good enough for pictures and for shuffling.
 * @param {number} seed
 */
export function makeRandom(seed) {
    let state = seed >>> 0;
    const uniform = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return {
        uniform,
        /** @param {number} low @param {number} high */
        between: (low, high) => low + (high - low) * uniform(),
        /** @template T @param {T[]} list @returns {T} */
        pick: (list) => list[Math.floor(uniform() * list.length)],
        /** Box–Muller. */
        normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    };
}

/** @typedef {ReturnType<typeof makeRandom>} Random */
