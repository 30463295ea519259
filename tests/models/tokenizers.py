"""Tokenizers, as tokenizer.json and tokenizer_config.json have them. Each writer gives its vocabulary."""

WORDS = "the a red small old fox dog cat sees finds in forest river good bad hello world".split()
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!-'"
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def added(content, index, special=True):
    return {
        "id": index,
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": special,
    }


def write(folder, vocabulary, specials, parts, marks=(), **config):
    """`parts`: what of tokenizer.json is the kind's own; `marks`: tokens that are not cut but are no special
    ones; `config`: tokenizer_config.json."""
    tokens = [added(one, vocabulary[one]) for one in specials]
    tokens += [added(one, vocabulary[one], special=False) for one in marks]
    folder.write(
        "tokenizer.json",
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": tokens,
            "normalizer": None,
            "pre_tokenizer": None,
            "post_processor": None,
            "decoder": None,
            **parts,
        },
    )
    folder.write("tokenizer_config.json", config)
    return vocabulary


def template(vocabulary, first, last):
    """`first` and `last` around one text, and `last` between two."""

    def token(name, type_id):
        return {"SpecialToken": {"id": name, "type_id": type_id}}

    def text(name, type_id):
        return {"Sequence": {"id": name, "type_id": type_id}}

    before = [token(first, 0)] if first else []
    one = before + [text("A", 0), token(last, 0)]
    used = [name for name in (first, last) if name]
    return {
        "type": "TemplateProcessing",
        "single": one,
        "pair": one + [text("B", 1), token(last, 1)],
        "special_tokens": {
            name: {"id": name, "ids": [vocabulary[name]], "tokens": [name]} for name in used
        },
    }


def word_pieces(folder, kind="BertTokenizer", model_max_length=128):
    """A few words; all others are spelt."""
    pieces = BERT + WORDS + list(LETTERS) + [f"##{one}" for one in LETTERS[:36]]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    parts = {
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(vocabulary, "[CLS]", "[SEP]"),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocabulary,
        },
    }
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), BERT))
    names["model_max_length"] = model_max_length
    return write(folder, vocabulary, BERT, parts, tokenizer_class=kind, **names)


def byte_characters():
    """The character that GPT-2's tokenizer has for each byte: itself where it can be seen, else one from
    256 on (https://github.com/openai/gpt-2/blob/master/src/encoder.py, bytes_to_unicode)."""
    visible = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in visible]
    places = {**{byte: byte for byte in visible}, **{byte: 256 + i for i, byte in enumerate(others)}}
    return [chr(places[byte]) for byte in range(256)]


def unsaid(vocabulary, said=()):
    """What is added to the logits so that a model of random weights says ASCII, and of the special tokens
    only those that are `said`."""
    return [
        0.0 if piece in said or (piece.replace("Ġ", "").isascii() and len(piece) < 4) else -50.0
        for piece in vocabulary
    ]


MERGES = ["Ġ t", "h e", "Ġt he", "i n", "a n", "Ġ a", "e r"]


def bytes_pairs(folder, kind, end="<|end|>", more=(), marks=(), words=(), after=False, **config):
    """Bytes and a few pairs of them. `more`: further special tokens; `words`: tokens that no text becomes;
    `after`: whether `end` follows texts."""
    pairs = [merge.replace(" ", "") for merge in MERGES]
    pieces = [*byte_characters(), *pairs, end, *more, *marks, *words]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    parts = {
        "pre_tokenizer": {
            "type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True
        },
        "decoder": {
            "type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": vocabulary,
            "merges": MERGES,
        },
    }
    if after:
        parts["post_processor"] = template(vocabulary, None, end)
    names = {f"{name}_token": end for name in ("bos", "eos", "unk", "pad")}
    config = {"tokenizer_class": kind, "model_max_length": 128, **names, **config}
    return write(folder, vocabulary, [end, *more], parts, marks, **config)


def characters(folder, kind, specials, alphabet, **more):
    """One token for each character, as CTC and VITS have them."""
    pieces = [*specials, *alphabet]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    parts = {
        "pre_tokenizer": {
            "type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated", "invert": False
        },
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
        **more.pop("parts", {}),
    }
    more = {"tokenizer_class": kind, "pad_token": "<pad>", "unk_token": "<unk>", **more}
    return write(folder, vocabulary, specials, parts, **more)
