const WASM = `${location.origin}/litert/core/wasm/`;

/** LiteRT's module, whose import of a package by its bare name no worker resolves. */
async function fetchLibrary() {
    const text = await (await fetch('/litert/core/dist/index.js')).text();
    const script = text.replaceAll('"@litertjs/wasm-utils"', `"${location.origin}/litert/wasm-utils/dist/index.js"`);
    return import(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));
}

let loading;

/** On one thread it has a build of its own. */
async function loadLibrary(threads) {
    const library = await fetchLibrary(), isThreaded = threads > 1;
    // It would take this file for its own, and look for the others beside it.
    self.Module = { locateFile: (name) => WASM + name, ...isThreaded && { mainScriptUrlOrBlob: `${WASM}litert_wasm_threaded_internal.js` } };
    await library.loadLiteRt(WASM, { threads: isThreaded });
    return library;
}

const fetchBytes = async (url) => (await fetch(url)).arrayBuffer();

/** A model in LiteRT as its documentation shows it, with the inputs of one case. */
async function load({ name, threads, inputs }) {
    const { loadAndCompile, Tensor } = await (loading ??= loadLibrary(threads));
    const model = await loadAndCompile(`/models/${name}/model.tflite`, { accelerator: 'wasm', cpuOptions: { numThreads: threads } });
    const given = await Promise.all(inputs.map(async ({ shape, file }) =>
        ({ shape, data: new Float32Array(await fetchBytes(`/models/${name}/${file}`)) })));
    return async () => {
        const tensors = given.map(({ data, shape }) => new Tensor(data, shape));
        const outputs = await model.run(tensors);
        const arrays = outputs.map((output) => output.toTypedArray());
        for (const one of [...tensors, ...outputs]) one.delete();
        return arrays;
    };
}

const answering = import('./models.mjs').then(({ answers }) => answers(load));
onmessage = async (message) => (await answering)(message);
