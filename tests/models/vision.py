"""What looks at pictures: classes, features, boxes, masks, depth, and pictures against texts."""

import tokenizers
from folder import labels
from graph import FINE_SIDE, PATCH, SIDE, WIDTH, Graph, floats, integers

THINGS = ["circle", "square", "stripe", "noise", "nothing"]


def seeing(name, batch="batch_size"):
    graph = Graph(name)
    graph.takes(floats("pixel_values", batch, 3, "height", "width"))
    return graph


def classifier(folder, things=THINGS):
    graph = seeing(folder.name)
    x = graph.mean(graph.norm(graph.layers(graph.patches())))
    graph.op("MatMul", x, graph.drawn(WIDTH, len(things)), output="logits")
    graph.gives(floats("logits", "batch_size", len(things)))
    sizes = {"hidden_size": WIDTH, "image_size": SIDE, "patch_size": PATCH}
    folder.config("vit", "ViTForImageClassification", **sizes, **labels(*things))
    folder.pictures("ViTImageProcessor")
    folder.save(graph.model())


def features(folder):
    graph = seeing(folder.name)
    graph.op("Identity", graph.norm(graph.layers(graph.patches())), output="last_hidden_state")
    graph.op("Tanh", graph.linear(graph.mean("last_hidden_state")), output="pooler_output")
    graph.gives(
        floats("last_hidden_state", "batch_size", "patches", WIDTH),
        floats("pooler_output", "batch_size", WIDTH),
    )
    folder.config("vit", "ViTModel", hidden_size=WIDTH, image_size=SIDE, patch_size=PATCH)
    folder.pictures("ViTImageProcessor")
    folder.save(graph.model())


QUERIES = 6


def queried(graph):
    """DETR's way: a few learned queries look at the patches."""
    patches = graph.layers(graph.patches())
    asked = graph.drawn(1, QUERIES, WIDTH, spread=1.0)
    x = graph.op("Add", asked, graph.op("Unsqueeze", graph.mean(patches), graph.whole(1)))
    query, key, value = (graph.heads(graph.linear(one)) for one in (x, patches, patches))
    return graph.norm(graph.feed_forward(graph.op("Add", x, graph.attention(query, key, value))))


def class_logits(graph, x, count=len(THINGS) + 1, output="logits"):
    """The last class is for queries that found nothing, unless each class is judged by itself."""
    graph.op("MatMul", x, graph.drawn(WIDTH, count, spread=0.5), output=output)
    graph.gives(floats(output, "batch_size", QUERIES, count))


def boxes(graph, x):
    """Centre and size, as shares of the picture's; mostly in its middle."""
    spots = graph.op("Mul", graph.linear(x, WIDTH, 4), graph.constant([0.3, 0.3, 0.5, 0.5]))
    graph.op("Sigmoid", graph.op("Add", spots, graph.constant([0, 0, -1, -1])), output="pred_boxes")
    graph.gives(floats("pred_boxes", "batch_size", QUERIES, 4))


def masks(graph, x, output="pred_masks"):
    """One for each query, of a quarter of the picture's width and height."""
    kernel = graph.drawn(WIDTH, 3, 4, 4)
    planes = graph.op("Conv", "pixel_values", kernel, kernel_shape=[4, 4], strides=[4, 4])
    side = SIDE // 4
    points = graph.op("MatMul", x, graph.op("Reshape", planes, graph.whole(0, WIDTH, side * side)))
    graph.op("Reshape", points, graph.whole(0, QUERIES, side, side), output=output)
    graph.gives(floats(output, "batch_size", QUERIES, side, side))


def detr(folder, architecture, *heads):
    graph = seeing(folder.name)
    graph.takes(integers("pixel_mask", "batch_size", 64, 64))
    found = queried(graph)
    for head in (class_logits, boxes, *heads):
        head(graph, found)
    folder.config("detr", architecture, d_model=WIDTH, **labels(*THINGS))
    folder.pictures("DetrImageProcessor")
    folder.save(graph.model())


def detector(folder):
    detr(folder, "DetrForObjectDetection")


def panoptic(folder):
    detr(folder, "DetrForSegmentation", masks)


def independent_detector(folder):
    """RT-DETR: no class stands for nothing, and a query may have found several."""
    graph = seeing(folder.name)
    found = queried(graph)
    class_logits(graph, found, len(THINGS))
    boxes(graph, found)
    folder.config("rt_detr", "RTDetrForObjectDetection", d_model=WIDTH, **labels(*THINGS))
    folder.pictures("RTDetrImageProcessor", do_normalize=False)
    folder.save(graph.model())


