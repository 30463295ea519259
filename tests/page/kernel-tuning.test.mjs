// tier: quick
/** Which of a kernel's candidates is taken (engine/kernel_tuning.js), and how a task ends the looking for it (engine/serve.js). */
import assert from 'node:assert/strict';
import test from 'node:test';
import { kernelShaders } from '../../page/kernels.mjs';
import { isHardware } from '../../page/src/engine/gpu.js';
import { KernelChoices } from '../../page/src/engine/kernel_choices.js';
import { drawn, isEqual, tune, TUNING_MS } from '../../page/src/engine/kernel_tuning.js';
import { Tuning } from '../../page/src/link/tuning.js';
import { engineOf, task, withServer } from './support/server.mjs';

const RIGHT = Float32Array.of(1, 2, 3);

/** Candidates that take so long by a clock of ours, each with what it makes, and how often each ran. */
function candidates(rows, { endsAfter = Infinity } = {}) {
    let now = 0, runs = 0;
    const counts = rows.map(() => 0);
    const around = { count: rows.length, now: () => now, isOver: () => runs >= endsAfter,
        once: async (index, limitMs) => {
            const { ms, output = RIGHT } = rows[index], took = typeof ms === 'function' ? ms(counts[index]) : ms;
            runs++;
            counts[index]++;
            now += Math.min(took, limitMs);
            return took > limitMs || runs >= endsAfter ? null : { ms: took, output };
        } };
    return { around, counts, now: () => now };
}

test('the fastest that is right is taken, with its median and that of the default', async () => {
    const { around } = candidates([{ ms: 8 }, { ms: 6 }, { ms: (i) => (i === 2 ? 40 : 4) }, { ms: 5 }]);
    assert.deepEqual(await tune(around), { index: 2, ms: 4, defaultMs: 8, wrong: [] });
});

test('one that is wrong is never taken, however fast it is', async () => {
    const wrong = [Float32Array.of(1, 2, 3.0001), Float32Array.of(1, 2), Float32Array.of(NaN, 2, 3), Float32Array.of()];
    const { around, counts } = candidates([{ ms: 8 }, ...wrong.map((output) => ({ ms: 1, output }))]);
    assert.deepEqual(await tune(around), { index: 0, ms: 8, defaultMs: 8, wrong: [1, 2, 3, 4] });
    assert.deepEqual(counts.slice(1), [1, 1, 1, 1], 'and runs no more');
});

test('one that takes twice as long as the best is dropped, and ended where it takes longer still', async () => {
    const { around, counts } = candidates([{ ms: 10 }, { ms: 19 }, { ms: 5 }, { ms: 11 }, { ms: (i) => (i ? 900 : 5) }]);
    assert.deepEqual(await tune(around), { index: 2, ms: 5, defaultMs: 10, wrong: [] });
    assert.equal(counts[1], 2, 'by the first run that counts');
    assert.deepEqual(counts.slice(3), [2, 2]);
    assert.ok(counts[2] > 5);
});

test('what is hardly faster is no reason to leave the default', async () => {
    assert.equal((await tune(candidates([{ ms: 10 }, { ms: 9.8 }]).around)).index, 0);
});

test('it is over after two seconds, however slow candidates are and however many', async () => {
    for (const rows of [[{ ms: 1500 }, { ms: 1 }], [{ ms: 300 }, { ms: 280 }, { ms: 200 }], Array(500).fill({ ms: 3 }), [{ ms: 5000 }]]) {
        const { around, now } = candidates(rows);
        const tuned = await tune(around);
        assert.ok(now() <= TUNING_MS, `${now()} ms`);
        assert.ok(tuned.index >= 0);
    }
    assert.equal((await tune(candidates([{ ms: 600 }, { ms: 1 }]).around)).index, 0, 'there was no time to try it');
});

test('whoever comes ends it after the run under way', async () => {
    for (const endsAfter of [1, 2, 3, 5, 9]) {
        const { around, counts } = candidates([{ ms: 8 }, { ms: 6 }, { ms: 4 }], { endsAfter });
        assert.equal(await tune(around), null);
        assert.equal(counts.reduce((sum, one) => sum + one, 0), endsAfter);
    }
});

test('whole numbers are compared exactly, others by the largest', () => {
    assert.ok(isEqual(Float32Array.of(1000, 1), Float32Array.of(1000, 1)));
    assert.ok(!isEqual(Float32Array.of(1000, 1.0001), Float32Array.of(1000, 1)));
    assert.ok(isEqual(Float32Array.of(1000.5, 1.001), Float32Array.of(1000.5, 1)));
    assert.ok(!isEqual(Float32Array.of(1000.5, 1.1), Float32Array.of(1000.5, 1)));
    assert.ok(!isEqual(Float32Array.of(NaN), Float32Array.of(NaN)));
    const inputs = drawn(1000, 1);
    assert.ok(inputs.every((one) => Number.isInteger(one) && one !== 0 && Math.abs(one) <= 4));
    assert.equal(new Set(inputs).size, 8);
});

