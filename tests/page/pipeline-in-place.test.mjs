// tier: quick
/**
 * Keys and values with room behind their tokens: which graphs write into them, what is copied on a device that
 * only counts, and how they are kept, shortened and let go of.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { graphIn } from '../../page/src/pipeline/graph_nodes.js';
import { writesInPlace } from '../../page/src/pipeline/in_place.js';
import { KvCaches } from '../../page/src/pipeline/kv_cache.js';
import { Rooms } from '../../page/src/pipeline/roomy_cache.js';
import { makeFamilies } from '../lib/families.mjs';
import { FLOAT, graph, graphAttribute, model, node, value } from '../lib/onnx.mjs';

const [HEADS, SIZE] = [2, 4];
const NAME = 'past_key_values.0.key';
const TOKEN = HEADS * SIZE * 4; // bytes
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

const families = makeFamilies();
const graphOf = (family) => graphIn(fs.readFileSync(path.join(families, family, 'onnx/model.onnx')));

test('a graph writes in place where GroupQueryAttention alone has its keys and values', () => {
    const llama = graphOf('llama');
    assert.equal(llama.inputs.length, 2 + 2 * 2);
    assert.deepEqual(llama.outputs.filter((name) => !name.startsWith('present.')), ['logits']);
    assert.deepEqual(['llama', 'llama-deep', 'gpt2', 'bert'].map((family) => writesInPlace(graphOf(family))), [true, true, false, false]);
    const merged = graphIn(fs.readFileSync(path.join(families, 'whisper/onnx/decoder_model_merged.onnx')));
    assert.equal(writesInPlace(merged), false, 'an encoder-decoder');
    assert.equal(writesInPlace({ ...llama, inputs: ['input_ids', 'attention_mask'] }), false, 'there is no cache');
});

test('a graph that does anything else with them does not', () => {
    const KEY = 'past_key_values.1.key', PRESENT = 'present.1.key', KIND = 'com.microsoft.GroupQueryAttention';
    const changed = (change) => {
        const copy = structuredClone(graphOf('llama'));
        change(copy, copy.nodes.find(({ inputs }) => inputs.includes(KEY)));
        return writesInPlace(copy);
    };
    const reading = (name, more = {}) => ({ kind: 'Shape', inputs: [name], outputs: ['read'], inner: [], ...more });
    assert.equal(changed(() => {}), true);
    assert.equal(changed((_, attention) => { attention.kind = 'com.microsoft.MultiHeadAttention'; }), false);
    assert.equal(changed((_, attention) => { attention.kind = 'GroupQueryAttention'; }), false, "of nobody's domain");
    assert.equal(changed(({ nodes }) => { nodes.push(reading(KEY)); }), false, 'somebody looks at the length of what there was');
    assert.equal(changed(({ nodes }) => { nodes.push(reading('x', { inner: [KEY] })); }), false, 'and be it within a branch');
    assert.equal(changed(({ nodes }) => { nodes.push(reading(PRESENT)); }), false, 'or of what there is now');
    assert.equal(changed(({ outputs }) => { outputs.push(KEY); }), false);
    assert.equal(changed(({ outputs }) => { outputs.splice(outputs.indexOf(PRESENT), 1); }), false);
    assert.equal(changed((_, { outputs }) => { [outputs[1], outputs[2]] = [outputs[2], outputs[1]]; }), false, 'keys become values');
    assert.equal(changed((_, { inputs }) => { inputs[0] = KEY; }), false, 'they are its question, too');
    for (const at of [5, 6]) {
        assert.equal(changed((_, { inputs }) => { inputs[at] = 'input_ids'; }), false, 'told by something else');
        assert.equal(changed((_, { inputs }) => { inputs[at] = ''; }), false, 'told by nothing');
        assert.equal(changed((_, { inputs, kind }) => {
            assert.equal(kind, KIND);
            inputs[at] = 'attention_mask';
        }), true);
    }
    assert.equal(changed(({ nodes }, { inputs }) => {
        nodes.push({ kind: 'If', inputs: ['attention_mask'], outputs: ['told'], inner: ['position_ids'] });
        inputs[5] = 'told';
    }), true, 'what a branch names and the graph is not given is its own');
    assert.equal(changed((whole, { inputs }) => {
        whole.inputs.push('position_ids');
        whole.nodes.push({ kind: 'If', inputs: ['attention_mask'], outputs: ['told'], inner: ['position_ids'] });
        inputs[5] = 'told';
    }), false);
});

test('a file is read as far as nodes and names, and what is no model says nothing', () => {
    const inner = graph('inner', { nodes: [node('Neg', ['outer'], ['made'])], inputs: [], outputs: [value('made', FLOAT, [1])] });
    const bytes = model(graph('g', {
        nodes: [node('If', ['c'], ['y'], { attributes: [graphAttribute('then_branch', inner)] }), node('Own', ['y', ''], ['z', ''], { domain: 'd' })],
        inputs: [value('c', FLOAT, ['n'])], outputs: [value('z', FLOAT, ['n'])],
    }));
    assert.deepEqual(graphIn(new Uint8Array(bytes)), {
        nodes: [{ kind: 'If', inputs: ['c'], outputs: ['y'], inner: ['made', 'outer'] }, { kind: 'd.Own', inputs: ['y', ''], outputs: ['z', ''], inner: [] }],
        inputs: ['c'], outputs: ['z'],
    });
    for (let length = 0; length < bytes.length; length++) {
        assert.equal(writesInPlace(graphIn(new Uint8Array(bytes.subarray(0, length)))), false, `${length} bytes`);
    }
    assert.equal(graphIn(Uint8Array.of(0x3b)), null, 'a wire type that there is not any more');
    assert.equal(writesInPlace(null), false);
});

// --- caches ----------------------------------------------------------------------------------------

class Buffer {
    constructor(size) {
        this.bytes = new Uint8Array(size);
        this.isDestroyed = false;
    }

    destroy() {
        this.isDestroyed = true;
    }
}

/** Onnxruntime-web's, on the device. */
class OrtTensor {
    static fromGpuBuffer(gpuBuffer, { dataType: type, dims, dispose }) {
        return Object.assign(new OrtTensor(), { gpuBuffer, type, dims, location: 'gpu-buffer', _dispose: dispose });
    }

