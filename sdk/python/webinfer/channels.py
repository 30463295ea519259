"""Results and vectors of requests as they come, without any input or output: frames taken apart, and a subscription
that begins anew when its connection breaks."""
from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple, cast

from .errors import BadAnswer, Unreachable, WebinferError
from .events import SILENCE, TRIES, Account
from .http1 import Request
from .tensors import Tensor, of_wire
from .wire import query

__all__ = ["ChannelMessage", "Channels", "Frames"]

#: A message: ``type`` says which of the other members exist.
ChannelMessage = Dict[str, Any]

#: Bytes of a frame's JSON, and of its tensors.
MAX_JSON = 64 * 1024 * 1024
MAX_TENSORS = 1024 * 1024 * 1024
_FRAMES = "application/octet-stream"


def _aligned(size: int) -> int:
    return (size + 7) // 8 * 8


class Frames:
    """Takes frames apart as they come: dictionaries with ``type`` and the members of ``data``."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._head: Optional[Dict[str, Any]] = None  # of a frame whose tensors are not there yet

    def feed(self, data: memoryview) -> List[ChannelMessage]:
        self._rest += data
        messages = []
        while (message := self._take()) is not None:
            messages.append(message)
        return messages

    def _take(self) -> Optional[ChannelMessage]:
        if self._head is None and (size := self._size()) is not None:
            self._head = _parse_head(bytes(self._rest[4:4 + size]))
            del self._rest[:_aligned(4 + size)]
        if self._head is None:
            return None
        tensors = self._head["tensors"]
        length = tensors[0]["byte_length"] if tensors else 0
        if len(self._rest) < _aligned(length):
            return None
        message, data = self._head["message"], memoryview(bytes(self._rest[:length]))
        self._head = None
        del self._rest[:_aligned(length)]
        if tensors:
            name, tensor = _tensor(tensors[0], data)
            message[name] = _numbers(tensor)
        return cast(ChannelMessage, message)

    def _size(self) -> Optional[int]:
        """The bytes of the next frame's JSON; None: it is not there."""
        if len(self._rest) < 4:
            return None
        size = int.from_bytes(self._rest[:4], "little")
        if size > MAX_JSON:
            raise BadAnswer(f"the stream has a frame whose JSON is to have {size} bytes")
        return size if len(self._rest) >= _aligned(4 + size) else None


def _parse_head(text: bytes) -> Dict[str, Any]:
    """Its message, and what is said of its tensors: one at most."""
    try:
        frame = json.loads(text)
        data = frame["data"]
        tensors = data.pop("tensors", [])
        message = {"type": frame["type"], **data}
        sizes = [(one["offset"], one["byte_length"]) for one in tensors]
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise BadAnswer(f"the stream has a frame that is none: {text[:60]!r}") from None
    if len(sizes) > 1 or any(offset != 0 or not isinstance(length, int) or not 0 <= length <= MAX_TENSORS
                             for offset, length in sizes):
        raise BadAnswer(f"the stream has a frame with tensors that cannot be: {sizes[:3]}")
    return {"message": message, "tensors": tensors}


def _tensor(told: Any, data: memoryview) -> Tuple[str, Tensor]:
    try:
        return of_wire(told, data)
    except (ValueError, TypeError, KeyError) as error:
        raise BadAnswer(f"the stream has a frame whose tensor is none: {error}") from None


def _numbers(tensor: Tensor) -> Any:
    """A numpy array over its bytes, or a memoryview of its shape where numpy is not installed."""
    try:
        return tensor.numpy()
    except ImportError:
        return tensor.data


class Channels(Account[ChannelMessage]):
    """A subscription. It has no end of its own; after a broken connection it begins anew."""

    def __init__(self, names: str, models: Optional[str], recent: Optional[int]) -> None:
        self._asked = {"names": names, "models": models}
        super().__init__(self._request(recent), resumable=False)
        self._frames = Frames()

    def _request(self, recent: Optional[int] = None) -> Request:
        return Request("GET", "/v1/channels" + query(**self._asked, recent=recent), {"Accept": _FRAMES},
                       timeout=SILENCE)

    def request(self) -> Request:
        self._frames = Frames()
        return self._request() if self.begun else self._first

    def opened(self, status: int, headers: Dict[str, str]) -> None:
        kind = headers.get("content-type", "").split(";")[0]
        if status != 200 or kind != _FRAMES:
            raise BadAnswer(f"channels were asked for, and {kind[:60] or 'nothing'} came", status=status)
        self.begun = True

    def feed(self, data: memoryview) -> List[ChannelMessage]:
        messages = self._frames.feed(data)
        if messages:
            self._tries = 0
        return [message for message in messages if message["type"] != "heartbeat"]

    def broke(self, error: WebinferError) -> float:
        self._tries += 1
        if self._tries > TRIES or not (isinstance(error, Unreachable) or error.status in (429, 503)):
            raise error
        return error.retry_after or 0.1 * 2.0 ** self._tries
