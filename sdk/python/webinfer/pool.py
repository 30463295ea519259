"""The pool of browsers, for asyncio: a place in it by type of model, and inferences on that place."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Mapping, Optional, Sequence, Type, Union

from .aio import AsyncClient
from .errors import ServiceError
from .service import Service, pool_settings
from .wire import Answer, split_settings

__all__ = ["PooledConnection", "ResourcePool"]

#: The model that computes nothing, by which a browser is waited for.
_ECHO = "builtin/echo"


@dataclass(frozen=True)
class PooledConnection:
    """A place where models run: a node, the browser that it is in, and the platform to use there.

    `platform` is None where the service chooses it for each model.
    """

    node: str
    browser: str
    browser_version: str
    platform: Optional[str]
    model_type: Optional[str]


class ResourcePool:
    """The browsers of a webinferd.

    ::

        async with webinfer.ResourcePool() as pool:
            place = await pool.get_connection("audio", browser="firefox")
            answer = await pool.run_inference("keywords", {"audio": "left.wav"}, connection=place)

    Args:
        max_connections, browser_preferences: as of `WebAccelerator`: a daemon of its own is started
            for them, as where none lives at the default address.
        url, token, cafile, daemon: as of `WebAccelerator`.
    """

    def __init__(self, max_connections: Optional[int] = None,
                 browser_preferences: Optional[Mapping[str, Union[str, Sequence[str]]]] = None, *,
                 url: Optional[str] = None, token: Optional[str] = None, cafile: Optional[str] = None,
                 daemon: Union[str, Sequence[str], None] = None) -> None:
        settings = pool_settings(True, max_connections, browser_preferences)
        self._make = lambda: Service(url, token, cafile, settings, daemon)
        self._token, self._cafile = token, cafile
        self._service: Optional[Service] = None
        self._client: Optional[AsyncClient] = None
        self._making = asyncio.Lock()

    async def _open(self) -> AsyncClient:
        """The client; a daemon is started, in a thread, when it is first needed."""
        async with self._making:
            if self._client is None:
                self._service = await asyncio.to_thread(self._make)
                self._client = AsyncClient(self._service.url, self._token, cafile=self._cafile)
            return self._client

    async def __aenter__(self) -> ResourcePool:
        await self._open()
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections, and ends the daemon that was started for it with its browsers."""
        client, self._client = self._client, None
        service, self._service = self._service, None
        if client is not None:
            await client.close()
        if service is not None:
            await asyncio.to_thread(service.close)

    async def get_connection(self, model_type: Optional[str] = None, platform: Optional[str] = None,
                             browser: Optional[str] = None, *, timeout: float = 60.0) -> PooledConnection:
        """Waits for a node that can run such models there, and names it.

        Args:
            model_type: text_embedding, text_generation, text2text, vision, audio or multimodal:
                the service's preferences for it say where.
            platform: ``webgpu``, ``webnn`` or ``wasm``; None leaves it open.
            browser: a kind, such as ``firefox``; None leaves it open.
            timeout: seconds to wait, such as for a browser to start.

        Raises:
            ServiceError: nothing can, and why (``unavailable``, ``platform_unsupported``), or not
                in that time (``deadline_exceeded``).
        """
        client = await self._open()
        if browser is None and model_type is not None:
            told = await client.hardware(_ECHO, model_type=model_type, platform=platform)
            chosen = told["would_run"]
            browser = chosen["browser"] if chosen else None
        answer = await client.infer(
            _ECHO, [], browser=browser, platform=platform, timeout=timeout, model_type=model_type,
            fallback=False if platform else None)
        ran = answer.executed_on
        if ran["node"] is None or ran["browser"] is None:
            raise ServiceError("the service does not say which node answered", code="unavailable")
        return PooledConnection(ran["node"], ran["browser"], ran["browser_version"] or "", platform,
                                model_type)

    async def run_inference(self, model_name: str, inputs: Any = None, *,
                            connection: Optional[PooledConnection] = None, **more: Any) -> Answer[Any]:
        """Runs a model: on the place of `connection`, or where it is done first.

        Args:
            inputs: as of `Client.infer`.
            connection: what `get_connection` gave.
            more: settings of `Client.infer`, and options of the task.
        """
        settings, options = split_settings(more)
        if connection is not None:
            settings = {"node": connection.node, "platform": connection.platform,
                        "model_type": connection.model_type, **settings}
        client = await self._open()
        return await client.infer(model_name, inputs, options=options or None, **settings)
