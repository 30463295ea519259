/**
 * The parts of each session that WebNN computes. onnxruntime-web gives it the parts of a graph that have only
 * known sizes and that WebNN supports, and silently computes the rest on the CPU.
 */
import { Failure } from './failure.js';

/** @typedef {{dataType: string, shape: number[]}} Operand */

export class WebnnGraphs {
    /** Hears of every graph that is built in this worker from now on. @param {any} [Builder] */
    constructor(Builder = /** @type {any} */ (globalThis).MLGraphBuilder) {
        /** The outputs of the graphs that were built for the session being created. @type {Operand[]} */
        this._given = [];
        /** Those of which WebNN computes a part. @type {WeakSet<object>} */
        this._sessions = new WeakSet();
        if (Builder) this._watch(Builder.prototype);
    }

    /** @param {any} prototype */
    _watch(prototype) {
        const graphs = this, { build } = prototype;
        prototype.build = async function (/** @type {Record<string, Operand>} */ outputs) {
            const graph = await build.call(this, outputs);
            graphs._given.push(...Object.values(outputs));
            return graph;
        };
    }

    /** The same onnxruntime-web, with its sessions known here. They are created one at a time.
     * @template {Record<string, any>} Ort @param {Ort} ort @returns {Ort} */
    watching(ort) {
        const create = async (/** @type {any[]} */ ...given) => {
            this._given = [];
            const session = await ort.InferenceSession.create(...given);
            if (isPart(this._given, freeInputs(session))) this._sessions.add(session);
            return session;
        };
        return { ...ort, InferenceSession: { create } };
    }

    /** @param {readonly any[]} sessions all of one model @throws {Failure} if WebNN computes nothing of it */
    require(sessions) {
        if (sessions.some((session) => this._sessions.has(session))) return;
        const names = [...new Set(sessions.flatMap(freeInputs))].slice(0, 8).join(', ');
        throw new Failure('platform_unsupported', `WebNN took no part of the model: ${names
            ? `it computes only what has fixed sizes, and those of its inputs are free: ${names}`
            : 'it has its operators not at all, or not for its datatypes'}`);
    }
}

/** Whether graphs with these results compute a part of the model. Where sizes are free, some compute nothing
 * but sizes: whole numbers, or few in a row. @param {Operand[]} given @param {string[]} free */
const isPart = (given, free) => given.some(({ dataType, shape }) =>
    free.length === 0 || dataType.startsWith('float') && shape.length > 1);

/** The inputs that have not all of their sizes: those have names instead, or are −1, read as 32 bits without a sign.
 * @param {any} session @returns {string[]} */
const freeInputs = ({ inputMetadata }) => (inputMetadata ?? [])
    .filter((/** @type {any} */ { isTensor, shape }) =>
        isTensor && shape.some((/** @type {number | string} */ size) => typeof size !== 'number' || (size | 0) < 0))
    .map((/** @type {any} */ { name }) => String(name));
