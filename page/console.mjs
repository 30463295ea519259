/** Builds the console: index.html, and its script and style sheet, whose names contain their hashes. */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { bundle, finish, here } from './bundle.mjs';
import { replaceOnce } from './changes.mjs';
import { kernelFragments, kernelShaders } from './kernels.mjs';
import { KERNEL_RULES } from './src/engine/kernel_rules.js';

/** The most gzipped bytes of the console, so that it opens quickly over a slow line. */
const MOST_BYTES = 150_000;
/** Likewise of the script of the view of vectors, which is loaded when that is opened. */
const MOST_VECTORS_BYTES = 30_000;
/** The kernels of a self-organising map. */
const SOM = ['som_distance', 'som_update'];
/** It runs in the audio thread, so it is a separate file. */
const RECORDER = 'src/console/playground/recorder_worklet.js';

/** uPlot formats figures in the browser's language, and fails if that is not a language, such as WebKitGTK's "C"; the
 * console formats all its figures itself. */
export const ANY_LANGUAGE = { name: 'any-language', setup: (/** @type {any} */ build) => build.onLoad({ filter: /uPlot\.esm\.js$/ },
    (/** @type {{path: string}} */ { path: file }) => ({ contents: replaceOnce(fs.readFileSync(file, 'utf8'), [["domEnv ? nav.language : 'en-US'", "'en-US'"]], 'uplot') })) };

/** Of the kernels' engine what a map needs: two rules, and neither tuning nor a clock, which a service asks for. */
const ONLY_SOM = { name: 'only-som', setup: (/** @type {any} */ build) => {
    build.onLoad({ filter: /kernel_tuning\.js$/ }, () => ({ contents: 'export const tune = async () => null, drawn = () => new Float32Array(0);' }));
    build.onLoad({ filter: /gpu_timer\.js$/ }, () => ({ contents: "export const TIMESTAMPS = '', GpuTimer = { of: () => null }, Marks = Object, isFine = () => false;" }));
    build.onLoad({ filter: /kernel_rules\.js$/ }, () => ({ contents: `export const KERNEL_RULES = ${JSON.stringify(ofSom(KERNEL_RULES))};` }));
} };

/** @param {string} out folder @param {Set<string>} [bundled] gets the packages in it */
export async function buildConsole(out, bundled = new Set()) {
    fs.mkdirSync(out, { recursive: true });
    const recorder = await bundle(out, 'recorder.js', RECORDER, { minifyIdentifiers: true }, bundled);
    const vectors = await bundle(out, 'vectors.js', 'src/console/vectors/view.js', { minifyIdentifiers: true, mangleProps: /^_[a-z]/, pure: ['Object.freeze'], plugins: [ONLY_SOM],
        define: { SOM_SHADERS: JSON.stringify(plain(ofSom(kernelShaders()))), SOM_FRAGMENTS: JSON.stringify(plain(ofSom(kernelFragments()))) } }, bundled);
    const script = await bundle(out, 'console.js', 'src/console/main.js', { minifyIdentifiers: true, plugins: [ANY_LANGUAGE],
        define: { RECORDER: JSON.stringify(`./console/${recorder}`), VECTORS: JSON.stringify(`./console/${vectors}`) } }, bundled);
    const style = await bundle(out, 'console.css', 'src/console/style.css', {}, bundled);
    const html = fs.readFileSync(path.join(here, 'src/console/index.html'), 'utf8');
    fs.writeFileSync(path.join(out, 'index.html'), html.replace('%STYLE%', style).replace('%MAIN%', script));
    const zipped = (/** @type {string} */ name) => zlib.gzipSync(fs.readFileSync(path.join(out, name)), { level: 9 }).length;
    const bytes = ['index.html', script, style, recorder].reduce((sum, name) => sum + zipped(name), 0);
    if (bytes > MOST_BYTES) throw new Error(`the console has ${bytes} bytes gzipped, and ${MOST_BYTES} is the most`);
    if (zipped(vectors) > MOST_VECTORS_BYTES) throw new Error(`the view of vectors has ${zipped(vectors)} bytes gzipped, and ${MOST_VECTORS_BYTES} is the most`);
    await finish(out);
    return bytes;
}

/** Those of a map. @param {Record<string, any>} kernels */
const ofSom = (kernels) => Object.fromEntries(SOM.map((name) => [name, kernels[name]]));

/** Without comments and indentation. @param {Record<string, any>} shaders */
const plain = (shaders) => JSON.parse(JSON.stringify(shaders), (_, value) => (typeof value === 'string' ? value.replace(/^\s*\/\/.*\n/gm, '').replace(/\n\s+/g, '\n') : value));
