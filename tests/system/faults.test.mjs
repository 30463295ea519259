// tier: full
/**
 * WebGPU that breaks: a copy of the built page whose webgpu engine worker begins with a fault
 * script. The adapter claims to be hardware, so `auto` chooses webgpu; then it is lost, its
 * shaders fail, or it hangs, and each time the answer comes from WASM and says why.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe } from 'node:test';
import { patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { spoiledPage } from '../lib/spoiled-page.mjs';
import { until } from '../lib/wait.mjs';

const test = testsOf(() => null);

/** Runs at the head of the engine worker. Serialised, so it may use nothing from outside. */
function spoil(fault) {
    const info = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'info').get;
    const claims = { vendor: 'acme', architecture: 'rocket', device: '',
        description: 'Acme Rocket', isFallbackAdapter: false };
    Object.defineProperty(GPUAdapter.prototype, 'info', { get() {
        return new Proxy(info.call(this), { get: (real, key) =>
            key in claims ? claims[key] : Reflect.get(real, key, real) });
    } });
    const requestDevice = GPUAdapter.prototype.requestDevice;
    let devices = 0;
    GPUAdapter.prototype.requestDevice = async function (...options) {
        const device = await requestDevice.apply(this, options);
        // The first is the page's probe, which is to succeed.
        if (++devices > 1) breakDevice(device);
        return device;
    };
    /** With its first commands. */
    function loseSoon(device) {
        let lose;
        Object.defineProperty(device, 'lost',
            { value: new Promise((resolve) => (lose = resolve)) });
        const { submit: submitted } = GPUQueue.prototype;
        GPUQueue.prototype.submit = function (commands) {
            submitted.call(this, commands);
            device.destroy();
            lose({ reason: 'unknown', message: 'told to be lost' });
        };
    }
    const faults = {
        none() {},
        lose: loseSoon,
        shader() {
            const create = GPUDevice.prototype.createShaderModule;
            GPUDevice.prototype.createShaderModule = function (what) {
                return create.call(this, { ...what, code: 'this is no WGSL' });
            };
        },
        hang() {
            GPUBuffer.prototype.mapAsync = () => new Promise(() => {});
            GPUQueue.prototype.onSubmittedWorkDone = () => new Promise(() => {});
        },
        /** The GPU itself: what needs a large buffer is followed by a loop without an end. */
        endless(device) {
            let armed = false;
            const { createBuffer } = GPUDevice.prototype;
            GPUDevice.prototype.createBuffer = function (what) {
                armed ||= what.size >= 1 << 20;
                return createBuffer.call(this, what);
            };
            const { submit } = GPUQueue.prototype;
            const code = `@group(0) @binding(0) var<storage, read_write> a: array<atomic<u32>>;
                @compute @workgroup_size(1) fn main() {
                    while (atomicLoad(&a[0]) != 7u) { atomicAdd(&a[1], 1u); }
                }`;
            GPUQueue.prototype.submit = function (commands) {
                if (armed) {
                    armed = false;
                    const pipeline = device.createComputePipeline({ layout: 'auto',
                        compute: { module: device.createShaderModule({ code }) } });
                    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE });
                    const encoder = device.createCommandEncoder();
                    const pass = encoder.beginComputePass();
                    pass.setPipeline(pipeline);
                    pass.setBindGroup(0, device.createBindGroup({
                        layout: pipeline.getBindGroupLayout(0),
                        entries: [{ binding: 0, resource: { buffer } }] }));
                    pass.dispatchWorkgroups(1);
                    pass.end();
                    submit.call(this, [encoder.finish()]);
                }
                return submit.call(this, commands);
            };
        },
    };
    function breakDevice(device) {
        faults[fault](device);
    }
}

async function withFault(fault, body, worker = 'engine-webgpu') {
    const page = spoiledPage({ [worker]: spoil }, fault);
    try {
        // Else WASM answers first, until the GPU was compared with it beside the clients' path.
        await withDaemon({ models: ['twice', 'slow'],
            config: { bridge: { page }, pool: { numerics: 'off' } } }, body);
    } finally {
        fs.rmSync(page, { recursive: true, force: true });
    }
}

const twice = (daemon, more = {}) => daemon.infer({ model_name: 'twice', model_type: 'vision',
    timeout_ms: 30_000, ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [1, 2, 3] }] });

/** The answer came from WASM, is right, and says why WebGPU did not do. */
function assertFellBack(answer, code, reason) {
    assert.equal(answer.status, 200, answer.text);
    const { executed_on: ran, outputs } = answer.json;
    assert.deepEqual(outputs[0].data, [2, 4, 6]);
    assert.equal(ran.platform, 'wasm');
    assert.equal(ran.fallbacks.length, 1, answer.text);
    assert.equal(ran.fallbacks[0].platform, 'webgpu');
    assert.equal(ran.fallbacks[0].code, code, answer.text);
    assert.match(ran.fallbacks[0].reason, reason);
}

