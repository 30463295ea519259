/** What reading only the best logits must do in every browser with WebGPU. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { halfBits } from '../../../page/src/shared/halves.js';
import { makeFamilies } from '../../lib/families.mjs';
import { root } from '../../lib/paths.mjs';
import { counting, countsOf } from './gpu_counts.mjs';
import { filesIn, loaded, outcomeOf } from './library.mjs';
import { partsOf, wellDone } from './parts.mjs';
import { replaced } from './roomy.mjs';

const range = (count) => Array.from({ length: count }, (_, at) => at);

// --- rows in a tab ---------------------------------------------------------------------------------

/** The page's sources, for a tab that imports them. @returns {Promise<{url: string, close: () => Promise<void>}>} */
async function serveSources() {
    const server = http.createServer(({ url }, response) => {
        const file = path.join(root, 'page/src', path.normalize(url)), isSource = /\.(?:js|wgsl)$/.test(file) && fs.existsSync(file);
        response.writeHead(200, { 'Content-Type': isSource ? 'text/javascript' : 'text/html' });
        response.end(isSource ? fs.readFileSync(file) : '');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => { server.once('listening', resolve); });
    return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => {
        server.closeAllConnections();
        server.close(resolve);
    }) };
}

const single = new Uint32Array(1), float = new Float32Array(single.buffer);
const bitsOf = (value) => {
    float[0] = value;
    return single[0];
};
/** The bits of a number that are given to the device, and the number that they are. */
const asFloat = (value) => ({ bits: bitsOf(value), value: Math.fround(value) });
const asHalf = (value) => ({ bits: halfBits(value), value });

/** What a tab finds in rows of these bits, of which the last one counts: bits of numbers, because not all are JSON. */
const inTab = ({ type, bits, count, rows, calls }) => `(async () => {
    const { GpuLogits } = await import('/pipeline/gpu_logits.js');
    const code = await (await fetch('/pipeline/likeliest.wgsl')).text();
    const device = await (await navigator.gpu.requestAdapter()).requestDevice(), errors = [];
    device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
    const numbers = new ${type === 'float16' ? 'Uint16Array' : 'Uint32Array'}(${JSON.stringify(bits)});
    const gpuBuffer = device.createBuffer({ size: Math.ceil(numbers.byteLength / 4) * 4, usage: 0x80 | 0x4 | 0x8, mappedAtCreation: true });
    new Uint8Array(gpuBuffer.getMappedRange()).set(new Uint8Array(numbers.buffer));
    gpuBuffer.unmap();
    const tensor = { type: '${type}', dims: [1, ${rows}, ${count}], gpuBuffer };
    const logits = new GpuLogits(device, code), bitsOf = (values) => [...new Uint32Array(Float32Array.from(values).buffer)];
    const found = [];
    for (const call of ${JSON.stringify(calls)}) {
        const best = await logits.best(tensor, call);
        found.push(best && { ids: [...best.ids], values: bitsOf(best.values), count: best.count, below: bitsOf([best.others.below])[0], top: best.others.top, sum: best.others.sum });
    }
    const row = bitsOf(await logits.last(tensor));
    logits.destroy();
    device.destroy();
    return JSON.stringify({ found, row, errors });
})()`;

