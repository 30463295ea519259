// tier: quick
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
/** A file is a number: its name. */
const FOLDER = {
    pathOf: () => 'onnx/model.onnx',
    answer: async (path) => {
        const { buffer } = Uint8Array.of(Number(path));
        return { ok: true, status: 200, path, arrayBuffer: async () => buffer };
    },
};

/** A library on sessions that `create` makes; `inside` is what transformers.js would have of it. */
async function joined(create, require) {
    const env = {};
    const ort = { Tensor: class {}, env: { versions: { web: '1' }, wasm: { wasmPaths: 'ours' } }, InferenceSession: { create } };
    const library = new Library(ort, 'script', undefined, async () => ({ transformers: { env, LogLevel: { NONE: 50 } } }), require);
    await library.open();
    const inside = globalThis[Symbol.for('webinfer.worker')].onnxruntime;
    /** A session of a file of the folder that is being loaded. */
    const open = async (kind) => {
        const { arrayBuffer } = await env.fetch(`https://folder.invalid/load-1/${kind}`);
        return inside.InferenceSession.create(new Uint8Array(await arrayBuffer()), {});
    };
    return { library, env, ort, inside, open };
}

/** Whose turn it always is. */
const RUN = { step: async () => {}, take: (work) => work(), sessionMs: 0 };

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
    const library = new Library({ env: { versions: {}, wasm: {} }, InferenceSession: {} }, 'script', undefined, async () => {
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
    const { library, inside, open } = await joined(async () => session(log, 'a'));
    const model = { sessions: { model: await library.load(FOLDER, never, () => open(1)) } };
    const run = { ...RUN, step: async () => log.push('step') };
    const none = () => [];
    const twice = async ({ sessions }) => {
        await sessions.model.run({});
        return sessions.model.run({});
    };
    assert.equal(await library.during(run, model, twice, none), 'outputs');
    assert.deepEqual(log, ['step', 'run a', 'step', 'run a']);
    assert.ok(run.sessionMs > 0, 'what sessions take is counted for the run');
    const stopped = { ...RUN, step: async () => { throw new Failure('cancelled', 'c'); } };
    await assert.rejects(library.during(stopped, model, twice, none), { code: 'cancelled' });
    assert.equal(log.length, 4);
    const own = await inside.InferenceSession.create(new Uint8Array(1), {});
    assert.equal(await library.during(run, model, () => own.run({}), none), 'outputs', 'a graph of the library itself is no step');
    assert.deepEqual(log.slice(4), ['run a']);
});

test('a run writes where it is told, and what is kept of that stays', async () => {
    const given = [], disposed = [];
    const tensor = (name) => ({ location: 'gpu-buffer', dispose: () => disposed.push(name) });
    const [kept, other] = [tensor('kept'), tensor('other')];
    const own = { outputNames: ['present.0.key'], release: async () => {}, run: async (...all) => {
        given.push(all);
        return { kept, other };
    } };
    const { library, open } = await joined(async () => own);
    const model = { sessions: { model: await library.load(FOLDER, never, () => open(1)) } };
    const places = { 'present.0.key': kept };
    const work = (view) => view.sessions.model.run({ x: 1 });
    await library.during(RUN, model, work, () => [kept], ({ outputNames }, { x }) => (x === 1 && outputNames.length === 1 ? places : null));
    assert.deepEqual(disposed, ['other']);
    await library.during(RUN, model, work, () => [kept, other]);
    assert.deepEqual(given, [[{ x: 1 }, places, { stay: [true] }], [{ x: 1 }, { stay: [true] }]]);
});

test('outputs on a GPU come here, but for those that the run leaves there, and keys and values; all do for the guard', async () => {
    const tensor = (data) => ({ location: 'gpu-buffer', type: 'float32', dims: [1], dispose() { this.location = 'none'; }, async getData(releases) {
        assert.equal(releases, true);
        return Object.assign(this, { location: 'cpu', data }).data;
    } });
    const options = [], fresh = () => ({ logits: tensor([1]), last_hidden_state: tensor([2]), 'present.0.key': tensor([3]) });
    const { library, inside, env } = await joined(async (_, given) => {
        options.push(given.preferredOutputLocation);
        return session([], 'a', async () => fresh());
    });
    const open = async (more) => {
        const { arrayBuffer } = await env.fetch('https://folder.invalid/load-1/1');
        return inside.InferenceSession.create(new Uint8Array(await arrayBuffer()), more);
    };
    const leavableOf = (path, writes) => (path === 'onnx/model.onnx' && writes ? ['logits'] : []);
    const model = { sessions: { model: await library.load(FOLDER, never, () => open({ leavableOf, preferredOutputLocation: { 'present.0.key': 'gpu-buffer' } })) } };
    await library.load(FOLDER, never, () => open({ leavableOf }));
    assert.deepEqual(options, [{ 'present.0.key': 'gpu-buffer', logits: 'gpu-buffer' }, undefined]);
    const locations = (run, names) => library.during(run, model, async ({ sessions }, { left }) => {
        for (const name of names) left.add(name);
        return Object.values(await sessions.model.run({})).map(({ location }) => location);
    }, () => []);
    assert.deepEqual(await locations(RUN, []), ['cpu', 'cpu', 'gpu-buffer']);
    assert.deepEqual(await locations(RUN, ['logits']), ['gpu-buffer', 'cpu', 'gpu-buffer']);
    assert.deepEqual(await locations({ ...RUN, raw: { graph() {} } }, ['logits']), ['cpu', 'cpu', 'gpu-buffer']);
});

