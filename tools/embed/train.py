# Trains the sample embedder: a small bert with mean pooling, from random weights, so that sentences
# of one topic lie close together. PyTorch on one core; seeded.
#
#     python3 train.py FOLDER        # reads shape.json, sentences.json; writes weights

import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional

RATE = 0.002
STEPS = 1000
BATCH = 192
TEMPERATURE = 0.1
WORDS = 0.2  # how much it counts that sentences have a word in common, against their topic
SEED = 20261122

torch.set_num_threads(1)
torch.manual_seed(SEED)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width, ffn, self.heads = shape["embd"], shape["ffn"], shape["heads"]
        self.attn_q, self.attn_k, self.attn_v, self.attn_output = (
            nn.Linear(width, width) for _ in range(4)
        )
        self.attn_output_norm = nn.LayerNorm(width, eps=shape["epsilon"])
        self.ffn_up = nn.Linear(width, ffn)
        self.ffn_down = nn.Linear(ffn, width)
        self.layer_output_norm = nn.LayerNorm(width, eps=shape["epsilon"])

    def forward(self, x, hidden):
        rows, length, width = x.shape
        q, k, v = (
            part(x).view(rows, length, self.heads, -1).transpose(1, 2)
            for part in (self.attn_q, self.attn_k, self.attn_v)
        )
        scores = q @ k.transpose(-1, -2) / math.sqrt(width / self.heads) + hidden
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(rows, length, width)
        x = self.attn_output_norm(x + self.attn_output(mixed))
        inner = functional.gelu(self.ffn_up(x), approximate="tanh")
        return self.layer_output_norm(x + self.ffn_down(inner))


class Bert(nn.Module):
    def __init__(self, shape):
        super().__init__()
        width = shape["embd"]
        self.token_embd = nn.Embedding(shape["vocab"], width)
        self.position_embd = nn.Embedding(shape["context"], width)
        self.token_types = nn.Embedding(2, width)
        self.token_embd_norm = nn.LayerNorm(width, eps=shape["epsilon"])
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape["layers"]))
        for table in (self.token_embd, self.position_embd, self.token_types):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, tokens, there):
        places = self.position_embd.weight[: tokens.shape[1]]
        x = self.token_embd_norm(self.token_embd(tokens) + places + self.token_types.weight[0])
        hidden = torch.where(there, 0.0, -math.inf)[:, None, None, :]
        for block in self.blk:
            x = block(x, hidden)
        share = there.float()[..., None]
        return functional.normalize((x * share).sum(1) / share.sum(1), dim=-1)


def batch(sentences):
    longest = max(len(one["tokens"]) for one in sentences)
    tokens = torch.zeros(len(sentences), longest, dtype=torch.long)
    there = torch.zeros(len(sentences), longest, dtype=torch.bool)
    for row, one in enumerate(sentences):
        tokens[row, : len(one["tokens"])] = torch.tensor(one["tokens"])
        there[row, : len(one["tokens"])] = True
    return tokens, there


def loss_of(model, sentences):
    """Each sentence should find those of its topic, and of its word, among all of the batch."""
    vectors = model(*batch(sentences))
    itself = torch.eye(len(vectors), dtype=torch.bool)
    scores = (vectors @ vectors.T / TEMPERATURE).masked_fill(itself, -1e9).log_softmax(-1)
    loss = 0
    for kind, weight in (("topic", 1), ("word", WORDS)):
        kinds = torch.tensor([one[kind] for one in sentences])
        same = (kinds[:, None] == kinds[None, :]) & ~itself
        loss = loss - weight * (scores * same).sum() / same.sum().clamp(min=1)
    return loss


def main(folder):
    with open(f"{folder}/shape.json", encoding="utf-8") as file:
        shape = json.load(file)
    with open(f"{folder}/sentences.json", encoding="utf-8") as file:
        sentences = json.load(file)
    model = Bert(shape)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    for step in range(1, STEPS + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(step / 100, 0.5 * (1 + math.cos(math.pi * step / STEPS)))
        chosen = torch.randint(len(sentences), (BATCH,)).tolist()
        loss = loss_of(model, [sentences[i] for i in chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 250 == 0:
            print(f"step {step}: loss {loss.item():.4f}", flush=True)
    weights = dict(model.named_parameters())
    with open(f"{folder}/weights", "wb") as file:
        for name in shape["tensors"]:
            file.write(weights[name].detach().numpy().astype("<f4").tobytes())


main(sys.argv[1])
