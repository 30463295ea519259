// tier: full
/** Results that people send: what the API shows of them, what a node is told, and that nothing else follows from them. No browser. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { capabilities, FakeNode } from '../lib/fake-node.mjs';
import { exported } from '../lib/lab-schema.mjs';

const KEPT = 3; // [store] results_keep
const RESULT = { test: 'matmul 256', cells: [{ platform: 'wasm', outcome: 'ok', samples_ms: [3, 2, 2.5] }, { platform: 'webgpu', outcome: 'absent' }] };

/** @type {Daemon} */
let daemon;
const test = testsOf(() => daemon);
before(async () => {
    daemon = await new Daemon({ models: ['twice'], config: { store: { results_keep: KEPT }, pool: { min_connections: 0, numerics: 'off', verify: 'off' },
        'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
});
after(() => daemon?.stop());

const results = async () => (await daemon.get('/v1/results?limit=100')).json.results;
const joinAs = async (more = {}) => new FakeNode((await daemon.post('/v1/admin/join', more)).json.url).join();

/** Sends a result; what the node is told of it. */
async function send(node, data) {
    const before = node.received.filter(({ message }) => message.type === 'result_kept').length;
    node.send('result', data);
    return (await node.got('result_kept', before)).message.data;
}

test('a result is kept, marked as a person’s, and told to the node', async () => {
    const node = await joinAs(), { run, code } = await send(node, RESULT);
    assert.match(run, /^run-[0-9a-f]{16}$/);
    assert.equal(code, undefined);
    const [listed] = await results();
    assert.deepEqual([listed.id, listed.name, listed.person, listed.imported, listed.simulated, listed.cell_count], [run, 'a lent device', true, true, false, 2]);
    const { json } = await daemon.get(`/v1/results/${run}`);
    assert.deepEqual(json.machine, { cores: capabilities.cores, memory_bytes: capabilities.memory_gib * 2 ** 30 });
    assert.deepEqual(json.cells.map(({ model, browser, browser_version: version, platform, outcome, samples_ms: ms }) => [model, browser, version, platform, outcome, ms]), [
        ['device test matmul 256', 'chromium', '156.0.0.0', 'wasm', 'ok', [3, 2, 2.5]],
        ['device test matmul 256', 'chromium', '156.0.0.0', 'webgpu', 'absent', []]]);
    assert.match((await webinfer(daemon, ['results', 'list'])).out, /a lent device[^]*imported, a person's/);
    assert.equal((await exported(daemon, run)).person, true);
    const shown = await webinfer(daemon, ['results', 'show', run]);
    assert.equal(shown.code, 0, shown.problems);
    assert.match(shown.out, /device test matmul 256 chromium\/wasm fp32 page/);
    assert.match((await webinfer(daemon, ['results', 'show', run, '--markdown', '-'])).out, /\*\*A person's\*\*: a page that somebody lends has sent it\./);
    const again = await send(node, RESULT);
    assert.deepEqual([again.run, again.code], [undefined, 'client_share_used']);
    assert.match(again.reason, /^a page may send one result in 10 minutes; send the next one in 10 minutes$/);
    node.send('bye', {});
});

test('the service’s own runs stay, however many people send theirs', async () => {
    const own = [];
    for (let i = 0; i < KEPT; i++) own.push((await daemon.post('/v1/results', { name: `own ${i}`, began_at: i + 1 })).json.id);
    for (let i = 0; i < KEPT + 2; i++) {
        const node = await joinAs();
        assert.ok((await send(node, RESULT)).run);
        node.send('bye', {});
    }
    const there = await results();
    for (const id of own) assert.ok(there.some((row) => row.id === id && row.person === undefined), id);
    assert.ok(there.filter(({ person }) => person).length >= KEPT + 2);
    const compared = await webinfer(daemon, ['results', 'compare', there[0].id, there[1].id]);
    assert.equal(compared.code, 5, compared.problems);
    assert.match(compared.out, /an imported run never decides/);
});

test('what is malformed ends the connection, and nothing is kept', async () => {
    const count = (await results()).length;
    for (const [data, reason] of [[{ ...RESULT, cells: [] }, /^data\.cells /], [{ cells: RESULT.cells }, /^data\.test is missing/],
        [{ ...RESULT, cells: [{ platform: 'cuda', outcome: 'ok' }] }, /^data\.cells\[0\]\.platform /],
        [{ ...RESULT, cells: [{ platform: 'wasm', outcome: 'ok', samples_ms: ['1'] }] }, /^cells\[0\]\.samples_ms\[0\] /],
        [{ ...RESULT, cells: [{ platform: 'wasm', outcome: 'ok', samples_ms: [] }] }, /^cells\[0\]\.samples_ms /],
        [{ ...RESULT, cells: [RESULT.cells[0], RESULT.cells[0]] }, /each platform has one cell/], [{ ...RESULT, text: 'x'.repeat(20_000) }, /at most 16384 bytes/]]) {
        const node = await joinAs();
        node.send('result', data);
        await node.gone();
        assert.equal(node.closed.code, 1008);
        assert.match(node.closed.reason, reason);
    }
    assert.equal((await results()).length, count);
});

test('a test that the service does not know is refused, and the node stays', async () => {
    const node = await joinAs(), { code, reason } = await send(node, { ...RESULT, test: 'sort 9' });
    assert.equal(code, 'not_found');
    assert.match(reason, /it keeps those of "matmul 256"$/);
    assert.ok((await send(node, RESULT)).run, 'it may still send one');
    node.send('bye', {});
});

test('nothing that routes work hears of a result', async () => {
    const node = await joinAs(), model = async () => (await daemon.get('/v1/models/twice')).json;
    const before = await model();
    assert.ok((await send(node, { ...RESULT, cells: [{ platform: 'wasm', outcome: 'inexact', samples_ms: [0] }] })).run);
    assert.deepEqual(await model(), before);
    const { answered, failed, limits } = (await daemon.get('/v1/nodes')).json.nodes.find(({ id }) => id === node.id);
    assert.deepEqual([answered, failed, limits], [0, 0, []]);
    node.send('bye', {});
});
