// tier: full
/** Language models on a GPU, which in Firefox is a software adapter: right there, and told apart from what is not there. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { ggufBytes } from './support/gguf.mjs';
import { readsInSteps, TELLS_STEPS } from './support/llama_steps.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { partsOf, textOf, tokensOf, wellDone } from './support/parts.mjs';

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');

const GPU = { platforms: ['webgpu'], fallback: false, deadline_ms: 120_000 };
const END = { 2: -100 }; // no text ends by itself
/** In nats: WASM has keys and values in 32 bits, and the GPU in 16. The model's first choices are five times as far apart. */
const NEAR = 0.03;

const complete = (prompt, options = {}, more = {}) => ({ task: 'complete', input: { prompt }, options: { temperature: 0, logit_bias: END, ...options }, ...more });
const random = (service) => service.addGguf('random', { 'random.gguf': ggufBytes({ embd: 64, layers: 2 }) });
const small = (service) => service.addGguf('small', { 'small.gguf': ggufBytes({ embd: 32, layers: 1 }) });

/** Script text: the service hears of the hundredth kernel that runs: a probe has one. */
const TELLS_KERNELS = `{
    const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
    let kernels = 0;
    GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...given) {
        if (++kernels === 100) fetch('/computes').catch(() => {});
        return dispatchWorkgroups.apply(this, given);
    };
}`;
/** Script text: there is an adapter for the probe, and none for llama.cpp. */
const LOSES_ADAPTER = `{
    const { requestAdapter } = GPU.prototype;
    let asked = 0;
    GPU.prototype.requestAdapter = function (...given) {
        return asked++ ? Promise.resolve(null) : requestAdapter.apply(this, given);
    };
}`;
/** Script text: a GPU that has stopped in the middle, as that of a stopped process: nothing that is awaited of it comes. */
const STOPS = `{
    let awaited = 0;
    const stop = (prototype, name) => {
        const real = prototype[name];
        prototype[name] = function (...given) {
            return ++awaited > 40 ? new Promise(() => {}) : real.apply(this, given);
        };
    };
    stop(GPUBuffer.prototype, 'mapAsync');
    stop(GPUQueue.prototype, 'onSubmittedWorkDone');
}`;

const nodeTest = nodeTests(() => launchFirefox(firefox));

