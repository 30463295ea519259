// tier: quick
/** How many tokens of a prompt a step reads, by a clock of the test's: those that are read fastest, no longer than a cancel may wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './support/yield.mjs';
import { PromptChunk } from '../../page/src/engine/prompt_chunk.js';
import { Slots } from '../../page/src/engine/llama_slots.js';

/** Reads so many steps on an adapter, and gives their sizes. @param {PromptChunk} chunk @param {number} steps @param {(tokens: number) => number} msOf a step */
const read = (chunk, steps, msOf) => Array.from({ length: steps }, () => {
    const tokens = chunk.tokens();
    chunk.note(tokens, msOf(tokens));
    return tokens;
});
/** An adapter of which each step takes a time, and each token. */
const adapter = (stepMs, tokenMs) => (tokens) => stepMs + tokenMs * tokens;
/** What is read after so many steps. */
const settled = (msOf, { usual = 64, most = 512, steps = 60 } = {}) => {
    const chunk = new PromptChunk(usual, most);
    read(chunk, steps, msOf);
    return chunk.tokens(false);
};

test('the size that is fastest on an adapter is found, and none is longer than a cancel may wait', () => {
    assert.equal(settled(adapter(20, 0.2)), 512, 'a GPU, which is ready after 20 ms');
    assert.equal(settled(adapter(20, 0.2), { most: 128 }), 128);
    assert.equal(settled(adapter(20, 2)), 128, '256 tokens would take 532 ms');
    assert.equal(settled(adapter(0, 1)), 8, 'no size is faster than the smallest');
    assert.equal(settled(adapter(4, 1)), 64, '128 tokens are faster by 3 %');
    assert.equal(settled(adapter(0, 100)), 8);
    for (const [stepMs, tokenMs] of [[20, 0.2], [20, 2], [0, 1], [5, 4]]) {
        const sizes = read(new PromptChunk(64, 512), 200, adapter(stepMs, tokenMs));
        assert.ok(sizes.every((tokens) => adapter(stepMs, tokenMs)(tokens) <= 300), `${sizes}`);
    }
});

test('the first size is the usual one; one step of it that is too long is enough for another', () => {
    assert.equal(new PromptChunk(32, 512).tokens(), 32);
    assert.deepEqual(read(new PromptChunk(64, 512), 8, adapter(0, 20)), [64, 64, 8, 8, 8, 8, 8, 8]);
    assert.deepEqual(read(new PromptChunk(64, 512), 4, adapter(0, 9)), [64, 64, 32, 32]);
});

test('the first step of each size says nothing, because a GPU prepares for it', () => {
    const met = new Set();
    const compiles = (tokens) => (met.has(tokens) ? 20 + 0.2 * tokens : (met.add(tokens), 5000));
    assert.equal(settled(compiles), 512);
});

test('a processor does not prepare for a size, and a step tells at once how many tokens fit', () => {
    const after = (tokenMs, most = 256) => {
        const chunk = new PromptChunk(32, most, false);
        read(chunk, 1, adapter(0, tokenMs));
        return chunk.tokens();
    };
    const times = [0.01, 1.17, 1.18, 2.3, 2.4, 9, 10, 18, 19, 37, 38, 1000];
    assert.deepEqual(times.map((ms) => after(ms)), [256, 256, 128, 128, 64, 32, 16, 16, 8, 8, 8, 8]);
    assert.deepEqual([after(0.01, 100), after(4, 100)], [100, 64], 'the most need not be a power of two');
});

test('a size that is much slower than another says how many tokens fit instead', () => {
    const chunk = new PromptChunk(32, 256, false);
    for (const [tokens, tokenMs] of [[32, 1], [256, 4]]) chunk.note(tokens, tokens * tokenMs);
    assert.equal(chunk.tokens(), 64);
});

test('a step that took long for other reasons changes nothing', () => {
    let steps = 0;
    assert.equal(settled((tokens) => (++steps % 7 === 0 ? 10 : 1) * (20 + 0.2 * tokens)), 512);
});

