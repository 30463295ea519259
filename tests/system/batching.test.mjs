// tier: full
/** Requests that are run together give each client what it would have got alone, in real Chromium. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['rows', 'look', 'sums'], config: {
        pool: { batching: 'auto', max_batch: 16, max_connections: 1 },
        'browser.chrome': { gpu: 'off' } } }).start();
});
after(() => daemon.stop());

const weights = [1, -2, 3, 0.5, 0.25, -1, 2, 1.5, -0.75, 1, -3, 2];
function expected(row) {
    const z = [0, 1, 2].map((column) =>
        row.reduce((sum, one, index) => sum + one * weights[index * 3 + column], 0));
    const top = Math.max(...z), e = z.map((one) => Math.exp(one - top));
    const all = e.reduce((sum, one) => sum + one);
    return e.map((one) => one / all);
}

/** `count` requests at once, of 1 to 3 rows each; how large the runs were.
 * @param {number} count @param {() => Promise<void>} [meanwhile] what is awaited before their answers */
async function many(count, meanwhile = async () => {}) {
    const asked = Array.from({ length: count }, (_, index) => Array.from(
        { length: 1 + index % 3 }, (_2, row) => [index / 7, row, -index / 11, 0.5]));
    const calls = asked.map((rows) => daemon.infer({ model_name: 'rows',
        platform: 'wasm', inputs: [{ name: 'x', datatype: 'FP32', shape: [rows.length, 4],
            data: rows.flat() }] }));
    await meanwhile();
    const answers = await Promise.all(calls);
    answers.forEach((answer, index) => {
        assert.equal(answer.status, 200, answer.text);
        const [{ shape, data }] = answer.json.outputs;
        assert.deepEqual(shape, [asked[index].length, 3]);
        asked[index].flatMap(expected).forEach((want, at) =>
            assert.ok(Math.abs(data[at] - want) < 1e-5, `${data[at]} instead of ${want}`));
    });
    return answers.map(({ json }) => json.performance.batch ?? 0);
}

/** Chromium's processes that compute, to be stopped for a moment. */
function page() {
    const pids = daemon.processes('renderer').map(({ pid }) => pid);
    const all = (signal) => () => pids.forEach((pid) => process.kill(pid, signal));
    return { stop: all('SIGSTOP'), go: all('SIGCONT') };
}

test('what waits is run together, row by row as alone, and says with how many', async () => {
    await many(2);
    const names = ['webinfer_batches_total', 'webinfer_batched_jobs_total'];
    const counts = () => Promise.all(names.map((name) => daemon.metric(name)));
    const before = await counts();
    const { stop, go } = page();
    stop(); // or it might take them as quickly as they come
    const sizes = await many(60, async () => {
        await until(async () => {
            const { queue } = await daemon.status();
            return queue.running + queue.waiting === 60;
        }, { what: 'all of them to be there' });
        go();
    });
    assert.ok(sizes.some((size) => size > 3), `runs of ${sizes}`);
    assert.ok(sizes.every((size) => size <= 16), `runs of ${sizes}`);
    const [batches, joined] = (await counts()).map((count, index) => count - before[index]);
    assert.equal(joined, sizes.filter((size) => size > 0).length);
    assert.ok(batches > 0 && batches <= joined / 2, `${joined} requests in ${batches} runs`);
});

test('one bad request among many fails alone', async () => {
    const look = (number) => daemon.infer({ model_name: 'look', platform: 'wasm',
        inputs: [{ name: 'x', datatype: 'INT64', shape: [1], data: [number] }] });
    const numbers = Array.from({ length: 40 }, (_, index) => index === 20 ? 99 : index % 8);
    const answers = await Promise.all(numbers.map(look));
    answers.forEach((answer, index) => {
        if (index === 20) {
            assert.deepEqual([answer.status, answer.json.code], [422, 'input_invalid'], answer.text);
            return;
        }
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.outputs[0].data, [10 + numbers[index]]);
    });
});

test('a free dimension that is no batch is left alone', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => daemon.infer({
        model_name: 'sums', platform: 'wasm',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [1, 2, 3] }] })));
    for (const answer of answers) {
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.outputs[0].data, [1, 3, 6]);
        assert.equal(answer.json.performance.batch, undefined);
    }
});

test('with batching = fixed two requests wait for each other; off, none does', async () => {
    await daemon.reload({ pool: { batching: 'fixed', batch_window: '500ms' } });
    const sizes = await many(2);
    assert.deepEqual(sizes, [3, 3]);
    await daemon.reload({ pool: { batching: 'off' } });
    assert.ok((await many(30)).every((size) => size === 0));
});
