#!/usr/bin/env python3
"""A client of webinferd's streams, with nothing but Python's standard library.

    python3 stream.py http://127.0.0.1:8470 builtin/count '{"count": 20, "interval_ms": 200}'

prints the text of an answer as it is made. webinfer-api(7) describes the events. A connection that
breaks is made again, and the stream goes on behind the last part that came: the service keeps it for
`stream_grace`. A token is taken from the environment variable WEBINFER_TOKEN.
"""
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

TRIES = 5  # in a row, to take a broken stream up again
SILENCE = 30  # seconds; while a stream lives there is a comment every 10


class Failed(Exception):
    """What the service says went wrong; `problem` is its problem document."""

    def __init__(self, problem):
        super().__init__(problem.get("detail") or problem.get("title") or str(problem))
        self.problem = problem


def events(lines):
    """Takes server-sent events apart: (event, id or None, data), as each is complete."""
    fields = {}
    for line in lines:
        name, _, value = line.decode().rstrip("\r\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield fields.get("event"), fields.get("id"), json.loads(fields["data"])
        if not line.strip():
            fields = {}


class Stream:
    """One answer in parts. Iterating gives each part once and in order; `done` is the answer's rest."""

    def __init__(self, url, model, **request):
        self.url, self.job, self.last, self.done = url.rstrip("/"), None, None, None
        self.request = {"model_name": model, "inputs": [], **request,
                        "stream": True, "resumable": True}

    def _open(self):
        headers = {"Accept": "text/event-stream"}
        if "WEBINFER_TOKEN" in os.environ:
            headers["Authorization"] = "Bearer " + os.environ["WEBINFER_TOKEN"]
        if self.job is None:
            headers["Content-Type"] = "application/json"
            asked = urllib.request.Request(self.url + "/v1/infer", headers=headers,
                                           data=json.dumps(self.request).encode())
        else:
            if self.last is not None:
                headers["Last-Event-ID"] = self.last
            asked = urllib.request.Request(self.url + self.job, headers=headers)
        try:
            answer = urllib.request.urlopen(asked, timeout=SILENCE)
        except urllib.error.HTTPError as error:  # it failed before its first part
            raise Failed(json.load(error)) from None
        self.job = answer.headers["Location"] or self.job
        return answer

    def _parts(self):
        with self._open() as answer:
            for event, number, data in events(answer):
                if event == "part":
                    self.last = number
                    yield data
                elif event == "done":
                    self.done = data
                elif event == "error":
                    raise Failed(data)

    def __iter__(self):
        tries = 0
        while self.done is None:
            try:
                for part in self._parts():
                    tries = 0
                    yield part
            except (OSError, http.client.HTTPException):
                if self.job is None:
                    raise  # nothing says that it was accepted
            if self.done is None:
                tries += 1
                if tries > TRIES:
                    raise ConnectionError("the stream broke off and cannot be taken up again")
                time.sleep(0.1 * 2 ** tries)


def main():
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} URL MODEL OPTIONS\n\n{__doc__}")
    url, model, options = sys.argv[1:]
    stream = Stream(url, model, options=json.loads(options))
    try:
        for part in stream:
            print(part.get("text", ""), end="", flush=True)
    except (Failed, OSError) as failure:
        sys.exit(f"\n{failure}")
    print()
    print(json.dumps({key: stream.done[key] for key in ("parts", "result", "executed_on")}))


if __name__ == "__main__":
    main()
