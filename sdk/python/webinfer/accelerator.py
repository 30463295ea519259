"""The accelerator: models in browsers by one object, which starts what it needs."""
from __future__ import annotations

import atexit
import threading
from types import TracebackType
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Type, Union

from .client import Stream
from .content import Content, content_of
from .errors import ServiceError
from .service import Service, arguments, pool_settings
from .types import Hardware, StreamPart
from .wire import Answer

__all__ = ["WebAccelerator", "accelerate_with_browser", "get_accelerator"]

#: What `options` may have.
OPTIONS = ("precision", "mixed_precision", "browser", "platform", "optimize_for_audio", "priority",
           "timeout", "use_ipfs")
_PRECISIONS = {4: "int4", 8: "int8", 16: "fp16", 32: "fp32"}


class WebAccelerator:
    """Runs models in pooled browsers.

    ::

        with webinfer.WebAccelerator() as accelerator:
            answer = accelerator.accelerate("digits", {"image": "7.png"})
            print(answer.result["labels"][0], answer.executed_on["platform"])

    Without arguments for the pool, the daemon at http://127.0.0.1:8470 is used if it is running.
    Otherwise, and with such arguments, a private daemon is started. It ends with `shutdown` or with
    this process, however that ends.

    Args:
        enable_resource_pool: False means one browser.
        max_connections: the most browsers (4).
        browser_preferences: kinds of browsers by type of model, the preferred first, such as
            ``{"audio": "firefox", "vision": ["chrome/webgpu", "edge"]}``. Types are text_embedding,
            text_generation, text2text, vision, audio, multimodal, other, and ``text`` for the
            first three. A type begins in these kinds; measurements outweigh them.
        default_browser, default_platform: for every request that names none, with fallback. With
            None the service chooses, because it knows where a request finishes first.
        url, token, cafile: of a service (WEBINFER_URL, WEBINFER_TOKEN). It has its own pool, so
            the first three arguments then raise.
        daemon: the program ``webinferd``, or a list of it and its arguments.

    Raises:
        ValueError: arguments are invalid, or contradict each other.
        FileNotFoundError: a daemon is needed, and the program does not exist.
        WebinferError: the daemon did not start.
    """

    def __init__(self, enable_resource_pool: bool = True, max_connections: Optional[int] = None,
                 browser_preferences: Optional[Mapping[str, Union[str, Sequence[str]]]] = None,
                 default_browser: Optional[str] = None, default_platform: Optional[str] = None, *,
                 url: Optional[str] = None, token: Optional[str] = None,
                 cafile: Optional[str] = None,
                 daemon: Union[str, Sequence[str], None] = None) -> None:
        settings = pool_settings(enable_resource_pool, max_connections, browser_preferences)
        self._defaults = {"browser": default_browser, "platform": default_platform}
        self._service = Service(url, token, cafile, settings, daemon)
        self.client = self._service.client

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._service.url

    def __enter__(self) -> WebAccelerator:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.shutdown()

    def shutdown(self) -> None:
        """Closes the connections, and ends the daemon that was started for it with its browsers."""
        self._service.close()

    def accelerate(self, model_name: str, input_data: Any = None,
                   options: Optional[Mapping[str, Any]] = None, *, input_text: Any = None) -> Answer[Any]:
        """Runs a model.

        Args:
            model_name: such as ``digits`` or ``ORG/NAME:q8``.
            input_data: as `inputs` of `Client.infer`: tensors by name, a text, ``{"image": FILE}`` …
            options: ``precision`` (4, 8, 16 or 32 bits), ``mixed_precision`` (the variant of such
                bits that was made with some layers in more), ``browser``, ``platform``,
                ``optimize_for_audio`` (the kind of browser that is preferred for sound),
                ``priority`` (0 to 9), ``timeout`` (seconds), ``use_ipfs``: a name that is a CID,
                optionally followed by a path and a variant, is the model with that content, which
                is pulled first if it is not here. Any other option raises.
            input_text: another name of `input_data`.

        Returns:
            An `Answer`; `executed_on` says what computed it, `performance` how long it took.

        Raises:
            ValueError: an unknown option.
            ServiceError, Unreachable, BadAnswer: as of `Client.infer`.
        """
        data = self._input(input_data, input_text)
        model, given = self._model(model_name, options)
        return self.client.infer(model, data, **self._settings(model, given))

    def stream(self, model_name: str, input_data: Any = None,
               options: Optional[Mapping[str, Any]] = None, *, input_text: Any = None) -> Stream:
        """The same with the answer in parts, each as soon as it is made: see `Client.stream`."""
        data = self._input(input_data, input_text)
        model, given = self._model(model_name, options)
        return self.client.stream(model, data, **self._settings(model, given))

    def get_optimal_hardware(self, model_name: str, model_type: Optional[str] = None) -> Hardware:
        """The place where a model would run, its speed, and why: ``would_run`` names node, browser
        and platform, ``options`` has all places with their measurements."""
        return self.client.hardware(model_name, model_type=model_type)

    @staticmethod
    def _input(input_data: Any, input_text: Any) -> Any:
        if input_data is not None and input_text is not None:
            raise TypeError("input_text is another name of input_data: give one of them")
        return input_text if input_data is None else input_data

    def _model(self, name: str, options: Optional[Mapping[str, Any]]) -> Tuple[str, Dict[str, Any]]:
        """The model's name at this service, and the remaining options."""
        given = arguments(options, OPTIONS)
        content = content_of(name) if given.pop("use_ipfs", False) else None
        return self._bring(content) if content else name, given

    def _bring(self, content: Content) -> str:
        if content.name and self._has(content.name + content.variant):
            return content.name + content.variant
        pulling = self.client.pulling(content.reference)
        for _ in pulling:
            pass
        done: Any = pulling.done or {}
        return str(done["name"]) + content.variant

    def _has(self, name: str) -> bool:
        try:
            return "hash" in self.client.model(name)  # one that is on its way has none
        except ServiceError as error:
            if error.status != 404:
                raise
            return False

    def _settings(self, model_name: str, given: Dict[str, Any]) -> Dict[str, Any]:
        settings: Dict[str, Any] = {**self._defaults, **{
            name: given[name] for name in ("browser", "platform", "priority", "timeout") if name in given}}
        settings["precision"] = self._precision(model_name, given)
        if given.get("optimize_for_audio"):
            settings["model_type"] = "audio"
            if "browser" not in given:
                settings["browser"] = self._audio_kind(model_name) or settings["browser"]
        if settings["browser"] or settings["platform"]:
            settings["fallback"] = True
        return settings

    def _precision(self, model_name: str, given: Mapping[str, Any]) -> Optional[str]:
        bits, mixed = given.get("precision"), given.get("mixed_precision", False)
        if bits is None and not mixed:
            return None
        if isinstance(bits, bool) or bits not in _PRECISIONS:
            raise ValueError("precision is 4, 8, 16 or 32 (bits), also with mixed_precision")
        if mixed:
            raise ValueError(f"mixed_precision: {model_name} has no variant of {bits} bits that was "
                             "made with some layers in more; leave mixed_precision out")
        return _PRECISIONS[bits]

    def _audio_kind(self, model_name: str) -> Optional[str]:
        """The first available kind of browser of [browser_preferences] audio."""
        told = self.client.hardware(model_name, model_type="audio")
        there = {option["browser"] for option in told["options"]}
        there |= {one["browser"] for one in told["passed_over"]
                  if one["installed"] and "max_connections is 0" not in one["why"]}
        kinds = [preference.split("/")[0] for preference in told["preferences"]]
        return next((kind for kind in kinds if kind in there), None)


_shared: Optional[WebAccelerator] = None
_lock = threading.Lock()


def get_accelerator(**arguments: Any) -> WebAccelerator:
    """The accelerator of this process: made at the first call, with the arguments of
    `WebAccelerator`, shut down at the end. Raises ValueError for arguments at a later call."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = WebAccelerator(**arguments)
            atexit.register(_forget, _shared)
        elif arguments:
            raise ValueError("this process has an accelerator already: make another one with "
                             "WebAccelerator(…)")
        return _shared


def _forget(accelerator: WebAccelerator) -> None:
    global _shared
    with _lock:
        if _shared is accelerator:
            _shared = None
    accelerator.shutdown()


def accelerate_with_browser(model_name: str, input_data: Any = None,
                            options: Optional[Mapping[str, Any]] = None, *,
                            input_text: Any = None) -> Answer[Any]:
    """Runs a model by the accelerator of this process: see `WebAccelerator.accelerate`."""
    return get_accelerator().accelerate(model_name, input_data, options, input_text=input_text)
