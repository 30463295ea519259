// tier: full
/** What goes wrong in real life: sockets cut, devices lost, shaders refused, engines that hang. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { slow } from '../lib/onnx.mjs';
import { check, needsCases, readCase } from './support/cases.mjs';
import { ggufBytes } from './support/gguf.mjs';
import { nodeTests } from './support/nodes.mjs';
import { TOKEN } from './support/service.mjs';
import { builtin, onnx } from './support/models.mjs';

/** Script text that runs `patch(device)` on every device but the probe's. */
const onDevice = (patch) => `{
    const prototype = GPUAdapter.prototype, request = prototype.requestDevice;
    let count = 0;
    prototype.requestDevice = async function (...options) {
        const device = await request.apply(this, options);
        if (++count > 1) (${patch})(device);
        return device;
    };
}`;
const LOSES_DEVICE = onDevice(`(device) => {
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (commands) => { submit(commands); device.destroy(); };
}`);
const REFUSES_SHADERS = onDevice(`(device) => {
    const create = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) => create({ ...descriptor, code: 'this is no WGSL' });
}`);
const HANGS = onDevice('() => { GPUBuffer.prototype.mapAsync = () => new Promise(() => {}); }');
const SPINS = onDevice('(device) => { device.queue.submit = () => { for (;;); }; }');
/** Each adapter that is asked for is another one, the probe's the first. */
const LOOKS_LIKE_HARDWARE = `{
    const seen = [];
    Object.defineProperty(GPUAdapter.prototype, 'info', { get() {
        if (!seen.includes(this)) seen.push(this);
        return { vendor: 'acme', architecture: 'anvil', description: 'Acme Anvil ' + (1 + seen.indexOf(this)), device: '', isFallbackAdapter: false };
    } });
}`;
/** The first worker's engine never comes up. */
const STUCK_ONCE = `for (const name of ['instantiate', 'instantiateStreaming']) {
    const instantiate = WebAssembly[name];
    WebAssembly[name] = async (...source) => {
        const cache = await caches.open('webinfer-test');
        if (await cache.match('/stuck')) return instantiate(...source);
        await cache.put('/stuck', new Response('once'));
        return new Promise(() => {});
    };
}`;
const DIES_EARLY = 'throw new Error("broken script");';

const nodeTest = nodeTests();

const BOTH = { platforms: ['webgpu', 'wasm'], fallback: true };
const PINNED = { platforms: ['webgpu'], fallback: false };

/** Runs a case with a fallback and pinned, on a page whose WebGPU is broken in one way. */
function fallsBack(what, faults, code, retryable, reason, more = {}) {
    nodeTest(`${what} falls back with its reason`, async ({ service, tab }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        check(add, await service.run(model, add.inputs)); // what WASM takes to start does not count
        const answer = await service.run(model, add.inputs, { ...BOTH, ...more });
        check(add, answer);
        const { platform, fallbacks } = answer.data.executed_on;
        assert.equal(platform, 'wasm');
        assert.deepEqual(fallbacks.map((f) => [f.platform, f.code]), [['webgpu', code]]);
        assert.match(fallbacks[0].reason, reason);
        const { data } = await service.run(model, add.inputs, { ...PINNED, ...more });
        assert.deepEqual([data.ok, data.error.code, data.retryable], [false, code, retryable]);
        // After a hang the platform is barred, so the pinned run does not even begin.
        const workers = code === 'engine_hung' ? 1 : 2;
        await tab.waitForFunction(
            (least) => Number(document.documentElement.dataset.replaced) >= least, workers);
        check(add, await service.run(model, add.inputs));
    }, { faults });
}

