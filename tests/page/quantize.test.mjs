// tier: full
/**
 * webinfer-quantize: what it makes of models, run by onnxruntime-web as the page has it, and by
 * onnxruntime-node under transformers.js, against the model it was made from; and what it says of files
 * that it cannot do that with.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ort } from './support/ort.mjs';
import * as onnx from '../lib/onnx.mjs';
import { Oracle } from '../lib/oracle.mjs';
import { daemonPath, ownModels } from '../lib/paths.mjs';
import { until } from '../lib/wait.mjs';
import { decodePng } from '../../tools/digits/png.mjs';
import { makeRandom } from '../../tools/digits/random.mjs';
import { isHeldOut, spell, textOf } from '../../tools/numbers/words.mjs';

const program = path.join(path.dirname(daemonPath), 'webinfer-quantize');
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'webinfer-quantize-'));
after(() => fs.rmSync(root, { recursive: true }));

const forms = {
    '8 bits for wasm': ['--bits', '8', '--form', 'wasm'],
    '8 bits for webgpu': ['--bits', '8', '--form', 'webgpu'],
    '4 bits': ['--bits', '4'],
    '4 and 8 bits': ['--bits', '4', '--mixed'],
};

/** What it says at the end, and its exit status. */
function quantize(source, target, options) {
    const { status, stdout, stderr } = spawnSync(program, [...options, source, target], { encoding: 'utf8' });
    assert.ok(status === 0 || status === 1, stderr);
    const lines = stdout.trim().split('\n').map((line) => JSON.parse(line));
    return { status, said: lines.at(-1) };
}

let serial = 0;
function write(bytes, files = {}) {
    const folder = path.join(root, String(++serial));
    for (const [name, content] of Object.entries({ 'model.onnx': bytes, ...files })) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), content);
    }
    return path.join(folder, 'model.onnx');
}

/** A session of a file and of what lies beside it, as the page makes one. */
async function load(file, files = []) {
    const externalData = files.map((name) => ({ path: name, data: fs.readFileSync(path.join(path.dirname(file), name)) }));
    return ort.InferenceSession.create(fs.readFileSync(file), { externalData });
}

async function make(source, options, files) {
    const target = path.join(path.dirname(source), `made-${++serial}.onnx`);
    const { status, said } = quantize(source, target, options);
    assert.equal(status, 0, JSON.stringify(said));
    const data = `${path.basename(target)}_data`, beside = fs.existsSync(`${target}_data`);
    assert.equal(said.result.bytes,
        fs.statSync(target).size + (beside ? fs.statSync(`${target}_data`).size : 0));
    return { session: await load(target, beside ? [data] : []), result: said.result, beside, target };
}

function cosine(one, other) {
    let both = 0, first = 0, second = 0;
    one.forEach((value, at) => {
        both += value * other[at];
        first += value * value;
        second += other[at] * other[at];
    });
    return both / Math.sqrt(first * second);
}

const best = (values) => values.indexOf(Math.max(...values));

/** Numbers as weights are. */
function weights(seed, count, scale = 1) {
    const random = makeRandom(seed);
    return Float32Array.from({ length: count }, () => scale * random.normal());
}
const raw = (values) => Buffer.from(values.buffer);

async function run(session, feeds) {
    const outputs = await session.run(feeds);
    return Array.from(outputs[session.outputNames[0]].data);
}

test('digits-vit says the same of 200 pictures', async (t) => {
    const source = path.join(ownModels, 'digits-vit/onnx/model.onnx');
    const random = makeRandom(33), inputs = [];
    const pictures = [...'0123456789'].map((digit) => decodePng(fs.readFileSync(
        path.join(ownModels, `digits/samples/${digit}.png`))));
    for (let n = 0; n < 200; n++) {
        const [dx, dy] = [0, 0].map(() => Math.floor(random.between(-1, 2))), picture = pictures[n % 10];
        const values = new Float32Array(3 * 28 * 28);
        for (let y = 0; y < 28; y++)
            for (let x = 0; x < 28; x++) {
                const at = Math.min(27, Math.max(0, y + dy)) * 28 + Math.min(27, Math.max(0, x + dx));
                const value = (picture[at] / 255 - 0.5) / 0.5 + 0.1 * random.normal();
                for (let channel = 0; channel < 3; channel++) values[(channel * 28 + y) * 28 + x] = value;
            }
        inputs.push({ pixel_values: new ort.Tensor('float32', values, [1, 3, 28, 28]) });
    }
    const reference = await load(source), wanted = [];
    for (const input of inputs) wanted.push(await run(reference, input));
    for (const [form, options] of Object.entries(forms)) {
        const target = path.join(root, `vit-${form}.onnx`);
        assert.equal(quantize(source, target, options).status, 0);
        const session = await load(target), cosines = [];
        let same = 0;
        for (const [at, input] of inputs.entries()) {
            const got = await run(session, input);
            cosines.push(cosine(got, wanted[at]));
            same += Number(best(got) === best(wanted[at]));
        }
        cosines.sort((a, b) => a - b);
        t.diagnostic(`${form}: cosine least ${cosines[0].toFixed(5)}, 5th percentile ${cosines[10].toFixed(5)}, ` +
            `median ${cosines[100].toFixed(5)}; ${same} of 200 labels the same`);
        const isEight = form.startsWith('8');
        assert.ok(cosines[10] >= (isEight ? 0.999 : 0.99), `${form}: ${cosines[10]}`);
        assert.ok(same >= (isEight ? 200 : 198), `${form}: ${same}`);
        await session.release();
    }
});

