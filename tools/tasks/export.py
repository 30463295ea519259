# What the trainers of the task models have in common: the clock of a training, and the Hugging Face
# folder with the network in it.

import json
import math
import os
import sys

import torch

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from huggingface import labels, pictures  # noqa: F401, for those who import this

OPSET = 17


def setup(seed):
    torch.set_num_threads(1)
    torch.manual_seed(seed)


def train(model, steps, rate, loss_of, report=None):
    """AdamW; the rate rises in the first 5 % of the steps and falls as a cosine. `loss_of(step)`."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01, betas=(0.9, 0.98))
    total = 0.0
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(step / (0.05 * steps), 0.5 * (1 + math.cos(math.pi * step / steps)))
        loss = loss_of(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
        if step % 250 == 0:
            more = f", {report()}" if report else ""
            print(f"step {step}: loss {total / 250:.4f}{more}", flush=True)
            total = 0.0
    model.eval()


def export(model, inputs, outputs, target):
    """`inputs`: {name: (example, {axis: name})}; `outputs`: {name: {axis: name}}."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    axes = {name: names for name, (_, names) in inputs.items()}
    torch.onnx.export(
        model, tuple(example for example, _ in inputs.values()), target, opset_version=OPSET,
        input_names=list(inputs), output_names=list(outputs), dynamic_axes={**axes, **outputs},
    )
    print(f"{os.path.basename(target)}: {os.path.getsize(target)} bytes", flush=True)


def write(folder, name, content):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")


def parameters(model):
    return sum(one.numel() for one in model.parameters())
