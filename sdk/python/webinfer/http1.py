"""HTTP/1.1 without any input or output: requests as bytes, and bytes as answers.

Both transports, the one over sockets and the one over asyncio, only carry bytes to and from here.
All that comes from the other side is bounded and checked.
"""
from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple

from .errors import BadAnswer

MAX_HEAD = 64 * 1024
MAX_BODY = 4 * 1024 ** 3
#: Pieces of a request that are smaller together are sent as one.
JOIN_BELOW = 64 * 1024
#: What is read at once of an answer whose place is not known yet.
_SCRATCH = 64 * 1024


@dataclass
class Request:
    """What is asked: `target` is the path with its query, `timeout` the seconds without a byte."""

    method: str
    target: str
    headers: Dict[str, str] = field(default_factory=dict)
    body: List[memoryview] = field(default_factory=list)
    timeout: float = 60.0
    #: Whether it may be sent again though it may have arrived.
    repeatable: bool = False


@dataclass(frozen=True)
class Reply:
    """A whole answer. `headers` have lower-case names."""

    status: int
    headers: Dict[str, str]
    body: memoryview


class Address:
    """Where a service is. Raises ValueError for what is no http or https address."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or \
                parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\x7f]", url):
            raise ValueError(f"{url!r} is no address of a service: it is like "
                             "http://127.0.0.1:8470 or https://host:8470")
        self.url = url.rstrip("/")
        self.secure = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.secure else 80)
        self.prefix = parts.path.rstrip("/")
        self.authority = parts.netloc


def encode(request: Request, address: Address, token: Optional[str]) -> List[memoryview]:
    """The bytes of a request, in pieces: large ones are not copied."""
    lines = [f"{request.method} {address.prefix}{request.target} HTTP/1.1",
             f"Host: {address.authority}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body or request.method == "POST":
        lines.append(f"Content-Length: {sum(len(piece) for piece in request.body)}")
    for line in lines:
        if not line.isascii() or not line.isprintable():
            raise ValueError(f"{line.split(':')[0]}: only printable ASCII can be sent there")
    head = memoryview(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
    pieces = [head, *request.body]
    if sum(len(piece) for piece in pieces) < JOIN_BELOW:
        return [memoryview(b"".join(pieces))]
    return pieces


_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n]*)?\Z")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\Z")


def _parse_head(data: bytes) -> Tuple[int, Dict[str, str]]:
    first, *lines = data.split(b"\r\n")
    match = _STATUS.match(first)
    if not match:
        raise BadAnswer(f"what answered does not speak HTTP: it began with {first[:60]!r}. "
                        "Check the address")
    headers: Dict[str, str] = {}
    for line in lines:
        found = _HEADER.match(line)
        if not found:
            raise BadAnswer(f"the answer has a line that is no header: {line[:60]!r}")
        name = found[1].decode("ascii").lower()
        if name in headers and name in ("content-length", "transfer-encoding"):
            raise BadAnswer(f"the answer has more than one {name}")
        headers[name] = found[2].decode("latin-1")
    return int(match[1]), headers


class Chunks:
    """The chunked transfer coding, taken apart as it comes."""

    def __init__(self) -> None:
        self.ended = False
        self._line = bytearray()
        self._left = 0  # of the chunk that is under way
        self._state = "size"

    def feed(self, data: bytes) -> bytes:
        out, at = [], 0
        while at < len(data) and not self.ended:
            if self._state == "data":
                piece = data[at:at + self._left]
                out.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left == 0:
                    self._state = "end"
                continue
            end = data.find(b"\n", at)
            self._line += data[at:] if end < 0 else data[at:end]
            at = len(data) if end < 0 else end + 1
            if len(self._line) > MAX_HEAD:
                raise BadAnswer("the answer has a chunk without an end to its head")
            if end >= 0:
                self._take(bytes(self._line).rstrip(b"\r"))
                self._line.clear()
        return b"".join(out)

    def _take(self, line: bytes) -> None:
        if self._state == "size":
            size = line.split(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,12}", size):
                raise BadAnswer(f"the answer has a chunk of no size: {line[:60]!r}")
            self._left = int(size, 16)
            self._state = "data" if self._left else "trailer"
        elif self._state == "end":
            if line:
                raise BadAnswer("the answer has a chunk that is longer than it says")
            self._state = "size"
        elif not line:
            self.ended = True


class Incoming:
    """One answer as it comes: read into `room()`, and say to `came` how much that was.

    A body whose length was told is read where it stays, without a copy.
    """

    def __init__(self) -> None:
        self.status = 0  # until the head is whole
        self.headers: Dict[str, str] = {}
        self.ended = False
        self._scratch = memoryview(bytearray(_SCRATCH))
        self._raw = bytearray()
        self._whole: Optional[memoryview] = None  # a body whose length was told,
        self._at = self._given = 0  # as far as it has come, and as `body` has given it
        self._pieces: List[bytes] = []  # of any other body
        self._chunks: Optional[Chunks] = None
        self._over = False  # more came than the answer has

    @property
    def reusable(self) -> bool:
        """Whether the connection can take the next request."""
        framed = self._chunks is not None or self._whole is not None
        return (self.ended and framed and not self._over and
                self.headers.get("connection", "").lower() != "close")

    def room(self) -> memoryview:
        """Where the next bytes of the connection go. There is always room for some."""
        if self._whole is None or self.ended:
            return self._scratch
        return self._whole[self._at:]

    def came(self, count: int) -> None:
        """So many bytes were read into `room()`; 0: the connection has ended.

        Raises EOFError where the answer is not whole then.
        """
        if count == 0:
            self._end()
        elif self._whole is None or self.ended:
            self._take(bytes(self._scratch[:count]))
        else:
            self._at += count
            self.ended = self._at == len(self._whole)

    def _take(self, data: bytes) -> None:
        if not self.status:
            self._raw += data
            data = self._take_head()
        if data:
            self._take_body(data)

    def _take_head(self) -> bytes:
        while not self.status:
            end = self._raw.find(b"\r\n\r\n")
            if end > MAX_HEAD or end < 0 and len(self._raw) > MAX_HEAD:
                raise BadAnswer("the head of the answer has no end. Check the address")
            if end < 0:
                if not b"HTTP/1."[:len(self._raw)] == self._raw[:7]:
                    _parse_head(bytes(self._raw[:200]))
                return b""
            status, headers = _parse_head(bytes(self._raw[:end]))
            del self._raw[:end + 4]
            if status >= 200:
                self.status, self.headers = status, headers
        rest, self._raw = bytes(self._raw), bytearray()
        self._frame()
        return rest

    def _frame(self) -> None:
        coding = self.headers.get("transfer-encoding")
        length = self.headers.get("content-length")
        if self.status in (204, 304):
            self._whole = memoryview(b"")
        elif coding is not None:
            if coding.lower() != "chunked":
                raise BadAnswer(f"the answer has a transfer coding that was not requested: {coding[:40]}")
            self._chunks = Chunks()
        elif length is not None:
            if not re.fullmatch("[0-9]{1,15}", length) or int(length) > MAX_BODY:
                raise BadAnswer(f"the answer has a length that cannot be: {length[:40]!r}")
            self._whole = memoryview(bytearray(int(length)))
        self.ended = self._whole is not None and not self._whole

    def _take_body(self, data: bytes) -> None:
        if self.ended:
            self._over = True
        elif self._chunks is not None:
            self._pieces.append(self._chunks.feed(data))
            self.ended = self._chunks.ended
        elif self._whole is not None:  # its first bytes, which came with the head
            fitting = data[:len(self._whole)]
            self._whole[:len(fitting)] = fitting
            self._at = len(fitting)
            self._over = len(data) > len(fitting)
            self.ended = self._at == len(self._whole)
        else:
            self._pieces.append(data)

    def _end(self) -> None:
        if self.status and self._chunks is None and self._whole is None:
            self.ended = True  # the end of the connection is that of the body
        if not self.ended:
            raise EOFError

    def body(self) -> memoryview:
        """What has come of the body since this was asked last."""
        if self._whole is not None:
            since, self._given = self._given, self._at
            return self._whole[since:self._at]
        pieces, self._pieces = self._pieces, []
        return memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces))
