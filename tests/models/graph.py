"""Builds ONNX graphs: weights drawn by lot, and the blocks that transformers are made of.

Every graph draws from a generator of its own, seeded by its name, so that adding a model changes no
other. Tensors are named by strings, as in ONNX.
"""

import os
import zlib

import numpy
from onnx import TensorProto, checker, helper, numpy_helper

SIZES = {}


def size(name, otherwise):
    """What the bench makes larger, so that there is something to time: by WEBINFER_FAMILY_(name)."""
    SIZES[name] = int(os.environ.get(f"WEBINFER_FAMILY_{name}", otherwise))
    return SIZES[name]


WIDTH = size("WIDTH", 32)  # of every hidden state
INNER = size("INNER", 2 * WIDTH)  # between the two products of a feed-forward
LAYERS = size("LAYERS", 2)  # of an encoder, and of GPT-2
HEADS = size("HEADS", 2)
SIDE = size("SIDE", 32)  # of the pictures that models see
FINE_SIDE = size("FINE_SIDE", SIDE)  # where they are cut into regions
PATCH = size("PATCH", 8)  # the side of what is one token
SECONDS = size("SECONDS", 2)  # that Whisper hears at a time
COARSE = size("COARSE", 0)  # so many values of a weight lie between two whole spreads; 0: any
HEAD = WIDTH // HEADS
OPSET = 17
HIDDEN = -1e4  # added to the scores of what is not to be seen; as 16-bit numbers know it, too
SPREAD = 0.2 * (32 / WIDTH) ** 0.5  # of the weights: tokens differ, and nothing overflows


def integers(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.INT64, list(shape))


def floats(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def flags(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.BOOL, list(shape))


class Graph:
    def __init__(self, name):
        self.name = name
        self.random = numpy.random.default_rng(zlib.crc32(name.encode()))
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self.made = 0

    def takes(self, *values):
        self.inputs.extend(values)

    def gives(self, *values):
        self.outputs.extend(values)

    def op(self, kind, *inputs, output=None, **attributes):
        """Adds a node; gives the name of its (only) output."""
        return self.several(kind, inputs, [], output, **attributes)

    def several(self, kind, inputs, more, output=None, **attributes):
        """Adds a node with `more` outputs behind the first, which it gives the name of."""
        self.made += 1
        output = output or f"t{self.made}"
        self.nodes.append(
            helper.make_node(kind, list(inputs), [output, *more], name=f"n{self.made}", **attributes)
        )
        return output

    def either(self, condition, first, second, outputs):
        """An If: `first()` and `second()` add the nodes of one branch each and name what they give for
        `outputs`, which are floats of no certain shape."""
        branches = []
        for branch in (first, second):
            outside, self.nodes = self.nodes, []
            inner = [self.op("Identity", name) for name in branch()]
            values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in inner]
            branches.append(helper.make_graph(self.nodes, f"{self.name}_{branch.__name__}", [], values))
            self.nodes = outside
        self.made += 1
        self.nodes.append(
            helper.make_node(
                "If", [condition], outputs, name=f"n{self.made}",
                then_branch=branches[0], else_branch=branches[1],
            )
        )

    def constant(self, values, kind=numpy.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(numpy.array(values, kind, order="C"), name))
        return name

    def whole(self, *values):
        return self.constant(values, numpy.int64)

    def count(self, value):
        """A whole number as a scalar, as Range and Gather take it."""
        return self.constant(value, numpy.int64)

    def drawn(self, *shape, spread=SPREAD):
        values = self.random.standard_normal(shape)
        if COARSE:
            values = numpy.round(values * COARSE) / COARSE
        return self.constant(values * spread)

    def linear(self, x, rows=WIDTH, columns=WIDTH, output=None):
        product = self.op("MatMul", x, self.drawn(rows, columns))
        return self.op("Add", product, self.drawn(columns, spread=0.02), output=output)

    def norm(self, x):
        one, zero = self.constant(numpy.ones(WIDTH)), self.constant(numpy.zeros(WIDTH))
        return self.op("LayerNormalization", x, one, zero, axis=-1, epsilon=1e-5)

    def gelu(self, x):
        """x · (1 + erf(x / √2)) / 2"""
        erf = self.op("Erf", self.op("Mul", x, self.constant(2**-0.5)))
        half = self.op("Mul", x, self.constant(0.5))
        return self.op("Mul", half, self.op("Add", erf, self.constant(1.0)))

    def length(self, x, axis=1):
        """The size of an axis, as a scalar."""
        return self.op("Squeeze", self.op("Shape", x, start=axis, end=axis + 1))

    def numbers(self, start, end):
        return self.op("Range", start, end, self.count(1))

    def heads(self, x):
        """[batch, length, WIDTH] to [batch, HEADS, length, HEAD]"""
        return self.op("Transpose", self.op("Reshape", x, self.whole(0, 0, HEADS, HEAD)), perm=[0, 2, 1, 3])

    def attention(self, query, key, value, bias=None, weights=None):
        """`bias` is added to the scores; `weights` names the output that is to show the shares."""
        scores = self.op("MatMul", query, self.op("Transpose", key, perm=[0, 1, 3, 2]))
        scores = self.op("Mul", scores, self.constant(HEAD**-0.5))
        if bias:
            scores = self.op("Add", scores, bias)
        shares = self.op("Softmax", scores, axis=-1, output=weights)
        mixed = self.op("Transpose", self.op("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self.linear(self.op("Reshape", mixed, self.whole(0, 0, WIDTH)))

    def feed_forward(self, x):
        inner = self.gelu(self.linear(self.norm(x), WIDTH, INNER))
        return self.op("Add", x, self.linear(inner, INNER, WIDTH))

    def layer(self, x, bias=None):
        """One block of an encoder: everything sees everything but what `bias` hides."""
        normal = self.norm(x)
        query, key, value = (self.heads(self.linear(normal)) for _ in range(3))
        return self.feed_forward(self.op("Add", x, self.attention(query, key, value, bias)))

    def layers(self, x, bias=None):
        for _ in range(LAYERS):
            x = self.layer(x, bias)
        return x

    def hidden_padding(self, mask):
        """The bias that hides where an attention mask is 0."""
        there = self.op("Unsqueeze", self.op("Cast", mask, to=TensorProto.BOOL), self.whole(1, 2))
        return self.op("Where", there, self.constant(0.0), self.constant(HIDDEN))

    def embedding(self, ids, vocabulary, context=128):
        words = self.op("Gather", self.drawn(vocabulary, WIDTH), ids)
        places = self.numbers(self.count(0), self.length(ids))
        return self.op("Add", words, self.op("Gather", self.drawn(context, WIDTH), places))

    def patches(self, x="pixel_values", size=PATCH):
        """[batch, 3, h, w] to [batch, patches, WIDTH]"""
        kernel = self.drawn(WIDTH, 3, size, size)
        planes = self.op("Conv", x, kernel, kernel_shape=[size, size], strides=[size, size])
        return self.op("Transpose", self.op("Reshape", planes, self.whole(0, WIDTH, -1)), perm=[0, 2, 1])

    def mean(self, x):
        return self.op("ReduceMean", x, axes=[1], keepdims=0)

    def model(self, *domains):
        """`domains`: of operators that ONNX itself does not have."""
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.weights)
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET), *(helper.make_opsetid(one, 1) for one in domains)],
            ir_version=8, producer_name="webinfer",
        )
        checker.check_model(made)
        return made
