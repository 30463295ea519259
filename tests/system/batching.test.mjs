// tier: full
/** Requests that are run together give each client what it would have got alone, in real Chromium. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import * as cases from '../lib/cases.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { sharedModels } from '../lib/paths.mjs';
import { spoiledPage } from '../lib/spoiled-page.mjs';
import { until } from '../lib/wait.mjs';

/** Models that name their batch, or whose owner does. In one of them the rows affect each other all the same: its
 * layers take the first dimension for the sequence. */
const BATCHED = sharedModels
    ? ['text_embed_generated_h64_l2', 'text_encoder_vespa_dummy', 'vision_superres_test', 'text_magika_v3_3_a'] : [];
const MIXING = 'text_encoder_vespa_dummy', UNNAMED = 'text_magika_v3_3_a';
const CLIENTS = 12;

/** A file of the page that is served from the disk, since it is too large to be kept in memory. */
const GATE = 'gate.bin', GATE_SIZE = 512 * 1024;

/** Runs at the head of the engine's worker: it takes no message while the file begins with 1. Serialised, so it may use
 * nothing from outside. Stopping the process instead would make the service replace the browser after a second. */
function waitAtGate(file) {
    const { set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage');
    const pause = new Int32Array(new SharedArrayBuffer(4));
    let looks = 0;
    const isShut = () => {
        const request = new XMLHttpRequest();
        request.open('GET', `/${file}?${looks++}`, false);
        request.setRequestHeader('Range', 'bytes=0-0');
        request.send();
        return request.responseText === '1';
    };
    Object.defineProperty(MessagePort.prototype, 'onmessage', { set(handler) {
        set.call(this, (event) => {
            while (isShut()) Atomics.wait(pause, 0, 0, 10);
            handler(event);
        });
    } });
}

/** @type {Daemon} */
let daemon;
/** @type {string} */
let page;
const test = testsOf(() => daemon);
before(async () => {
    page = spoiledPage({ 'engine-wasm': waitAtGate }, GATE);
    fs.writeFileSync(path.join(page, GATE), '0'.repeat(GATE_SIZE));
    daemon = new Daemon({ models: ['rows', 'look', 'sums', ...BATCHED], config: {
        bridge: { page },
        pool: { batching: 'auto', max_batch: 64, max_connections: 1 },
        log: { level: 'info' }, 'browser.chrome': { gpu: 'off' } } });
    if (BATCHED.includes(UNNAMED))
        fs.writeFileSync(path.join(daemon.store, UNNAMED, 'model.json'), '{"batch": true}');
    await daemon.start();
});
after(async () => {
    await daemon.stop();
    fs.rmSync(page, { recursive: true, force: true });
});

const queued = (is, what) => until(async () => is((await daemon.status()).queue), { what });

/** Sends all requests while the engine waits: else it might take them as quickly as they come. Once all of them are
 * there, and after `meanwhile`, it goes on.
 * @template T @param {(() => Promise<T>)[]} requests
 * @param {() => Promise<void>} [meanwhile] @returns {Promise<T[]>} */
async function together(requests, meanwhile = async () => {}) {
    const gate = fs.openSync(path.join(page, GATE), 'r+');
    try {
        fs.writeSync(gate, '1', 0);
        const calls = requests.map((request) => request());
        await queued(({ running, waiting }) => running + waiting === requests.length, 'all of them to be there');
        await meanwhile();
        fs.writeSync(gate, '0', 0);
        return await Promise.all(calls);
    } finally {
        fs.writeSync(gate, '0', 0);
        fs.closeSync(gate);
    }
}

const weights = [1, -2, 3, 0.5, 0.25, -1, 2, 1.5, -0.75, 1, -3, 2];
function expected(row) {
    const z = [0, 1, 2].map((column) =>
        row.reduce((sum, one, index) => sum + one * weights[index * 3 + column], 0));
    const top = Math.max(...z), e = z.map((one) => Math.exp(one - top));
    const all = e.reduce((sum, one) => sum + one);
    return e.map((one) => one / all);
}

/** The rows of the client with that number: 1 to 3. */
const rowsOf = (index) => Array.from({ length: 1 + index % 3 }, (_, row) => [index / 7, row, -index / 11, 0.5]);
const asked = (index, head) => ({ model_name: 'rows', platform: 'wasm', ...head,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [rowsOf(index).length, 4], data: rowsOf(index).flat() }] });
const askRows = (index, head = {}, options = {}) => daemon.infer(asked(index, head), options);

/** Checks the answer to that client, and gives how many rows ran together with its own. */
function sizeOf(answer, index) {
    assert.equal(answer.status, 200, answer.text);
    const [{ shape, data }] = answer.json.outputs;
    assert.deepEqual(shape, [rowsOf(index).length, 3]);
    rowsOf(index).flatMap(expected).forEach((want, at) =>
        assert.ok(Math.abs(data[at] - want) < 1e-5, `${data[at]} instead of ${want}`));
    return answer.json.performance.batch ?? 0;
}

