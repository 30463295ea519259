// tier: full
/**
 * Models by their CID: DAGs that other code has made come from gateways that release each block when
 * the test says so, and that misbehave on order. What is asserted is who was asked for what.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { pullToEnd } from '../lib/events.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { sha256 } from '../lib/hub.mjs';
import { dagOf, makeBlock, makeDag, makeNode } from '../lib/ipfs.mjs';
import * as onnx from '../lib/onnx.mjs';
import { ownModels } from '../lib/paths.mjs';
import { python } from '../lib/python.mjs';
import { Simulation } from '../lib/simulation.mjs';
import { until } from '../lib/wait.mjs';

/** @type {Daemon} */
let daemon;
/** @type {import('../lib/gateway.mjs').Gateway[]} */
let gateways = [];
const test = testsOf(() => daemon);
const quiet = { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } };
const finch = (name) => fs.readFileSync(path.join(ownModels, 'finch', name));
const textOf = (cid) => String(cid.toV1());

/** A model that chats, with so many bytes behind it that nobody has. */
const talker = (more = 0, name = 'finch-Q8_0.gguf') => Buffer.concat([finch(name), crypto.randomBytes(more + 16)]);

/** New gateways with all blocks, each a hub of its own: what is known of one is known by its address. */
async function serve(dag, names = ['one'], more = {}) {
    await leave();
    for (const key of Object.keys(daemon.config)) if (key.startsWith('hub.')) delete daemon.config[key];
    gateways = await Promise.all(names.map(() => startGateway(dag.blocks)));
    await daemon.reload({ 'hub.ipfs': { url: '' }, ...Object.fromEntries(names.map((name, index) =>
        [`hub.${name}`, { url: gateways[index].url, layout: 'ipfs' }])), ...more });
    return gateways;
}

async function leave() {
    for (const gateway of gateways) {
        gateway.heal();
        assert.deepEqual(gateway.odd, []);
        await gateway.close();
    }
    gateways = [];
}

const pull = (body) => daemon.post('/v1/models/pull', body);
const model = async (name) => (await daemon.get(`/v1/models/${name}`));
const cli = (...words) => webinfer(daemon, words);
const filesOf = (json) => json.files.map((one) => [one.path, one.hash]);

/** Waits until it is here, and gives what GET tells of it. */
const here = (name) => until(async () => {
    const { status, json, text } = await model(name);
    assert.ok(status === 200, text);
    return !json.pulling && json;
}, { what: `${name} to be here`, timeout: 30_000 });

/** Pulls it to the end: the model, or the problem. */
const bring = async (body) => (await pullToEnd(daemon, body)).outcome;

before(async () => {
    daemon = new Daemon({ config: { ...quiet, models: { pull_on_demand: 'ipfs/*' }, content: { stall: '10s' }, 'hub.ipfs': { url: '' } } });
    await daemon.start({ ready: false });
});
after(async () => {
    await leave();
    await daemon.stop();
});

// A block that stalls is asked for again: with `stall` at 300 ms and a load of 30 the shape trickle once had one asked for
// twice, so it is 10 s here.
for (const shape of ['unixfs-v1-2025', 'unixfs-v0-2015', 'trickle', 'narrow'])
    test(`a folder of shape ${shape} comes by its CID, the files that a hub would give, each block once`, async () => {
        const bytes = talker(2_500_000), dag = await makeDag({ 'finch-Q8_0.gguf': bytes, 'README.md': '# finch', 'run.py': 'print()' }, shape);
        const [gateway] = await serve(dag), name = `ipfs/${textOf(dag.cid)}`;
        const { code, problems } = await cli('pull', `ipfs://${dag.cid}`);
        assert.equal(code, 0, problems);
        assert.match(problems, new RegExp(`${name}: 3.1 MB in 1 files, 3.1 MB fetched in \\d+ s\n$`));
        const { json } = await model(name);
        assert.deepEqual(filesOf(json), [['finch-Q8_0.gguf', sha256(bytes)]]);
        assert.deepEqual([json.source.hub, json.source.repository, json.source.commit, json.variant],
            ['ipfs', `ipfs://${textOf(dag.cid)}`, textOf(dag.cid), 'Q8_0']);
        assert.deepEqual(gateway.asked.filter((cid, index) => gateway.asked.indexOf(cid) !== index), [], 'nothing was asked for twice');
        gateway.heal();
        assert.equal((await cli('pull', `ipfs://${dag.cid}`)).code, 0);
        assert.ok(gateway.asked.length < 10, 'it was here');
    });

