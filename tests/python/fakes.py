"""Servers that say what a test tells them to, each byte of it."""
import contextlib
import socket
import threading


def answer(body, status=200, headers=()):
    """A well-framed answer."""
    body = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def events(*lines, job="/v1/jobs/job-1"):
    """The beginning of a stream, in chunks."""
    head = ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            f"Location: {job}\r\nTransfer-Encoding: chunked\r\n\r\n").encode()
    return head + b"".join(chunk(line) for line in lines)


def chunk(text):
    return f"{len(text.encode()):x}\r\n{text}\r\n".encode()


def part(seq):
    return f'id: {seq}\nevent: part\ndata: {{"seq":{seq},"index":0,"text":"{seq} "}}\n\n'


DONE = 'event: done\ndata: {"parts":3,"result":{"count":3}}\n\n'


class Server:
    """Answers each connection's requests with the next of `script`; None closes without a word.
    An entry may be (bytes, "close"), after which the connection is cut."""

    def __init__(self, *script):
        self.script = list(script)
        self.requests = []
        self.sent = 0  # answers, to their last byte
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):
            file = connection.makefile("rb")
            while self._read_request(file):
                said = self.script.pop(0) if self.script else None
                if said is None:
                    return
                said, after = said if isinstance(said, tuple) else (said, None)
                connection.sendall(said)
                self.sent += 1
                if after == "close":
                    return

    def _read_request(self, file):
        head = []
        while (line := file.readline()) not in (b"\r\n", b""):
            head.append(line.decode().strip())
        if not head:
            return False
        lengths = [int(one.split(":")[1]) for one in head if one.lower().startswith("content-length:")]
        self.requests.append((head[0].rsplit(" ", 1)[0], head[1:], file.read(sum(lengths))))
        return True

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@contextlib.contextmanager
def serving(*script):
    server = Server(*script)
    try:
        yield server
    finally:
        server.close()
