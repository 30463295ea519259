// tier: full
/** A daemon at its limit of open files: clients are told so, and all that it has begun goes on. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { assembleModels, Daemon, patience, testsOf, withDaemon } from '../lib/daemon.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';
import { keptAlive, Wire } from '../lib/wire.mjs';

const test = testsOf(() => null);
/** Of them clients and nodes leave a quarter, and nodes 64 of that. */
const limit = 400;
const limited = (config = {}) => ({ ready: false, under: ['prlimit', `--nofile=${limit}:${limit}`],
    config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 }, ...config } });

/** What `wire` says to a request for the simulated nodes. */
const ask = (wire, request) => wire.ask('POST', '/v1/infer',
    { body: JSON.stringify({ platform: 'simulated', ...request }) }).answer(20_000 * patience);
const echo = { model_name: 'builtin/echo',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [1], data: [7] }] };

/** Connects clients until one is refused: those that are in, and what the other was told. */
async function crowd(daemon) {
    const inside = [];
    for (;;) {
        assert.ok(inside.length < limit, 'nobody is refused');
        const wire = new Wire(daemon.url).ask('GET', '/healthz');
        const answer = await wire.answer(20_000 * patience);
        if (answer?.status !== 200) return { inside, refused: answer };
        inside.push(wire);
    }
}

test('clients beyond the limit of open files: 503 with the reason, and nodes still come',
    () => withDaemon(limited(), async (daemon) => {
        await daemon.logs(/about \d+ clients can be connected, .*at most 400 files may be open/);
        const node = await new Simulation(daemon, { nodes: 1 }).up();
        const { inside, refused } = await crowd(daemon);
        assert.equal(refused?.status, 503);
        assert.equal(refused.json.code, 'too_many_connections');
        assert.match(refused.json.detail, /at most 400 files may be open/);
        await daemon.logs(/warn.*a connection was refused:.*LimitNOFILE/);
        const [first] = inside;
        assert.match((await first.ask('GET', '/metrics').answer()).text,
            /^webinfer_http_connections_refused_total\{limit="files"\} [1-9]/m);
        inside.pop().destroy(); // for the simulation's own request
        const nodes = await new Simulation(daemon, { nodes: 5 }).up();
        const extra = await crowd(daemon);
        assert.equal((await ask(first, echo)).status, 200);
        for (const wire of [...inside, ...extra.inside]) wire.destroy();
        await until(async () => (await daemon.get('/healthz')).status === 200,
            { what: 'room for another' });
        await nodes.stop();
        await node.stop();
    }));

const withFiles = (count, more = {}) =>
    ({ ...limited(more), under: ['prlimit', `--nofile=${count}:${count}`] });

test('160 open files are enough to serve a few', () =>
    withDaemon(withFiles(160), async (daemon) => {
        const node = await new Simulation(daemon, { nodes: 1 }).up();
        const wires = Array.from({ length: 30 }, () => new Wire(daemon.url).ask('GET', '/healthz'));
        for (const wire of wires) assert.equal((await wire.answer(20_000 * patience))?.status, 200);
        assert.equal((await ask(wires[0], echo)).status, 200);
        for (const wire of wires) wire.destroy();
        await node.stop();
    }));

test('with fewer open files than are needed it does not start, and says how many; with those it does', async () => {
    const few = new Daemon(withFiles(80)).spawn();
    const { code } = await few.waitEnd();
    assert.notEqual(code, 0);
    const [, needed] = few.log.match(/too few open files to serve anybody: at least (\d+) are needed, and at most 80 files may be open; raise that limit \(LimitNOFILE=, ulimit -n\)/) ?? [];
    assert.ok(Number(needed) > 80, few.log);
    await few.abandon();
    await withDaemon(withFiles(Number(needed)), async (daemon) => {
        const answer = await new Wire(daemon.url).ask('GET', '/healthz').answer(20_000 * patience);
        assert.equal(answer?.status, 200);
    });
});

test('more nodes than files may be open: closed, said in the log, and the others work', () =>
    withDaemon(limited(), async (daemon) => {
        const client = await keptAlive(daemon.url);
        const few = await new Simulation(daemon, { nodes: 5 }).up();
        const many = new Simulation(daemon, { nodes: limit });
        await daemon.logs(/a connection of a node or page was closed/);
        assert.ok(fs.readdirSync(`/proc/${daemon.pid}/fd`).length <= limit - 64 + 1);
        assert.equal((await ask(client, echo)).status, 200);
        assert.ok(daemon.log.length < 200_000, 'it fills the log');
        many.child.kill('SIGKILL');
        await many.ended;
        client.destroy();
        await few.stop();
    }));

test('more models than files may be open: all are run, and few stay open', () =>
    withDaemon(limited(), async (daemon) => {
        const names = Array.from({ length: limit + 1 }, (_, i) => `m-${i}`);
        assembleModels(daemon.store, ['twice']);
        for (const name of names)
            fs.cpSync(path.join(daemon.store, 'twice'), path.join(daemon.store, name),
                { recursive: true });
        const node = await new Simulation(daemon, { nodes: 1, models: daemon.store }).up();
        const client = await keptAlive(daemon.url);
        for (const model_name of names) {
            const answer = await ask(client, { model_name,
                inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }] });
            assert.equal(answer?.status, 200, answer?.text);
        }
        const open = fs.readdirSync(`/proc/${daemon.pid}/fd`).map((fd) => {
            try {
                return fs.readlinkSync(`/proc/${daemon.pid}/fd/${fd}`);
            } catch {
                return '';
            }
        });
        assert.equal(open.filter((file) => file.endsWith('model.onnx')).length, limit / 8);
        client.destroy();
        await node.stop();
    }));