test('a model is seen by each run with sessions of its own, and is the same otherwise', async () => {
    const { library, open } = await joined(async () => session([], 'a'));
    class Model extends Function {
        static of(sessions) {
            return Object.assign(Object.setPrototypeOf((...args) => assert.fail(`called past the view: ${args}`), Model.prototype), { sessions, params: [] });
        }

        async _call(input) {
            return [input, await this.sessions.model.run({}), this.params];
        }
    }
    const model = Model.of({ model: await library.load(FOLDER, never, () => open(1)) });
    const steps = [];
    const runs = ['first', 'second'].map((name) => ({ ...RUN, step: async () => steps.push(name) }));
    await Promise.all(runs.map((run) => library.during(run, model, async (view) => {
        assert.deepEqual(await view('input'), ['input', 'outputs', model.params]);
        assert.ok(view instanceof Model && view.params === model.params && view !== model);
        assert.equal(view.constructor, Model);
        await view('more');
    }, () => [])));
    assert.deepEqual(steps, ['first', 'second', 'first', 'second']);
});

test("a folder's graphs have their own sizes each, and none of the configuration's", async () => {
    const sizes = [];
    const { library, env, inside } = await joined(async (_, { sizesOf, freeDimensionOverrides }) => {
        sizes.push([sizesOf, freeDimensionOverrides]);
        return session([], 'a');
    });
    const folder = { ...FOLDER, pathOf: (bytes) => `onnx/${bytes[0]}.onnx` };
    const open = async (name, options) => {
        const { arrayBuffer } = await env.fetch(`https://folder.invalid/load-1/${name}`);
        return inside.InferenceSession.create(new Uint8Array(await arrayBuffer()), options);
    };
    const sizesOf = (path) => ({ height: Number(path.match(/\d/)[0]) });
    await library.load(folder, never, async () => {
        for (const name of [1, 2]) await open(name, { sizesOf, freeDimensionOverrides: { batch_size: 1 } });
        await open(3, { freeDimensionOverrides: { batch_size: 1 } });
    });
    assert.deepEqual(sizes, [[undefined, { height: 1 }], [undefined, { height: 2 }], [undefined, {}]]);
});

test('what onnxruntime-web throws is a fault, which names the file; what others throw is none', async () => {
    const { library, open } = await joined(async (bytes) => {
        if (bytes[0] === 1) throw new Error('protobuf parsing failed');
        if (bytes[0] === 2) throw new WebAssembly.RuntimeError('unreachable');
        return session([], 'a', async () => { throw new Error('bad input'); });
    });
    const create = (kind) => library.load(FOLDER, never, () => open(kind));
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
    const { library, open: create } = await joined(async ([kind]) => {
        if (kind === 9) throw new Error('broken');
        return session(log, kind);
    });
    await assert.rejects(library.load(FOLDER, never, async () => { await create(1); await create(2); await create(9); }), EngineFault);
    assert.deepEqual(log, ['release 1', 'release 2']);
    await assert.rejects(library.load(FOLDER, stop.signal, async () => {
        await create(3);
        stop.abort();
        await create(4);
    }), { code: 'cancelled' });
    assert.deepEqual(log.slice(2), ['release 3']);
});

test('of a model that does not run on the platform no session is left, of one that does all', async () => {
    const log = [];
    const { library, open } = await joined(async ([kind]) => session(log, kind), (sessions) => {
        log.push(`asked of ${sessions.length}`);
        if (log.length === 1) throw new Failure('platform_unsupported', 'no part');
    });
    const load = () => library.load(FOLDER, never, async () => [await open(1), await open(2)]);
    await assert.rejects(load(), { code: 'platform_unsupported' });
    assert.deepEqual(log, ['asked of 2', 'release 1', 'release 2']);
    assert.equal((await load()).length, 2);
    assert.deepEqual(log.slice(3), ['asked of 2']);
});

test('what is created while something else of a folder fails goes as well', async () => {
    const log = [], waiting = [];
    const { library, inside, open } = await joined(([kind]) => new Promise((resolve) => {
        waiting.push(() => resolve(session(log, kind)));
    }));
    const created = [];
    const loading = library.load(FOLDER, never, async () => {
        created.push(open(1), open(2));
        for (const one of created) one.catch(() => {});
        while (waiting.length < 1) await new Promise(setImmediate);
        throw new TypeError('no tokenizer');
    });
    await assert.rejects(loading, TypeError);
    waiting[0]();
    for (const one of created) await assert.rejects(one, Failure);
    assert.deepEqual(log, ['release 1']);
    assert.equal(waiting.length, 1, 'what comes later is not created at all');
    const own = inside.InferenceSession.create(Uint8Array.of(3), {});
    while (waiting.length < 2) await new Promise(setImmediate);
    waiting[1]();
    await own;
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
    const { library, open } = await joined(async () => session([], 'a', async () => outputs.shift()));
    const model = { sessions: { model: await library.load(FOLDER, never, () => open(1)) } };
    await assert.rejects(library.during(RUN, model, async ({ sessions }, { release }) => {
        await sessions.model.run({});
        first.dispose();
        await sessions.model.run({});
        release();
        assert.deepEqual([early, kept].map(({ location }) => location), ['none', 'gpu-buffer']);
        await sessions.model.run({});
        throw new Failure('cancelled', 'c');
    }, () => [kept]), { code: 'cancelled' });
    assert.deepEqual([first, second, kept, here].map(({ location }) => location), ['none', 'none', 'gpu-buffer', 'cpu']);
});
