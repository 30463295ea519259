/** The graphs by which the page tries 8 and 4 bits (page/src/features/models.js), in the forms that webinfer makes of models:
 * y = x · w of a row and a matrix of whole numbers. */
import { INPUTS, OUTPUTS, weight } from '../../page/src/features/models.js';
import { FLOAT, graph, integerAttribute, model, node, tensor, value } from './onnx.mjs';

const UINT8 = 2, INT8 = 3;

/** Of a graph with these. */
const wrapped = (nodes, initializers, more = {}) => model(graph('g', {
    nodes, initializers, inputs: [value('x', FLOAT, [1, INPUTS])], outputs: [value('y', FLOAT, [1, OUTPUTS])],
}), { producer: '', ...more });

/** As models of 8 bits are on wasm and webnn. */
function integers() {
    const w = Buffer.alloc(INPUTS * OUTPUTS);
    for (let k = 0; k < INPUTS; k++) for (let n = 0; n < OUTPUTS; n++) w.writeInt8(weight(k, n), k * OUTPUTS + n);
    return wrapped([
        node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
        node('MatMulInteger', ['q', 'w', 'z', 'v'], ['i']),
        node('Cast', ['i'], ['f'], { attributes: [integerAttribute('to', FLOAT)] }),
        node('Mul', ['f', 's'], ['y']),
    ], [tensor('w', INT8, [INPUTS, OUTPUTS], w), tensor('v', INT8, [], Buffer.alloc(1))]);
}

/** As models of 4 bits are, and on webgpu those of 8. */
function blocks(bits) {
    const each = INPUTS * bits / 8, w = Buffer.alloc(OUTPUTS * each), scales = Buffer.alloc(OUTPUTS * 4);
    for (let n = 0; n < OUTPUTS; n++) {
        scales.writeFloatLE(1, n * 4);
        for (let k = 0; k < INPUTS; k++) {
            const stored = weight(k, n) + 2 ** (bits - 1), at = n * each + Math.floor(k * bits / 8);
            w[at] |= stored << (bits === 4 ? k % 2 * 4 : 0);
        }
    }
    const attributes = Object.entries({ K: INPUTS, N: OUTPUTS, bits, block_size: INPUTS }).map(([name, number]) => integerAttribute(name, number));
    return wrapped([node('MatMulNBits', ['x', 'w', 's'], ['y'], { attributes, domain: 'com.microsoft' })],
        [tensor('w', UINT8, [OUTPUTS, 1, each], w), tensor('s', FLOAT, [OUTPUTS, 1], scales)], { domains: { 'com.microsoft': 1 } });
}

/** By their form. */
export const modelsOfFewerBits = () => ({ integers: integers(), blocks8: blocks(8), blocks4: blocks(4) });
