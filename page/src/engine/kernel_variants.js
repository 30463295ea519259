/**
 * The ways in which a kernel's WGSL may be compiled and dispatched: shaders/NAME/NAME.json lists variants, and for each the
 * workgroups that are possible. The first of all is the default. Which of the others is taken for calls of which sizes is
 * measured where it runs (kernel_tuning.js).
 */
import { valueOf } from './kernel_plan.js';

/** @import { Plan, Sizes, Term } from './kernel_plan.js' */
/**
 * A row of NAME.json. `constants`: the constants of its WGSL in addition to those of every variant, in capitals there; a text is
 * a term over the workgroup's. `storage`: bytes that a workgroup shares. `stages`: instead of the plan's.
 * @typedef {{name: string, workgroups: ReadonlyArray<readonly [x: number, y: number]>, constants?: Readonly<Record<string, Term>>,
 *   storage?: Term, subgroups?: boolean, stages?: Plan['stages']}} Variant `subgroups`: for adapters that have these
 */
/** `hardware`: the default for hardware adapters, if it differs.
 * @typedef {Plan & {variants?: readonly Variant[], hardware?: Choice}} Variants */
/** `constants`: all of them, by the names that plans have for them.
 * @typedef {{variant: string, workgroup: readonly [x: number, y: number], constants: ReadonlyMap<string, number>, storage: number, subgroups: boolean,
 *   plan: Plan}} Candidate */
/** A candidate, as messages name it. @typedef {{variant: string, workgroup: [x: number, y: number]}} Choice */
/** @typedef {{maxComputeWorkgroupSizeX: number, maxComputeWorkgroupSizeY: number, maxComputeInvocationsPerWorkgroup: number,
 *   maxComputeWorkgroupStorageSize: number}} Limits */
/** The limits and features of an adapter. @typedef {{limits: Limits, features: ReadonlySet<string>}} Has */

/** The limits of an adapter that decide which candidates are possible. */
export const WORKGROUP_LIMITS = Object.freeze(['maxComputeWorkgroupSizeX', 'maxComputeWorkgroupSizeY',
    'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupStorageSize']);

/** The feature of an adapter that some variants need. */
export const SUBGROUPS = 'subgroups';

const PLAIN = Object.freeze([{ name: 'plain', workgroups: [/** @type {const} */ ([256, 1])] }]);
/** How many invocations a workgroup has where these have something for each other. */
const LANES = 64;

/** All of a kernel, the default first. @param {Variants} plan @returns {Candidate[]} */
export function candidatesOf({ variants = PLAIN, stages, scratch }) {
    return variants.flatMap((variant) => variant.workgroups.map((workgroup) => {
        const constants = constantsOf(variant, workgroup);
        return { variant: variant.name, workgroup, constants, storage: valueOf(variant.storage ?? 0, constants),
            subgroups: variant.subgroups ?? false, plan: { stages: variant.stages ?? stages, scratch } };
    }));
}

/** The same for hardware: the default, then the first workgroup of each variant, the second of each and so on. A GPU's driver takes so
 * long to compile one that there is time to try only some.
 * @param {readonly Candidate[]} candidates @param {Choice} [usual] the first, where it is not said @returns {Candidate[]} */
export function forHardware(candidates, usual) {
    const first = chosen(candidates, usual) ?? candidates[0];
    const turnOf = (/** @type {Candidate} */ one) =>
        (one === first ? -1 : candidates.filter(({ variant }) => variant === one.variant).indexOf(one));
    return [...candidates].sort((a, b) => turnOf(a) - turnOf(b));
}

/** @param {Variant} variant @param {readonly [number, number]} workgroup @returns {Map<string, number>} */
function constantsOf({ constants = {} }, [x, y]) {
    const all = new Map([['group_x', x], ['group_y', y], ['group', x * y], ['lanes', LANES]]);
    for (const [name, term] of Object.entries(constants)) all.set(name, valueOf(term, all));
    return all;
}

/** Its sizes and the candidate's constants, as plans name both. @param {Sizes} sizes @param {Candidate} candidate @returns {Sizes} */
export const sizesAt = (sizes, { constants }) => new Map([...sizes, ...constants]);

/** The constants for WGSL. @param {Candidate} candidate */
export const declaredOf = ({ constants }) => [...constants].map(([name, value]) => `const ${name.toUpperCase()} = ${value}u;\n`).join('');

/** Whether an adapter has what it needs, and room for its workgroups: not every browser refuses those that are larger.
 * @param {Candidate} candidate @param {Has} has */
export function fits({ workgroup: [x, y], constants, storage, subgroups }, { limits, features }) {
    if (subgroups && !features.has(SUBGROUPS)) return false;
    const lanes = constants.get('lanes') ?? LANES;
    return Math.max(x, lanes) <= limits.maxComputeWorkgroupSizeX && y <= limits.maxComputeWorkgroupSizeY
        && Math.max(x * y, lanes) <= limits.maxComputeInvocationsPerWorkgroup && storage <= limits.maxComputeWorkgroupStorageSize;
}

/** @param {Candidate} candidate @returns {Choice} */
export const choiceOf = ({ variant, workgroup: [x, y] }) => ({ variant, workgroup: [x, y] });

/** The candidate that was said; undefined: there is none. @param {readonly Candidate[]} candidates @param {any} choice */
export const chosen = (candidates, choice) => candidates.find(({ variant, workgroup: [x, y] }) =>
    variant === choice?.variant && x === choice.workgroup?.[0] && y === choice.workgroup?.[1]);

/** Which calls are taken to be alike: of each size the next power of two, in the order of the rule. src/terms/kernel/kernel_check.c
 * says it likewise. @param {Sizes} sizes */
export const sizeClassOf = (sizes) => [...sizes.values()].map((size) => (size > 0 ? 2 ** Math.ceil(Math.log2(size)) : 0)).join('x');

/** The largest sizes of a class; null: it is none of so many. @param {string} text @param {readonly string[]} names @returns {Map<string, number> | null} */
export function sizesOfClass(text, names) {
    if (!/^\d{1,10}(x\d{1,10})*$/.test(text)) return null;
    const sizes = text.split('x').map(Number);
    const isOne = sizes.length === names.length && sizes.every((size) => size === 0 || Number.isInteger(Math.log2(size)));
    return isOne ? new Map(names.map((name, i) => [name, sizes[i]])) : null;
}
