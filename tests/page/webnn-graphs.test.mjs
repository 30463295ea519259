// tier: quick
/** Which sessions WebNN is said to compute, with stand-ins for WebNN and onnxruntime-web. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebnnGraphs } from '../../page/src/engine/webnn_graphs.js';

const tensor = (name, shape) => ({ isTensor: true, name, shape });
const FIXED = [tensor('x', [1, 3])], FREE = [tensor('x', ['batch', 3])], UNNAMED = [tensor('x', [2 ** 32 - 1, 3])];
const scalar = { dataType: 'float32', shape: [1] }, sizes = { dataType: 'int64', shape: [2, 2] };
const numbers = { dataType: 'float32', shape: [1, 3] };

/** onnxruntime-web that has WebNN build a graph with each of these results, and its sessions' watcher. */
function joined() {
    class Builder {
        async build(outputs) {
            if (outputs.y === null) throw new TypeError("Failed to execute 'build'");
            return 'graph';
        }
    }
    const graphs = new WebnnGraphs(Builder);
    const create = async (inputMetadata, results) => {
        for (const y of results) assert.equal(await new Builder().build({ y }), 'graph');
        return { inputMetadata };
    };
    const ort = { Tensor: Array, InferenceSession: { create } };
    return { graphs, ort: graphs.watching(ort) };
}

for (const [what, inputs, results, reason] of [
    ['a graph of fixed sizes', FIXED, [sizes], null],
    ['fixed sizes, and no graph', FIXED, [], /^WebNN took no part of the model: it has its operators not at all/],
    ['free sizes, and numbers', FREE, [sizes, numbers], null],
    ['free sizes, and what computes them', FREE, [sizes, scalar], /: it computes only what has fixed sizes, .* free: x$/],
    ['sizes without a name', UNNAMED, [sizes], /free: x$/],
])
    test(`WebNN and ${what}: ${reason ? 'no part' : 'a part'}`, async () => {
        const { graphs, ort } = joined();
        const session = await ort.InferenceSession.create(inputs, results);
        if (!reason) return graphs.require([session]);
        assert.throws(() => graphs.require([session]), { code: 'platform_unsupported', message: reason });
    });

test('one session of several is enough, and what was built for one is not counted for another', async () => {
    const { graphs, ort } = joined();
    assert.equal(ort.Tensor, Array);
    const first = await ort.InferenceSession.create(FREE, [numbers]);
    const second = await ort.InferenceSession.create(FREE, []);
    graphs.require([second, first]);
    assert.throws(() => graphs.require([second]), { code: 'platform_unsupported' });
    await assert.rejects(ort.InferenceSession.create(FREE, [numbers, null]), TypeError);
    assert.throws(() => graphs.require([]), { code: 'platform_unsupported' });
});

test('where there is no WebNN, nothing is watched', () => {
    assert.throws(() => new WebnnGraphs(undefined).require([{}]), { code: 'platform_unsupported' });
});
