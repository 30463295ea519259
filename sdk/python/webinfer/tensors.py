"""Tensors: from anything with the buffer protocol, and back as memoryviews."""
from __future__ import annotations

import math
import struct
import sys
from typing import Any, Iterator, List, Optional, Sequence, Tuple

__all__ = ["Tensor"]

#: datatype → bytes of an element, and the letter that struct and memoryview have for it.
DATATYPES = {
    "BOOL": (1, "?"), "UINT8": (1, "B"), "UINT16": (2, "H"), "UINT32": (4, "I"),
    "UINT64": (8, "Q"), "INT8": (1, "b"), "INT16": (2, "h"), "INT32": (4, "i"),
    "INT64": (8, "q"), "FP16": (2, "e"), "BF16": (2, "H"), "FP32": (4, "f"), "FP64": (8, "d"),
}
_NUMPY = {"BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
          "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2",
          "BF16": "<u2", "FP32": "<f4", "FP64": "<f8"}
_INTEGERS = {("s", 1): "INT8", ("s", 2): "INT16", ("s", 4): "INT32", ("s", 8): "INT64",
             ("u", 1): "UINT8", ("u", 2): "UINT16", ("u", 4): "UINT32", ("u", 8): "UINT64"}
_OTHERS = {"?": "BOOL", "e": "FP16", "f": "FP32", "d": "FP64"}


def _datatype(view: memoryview) -> str:
    letter = view.format.lstrip("@=<")
    if view.format.startswith((">", "!")) and view.itemsize > 1:
        raise ValueError(f"the buffer is big-endian ({view.format!r}): convert it, as with "
                         "array.astype(array.dtype.newbyteorder('<'))")
    if letter in _OTHERS:
        return _OTHERS[letter]
    if letter and letter in "bhilqn":
        return _INTEGERS["s", view.itemsize]
    if letter and letter in "BHILQNc":
        return _INTEGERS["u", view.itemsize]
    raise ValueError(f"a buffer of format {view.format!r} is no tensor: allowed are booleans, "
                     "integers and floats of 1 to 8 bytes")


def _swapped(data: memoryview, size: int) -> memoryview:
    """Little-endian bytes on a machine that is not, or the other way round."""
    if sys.byteorder == "little" or size == 1:
        return data
    out = bytearray(len(data))
    for i in range(size):
        out[i::size] = data[size - 1 - i::size]
    return memoryview(out)


