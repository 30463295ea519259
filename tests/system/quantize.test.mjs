// tier: full
/**
 * Variants in fewer bits: made, measured in a browser and published, asked for; refused where they cannot be made or
 * measure badly; made for requests that want them; twelve orders at once beside inference; kills of the program and of
 * the daemon in mid-work.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { openEvents } from '../lib/events.mjs';
import * as onnx from '../lib/onnx.mjs';
import { ownModels } from '../lib/paths.mjs';
import * as processes from '../lib/processes.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);

/** Numbers between -0.5 and 0.5, the same each time. */
function draw(count) {
    const numbers = new Float32Array(count);
    for (let i = 0, state = count; i < count; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        numbers[i] = state / 2 ** 32 - 0.5;
    }
    return numbers;
}

/** The difference of two products that are nearly the same: what 4 bits round is larger than it. */
function difference() {
    const weights = [draw(1024 * 64), draw(1024 * 64).map((value, i) => value + (i % 7) * 1e-4)];
    return onnx.model(onnx.graph('difference', {
        nodes: [onnx.node('MatMul', ['x', 'w0'], ['a']), onnx.node('MatMul', ['x', 'w1'], ['b']), onnx.node('Sub', ['a', 'b'], ['y'])],
        inputs: [onnx.value('x', onnx.FLOAT, ['rows', 1024])], outputs: [onnx.value('y', onnx.FLOAT, ['rows', 64])],
        initializers: weights.map((one, i) => onnx.tensor(`w${i}`, onnx.FLOAT, [1024, 64], Buffer.from(one.buffer))),
    }));
}

/** A product with so many columns of weights, 4 KiB each; `spoil` changes their bytes. */
function product(columns, spoil = (/** @type {Float32Array} */ weights) => weights) {
    const weights = draw(1024 * columns);
    return onnx.model(onnx.graph('product', {
        nodes: [onnx.node('MatMul', ['x', 'w'], ['y'])],
        inputs: [onnx.value('x', onnx.FLOAT, ['rows', 1024])], outputs: [onnx.value('y', onnx.FLOAT, ['rows', columns])],
        initializers: [onnx.tensor('w', onnx.FLOAT, [1024, columns], Buffer.from(spoil(weights).buffer))],
    }));
}

function put(name, bytes, to = daemon) {
    fs.mkdirSync(path.join(to.store, name), { recursive: true });
    fs.writeFileSync(path.join(to.store, name, 'model.onnx'), bytes);
}

const order = (model, body, to = daemon) => to.post(`/v1/models/${model}/quantize`, body);

/** The last event of an order, or the problem that it ended with, with its status. */
async function made(model, body, to = daemon) {
    const client = await openEvents(`${to.url}/v1/models/${model}/quantize`, { body: { ...body, stream: true } });
    await client.ended();
    if (client.status !== 200) return { event: 'refused', status: client.status, ...JSON.parse(client.text) };
    const last = client.events.at(-1);
    return { event: last.event, states: client.events.map(({ json }) => json.state), ...last.json };
}

async function refused(model, body, status, code, to = daemon) {
    const end = await made(model, body, to);
    assert.deepEqual([end.event === 'done', end.status, end.code], [false, status, code], JSON.stringify(end));
    return end.detail;
}

const folder = (name, to = daemon) => path.join(to.store, '.made', name.includes('/') ? '' : '_', name);
/** Of a graph and of what lies beside it. */
const bytesOf = (place, graph) => fs.readdirSync(place).filter((one) => one.startsWith(graph))
    .reduce((sum, one) => sum + fs.statSync(path.join(place, one)).size, 0);
const staged = (to = daemon) => {
    const all = path.join(to.store, '.staging');
    return fs.existsSync(all) ? fs.readdirSync(all).filter((one) => one.startsWith('quantize-')) : [];
};
const nothingStaged = (to = daemon) => until(() => staged(to).length === 0, { what: 'no staging folder', timeout: 10_000 * patience });
const program = (to = daemon) => processes.descendants(to.child.pid).find(({ command }) => command[0]?.endsWith('webinfer-quantize'));
const stateOf = async (name, to = daemon) => (await to.get('/v1/models')).json.pulls.find((one) => one.name === name)?.state;
const digit = (number) => ({ image: fs.readFileSync(path.join(ownModels, 'digits/samples', `${number}.png`)).toString('base64') });
const labelOf = async (model, number, more) => {
    const { json, text } = await daemon.post('/v1/infer', { model_name: model, inputs: digit(number), ...more });
    assert.ok(json.result, text);
    return [json.result.labels[0].label, json.model_name, json.executed_on.precision];
};

