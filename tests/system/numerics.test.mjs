// tier: full
/**
 * The numerics guard: a platform that computes wrong is found out beside the clients' path, shown,
 * remembered, and never used for a client that left the choice to us.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { edge } from '../lib/browsers.mjs';
import * as cases from '../lib/cases.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { putFamilies } from '../lib/families.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { FakeDriver } from '../lib/fake-session.mjs';
import { disc } from '../lib/media.mjs';
import { sharedModels } from '../lib/paths.mjs';
import { claimHardware, spoiledPage } from '../lib/spoiled-page.mjs';
import { cases as taskCases, nameOf, optionsOf } from '../lib/task-cases.mjs';
import { until } from '../lib/wait.mjs';

const X = [1, 2, 3];
const picture = disc().bytes;

/** A browser whose GPU multiplies by what it is told; WASM doubles, as the model says. */
class Doubler extends FakeNode {
    factors = { webgpu: 2, wasm: 2 };
    /** What each platform was asked to do: {webgpu: 2, …}. */
    asked = { webgpu: 0, wasm: 0 };
    /** Fails instead, by platform: {code, message}. */
    failures = {};
    /** What it sees in any picture, by platform: the logits of its labels. */
    sights = { webgpu: [2, 1], wasm: [2, 1] };
    /** The pictures that it was given. */
    pictures = [];

    announce() {
        super.announce({ capabilities: { ...capabilities,
            engines: { ...capabilities.engines, pipeline: '4.0.0' }, platforms: { ...capabilities.platforms,
            webgpu: { available: true, adapter: { vendor: 'acme', architecture: 'rocket',
                description: 'Acme Rocket', is_fallback: false } } } } });
    }

    onTask = (task) => {
        const [platform] = task.message.data.platforms;
        this.asked[platform]++;
        if (this.failures[platform]) return this.fail(task, this.failures[platform]);
        if (task.message.data.task) return this.see(task, platform);
        const { shape, bytes } = task.tensors[0];
        const y = Buffer.from(bytes);
        for (let at = 0; at < y.length; at += 4)
            y.writeFloatLE(y.readFloatLE(at) * this.factors[platform], at);
        this.respond(task, { outputs: [{ name: 'y', datatype: 'FP32', shape, bytes: y }],
            data: { executed_on: { platform, engine: 'ort', precision: 'fp32',
                adapter: platform === 'webgpu' ? { vendor: 'acme' } : null, fallbacks: [],
                simulated: false } } });
    };

    see(task, platform) {
        this.pictures.push(Buffer.from(task.tensors[0].bytes));
        const { raw } = task.message.data, logits = Float32Array.from(this.sights[platform]);
        const outputs = raw ? [{ name: 'model/logits', datatype: 'FP32', shape: [1, logits.length],
            bytes: Buffer.from(logits.buffer) }] : [];
        const result = raw ? { raw } : { labels: [{ label: 'digit', index: 0, probability: 0.9 }] };
        this.respond(task, { outputs, data: { result, executed_on: { platform,
            engine: 'pipeline', precision: 'fp32', adapter: null, fallbacks: [], simulated: false } } });
    }
}

