/**
 * Computes on this device, through the engine workers, without the service: each platform gets a worker, which ends when its
 * tests have. Our own kernels compute; on WebNN, which they do not know, onnxruntime-web computes the same as graphs.
 */
import { decode, encode } from '../shared/frame.js';
import { Channel } from '../shared/channel.js';
import { median } from '../shared/median.js';
import { Engines } from '../ui/engines.js';
import { isRight, MEASURED, measured, TESTS } from './device_tests.js';

/** @import { Build, FromEngine, PlatformReport, RunMessage, ToEngine, ToLink } from '../shared/messages.js' */
/** @import { DeviceTest } from './device_tests.js' */
/** `ms`: of a run after the first; `samples`: of several, of which `ms` is the median then.
 * @typedef {{test: string, right: boolean, ms: number | null, samples?: number[], problem?: string}} Row */
/** `reason`: why it is not available; `failed`: although it should be. @typedef {{platform: string, adapter: string, reason: string, failed: boolean, rows: Row[]}} Found */
/** With what a platform is tested: the scripts of engine workers, and what is told of the bytes that they fetch.
 * @typedef {{scripts: Record<Build, string>, fetched: (bytes: number) => void, power: 'high-performance' | 'low-power'}} Means */

/** What a platform is tested with: its engine worker, and what a browser has that has the platform.
 * @type {Readonly<Record<string, {build: Build, engine: 'kernels' | 'ort', needs?: string}>>} */
export const PLATFORMS = Object.freeze({
    wasm: { build: 'kernels', engine: 'kernels' },
    webgpu: { build: 'gpu_kernels', engine: 'kernels', needs: 'gpu' },
    webgl: { build: 'gl_kernels', engine: 'kernels' },
    webnn: { build: 'webnn', engine: 'ort', needs: 'ml' },
});
/** The longest wait for a worker or an answer. */
const PATIENCE_MS = 60_000;
/** An odd number, so that one of the times is the median. */
const MEASURED_RUNS = 11;
const FRAME_MOST = 1 << 26;
const THREADS_MOST = 4;
/** Characters of a message of an engine that are shown. */
const PROBLEM_MOST = 200;

/** What an engine says of a task. */
class Refused extends Error {
    /** @param {import('../shared/messages.js').ErrorBody} error */
    constructor({ code, message }) {
        super(message);
        this.code = code;
    }
}

/** @param {unknown} error */
const isUnsupported = (error) => error instanceof Refused && error.code === 'platform_unsupported';

/** @param {unknown} error */
const problemOf = (error) => (error instanceof Error ? error.message : String(error)).slice(0, PROBLEM_MOST);

/** One worker, as the link worker would speak with it. */
class Peer {
    /** @param {string} platform @param {Means} means */
    constructor(platform, { scripts, fetched, power }) {
        const { build, engine } = PLATFORMS[platform];
        this._engine = engine;
        /** @type {((message: FromEngine) => void) | null} */
        this._hear = null;
        /** @type {Channel<FromEngine, ToEngine> | null} */
        this._channel = null;
        this._ids = 0;
        this._fail = (/** @type {Error} */ _error) => {};
        this._engines = new Engines(scripts, () => ({ nudge: true, gpu: false, power }), (message) => this._onWorker(message), fetched);
        this._engines.begin(build, build);
    }

    /** @param {ToLink} message what the link worker would be told */
    _onWorker(message) {
        if (message.type === 'engine') this._channel = new Channel(message.port, message.memory, 0, (said) => this._hear?.(/** @type {FromEngine} */ (said)));
        else if (message.type === 'engine_died') this._fail(new Error(message.reason));
    }

    /** @template T @param {(message: FromEngine) => T | undefined} take @returns {Promise<T>} @throws {Error} */
    async _wait(take) {
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        let timer;
        try {
            return await new Promise((resolve, reject) => {
                timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
                this._fail = reject;
                this._hear = (message) => {
                    if (message.type === 'device_lost') return reject(new Error(message.reason));
                    const taken = take(message);
                    if (taken !== undefined) resolve(taken);
                };
            });
        } finally {
            clearTimeout(timer);
            this._hear = null;
        }
    }

    /** @returns {Promise<PlatformReport>} */
    async probe() {
        const report = await this._wait((message) => (message.type === 'capabilities' ? Object.values(message.platforms)[0] : undefined));
        const threads = Math.min(THREADS_MOST, navigator.hardwareConcurrency || 1);
        this._channel?.post({ type: 'settings', settings: { credential: '', threads, max_frame: FRAME_MOST } });
        return report;
    }