/** A client that the browser works for, so that it is measured where it has to be and nowhere else: its WebGPU, which is
 * no GPU here, takes long. @type {import('../lib/events.mjs').EventClient} */
let client;
const occupy = async () => {
    client = await openEvents(`${daemon.url}/v1/infer`, { body: { model_name: 'builtin/count', inputs: [], stream: true,
        timeout_ms: 3_600_000, stall_timeout_ms: 120_000, options: { count: 100, interval_ms: 60_000 } } });
    await until(() => client.events.some(({ event }) => event === 'part'), { what: 'a browser that counts', timeout: 60_000 * patience });
};
const isIdle = async () => (await daemon.get('/v1/nodes')).json.nodes.every(({ attempts }) => attempts === 0);

before(async () => {
    daemon = new Daemon({ config: { models: { quantize_on_demand: 'yes' } } });
    for (const name of ['digits-vit', 'digits', 'keywords', 'finch'])
        fs.cpSync(path.join(ownModels, name), path.join(daemon.store, name), { recursive: true });
    await daemon.start();
    await occupy();
});
after(async () => {
    await client?.leave();
    await daemon.stop();
});

test('a folder in 8 and 4 bits: measured, listed, asked for by its name and by its precision', async () => {
    for (const [bits, variant, least, precision] of /** @type {const} */ ([[8, 'q8', 0.999, 'int8'], [4, 'q4', 0.99, 'int4']])) {
        const end = await made('digits-vit', { bits });
        assert.equal(end.event, 'done', JSON.stringify(end));
        assert.ok(end.states.includes('measuring'), end.states.join());
        const { measured, counts } = end.made, { cosine, inputs, places: [place, ...others] } = measured;
        assert.equal(inputs, 32);
        assert.ok(cosine.median >= least && cosine.median >= cosine.p5 && cosine.p5 >= cosine.least && cosine.median <= 1.000001,
            JSON.stringify(cosine));
        assert.ok(measured.largest_error > 0, 'fewer bits are not the same to the bit');
        assert.deepEqual([place.platform, place.browser, place.inputs], ['wasm', 'chrome', 32]);
        assert.deepEqual(others, [], 'the browser is at work for a client');
        assert.ok(place.run_ms > 0 && place.source_run_ms > 0 && place.memory_bytes > 0);
        assert.deepEqual(place.cosine, cosine);
        assert.ok(counts.quantized > 0 && counts.quantized <= counts.quantizable && counts.quantizable <= counts.weights);
        for (let number = 0; number < 10; number++)
            assert.deepEqual(await labelOf(`digits-vit:${variant}`, number), [String(number), `digits-vit:${variant}`, variant]);
        assert.equal((await labelOf('digits-vit', 7, { precision }))[1], `digits-vit:${variant}`);
        const { json } = await daemon.get(`/v1/models/digits-vit:${variant}`);
        assert.deepEqual(json.variants.find(({ name }) => name === variant).made, end.made);
        assert.ok(json.bytes < (await daemon.get('/v1/models/digits-vit')).json.bytes);
    }
    assert.deepEqual((await labelOf('digits-vit', 3)).slice(1), ['digits-vit', 'fp32']);
    await nothingStaged();
});

test('16 bits: half of the bytes, and FP32 as before in and out', async () => {
    const end = await made('digits-vit', { bits: 16 });
    assert.equal(end.event, 'done', JSON.stringify(end));
    assert.ok(end.made.measured.cosine.median >= 0.999, JSON.stringify(end.made.measured));
    for (let number = 0; number < 10; number++)
        assert.deepEqual(await labelOf('digits-vit:fp16', number), [String(number), 'digits-vit:fp16', 'fp16']);
    assert.equal((await labelOf('digits-vit', 7, { precision: 'fp16' }))[1], 'digits-vit:fp16');
    put('half', product(512));
    assert.equal((await made('half', { bits: 16 })).event, 'done');
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1024], data: Array(1024).fill(0.5) }];
    for (const more of [{ model_name: 'half:fp16' }, { model_name: 'half', precision: 'fp16' }]) {
        const { json, text } = await daemon.post('/v1/infer', { inputs, ...more });
        assert.deepEqual([json.outputs?.[0].datatype, json.executed_on?.precision, json.model_name], ['FP32', 'fp16', 'half:fp16'], text);
    }
    for (const [name, inner] of [['digits-vit', 'onnx'], ['half', '']]) {
        const share = bytesOf(path.join(folder(name), 'fp16', inner), 'model_fp16.onnx')
            / bytesOf(path.join(daemon.store, name, inner), 'model.onnx');
        assert.ok(share > 0.45 && share < 0.6, `${name} has ${share} of the bytes`);
    }
});