    dispose() {
        this._dispose();
        this.location = 'none';
    }
}

class Tensor {
    constructor(tensor) {
        this.ort_tensor = tensor;
    }

    get type() { return this.ort_tensor.type; }

    get dims() { return this.ort_tensor.dims; }

    get location() { return this.ort_tensor.location; }

    dispose() { this.ort_tensor.dispose(); }
}

class DynamicCache {
    constructor(tensors) {
        Object.assign(this, tensors);
    }

    get_seq_length() {
        return this[NAME].dims.at(-2);
    }

    update(tensors) {
        Object.assign(this, tensors);
    }

    async dispose() {
        for (const tensor of Object.values(this)) tensor.dispose();
    }
}

/** A device that copies here, and what it has done. */
function deviceOf() {
    const device = { buffers: [], copied: 0 };
    return Object.assign(device, {
        createBuffer: ({ size }) => {
            device.buffers.push(new Buffer(size));
            return device.buffers.at(-1);
        },
        createCommandEncoder: () => ({
            copyBufferToBuffer: (from, at, to, there, bytes) => {
                assert.ok(!from.isDestroyed && at % 4 === 0 && there % 4 === 0 && bytes % 4 === 0);
                to.bytes.set(from.bytes.subarray(at, at + bytes), there);
                device.copied += bytes;
            },
            finish: () => 'commands',
        }),
        queue: { submit: (all) => assert.deepEqual(all, ['commands']) },
    });
}

