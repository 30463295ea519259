// tier: full
/** The JavaScript client against a daemon with simulated nodes and a real Chromium, over TLS, and installed as a package. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs, { openAsBlob } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { Client, ServiceError, Tensor } from '../../sdk/js/index.js';
import { certificate } from '../lib/certificate.mjs';
import { clear, guard } from '../lib/cleanup.mjs';
import { cutting } from '../lib/cutting.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { daemonPath, ownModels, root } from '../lib/paths.mjs';
import { installSdk, sdk } from '../lib/sdk.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { writeTokens } from '../lib/tokens.mjs';
import { until } from '../lib/wait.mjs';

const SIMULATED = { platform: 'simulated' };
const ENDLESS = { count: 100_000, interval_ms: 20 };
const seven = path.join(ownModels, 'digits/samples/7.png');

/** @type {Daemon} */
let daemon;
/** @type {Simulation} */
let simulation;
/** @type {Client} */
let client;
/** With the package in it, which has these files, as npm packs and installs it. */
const folder = guard(fs.mkdtempSync(path.join(os.tmpdir(), 'wi-js-')));
const packed = installSdk(folder);
const test = testsOf(() => daemon);

before(async () => {
    daemon = new Daemon({ config: { api: { allowed_hosts: '127.0.0.1' } } }); // clients come through a proxy, too
    for (const name of ['digits', 'finch', 'keywords', 'nest'])
        fs.cpSync(path.join(ownModels, name), path.join(daemon.store, name), { recursive: true });
    await daemon.start();
    simulation = await new Simulation(daemon, { nodes: 16 }).up();
    client = new Client(daemon.url);
});
after(async () => {
    await simulation?.stop();
    await daemon.stop();
    clear(folder);
});

/** Until nothing runs: what was left ends within moments. */
const idle = () => until(async () => (await client.status()).queue.running === 0, { what: 'the work to end' });

/** A stream, to its end. @param {Client} of @param {object} settings */
async function read(of, settings) {
    const stream = of.stream('builtin/count', null, { ...SIMULATED, ...settings }), texts = [];
    for await (const text of stream.texts()) texts.push(text);
    return [texts.join(''), stream.done];
}

const numbers = (count) => Array.from({ length: count }, (_, i) => `${i} `).join('');

// --- simulated nodes ----------------------------------------------------------------------------

test('tensors come back as they went', async () => {
    const grid = Float32Array.from({ length: 6000 }, (_, i) => Math.sin(i));
    grid.set([NaN, Infinity, -Infinity]);
    const sent = { x: { data: grid, shape: [3, 50, 40] }, y: BigInt64Array.of(1n, -(2n ** 63n)),
        h: new Tensor('h', Uint16Array.of(0x3c00, 0x7bff), 'FP16'), b: new Tensor('b', [true, false], 'BOOL'),
        u: BigUint64Array.of(2n ** 64n - 1n), s: new Tensor('s', 7, 'INT32') };
    const answer = await client.infer('builtin/echo', sent, SIMULATED), { x, y, h, b, u, s } = answer.outputs;
    assert.deepEqual([x.shape, x.data], [[3, 50, 40], grid]);
    assert.deepEqual([[...y.data], [...u.data], [...b.data]], [[1n, -(2n ** 63n)], [2n ** 64n - 1n], [1, 0]]);
    assert.deepEqual([h.datatype, [...h.toFloat32()], s.shape, [...s.data]], ['FP16', [1, 65504], [], [7]]);
    assert.equal(answer.executed_on.simulated, true);
});

test('a large tensor comes back, and only the outputs that are wanted', async () => {
    const large = Uint8Array.from({ length: 4_000_000 }, (_, i) => i * 31);
    const { outputs } = await client.infer('builtin/echo', { x: large, y: Float32Array.of(2) }, { ...SIMULATED, outputs: ['x'] });
    assert.deepEqual(Object.keys(outputs), ['x']);
    assert.ok(Buffer.from(outputs.x.bytes).equals(Buffer.from(large)));
});

