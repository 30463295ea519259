"""BERT with every head, and GPT-2."""

from onnx import TensorProto

import tokenizers
from folder import labels
from graph import HEAD, HEADS, HIDDEN, INNER, LAYERS, WIDTH, Graph, floats, integers

BODY = {
    "hidden_size": WIDTH,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
    "intermediate_size": INNER,
    "max_position_embeddings": 128,
}

PADDING = 1  # RoBERTa's token for it


def body(graph, vocabulary):
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        graph.takes(integers(name, "batch_size", "sequence"))
    x = graph.embedding("input_ids", vocabulary)
    x = graph.op("Add", x, graph.op("Gather", graph.drawn(2, WIDTH), "token_type_ids"))
    return graph.layers(x, graph.hidden_padding("attention_mask"))


def bert(folder, architecture, head, **config):
    """`head(graph, x, vocabulary size)` names the outputs."""
    vocabulary = tokenizers.word_pieces(folder)
    graph = Graph(folder.name)
    head(graph, body(graph, len(vocabulary)), len(vocabulary))
    folder.config("bert", architecture, vocab_size=len(vocabulary), **BODY, **config)
    model = graph.model()
    folder.save(model)
    return model


def bare(graph, x, _):
    graph.op("Identity", x, output="last_hidden_state")
    graph.gives(floats("last_hidden_state", "batch_size", "sequence", WIDTH))


def of_text(count):
    """One row of logits a text, from its first token."""

    def head(graph, x, _):
        first = graph.op("Gather", x, graph.count(0), axis=1)
        graph.op("MatMul", first, graph.drawn(WIDTH, count), output="logits")
        graph.gives(floats("logits", "batch_size", count))

    return head


def of_tokens(count=None):
    """One row of logits a token; as many as the vocabulary has, unless told."""

    def head(graph, x, vocabulary):
        graph.op("MatMul", x, graph.drawn(WIDTH, count or vocabulary), output="logits")
        graph.gives(floats("logits", "batch_size", "sequence", count or vocabulary))

    return head


def of_span(graph, x, _):
    for name in ("start_logits", "end_logits"):
        scores = graph.op("MatMul", x, graph.drawn(WIDTH, 1))
        graph.op("Squeeze", scores, graph.whole(2), output=name)
        graph.gives(floats(name, "batch_size", "sequence"))


def embedder(folder, pooling="mean"):
    model = bert(folder, "BertModel", bare)
    modes = {f"pooling_mode_{mode}": mode.startswith(pooling) for mode in ("cls_token", "mean_tokens")}
    folder.write("1_Pooling/config.json", {"word_embedding_dimension": WIDTH, **modes})
    kinds = ("Transformer", "Pooling", "Normalize")
    paths = ("", "1_Pooling", "2_Normalize")
    folder.write("modules.json", [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for index, (kind, path) in enumerate(zip(kinds, paths))
    ])
    return model


def roberta(folder):
    """BERT whose positions count the tokens that are there, from behind that of the padding on."""
    vocabulary = tokenizers.word_pieces(folder, "RobertaTokenizer")
    graph = Graph(folder.name)
    for name in ("input_ids", "attention_mask"):
        graph.takes(integers(name, "batch_size", "sequence"))
    counted = graph.op("CumSum", "attention_mask", graph.count(1))
    places = graph.op("Add", graph.op("Mul", counted, "attention_mask"), graph.count(PADDING))
    words = graph.op("Gather", graph.drawn(len(vocabulary), WIDTH), "input_ids")
    x = graph.op("Add", words, graph.op("Gather", graph.drawn(130, WIDTH), places))
    bare(graph, graph.layers(x, graph.hidden_padding("attention_mask")), None)
    sizes = {**BODY, "max_position_embeddings": 130, "pad_token_id": PADDING}
    folder.config("roberta", "RobertaModel", vocab_size=len(vocabulary), **sizes)
    folder.save(graph.model())


