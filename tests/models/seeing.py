"""Language models that see: features of a picture stand in the prompt in the place of its tokens."""

import tokenizers
from graph import HEADS, LAYERS, PATCH, SIDE, WIDTH, Graph, flags, floats, integers
from text import causal_bias, decoder_layer

CONTEXT = 512
PATCHES = (SIDE // PATCH) ** 2
IMAGE = "<image>"
PARTS = (
    "{{% for part in message.content %}}{{% if part.type == 'image' %}}" + IMAGE
    + "{after}{{% else %}}{{{{ part.text }}}}{{% endif %}}{{% endfor %}}"
)


def embed(folder, vocabulary):
    graph = Graph(f"{folder.name}-embed")
    graph.takes(integers("input_ids", "batch_size", "sequence"))
    graph.gives(floats("inputs_embeds", "batch_size", "sequence", WIDTH))
    graph.op("Gather", graph.drawn(len(vocabulary), WIDTH), "input_ids", output="inputs_embeds")
    folder.save(graph.model(), "embed_tokens")


def decoder(folder, vocabulary):
    graph = Graph(f"{folder.name}-decoder")
    graph.takes(
        floats("inputs_embeds", "batch_size", "sequence", WIDTH),
        integers("attention_mask", "batch_size", "total"),
        integers("position_ids", "batch_size", "sequence"),
    )
    graph.gives(floats("logits", "batch_size", "sequence", len(vocabulary)))
    places = graph.op("Gather", graph.drawn(CONTEXT, WIDTH, spread=0.4), "position_ids")
    x = graph.op("Add", "inputs_embeds", places)
    bias = causal_bias(graph, "inputs_embeds")
    for index in range(LAYERS):
        x = decoder_layer(graph, x, index, bias)
    scores = graph.op("MatMul", graph.norm(x), graph.drawn(WIDTH, len(vocabulary), spread=6.0))
    graph.op("Add", scores, graph.constant(tokenizers.unsaid(vocabulary)), output="logits")
    folder.save(graph.model(), "decoder_model_merged")


def words(folder, template, more=()):
    return tokenizers.bytes_pairs(
        folder, "GPT2Tokenizer", more=[IMAGE, *more], model_max_length=CONTEXT, chat_template=template,
        clean_up_tokenization_spaces=False,
    )


def configure(folder, kind, architecture, vocabulary, **more):
    end = vocabulary["<|end|>"]
    ids = {"bos_token_id": end, "eos_token_id": end}
    text = {
        "model_type": "llama", "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
        "vocab_size": len(vocabulary), "max_position_embeddings": CONTEXT,
    }
    vision = {"hidden_size": WIDTH, "image_size": SIDE, "patch_size": PATCH}
    folder.config(kind, architecture, **ids, **more, text_config=text, vision_config=vision)
    folder.generation(**ids)


def llava(folder):
    """As many tokens for a picture as it has patches."""
    vocabulary = words(
        folder,
        "{% for message in messages %}{{ message.role | upper }}: " + PARTS.format(after="\n")
        + " {% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}",
    )
    eye = Graph(f"{folder.name}-eye")
    eye.takes(floats("pixel_values", "batch_size", 3, "height", "width"))
    eye.gives(floats("image_features", "batch_size", "patches", WIDTH))
    seen = eye.linear(eye.norm(eye.layers(eye.patches())), output="image_features")
    assert seen == "image_features"
    folder.save(eye.model(), "vision_encoder")
    embed(folder, vocabulary)
    decoder(folder, vocabulary)
    configure(
        folder, "llava", "LlavaForConditionalGeneration", vocabulary,
        image_token_index=vocabulary[IMAGE], vision_feature_select_strategy="full",
    )
    folder.pictures("CLIPImageProcessor", do_center_crop=False, processor_class="LlavaProcessor")
    folder.write("processor_config.json", {
        "processor_class": "LlavaProcessor", "image_token": IMAGE, "patch_size": PATCH,
        "num_additional_image_tokens": 0,
    })


TILES = 2  # along a side of a picture that is cut
SCALE = 2  # patches along the side of what is one token


def smolvlm(folder):
    """A picture in tiles, and behind them as a whole; each has a few tokens."""
    tiles = [f"<row_{row + 1}_col_{column + 1}>" for row in range(TILES) for column in range(TILES)]
    vocabulary = words(
        folder,
        "{% for message in messages %}<|end|>{{ message.role }}:" + PARTS.format(after="")
        + "\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}",
        more=["<fake_token_around_image>", "<global-img>", *tiles],
    )
    eye = Graph(f"{folder.name}-eye")
    eye.takes(
        floats("pixel_values", "batch_size", "images", 3, "height", "width"),
        flags("pixel_attention_mask", "batch_size", "images", "height", "width"),
    )
    eye.gives(floats("image_features", "all", PATCHES // SCALE**2, WIDTH))
    there = eye.op("Unsqueeze", eye.op("Cast", "pixel_attention_mask", to=1), eye.whole(2))
    planes = eye.op("Reshape", eye.op("Mul", "pixel_values", there), eye.whole(-1, 3, SIDE, SIDE))
    groups = eye.op("Reshape", eye.layers(eye.patches(planes)), eye.whole(0, -1, SCALE**2 * WIDTH))
    eye.linear(groups, rows=SCALE**2 * WIDTH, output="image_features")
    folder.save(eye.model(), "vision_encoder")
    embed(folder, vocabulary)
    decoder(folder, vocabulary)
    configure(
        folder, "smolvlm", "SmolVLMForConditionalGeneration", vocabulary,
        image_token_id=vocabulary[IMAGE], scale_factor=SCALE,
    )
    folder.pictures(
        "Idefics3ImageProcessor", processor_class="Idefics3Processor", do_image_splitting=True,
        size={"longest_edge": TILES * SIDE}, max_image_size={"longest_edge": SIDE},
    )
    folder.write("processor_config.json", {
        "processor_class": "Idefics3Processor", "image_seq_len": PATCHES // SCALE**2,
    })
