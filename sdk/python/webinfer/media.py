"""Pictures and sounds: a path, bytes, or a file that is open for reading bytes. Pictures also as pixels."""
from __future__ import annotations

import base64
import os
import struct
import zlib
from typing import IO, Any, Protocol, Tuple, Union, cast

__all__ = ["Media", "Picture", "Pixels", "png"]

#: A path, the bytes of a file, or a file object that gives bytes.
Media = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes]]


class Pixels(Protocol):
    """An array of pixels, such as a numpy array: UINT8 [height, width], or UINT8 [height, width, channels]
    with 1, 3 or 4 channels. `png` explains it."""

    @property
    def shape(self) -> Tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...


#: A picture: a file, or its pixels.
Picture = Union[Media, Pixels]

_ALLOWED = ("allowed are uint8 arrays of the shape [height, width], or [height, width, channels] with 1 (grey), "
            "3 (RGB) or 4 (RGBA) channels")
#: channels → the colour type of PNG.
_COLOURS = {1: 0, 3: 2, 4: 6}


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


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def png(pixels: Union[Pixels, memoryview]) -> bytes:
    """Encodes pixels as a PNG file, without loss. It needs neither numpy nor Pillow.

    The methods that have an argument `image` call it. For `Client.infer`, where an array is a tensor,
    call it yourself: ``client.infer("digits", {"image": webinfer.png(array)})``.

    Args:
        pixels: a numpy array or another buffer of UINT8, 0 to 255, of the shape [height, width] (grey) or
            [height, width, channels]: 1 channel (grey), 3 (red, green, blue) or 4 (and alpha). Row 0 is
            the top row. It need not be contiguous. Models ignore alpha: a transparent pixel has its colour.

    Returns:
        The bytes of the file.

    Raises:
        TypeError: it has no buffer, as numpy arrays have.
        ValueError: another datatype or shape, or no pixels at all. The message says what is allowed.
    """
    try:
        view = memoryview(pixels)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{type(pixels).__name__} is no array of pixels; {_ALLOWED}") from None
    except (BufferError, ValueError):  # numpy: of dates, for example
        raise ValueError(f"an array of {getattr(pixels, 'dtype', 'that kind')} has no pixels; {_ALLOWED}") from None
    if view.format != "B":
        raise ValueError(f"an array of {getattr(pixels, 'dtype', f'the format {view.format!r}')} has no pixels; "
                         f"{_ALLOWED}. Values from 0 to 1 become pixels by (255 * array).round().astype('uint8')")
    shape = view.shape or ()
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or channels not in _COLOURS or 0 in shape:
        hint = ""
        if len(shape) == 3 and shape[0] in _COLOURS:
            hint = ". If its channels come first, pass array.transpose(1, 2, 0)"
        elif len(shape) == 4:
            hint = ". A call takes one picture: pass array[0], and so on"
        raise ValueError(f"an array of the shape {list(shape)} is no picture; {_ALLOWED}{hint}")
    height, width = shape[:2]
    data, row = view.tobytes(), width * channels
    rows = b"".join(b"\0" + data[at:at + row] for at in range(0, len(data), row))  # 0: not filtered
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, 1))
            + _chunk(b"IEND", b""))


def of_picture(picture: Picture) -> Media:
    """A picture as a file: pixels are encoded, anything else stays as it is.

    Raises TypeError and ValueError for what is no picture.
    """
    if isinstance(picture, (str, os.PathLike, bytes, bytearray)) or hasattr(picture, "read") or (
            isinstance(picture, memoryview) and picture.ndim == 1):
        return cast(Media, picture)
    try:
        return png(cast(Pixels, picture))
    except TypeError:
        raise TypeError(f"{type(picture).__name__} is no picture: allowed are a path, the bytes of a file, a file "
                        f"that is open for reading bytes, and pixels; for pixels {_ALLOWED}") from None


def in_text(picture: Picture) -> str:
    """A picture as a data URI, for places where no bytes can stand."""
    media = of_picture(picture)
    if is_address(media):
        assert isinstance(media, str)
        return media
    data = read(media)
    head = bytes(data[:4])
    kind = "jpeg" if head[:3] == b"\xff\xd8\xff" else "webp" if head == b"RIFF" else "png"
    return f"data:image/{kind};base64," + base64.b64encode(data).decode("ascii")