test('what a path leads to comes under its own CID, a variant beside the one that is here', async () => {
    const files = { 'a/finch-Q8_0.gguf': talker(), 'a/finch-F32.gguf': talker(0, 'finch-F32.gguf'), 'b/other-Q8_0.gguf': talker() };
    const dag = await makeDag(files, 'unixfs-v1-2025'), inner = await makeDag({ 'finch-Q8_0.gguf': files['a/finch-Q8_0.gguf'],
        'finch-F32.gguf': files['a/finch-F32.gguf'] }, 'unixfs-v1-2025');
    const [gateway] = await serve(dag), name = `ipfs/${textOf(inner.cid)}`;
    gateway.hold = true;
    const begun = await pull({ model: `ipfs://${dag.cid}/a:F32` }), joined = await pull({ model: `ipfs://${dag.cid}/a:F32` });
    assert.deepEqual([begun.status, joined.status], [202, 202], joined.text);
    const asked = begun.headers.location.replace('/v1/models/', '');
    assert.match(asked, /^ipfs\/bafy[a-z2-7]+-[0-9a-f]{8}$/);
    assert.equal(joined.headers.location, begun.headers.location);
    await until(() => gateway.waiting.length === 1, { what: 'the root to be asked for' });
    assert.equal((await model(asked)).json.pulling.state, 'resolving');
    gateway.hold = false;
    gateway.release();
    const { files: found, source, variant } = await here(name);
    assert.deepEqual([found.map((one) => one.path), variant], [['finch-F32.gguf'], 'F32']);
    assert.deepEqual([source.repository, source.commit], [`ipfs://${textOf(dag.cid)}/a`, textOf(inner.cid)]);
    assert.equal((await model(asked)).status, 404, 'no model is called so');
    gateway.heal();
    const { code, problems } = await cli('pull', `ipfs://${textOf(dag.cid)}/a:Q8_0`);
    assert.equal(code, 0, problems);
    assert.match(problems, new RegExp(`^${name}: `, 'm'));
    assert.deepEqual((await model(name)).json.files.map((one) => one.path), ['finch-Q8_0.gguf']);
    assert.deepEqual((await model(name)).json.variants.map((one) => one.name).sort(), ['F32', 'Q8_0']);
    assert.equal(gateway.sent.length, 4, 'two folders, how long the other file is, and the file: the other variant was here');
    assert.match((await cli('show', name)).out, new RegExp(`pulled from +ipfs://${textOf(dag.cid)}/a, CID ${textOf(inner.cid)}`));
    gateway.heal();
    gateway.lose();
    for (const reference of [`ipfs://${dag.cid}/a`, `ipfs://${textOf(dag.cid)}/a:F32`]) {
        const found = await cli('run', reference);
        assert.equal(found.code, 0, found.problems);
        assert.deepEqual(gateway.asked, [], 'where the path leads is known here');
    }
    const lacking = await cli('run', `ipfs://${dag.cid}/b`);
    assert.equal(lacking.code, 1, 'another path leads elsewhere');
    gateway.add(dag.blocks);
    const nowhere = await bring({ model: `ipfs://${dag.cid}/a/nothing` });
    assert.deepEqual([nowhere.status, nowhere.code], [404, 'hub_not_found'], JSON.stringify(nowhere));
});

