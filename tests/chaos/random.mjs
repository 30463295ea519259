/** A small seeded generator (mulberry32), so that a run can be had again. */
export function seeded(seed) {
    let state = seed >>> 0;
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    return {
        /** [0, 1) */
        next,
        /** 0 … count − 1 */
        below: (count) => Math.floor(next() * count),
        pick: (list) => list[Math.floor(next() * list.length)],
        /** A copy in another order. */
        shuffled(list) {
            const copy = [...list];
            for (let i = copy.length - 1; i > 0; i--) {
                const j = Math.floor(next() * (i + 1));
                [copy[i], copy[j]] = [copy[j], copy[i]];
            }
            return copy;
        },
        bytes(size) {
            const bytes = Buffer.alloc(size);
            for (let i = 0; i < size; i++) bytes[i] = next() * 256;
            return bytes;
        },
    };
}
