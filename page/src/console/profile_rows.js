/** What is shown of a profile (webinfer-compute(7), "Profiles"): rows with the times of a mean run, and the place in words. */

/** @typedef {{key: string, name: string, operator: string, platform: string, fellBack: boolean, ms: number, share: number, calls: number | undefined,
 *   copied: number | undefined, why: string, shapes: string}} Row */

/** More nodes are not shown; `webinfer profile --nodes` has all. */
export const NODES_MOST = 100;

/** @param {any} one an operator or a node @param {number} runs @param {number} index @returns {Row} */
const rowOf = (one, runs, index) => ({
    key: `${index} ${one.operator} ${one.platform}`, name: String(one.name ?? ''), operator: String(one.operator ?? ''), platform: String(one.platform ?? ''), fellBack: one.fell_back === true,
    ms: one.ms / runs, share: one.share, calls: one.calls / runs, copied: one.copied_bytes || undefined, why: String(one.reason ?? ''), shapes: String(one.shapes ?? ''),
});

/** The operators, and at the end what no operator has, so that the shares are all of the run. @param {any} profile @returns {Row[]} */
export function operatorRows({ operators = [], other, left_out: left, runs, run_ms: runMs }) {
    const rest = (/** @type {string} */ operator, /** @type {number} */ ms, /** @type {string} */ why) => ({ ...rowOf({ operator, platform: '', ms, share: runMs > 0 ? ms / runMs : 0, reason: why }, runs, -1), calls: undefined });
    return [
        ...operators.map((/** @type {any} */ one, /** @type {number} */ i) => rowOf(one, runs, i)),
        ...left?.nodes > 0 ? [rest('nodes left out', left.ms, 'The answer has no room for them.')] : [],
        ...other ? [rest('other', other.ms, other.what)] : [],
    ];
}

/** The nodes with the most time. @param {any} profile @returns {Row[]} */
export const nodeRows = ({ nodes = [], runs }) => nodes.map((/** @type {any} */ one, /** @type {number} */ i) => rowOf(one, runs, i))
    .sort((/** @type {Row} */ a, /** @type {Row} */ b) => b.ms - a.ms).slice(0, NODES_MOST);

/** Places that a person may choose, each once: a browser and a platform. @param {any[]} options of /v1/hardware @returns {string[]} "chrome/wasm" */
export const profilePlaces = (options) => [...new Set(options.filter(({ browser, platform }) => browser && platform && platform !== 'native')
    .map(({ browser, platform }) => `${browser}/${platform}`))].sort();
