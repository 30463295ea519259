/** The kernels (../shaders) for the page: the C as one WebAssembly module with SIMD, which imports nothing, the WGSL and the GLSL. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { here } from './bundle.mjs';

const SHADERS = path.join(here, '../shaders');
const COMPILE = ['--target=wasm32', '-msimd128', '-mbulk-memory', '-O3', '-std=c17', '-Wall', '-Wextra', '-Werror',
    '-ffreestanding', '-nostdlib', `-I${SHADERS}`];
/** The stack is below everything else, so that an overflow traps. */
const LINK = ['-Wl,--no-entry', '-Wl,--stack-first', '-Wl,-z,stack-size=262144', '-Wl,--export=__heap_base', '-Wl,--strip-all'];

/** Those that have a C file, by name. @returns {string[]} */
export const kernelNames = () => fs.readdirSync(SHADERS, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && fs.existsSync(path.join(SHADERS, entry.name, `${entry.name}.c`)))
    .map(({ name }) => name).sort();

/** @returns {Buffer} the module's binary */
export function kernelsBinary() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-kernels-'));
    const binary = path.join(folder, 'kernels.wasm');
    const sources = kernelNames().map((name) => path.join(SHADERS, name, `${name}.c`));
    try {
        const { status, stderr, error } = spawnSync(process.env.CLANG ?? 'clang', [...COMPILE, ...LINK, '-o', binary, ...sources]);
        if (status !== 0) {
            throw new Error(`the kernels of shaders/ could not be compiled: ${error ?? stderr}\n`
                + 'They need clang with the target wasm32, and wasm-ld (Debian: apt install clang lld).');
        }
        return fs.readFileSync(binary);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/** The WGSL of each kernel, after the shared functions, and its plan of dispatches. `subgroups`: the same for adapters with
 * subgroups, if a variant needs them. @returns {Record<string, {wgsl: string, subgroups?: string, plan: any}>} */
export const kernelShaders = () => Object.fromEntries(kernelNames().map((name) => {
    const { webgl, ...plan } = planOf(name), own = read(name, `${name}.wgsl`);
    const behind = (/** @type {string} */ file) => read('functions.wgsl') + read(file) + own;
    const wanted = plan.variants?.some((/** @type {any} */ { subgroups }) => subgroups);
    return [name, { wgsl: behind('lanes.wgsl'), ...wanted && { subgroups: behind('subgroups.wgsl') }, plan }];
}));

/** Likewise the GLSL, and how it is drawn. @returns {Record<string, {glsl: string, plan: any}>} */
export const kernelFragments = () => Object.fromEntries(kernelNames().map((name) =>
    [name, { glsl: read('functions.glsl') + read(name, `${name}.glsl`), plan: planOf(name).webgl }]));

/** @param {string[]} names */
const read = (...names) => fs.readFileSync(path.join(SHADERS, ...names), 'utf8');
/** @param {string} kernel */
const planOf = (kernel) => JSON.parse(read(kernel, `${kernel}.json`));
