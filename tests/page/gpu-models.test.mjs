// tier: full
/** Models on WebGPU in a real browser: how often something is moved, runs that overlap, and what stays in memory. */
import assert from 'node:assert/strict';
import * as onnx from '../lib/onnx.mjs';
import { describe } from '../lib/tier.mjs';
import { check, needsCases, readCase } from './support/cases.mjs';
import { counting, countsOf } from './support/gpu_counts.mjs';
import { nodeTests } from './support/nodes.mjs';

const PINNED = { platforms: ['webgpu'], fallback: false };
const nodeTest = nodeTests();

/** Adds a case to the service's models; gives what runs it. @returns {(more?: object) => Promise<any>} */
function added(service, name) {
    const found = readCase(name), model = service.addModel(name, found.onnx);
    return async (more) => {
        const answer = await service.run(model, found.inputs, { ...PINNED, ...more });
        check(found, answer);
        return answer;
    };
}
const float = (name, values, shape = [values.length]) => ({ name, datatype: 'FP32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) });
const valuesOf = (answer, index = 0) => [...new Float32Array(answer.bytes[index].slice().buffer)];

describe('models on WebGPU', needsCases, () => {
    nodeTest('read all outputs in one mapping, and make no buffer once they have run', async ({ service, tab }) => {
        for (const name of ['op_add', 'vision_mnist_ms_digit3', 'audio_dtln_model1', 'op_batchnorm_example']) {
            const run = added(service, name);
            for (let i = 0; i < 3; i++) await run();
            await countsOf(tab);
            await run();
            const counts = await countsOf(tab);
            assert.deepEqual([counts.maps, counts.buffers], [1, 0], name);
        }
    }, { alter: counting });

    nodeTest('are right where a part of them is computed on the CPU, and move nothing where all is', async ({ service, tab }) => {
        for (const name of ['op_compress_1', 'op_add_uint8', 'op_if', 'text_embed_generated_h64_l2', 'text_gen_tiny_gpt2_prefill', 'op_isnan',
            'op_nonmaxsuppression_suppress_by_IOU']) {
            const run = added(service, name);
            for (let i = 0; i < 4; i++) await run();
        }
        for (const name of ['op_where_long_example', 'ptop_chunk']) {
            const run = added(service, name);
            for (let i = 0; i < 3; i++) await run();
            await countsOf(tab);
            await run();
            const { submits, maps, buffers } = await countsOf(tab);
            assert.deepEqual([submits, maps, buffers], [0, 0, 0], name);
        }
    }, { alter: counting });

    nodeTest('give outputs that are inputs, or have another shape than is declared', async ({ service }) => {
        const { node, value, FLOAT } = onnx;
        const x = value('x', FLOAT, ['n']);
        const graph = (nodes, outputs) => onnx.model(onnx.graph('g', { nodes, inputs: [x], outputs }));
        const same = service.addModel('same', graph([node('Identity', ['x'], ['y']), node('Neg', ['x'], ['z'])],
            ['x', 'y', 'z'].map((name) => value(name, FLOAT, ['n']))));
        const wrong = service.addModel('wrong', graph([node('Concat', ['x', 'x'], ['y'], { attributes: [onnx.integerAttribute('axis', 0)] })],
            [value('y', FLOAT, ['n'])]));
        for (const values of [[1, 2], [3, 4], [5, 6], [7, 8, 9]]) {
            const answer = await service.run(same, [float('x', values)], PINNED);
            assert.deepEqual(answer.data.tensors.map(({ name }, index) => [name, valuesOf(answer, index)]),
                [['x', values], ['y', values], ['z', values.map((one) => -one)]]);
            assert.deepEqual(valuesOf(await service.run(wrong, [float('x', values)], PINNED)), [...values, ...values]);
        }
    });

    nodeTest('answer twelve at once, each its own, also where one is cancelled or wrong', async ({ service, tab }) => {
        const add = readCase('op_add'), sum = service.addModel('op_add', add.onnx), { shape } = add.inputs[0];
        const digits = ['vision_mnist_ms_digit3', 'vision_mnist_ms_digit7'].map(readCase), mnist = service.addModel('mnist', digits[0].onnx);
        const sound = readCase('audio_dtln_model1'), dtln = service.addModel('dtln', sound.onnx);
        const cases = [...digits.map((found) => [mnist, found]), [dtln, sound]];
        for (let i = 0; i < 3; i++) for (const [model, found] of [[sum, add], ...cases]) check(found, await service.run(model, found.inputs, PINNED));
        const inputs = (seed) => ['x', 'y'].map((name, at) =>
            float(name, Array.from({ length: 60 }, (_, i) => ((i + 1) * (seed + 3) * (at + 7)) % 101), shape));
        const right = (seed) => valuesOf({ bytes: inputs(seed).map(({ bytes }) => bytes) })
            .map((value, i) => value + valuesOf({ bytes: inputs(seed).map(({ bytes }) => bytes) }, 1)[i]); // whole numbers
        await countsOf(tab);
        for (let round = 0; round < 5; round++) {
            const sums = [], others = [];
            for (let i = 0; i < 6; i++) {
                sums.push([10 * round + i, service.request(sum, inputs(10 * round + i), PINNED)]);
                const [model, found] = cases[i % cases.length];
                others.push([found, service.request(model, found.inputs, PINNED)]);
            }
            const unwanted = service.request(sum, inputs(99), PINNED);
            const wrong = service.request(sum, [inputs(5)[0]], PINNED);
            service.send('task_cancel', { attempt_id: unwanted });
            for (const [seed, attempt] of sums) assert.deepEqual(valuesOf(await service.answer(attempt)), right(seed));
            for (const [found, attempt] of others) check(found, await service.answer(attempt));
            const { data } = await service.answer(wrong);
            assert.deepEqual([data.ok, data.error.code], [false, 'input_missing']);
            assert.equal(service.answers.has(unwanted), false);
        }
        const { during } = await countsOf(tab);
        assert.ok(during > 0, 'runs have overlapped');
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
    }, { alter: counting });

    nodeTest('leave no buffer when they are unloaded', async ({ service, tab }) => {
        const names = ['op_add', 'text_gen_tiny_gpt2_prefill'];
        for (let round = 0; round < 3; round++) {
            for (const name of names) {
                const run = added(service, name);
                for (let i = 0; i < 3; i++) await run();
            }
            assert.ok((await countsOf(tab)).live > 0);
            const since = service.messages.length;
            for (const name of names) service.send('model_unload', { name });
            await service.seen('model_status', (m) => m.data.models.length === 0, since);
            while ((await countsOf(tab)).live > 0) await service.caughtUp();
        }
    }, { alter: counting });

    nodeTest('fail by name with a device that is lost, and run on the next one', async ({ service, tab }) => {
        const found = readCase('text_embed_generated_h64_l2'), model = service.addModel('embed', found.onnx);
        for (let i = 0; i < 3; i++) check(found, await service.run(model, found.inputs, PINNED));
        const attempts = [1, 2, 3].map(() => service.request(model, found.inputs, PINNED));
        await countsOf(tab, { losesDevices: true });
        for (const attempt of attempts) {
            const answer = await service.answer(attempt), { ok, error, retryable } = answer.data;
            if (ok) check(found, answer);
            else assert.deepEqual([error.code, retryable], ['device_lost', true], error.message);
        }
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
        for (let i = 0; i < 3; i++) check(found, await service.run(model, found.inputs, PINNED));
    }, { alter: counting });
});