describe('a browser of our own making', () => {
    /** @type {Daemon} */
    let daemon;
    /** @type {Doubler} */
    let node;
    let opened = 0;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-numerics-'));
    const driver = new FakeDriver(path.join(folder, 'driver'));
    const test = testsOf(() => daemon);

    async function connect(change = () => {}) {
        const urls = await until(() => driver.pageUrls.length > opened && driver.pageUrls,
            { what: 'a page to be opened', timeout: 60_000 });
        opened = urls.length;
        node = new Doubler(urls.at(-1));
        change(node);
        await node.join();
        await daemon.ready();
    }

    async function start(more = {}) {
        daemon = await new Daemon({ models: opened ? [] : ['twice'], folder: path.join(folder, 'daemon'),
            keep: true, config: { 'browser.chrome': driver.config, bridge: { resume_grace: '1s' },
                pool: { recheck: '0%', exploration: '0%', ...more } } }).start({ ready: false });
        await connect();
    }

    async function stop() {
        await node.close();
        await daemon.stop();
    }

    /** The model with another content, so that nothing is known of it. */
    function renew() {
        const file = path.join(daemon.store, 'twice', 'model.onnx');
        // An unknown field at the end of a protobuf message is skipped.
        fs.appendFileSync(file, Buffer.from([0xa2, 0x06, 0x01, 0x78]));
    }

    const infer = (more = {}) => daemon.infer({ model_name: 'twice', model_type: 'vision', ...more,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: X }] });

    async function answer(more, factor) {
        const { status, json, text } = await infer(more);
        assert.equal(status, 200, text);
        assert.deepEqual(json.outputs[0].data, X.map((x) => x * factor));
        return json.executed_on;
    }

    const pinned = (factor) => answer({ platform: 'webgpu', fallback: false }, factor);

    /** That on such inputs goes before that on the model. */
    async function verdict() {
        const { json } = await daemon.get('/v1/models/twice');
        return json.numerics.verdicts.filter(({ platform }) => platform === 'webgpu').at(-1) ?? null;
    }

    const found = (wanted) => until(async () => {
        const one = await verdict();
        return one?.verdict === wanted && one;
    }, { what: `the verdict ${wanted}` });

    /** Runs beside the clients' path that have ended that way. */
    const probes = (result) => daemon.metric('webinfer_probes_total', `{result="${result}"}`);

    before(() => start());
    after(async () => {
        await stop();
        fs.rmSync(folder, { recursive: true, force: true });
    });

    test('what WASM answers is ok: it is the measure', async () => {
        const ran = await answer({ platform: 'wasm' }, 2);
        assert.equal(ran.numerics, 'ok');
        assert.equal(await verdict(), null);
    });

    test('a pinned platform answers unchecked, then ok', async () => {
        const before = node.asked.wasm;
        assert.equal((await pinned(2)).numerics, 'unchecked');
        const { browser, browser_version: version, error_ratio: ratio, engine_version: engine,
            adapter, joined, detail } = await found('trusted');
        assert.deepEqual({ browser, version, ratio, engine, adapter, joined, detail },
            { browser: 'chrome', version: '156.0.0.0', ratio: 0, engine: '1.30.0',
                adapter: 'acme/rocket/Acme Rocket', joined: false, detail: null });
        assert.equal((await pinned(2)).numerics, 'ok');
        assert.equal(node.asked.wasm, before + 1, 'one run beside the client\'s');
        assert.equal(await probes('trusted'), 1);
    });

    test('a planted wrong kernel: found out, shown, and no client is given its answer unasked',
        async () => {
            renew();
            node.factors.webgpu = 3;
            const jobs = await daemon.metric('webinfer_jobs_completed_total');
            assert.equal((await pinned(3)).numerics, 'unchecked');
            const { error_ratio: ratio, detail, checked_at: at } = await found('wrong');
            assert.ok(ratio > 100, `only ${ratio} times the tolerance`);
            assert.match(detail, /^y at \d: [-.\d]+ where WASM gives [-.\d]+$/);
            assert.ok(Math.abs(at - Date.now()) < 60_000);
            await daemon.logs(/guard.*chrome\/webgpu computes it wrong/);
            assert.equal((await pinned(3)).numerics, 'wrong');
            for (let i = 0; i < 20; i++) {
                const ran = await answer({}, 2);
                assert.equal(ran.platform, 'wasm');
                assert.equal(ran.numerics, 'ok');
            }
            // Runs beside the clients' are no clients' jobs.
            assert.equal(await daemon.metric('webinfer_jobs_completed_total'), jobs + 22);
            assert.equal(await probes('wrong'), 1);
            assert.equal(await daemon.metric('webinfer_verdicts', '{verdict="wrong"}'), 1);
            const { numerics } = await daemon.status();
            assert.equal(numerics.mode, 'check');
            assert.equal(numerics.verdicts.wrong, 1);
        });

    test('the verdict survives a restart', async () => {
        await stop();
        await start();
        node.factors.webgpu = 3;
        assert.equal((await verdict()).verdict, 'wrong');
        assert.equal((await pinned(3)).numerics, 'wrong');
        assert.equal((await answer({}, 2)).platform, 'wasm');
        assert.equal(await probes('wrong'), 0, 'nothing is asked twice');
    });

    test('auto: WASM answers until the platform is known to be right', async () => {
        renew();
        node.factors.webgpu = 2;
        assert.equal((await answer({}, 2)).platform, 'wasm');
        await found('trusted');
        await until(async () => (await answer({}, 2)).platform === 'webgpu',
            { what: 'webgpu to be used' });
        assert.equal((await answer({}, 2)).numerics, 'ok');
    });

    test('auto: a wrong platform is never seen by a client', async () => {
        renew();
        node.factors.webgpu = 5;
        assert.equal((await answer({}, 2)).platform, 'wasm');
        await found('wrong');
        for (let i = 0; i < 20; i++) assert.equal((await answer({}, 2)).platform, 'wasm');
    });

    test('a platform that cannot run the model is said to be unable, and is not asked again',
        async () => {
            renew();
            node.failures.webgpu = { code: 'operator_unsupported', message: 'no kernel for Add' };
            assert.equal((await answer({}, 2)).platform, 'wasm');
            assert.match((await found('unable')).detail, /no kernel for Add/);
            const { webgpu } = node.asked;
            for (let i = 0; i < 5; i++) assert.equal((await answer({}, 2)).platform, 'wasm');
            assert.equal(node.asked.webgpu, webgpu);
            delete node.failures.webgpu;
        });

    test('a model that WASM refuses is refused, also where another platform would load it',
        async () => {
            renew();
            node.factors.webgpu = 2;
            const refusal = { code: 'operator_unsupported', message: 'no Gemm(6) here' };
            node.failures.wasm = refusal;
            assert.equal((await pinned(2)).numerics, 'unchecked');
            await until(async () => (await probes('failed')) > 0, { what: 'the check to fail' });
            for (const more of [{ platform: 'webgpu', fallback: false }, {}]) {
                const { status, json } = await infer(more);
                assert.equal(status, 422);
                assert.equal(json.code, 'operator_unsupported');
                assert.match(json.detail, /no Gemm\(6\) here/);
            }
            // An engine that has learnt it is believed.
            delete node.failures.wasm;
            assert.equal((await answer({ platform: 'wasm' }, 2)).platform, 'wasm');
            await pinned(2);
            await found('trusted');
        });

    test('a model too big for WASM runs elsewhere, unchecked', async () => {
        renew();
        node.failures.wasm = { code: 'out_of_memory', message: 'std::bad_alloc' };
        const ran = await answer({}, 2);
        assert.equal(ran.platform, 'webgpu');
        assert.equal(ran.numerics, 'unchecked');
        delete node.failures.wasm;
    });

    test('numerics = off: nothing is checked, and accelerated answers stay unchecked', async () => {
        await stop();
        await start({ numerics: 'off' });
        renew();
        node.factors.webgpu = 7;
        for (let i = 0; i < 3; i++) assert.equal((await pinned(7)).numerics, 'unchecked');
        assert.equal((await answer({ platform: 'wasm' }, 2)).numerics, 'ok');
        assert.equal(await verdict(), null);
        assert.equal(node.asked.wasm, 1);
        assert.equal((await daemon.status()).numerics.mode, 'off');
    });

    test('recheck: a share of later answers is checked again, and one wrong is enough', async () => {
        await stop();
        await start({ recheck: '25%' });
        renew();
        node.factors.webgpu = 2;
        await pinned(2);
        await found('trusted');
        for (let i = 0; i < 8; i++) {
            assert.equal((await pinned(2)).numerics, 'ok');
            await until(async () => (await daemon.status()).counters.jobs.completed > i,
                { what: 'the answer to be counted' });
        }
        await until(async () => (await probes('trusted')) === 3, { what: 'two more checks' });
        node.factors.webgpu = 9;
        for (let i = 0; i < 4; i++) await pinned(9);
        await found('wrong');
    });

    const look = async (more = {}) => {
        const { status, json, text } = await daemon.infer({ model_name: 'vit',
            inputs: { image: picture.toString('base64') }, ...more });
        assert.equal(status, 200, text);
        return json.executed_on;
    };

    const foundOfPicture = (wanted) => until(async () => {
        const { json } = await daemon.get('/v1/models/vit');
        return json.numerics.verdicts.find(({ verdict }) => verdict === wanted);
    }, { what: `the verdict ${wanted}` });

    test('a task is compared by a picture of ours, which is nobody\'s, and then used by auto', async () => {
        await stop();
        await start();
        putFamilies(daemon.store, ['vit']);
        node.sights.webgpu = [2.04, 1];
        assert.equal((await look()).platform, 'wasm');
        assert.equal((await foundOfPicture('trusted')).platform, 'webgpu');
        const [first, ...beside] = node.pictures;
        assert.ok(first.equals(picture));
        assert.equal(beside.length, 2, 'one run on WASM, and one on WebGPU');
        assert.ok(beside[0].equals(beside[1]) && !beside[0].equals(picture));
        await until(async () => (await look()).platform === 'webgpu', { what: 'webgpu to be used' });
        assert.equal((await look()).numerics, 'ok');
    });

    test('a task that is computed wrong never comes by auto', async () => {
        fs.appendFileSync(path.join(daemon.store, 'vit', 'config.json'), ' ');
        node.sights.webgpu = [1, 2];
        assert.equal((await look({ platform: 'webgpu', fallback: false })).numerics, 'unchecked');
        assert.match((await foundOfPicture('wrong')).detail, /^model\/logits at 0: 1 where WASM gives 2/);
        for (let i = 0; i < 5; i++) assert.equal((await look()).platform, 'wasm');
        assert.equal((await look({ platform: 'webgpu', fallback: false })).numerics, 'wrong');
    });

    test('a browser that breaks over a check: not asked again at once', async () => {
        await stop();
        await start();
        renew();
        node.factors.webgpu = 2;
        const { onTask } = node, broken = node;
        node.onTask = (task) => task.message.data.platforms[0] === 'wasm' ? onTask(task)
            : broken.cut();
        assert.equal((await answer({}, 2)).platform, 'wasm');
        await until(() => broken.closed, { what: 'the node to break' });
        await connect();
        assert.equal((await verdict()).verdict, 'unknown');
        for (let i = 0; i < 5; i++) assert.equal((await answer({}, 2)).platform, 'wasm');
        assert.equal(node.asked.webgpu, 0);
        assert.equal(await probes('failed'), 1);
    });
});