def mask_former(folder):
    graph = seeing(folder.name)
    found = queried(graph)
    class_logits(graph, found, output="class_queries_logits")
    masks(graph, found, output="masks_queries_logits")
    folder.config("maskformer", "MaskFormerForInstanceSegmentation", **labels(*THINGS))
    folder.pictures("MaskFormerImageProcessor")
    folder.save(graph.model())


def planes_of(graph, count, stride):
    """Convolutions: [batch, count, height / stride, width / stride]"""
    first, second = graph.drawn(WIDTH, 3, 4, 4), graph.drawn(count, WIDTH, 1, 1)
    edge = {} if stride == 4 else {"pads": [1, 1, 2, 2]}
    x = graph.op("Conv", "pixel_values", first, kernel_shape=[4, 4], strides=[stride, stride], **edge)
    return graph.op("Conv", graph.gelu(x), second, kernel_shape=[1, 1])


def segmenter(folder):
    graph = seeing(folder.name)
    graph.op("Identity", planes_of(graph, len(THINGS), 4), output="logits")
    graph.gives(floats("logits", "batch_size", len(THINGS), "rows", "columns"))
    folder.config("segformer", "SegformerForSemanticSegmentation", **labels(*THINGS))
    folder.pictures("SegformerImageProcessor", FINE_SIDE)
    folder.save(graph.model())


def depth(folder):
    graph = seeing(folder.name)
    planes = graph.op("Relu", graph.op("Add", planes_of(graph, 1, 1), graph.constant(2.0)))
    graph.op("Squeeze", planes, graph.whole(1), output="predicted_depth")
    graph.gives(floats("predicted_depth", "batch_size", "height", "width"))
    folder.config("depth_anything", "DepthAnythingForDepthEstimation")
    folder.pictures("DPTImageProcessor")
    folder.save(graph.model())


def unit(graph, x, output):
    graph.op("LpNormalization", x, output=output, axis=-1)
    graph.gives(floats(output, output.split("_", maxsplit=1)[0], WIDTH))


def compare(graph, other, seen, texts, scale, offset=None):
    """CLIP's head: every picture or sound against every text, both ways. SigLIP adds an `offset`."""
    unit(graph, seen, f"{other}_embeds")
    unit(graph, texts, "text_embeds")
    cosines = graph.op("MatMul", f"{other}_embeds", graph.op("Transpose", "text_embeds", perm=[1, 0]))
    output = f"logits_per_{other}"
    if offset is None:
        graph.op("Mul", cosines, graph.constant(scale), output=output)
    else:
        scaled = graph.op("Mul", cosines, graph.constant(scale))
        graph.op("Add", scaled, graph.constant(offset), output=output)
    graph.op("Transpose", f"logits_per_{other}", perm=[1, 0], output="logits_per_text")
    graph.gives(
        floats(f"logits_per_{other}", other, "text"), floats("logits_per_text", "text", other)
    )


def texts(graph, vocabulary):
    graph.takes(*(integers(name, "text_batch_size", "sequence") for name in ("input_ids", "attention_mask")))
    x = graph.layers(
        graph.embedding("input_ids", len(vocabulary)), graph.hidden_padding("attention_mask")
    )
    first = graph.op("Gather", x, graph.count(0), axis=1)
    return graph.linear(graph.op("Add", first, graph.mean(x)))


def clip(folder):
    vocabulary = tokenizers.word_pieces(folder, "CLIPTokenizer")
    graph = seeing(folder.name)
    seen = graph.linear(graph.mean(graph.layers(graph.patches())))
    compare(graph, "image", seen, texts(graph, vocabulary), 10.0)
    folder.config("clip", "CLIPModel", projection_dim=WIDTH)
    folder.pictures("CLIPImageProcessor", do_center_crop=False)
    folder.save(graph.model())


SIGLIP_LENGTH = 48  # tokens that each of its texts is padded to; it has no mask for them


def siglip(folder):
    """Every text is judged by itself."""
    vocabulary = tokenizers.word_pieces(folder, "SiglipTokenizer", model_max_length=SIGLIP_LENGTH)
    graph = seeing(folder.name, "image_batch_size")
    graph.takes(integers("input_ids", "text_batch_size", "sequence"))
    seen = graph.linear(graph.mean(graph.layers(graph.patches())))
    x = graph.layers(graph.embedding("input_ids", len(vocabulary)))
    last = graph.op("Gather", x, graph.count(-1), axis=1)
    compare(graph, "image", seen, graph.linear(graph.op("Add", last, graph.mean(x))), 10.0, -2.0)
    folder.config("siglip", "SiglipModel")
    folder.pictures("SiglipImageProcessor")
    folder.save(graph.model())
