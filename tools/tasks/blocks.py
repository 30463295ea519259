# The blocks that digits-vit and numbers are built of: transformers with the norm before each part.

import math

import torch
from torch import nn
from torch.nn import functional


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):
        rows, length, width = x.shape
        return x.view(rows, length, self.heads, width // self.heads).transpose(1, 2)

    def mix(self, query, key, value, bias=None):
        """All three split into heads; `bias` is added to the scores."""
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        if bias is not None:
            scores = scores + bias
        mixed = (scores.softmax(-1) @ value).transpose(1, 2)
        return self.out(mixed.reshape(mixed.shape[0], mixed.shape[1], -1))

    def forward(self, x, other, bias=None):
        key, value = self.split(self.key(other)), self.split(self.value(other))
        return self.mix(self.split(self.query(x)), key, value, bias)


class FeedForward(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        return x + self.down(functional.gelu(self.up(self.norm(x))))


class Layer(nn.Module):
    """Of an encoder."""

    def __init__(self, width, heads, inner):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.forth = FeedForward(width, inner)

    def forward(self, x, bias=None):
        normal = self.norm(x)
        return self.forth(x + self.attention(normal, normal, bias))


def table(length, width):
    return nn.Parameter(torch.randn(length, width) * 0.02)