test('numbers spells what it has not been taught', async (t) => {
    const folder = path.join(root, 'numbers'), from = path.join(ownModels, 'numbers');
    fs.mkdirSync(path.join(folder, 'onnx'), { recursive: true });
    for (const name of fs.readdirSync(from).filter((one) => one.endsWith('.json')))
        fs.copyFileSync(path.join(from, name), path.join(folder, name));
    for (const graph of ['encoder_model', 'decoder_model_merged'])
        for (const [suffix, options] of [['quantized', forms['8 bits for wasm']],
            ['int8', forms['8 bits for webgpu']], ['q4', forms['4 bits']]]) {
            const { status, said } = quantize(path.join(from, `onnx/${graph}.onnx`),
                path.join(folder, `onnx/${graph}_${suffix}.onnx`), options);
            assert.equal(status, 0, JSON.stringify(said));
        }
    const asked = Array.from({ length: 10_000 }, (_, n) => n).filter(isHeldOut).filter((_, at) => at % 10 === 0);
    const oracle = new Oracle(root);
    for (const dtype of ['q8', 'int8', 'q4']) {
        let right = 0;
        for (const n of asked) {
            const { result } = await oracle.answer('numbers', 'text2text-generation', { prompt: String(n) }, {}, dtype);
            right += Number(result.text === textOf(spell(n)));
        }
        t.diagnostic(`${dtype}: ${right} of ${asked.length}`);
        assert.ok(right >= 0.99 * asked.length, `${dtype}: ${right} of ${asked.length}`);
    }
    await oracle.close();
});

test('33 MB of products become a file and its data', async (t) => {
    const size = 1024, layers = 8, nodes = [], initializers = [];
    for (let layer = 0; layer < layers; layer++) {
        const at = layer ? `x${layer}` : 'x', to = layer === layers - 1 ? 'y' : `x${layer + 1}`;
        nodes.push(onnx.node('MatMul', [at, `w${layer}`], [`p${layer}`]), onnx.node('Tanh', [`p${layer}`], [`t${layer}`]),
            onnx.node('Add', [at, `t${layer}`], [to]));
        initializers.push(onnx.tensor(`w${layer}`, onnx.FLOAT, [size, size], raw(weights(layer, size * size, 1 / 32))));
    }
    const source = write(onnx.model(onnx.graph('mlp', { nodes, initializers,
        inputs: [onnx.value('x', onnx.FLOAT, ['N', size])], outputs: [onnx.value('y', onnx.FLOAT, ['N', size])] })));
    const input = { x: new ort.Tensor('float32', weights(99, 4 * size), [4, size]) };
    const wanted = await run(await load(source), input), whole = fs.statSync(source).size;
    for (const [form, options] of Object.entries(forms)) {
        // At most 100 MiB of memory beside the largest tensor.
        const { session, result, beside } = await make(source, [...options, '--memory', `${(100 << 20) + 4 * size * size}`]);
        assert.ok(beside, form);
        assert.equal(result.weights, result.quantized);
        assert.equal(result.nodes, layers);
        const likeness = cosine(await run(session, input), wanted), share = result.bytes / whole;
        t.diagnostic(`${form}: ${result.bytes} bytes, cosine ${likeness.toFixed(5)}`);
        assert.ok(likeness > (form.startsWith('8') ? 0.999 : 0.99), `${form}: ${likeness}`);
        assert.ok(share < { 4: 0.17, 8: 0.29 }[form[0]] + (form.includes('and') ? 0.04 : 0), `${form}: ${share}`);
        await session.release();
    }
});