def _flat(values: Any, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield values
        return
    for value in values:
        yield from _flat(value, depth - 1)


def _shape_of(values: Any) -> List[int]:
    shape = []
    while isinstance(values, (list, tuple)):
        shape.append(len(values))
        values = values[0] if values else None
    return shape


class Tensor:
    """A named array of numbers.

    Made of a buffer (a numpy array, an `array.array`, a `memoryview`, bytes), whose format and
    shape say what it is; nothing is copied while it is contiguous::

        Tensor("x", numpy.zeros((1, 4), "float32"))

    or of a number or nested lists with a datatype::

        Tensor("x", [[1.5, 2.5]], "FP32")

    Attributes:
        name: of the model's input or output.
        datatype: BOOL, UINT8 … UINT64, INT8 … INT64, FP16, BF16, FP32 or FP64.
        shape: its dimensions; () is a scalar.
        data: its elements as a memoryview of that shape. FP16 where this Python has no
            memoryviews of it, and BF16, are shown as unsigned integers of 2 bytes.

    Raises ValueError for what is no tensor, and where data, datatype and shape disagree.
    """

    __slots__ = ("name", "datatype", "shape", "_bytes")

    def __init__(self, name: str, data: Any, datatype: Optional[str] = None,
                 shape: Optional[Sequence[int]] = None) -> None:
        self.name = name
        if isinstance(data, (int, float, list, tuple)):
            self._of_values(data, datatype, shape)
        else:
            self._of_buffer(data, datatype, shape)
        size, count = DATATYPES[self.datatype][0], math.prod(self.shape)
        if count * size != self._bytes.nbytes:
            raise ValueError(
                f"tensor {name!r}: {self.datatype} of shape {list(self.shape)} has {count * size} "
                f"bytes, and the data has {self._bytes.nbytes}")

    def _of_values(self, data: Any, datatype: Optional[str], shape: Optional[Sequence[int]]) -> None:
        nested = _shape_of(data)
        if datatype not in DATATYPES or datatype == "BF16":
            raise ValueError(f"tensor {self.name!r}: numbers need a datatype: one of "
                             f"{', '.join(one for one in DATATYPES if one != 'BF16')}")
        try:
            values = list(_flat(data, len(nested)))
            packed = struct.pack(f"<{len(values)}{DATATYPES[datatype][1]}", *values)
        except (TypeError, struct.error, OverflowError) as error:
            raise ValueError(f"tensor {self.name!r}: not all of it is {datatype}: {error}") from None
        if len(values) != math.prod(nested):
            raise ValueError(f"tensor {self.name!r}: its lists differ in length")
        self.datatype = datatype
        self.shape = tuple(nested if shape is None else shape)
        self._bytes = memoryview(packed)

    def _of_buffer(self, data: Any, datatype: Optional[str], shape: Optional[Sequence[int]]) -> None:
        try:
            view = memoryview(data)
        except TypeError:
            raise ValueError(f"tensor {self.name!r}: {type(data).__name__} is neither a buffer nor "
                             "a list of numbers") from None
        self.datatype = datatype or _datatype(view)
        if self.datatype not in DATATYPES:
            raise ValueError(f"tensor {self.name!r}: there is no datatype {datatype!r}; allowed are "
                             f"{', '.join(DATATYPES)}")
        own = view.shape or () if view.itemsize == DATATYPES[self.datatype][0] else None
        if own is None and shape is None:
            raise ValueError(f"tensor {self.name!r}: bytes that are to be {self.datatype} need a shape")
        self.shape = tuple(shape if shape is not None else own or ())
        try:
            flat = view.cast("B")
        except (TypeError, ValueError):  # not contiguous, empty, or FP16
            flat = memoryview(view.tobytes())
        self._bytes = _swapped(flat, DATATYPES[self.datatype][0])

    @property
    def raw(self) -> memoryview:
        """Its bytes as they travel: little-endian, row by row."""
        return self._bytes

    @property
    def data(self) -> memoryview:
        """Its elements, as a memoryview of its shape; without a copy."""
        letter = DATATYPES[self.datatype][1]
        flat = _swapped(self._bytes, DATATYPES[self.datatype][0])
        try:
            flat = flat.cast(letter)
        except ValueError:  # a Python before 3.12 and FP16
            flat = flat.cast("H")
        if len(self.shape) == 1 or 0 in self.shape:
            return flat
        return flat.cast("B").cast(flat.format, list(self.shape))

    def tobytes(self) -> bytes:
        """A copy of its bytes: of `speak` and of masks this is the file."""
        return self._bytes.tobytes()

    def tolist(self) -> Any:
        """Its elements as nested lists of Python numbers; a number for a scalar."""
        letter = DATATYPES[self.datatype][1]
        count = math.prod(self.shape)
        values: List[Any] = list(struct.unpack(f"<{count}{letter}", self._bytes))
        if self.datatype == "BF16":
            values = [struct.unpack("<f", struct.pack("<I", value << 16))[0] for value in values]
        for size in reversed(self.shape[1:]):
            values = [values[i * size:(i + 1) * size] for i in range(len(values) // size)] \
                if size else [[] for _ in range(math.prod(self.shape[:-1]))]
        return values if self.shape else values[0]

    def numpy(self) -> Any:
        """A numpy array over the same memory; BF16 becomes float32, by a copy.

        Raises ImportError where numpy is not installed.
        """
        import numpy
        array = numpy.frombuffer(self._bytes, dtype=_NUMPY[self.datatype])
        if self.datatype == "BF16":
            array = (array.astype("<u4") << 16).view("<f4")
        return array.reshape(self.shape)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def __repr__(self) -> str:
        return f"Tensor({self.name!r}, {self.datatype}, {list(self.shape)})"


def shape_is_sound(shape: Any) -> bool:
    """Whether a service may have said that of a tensor."""
    return isinstance(shape, list) and len(shape) <= 64 and all(
        isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2 ** 53
        for size in shape)


def of_wire(output: Any, data: Optional[memoryview]) -> Tuple[str, Tensor]:
    """An output of an answer; `data` are its bytes where they came in binary.

    Raises ValueError, TypeError or KeyError for what is none.
    """
    name, datatype, shape = output["name"], output["datatype"], output["shape"]
    if not isinstance(name, str) or datatype not in DATATYPES or not shape_is_sound(shape):
        raise ValueError("an output has a name, a datatype and a shape")
    if data is not None:
        return name, Tensor(name, data, datatype, shape)
    words = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    values = [words[value] if isinstance(value, str) else value for value in output["data"]]
    return name, Tensor(name, values, datatype, shape)