test('8 bits on WebGPU: graphs of its own, one precision, and each compared with itself', async () => {
    const { json: shown } = await daemon.get('/v1/models/digits-vit:q8');
    assert.deepEqual(shown.variants.map(({ name }) => name).filter((name) => /webgpu/.test(name)), []);
    assert.deepEqual(fs.readdirSync(path.join(folder('digits-vit'), 'q8/onnx')).sort(), ['model_quantized.onnx', 'model_quantized_webgpu.onnx']);
    const { measured, measured_webgpu: other } = shown.variants.find(({ name }) => name === 'q8').made;
    assert.ok(other.cosine.median >= 0.999 && other.cosine.median !== measured.cosine.median, JSON.stringify(other));
    put('twofold', product(1200)); // more than 1 MB in 8 bits: the weights lie beside the graphs
    assert.equal((await made('twofold', { bits: 8 })).event, 'done');
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1024], data: Array.from(draw(1024)) }];
    const ask = async (platform) => {
        const { json, text } = await daemon.post('/v1/infer', { model_name: 'twofold', precision: 'int8', inputs, platform, fallback: false });
        assert.deepEqual([json.executed_on?.platform, json.executed_on?.precision, json.model_name], [platform, 'q8', 'twofold:q8'], text);
        return { data: json.outputs[0].data, numerics: json.executed_on.numerics };
    };
    const one = await ask('wasm'), first = await ask('webgpu');
    const largest = Math.max(...one.data.map(Math.abs)), error = Math.max(...one.data.map((value, i) => Math.abs(value - first.data[i])));
    assert.ok(error > 0.002 * largest && error < 0.02 * largest, `${error} of ${largest}: the guard would call that another answer`);
    assert.equal(first.numerics, 'unchecked');
    await until(async () => (await ask('webgpu')).numerics === 'ok', { what: 'WebGPU to agree with the same graphs on WASM', timeout: 60_000 * patience });
    for (const number of [0, 4, 9])
        assert.deepEqual(await labelOf('digits-vit', number, { precision: 'int8', platform: 'webgpu', fallback: false }),
            [String(number), 'digits-vit:q8', 'q8']);
});

test('a graph with its model.json: a variant beside it, which goes once the graph is another', async () => {
    await client.leave();
    await until(isIdle, { what: 'a browser that has nothing to do' });
    const { event, made: { measured, measured_webgpu: other } } = await made('digits', { bits: 8 });
    await occupy();
    assert.equal(event, 'done');
    assert.deepEqual([measured.samples, other.samples, measured.source_files], [10, 10, 'one']);
    assert.deepEqual([measured, other].map(({ places }) => places.map(({ platform, inputs }) => [platform, inputs])),
        [[['wasm', 32]], [['wasm', 32], ['webgpu', 4]]]);
    assert.deepEqual(Object.keys((await daemon.get('/v1/models/digits')).json.variants[1].webgpu).sort(), ['bytes', 'file_count']);
    for (let number = 0; number < 10; number++)
        assert.deepEqual(await labelOf('digits:q8', number), [(await labelOf('digits', number))[0], 'digits:q8', 'q8']);
    assert.deepEqual((await labelOf('digits', 7, { precision: 'int8' })).slice(1), ['digits:q8', 'q8']);
    assert.ok(fs.existsSync(path.join(folder('digits'), 'q8/model_quantized.onnx')));
    put('digits', product(8));
    fs.rmSync(path.join(daemon.store, 'digits/model.json'));
    const gone = await daemon.get('/v1/models/digits:q8');
    assert.deepEqual([gone.status, gone.json.code], [404, 'model_not_found'], gone.text);
    assert.equal((await daemon.request('/v1/models/digits', { method: 'DELETE' })).status, 200);
    await until(() => !fs.existsSync(folder('digits')), { what: 'what was made of it to be gone' });
});