for (const [shape, file, bytes] of [['unixfs-v1-2025', 'model.gguf', talker(1_500_000)], ['unixfs-v0-2015', 'model.gguf', talker(1_500_000)],
    ['trickle', 'model.gguf', talker()], ['unixfs-v1-2025', 'model.onnx', fs.readFileSync(path.join(ownModels, 'digits', 'model.onnx'))]])
    test(`a single file of shape ${shape} is ${file} by its beginning, and has the name that it is given`, async () => {
        const dag = await makeDag(bytes, shape), [gateway] = await serve(dag), as = `own/${shape}-${file}`;
        const { code, problems } = await cli('pull', `ipfs://${dag.cid}`, '--as', as);
        assert.equal(code, 0, problems);
        assert.deepEqual(filesOf((await model(as)).json), [[file, sha256(bytes)]]);
        assert.equal(gateway.asked.length, new Set(gateway.asked).size, 'nothing was asked for twice');
        gateway.heal();
        await cli('pull', `ipfs://${dag.cid}`);
        assert.deepEqual(filesOf((await model(`ipfs/${textOf(dag.cid)}`)).json), [[file, sha256(bytes)]]);
        assert.ok(gateway.sent.length < 10, 'the other model has it');
    });

test('a request pulls what it names by its CID, and runs on it', async () => {
    const dag = await makeDag({ 'finch-Q8_0.gguf': talker() }, 'unixfs-v1-2025'), [gateway] = await serve(dag);
    const simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 1 }).up();
    try {
        const ask = (name) => daemon.infer({ model_name: name, inputs: 'one two', platform: 'simulated' });
        const answer = await ask(`ipfs/${textOf(dag.cid)}`);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(gateway.sent.length, dag.blocks.size);
        const nobody = await makeDag({ 'x-Q8_0.gguf': 'x' }, 'unixfs-v1-2025');
        const missing = await ask(`ipfs/${textOf(nobody.cid)}`);
        assert.deepEqual([missing.status, missing.json.code], [404, 'hub_not_found'], missing.text);
        const other = await ask(`ipfs/${String(dag.cid).toUpperCase()}`);
        assert.deepEqual([other.status, other.json.code], [404, 'model_not_found'], other.text);
        const run = await cli('run', `ipfs://${dag.cid}`, 'one two', '--platform', 'simulated');
        assert.equal(run.code, 0, run.problems);
    } finally {
        await simulation.stop();
    }
});

test('in Python a name that is a CID brings the model, and any other is left alone', async () => {
    const dag = await makeDag({ 'a/finch-Q8_0.gguf': talker(0) }, 'unixfs-v0-2015'), [gateway] = await serve(dag);
    const simulation = await new Simulation(daemon, { nodes: 1, tokenMs: 1 }).up();
    const ask = `import sys, webinfer
with webinfer.WebAccelerator(url=sys.argv[1]) as accelerator:
    for name in sys.argv[2:]:
        try: print(accelerator.accelerate(name, "one two", {"use_ipfs": True, "platform": "simulated"}).model_name)
        except webinfer.ServiceError as error: print(error.code)`;
    try {
        const inner = `ipfs/${[...dag.blocks.values()].map(({ cid }) => textOf(cid)).at(-2)}`;
        const { stdout } = await python(['-c', ask, daemon.url, `${dag.cid}/a`, inner.replace('ipfs/', 'ipfs://'), 'nobody/has-it']);
        assert.deepEqual(stdout.trim().split('\n'), [inner, inner, 'model_not_found']);
        assert.equal(gateway.sent.filter((cid) => cid === textOf(dag.cid)).length, 1, 'the second time it was here');
    } finally {
        await simulation.stop();
    }
});

