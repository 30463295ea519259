"""Llama as exporters make it for devices: each layer's attention is one node (GroupQueryAttention), which takes
keys and values, gives them with those of the new tokens, and is told how many there are by the attention mask."""

import numpy
from onnx import TensorProto

import tokenizers
from graph import HEAD, WIDTH, Graph, floats, integers
from text import CHAT_TEMPLATE

HEADS = 4  # that ask
GROUPS = 2  # of them, with keys and values of their own
CONTEXT = 4096


def rotations():
    """How far each pair of numbers is turned at each place: cosines and sines."""
    speeds = 10000.0 ** (-numpy.arange(0, HEAD, 2) / HEAD)
    turns = numpy.outer(numpy.arange(CONTEXT), speeds)
    return numpy.cos(turns), numpy.sin(turns)


def lengths(graph):
    """Of what is there with the new tokens: of each text but one, and of the longest."""
    summed = graph.op("ReduceSum", "attention_mask", graph.whole(1), keepdims=0)
    last = graph.op("Cast", graph.op("Sub", summed, graph.count(1)), to=TensorProto.INT32)
    return last, graph.op("Cast", graph.length("attention_mask"), to=TensorProto.INT32)


def attention(graph, packed, index, told):
    """`packed`: queries, keys and values beside each other; `told`: lengths and rotations."""
    pasts, presents = (
        [f"{when}.{index}.{part}" for part in ("key", "value")] for when in ("past_key_values", "present")
    )
    for past, present in zip(pasts, presents):
        graph.takes(floats(past, "batch_size", GROUPS, "past_sequence_length", HEAD))
        graph.gives(floats(present, "batch_size", GROUPS, "total_sequence_length", HEAD))
    return graph.several(
        "GroupQueryAttention", [packed, "", "", *pasts, *told], [*presents],
        domain="com.microsoft", num_heads=HEADS, kv_num_heads=GROUPS, do_rotary=1,
    )


def layer(graph, x, index, told):
    packed = graph.op("MatMul", graph.norm(x), graph.drawn(WIDTH, (HEADS + 2 * GROUPS) * HEAD))
    return graph.op("Add", x, graph.linear(attention(graph, packed, index, told), HEADS * HEAD))


def talker(folder, layers=2):
    vocabulary = tokenizers.bytes_pairs(
        folder, "GPT2Tokenizer", model_max_length=CONTEXT, chat_template=CHAT_TEMPLATE,
    )
    size, end = len(vocabulary), vocabulary["<|end|>"]
    graph = Graph("llama")
    graph.takes(integers("input_ids", "batch_size", "sequence_length"),
                integers("attention_mask", "batch_size", "total_sequence_length"))
    graph.gives(floats("logits", "batch_size", "sequence_length", size))
    told = [*lengths(graph), *(graph.constant(values) for values in rotations())]
    x = graph.op("Gather", graph.drawn(size, WIDTH, spread=1.0), "input_ids")
    for index in range(layers):
        x = layer(graph, x, index, told)
    scores = graph.op("MatMul", graph.norm(x), graph.drawn(WIDTH, size, spread=1.0))
    graph.op("Add", scores, graph.constant(tokenizers.unsaid(vocabulary)), output="logits")
    sizes = {"hidden_size": WIDTH, "num_attention_heads": HEADS, "num_key_value_heads": GROUPS, "head_dim": HEAD,
             "num_hidden_layers": layers, "max_position_embeddings": CONTEXT}
    ids = {"bos_token_id": end, "eos_token_id": end}
    folder.config("llama", "LlamaForCausalLM", vocab_size=size, **sizes, **ids)
    folder.generation(**ids)
    folder.save(graph.model("com.microsoft"))
