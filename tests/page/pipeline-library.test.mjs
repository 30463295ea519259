/** transformers.js and onnxruntime-web as the engine `pipeline` joins them, with stand-ins for both. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EngineFault } from '../../page/src/engine/engine.js';
import { Failure } from '../../page/src/engine/failure.js';
import { Library } from '../../page/src/pipeline/library.js';
import { builtPage } from '../lib/paths.mjs';

const never = new AbortController().signal;
const FOLDER = { pathOf: () => 'onnx/model.onnx', answer: async (path) => ({ status: 200, path }) };

/** A library on sessions that `create` makes; `inside` is what transformers.js would have of it. */
async function joined(create) {
    const env = {};
    const ort = { Tensor: class {}, env: { versions: { web: '1' }, wasm: { wasmPaths: 'ours' } }, InferenceSession: { create } };
    const library = new Library(ort, 'script', async () => ({ transformers: { env, LogLevel: { NONE: 50 } } }));
    await library.open();
    return { library, env, ort, inside: globalThis[Symbol.for('webinfer.worker')].onnxruntime };
}

const session = (log, name, run = async () => 'outputs') => ({
    run: async (feeds) => {
        log.push(`run ${name}`);
        return run(feeds);
    },
    release: async () => log.push(`release ${name}`),
});

test('its settings are for workers, and leave those of onnxruntime-web alone', async () => {
    const { env, ort, inside } = await joined(async () => session([], 'a'));
    assert.deepEqual([env.useWasmCache, env.useBrowserCache, env.allowLocalModels, env.logLevel], [false, false, false, 50]);
    inside.env.wasm.wasmPaths = 'theirs';
    inside.env.logLevel = 'verbose';
    assert.deepEqual(ort.env, { versions: { web: '1' }, wasm: { wasmPaths: 'ours' } });
    assert.equal(inside.Tensor, ort.Tensor);
});

test('tasks and transformers.js are in the script that comes with the first model, not in the engine workers', () => {
    const contents = (names) => fs.readdirSync(builtPage).filter((name) => names.test(name))
        .map((name) => fs.readFileSync(path.join(builtPage, name), 'utf8'));
    const [script, ...none] = contents(/^pipeline-[0-9a-f]{12}\.js$/);
    assert.deepEqual(none, []);
    const workers = contents(/^engine-(?:wasm|webgpu|webgpu-jspi|webnn)-[0-9a-f]{12}\.js$/);
    assert.equal(workers.length, 4);
    for (const text of ['zero-shot-image-classification', 'sentence_bert_config.json', 'AutoTokenizer']) {
        assert.ok(script.includes(text), text);
        assert.ok(workers.every((worker) => !worker.includes(text)), text);
    }
});

test('a script that does not come is asked for again', async () => {
    let asked = 0;
    const library = new Library({ env: { versions: {}, wasm: {} }, InferenceSession: {} }, 'script', async () => {
        if (asked++ === 0) throw new TypeError('Failed to fetch');
        return { transformers: { env: {}, LogLevel: {} } };
    });
    await assert.rejects(library.open(), { code: 'model_fetch_failed', message: /Failed to fetch/ });
    await library.open();
    await library.open();
    assert.equal(asked, 2);
});

test('files are those of the folder that is being loaded, and of none besides', async () => {
    const { library, env } = await joined(async () => session([], 'a'));
    const address = 'https://folder.invalid/load-1/onnx/model%20a.onnx';
    await library.load(FOLDER, never, async () => assert.equal((await env.fetch(address)).path, 'onnx/model a.onnx'));
    await assert.rejects(env.fetch(address), Failure);
});

test('before each run of a session its run takes a step', async () => {
    const log = [];
    const { library, inside } = await joined(async () => session(log, 'a'));
    const made = await library.load(FOLDER, never, () => inside.InferenceSession.create(new Uint8Array(1), {}));
    const run = { step: async () => log.push('step') };
    const none = () => [];
    assert.equal(await library.during(run, async () => { await made.run({}); return made.run({}); }, none), 'outputs');
    assert.deepEqual(log, ['step', 'run a', 'step', 'run a']);
    const stopped = { step: async () => { throw new Failure('cancelled', 'c'); } };
    await assert.rejects(library.during(stopped, () => made.run({}), none), { code: 'cancelled' });
    assert.equal(log.length, 4);
});