// Most of their time is waiting for what hangs to be taken for that.
describe('faults of the GPU', { ...needsCases, concurrency: 3 }, () => {
    fallsBack('a lost device', LOSES_DEVICE, 'device_lost', true, /lost/);
    fallsBack('a refused shader', REFUSES_SHADERS, 'inference_failed', false, /./);
    fallsBack('a hang', HANGS, 'engine_hung', true, /within \d+ ms/, { deadline_ms: 12000 });
    fallsBack('a spinning engine', SPINS, 'engine_hung', true, /within \d+ ms/, { deadline_ms: 12000 });

    nodeTest('an adapter is labelled by what it says of itself', async ({ service }) => {
        const { adapter } = service.capabilities.platforms.webgpu;
        assert.deepEqual(adapter, { vendor: 'acme', architecture: 'anvil', description: 'Acme Anvil 1', is_fallback: false });
        const add = readCase('op_add');
        const { data } = await service.run(service.addModel('op_add', add.onnx), add.inputs, PINNED);
        assert.deepEqual(data.executed_on.adapter, { ...adapter, description: 'Acme Anvil 2' }, "the engine's own");
    }, { faults: LOOKS_LIKE_HARDWARE });

    nodeTest('an engine that does not start leaves the other one', async ({ service }) => {
        const { webgpu } = service.capabilities.platforms;
        assert.equal(webgpu.available, false);
        assert.match(webgpu.reason, /does not start.*broken script/);
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        const answer = await service.run(model, add.inputs, BOTH);
        check(add, answer);
        assert.equal(answer.data.executed_on.fallbacks[0].code, 'platform_unsupported');
        assert.equal((await service.run(model, add.inputs, PINNED)).data.error.code, 'platform_unsupported');
    }, { faults: DIES_EARLY });

    nodeTest('an engine that does not come up gets another worker, and nobody fails for it', async ({ service, tab }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        check(add, await service.run(model, add.inputs, { platforms: ['wasm'], fallback: false }));
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
        check(add, await service.run(model, add.inputs));
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '1');
    }, { faults: STUCK_ONCE, faulty: 'wasm' });

    nodeTest('a language model whose engine does not come up gets another worker', async ({ service, tab }) => {
        const model = service.addGguf('abc', { 'abc.gguf': ggufBytes({ follow: 'abcdefgh' }) });
        const ask = { task: 'complete', input: { prompt: 'abc' }, options: { temperature: 0, max_tokens: 3, n: 2 } };
        const answers = [1, 2].map(() => service.run(model, [], { ...ask, deadline_ms: 120_000 }));
        for (const answer of answers) assert.equal((await answer).data.result?.choices[1].text, 'def');
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
    }, { faults: STUCK_ONCE, faulty: 'llama' });
});

describe('a fault of the browser', needsCases, () => {
    nodeTest('a GPU process that ends costs no more than what ran there', async ({ service, tab }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        check(add, await service.run(model, add.inputs, PINNED));
        const since = service.messages.length;
        const browser = await tab.context().browser().newBrowserCDPSession();
        browser.send('Browser.crashGpuProcess').catch(() => {}); // it is not answered
        await tab.waitForFunction(() => Number(document.documentElement.dataset.replaced) >= 1);
        check(add, await service.run(model, add.inputs, { ...PINNED, deadline_ms: 30_000 }));
        const reports = service.messages.slice(since).filter(({ type }) => type === 'capability_report');
        assert.deepEqual(reports.map(({ data }) => data.capabilities.platforms.webgpu.available), []);
    });
});