test('a precision that is not there is made for the requests that name it', async () => {
    put('wanted', product(256));
    put('unlike', difference());
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1024], data: Array.from(draw(1024)) }];
    const ask = (model_name, precision, more) => daemon.post('/v1/infer', { model_name, precision, inputs, ...more });
    const late = await ask('wanted', 'int8', { timeout_ms: 1 });
    assert.deepEqual([late.status, late.json.code], [504, 'deadline_exceeded'], late.text);
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => ask('wanted', i % 3 ? 'int8' : 'int4')));
    for (const [i, { json, text }] of all.entries())
        assert.deepEqual([json.model_name, json.executed_on?.precision], i % 3 ? ['wanted:q8', 'q8'] : ['wanted:q4', 'q4'], text);
    assert.deepEqual(all[1].json.outputs, (await ask('wanted', 'int8')).json.outputs);
    for (let again = 0; again < 2; again++) {
        const { status, json } = await ask('unlike', 'int4');
        assert.deepEqual([status, json.code], [422, 'quantized_badly']);
    }
    const none = await ask('wanted', 'bf16');
    assert.deepEqual([none.status, none.json.code], [422, 'precision_unsupported'], none.text);
});

/** V8 gives no WASM memory more than 32 MiB there: less than the 17 MB of the model take as FP32, enough for 8 bits. */
const small = { family: 'chromium', arguments: '--js-flags=--wasm-max-mem-pages=512', platforms: 'wasm', max_connections: 1 };

test('a browser without the memory for fp32 has the next smaller variant made, and answers with it', async () => {
    const config = { pool: { max_connections: 2 }, models: { quantize_on_demand: 'yes' },
        'browser.chrome': { min_connections: 1, platforms: 'wasm' }, 'browser.small': small };
    await withDaemon({ config }, async (own) => {
        put('large', product(4096), own);
        const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1024], data: Array.from(draw(1024)) }];
        const ask = (more) => own.post('/v1/infer', { model_name: 'large', inputs, precision: 'auto', timeout_ms: 120_000 * patience, ...more });
        for (let again = 0; again < 2; again++) {
            const { json: { model_name: name, executed_on: on }, text } = await ask({ browser: 'small' });
            assert.deepEqual([name, on?.browser, on?.precision], ['large:q8', 'small', 'q8'], text.slice(0, 1000));
            assert.match(on.fallbacks.find(({ code }) => code === 'out_of_memory').reason, /not enough memory for the variant fp32/);
        }
        const { json: { model_name: name, executed_on: on } } = await ask({ browser: 'chrome' });
        assert.deepEqual([name, on.precision], ['large', 'fp32']);
    });
});

test('what cannot be made says why', async () => {
    assert.match(await refused('keywords', { bits: 8 }, 422, 'nothing_to_quantize'), /\d+(\.\d+)? ?%/);
    assert.match(await refused('finch', { bits: 8 }, 422, 'nothing_to_quantize'), /GGUF/);
    await refused('builtin/echo', { bits: 4 }, 422, 'nothing_to_quantize');
    await refused('nobody', { bits: 4 }, 404, 'model_not_found');
    assert.match(await refused('digits-vit', { bits: 8 }, 409, 'conflict'), /digits-vit:q8 already exists/);
    put('nan', product(64, (weights) => weights.fill(NaN, 100, 164)));
    const nan = await made('nan', { bits: 8 });
    assert.deepEqual([nan.status, nan.event === 'done'], [422, false], JSON.stringify(nan));
    put('cut', product(64).subarray(0, 150_000));
    await refused('cut', { bits: 8 }, 422, 'model_invalid');
    for (const [body, field] of [[{ bits: 7 }, 'bits'], [{}, 'bits'], [{ bits: 8, mixed: true }, 'mixed'], [{ bits: 8, more: 1 }, 'more']]) {
        const { status, json } = await order('digits-vit', body);
        assert.deepEqual([status, json.field], [400, field]);
    }
    await nothingStaged();
    assert.deepEqual(['keywords', 'finch', 'nan', 'cut'].filter((name) => fs.existsSync(folder(name))), []);
});

test('what measures badly is published only by force', async () => {
    put('fine', difference());
    const detail = await refused('fine', { bits: 4 }, 422, 'quantized_badly');
    assert.match(detail, /the median of the cosines to fp32 is -?0\.\d+.*0\.990 is the least allowed/);
    const forced = await made('fine', { bits: 4, force: true });
    assert.equal(forced.event, 'done', JSON.stringify(forced));
    assert.equal(forced.made.forced, true);
    assert.ok(forced.made.measured.cosine.median < 0.99);
});