test('what onnxruntime-web throws is a fault, which names the file; what others throw is none', async () => {
    const { library, inside } = await joined(async (bytes) => {
        if (bytes[0] === 1) throw new Error('protobuf parsing failed');
        if (bytes[0] === 2) throw new WebAssembly.RuntimeError('unreachable');
        return session([], 'a', async () => { throw new Error('bad input'); });
    });
    const create = (kind) => library.load(FOLDER, never, () => inside.InferenceSession.create(Uint8Array.of(kind), {}));
    const causes = async (promise) => promise.then(() => assert.fail(), (fault) => {
        assert.ok(fault instanceof EngineFault, String(fault));
        return fault.cause;
    });
    assert.equal((await causes(create(1))).message, 'onnx/model.onnx: protobuf parsing failed');
    assert.ok(await causes(create(2)) instanceof WebAssembly.RuntimeError);
    const made = await create(0);
    assert.equal((await causes(made.run({}))).message, 'bad input');
    await assert.rejects(library.load(FOLDER, never, async () => { throw new TypeError('x'); }), TypeError);
});

test('a load that fails or is cancelled leaves no session', async () => {
    const log = [], stop = new AbortController();
    const { library, inside } = await joined(async ([kind]) => {
        if (kind === 9) throw new Error('broken');
        return session(log, kind);
    });
    const create = (kind) => inside.InferenceSession.create(Uint8Array.of(kind), {});
    await assert.rejects(library.load(FOLDER, never, async () => { await create(1); await create(2); await create(9); }), EngineFault);
    assert.deepEqual(log, ['release 1', 'release 2']);
    await assert.rejects(library.load(FOLDER, stop.signal, async () => {
        await create(3);
        stop.abort();
        await create(4);
    }), { code: 'cancelled' });
    assert.deepEqual(log.slice(2), ['release 3']);
});

test('what is created beside a graph that cannot be loaded goes as well', async () => {
    const log = [], waiting = [];
    const { library, inside, env } = await joined(([kind]) => new Promise((resolve, reject) => {
        waiting.push(kind === 9 ? () => reject(new Error('broken')) : () => resolve(session(log, kind)));
    }));
    const bytes = Uint8Array.of(1);
    const folder = { ...FOLDER, answer: async () => ({ ok: true, status: 200, arrayBuffer: async () => bytes.buffer }) };
    let beside;
    const loading = library.load(folder, never, async () => {
        await env.fetch('https://folder.invalid/load-1/onnx/model.onnx');
        beside = inside.InferenceSession.create(bytes, {});
        beside.catch(() => {});
        await inside.InferenceSession.create(Uint8Array.of(9), {});
    });
    while (waiting.length < 2) await new Promise(setImmediate);
    waiting[1]();
    await assert.rejects(loading, EngineFault);
    waiting[0]();
    await assert.rejects(beside, Failure);
    assert.deepEqual(log, ['release 1']);
    await assert.rejects(inside.InferenceSession.create(bytes, {}), Failure);
    assert.equal(waiting.length, 2, 'what comes later is not created at all');
});

test('what a run has made on the device goes with it, or sooner, but for what is kept', async () => {
    const tensor = (name, location = 'gpu-buffer') => ({ name, location, dispose() {
        assert.equal(this.location, 'gpu-buffer');
        this.location = 'none';
    } });
    const [first, early, second, kept, lost] = ['first', 'early', 'second', 'kept', 'lost'].map((name) => tensor(name));
    const here = tensor('here', 'cpu');
    lost.dispose = () => { throw new Error('no device'); };
    const outputs = [{ first, here }, { early, kept }, { second, kept, lost }];
    const { library, inside } = await joined(async () => session([], 'a', async () => outputs.shift()));
    const made = await library.load(FOLDER, never, () => inside.InferenceSession.create(new Uint8Array(1), {}));
    await assert.rejects(library.during({ step: async () => {} }, async () => {
        await made.run({});
        first.dispose();
        await made.run({});
        library.release([kept]);
        assert.deepEqual([early, kept].map(({ location }) => location), ['none', 'gpu-buffer']);
        await made.run({});
        throw new Failure('cancelled', 'c');
    }, () => [kept]), { code: 'cancelled' });
    assert.deepEqual([first, second, kept, here].map(({ location }) => location), ['none', 'none', 'gpu-buffer', 'cpu']);
});
