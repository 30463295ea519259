/** What the kernels som_distance and som_update compute, in JavaScript: where there is no GPU, and what tests hold the kernels against. */

/** Milliseconds after which the event loop turns. */
const SLICE_MS = 12;

/** @implements {Computing} @typedef {import('./learning.js').Computing} Computing */
export class Reference {
    /** Multiplications of a call, which should take about a slice. */
    most = 2 ** 22;

    /** @param {() => Promise<void>} breathe lets the event loop turn @param {string} [why] no GPU computes */
    constructor(breathe, why = '') {
        this.name = 'JavaScript';
        this.why = why;
        this.breathe = breathe;
        this.buffers = this.bytes = 0;
    }

    /** @param {Float32Array} data @param {Float32Array} weights @param {number} dimensions */
    async distances(data, weights, dimensions) {
        const rows = data.length / dimensions, cells = weights.length / dimensions, distances = new Float32Array(rows * cells);
        for (let row = 0; row < rows; row++)
            for (let cell = 0; cell < cells; cell++) distances[row * cells + cell] = squared(data, row * dimensions, weights, cell * dimensions, dimensions);
        await this.breathe();
        return distances;
    }

    /** @param {Float32Array<ArrayBuffer>} weights @param {Float32Array} data @param {Float32Array} influence @param {number} dimensions */
    async update(weights, data, influence, dimensions) {
        const cells = weights.length / dimensions, rows = data.length / dimensions, updated = new Float32Array(weights), sums = new Float64Array(dimensions);
        let began = performance.now();
        for (let cell = 0; cell < cells; cell++) {
            sums.fill(0);
            for (let row = 0; row < rows; row++) {
                const share = influence[row * cells + cell];
                if (share === 0) continue;
                for (let i = 0; i < dimensions; i++) sums[i] += share * (data[row * dimensions + i] - weights[cell * dimensions + i]);
            }
            for (let i = 0; i < dimensions; i++) updated[cell * dimensions + i] += sums[i];
            if (performance.now() - began < SLICE_MS) continue;
            await this.breathe();
            began = performance.now();
        }
        return updated;
    }

    stop() {}
}

/** The square of a distance. @param {Float32Array} one @param {number} from @param {Float32Array} other @param {number} at
 * @param {number} dimensions */
export function squared(one, from, other, at, dimensions) {
    let sum = 0;
    for (let i = 0; i < dimensions; i++) {
        const apart = one[from + i] - other[at + i];
        sum += apart * apart;
    }
    return sum;
}
