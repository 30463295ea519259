/**
 * Builds the page, the console and the laboratory's report: `node build.mjs OUTDIR`. Every file except index.html and the notices
 * has its content's hash in its name, so it can be cached for ever. Larger files also have compressed copies (compress.mjs).
 * The packages are found from here, or in the folder that WEBINFER_NODE_MODULES names.
 */
import fs from 'node:fs';
import path from 'node:path';
import { bundle as bundleOnly, compile, emit, finish, here, packageFolder } from './bundle.mjs';
import { holding, replaceOnce, sleepingSoon } from './changes.mjs';
import { buildConsole } from './console.mjs';
import { kernelFragments, kernelShaders, kernelsBinary } from './kernels.mjs';
import { changedLlama } from './llama_binary.mjs';
import { buildReport } from './report.mjs';
import { icon } from './icons.mjs';
import { HELD } from './src/engine/wasm_tensors.js';

/** The onnxruntime-web builds that are used: entry point, and the stem of module and binary. */
const BUILDS = {
    wasm: { entry: 'onnxruntime-web/wasm', stem: 'ort-wasm-simd-threaded' },
    webgpu: { entry: 'onnxruntime-web/webgpu', stem: 'ort-wasm-simd-threaded.asyncify' },
    webnn: { entry: 'onnxruntime-web/webgpu', stem: 'ort-wasm-simd-threaded.asyncify' }, // the same files
};
/** The builds that replace others where the browser can suspend WASM by itself (JSPI). Their binary is not
 * rewritten for suspension, so it is a third smaller and starts twice as fast. There is none for WebNN, where
 * every error of a graph would arrive as "unreachable", without its reason (onnxruntime-web 1.30). */
const SUSPENDED = { webgpu: { entry: 'onnxruntime-web/jspi', stem: 'ort-wasm-simd-threaded.jspi' } };
/** llama.cpp in WASM: where memory has 64-bit addresses and WASM can be suspended, and where not. */
const LLAMA = {
    jspi64: { package: '@wllama/wllama', folder: 'src/wasm' },
    compat32: { package: '@wllama/wllama-compat', folder: 'wasm' },
};
/** The engine workers that it is in: on wasm, on webgpu. */
const LLAMA_WORKERS = ['llama', 'gpu_llama'];
/** The changes that turn emscripten's script into a module; each place is found exactly once. */
const AS_MODULE = [
    ['var Module=typeof Module!="undefined"?Module:{};', ''], // handed in
    ['await _wllama_js_file_read(', 'await readPiece('],
    ['var onPostRuns=[];', 'Module.endThreads=PThread.terminateAllThreads;var onPostRuns=[];'],
];
/** The changes to transformers.js. A failed load no longer fails all later loads in the worker. Runs take turns
 * (src/engine/turns.js). A picture's planes are made faster (src/pipeline/permute.js). Keys and values that stay in WASM
 * memory are disposed of like those on a device (src/engine/wasm_tensors.js). Each place is found exactly once. The changes
 * to onnxruntime-web are in changes.mjs. */
const TRANSFORMERS = '@huggingface/transformers';
const STAYING = JSON.stringify(['gpu-buffer', HELD]);
const CHANGED = [
    ['webInitChain = webInitChain.then(load)', 'webInitChain = webInitChain.catch(() => {}).then(load)'],
    ['webInferenceChain = webInferenceChain.then(run)', 'run()'],
    ['function permute_data(array, dims, axes) {', 'function permute_data(array, dims, axes) {return permuted(array, dims, axes);'],
    ['oldValue.location === "gpu-buffer"', `${STAYING}.includes(oldValue.location)`],
    ['if (t.location === "gpu-buffer")', `if (${STAYING}.includes(t.location))`],
];
const OURS = Object.entries({ 'permute.js': 'permuted' }).map(([file, names]) =>
    `import { ${names} } from ${JSON.stringify(path.join(here, 'src/pipeline', file))};\n`).join('');
/** If a package has no licence file, the text of its repository is used. */
const LICENCE_FROM = {
    'onnxruntime-common': 'onnxruntime-web', '@wllama/wllama-compat': '@wllama/wllama',
};
/** The libraries that are compiled into the packages' binaries: names, licences (as texts/ has them), authors. */
const LIBRARIES = JSON.parse(fs.readFileSync(path.join(here, 'licences/libraries.json'), 'utf8'));
/** The packages that are compiled into the script of transformers.js. */
const IN_TRANSFORMERS = ['@huggingface/jinja', '@huggingface/tokenizers'];
/** `PACKAGE?another` is the package once more: an instance with settings of its own. */
const INSTANCES = {
    name: 'instances',
    setup(build) {
        build.onResolve({ filter: /\?another$/ }, async ({ path: name, ...where }) => {
            const found = await build.resolve(name.replace(/\?another$/, ''),
                { importer: where.importer, resolveDir: where.resolveDir, kind: where.kind });
            return { ...found, suffix: '?another' };
        });
        build.onLoad({ filter: /\/ort\.wasm\.min\.mjs$/ }, ({ path: file }) =>
            ({ contents: holding(fs.readFileSync(file, 'utf8')), loader: 'js' }));
    },
};