test('errors name the field, and the request in the log', async () => {
    await assert.rejects(client.infer('builtin/echo', [], { priority: 10 }), (error) => {
        assert.ok(error instanceof ServiceError);
        assert.deepEqual([error.code, error.status, error.field], ['invalid_field', 400, 'priority']);
        assert.ok(error.expected && error.requestId);
        return true;
    });
    await assert.rejects(client.chat('none', 'hi'), { code: 'model_not_found', status: 404 });
});

test('many at a time have answers of their own', async () => {
    const found = await Promise.all(Array.from({ length: 24 }, async (_, i) =>
        [...(await client.infer('builtin/echo', { x: Int32Array.of(i) }, SIMULATED)).outputs.x.data]));
    assert.deepEqual(found, Array.from({ length: 24 }, (_, i) => [i]));
});

test('a stream continues where its connection broke', async () => {
    const proxy = await cutting(daemon.url, 3000, 5000);
    try {
        const [text, done] = await read(new Client(proxy.url), { count: 300, interval_ms: 1 });
        assert.equal(text, numbers(300));
        assert.deepEqual([done.parts, done.result, proxy.limits.length], [300, { count: 300 }, 0]);
    } finally {
        proxy.close();
    }
});

test('50 streams at a time have their parts in order', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => read(client, { count: 20, interval_ms: 2 })));
    for (const [text, done] of all) assert.deepEqual([text, done.parts], [numbers(20), 20]);
});

test('leaving a stream, closing it and its signal end its work', async () => {
    for (const resumable of [true, false]) {
        for await (const part of client.stream('builtin/count', null, { ...ENDLESS, ...SIMULATED, resumable })) if (part) break;
        await idle();
        const stream = client.stream('builtin/count', null, { ...ENDLESS, ...SIMULATED, resumable });
        await stream[Symbol.asyncIterator]().next();
        await stream.close();
        await idle();
        const leave = new AbortController(), reason = new Error('enough');
        await assert.rejects(async () => {
            const settings = { ...ENDLESS, ...SIMULATED, resumable, signal: leave.signal };
            for await (const part of client.stream('builtin/count', null, settings)) if (part) leave.abort(reason);
        }, reason);
        await idle();
    }
});

test('a signal ends the work of a whole answer', async () => {
    const leave = new AbortController(), reason = new Error('enough');
    const answer = client.infer('builtin/count', null, { ...SIMULATED, options: ENDLESS, signal: leave.signal });
    await until(async () => (await client.status()).queue.running > 0, { what: 'it to run' });
    leave.abort(reason);
    await assert.rejects(answer, reason);
    await idle();
});

test('jobs are kept, waited for and cancelled', async () => {
    const { job } = await client.submit('builtin/echo', { x: Float32Array.of(3) }, SIMULATED);
    assert.deepEqual([...(await client.wait(job.id)).outputs.x.data], [3]);
    const stored = await client.job(job.id);
    assert.deepEqual([stored.job.state, [...stored.answer.outputs.x.data]], ['done', [3]]);
    assert.ok((await client.jobs({ state: 'done' })).jobs.some(({ id }) => id === job.id));
    const slow = await client.submit('builtin/count', null, { ...SIMULATED, options: ENDLESS });
    assert.match((await client.cancel(slow.job.id)).state, /^cancell(ed|ing)$/);
    await assert.rejects(client.wait(slow.job.id), { name: 'ServiceError', code: 'cancelled' });
});

test('an idempotent answer comes, and a benchmark measures each run', async () => {
    const sent = { x: Float32Array.of(3) };
    assert.deepEqual([...(await client.infer('builtin/echo', sent, { ...SIMULATED, idempotent: true })).outputs.x.data], [3]);
    const { outputs, result } = await client.benchmark('builtin/echo', sent, { ...SIMULATED, runs: 4, warmup: 0 });
    assert.deepEqual([[...outputs.x.data], result.run_ms.length, result.gpu_ms], [[3], 4, null]);
    await assert.rejects(client.benchmark(null, undefined, { kernel: 'dance' }), { code: 'kernel_not_found', field: 'kernel' });
});