test('three sources each bring a share, and the events say how much', async () => {
    const dag = await makeDag({ 'finch-Q8_0.gguf': talker(2_500_000) }, 'narrow');
    const all = await serve(dag, ['one', 'two', 'three']);
    for (const gateway of all) gateway.hold = true;
    const level = () => Promise.all(['fetched_bytes', 'hits'].map((what) => daemon.metric(`webinfer_cache_${what}_total`, '{level="ipfs"}')));
    const before = await level(), pulled = bring({ model: `ipfs://${dag.cid}` });
    let open = true;
    pulled.then(() => (open = false));
    while (open) { // each sends one at a time, in turn
        await until(() => !open || all.some((one) => one.waiting.length > 0), { what: 'somebody to be asked' });
        for (const gateway of all) gateway.release(1);
    }
    const done = await pulled;
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual(done.sources.map((one) => one.name).sort(), ['one', 'three', 'two']);
    const whole = done.sources.reduce((sum, one) => sum + one.bytes, 0), blocks = [...dag.blocks.values()];
    assert.equal(whole, blocks.reduce((sum, { bytes }) => sum + bytes.length, 0));
    // A busy machine lets one of them ask less often.
    for (const { name, bytes } of done.sources) assert.ok(bytes > whole / 40, `${name} brought ${bytes} of ${whole}`);
    assert.ok(done.fetched_bytes <= 1.02 * whole + (8 << 20));
    assert.deepEqual(await level(), [before[0] + whole, before[1] + 1]);
});

test('a wrong block costs that block, and who sent it is named and left out', async () => {
    const dag = await makeDag({ 'finch-Q8_0.gguf': talker(2_500_000) }, 'narrow');
    const [good, bad] = await serve(dag, ['good', 'bad']);
    bad.fail({ what: 'wrong', skip: 3, times: 1 });
    good.hold = true;
    const pulled = bring({ model: `ipfs://${dag.cid}` });
    await until(() => good.waiting.length > 0 && bad.asked.length >= 4, { what: 'both to be asked' });
    good.hold = false;
    good.release();
    const done = await pulled;
    assert.equal(done.state, 'done', JSON.stringify(done));
    const asked = [...good.asked, ...bad.asked];
    const again = asked.length - new Set(asked).size, lost = bad.asked.length - bad.sent.length;
    assert.ok(again >= lost && again <= lost + 16, `of ${lost} that it had not brought ${again} were asked for again`);
    await daemon.logs(/source: bad: it sent a wrong block for bafy\w+; it is not asked again for 10 minutes/);
    const before = bad.asked.length, next = await makeDag({ 'finch-Q8_0.gguf': talker() }, 'narrow');
    good.add(next.blocks);
    bad.add(next.blocks);
    assert.equal((await bring({ model: `ipfs://${next.cid}` })).state, 'done');
    assert.equal(bad.asked.length, before, 'by no pull');
});

test('after a kill at half, half is fetched', async () => {
    for (const shape of ['unixfs-v1-2025', 'unixfs-v0-2015', 'trickle']) {
        const bytes = talker(6_000_000), dag = await makeDag(bytes, shape), [gateway] = await serve(dag), name = `ipfs/${textOf(dag.cid)}`;
        gateway.hold = true;
        assert.equal((await pull({ model: `ipfs://${dag.cid}` })).status, 202);
        while (gateway.sent.length < dag.blocks.size / 2) {
            await until(() => gateway.waiting.length > 0, { what: 'a block to be asked for' });
            gateway.release(1);
        }
        const sent = () => gateway.sent.length;
        const first = await until(async () => {
            const { json } = await model(name);
            return json.pulling?.sources[0]?.bytes === gateway.bytes && sent();
        }, { what: 'all that was sent to have come' });
        daemon.signal('SIGKILL');
        await daemon.waitEnd();
        const had = new Set(gateway.sent);
        gateway.heal();
        await daemon.start({ ready: false });
        assert.deepEqual(filesOf(await here(name)), [['model.gguf', sha256(bytes)]]);
        const again = gateway.asked.filter((cid) => had.has(cid));
        assert.deepEqual(again, [], `${shape}: of ${dag.blocks.size} blocks ${first} were there`);
    }
});

