/** A model in onnxruntime-web as its documentation shows it, with the inputs of one case. */
import * as ort from '/ort/ort.wasm.min.mjs';

ort.env.wasm.wasmPaths = '/ort/';
ort.env.logLevel = 'error';
const arrays = {
    float32: Float32Array, float64: Float64Array, int32: Int32Array, int64: BigInt64Array,
    uint8: Uint8Array, int8: Int8Array, bool: Uint8Array, float16: Uint16Array,
};

const fetchBytes = async (url) => (await fetch(url)).arrayBuffer();

/** @returns {Promise<{session: any, feeds: Record<string, any>}>} which has run once */
export async function load({ name, threads, inputs }) {
    ort.env.wasm.numThreads = threads;
    const session = await ort.InferenceSession.create(
        await fetchBytes(`/models/${name}/model.onnx`), { executionProviders: ['wasm'] });
    const feeds = {};
    for (const { name: input, dtype, shape, file } of inputs)
        feeds[input] = new ort.Tensor(
            dtype, new arrays[dtype](await fetchBytes(`/models/${name}/${file}`)), shape);
    await session.run(feeds);
    return { session, feeds };
}
