"""The code of both clients apart from their transports: addresses, retries, and methods."""
from __future__ import annotations

import functools
import inspect
import os
import ssl
from typing import Any, Callable, Optional, TypeVar

from .errors import Unreachable, WebinferError
from .http1 import Address, Request

DEFAULT_URL = "http://127.0.0.1:8470"
#: A connection that was idle for longer is not used again: the service closes it after a minute.
IDLE = 30.0
CONNECT = 10.0
#: The longest that a client waits because an answer says Retry-After, in seconds.
LONGEST_WAIT = 30.0

F = TypeVar("F", bound=Callable[..., Any])


def as_method(function: Callable[..., Any], method: F) -> F:
    """Gives a method the name, the explanation and the arguments of the call that it makes."""
    functools.update_wrapper(method, function)
    signature = inspect.signature(function)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [own, *signature.parameters.values()]
    method.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    del method.__wrapped__  # type: ignore[attr-defined]
    return method


class Place:
    """The address of a client's service, and the client's credentials."""

    def __init__(self, url: Optional[str], token: Optional[str], cafile: Optional[str]) -> None:
        self.address = Address(url or os.environ.get("WEBINFER_URL") or DEFAULT_URL)
        self.token = token if token is not None else os.environ.get("WEBINFER_TOKEN") or None
        self.tls = ssl.create_default_context(cafile=cafile) if self.address.secure else None

    def unreachable(self, error: BaseException, sent: bool) -> Unreachable:
        """The exception for a failed connection; `sent`: whether a request was on its way."""
        where = self.address.url
        if isinstance(error, ssl.SSLCertVerificationError):
            return Unreachable(f"{where} cannot be trusted: {error.verify_message}. A certificate of "
                               "your own goes into cafile", code="refused")
        if not sent:
            return Unreachable(f"there is no answer at {where}: {error or type(error).__name__}. "
                               "Is webinferd running?", code="refused")
        if isinstance(error, TimeoutError):
            return Unreachable(f"{where} fell silent in the middle of an answer", code="timed_out")
        return Unreachable(f"the connection to {where} broke before the answer was whole: "
                           f"{error or type(error).__name__}", code="connection_lost")


class Retry:
    """Whether and when a request is sent again: after a refused connection, 429 or 503 with a
    Retry-After; and after a broken connection only what changes nothing, or has a key."""

    def __init__(self, request: Request, times: int) -> None:
        self._repeatable = request.repeatable or request.method == "GET"
        self._left = times
        self._pause = 0.1

    def after(self, error: WebinferError) -> float:
        """Seconds to wait; raises the error where it is final."""
        self._left -= 1
        if self._left < 0:
            raise error
        self._pause *= 2
        if isinstance(error, Unreachable):
            if error.code == "refused" or self._repeatable and error.code == "connection_lost":
                return self._pause
        elif error.status in (429, 503) and error.retry_after is not None and \
                error.retry_after <= LONGEST_WAIT:
            return max(error.retry_after, self._pause)
        raise error
