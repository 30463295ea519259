/**
 * Some browsers look only every 100 ms whether a GPU buffer can be mapped, or a queue's work is done, so that the
 * smallest run takes that long. They look too whenever something is submitted; so while either is pending, empty
 * command lists are: about every millisecond at first, and less often the longer it takes, since
 * then the GPU is busy and each look costs it something.
 */
import { MAP_READ } from './gpu_buffers.js';

/** A map on an idle device that takes longer than this was waiting for a timer, or for a busy machine.
 * One that begins late in the timer's interval, as on a busy machine, is quick all the same. So the
 * majority decides: what is nudged needlessly costs little, what is not waits in each run. */
const SLOW_MS = 50;
const MAJORITY = 2;
const FIRST_MS = 1;
/** Looking again after this share of the time waited so far is late by that share at most. */
const SHARE = 1 / 8;
const LAST_MS = 50;

export class Nudger {
    /** @param {{now: () => number, after: (ms: number, run: () => void) => void}} clock */
    constructor(clock) {
        this._clock = clock;
        /** @type {Set<{submit: (commands: never[]) => void}>} */
        this._queues = new Set();
        this._pending = 0;
        this._since = 0; /* when the newest pending map began */
        this._turn = 0; /* only the last wait counts */
        this.nudges = 0; /* how many there were, for tests */
    }

    /** @param {{queue: {submit: (commands: never[]) => void}, lost: Promise<any>}} device */
    add({ queue, lost }) {
        this._queues.add(queue);
        lost.then(() => this._queues.delete(queue));
    }

    /** Nudges until the map has settled. @template T @param {Promise<T>} map @returns {Promise<T>} the same */
    during(map) {
        const settled = () => { this._pending--; };
        map.then(settled, settled);
        this._pending++;
        this._since = this._clock.now();
        this._wait();
        return map;
    }

    _wait() {
        const turn = ++this._turn;
        const waited = this._clock.now() - this._since;
        this._clock.after(Math.min(LAST_MS, Math.max(FIRST_MS, waited * SHARE)), () => {
            if (turn === this._turn) this._nudge();
        });
    }

    _nudge() {
        if (this._pending === 0) return;
        this.nudges++;
        for (const queue of this._queues) queue.submit([]);
        this._wait();
    }
}

/**
 * A timer for a worker. A timer set in a message's handler is not slowed down as one set in another
 * timer's is. One call at a time: the last one asked for counts.
 */
export function workerClock() {
    const { port1, port2 } = new MessageChannel();
    /** @type {() => void} */
    let run = () => {};
    port1.onmessage = () => {
        const now = run;
        run = () => {};
        now();
    };
    return {
        now: () => performance.now(),
        /** @param {number} ms @param {() => void} then */
        after(ms, then) {
            run = then;
            setTimeout(() => port2.postMessage(null), ms);
        },
        close: () => port1.close(),
    };
}

/** From now on every map of devices requested here is helped along, and what tells that work is done.
 * @param {Nudger} nudger */
export function nudgeMaps(nudger) {
    const { GPUAdapter, GPUBuffer, GPUQueue } = /** @type {any} */ (globalThis);
    const request = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (/** @type {any[]} */ ...options) {
        const device = await request.apply(this, options);
        nudger.add(device);
        return device;
    };
    for (const [prototype, name] of [[GPUBuffer.prototype, 'mapAsync'], [GPUQueue.prototype, 'onSubmittedWorkDone']]) {
        const call = prototype[name];
        prototype[name] = function (/** @type {any[]} */ ...options) {
            return nudger.during(call.apply(this, options));
        };
    }
}

/**
 * Whether maps on this device, which has nothing to do, wait for a timer.
 * @param {any} device @param {() => number} [now]
 */
export async function mapsSlowly(device, now = () => performance.now()) {
    for (let slow = 0, quick = 0; slow < MAJORITY;) {
        const buffer = device.createBuffer({ size: 16, usage: 1 }); // GPUBufferUsage.MAP_READ
        const began = now();
        await buffer.mapAsync(MAP_READ);
        const ms = now() - began;
        buffer.destroy();
        if (ms >= SLOW_MS) slow++;
        else if (++quick === MAJORITY) return false;
    }
    return true;
}
