"""Requests as bytes and replies as values, without any input or output."""
from __future__ import annotations

import json
import math
import urllib.parse
from dataclasses import dataclass
from typing import (Any, Callable, Dict, Generic, List, Mapping, Optional, Sequence, Set, Tuple, TypeVar,
                    Union)

from . import media as files
from . import tensors
from .errors import BadAnswer
from .http1 import Reply, Request
from .tensors import Tensor
from .types import ExecutedOn, Job, Performance

T = TypeVar("T")
R = TypeVar("R")

#: The settings of any request, in addition to its inputs: `calls.infer` explains each.
SETTINGS = ("options", "task", "model_type", "platform", "browser", "node", "fallback", "precision",
            "outputs", "priority", "timeout", "id", "idempotent", "publish")
#: Seconds that the service gives a request that names no timeout, at most, and some for the way.
_LONGEST, WAY = 600.0, 30.0
#: Rows of a list that are asked for at a time.
PAGE = 100


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and how its reply is read: as a value, or as the request that comes next."""

    request: Request
    read: Callable[[Reply], Union[T, Request]]


@dataclass(frozen=True)
class Answer(Generic[R]):
    """What a model made of its inputs.

    Attributes:
        id: of the request, as it was given or as the service chose it.
        model_name: the model that ran, with its variant; of a kernel its name.
        model_type: such as ``vision``, or None.
        outputs: its output tensors by name.
        result: what the task makes of them (labels, text, scores …); None where there is none.
        executed_on: what really computed it: node, browser, platform, engine, adapter …
        performance: times in milliseconds: queue_ms, load_ms, inference_ms, total_ms …
    """

    id: str
    model_name: str
    model_type: Optional[str]
    outputs: Dict[str, Tensor]
    result: R
    executed_on: ExecutedOn
    performance: Performance

    def __getitem__(self, name: str) -> Tensor:
        """The output of that name."""
        return self.outputs[name]

    @property
    def text(self) -> str:
        """The text of its result; "" where it has none."""
        text = self.result.get("text") if isinstance(self.result, dict) else None
        return text if isinstance(text, str) else ""


@dataclass(frozen=True)
class StoredAnswer:
    """How far a stored job is: `job` is what the service says of it, `answer` is there once it is done."""

    job: Job
    answer: Optional[Answer[Any]]


# --- reading ---------------------------------------------------------------------------------------


def parse_json(body: memoryview) -> Dict[str, Any]:
    try:
        value = json.loads(body.tobytes())
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadAnswer("what answered is no webinferd: its answer is no JSON object. "
                        "Check the address")
    return value


def _split(reply: Reply) -> Tuple[Dict[str, Any], memoryview]:
    """The JSON of an answer, and the bytes of tensors behind it."""
    told = reply.headers.get("inference-header-content-length")
    if told is None:
        return parse_json(reply.body), memoryview(b"")
    length = int(told) if told.isascii() and told.isdigit() and len(told) < 16 else -1
    if not 0 <= length <= len(reply.body):
        raise BadAnswer(f"the answer's head cannot have {told[:40]} bytes")
    return parse_json(reply.body[:length]), reply.body[length:]


def _answer(value: Any, binary: memoryview) -> Answer[Any]:
    outputs, at = {}, 0
    try:
        for output in value["outputs"]:
            size = output.get("parameters", {}).get("binary_data_size")
            data = None
            if size is not None:
                data = binary[at:at + size]
                at += len(data)
            name, tensor = tensors.of_wire(output, data)
            outputs[name] = tensor
        if at != len(binary):
            raise ValueError("it has bytes that no tensor claims")
        ran = value["kernel"] if "kernel" in value else value["model_name"]
        return Answer(value["id"], ran, value.get("model_type"), outputs, value.get("result"),
                      value["executed_on"], value["performance"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"the answer is not as webinfer-api(7) has it: {error}") from None


def read_answer(reply: Reply) -> Any:
    return _answer(*_split(reply))


def read_stored(reply: Reply) -> StoredAnswer:
    job, binary = _split(reply)
    found = job.get("answer")
    return StoredAnswer(job, _answer(found, binary) if found else None)  # type: ignore[arg-type]


def read_json(reply: Reply) -> Any:
    return parse_json(reply.body)


class _Pages:
    """A list whose pages are requested one after the other, and joined.

    What comes or goes meanwhile is on a page, or on none.
    """

    def __init__(self, target: str, member: str, most: Optional[int], asked: Mapping[str, Any]) -> None:
        self._target, self._member, self._most, self._asked = target, member, most, asked
        self._whole: Dict[str, Any] = {}
        self._seen: Set[str] = set()

    def request(self, after: Optional[str] = None) -> Request:
        limit = PAGE if self._most is None else min(PAGE, self._most - len(self._whole.get(self._member, ())))
        return Request("GET", self._target + query(**self._asked, limit=limit, after=after))

    def read(self, reply: Reply) -> Union[Dict[str, Any], Request]:
        page = parse_json(reply.body)
        rows, after = page.get(self._member), page.get("next")
        if not isinstance(rows, list):
            raise BadAnswer(f"what answered is no webinferd: its list has no {self._member}. Check the address")
        if not self._whole:
            self._whole = page
        else:
            self._whole[self._member] += rows
            self._whole["next"] = after
            self._add_parts(page)
        if not isinstance(after, str) or self._most is not None and len(self._whole[self._member]) >= self._most:
            return self._whole
        if after in self._seen or not rows:
            raise BadAnswer(f"{self._target} has no end: the service names the same next page again")
        self._seen.add(after)
        return self.request(after)


    def _add_parts(self, page: Dict[str, Any]) -> None:
        """Of a list of models two others are in pages as well; a service that tells them whole tells the same."""
        for name in ("data", "published"):
            there, more = self._whole.get(name), page.get(name)
            if isinstance(there, list) and isinstance(more, list) and there != more:
                there += more


def list_of(target: str, member: str, most: Optional[int] = None, **asked: Any) -> Call[Any]:
    """A list whole, over as many pages as it has; of `most` its first rows."""
    pages = _Pages(target, member, most, asked)
    return Call(pages.request(), pages.read)


# --- writing ---------------------------------------------------------------------------------------


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} has no place in a request: it takes text, numbers, lists and "
                    "dictionaries; bytes and arrays as tensors, {\"NAME\": value}, or as files")


def dumps(value: Any) -> memoryview:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_refuse)
    return memoryview(text.encode("utf-8", "surrogatepass"))


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value).release()
    except TypeError:
        return False
    return True


def _is_file(name: str, value: Any) -> bool:
    return name in ("image", "audio") and not isinstance(value, (Mapping, Tensor)) and not (
        _is_buffer(value) and memoryview(value).ndim != 1)


def _tensor(tensor: Tensor, binary: List[memoryview]) -> Dict[str, Any]:
    binary.append(tensor.raw)
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape),
            "parameters": {"binary_data_size": tensor.raw.nbytes}}


def encode_inputs(inputs: Any, binary: List[memoryview]) -> Any:
    """Inputs as JSON; what travels as bytes behind it goes to `binary`."""
    if isinstance(inputs, Tensor):
        return [_tensor(inputs, binary)]
    if _is_buffer(inputs):
        raise TypeError("a tensor needs the name of its input: {\"NAME\": array}")
    if isinstance(inputs, (list, tuple)) and inputs and isinstance(inputs[0], Tensor):
        return [_tensor(tensor, binary) for tensor in inputs]
    if not isinstance(inputs, Mapping):
        return inputs
    if any((_is_buffer(value) or isinstance(value, Tensor)) and not _is_file(name, value)
           for name, value in inputs.items()):
        return [_tensor(value if isinstance(value, Tensor) else Tensor(name, value), binary)
                for name, value in inputs.items()]
    return {name: _encode_member(name, value, binary) for name, value in inputs.items()}


def _encode_member(name: str, value: Any, binary: List[memoryview]) -> Any:
    if name == "messages":
        return [_encode_message(message) for message in value]
    if not _is_file(name, value):
        return value
    if files.is_address(value):
        return value
    binary.append(files.read(value))
    return {"binary_data_size": binary[-1].nbytes}


def _encode_message(message: Any) -> Any:
    """Pictures in messages are files, too; between text no bytes can stand."""
    content = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(content, (list, tuple)):
        return message
    parts = [{"type": "image_url", "image_url": {"url": files.in_text(part["image"])}}
             if isinstance(part, Mapping) and "image" in part else part for part in content]
    return {**message, "content": parts}


def post(target: str, value: Any, binary: Sequence[memoryview] = (), timeout: float = 60.0,
          headers: Optional[Dict[str, str]] = None) -> Request:
    head = dumps(value)
    more = {"Content-Type": "application/json"}
    if binary:
        more = {"Content-Type": "application/octet-stream",
                "Inference-Header-Content-Length": str(len(head))}
    return Request("POST", target, {**more, **(headers or {})}, [head, *binary], timeout)


def path(*segments: str) -> str:
    """A path of the API; the slashes of a model's name stay."""
    return "/v1/" + "/".join(urllib.parse.quote(segment, safe="/:@") for segment in segments)


def query(**members: Any) -> str:
    told = {name: str(value).lower() if isinstance(value, bool) else value
            for name, value in members.items() if value is not None}
    return "?" + urllib.parse.urlencode(told) if told else ""


def body_of(model: str, inputs: Any, binary: List[memoryview], settings: Mapping[str, Any]) -> Dict[str, Any]:
    body = {"model_name": model, "inputs": encode_inputs(inputs, binary)}
    body.update((name, value) for name, value in settings.items() if value is not None)
    timeout = body.pop("timeout", None)
    if timeout is not None:
        if not math.isfinite(timeout) or timeout <= 0:
            raise ValueError("timeout is a number of seconds above 0")
        body["timeout_ms"] = max(1, round(timeout * 1000))
    return body


def patience(timeout: Optional[float]) -> float:
    return (_LONGEST if timeout is None else timeout) + WAY


def members(**given: Any) -> Dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in given.items() if value is not None}


def split_settings(more: Mapping[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """What was given by name: settings of `infer`, and options of the task."""
    settings = {name: value for name, value in more.items() if name in SETTINGS}
    options = {**(settings.pop("options", None) or {}),
               **{name: value for name, value in more.items() if name not in SETTINGS}}
    return settings, options
