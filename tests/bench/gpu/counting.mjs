/**
 * What a page's engine asks of WebGPU: dispatches, bytes, and the time by the GPU's own clock. A copy of the built page counts
 * them at the head of its engine's worker, so that the page that is timed has nothing of it.
 */
import { evaluated } from '../../lib/devtools.mjs';
import { spoiledPage } from '../../lib/spoiled-page.mjs';

const CHANNEL = 'webinfer-counts';
/** The workers that ask a GPU for something. */
const WORKERS = ['engine-webgpu', 'engine-gpu_kernels', 'engine-gpu_llama'];
/** Answers are waited for so long. */
const PATIENCE_MS = { take: 10_000, move: 20_000 };
/** Who computes models: their worker, or a page of the bench's own. */
const COUNTER = '/engine-webgpu-|[.]html$/';

/** At the head of an engine's worker. It is serialised. @param {{channel: string}} how */
function count({ channel: name }) {
    if (!globalThis.GPUDevice) return;
    const PASSES = 32; // of an encoder that are timed; those behind them are counted
    const channel = new BroadcastChannel(name), pending = new Set(), encoders = new WeakMap(), timed = new WeakMap();
    const { createQuerySet, createBuffer } = GPUDevice.prototype, { mapAsync } = GPUBuffer.prototype;
    let counts, device, pool = [];
    const begin = () => {
        counts = { dispatches: 0, passes: 0, untimed_passes: 0, submits: 0, maps: 0, buffers: 0, bytes_written: 0, bytes_read: 0, gpu_ms: null };
    };
    /** @param {any} prototype @param {string} method @param {(original: any, args: any[], self: any) => any} around */
    const wrap = (prototype, method, around) => {
        const original = prototype[method];
        prototype[method] = function (...args) { return around((...more) => original.apply(this, more), args, this); };
    };
    /** A set of queries, and the buffers that they are read through. */
    const clockOf = (owner) => pool.pop() ?? {
        set: createQuerySet.call(owner, { type: 'timestamp', count: 2 * PASSES }),
        resolved: createBuffer.call(owner, { size: 16 * PASSES, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC }),
        read: createBuffer.call(owner, { size: 16 * PASSES, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
    };
    const readClock = async ({ clock, used }) => {
        await mapAsync.call(clock.read, GPUMapMode.READ);
        const times = new BigUint64Array(clock.read.getMappedRange());
        for (let i = 0; i < used; i++) counts.gpu_ms = (counts.gpu_ms ?? 0) + Math.max(0, Number(times[2 * i + 1] - times[2 * i]) / 1e6);
        clock.read.unmap();
        pool.push(clock);
    };

    wrap(GPUAdapter.prototype, 'requestDevice', async (request, [given = {}], adapter) => {
        const requiredFeatures = [...given.requiredFeatures ?? []];
        if (adapter.features.has('timestamp-query')) requiredFeatures.push('timestamp-query');
        device = await request({ ...given, requiredFeatures });
        pool = [];
        return device;
    });
    wrap(GPUDevice.prototype, 'createCommandEncoder', (create, args, owner) => {
        const encoder = create(...args);
        if (owner.features.has('timestamp-query')) encoders.set(encoder, { owner, clock: null, used: 0 });
        return encoder;
    });
    wrap(GPUDevice.prototype, 'createBuffer', (create, [given]) => {
        counts.buffers++;
        if (given.mappedAtCreation) counts.bytes_written += given.size;
        return create(given);
    });
    wrap(GPUCommandEncoder.prototype, 'beginComputePass', (start, [given = {}], encoder) => {
        const mine = encoders.get(encoder);
        counts.passes++;
        if (!mine || given.timestampWrites || mine.used === PASSES) {
            counts.untimed_passes++;
            return start(given);
        }
        mine.clock ??= clockOf(mine.owner);
        const at = 2 * mine.used++;
        return start({ ...given, timestampWrites: { querySet: mine.clock.set, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 } });
    });
    wrap(GPUCommandEncoder.prototype, 'finish', (finish, args, encoder) => {
        const mine = encoders.get(encoder);
        if (mine?.used > 0) {
            encoder.resolveQuerySet(mine.clock.set, 0, 2 * mine.used, mine.clock.resolved, 0);
            encoder.copyBufferToBuffer(mine.clock.resolved, 0, mine.clock.read, 0, 16 * mine.used);
        }
        const commands = finish(...args);
        if (mine?.used > 0) timed.set(commands, mine);
        return commands;
    });
    for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect'])
        wrap(GPUComputePassEncoder.prototype, method, (dispatch, args) => {
            counts.dispatches++;
            return dispatch(...args);
        });
    wrap(GPUQueue.prototype, 'submit', (submit, [list]) => {
        counts.submits++;
        submit(list);
        for (const commands of list) {
            if (!timed.has(commands)) continue;
            const reading = readClock(timed.get(commands)).catch(() => {}).finally(() => pending.delete(reading));
            pending.add(reading);
        }
    });
    wrap(GPUQueue.prototype, 'writeBuffer', (write, args) => {
        const [, , data, from = 0, size] = args, each = data.BYTES_PER_ELEMENT ?? 1;
        counts.bytes_written += size === undefined ? data.byteLength - from * each : size * each;
        return write(...args);
    });
    wrap(GPUBuffer.prototype, 'mapAsync', (map, args, buffer) => {
        counts.maps++;
        if (args[0] & GPUMapMode.READ) counts.bytes_read += args[2] ?? buffer.size - (args[1] ?? 0);
        return map(...args);
    });
    begin();

    /** Median ms of writing and of reading so many bytes, with nothing computed between. */
    const moves = async (written, read) => {
        const size = Math.ceil(Math.max(written, read, 4) / 4) * 4, bytes = new Uint8Array(Math.ceil(Math.max(written, 4) / 4) * 4), times = [];
        const kept = createBuffer.call(device, { size, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
        const back = Math.ceil(Math.max(read, 4) / 4) * 4, out = createBuffer.call(device, { size: back, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
        for (let i = 0; i < 9; i++) {
            const began = performance.now(), encoder = device.createCommandEncoder();
            device.queue.writeBuffer(kept, 0, bytes);
            encoder.copyBufferToBuffer(kept, 0, out, 0, back);
            device.queue.submit([encoder.finish()]);
            await mapAsync.call(out, GPUMapMode.READ);
            new Uint8Array(out.getMappedRange()).slice();
            out.unmap();
            times.push(performance.now() - began);
        }
        kept.destroy();
        out.destroy();
        return times.sort((a, b) => a - b)[4];
    };
    channel.onmessage = async ({ data }) => {
        if (data.take) {
            while (pending.size > 0) await Promise.all(pending);
            channel.postMessage({ who: location.pathname, counts });
            begin();
        } else if (data.move && device) {
            const empty = await moves(4, 4), whole = await moves(...data.move);
            channel.postMessage({ moved: { empty_ms: empty, moving_ms: Math.max(0, whole - empty) } });
            begin();
        }
    };
}

/** The built page, counting; the folder is the caller's to remove. */
export const countingPage = () => spoiledPage(Object.fromEntries(WORKERS.map((worker) => [worker, count])), { channel: CHANNEL });

/** Has a page that is open count likewise. @param {{evaluated: (expression: string) => Promise<any>}} tab */
export const countIn = (tab) => tab.evaluated(`Promise.resolve((${count})(${JSON.stringify({ channel: CHANNEL })})).then(() => 'true')`);

/** Asks whoever counts in a browser, and gives the first answer that has something. @param {(expression: string) => Promise<any>} evaluate */
async function askCounters(evaluate, question, wanted, patience) {
    return evaluate(`new Promise((resolve) => {
        const channel = new BroadcastChannel(${JSON.stringify(CHANNEL)}), end = (answer) => { channel.close(); resolve(JSON.stringify(answer)); };
        channel.onmessage = ({ data }) => (${wanted})(data) && end(data);
        channel.postMessage(${JSON.stringify(question)});
        setTimeout(end, ${patience}, null);
    })`);
}

/** @param {import('../../lib/daemon.mjs').Daemon} daemon of the counting page */
const inPageOf = (daemon) => (expression) => evaluated(daemon.temporary, expression);

/** What models have asked of WebGPU since the last call; null: nobody has counted. @param {(expression: string) => Promise<any>} evaluate in that origin
 * @returns {Promise<Record<string, any> | null>} */
export const takeCountsBy = async (evaluate) =>
    (await askCounters(evaluate, { take: true }, `({ who, counts }) => counts && ${COUNTER}.test(who)`, PATIENCE_MS.take))?.counts ?? null;

/** Of the daemon's page. @param {import('../../lib/daemon.mjs').Daemon} daemon of the counting page */
export const takeCounts = (daemon) => takeCountsBy(inPageOf(daemon));

/** ms of writing and reading so many bytes, beside those of an empty round trip. @returns {Promise<{empty_ms: number, moving_ms: number} | null>} */
export const moveBytes = async (daemon, written, read) =>
    (await askCounters(inPageOf(daemon), { move: [written, read] }, '({ moved }) => moved', PATIENCE_MS.move))?.moved ?? null;