/** A cache as a run gives it: one number for each token and head, as often as its size is. */
function grownOf(tokens, { size = SIZE, type = 'float32' } = {}) {
    const numbers = Float32Array.from(range(0, HEADS).flatMap((head) => tokens.flatMap((token) => Array(size).fill(token + head / 2))));
    const buffer = Object.assign(new Buffer(0), { bytes: new Uint8Array(numbers.buffer) });
    return new DynamicCache({ [NAME]: new Tensor(OrtTensor.fromGpuBuffer(buffer,
        { dataType: type, dims: [1, HEADS, tokens.length, size], dispose: () => buffer.destroy() })) });
}
/** Its first tokens: all, or so many. */
function tokensIn(cache, count = cache.get_seq_length()) {
    const { ort_tensor: { gpuBuffer: { bytes } }, dims: [, heads, capacity, size] } = cache[NAME];
    const numbers = new Float32Array(bytes.buffer);
    const of = (head) => range(0, count).map((token) => numbers[(head * capacity + token) * size]);
    range(1, heads).forEach((head) => assert.deepEqual(of(head), of(0).map((one) => one + head / 2)));
    return of(0);
}
function cachesOn(device, limits) {
    return new KvCaches({ Tensor, DynamicCache }, () => assert.fail('no graph has to cut'), limits, new Rooms({ Tensor, DynamicCache }, device));
}
const capacityOf = (cache) => cache[NAME].dims.at(-2);

test('what has been read gets room once, in steps, and for no more than there will be', async () => {
    const device = deviceOf(), caches = cachesOn(device);
    const grown = grownOf(range(0, 10));
    const roomy = await caches.withRoom(grown, 10, 11, 300);
    assert.deepEqual([capacityOf(roomy), roomy.get_seq_length(), tokensIn(roomy)], [512, 10, range(0, 10)]);
    assert.deepEqual([device.buffers.length, device.copied, grown[NAME].location], [1, 10 * TOKEN, 'none']);
    assert.equal(await caches.withRoom(roomy, 512, 512, 600), roomy, 'there is room');
    assert.deepEqual([device.buffers.length, roomy.get_seq_length()], [1, 512]);
    const larger = await caches.withRoom(roomy, 512, 513, 600);
    assert.deepEqual([capacityOf(larger), device.buffers.map(({ isDestroyed }) => isDestroyed)], [768, [true, false]]);
    assert.deepEqual(tokensIn(larger, 10), range(0, 10));
    assert.equal(device.copied, (10 + 512) * TOKEN);
    assert.equal(capacityOf(await caches.withRoom(grownOf([1]), 1, 2, Infinity)), 2 + 1024 + 254);
});

test('a run writes into what it is fed with room, and that stays what the cache has', async () => {
    const caches = cachesOn(deviceOf());
    const grown = grownOf([1, 2]);
    const session = { outputNames: ['logits', 'present.0.key'] };
    const feedsOf = (cache) => ({ input_ids: {}, [NAME]: cache[NAME].ort_tensor });
    assert.equal(caches.placesOf(session, feedsOf(grown)), null);
    assert.equal(caches.placesOf({ outputNames: ['logits'] }, { pixel_values: {} }), null, 'a session without any');
    const roomy = await caches.withRoom(grown, 2, 3, 9);
    const [{ ort_tensor: tensor }] = Object.values(roomy);
    assert.deepEqual(caches.placesOf(session, feedsOf(roomy)), { logits: null, 'present.0.key': tensor });
    roomy.update({ [NAME]: new Tensor(tensor) }); // the library gives what came of a run another coat
    assert.deepEqual([tensor.location, roomy.get_seq_length()], ['gpu-buffer', 2]);
    const state = new Tensor(OrtTensor.fromGpuBuffer({}, { dataType: 'float32', dims: [1], dispose() {} }));
    roomy.update({ 'past_conv.0': state, [NAME]: new Tensor(tensor) });
    assert.equal(roomy['past_conv.0'], state, 'what is none of keys and values is another each time');
});