test('of a version with one changed MiB only that is fetched, where the other is published', async () => {
    const first = talker(7_500_000), second = Buffer.from(first), as = 'own/versions';
    crypto.randomFillSync(second, 4 << 20, 1000);
    const old = await makeDag({ 'finch-Q8_0.gguf': first }, 'unixfs-v1-2025'), dag = await makeDag({ 'finch-Q8_0.gguf': second }, 'unixfs-v1-2025');
    const [gateway] = await serve(old);
    assert.equal((await bring({ model: `ipfs://${old.cid}`, as })).state, 'done');
    const { code, out, problems } = await cli('publish', as);
    assert.deepEqual([code, out], [0, `ipfs://${old.cid}\n`], problems);
    gateway.heal();
    gateway.add(dag.blocks);
    const done = await bring({ model: `ipfs://${dag.cid}`, as });
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual(filesOf((await model(as)).json), [['finch-Q8_0.gguf', sha256(second)]]);
    assert.equal(gateway.asked.length, 3, 'a folder, a file and a leaf');
    assert.ok(done.fetched_bytes < 2 << 20, `${done.fetched_bytes} bytes`);
});

test('a version with one changed MiB of 64 costs at most 3 MiB, whatever is published', async () => {
    const first = talker(64 << 20), second = Buffer.from(first), shape = 'unixfs-v1-2025';
    crypto.randomFillSync(second, (31 << 20) + 17, 1 << 20); // in two leaves
    const old = await makeDag({ 'finch-Q8_0.gguf': first }, shape), dag = await makeDag({ 'finch-Q8_0.gguf': second }, shape);
    const [gateway] = await serve(old, ['one'], { content: { serve: 'published', stall: '10s' } });
    assert.equal((await bring({ model: `ipfs://${old.cid}`, as: 'own/first' })).state, 'done');
    // The next daemon knows it, too.
    daemon.signal('SIGTERM');
    await daemon.waitEnd();
    await daemon.start({ ready: false });
    gateway.heal();
    gateway.add(dag.blocks);
    const before = gateway.bytes, done = await bring({ model: `ipfs://${dag.cid}`, as: 'own/second' });
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual(filesOf((await model('own/second')).json), [['finch-Q8_0.gguf', sha256(second)]]);
    assert.ok(gateway.bytes - before <= 3 << 20, `${gateway.bytes - before} bytes were sent`);
    assert.equal(gateway.asked.length, 4, 'a folder, a file and two leaves');
    await daemon.reload({ content: { serve: 'no', stall: '10s' } });
});

test('what two files of a model have in common comes once', async () => {
    const first = crypto.randomBytes(2_000_000), second = Buffer.concat([crypto.randomBytes(100_000), first.subarray(0, 1_500_000)]);
    const weights = (name, location) => onnx.externalTensor(name, onnx.FLOAT, [1], { location, offset: 0, length: 4 });
    const graph = onnx.model(onnx.graph('two', { nodes: [onnx.node('Add', ['one', 'two'], ['y'])], inputs: [],
        outputs: [onnx.value('y', onnx.FLOAT, [1])], initializers: [weights('one', 'model.onnx_data'), weights('two', 'model.onnx_data_1')] }));
    const dag = await makeDag({ 'model.onnx': graph, 'model.onnx_data': first, 'model.onnx_data_1': second }, 'narrow');
    const [gateway] = await serve(dag, ['one'], { content: { stall: '10s' } });
    const own = await makeDag(first, 'narrow'), other = await makeDag(second, 'narrow');
    const nodes = [...other.blocks.values()].filter(({ cid }) => cid.code === 0x70).map(({ cid }) => textOf(cid));
    const late = nodes.find((cid) => cid !== textOf(other.cid) && ![...own.blocks.values()].some((one) => textOf(one.cid) === cid));
    gateway.hold = true;
    const pulled = bring({ model: `ipfs://${dag.cid}` });
    // Of which leaves the second is becomes known when the first is all here.
    const letGo = () => {
        for (const one of gateway.waiting.splice(0)) {
            if (one.cid === late) gateway.waiting.push(one);
            else one.go();
        }
        return gateway.waiting.length > 0;
    };
    await until(letGo, { what: 'a node of the second file to be asked for', every: 10 });
    const going = setInterval(letGo, 10);
    await until(async () => (await model(`ipfs/${textOf(dag.cid)}`)).json.pulling?.files_done >= 2, { what: 'the first file to be done' }).finally(() => clearInterval(going));
    gateway.hold = false;
    gateway.release();
    const done = await pulled;
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual(gateway.asked.filter((cid, index) => gateway.asked.indexOf(cid) !== index), [], 'nothing was asked for twice');
    await daemon.reload({ content: { stall: '300ms' } });
});