/** The script of tasks has these of the worker that loads it (src/pipeline/worker_globals.js). */
const FROM_WORKER = new Set(['src/engine/engine.js', 'src/engine/failure.js'].map((file) => path.join(here, file)));
const WORKERS_OWN = {
    name: 'worker-globals',
    setup(build) {
        const workerGlobals = { path: path.join(here, 'src/pipeline/worker_globals.js') };
        build.onResolve({ filter: /^onnxruntime-(?:web\/webgpu|common)$/ }, () => workerGlobals);
        build.onResolve({ filter: /^\..*\.js$/ }, ({ path: file, resolveDir }) =>
            (FROM_WORKER.has(path.resolve(resolveDir, file)) ? workerGlobals : undefined));
        build.onLoad({ filter: /transformers\.web\.js$/ }, ({ path: file }) =>
            ({ contents: OURS + replaceOnce(fs.readFileSync(file, 'utf8'), CHANGED, TRANSFORMERS), loader: 'js' }));
    },
};

async function main(out) {
    if (!out) throw new Error('usage: node build.mjs OUTDIR');
    fs.mkdirSync(out, { recursive: true });
    const bundled = new Set(['onnxruntime-web']);
    const engines = {}, suspending = {};
    const templates = await bundle(out, 'templates.js', 'src/chat/template_worker.js', {}, bundled);
    const scripts = {
        __PIPELINE__: JSON.stringify(await bundlePipeline(out, templates, bundled)),
        __PIPELINE_VERSION__: JSON.stringify(manifest(TRANSFORMERS).version),
    };
    for (const [build, one] of Object.entries(BUILDS)) {
        engines[build] = await bundleEngine(out, build, build, one, one, scripts, bundled);
        if (SUSPENDED[build])
            suspending[build] = await bundleEngine(out, build, `${build}-jspi`, one, SUSPENDED[build], scripts, bundled);
    }
    const llama = await bundleLlama(out, templates, bundled);
    const kernels = {
        kernels: await bundle(out, 'engine-kernels.js', 'src/workers/kernels.js',
            { __KERNELS_WASM__: emitBinary(out, 'kernels.wasm', kernelsBinary()) }, bundled),
        gpu_kernels: await bundle(out, 'engine-gpu_kernels.js', 'src/workers/gpu_kernels.js',
            { __KERNEL_SHADERS__: JSON.stringify(kernelShaders()) }, bundled),
        gl_kernels: await bundle(out, 'engine-gl_kernels.js', 'src/workers/gl_kernels.js',
            { __KERNEL_FRAGMENTS__: JSON.stringify(kernelFragments()) }, bundled),
    };
    const features = await bundleFeatures(out, bundled);
    // Short names make a tenth of it, which people load over slow lines.
    const peers = await bundleOnly(out, 'peers.js', 'src/peers/peers.js', { minifyIdentifiers: true }, bundled);
    const link = await bundle(out, 'link.js', 'src/link/worker.js', {}, bundled);
    const { version } = JSON.parse(fs.readFileSync(path.join(here, 'package.json'), 'utf8'));
    const nested = JSON.stringify(await bundle(out, 'nested.js', 'src/workers/nested.js', {}, bundled));
    const people = await bundle(out, 'people.js', 'src/people/people.js',
        { ...emitManifest(out), __NESTED_WORKER__: nested }, bundled);
    const script = await bundle(out, 'main.js', 'src/ui/main.js', {
        __LINK_WORKER__: JSON.stringify(link),
        __PEERS__: JSON.stringify(peers),
        __PEOPLE__: JSON.stringify(people),
        __NESTED_WORKER__: nested,
        __ENGINE_WORKERS__: JSON.stringify(engines),
        __SUSPENDING_WORKERS__: JSON.stringify(suspending),
        __LLAMA_WORKERS__: JSON.stringify(llama),
        __KERNELS_WORKERS__: JSON.stringify(kernels),
        __FEATURE_WORKERS__: JSON.stringify(features),
        __LLAMA_VERSION__: JSON.stringify(LIBRARIES.find(({ name }) => name === 'llama.cpp').version),
        __PAGE_VERSION__: JSON.stringify(version),
    }, bundled);
    await bundlePeer(path.join(out, '../peer'), version, bundled);
    const style = emit(out, 'style.css', fs.readFileSync(path.join(here, 'src/ui/style.css')));
    const html = fs.readFileSync(path.join(here, 'index.html'), 'utf8');
    fs.writeFileSync(path.join(out, 'index.html'), html.replace('%STYLE%', style).replace('%MAIN%', script));
    await buildConsole(path.join(out, '../console'), bundled);
    await buildReport(path.join(out, '../lab.html'), bundled);
    fs.writeFileSync(path.join(out, 'THIRD-PARTY-NOTICES'), notices(bundled));
    await finish(out);
}

