#!/usr/bin/env python3
"""A node in Python, written from webinfer-protocol(7) alone with nothing but the standard library.

    python3 node.py JOIN_LINK

It computes three things: builtin/echo, builtin/count (also as a stream) and the model "twice"
(y = x + x on FP32). It fetches the model's file as the protocol says and checks its hash. Standard
input takes orders for tests:
"cut" breaks the connection, "leave" ends the node. It ends, too, when the service sends it away.
"""
import array
import base64
import hashlib
import http.client
import json
import os
import random
import select
import socket
import struct
import sys
import time
from urllib.parse import urlsplit

MAX_MESSAGE = 256 << 20
MAX_HEAD = 1 << 20
PIECE = 128 << 10
MAX_RESUMED = 1024  # attempts in an announcement ...
MAX_RESUME = 60 << 10  # ... and bytes of them, of 64 KiB in all


class Closed(Exception):
    """The WebSocket is gone; args: close code (or 1006) and reason."""


class WebSocket:
    """RFC 6455, as much of it as a client of one server needs."""

    def __init__(self, host, port, path, protocol):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((
            f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {protocol}\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        accept = base64.b64encode(hashlib.sha1(
            (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        headers = {name.lower(): value for name, value in headers.items()}
        if " 101 " not in lines[0] or headers.get("sec-websocket-accept") != accept \
                or headers.get("sec-websocket-protocol") != protocol:
            raise Closed(1006, lines[0])
        self.parts, self.kind = [], 0

    def _fill(self):
        got = self.socket.recv(1 << 16)
        if not got:
            raise Closed(1006, "the connection ended")
        self.buffer += got

    def _frame(self):
        """One whole frame off the buffer, or None: (final, opcode, payload)."""
        if len(self.buffer) < 2:
            return None
        first, second = self.buffer[0], self.buffer[1]
        size, at = second & 0x7F, 2
        if size == 126:
            if len(self.buffer) < 4:
                return None
            size, at = struct.unpack(">H", self.buffer[2:4])[0], 4
        elif size == 127:
            if len(self.buffer) < 10:
                return None
            size, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
        if size > MAX_MESSAGE:
            raise Closed(1009, "too large")
        if len(self.buffer) < at + size:
            return None
        payload, self.buffer = self.buffer[at:at + size], self.buffer[at + size:]
        return first & 0x80, first & 0x0F, payload

    def receive(self):
        """Yields every whole message that has come: (is binary, bytes). For when it is readable."""
        self._fill()
        while (frame := self._frame()) is not None:
            final, opcode, payload = frame
            if opcode == 8:
                code = struct.unpack(">H", payload[:2])[0] if len(payload) > 1 else 1005
                self._send(8, payload[:2])
                raise Closed(code, payload[2:].decode("utf-8", "replace"))
            if opcode == 9:
                self._send(10, payload)
            if opcode > 2:
                continue
            if opcode:
                self.kind = opcode
            self.parts.append(payload)
            if final:
                message, self.parts = b"".join(self.parts), []
                yield self.kind == 2, message

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 1 << 16:
            head += struct.pack(">BH", 0x80 | 126, size)
        else:
            head += struct.pack(">BQ", 0x80 | 127, size)
        # XOR of the whole payload as one number: quick without any library.
        key = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
        self.socket.sendall(head + mask + masked)

    def send(self, binary, payload):
        self._send(2 if binary else 1, payload)


# --- FRAMES ---------------------------------------------------------------------------------------

def align(size):
    return (size + 7) // 8 * 8


def encode(envelope, tensors):
    """(is binary, bytes). A tensor is (name, datatype, shape, bytes)."""
    if not tensors:
        return False, json.dumps(envelope).encode()
    section, entries = b"", []
    for name, datatype, shape, content in tensors:
        section += bytes(align(len(section)) - len(section))
        entries.append({"name": name, "datatype": datatype, "shape": shape,
                        "offset": len(section), "byte_length": len(content)})
        section += content
    envelope["data"]["tensors"] = entries
    head = json.dumps(envelope).encode()
    return True, struct.pack("<I", len(head)) + head + \
        bytes(align(4 + len(head)) - 4 - len(head)) + section


def decode(binary, message):
    if not binary:
        return json.loads(message), []
    size = struct.unpack("<I", message[:4])[0]
    envelope = json.loads(message[4:4 + size])
    section = message[align(4 + size):]
    return envelope, [
        (one["name"], one["datatype"], one["shape"],
         section[one["offset"]:one["offset"] + one["byte_length"]])
        for one in envelope["data"].get("tensors", [])]


# --- THE NODE -------------------------------------------------------------------------------------

class Failure(Exception):
    """args: an error code of the protocol, a message, whether another node may do better."""


class Count:
    """An attempt of builtin/count: one part for each number, as the credit allows."""

    def __init__(self, envelope, credit):
        task, options = envelope["data"], envelope["options"]
        self.attempt, self.reply_to = task["attempt_id"], envelope["id"]
        self.platform = task["platforms"][0]
        self.streams = bool(task.get("stream"))
        self.count, self.size = options["count"], options.get("bytes") or 0
        self.interval = (options.get("interval_ms") or 0) / 1000
        self.next = (task.get("continue") or {}).get("seq", 0)
        self.credit, self.sent = dict(credit), {"parts": 0, "bytes": 0}
        self.kept = {}  # seq -> the message: not acknowledged
        self.began = self.due = time.monotonic()
        self.blocked, self.waited = None, 0
        self.answered = False

    def may_go(self, now):
        if self.answered or now < self.due:
            return False
        if not self.streams or self.next == self.count or \
                all(self.sent[what] < self.credit[what] for what in self.sent):
            if self.blocked is not None:
                self.waited += now - self.blocked
            self.blocked = None
            return True
        self.blocked = now if self.blocked is None else self.blocked
        return False

    def part(self):
        text = f"{self.next} ".ljust(self.size)
        self.sent["parts"] += 1
        self.sent["bytes"] += len(text.encode())
        return {"attempt_id": self.attempt, "seq": self.next, "index": 0, "text": text,
                "tokens": [self.next]}

    def answer(self, now):
        return {"attempt_id": self.attempt, "reply_to": self.reply_to, "ok": True,
                "result": {"count": self.count}, "parts": self.next if self.streams else 0,
                "executed_on": {"platform": self.platform, "engine": "python"},
                "performance": {"warm": True, "waited_for_client_ms": self.waited * 1000,
                                "inference_ms": (now - self.began - self.waited) * 1000}}

    def forget(self, seq):
        self.kept = {one: message for one, message in self.kept.items() if one >= seq}


class Arriving:
    """A task whose tensors come in pieces."""

    def __init__(self, envelope):
        self.envelope, self.outline = envelope, envelope["data"]["outline"]
        self.bytes = [b""] * len(self.outline)
        self.tensor = 0
        self.skip()

    def skip(self):
        while not self.whole() and \
                len(self.bytes[self.tensor]) == self.outline[self.tensor]["byte_length"]:
            self.tensor += 1

    def whole(self):
        return self.tensor == len(self.outline)

    def wanted(self):
        return {"tensor": self.tensor, "position": len(self.bytes[self.tensor])}

    def add(self, data, piece):
        if {"tensor": data["tensor"], "position": data["position"]} != self.wanted():
            raise Closed(1008, "a piece came out of order")
        self.bytes[self.tensor] += piece
        self.skip()

    def tensors(self):
        return [(one["name"], one["datatype"], one["shape"], content)
                for one, content in zip(self.outline, self.bytes)]


class Leaving:
    """An answer's tensors that go in pieces; `tensor` and `position` are the next byte."""

    def __init__(self, tensors):
        self.tensors, self.tensor, self.position = tensors, 0, 0

    def outline(self):
        return [{"name": name, "datatype": datatype, "shape": shape, "byte_length": len(content)}
                for name, datatype, shape, content in self.tensors]

    def pieces(self, granted):
        """Yields (tensor, position, bytes) as far as the credit reaches."""
        sent = sum(len(one[3]) for one in self.tensors[:self.tensor]) + self.position
        while self.tensor < len(self.tensors):
            content = self.tensors[self.tensor][3]
            piece = content[self.position:self.position + min(PIECE, granted - sent)]
            if self.position == len(content):
                self.tensor, self.position = self.tensor + 1, 0
            elif not piece:
                return
            else:
                yield self.tensor, self.position, piece
                self.position += len(piece)
                sent += len(piece)


class Node:
    def __init__(self, link):
        url = urlsplit(link)
        self.host, self.port = url.hostname, url.port
        self.token = url.fragment.split("token=", 1)[1]
        self.id, self.resume_token, self.credential = "", None, None
        self.sequence = 0
        self.unacknowledged = {}  # attempt id -> the message with its answer
        self.counts = {}  # attempt id -> Count: not acknowledged
        self.arriving = {}  # attempt id -> Arriving
        self.large = {}  # attempt id -> Leaving: the tensors of an answer
        self.models = {}  # hash -> name: fetched and checked
        self.socket = None
        self.leaving = False
        self.welcomed = False

    # -- saying things

    def make(self, kind, data, tensors=()):
        self.sequence += 1
        return encode({"id": str(self.sequence), "type": kind, "from": self.id,
                       "timestamp": int(time.time() * 1000), "data": dict(data)}, list(tensors))

    def send(self, kind, data, tensors=()):
        self.transmit(self.make(kind, data, tensors))

    def transmit(self, message):
        self.socket.send(*message)
        self.said = time.monotonic()

    def fits(self, binary, message):
        head = struct.unpack("<I", message[:4])[0] if binary else len(message)
        return head <= MAX_HEAD and len(message) <= self.max_frame

    def announce(self):
        data = {"protocol": 1, "capabilities": {
            "browser": {"name": "python", "version": sys.version.split()[0]},
            "os": sys.platform, "cores": os.cpu_count() or 1, "cross_origin_isolated": False,
            "platforms": {"native": {"available": True}}, "engines": {"python": "1"},
            "parts": True, "long_continue": True,
            "engine_info": {"builtin": {"slots": 16, "queue": 1, "can": ["continue"]}}}}
        if self.resume_token:
            # But for counts all work is done at once.
            self.forget(self.held()[MAX_RESUMED:])  # the service sends them again
            while len(json.dumps(self.resumed())) > MAX_RESUME:
                self.forget(self.held()[-20:])
            data["resume"] = self.resumed()
        else:
            data["token"] = self.token
        self.send("node_announcement", data)

    def held(self):
        return list(self.unacknowledged) + self.running()

    def resumed(self):
        return {"node": self.id, "token": self.resume_token,
                "running": self.running(), "unacknowledged": list(self.unacknowledged),
                "next": {one: count.next for one, count in self.counts.items() if count.streams},
                "data": {one: task.wanted() for one, task in self.arriving.items()}}

    def running(self):
        return [one for one, count in self.counts.items() if not count.answered] + \
            list(self.arriving)

    # -- hearing things

    def handle(self, envelope, tensors):
        kind, data = envelope["type"], envelope["data"]
        if kind == "welcome":
            self.id, self.resume_token = data["node"], data["resume_token"]
            self.credential = data["model_credential"]
            self.interval = data["heartbeat_interval_ms"] / 1000
            self.patience = self.interval * data["heartbeat_misses"]
            self.max_frame = data["max_frame_bytes"]
            self.failures = 0
            self.credit = data["initial_credit"]
            self.forget(data["cancel"])
            self.resume(data)
            self.welcomed = True
            print("resumed" if data["resumed"] else "welcome", self.id, flush=True)
        elif kind == "heartbeat":
            self.send("heartbeat", {"seq": self.sequence, "reply_to": envelope["id"],
                                    "running": self.running(), "busy_since_ms": 0})
        elif kind == "task_request":
            self.forget(data.get("acknowledged") or [])
            if "outline" in data:
                self.arriving[data["attempt_id"]] = Arriving(envelope)
                self.arrived(data["attempt_id"])
            else:
                self.begin(envelope, tensors)
        elif kind == "task_data" and data["attempt_id"] in self.arriving:
            self.arriving[data["attempt_id"]].add(data, tensors[0][3])
            self.arrived(data["attempt_id"])
        elif kind == "task_credit":
            self.grant(data)
        elif kind == "task_ack":
            self.forget(data["attempt_ids"])
            self.forget_parts(data.get("parts") or {})
        elif kind == "task_cancel":
            self.forget([data["attempt_id"]])
        elif kind == "bye":
            print("bye", data["code"], flush=True)
            if data["code"] != "shutdown":
                sys.exit(0)

    def forget(self, attempts):
        for attempt in attempts:
            for kept in (self.unacknowledged, self.counts, self.arriving, self.large):
                kept.pop(attempt, None)

    def forget_parts(self, seqs):
        for attempt, seq in seqs.items():
            if attempt in self.counts:
                self.counts[attempt].forget(seq)

    def resume(self, welcome):
        """Sends again what the service lacks: parts first, then answers."""
        self.forget_parts(welcome.get("next") or {})
        wanted = welcome.get("data") or {}
        for attempt, count in self.counts.items():
            count.credit |= (welcome.get("credit") or {}).get(attempt, {})
            for message in count.kept.values():
                self.transmit(message)
        for attempt, message in self.unacknowledged.items():
            if attempt not in self.large:
                self.transmit(message)
            elif attempt in wanted:  # its credit comes again
                self.large[attempt].tensor = wanted[attempt]["tensor"]
                self.large[attempt].position = wanted[attempt]["position"]
            else:
                self.outline(attempt)

    def grant(self, data):
        attempt = data["attempt_id"]
        if attempt in self.counts and "parts" in data:
            self.counts[attempt].credit = {"parts": data["parts"], "bytes": data["bytes"]}
        if attempt in self.large and "data_bytes" in data:
            for tensor, position, piece in self.large[attempt].pieces(data["data_bytes"]):
                self.send("task_data", {"attempt_id": attempt, "tensor": tensor,
                                        "position": position},
                          [("piece", "UINT8", [len(piece)], piece)])
            if self.large[attempt].tensor == len(self.large[attempt].tensors):
                self.transmit(self.unacknowledged[attempt])

    # -- working

    def arrived(self, attempt):
        if self.arriving[attempt].whole():
            task = self.arriving.pop(attempt)
            self.begin(task.envelope, task.tensors())

    def begin(self, envelope, tensors):
        if envelope["data"]["model"]["name"] == "builtin/count":
            self.counts[envelope["data"]["attempt_id"]] = Count(envelope, self.credit)
        else:
            self.answer(envelope, tensors)

    def step(self):
        """Lets each count go on as far as it may; how long until the next is due."""
        due = self.interval
        if not self.welcomed:
            return due
        for count in list(self.counts.values()):
            while count.may_go(now := time.monotonic()):
                if count.next == count.count:
                    count.answered = True
                    message = self.make("task_response", count.answer(now))
                    self.unacknowledged[count.attempt] = message
                    self.transmit(message)
                    break
                message = self.make("task_part", count.part()) if count.streams else None
                seq, count.next = count.next, count.next + 1
                if count.next < count.count:
                    count.due = max(count.due + count.interval, now - count.interval)
                if message:
                    count.kept[seq] = message
                    self.transmit(message)
            if not count.answered and count.blocked is None:
                due = min(due, max(count.due - time.monotonic(), 0))
        return due

    def outline(self, attempt):
        self.large[attempt].tensor = self.large[attempt].position = 0
        self.send("task_outline", {"attempt_id": attempt,
                                   "outline": self.large[attempt].outline()})

    def answer(self, envelope, tensors):
        task = envelope["data"]
        data = {"attempt_id": task["attempt_id"], "reply_to": envelope["id"]}
        began = time.monotonic()
        outputs = []
        try:
            warm = task["model"]["hash"] in self.models or not task["model"].get("url")
            self.load(task["model"])
            loaded = time.monotonic()
            outputs = self.compute(task, tensors)
            data |= {"ok": True,
                "executed_on": {"platform": task["platforms"][0], "engine": "python"},
                "performance": {"load_ms": (loaded - began) * 1000, "warm": warm,
                                "inference_ms": (time.monotonic() - loaded) * 1000}}
        except Failure as failure:
            code, message, retryable = failure.args
            data |= {"ok": False, "retryable": retryable,
                     "error": {"code": code, "message": message}}
        attempt = task["attempt_id"]
        message = self.make("task_response", data, outputs)
        if outputs and not self.fits(*message):
            self.large[attempt] = Leaving(outputs)
            outline = self.make("task_outline", {"outline": self.large[attempt].outline()})
            if self.fits(*outline):
                message = self.make("task_response", data | {"in_pieces": True})
                self.unacknowledged[attempt] = message
                self.outline(attempt)
                return
            del self.large[attempt]
        if not self.fits(*message):
            error = {"code": "answer_too_large", "expected": f"at most {self.max_frame} bytes",
                     "message": f"the answer makes a message of {len(message[1])} bytes"}
            message = self.make("task_response", {
                "attempt_id": attempt, "reply_to": envelope["id"], "ok": False,
                "retryable": False, "error": error})
        self.unacknowledged[attempt] = message
        self.transmit(message)

    def fetch(self, file):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        connection.request("GET", file["url"],
                           headers={"Authorization": f"Bearer {self.credential}"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200 or hashlib.sha256(content).hexdigest() != file["hash"]:
            raise Failure("model_fetch_failed", f"{file['path']}: status {answer.status}", True)
        return content

    def load(self, model):
        if not model.get("url") or model["hash"] in self.models:
            return
        for file in model["files"]:
            self.fetch(file)
        self.models[model["hash"]] = model["name"]
        self.send("model_status", {"models": [
            {"name": name, "hash": one, "platform": "native", "state": "loaded", "bytes": 0}
            for one, name in self.models.items()]})

    def compute(self, task, tensors):
        name = task["model"]["name"]
        if name == "builtin/echo":
            outputs = tensors
        elif name == "twice":
            (_, datatype, shape, content), = tensors
            if datatype != "FP32":
                raise Failure("input_datatype", f"twice takes FP32, not {datatype}", False)
            numbers = array.array("f", content)
            if sys.byteorder == "big":
                numbers.byteswap()
            numbers = array.array("f", (value + value for value in numbers))
            if sys.byteorder == "big":
                numbers.byteswap()
            outputs = [("y", "FP32", shape, numbers.tobytes())]
        else:
            raise Failure("operator_unsupported", f"this node cannot run {name}", False)
        wanted = task.get("outputs")
        return [one for one in outputs if not wanted or one[0] in wanted]

    # -- coming and going

    def serve(self):
        """One connection, until it breaks."""
        self.socket = WebSocket(self.host, self.port, "/node", "webinfer.v1")
        self.interval, self.patience = 5, 15
        self.welcomed = False
        self.announce()
        heard = time.monotonic()
        orders = [sys.stdin]
        while True:
            waiting = [self.socket.socket] + orders
            ready, _, _ = select.select(waiting, [], [], min(self.step(), self.interval / 4))
            now = time.monotonic()
            if sys.stdin in ready:
                order = sys.stdin.readline().strip()
                if order == "cut":
                    self.socket.socket.close()
                    raise Closed(1006, "cut by order")
                if order == "leave":
                    self.send("bye", {"reason": "told to leave"})
                    self.leaving = True
                if not order:
                    orders = []
            if self.socket.socket in ready:
                heard = now
                for binary, message in self.socket.receive():
                    self.handle(*decode(binary, message))
            if now - heard > self.patience:
                raise Closed(4002, "nothing was heard for too long")
            if now - self.said >= self.interval:
                self.send("heartbeat", {"seq": self.sequence, "running": self.running(),
                                        "busy_since_ms": 0})

    def run(self):
        self.failures = 0
        while True:
            try:
                self.serve()
            except (Closed, OSError) as problem:
                print("closed", *problem.args, flush=True)
                if self.leaving:
                    sys.exit(0)
                if isinstance(problem, Closed) and problem.args[0] in (1008, 4001):
                    sys.exit(1)
                time.sleep(random.uniform(0, min(0.25 * 2 ** self.failures, 5)))
                self.failures += 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Node(sys.argv[1]).run()