test('a beginning is a shorter length, or a copy where that is less', async () => {
    const device = deviceOf(), caches = cachesOn(device);
    const roomy = await caches.withRoom(grownOf(range(0, 10)), 10, 11, 20);
    await caches.keep('a', range(0, 10), roomy);
    const { copied } = device;
    const cut = await caches.take('a', [0, 1, 2, 99]);
    assert.deepEqual([cut.count, tokensIn(cut.cache), capacityOf(cut.cache)], [3, [0, 1, 2], 256]);
    assert.notEqual(cut.cache, roomy);
    assert.equal(device.copied - copied, 3 * TOKEN);
    const shortened = await caches.take('a', [...range(0, 6), 99]);
    assert.deepEqual([shortened.cache, shortened.count, tokensIn(roomy)], [roomy, 6, range(0, 6)]);
    assert.deepEqual([device.copied - copied, caches.sizes.count], [3 * TOKEN, 0]);
    await caches.keep('a', range(0, 6), roomy);
    const whole = await caches.take('a', range(0, 8));
    assert.deepEqual([whole.cache, whole.count], [roomy, 6]);
    await caches.keep('a', range(0, 5), roomy);
    assert.equal(device.buffers[0].isDestroyed, true, 'one whose length is another is not kept');
});

test('room is memory: it counts, makes others go, and goes with its cache', async () => {
    const device = deviceOf(), caches = cachesOn(device, { bytes: 1024 * TOKEN });
    for (const owner of ['a', 'b', 'c']) {
        await caches.keep(owner, [1, 2], await caches.withRoom(grownOf([1, 2]), 2, 3, 200));
    }
    assert.deepEqual([caches.bytes, caches.bytesBeside], [3 * 256 * TOKEN, 3 * 256 * TOKEN]);
    const holder = { cache: grownOf(range(0, 10)) };
    caches.hold(holder);
    holder.cache = await caches.withRoom(holder.cache, 10, 11, 500);
    assert.deepEqual([capacityOf(holder.cache), caches.sizes.count, device.buffers[0].isDestroyed], [512, 2, true]);
    holder.cache = await caches.withRoom(holder.cache, 512, 513, 2000);
    assert.deepEqual([capacityOf(holder.cache), caches.sizes.count], [1024, 0], 'as much as there is memory for');
    holder.cache = await caches.withRoom(holder.cache, 1024, 1025, 2000);
    assert.equal(capacityOf(holder.cache), 1280, 'what has to be, is');
    assert.equal(device.buffers.filter(({ isDestroyed }) => !isDestroyed).length, 1);
    caches.letGo(holder);
    await caches.keep('d', range(0, 1025), holder.cache);
    assert.ok(device.buffers.every(({ isDestroyed }) => isDestroyed));
    await caches.keep('e', [1], await caches.withRoom(grownOf([1]), 1, 2, 9));
    await caches.dispose();
    assert.ok(device.buffers.every(({ isDestroyed }) => isDestroyed), 'all goes with the model');
});

test('what cannot be copied here grows as before', async () => {
    const device = deviceOf(), caches = cachesOn(device);
    const odd = grownOf([1, 2], { size: 3, type: 'float16' });
    assert.equal(await caches.withRoom(odd, 2, 3, 9), odd);
    const elsewhere = grownOf([1, 2]);
    elsewhere[NAME].ort_tensor.location = 'cpu';
    assert.equal(await caches.withRoom(elsewhere, 2, 3, 9), elsewhere);
    assert.equal(device.buffers.length, 0);
    const without = new KvCaches({ Tensor, DynamicCache }, () => assert.fail());
    const grown = grownOf([1, 2]);
    assert.equal(await without.withRoom(grown, 2, 3, 9), grown);
    assert.equal(without.placesOf({ outputNames: [] }, {}), null);
});
