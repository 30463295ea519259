#!/usr/bin/env python3
"""A node in Python, written from webinfer-protocol(7) alone with nothing but the standard library:
python3 node.py JOIN_LINK
It runs builtin/echo, builtin/count and the model "twice" (y = x + x on FP32); SIGTERM ends it,
SIGUSR1 pauses it, and SIGUSR2 has it go on."""
import array, base64, hashlib, http.client, json, os, random, select, signal, socket, sys, time

MAX_HEAD, PIECE, MAX_RESUMED = 1 << 20, 128 << 10, 300
ENTRY = ("name", "datatype", "shape")

class WebSocket:
    """RFC 6455, as much of it as a client of one server needs. OSError: a close code, a reason."""
    def __init__(self, authority):
        key, connection = base64.b64encode(os.urandom(16)), http.client.HTTPConnection(authority)
        connection.request("GET", "/node", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key.decode(), "Sec-WebSocket-Protocol": "webinfer.v1"})
        self.socket = connection.sock
        accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        said = connection.getresponse().getheader("Sec-WebSocket-Accept")
        if said != base64.b64encode(accept).decode():
            raise OSError(1006, "this is no bridge")

    def read(self, size):
        got = self.socket.recv(size, socket.MSG_WAITALL) if size else b""
        if len(got) == size:
            return got
        raise OSError(1006, "the connection ended")

    def receive(self):  # the next whole message: (is binary, bytes)
        message, final = b"", 0
        while not final:
            first, size = self.read(2)
            if size > 125:
                size = int.from_bytes(self.read(2 if size == 126 else 8), "big")
            payload, opcode = self.read(size), first & 0x0F
            if opcode == 8:
                raise OSError(int.from_bytes(payload[:2], "big"), payload[2:])
            if opcode == 9:
                self.send(10, payload)
            if opcode < 3:
                binary, final = opcode == 2 if opcode else binary, first & 0x80
                message += payload
        return binary, message

    def send(self, opcode, payload):
        size, mask = len(payload), os.urandom(4)
        key = (mask * (size // 4 + 1))[:size]  # XOR of the whole as one number is quick
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big") \
            if size < 1 << 16 else b"\xff" + size.to_bytes(8, "big")
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

def encode(envelope, tensors):  # (opcode, bytes); a tensor is (name, datatype, shape, bytes)
    section, entries = b"", []
    for tensor in tensors:
        section += bytes(-len(section) % 8)
        entries.append(dict(zip(ENTRY, tensor), offset=len(section), byte_length=len(tensor[3])))
        section += tensor[3]
    if entries:
        envelope["data"] = envelope["data"] | {"tensors": entries}
    head = json.dumps(envelope).encode()
    whole = len(head).to_bytes(4, "little") + head + bytes(-(4 + len(head)) % 8) + section
    return (2, whole) if entries else (1, head)

def decode(binary, message):
    size = int.from_bytes(message[:4], "little") if binary else 0
    envelope = json.loads(message[4:4 + size] if binary else message)
    section = message[4 + size + -(4 + size) % 8:]
    return envelope, [(*map(one.get, ENTRY), section[one["offset"]:][:one["byte_length"]])
                      for one in envelope["data"].get("tensors", [])]

class Attempt:
    def __init__(self, request, tensors, credit):
        self.data, self.options = request["data"], request["options"]
        self.about = {"attempt_id": self.data["attempt_id"], "reply_to": request["id"]}
        self.outline = self.data.get("outline", [])  # of inputs that come in pieces
        self.inputs = tensors or [(*map(one.get, ENTRY), bytearray()) for one in self.outline]
        self.stream, self.counts = self.data.get("stream"), "count" in self.options
        self.next = self.first = self.data.get("continue", {}).get("seq", 0)
        self.parts, self.credit, self.sent = {}, credit, {"parts": 0, "bytes": 0}
        self.due, self.answer, self.outputs, self.gone = time.monotonic(), None, (), 0

    def lacks(self):  # where the next piece of its inputs begins; None: they are whole
        for index, (entry, tensor) in enumerate(zip(self.outline, self.inputs)):
            if len(tensor[3]) < entry["byte_length"]:
                return {"tensor": index, "position": len(tensor[3])}

class Node:
    def __init__(self, link):
        self.authority, token = link.split("//")[1].split("/#token=")
        self.who, self.id, self.sequence = {"token": token.split("&")[0]}, "", 0
        self.failures, self.paused, self.is_news = 0, False, False
        self.attempts, self.models = {}, set()  # by id; hashes of what was fetched and checked

    def make(self, kind, data, tensors=()):
        self.sequence += 1
        return encode({"id": str(self.sequence), "type": kind, "from": self.id,
                       "timestamp": int(time.time() * 1000), "data": data}, tensors)

    def say(self, *what):
        self.socket.send(*self.make(*what))

    def announce(self):
        self.forget(list(self.attempts)[MAX_RESUMED:])  # the service sends what is not listed again
        held = self.attempts.items()
        if self.id:
            self.who["resume"] |= {
                "running": [name for name, one in held if not one.answer],
                "unacknowledged": [name for name, one in held if one.answer],
                "next": {name: one.next for name, one in held if one.stream},
                "data": {name: one.lacks() for name, one in held if one.lacks()}}
        self.say("node_announcement", {"protocol": 1, **self.who, "capabilities": {
            "browser": {"name": "python"}, "cross_origin_isolated": False,
            "platforms": {"native": {"available": True}}, "engines": {"ort": "python"},
            "engine_info": {"builtin": {"slots": 16, "can": ["continue"]}}}})

    def handle(self, said, tensors):
        kind, data = said["type"], said["data"]
        one = self.attempts.get(data.get("attempt_id"))
        if kind == "welcome":
            self.welcome(data)
        elif kind == "heartbeat":
            self.beat(reply_to=said["id"])
        elif kind == "task_request":
            self.forget(data.get("acknowledged", []))
            one = self.attempts[data["attempt_id"]] = Attempt(said, tensors, self.initial)
            self.begin(one)
        elif kind == "task_data" and one:
            one.inputs[data["tensor"]][3].extend(tensors[0][3])
            self.begin(one)
        elif kind == "task_credit" and one:
            one.credit = data if "parts" in data else one.credit
            self.send_pieces(one, data.get("data_bytes", -1))
        elif kind in ("task_ack", "task_cancel"):
            self.forget(data.get("attempt_ids", [data.get("attempt_id")]), data.get("parts", {}))

    def welcome(self, data):  # sends again what the service lacks: parts before answers
        self.id, self.credential = data["node"], "Bearer " + data["model_credential"]
        self.who = {"resume": {"node": self.id, "token": data["resume_token"]}}
        self.interval, self.misses = data["heartbeat_interval_ms"] / 1000, data["heartbeat_misses"]
        self.max_frame, self.initial = data["max_frame_bytes"], data["initial_credit"]
        self.forget(data["cancel"], data.get("next", {}))
        for name, one in self.attempts.items():
            one.credit = data["credit"].get(name, one.credit)
            [self.socket.send(*part) for part in one.parts.values()]
            if place := data["data"].get(name):  # its credit comes again
                one.gone = place["position"] + sum(len(o[3]) for o in one.outputs[:place["tensor"]])
            elif one.answer:
                self.send_answer(one)
        self.failures, self.welcomed, self.is_news = 0, True, self.paused
        print("resumed" if data["resumed"] else "welcome", self.id, flush=True)

    def beat(self, **more):
        self.say("heartbeat", {"seq": 0, "running": [*self.attempts], "paused": self.paused} | more)

    def pause(self, number, _):  # told from the loop: a message may be on its way now
        self.paused, self.is_news = number == signal.SIGUSR1, True

    def tell_pause(self):  # then what has not begun goes back
        self.is_news = self.beat()
        for one in [*self.attempts.values()] if self.paused else []:
            if not one.answer and (one.lacks() or one.counts and one.next == one.first):
                self.end(one, error="node_paused")

    def forget(self, attempts, parts={}):
        for name in attempts:
            self.attempts.pop(name, None)
        for name in parts.keys() & self.attempts.keys():
            kept = self.attempts[name].parts
            self.attempts[name].parts = {seq: kept[seq] for seq in kept if seq >= parts[name]}

    def begin(self, one):
        if self.paused:
            return self.end(one, error="node_paused")
        if one.counts or one.lacks():
            return
        model, outputs, error = one.data["model"], one.inputs, None
        warm = model["hash"] in self.models or not model["files"]
        if not warm and not all(map(self.fetch, model["files"])):
            error = "model_fetch_failed"
        elif model["name"] == "twice":
            self.models.add(model["hash"])
            numbers = array.array("f", (2 * x for x in array.array("f", bytes(outputs[0][3]))))
            outputs = [("y", "FP32", outputs[0][2], numbers.tobytes())]
        elif model["name"] != "builtin/echo":
            error = "operator_unsupported"
        outputs = [out for out in outputs if out[0] in one.data.get("outputs", [out[0]])]
        self.end(one, () if error else outputs, error, performance={"warm": warm})

    def fetch(self, file):
        connection = http.client.HTTPConnection(self.authority)
        connection.request("GET", file["url"], headers={"Authorization": self.credential})
        return hashlib.sha256(connection.getresponse().read()).hexdigest() == file["hash"]

    def end(self, one, outputs=(), error=None, **said):
        said |= one.about | {"ok": not error, "executed_on": {
            "platform": one.data["platforms"][0], "engine": "python"}}
        if error:
            said |= {"retryable": error in ("model_fetch_failed", "node_paused"), "error": {
                "code": error, "message": "this node runs little, and what came was not that"}}
        one.answer = self.make("task_response", said, outputs)
        if outputs and int.from_bytes(one.answer[1][:4], "little") > MAX_HEAD:
            return self.end(one, error="answer_too_large")
        if len(one.answer[1]) > self.max_frame:
            said |= {"in_pieces": True}
            one.outputs, one.answer = outputs, self.make("task_response", said)
        self.send_answer(one)

    def send_answer(self, one):
        if not one.outputs:
            return self.socket.send(*one.answer)
        one.gone, outline = 0, [dict(zip(ENTRY, o), byte_length=len(o[3])) for o in one.outputs]
        self.say("task_outline", one.about | {"outline": outline})

    def send_pieces(self, one, granted):
        end = 0  # of each output, counted in the bytes of all
        for index, (*_, content) in enumerate(one.outputs):
            start, end = end, end + len(content)
            while one.gone < min(end, granted):
                at = one.gone - start
                piece = content[at:min(at + PIECE, granted - start)]
                self.say("task_data", one.about | {"tensor": index, "position": at},
                         [("piece", "UINT8", [len(piece)], piece)])
                one.gone += len(piece)
        if one.outputs and one.gone == end <= granted:
            self.socket.send(*one.answer)

    def count(self, one):  # makes the parts that are due; how long until the next one is
        while one.next < one.options["count"]:
            waits = one.stream and any(one.sent[what] >= one.credit[what] for what in one.sent)
            if waits or one.due > time.monotonic():
                return self.interval if waits else max(one.due - time.monotonic(), 0)
            text = f"{one.next} ".ljust(one.options.get("bytes", 0))
            if one.stream:
                one.sent = {"parts": one.sent["parts"] + 1, "bytes": one.sent["bytes"] + len(text)}
                part = one.about | {"seq": one.next, "text": text, "tokens": [one.next]}
                one.parts[one.next] = self.make("task_part", part)
                self.socket.send(*one.parts[one.next])
            one.next, one.due = one.next + 1, one.due + one.options.get("interval_ms", 0) / 1000
        self.end(one, result={"count": one.next}, parts=one.next if one.stream else 0)
        return self.interval

    def serve(self):
        self.socket, self.welcomed = WebSocket(self.authority), False
        self.interval, self.misses, heard = 5, 3, time.monotonic()
        self.announce()
        while time.monotonic() - heard < self.interval * self.misses:
            waits = [self.count(one) for one in self.attempts.values()
                     if one.counts and not one.answer and self.welcomed]
            if self.is_news and self.welcomed:
                self.tell_pause()
            if select.select([self.socket.socket], [], [], min(waits + [self.interval / 4]))[0]:
                heard = time.monotonic()
                self.handle(*decode(*self.socket.receive()))

    def run(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(self.say("bye", {"reason": "its end"})))
        [signal.signal(number, self.pause) for number in (signal.SIGUSR1, signal.SIGUSR2)]
        while True:
            try:
                self.serve()
            except OSError as problem:
                if problem.args[0] in (1000, 1008, 4001):
                    sys.exit(str(problem))
            time.sleep(random.uniform(0, min(0.25 * 2 ** self.failures, 5)))
            self.failures += 1

Node(sys.argv[1]).run()
