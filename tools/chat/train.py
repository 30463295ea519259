# Trains the sample chat model: a small llama, from random weights or from those in `start`, on the
# tokens that make-chat.mjs wrote. Each dialogue is seen once, in the order of the file. PyTorch on
# one core; seeded.
#
#     python3 train.py FOLDER        # reads shape.json, start, {train,validation}-*; writes weights

import json
import math
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

RATE = 0.003
MUON_RATE = 0.02
WARM_UP = 100  # steps
DECAY = 0.1
BATCH = 2048  # tokens, with those that fill up
WINDOW = 1024  # dialogues that are sorted by length together
SEED = 20261121

torch.set_num_threads(1)
torch.manual_seed(SEED)


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


def rotations(length, size, base):
    """Angles of rotary positions: llama's order, in which neighbours are a pair."""
    speeds = base ** (-torch.arange(0, size, 2) / size)
    angles = torch.arange(length)[:, None] * speeds
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width, ffn, self.heads = shape["embd"], shape["ffn"], shape["heads"]
        self.attn_norm = Norm(width)
        self.attn_q, self.attn_k, self.attn_v, self.attn_output = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )
        self.ffn_norm = Norm(width)
        self.ffn_gate, self.ffn_up = (nn.Linear(width, ffn, bias=False) for _ in range(2))
        self.ffn_down = nn.Linear(ffn, width, bias=False)

    def attend(self, x, cos, sin, hidden):
        rows, length, width = x.shape
        q, k, v = (
            part(x).view(rows, length, self.heads, -1).transpose(1, 2)
            for part in (self.attn_q, self.attn_k, self.attn_v)
        )
        scores = rotate(q, cos, sin) @ rotate(k, cos, sin).transpose(-1, -2)
        scores = scores / math.sqrt(width / self.heads) + hidden
        mixed = scores.softmax(-1) @ v
        return self.attn_output(mixed.transpose(1, 2).reshape(rows, length, width))

    def forward(self, x, cos, sin, hidden):
        x = x + self.attend(self.attn_norm(x), cos, sin, hidden)
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))


class Llama(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape["vocab"], shape["embd"])
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape["layers"]))
        self.output_norm = Norm(shape["embd"])
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=weight.shape[1] ** -0.5)
            if name.endswith(("attn_output.weight", "ffn_down.weight")):
                weight.data.mul_((2 * shape["layers"]) ** -0.5)

    def forward(self, tokens):
        length = tokens.shape[1]
        cos, sin = rotations(length, self.shape["embd"] // self.shape["heads"], self.shape["base"])
        hidden = torch.full((length, length), -math.inf).triu(1)
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, cos, sin, hidden)
        return self.output_norm(x)