describe('a language model on a GPU', firefox ? {} : { skip: 'there is no Firefox' }, () => {
    nodeTest('computes there what it does on wasm, and says where', async ({ service, problems }) => {
        const model = random(service), asked = complete('abc hello world', { max_tokens: 5, logprobs: true, top_logprobs: 3 });
        assert.ok(service.capabilities.engine_info.llama.can.includes('webgpu'));
        const wasm = wellDone(await service.run(model, [], { ...asked, platforms: ['wasm'] })).result;
        assert.equal(service.served.includes('/computes'), false);
        const { result, executed_on: where } = wellDone(await service.run(model, [], { ...asked, ...GPU }));
        const { adapter, ...rest } = where;
        assert.deepEqual(rest, { platform: 'webgpu', engine: 'llama', build: 'jspi64', threads: 1, quantization: 'F32' });
        assert.equal(adapter.is_fallback, true);
        await service.until(() => service.served.includes('/computes'), 'what its GPU computes');
        assert.deepEqual([result.text, result.tokens], [wasm.text, wasm.tokens]);
        for (const [at, { logprob, top_logprobs: top }] of result.logprobs.entries()) {
            assert.ok(Math.abs(logprob - wasm.logprobs[at].logprob) < NEAR, `${logprob} and ${wasm.logprobs[at].logprob}`);
            assert.equal(top.length, 3);
        }
        const bytesOn = (platform) => service.messages.findLast(({ type }) => type === 'model_status').data.models.find((one) => one.platform === platform).bytes;
        assert.ok(bytesOn('webgpu') > bytesOn('wasm'), 'what lies on the GPU counts');
        assert.deepEqual(problems, []);
    }, { faults: TELLS_KERNELS, faulty: 'gpu_llama' });

    nodeTest('computes the same with flash attention, or without where the GPU has no kernel for it', async ({ service }) => {
        const model = random(service), asked = complete('abc hello world', { max_tokens: 5, logprobs: true });
        const wasm = wellDone(await service.run(model, [], { ...asked, platforms: ['wasm'] })).result;
        const { result } = wellDone(await service.run(model, [], { ...asked, ...GPU }));
        assert.deepEqual(result.tokens, wasm.tokens);
        for (const [at, { logprob }] of result.logprobs.entries()) assert.ok(Math.abs(logprob - wasm.logprobs[at].logprob) < NEAR, `${at}: ${logprob}`);
    }, { welcome: { language_models: { flash_attention: true } } });

    nodeTest('runs on slots, stops in the middle, and goes on', async ({ service }) => {
        const model = small(service);
        const of = (count, more = {}) => complete('abc', { max_tokens: count }, { stream: true, ...GPU, ...more });
        const writing = service.request(model, [], of(1900)), beside = service.request(model, [], of(8));
        await service.until(() => partsOf(service, writing).length > 2, 'some parts');
        service.send('task_cancel', { attempt_id: writing });
        const { result: { usage }, executed_on: where } = wellDone(await service.answer(beside));
        assert.deepEqual([where.platform, usage.completion_tokens], ['webgpu', 8]);
        assert.equal(service.answers.has(writing), false);
        const [text, tokens] = [textOf(service, beside), tokensOf(service, beside)];
        const sent = partsOf(service, beside).slice(0, 3);
        const begun = { seq: 3, text: sent.map(({ text: some = '' }) => some).join(''), tokens: sent.flatMap(({ tokens: some = [] }) => some) };
        const on = service.request(model, [], of(8, { continue: begun }));
        const { performance } = wellDone(await service.answer(on));
        assert.equal(performance.warm, true, 'its worker is the same');
        assert.deepEqual([begun.text + textOf(service, on), [...begun.tokens, ...tokensOf(service, on)]], [text, tokens]);
    }, SHARED);

    nodeTest('answers the same, whatever it reads in a step', (node) => readsInSteps(node, [8, 64, 512], NEAR, GPU),
        { faults: TELLS_STEPS, faulty: 'gpu_llama' });

    nodeTest('makes vectors as on wasm', async ({ service }) => {
        const model = service.addGguf('bert', { 'bert.gguf': ggufBytes({ arch: 'bert' }) });
        const vectorOn = async (more) => {
            const { data, bytes: [bytes] } = await service.run(model, [], { task: 'embed', input: { texts: ['the dog'] }, ...more });
            assert.equal(wellDone({ data }).executed_on.platform, more.platforms[0]);
            return new Float32Array(bytes.slice().buffer);
        };
        const wasm = await vectorOn({ platforms: ['wasm'] }), gpu = await vectorOn(GPU);
        assert.ok(Math.hypot(...gpu.map((value, at) => value - wasm[at])) < 1e-2);
    }, SHARED);

    nodeTest('is not there where llama.cpp finds none, which is read from what it says', async ({ service }) => {
        const model = small(service), asked = complete('abc', { max_tokens: 2 });
        const { error } = (await service.run(model, [], { ...asked, ...GPU })).data;
        assert.equal(error.code, 'platform_unsupported');
        assert.match(error.message, /found no GPU/);
        const { executed_on: where } = wellDone(await service.run(model, [], { ...asked, platforms: ['webgpu', 'wasm'], fallback: true }));
        assert.deepEqual([where.platform, where.fallbacks.map(({ platform, code }) => [platform, code])],
            ['wasm', [['webgpu', 'platform_unsupported']]]);
    }, { faults: LOSES_ADAPTER, faulty: 'gpu_llama' });

    nodeTest('whose process has stopped is no fault of a grammar: the worker answers while it waits', async ({ service }) => {
        const model = small(service), grammar = 'root ::= [a-z ]{1,1000}';
        const asked = complete('abc', { max_tokens: 500, grammar }, { stream: true, ...GPU });
        const id = service.request(model, [], asked);
        const { ok, error, retryable } = (await service.answer(id)).data;
        assert.ok(partsOf(service, id).length > 0, 'it was in the middle');
        assert.deepEqual([ok, error?.code, retryable], [false, 'engine_hung', true], JSON.stringify(error));
        const on = { ...asked, platforms: ['wasm'], options: { ...asked.options, max_tokens: 4 } };
        assert.equal(wellDone(await service.run(model, [], on)).executed_on.platform, 'wasm');
    }, { faults: STOPS, faulty: 'gpu_llama' });
});
