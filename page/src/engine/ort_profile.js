/**
 * What onnxruntime-web 1.30 prints of a session that was made with `enableProfiling`: events in the form of Chrome's traces, a line
 * each, when the profile ends; and notes while the session is made, of nodes that its provider leaves to the CPU.
 * `env.webgpu.profiling`, which its types declare, is of an older provider: this build reads nothing of it.
 */
import { printing } from './printing.js';

/** @import { ProfileNode, Profiled } from './profile.js' */
/** Times in µs. @typedef {{cat: string, name: string, ts: number, dur: number, args?: Record<string, any>}} Event */

/** Session options; the notes are of the severity "info". */
export const OPTIONS = Object.freeze({ enableProfiling: true, logSeverityLevel: 1 });

/** More events are dropped, and counted; so are those that follow when the lines together have more characters. */
const EVENTS_MOST = Object.freeze({ count: 400_000, characters: 128 << 20 });
/** Of a note; a node's name may have any length. */
const NOTE_MOST = 4096;
/** More reasons are not kept. */
const REASONS_MOST = 20_000;
/** A longer event is none. */
const LONGEST_US = 1e12;
const PLATFORMS = Object.freeze({ CPUExecutionProvider: 'wasm', WebGpuExecutionProvider: 'webgpu', JsExecutionProvider: 'webgpu', WebNNExecutionProvider: 'webnn' });

// --- lines of the console ------------------------------------------------------------------------------

/** What onnxruntime prints of a profile begins with this, or is a bracket. */
const EVENT = '{"cat"';
/** @param {string} text */
const isBracket = (text) => text === '[' || text === ']';

/** The events of a profile, from its lines. */
export class Events {
    /** @param {{count: number, characters: number}} [most] */
    constructor(most = EVENTS_MOST) {
        /** @type {Event[]} */
        this.all = [];
        this.lost = 0; /* a name may have characters that break its line's JSON, or make it another one */
        this._most = most;
        this._characters = 0;
    }

    /** @param {string} line @returns {boolean} */
    take(line) {
        const text = line.trim().replace(/,$/, '');
        if (isBracket(text)) return true;
        if (!text.startsWith(EVENT)) return false;
        this._characters += text.length;
        const isRoom = this.all.length < this._most.count && this._characters <= this._most.characters, event = isRoom ? eventOf(text) : null;
        if (event) this.all.push(event);
        else this.lost++;
        return true;
    }
}

/** @param {string} text @returns {Event | null} */
function eventOf(text) {
    try {
        const { cat, name, ts, dur, args } = JSON.parse(text);
        const isEvent = typeof cat === 'string' && typeof name === 'string' && Number.isFinite(ts) && dur >= 0 && dur <= LONGEST_US;
        return isEvent ? { cat, name, ts, dur: Number(dur), args: args ?? undefined } : null;
    } catch {
        return null;
    }
}

