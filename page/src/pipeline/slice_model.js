/**
 * An ONNX model of one node, written here, which cuts a tensor: `y = x[..., :end, :]`, with the second
 * axis from behind being the one that is cut. On a device the tensor stays where it is.
 * The numbers of fields are those of onnx.proto (onnx 1.12), the encoding is Protocol Buffers'.
 */

/** onnx.TensorProto.DataType. */
const TYPES = Object.freeze({ float32: 1, int64: 7, float16: 10 });
const IR_VERSION = 8;
const OPSET = 17;

/** @param {'float32' | 'float16'} type of the tensors @param {number} rank how many dimensions they have
 * @returns {Uint8Array} with the inputs `x` and `end` (INT64, one element), and the output `y` */
export function sliceModel(type, rank) {
    const axes = Array.from({ length: rank }, (_, axis) => `d${axis}`);
    const cut = axes.with(rank - 2, 'cut');
    const node = [...['x', 'start', 'end', 'axis'].map((name) => text(1, name)), text(2, 'y'), text(4, 'Slice')];
    const graph = [
        field(1, node), text(2, 'slice'), field(5, constant('start', 0)), field(5, constant('axis', rank - 2)),
        field(11, value('x', TYPES[type], axes)), field(11, value('end', TYPES.int64, ['one'])),
        field(12, value('y', TYPES[type], cut)),
    ];
    return Uint8Array.from([...number(1, IR_VERSION), ...field(7, graph), ...field(8, [number(2, OPSET)])]);
}

/** A TensorProto of one INT64. @param {string} name @param {number} one */
const constant = (name, one) => [number(1, 1), number(2, TYPES.int64), number(7, one), text(8, name)];

/** A ValueInfoProto. @param {string} name @param {number} type @param {string[]} dimensions their names */
function value(name, type, dimensions) {
    const shape = dimensions.map((dimension) => field(1, [text(2, dimension)]));
    return [text(1, name), field(2, [field(1, [number(1, type), field(2, shape)])])];
}

/** @param {number} id @param {number} small below 128 @returns {number[]} */
const number = (id, small) => [id << 3, small];

/** @param {number} id @param {string} ascii @returns {number[]} */
const text = (id, ascii) => field(id, [[...ascii].map((one) => one.charCodeAt(0))]);

/** @param {number} id @param {number[][]} parts of what it holds @returns {number[]} */
function field(id, parts) {
    const inside = parts.flat();
    const { length } = inside;
    return [(id << 3) | 2, ...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), ...inside];
}
