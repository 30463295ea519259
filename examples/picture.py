#!/usr/bin/env python3
"""Says what is in a picture.

    python3 picture.py digits ../models/digits/samples/7.png

The service is that of WEBINFER_URL, or http://127.0.0.1:8470.
"""
import sys

import webinfer


def main():
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} MODEL FILE\n\n{__doc__}")
    model, file = sys.argv[1:]
    try:
        with webinfer.Client() as client:
            answer = client.classify(model, image=file)
    except (webinfer.WebinferError, OSError) as failure:
        sys.exit(str(failure))
    for label in answer.result["labels"][:3]:
        print(f"{label['probability']:.4f}  {label['label']}")
    where = answer.executed_on
    print(f"computed by {where['browser']} {where['browser_version']} on {where['platform']}, "
          f"in {answer.performance['inference_ms']:.1f} ms")


if __name__ == "__main__":
    main()
