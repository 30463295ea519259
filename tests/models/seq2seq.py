"""Encoders with a decoder: BART, Whisper, and a vision encoder with either kind of decoder."""

import numpy

import tokenizers
from graph import HEAD, HEADS, HIDDEN, LAYERS, SECONDS, SIDE, WIDTH, Graph, flags, floats, integers

CONTEXT = 128
SIZES = {
    "d_model": WIDTH,
    "encoder_layers": LAYERS,
    "decoder_layers": 1,
    "encoder_attention_heads": HEADS,
    "decoder_attention_heads": HEADS,
    "max_position_embeddings": CONTEXT,
}


class Decoder:
    """One block with two caches. With `merged` the keys and values of what the encoder gave are made in
    the first step only, in a branch that `use_cache_branch` chooses, as exports have it; without, anew in
    each, and the cache has the names of a decoder alone."""

    def __init__(self, name, vocabulary, merged=True, masked=False, shown=False):
        self.graph = Graph(f"{name}-decoder")
        self.vocabulary, self.merged, self.masked, self.shown = vocabulary, merged, masked, shown

    def past(self, part, new):
        """A cache of the decoder's own, with `new` appended."""
        middle = "decoder." if self.merged else ""
        names = (f"{when}.0.{middle}{part}" for when in ("past_key_values", "present"))
        past, present = names
        self.graph.takes(floats(past, "batch_size", HEADS, "past", HEAD))
        self.graph.gives(floats(present, "batch_size", HEADS, "total", HEAD))
        return self.graph.op("Concat", past, new, axis=2, output=present)

    def positions(self, past):
        """Those of the new tokens, and the bias that hides later ones."""
        graph = self.graph
        start = graph.length(past, axis=2)
        total = graph.op("Add", start, graph.length("input_ids"))
        places = graph.numbers(start, total)
        seen = graph.op(
            "LessOrEqual",
            graph.op("Unsqueeze", graph.numbers(graph.count(0), total), graph.whole(0)),
            graph.op("Unsqueeze", places, graph.whole(1)),
        )
        return places, graph.op("Where", seen, graph.constant(0.0), graph.constant(HIDDEN))

    def of_encoder(self):
        """Keys and values of what the encoder gave."""
        graph = self.graph
        key_weights, value_weights = graph.drawn(WIDTH, WIDTH), graph.drawn(WIDTH, WIDTH)
        pasts = [f"past_key_values.0.encoder.{part}" for part in ("key", "value")]
        presents = [f"present.0.encoder.{part}" for part in ("key", "value")]

        def cached():
            return pasts

        def computed():
            hidden = "encoder_hidden_states"
            return [graph.heads(graph.op("MatMul", hidden, one)) for one in (key_weights, value_weights)]

        if not self.merged:
            return computed()
        graph.takes(flags("use_cache_branch", 1))
        graph.takes(*(floats(name, "batch_size", HEADS, "encoded_past", HEAD) for name in pasts))
        graph.gives(*(floats(name, "batch_size", HEADS, "encoded", HEAD) for name in presents))
        graph.either("use_cache_branch", cached, computed, presents)
        return presents

    def cross(self, x):
        graph = self.graph
        query = graph.heads(graph.linear(graph.norm(x)))
        bias = None
        if self.masked:
            graph.takes(integers("encoder_attention_mask", "batch_size", "encoded"))
            bias = graph.hidden_padding("encoder_attention_mask")
        weights = "cross_attentions.0" if self.shown else None
        if weights:
            graph.gives(floats(weights, "batch_size", HEADS, "sequence", "encoded"))
        key, value = self.of_encoder()
        return graph.op("Add", x, graph.attention(query, key, value, bias, weights))

    def scripted(self, logits, places, script):
        """`script`: the token that is said at a position whatever the weights would have."""
        graph = self.graph
        for position, token in script.items():
            here = graph.op("Cast", graph.op("Equal", places, graph.count(position)), to=1)
            wanted = numpy.zeros(len(self.vocabulary))
            wanted[self.vocabulary[token]] = 200.0
            here = graph.op("Unsqueeze", here, graph.whole(1))
            logits = graph.op("Add", logits, graph.op("Mul", here, graph.constant(wanted)))
        return logits

    def model(self, script=()):
        graph, size = self.graph, len(self.vocabulary)
        graph.takes(
            integers("input_ids", "batch_size", "sequence"),
            floats("encoder_hidden_states", "batch_size", "encoded", WIDTH),
        )
        graph.gives(floats("logits", "batch_size", "sequence", size))
        past = f"past_key_values.0.{'decoder.' if self.merged else ''}key"
        places, bias = self.positions(past)
        words = graph.op("Gather", graph.drawn(size, WIDTH), "input_ids")
        x = graph.op("Add", words, graph.op("Gather", graph.drawn(CONTEXT, WIDTH, spread=0.6), places))
        normal = graph.norm(x)
        query, key, value = (graph.heads(graph.linear(normal)) for _ in range(3))
        own = graph.attention(query, self.past("key", key), self.past("value", value), bias)
        x = graph.feed_forward(self.cross(graph.op("Add", x, own)))
        scores = graph.op("MatMul", graph.norm(x), graph.drawn(WIDTH, size, spread=1.0))
        scores = graph.op("Add", scores, graph.constant(tokenizers.unsaid(self.vocabulary)))
        graph.op("Identity", self.scripted(scores, places, dict(script)), output="logits")
        return graph.model()


def last_hidden_state(graph, x):
    graph.op("Identity", graph.norm(x), output="last_hidden_state")
    graph.gives(floats("last_hidden_state", "batch_size", "encoded", WIDTH))
    return graph.model()


