// tier: quick
/** Keys and values between the turns of a conversation: whose they are, how they are cut, what is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { KvCaches } from '../../page/src/pipeline/kv_cache.js';
import { sliceModel } from '../../page/src/pipeline/slice_model.js';

const [HEADS, SIZE] = [2, 3];
const disposed = [];

class Tensor {
    constructor(type, data, dims) {
        this.ort_tensor = type instanceof ort.Tensor ? type : new ort.Tensor(type, data, dims);
        for (const name of ['type', 'data', 'dims']) this[name] = this.ort_tensor[name];
    }
}

class DynamicCache {
    constructor(entries) {
        Object.assign(this, entries);
    }

    get_seq_length() {
        return Object.values(this)[0].dims.at(-2);
    }

    async dispose() {
        disposed.push(this);
    }
}

/** Of these tokens, whose numbers are the cache's values; on a device, where `there`. */
function cacheOf(tokens, { there = false, name = 'past_key_values.0.key' } = {}) {
    const rows = Array.from({ length: HEADS }, (_, head) => tokens.map((token) => Array.from({ length: SIZE }, (_, i) => token + head / 2 + i / 8)));
    const tensor = new Tensor('float32', Float32Array.from(rows.flat(2)), [1, HEADS, tokens.length, SIZE]);
    return new DynamicCache({ [name]: there ? Object.assign(tensor, { location: 'gpu-buffer', data: undefined }) : tensor });
}
const caches = (limits) => new KvCaches({ Tensor, DynamicCache }, (model) => ort.InferenceSession.create(model), limits);
const tensorOf = ({ cache }) => Object.values(cache)[0];
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

test('a model of one node cuts tensors', async () => {
    for (const [type, rank, dims, data] of [['float32', 4, [1, 2, 3, 2], Float32Array.from(range(0, 12))], ['float16', 3, [2, 3, 2], Uint16Array.from(range(0, 12))]]) {
        const session = await ort.InferenceSession.create(sliceModel(type, rank));
        const { y } = await session.run({ x: new ort.Tensor(type, data, dims), end: new ort.Tensor('int64', BigInt64Array.of(2n), [1]) });
        const values = new data.constructor(y.data.buffer, y.data.byteOffset, y.data.length);
        assert.deepEqual([y.dims, [...values]], [dims.with(rank - 2, 2), [0, 1, 2, 3, 6, 7, 8, 9]]);
        await session.release();
    }
});

test('the next turn goes on from the longest beginning, and its last token is left to compute', async () => {
    const kept = caches();
    assert.equal(await kept.take('a', [1, 2, 3]), null);
    const [first, second] = [cacheOf([1, 2, 3]), cacheOf([1, 2, 3, 4])];
    await kept.keep('a', [1, 2, 3], first);
    await kept.keep('a', [1, 2, 3, 4], second);
    assert.deepEqual(await kept.take('b', [1, 2, 3, 4, 5]), null, "another owner's is nobody else's");
    const longest = await kept.take('a', [1, 2, 3, 4, 5]);
    assert.equal(longest.cache, second);
    assert.equal(longest.count, 4);
    assert.deepEqual(kept.sizes, { count: 1, tokens: 3 });
    const again = await kept.take('a', [1, 2, 3]);
    assert.equal(again.count, 2);
    assert.deepEqual(tensorOf(again).dims, [1, HEADS, 2, SIZE]);
    assert.notEqual(again.cache, first);
    assert.deepEqual(kept.sizes, { count: 1, tokens: 3 }, 'what was cut is a copy');
    assert.equal(await kept.take('a', [9, 2, 3]), null);
});

test('tensors are cut where they lie, and come out the same', async () => {
    const kept = caches();
    await kept.keep(null, range(0, 7), cacheOf(range(0, 7)));
    const here = await kept.take(null, [0, 1, 2, 3, 99]);
    await kept.dispose();
    await kept.keep(null, range(0, 7), cacheOf(range(0, 7), { there: true }));
    const there = await kept.take(null, [0, 1, 2, 3, 98]);
    assert.deepEqual([here.count, there.count], [4, 4]);
    assert.deepEqual(tensorOf(here).data, tensorOf({ cache: cacheOf(range(0, 4)) }).data);
    assert.deepEqual(tensorOf(there).data, tensorOf(here).data);
    await kept.dispose();
    assert.deepEqual(kept.sizes, { count: 0, tokens: 0 });
});

