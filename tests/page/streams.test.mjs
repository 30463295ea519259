// tier: full
/** Streams of the built page in a real Chromium: parts in order, within the credit, over dropped sockets. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { slow } from '../lib/onnx.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { builtin } from './support/models.mjs';

const COUNT = builtin('count');
const nodeTest = nodeTests();
const upTo = (count) => Array.from({ length: count }, (_, k) => k);
const start = (service, options, more = {}) => service.request(COUNT, [], { stream: true, options, ...more });
/** Inputs of a slow model. @param {bigint} count */
const rounds = (count) => [
    { name: 'x', datatype: 'FP32', shape: [1, 1], bytes: new Uint8Array(Float32Array.of(1).buffer) },
    { name: 'count', datatype: 'INT64', shape: [], bytes: new Uint8Array(BigInt64Array.of(count).buffer) },
];
/** Grants more until the stream has ended, as a client that takes all at once. */
function takeAll(service, attempt) {
    let granted = 0;
    const grant = () => {
        const made = service.parts.get(attempt)?.length ?? 0;
        if (made === granted || service.answers.has(attempt)) return;
        granted = made;
        service.send('task_credit', { attempt_id: attempt, parts: made + 64, bytes: (made + 1) * 60000 });
    };
    service.on('message', grant);
    grant();
    return service.answer(attempt);
}

