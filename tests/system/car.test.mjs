// tier: full
/** webinfer add FILE.car: CARs that other code has made of DAGs of all shapes become the models that they are, and broken ones
 * are refused, with the place, and leave nothing. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CID } from 'multiformats/cid';
import * as digest from 'multiformats/hashes/digest';
import { webinfer } from '../lib/cli.mjs';
import { Daemon, testsOf } from '../lib/daemon.mjs';
import { dagOf, makeBlock, makeCar, makeDag, makeNode, shapeNames } from '../lib/ipfs.mjs';
import * as onnx from '../lib/onnx.mjs';
import { Simulation } from '../lib/simulation.mjs';

const models = fileURLToPath(new URL('../../models/', import.meta.url));
const hashOf = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const shuffled = (list) => list.map((one) => [crypto.randomInt(2 ** 40), one]).sort(([a], [b]) => a - b).map(([, one]) => one);

/** @type {Daemon} */
let daemon, folder;
const test = testsOf(() => daemon);
before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-car-'));
    daemon = await new Daemon({ config: { pool: { min_connections: 0 }, 'browser.chrome': { max_connections: 0 } } }).start({ ready: false });
});
after(async () => {
    fs.rmSync(folder, { recursive: true });
    await daemon.stop();
});

/** Adds a CAR. */
function add(car, { name = 'm.car', words = [] } = {}) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, car);
    return webinfer(daemon, ['add', file, ...words]);
}
const show = async (name) => (await webinfer(daemon, ['show', name, '--json'])).json;
const filesOf = (files) => Object.entries(files).map(([name, bytes]) => ({ path: name, bytes: bytes.length, hash: hashOf(bytes) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
const readFolder = (folder) => Object.fromEntries(fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    .map((one) => path.join(one.parentPath ?? one.path, one.name)).map((file) => [path.relative(folder, file), fs.readFileSync(file)]));

/** A graph with weights in files of their own, which are larger than chunks. */
function external() {
    const { graph, files } = onnx.external();
    const half = crypto.randomBytes(700_000); // so that some blocks are there twice
    return { 'model.onnx': graph, ...files, 'w.bin': Buffer.concat([files['w.bin'], half, half, crypto.randomBytes(300_000)]) };
}

for (const shape of shapeNames)
    test(`a model from a CAR of shape ${shape}, its blocks in any order and some twice, is the files that were put into it`, async () => {
        const files = external();
        const dag = await makeDag({ ...files, 'model.json': '{"labels_file": "names.txt"}', 'names.txt': 'a\nb\n', 'README.md': 'no file of it',
            'empty.txt': '' }, shape);
        const { code, out, problems } = await add(await makeCar(dag, { order: (blocks) => shuffled([...blocks, ...blocks.slice(0, 3)]) }),
            { name: `${shape}.car` });
        assert.equal(code, 0, problems);
        assert.match(out, new RegExp(`^${shape}: added, 1\\.7 MB`));
        assert.deepEqual((await show(shape)).files, filesOf({ ...files, 'model.json': Buffer.from('{"labels_file": "names.txt"}'), 'names.txt': Buffer.from('a\nb\n') }));
    });

test('of folders the same comes from a CAR as from the disk', async () => {
    for (const name of ['digits', 'digits-vit', 'finch', 'numbers']) {
        const from = path.join(models, name);
        const dag = await makeDag({ ...readFolder(from), '.git/HEAD': 'x', 'with space.gguf': 'x', 'deep/er/x.gguf': 'x' }, 'unixfs-v0-2015');
        const { code, problems } = await add(await makeCar(dag), { name: `${name}.car`, words: ['--name', `car/${name}`] });
        assert.equal(code, 0, problems);
        const other = await webinfer(daemon, ['add', from, '--name', `disk/${name}`]);
        assert.equal(other.code, 0, other.problems);
        assert.equal((await show(`car/${name}`)).hash, (await show(`disk/${name}`)).hash);
    }
});

test('a single file is model.gguf by its beginning, else model.onnx; a graph of another name is model.onnx, too', async () => {
    const gguf = fs.readFileSync(path.join(models, 'finch', 'finch-Q8_0.gguf')), graph = fs.readFileSync(path.join(models, 'digits', 'model.onnx'));
    const cases = [[gguf, 'trickle', 'model.gguf', gguf], [gguf, 'unixfs-v1-2025', 'model.gguf', gguf], [graph, 'unixfs-v0-2015', 'model.onnx', graph],
        [graph, 'unixfs-v1-2025', 'model.onnx', graph], [{ 'net.onnx': graph }, 'narrow', 'model.onnx', graph]];
    for (const [index, [content, shape, file, bytes]] of cases.entries()) {
        const { code, problems } = await add(await makeCar(await makeDag(content, shape)), { words: ['--name', `me/single${index}`] });
        assert.equal(code, 0, problems);
        assert.deepEqual((await show(`me/single${index}`)).files, filesOf({ [file]: bytes }));
    }
});

test('what was added runs; a second time it needs --force', async () => {
    const dag = await makeDag(external(), 'trickle'), car = await makeCar(dag);
    assert.equal((await add(car, { name: 'runs.car' })).code, 0);
    const again = await add(car, { name: 'runs.car' });
    assert.equal(again.code, 1);
    assert.match(again.problems, /the model runs exists already/);
    assert.equal((await add(car, { name: 'runs.car', words: ['--force'] })).code, 0);
    const simulation = await new Simulation(daemon, { nodes: 1, models: daemon.store }).up();
    try {
        const answer = await daemon.infer({ model_name: 'runs', platform: 'simulated', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }] });
        assert.equal(answer.status, 200, answer.text);
    } finally {
        await simulation.stop();
    }
});

/** The offset of a block's bytes in a CAR. */
const placeOf = (car, { bytes }) => car.indexOf(bytes);
const change = (car, at, edit) => Object.assign(Buffer.from(car), { [at]: edit(car[at]) });

/** A CAR of these files, in whose root a name is another, of the same length. */
async function rename(files, from, to) {
    const dag = await makeDag(files, 'unixfs-v1-2025'), bytes = Buffer.from(dag.blocks.get(String(dag.cid)).bytes);
    bytes.write(to, bytes.indexOf(from));
    const cid = CID.createV1(0x70, digest.create(0x12, crypto.createHash('sha256').update(bytes).digest()));
    return makeCar({ cid, blocks: new Map([...dag.blocks, [String(cid), { cid, bytes }]]) });
}

test('broken CARs are refused with the place, and leave nothing', async () => {
    const files = external(), dag = await makeDag(files, 'unixfs-v1-2025'), car = await makeCar(dag);
    const blocks = [...dag.blocks.values()], leaf = blocks.find(({ bytes }) => bytes.length === 1 << 20), at = placeOf(car, leaf);
    const root = blocks.find(({ cid }) => cid.equals(dag.cid)), section = at - 36 - 3;
    const without = (gone) => makeCar(dag, { order: (all) => all.filter((one) => one !== gone) });
    const cases = [
        [car.subarray(0, at + 1000), `at byte ${section}: it is cut, or a length is wrong`],
        [car.subarray(0, 20), 'at byte 0: it is cut, or a length is wrong'],
        [Buffer.alloc(0), 'at byte 0: it is empty'],
        [change(car, at + 12345, (byte) => byte ^ 4), `at byte ${at}: the block is not the one of its CID, ${leaf.cid}`],
        [await without(leaf), `the block ${leaf.cid} is missing in it`],
        [await without(root), `the block ${dag.cid} is missing in it`],
        [await makeCar(dag, { roots: [dag.cid, leaf.cid] }), 'it has 2 roots; a CAR of one root is read'],
        [await makeCar(dag, { roots: [] }), 'it has 0 roots'],
        [Buffer.concat([Buffer.from('0aa16776657273696f6e02', 'hex'), Buffer.alloc(40), car]), 'it is a CAR of version 2; version 1 is read'],
        [change(car, section, (byte) => byte + 1), /at byte \d+: /],
        [Buffer.concat([car, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(50)]), `at byte ${car.length}: it is cut, or a length is wrong`],
        [await rename({ 'model.onnx': 'x' }, 'model.onnx', '/../../.x_'), 'has a "/"'],
        [Buffer.from('<html>nothing of the kind, and long enough to be taken for the head of one</html>'), 'the head is not that of a CAR'],
        [await makeCar(await makeDag({ 'a.txt': 'x' }, 'unixfs-v1-2025')), 'contains no model'],
        [await makeCar(await makeDag({ 'a.onnx': 'x', 'b.onnx': 'y' }, 'unixfs-v1-2025')), 'has several models, such as a.onnx'],
        [await makeCar(await makeDag({ 'model.onnx': files['model.onnx'] }, 'unixfs-v1-2025')), 'there is no w.bin in'],
    ];
    const before = (await daemon.get('/v1/models')).json.models.map(({ name }) => name);
    for (const [bytes, why] of cases) {
        const { code, problems } = await add(bytes, { name: 'broken.car' });
        assert.equal(code, 2, `${why}: ${problems}`);
        assert.ok(typeof why === 'string' ? problems.includes(why) : why.test(problems), `${problems} does not say ${why}`);
        assert.match(problems, /broken\.car/);
    }
    assert.deepEqual((await daemon.get('/v1/models')).json.models.map(({ name }) => name), before);
    assert.deepEqual(fs.readdirSync(daemon.store, { recursive: true }).filter((name) => /upload-|broken/.test(name)), []);
});

test('a few blocks that are more than there is room for are refused before they are read so often', async () => {
    const leaf = makeBlock(Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(996, 7)])), link = (of) => ({ cid: of.cid, bytes: of.size ?? of.bytes.length });
    const below = makeNode({ links: Array(1000).fill(link(leaf)) }), huge = makeNode({ links: Array(1000).fill(link(below)) });
    const car = await makeCar(dagOf(leaf, below, huge));
    assert.ok(car.length < 200_000);
    await daemon.reload({ models: { quota: '100M' } });
    const { code, problems } = await add(car, { name: 'huge.car' });
    assert.equal(code, 1, problems);
    assert.match(problems, /no room: the model has 1000000000 bytes, .* 104857600 at most/);
    assert.doesNotMatch(daemon.log, /POST \/v1\/models\/huge\/files/, 'it was not hashed, and so not announced');
    await daemon.reload({ models: { quota: '0' } });
});