test('a state that has no beginning is taken whole or not at all', async () => {
    const kept = caches();
    const cache = cacheOf([1, 2, 3], { name: 'past_conv.0' });
    await kept.keep(null, [1, 2, 3], cache);
    assert.equal(await kept.take(null, [1, 2, 9]), null);
    assert.equal((await kept.take(null, [1, 2, 3, 4])).cache, cache);
});

test('as many as there is room for: the least recently used goes', async () => {
    const kept = caches({ entries: 2 });
    const first = cacheOf([1, 2]);
    await kept.keep(null, [1, 2], first);
    await kept.keep(null, [3, 4], cacheOf([3, 4]));
    await kept.take(null, [1, 5]); // a copy: the entry was used
    const before = disposed.length;
    await kept.keep(null, [6, 7], cacheOf([6, 7]));
    assert.equal(disposed.length, before + 1);
    assert.notEqual(disposed.at(-1), first);
    assert.equal(await kept.take(null, [3, 4, 5]), null);
    assert.equal((await kept.take(null, [1, 2, 5])).cache, first);

    const bytes = 4 * HEADS * SIZE * 3; // of three tokens
    const small = caches({ bytes: 2 * bytes });
    const large = cacheOf(range(0, 7));
    await small.keep(null, range(0, 7), large);
    assert.equal(disposed.at(-1), large, 'one that is too large alone is not kept');
    for (const start of [10, 20, 30]) await small.keep(null, range(start, start + 3), cacheOf(range(start, start + 3)));
    assert.deepEqual(small.sizes, { count: 2, tokens: 6 });
    const wrong = cacheOf([1]);
    await small.keep(null, [1, 2], wrong);
    assert.equal(disposed.at(-1), wrong, 'one whose length is another is not kept');
});

test('what is being copied stays, and is nobody else\'s; what is computed now counts', async () => {
    let open;
    const opened = new Promise((resolve) => { open = resolve; });
    const bytes = 4 * HEADS * SIZE * 4; // of four tokens
    const kept = new KvCaches({ Tensor, DynamicCache }, async (model) => {
        await opened;
        return ort.InferenceSession.create(model);
    }, { entries: 1, bytes: 3 * bytes });
    const first = cacheOf([1, 2, 3, 4], { there: true });
    await kept.keep(null, [1, 2, 3, 4], first);
    assert.equal(kept.bytes, bytes);
    const takes = [kept.take(null, [1, 2, 9]), kept.take(null, [1, 2, 3, 4, 5])];
    const { length } = disposed;
    await kept.keep(null, [5, 6, 7, 8], cacheOf([5, 6, 7, 8]));
    assert.ok(!disposed.slice(length).includes(first), 'another goes in its place');
    assert.equal(kept.sizes.count, 1);
    open();
    const [cut, whole] = await Promise.all(takes);
    assert.deepEqual([cut.count, whole.count], [2, 4]);
    assert.ok(cut.cache !== first && whole.cache !== first);
    assert.equal((await kept.take(null, [1, 2, 3, 4, 5])).cache, first, 'now it is free');

    const holder = { cache: null };
    kept.hold(holder);
    assert.equal(kept.bytes, 0);
    holder.cache = cacheOf(range(0, 12));
    assert.equal(kept.bytes, 3 * bytes);
    const late = cacheOf([1, 2, 3, 4]);
    await kept.keep(null, [1, 2, 3, 4], late);
    assert.equal(disposed.at(-1), late, 'there is no room beside it');
    kept.letGo(holder);
    await kept.keep(null, [1, 2, 3, 4], cacheOf([1, 2, 3, 4]));
    assert.equal(kept.bytes, bytes);
});