describe('real browsers', () => {
    const test = testsOf(() => null);
    const withCases = { skip: sharedModels ? false : 'there are no shared model cases',
        timeout: 240_000 * patience };
    const slow = { timeout: 600_000 * patience };

    /**
     * A daemon whose page claims a GPU, and computes wrong on it where that is planted, for the tests of a suite.
     * @param {boolean} plant
     * @param {string[]} models
     * @returns {{daemon?: Daemon}} there while they run
     */
    function sharedGpu(plant, models) {
        const shared = {};
        let page;
        before(async () => {
            page = spoiledPage({ 'engine-webgpu': claimHardware, 'engine-gpu_kernels': claimHardware },
                plant && { from: '\\ba(\\[i\\])? \\+ b\\b(\\[i\\])?', to: 'a$1 + b$2 + b$2' });
            shared.daemon = await new Daemon({ models, config: { bridge: { page },
                pool: { exploration: '0%', recheck: '0%' } } }).start();
        });
        after(async () => {
            await shared.daemon?.stop();
            fs.rmSync(page, { recursive: true, force: true });
        });
        return shared;
    }

    /** The verdict on that platform, once there is one. A check that came to nothing, as it was late, is made
     * anew with another request. */
    const found = (daemon, model, platform, again = async () => {}) => until(async () => {
        const { json } = await daemon.get(`/v1/models/${model}`);
        const verdict = json.numerics.verdicts.find((one) => one.platform === platform);
        if (verdict?.verdict === 'unknown') await again();
        return verdict?.verdict !== 'unknown' && verdict;
    }, { what: `a verdict on ${model} on ${platform}`, timeout: 300_000 * patience, every: 500 });

    const twice = async (daemon, more = {}) => {
        const { status, json, text } = await daemon.infer({ model_name: 'twice', ...more,
            model_type: 'vision',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: X }] });
        assert.equal(status, 200, text);
        return json;
    };

    const families = ['gpt2', 'bert-classes', 'bert-tags', 'vit', 'detr', 'wav2vec2', 'whisper'];

    /** One request for each of them. */
    const requestsOf = (names) => names.map((name) => taskCases.find(({ model }) => model === name));

    async function ask(daemon, one, more = {}) {
        const { status, json, text } = await daemon.infer({ model_name: one.model, task: one.task,
            inputs: one.inputs, options: optionsOf(one), ...more });
        assert.equal(status, 200, text);
        return json;
    }

    /** What keeps the model from that platform, or does not. */
    async function standing(daemon, model, platform) {
        const { json } = await daemon.get(`/v1/hardware?model_name=${model}`);
        return json.options.find((one) => one.platform === platform).standing;
    }

    /** Asks with `auto` before and after the verdict, which must be `wrong`. */
    async function isCaught(daemon, name, platform) {
        const one = cases.load(name);
        for (let i = 0; i < 2; i++)
            assert.equal((await daemon.tryCase(one, { timeout_ms: 120_000 })).problem, null);
        const { verdict, error_ratio: ratio } = await found(daemon, name, platform);
        assert.equal(verdict, 'wrong');
        assert.ok(ratio > 10, `only ${ratio} times the tolerance`);
        for (let i = 0; i < 5; i++) {
            const { answer, problem } = await daemon.tryCase(one);
            assert.equal(problem, null);
            assert.equal(answer.executed_on.platform, 'wasm');
        }
    }

    describe('a GPU that is right', () => {
        const shared = sharedGpu(false, ['twice', ...sharedModels ? ['audio_silero_vad'] : []]);
        const test = testsOf(() => shared.daemon);

        test('it is trusted, then used', slow, async () => {
            const { daemon } = shared;
            assert.equal((await twice(daemon)).executed_on.platform, 'wasm');
            const { verdict, adapter } = await found(daemon, 'twice', 'webgpu');
            assert.equal(verdict, 'trusted');
            assert.equal(adapter, 'acme/rocket/Acme Rocket');
            const pinned = await twice(daemon, { platform: 'webgpu', fallback: false });
            assert.equal(pinned.executed_on.numerics, 'ok');
            const { json } = await daemon.infer({ model_name: 'builtin/vector',
                inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: X }] });
            assert.deepEqual(json.outputs[0].data, [3, 5, 7]);
            assert.equal((await found(daemon, 'builtin/vector', 'webgpu')).verdict, 'trusted');
        });

        test('what it makes of text, pictures and sounds is compared, too', slow, async () => {
            const { daemon } = shared;
            putFamilies(daemon.store, families);
            for (const one of requestsOf(families)) {
                assert.equal((await ask(daemon, one)).executed_on.platform, 'wasm', nameOf(one));
                const { verdict, error_ratio: ratio, detail } =
                    await found(daemon, one.model, 'webgpu', () => ask(daemon, one));
                assert.equal(verdict, 'trusted', `${nameOf(one)}: ${detail}`);
                assert.ok(ratio <= 1);
                const pinned = await ask(daemon, one, { platform: 'webgpu', fallback: false });
                assert.equal(pinned.executed_on.numerics, 'ok', nameOf(one));
                assert.match(await standing(daemon, one.model, 'webgpu'), /^(ready|busy|full)$/);
            }
        });

        test('but not with a voice detector that WebGPU computes wrong: WASM answers', withCases, () =>
            isCaught(shared.daemon, 'audio_silero_vad', 'webgpu'));
    });

    describe('a GPU that is wrong', () => {
        const shared = sharedGpu(true, ['twice']);
        const test = testsOf(() => shared.daemon);

        test('a wrong kernel planted in the page is caught', slow, async () => {
            const { daemon } = shared;
            for (let i = 0; i < 5; i++) {
                const { outputs, executed_on: ran } = await twice(daemon);
                assert.deepEqual(outputs[0].data, [2, 4, 6]);
                assert.equal(ran.platform, 'wasm');
            }
            const { verdict, detail } = await found(daemon, 'twice', 'webgpu');
            assert.equal(verdict, 'wrong');
            assert.match(detail, /where WASM gives/);
            for (let i = 0; i < 5; i++)
                assert.deepEqual((await twice(daemon)).outputs[0].data, [2, 4, 6]);
            const pinned = await twice(daemon, { platform: 'webgpu', fallback: false });
            assert.notDeepEqual(pinned.outputs[0].data, [2, 4, 6], 'no wrong kernel was planted');
            assert.equal(pinned.executed_on.numerics, 'wrong');
        });

        test('a kernel of ours that is wrong on the GPU is caught, and not used', slow, async () => {
            const { daemon } = shared;
            const add = async (more = {}) => (await daemon.post('/v1/compute', { kernel: 'add', ...more,
                inputs: ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: [3], data: X })) })).json;
            const sum = async () => {
                const { outputs, executed_on: ran } = await add();
                assert.deepEqual([outputs[0].data, ran.platform], [[2, 4, 6], 'wasm']);
            };
            await sum();
            const pinned = await until(async () => {
                const answer = await add({ platform: 'webgpu', fallback: false });
                return answer.executed_on?.numerics === 'wrong' && answer;
            }, { what: 'a verdict on kernels on webgpu', timeout: 300_000 * patience, every: 500 });
            assert.deepEqual(pinned.outputs[0].data, [3, 6, 9]);
            await sum();
            // A model that is built of it, as any other: its answers without that platform stay right.
            const mlp = async (more = {}) => (await daemon.infer({ model_name: 'builtin/mlp', ...more,
                inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 784], data: Array(784).fill(0.25) }] })).json;
            const first = await mlp();
            assert.deepEqual([first.executed_on.platform, first.executed_on.numerics], ['wasm', 'ok']);
            assert.equal((await found(daemon, 'builtin/mlp', 'webgpu')).verdict, 'wrong');
            assert.equal((await mlp({ platform: 'webgpu', fallback: false })).executed_on.numerics, 'wrong');
            assert.deepEqual((await mlp()).outputs, first.outputs);
        });

        test('webinfer bench says where a model is computed wrong, and by how much', slow, async () => {
            const words = ['bench', 'twice', '--browser', 'chrome', '--platform', 'both', '--threads', '1', '--runs', '5'];
            const { code, out, problems } = await webinfer(/** @type {Daemon} */ (shared.daemon), words, { timeout: 300_000 * patience });
            assert.equal(code, 1, problems);
            assert.match(out, /^chrome\/wasm(?: fp32)? +ok /m);
            assert.match(out, /^chrome\/webgpu(?: fp32)? +inexact /m);
            const said = out.replaceAll(/\s+/g, ' ');
            assert.match(said, / chrome\/webgpu(?: fp32)?: inexact: y at \d: -?[\d.]+ where WASM gives -?[\d.]+; /);
            assert.match(said, / twice runs in Chromium \d+; fastest: chrome\/wasm, [^.]*\.[^.]*; chrome\/webgpu(?: fp32)? answers wrongly by \d+ times the allowed error/);
        });

        test('one that is wrong about text, pictures and sounds is caught', slow, async () => {
            const { daemon } = shared;
            const wrong = ['gpt2', 'vit', 'wav2vec2', 'segformer', 'vits'];
            putFamilies(daemon.store, wrong);
            for (const one of requestsOf(wrong)) {
                assert.equal((await ask(daemon, one)).executed_on.platform, 'wasm');
                const { verdict, detail } = await found(daemon, one.model, 'webgpu', () => ask(daemon, one));
                assert.equal(verdict, 'wrong', nameOf(one));
                assert.match(detail, /^(?:likely|(?:model\/)?[a-z_]+) at \d+: .* where WASM gives|^the texts part/);
                assert.equal((await ask(daemon, one)).executed_on.platform, 'wasm');
            }
        });
    });

    test('operators that WebNN computes wrong are answered by WASM', withCases, () =>
        withDaemon({ models: ['op_averagepool_2d_pads', 'op_convtranspose_pads'],
            config: { 'browser.chrome': { max_connections: 0 }, 'browser.edge': edge(),
                pool: { exploration: '0%', recheck: '0%' } } }, async (daemon) => {
            await isCaught(daemon, 'op_averagepool_2d_pads', 'webnn');
            await isCaught(daemon, 'op_convtranspose_pads', 'webnn');
        }));
});
