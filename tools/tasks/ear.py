# What keywords and digit-words hear with: the logarithms of a wave's power in bands, by a fixed convolution.

import math

import numpy
import torch
from torch import nn
from torch.nn import functional

RATE = 16000
WINDOW, STEP, BANDS = 400, 160, 40  # 25 ms every 10 ms
PREPROCESSOR = {
    "feature_extractor_type": "Wav2Vec2FeatureExtractor",
    "do_normalize": True,
    "feature_size": 1,
    "padding_value": 0.0,
    "return_attention_mask": False,
    "sampling_rate": RATE,
}


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


def normal(waves):
    """As the feature extractor normalises each of them."""
    waves = waves - waves.mean(1, keepdim=True)
    return waves / (waves.var(1, unbiased=False, keepdim=True) + 1e-7).sqrt()
