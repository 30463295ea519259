// tier: full
/** POST /v1/admin/verify, webinfer verify and [pool] verify: what real browsers show, and nodes that lie. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before } from 'node:test';
import { safari } from '../lib/browsers.mjs';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf, withDaemon } from '../lib/daemon.mjs';
import { FakeNode } from '../lib/fake-node.mjs';
import { checkKernel, right } from '../lib/kernels.mjs';
import { halved, ProvingNode } from '../lib/proving-node.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { changedPage } from '../lib/spoiled-page.mjs';
import { until } from '../lib/wait.mjs';

const NVIDIA = { vendor: 'nvidia', architecture: 'ampere', description: 'NVIDIA GeForce RTX 3080', is_fallback: false };
const MASKED = { vendor: '', architecture: '', description: '', is_fallback: false };
const KERNELS = Object.keys(right).length;

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice'], config: {
        bridge: { resume_grace: '300ms' }, pool: { max_connections: 3 }, 'browser.chrome': { gpu: 'software' },
        'browser.firefox': { gpu: 'software', max_connections: 1 }, 'browser.safari': safari(),
    } }).start();
});
after(() => daemon.stop());

const link = async () => (await daemon.post('/v1/admin/join', { nodes: 1 })).json.url;
const named = async (id) => (await daemon.get('/v1/nodes')).json.nodes.find((node) => node.id === id);
const isHeld = (id, held) => until(async () => (await named(id))?.held === held, { what: `a node to be ${held ? 'held' : 'let go'}` });
const relu = (more = {}) => daemon.post('/v1/compute', { kernel: 'relu', ...more,
    inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [-1, 2] }] });
async function verify(want, from = daemon) {
    const { status, json, text } = await from.post('/v1/admin/verify', want);
    assert.equal(status, 200, text);
    return json.nodes;
}
/** A joined node, for as long as `use` takes. @param {object} how @param {(node: ProvingNode) => Promise<void>} use */
async function withNode({ lie, ms, ...more }, use) {
    const node = new ProvingNode(await link(), more);
    if (lie) node.lie = lie;
    if (ms) node.ms = ms;
    await node.join();
    try {
        await use(node);
    } finally {
        await node.close();
    }
}

test('real browsers are right on wasm, and have software adapters', async () => {
    for (const browser of ['chrome', 'firefox', 'safari']) assert.equal((await relu({ browser })).status, 200);
    const rows = await verify({});
    assert.deepEqual(rows.map(({ browser, platform, verdict, reason }) => [browser, platform, verdict, reason]).sort(), [
        ['chrome', 'wasm', 'right', null], ['chrome', 'webgl', 'software adapter', null], ['chrome', 'webgpu', 'software adapter', null],
        ['firefox', 'wasm', 'right', null], ['firefox', 'webgpu', 'software adapter', null],
        ['safari', 'wasm', 'right', null], ['safari', 'webgl', 'software adapter', null]]);
    for (const { platform, evidence: { adapter, challenges, kernels, joined } } of rows) {
        assert.deepEqual([kernels, joined], [{ tried: KERNELS, wrong: [] }, false]);
        if (platform !== 'webgl') assert.equal(platform === 'webgpu', adapter?.is_fallback === true);
        assert.deepEqual(challenges.map(({ n }) => n), [256, 512, 1024].slice(0, challenges.length));
        assert.ok(challenges.length > 0 && challenges.every(({ right: is, ms }) => is && ms > 0));
        // A larger one follows what took under a second.
        for (const [i, { ms }] of challenges.entries()) assert.equal(i + 1 < challenges.length || i === 2, ms < 1000 || i === 2);
        assert.ok(challenges.every(({ wasm_ms: ms }) => platform !== 'wasm' || ms === null));
    }
});

