# Trains digit-words: which digits are said in a sound, in their order. PyTorch on one core; seeded.
#
#     python3 digit_words.py FOLDER TARGET
#
# FOLDER has names.json and for train, validation and test SPLIT.samples (16-bit PCM at 16 kHz, one sound behind
# the other) and SPLIT.json (of each sound its length and [name's index, first sample, end] of each word); TARGET is
# the model's folder. It is known when each word is said, so each frame learns what it is a part of.

import json
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

import export
from ear import BANDS, PREPROCESSOR, RATE, STEP, WINDOW, Ear, normal

PAD, BETWEEN, FIRST = 0, 1, 2  # the tokens: CTC's blank, what is between words, the first of the words
FRAME, KERNEL = 2 * STEP, 5  # samples from frame to frame; bands that a frame is first made of
SEEN = (KERNEL - 1) * STEP + WINDOW  # samples that a frame is first made of
EDGE = RATE * 20 // 1000  # what counts as between words at both ends of each
HEARD = 0.6  # share of a word from which on it can be told
WIDTH, DILATIONS = 112, (1, 2, 4, 4, 2)
STEPS, RATE_OF_LEARNING, BATCH = 1500, 0.002, 90 * RATE  # samples
SHORTEST, LONGEST = 0.3, 6.0  # seconds of a training example
SEED = 20261126


class Block(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.convolution = nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=2 * dilation, dilation=dilation)
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, x):
        return x + functional.relu(self.norm(self.convolution(x)))