/** A link worker's part, whose one lane hears nothing from us; its timer runs out when it is due. */
function linkPart() {
    let now = 0, due = Infinity;
    const said = [], posted = [];
    const lane = { build: 'gpu_kernels', ready: true, generation: 1, isIdle: () => true, channel: { post: (message) => posted.push(message) } };
    const tuning = new Tuning({ now: () => now, send: (type, data) => said.push([type, data]) }, { values: () => [lane] },
        { set: (at) => { due = Math.min(due, at); } });
    const pass = (ms) => {
        for (const end = now + ms; now < end;) {
            now = Math.max(now, Math.min(end, due));
            if (now < due) continue;
            due = Infinity;
            tuning.tick(now);
        }
    };
    return { tuning, lane, said, posted, pass, stop: (ms) => { now += ms; } };
}
const hung = { variant: 'plain', workgroup: [64, 1] };
const isHung = [['tuning', { kernel: 'add', size_class: '64', adapter: null, choice: null, hung }]];

test('a candidate that never ends is told of once, and not one that only takes its time', () => {
    const { tuning, said, posted, pass } = linkPart();
    tuning.begin('add', '64', false);
    assert.deepEqual(posted, [{ type: 'tune', kernel: 'add', size_class: '64' }]);
    pass(60_000); // it has not come to its first
    for (let i = 0; i < 3; i++) {
        tuning.tries({ variant: 'plain', workgroup: [256, 1] });
        pass(7500);
    }
    tuning.tries(hung);
    pass(7500);
    assert.deepEqual(said, []);
    pass(60_000);
    assert.deepEqual(said, isHung);
});

test('nothing hangs in a page that was stopped itself, in a worker that is gone, or once it has ended', () => {
    const { tuning, lane, said, pass, stop } = linkPart();
    tuning.begin('add', '64', false);
    tuning.tries(hung);
    stop(20_000);
    pass(6500);
    tuning.end({ kernel: 'add', size_class: '64', adapter: null, tuning: { choice: hung, ms: 0.12345, defaultMs: null, wrong: [] } });
    pass(20_000);
    assert.deepEqual(said.splice(0), [['tuning', { kernel: 'add', size_class: '64', adapter: null, choice: { ...hung, ms: 0.123, default_ms: null } }]]);
    for (const change of [{ generation: 2 }, { ready: false }, {}]) {
        tuning.begin('add', '64', false);
        tuning.tries(hung);
        Object.assign(lane, change);
        pass(20_000);
    }
    assert.deepEqual(said, [['tuning', { kernel: 'add', size_class: '64', adapter: null, choice: null }]], 'the last one had not begun');
});

const limits = { maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256, maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384 };
const choicesOf = (...features) => Object.assign(new KernelChoices(kernelShaders()), { has: { limits, features: new Set(features) } });
const sizes = new Map([['lead', 1], ['m', 60], ['k', 64], ['n', 33]]);
const call = (more = {}) => ({ kernel: 'matmul', inputs: [], halves: false, sizes, options: [], elements: 1, ...more });

test('a choice holds for calls of its class, in FP32, and one of no candidate for none', () => {
    const choices = choicesOf(), usual = choices.of(call());
    const chosen = (choice, one = call()) => {
        choices.choose([{ kernel: 'matmul', size_class: '1x64x64x64', choice }]);
        const { variant, workgroup } = choices.of(one);
        return `${variant} ${workgroup}`;
    };
    assert.equal(chosen({ variant: 'tiles', workgroup: [8, 8] }), 'tiles 8,8');
    assert.equal(choices.usedOf('matmul').length, 2);
    for (const other of [call({ halves: true }), call({ sizes: new Map([...sizes, ['m', 65]]) })])
        assert.equal(chosen({ variant: 'tiles', workgroup: [8, 8] }, other), `${usual.variant} ${usual.workgroup}`);
    for (const bad of [null, {}, { variant: 'tiles' }, { variant: 'tiles', workgroup: [7, 7] }, { variant: '__proto__', workgroup: [8, 8] }, { variant: 'tiles', workgroup: 'x' }])
        assert.equal(chosen(bad), `${usual.variant} ${usual.workgroup}`, JSON.stringify(bad));
    choices.choose([{ kernel: 'none', size_class: '1', choice: { variant: 'plain', workgroup: [256, 1] } }]);
    assert.equal(choices.of(call()), usual);
});

test('subgroups are tried and taken where the adapter has them alone', () => {
    const taken = (...features) => {
        const choices = choicesOf(...features), norm = { ...call(), kernel: 'softmax', sizes: new Map([['lead', 8], ['n', 512]]) };
        choices.choose([{ kernel: 'softmax', size_class: '8x512', choice: { variant: 'subgroups', workgroup: [128, 1] } }]);
        const tried = choices.trial('softmax', '8x512').candidates.filter(({ subgroups }) => subgroups).length;
        return [choices.of(norm).variant, choices.usedOf('softmax').length, tried];
    };
    assert.deepEqual([taken(), taken('subgroups')], [['lanes_64', 1, 0], ['subgroups', 2, 3]]);
});