test('a size that becomes slower, as behind a long text, gives way to another, and comes back', () => {
    const chunk = new PromptChunk(64, 512);
    read(chunk, 60, adapter(20, 0.2));
    read(chunk, 60, adapter(20, 2));
    assert.equal(chunk.tokens(false), 128);
    read(chunk, 1000, adapter(20, 0.2));
    assert.equal(chunk.tokens(false), 512);
});

test('sizes are tried only in steps that can be measured, and other steps are not noted', () => {
    const chunk = new PromptChunk(64, 512);
    read(chunk, 4, adapter(20, 0.2));
    assert.deepEqual([chunk.tokens(false), chunk.tokens(true)], [64, 512]);
    for (const [tokens, ms] of [[100, 1], [4, 1], [1024, 1], [128, 0], [128, NaN]]) for (let i = 0; i < 9; i++) chunk.note(tokens, ms);
    assert.deepEqual([chunk.tokens(false), chunk.tokens(true)], [64, 512]);
});

/** A llama.cpp that reads as many tokens in a step as it was told, in 20 ms and 0.2 ms for each, by the clock of `world`. */
function readingModule(world) {
    const asked = new Map();
    let chunk = 0;
    return {
        sizes: [],
        readBy(tokens) { chunk = tokens; },
        async action(name, { req_id: id, data_json: body }) {
            if (name !== 'get_result') {
                const { total } = JSON.parse(body);
                asked.set(asked.size + 1, { total, read: 0, results: [{ processed: 0 }] });
                return { req_id: asked.size };
            }
            const one = asked.get(id);
            const left = [...asked.values()].filter(({ total, read: so }) => so < total);
            if ([...asked.values()].every(({ results }) => results.length === 0)) { // a step, for all of them
                let room = chunk;
                world.now += 20;
                for (const other of left) {
                    const tokens = Math.min(room, other.total - other.read);
                    room -= tokens;
                    other.read += tokens;
                    world.now += 0.2 * tokens;
                    if (tokens > 0) other.results.push({ processed: other.read });
                }
                this.sizes.push(chunk);
            }
            const { processed } = one.results.shift() ?? {};
            return { data_json: processed === undefined ? '' : JSON.stringify({ prompt_progress: { processed, cache: 0 } }), is_error: false,
                has_more: processed !== one.total };
        },
    };
}

/** Has prompts read in slots with a planted clock. @param {(ask: (total: number, more?: object) => Promise<void>, module: any, chunk: PromptChunk) => Promise<void>} body */
async function withSlots(body) {
    const world = { now: 0 }, clock = performance.now;
    performance.now = () => world.now;
    try {
        const module = readingModule(world), chunk = new PromptChunk(64, 512);
        const slots = new Slots(/** @type {any} */ (module), 4, 10_000, undefined, undefined, chunk);
        await body((total, more = {}) => slots.run({ action: 'completion', body: { total, return_progress: true },
            signal: new AbortController().signal, onResult() {}, onStep() {}, ...more }), module, chunk);
    } finally {
        performance.now = clock;
    }
}

test('within a long prompt the size goes to the fastest one', () => withSlots(async (ask, module) => {
    await ask(20_000);
    assert.deepEqual(module.sizes.slice(0, 10), [64, 64, 512, 512, 512, 512, 256, 256, 256, 256]);
    assert.equal(module.sizes.at(-1), 512);
}));

test('prompts beside each other are read in the size that is known, which they do not change', () => withSlots(async (ask, module) => {
    await Promise.all([ask(2000), ask(2000)]);
    assert.deepEqual([...new Set(module.sizes.slice(0, 30))], [64]);
}));

test('what is to be the same each time is read in the usual size', () => withSlots(async (ask, module, chunk) => {
    await ask(20_000);
    assert.equal(chunk.tokens(false), 512);
    module.sizes.length = 0;
    await ask(2000, { steady: true });
    assert.deepEqual([...new Set(module.sizes)], [64]);
}));