describe('a stream', () => {
    nodeTest('is announced, and comes in parts with their number', async ({ service, problems }) => {
        const { engine_info: info } = service.capabilities;
        assert.deepEqual(info, {
            ort: { slots: 1, queue: 1, can: [] }, kernels: { slots: 1, queue: 1, can: [] }, builtin: { slots: 16, queue: 1, can: ['continue'] },
            llama: { slots: 4, queue: 4, can: ['continue', 'continue_several', 'embeddings', 'webgpu'] },
            pipeline: { slots: 4, short_slots: 4, queue: 1, can: ['continue', 'embeddings'] },
        });
        const { data } = await service.answer(start(service, { count: 5, bytes: 4 }));
        const [[, parts]] = [...service.parts];
        assert.deepEqual(parts.map((part) => [part.data.seq, part.data.index, part.data.text, part.data.tokens]),
            upTo(5).map((k) => [k, 0, `${k}   `, [k]]));
        assert.deepEqual([data.parts, data.result, data.executed_on.engine], [5, { count: 5 }, 'builtin']);
        assert.ok(data.performance.waited_for_client_ms >= 0);
        const whole = await service.run(COUNT, [], { options: { count: 5 } });
        assert.deepEqual([whole.data.result, whole.data.parts, service.parts.size], [{ count: 5 }, undefined, 1]);
        const on = start(service, { count: 5 }, { continue: { seq: 3, text: '0 1 2 ', tokens: [0, 1, 2] } });
        assert.equal((await service.answer(on)).data.parts, 5);
        assert.deepEqual(service.seqs(on), [3, 4]);
        assert.deepEqual(problems, []);
    }, SHARED);

    nodeTest('stops at its credit, goes on with more, and is long', async ({ service }) => {
        const attempt = start(service, { count: 5000 });
        await service.until(() => service.seqs(attempt).length === 32, 'the first parts');
        const beat = service.send('heartbeat', { seq: 1 });
        await service.seen('heartbeat', ({ data }) => data.reply_to === beat);
        assert.equal(service.seqs(attempt).length, 32);
        const { data } = await takeAll(service, attempt);
        assert.equal(data.parts, 5000);
        assert.deepEqual(service.seqs(attempt), upTo(5000));
        assert.ok(data.performance.waited_for_client_ms > 0);
        const large = start(service, { count: 4, bytes: 60000 });
        await service.until(() => service.seqs(large).length === 2, 'what 65,536 bytes let through');
        assert.equal((await takeAll(service, large)).data.parts, 4);
    }, SHARED);

    nodeTest('goes on beside echoes and other streams, and beside a model that runs', async ({ service }) => {
        const streams = upTo(300).map(() => start(service, { count: 3, interval_ms: 20 }));
        const model = service.addModel('slow', slow());
        const run = service.request(model, rounds(1n));
        for (const attempt of streams) {
            assert.equal((await service.answer(attempt)).data.parts, 3);
            assert.deepEqual(service.seqs(attempt), [0, 1, 2]);
        }
        assert.equal((await service.answer(run)).data.ok, true);
    }, SHARED);

    nodeTest('that is cancelled stops, whatever it waits for', async ({ service, tab }) => {
        const noCredit = start(service, { count: 1000 });
        const pauses = start(service, { count: 10, interval_ms: 60000 });
        const busy = service.request(COUNT, [], { options: { count: 1000000 } });
        await service.until(() => service.seqs(noCredit).length === 32 && service.seqs(pauses).length === 1, 'parts');
        for (const attempt of [noCredit, pauses, busy]) service.send('task_cancel', { attempt_id: attempt, reason: 'cancelled' });
        assert.equal((await service.run(COUNT, [], { options: { count: 1 } })).data.ok, true);
        await service.until(() => service.messages.findLast(({ type }) => type === 'heartbeat')?.data.running.length === 0, 'nothing runs');
        for (const attempt of [noCredit, pauses, busy]) assert.equal(service.answers.has(attempt), false);
        assert.equal(await tab.evaluate('document.documentElement.dataset.replaced'), '0');
    }, { welcome: { heartbeat_interval_ms: 300 } });

    nodeTest('loses and repeats nothing when its socket drops', async ({ service }) => {
        service.autoAck = false;
        const attempt = start(service, { count: 200, interval_ms: 5 });
        const seqs = () => service.seqs(attempt);
        const cut = async (made) => {
            await service.until(() => seqs().length >= made, `${made} parts`);
            const since = service.messages.length;
            service.socket.terminate();
            const { data } = await service.seen('node_announcement', undefined, since);
            assert.ok(data.resume.next[attempt] >= seqs().length);
            assert.deepEqual(data.resume.running, [attempt]);
        };
        // Until the last cut it has no credit to come to its end by.
        const grant = (parts) => service.send('task_credit', { attempt_id: attempt, parts, bytes: 1e6 });
        grant(150);
        for (const made of [10, 60, 120]) await cut(made);
        grant(300);
        assert.equal((await service.answer(attempt)).data.parts, 200);
        assert.deepEqual(seqs(), upTo(200));
    });

    nodeTest('is granted more by the welcome', async ({ service }) => {
        const attempt = start(service, { count: 100 });
        await service.until(() => service.seqs(attempt).length === 32, 'the first parts');
        service.welcome = { credit: { [attempt]: { parts: 50, bytes: 1e6 } } };
        service.socket.terminate();
        await service.until(() => service.seqs(attempt).length === 50, 'what the welcome grants');
        service.send('task_credit', { attempt_id: attempt, parts: 100, bytes: 1e6 });
        assert.equal((await service.answer(attempt)).data.parts, 100);
        assert.deepEqual(service.seqs(attempt), upTo(100));
    });

    nodeTest('that had begun fails with its engine worker, and may go on elsewhere', async ({ service, tab }) => {
        const begun = start(service, { count: 1000 });
        await service.until(() => service.seqs(begun).length === 32, 'the first parts');
        const model = service.addModel('slow', slow());
        const hung = service.request(model, rounds(10n ** 9n), { deadline_ms: 5000 });
        const { data } = await service.answer(begun);
        assert.deepEqual([data.ok, data.error.code, data.retryable, data.parts], [false, 'engine_hung', true, 32]);
        assert.equal((await service.answer(hung)).data.error.code, 'engine_hung');
        await tab.waitForSelector('html[data-replaced="1"]', { state: 'attached' });
        assert.equal((await service.answer(start(service, { count: 2 }))).data.parts, 2);
    });
});
