/**
 * Turns the plan of a kernel's shader (shaders/NAME/NAME.json) into dispatches, and the plan of its fragment shader into draws,
 * each over a part of the dimension that the shader goes over. Some adapters end an invocation after 65,535 rounds of all its
 * loops together, and return its result so far.
 */
import { Failure } from './failure.js';

/**
 * A text is a product of sizes, constants of the variant (kernel_variants.js) and numbers; "/PRODUCT" at its end divides it and
 * rounds up: "m*n/group".
 * @typedef {string | number} Term
 */
/**
 * `groups`: their product is the number of workgroups. Each goes `over` a dimension, by `step` at a time. The sum of `rounds` is
 * the number of loop rounds for each step, and the sum of `once` the number of further rounds; the end of a loop counts as a round,
 * too. `fours`: members that differ if all sizes in its `of` are multiples of 4 and none is 0. `short`: otherwise, members that differ
 * if all terms in its `of`, or `over` if it has none, are at most `most`.
 * @typedef {{entry: string, groups: Term[], over?: Term, step?: Term, rounds?: Term[], once?: Term[],
 *   short?: Partial<Stage> & {of?: Term[], most: number}, fours?: Partial<Stage> & {of: string[]}}} Stage `entry`: the function
 */
/** @typedef {{stages: Stage[], scratch?: Term[]}} Plan `scratch`: how many numbers the stages pass to each other, as a sum */
/** @typedef {{entry: string, first: number, groups: number, begin: number, end: number, work: number}} Dispatch `work`: in
 *   rounds of a workgroup */
/**
 * On WebGL: a function makes so many texels of the texture `to`, by default of the output.
 * @typedef {{entry: string, to?: string, texels: Term, rounds?: Term[]}} Make
 */
/** Its textures are made one after the other for each part of the dimension that it goes over; `depth`: how long a part is
 * at most. @typedef {{makes: Make[], over?: Term, step?: Term, depth?: number}} Draw */
/** `textures`: the textures that the draws pass to each other, and their texels.
 * @typedef {{textures?: Record<string, Term>, draws: Draw[]}} DrawPlan */
/** @typedef {{entry: string, to: string, texels: number, rounds: number, begin: number, end: number}} Making `rounds`: of each texel */
/** @typedef {ReadonlyMap<string, number>} Sizes */

/** The remaining rounds are for loops that a plan does not count. */
const ROUNDS_MAX = 60000;
/** WebGPU's own limit, in one dimension. */
const GROUPS_MAX = 65535;

/** @param {Term} term @param {Sizes} sizes @returns {number} */
export function valueOf(term, sizes) {
    const [all, by = 1] = String(term).split('/').map((factors) =>
        factors.split('*').reduce((product, word) => product * (sizes.get(word) ?? Number(word)), 1));
    return Math.ceil(all / by);
}

/** @param {readonly Term[]} terms @param {Sizes} sizes @returns {number} */
export const sumOf = (terms, sizes) => terms.reduce((/** @type {number} */ sum, term) => sum + valueOf(term, sizes), 0);

/** The functions that may be dispatched. @param {Plan} plan */
export const entriesOf = ({ stages }) => [...new Set(stages.flatMap(({ entry, short, fours }) =>
    [entry, short?.entry ?? entry, fours?.entry ?? entry]))];

/** @param {number} size */
const isOfFours = (size) => size > 0 && size % 4 === 0;

/** The stage as it is at such sizes. @param {Stage} stage @param {Sizes} sizes @returns {Stage} */
function stageAt(stage, sizes) {
    const { over = 0, short, fours } = stage;
    if (fours?.of.every((name) => isOfFours(sizes.get(name) ?? 0))) return { ...stage, ...fours };
    const isShort = short && (short.of ?? [over]).every((term) => valueOf(term, sizes) <= short.most);
    return isShort ? { ...stage, ...short } : stage;
}

/**
 * The dispatches one after the other.
 * @param {Plan} plan @param {Sizes} sizes
 * @param {() => number} work asked before each: how much one may have, in rounds of a workgroup
 * @param {number} [atOnce] how many workgroups the adapter runs at once: fewer of them take no less time
 * @returns {Generator<Dispatch, void, void>}
 */
export function* dispatchesOf({ stages }, sizes, work, atOnce = 1) {
    for (const one of stages) {
        const stage = stageAt(one, sizes);
        const groups = stage.groups.reduce((/** @type {number} */ product, term) => product * valueOf(term, sizes), 1);
        const { length, depth, roundsOf } = depthOf(stage, sizes), rounds = roundsOf(Math.min(depth, length));
        for (let begin = 0; begin === 0 || begin < length; begin += depth) {
            for (let first = 0; first < groups;) {
                const some = Math.min(groups - first, GROUPS_MAX, Math.max(1, Math.floor(work() / rounds)));
                yield { entry: stage.entry, first, groups: some, begin, end: Math.min(begin + depth, length), work: Math.max(some, atOnce) * rounds };
                first += some;
            }
        }
    }
}

/**
 * The draws, one after the other.
 * @param {DrawPlan} plan @param {Sizes} sizes @param {string} output
 * @returns {Generator<Making, void, void>}
 */
export function* makingsOf({ draws }, sizes, output) {
    for (const { makes, over, step, depth: most = Infinity } of draws) {
        const each = makes.map(({ rounds }) => depthOf({ over, step, rounds }, sizes));
        const [{ length }] = each, depth = Math.min(most, ...each.map((one) => one.depth));
        for (let begin = 0; begin === 0 || begin < length; begin += depth) {
            const end = Math.min(begin + depth, length);
            for (const [i, { entry, to = output, texels }] of makes.entries()) {
                yield { entry, to, texels: valueOf(texels, sizes), rounds: each[i].roundsOf(end - begin), begin, end };
            }
        }
    }
}

/** How far a stage goes, how much of it at a time, and with how many rounds.
 * @param {{over?: Term, step?: Term, rounds?: Term[], once?: Term[]}} stage @param {Sizes} sizes */
function depthOf({ over, step: one = 1, rounds = [], once = [] }, sizes) {
    const step = valueOf(one, sizes);
    if (!over) return { length: 0, depth: 1, roundsOf: () => 1 };
    const length = valueOf(over, sizes);
    const each = sumOf(rounds, sizes), beside = sumOf(once, sizes);
    const steps = Math.floor((ROUNDS_MAX - beside) / each);
    if (steps <= 0) {
        throw new Failure('platform_unsupported', `a step over ${over} has ${each + beside} rounds on this platform`,
            { field: 'inputs', expected: `at most ${ROUNDS_MAX} rounds, of ${[...rounds, ...once].join(' + ')}` });
    }
    return { length, depth: steps * step, roundsOf: (/** @type {number} */ some) => Math.max(1, Math.ceil(some / step) * each + beside) };
}
