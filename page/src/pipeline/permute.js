/**
 * A tensor's numbers with its axes in another order, written in their final order. transformers.js divides
 * each number's position by all sizes, for every picture that a model takes.
 * @param {any} numbers a list or a typed array @param {readonly number[]} sizes of the axes
 * @param {readonly number[]} axes the new order
 * @returns {[any, number[]]} the same kind of list, and the sizes in their order
 */
export function permuted(numbers, sizes, axes) {
    const out = new /** @type {any} */ (numbers.constructor)(numbers.length);
    const shape = axes.map((axis) => sizes[axis]);
    // How far apart two neighbours along an axis have lain.
    const steps = axes.map((axis) => sizes.slice(axis + 1).reduce((product, size) => product * size, 1));
    const last = axes.length - 1;
    let to = 0;
    const walk = (/** @type {number} */ axis, /** @type {number} */ from) => {
        const step = steps[axis] ?? 1, end = from + (shape[axis] ?? 1) * step;
        if (axis >= last) for (let at = from; at < end; at += step) out[to++] = numbers[at];
        else for (let at = from; at < end; at += step) walk(axis + 1, at);
    };
    walk(0, 0);
    return [out, shape];
}
