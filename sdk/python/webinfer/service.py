"""The service of an accelerator or a pool: an existing one, or a private daemon."""
from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from .client import Client
from .daemon import PrivateDaemon
from .errors import BadAnswer, ServiceError, Unreachable
from .place import DEFAULT_URL

#: Model types of [browser_preferences]; ``text`` means the three of text.
MODEL_TYPES = ("text_embedding", "text_generation", "text2text", "vision", "audio", "multimodal",
               "other")
_TEXT = MODEL_TYPES[:3]


def pool_settings(enable_resource_pool: bool, max_connections: Optional[int],
                  browser_preferences: Optional[Mapping[str, Union[str, Sequence[str]]]]) -> Dict[str, str]:
    """The pool's arguments as settings of a daemon. Raises ValueError for what they cannot be."""
    settings: Dict[str, str] = {}
    if not enable_resource_pool:
        if max_connections not in (None, 1):
            raise ValueError("enable_resource_pool=False means one browser: leave max_connections out")
        max_connections = 1
    if max_connections is not None:
        if isinstance(max_connections, bool) or not 1 <= max_connections <= 1024:
            raise ValueError("max_connections is a number of browsers from 1 to 1024")
        settings["pool.max_connections"] = str(max_connections)
    for model_type, kinds in (browser_preferences or {}).items():
        if model_type != "text" and model_type not in MODEL_TYPES:
            raise ValueError(f"browser_preferences has no model type {model_type!r}; allowed are text, "
                             f"{', '.join(MODEL_TYPES)}")
        value = kinds if isinstance(kinds, str) else ", ".join(kinds)
        for one in _TEXT if model_type == "text" else (model_type,):
            settings[f"browser_preferences.{one}"] = value
    return settings


class Service:
    """A client, and the daemon behind it where that is a private one."""

    def __init__(self, url: Optional[str], token: Optional[str], cafile: Optional[str],
                 settings: Mapping[str, str], daemon: Union[str, Sequence[str], None]) -> None:
        self.daemon: Optional[PrivateDaemon] = None
        url = url or os.environ.get("WEBINFER_URL") or None
        if url is not None and (settings or daemon):
            raise ValueError(
                f"the service at {url} has a pool of its own: its configuration says how many "
                "browsers there are and which are preferred, so leave enable_resource_pool, "
                "max_connections, browser_preferences and daemon out")
        if url is None and (settings or daemon or not _lives(token)):
            self.daemon = PrivateDaemon(daemon, {"log.level": "warn", **settings})
            url = self.daemon.url
        self.url = url or DEFAULT_URL
        self.client = Client(self.url, token, cafile=cafile)

    def close(self) -> None:
        """Closes the client, and ends the daemon that was started for it."""
        self.client.close()
        if self.daemon is not None:
            self.daemon.close()


def _lives(token: Optional[str]) -> bool:
    """Whether a daemon answers at the default address."""
    with Client(DEFAULT_URL, token, retries=0) as client:
        try:
            client.status()
        except ServiceError:
            return True  # it is there, and will say itself what is wrong
        except (Unreachable, BadAnswer):
            return False
    return True


def arguments(options: Optional[Mapping[str, Any]], allowed: Sequence[str]) -> Dict[str, Any]:
    """Options, all of which are known. Raises ValueError for one that is not."""
    given = dict(options or {})
    for name in given:
        if name not in allowed:
            raise ValueError(f"there is no option {name!r}; allowed are {', '.join(allowed)}")
    return given