    /** @param {DeviceTest} test @param {Partial<RunMessage>} more @returns {Promise<ArrayBuffer | null>} the answer's frame @throws {Error} */
    async _ask({ name, model, kernel }, more) {
        const attempt = `test-${++this._ids}`, isGraph = this._engine === 'ort';
        const answered = this._wait((said) => {
            if (said.type === 'failure' && said.attempt === attempt) return { error: said.error, frame: null };
            return said.type === 'answer' && said.attempt === attempt ? { error: null, frame: said.frame } : undefined;
        });
        const files = isGraph ? [{ path: 'model.onnx', url: '', bytes: 0, hash: '' }] : [];
        this._channel?.post({
            type: 'run', attempt, load_only: false, message_id: attempt, reply_to: attempt, from: '', key: isGraph ? name : model, precision: null,
            outputs: [], input: null, model: { name: isGraph ? name : model, hash: '', engine: this._engine, files }, fallbacks: [],
            tensors: [], frame: null, section: 0, options: {}, ...(kernel && !isGraph ? { kernel } : {}), ...more,
        });
        const { error, frame } = await answered;
        if (error) throw new Refused(error);
        return frame;
    }

    /** What computes is there from then on. @param {DeviceTest} test @throws {Error} */
    async load(test) {
        await this._ask(test, { load_only: true, ...(this._engine === 'ort' ? { frame: test.graph().buffer } : {}) });
    }

    /** @param {DeviceTest} test @returns {Promise<{values: Float32Array, ms: number, adapter: string}>} @throws {Error} */
    async run(test) {
        const tensors = test.inputs.map(({ name, shape, values }) => ({ name, datatype: 'FP32', shape, bytes: new Uint8Array(values.buffer.slice(0)) }));
        const asked = encode({ id: 'test', type: 'task_request', from: '', timestamp: 0, data: {} }, tensors), { message, section } = decode(asked);
        const got = await this._ask(test, { tensors: message.data.tensors, frame: asked, section });
        if (!got) throw new Error('the answer is empty');
        const answer = decode(got), [entry] = answer.message.data.tensors, { adapter } = answer.message.data.executed_on;
        const from = answer.section + entry.offset;
        return { values: new Float32Array(got.slice(from, from + entry.byte_length)), ms: answer.message.data.performance.inference_ms,
            adapter: adapter ? [adapter.vendor, adapter.architecture, adapter.description].filter(Boolean).join(' ') : '' };
    }

    end() {
        this._channel?.close();
        this._engines.closeAll();
    }
}

/** @param {Means} means @param {string} platform @param {(peer: Peer, found: Found) => Promise<void>} work @returns {Promise<Found>} */
async function withPeer(means, platform, work) {
    const { needs } = PLATFORMS[platform];
    /** @type {Found} */
    const found = { platform, adapter: '', reason: '', failed: false, rows: [] };
    if (needs && !(needs in navigator)) return { ...found, reason: `this browser has no navigator.${needs} here` };
    const peer = new Peer(platform, means);
    try {
        const report = await peer.probe();
        if (report.available) await work(peer, found);
        else found.reason = String(report.reason ?? 'it is not available');
    } catch (error) {
        found.reason = problemOf(error);
        found.failed = !isUnsupported(error);
    } finally {
        peer.end();
    }
    return found;
}

/** Runs every test on a platform. @param {Means} means @param {string} platform */
export const check = (means, platform) => withPeer(means, platform, async (peer, found) => {
    for (const test of TESTS) found.rows.push(await rowOf(peer, test, found));
});

/** @param {Peer} peer @param {DeviceTest} test @param {Found} found @returns {Promise<Row>} */
async function rowOf(peer, test, found) {
    try {
        await peer.load(test);
        await peer.run(test); // the first compiles
        const { values, ms, adapter } = await peer.run(test);
        found.adapter ||= adapter;
        return { test: test.name, right: isRight(values, test.answer()), ms };
    } catch (error) {
        // WebGL is only tried then.
        if (found.rows.length === 0 && isUnsupported(error)) throw error;
        return { test: test.name, right: false, ms: null, problem: problemOf(error) };
    }
}

/** Measures a product of matrices. @param {Means} means @param {string} platform */
export const measure = (means, platform) => withPeer(means, platform, async (peer, found) => {
    const test = measured(), samples = [];
    await peer.load(test);
    const first = await peer.run(test);
    for (let i = 0; i < MEASURED_RUNS; i++) samples.push((await peer.run(test)).ms);
    found.adapter = first.adapter;
    found.rows.push({ test: MEASURED, right: isRight(first.values, test.answer()), ms: median(samples), samples });
});
