/** Computes a slow result for two things once, such as answers with a million numbers, however often it is drawn. */

/** @template {object} A @template {object} B @template R @param {(one: A, other: B) => R} make @returns {(one: A, other: B) => R} */
export function remembered(make) {
    /** @type {WeakMap<A, WeakMap<B, {made: R}>>} */
    const known = new WeakMap();
    return (one, other) => {
        const others = known.get(one) ?? new WeakMap();
        known.set(one, others);
        const found = others.get(other) ?? { made: make(one, other) };
        others.set(other, found);
        return found.made;
    };
}
