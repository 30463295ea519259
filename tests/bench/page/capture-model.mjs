/** Whether onnxruntime-web captures a model's graph on WebGPU, and why not. */

/** Lines of onnxruntime's log that name a node outside the GPU. */
const ELSEWHERE = /(?:kernel not found in registries for Op type: (?<type>\S+) node name: ?(?<name>.*))|(?:Force fallback to CPU execution for node: (?<forced>.*?)(?: because|$))/;
const STORAGE = 128 | 8 | 4; // GPUBufferUsage: STORAGE, COPY_DST, COPY_SRC
/** Runs of each session that are not timed, in which it is captured, and the most of those that are. */
const UNTIMED = 2, TIMED_MOST = 200;
const ARRAYS = {
    float32: Float32Array, float64: Float64Array, int32: Int32Array, int64: BigInt64Array, uint32: Uint32Array,
    uint8: Uint8Array, int8: Int8Array, bool: Uint8Array, float16: globalThis.Float16Array ?? Uint16Array,
};

const logged = [];
for (const level of ['log', 'info', 'warn', 'error']) {
    const print = console[level].bind(console);
    console[level] = (...words) => {
        logged.push(words.join(' '));
        if (level === 'error') print(...words);
    };
}
let bindGroups = 0;
const { createBindGroup } = GPUDevice.prototype;
GPUDevice.prototype.createBindGroup = function (descriptor) {
    bindGroups++;
    return createBindGroup.call(this, descriptor);
};
const ort = await import('/ort/ort.jspi.min.mjs'); // it keeps the console's functions
ort.env.wasm.wasmPaths = '/ort/';
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error'; // sessions have levels of their own

const fetchBytes = async (url) => (await fetch(url)).arrayBuffer();

const optionsOf = (isCaptured, sizes = {}, logSeverityLevel = 3) => ({
    executionProviders: [{ name: 'webgpu' }], enableGraphCapture: isCaptured, freeDimensionOverrides: sizes, logSeverityLevel,
});

/** Sizes of the named dimensions, from the inputs' shapes. */
function sizesOf(session, shapes) {
    const named = session.inputMetadata.flatMap(({ name, shape = [] }) =>
        shape.flatMap((size, axis) => (typeof size === 'string' ? [[size, shapes[name][axis]]] : [])));
    return Object.fromEntries(named);
}

/** The inputs, and others of the same shapes: their floats in reverse order. */
function feedsOf(inputs, arrays) {
    const tensors = (change) => Object.fromEntries(inputs.map(({ name, dtype, shape }) => {
        const data = arrays[name];
        return [name, new ort.Tensor(dtype, change && /^float/.test(dtype) ? data.slice().reverse() : data, shape)];
    }));
    return [tensors(false), tensors(true)];
}

/** A tensor on the device, of a size that it can write. */
function onDevice(device, { type, dims, data }) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const whole = new Uint8Array(Math.max(16, Math.ceil(bytes.length / 16) * 16));
    whole.set(bytes);
    const buffer = device.createBuffer({ size: whole.length, usage: STORAGE });
    device.queue.writeBuffer(buffer, 0, whole);
    return { tensor: ort.Tensor.fromGpuBuffer(buffer, { dataType: type, dims }), write: ({ data: other }) => {
        whole.set(new Uint8Array(other.buffer, other.byteOffset, other.byteLength));
        device.queue.writeBuffer(buffer, 0, whole);
    }, buffer };
}

async function readBack(device, buffer, { type, data: { length, byteLength } }) {
    const size = Math.ceil(byteLength / 4) * 4, read = device.createBuffer({ size, usage: 1 | 8 }); // MAP_READ, COPY_DST
    const commands = device.createCommandEncoder();
    commands.copyBufferToBuffer(buffer, 0, read, 0, size);
    device.queue.submit([commands.finish()]);
    await read.mapAsync(1);
    const bytes = read.getMappedRange().slice(0);
    read.destroy();
    return new ARRAYS[type](bytes, 0, length);
}

/** 'equal', 'within the tolerance' or 'different'. */
function compare(got, want, { rtol, atol }) {
    let isEqual = true;
    for (let i = 0; i < want.length; i++) {
        const [a, b] = [Number(got[i]), Number(want[i])];
        if (Object.is(a, b) || a === b) continue;
        isEqual = false;
        if (!(Math.abs(a - b) <= atol + rtol * Math.abs(b))) return 'different';
    }
    return isEqual ? 'equal' : 'within the tolerance';
}

/** Inputs that stay on the device. */
function keep(device, feeds) {
    const kept = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, onDevice(device, tensor)]));
    return {
        inputs: Object.fromEntries(Object.entries(kept).map(([name, { tensor }]) => [name, tensor])),
        write: (others) => Object.entries(kept).forEach(([name, { write }]) => write(others[name])),
        destroy: () => Object.values(kept).forEach(({ buffer }) => buffer.destroy()),
    };
}

/** Runs a captured session on both inputs, the first of them twice. Its outputs are made by onnxruntime-web. */
async function runs(session, feeds, expected, tolerance) {
    const device = await ort.env.webgpu.device, { inputs, write, destroy } = keep(device, feeds[0]), results = [], groups = [];
    for (const which of [0, 0, 1]) {
        write(feeds[which]);
        const before = bindGroups, outputs = await session.run(inputs);
        groups.push(bindGroups - before);
        const ofRun = [];
        for (const [name, tensor] of Object.entries(outputs)) {
            const want = expected[which][name];
            const got = tensor.location === 'cpu' ? tensor.data : await readBack(device, tensor.gpuBuffer, want);
            ofRun.push(compare(got, want.data, tolerance));
        }
        results.push(['different', 'within the tolerance', 'equal'].find((one) => ofRun.includes(one)));
    }
    destroy();
    const isSame = results.every((one) => one === results[0]);
    return { answers: isSame ? results[0] : results.join(', then '), bind_groups: groups };
}

