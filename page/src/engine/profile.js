/** What a profile tells of the runs of a model, within its limits (webinfer-compute(7), "Profiles"). */

/**
 * A node of a graph, a step of a model over kernels, or a phase of llama.cpp. `ms` is its time in all runs together: the GPU's
 * own where the profile's clock is that, else the CPU's. `began_ms`: when it began in the last run. `platform` is missing where it is
 * the profile's.
 * @typedef {{name: string, operator: string, platform?: string, calls: number, ms: number, cpu_ms?: number, began_ms?: number,
 *   copied_bytes?: number, shapes?: string, reason?: string}} ProfileNode
 */
/** `lost`: events that could not be read. @typedef {{source: 'onnxruntime' | 'llama.cpp' | 'kernels', clock: 'cpu' | 'gpu', nodes: ProfileNode[],
 *   lost?: number, capture?: import('./graph_capture.js').Capture}} Profiled */
/** What each run has told. @typedef {{timings?: Record<string, number>, calls?: readonly ProfileNode[]}} Told */
/** The runs that a profile is of: the last `runs` of `all`. @typedef {{runs: number, all: number, told: readonly Told[]}} Profiling */

/** The most nodes, and bytes of their JSON, in an answer. */
export const MOST = Object.freeze({ nodes: 2000, bytes: 192 << 10 });
const TEXT_MOST = Object.freeze({ name: 128, node: 128, operator: 64, shapes: 240, reason: 240 });

/** The profile as the answer has it: the nodes that took longest, as many as there is room for, in their order.
 * @param {Profiled} profiled @param {string} platform of the runs @param {number} runs @returns {Record<string, any>} */
export function profileOf({ source, clock, nodes, lost = 0, capture }, platform, runs) {
    const fitting = nodes.map(fitted), kept = largest(fitting);
    const left = fitting.filter((node) => !kept.has(node));
    return {
        source, platform, clock, runs, nodes: fitting.filter((node) => kept.has(node)),
        left_out: { nodes: left.length, ms: left.reduce((sum, { ms }) => sum + ms, 0), events: lost }, ...(capture && { capture: fitted(capture) }),
    };
}

/** @param {ProfileNode[]} nodes @returns {Set<ProfileNode>} */
function largest(nodes) {
    /** @type {Set<ProfileNode>} */
    const kept = new Set(), utf8 = new TextEncoder();
    let bytes = 0;
    for (const node of [...nodes].sort((a, b) => b.ms - a.ms)) {
        bytes += utf8.encode(JSON.stringify(node)).length + 1;
        if (kept.size === MOST.nodes || bytes > MOST.bytes) break;
        kept.add(node);
    }
    return kept;
}

/** @template {object} T @param {T} node or another object of texts and numbers @returns {T} */
const fitted = (node) => /** @type {any} */ (Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, typeof value === 'string' ? cut(value, TEXT_MOST[/** @type {'name'} */ (name)] ?? 16) : rounded(name, value)])));

/** Characters that a message cannot have, or of which a cut leaves half. */
const UNREADABLE = /[\ud800-\udfff\0]/gu;

/** @param {string} text @param {number} most bytes */
function cut(text, most) {
    const readable = text.replace(UNREADABLE, '\ufffd');
    if (readable.length * 3 <= most) return readable;
    const bytes = new TextEncoder().encode(readable);
    if (bytes.length <= most) return readable;
    let end = most - 3; // of the ellipsis
    while ((bytes[end] & 0xc0) === 0x80) end--; // not within a character
    return `${new TextDecoder().decode(bytes.subarray(0, end))}…`;
}

/** A clock tells no nanoseconds apart. @param {string} name @param {number} value */
const rounded = (name, value) => (name.endsWith('ms') ? Math.round(value * 1e6) / 1e6 : value);

/** Of a model over kernels: what its steps took. @param {Profiling} profiling @returns {Profiled} */
export function profileOfCalls({ told }) {
    const isOfGpu = told.every(({ calls = [] }) => calls.length > 0 && calls.every(({ cpu_ms: cpuMs }) => cpuMs !== undefined));
    return { source: 'kernels', clock: isOfGpu ? 'gpu' : 'cpu', nodes: together(told.flatMap(({ calls = [] }) => calls)) };
}

/** Of llama.cpp, whose server tells how long it has read and written. @param {Profiling} profiling @returns {Profiled} */
export function profileOfTimings({ told }) {
    const nodes = told.flatMap(({ timings = {} }) => [phase('read the prompt', timings.prompt_n, timings.prompt_ms),
        phase('write tokens', timings.predicted_n, timings.predicted_ms)]);
    return { source: 'llama.cpp', clock: 'cpu', nodes: together(nodes.filter((node) => node !== null)) };
}

/** @param {string} name @param {unknown} tokens @param {unknown} ms @returns {ProfileNode | null} */
const phase = (name, tokens, ms) => (typeof tokens === 'number' && typeof ms === 'number' && tokens > 0 && ms >= 0
    ? { name, operator: name, calls: tokens, ms } : null);

/** Nodes of several runs, with those of one name as one. @param {readonly ProfileNode[]} nodes @returns {ProfileNode[]} */
function together(nodes) {
    /** @type {Map<string, ProfileNode>} */
    const made = new Map();
    for (const node of nodes) {
        const known = made.get(node.name);
        if (!known) {
            made.set(node.name, { ...node });
            continue;
        }
        known.calls += node.calls;
        known.ms += node.ms;
        if (known.cpu_ms !== undefined) known.cpu_ms += node.cpu_ms ?? 0;
    }
    return [...made.values()];
}
