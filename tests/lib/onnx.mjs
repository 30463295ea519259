/**
 * Writes small ONNX models, so that the tests have slow, endless and broken ones on demand. Field
 * numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

function varint(value) {
    const bytes = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
        bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
        rest >>= 7n;
    } while (rest > 0n);
    return Buffer.from(bytes);
}

const integer = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, value) => {
    const content = Buffer.isBuffer(value) ? value : Buffer.from(value);
    return Buffer.concat([varint((field << 3) | 2), varint(content.length), content]);
};
const join = (...parts) => Buffer.concat(parts.flat());

export const FLOAT = 1, UINT8 = 2, INT64 = 7, BOOL = 9, FLOAT16 = 10;

/** A graph input or output. A dimension may be a number or a name. */
export function value(name, type, shape) {
    const dims = shape.map((dim) =>
        bytes(1, typeof dim === 'number' ? integer(1, dim) : bytes(2, dim)));
    return join(bytes(1, name), bytes(2, bytes(1, join(integer(1, type), bytes(2, join(dims))))));
}

/** An initializer; `content` are its raw little-endian bytes. */
export function tensor(name, type, shape, content) {
    return join(shape.map((dim) => integer(1, dim)), integer(2, type), bytes(8, name),
        bytes(9, content));
}

/** An initializer whose bytes lie in a file beside the model's own. */
export function externalTensor(name, type, shape, place) {
    const entries = Object.entries(place).map(([key, text]) =>
        bytes(13, join(bytes(1, key), bytes(2, String(text)))));
    return join(shape.map((dim) => integer(1, dim)), integer(2, type), bytes(8, name), entries,
        integer(14, 1));
}

export const graphAttribute = (name, body) =>
    bytes(5, join(bytes(1, name), bytes(6, body), integer(20, 5)));

export const integerAttribute = (name, number) =>
    bytes(5, join(bytes(1, name), integer(3, number), integer(20, 2)));

export const integersAttribute = (name, list) =>
    bytes(5, join(bytes(1, name), list.map((number) => integer(8, number)), integer(20, 7)));

export function numberAttribute(name, number) {
    const content = Buffer.alloc(5, (2 << 3) | 5);
    content.writeFloatLE(number, 1);
    return bytes(5, join(bytes(1, name), content, integer(20, 1)));
}

export const tensorAttribute = (name, content) =>
    bytes(5, join(bytes(1, name), bytes(5, content), integer(20, 4)));

export function node(type, inputs, outputs, { attributes = [], domain = '' } = {}) {
    return join(inputs.map((name) => bytes(1, name)), outputs.map((name) => bytes(2, name)),
        bytes(4, type), attributes, domain ? bytes(7, domain) : []);
}

export function graph(name, { nodes, inputs, outputs, initializers = [] }) {
    return join(nodes.map((one) => bytes(1, one)), bytes(2, name),
        initializers.map((one) => bytes(5, one)), inputs.map((one) => bytes(11, one)),
        outputs.map((one) => bytes(12, one)));
}

export function model(body, { opset = 17, domains = {}, producer = 'webinfer-tests' } = {}) {
    const sets = [['', opset], ...Object.entries(domains)].map(([domain, version]) =>
        bytes(8, join(bytes(1, domain), integer(2, version))));
    return join(integer(1, 8), producer ? bytes(2, producer) : [], bytes(7, body), sets);
}

/**
 * A model that takes as long as it is told: `count` times x ← (x · w) with w = identity, so the
 * answer is x itself. A round costs about a millisecond; a huge count never ends.
 */
export function slow(size = 256) {
    const identity = Buffer.alloc(size * size * 4);
    for (let index = 0; index < size; index++)
        identity.writeFloatLE(1, (index * size + index) * 4);
    const body = graph('body', {
        nodes: [node('MatMul', ['carried', 'w'], ['next']), node('Identity', ['go'], ['go_on'])],
        inputs: [value('round', INT64, []), value('go', BOOL, []),
            value('carried', FLOAT, [size, size])],
        outputs: [value('go_on', BOOL, []), value('next', FLOAT, [size, size])],
    });
    return model(graph('slow', {
        nodes: [
            node('Expand', ['x', 'square'], ['wide']),
            node('Loop', ['count', 'yes', 'wide'], ['turned'],
                { attributes: [graphAttribute('body', body)] }),
            node('ReduceMax', ['turned'], ['y']),
        ],
        inputs: [value('x', FLOAT, [1, 1]), value('count', INT64, [])],
        outputs: [value('y', FLOAT, [1, 1])],
        initializers: [tensor('w', FLOAT, [size, size], identity),
            tensor('yes', BOOL, [], Buffer.from([1])),
            tensor('square', INT64, [2], Buffer.from(new BigInt64Array([BigInt(size),
                BigInt(size)]).buffer))],
    }));
}

/** What `slow` is asked for so many rounds, on WASM. @param {number} count */
export const slowRequest = (count) => ({ model_name: 'slow', platform: 'wasm', inputs: [
    { name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] }, { name: 'count', datatype: 'INT64', shape: [], data: [count] },
] });

/** y = x, and no more than that takes. */
export const smallest = () => model(graph('g', { nodes: [node('Identity', ['x'], ['y'])],
    inputs: [value('x', FLOAT, [1])], outputs: [value('y', FLOAT, [1])] }), { producer: '' });

