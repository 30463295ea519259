# Trains numbers: an encoder and a decoder that write digits as words. PyTorch on one core; seeded.
#
#     python3 seq2seq.py FOLDER TARGET
#
# FOLDER has shape.json and numbers.json (tokens of digits and words, and whether they are held out for
# the test); TARGET is the model's folder.

import json
import sys

import torch
from torch import nn
from torch.nn import functional

import export
from blocks import Attention, FeedForward, Layer, table

WIDTH, HEADS, INNER, LAYERS = 64, 4, 128, 2
CONTEXT = 16
STEPS, BATCH, RATE = 2500, 128, 0.002
OFTEN = 20  # how often numbers below 100 come, of which there are few
SEED = 20261125


def hidden(mask):
    return (1.0 - mask.float())[:, None, None, :] * -1e4


class Encoder(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.words, self.places = words, table(CONTEXT, WIDTH)
        self.layers = nn.ModuleList(Layer(WIDTH, HEADS, INNER) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, input_ids, attention_mask):
        x = self.words(input_ids) + self.places[: input_ids.shape[1]]
        for layer in self.layers:
            x = layer(x, hidden(attention_mask))
        return self.norm(x)


class Block(nn.Module):
    """Of the decoder."""

    def __init__(self):
        super().__init__()
        self.first, self.own = nn.LayerNorm(WIDTH), Attention(WIDTH, HEADS)
        self.second, self.cross = nn.LayerNorm(WIDTH), Attention(WIDTH, HEADS)
        self.forth = FeedForward(WIDTH, INNER)

    def forward(self, x, past, bias, encoded, encoded_bias):
        """Gives the cache, too: keys and values of all that was said."""
        normal, own = self.first(x), self.own
        key, value = (
            torch.cat([old, own.split(make(normal))], 2) for old, make in zip(past, (own.key, own.value))
        )
        x = x + own.mix(own.split(own.query(normal)), key, value, bias)
        return self.forth(x + self.cross(self.second(x), encoded, encoded_bias)), key, value


class Decoder(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.words, self.places = words, table(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, input_ids, encoder_attention_mask, encoder_hidden_states, *past):
        """`past`: key and value of each block."""
        start = past[0].shape[2]
        total = start + input_ids.shape[1]
        queries, keys = torch.arange(start, total), torch.arange(total)
        bias = (keys[None, :] > queries[:, None]).float() * -1e4
        x = self.words(input_ids) + self.places[start:total]
        cache = []
        for index, block in enumerate(self.blocks):
            x, key, value = block(
                x, past[2 * index : 2 * index + 2], bias, encoder_hidden_states,
                hidden(encoder_attention_mask),
            )
            cache += [key, value]
        return (self.norm(x) @ self.words.weight.T, *cache)


def nothing_said(rows):
    return [torch.zeros(rows, HEADS, 0, WIDTH // HEADS) for _ in range(2 * LAYERS)]


def padded(rows, pad):
    longest = max(map(len, rows))
    return torch.tensor([row + [pad] * (longest - len(row)) for row in rows])


class Model:
    def __init__(self, shape):
        self.pad, self.end = shape["pad"], shape["end"]
        words = nn.Embedding(shape["vocabulary"], WIDTH)
        nn.init.normal_(words.weight, std=0.05)
        self.encoder, self.decoder = Encoder(words), Decoder(words)
        self.both = nn.ModuleList([self.encoder, self.decoder])

    def encode(self, chosen):
        digits = padded([one["digits"] + [self.end] for one in chosen], self.pad)
        mask = (digits != self.pad).long()
        return mask, self.encoder(digits, mask)

    def loss_of(self, chosen):
        said = padded([[self.end] + one["words"] + [self.end] for one in chosen], self.pad)
        logits, *_ = self.decoder(said[:, :-1], *self.encode(chosen), *nothing_said(len(chosen)))
        wanted = said[:, 1:].reshape(-1)
        return functional.cross_entropy(logits.flatten(0, 1), wanted, ignore_index=self.pad)

    @torch.no_grad()
    def share_right(self, chosen):
        """Greedily, with the cache, token for token."""
        encoded, cache = self.encode(chosen), nothing_said(len(chosen))
        said = [torch.full((len(chosen), 1), self.end)]
        for _ in range(CONTEXT - 1):
            logits, *cache = self.decoder(said[-1], *encoded, *cache)
            said.append(logits.argmax(-1))
        rows = torch.cat(said[1:], 1).tolist()
        wanted = [one["words"] + [self.end] for one in chosen]
        return sum(row[: len(want)] == want for row, want in zip(rows, wanted)) / len(chosen)


def write(model, shape, target):
    hidden_states = torch.zeros(1, 4, WIDTH)
    mask = (torch.ones(1, 4, dtype=torch.long), {0: "batch_size", 1: "encoded"})
    export.export(
        model.encoder, {
            "input_ids": (torch.ones(1, 4, dtype=torch.long), {0: "batch_size", 1: "encoded"}),
            "attention_mask": mask,
        },
        {"last_hidden_state": {0: "batch_size", 1: "encoded"}}, f"{target}/onnx/encoder_model.onnx",
    )
    names = [f"{index}.decoder.{part}" for index in range(LAYERS) for part in ("key", "value")]
    example = torch.zeros(1, HEADS, 3, WIDTH // HEADS)
    export.export(
        model.decoder, {
            "input_ids": (torch.ones(1, 2, dtype=torch.long), {0: "batch_size", 1: "sequence"}),
            "encoder_attention_mask": mask,
            "encoder_hidden_states": (hidden_states, {0: "batch_size", 1: "encoded"}),
            **{f"past_key_values.{name}": (example, {0: "batch_size", 2: "past"}) for name in names},
        },
        {
            "logits": {0: "batch_size", 1: "sequence"},
            **{f"present.{name}": {0: "batch_size", 2: "total"} for name in names},
        },
        f"{target}/onnx/decoder_model_merged.onnx",
    )
    end = shape["end"]
    ids = {"bos_token_id": 0, "pad_token_id": shape["pad"], "eos_token_id": end}
    ids["decoder_start_token_id"] = end
    sides = {
        f"{side}_{what}": value
        for side in ("encoder", "decoder")
        for what, value in (("layers", LAYERS), ("attention_heads", HEADS), ("ffn_dim", INNER))
    }
    export.write(target, "config.json", {
        "model_type": "bart",
        "architectures": ["BartForConditionalGeneration"],
        "d_model": WIDTH,
        "vocab_size": shape["vocabulary"],
        "max_position_embeddings": CONTEXT,
        "is_encoder_decoder": True,
        **sides,
        **ids,
    })
    export.write(target, "generation_config.json", {**ids, "max_length": CONTEXT})


def main(folder, target):
    export.setup(SEED)
    with open(f"{folder}/shape.json", encoding="utf-8") as file:
        shape = json.load(file)
    with open(f"{folder}/numbers.json", encoding="utf-8") as file:
        numbers = json.load(file)
    held = [one for one in numbers if one["held"]]
    known = [one for one in numbers if not one["held"]] + numbers[:100] * (OFTEN - 1)
    model = Model(shape)
    print(f"{export.parameters(model.both)} parameters, {len(held)} numbers held out", flush=True)

    def loss_of(_):
        return model.loss_of([known[i] for i in torch.randint(len(known), (BATCH,)).tolist()])

    def report():
        return f"held out {100 * model.share_right(held[:200]):.1f} %"

    export.train(model.both, STEPS, RATE, loss_of, report)
    print(f"held out: {100 * model.share_right(held):.2f} % of {len(held)}", flush=True)
    print(f"all: {100 * model.share_right(numbers):.2f} % of {len(numbers)}", flush=True)
    write(model, shape, target)


main(*sys.argv[1:])