test('who lacks it, is busy, slow or no gateway is passed over, and named where nobody is left', async () => {
    const dag = await makeDag({ 'finch-Q8_0.gguf': talker(1_000_000) }, 'narrow'), nothing = await makeDag({ a: 'b' }, 'unixfs-v1-2025');
    const all = await serve(dag, ['lacks', 'busy', 'page', 'slow', 'cut', 'zip', 'other', 'good']);
    const [lacks, busy, page, slow, cut, zip, other] = all;
    lacks.lose();
    busy.fail({ what: 429, headers: { 'Retry-After': '1000' } });
    page.fail({ what: 'html' });
    slow.fail({ what: 'trickle' });
    cut.fail({ what: 'cut' });
    zip.fail({ what: 'gzip' });
    other.fail({ what: 'other' });
    const done = await bring({ model: `ipfs://${dag.cid}` });
    assert.equal(done.state, 'done', JSON.stringify(done));
    assert.deepEqual(done.sources.filter((one) => one.bytes > 0).map((one) => one.name), ['good']);
    all.at(-1).lose();
    slow.heal();
    cut.heal();
    const failed = await bring({ model: `ipfs://${nothing.cid}` });
    assert.deepEqual([failed.status, failed.code], [503, 'hub_busy'], JSON.stringify(failed));
    for (const name of ['lacks', 'busy', 'page', 'slow', 'cut', 'zip', 'other', 'good'])
        assert.ok(failed.detail.includes(name), `${name} in ${failed.detail}`);
    const [one, two] = await serve(dag, ['one', 'two']);
    one.lose();
    two.lose();
    const lacking = await bring({ model: `ipfs://${nothing.cid}` });
    assert.deepEqual([lacking.status, lacking.code], [404, 'hub_not_found'], JSON.stringify(lacking));
    assert.match(lacking.detail, /one.*two/);
});

test('what cannot be meant is refused before anybody is asked', async () => {
    const dag = await makeDag({ 'finch-Q8_0.gguf': talker() }, 'unixfs-v1-2025'), [gateway] = await serve(dag), cid = textOf(dag.cid);
    const cases = [[{ model: `ipns://${cid}` }, 'model', /IPNS/], [{ model: `ipfs://${cid.slice(0, -1)}` }, 'model', /well-formed/],
        [{ model: `ipfs://${cid}x` }, 'model', /./], [{ model: `ipfs://${cid}@main` }, 'model', /revision/],
        [{ model: `ipfs://${cid}/../x` }, 'model', /path/], [{ model: 'ipfs://bafkqaaa' }, 'model', /identity/],
        [{ model: `ipfs://${cid}`, hub: 'one' }, 'hub', /all hubs/], [{ model: 'org/name', hub: 'one' }, 'hub', /by CID only/],
        [{ model: `ipfs://${cid}`, as: `ipfs/${cid}x` }, 'as', /belong to/], [{ model: 'ipfs/name' }, 'as', /belong to/],
        [{ model: `ipfs://${cid}/a`, as: `ipfs/${cid}` }, 'as', /belong to/]];
    for (const [body, field, detail] of cases) {
        const { status, json, text } = await pull(body);
        assert.deepEqual([status, json.field], [400, field], text);
        assert.match(json.detail, detail);
    }
    assert.deepEqual(gateway.asked, []);
    const added = await cli('add', path.join(ownModels, 'digits'), '--name', `ipfs/${cid}`);
    assert.match(added.problems, /belong to the content with that CID/);
    assert.equal(added.code, 2);
    const wrong = await cli('run', `ipfs://${cid}y`, 'hello');
    assert.equal(wrong.code, 2, wrong.problems);
});

