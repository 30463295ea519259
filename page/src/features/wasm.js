/** Features of WebAssembly in this browser, each tested by a module with one function, `f`, that computes. The bytes follow
 * https://webassembly.github.io/spec/core/binary/index.html and, for JSPI, https://github.com/WebAssembly/js-promise-integration */
import { varint } from '../pipeline/protobuf.js';
import { sharesMemory } from '../shared/memory.js';
import { failed, mustBeRight, no, yes } from './finding.js';

const I32 = 0x7f, F32 = 0x7d, FUNCTION = 0, MEMORY = 2;
const NAME = [1, 0x61]; // "a", of whatever is imported

/** @param {number[][]} items */
const list = (items) => [...varint(items.length), ...items.flat()];
/** @param {number} id @param {number[][]} items */
const section = (id, items) => (items.length > 0 ? [id, ...varint(list(items).length), ...list(items)] : []);

/** @param {number} type of its parameter and of its result @param {number[]} code of `f` @param {{imported?: number[], memory?: number[]}} [more]
 * the import: its kind and its description; and a memory of its own */
function moduleOf(type, code, { imported, memory } = {}) {
    const body = [0, ...code, 0x0b];
    return new WebAssembly.Module(Uint8Array.from([
        0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
        ...section(1, [[0x60, 1, type, 1, type]]),
        ...section(2, imported ? [[...NAME, ...NAME, ...imported]] : []),
        ...section(3, [[0]]),
        ...section(5, memory ? [memory] : []),
        ...section(7, [[1, 0x66, 0, imported?.[0] === FUNCTION ? 1 : 0]]),
        ...section(10, [[...varint(body.length), ...body]]),
    ]));
}

/** @param {WebAssembly.Module} module @param {any} [imported] @returns {any} its function */
const functionOf = (module, imported) => new WebAssembly.Instance(module, { a: { a: imported } }).exports.f;

/** @param {() => boolean} compute whether it came out right */
function computed(compute) {
    try {
        mustBeRight(compute());
        return yes();
    } catch (thrown) {
        return failed(thrown);
    }
}

/** The last lane of splat(x) · (1, 2, 3, 4). */
export const findSimd = () => computed(() => functionOf(moduleOf(I32, [
    0x20, 0, 0xfd, 0x11, // local.get 0, i32x4.splat
    0xfd, 0x0c, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, // v128.const
    0xfd, 0xb5, 0x01, 0xfd, 0x1b, 3, // i32x4.mul, i32x4.extract_lane 3
]))(7) === 28);

/** The last lane of x · x + x. */
export const findRelaxedSimd = () => computed(() => functionOf(moduleOf(F32, [
    0x20, 0, 0xfd, 0x13, 0x20, 0, 0xfd, 0x13, 0x20, 0, 0xfd, 0x13, // three times local.get 0, f32x4.splat
    0xfd, 0x85, 0x02, 0xfd, 0x1f, 3, // f32x4.relaxed_madd, f32x4.extract_lane 3
]))(3) === 12);

/** Stores a value at a 64-bit address, reads it again and adds one. */
export const findMemory64 = () => computed(() => functionOf(moduleOf(I32, [
    0x42, 8, 0x20, 0, 0x36, 2, 0, // i64.const 8, local.get 0, i32.store
    0x42, 8, 0x28, 2, 0, 0x41, 1, 0x6a, // i64.const 8, i32.load, i32.const 1, i32.add
], { memory: [4, 1] }))(41) === 42);

/** WebAssembly is suspended until the promise of a function that it calls has a value, to which it adds one. */
export async function findJspi() {
    const { Suspending, promising } = /** @type {any} */ (WebAssembly);
    if (!Suspending || !promising) return no('there is no WebAssembly.Suspending in this browser');
    const twice = new Suspending(async (/** @type {number} */ x) => {
        await new Promise((resolve) => { setTimeout(resolve, 1); });
        return x * 2;
    });
    const module = moduleOf(I32, [0x20, 0, 0x10, 0, 0x41, 1, 0x6a], { imported: [FUNCTION, 0] }); // local.get 0, call 0, i32.const 1, i32.add
    mustBeRight(await promising(functionOf(module, twice))(20) === 41);
    return yes();
}

/** A shared memory in which `f` adds 1, so many times, to the first word. */
const ADDING = [
    0x03, 0x40, // loop
    0x41, 0, 0x41, 1, 0xfe, 0x1e, 2, 0, 0x1a, // i32.const 0, i32.const 1, i32.atomic.rmw.add, drop
    0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, // local.get 0, i32.const 1, i32.sub, local.tee 0, br_if 0, end
    0x41, 0, 0xfe, 0x10, 2, 0, // i32.const 0, i32.atomic.load
];
const ROUNDS = 10_000;

/** Two workers add in the same memory. @param {import('./table.js').Tools} tools */
export async function findThreads({ thread }) {
    if (!sharesMemory()) return no('the page is not cross-origin isolated here, so that no memory is shared');
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const module = moduleOf(I32, ADDING, { imported: [MEMORY, 3, 1, 1] });
    const worker = new Worker(String(thread), { type: 'module', name: 'feature-thread' });
    try {
        const done = new Promise((resolve, reject) => {
            worker.onmessage = resolve;
            worker.onerror = (event) => reject(new Error(event.message || 'a worker of a worker could not be loaded'));
        });
        worker.postMessage({ module, memory, rounds: ROUNDS });
        addAll(module, memory, ROUNDS);
        await done;
        mustBeRight(new Int32Array(memory.buffer)[0] === 2 * ROUNDS);
        return yes();
    } finally {
        worker.terminate();
    }
}

/** @param {WebAssembly.Module} module @param {WebAssembly.Memory} memory @param {number} rounds */
export const addAll = (module, memory, rounds) => functionOf(module, memory)(rounds);
