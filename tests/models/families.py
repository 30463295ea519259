"""Makes a tiny model of every family that has a task, in the Hugging Face layout: random weights, a few
dozen kilobytes each, the same bytes every time.

    /usr/bin/python3 tests/models/families.py build/families [NAME...]

They say nothing sensible; they load, run and differ by their inputs, and that is all that is wanted of
them. Debian's python3-onnx has what this needs.
"""

import hashlib
import os
import shutil
import sys
import tempfile

import graph
import grouped
import seeing
import seq2seq
import sound
import text
import variants
import vision
from folder import Folder, huggingface


def with_variants(make):
    """One model with all the weights that `dtype` chooses among."""

    def make_all(folder):
        make(folder)
        variants.add_all(folder)

    return make_all


def four_bits(folder):
    """With nothing but weights of 4 bits."""
    folder.save(variants.words_in_four_bits(text.embedder(folder)), "model_q4")
    os.remove(os.path.join(folder.path, "onnx/model.onnx"))


def external(folder):
    """Weights in a file of their own, as large models have them."""
    model = text.bert(folder, "BertModel", text.bare, **{
        "transformers.js_config": {"use_external_data_format": {"model.onnx": 1}},
    })
    os.remove(os.path.join(folder.path, "onnx/model.onnx"))
    folder.save(
        model, save_as_external_data=True, all_tensors_to_one_file=True,
        location="model.onnx_data", size_threshold=256,
    )


FAMILIES = {
    "bert": with_variants(text.embedder),
    "bert-words": four_bits,
    "bert-cls": lambda folder: text.embedder(folder, "cls"),
    "bert-external": external,
    "roberta": text.roberta,
    "bert-classes": text.classifier,
    "bert-nli": text.inference,
    "bert-pairs": text.cross_encoder,
    "bert-tags": text.tagger,
    "bert-mask": text.masked,
    "bert-qa": text.answerer,
    "gpt2": text.talker,
    "gpt2-wide": lambda folder: text.talker(folder, words=50000),
    "gpt2-words": lambda folder: text.talker(folder, words=12000),
    "gpt2-long": lambda folder: text.talker(folder, context=8192),
    "llama": grouped.talker,
    "llama-deep": lambda folder: grouped.talker(folder, layers=32),
    "bart": seq2seq.translator,
    "whisper": seq2seq.listener,
    "donut": seq2seq.reader,
    "vit-gpt2": seq2seq.describer,
    "llava": seeing.llava,
    "smolvlm": seeing.smolvlm,
    "vit": vision.classifier,
    "vit-many": lambda folder: vision.classifier(folder, [f"thing {number}" for number in range(4000)]),
    "vit-features": vision.features,
    "detr": vision.detector,
    "detr-panoptic": vision.panoptic,
    "rt-detr": vision.independent_detector,
    "maskformer": vision.mask_former,
    "segformer": vision.segmenter,
    "depth": vision.depth,
    "clip": vision.clip,
    "siglip": vision.siglip,
    "wav2vec2": sound.ctc,
    "ast": sound.classifier,
    "clap": sound.clap,
    "vits": sound.speaker,
}
# One of each kind of graph once more, with all weights.
for name in ("gpt2", "bart", "whisper", "vit", "segformer", "clip", "wav2vec2"):
    FAMILIES[f"{name}-variants"] = with_variants(FAMILIES[name])


def own_hash(names):
    """Of all that decides what is made."""
    here = os.path.dirname(os.path.abspath(__file__))
    own = [os.path.join(here, name) for name in sorted(os.listdir(here)) if name.endswith(".py")]
    digest = hashlib.sha256(f"{graph.SIZES} {names}".encode())
    for path in [*own, huggingface.__file__]:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def fresh(target, stamp):
    try:
        with open(os.path.join(target, ".made"), encoding="ascii") as file:
            return file.read() == stamp
    except OSError:
        return False


def main(target, *names):
    """Those that are named, or all. Made beside `target` and moved there as a whole: two test runs may want it at once."""
    stamp = own_hash(names)
    if fresh(target, stamp):
        return
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    half = tempfile.mkdtemp(prefix=f"{os.path.abspath(target)}.")
    for name in names or FAMILIES:
        FAMILIES[name](Folder(half, name))
    with open(os.path.join(half, ".made"), "w", encoding="ascii") as file:
        file.write(stamp)
    old = f"{half}.old"
    if os.path.exists(target):
        os.rename(target, old)
    try:
        os.rename(half, target)
    except OSError:  # another run was faster
        shutil.rmtree(half)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