/** Feeds of a graph by the names of its inputs. */
const tensor = (values, dims) => new ort.Tensor('float32', values, dims);
const whole = (values, dims) => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
const x = onnx.value('x', onnx.FLOAT, ['N', 70]), y = onnx.value('y', onnx.FLOAT, ['N', 48]);
const shapes = {
    'Gemm with a transposed matrix, alpha and a bias, whose sums end inside a block': [{
        nodes: [onnx.node('Gemm', ['x', 'w', 'b'], ['y'], { attributes: [onnx.integerAttribute('transB', 1),
            onnx.numberAttribute('alpha', 0.5)] })],
        inputs: [x], outputs: [y],
        initializers: [onnx.tensor('w', onnx.FLOAT, [48, 70], raw(weights(1, 48 * 70))),
            onnx.tensor('b', onnx.FLOAT, [48], raw(weights(2, 48)))],
    }, { x: tensor(weights(3, 5 * 70), [5, 70]) }],
    'one matrix that two products and the value of a Constant share': [{
        nodes: [onnx.node('Constant', [], ['w'], { attributes: [onnx.tensorAttribute('value',
            onnx.tensor('', onnx.FLOAT, [64, 64], raw(weights(4, 4096))))] }),
        onnx.node('MatMul', ['x', 'w'], ['a']), onnx.node('MatMul', ['a', 'w'], ['b']),
        onnx.node('Add', ['a', 'b'], ['y'])],
        inputs: [onnx.value('x', onnx.FLOAT, [2, 3, 64])], outputs: [onnx.value('y', onnx.FLOAT, [2, 3, 64])],
    }, { x: tensor(weights(5, 384), [2, 3, 64]) }],
    'a table, and rows of it from the end': [{
        nodes: [onnx.node('Gather', ['t', 'i'], ['e']), onnx.node('MatMul', ['e', 'w'], ['y'])],
        inputs: [onnx.value('i', onnx.INT64, ['N', 'M'])], outputs: [onnx.value('y', onnx.FLOAT, ['N', 'M', 64])],
        initializers: [onnx.tensor('t', onnx.FLOAT, [200, 64], raw(weights(6, 12_800))),
            onnx.tensor('w', onnx.FLOAT, [64, 64], raw(weights(7, 4096)))],
    }, { i: whole([0, 199, 7, -1, 100, -200], [2, 3]) }],
    'branches that read a matrix from outside': [{
        nodes: [onnx.node('If', ['c'], ['y'], { attributes: ['then', 'else'].map((name, at) =>
            onnx.graphAttribute(`${name}_branch`, onnx.graph(name, {
                nodes: [onnx.node('MatMul', ['x', at ? 'w' : 'v'], [name])], inputs: [],
                outputs: [onnx.value(name, onnx.FLOAT, ['N', 48])],
            }))) })],
        inputs: [onnx.value('x', onnx.FLOAT, ['N', 64]), onnx.value('c', onnx.BOOL, [])], outputs: [y],
        initializers: ['w', 'v'].map((name, at) =>
            onnx.tensor(name, onnx.FLOAT, [64, 48], raw(weights(8 + at, 64 * 48)))),
    }, { x: tensor(weights(10, 128), [2, 64]), c: new ort.Tensor('bool', [false], []) }],
    'operators that have only FP32': [{
        nodes: [onnx.node('MatMul', ['x', 'w'], ['a']), onnx.node('Constant', [], ['one'],
            { attributes: [onnx.numberAttribute('value_float', 1)] }),
        onnx.node('Constant', [], ['end'], { attributes: [onnx.numberAttribute('value_float', 64)] }),
        onnx.node('Constant', [], ['zero'], { attributes: [onnx.numberAttribute('value_float', 0)] }),
        onnx.node('Range', ['zero', 'end', 'one'], ['r']), onnx.node('Add', ['a', 'r'], ['s']),
        onnx.node('Shape', ['s'], ['shape']), onnx.node('ConstantOfShape', ['shape'], ['z']),
        onnx.node('Greater', ['s', 'z'], ['g']), onnx.node('Where', ['g', 's', 'z'], ['y'])],
        inputs: [onnx.value('x', onnx.FLOAT, ['N', 64])], outputs: [onnx.value('y', onnx.FLOAT, ['N', 64])],
        initializers: [onnx.tensor('w', onnx.FLOAT, [64, 64], raw(weights(11, 4096)))],
    }, { x: tensor(weights(12, 128), [2, 64]) }],
};

for (const [name, [graph, feeds]] of Object.entries(shapes))
    test(`${name}: the same in fewer bits`, async () => {
        const source = write(onnx.model(onnx.graph('g', graph)));
        const wanted = await run(await load(source), feeds);
        for (const [form, options] of Object.entries({ ...forms, '16 bits': ['--bits', '16'] })) {
            const { session, result } = await make(source, options);
            const likeness = cosine(await run(session, feeds), wanted);
            assert.ok(likeness > { 8: 0.9995, 4: 0.99, 1: 0.99999 }[form[0]], `${form}: ${likeness}`);
            assert.ok(result.quantized > 0.9 * result.quantizable, form);
            await session.release();
        }
    });