test('models, nodes and the state are there', async () => {
    assert.ok((await client.models()).models.some(({ name }) => name === 'digits'));
    assert.equal((await client.model('digits')).inputs[0].datatype, 'FP32');
    assert.ok((await client.nodes()).nodes.length > 16);
    assert.equal((await client.hardware('digits')).model_type, 'vision');
    await assert.rejects(client.pull('org/none', { hub: 'none' }), ServiceError);
    await assert.rejects(client.pulling('org/none', { hub: 'none' })[Symbol.asyncIterator]().next(), ServiceError);
});

// --- a real browser -----------------------------------------------------------------------------

test('tasks by name', async () => {
    for (const image of [fs.readFileSync(seven), await openAsBlob(seven), fs.readFileSync(seven).toString('base64')])
        assert.equal((await client.classify('digits', { image })).result.labels[0].label, '7');
    const audio = await openAsBlob(path.join(ownModels, 'keywords/samples/left.wav'));
    assert.equal((await client.classify('keywords', { audio })).result.labels[0].label, 'left');
    const { embeddings } = (await client.embed('nest', ['a cat sleeps', 'a dog sleeps'])).outputs;
    assert.deepEqual([embeddings.datatype, embeddings.shape], ['FP32', [2, 64]]);
    await assert.rejects(client.rerank('nest', 'a cat', ['a dog']), { field: 'inputs' });
    assert.ok((await client.tokenize('finch', 'Hello')).result.tokens.length > 0);
    const chat = await client.chat('finch', 'What is 17 + 25?', { temperature: 0 });
    assert.equal(chat.text, '17 + 25 = 42.');
    const talk = [];
    for await (const text of client.talk('finch', 'What is 17 + 25?', { temperature: 0 }).texts()) talk.push(text);
    assert.equal(talk.join(''), chat.text);
});

test('loading by hand', async () => {
    assert.equal((await client.load('digits')).state, 'loading');
    assert.equal((await client.unload('digits')).state, 'unloading');
});

// --- programs of their own ----------------------------------------------------------------------

/** Runs a program that imports the installed package; its output. */
async function program(text, env = {}) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', text],
        { cwd: folder, env: { PATH: process.env.PATH, ...env } });
    return stdout.trim();
}

test('npm packs its code, its types, its documents and its licence, and installs them without a network', () => {
    const there = path.join(folder, 'node_modules/webinfer');
    assert.deepEqual(packed, fs.readdirSync(sdk).filter((name) => name !== 'tsconfig.json').sort());
    assert.deepEqual(fs.readdirSync(there).sort(), packed);
    assert.equal(fs.readFileSync(path.join(there, 'LICENSE'), 'utf8'), fs.readFileSync(path.join(root, 'LICENSE'), 'utf8'));
    for (const [, link] of fs.readFileSync(path.join(there, 'README.md'), 'utf8').matchAll(/\]\(([^)]*)\)/g))
        assert.ok(packed.includes(link), `README.md links to ${link}`);
});

test('it verifies certificates over https, and sends its token', async () => {
    const token = 'wi_of-a-user', config = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
    const own = new Daemon({ config });
    const tokens = writeTokens(own, { bob: 'user' }, { bob: token }), tls = certificate(own.folder, 'IP:127.0.0.1');
    own.writeConfig({ api: { ...tls, tokens_file: tokens } });
    own.spawn();
    try {
        const url = await until(() => own.log.match(/api: listening on (https:\S+),/)?.[1], { what: 'the API' });
        const text = `import { Client } from 'webinfer';
            const said = async (settings) => new Client(undefined, settings).status().then(({ ready }) => typeof ready, ({ code }) => code);
            console.log(await said(), await said({ token: '' }), await said({ token: 'wi_none' }));`;
        const trusting = { WEBINFER_URL: url, WEBINFER_TOKEN: token, NODE_EXTRA_CA_CERTS: tls.tls_certificate };
        assert.equal(await program(text, trusting), 'boolean unauthorized unauthorized');
        assert.equal(await program(text, { ...trusting, NODE_EXTRA_CA_CERTS: '' }), 'refused refused refused');
    } catch (error) {
        throw own.explain(error);
    } finally {
        own.signal('SIGTERM');
        await own.waitEnd();
        await own.abandon();
    }
});