test('webinfer verify prints it, with the evidence, and tells how far it is as events', async () => {
    const { code, out, problems } = await webinfer(daemon, ['verify', '--browser', 'safari', '--platform', 'both', '--verbose']);
    assert.equal(code, 0, problems);
    assert.match(out, /^NODE +BROWSER +OF +PLATFORM +VERDICT +ADAPTER +PRODUCTS +KERNELS +WHY$/m);
    assert.match(out, new RegExp(`^node-\\w+ +safari +ours +wasm +right +- +256: [\\d.]+ ms; 512: .* ms +${KERNELS} right +-$`, 'm'));
    const events = await daemon.request('/v1/admin/verify', { method: 'POST', body: JSON.stringify({ browser: 'safari', platforms: ['wasm'] }),
        headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' } });
    assert.match(events.text, /^event: progress\ndata: \{"steps":\d+\}$/m);
    assert.match(events.text, /event: done\ndata: \{"nodes":\[\{"node":"node-\w+","browser":"safari","platform":"wasm","verdict":"right"/);
});

test('a node that joined gets work once it has shown that it computes right', async () => {
    await withNode({ adapter: NVIDIA, lie: () => null }, async (node) => {
        await isHeld(node.id, true);
        const { decision, options } = (await daemon.get(`/v1/hardware?model_name=twice&node=${node.id}`)).json;
        assert.deepEqual([decision, options.find(({ platform }) => platform === 'wasm').standing], ['wait', 'held']);
        const work = relu({ node: node.id });
        await until(async () => (await daemon.status()).queue.waiting === 1, { what: 'the job to wait' });
        await until(() => node.asked.length > 0, { what: 'a challenge' });
        assert.deepEqual(node.asked, ['challenge']);
        node.lie = (values) => values;
        node.compute(await node.got('task_request'));
        const { status, json, text } = await work;
        assert.equal(status, 200, text);
        assert.deepEqual([json.outputs[0].data, json.executed_on.node], [[0, 2], node.id]);
        assert.deepEqual(new Set(node.asked), new Set(['challenge', ...Object.keys(right)]));
        await isHeld(node.id, false);
        const rows = await verify({ node: node.id });
        assert.deepEqual(rows.map(({ platform, verdict, evidence: { joined } }) => [platform, verdict, joined]),
            [['webgpu', 'unproven', true], ['wasm', 'right', true]]);
    });
});

test('a program with the engine shows it on native, by order too, and is found where it lies', async () => {
    await withNode({ native: true }, async (node) => {
        const work = relu({ node: node.id, platform: 'native' });
        await isHeld(node.id, false);
        assert.deepEqual(new Set(node.asked), new Set(['challenge', ...Object.keys(right)]));
        const { status, json, text } = await work;
        assert.equal(status, 200, text);
        assert.deepEqual([json.outputs[0].data, json.executed_on.platform], [[0, 2], 'native']);
        for (const want of [{ node: node.id }, { node: node.id, platforms: ['native'] }]) {
            const [row, ...others] = await verify(want);
            assert.deepEqual([row.platform, row.verdict, row.evidence.joined, others], ['native', 'right', true, []]);
            assert.deepEqual([row.evidence.challenges.map(({ n, right: is }) => [n, is]), row.evidence.kernels],
                [[[256, true]], { tried: KERNELS, wrong: [] }]);
        }
        const { message: { data: { job_id: job, task_type: type, model: { hash, ...model } } } } = await node.got('task_request');
        assert.match(job, /^job-/, 'no id tells what is a proof');
        assert.deepEqual([type, model], ['compute', { name: 'builtin/kernels', engine: 'kernels', files: [] }]);
        assert.match(hash, /^[0-9a-f]{64}$/);
        node.lacks = ['matmul', 'softmax'];
        const [{ verdict, evidence: { kernels } }] = await verify({ node: node.id });
        assert.deepEqual([verdict, kernels], ['right', { tried: KERNELS - 2, wrong: [] }], 'what it lacks is not wrong');
        node.lacks = [];
        const { code, out, problems } = await webinfer(daemon, ['verify', '--node', node.id, '--platform', 'native']);
        assert.equal(code, 0, problems);
        assert.match(out, new RegExp(`^${node.id} .* native +right `, 'm'));
        node.lie = (values, kernel) => (kernel === 'gelu' ? values.map((value) => value * 1.01) : values);
        const found = await webinfer(daemon, ['verify', '--node', node.id, '--platform', 'native']);
        assert.equal(found.code, 1);
        assert.match(found.out, / native +wrong .* wrong: gelu .*gelu: element/);
        assert.deepEqual(await node.gone(), { code: 1008, reason: 'quarantined' });
        assert.equal((await node.got('bye')).message.data.code, 'quarantined');
    });
    await withNode({ native: true, lie: (values, kernel) => (kernel === 'challenge' ? values.map((value) => value - 1) : values) }, async (node) => {
        assert.deepEqual(await node.gone(), { code: 1008, reason: 'quarantined' });
        const { reason } = (await daemon.get('/v1/nodes')).json.quarantined.find((one) => one.node === node.id);
        assert.match(reason, /row \d+ of the product/);
    });
});

test('one without the engine gets work as ever, and is not tested; a simulated one says so', async () => {
    const node = await new FakeNode(await link()).join();
    const simulation = await new Simulation(daemon, { nodes: 1 }).up();
    try {
        assert.equal((await named(node.id)).held, false);
        const [row, ...others] = await verify({ node: node.id, platforms: ['wasm'] });
        assert.deepEqual([row.platform, row.verdict, row.reason, others], [null, 'not tested', 'it does not have the engine kernels', []]);
        const rows = await verify({ browser: (await daemon.get('/v1/nodes')).json.nodes
            .find(({ platforms }) => platforms.simulated?.available).browser });
        assert.ok(rows.some(({ verdict, evidence }) => verdict === 'simulated' && evidence.joined), JSON.stringify(rows));
    } finally {
        await simulation.stop();
        await node.close();
    }
});

/** What each says in the place of what it has computed, and how that is found. @type {Array<[string, () => ProvingNode['lie'], RegExp]>} */
const lies = [
    ['a replayed product', () => {
        let first;
        return (values, kernel) => (kernel === 'challenge' ? first ??= values.map((_, i) => i % 129) : values);
    }, /row \d+ of the product/],
    ['half precision', () => (values) => values.map(halved), /^row \d+ of the product/],
    ['a number that is none', () => (values, kernel) => (kernel === 'challenge' ? values.fill(NaN, 7, 8) : values), /element \[0, 7\]/],
    ['a kernel with a wrong sign', () => (values, kernel) => (kernel === 'silu' ? values.map((value) => -value) : values), /^silu: element/],
];
for (const [what, lie, reason] of lies) {
    test(`${what} is found before the node gets work, and it gets none`, async () => {
        await withNode({ lie: lie() }, async (node) => {
            assert.deepEqual(await node.gone(), { code: 1008, reason: 'quarantined' });
            const row = (await daemon.get('/v1/nodes')).json.quarantined.find((one) => one.node === node.id);
            assert.match(row.reason, reason);
            const { status, json } = await relu({ node: node.id, id: 'work' });
            assert.deepEqual([status, json.code], [404, 'node_not_found']);
            assert.equal((await daemon.request(`/v1/admin/quarantine/${row.id}`, { method: 'DELETE' })).status, 200);
        });
    });
}

test('one that lies when somebody asks is told of as wrong, and goes', async () => {
    await withNode({}, async (node) => {
        await isHeld(node.id, false);
        node.lie = (values, kernel) => (kernel === 'challenge' ? values.map((value) => value + 1) : values);
        const { code, out } = await webinfer(daemon, ['verify', '--node', node.id]);
        assert.equal(code, 1);
        assert.match(out, / wrong .*row \d+ of the product/);
        assert.deepEqual(await node.gone(), { code: 1008, reason: 'quarantined' });
    });
});

test('a label over plain loops is unproven, and none at all a software adapter', async () => {
    for (const [adapter, verdict] of [[NVIDIA, 'unproven'], [MASKED, 'software adapter']]) {
        await withNode({ adapter }, async (node) => {
            await isHeld(node.id, false);
            const [{ platform, verdict: is, evidence }] = await verify({ node: node.id, platforms: ['webgpu'] });
            assert.deepEqual([platform, is, evidence.adapter], ['webgpu', verdict, adapter]);
            assert.deepEqual(evidence.challenges, [{ n: 256, ms: 2000, wasm_ms: 2000, right: true }]);
        });
    }
});

test('a node that dies in the middle has no verdict, and nobody waits for it', async () => {
    await withNode({}, async (node) => {
        await isHeld(node.id, false);
        node.lie = () => {
            node.socket.terminate();
            return null;
        };
        const [{ verdict, reason, evidence }] = await verify({ node: node.id });
        assert.deepEqual([verdict, evidence.challenges], ['not tested', []]);
        assert.match(reason, /node/);
    });
    assert.equal((await relu()).status, 200);
});

test('twelve orders at once, beside work, are answered as one alone', async () => {
    await withNode({}, async (node) => {
        await isHeld(node.id, false);
        const want = { node: node.id }, alone = await verify(want);
        const orders = Array.from({ length: 12 }, () => verify(want));
        const work = Array.from({ length: 12 }, () => relu());
        for (const rows of await Promise.all(orders)) assert.deepEqual(rows, alone);
        for (const { json } of await Promise.all(work)) assert.deepEqual(json.outputs[0].data, [0, 2]);
    });
});

test('a client that leaves ends its order', async () => {
    await withNode({}, async (node) => {
        await isHeld(node.id, false);
        node.lie = () => null;
        const before = node.asked.length, leaving = new AbortController();
        const order = fetch(`${daemon.url}/v1/admin/verify`, { method: 'POST', body: JSON.stringify({ node: node.id }),
            headers: { 'Content-Type': 'application/json' }, signal: leaving.signal });
        await until(() => node.asked.length > before, { what: 'a challenge' });
        leaving.abort();
        await assert.rejects(order);
        await node.got('task_cancel');
        await until(async () => (await named(node.id)).attempts === 0, { what: 'nothing to be on the node' });
    });
});

/** Each with its status, code and field, and what is allowed there. */
const bad = [
    ['a platform without kernels', { platforms: ['wasm', 'webnn'] }, 400, 'invalid_field', 'platforms', /webgpu, .*wasm/],
    ['a platform that is no name', { platforms: [7] }, 400, 'invalid_field', 'platforms', /webgpu/],
    ['no platforms', { platforms: [] }, 400, 'invalid_field', 'platforms', undefined],
    ['platforms that are no list', { platforms: 'wasm' }, 400, 'invalid_field', 'platforms', undefined],
    ['an unknown browser', { browser: 'lynx' }, 400, 'invalid_field', 'browser', /chrome/],
    ['an unknown node', { node: 'node-0' }, 404, 'node_not_found', 'node', undefined],
    ['an unknown field', { nodes: 1 }, 400, 'unknown_field', 'nodes', /node/],
];
test('bad orders are told what is wrong; and no client asks for a challenge', async () => {
    for (const [what, body, status, code, field, allowed] of bad) {
        const { status: is, json, text } = await daemon.post('/v1/admin/verify', body);
        assert.deepEqual([is, json.code, json.field], [status, code, field], `${what}: ${text}`);
        if (allowed) assert.match(json.allowed, allowed, what);
    }
    const { code, problems } = await webinfer(daemon, ['verify', '--platform', 'wasm,dance']);
    assert.equal(code, 1);
    assert.match(problems, /platforms\[1\]/);
    const { status, json } = await daemon.post('/v1/compute', { kernel: 'challenge', inputs: [], options: { n: 2, seed: '0'.repeat(16) } });
    assert.deepEqual([status, json.code], [404, 'kernel_not_found']);
    assert.doesNotMatch(json.allowed, /challenge/);
});

test('a kernel with one wrong sign in its shader is found by the suite, and by verify on that platform alone', async () => {
    let changed = 0;
    const page = changedPage({ 'engine-gpu_kernels': (code) => code.replaceAll('a[i] + b[i]', () => {
        changed++;
        return 'a[i] - b[i]';
    }) });
    try {
        assert.equal(changed, 1);
        await withDaemon({ config: { bridge: { page } } }, async (other) => {
            const add = { kernel: 'add', shapes: { a: [17], b: [17] } }, multiply = { ...add, kernel: 'multiply' };
            await checkKernel(other, add, { platform: 'wasm' });
            await checkKernel(other, multiply, { platform: 'webgpu' });
            await assert.rejects(checkKernel(other, add, { platform: 'webgpu' }), /add .* on any webgpu: element 0 is/);
            const { code, out } = await webinfer(other, ['verify', '--platform', 'webgpu']);
            assert.equal(code, 1, out);
            assert.match(out, /^node-\w+ +chrome +webgpu +wrong .* wrong: add +add: element \d+ is/m);
        });
        await withDaemon({ config: { bridge: { page }, pool: { verify: 'all' }, 'browser.chrome': { gpu: 'software' } } }, async (other) => {
            await until(async () => /computes wrong: add: element/.test(other.log), { what: 'it to be found' });
            const rows = await verify({}, other);
            assert.deepEqual(rows.map(({ platform, verdict, evidence: { kernels } }) => [platform, verdict, kernels.wrong]),
                [['webgpu', 'wrong', ['add']], ['webgl', 'software adapter', []], ['wasm', 'right', []]]);
            const { status, json, text } = await other.post('/v1/compute', { kernel: 'add', inputs: ['a', 'b']
                .map((name) => ({ name, datatype: 'FP32', shape: [1], data: [3] })) });
            assert.equal(status, 200, text);
            assert.deepEqual([json.outputs[0].data, json.executed_on.platform], [[6], 'wasm']);
        });
    } finally {
        fs.rmSync(page, { recursive: true });
    }
});

test('after verify_again it has to be shown once more', async () => {
    const config = { pool: { min_connections: 0, verify_again: '1s' }, 'browser.chrome': { max_connections: 0 } };
    await withDaemon({ config, ready: false }, async (other) => {
        const node = new ProvingNode((await other.post('/v1/admin/join', {})).json.url);
        await node.join();
        try {
            const challenges = () => node.asked.filter((kernel) => kernel === 'challenge').length;
            await until(() => challenges() > 1, { what: 'a second challenge' });
            assert.equal((await other.get('/v1/nodes')).json.nodes[0].held, false, 'it goes on with its work meanwhile');
            node.lie = (values) => values.map((value) => value + 1);
            assert.deepEqual(await node.gone(), { code: 1008, reason: 'quarantined' });
        } finally {
            await node.close();
        }
    });
});

test('a service that stops ends orders and challenges with it', async () => {
    let order;
    await withDaemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } }, ready: false }, async (other) => {
        const node = new ProvingNode((await other.post('/v1/admin/join', {})).json.url);
        node.lie = () => null;
        await node.join();
        order = other.post('/v1/admin/verify', {});
        await until(() => node.asked.length > 1, { what: 'the challenges of both' });
    });
    const { status, json } = await order;
    assert.deepEqual([status, json.code], [503, 'shutting_down']);
});
