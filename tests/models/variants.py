"""The same model with other weights: 16-bit floats, 8-bit and 4-bit integers."""

import copy

import numpy
from onnx import AttributeProto, TensorProto, helper, numpy_helper

BLOCK = 32  # weights that share a scale, of 4 bits


def weights_of(model):
    return {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}


def graphs_of(graph):
    """The graph, and those of its branches."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield from graphs_of(attribute.g)


def compute_in_half(graph, names):
    """Weights, casts and what branches give become 16-bit; tensors get the names that `names` has."""
    for index, weight in enumerate(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype == numpy.float32:
            halved = numpy_helper.from_array(values.astype(numpy.float16), weight.name)
            graph.initializer[index].CopyFrom(halved)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    for value in graph.output:
        if value.name not in names and value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16


def half(model):
    """All arithmetic in 16 bits; what goes in and comes out is cast, so that it stays what it was."""
    model = copy.deepcopy(model)
    graph = model.graph
    inputs, outputs = (
        [one.name for one in values if one.type.tensor_type.elem_type == TensorProto.FLOAT]
        for values in (graph.input, graph.output)
    )
    names = {name: f"{name}_half" for name in (*inputs, *outputs)}
    for one in graphs_of(graph):
        compute_in_half(one, names)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(
        helper.make_node("Cast", [name], [names[name]], to=TensorProto.FLOAT16) for name in inputs
    )
    graph.node.extend(nodes)
    graph.node.extend(
        helper.make_node("Cast", [names[name]], [name], to=TensorProto.FLOAT) for name in outputs
    )
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


def words_in_four_bits(model):
    """Also the table of words, as 4-bit exports of today have it: onnxruntime's GatherBlockQuantized."""
    model = quantized(model, 4)
    weights, nodes = weights_of(model), model.graph.node
    [place] = [index for index, node in enumerate(nodes) if node.op_type == "Gather"
               and list(node.input)[1:] == ["input_ids"]]
    table, ids = nodes[place].input
    values = weights[table]
    scales = numpy.abs(values).max(axis=1, keepdims=True) / 7
    whole = numpy.clip(numpy.round(values / scales) + 8, 0, 15).astype(numpy.uint8)
    model.graph.initializer.extend([
        numpy_helper.from_array(whole[:, 0::2] | (whole[:, 1::2] << 4), "words_q"),
        numpy_helper.from_array(scales.astype(numpy.float32), "words_s"),
    ])
    nodes[place].CopyFrom(helper.make_node(
        "GatherBlockQuantized", ["words_q", ids, "words_s"], list(nodes[place].output),
        domain="com.microsoft", bits=4, block_size=values.shape[1], gather_axis=0, quantize_axis=1,
    ))
    return model


def quantized(model, bits):
    made = replaced(model, eight_bits if bits == 8 else four_bits)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


def add_all(folder):
    """Beside each graph of a folder, itself with each of the other weights."""
    for file, model in list(folder.graphs.items()):
        folder.save(half(model), f"{file}_fp16")
        folder.save(quantized(model, 8), f"{file}_quantized")
        folder.save(quantized(model, 4), f"{file}_q4")