def special_ids(end, start=None):
    ids = {f"{name}_token_id": end for name in ("bos", "eos", "pad")}
    return {**ids, "decoder_start_token_id": end if start is None else start}


def translator(folder):
    """BART: one text becomes another."""
    vocabulary = tokenizers.bytes_pairs(folder, "BartTokenizer", after=True)
    encoder = Graph(f"{folder.name}-encoder")
    encoder.takes(*(integers(name, "batch_size", "encoded") for name in ("input_ids", "attention_mask")))
    bias = encoder.hidden_padding("attention_mask")
    x = encoder.layers(encoder.embedding("input_ids", len(vocabulary)), bias)
    folder.save(last_hidden_state(encoder, x), "encoder_model")
    decoder = Decoder(folder.name, vocabulary, masked=True)
    folder.save(decoder.model(script={30: "<|end|>"}), "decoder_model_merged")
    ids = special_ids(vocabulary["<|end|>"])
    sizes = {**SIZES, "vocab_size": len(vocabulary), "is_encoder_decoder": True}
    folder.config("bart", "BartForConditionalGeneration", **sizes, **ids)
    folder.generation(**ids)


STEP = 0.02  # between two of its marks of time
WHISPER = ["<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>", "<|notimestamps|>"]


def listener(folder):
    """Whisper, with marks of time and attention that word times can be read from."""
    marks = [f"<|{index * STEP:.2f}|>" for index in range(round(SECONDS / STEP) + 1)]
    vocabulary = tokenizers.bytes_pairs(
        folder, "WhisperTokenizer", end="<|endoftext|>", more=WHISPER, marks=marks
    )
    encoder = Graph(f"{folder.name}-encoder")
    encoder.takes(floats("input_features", "batch_size", 80, "encoder_sequence_length"))
    planes = "input_features"
    for channels, stride in ((80, 1), (WIDTH, 2)):
        kernel = encoder.drawn(WIDTH, channels, 3, spread=0.1)
        planes = encoder.gelu(
            encoder.op("Conv", planes, kernel, kernel_shape=[3], pads=[1, 1], strides=[stride])
        )
    x = encoder.layers(encoder.op("Transpose", planes, perm=[0, 2, 1]))
    folder.save(last_hidden_state(encoder, x), "encoder_model")
    # Two segments, if marks are asked for: the first token after the prompt is one by rule.
    script = {2: "<|0.00|>", 7: "<|0.40|>", 8: "<|0.40|>", 12: "<|0.80|>", 13: "<|endoftext|>"}
    folder.save(Decoder("listener", vocabulary, shown=True).model(script), "decoder_model_merged")
    write_listener(folder, vocabulary)


def write_listener(folder, vocabulary):
    ids = special_ids(vocabulary["<|endoftext|>"], vocabulary[WHISPER[0]])
    folder.config(
        "whisper", "WhisperForConditionalGeneration", **SIZES, **ids, vocab_size=len(vocabulary),
        num_mel_bins=80, max_source_positions=50 * SECONDS, max_target_positions=CONTEXT,
        is_encoder_decoder=True, median_filter_width=7,
    )
    folder.generation(
        **ids,
        is_multilingual=True,
        max_length=64,
        max_initial_timestamp_index=50,
        lang_to_id={one: vocabulary[one] for one in ("<|en|>", "<|de|>")},
        task_to_id={one: vocabulary[f"<|{one}|>"] for one in ("transcribe", "translate")},
        no_timestamps_token_id=vocabulary["<|notimestamps|>"],
        alignment_heads=[[0, 0], [0, 1]],
    )
    rate = 16000
    folder.sounds(
        "WhisperFeatureExtractor", rate, processor_class="WhisperProcessor", feature_size=80,
        hop_length=160, n_fft=400, chunk_length=SECONDS, n_samples=rate * SECONDS,
        nb_max_frames=rate * SECONDS // 160, padding_value=0.0,
    )


DONUT = ["<s_docvqa>", "<s_question>", "</s_question>", "<s_answer>", "</s_answer>"]


def see_and_say(folder, vocabulary, decoder, script, processor):
    """A vision encoder, and a decoder whose configuration is `decoder`."""
    encoder = Graph(f"{folder.name}-encoder")
    encoder.takes(floats("pixel_values", "batch_size", 3, "height", "width"))
    folder.save(last_hidden_state(encoder, encoder.layers(encoder.patches())), "encoder_model")
    merged = decoder["model_type"] != "gpt2"
    folder.save(Decoder(folder.name, vocabulary, merged=merged).model(script), "decoder_model_merged")
    ids = special_ids(vocabulary["<|end|>"])
    folder.config(
        "vision-encoder-decoder", "VisionEncoderDecoderModel", is_encoder_decoder=True, **ids,
        encoder={"model_type": "vit", "hidden_size": WIDTH, "image_size": SIDE},
        decoder={"vocab_size": len(vocabulary), "max_position_embeddings": CONTEXT, **decoder},
    )
    folder.generation(**ids)
    folder.pictures(processor)


def reader(folder):
    """Donut: answers questions about a document."""
    vocabulary = tokenizers.bytes_pairs(folder, "XLMRobertaTokenizer", more=DONUT)
    script = {40: "</s_answer>", 41: "<|end|>"}
    see_and_say(folder, vocabulary, {**SIZES, "model_type": "mbart"}, script, "DonutImageProcessor")


def describer(folder):
    """A ViT and a GPT-2 that sees its patches: describes a picture."""
    vocabulary = tokenizers.bytes_pairs(folder, "GPT2Tokenizer")
    sizes = {"n_layer": 1, "n_head": HEADS, "n_embd": WIDTH}
    see_and_say(folder, vocabulary, {"model_type": "gpt2", **sizes}, {20: "<|end|>"}, "ViTImageProcessor")
