#!/usr/bin/env python3
"""Prints what is said while it is said: each segment is a line once it has ended.

    arecord -t raw -f S16_LE -r 16000 | python3 listen.py digit-words
    python3 listen.py digit-words said.wav

A terminal also shows the partial text of the current segment. The service is that of
WEBINFER_URL, or http://127.0.0.1:8470.
"""
import sys

import webinfer


def show(event):
    if event["event"] == "partial" and sys.stderr.isatty():
        print(f"\r{event['text'][-78:]}\x1b[K", end="", file=sys.stderr, flush=True)
    elif event["event"] == "final":
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        print(event["text"], flush=True)
    elif event["event"] == "error":
        print(f"segment {event['segment']} has no text: {event['detail']}", file=sys.stderr)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} MODEL [FILE]\n\n{__doc__}")
    model, *files = sys.argv[1:]
    with webinfer.Client() as client:
        try:
            for event in client.listen(model, files[0] if files else sys.stdin.buffer):
                show(event)
        except (OSError, ValueError, webinfer.WebinferError) as failure:
            sys.exit(str(failure))


if __name__ == "__main__":
    main()
