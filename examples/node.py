#!/usr/bin/env python3
"""A node: it answers builtin/echo, and a model that adds its two inputs.

    python3 node.py JOIN_LINK [MODEL]

JOIN_LINK is what `webinfer token join` prints. MODEL is a model of the service whose graph is an
addition of two FP32 tensors of the same shape; this program computes it without the file. It needs
the package websockets, 10.4 or later (Debian: python3-websockets). After a loss it joins as a new
node, and it refuses tensors that come in pieces; webinfer-protocol(7) has the rest."""
import array
import asyncio
import json
import random
import sys
import time
from urllib.parse import parse_qs, urlsplit

import websockets

ENTRY = ("name", "datatype", "shape")


def decode(message):
    """The envelope of a message, and its tensors as (name, datatype, shape, bytes)."""
    if isinstance(message, str):
        return json.loads(message), []
    size = int.from_bytes(message[:4], "little")
    envelope, section = json.loads(message[4 : 4 + size]), message[4 + size + -(4 + size) % 8 :]
    return envelope, [
        (*map(one.get, ENTRY), section[one["offset"] :][: one["byte_length"]])
        for one in envelope["data"].get("tensors", [])
    ]


def encode(envelope, tensors=()):
    """A text message, or a binary one where there are tensors, each at a multiple of 8 bytes."""
    section, entries = b"", []
    for tensor in tensors:
        section += bytes(-len(section) % 8)
        place = {"offset": len(section), "byte_length": len(tensor[3])}
        entries.append(dict(zip(ENTRY, tensor)) | place)
        section += tensor[3]
    if not entries:
        return json.dumps(envelope)
    envelope["data"] |= {"tensors": entries}
    head = json.dumps(envelope).encode()
    return len(head).to_bytes(4, "little") + head + bytes(-(4 + len(head)) % 8) + section


def add(tensors):
    (_, datatype, shape, a), (_, other, also, b) = tensors
    if (datatype, shape) != (other, also) or datatype != "FP32":
        raise ValueError("an addition takes two FP32 tensors of the same shape")
    sums = (x + y for x, y in zip(array.array("f", a), array.array("f", b)))
    return [("y", "FP32", shape, array.array("f", sums).tobytes())]


class Node:
    def __init__(self, link, model=""):
        url, self.model, self.id = urlsplit(link), model, ""
        self.url = f"{url.scheme.replace('http', 'ws')}://{url.netloc}/node"
        self.token = parse_qs(url.fragment)["token"][0]
        self.sequence = self.failures = 0

    async def say(self, kind, data, tensors=()):
        self.sequence += 1
        await self.socket.send(encode({"id": str(self.sequence), "type": kind, "from": self.id,
            "timestamp": int(time.time() * 1000), "data": data}, tensors))

    async def answer(self, request, tensors):
        data, began = request["data"], time.monotonic()
        about = {"attempt_id": data["attempt_id"], "reply_to": request["id"]}
        try:
            if data["model"]["name"] not in ("builtin/echo", self.model) or "outline" in data:
                raise ValueError("this node runs little, and only what fits into a message")
            outputs = add(tensors) if data["model"]["name"] == self.model else tensors
        except ValueError as problem:
            about |= {"error": {"code": "operator_unsupported", "message": str(problem)}}
            await self.say("task_response", about | {"ok": False, "retryable": True})
        else:
            ms = (time.monotonic() - began) * 1000
            await self.say("task_response", about | {"ok": True,
                "executed_on": {"platform": data["platforms"][0], "engine": "python"},
                "performance": {"load_ms": 0, "inference_ms": ms, "warm": True}}, outputs)

    async def serve(self):
        protocol = {"subprotocols": ["webinfer.v1"], "max_size": None}
        async with websockets.connect(self.url, **protocol) as self.socket:
            self.id = ""
            can = {"browser": {"name": "python"}, "cross_origin_isolated": False,
                "platforms": {"native": {"available": True}}, "engines": {"ort": "python"}}
            who = {"protocol": 1, "token": self.token}
            await self.say("node_announcement", who | {"capabilities": can})
            while True:
                said, tensors = decode(await self.socket.recv())
                if said["type"] == "welcome":
                    self.id, self.failures = said["data"]["node"], 0
                    print("welcome", self.id, flush=True)
                elif said["type"] == "heartbeat":
                    await self.say("heartbeat", {"seq": 0, "reply_to": said["id"], "running": []})
                elif said["type"] == "task_request":
                    await self.answer(said, tensors)

    async def run(self):
        while True:
            try:
                await self.serve()
            except websockets.ConnectionClosed as closed:
                if closed.rcvd and closed.rcvd.code in (1000, 1008):  # it is not wanted back
                    sys.exit(f"node.py: {closed.rcvd.reason or 'the service has sent it away'}")
            except (OSError, asyncio.TimeoutError, websockets.InvalidHandshake) as problem:
                print(f"node.py: {problem}", file=sys.stderr)
            await asyncio.sleep(random.uniform(0, min(0.25 * 2**self.failures, 5)))
            self.failures += 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or "token=" not in sys.argv[1]:
        sys.exit(f"usage: {sys.argv[0]} JOIN_LINK [MODEL]")
    asyncio.run(Node(*sys.argv[1:]).run())
