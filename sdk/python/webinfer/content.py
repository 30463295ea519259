"""Models by their content: which names are CIDs, and the names of their models."""
from __future__ import annotations

import base64
import re
from typing import NamedTuple, Optional

_NAME = re.compile(
    r"(?:ipfs://)?(?P<cid>Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{58}|B[A-Z2-7]{58}|z[1-9A-HJ-NP-Za-km-z]{40,60})"
    r"(?P<path>/[^:@]*)?(?P<variant>:[^:@/]*)?")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Content(NamedTuple):
    """What is pulled, and what it is called once it is here: None where only the service knows."""

    reference: str
    name: Optional[str]
    variant: str  #: with its colon, or ""


def content_of(name: str) -> Optional[Content]:
    """What a model's name means that is a CID, perhaps with ipfs:// before it, a path and a variant
    behind; None for any other."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    cid, path, variant = found["cid"], found["path"] or "", found["variant"] or ""
    called = None if path.strip("/") else "ipfs/" + _printed(cid)
    return Content(f"ipfs://{cid}{path}{variant}", called, variant)


def _printed(cid: str) -> str:
    """As the service prints it: CIDv1 in lower-case base32."""
    if cid[0] in "bB":
        return cid.lower()
    number = 0
    for letter in cid if cid[0] == "Q" else cid[1:]:
        number = 58 * number + _BASE58.index(letter)
    binary = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if cid[0] == "Q":
        binary = b"\x01\x70" + binary
    return "b" + base64.b32encode(binary).decode().lower().rstrip("=")