def classifier(folder):
    bert(folder, "BertForSequenceClassification", of_text(3), **labels("negative", "neutral", "positive"))


def inference(folder):
    names = labels("entailment", "neutral", "contradiction")
    bert(folder, "BertForSequenceClassification", of_text(3), **names)


def cross_encoder(folder):
    bert(folder, "BertForSequenceClassification", of_text(1), **labels("LABEL_0"))


def tagger(folder):
    names = labels("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
    bert(folder, "BertForTokenClassification", of_tokens(5), **names)


def masked(folder):
    bert(folder, "BertForMaskedLM", of_tokens())


def answerer(folder):
    bert(folder, "BertForQuestionAnswering", of_span)


CHAT_TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}> {{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def causal_bias(graph, tokens="input_ids"):
    """What hides later tokens, and what the attention mask hides; `tokens`: the input of the new ones."""
    total = graph.length("attention_mask")
    start = graph.op("Sub", total, graph.length(tokens))
    keys = graph.op("Unsqueeze", graph.numbers(graph.count(0), total), graph.whole(0))
    queries = graph.op("Unsqueeze", graph.numbers(start, total), graph.whole(1))
    there = graph.op("Unsqueeze", graph.op("Cast", "attention_mask", to=TensorProto.BOOL), graph.whole(1, 2))
    seen = graph.op("And", there, graph.op("LessOrEqual", keys, queries))
    return graph.op("Where", seen, graph.constant(0.0), graph.constant(HIDDEN))


def extend(graph, past, present, new):
    """Appends to a cache, of which one tensor is given and taken."""
    graph.takes(floats(past, "batch_size", HEADS, "past", HEAD))
    graph.gives(floats(present, "batch_size", HEADS, "total", HEAD))
    return graph.op("Concat", past, new, axis=2, output=present)


def decoder_layer(graph, x, index, bias):
    normal = graph.norm(x)
    query, key, value = (graph.heads(graph.linear(normal)) for _ in range(3))
    key, value = (
        extend(graph, f"past_key_values.{index}.{name}", f"present.{index}.{name}", new)
        for name, new in (("key", key), ("value", value))
    )
    return graph.feed_forward(graph.op("Add", x, graph.attention(query, key, value, bias)))


def talker(folder, words=0, context=2048):
    """GPT-2 with a chat template; `words` more tokens, which nobody says, make the vocabulary a long one."""
    vocabulary = tokenizers.bytes_pairs(
        folder, "GPT2Tokenizer", words=[f"word{index}" for index in range(words)],
        model_max_length=context, chat_template=CHAT_TEMPLATE,
    )
    size, end = len(vocabulary), vocabulary["<|end|>"]
    graph = Graph("gpt2")
    graph.takes(
        integers("input_ids", "batch_size", "sequence"),
        integers("attention_mask", "batch_size", "total"),
        integers("position_ids", "batch_size", "sequence"),
    )
    graph.gives(floats("logits", "batch_size", "sequence", size))
    places = graph.op("Gather", graph.drawn(context, WIDTH), "position_ids")
    x = graph.op("Add", graph.op("Gather", graph.drawn(size, WIDTH), "input_ids"), places)
    bias = causal_bias(graph)
    for index in range(LAYERS):
        x = decoder_layer(graph, x, index, bias)
    scores = graph.op("MatMul", graph.norm(x), graph.drawn(WIDTH, size, spread=1.0))
    graph.op("Add", scores, graph.constant(tokenizers.unsaid(vocabulary)), output="logits")
    sizes = {"n_layer": LAYERS, "n_head": HEADS, "n_embd": WIDTH, "n_positions": context, "n_ctx": context}
    ids = {"bos_token_id": end, "eos_token_id": end}
    folder.config("gpt2", "GPT2LMHeadModel", vocab_size=size, **sizes, **ids)
    folder.generation(**ids)
    folder.save(graph.model())