/** Emits what browsers need to install the page of a person. @returns the names of the manifest and of the page's icon */
function emitManifest(out) {
    const icons = [[192, 'any'], [512, 'any'], [512, 'maskable']].map(([size, purpose]) => ({
        src: emit(out, `icon-${purpose}-${size}.png`, icon(size, purpose === 'maskable')), sizes: `${size}x${size}`, type: 'image/png', purpose,
    }));
    const manifest = emit(out, 'manifest.json', JSON.stringify({
        id: '/', name: 'webinfer', short_name: 'webinfer', description: 'Lends this browser to a service that runs models.',
        start_url: '/', scope: '/', display: 'standalone', background_color: '#ffffff', theme_color: '#1f5fa8', icons,
    }));
    return { __MANIFEST__: JSON.stringify(manifest), __ICON__: JSON.stringify(icons[0].src) };
}

/** Bundles the workers in which features are tried: one with nothing, and one with each build of onnxruntime-web. @returns their names */
async function bundleFeatures(out, bundled) {
    const thread = JSON.stringify(await bundle(out, 'feature-thread.js', 'src/workers/feature_thread.js', {}, bundled));
    const workers = { worker: await bundle(out, 'features.js', 'src/workers/features.js', { __FEATURE_THREAD__: thread }, bundled) };
    for (const [build, used] of Object.entries(BUILDS)) {
        const more = { __GRAPHS_PLATFORM__: JSON.stringify(build) };
        workers[build] = await bundleEngine(out, 'graph_features', `graph_features-${build}`, BUILDS.webgpu, used, more, bundled);
    }
    return workers;
}

/** Bundles the engine worker of `build`, as `name`, with `used` instead of the onnxruntime-web build that it
 * names; `scripts` are further scripts that it loads when it needs them. */
function bundleEngine(out, build, name, { entry }, used, scripts, bundled) {
    const dist = path.join(packageFolder('onnxruntime-web'), 'dist');
    const read = (extension) => fs.readFileSync(path.join(dist, `${used.stem}.${extension}`));
    return bundle(out, `engine-${name}.js`, `src/workers/${build}.js`,
        { __ORT_MJS__: JSON.stringify(emit(out, `${used.stem}.mjs`, read('mjs'))),
            __ORT_WASM__: emitBinary(out, `${used.stem}.wasm`, sleepingSoon(read('wasm'))), ...scripts },
        bundled, entry === used.entry ? {} : { [entry]: used.entry });
}

/** A native package that webinfer-peer finds when it runs, or not: what is bundled imports it, and gets it by `require`. */
const NATIVE = {
    name: 'native',
    setup(build) {
        build.onResolve({ filter: /^node-datachannel(\/polyfill)?$/ }, ({ path: name, kind }) =>
            (kind === 'require-call' ? { path: name, external: true } : { path: name, namespace: 'native' }));
        build.onLoad({ filter: /./, namespace: 'native' }, ({ path: name }) => ({ contents: `module.exports = require(${JSON.stringify(name)});`, loader: 'js' }));
    },
};