/** Rows of which the last one counts, and what is wanted of them: of any numbers, of numbers that are not, of equals. */
function cases() {
    const normal = (id) => 4 * Math.sin(id * 12.9898) * Math.cos(id * 78.233) + (id * 7919 % 101) / 50;
    const calls = [{ best: 1, ids: [] }, { best: 40, ids: [3, 3, 20010, 20011, -1, 7] }, { best: 256, ids: range(300).map((at) => at * 61) }];
    const odd = { 5: NaN, 6: Infinity * -1, 9: -0, 10: 0, 11: 1e-42, 20: -1e-42 };
    return [
        { name: 'any numbers', count: 20011, rows: 3, of: normal, calls },
        { name: 'numbers in steps, and such as are none', count: 20011, rows: 2, of: (id) => odd[id] ?? Math.round(normal(id) * 20) / 20, calls },
        { name: 'all below 0', count: 30000, rows: 1, of: (id) => normal(id) - 50, calls },
        { name: 'few but forbidden ones', count: 20011, rows: 1, of: (id) => (id % 4000 === 7 ? id / 4000 : -Infinity), calls: [{ best: 3, ids: [] }, { best: 200, ids: [] }], none: [1] },
        { name: 'equals', count: 20011, rows: 1, of: () => 2.5, calls: [{ best: 1, ids: [] }], none: [0] },
        { name: 'a short row', count: 1000, rows: 1, of: normal, calls: [{ best: 1, ids: [] }], none: [0] },
    ];
}

function checkBest(name, { found, row, errors }, all, { count, calls, none = [] }) {
    assert.deepEqual(errors, []);
    const equal = (bits, value, id) => assert.ok(Number.isNaN(value) ? (bits & 0x7fffffff) > 0x7f800000 : bits === bitsOf(value) || (value === 0 && (bits & 0x7fffffff) === 0), `${name}: token ${id} is ${bits}, not ${value}`);
    assert.equal(row.length, count);
    row.forEach((bits, id) => equal(bits, all[id], id));
    for (const [at, { best, ids }] of calls.entries()) {
        if (none.includes(at)) {
            assert.equal(found[at], null, name);
            continue;
        }
        const taken = new Set(ids.filter((id) => id >= 0 && id < count)), left = range(count).filter((id) => !taken.has(id) && !Number.isNaN(all[id]));
        const sorted = left.toSorted((a, b) => all[b] - all[a] || a - b), { ids: known, values, below, top, sum } = found[at];
        assert.deepEqual(known, known.toSorted((a, b) => a - b));
        assert.equal(new Set(known).size, known.length);
        known.forEach((id, place) => equal(values[place], all[id], id));
        for (const id of [...taken, ...sorted.slice(0, best)]) assert.ok(known.includes(id), `${name}: ${id} of ${best}`);
        single[0] = below;
        const [least] = float, others = sorted.filter((id) => !known.includes(id));
        assert.ok(all[sorted[best - 1]] >= least && others.every((id) => all[id] < least), name);
        assert.equal(top, all[sorted[0]], name);
        const expected = others.reduce((total, id) => total + Math.exp(all[id] - top), 0);
        assert.ok(Math.abs(sum - expected) <= 2 ** -15 * expected, `${name}: ${sum}, not ${expected}`);
    }
}

/** @param {(name: string, run: () => Promise<void>) => void} test @param {() => Promise<any>} open a tab */
export function rowsTest(test, open) {
    test('the best of rows of all kinds come from the GPU', async () => {
        const sources = await serveSources(), { tab, close } = await open();
        try {
            await tab.goto(sources.url);
            for (const [type, as] of [['float32', asFloat], ['float16', asHalf]]) {
                for (const { name, of, ...one } of cases()) {
                    const { count, rows } = one, all = range(count * rows).map((at) => as(of((at + count) % count)));
                    // The rows before are others.
                    const bits = all.map(({ bits: own }, at) => (at < count * (rows - 1) ? 0x7bff : own));
                    const made = JSON.parse(await tab.evaluate(inTab({ type, bits, ...one })));
                    const values = all.slice(-count).map(({ bits: own, value }) => (type === 'float16' ? halfValue(own) : value));
                    checkBest(`${name}, ${type}`, made, values, one);
                }
            }
        } finally {
            await close();
            await sources.close();
        }
    });
}

