# Trains keywords: which of a few words is said in a sound. PyTorch on one core; seeded.
#
#     python3 keywords.py FOLDER TARGET
#
# FOLDER has names.json and SPLIT.samples (16-bit PCM, one second each at 16 kHz, the names in turn)
# for train, validation and test; TARGET is the model's folder.

import json
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

import export
from ear import BANDS, PREPROCESSOR, RATE, Ear, normal

WIDTH, STRIDES = 96, (2, 2, 2)
STEPS, BATCH, RATE_OF_LEARNING = 1500, 64, 0.002
SEED = 20261124


class Head(nn.Module):
    """Convolutions over time, and the most that each plane says at any time."""

    def __init__(self, count):
        super().__init__()
        parts, inputs = [], BANDS
        for stride in STRIDES:
            convolution = nn.Conv1d(inputs, WIDTH, 5, stride=stride, padding=2)
            parts += [convolution, nn.ReLU(), nn.BatchNorm1d(WIDTH)]
            inputs = WIDTH
        self.convolutions, self.out = nn.Sequential(*parts), nn.Linear(WIDTH, count)

    def forward(self, bands):
        return self.out(self.convolutions(bands).amax(-1))


def load(folder, split, ear):
    """The bands of all sounds, heard through the feature extractor's normalisation."""
    sounds = numpy.fromfile(f"{folder}/{split}.samples", "<i2").reshape(-1, RATE)
    parts = []
    with torch.no_grad():
        for start in range(0, len(sounds), 200):
            wave = torch.from_numpy(sounds[start : start + 200].astype(numpy.float32) / 32768)
            parts.append(ear(normal(wave)))
    return torch.cat(parts)


def accuracy(head, bands, wanted):
    head.eval()
    with torch.no_grad():
        found = torch.cat([head(part).argmax(-1) for part in bands.split(250)])
    head.train()
    return (found == wanted).float().mean().item()


def write(model, names, target):
    export.export(
        model, {"input_values": (torch.zeros(1, RATE), {0: "batch_size", 1: "samples"})},
        {"logits": {0: "batch_size"}}, f"{target}/onnx/model.onnx",
    )
    export.write(target, "config.json", {
        "model_type": "wav2vec2",
        "architectures": ["Wav2Vec2ForSequenceClassification"],
        "hidden_size": WIDTH,
        **export.labels(names),
    })
    export.write(target, "preprocessor_config.json", PREPROCESSOR)


def main(folder, target):
    export.setup(SEED)
    with open(f"{folder}/names.json", encoding="utf-8") as file:
        names = json.load(file)
    ear, head = Ear(), Head(len(names))
    train = load(folder, "train", ear)
    ear.mean, ear.scale = train.mean((0, 2))[:, None], 1 / train.std((0, 2))[:, None]
    train = (train - ear.mean) * ear.scale
    validation, test = load(folder, "validation", ear), load(folder, "test", ear)

    def wanted(bands):
        return torch.arange(len(bands)) % len(names)

    def loss_of(_):
        chosen = torch.randint(len(train), (BATCH,))
        return functional.cross_entropy(head(train[chosen]), chosen % len(names), label_smoothing=0.05)

    def report():
        return f"validation {100 * accuracy(head, validation, wanted(validation)):.1f} %"

    print(f"{export.parameters(head)} parameters that learn, {len(train)} sounds", flush=True)
    export.train(head, STEPS, RATE_OF_LEARNING, loss_of, report)
    found = accuracy(head, test, wanted(test))
    print(f"unseen voices, unseen noise: {100 * found:.2f} % of {len(test)}", flush=True)
    head.eval()
    write(nn.Sequential(ear, head), names, target)


main(*sys.argv[1:])
