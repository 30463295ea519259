/** onnxruntime-web in Node as the page's worker for WASM has it: its plain build, changed as build.mjs changes it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { holding } from '../../../page/changes.mjs';
import { packageFile } from '../../lib/browsers.mjs';
import { build } from '../../lib/paths.mjs';

const script = packageFile('onnxruntime-web', 'dist/ort.wasm.min.mjs');
const changed = holding(fs.readFileSync(script, 'utf8'));
const file = path.join(build, `ort-${createHash('sha256').update(changed).digest('hex').slice(0, 12)}.mjs`);
if (!fs.existsSync(file)) {
    const half = `${file}.${process.pid}`;
    fs.writeFileSync(half, changed);
    fs.renameSync(half, file);
}

/** WASM memories that it makes. @type {WebAssembly.Memory[]} */
export const memories = [];
const Native = WebAssembly.Memory;
WebAssembly.Memory = class Memory extends Native {
    constructor(descriptor) {
        super(descriptor);
        memories.push(this);
    }
};

export const ort = await import(pathToFileURL(file).href);
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = pathToFileURL(`${path.dirname(script)}/`).href;