/** Bundles webinfer-peer, a program for Node.js, as one file. */
async function bundlePeer(out, version, bundled) {
    const { contents } = await compile('../peer/main.js', { platform: 'node', plugins: [NATIVE], define: { __VERSION__: JSON.stringify(version) },
        banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" } }, bundled);
    fs.mkdirSync(out, { recursive: true });
    fs.writeFileSync(path.join(out, 'webinfer-peer.mjs'), contents);
}

/** Bundles the script of tasks, which the engine workers load with their first model of these. @returns its name */
async function bundlePipeline(out, templates, bundled) {
    for (const one of IN_TRANSFORMERS) bundled.add(one);
    return bundle(out, 'pipeline.js', 'src/pipeline/script.js',
        { __TEMPLATE_WORKER__: JSON.stringify(templates), __LIKELIEST__: shader('likeliest'), __POOLED__: shader('pooled') },
        bundled, {}, [WORKERS_OWN]);
}

/** The WGSL of that name, as a constant. */
const shader = (name) => JSON.stringify(fs.readFileSync(path.join(here, `src/pipeline/${name}.wgsl`), 'utf8'));

/** Bundles the engine workers for language models, once for each build of llama.cpp. @returns their names */
async function bundleLlama(out, templates, bundled) {
    const workers = {};
    for (const [build, { package: name, folder }] of Object.entries(LLAMA)) {
        const read = (file) => fs.readFileSync(path.join(packageFolder(name), folder, file));
        bundled.add(name);
        const script = JSON.stringify(emit(out, `llama-${build}.mjs`, asModule(read('wllama.js').toString())));
        const thread = await bundle(out, `thread-llama-${build}.js`, 'src/workers/llama_thread.js', { __LLAMA_MJS__: script }, bundled);
        const define = {
            __LLAMA_BUILD__: JSON.stringify(build),
            __TEMPLATE_WORKER__: JSON.stringify(templates),
            __LLAMA_VERSION__: JSON.stringify(LIBRARIES.find(({ name }) => name === 'llama.cpp').version),
            __LLAMA_MJS__: script,
            __LLAMA_THREAD__: JSON.stringify(thread),
            __LLAMA_WASM__: emitBinary(out, `llama-${build}.wasm`, changedLlama(build, read('wllama.wasm'))),
        };
        workers[build] = {};
        for (const worker of LLAMA_WORKERS)
            workers[build][worker] = await bundle(out, `engine-${worker}-${build}.js`, `src/workers/${worker}.js`, define, bundled);
    }
    return workers;
}

/** A module of emscripten's script, which begins it with its settings and with what reads files. */
const asModule = (script) =>
    `export default function (Module, readPiece) {\n${replaceOnce(script, AS_MODULE, 'the script of @wllama')}\n}\n`;

/** Bundles one script of the page. */
const bundle = (out, name, source, define, bundled, alias = {}, plugins = [INSTANCES]) =>
    bundleOnly(out, name, source, { define, alias, plugins, conditions: ['onnxruntime-web-use-extern-wasm'] }, bundled);

/** Like `emit`, and returns the name and the length for the page's scripts: a compressed response does not say its length. */
const emitBinary = (out, name, contents) => JSON.stringify({ name: emit(out, name, contents), bytes: contents.length });

/** The licences of everything that the page ships: its packages, and what is compiled into their binaries. */
function notices(bundled) {
    // onnxruntime-web's scripts have onnxruntime-common compiled in.
    const parts = [...bundled, 'onnxruntime-common'].sort().map((name) => {
        const { version, license, repository } = manifest(name);
        const source = typeof repository === 'string' ? repository : repository?.url ?? '';
        return `${name} ${version}\nLicence: ${license}\nSource: ${source}\n\n${licenceText(name)}`;
    });
    const rule = `\n${'-'.repeat(78)}\n\n`;
    return `The webinfer page and its console contain the following software.\n${rule}${[...parts, ...compiledIn()].join(rule)}`;
}

/** @returns {string[]} for each licence the libraries under it, and its text */
function compiledIn() {
    return [...new Set(LIBRARIES.map(({ licence }) => licence))].map((id) => {
        const list = LIBRARIES.filter(({ licence }) => licence === id).map(({ name, version, copyright, source, inside }) =>
            `${[name, version].filter(Boolean).join(' ')}\n${copyright}\nSource: ${source}\nInside: ${inside.join(', ')}\n`);
        return `Licence: ${id}\n\n${list.join('\n')}\n${fs.readFileSync(path.join(here, 'licences/texts', id), 'utf8')}`;
    });
}

function manifest(name) {
    return JSON.parse(fs.readFileSync(path.join(packageFolder(name), 'package.json'), 'utf8'));
}

/** For packages that let one choose and have no text of either: libp2p and its parts. What is compiled in has the text. */
const CHOSEN = { 'Apache-2.0 OR MIT': 'Apache-2.0 is chosen; its text is at the end.\n', 'Apache-2.0': 'The text of Apache-2.0 is at the end.\n' };

function licenceText(name) {
    const from = LICENCE_FROM[name] ?? name, chosen = CHOSEN[manifest(name).license];
    return licenceIn([packageFolder(name), packageFolder(from), path.join(here, 'licences', from)]) ?? chosen ?? fail(name);
}

/** @returns {string | undefined} */
function licenceIn(folders) {
    for (const folder of folders) {
        const file = fs.existsSync(folder)
            && fs.readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
        if (file) return `${fs.readFileSync(path.join(folder, file), 'utf8').trim()}\n`;
    }
    return undefined;
}

function fail(name) {
    throw new Error(`no licence text for ${name}: put its LICENSE under licences/${name}/`);
}

await main(process.argv[2]);