/** IEEE 754's binary16. @param {number} bits */
function halfValue(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

// --- answers ---------------------------------------------------------------------------------------

const TEXT = 'The fox sees the dog in the forest. ';
/** Software adapters compute the row of a token, so the vocabulary is a quarter of GPT-2's. */
const folder = path.join(makeFamilies(), 'gpt2-words');
/** Tokens that the model knows. */
const VOCABULARY = JSON.parse(fs.readFileSync(path.join(folder, 'config.json'), 'utf8')).vocab_size;
const ROW = 4 * VOCABULARY;
/** The most bytes that the best may take, however long the row is: a fiftieth of one of GPT-2's, and a twelfth of these. */
const FEW = 4000;

/** The page that counts, and reads whole rows where it is asked to. */
function alter(name, content) {
    if (!/^pipeline-/.test(name)) return counting(name, content);
    return replaced(String(content), /(?<=\b_needed\(\)\s*\{)/, 'if (globalThis.isWhole) return null;');
}

/** By whether the best suffice. */
const SETTINGS = Object.freeze({
    best: [{ temperature: 0 }, { temperature: 1, top_k: 40 }, { temperature: 0.8, top_k: 100, top_p: 0.9 },
        { temperature: 1, top_k: 20, repeat_penalty: 1.3, frequency_penalty: 0.4, presence_penalty: 0.2, logit_bias: { 7: 4, 8: -100 } }],
    usually: [{ temperature: 1, top_p: 0.8 }, { temperature: 1, min_p: 0.1 }],
    whole: [{ temperature: 1 }, { temperature: 1, top_k: 1000 }, { temperature: 0, logprobs: true, top_logprobs: 3 }],
});
const TOKENS = 4;
const complete = (prompt, options, more = {}) => ({
    task: 'complete', input: { prompt }, options: { seed: 11, max_tokens: TOKENS, ...options }, platforms: ['webgpu'], deadline_ms: 120_000, ...more,
});

/** The answer, and for each of its tokens the bytes that were read. */
async function counted({ service, tab }, model, options, isWhole, prompt = TEXT) {
    const before = (await countsOf(tab, { isWhole })).steps.length;
    const { result } = wellDone(await service.run(model, [], complete(prompt, options, { owner: null })));
    const { steps: all } = await countsOf(tab, { isWhole }), steps = all.slice(before);
    return { result, all, read: steps.map(({ read }, at) => read - ((at > 0 ? steps[at - 1] : all[before - 1])?.read ?? 0)) };
}
const answerOf = ({ tokens, text, finish_reason: why, logprobs }) => ({ tokens, text, why, logprobs });

/** @param {(name: string, run: (node: any) => Promise<void>, options?: object) => void} nodeTest */
export function answersTest(nodeTest) {
    nodeTest('the same tokens from the best as from all, with less to read', async (node) => {
        const files = filesIn(folder), model = node.service.addFolder('wide', files), here = await loaded(folder);
        await counted(node, model, { temperature: 0 }, true); // what else is mapped at the start is left out
        for (const [kind, all] of Object.entries(SETTINGS)) {
            for (const options of all) {
                const name = JSON.stringify(options), whole = await counted(node, model, options, true), part = await counted(node, model, options, false);
                assert.deepEqual(answerOf(part.result), answerOf(whole.result), name);
                const { result } = await outcomeOf(here, 'complete', { prompt: TEXT }, { seed: 11, max_tokens: TOKENS, ...options });
                assert.deepEqual(part.result.tokens, result.tokens, `${name}: as onnxruntime on the CPU`);
                assert.ok(whole.read.length === TOKENS && whole.read.every((bytes) => bytes === ROW), `${name}: ${whole.read}`);
                if (kind === 'best') assert.ok(part.read.length === TOKENS && Math.max(...part.read) <= FEW, `${name}: ${part.read}`);
                if (kind === 'whole') assert.deepEqual(part.read, whole.read, name);
            }
        }
        await here.dispose();
        await longPrompt(node, model);
        await ofFolders(node, files);
    }, { alter });

    nodeTest('many at once, and cancels in between, are answered as one by one', async (node) => {
        const { service, tab } = node, model = service.addFolder('wide', filesIn(folder));
        await countsOf(tab, { isWhole: true });
        const asked = range(12).map((at) => complete(`${TEXT}${at}`, { ...[...SETTINGS.best, ...SETTINGS.usually][at % 6], seed: at }));
        const alone = [];
        for (const one of asked) alone.push(answerOf(wellDone(await service.run(model, [], one)).result));
        await countsOf(tab, { isWhole: false });
        const once = async () => {
            const attempts = asked.map((one) => service.request(model, [], one));
            const cancelled = range(3).map((at) => service.request(model, [], { ...complete(`${TEXT}${at}`, { temperature: 0, max_tokens: 500 }), stream: true }));
            await service.until(() => partsOf(service, cancelled[0]).length > 1, 'a part');
            for (const attempt of cancelled) service.send('task_cancel', { attempt_id: attempt });
            return Promise.all(attempts.map(async (attempt) => answerOf(wellDone(await service.answer(attempt)).result)));
        };
        assert.deepEqual(await once(), alone);
        const first = (await countsOf(tab, { isWhole: false })).steps.at(-1);
        assert.deepEqual(await once(), alone);
        const second = (await countsOf(tab, { isWhole: false })).steps.at(-1);
        assert.equal(second.own, first.own, 'the buffers are used again');
    }, { alter });
}

/** Pieces of a prompt bring next to nothing. */
async function longPrompt(node, model) {
    const prompt = TEXT.repeat(3), options = { temperature: 0, deterministic: true }, { read, result } = await counted(node, model, options, false, prompt);
    assert.deepEqual(result.tokens, (await counted(node, model, options, true, prompt)).result.tokens);
    assert.ok(read.every((bytes) => bytes <= FEW), `${read}`);
}

/** Rules that a folder has. */
async function ofFolders(node, files) {
    const settings = { repetition_penalty: 1.4, no_repeat_ngram_size: 2, do_sample: true, top_k: 50, top_p: 0.95 };
    const generation = { ...JSON.parse(Buffer.from(files['generation_config.json'])), ...settings };
    const model = node.service.addFolder('ruled', { ...files, 'generation_config.json': Buffer.from(JSON.stringify(generation)) });
    const [whole, part] = [await counted(node, model, {}, true), await counted(node, model, {}, false)];
    assert.deepEqual(answerOf(part.result), answerOf(whole.result));
    assert.ok(part.read.every((bytes) => bytes <= FEW), `${part.read}`);
}

/** The device goes in the middle of an answer; the next one comes from elsewhere.
 * @param {(name: string, run: (node: any) => Promise<void>, options?: object) => void} nodeTest */
export function lossTest(nodeTest) {
    const faults = `{
        const map = GPUBuffer.prototype.mapAsync, make = GPUDevice.prototype.createBuffer;
        const devices = new WeakMap();
        GPUDevice.prototype.createBuffer = function (...given) {
            const buffer = make.apply(this, given);
            devices.set(buffer, this);
            return buffer;
        };
        let count = 0;
        GPUBuffer.prototype.mapAsync = function (...given) {
            const mapped = map.apply(this, given);
            if (given[2] <= ${FEW} && ++count === 3) devices.get(this).destroy();
            return mapped;
        };
    }`;
    nodeTest('a device that is lost between two tokens', async ({ service }) => {
        const model = service.addFolder('wide', filesIn(folder)), asked = complete(TEXT, { temperature: 0 });
        const { data } = await service.run(model, [], asked);
        assert.deepEqual([data.ok, data.error.code], [false, 'device_lost'], JSON.stringify(data));
        const again = wellDone(await service.run(model, [], { ...asked, platforms: ['webgpu', 'wasm'], fallback: true }));
        const here = await loaded(folder);
        const { result } = await outcomeOf(here, 'complete', { prompt: TEXT }, { temperature: 0, max_tokens: TOKENS });
        assert.deepEqual(again.result.tokens, result.tokens);
        await here.dispose();
    }, { faults });
}
