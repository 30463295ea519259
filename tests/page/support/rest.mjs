/** Prints what CPU time, in ms, the rests after runs on two threads take: node rest.mjs ONNXRUNTIME WASM */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { slow } from '../../lib/onnx.mjs';

const RUNS = 5, REST_MS = 100;
const [script, wasm] = process.argv.slice(2);
const ort = await import(pathToFileURL(script).href);
Object.assign(ort.env.wasm, { numThreads: 2, wasmBinary: fs.readFileSync(wasm) });
const session = await ort.InferenceSession.create(slow());
const feeds = { x: new ort.Tensor('float32', [3], [1, 1]), count: new ort.Tensor('int64', [4n], []) };

async function spent() {
    let sum = 0;
    for (let i = 0; i < RUNS; i++) {
        const { y } = await session.run(feeds);
        assert.equal(y.data[0], 3);
        const began = process.cpuUsage();
        await wait(REST_MS);
        const { user, system } = process.cpuUsage(began);
        sum += (user + system) / 1000;
    }
    return sum;
}

await spent(); // V8 compiles meanwhile
process.stdout.write(`${await spent()}\n`, () => process.exit());