describe('cancel', needsCases, () => {
    nodeTest('ends what runs and what waits, without an answer', async ({ service, tab }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        service.send('model_load', { model, platforms: ['webgpu'] });
        await service.seen('model_status', (m) => m.data.models.some(({ state }) => state === 'loaded'));
        const running = service.request(model, add.inputs, PINNED);
        const waiting = service.request(model, add.inputs, PINNED);
        await service.seen('task_accepted', (m) => m.data.attempt_id === running);
        service.send('task_cancel', { attempt_id: waiting, reason: 'client_gone' });
        service.send('task_cancel', { attempt_id: running, reason: 'client_gone' });
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
        const beat = service.send('heartbeat', { seq: 1 });
        const { data } = await service.seen('heartbeat', (m) => m.data.reply_to === beat);
        assert.deepEqual(data.running, []);
        check(add, await service.run(model, add.inputs));
        assert.equal(service.answers.has(running) || service.answers.has(waiting), false);
    }, { faults: HANGS });

    nodeTest('stops a model\'s loading between its steps', async ({ service, tab }) => {
        const add = readCase('op_add');
        const model = service.addModel('op_add', add.onnx);
        const stalled = onnx('stalled', 1000, { url: '/models/stalled' });
        const { serve } = service;
        const aborted = new Promise((resolve) => {
            service.serve = (request, response) => {
                if (request.url !== '/models/stalled') return serve.call(service, request, response);
                response.on('close', resolve);
                response.writeHead(200, { 'Content-Length': 1000 });
                response.write('some of it');
                service.emit('message', service.stalled = true);
            };
        });
        const attempt = service.request(stalled, add.inputs);
        await service.until(() => service.stalled, 'the fetch');
        service.send('task_cancel', { attempt_id: attempt, reason: 'client_gone' });
        await aborted;
        check(add, await service.run(model, add.inputs));
        assert.equal(service.answers.has(attempt), false);
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
    });

    nodeTest('ends at once a run that is known to take longer than loading its model again', async ({ service }) => {
        const model = service.addModel('slow', slow());
        const inputs = (count) => [
            { name: 'x', datatype: 'FP32', shape: [1, 1], bytes: new Uint8Array(Float32Array.of(2).buffer) },
            { name: 'count', datatype: 'INT64', shape: [], bytes: new Uint8Array(BigInt64Array.of(BigInt(count)).buffer) },
        ];
        const { load_ms: loadMs } = (await service.run(model, inputs(1))).data.performance;
        // As long as that, and not much longer: the next count is reckoned from the last.
        let [count, ms] = [1000, 0];
        for (const enough = 3 * loadMs + 2000; ms < enough; ) {
            const { data } = await service.run(model, inputs(count));
            ms = data.performance.inference_ms;
            count = Math.ceil(count * Math.min(10, Math.max(1, 1.2 * enough / ms)));
        }
        const attempt = service.request(model, inputs(count * 100));
        await service.seen('task_accepted', (m) => m.data.attempt_id === attempt);
        const began = performance.now();
        service.send('task_cancel', { attempt_id: attempt, reason: 'client_gone' });
        const { at } = await service.seen('log', (m) => /its run was cancelled/.test(m.data.message));
        assert.ok(at - began < ms, `after ${at - began} ms`); // it would go on for 300 times as long
        assert.equal((await service.run(model, inputs(1))).data.ok, true);
        assert.equal(service.answers.has(attempt), false);
    });

    nodeTest('of a run that ends by itself throws the answer away', async ({ service, tab }) => {
        const found = readCase('light_resnet50');
        const model = service.addModel('resnet', found.onnx);
        // However busy this machine is, loading the model again would take longer than a run of it.
        const { serve } = service;
        service.serve = (request, response) => {
            const isModel = request.url.endsWith('.onnx');
            setTimeout(() => serve.call(service, request, response), isModel ? 8000 : 0);
        };
        check(found, await service.run(model, found.inputs));
        check(found, await service.run(model, found.inputs));
        const attempt = service.request(model, found.inputs);
        service.send('task_cancel', { attempt_id: attempt, reason: 'client_gone' });
        check(found, await service.run(model, found.inputs));
        assert.equal(service.answers.has(attempt), false);
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
    });
});