test('an adapter that is hardware: auto chooses webgpu', () =>
    withFault('none', async (daemon) => {
        const answer = await twice(daemon);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.executed_on.platform, 'webgpu');
        assert.equal(answer.json.executed_on.adapter.vendor, 'acme');
        assert.equal(answer.json.executed_on.adapter.is_fallback, false);
        assert.deepEqual(answer.json.executed_on.fallbacks, []);
        assert.deepEqual(answer.json.outputs[0].data, [2, 4, 6]);
    }));

test('a device that is lost: WASM answers, with the reason; later ones too', () =>
    withFault('lose', async (daemon) => {
        assertFellBack(await twice(daemon), 'device_lost', /lost/);
        // Left to itself, routing has learnt from that; a request that names the GPU has not.
        assertFellBack(await twice(daemon, { platform: 'webgpu' }), 'device_lost', /lost/);
        const pinned = await twice(daemon, { platform: 'webgpu', fallback: false });
        assert.ok([500, 502].includes(pinned.status), pinned.text);
        assert.match(pinned.json.detail, /lost/);
        const wasm = await twice(daemon, { platform: 'wasm' });
        assert.equal(wasm.status, 200, wasm.text);
    }));

test('a shader that fails: WASM answers, with the reason', () =>
    withFault('shader', async (daemon) => {
        assertFellBack(await twice(daemon), 'inference_failed', /WGSL|shader|[Pp]arsing|GPU/);
        const pinned = await twice(daemon, { platform: 'webgpu', fallback: false });
        assert.equal(pinned.status, 500, pinned.text);
        assert.equal(pinned.json.code, 'inference_failed');
        assert.equal((await twice(daemon, { platform: 'wasm' })).status, 200);
    }));

test('kernels that lose their device are computed on WebGL, with the reason; models on the GPU stay', () =>
    withFault('lose', async (daemon) => {
        const gpu = { platform: 'webgpu', fallback: false };
        assert.equal((await twice(daemon, gpu)).status, 200);
        const { status, text, json } = await daemon.post('/v1/compute', { kernel: 'relu', platform: 'webgpu',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [-1, 2] }] });
        assert.equal(status, 200, text);
        assert.deepEqual([json.outputs[0].data, json.executed_on.platform], [[0, 2], 'webgl']);
        assert.equal(json.executed_on.fallbacks[0].code, 'device_lost');
        const again = await twice(daemon, gpu);
        assert.deepEqual([again.status, again.json.performance.warm], [200, true], again.text);
    }, 'engine-gpu_kernels'));

/** At the head of the worker for WebGPU: there is no adapter, and the platform's reason says how often one was requested. */
function countRequests() {
    let asked = 0;
    GPU.prototype.requestAdapter = () => Promise.reject(new Error(`request ${++asked}`));
}

test('a browser is asked for an adapter once, and again if one of its kind had one', async () => {
    const spoiled = spoiledPage({ 'engine-webgpu': countRequests }), folder = fs.mkdtempSync(path.join(os.tmpdir(), 'wi-test-'));
    const reason = (bridge) => withDaemon({ folder, keep: true, config: { bridge, pool: { max_connections: 1 } } },
        async (daemon) => (await daemon.get('/v1/nodes')).json.nodes[0].platforms.webgpu.reason ?? '');
    try {
        assert.match(await reason({ page: spoiled }), /request 1$/);
        assert.equal(await reason({}), '');
        assert.match(await reason({ page: spoiled }), /request 3$/);
    } finally {
        for (const one of [spoiled, folder]) fs.rmSync(one, { recursive: true, force: true });
    }
});

/** At the head of the worker for WebGL: nothing that the kernel silu draws is ever finished, and the worker's clock is fast. */
function neverFinish() {
    const { prototype } = WebGL2RenderingContext, { shaderSource, attachShader, useProgram, clientWaitSync } = prototype;
    const slow = new WeakSet(), now = performance.now.bind(performance);
    let hangs = false;
    performance.now = () => now() * 10;
    prototype.shaderSource = function (shader, text) {
        if (text.includes('1.0 + exp(clamp(-some')) slow.add(shader);
        return shaderSource.call(this, shader, text);
    };
    prototype.attachShader = function (program, shader) {
        if (slow.has(shader)) slow.add(program);
        return attachShader.call(this, program, shader);
    };
    prototype.useProgram = function (program) {
        hangs ||= slow.has(program);
        return useProgram.call(this, program);
    };
    prototype.clientWaitSync = function (...given) {
        return hangs ? this.TIMEOUT_EXPIRED : clientWaitSync.apply(this, given);
    };
}

