"""The same model with other weights: 16-bit floats, 8-bit and 4-bit integers."""

import copy

import numpy
from onnx import TensorProto, helper, numpy_helper

BLOCK = 32  # weights that share a scale, of 4 bits


def weights_of(model):
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


def half(model):
    """All arithmetic in 16 bits; outputs are cast back, so that they stay what they were."""
    model = copy.deepcopy(model)
    graph = model.graph
    for index, (name, values) in enumerate(weights_of(model).items()):
        if values.dtype == numpy.float32:
            graph.initializer[index].CopyFrom(numpy_helper.from_array(values.astype(numpy.float16), name))
    outputs = {one.name for one in graph.output}
    casts = []
    for node in graph.node:
        for index, name in enumerate(node.output):
            if name in outputs:
                node.output[index] = f"{name}_half"
                casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    graph.node.extend(casts)
    return model


def replaced(model, make):
    """Every product with a matrix of weights becomes what `make(weights, node)` gives: nodes and weights."""
    model = copy.deepcopy(model)
    weights, nodes, more, gone = weights_of(model), [], [], set()
    for node in model.graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            nodes.append(node)
            continue
        made, initializers = make(weights[node.input[1]], node)
        nodes.extend(made)
        more.extend(initializers)
        gone.add(node.input[1])
    kept = [one for one in model.graph.initializer if one.name not in gone]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend([*kept, *more])
    return model


def eight_bits(weights, node):
    """Dynamic quantisation: the activations' scale is found in each run, the weights' is one."""
    x, output, name = node.input[0], node.output[0], node.name
    scale = float(numpy.abs(weights).max() / 127)
    whole = numpy.round(weights / scale).astype(numpy.int8)
    initializers = [
        numpy_helper.from_array(whole, f"{name}_q"),
        numpy_helper.from_array(numpy.array(scale, numpy.float32), f"{name}_s"),
        numpy_helper.from_array(numpy.array(0, numpy.int8), f"{name}_z"),
    ]
    nodes = [
        helper.make_node("DynamicQuantizeLinear", [x], [f"{name}_x", f"{name}_xs", f"{name}_xz"]),
        helper.make_node(
            "MatMulInteger", [f"{name}_x", f"{name}_q", f"{name}_xz", f"{name}_z"], [f"{name}_i"]
        ),
        helper.make_node("Cast", [f"{name}_i"], [f"{name}_f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_xs", f"{name}_s"], [f"{name}_m"]),
        helper.make_node("Mul", [f"{name}_f", f"{name}_m"], [output]),
    ]
    return nodes, initializers


def four_bits(weights, node):
    """onnxruntime's MatMulNBits: blocks of a column, two weights a byte, the lower half first.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits"""
    rows, columns = weights.shape
    blocks = weights.T.reshape(columns, rows // BLOCK, BLOCK)
    scales = (numpy.abs(blocks).max(axis=2) / 7).astype(numpy.float32)
    whole = numpy.clip(numpy.round(blocks / scales[:, :, None]) + 8, 0, 15).astype(numpy.uint8)
    packed = whole[:, :, 0::2] | (whole[:, :, 1::2] << 4)
    name = node.name
    initializers = [
        numpy_helper.from_array(packed, f"{name}_q"),
        numpy_helper.from_array(scales.reshape(-1), f"{name}_s"),
    ]
    made = helper.make_node(
        "MatMulNBits", [node.input[0], f"{name}_q", f"{name}_s"], [node.output[0]],
        domain="com.microsoft", K=rows, N=columns, bits=4, block_size=BLOCK,
    )
    return [made], initializers


def quantized(model, bits):
    made = replaced(model, eight_bits if bits == 8 else four_bits)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made
