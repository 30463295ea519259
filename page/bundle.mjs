/**
 * Code that the builds of the page and of the console share: bundling by esbuild, file names with the content's
 * hash, compressed copies. The packages are found from here, or in the folder that WEBINFER_NODE_MODULES names.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compress, ENDINGS } from './compress.mjs';

export const here = path.dirname(fileURLToPath(import.meta.url));
const modules = process.env.WEBINFER_NODE_MODULES && path.resolve(process.env.WEBINFER_NODE_MODULES);
// Resolution looks for node_modules in the folder of the importing file, so import from the parent of the given folder.
const require = createRequire(path.join(modules ? path.dirname(modules) : here, 'build.mjs'));

/** Names that `emit` makes, and those of their copies. */
const HASHED = new RegExp(`-[0-9a-f]{12}\\.(?:js|mjs|wasm|css|json|png)(?:\\.(?:${ENDINGS.join('|')}))?(?:\\.half)?$`);
/** Those that this build has made, by folder. @type {Map<string, Set<string>>} */
const made = new Map();

/** Makes one text of a script or style sheet and of what it imports. Adds the packages in it to `bundled`.
 * @param {string} source below the folder of the page's sources @param {object} options of esbuild
 * @param {Set<string>} bundled @returns {Promise<{contents: Uint8Array, text: string}>} */
export async function compile(source, options, bundled) {
    const esbuild = require('esbuild');
    const result = await esbuild.build({
        entryPoints: [path.resolve(here, source)],
        bundle: true, format: 'esm', target: 'es2022', platform: 'browser', minifySyntax: true,
        minifyWhitespace: true, legalComments: 'none', write: false, metafile: true, logLevel: 'warning',
        absWorkingDir: here,
        // Where the packages are elsewhere, they are found through this path.
        ...(modules ? { nodePaths: [modules] } : {}),
        ...options,
    });
    for (const file of Object.keys(result.metafile.inputs)) {
        const match = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file);
        if (match) bundled.add(match[1]);
    }
    return result.outputFiles[0];
}

/** The same as a file. @param {string} out folder @param {string} name @param {string} source @param {object} options
 * @param {Set<string>} bundled @returns {Promise<string>} its name with the hash */
export async function bundle(out, name, source, options, bundled) {
    return emit(out, name, (await compile(source, options, bundled)).contents);
}

/** Writes `name` with its content's hash in it and returns the name used.
 * @param {string} out folder @param {string} name @param {Uint8Array | string} contents */
export function emit(out, name, contents) {
    const { ext, name: stem } = path.parse(name);
    const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
    const hashed = `${stem}-${hash}${ext}`;
    fs.writeFileSync(path.join(out, hashed), contents);
    if (!made.has(out)) made.set(out, new Set());
    made.get(out)?.add(hashed);
    return hashed;
}

/** Makes the compressed copies of what was written to a folder, and removes what an earlier build has left there.
 * @param {string} out folder */
export async function finish(out) {
    const names = made.get(out) ?? new Set();
    const kept = new Set([...names, ...await compress(out, names)]);
    for (const old of fs.readdirSync(out)) if (HASHED.test(old) && !kept.has(old)) fs.rmSync(path.join(out, old));
}

/** @param {string} name @returns {string} */
export function packageFolder(name) {
    for (const root of require.resolve.paths(name) ?? []) {
        const folder = path.join(root, name);
        if (fs.existsSync(path.join(folder, 'package.json'))) return folder;
    }
    throw new Error(`the package ${name} is not installed: run "npm ci" in ${here}`);
}
