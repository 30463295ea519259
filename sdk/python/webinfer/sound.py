"""Sound that is sent while it comes, without any input or output but of its source: what it is by its
first bytes, which piece goes next, and what the service told of it."""
from __future__ import annotations

import os
import struct
from typing import (IO, Any, AsyncIterable, Dict, Iterable, Iterator, List, Mapping, Optional, TypedDict, Union,
                    cast)

from .errors import BadAnswer, ServiceError, Unreachable, WebinferError, of_problem
from .events import TRIES, Account
from .http1 import Reply, Request
from .wire import post, read_json

__all__ = ["Listening", "Sound", "SoundEvent", "SoundSource", "chunks"]

#: The bytes of a sound, the path of a file, a file object that gives bytes, or pieces one after another.
SoundSource = Union[bytes, bytearray, memoryview, str, "os.PathLike[str]", IO[bytes], Iterable[bytes],
                    AsyncIterable[bytes]]

#: Bytes that are sent at a time; the service takes 1 MiB.
PIECE = 256 * 1024
#: A length that programs give which write WAV to a pipe, or more.
_UNKNOWN = 0x7F000000
_ENCODINGS = {(1, 16): "s16le", (3, 32): "f32le"}
#: Bytes of a sample.
_SIZES = {"s16le": 2, "f32le": 4}


class SoundEvent(TypedDict, total=False):
    """An event about a sound: `event` says which of the other members exist."""

    event: str  # partial, final, lag, error or done
    segment: int
    start_ms: float
    end_ms: float
    text: str
    stable: int  # of a partial: characters that the last two agree on
    words: List[Any]
    executed_on: Dict[str, Any]
    lag_ms: float
    segments: int
    heard_ms: float
    code: str  # of an error, with the other members of a problem
    detail: str


def chunks(source: Any) -> Iterator[bytes]:
    """The pieces of a source, each as soon as it is there."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        whole = memoryview(source).cast("B")
        yield from (bytes(whole[at:at + PIECE]) for at in range(0, len(whole), PIECE))
    elif isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            yield from chunks(file)
    elif hasattr(source, "read"):
        read = getattr(source, "read1", source.read)  # what is there, and no waiting for more
        while data := read(PIECE):
            yield data
    else:
        yield from source


class Sound:
    """The samples of a source: a WAV file, whose head describes them, or raw ones."""

    def __init__(self, format: Optional[str], sampling_rate: Optional[int], channels: Optional[int]) -> None:
        self._told = (format, sampling_rate, channels)
        self.format, self.sampling_rate, self.channels = format or "s16le", sampling_rate or 16000, channels or 1
        self.known = self._told != (None, None, None)  # what is said of samples is said of raw ones
        self._head = b""
        self._is_wav = self._has_form = False
        self._skip = 0
        self._left: Optional[int] = None  # bytes of samples that a WAV file still has

    def feed(self, data: bytes) -> bytes:
        """The samples in what came. Raises ValueError for what is no sound that can be sent so."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"a sound comes as bytes, not as {type(data).__name__}")
        if not self.known:
            self._head += data
            self._take_head()
            data, self._head = (self._head, b"") if self.known else (b"", self._head)
        if self._left is not None:
            data = data[:self._left]
            self._left -= len(data)
        return bytes(data)

    def end(self) -> bytes:
        """What there still is when nothing more comes."""
        if self.known:
            return b""
        if self._is_wav:
            raise ValueError("the WAV file ends before its sound begins")
        self.known = True
        return self._head

    @property
    def frame(self) -> int:
        """Bytes of a sample of all channels."""
        return _SIZES.get(self.format, 1) * self.channels

    def _take_head(self) -> None:
        while not self.known:
            gone = min(self._skip, len(self._head))
            self._head, self._skip = self._head[gone:], self._skip - gone
            if not self._is_wav:
                if len(self._head) < 12:
                    return
                self._is_wav = self._head[:4] == b"RIFF" and self._head[8:12] == b"WAVE"
                self._skip, self.known = (12, False) if self._is_wav else (0, True)
            elif len(self._head) < 8 or not self._take_chunk():
                return

    def _take_chunk(self) -> bool:
        """One chunk of a WAV file; whether it was there."""
        name, size = struct.unpack_from("<4sI", self._head)
        if name == b"data":
            if not self._has_form:
                raise ValueError("the WAV file has its sound before it says what it is")
            self._head, self.known = self._head[8:], True
            self._left = None if size == 0 or size >= _UNKNOWN else size
            return True
        if name == b"fmt ":
            if not 16 <= size <= 64:
                raise ValueError(f"the WAV file has a chunk \"fmt \" of {size} bytes, which is none")
            if len(self._head) < 8 + size:
                return False
            self._take_form(self._head[8:8 + size])
        self._skip = 8 + size + size % 2
        return True

    def _take_form(self, chunk: bytes) -> None:
        tag, self.channels, self.sampling_rate = struct.unpack_from("<HHI", chunk)
        bits, = struct.unpack_from("<H", chunk, 14)
        if tag == 0xFFFE and len(chunk) >= 26:
            tag, = struct.unpack_from("<H", chunk, 24)
        if (tag, bits) not in _ENCODINGS:
            raise ValueError(f"the WAV file has samples of format {tag} with {bits} bits; allowed are PCM of 16 "
                             "bits (format 1) and float of 32 bits (format 3)")
        self.format, self._has_form = _ENCODINGS[tag, bits], True