test('a tree that lies, or needs more room than there is, is refused by itself, and nobody is blamed for it', async () => {
    const leaf = makeBlock(Buffer.alloc(1000, 7)), link = (of, bytes = of.size ?? of.bytes.length, name = '') => ({ cid: of.cid, bytes, name });
    const long = makeNode({ links: [link(leaf, 2000)] }), below = makeNode({ links: Array(1000).fill(link(leaf)) });
    const huge = makeNode({ links: Array(1000).fill(link(below)) }), sum = makeNode({ links: [link(below, 999)] });
    const folder = (of, name) => makeNode({ type: 1, links: [link(of, of.bytes.length, name)] });
    const cases = [[dagOf(makeNode({ type: 5 })), 502, 'hub_failed', /HAMT/], [dagOf(makeNode({ type: 4, data: 'x' })), 502, 'hub_failed', /symbolic link/],
        [dagOf(leaf, long), 502, 'hub_failed', /a leaf has 1000 bytes, and 2000 by/], [dagOf(leaf, below, sum), 502, 'hub_failed', /1000000 bytes.*999/],
        [dagOf(leaf, below, huge), 507, 'no_room', /1000000000.*104857600/], [dagOf(leaf, below, huge, folder(huge, 'model.onnx')), 507, 'no_room', /1000000000/],
        [dagOf(leaf, folder(leaf, '..')), 502, 'hub_failed', /\.\./], [dagOf(leaf, folder(leaf, 'a.txt')), 404, 'hub_not_found', /no model/]];
    const [gateway] = await serve(dagOf(leaf), ['one'], { models: { quota: '100M' } });
    for (const [dag, status, code, detail] of cases) {
        gateway.heal();
        gateway.add(dag.blocks);
        const failed = await bring({ model: `ipfs://${dag.cid}` });
        assert.deepEqual([failed.status, failed.code], [status, code], JSON.stringify(failed));
        assert.match(failed.detail, detail);
        assert.ok(code === 'hub_failed' || !gateway.asked.includes(String(leaf.cid)), 'no leaf was asked for');
        assert.ok(gateway.asked.length <= 4);
    }
    assert.doesNotMatch(daemon.log, /source: one: /);
    assert.deepEqual(fs.readdirSync(path.join(daemon.store, '.staging')).length, 0, 'what is no use is not kept');
    await daemon.reload({ models: { quota: '0' } });
});

test('a pull is cancelled by what it was begun as', async () => {
    const dag = await makeDag({ 'a/finch-Q8_0.gguf': talker() }, 'narrow'), [gateway] = await serve(dag), reference = `ipfs://${dag.cid}/a`;
    gateway.hold = true;
    assert.equal((await cli('pull', reference, '--detach')).code, 0);
    await until(() => gateway.waiting.length > 0, { what: 'it to be asked for' });
    const { code, problems } = await cli('pull', reference, '--cancel');
    assert.equal(code, 0, problems);
    await until(() => fs.readdirSync(path.join(daemon.store, '.staging')).length === 0, { what: 'nothing to be left' });
});