test("the guide's own program", async () => {
    const section = fs.readFileSync(path.join(root, 'docs/guide.md'), 'utf8').split(/^## /m)
        .find((one) => one.startsWith('From JavaScript'));
    const text = section.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.slice(4)).join('\n');
    fs.symlinkSync(path.join(root, 'models'), path.join(folder, 'models'));
    assert.match(await program(text, { WEBINFER_URL: daemon.url }),
        /^17 \+ 25 = 42\.\n\{\n? *label: '7'[^]*\} wasm\nFloat32Array\(3\) \[ 1, 1, 1 \]\n\w+/);
});

test("its README's own program", async () => {
    const [, text] = /```js\n([^]*?)```/.exec(fs.readFileSync(path.join(sdk, 'README.md'), 'utf8'));
    fs.copyFileSync(seven, path.join(folder, '7.png'));
    assert.match(await program(text.replace('http://127.0.0.1:8470', daemon.url)),
        /^\{\n? *label: '7'[^]*\} \[ 2, 2 \] Float32Array\(4\) \[ 1, 2, 3, 4 \]\n[^{]+\{\n[^]*\n\}\ninput_unknown inputs\[0\]\.name image$/);
});

/** The program itself, which the package `deno` would only copy: npm runs no scripts of packages here. */
const deno = path.join(process.env.WEBINFER_NODE_MODULES ?? '', `@deno/linux-${process.arch}-glibc/deno`);

test('Deno runs it, without a right but that to the network: an answer, a stream, and one that is aborted', async () => {
    const file = path.join(folder, 'three.mjs');
    fs.writeFileSync(file, `import { Client } from 'webinfer';
        const client = new Client('${daemon.url}'), leaving = new AbortController();
        const { outputs } = await client.infer('builtin/echo', { x: { data: Float32Array.of(1, 2), shape: [2, 1] } }, { platform: 'simulated' });
        console.log(outputs.x.shape, outputs.x.data);
        console.log(await Array.fromAsync(client.stream('builtin/count', null, { platform: 'simulated', count: 3 }).texts()));
        const endless = client.stream('builtin/count', null, { platform: 'simulated', ...${JSON.stringify(ENDLESS)}, signal: leaving.signal });
        try { for await (const text of endless.texts()) leaving.abort(); } catch ({ name }) { console.log(name); }`);
    const words = ['run', '--no-remote', '--no-prompt', '--node-modules-dir=manual', `--allow-net=${new URL(daemon.url).host}`, file];
    const { stdout } = await promisify(execFile)(deno, words, { cwd: folder, env: { HOME: folder, NO_COLOR: '1' } });
    assert.equal(stdout, '[ 2, 1 ] Float32Array(2) [ 1, 2 ]\n[ "0 ", "1 ", "2 " ]\nAbortError\n');
    await idle();
});

test('its version is that of the tree, and its types are those of the API', () => {
    const version = /AC_INIT\(\[webinfer\], \[(.*?)\]\)/.exec(fs.readFileSync(path.join(root, 'configure.ac'), 'utf8'))[1];
    assert.equal(JSON.parse(fs.readFileSync(path.join(sdk, 'package.json'), 'utf8')).version, version);
    const description = execFileSync(daemonPath, ['--print-openapi'], { maxBuffer: 1 << 24 });
    const types = execFileSync(process.execPath, [path.join(root, 'scripts/js-types.mjs')], { input: description, encoding: 'utf8' });
    assert.equal(fs.readFileSync(path.join(sdk, 'types.d.ts'), 'utf8'), types,
        'run: webinferd --print-openapi | node scripts/js-types.mjs >sdk/js/types.d.ts');
});
