// tier: quick
/** How much of a prompt is read at a time: as much as a cancel may wait for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PromptChunk } from '../../page/src/pipeline/prompt_chunk.js';

/** The piece after one of so many tokens, each of which took so long. */
const after = (tokenMs, most = 256, tokens = 32) => {
    const promptChunk = new PromptChunk('wasm');
    promptChunk.note(tokens, tokens * tokenMs);
    return promptChunk.tokens(most);
};

test('a piece takes 300 ms or eight tokens, whichever is longer, and no more than there is room for', () => {
    const times = [0.01, 1.17, 1.18, 2.3, 2.4, 9, 10, 18, 19, 37, 38, 1000];
    assert.deepEqual(times.map((ms) => after(ms)), [256, 256, 128, 128, 64, 32, 16, 16, 8, 8, 8, 8]);
    for (const ms of times) assert.ok(after(ms) * ms <= Math.max(300, 8 * ms), `${after(ms)} tokens of ${ms} ms`);
    assert.deepEqual([after(0.01, 100), after(4, 100)], [100, 64]);
    assert.equal(after(1000, Infinity), Infinity, 'what cannot be read in pieces');
});

test('little is read at first on a processor, all that there is room for on a device', () => {
    assert.equal(new PromptChunk('wasm').tokens(256), 32);
    for (const platform of ['webgpu', 'webnn']) assert.equal(new PromptChunk(platform).tokens(256), 256);
    assert.equal(new PromptChunk('wasm').tokens(Infinity), Infinity);
});

test('a device that meets a size first prepares for it, which says nothing', () => {
    const promptChunk = new PromptChunk('webgpu');
    promptChunk.note(256, 30000);
    assert.equal(promptChunk.tokens(256), 256);
    promptChunk.note(256, 2560);
    assert.equal(promptChunk.tokens(256), 16);
});

test('what is faster counts at once, what is slower little by little; too few tokens say nothing', () => {
    const promptChunk = new PromptChunk('wasm');
    promptChunk.note(32, 32 * 30);
    promptChunk.note(8, 8);
    assert.equal(promptChunk.tokens(256), 256);
    promptChunk.note(256, 256 * 4);
    assert.equal(promptChunk.tokens(256), 128);
    promptChunk.note(7, 7000);
    promptChunk.note(64, 0);
    assert.equal(promptChunk.tokens(256), 128);
});