/** y = x + x over any length of FP32, with a free dimension. Another `name` makes other bytes. */
export function twice(name = 'twice') {
    return model(graph(name, {
        nodes: [node('Add', ['x', 'x'], ['y'])],
        inputs: [value('x', FLOAT, ['n'])], outputs: [value('y', FLOAT, ['n'])],
    }));
}

/** y = a + b. */
export function add() {
    return model(graph('add', {
        nodes: [node('Add', ['a', 'b'], ['y'])],
        inputs: [value('a', FLOAT, ['n']), value('b', FLOAT, ['n'])], outputs: [value('y', FLOAT, ['n'])],
    }));
}

/** y = softmax(x · w) for each of N rows: rows that do not see each other, in a batch. */
export function rows() {
    const w = new Float32Array([1, -2, 3, 0.5, 0.25, -1, 2, 1.5, -0.75, 1, -3, 2]);
    return model(graph('rows', {
        nodes: [node('MatMul', ['x', 'w'], ['z']), node('Softmax', ['z'], ['y'])],
        inputs: [value('x', FLOAT, ['N', 4])], outputs: [value('y', FLOAT, ['N', 3])],
        initializers: [tensor('w', FLOAT, [4, 3], Buffer.from(w.buffer))],
    }));
}

/**
 * y = x · w · v, square matrices of `size`, each in a file of its own (v behind `gap` other bytes):
 * `graph` is the model, `files` {path: bytes}. w doubles, and v turns the order round.
 */
export function external({ size = 4, gap = 4096 } = {}) {
    const w = new Float32Array(size * size), v = new Float32Array(size * size);
    for (let index = 0; index < size; index++) {
        w[index * size + index] = 2;
        v[index * size + size - 1 - index] = 1;
    }
    const length = size * size * 4;
    return {
        graph: model(graph('external', {
            nodes: [node('MatMul', ['x', 'w'], ['z']), node('MatMul', ['z', 'v'], ['y'])],
            inputs: [value('x', FLOAT, [1, size])], outputs: [value('y', FLOAT, [1, size])],
            initializers: [
                externalTensor('w', FLOAT, [size, size], { location: 'w.bin', offset: 0, length }),
                externalTensor('v', FLOAT, [size, size], { location: 'parts/v.data', offset: gap, length }),
            ],
        })),
        files: {
            'w.bin': Buffer.from(w.buffer),
            'parts/v.data': Buffer.concat([Buffer.alloc(gap), Buffer.from(v.buffer)]),
        },
    };
}

/** Puts such a model into `folder`, its graph called `name`, with `more` bytes in w.bin that it does not need. */
export function putExternal(folder, more, name = 'model.onnx') {
    const { graph, files } = external();
    files['w.bin'] = Buffer.concat([files['w.bin'], crypto.randomBytes(more)]);
    for (const [file, content] of Object.entries({ [name]: graph, ...files })) {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), content);
    }
}

/** y = table[x + 0] for each of a batch of numbers; one out of range fails the whole run, and what is computed is not
 * looked at before. */
export function look() {
    const table = new Float32Array([10, 11, 12, 13, 14, 15, 16, 17]);
    return model(graph('look', {
        nodes: [node('Add', ['x', 'nothing'], ['index']), node('Gather', ['table', 'index'], ['y'])],
        inputs: [value('x', INT64, ['batch_size'])], outputs: [value('y', FLOAT, ['batch_size'])],
        initializers: [tensor('table', FLOAT, [8], Buffer.from(table.buffer)), tensor('nothing', INT64, [], Buffer.alloc(8))],
    }));
}

/** y = the running sum of x along a free dimension that is no batch. */
export function sums() {
    return model(graph('sums', {
        nodes: [node('CumSum', ['x', 'axis'], ['y'])],
        inputs: [value('x', FLOAT, ['time'])], outputs: [value('y', FLOAT, ['time'])],
        initializers: [tensor('axis', INT64, [], Buffer.alloc(8))],
    }));
}

/** y = x as a million numbers. */
export function wide() {
    return model(graph('wide', {
        nodes: [node('Expand', ['x', 'shape'], ['y'])],
        inputs: [value('x', FLOAT, [1])], outputs: [value('y', FLOAT, [1_000_000])],
        initializers: [tensor('shape', INT64, [1], Buffer.from(new BigInt64Array([1_000_000n]).buffer))],
    }));
}

/** y = as many zeros as x says: a small input with an output of any size. */
export function zeros() {
    return model(graph('zeros', {
        nodes: [node('ConstantOfShape', ['x'], ['y'])],
        inputs: [value('x', INT64, [1])], outputs: [value('y', FLOAT, ['n'])],
    }));
}

/** The same graph with an operator that no engine has. */
export function unknownOperator() {
    return model(graph('unknown', {
        nodes: [node('NoSuchOperator', ['x'], ['y'], { domain: 'com.example' })],
        inputs: [value('x', FLOAT, ['n'])], outputs: [value('y', FLOAT, ['n'])],
    }), { domains: { 'com.example': 1 } });
}

/** Fails while running, not while loading: a Reshape to a size that the data does not have. */
export function failing() {
    return model(graph('failing', {
        nodes: [node('Reshape', ['x', 'shape'], ['y'])],
        inputs: [value('x', FLOAT, ['n']), value('shape', INT64, [1])],
        outputs: [value('y', FLOAT, ['m'])],
    }));
}
