/** How long compute passes take by the clock of a GPU that has one (`timestamp-query`): one at a time. */
import { MAP_READ } from './gpu_buffers.js';

export const TIMESTAMPS = 'timestamp-query';

const USAGE = Object.freeze({ // of GPUBufferUsage
    resolved: 0x200 | 0x4, // QUERY_RESOLVE | COPY_SRC
    read: 0x1 | 0x8, // MAP_READ | COPY_DST
});
/** Browsers may round the clock to this. */
const COARSE_MS = 0.1;
/** The time at a pass's beginning, and at its end, in ns. */
const BYTES = 16;

/** Whether a clock that gives this tells short times apart. @param {number | null | undefined} ms */
export const isFine = (ms) => ms !== null && ms !== undefined && Math.abs(ms / COARSE_MS - Math.round(ms / COARSE_MS)) > 1e-3;

/** What each of some steps took, by a timer that is read after each of their passes; a pass is of one step. @template Step */
export class Marks {
    /** @param {readonly Step[]} steps @param {{ms: number}} timer */
    constructor(steps, timer) {
        this._steps = steps;
        this._timer = timer;
        this._seen = timer.ms;
        this._took = steps.map(() => 0);
    }

    /** Whether a dispatch is of another step than those that are to be in its pass.
     * @param {ReadonlyArray<readonly [Step, ...any[]]>} some @param {readonly [Step, ...any[]]} next */
    isApart(some, [step]) {
        return some.length > 0 && some[0][0] !== step;
    }

    /** The timer has been read after a pass of that step. @param {Step} step */
    note(step) {
        this._took[this._steps.indexOf(step)] += this._timer.ms - this._seen;
        this._seen = this._timer.ms;
    }

    /** The timer has been read after the last pass. @returns {number[]} ms of each step */
    end() {
        this.note(this._steps[this._steps.length - 1]);
        return this._took;
    }
}

export class GpuTimer {
    /** @param {any} device @returns {GpuTimer | null} null: it has no clock */
    static of(device) {
        return device.features.has(TIMESTAMPS) ? new GpuTimer(device) : null;
    }

    /** @param {any} device */
    constructor(device) {
        this.ms = 0; /* of all passes whose times were read */
        this._set = device.createQuerySet({ type: 'timestamp', count: 2 });
        this._resolved = device.createBuffer({ size: BYTES, usage: USAGE.resolved });
        this._read = device.createBuffer({ size: BYTES, usage: USAGE.read });
    }

    /** The descriptor that a timed pass is begun with. */
    get pass() {
        return { timestampWrites: { querySet: this._set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } };
    }

    /** @param {any} commands behind the pass */
    resolve(commands) {
        commands.resolveQuerySet(this._set, 0, 2, this._resolved, 0);
        commands.copyBufferToBuffer(this._resolved, 0, this._read, 0, BYTES);
    }

    /** Adds what the pass took, once it was submitted. */
    async read() {
        await this._read.mapAsync(MAP_READ);
        const [began, ended] = new BigUint64Array(this._read.getMappedRange());
        this._read.unmap();
        this.ms += Math.max(0, Number(ended - began) / 1e6);
    }

    destroy() {
        this._set.destroy();
        this._resolved.destroy();
        this._read.destroy();
    }
}
