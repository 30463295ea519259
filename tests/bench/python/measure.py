"""What tests/bench/python.mjs asks: one line of JSON.

    measure.py calls FLOATS TIMES       medians in ms of an echo of so many FP32
    measure.py streams COUNT SECONDS    how late parts come, in ms, to one loop and to as many curls

How late a part is: when it was read, less when it was due by its stream's pace, the earliest of its
stream being in time. The first two seconds, in which clients begin, do not count.
"""
import array
import asyncio
import http.client
import json
import os
import statistics
import sys
import time
import urllib.parse

import webinfer

URL = os.environ["WEBINFER_URL"]
PER_SECOND = 5


def median_ms(ask, times):
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def bare(data):
    """The same bytes by http.client alone."""
    place = urllib.parse.urlsplit(URL)
    connection = http.client.HTTPConnection(place.hostname, place.port)
    head = json.dumps({"model_name": "builtin/echo", "platform": "simulated", "inputs": [
        {"name": "x", "datatype": "FP32", "shape": [len(data) // 4], "parameters": {"binary_data_size": len(data)}}],
        "parameters": {"binary_data_output": True}}).encode()
    body = head + data
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}

    def ask():
        connection.request("POST", "/v1/infer", body, headers)
        answer = connection.getresponse()
        got = answer.read()
        assert answer.status == 200 and got.endswith(data), got[:500]
    return ask


def waiting(numbers):
    client = webinfer.Client()
    return lambda: client.infer("builtin/echo", {"x": numbers}, platform="simulated")


async def awaiting(numbers, times):
    async with webinfer.AsyncClient() as client:
        took = []
        for _ in range(times):
            began = time.perf_counter()
            await client.infer("builtin/echo", {"x": numbers}, platform="simulated")
            took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


def calls(floats, times):
    numbers = array.array("f", range(floats))
    asks = {"bare": bare(numbers.tobytes()), "client": waiting(numbers)}
    for ask in asks.values():  # the connections
        ask()
    halves = {name: [] for name in (*asks, "aio")}
    for _ in range(4):  # in turn, so that what else the machine does is in all of them
        for name, ask in asks.items():
            halves[name].append(median_ms(ask, times // 4))
        halves["aio"].append(asyncio.run(awaiting(numbers, times // 4)))
    return {name: statistics.median(each) for name, each in halves.items()}


REQUEST = {"count": 0, "interval_ms": 1000 // PER_SECOND}


async def by_loop(count, parts):
    async with webinfer.AsyncClient() as client:
        async def one():
            stream = client.stream("builtin/count", platform="simulated", options={**REQUEST, "count": parts})
            return [time.perf_counter() async for _ in stream]
        return await asyncio.gather(*(one() for _ in range(count)))


async def by_curl(count, parts):
    body = json.dumps({"model_name": "builtin/count", "inputs": [], "stream": True, "platform": "simulated",
                       "options": {**REQUEST, "count": parts}})

    async def one():
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sN", URL + "/v1/infer", "-H", "Content-Type: application/json", "-d", body,
            stdout=asyncio.subprocess.PIPE)
        times = []
        async for line in curl.stdout:
            if line.startswith(b"event: part"):
                times.append(time.perf_counter())
        await curl.wait()
        return times
    return await asyncio.gather(*(one() for _ in range(count)))


def lateness(streams):
    """Of each part: how many there were, and figures in ms."""
    late, parts = [], 0
    for times in streams:
        parts += len(times)
        began = [moment - place / PER_SECOND for place, moment in enumerate(times)][2 * PER_SECOND:]
        late += [1000 * (one - min(began)) for one in began]
    late.sort()
    return {"parts": parts, "p50": statistics.median(late), "p99": late[int(0.99 * (len(late) - 1))],
            "most": late[-1]}


def main():
    what, first, second = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if what == "calls":
        print(json.dumps(calls(first, second)))
        return
    parts = second * PER_SECOND
    print(json.dumps({"curl": lateness(asyncio.run(by_curl(first, parts))),
                      "aio": lateness(asyncio.run(by_loop(first, parts)))}))


main()
