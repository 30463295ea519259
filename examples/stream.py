#!/usr/bin/env python3
"""Prints the text of an answer as it is made.

    python3 stream.py builtin/count '{"count": 20, "interval_ms": 200}'
    python3 stream.py finch '{"temperature": 0}' "Tell me a story."

A connection that breaks is made again, and the stream goes on behind the last part that came. The
service is that of WEBINFER_URL, or http://127.0.0.1:8470.
"""
import json
import sys

import webinfer


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(f"usage: {sys.argv[0]} MODEL OPTIONS [TEXT]\n\n{__doc__}")
    model, options, *text = sys.argv[1:]
    with webinfer.Client() as client:
        if text:
            stream = client.talk(model, text[0], options=json.loads(options))
        else:
            stream = client.stream(model, options=json.loads(options))
        try:
            for words in stream.texts():
                print(words, end="", flush=True)
        except webinfer.WebinferError as failure:
            sys.exit(f"\n{failure}")
    print()
    print(json.dumps({key: stream.done[key] for key in ("parts", "result", "executed_on")}))


if __name__ == "__main__":
    main()
