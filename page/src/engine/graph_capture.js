/**
 * Whether onnxruntime-web can record the runs of a graph on WebGPU and replay them ("graph capture"): it makes a session that is to
 * do that, or refuses to. The session is not run, and goes at once.
 */
import { EngineFault } from './engine.js';
import { Reasons } from './ort_profile.js';
import { printing } from './printing.js';

/** @import { ProfileNode } from './profile.js' */
/** What a trial tells; `node`, `operator` and `reason` are of what prevents it, or prevents it unless the sizes are fixed.
 * @typedef {{possible: boolean, fixed_sizes: boolean, node?: string, operator?: string, reason?: string}} Capture */
/** @typedef {{isMade: boolean, reasons: Reasons, refusal: string}} Attempt */

/** Larger models are not tried: their weights would be loaded once more. */
export const TRIED_MOST_BYTES = 128 << 20;

/** onnxruntime's refusal, before it computes anything; its other sessions go on. */
const REFUSAL = /cannot use the graph capture feature.*/;
/** Operators whose nodes have graphs of their own, and how a refusal for them differs. */
const CONTROL = ['If', 'Loop', 'Scan'], IS_CONTROL = /control flow/;

/** @param {Record<string, number>} sizes of free dimensions, by their names @returns {Record<string, any>} options of a session, further ones */
const optionsWith = (sizes) => ({ enableGraphCapture: true, logSeverityLevel: 1, freeDimensionOverrides: sizes });

/** How a session of the graph is made, with these options besides its own; `take` calls onnxruntime-web in a turn, and throws its failures as EngineFault.
 * @typedef {{make: (options: Record<string, any>) => Promise<any>, take: <T>(work: () => Promise<T>) => Promise<T>}} Making */

/** @param {Making} making @param {Record<string, number>} sizes @returns {Promise<Attempt>} @throws {unknown} what is no refusal */
async function attempt({ make, take }, sizes) {
    const reasons = new Reasons(), isTaken = (/** @type {string} */ line) => reasons.take(line) || REFUSAL.test(line);
    try {
        const session = await take(() => printing.during(isTaken, () => make(optionsWith(sizes))));
        await take(() => session.release());
        return { isMade: true, reasons, refusal: '' };
    } catch (thrown) {
        const cause = thrown instanceof EngineFault ? thrown.cause : thrown;
        const [refusal] = REFUSAL.exec(cause instanceof Error ? cause.message : String(cause)) ?? [];
        if (!refusal) throw thrown;
        return { isMade: false, reasons, refusal };
    }
}

/** What prevents it. @param {Attempt} attempt @param {readonly ProfileNode[]} nodes of a run @returns {Omit<Capture, 'possible' | 'fixed_sizes'>} */
function obstacleOf({ reasons: { first }, refusal }, nodes) {
    if (IS_CONTROL.test(refusal)) {
        const found = nodes.find(({ operator }) => CONTROL.includes(operator));
        return { ...(found && { node: found.name, operator: found.operator }), reason: 'it has a graph of its own, and onnxruntime records no such model' };
    }
    return first ?? { reason: refusal ? `onnxruntime says: this session ${refusal}` : 'no node is computed on the GPU' };
}

/** Tries it with free sizes, and if that is refused with fixed ones. A session is made also if no node is on the GPU, and then has nothing to record.
 * @param {Making} making @param {Record<string, number>} sizes of free dimensions, by their names @param {readonly ProfileNode[]} nodes of a run
 * @returns {Promise<Capture>} */
export async function captureOf(making, sizes, nodes) {
    const free = await attempt(making, {});
    if (free.isMade && nodes.some(({ platform }) => platform === 'webgpu')) return { possible: true, fixed_sizes: false };
    const isFixed = !free.isMade && Object.keys(sizes).length > 0 && (await attempt(making, sizes)).isMade;
    return { possible: isFixed, fixed_sizes: isFixed, ...obstacleOf(free, nodes) };
}

/** The sizes of the named dimensions, as the inputs give them. @param {readonly any[]} inputs of the session's metadata
 * @param {readonly {name: string, shape: readonly number[]}[]} tensors @returns {Record<string, number>} */
export function sizesOf(inputs, tensors) {
    /** @type {Record<string, number>} */
    const sizes = {};
    for (const { name, shape = [] } of inputs) {
        const given = tensors.find((tensor) => tensor.name === name)?.shape ?? [];
        for (const [axis, size] of shape.entries()) if (typeof size === 'string' && given[axis] >= 0) sizes[size] = given[axis];
    }
    return sizes;
}