/** Those of a terminal, around a note. */
const COLOURS = /\u001b\[[\d;]*m/g;

/** Why nodes are left to the CPU, as far as onnxruntime says it. */
export class Reasons {
    constructor() {
        /** By the node's name, or by the operator of nodes without one. @type {Map<string, string>} */
        this._reasons = new Map();
        /** The first node without a kernel, and the first that has one. @type {(Noted | undefined)[]} */
        this._first = [undefined, undefined];
    }

    /** @param {string} line @returns {boolean} */
    take(line) {
        if (!/\[[VIW]:onnxruntime/.test(line)) return false;
        const found = reasonIn(line.slice(0, NOTE_MOST).replace(COLOURS, ''));
        if (!found) return true;
        if (this._reasons.size < REASONS_MOST) this._reasons.set(found.name, found.reason);
        this._first[found.operator ? 0 : 1] ??= found;
        return true;
    }

    /** What is noted of the first node without a kernel, else of the first that is on the CPU all the same; undefined: of none.
     * @returns {{node?: string, operator?: string, reason: string} | undefined} */
    get first() {
        const [without, other] = this._first, noted = without ?? other;
        if (!noted) return undefined;
        const { name, operator, reason } = noted;
        return { ...(!name.startsWith(NAMELESS) && { node: name }), ...(operator && { operator }), reason };
    }

    /** @param {string} name of a node: onnxruntime's own if it has none @param {string} operator */
    of(name, operator) {
        return this._reasons.get(name) ?? this._reasons.get(nameless(operator)) ?? 'onnxruntime gave it to the CPU, and does not say why';
    }
}

const NAMELESS = '\n';
/** The key of nodes without a name. @param {string} operator */
const nameless = (operator) => NAMELESS + operator;

/** What is noted of a node; `operator`: it has no kernel. @typedef {{name: string, operator?: string, reason: string}} Noted */

/** @param {string} line @returns {Noted | null} */
function reasonIn(line) {
    const [, operator, unknown] = /kernel not found in registries for Op type: (\S+) node name:(.*)$/.exec(line) ?? [];
    if (operator) return { name: unknown?.trim() || nameless(operator), operator, reason: `the provider has no kernel of ${operator} for these types and this opset` };
    const [, preferred] = /Force fallback to CPU execution for node: (.*?)(?: because .*)?$/.exec(line) ?? [];
    if (preferred) return { name: preferred.trim(), reason: 'it computes a shape, which onnxruntime keeps on the CPU' };
    const [, forced] = /Force CPU execution for node: (.*)$/.exec(line) ?? [];
    return forced ? { name: forced.trim(), reason: 'the session was told to keep it on the CPU' } : null;
}

/** Ends a session's profile. It prints before it returns, whatever its promise says.
 * @param {any} session of onnxruntime-web @returns {Promise<Events>} */
export async function eventsOf(session) {
    const events = new Events();
    await printing.during((line) => events.take(line), async () => session.endProfiling());
    return events;
}

/** Lets sessions go: one whose profile was not ended, as after a run that failed, prints all of it then, for nobody.
 * @template T @param {() => Promise<T>} release @returns {Promise<T>} */
export const whileLeaving = (release) => printing.during((line) => isBracket(line.trim()) || line.startsWith(EVENT), release);

/** Makes a session that is profiled. @template T @param {Reasons} reasons @param {() => Promise<T>} make @returns {Promise<T>} */
export const whileMaking = (reasons, make) => printing.during((line) => reasons.take(line), make);

// --- events --------------------------------------------------------------------------------------------

/** The nodes of a graph in some of its session's runs.
 * @param {Event[]} events @param {{lastOf: (runs: number) => number, reasons: Reasons, platform: string, within?: string}} how `lastOf`: how many of
 *   the session's runs are wanted, the last ones; `within`: what names begin with @returns {Omit<Profiled, 'source'>} */
export function nodesOf(events, { lastOf, reasons, platform, within = '' }) {
    const runs = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run').sort(byTime);
    const wanted = Math.min(runs.length, lastOf(runs.length));
    if (wanted === 0) return { clock: 'cpu', nodes: [] };
    const [first, last] = [runs[runs.length - wanted], runs[runs.length - 1]];
    const made = new Map();
    for (const { event, ms } of ownTimes(events.filter((event) => isOfNode(event) && event.ts >= first.ts))) {
        addTo(made, nodeOf(event, ms, { last, reasons, platform, within }));
    }
    const dispatches = lastOfEach(events.filter(isOfDevice), wanted / runs.length);
    const isOfDeviceClock = dispatches.some(({ dur }) => dur > 0);
    if (isOfDeviceClock) takeDeviceTimes(made, dispatches, within);
    return { clock: isOfDeviceClock ? 'gpu' : 'cpu', nodes: [...made.values()] };
}

/** @param {Event} a @param {Event} b */
const byTime = (a, b) => a.ts - b.ts || b.dur - a.dur;
const ENDING = '_kernel_time';
/** An operator that is not told. */
const UNNAMED = 'unnamed';
/** @param {Event} event */
const isOfNode = ({ cat, name }) => cat === 'Node' && name.endsWith(ENDING);

/** The WebGPU provider's events are named NODE&OPERATOR&PROGRAM, and have times of the GPU's clock. A node's name may have any characters. */
const OF_DEVICE = /^([^]*)&([^&]*)&[^&]*$/;
/** @param {Event} event */
const isOfDevice = ({ cat, name }) => (cat === 'Api' || cat === 'Kernel') && OF_DEVICE.test(name);

/** The time of each node without that of nodes in its subgraphs, as If and Loop have them.
 * @param {Event[]} events @returns {{event: Event, ms: number}[]} */
function ownTimes(events) {
    const all = events.sort(byTime).map((event) => ({ event, ms: event.dur / 1000 }));
    /** @type {typeof all} */
    const open = [];
    for (const one of all) {
        while (open.length > 0 && endOf(open[open.length - 1].event) <= one.event.ts) open.pop();
        const outer = open[open.length - 1];
        if (outer && endOf(one.event) <= endOf(outer.event)) outer.ms = Math.max(0, outer.ms - one.event.dur / 1000);
        open.push(one);
    }
    return all;
}

/** @param {Event} event */
const endOf = ({ ts, dur }) => ts + dur;

/** @param {Event} event @param {number} ms @param {{last: Event, reasons: Reasons, platform: string, within: string}} of @returns {ProfileNode} */
function nodeOf({ name, ts, args = {} }, ms, { last, reasons, platform, within }) {
    const own = name.slice(0, -ENDING.length), operator = String(args.op_name || UNNAMED);
    const at = PLATFORMS[/** @type {keyof typeof PLATFORMS} */ (args.provider)] ?? String(args.provider ?? platform);
    const copied = operator.startsWith('Memcpy') ? Number(args.output_size) || 0 : 0;
    return {
        name: within + own, operator, platform: at, calls: 1, ms,
        ...(ts >= last.ts && ts <= endOf(last) ? { began_ms: (ts - last.ts) / 1000 } : {}),
        ...(copied > 0 ? { copied_bytes: copied } : {}),
        shapes: `${shapesOf(args.input_type_shape)} → ${shapesOf(args.output_type_shape)}`,
        ...(at !== platform ? { reason: reasons.of(own, operator) } : {}),
    };
}

/** "float[1,3] int64[2]". @param {unknown} shapes a list of {TYPE: DIMS} */
const shapesOf = (shapes) => (Array.isArray(shapes) ? shapes : [])
    .flatMap((one) => Object.entries(one ?? {}).map(([type, dims]) => `${type}[${dims}]`)).join(' ');

/** @param {Map<string, ProfileNode>} made @param {ProfileNode} node */
function addTo(made, node) {
    const key = `${node.name}\n${node.operator}\n${node.platform}`, known = made.get(key);
    if (!known) return void made.set(key, node);
    known.calls += node.calls;
    known.ms += node.ms;
    known.began_ms ??= node.began_ms;
    if (node.copied_bytes) known.copied_bytes = (known.copied_bytes ?? 0) + node.copied_bytes;
}

/** The last part of the events of each name, which come in the order of time: the clock of the GPU may begin anywhere.
 * @param {Event[]} events @param {number} share */
function lastOfEach(events, share) {
    /** @type {Map<string, Event[]>} */
    const named = new Map();
    for (const event of events) {
        const list = named.get(event.name);
        if (list) list.push(event);
        else named.set(event.name, [event]);
    }
    return [...named.values()].flatMap((list) => list.slice(list.length - Math.round(list.length * share)));
}

/** Nodes on the device get its times, and keep the CPU's as those of what prepares them. Nodes without a name have none in the
 * provider's events either: the time of one is known if it is the only one of its operator, else there is a node for all of them.
 * @param {Map<string, ProfileNode>} made @param {Event[]} dispatches @param {string} within */
function takeDeviceTimes(made, dispatches, within) {
    const there = [...made.values()].filter(({ platform }) => platform === 'webgpu');
    /** @type {Map<string, ProfileNode>} */
    const named = new Map(there.map((node) => [node.name, node]));
    /** By operator; null: there are several. @type {Map<string, ProfileNode | null>} */
    const only = new Map();
    for (const node of there) only.set(node.operator, only.has(node.operator) ? null : node);
    for (const node of there) Object.assign(node, { cpu_ms: node.ms, ms: 0 });
    for (const { name, dur } of dispatches) {
        const [, own, operator] = /** @type {RegExpExecArray} */ (OF_DEVICE.exec(name)), node = named.get(within + own) ?? (own === '' ? only.get(operator) : null);
        if (node) node.ms += dur / 1000;
        else addTo(made, { name: within + own, operator: operator || UNNAMED, platform: 'webgpu', calls: 1, ms: dur / 1000 });
    }
}