test('hardware has defaults of its own, and each variant is tried before another workgroup of any', () => {
    const choices = choicesOf(), named = ({ variant, workgroup }) => `${variant} ${workgroup}`;
    const usual = () => ['matmul', 'attention', 'add'].map((kernel) => named(choices.usedOf(kernel)[0]));
    assert.deepEqual(usual(), ['registers_8x4 8,8', 'registers 8,1', 'plain 256,1']);
    const before = choices.trial('matmul', '1x64x64x64').candidates.map(named);
    choices.isHardware = true;
    assert.deepEqual(usual(), ['tiles 16,16', 'plain 128,1', 'plain 256,1']);
    assert.equal(named(choices.of(call({ halves: true }))), 'tiles 16,16');
    const tried = choices.trial('matmul', '1x64x64x64').candidates.map(named);
    assert.deepEqual(tried.slice(0, 5), ['tiles 16,16', 'registers_8x4 8,8', 'registers_4x4 8,8', 'registers_8x4 16,16', 'registers_4x4 16,16']);
    assert.deepEqual([...tried].sort(), [...before].sort());
});

test('only an adapter with a name that is none of software is surely hardware, except in Firefox, which marks software', () => {
    const adapter = (vendor, is_fallback) => ({ vendor, architecture: '', description: '', is_fallback });
    const adapters = [['nvidia', false], ['', false], ['google', true], ['', true]].map((one) => adapter(...one));
    const inBrowser = (userAgent) => adapters.map((one) => isHardware(one, userAgent));
    assert.deepEqual(inBrowser('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36'), [true, false, false, false]);
    assert.deepEqual(inBrowser('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'), [true, true, false, false]);
});

test('every kernel of clients is tried with inputs of its class, where they are not too large', () => {
    const choices = choicesOf(), tried = (kernel, sizeClass) => choices.trial(kernel, sizeClass);
    const { call: matmul, candidates: some } = tried('matmul', '2x16x32x8');
    assert.deepEqual([matmul.elements, ...matmul.inputs.map(({ bytes }) => bytes.length / 4)], [256, 1024, 512]);
    assert.ok(some.length > 5 && some.every(({ workgroup: [x, y] }) => x * y <= 256));
    assert.deepEqual(tried('reduce', '8x64').call.options, [0]);
    for (const [kernel, sizeClass] of [['matmul', '1x8192x8192x8192'], ['matmul', '1x0x32x8'], ['matmul', '1x2'], ['challenge', '256'], ['none', '1'], ['add', '']])
        assert.equal(tried(kernel, sizeClass).call, null, `${kernel} ${sizeClass}`);
});

test('a task that comes while its engine tunes is next, after the dispatch under way', async () => {
    const order = [], release = [];
    const engine = engineOf(async () => {
        order.push('the task runs');
        return { tensors: [], precision: 'fp32' };
    }, { tune: async (kernel, sizeClass, { isOver }) => {
        for (let i = 1; !isOver(); i++) {
            order.push(`${kernel} ${sizeClass}, dispatch ${i}`);
            await new Promise((resolve) => release.push(resolve));
        }
        order.push('tuning ends');
        return null;
    } });
    await withServer(async ({ post, until, end, said }) => {
        post({ type: 'tune', kernel: 'add', size_class: '64' });
        post({ type: 'sign' });
        await until(() => said.some(({ type }) => type === 'sign') && release.length === 1);
        post(task('a', 'm'));
        post({ type: 'sign' });
        await until(() => said.filter(({ type }) => type === 'sign').length === 2); // what came before it is there
        assert.equal(order.length, 1);
        release[0]();
        assert.equal((await end('a')).type, 'answer');
        assert.deepEqual(order, ['add 64, dispatch 1', 'tuning ends', 'the task runs']);
        assert.deepEqual(said.filter(({ type }) => /tuned|answer/.test(type)).map(({ type, tuning }) => [type, tuning]), [['tuned', null], ['answer', undefined]]);
    }, engine);
});

test('what fails while it tunes fails no task, and what is wrong is said', async () => {
    const wrong = [{ variant: 'tiles', workgroup: [8, 8] }], choice = { variant: 'plain', workgroup: [64, 1] };
    const outcomes = [new Error('no memory'), { choice, ms: 1, defaultMs: 2, wrong }];
    const engine = engineOf(async () => ({ tensors: [], precision: 'fp32' }), { tune: async () => {
        const outcome = outcomes.shift();
        if (outcome instanceof Error) throw outcome;
        return outcome;
    } });
    await withServer(async ({ post, until, end, said }) => {
        for (let i = 0; i < 2; i++) post({ type: 'tune', kernel: 'add', size_class: '64' });
        post(task('a', 'm'));
        assert.equal((await end('a')).type, 'answer');
        await until(() => said.filter(({ type }) => type === 'tuned').length === 2);
        assert.deepEqual(said.filter(({ type }) => type === 'tuned').map(({ tuning }) => tuning?.choice), [undefined, choice]);
        assert.deepEqual(said.filter(({ type }) => type === 'log').map(({ message }) => message),
            ['add was not tuned: Error: no memory', 'add by tiles in workgroups of 8x8 is wrong here for 64']);
    }, engine);
});
