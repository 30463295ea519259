// tier: quick
/** Weights in a graph's own file become weights beside it, where they lie: nothing else of the graph changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { graphIn } from '../../page/src/pipeline/graph_nodes.js';
import { weightsApart } from '../../page/src/pipeline/weights_apart.js';
import * as onnx from '../lib/onnx.mjs';

const LARGE = 64 << 10;
const bytesOf = (length, seed) => Buffer.from({ length }, (_, i) => (i * 31 + seed) % 251);

/** @param {Buffer[]} initializers */
const modelOf = (initializers) => onnx.model(onnx.graph('g', {
    nodes: [onnx.node('Gather', ['w0', 'x'], ['y'])], inputs: [onnx.value('x', onnx.INT64, [1])],
    outputs: [onnx.value('y', onnx.FLOAT, [1])], initializers }));
const tensorOf = (at, content) => onnx.tensor(`w${at}`, onnx.FLOAT, [content.length / 4], content);
const place = (offset, length) => onnx.externalTensor('w0', onnx.FLOAT, [length / 4], { location: '.weights', offset, length });

test('large ones are read from where they lie, small ones stay', () => {
    const large = bytesOf(LARGE, 1), small = bytesOf(LARGE - 4, 2), whole = modelOf([tensorOf(0, large), tensorOf(1, small)]);
    // A part of something larger, as what was brought may be.
    const bytes = new Uint8Array(Buffer.concat([Buffer.alloc(13), whole])).subarray(13);
    const { graph, file } = weightsApart(bytes);
    assert.equal(file.data, bytes);
    const offset = whole.indexOf(large);
    // Every field of the tensor stands where it stood; the place of its bytes follows them.
    assert.deepEqual(Buffer.from(graph), modelOf([place(offset, LARGE), tensorOf(1, small)]));
    assert.deepEqual(graphIn(graph), graphIn(whole));
});

test('of two models behind each other, which are one, both', () => {
    const [first, second] = [3, 4].map((seed) => modelOf([tensorOf(0, bytesOf(LARGE, seed))]));
    const { graph } = weightsApart(new Uint8Array(Buffer.concat([first, second])));
    assert.ok(graph.length < 1000);
});

test('what has none, has them elsewhere, or is no model, stays as it is', () => {
    const external = modelOf([place(0, LARGE)]), whole = modelOf([tensorOf(0, bytesOf(LARGE, 5))]);
    for (const bytes of [modelOf([tensorOf(0, bytesOf(400, 6))]), external, Buffer.alloc(0), Buffer.alloc(100_000, 255)])
        assert.equal(weightsApart(new Uint8Array(bytes)), null);
    for (let cut = whole.length - 1; cut > 0; cut -= 997) assert.doesNotThrow(() => weightsApart(new Uint8Array(whole.subarray(0, cut))));
});
