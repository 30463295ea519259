"""Pictures and sounds: a path, bytes, or a file that is open for reading bytes."""
from __future__ import annotations

import base64
import os
from typing import IO, Any, Union

__all__ = ["Media"]

#: A path, the bytes of a file, or a file object that gives bytes.
Media = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes]]


def is_address(media: Any) -> bool:
    """Whether it is a data URI, which the service reads itself."""
    return isinstance(media, str) and media.startswith("data:")


def read(media: Media) -> memoryview:
    """The bytes of the file. Raises OSError where it cannot be read, TypeError for other things."""
    if isinstance(media, (bytes, bytearray, memoryview)):
        return memoryview(media).cast("B")
    if isinstance(media, (str, os.PathLike)):
        with open(media, "rb") as file:
            return memoryview(file.read())
    if hasattr(media, "read"):
        data = media.read()
        if isinstance(data, bytes):
            return memoryview(data)
        raise TypeError("the file gives text: open it with mode 'rb'")
    raise TypeError(f"{type(media).__name__} is no picture or sound: allowed are a path, bytes, or "
                    "a file that is open for reading bytes")


def in_text(media: Media) -> str:
    """A picture as a data URI, for places where no bytes can stand."""
    if is_address(media):
        assert isinstance(media, str)
        return media
    data = read(media)
    head = bytes(data[:4])
    kind = "jpeg" if head[:3] == b"\xff\xd8\xff" else "webp" if head == b"RIFF" else "png"
    return f"data:image/{kind};base64," + base64.b64encode(data).decode("ascii")