test('a kernel that WebGL never finishes ends by our clock; echoes go on, and the next kernels have a new context', async () => {
    const page = spoiledPage({ 'engine-gl_kernels': neverFinish });
    try {
        await withDaemon({ config: { bridge: { page }, pool: { max_connections: 1 } } }, async (daemon) => {
            const x = { name: 'x', datatype: 'FP32', shape: [2], data: [-1, 2] };
            const compute = (kernel, more) => daemon.post('/v1/compute', { kernel, platform: 'webgl', inputs: [x], ...more });
            let isOver = false;
            const hung = compute('silu', { timeout_ms: 60_000 * patience }).finally(() => { isOver = true; });
            const echo = async () => {
                do assert.equal((await daemon.infer({ model_name: 'builtin/echo', inputs: [x], timeout_ms: 10_000 })).status, 200);
                while (!isOver);
            };
            const [{ json: { executed_on: ran }, text }] = await Promise.all([hung, ...Array.from({ length: 12 }, echo)]);
            assert.deepEqual([ran?.platform, ran?.fallbacks[0].code], ['wasm', 'engine_hung'], text);
            assert.match(ran.fallbacks[0].reason, /the GPU did not finish a part of a kernel within 10 s/);
            const next = await Promise.all(Array.from({ length: 12 }, () => compute('relu', { fallback: false })));
            for (const one of next) assert.deepEqual([one.status, one.json.outputs?.[0].data], [200, [0, 2]], one.text);
            assert.equal(await daemon.metric('webinfer_session_remedies_total', '{remedy="end_gpu"}'), 1);
            const pinned = await compute('silu', { fallback: false });
            assert.deepEqual([pinned.status, pinned.json.code], [502, 'attempts_exhausted'], pinned.text);
        });
    } finally {
        fs.rmSync(page, { recursive: true, force: true });
    }
});

// They wait for deadlines most of the time.
describe('a GPU that does not end', { concurrency: 2 }, () => {
    test('a GPU that hangs: WASM answers within the deadline, with the reason', () =>
        withFault('hang', async (daemon) => {
            assertFellBack(await twice(daemon, { timeout_ms: 8000 * patience }), 'engine_hung',
                /no answer/);
            const pinned = await twice(daemon,
                { platform: 'webgpu', fallback: false, timeout_ms: 1500 });
            assert.equal(pinned.status, 504, pinned.text);
            assert.equal((await twice(daemon, { platform: 'wasm' })).status, 200);
        }));

    test('a loop without an end on the GPU: its process is ended, and others have their answers', () =>
        withFault('endless', async (daemon) => {
            const gpu = (data, more) => daemon.infer({ model_name: 'twice', platform: 'webgpu',
                fallback: false, timeout_ms: 60_000 * patience, ...more,
                inputs: [{ name: 'x', datatype: 'FP32', shape: [data.length], data }] });
            const sessions = async () => (await daemon.status()).sessions.map(({ id }) => id);
            const busy = () => daemon.processes('gpu').map(({ pid }) => pid);
            assert.equal((await gpu([1, 2, 3])).status, 200);
            const before = await sessions(), [process] = busy();
            const hung = gpu(Array(1 << 18).fill(1), { timeout_ms: 4000 * patience });
            await until(async () => (await daemon.status()).queue.running === 1, { what: 'it to run' });
            const behind = gpu([3, 2, 1]);
            const { status, text } = await hung;
            assert.ok([502, 504].includes(status), text);
            const answer = await behind;
            assert.equal(answer.status, 200, answer.text);
            assert.deepEqual(answer.json.outputs[0].data, [6, 4, 2]);
            assert.equal(answer.json.executed_on.platform, 'webgpu');
            assert.deepEqual(await sessions(), before, 'the same browser');
            assert.ok(!busy().includes(process), 'the process that looped is gone');
            assert.equal(await daemon.metric('webinfer_session_remedies_total', '{remedy="end_gpu"}'), 1);
        }));
});

test('browsers without a GPU (gpu = off) and with a software one (gpu = software)', async () => {
    for (const gpu of ['off', 'software'])
        await withDaemon({ models: ['twice'], config: { 'browser.chrome': { gpu } } },
            async (daemon) => {
                const auto = await twice(daemon);
                assert.equal(auto.status, 200, auto.text);
                assert.equal(auto.json.executed_on.platform, 'wasm');
                const pinned = await twice(daemon, { platform: 'webgpu', fallback: false });
                if (gpu === 'software') {
                    assert.equal(pinned.status, 200, pinned.text);
                    assert.equal(pinned.json.executed_on.adapter.is_fallback, true);
                } else {
                    assert.ok([422, 503].includes(pinned.status), pinned.text);
                }
            });
});
