/** Whether onnxruntime-web captures a model's graph on WebGPU, and why not. */

/** Lines of onnxruntime's log that name a node outside the GPU. */
const ELSEWHERE = /(?:kernel not found in registries for Op type: (?<type>\S+) node name: ?(?<name>.*))|(?:Force fallback to CPU execution for node: (?<forced>.*?)(?: because|$))/;
const STORAGE = 128 | 8 | 4; // GPUBufferUsage: STORAGE, COPY_DST, COPY_SRC
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
const ort = await import('/ort/ort.webgpu.min.mjs'); // it keeps the console's functions
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

/** Runs a captured session on both inputs, the first of them twice. Its outputs are made by onnxruntime-web. */
async function runs(session, feeds, expected, tolerance) {
    const device = await ort.env.webgpu.device, kept = {}, results = [], groups = [];
    for (const [name, tensor] of Object.entries(feeds[0])) kept[name] = onDevice(device, tensor);
    const inputs = Object.fromEntries(Object.entries(kept).map(([name, { tensor }]) => [name, tensor]));
    for (const which of [0, 0, 1]) {
        for (const [name, { write }] of Object.entries(kept)) write(feeds[which][name]);
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
    for (const { buffer } of Object.values(kept)) buffer.destroy();
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

/** @param {{name: string, file?: string, inputs: any[], rtol: number, atol: number}} what inputs have a file, or are filled */
export async function capture({ name, file = 'model.onnx', inputs, ...tolerance }) {
    const bytes = new Uint8Array(await fetchBytes(`/models/${name}/${file}`));
    const arrays = {};
    for (const { name: input, dtype, shape, file: values } of inputs) {
        const count = shape.reduce((product, size) => product * size, 1);
        arrays[input] = values ? new ARRAYS[dtype](await fetchBytes(`/models/${name}/${values}`))
            : ARRAYS[dtype].from({ length: count }, (_, i) => ((i * 31) % 101) / 101 - 0.5);
    }
    const shapes = Object.fromEntries(inputs.map(({ name: input, shape }) => [input, shape]));
    let session, sizes, feeds;
    const expected = [];
    try {
        session = await ort.InferenceSession.create(bytes, optionsOf(false));
        sizes = sizesOf(session, shapes);
        feeds = feedsOf(inputs, arrays);
        for (const one of feeds) expected.push(await session.run(one));
        await session.release();
    } catch (error) {
        return { name, plain: shortOf(error) };
    }
    const free = await attempt(bytes, {}, feeds, expected, tolerance);
    const isFree = Object.keys(sizes).length > 0;
    const fixed = free.stage !== 'done' && isFree ? await attempt(bytes, sizes, feeds, expected, tolerance) : null;
    const isNone = [free, fixed].every((one) => one?.stage !== 'done');
    return { name, sizes, free, fixed, elsewhere: isNone ? await nodesElsewhere(bytes, sizes) : [] };
}