class Head(nn.Module):
    """Convolutions over half a second before and behind each frame, 50 frames a second."""

    def __init__(self, count):
        super().__init__()
        self.enter = nn.Sequential(
            nn.Conv1d(BANDS, WIDTH, KERNEL, stride=FRAME // STEP), nn.BatchNorm1d(WIDTH), nn.ReLU())
        self.blocks = nn.Sequential(*map(Block, DILATIONS))
        self.out = nn.Conv1d(WIDTH, count, 1)

    def forward(self, bands):
        return self.out(self.blocks(self.enter(bands))).transpose(1, 2)


class Sounds:
    """Of one split."""

    def __init__(self, folder, split):
        samples = numpy.memmap(f"{folder}/{split}.samples", "<i2", "r")
        with open(f"{folder}/{split}.json", encoding="utf-8") as file:
            facts = json.load(file)
        ends = numpy.cumsum([fact["samples"] for fact in facts])
        self.waves = numpy.split(samples, ends[:-1])
        self.words = [fact["words"] for fact in facts]

    def crop(self, index, start, length):
        """A part of a sound, and what each of its frames is."""
        wave = self.waves[index][start : start + length].astype(numpy.float32) / 32768
        centres = numpy.arange((length - SEEN) // FRAME + 1) * FRAME + SEEN // 2
        tokens = numpy.full(len(centres), BETWEEN)
        for word, first, end in self.words[index]:
            first, end = first - start, end - start
            inside = (centres >= first + EDGE) & (centres < end - EDGE)
            heard = (min(end, length) - max(first, 0)) / (end - first)
            tokens[inside] = FIRST + word if heard >= HEARD else PAD
        return wave, tokens

    def draw(self, length):
        """As many random parts of this length as a batch has."""
        long = [i for i, wave in enumerate(self.waves) if len(wave) >= length]
        parts = []
        for _ in range(max(1, BATCH // length)):
            index = long[torch.randint(len(long), ()).item()]
            start = torch.randint(len(self.waves[index]) - length + 1, ()).item()
            parts.append(self.crop(index, start, length))
        waves, tokens = (torch.from_numpy(numpy.stack(some)) for some in zip(*parts))
        return waves, tokens


def spell(logits):
    """The words, as a CTC decoder has them."""
    best = logits.argmax(-1).tolist()
    return [token - FIRST for i, token in enumerate(best) if token >= FIRST and (i == 0 or token != best[i - 1])]


def edits(wanted, found):
    row = list(range(len(found) + 1))
    for i, word in enumerate(wanted):
        following = [i + 1]
        for j, other in enumerate(found):
            following.append(min(following[j] + 1, row[j + 1] + 1, row[j] + (word != other)))
        row = following
    return row[-1]


def error_rate(model, sounds):
    """Words that are wrong, missing or too many, for each word that is said."""
    model.eval()
    wrong = said = 0
    with torch.no_grad():
        for wave, words in zip(sounds.waves, sounds.words):
            heard = spell(model(normal(torch.from_numpy(wave.astype(numpy.float32) / 32768)[None]))[0])
            wrong += edits([word for word, _, _ in words], heard)
            said += len(words)
    model.train()
    return wrong / said


def write(model, names, target):
    export.export(
        model, {"input_values": (torch.randn(1, RATE), {0: "batch_size", 1: "samples"})},
        {"logits": {0: "batch_size", 1: "frames"}}, f"{target}/onnx/model.onnx",
    )
    vocabulary = {"<pad>": PAD, "|": BETWEEN, **{name: FIRST + i for i, name in enumerate(names)}}
    specials = {"bos_token": None, "eos_token": None, "unk_token": "<pad>", "pad_token": "<pad>"}
    export.write(target, "config.json", {
        "model_type": "wav2vec2",
        "architectures": ["Wav2Vec2ForCTC"],
        "hidden_size": WIDTH,
        "vocab_size": len(vocabulary),
        "pad_token_id": PAD,
        "conv_kernel": [WINDOW, KERNEL],
        "conv_stride": [STEP, FRAME // STEP],
    })
    export.write(target, "preprocessor_config.json", {**PREPROCESSOR, "processor_class": "Wav2Vec2Processor"})
    export.write(target, "vocab.json", vocabulary)
    export.write(target, "tokenizer_config.json", {
        "tokenizer_class": "Wav2Vec2CTCTokenizer", "word_delimiter_token": "|", **specials,
    })
    export.write(target, "tokenizer.json", {
        "version": "1.0",
        "added_tokens": [{
            "id": PAD, "content": "<pad>", "special": True, "single_word": False, "lstrip": False,
            "rstrip": False, "normalized": False,
        }],
        "normalizer": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"String": "|"}, "behavior": "Isolated", "invert": False},
        "post_processor": None,
        "decoder": {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<pad>"},
    })


def main(folder, target):
    export.setup(SEED)
    with open(f"{folder}/names.json", encoding="utf-8") as file:
        names = json.load(file)
    train, validation, test = (Sounds(folder, split) for split in ("train", "validation", "test"))
    ear, head = Ear(), Head(FIRST + len(names))
    model = nn.Sequential(ear, head)
    with torch.no_grad():
        bands = ear(normal(train.draw(RATE)[0]))
    ear.mean, ear.scale = bands.mean((0, 2))[:, None], 1 / bands.std((0, 2))[:, None]

    def loss_of(_):
        length = int(RATE * (SHORTEST + (LONGEST - SHORTEST) * torch.rand(()).item()))
        waves, tokens = train.draw(length)
        with torch.no_grad():
            bands = ear(normal(waves))
        return functional.cross_entropy(head(bands).transpose(1, 2), tokens, label_smoothing=0.02)

    def report():
        return f"validation: {100 * error_rate(model, validation):.2f} % of the words wrong"

    seconds = sum(map(len, train.waves)) / RATE
    print(f"{export.parameters(head)} parameters that learn, {seconds:.0f} s of sound", flush=True)
    export.train(head, STEPS, RATE_OF_LEARNING, loss_of, report)
    model.eval()
    write(model, names, target)
    print(f"unseen voices, unseen noise: {100 * error_rate(model, test):.2f} % of the words wrong", flush=True)


main(*sys.argv[1:])
