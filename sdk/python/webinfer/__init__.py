"""Machine-learning models in pooled web browsers, by webinferd.

    import webinfer

    with webinfer.Client() as client:                       # http://127.0.0.1:8470
        print(client.chat("finch", "What is 17 + 25?").text)
        answer = client.classify("digits", image="7.png")
        print(answer.result["labels"][0], answer.executed_on["platform"])
        for text in client.talk("finch", "Tell me a story.").texts():
            print(text, end="", flush=True)

`Client` waits for each answer; `AsyncClient` has the same methods for asyncio. Inputs are tensors by
name (numpy arrays or any other buffers), texts, and pictures and sounds as paths, bytes or files.
An argument `image` also takes pixels, as a numpy array (see `png`). Outputs are `Tensor` objects,
which are memoryviews and numpy arrays without a copy.

`WebAccelerator` and `ResourcePool` start a webinferd of their own if none is running.

A failure raises a `WebinferError`: a `ServiceError` (the service reports an error: `code`,
`status`, `field`, `expected`, `allowed`, `retry_after`), `Unreachable` (no answer, or a broken
connection) or `BadAnswer` (the answering program is not webinferd). `str()` of a ServiceError says
what was wrong, what is expected and what is allowed.

`python -m webinfer` shows what is running. The module needs only Python's standard library.
"""
from .accelerator import WebAccelerator, accelerate_with_browser, get_accelerator
from .aio import AsyncClient, AsyncStream
from .client import Client, Stream
from .daemon import PrivateDaemon
from .errors import BadAnswer, ServiceError, Unreachable, WebinferError
from .media import png
from .pool import PooledConnection, ResourcePool
from .tensors import Tensor
from .wire import Answer, StoredAnswer

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncStream",
    "BadAnswer",
    "Client",
    "PooledConnection",
    "PrivateDaemon",
    "ResourcePool",
    "ServiceError",
    "StoredAnswer",
    "Stream",
    "Tensor",
    "Unreachable",
    "WebAccelerator",
    "WebinferError",
    "accelerate_with_browser",
    "get_accelerator",
    "png",
]