/** `count` requests at once; how large the runs were. */
async function many(count) {
    const answers = await Promise.all(Array.from({ length: count }, (_, index) => askRows(index)));
    return answers.map(sizeOf);
}

const counts = () => Promise.all(
    ['webinfer_batches_total', 'webinfer_batched_jobs_total'].map((name) => daemon.metric(name)));

test('the first batch of a model is compared with its requests alone', async () => {
    await many(2);
    const [before] = await counts();
    const answers = await together(Array.from({ length: CLIENTS }, (_, index) => () => askRows(index)));
    assert.ok(answers.map(sizeOf).every((size) => size === 0));
    assert.equal((await counts())[0], before + 1);
});

test('what waits is run together, row by row as alone, and says with how many', async () => {
    const before = await counts();
    const answers = await together(Array.from({ length: 60 }, (_, index) => () => askRows(index)));
    const sizes = answers.map(sizeOf);
    assert.ok(sizes.some((size) => size > 3), `runs of ${sizes}`);
    assert.ok(sizes.every((size) => size <= 64), `runs of ${sizes}`);
    const [batches, joined] = (await counts()).map((count, index) => count - before[index]);
    assert.equal(joined, sizes.filter((size) => size > 0).length);
    assert.ok(batches > 0 && batches <= joined / 2, `${joined} requests in ${batches} runs`);
});

/** How many times as long a request takes alone, as measured; undefined: a batch, or a request alone, was not. */
async function gainOf(name) {
    const { options } = (await daemon.get(`/v1/hardware?model_name=${name}`)).json;
    return options.find(({ browser, platform }) => browser === 'chrome' && platform === 'wasm').estimate.batch_gain;
}

/** Whether a batch was found to take longer than its requests alone: where both take about as long, it is so now and then. */
const wasSlower = (name) => new RegExp(`${name}: its requests are not combined.*a batch takes .* times as long`).test(daemon.log);

test('what a batch gains is told for its place', async () => {
    assert.ok(await gainOf('rows') > 1);
});

test('one bad request among twelve fails alone', async () => {
    const look = (number) => daemon.infer({ model_name: 'look', platform: 'wasm',
        inputs: [{ name: 'x', datatype: 'INT64', shape: [1], data: [number] }] });
    assert.equal((await look(1)).status, 200);
    const [before] = await counts(), failed = await daemon.metric('webinfer_jobs_failed_total');
    const numbers = Array.from({ length: CLIENTS }, (_, index) => index === 5 ? 99 : index % 8);
    const answers = await together(numbers.map((number) => () => look(number)));
    answers.forEach((answer, index) => {
        if (index === 5) {
            assert.deepEqual([answer.status, answer.json.code], [422, 'input_invalid'], answer.text);
            return;
        }
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.outputs[0].data, [10 + numbers[index]]);
    });
    assert.ok((await counts())[0] > before, 'they were a batch first');
    assert.equal(await daemon.metric('webinfer_jobs_failed_total'), failed + 1);
    await daemon.logs(/its requests for look are not combined with others for 1 s: one made a batch fail/);
});

test('clients that leave a batch, are late or have another priority cost the others nothing', async () => {
    const leaves = new AbortController();
    const heads = Array.from({ length: CLIENTS }, () => ({ priority: 5 }));
    heads[0].priority = 8;
    heads[3].timeout_ms = 1500;
    const calls = heads.map((head, index) => () => askRows(index, head, index === 4 ? { signal: leaves.signal } : {})
        .catch((error) => ({ status: 0, error })));
    await daemon.reload({ pool: { batching: 'fixed', batch_window: '300ms' } });
    const answers = await together(calls, async () => {
        await queued(({ running }) => running === CLIENTS, 'all of them to be sent');
        leaves.abort();
        await queued(({ running }) => running === CLIENTS - 2, 'two to have gone');
    });
    await daemon.reload({ pool: { batching: 'auto' } });
    assert.equal(answers[4].status, 0);
    assert.equal(answers[3].json.code, 'deadline_exceeded');
    const left = answers.filter((answer) => answer.status === 200);
    assert.equal(left.length, CLIENTS - 2);
    const rows = heads.reduce((all, head, index) => all + (index > 0 ? rowsOf(index).length : 0), 0);
    answers.forEach((answer, index) => {
        if (answer.status === 200) assert.equal(sizeOf(answer, index), index === 0 ? 0 : rows);
    });
});

