"""The exceptions. Each says what was wrong, what is allowed, and what to do."""
from __future__ import annotations

import json
import re
from typing import Any, Mapping, Optional

__all__ = ["BadAnswer", "ServiceError", "Unreachable", "WebinferError", "of_problem", "of_reply"]


class WebinferError(Exception):
    """Something went wrong between this program and webinferd.

    `str()` of it is one text for people: what was wrong, in which field, what is expected there and what
    is allowed, each of them once::

        10 is too high (field: priority); expected: 0 to 9

    Attributes:
        detail: what was wrong, without the field and what is expected or allowed.
        code: a stable word for it, such as ``model_not_found`` (webinfer-api(7), Error codes).
        status: the HTTP status, or None if there was no answer.
        field: the field of the request that is at fault, or None.
        expected: what is expected in the field, or None.
        allowed: what may be there, or None.
        retry_after: after how many seconds it may be tried again, or None.
        problem: the whole problem document of the service, or None.
    """

    def __init__(self, detail: str, *, code: str, status: Optional[int] = None,
                 field: Optional[str] = None, expected: Optional[str] = None,
                 allowed: Optional[str] = None, retry_after: Optional[float] = None,
                 problem: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(_whole_text(detail, field, expected, allowed))
        self.detail = detail
        self.code = code
        self.status = status
        self.field = field
        self.expected = expected
        self.allowed = allowed
        self.retry_after = retry_after
        self.problem = problem


class ServiceError(WebinferError):
    """The service refused the request or failed at it."""


class Unreachable(WebinferError, ConnectionError):
    """There was no answer, or the connection broke before the answer was complete.

    `code` is ``refused`` (nothing was sent), ``connection_lost`` or ``timed_out``.
    """


class BadAnswer(WebinferError):
    """What answered is no webinferd, or said what it must not: `code` is ``bad_answer``."""

    def __init__(self, detail: str, *, status: Optional[int] = None) -> None:
        super().__init__(detail, code="bad_answer", status=status)


def _has(text: str, part: str) -> bool:
    """Whether it is in the text, and not merely within a longer word or number."""
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def _whole_text(detail: str, field: Optional[str], expected: Optional[str], allowed: Optional[str]) -> str:
    """As the service itself joins them where there is room for one text only (src/wire/problem.c)."""
    whole = detail
    if field and not _has(whole, field):
        whole += f" (field: {field})"
    if expected and not _has(whole, expected):
        whole += f"; expected: {expected}"
    if allowed and not _has(whole, allowed):
        whole += f"; allowed: {allowed}"
    return whole


def _text(problem: Mapping[str, Any], name: str) -> Optional[str]:
    value = problem.get(name)
    return value if isinstance(value, str) else None


def of_problem(problem: Any, *, status: Optional[int] = None,
               retry_after: Optional[float] = None) -> WebinferError:
    """The exception for a problem document."""
    if not isinstance(problem, dict) or not isinstance(problem.get("code"), str):
        return BadAnswer(f"what answered with status {status} is no webinferd: "
                         f"its error has no code. Check the address", status=status)
    told = problem.get("status")
    detail = _text(problem, "detail") or _text(problem, "title") or problem["code"]
    return ServiceError(
        detail, code=problem["code"], retry_after=retry_after, problem=problem,
        status=status if status is not None else told if isinstance(told, int) else None,
        field=_text(problem, "field"), expected=_text(problem, "expected"),
        allowed=_text(problem, "allowed"))


def of_reply(status: int, headers: Mapping[str, str], body: bytes) -> WebinferError:
    """The exception for an answer with such a status."""
    told = headers.get("retry-after", "")
    retry_after = float(told) if told.isascii() and told.isdigit() and len(told) < 10 else None
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        problem = None
    return of_problem(problem, status=status, retry_after=retry_after)
