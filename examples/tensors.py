#!/usr/bin/env python3
"""Sends tensors in binary and gets them back, of Python's own arrays and of numpy's.

    python3 tensors.py

The service is that of WEBINFER_URL, or http://127.0.0.1:8470.
"""
import array
import sys

import webinfer


def main():
    with webinfer.Client() as client:
        # Any buffer is a tensor: its format and shape say which. Nothing is copied on the way.
        numbers = array.array("f", [0.5, 1.5, float("nan")])
        answer = client.infer("builtin/echo", {"x": numbers})
        print(answer["x"], answer["x"].tolist())

        # Numbers in lists need a datatype, and may have any shape.
        square = webinfer.Tensor("square", [[1, 2], [3, 4]], "INT64")
        back = client.infer("builtin/echo", square)["square"]
        print(back, "has row 1, column 0:", back.data[1, 0])

        try:
            import numpy
        except ImportError:
            return
        grid = numpy.arange(6, dtype="float32").reshape(2, 3)
        print(client.infer("builtin/echo", {"grid": grid})["grid"].numpy() * 2)


if __name__ == "__main__":
    try:
        main()
    except webinfer.WebinferError as failure:
        sys.exit(str(failure))
