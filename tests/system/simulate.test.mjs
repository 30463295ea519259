// tier: quick
/**
 * Nodes that others start: simulated ones, with every kind of misbehaviour, and one in Python that
 * was written from webinfer-protocol(7) alone. Both come in with join tokens.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Counting } from '../lib/counting.mjs';
import { Daemon, patience, testsOf } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import * as kserve from '../lib/kserve.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice', 'wide'], config: {
        api: { max_body: '2M', max_answer: '2M' },
        bridge: { heartbeat_interval: '300ms', heartbeat_misses: 100, resume_grace: '3s' },
        pool: { min_connections: 0, max_retries: 8 },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
});
after(() => daemon.stop());

const echo = (data, more = {}) => daemon.infer({ model_name: 'builtin/echo', platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }], ...more });
const counting = (options, more = {}) => daemon.infer({ model_name: 'builtin/count',
    platform: 'simulated', inputs: [], options, ...more });
const join = async (more = {}) => (await daemon.post('/v1/admin/join', more)).json;
const joins = async () => (await daemon.get('/v1/admin/join')).json.joins;
const nodes = async () => (await daemon.get('/v1/nodes')).json.nodes;
const noNodes = () => until(async () => (await nodes()).length === 0,
    { what: 'all nodes to be gone', timeout: 20_000 * patience });

test('a simulated node serves what asks for it by name, marked, and nothing else', async () => {
    const before = await echo([1]);
    assert.equal(before.status, 503);
    assert.equal(before.json.field, 'platform');
    const simulation = await new Simulation(daemon, { nodes: 2, models: daemon.store }).up();
    try {
        const answer = await echo([7, 8]);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.outputs[0].data, [7, 8]);
        assert.equal(answer.json.executed_on.simulated, true);
        assert.equal(answer.json.executed_on.platform, 'simulated');
        assert.equal(answer.json.executed_on.browser, 'simulated');

        const twice = await daemon.infer({ model_name: 'twice', platform: 'simulated',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [1, 2, 3] }] });
        assert.equal(twice.status, 200, twice.text);
        assert.deepEqual(twice.json.outputs[0].data, [0, 0, 0]);
        assert.equal(twice.json.executed_on.simulated, true);

        const wide = await daemon.infer({ model_name: 'wide', platform: 'simulated',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
        assert.equal(wide.status, 413, wide.text);
        assert.equal(wide.json.code, 'answer_too_large');
        assert.equal(wide.json.attempts, 1);

        // What does not fit a message of theirs goes in pieces, both ways.
        const pixels = Buffer.alloc(1 << 20, 7);
        const large = await daemon.answer({ model_name: 'builtin/echo', platform: 'simulated' },
            [{ name: 'x', datatype: 'UINT8', shape: [pixels.length], bytes: pixels }]);
        assert.ok(large.outputs[0].bytes.equals(pixels));

        const count = await counting({ count: 3 });
        assert.equal(count.status, 200, count.text);
        assert.deepEqual(count.json.outputs, []);
        assert.deepEqual(count.json.result, { count: 3 });
        const unknown = await counting({ count: 3, speed: 1 });
        assert.equal(unknown.status, 400, unknown.text);
        assert.equal(unknown.json.field, 'options.speed');

        // Whatever does not name it, or names one of the nodes in another way, is refused.
        const [{ id }] = await nodes();
        for (const more of [{ platform: 'auto' }, { platform: 'wasm' }, { node: id,
            platform: 'auto' }]) {
            const refused = await echo([1], more);
            assert.equal(refused.status, 503, refused.text);
            assert.equal(refused.json.code, 'unavailable');
        }
        const ready = await daemon.get('/readyz');
        assert.equal(ready.status, 503);
        assert.match(ready.json.detail, /max_connections is 0/, 'what is missing, which are browsers');
        assert.equal((await echo([1], { node: id })).json.executed_on.node, id);
    } finally {
        await simulation.stop();
    }
    await noNodes();
});

test('answers that fail, come twice, come late or after a cut: each request gets one', async () => {
    const simulation = await new Simulation(daemon, { nodes: 4, latencyMs: 5, jitterMs: 10,
        failRate: 0.1, cutRate: 0.1, duplicateRate: 0.3, seed: 7 }).up();
    try {
        const answers = await Promise.all(Array.from({ length: 200 }, async (_, index) => {
            const answer = await echo([index, index + 1], { timeout_ms: 60_000 });
            return { index, answer };
        }));
        for (const { index, answer } of answers) {
            assert.equal(answer.status, 200, answer.text);
            assert.deepEqual(answer.json.outputs[0].data, [index, index + 1]);
        }
    } finally {
        await simulation.stop();
    }
    const { failed, cut, duplicated, resumed, attempts, answered } = simulation.end;
    for (const [what, count] of Object.entries({ failed, cut, duplicated, resumed }))
        assert.ok(count > 0, `no attempt was ${what}: ${JSON.stringify(simulation.end)}`);
    assert.ok(attempts >= 200 && answered >= 200);
    await noNodes();
});

const stream = (options, head = {}) =>
    new Counting(daemon, options, { platform: 'simulated', timeout_ms: 60_000, ...head });

test('streams that fail or are cut in the middle: each part comes once and in order',
    async () => {
        const simulation = await new Simulation(daemon, { nodes: 6, failRate: 0.15, cutRate: 0.25,
            seed: 3 }).up();
        try {
            const streams = await Promise.all(Array.from({ length: 60 }, (_, i) =>
                stream({ count: 100 + i, interval_ms: i % 2, bytes: i % 3 ? 0 : 3000 }).run()));
            for (const one of streams) assert.ok(one.isWhole, one.explain());
        } finally {
            await simulation.stop();
        }
        const { failed, cut, resumed, continued, parts, unexpected } = simulation.end;
        for (const [what, number] of Object.entries({ failed, cut, resumed, continued }))
            assert.ok(number > 0, `no stream was ${what}: ${JSON.stringify(simulation.end)}`);
        assert.ok(parts >= 60 * 100 && !unexpected, JSON.stringify(simulation.end));
        await noNodes();
    });

test('a stream that is dropped in the middle stalls, and its client is told', async () => {
    const simulation = await new Simulation(daemon, { nodes: 1, dropRate: 1, seed: 5 }).up();
    try {
        const one = await stream({ count: 1000 }, { stall_timeout_ms: 300 }).run();
        assert.equal(one.error?.code, 'stall_timeout', one.explain());
        assert.ok(one.parts > 0 && one.parts < 1000 && !one.gaps, one.explain());
    } finally {
        await simulation.stop();
    }
    assert.equal(simulation.end.dropped, 1);
    assert.equal(simulation.end.cancelled, 1);
    await noNodes();
});

test('a simulated node waits for the credit of a client that does not read, and for no other',
    async () => {
        const simulation = await new Simulation(daemon, { nodes: 1 }).up();
        try {
            const slow = stream({ count: 200, bytes: 60_000 });
            assert.ok(await slow.open());
            slow.stream.hold();
            const quick = await stream({ count: 2000 }).run();
            assert.ok(quick.isWhole, quick.explain());
            slow.stream.go();
            await slow.read();
            assert.ok(slow.isWhole, slow.explain());
            assert.ok(slow.done.performance.waited_for_client_ms > 0, slow.explain());
        } finally {
            await simulation.stop();
        }
        await noNodes();
    });

test('what is dropped or answered late meets its deadline, and the late answer is counted',
    async () => {
        const simulation = await new Simulation(daemon, { nodes: 1, lateRate: 1 }).up();
        const late = await daemon.metric('webinfer_bridge_late_answers_total') ?? 0;
        try {
            const answer = await echo([1], { timeout_ms: 300 });
            assert.equal(answer.status, 504, answer.text);
            await until(async () =>
                await daemon.metric('webinfer_bridge_late_answers_total') > late,
            { what: 'the late answer to be counted' });
        } finally {
            await simulation.stop();
        }
        await noNodes();
    });

test('a join token is good for so many nodes, is shown, and can be revoked', async () => {
    const { id, url, token, nodes: places } = await join({ nodes: 1, seconds: 60 });
    assert.equal(places, 1);
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/#token=wi_[\w-]{43}$/);
    const node = await new FakeNode(url).join();
    assert.deepEqual((await joins()).find((one) => one.id === id).joined, 1);
    const second = await new FakeNode(url).open();
    second.announce();
    assert.equal((await second.gone()).code, 1013);
    const answer = await echo([5], { platform: 'auto' });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.executed_on.simulated, false);

    // A node that simulates without having said so has failed.
    node.onTask = (task) => node.respond(task, { data: { executed_on: { platform: 'wasm',
        engine: 'x', precision: null, adapter: null, fallbacks: [], simulated: true } } });
    const caught = await echo([5], { platform: 'auto' });
    assert.equal(caught.status, 502, caught.text);
    assert.match(caught.json.detail, /simulated/);

    assert.equal((await daemon.request(`/v1/admin/join/${id}`, { method: 'DELETE' })).status, 200);
    await node.gone();
    const third = await new FakeNode(url).open();
    third.announce();
    assert.equal((await third.gone()).code, 1008);
    assert.equal((await daemon.request(`/v1/admin/join/${id}`, { method: 'DELETE' })).status, 404);
    for (const wrong of [{ nodes: 0 }, { nodes: 65537 }, { seconds: 604801 }, { more: 1 }])
        assert.equal((await daemon.post('/v1/admin/join', wrong)).status, 400);
    assert.ok(!daemon.log.includes(token), 'the log must not have the token');
    await noNodes();
});

test('a node in Python, written from the manual alone, echoes, computes and comes back',
    async () => {
        const { id, url } = await join({ nodes: 1 });
        const script = fileURLToPath(new URL('../nodes/node.py', import.meta.url));
        const proxy = (await new Proxy().listen()).to(daemon.bridgeUrl);
        const link = url.replace(daemon.bridgeUrl, proxy.url);
        const child = spawn('python3', [script, link], { stdio: ['ignore', 'pipe', 'pipe'],
            env: { PATH: process.env.PATH, HOME: path.join(daemon.folder, 'home') } });
        let said = '';
        const hears = (words) => until(() => {
            if (child.exitCode !== null && !said.match(words)) throw new Error(`it ended: ${said}`);
            return said.match(words);
        }, { what: String(words), timeout: 20_000 * patience });
        child.stdout.on('data', (text) => (said += text));
        child.stderr.on('data', (text) => (said += text));
        try {
            await hears(/^welcome node-/m);
            const first = await echo([1, -2], { platform: 'native' });
            assert.deepEqual(first.json.outputs[0].data, [1, -2]);
            assert.equal(first.json.executed_on.platform, 'native');
            assert.equal(first.json.executed_on.engine, 'python');
            const inputs = [{ name: 'x', datatype: 'FP32', shape: [4], data: [1, 2.5, -3, 0] }];
            for (const warm of [false, true]) {
                const twice = await daemon.infer({ model_name: 'twice', inputs });
                assert.equal(twice.status, 200, twice.text);
                assert.deepEqual(twice.json.outputs[0].data, [2, 5, -6, 0]);
                assert.equal(twice.json.executed_on.browser, 'python');
                assert.equal(twice.json.executed_on.platform, 'native');
                // There is no WASM to compare it with.
                assert.equal(twice.json.executed_on.numerics, 'unchecked');
                assert.equal(twice.json.performance.warm, warm);
            }
            const pixels = Buffer.alloc(1 << 20, 7);
            const large = await daemon.answer({ model_name: 'builtin/echo' },
                [{ name: 'x', datatype: 'UINT8', shape: [pixels.length], bytes: pixels }]);
            assert.ok(large.outputs[0].bytes.equals(pixels));
            // Its JSON writes as six bytes what came as two.
            const names = await daemon.infer({ model_name: 'builtin/echo', inputs: Array.from(
                { length: 1000 }, (_, i) => ({ name: String(i).padStart(400, '\u00e4'),
                    datatype: 'UINT8', shape: [0], data: [] })) });
            assert.equal(names.status, 413, names.text.slice(0, 500));
            assert.equal(names.json.code, 'answer_too_large');
            assert.equal(names.json.attempts, 1);

            const head = { platform: 'native' };
            const streams = [{ count: 1 }, { count: 100 }, { count: 20, bytes: 60_000 },
                { count: 10, interval_ms: 20, bytes: 5 }];
            for (const one of await Promise.all(streams.map((options) =>
                new Counting(daemon, options, head).run())))
                assert.ok(one.isWhole, one.explain());
            const whole = await counting({ count: 3 }, head);
            assert.deepEqual(whole.json.result, { count: 3 }, whole.text);

            // The connection breaks in the middle of one.
            const stream = new Counting(daemon, { count: 200, interval_ms: 2 }, head);
            assert.ok(await stream.open());
            await stream.read({ enough: ({ parts }) => parts === 50 });
            proxy.cutNow();
            await hears(/^resumed node-/m);
            await stream.read();
            assert.ok(stream.isWhole, stream.explain());
            assert.equal(stream.done.performance.attempts, 1);
            // Longer than the service would wait for a node that says nothing.
            const at = Date.now();
            await until(() => Date.now() - at > 1200, { what: 'four heartbeats' });
            assert.equal((await nodes()).length, 1);
            assert.equal((await echo([9], { platform: 'auto' })).json.outputs[0].data[0], 9);
            // Paused, it gives back what it has not begun, and goes on with what it has.
            const going = new Counting(daemon, { count: 300, interval_ms: 2 }, head);
            assert.ok(await going.open());
            await going.read({ enough: ({ parts }) => parts === 20 });
            const isPaused = (paused) => until(async () => (await nodes())[0].paused === paused,
                { what: 'the pause', timeout: 20_000 * patience });
            child.kill('SIGUSR1');
            await isPaused(true);
            const waits = echo([10], head);
            await until(async () => (await daemon.status()).queue.waiting === 1, { what: 'a job that waits' });
            await going.read();
            assert.ok(going.isWhole, going.explain());
            assert.equal(going.done.performance.attempts, 1);
            child.kill('SIGUSR2');
            await isPaused(false);
            assert.deepEqual((await waits).json.outputs[0].data, [10]);
            // With WASM beside it, its answers are compared, and then known.
            const wasm = await new FakeNode((await join({ nodes: 1 })).url).join();
            wasm.onTask = (task) => wasm.respond(task, { outputs: [{ name: 'y', datatype: 'FP32',
                shape: [4], bytes: kserve.pack('FP32', [2, 5, -6, 0]) }] });
            const native = () => daemon.infer({ model_name: 'twice', inputs, platform: 'native',
                fallback: false });
            await until(async () => (await native()).json.executed_on.numerics === 'ok',
                { what: 'the program to be compared with WASM', timeout: 20_000 * patience });
            assert.equal((await native()).json.executed_on.platform, 'native');
            await wasm.close();
            await until(async () => (await nodes()).length === 1, { what: 'WASM to be gone' });
            const none = await daemon.infer({ model_name: 'twice', inputs, platform: 'wasm',
                fallback: false });
            assert.equal(none.status, 422, none.text);
            assert.equal(none.json.allowed, 'native');

            // It leaves by itself, and its place is free at once, long before resume_grace.
            child.kill('SIGTERM');
            await until(() => child.exitCode !== null, { what: 'the node to end' });
            assert.equal(child.exitCode, 0, said);
            const next = await new FakeNode(url).join();
            assert.equal((await nodes()).length, 1);
            await daemon.request(`/v1/admin/join/${id}`, { method: 'DELETE' });
            await next.got('bye');
            assert.equal((await next.gone()).code, 1000);
        } finally {
            child.kill('SIGKILL');
            await proxy.close();
        }
        await noNodes();
    });

test('simulated nodes say bye when they end, and others take their places at once', async () => {
    const { id, url } = await join({ nodes: 20 });
    const file = path.join(daemon.folder, 'places');
    fs.writeFileSync(file, `${url}\n`);
    for (let i = 0; i < 2; i++) {
        const simulation = await new Simulation(daemon, { nodes: 20, joinFile: file }).up();
        assert.equal((await nodes()).length, 20);
        await simulation.stop();
        // As soon as the process has ended, the service knows of none.
        assert.deepEqual(await nodes(), []);
    }
    await daemon.request(`/v1/admin/join/${id}`, { method: 'DELETE' });
    await noNodes();
});

test('a simulated node unloads a model that it has, and loads none that is not meant for it', async () => {
    const simulation = await new Simulation(daemon, { nodes: 1 }).up();
    try {
        const [{ id }] = await nodes();
        const held = async () => ((await nodes())[0].models ?? []).map(({ name }) => name).sort();
        const order = (model, verb, body = {}) => daemon.post(`/v1/models/${model}/${verb}`, body);
        const refused = async (words, ...given) => {
            const answer = await order(...given);
            assert.equal(answer.status, 503, answer.text);
            assert.equal(answer.json.code, 'unavailable');
            assert.match(answer.json.detail, words);
        };
        await refused(/only simulated nodes, which load a model only if the order names them/, 'twice', 'load');
        await refused(/only simulated nodes, and none of them has the model/, 'twice', 'unload');
        for (const model of ['twice', 'wide'])
            assert.equal((await order(model, 'load', { platform: 'simulated' })).status, 202);
        await until(async () => (await held()).length === 2, { what: 'both to be loaded' });
        const told = await order('twice', 'unload');
        assert.equal(told.status, 202, told.text);
        assert.deepEqual(told.json.nodes, [id]);
        await until(async () => (await held()).length === 1, { what: 'one to be unloaded' });
        assert.deepEqual(await held(), ['wide']);
    } finally {
        await simulation.stop();
    }
    await noNodes();
});

test('nodes that a link has no place for are counted, and it is said that there is none', async () => {
    const { id, url } = await join({ nodes: 2 });
    const file = path.join(daemon.folder, 'two');
    fs.writeFileSync(file, `${url}\n`);
    const simulation = new Simulation(daemon, { nodes: 5, joinFile: file });
    await until(() => simulation.problems, { what: 'it to be said that there is no room' });
    assert.match(simulation.problems, /some of the 5 nodes cannot join yet.* 1013 the join token is already used/);
    await until(async () => (await nodes()).length === 2, { what: 'the two that there is room for' });
    await simulation.stop();
    assert.equal(simulation.end.turned_away, 3);
    assert.match(simulation.problems, /3 of 5 nodes were turned away: 1013/);
    await daemon.request(`/v1/admin/join/${id}`, { method: 'DELETE' });
    await noNodes();
});

test('webinfer-simulate says what is wrong with its options and with its link', async () => {
    const wrong = async (options, words) => {
        const simulation = new Simulation(daemon, options);
        const code = await simulation.ended;
        assert.notEqual(code, 0);
        assert.match(simulation.problems, words);
        return code;
    };
    assert.equal(await wrong({ nodes: 0 }, /--nodes/), 2);
    assert.equal(await wrong({ nodes: 'many' }, /--nodes/), 2);
    assert.equal(await wrong({ failRate: 2 }, /--fail-rate[^]*0 to 1/), 2);
    assert.equal(await wrong({ failRate: 0.7, dropRate: 0.7 }, /sum of --fail-rate, --drop-rate/), 2);
    const file = path.join(daemon.folder, 'link');
    fs.writeFileSync(file, 'http://example.invalid/\n');
    assert.equal(await wrong({ joinFile: file }, /join link/), 2);
    fs.writeFileSync(file, `${daemon.bridgeUrl}/#token=wi_${'x'.repeat(43)}\n`);
    assert.equal(await wrong({ joinFile: file }, /1008 the token is unknown/), 3);
});
