// tier: full
/** Where memory is short, a folder's graphs are in memory while they have work: the same answers, less memory. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Sparing } from '../../page/src/pipeline/sparing.js';
import { graph, model, node, externalTensor, tensor, value, FLOAT } from '../lib/onnx.mjs';
import { filesIn } from './support/library.mjs';
import { nodeTests } from './support/nodes.mjs';
import { wellDone } from './support/parts.mjs';

const numbers = path.join(import.meta.dirname, '../../models/numbers');
const nodeTest = nodeTests();

/** Bytes of a large table, which exporters keep in its graph's file or beside it. */
const BALLAST = 48 << 20, WIDTH = 32;

/** The sample, each of its graphs with a table more, of which it looks up rows: what is parsed behind a graph belongs to it. */
function heavy(isApart) {
    const files = filesIn(numbers), shape = [BALLAST / 4 / WIDTH, WIDTH];
    for (const name of Object.keys(files).filter((one) => one.endsWith('.onnx'))) {
        const place = { location: `${path.basename(name)}_data`, offset: 0, length: BALLAST };
        const more = model(graph('more', {
            nodes: [node('Gather', ['ballast', 'input_ids'], ['ballast_rows'])], inputs: [],
            outputs: [value('ballast_rows', FLOAT, [1, 1, WIDTH])],
            initializers: [isApart ? externalTensor('ballast', FLOAT, shape, place)
                : tensor('ballast', FLOAT, shape, Buffer.alloc(BALLAST))],
        }));
        files[name] = Buffer.concat([files[name], more]);
        if (isApart) files[`${name}_data`] = Buffer.alloc(BALLAST);
    }
    return files;
}

const ask = (prompt) => ({ task: 'text2text-generation', input: { prompt }, options: {} });
const PROMPTS = ['12', '7', '341'];
const WORDS = ['twelve', 'seven', 'three hundred forty-one'];
/** How often each graph was brought. */
const broughtTo = ({ fetched }) => ['encoder_model', 'decoder_model_merged']
    .map((name) => fetched.filter((one) => one.endsWith(`${name}.onnx`)).length);
/** Script text: the service hears of each MiB by which WASM memory is larger than ever. */
const TELLS_MEMORY = `{
    const Memory = WebAssembly.Memory, all = [];
    WebAssembly.Memory = class extends Memory {
        constructor(...given) { super(...given); all.push(this); }
    };
    let most = 0;
    setInterval(() => {
        const now = all.reduce((sum, memory) => sum + memory.buffer.byteLength, 0) >> 20;
        if (now > most) fetch('/memory-' + (most = now)).catch(() => {});
    }, 50);
}`;
const memoryOf = ({ served }) => Math.max(...served.map((name) => Number(/^\/memory-(\d+)$/.exec(name)?.[1] ?? 0)));

let whole = 0; /* MiB, with both, and their weights beside them */

describe('a model of two graphs, where memory is short', () => {
    nodeTest('has one of them in memory at a time, and answers as well, also twelve at once', async ({ service }) => {
        const numbersModel = service.addFolder('numbers', filesIn(numbers));
        assert.equal(wellDone(await service.run(numbersModel, [], ask(PROMPTS[0]))).result.text, WORDS[0]);
        // What is loaded first makes room for the decoder; then both come back for each request.
        assert.deepEqual(broughtTo(service), [2, 2]);
        const ids = Array.from({ length: 12 }, (_, at) => service.request(numbersModel, [], ask(PROMPTS[at % 3])));
        for (const [at, id] of ids.entries()) assert.equal(wellDone(await service.answer(id)).result.text, WORDS[at % 3]);
        assert.deepEqual(broughtTo(service), [14, 14]);
    }, { welcome: { model_budget_bytes: 500_000 } });

    nodeTest('has both where there is room, and then neither is brought again', async ({ service }) => {
        const heavyModel = service.addFolder('numbers', heavy(true));
        for (const at of [0, 1]) assert.equal(wellDone(await service.run(heavyModel, [], ask(PROMPTS[at]))).result.text, WORDS[at]);
        assert.deepEqual(broughtTo(service), [1, 1]);
        whole = memoryOf(service);
    }, { faults: TELLS_MEMORY, faulty: 'wasm' });

    // In the graphs' files they would take three times as much with both in memory.
    for (const [where, isApart] of [['beside its graphs', true], ['in their files', false]])
        nodeTest(`takes at least 30 % less, with its weights ${where}`, async ({ service }) => {
            const heavyModel = service.addFolder('numbers', heavy(isApart));
            assert.equal(wellDone(await service.run(heavyModel, [], ask(PROMPTS[0]))).result.text, WORDS[0]);
            const spared = memoryOf(service);
            assert.ok(whole > 2 * BALLAST >> 20, 'it was measured');
            assert.ok(spared <= 0.7 * whole, `${spared} of ${whole} MiB`);
        }, { welcome: { model_budget_bytes: 60 << 20 }, faults: TELLS_MEMORY, faulty: 'wasm' });
});

test('on a GPU what writes stays while something reads, and what reads goes behind it', async () => {
    const said = [];
    const take = (work) => work();
    const sparing = new Sparing(async (bytes) => {
        said.push(`+${bytes}`);
        return { inputNames: [], outputNames: [], release: async () => { said.push(`-${bytes}`); } };
    }, async (file) => file, take, false);
    const add = (file) => sparing.add(file, file, {}, take);
    const reader = await add('onnx/encoder_model.onnx'), writer = await add('onnx/decoder_model_merged.onnx');
    for (let run = 0; run < 2; run++) {
        sparing.begin();
        for (const graph of [reader, writer, writer]) await sparing.ready(graph, take, new AbortController().signal);
    }
    await Promise.all([reader.release(), writer.release()]);
    const short = said.map((one) => one.replace(/onnx\/(...).*/, '$1'));
    assert.deepEqual(short, ['+enc', '-enc', '+dec', '+enc', '-enc', '+enc', '-enc', '-dec']);
});