test('digits-vit and numbers compute in 16 bits', async () => {
    const source = path.join(ownModels, 'digits-vit/onnx/model.onnx');
    const { session } = await make(write(fs.readFileSync(source)), ['--bits', '16']);
    const input = { pixel_values: tensor(weights(13, 3 * 28 * 28), [1, 3, 28, 28]) };
    assert.ok(cosine(await run(session, input), await run(await load(source), input)) > 0.9999);
    for (const graph of ['encoder_model', 'decoder_model_merged'])
        await make(write(fs.readFileSync(path.join(ownModels, `numbers/onnx/${graph}.onnx`))), ['--bits', '16']);
});

test('tensors beside the source are read from there', async () => {
    const { graph, files } = onnx.external({ size: 64 });
    const source = write(graph, files), feeds = { x: tensor(weights(14, 64), [1, 64]) };
    const wanted = await run(await load(source, Object.keys(files)), feeds);
    for (const options of [...Object.values(forms), ['--bits', '16']]) {
        const { session, beside } = await make(source, options);
        assert.equal(beside, false);
        assert.ok(cosine(await run(session, feeds), wanted) > 0.9999);
    }
});

test('it has limits before it opens what it is given', async () => {
    const pipe = path.join(root, 'pipe'), most = 1 << 30;
    execFileSync('mkfifo', [pipe]); // which nobody writes to: it waits for that
    const child = spawn(program, ['--bits', '8', '--memory', `${most}`, '--time', '7', pipe, path.join(root, 'none.onnx')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    try {
        const read = (name) => fs.readFileSync(`/proc/${child.pid}/${name}`, 'utf8');
        const limits = { 'Max address space': most, 'Max file size': most, 'Max open files': 16, 'Max cpu time': 7, 'Max core file size': 0 };
        await until(() => Object.entries(limits).every(([name, limit]) => new RegExp(`^${name} +${limit} `, 'm').test(read('limits')))
            && read('stat').split(' ')[18] === '10', { what: 'all limits, and that it is nice' });
    } finally {
        child.kill('SIGKILL');
        await ended;
    }
});

test('what cannot be quantised says why', () => {
    const one = { inputs: [x], outputs: [y] };
    const product = (content, shape = [70, 48]) => onnx.model(onnx.graph('g', { ...one,
        nodes: [onnx.node('MatMul', ['x', 'w'], ['y'])],
        initializers: [onnx.tensor('w', onnx.FLOAT, shape, content)] }));
    const good = product(raw(weights(1, 70 * 48))), target = path.join(root, 'refused.onnx');
    const made = path.join(root, 'once.onnx');
    assert.equal(quantize(write(good), made, ['--bits', '4']).status, 0);
    const rows = [
        [fs.readFileSync(path.join(ownModels, 'keywords/onnx/model.onnx')), 'nothing_to_quantize', /have \d+ % of the weights/],
        [fs.readFileSync(made), 'nothing_to_quantize', /quantised already: it has the operator MatMulNBits/],
        [good.subarray(0, good.length / 2), 'model_invalid', /no whole ONNX model/],
        [fs.readFileSync(path.join(ownModels, 'nest/nest-F32.gguf')), 'model_invalid', /ONNX model/],
        [Buffer.from('<!DOCTYPE html>'), 'model_invalid', /no ONNX model/],
        [product(raw(new Float32Array(70 * 48).fill(NaN))), 'model_invalid', /the weights w have values that are no numbers/],
        [onnx.external({ size: 64 }).graph, 'model_invalid', /cannot be read from the file/],
    ];
    for (const [bytes, code, detail] of rows) {
        const { status, said } = quantize(write(bytes), target, ['--bits', '8']);
        assert.equal(status, 1);
        assert.equal(said.error.code, code, said.error.detail);
        assert.match(said.error.detail, detail);
    }
    assert.ok(quantize(write(rows[0][0]), target, ['--bits', '8']).said.error.share < 0.5);
    assert.equal(quantize(write(good), '/dev/full', ['--bits', '8']).said.error.code, 'no_room');
    for (const line of [['--bits', '5', 'a', 'b'], ['--bits', '8', '--mixed', 'a', 'b'], ['--bits', '8', 'a'],
        ['--bits', '8', '--form', 'webnn', 'a', 'b'], ['--bits', '4', '--memory', '0', 'a', 'b']])
        assert.equal(spawnSync(program, line).status, 2, line.join(' '));
});