/** The case with its elements moved on by as many rows' parts as the client's number says. */
function variant(one, by) {
    const inputs = one.inputs.map(({ bytes, shape, ...rest }) => {
        const at = bytes.length / shape.reduce((all, size) => all * size, 1) * by;
        return { ...rest, shape, bytes: Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)]) };
    });
    return { ...one, inputs };
}

for (const name of BATCHED)
    test(`${name}: twelve clients with rows of their own get what each would get alone`, async () => {
        const one = cases.load(name), head = { model_name: name, platform: 'wasm', timeout_ms: 120_000 };
        const variants = [0, 1, 2, 3].map((by) => variant(one, by)), alone = [];
        const ask = ({ inputs }) => daemon.answer(head, inputs);
        for (const each of variants) alone.push(await ask(each));
        const round = async () => {
            const answers = await together(
                Array.from({ length: CLIENTS }, (_, index) => () => ask(variants[index % 4])));
            assert.equal(cases.problem(answers[0], one), null);
            answers.forEach((answer, index) => alone[index % 4].outputs.forEach((output) => {
                const found = answer.outputs.find((other) => other.name === output.name);
                assert.equal(cases.difference(found, output, one), null, `client ${index}`);
            }));
            return answers.filter(({ performance }) => performance.batch).length;
        };
        const [before] = await counts();
        if (name !== UNNAMED) assert.equal(await round(), 0);
        const gain = await gainOf(name) ?? Infinity, joined = await round();
        const { batching } = (await daemon.get(`/v1/models/${name}`)).json;
        assert.ok((await counts())[0] > before, 'some were a batch');
        if (name === MIXING) assert.equal(joined, 0);
        else if (gain > 1) assert.ok(joined > 0 || wasSlower(name), `a gain of ${gain}`);
        assert.equal(batching.possible, name !== MIXING, batching.reason);
        if (name === MIXING) assert.match(batching.reason, /got other answers than each of them alone/);
    });

test('on WebGPU, too, twelve clients get what each would get alone', () => {
    const head = { platform: 'webgpu', fallback: false, timeout_ms: 60_000 }, clients = Array.from({ length: CLIENTS }, (_, index) => index);
    const pool = { batching: 'off', batch_window: '500ms', max_batch: 64, max_connections: 1, numerics: 'off' };
    return withDaemon({ models: ['rows', ...BATCHED.slice(0, 1)], config: { pool, 'browser.chrome': { gpu: 'software' } } }, async (one) => {
        const askAll = (ask) => Promise.all(clients.map(ask)), askThese = (index) => one.infer(asked(index, head));
        assert.ok((await askAll(askThese)).map(sizeOf).every((size) => size === 0));
        const [name] = BATCHED, other = name && cases.load(name), variants = name ? [0, 1, 2, 3].map((by) => variant(other, by)) : [];
        const askOther = (index) => one.answer({ model_name: name, ...head }, variants[index % 4].inputs);
        const alone = name ? await askAll(askOther) : [];

        await one.reload({ pool: { batching: 'fixed' } });
        /** All answers until those of a round were batched. The first batch is compared with its requests alone; where a batch was
         * measured as slower, it is tried again later. */
        const askBatched = async (ask, least) => {
            const rounds = [];
            await until(async () => {
                rounds.push(await askAll(ask));
                return rounds.at(-1).every((answer, index) => (answer.json ?? answer).performance?.batch > least(index));
            }, { what: 'a batch of all clients' });
            return rounds;
        };
        for (const answers of await askBatched(askThese, (index) => rowsOf(index).length)) {
            answers.forEach(sizeOf);
            for (const { json } of answers)
                assert.deepEqual([json.executed_on.platform, json.executed_on.adapter.is_fallback], ['webgpu', true]);
        }
        if (!name) return;
        for (const answers of await askBatched(askOther, () => 1))
            for (const [index, { outputs }] of answers.entries())
                for (const [at, output] of outputs.entries())
                    assert.equal(cases.difference(output, alone[index].outputs[at], other), null, `client ${index}`);
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
    const { batching } = (await daemon.get('/v1/models/sums')).json;
    assert.equal(batching.possible, false);
    assert.match(batching.reason, /^the input "x" has a first dimension whose name /);
    assert.deepEqual((await daemon.get('/v1/models/rows')).json.batching, { possible: true, reason: null });
    await daemon.logs(/sums: its requests are not combined, although batching is on: the input "x"/);
    assert.equal(daemon.log.match(/sums: its requests are not combined/g).length, 1);
});

test('with batching = fixed two requests wait for each other; off, none does', async () => {
    await daemon.reload({ pool: { batching: 'fixed', batch_window: '500ms' } });
    const sizes = await many(2);
    assert.deepEqual(sizes, [3, 3]);
    await daemon.reload({ pool: { batching: 'off' } });
    assert.ok((await many(30)).every((size) => size === 0));
});