def orthogonal(update):
    """The nearest matrix whose singular values are about 1: five steps of Newton and Schulz."""
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = update.shape[0] <= update.shape[1]
    x = (update if wide else update.T) / (update.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.T


class Muon:
    """Momentum made orthogonal (kellerjordan.github.io/posts/muon), for the blocks' matrices."""

    def __init__(self, weights):
        self.weights = weights
        self.momenta = [torch.zeros_like(weight) for weight in weights]

    @torch.no_grad()
    def step(self, rate):
        for weight, momentum in zip(self.weights, self.momenta):
            momentum.mul_(0.95).add_(weight.grad)
            update = orthogonal(weight.grad + 0.95 * momentum)
            weight.mul_(1 - rate * DECAY)
            weight.add_(update, alpha=-rate * max(1, weight.shape[0] / weight.shape[1]) ** 0.5)


class Dialogues:
    def __init__(self, folder, kind):
        self.tokens = numpy.fromfile(f"{folder}/{kind}-tokens", numpy.uint16)
        self.learned = numpy.fromfile(f"{folder}/{kind}-learned", numpy.uint8)
        self.lengths = numpy.fromfile(f"{folder}/{kind}-lengths", numpy.uint32).astype(numpy.int64)
        self.starts = numpy.cumsum(self.lengths) - self.lengths

    def batch(self, chosen):
        longest = self.lengths[chosen].max()
        tokens = torch.zeros(len(chosen), longest, dtype=torch.long)
        learned = torch.zeros(len(chosen), longest, dtype=torch.bool)
        for row, i in enumerate(chosen):
            start, length = self.starts[i], self.lengths[i]
            part = slice(start, start + length)
            tokens[row, :length] = torch.from_numpy(self.tokens[part].astype(numpy.int64))
            learned[row, :length] = torch.from_numpy(self.learned[part].astype(bool))
        return tokens, learned

    def batches(self, random):
        """Of like length, each window's in a random order."""
        for first in range(0, len(self.lengths), WINDOW):
            window = numpy.arange(first, min(first + WINDOW, len(self.lengths)))
            window = window[numpy.argsort(self.lengths[window], kind="stable")]
            batches, rows = [], []
            for i in window:
                if rows and (len(rows) + 1) * self.lengths[i] > BATCH:
                    batches.append(rows)
                    rows = []
                rows.append(i)
            batches.append(rows)
            random.shuffle(batches)
            yield from batches


def answer_logits(model, tokens, learned):
    """Of the tokens that have to be said, each from what is before it; and those tokens."""
    states = model(tokens[:, :-1])[learned[:, 1:]]
    return states @ model.token_embd.weight.T, tokens[:, 1:][learned[:, 1:]]


def test(model, dialogues, random):
    """The share of dialogues in which every token is the most probable one."""
    right = count = 0
    with torch.no_grad():
        for chosen in dialogues.batches(random):
            tokens, learned = dialogues.batch(chosen)
            logits, wanted = answer_logits(model, tokens, learned)
            wrong = torch.zeros(learned[:, 1:].shape, dtype=torch.bool)
            wrong[learned[:, 1:]] = logits.argmax(-1) != wanted
            right += int((~wrong.any(1)).sum())
            count += len(chosen)
    return right / count


def main(folder):
    with open(f"{folder}/shape.json", encoding="utf-8") as file:
        shape = json.load(file)
    model = Llama(shape)
    load(model, folder)
    training, validation = Dialogues(folder, "train"), Dialogues(folder, "validation")
    random = numpy.random.RandomState(SEED)
    steps = sum(1 for _ in training.batches(numpy.random.RandomState(SEED)))
    matrices = [weight for weight in model.blk.parameters() if weight.dim() == 2]
    others = [model.token_embd.weight, *(w for w in model.parameters() if w.dim() == 1)]
    muon = Muon(matrices)
    adam = torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0)
    parameters = sum(weight.numel() for weight in model.parameters())
    print(f"{parameters} parameters, {len(training.tokens)} tokens, {steps} steps", flush=True)
    losses, began = [], time.time()
    for step, chosen in enumerate(training.batches(random), 1):
        slow = 0.5 * (1 + math.cos(math.pi * step / steps))
        rate = shape["rate"] * min(step / WARM_UP, 0.01 + 0.99 * slow)
        for group in adam.param_groups:
            group["lr"] = RATE * rate
        logits, wanted = answer_logits(model, *training.batch(chosen))
        loss = functional.cross_entropy(logits, wanted)
        model.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        muon.step(MUON_RATE * rate)
        adam.step()
        losses.append(loss.item())
        if step % 250 == 0 or step == steps:
            share = test(model, validation, numpy.random.RandomState(SEED))
            print(
                f"step {step}: loss {sum(losses) / len(losses):.4f}, "
                f"validation {100 * share:.1f} %, {time.time() - began:.0f} s",
                flush=True,
            )
            losses = []
            save(model, folder)


def load(model, folder):
    """What save wrote, if there is anything."""
    values, place = numpy.fromfile(f"{folder}/start", "<f4"), 0
    weights = dict(model.named_parameters())
    for name in model.shape["tensors"] if len(values) else ():
        part = values[place : place + weights[name].numel()]
        weights[name].data.copy_(torch.from_numpy(part).view(weights[name].shape))
        place += len(part)


def save(model, folder):
    """All weights one after the other, in the order of shape.json's list of tensors."""
    weights = dict(model.named_parameters())
    with open(f"{folder}/weights", "wb") as file:
        for name in model.shape["tensors"]:
            file.write(weights[name].detach().numpy().astype("<f4").tobytes())


main(sys.argv[1])