class _Told(Account[SoundEvent]):
    """What the service told of a sound; it goes on by the ids of finals and errors."""

    def __init__(self, path: str) -> None:
        super().__init__(Request("GET", path), resumable=False)
        self.begun = True
        self.job = path

    def request(self) -> Request:
        request = super().request()
        request.target += "/events"
        return request

    def feed(self, data: memoryview) -> List[SoundEvent]:
        told: List[SoundEvent] = []
        for event, number, value in self._events.feed(data):
            if not isinstance(value, dict):
                raise BadAnswer(f"the stream has an event that is no object: {event[:40]!r}")
            if event == "error" and "segment" not in value:
                self.job = None  # of the whole stream, which has ended with it
                raise of_problem(value)
            self._last, self._tries = number or self._last, 0
            told.append(cast(SoundEvent, {**value, "event": event}))
            if event == "done":
                self.done = value  # type: ignore[assignment]
        return told


class Listening:
    """A sound on its way: which request is next, and what has come of the last.

    Shared by both clients, which read the source and carry bytes: `take` and `end` get what is read,
    `opening` is the first request once it is known what the sound is, `next` each that brings more of it.
    """

    def __init__(self, model: str, source: Any, sound: Sound, settings: Mapping[str, Any]) -> None:
        self.source = source
        self.told: _Told
        self.left = False  # it has no reader any more
        self.failure: Optional[Exception] = None  # why nothing more is sent
        self._sound = sound
        self._body = {"model_name": model, **settings}
        self._path = ""
        self._kept = bytearray()  # what the service has not said that it has,
        self._position = 0        # and where it begins in the stream
        self._over = self._ending = self._ended = False
        self._tries = 0

    def take(self, data: bytes) -> None:
        self._kept += self._sound.feed(data)

    def end(self) -> None:
        """The source has ended. An incomplete sample is left out."""
        self._kept += self._sound.end()
        del self._kept[len(self._kept) - len(self._kept) % self._sound.frame:]
        self._over = True

    def opening(self) -> Optional[Request]:
        """What opens the stream; None: it is not known yet what the sound is."""
        if not self._sound.known:
            return None
        return post("/v1/audio/streams", {
            **self._body, "format": self._sound.format, "sampling_rate": self._sound.sampling_rate,
            "channels": self._sound.channels})

    def opened(self, reply: Reply) -> None:
        name = read_json(reply).get("id")
        if not isinstance(name, str) or not name.isascii() or not name.replace("-", "").isalnum():
            raise BadAnswer("what answered has opened no stream")
        self._path = f"/v1/audio/streams/{name}"
        self.told = _Told(self._path)

    def next(self) -> Optional[Request]:
        """What is to be sent now; None: nothing until more is read."""
        size = min(len(self._kept), PIECE)
        size -= size % self._sound.frame
        if size:
            return Request("POST", f"{self._path}?position={self._position}",
                           {"Content-Type": "application/octet-stream"}, [memoryview(bytes(self._kept[:size]))])
        if self._over and not self._ended:
            self._ending = True
            return Request("POST", f"{self._path}/end")
        return None

    def took(self, reply: Reply) -> None:
        """An answer to the last request."""
        self._tries = 0
        if self._ending:
            self._ended = True
        else:
            self._go_on_at(read_json(reply).get("position"))

    def broke(self, error: WebinferError) -> float:
        """How long to wait before the last request is made again; raises where it is not."""
        if error.status == 429:
            return error.retry_after or 1.0
        if error.status == 409 and error.expected is not None and error.expected.isdecimal():
            before = self._position
            self._go_on_at(int(error.expected))
            if self._position > before:
                return 0.0
        self._tries += 1
        if self._tries > TRIES or not (isinstance(error, Unreachable) or error.status == 503):
            raise error
        return error.retry_after or 0.1 * 2.0 ** self._tries


    def _go_on_at(self, position: Any) -> None:
        had = position - self._position if isinstance(position, int) else -1
        if not 0 <= had <= len(self._kept):
            raise ServiceError(f"the service wants the sound from {position} on, and has had it to "
                               f"{self._position}: what is between is not here any more", code="conflict")
        del self._kept[:had]
        self._position += had
