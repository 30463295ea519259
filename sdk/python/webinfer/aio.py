"""The client for asyncio: no thread for any request, as many at a time as the loop can carry."""
from __future__ import annotations

import asyncio
import collections
import contextlib
from types import TracebackType
from typing import (Any, AsyncGenerator, AsyncIterator, Callable, Concatenate, Coroutine, Deque, Optional,
                    ParamSpec, Type, TypeVar, cast)

from . import calls, tasks
from .channels import ChannelMessage, Channels
from .errors import BadAnswer, WebinferError, of_reply
from .events import Account, E
from .http1 import Incoming, Reply, Request, encode
from .place import CONNECT, IDLE, Place, Retry, as_method
from .sound import Listening, SoundEvent, chunks
from .types import StreamDone, StreamPart
from .wire import Call

__all__ = ["AsyncClient", "AsyncStream"]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

class _Connection(asyncio.BufferedProtocol):
    """One connection, and one request on it at a time."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._transport: asyncio.Transport
        self.loop = asyncio.get_running_loop()
        self.incoming = Incoming()
        self._news = asyncio.Event()  # of `incoming`, since `more`
        self._writable = asyncio.Event()
        self._lost: Optional[Exception] = None  # why nothing more comes
        self._used = self.loop.time()
        self._silence = 0.0
        self._alarm: Optional[asyncio.TimerHandle] = None

    @classmethod
    async def open(cls, place: Place) -> _Connection:
        loop = asyncio.get_running_loop()
        try:
            opening = loop.create_connection(lambda: cls(place), place.address.host, place.address.port,
                                             ssl=place.tls)
            _, connection = await asyncio.wait_for(opening, CONNECT)
            return connection
        except (OSError, asyncio.TimeoutError) as error:
            raise place.unreachable(error, sent=False) from error

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.incoming.room()

    def buffer_updated(self, nbytes: int) -> None:
        if self._news.is_set():
            self._transport.pause_reading()  # the bytes that came before are not read yet
        self._used = self.loop.time()
        try:
            self.incoming.came(nbytes)
            self._news.set()
        except (EOFError, BadAnswer) as error:
            self._end(error)

    def eof_received(self) -> None:
        self.buffer_updated(0)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self._end(exc or EOFError())

    # What the client calls.

    def is_fresh(self) -> bool:
        """Whether it is of this loop, and the service has neither closed it nor is about to."""
        loop = asyncio.get_running_loop()
        return (self.loop is loop and loop.time() - self._used < IDLE and
                self.incoming.reusable and not self._transport.is_closing())

    def close(self) -> None:
        self._watch(0)
        if not self.loop.is_closed():
            self._transport.abort()

    async def send(self, request: Request) -> Incoming:
        """Sends a request; what it returns is the answer, of which `more` is to come."""
        self._watch(request.timeout)
        self.incoming = Incoming()
        self._news.clear()
        for piece in encode(request, self._place.address, self._place.token):
            if self._lost is None:  # else an answer may be there all the same: that the body is too large
                self._transport.write(piece)
                await self._writable.wait()
        return self.incoming

    async def more(self) -> None:
        """Waits for more of the answer, if there is none already."""
        if self._lost is not None and not self._news.is_set():
            if isinstance(self._lost, BadAnswer):
                raise self._lost
            raise self._place.unreachable(self._lost, sent=True) from self._lost
        self._transport.resume_reading()
        await self._news.wait()
        self._news.clear()

    async def whole(self) -> memoryview:
        """The body of the answer, all that is still to come of it included."""
        while not self.incoming.ended:
            await self.more()
        return self.incoming.body()

    def rest(self) -> None:
        self._watch(0)
        self._transport.resume_reading()  # to see its end

    def _end(self, why: Exception) -> None:
        if self._lost is None:
            self._lost = why
            self._transport.abort()
        self._news.set()
        self._writable.set()  # what is sent now gets nowhere

    def _watch(self, silence: float) -> None:
        """From here on it is closed when nothing comes for so many seconds; 0: for ever."""
        self._silence = silence
        self._used = self.loop.time()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if silence > 0:
            self._alarm = self.loop.call_later(silence, self._look)

    def _look(self) -> None:
        left = self._used + self._silence - self.loop.time()
        if left > 0.001:
            self._alarm = self.loop.call_later(left, self._look)
        else:
            self._end(TimeoutError())


def _method(function: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    async def method(self: AsyncClient, /, *args: P.args, **named: P.kwargs) -> T:
        return await self._run(function(*args, **named))
    return as_method(function, method)


def _stream(function: Callable[P, Account[StreamPart]]) -> Callable[Concatenate[AsyncClient, P], AsyncStream]:
    def method(self: AsyncClient, /, *args: P.args, **named: P.kwargs) -> AsyncStream:
        return AsyncStream(self, function(*args, **named))
    return as_method(function, method)


def _listener(function: Callable[P, Listening]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[SoundEvent]]:
    def method(self: AsyncClient, /, *args: P.args, **named: P.kwargs) -> AsyncIterator[SoundEvent]:
        return self._listen(function(*args, **named))
    return as_method(function, method)


def _subscriber(function: Callable[P, Channels]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[ChannelMessage]]:
    def method(self: AsyncClient, /, *args: P.args, **named: P.kwargs) -> AsyncIterator[ChannelMessage]:
        return self._follow(function(*args, **named))
    return as_method(function, method)


class AsyncClient:
    """A client of webinferd for asyncio, with the methods of `Client`, to be awaited.

    ::

        async with webinfer.AsyncClient() as client:
            answer = await client.chat("finch", "What is 17 + 25?")
            async for part in client.talk("finch", "Tell me a story."):
                print(part.get("text", ""), end="")

    A task that is cancelled closes its connection, and the service ends its work.

    Args:
        url, token, cafile, retries: as of `Client`.
    """

    def __init__(self, url: Optional[str] = None, token: Optional[str] = None, *,
                 cafile: Optional[str] = None, retries: int = 2) -> None:
        self._place = Place(url, token, cafile)
        self._retries = retries
        self._idle: Deque[_Connection] = collections.deque()

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._place.address.url

    async def close(self) -> None:
        """Closes the connections. The client can be used again all the same."""
        while self._idle:
            self._idle.pop().close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        await self.close()

    # The methods: calls.py and tasks.py explain each of them.
    infer = _method(calls.infer)
    benchmark = _method(calls.benchmark)
    chat = _method(tasks.chat)
    complete = _method(tasks.complete)
    embed = _method(tasks.embed)
    rerank = _method(tasks.rerank)
    tokenize = _method(tasks.tokenize)
    classify = _method(tasks.classify)
    entities = _method(tasks.entities)
    fill_mask = _method(tasks.fill_mask)
    answer = _method(tasks.answer)
    translate = _method(tasks.translate)
    summarize = _method(tasks.summarize)
    detect = _method(tasks.detect)
    segment = _method(tasks.segment)
    depth = _method(tasks.depth)
    describe = _method(tasks.describe)
    transcribe = _method(tasks.transcribe)
    speak = _method(tasks.speak)
    submit = _method(calls.submit)
    job = _method(calls.job)
    jobs = _method(calls.jobs)
    cancel = _method(calls.cancel)
    models = _method(calls.models)
    model = _method(calls.model)
    pull = _method(calls.pull)
    load = _method(calls.load)
    unload = _method(calls.unload)
    remove = _method(calls.remove)
    hardware = _method(calls.hardware)
    nodes = _method(calls.nodes)
    status = _method(calls.status)
    stream = _stream(calls.stream)
    talk = _stream(tasks.talk)
    pulling = _stream(calls.pulling)
    listen = _listener(calls.listen)
    channels = _subscriber(calls.channels)

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fresh():
                return connection
            connection.close()
        return await _Connection.open(self._place)

    async def _exchange(self, request: Request) -> Reply:
        connection = await self._connect()
        try:
            incoming = await connection.send(request)
            body = await connection.whole()
        except BaseException:  # a cancelled task among them
            connection.close()
            raise
        self._put_back(connection, incoming)
        if incoming.status >= 300:
            raise of_reply(incoming.status, incoming.headers, body.tobytes())
        return Reply(incoming.status, incoming.headers, body)

    def _put_back(self, connection: _Connection, incoming: Incoming) -> None:
        if incoming.reusable:
            connection.rest()
            self._idle.append(connection)
        else:
            connection.close()

    async def _run(self, call: Call[T]) -> T:
        request = call.request
        while True:
            value = await self._ask(request, call.read)
            if not isinstance(value, Request):
                return value
            request = value

    async def _ask(self, request: Request, read: Callable[[Reply], R]) -> R:
        retry = Retry(request, self._retries)
        while True:
            try:
                return read(await self._exchange(request))
            except WebinferError as error:
                pause = retry.after(error)
            await asyncio.sleep(pause)

    async def _follow(self, account: Account[E]) -> AsyncGenerator[E, None]:
        """Each part of a stream once, over as many connections as it takes."""
        retry = Retry(account.request(), self._retries)
        try:
            while account.done is None:
                try:
                    async with contextlib.aclosing(self._parts(account)) as parts:
                        async for part in parts:
                            yield part
                    continue
                except WebinferError as error:
                    pause = account.broke(error) if account.begun else retry.after(error)
                await asyncio.sleep(pause)
        finally:
            await self._end(account)

    async def _parts(self, account: Account[E]) -> AsyncGenerator[E, None]:
        connection = await _Connection.open(self._place)
        try:
            incoming = await connection.send(account.request())
            while not incoming.status:
                await connection.more()
            if incoming.status >= 300:
                body = (await connection.whole()).tobytes()
                raise of_reply(incoming.status, incoming.headers, body)
            account.opened(incoming.status, incoming.headers)
            while account.done is None:
                for part in account.feed(incoming.body()):
                    yield part
                if account.done is None:
                    if incoming.ended:
                        raise self._place.unreachable(EOFError("it ended early"), sent=True)
                    await connection.more()
        finally:
            connection.close()

    async def _listen(self, listening: Listening) -> AsyncIterator[SoundEvent]:
        """What is told of a sound, while another task sends it."""
        source = _pieces(listening.source)
        await self._open_sound(listening, source)
        sender = asyncio.create_task(self._send_sound(listening, source))
        try:
            async with contextlib.aclosing(self._follow(listening.told)) as told:
                async for event in told:
                    yield event
        except WebinferError:
            if listening.failure is None:
                raise
            raise listening.failure from None
        finally:
            sender.cancel()
            await asyncio.wait([sender])

    async def _open_sound(self, listening: Listening, source: AsyncGenerator[bytes, None]) -> None:
        while (request := listening.opening()) is None:
            try:
                listening.take(await source.__anext__())
            except StopAsyncIteration:
                listening.end()
        listening.opened(await self._run(Call(request, lambda reply: reply)))

    async def _send_sound(self, listening: Listening, source: AsyncGenerator[bytes, None]) -> None:
        try:
            async with contextlib.aclosing(source):
                await self._send_pieces(listening)
                async for data in source:
                    listening.take(data)
                    await self._send_pieces(listening)
                listening.end()
                await self._send_pieces(listening)
        except Exception as error:  # of the source as well: the reader of the events raises it
            listening.failure = error
            await self._end(listening.told)

    async def _send_pieces(self, listening: Listening) -> None:
        while (request := listening.next()) is not None:
            try:
                listening.took(await self._exchange(request))
                continue
            except WebinferError as error:
                pause = listening.broke(error)
            await asyncio.sleep(pause)

    async def _end(self, account: Account[Any]) -> None:
        request = account.cancelling()
        if request is not None:
            try:
                await self._exchange(request)
            except WebinferError:
                pass  # it has ended by itself, or ends when the service misses its client


class AsyncStream:
    """An answer in parts. Iterate over it once; `stream` describes the parts.

    Attributes:
        done: the rest of the answer, once the last part has come: ``result``, ``executed_on``,
            ``performance``, and ``parts``, how many there were.
    """

    def __init__(self, client: AsyncClient, account: Account[StreamPart]) -> None:
        self._account = account
        self._parts: AsyncIterator[StreamPart] = client._follow(account)

    @property
    def done(self) -> Optional[StreamDone]:
        return self._account.done

    def __aiter__(self) -> AsyncIterator[StreamPart]:
        parts, self._parts = self._parts, _nothing()
        return parts

    async def texts(self) -> AsyncIterator[str]:
        """The text of each part that has one."""
        parts = self.__aiter__()
        try:
            async for part in parts:
                if part.get("text"):
                    yield part["text"]
        finally:
            await _close(parts)

    async def close(self) -> None:
        """Ends the work, if it has not ended."""
        parts, self._parts = self._parts, _nothing()
        await _close(parts)


async def _pieces(source: Any) -> AsyncGenerator[bytes, None]:
    """The pieces of any source. One that may block is read by a thread."""
    if hasattr(source, "__aiter__"):
        async for data in source:
            yield data
        return
    pieces = chunks(source)
    while (piece := await asyncio.to_thread(lambda: next(pieces, None))) is not None:
        yield piece


async def _nothing() -> AsyncIterator[StreamPart]:
    return
    yield


async def _close(parts: Any) -> None:
    await parts.aclose()
