import * as ort from '/ort/ort.wasm.min.mjs';

ort.env.wasm.wasmPaths = '/ort/';
ort.env.logLevel = 'error';
const arrays = {
    float32: Float32Array, float64: Float64Array, int32: Int32Array, int64: BigInt64Array,
    uint8: Uint8Array, int8: Int8Array, bool: Uint8Array, float16: Uint16Array,
};
const models = new Map();

const fetchBytes = async (url) => (await fetch(url)).arrayBuffer();

const verbs = {
    async load({ name, threads, inputs }) {
        ort.env.wasm.numThreads = threads;
        const session = await ort.InferenceSession.create(
            await fetchBytes(`/models/${name}/model.onnx`), { executionProviders: ['wasm'] });
        const feeds = {};
        for (const { name: input, dtype, shape, file } of inputs)
            feeds[input] = new ort.Tensor(
                dtype, new arrays[dtype](await fetchBytes(`/models/${name}/${file}`)), shape);
        models.set(name, { session, feeds });
        await session.run(feeds);
        return crossOriginIsolated;
    },
    /**
     * Runs for about `ms`, at least three times; gives each run's milliseconds. With `pause` there
     * are that many milliseconds between two runs, as there are for a server: caches cool down and
     * the engine's threads go to sleep.
     */
    async run({ name, ms, pause = 0 }) {
        const { session, feeds } = models.get(name);
        const times = [];
        const end = performance.now() + ms;
        do {
            const began = performance.now();
            await session.run(feeds);
            times.push(performance.now() - began);
            if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
        } while (performance.now() < end || times.length < 3);
        return times;
    },
};

onmessage = async ({ data: { id, verb, argument } }) => {
    try {
        postMessage({ id, value: await verbs[verb](argument) });
    } catch (error) {
        postMessage({ id, error: String(error) });
    }
};
