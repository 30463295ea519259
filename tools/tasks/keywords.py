# Trains keywords: which of a few words is said in a sound. PyTorch on one core; seeded.
#
#     python3 keywords.py FOLDER TARGET
#
# FOLDER has names.json and SPLIT.samples (16-bit PCM, one second each at 16 kHz, the names in turn)
# for train, validation and test; TARGET is the model's folder.

import json
import math
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

import export

RATE = 16000
WINDOW, STEP, BANDS = 400, 160, 40  # 25 ms every 10 ms
WIDTH, STRIDES = 96, (2, 2, 2)
STEPS, BATCH, RATE_OF_LEARNING = 1500, 64, 0.002
SEED = 20261124


def mel(hertz):
    return 2595 * math.log10(1 + hertz / 700)


def hertz(value):
    return 700 * (10 ** (value / 2595) - 1)


def filters():
    """Windowed cosines and sines of BANDS frequencies from 80 to 7600 Hz, even on the mel scale."""
    places = numpy.linspace(mel(80), mel(7600), BANDS)
    window = numpy.hanning(WINDOW)
    angles = 2 * numpy.pi * numpy.outer([hertz(one) for one in places], numpy.arange(WINDOW)) / RATE
    both = numpy.concatenate([numpy.cos(angles), numpy.sin(angles)]) * window / 100
    return torch.tensor(both, dtype=torch.float32)[:, None, :]


class Ear(nn.Module):
    """The logarithm of the power in each band; what it is made of does not learn."""

    def __init__(self):
        super().__init__()
        self.register_buffer("filters", filters())
        self.register_buffer("mean", torch.zeros(BANDS, 1))
        self.register_buffer("scale", torch.ones(BANDS, 1))

    def forward(self, input_values):
        waves = functional.conv1d(input_values[:, None, :], self.filters, stride=STEP)
        power = waves[:, :BANDS] ** 2 + waves[:, BANDS:] ** 2
        return ((power + 1e-3).log() - self.mean) * self.scale


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
            wave = wave - wave.mean(1, keepdim=True)
            parts.append(ear(wave / (wave.var(1, unbiased=False, keepdim=True) + 1e-7).sqrt()))
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
    export.write(target, "preprocessor_config.json", {
        "feature_extractor_type": "Wav2Vec2FeatureExtractor",
        "do_normalize": True,
        "feature_size": 1,
        "padding_value": 0.0,
        "return_attention_mask": False,
        "sampling_rate": RATE,
    })


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