describe('a dropped socket', needsCases, () => {
    nodeTest('costs no answer and doubles none', async ({ service }) => {
        service.autoAck = false;
        const found = readCase('light_resnet50');
        const model = service.addModel('resnet', found.onnx);
        const before = service.request(model, found.inputs, { attempt_id: 'answered' });
        await service.answer(before);
        const attempt = service.request(model, found.inputs, { attempt_id: 'in-flight' });
        await service.caughtUp();
        service.socket.terminate();
        const { data } = await service.seen('node_announcement', (m) => m.data.resume);
        const { node, token, running, unacknowledged } = data.resume;
        assert.deepEqual([node, token, data.token], ['node-1', 'resume-1', undefined]);
        assert.deepEqual([...running, ...unacknowledged].sort(), ['answered', 'in-flight']);
        check(found, await service.answer(attempt));
        await service.until(() => service.answers.get('answered').length === 2, 'the unacknowledged answer again');
        assert.equal(service.answers.get('answered')[0].id, service.answers.get('answered')[1].id);
        service.send('task_ack', { attempt_ids: ['answered', 'in-flight'] });
        const since = service.messages.length;
        service.socket.terminate();
        const again = await service.seen('node_announcement', undefined, since);
        assert.deepEqual(again.data.resume.unacknowledged, []);
        assert.deepEqual(again.data.resume.running, []);
        check(found, await service.run(model, found.inputs));
        assert.equal(service.answers.get('in-flight').length, 1);
    });

    nodeTest('while the answer is being made: it comes after the resume, once', async ({ service }) => {
        const found = readCase('light_resnet50');
        const model = service.addModel('resnet', found.onnx);
        const attempt = service.request(model, found.inputs);
        await service.caughtUp();
        service.refuse = true;
        service.socket.terminate();
        await service.until(() => service.lastClose, 'the cut');
        service.refuse = false;
        const { at } = await service.seen('node_announcement', (m) => m.data.resume);
        const answer = await service.answer(attempt);
        check(found, answer);
        assert.ok(answer.at > at);
        check(found, await service.run(model, found.inputs));
        assert.equal(service.answers.get(attempt).length, 1);
    });

    nodeTest('forgets what the service no longer wants', async ({ service }) => {
        service.autoAck = false;
        const echo = builtin('echo');
        await service.run(echo, [], { attempt_id: 'unwanted' });
        service.welcome = { cancel: ['unwanted'] };
        const since = service.messages.length;
        service.socket.terminate();
        await service.seen('node_announcement', (m) => m.data.resume.unacknowledged.includes('unwanted'), since);
        await service.run(echo, []);
        assert.equal(service.answers.get('unwanted').length, 1);
    });

    nodeTest('silence is a dropped socket', async ({ service }) => {
        service.silent = true;
        await service.seen('node_announcement', (m) => m.data.resume);
    }, { welcome: { heartbeat_interval_ms: 400, heartbeat_misses: 3 } });

    /** Knows no node any more, as after a start of its own. */
    const forget = (service, andThen = () => {}) => {
        const { handle } = service;
        service.handle = (socket, message) => {
            if (!message.data.resume) return handle.call(service, socket, message);
            service.send('bye', { code: 'resume_unknown', reason: 'unknown node' });
            socket.close(4001);
            andThen();
        };
        service.socket.terminate();
    };

    nodeTest('a service that knows nothing of the page has it anew, until its token is refused', async ({ service, tab }) => {
        const model = service.addModel('slow', slow());
        const attempt = service.request(model, [
            { name: 'x', datatype: 'FP32', shape: [1, 1], bytes: new Uint8Array(Float32Array.of(2).buffer) },
            { name: 'count', datatype: 'INT64', shape: [], bytes: new Uint8Array(BigInt64Array.of(10n ** 12n).buffer) },
        ], { attempt_id: 'again' });
        await service.seen('task_accepted', (m) => m.data.attempt_id === attempt);
        forget(service);
        await service.seen('node_announcement', (m) => m.data.resume);
        await service.seen('node_announcement', (m) => m.data.token === TOKEN, 1);
        const add = readCase('op_add');
        check(add, await service.run(service.addModel('op_add', add.onnx), add.inputs, { attempt_id: 'again' }));
        assert.equal(service.answers.get('again').length, 1);
        service.handle = (socket) => socket.close(1008, 'the token is spent');
        service.socket.terminate();
        await tab.waitForSelector('html[data-state=refused]', { state: 'attached' });
    });

    nodeTest('a page that came to join is back after a reload, and by itself when the service has another', async ({ service, tab }) => {
        const anew = (since) => service.seen('node_announcement', (m) => m.data.token === TOKEN, since);
        await tab.waitForFunction(() => sessionStorage.length === 1);
        let since = service.messages.length;
        await tab.reload();
        await anew(since);
        await tab.waitForSelector('html[data-state=connected]', { state: 'attached' });
        assert.equal(await tab.evaluate('location.hash'), '');
        const { serve, alter } = service, own = service.served.find((name) => name.startsWith('/main-'));
        service.serve = (request, response) => {
            request.url = request.url.replace('/main-other.js', own);
            serve.call(service, request, response);
        };
        service.alter = (name, content) =>
            (name === 'index.html' ? String(content).replace(own.slice(1), 'main-other.js') : alter(name, content));
        since = service.messages.length;
        forget(service);
        await anew(since);
        await tab.waitForSelector('html[data-state=connected]', { state: 'attached' });
        assert.equal(await tab.evaluate('location.hash + document.scripts[0].src.slice(-13)'), 'main-other.js');
        await tab.waitForFunction(() => sessionStorage.getItem('webinfer.fragment') ?.startsWith('token=one-time-token&start=') === true);
        await tab.click('#stop');
        await tab.waitForSelector('html[data-state=stopped]', { state: 'attached' });
        await service.seen('bye', (m) => m.data.reason === 'its person stopped it', since);
        await tab.waitForFunction(() => sessionStorage.length === 0 && document.getElementById('verbs').hidden);
    }, { welcome: { joined: true } });
});
