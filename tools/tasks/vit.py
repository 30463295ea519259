# Trains digits-vit: a small vision transformer. PyTorch on one core; seeded.
#
#     python3 vit.py FOLDER TARGET
#
# FOLDER has SPLIT.pixels (28 x 28 bytes a picture) and SPLIT.digits (one byte each) for train,
# validation, test and samples; TARGET is the model's folder.

import os
import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

import export
from blocks import Layer, table

SIZE = 28
CELL = 4
WIDTH, HEADS, INNER, LAYERS = 64, 4, 128, 4
STEPS, BATCH, RATE = 4000, 64, 0.002
SEED = 20261123


class Vit(nn.Module):
    """Patches by three convolutions instead of one, which learn faster; no class token but a mean."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.GELU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.GELU(),
            nn.Conv2d(32, WIDTH, 3, stride=2, padding=1),
        )
        self.places = table((SIZE // CELL) ** 2, WIDTH)
        self.layers = nn.ModuleList(Layer(WIDTH, HEADS, INNER) for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)

    def forward(self, pixel_values):
        x = self.stem(pixel_values).flatten(2).transpose(1, 2) + self.places
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x).mean(1))


def load(folder, split):
    pixels = numpy.fromfile(f"{folder}/{split}.pixels", numpy.uint8).reshape(-1, 1, SIZE, SIZE)
    digits = torch.from_numpy(numpy.fromfile(f"{folder}/{split}.digits", numpy.uint8).astype(numpy.int64))
    return torch.from_numpy(pixels), digits


def seen(pixels):
    """As the image processor makes them of a grey picture."""
    return ((pixels.float() / 255 - 0.5) / 0.5).expand(-1, 3, -1, -1)


def accuracy(model, pixels, digits):
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(seen(part)).argmax(-1) for part in pixels.split(250)])
    model.train()
    return (found == digits).float().mean().item()


def write(model, target):
    export.export(
        model, {"pixel_values": (torch.zeros(1, 3, SIZE, SIZE), {0: "batch_size"})},
        {"logits": {0: "batch_size"}}, f"{target}/onnx/model.onnx",
    )
    export.write(target, "config.json", {
        "model_type": "vit",
        "architectures": ["ViTForImageClassification"],
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "image_size": SIZE,
        "patch_size": CELL,
        "num_channels": 3,
        **export.labels("0123456789"),
    })
    export.write(target, "preprocessor_config.json", export.pictures("ViTImageProcessor", SIZE))


def main(folder, target):
    export.setup(SEED)
    model = Vit()
    pixels, digits = load(folder, "train")
    validation = load(folder, "validation")

    def loss_of(_):
        chosen = torch.randint(len(digits), (BATCH,))
        return functional.cross_entropy(
            model(seen(pixels[chosen])), digits[chosen], label_smoothing=0.05
        )

    def report():
        return f"validation {100 * accuracy(model, *validation):.1f} %"

    print(f"{export.parameters(model)} parameters, {len(digits)} pictures", flush=True)
    export.train(model, STEPS, RATE, loss_of, report)
    found = accuracy(model, *load(folder, "test"))
    print(f"unseen typefaces, unseen noise: {100 * found:.2f} %", flush=True)
    model.eval()
    with torch.no_grad():
        logits = model(seen(load(folder, "samples")[0])).tolist()
    write(model, target)
    os.makedirs(f"{target}/samples", exist_ok=True)
    export.write(target, "samples/expected.json", logits)


main(*sys.argv[1:])