const shortOf = (error) => String(error?.message ?? error).replace(/\s+/g, ' ').slice(0, 400);

/** Nodes that are not on the GPU, as onnxruntime logs them. */
async function nodesElsewhere(bytes, sizes) {
    logged.length = 0;
    await ort.InferenceSession.create(bytes, optionsOf(true, sizes, 1)).then((session) => session.release(), () => {});
    const nodes = logged.map((line) => ELSEWHERE.exec(line)?.groups).filter(Boolean)
        .map(({ type, name, forced }) => (forced === undefined ? `${type} '${name.trim()}'` : `forced to the CPU: ${forced.trim()}`));
    return [...new Set(nodes)].slice(0, 12);
}

/** @returns what happened with these sizes of free dimensions */
async function attempt(bytes, sizes, feeds, expected, tolerance) {
    let session;
    try {
        session = await ort.InferenceSession.create(bytes, optionsOf(true, sizes));
    } catch (error) {
        return { stage: 'create', reason: shortOf(error) };
    }
    try {
        return { stage: 'done', ...await runs(session, feeds, expected, tolerance) };
    } catch (error) {
        return { stage: 'run', reason: shortOf(error) };
    } finally {
        await session.release().catch(() => {});
    }
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** ms of a run with and without capture, by turns, on inputs that change: from writing the inputs to reading the outputs. */
async function compareTimes(bytes, sizes, feeds, expected, ms) {
    const sessions = { // which have a device only together: that of sessions before them has gone
        plain: await ort.InferenceSession.create(bytes, { ...optionsOf(false, sizes), preferredOutputLocation: 'gpu-buffer' }),
        captured: await ort.InferenceSession.create(bytes, optionsOf(true, sizes)),
    };
    const device = await ort.env.webgpu.device, { inputs, write, destroy } = keep(device, feeds[0]), times = { plain: [], captured: [] };
    let begin = 0;
    for (let run = 0; run <= UNTIMED || (performance.now() - begin < ms && run < TIMED_MOST); run++) {
        if (run === UNTIMED) begin = performance.now();
        for (const [who, session] of Object.entries(sessions)) {
            const began = performance.now();
            write(feeds[run % 2]);
            const outputs = await session.run(inputs);
            for (const [name, tensor] of Object.entries(outputs))
                if (tensor.location !== 'cpu') await readBack(device, tensor.gpuBuffer, expected[run % 2][name]);
            if (run >= UNTIMED) times[who].push(performance.now() - began);
            if (who === 'plain') for (const tensor of Object.values(outputs)) tensor.dispose();
        }
    }
    destroy();
    for (const session of Object.values(sessions)) await session.release().catch(() => {});
    return { plain_ms: median(times.plain), captured_ms: median(times.captured), runs: times.plain.length };
}

/** The values of inputs, by their names: those of a file, or others. */
async function arraysOf(name, inputs) {
    const values = async ({ dtype, shape, file }) => (file ? new ARRAYS[dtype](await fetchBytes(`/models/${name}/${file}`))
        : ARRAYS[dtype].from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => ((i * 31) % 101) / 101 - 0.5));
    return Object.fromEntries(await Promise.all(inputs.map(async (input) => [input.name, await values(input)])));
}

/** A model without capture, as onnxruntime-web's documentation shows it. @returns {Promise<() => Promise<any>>} what runs it */
export async function plain({ name, inputs }) {
    const session = await ort.InferenceSession.create(new Uint8Array(await fetchBytes(`/models/${name}/model.onnx`)), optionsOf(false));
    const [feeds] = feedsOf(inputs, await arraysOf(name, inputs));
    return () => session.run(feeds);
}

/** @param {{name: string, file?: string, inputs: any[], rtol: number, atol: number, timeMs?: number}} what inputs have a file, or
 * are filled; `timeMs`: runs are also timed for so long, and not tried if a single one takes longer */
export async function capture({ name, file = 'model.onnx', inputs, timeMs = 0, ...tolerance }) {
    const bytes = new Uint8Array(await fetchBytes(`/models/${name}/${file}`)), arrays = await arraysOf(name, inputs);
    const shapes = Object.fromEntries(inputs.map(({ name: input, shape }) => [input, shape]));
    let session, sizes, feeds, lastMs = 0;
    const expected = [];
    try {
        session = await ort.InferenceSession.create(bytes, optionsOf(false));
        sizes = sizesOf(session, shapes);
        feeds = feedsOf(inputs, arrays);
        for (const one of feeds) {
            const began = performance.now();
            expected.push(await session.run(one));
            lastMs = performance.now() - began;
        }
        await session.release();
        if (timeMs > 0 && lastMs > timeMs) return { name, plain: `a run takes ${(lastMs / 1000).toFixed(1)} s` };
    } catch (error) {
        return { name, plain: shortOf(error) };
    }
    const free = await attempt(bytes, {}, feeds, expected, tolerance);
    const isFree = Object.keys(sizes).length > 0;
    const fixed = free.stage !== 'done' && isFree ? await attempt(bytes, sizes, feeds, expected, tolerance) : null;
    const isNone = [free, fixed].every((one) => one?.stage !== 'done');
    if (timeMs > 0 && !isNone) {
        const [made, given] = free.stage === 'done' ? [free, {}] : [fixed, sizes];
        Object.assign(made, await compareTimes(bytes, given, feeds, expected, timeMs));
    }
    return { name, sizes, free, fixed, elsewhere: isNone ? await nodesElsewhere(bytes, sizes) : [] };
}
