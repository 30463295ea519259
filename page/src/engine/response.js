/** The answer to an attempt, as the service takes it (webinfer-protocol(7), task_response). */

/** @import { Outcome } from './engine.js' */
/** @import { Adapter, Envelope, RunMessage } from '../shared/messages.js' */
/** @typedef {{load_ms: number, inference_ms: number, warm: boolean, waited_for_client_ms?: number, gpu_ms?: number}} Performance */

/** Bytes of tensors that take so long to be copied that others had better not wait for it. */
const LARGE_BYTES = 8 << 20;

/**
 * @param {RunMessage} task @param {{platform: string, engine: string, adapter?: Adapter}} where it was computed
 * @param {Outcome} outcome @param {Performance} times @param {number} parts how many it has had
 * @returns {Envelope} without its tensors
 */
export function responseOf(task, { platform, engine, adapter }, outcome, times, parts) {
    const { result, precision, threads, build, quantization } = outcome;
    /** @type {Record<string, any>} */
    const executedOn = { platform, engine };
    // An absent member means the same as null or an empty list, and costs no time.
    if (adapter) executedOn.adapter = adapter;
    if (task.fallbacks.length > 0) executedOn.fallbacks = task.fallbacks;
    if (threads) executedOn.threads = threads;
    if (precision) executedOn.precision = precision;
    if (build) executedOn.build = build;
    if (quantization) executedOn.quantization = quantization;
    /** @type {Record<string, any>} */
    const data = {
        attempt_id: task.attempt, reply_to: task.reply_to, ok: true, executed_on: executedOn, performance: times,
    };
    if (result !== undefined) data.result = result;
    if (task.stream) data.parts = parts;
    return { id: task.message_id, type: 'task_response', from: task.from, timestamp: Date.now(), data };
}

/** @param {Outcome} outcome */
export const isLarge = ({ tensors }) => tensors.reduce((sum, { bytes }) => sum + bytes.length, 0) > LARGE_BYTES;
