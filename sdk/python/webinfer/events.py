"""Answers in parts, without any input or output: server-sent events, and the state of a stream."""
from __future__ import annotations

import json
from typing import Any, Callable, Dict, Generic, Iterator, List, Optional, Tuple, TypeVar

from .errors import BadAnswer, Unreachable, WebinferError, of_problem
from .http1 import Request
from .types import StreamDone, StreamProgress

E = TypeVar("E")

MAX_EVENT = 64 * 1024 * 1024
#: Seconds without a byte after which a stream counts as broken: a comment comes every 10.
SILENCE = 30.0
#: How often in a row a broken stream is taken up again.
TRIES = 5


class Events:
    """Takes server-sent events apart as they come: (event, id, data)."""

    def __init__(self) -> None:
        self._rest = b""
        self._fields: Dict[str, str] = {}

    def feed(self, data: memoryview) -> Iterator[Tuple[str, Optional[str], Any]]:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_EVENT:
            raise BadAnswer("the stream has an event without an end")
        for line in lines:
            try:
                name, _, value = line.decode("utf-8").rstrip("\r").partition(":")
            except UnicodeDecodeError:
                raise BadAnswer("the stream has an event that is no text") from None
            if name:
                self._fields[name] = value[1:] if value.startswith(" ") else value
            elif not value and self._fields:  # an empty line; a comment has a colon
                fields, self._fields = self._fields, {}
                if "data" in fields:
                    yield fields.get("event", ""), fields.get("id"), _parse(fields["data"])


def _parse(data: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise BadAnswer(f"the stream has an event that is no JSON: {data[:60]!r}") from None


class Account(Generic[E]):
    """What a stream has brought, and how it is gone on with after its connection broke.

    Shared by both kinds of streams, which carry bytes: `request` says what to send, `opened` and
    `feed` take what comes, and `broke` says how long to wait until it is tried again.
    """

    def __init__(self, first: Request, *, part_event: str = "part", resumable: bool = True,
                 on_progress: Optional[Callable[[StreamProgress], None]] = None) -> None:
        self.done: Optional[StreamDone] = None
        self.begun = False  # an answer to it has begun
        self.job: Optional[str] = None  # where it can be taken up again and cancelled
        self._first = first
        self._part_event = part_event
        self._resumable = resumable
        self._on_progress = on_progress
        self._last: Optional[str] = None
        self._tries = 0
        self._events = Events()

    def request(self) -> Request:
        """What is to be sent: the request, or where to go on."""
        self._events = Events()
        if self.job is None:
            return self._first
        headers = {"Accept": "text/event-stream"}
        if self._last is not None:
            headers["Last-Event-ID"] = self._last
        return Request("GET", self.job, headers, timeout=SILENCE)

    def cancelling(self) -> Optional[Request]:
        """The request that ends the work of a stream without a reader; None: none is needed."""
        if self.job is None or self.done is not None:
            return None
        return Request("DELETE", self.job, timeout=5.0)

    def opened(self, status: int, headers: Dict[str, str]) -> None:
        """An answer has begun, with status 200."""
        kind = headers.get("content-type", "").split(";")[0]
        if status != 200 or kind != "text/event-stream":
            raise BadAnswer(f"a stream was asked for, and {kind[:60] or 'nothing'} came",
                            status=status)
        self.begun = True
        # Behind a proxy there is the prefix before it, which every request of ours gets again.
        _, found, job = headers.get("location", "").rpartition("/v1/jobs/")
        if self._resumable and found:
            self.job = found + job

    def feed(self, data: memoryview) -> List[E]:
        """The parts in the new bytes. Raises ServiceError for a stream that has failed."""
        parts: List[Any] = []
        for event, number, value in self._events.feed(data):
            if event == self._part_event and isinstance(value, dict):
                self._last, self._tries = number, 0
                parts.append(value)
            elif event == "done" and isinstance(value, dict):
                self.done = value  # type: ignore[assignment]
            elif event == "error":
                self.job = None
                raise of_problem(value)
            elif event == "progress" and self._on_progress is not None:
                self._on_progress(value)
        return parts

    def broke(self, error: WebinferError) -> float:
        """How long to wait before it is taken up again, in seconds; raises where it is not."""
        self._tries += 1
        if self.job is None or self._tries > TRIES:
            raise error
        if isinstance(error, Unreachable):
            return 0.1 * 2.0 ** self._tries
        if error.status == 503 and error.retry_after is not None:
            return error.retry_after
        self.job = None  # there is no such stream any more
        raise error
