/**
 * Kernels that a worker tunes at the service's request: the worker is idle, and reports which candidate it runs. A candidate
 * that never ends blocks the GPU for the whole browser, which the worker cannot notice; so it is detected here.
 */

/** @import { Lane } from './lane.js' */
/** @import { Choice } from '../engine/kernel_variants.js' */
/** `at`: when it is looked at next; `looks`: how often it was found at the same candidate.
 * @typedef {{kernel: string, sizeClass: string, lane: Lane, generation: number, choice: Choice | null, looks: number, at: number}} Order */

/** A candidate is looked at so often, after so many ms each, before it is taken to hang: its runs are ended after two seconds.
 * Several times, since a page that was stopped itself has to be given time. */
const LOOKS = 8;
const LOOK_MS = 1000;

/** @param {number | null} ms as precise as clocks are */
const inMicroseconds = (ms) => (ms === null ? null : Math.round(ms * 1000) / 1000);

export class Tuning {
    /** @param {import('./dispatcher.js').Surroundings} around @param {import('./lanes.js').Lanes} lanes @param {import('./deadline_timer.js').DeadlineTimer} timer */
    constructor(around, lanes, timer) {
        this._around = around;
        this._lanes = lanes;
        this._timer = timer;
        /** @type {Order | null} */
        this._order = null;
    }

    /** Begins tuning, unless there is no idle worker. @param {string} kernel @param {string} sizeClass
     * @param {boolean} isPaused */
    begin(kernel, sizeClass, isPaused) {
        const lane = isPaused ? undefined : this._lanes.values().find((one) => one.build === 'gpu_kernels' && one.ready && one.isIdle());
        if (!lane) return this._say(kernel, sizeClass, null, null);
        this._order = { kernel, sizeClass, lane, generation: lane.generation, choice: null, looks: 0, at: Infinity };
        lane.channel?.post({ type: 'tune', kernel, size_class: sizeClass });
    }

    /** @param {Choice} choice that begins to run */
    tries(choice) {
        if (!this._order) return;
        Object.assign(this._order, { choice, looks: 0, at: this._around.now() + LOOK_MS });
        this._timer.set(this._order.at);
    }

    /** @param {import('../shared/messages.js').TunedMessage} message */
    end({ kernel, size_class: sizeClass, adapter, tuning }) {
        this._order = null;
        this._say(kernel, sizeClass, adapter, tuning && { ...tuning.choice, ms: inMicroseconds(tuning.ms), default_ms: inMicroseconds(tuning.defaultMs) });
    }

    /** @param {number} now */
    tick(now) {
        const order = this._order;
        if (!order?.choice) return;
        if (order.generation !== order.lane.generation || !order.lane.ready) return void (this._order = null);
        if (order.at <= now) {
            order.looks++;
            order.at = now + LOOK_MS;
        }
        if (order.looks < LOOKS) return this._timer.set(order.at);
        this._order = null;
        this._say(order.kernel, order.sizeClass, null, null, order.choice);
    }

    /** @param {string} kernel @param {string} sizeClass @param {import('../shared/messages.js').Adapter | null} adapter
     * @param {Record<string, any> | null} choice @param {Choice} [hung] */
    _say(kernel, sizeClass, adapter, choice, hung) {
        this._around.send('tuning', { kernel, size_class: sizeClass, adapter, choice, ...hung && { hung } });
    }
}
