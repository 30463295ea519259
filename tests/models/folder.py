"""A model's folder in the Hugging Face layout."""

import json
import os
import sys

import onnx

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools"))
import huggingface
from graph import SIDE


class Folder:
    def __init__(self, root, name):
        self.path = os.path.join(root, name)
        self.name = name
        self.graphs = {}
        os.makedirs(os.path.join(self.path, "onnx"))

    def write(self, name, content):
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)

    def config(self, model_type, architecture, **more):
        self.write("config.json", {"model_type": model_type, "architectures": [architecture], **more})

    def generation(self, **content):
        self.write("generation_config.json", content)

    def pictures(self, processor, side=SIDE, **more):
        self.write("preprocessor_config.json", huggingface.pictures(processor, side, **more))

    def sounds(self, extractor, sampling_rate, **more):
        content = {"feature_extractor_type": extractor, "sampling_rate": sampling_rate, **more}
        self.write("preprocessor_config.json", content)

    def save(self, model, file="model", **how):
        self.graphs[file] = model
        onnx.save(model, os.path.join(self.path, "onnx", f"{file}.onnx"), **how)


def labels(*names):
    return huggingface.labels(names)