test('the client shows how it measures', async () => {
    put('small', product(96));
    const done = await webinfer(daemon, ['quantize', 'small', '--bits', '8']);
    assert.equal(done.code, 0, done.problems);
    assert.match(done.problems, /small:q8, in .*: cosine to fp32 (0\.99\d+|1\.0+) \(median\).*\n {2}wasm in chrome: .* ms a run/);
    const shown = await webinfer(daemon, ['show', 'small:q8']);
    assert.match(shown.out, /q8, .* made here: cosine to fp32/);
    const again = await webinfer(daemon, ['quantize', 'small', '--bits', '8']);
    assert.deepEqual([again.code, /already exists/.test(again.problems)], [1, true], again.problems);
    assert.equal((await webinfer(daemon, ['quantize', 'small'])).code, 2);
});

test('twelve at once make one, and requests go on beside it', async () => {
    put('busy', product(4096));
    const orders = await Promise.all(Array.from({ length: 12 }, (_, i) => order('busy', { bits: i < 8 ? 8 : 4 })));
    assert.deepEqual(orders.map(({ status }) => status), [...Array(8).fill(202), ...Array(4).fill(409)]);
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1024], data: Array(1024).fill(0.5) }];
    const ask = async () => (await daemon.post('/v1/infer', { model_name: 'busy', inputs })).json.outputs[0].data;
    const alone = await ask();
    let beside = 0;
    while (!['done', 'failed'].includes(await stateOf('busy:q8'))) {
        assert.deepEqual(await ask(), alone);
        beside++;
    }
    assert.ok(beside > 0);
    assert.equal(await stateOf('busy:q8'), 'done');
    assert.equal((await daemon.get('/v1/models/busy:q8')).status, 200);
});

test('a kill of the program, and cancelling, leave nothing', async () => {
    put('large', product(16384));
    const failed = made('large', { bits: 8 });
    const found = await until(() => program(), { what: 'the program', every: 2 });
    process.kill(found.pid, 'SIGKILL');
    const end = await failed;
    assert.deepEqual([end.event === 'done', end.code], [false, 'internal'], JSON.stringify(end));
    assert.match(end.detail, /ended before it was done/);
    await nothingStaged();
    assert.equal((await order('large', { bits: 8 })).status, 202);
    await until(() => program(), { what: 'the program', every: 2 });
    assert.equal((await daemon.request('/v1/models/large/cancel', { method: 'POST' })).status, 200);
    await until(() => !program(), { what: 'the program to be gone' });
    await nothingStaged();
    assert.equal(await stateOf('large:q8'), undefined);
    assert.equal((await daemon.get('/v1/models/large:q8')).status, 404);
});

test('a daemon that is killed, or stopped, in mid-work leaves nothing half made', async () => {
    await withDaemon({}, async (own) => {
        put('kept', product(8192), own);
        for (const [state, signal] of [['quantizing', 'SIGTERM'], ['measuring', 'SIGKILL']]) {
            assert.equal((await order('kept', { bits: 4 }, own)).status, 202);
            await until(async () => (state === 'quantizing' ? program(own) : await stateOf('kept:q4', own) === state),
                { what: state, every: 1, timeout: 60_000 * patience });
            own.signal(signal);
            await own.waitEnd();
            assert.equal(fs.existsSync(folder('kept', own)), false);
            await own.start({ ready: false });
            await nothingStaged(own);
            assert.equal((await own.get('/v1/models/kept:q4')).status, 404);
        }
    });
});

/** What starts a program that sees a disk of so many MiB at /mnt. */
const onDisk = (mib) => ['unshare', '--mount', ...(process.getuid() === 0 ? [] : ['--map-root-user']),
    'sh', '-c', `mount -t tmpfs -o size=${mib}m webinfer-test /mnt && exec "$@"`, 'sh'];
const noMounts = (() => {
    try {
        const [first, ...words] = onDisk(2);
        execFileSync(first, [...words, 'true'], { stdio: 'pipe' });
        return false;
    } catch {
        return 'no small file system can be mounted here';
    }
})();

test('a disk that is full is a clear error', { skip: noMounts }, async () => {
    const source = fs.mkdtempSync(path.join(daemon.folder, 'disk-'));
    fs.writeFileSync(path.join(source, 'model.onnx'), product(1024));
    const under = onDisk(5);
    under[under.length - 2] = under.at(-2).replace('&& exec', `&& mkdir /mnt/full && cp ${source}/model.onnx /mnt/full && exec`);
    await withDaemon({ under, ready: false, config: { pool: { min_connections: 0 }, models: { directory: '/mnt' } } }, async (own) => {
        const { event, code, detail } = await made('full', { bits: 8 }, own);
        assert.deepEqual([event === 'done', ['no_room', 'storage_failed'].includes(code)], [false, true], `${code}: ${detail}`);
    });
});
