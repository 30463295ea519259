"""The client that waits: over sockets, for programs with or without threads."""
from __future__ import annotations

import collections
import select
import socket
import threading
import time
from types import TracebackType
from typing import Any, Callable, Concatenate, Deque, Iterator, Optional, ParamSpec, Type, TypeVar

from . import calls, tasks
from .channels import ChannelMessage, Channels
from .errors import WebinferError, of_reply
from .events import Account, E
from .http1 import Incoming, Reply, Request, encode
from .place import CONNECT, IDLE, Place, Retry, as_method
from .sound import Listening, SoundEvent, chunks
from .types import StreamDone, StreamPart
from .wire import Call

__all__ = ["Client", "Stream"]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class _Connection:
    """One connection, and one request on it at a time."""

    def __init__(self, place: Place) -> None:
        self._place = place
        try:
            plain = socket.create_connection((place.address.host, place.address.port), CONNECT)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = plain if place.tls is None else place.tls.wrap_socket(
                plain, server_hostname=place.address.host)
        except OSError as error:
            raise place.unreachable(error, sent=False) from error
        self._used = time.monotonic()

    def is_fresh(self) -> bool:
        """Whether the service has neither closed it nor is about to."""
        if time.monotonic() - self._used > IDLE:
            return False
        waiting = select.poll()  # select() has only 1024 descriptors
        waiting.register(self._socket, select.POLLIN)
        return not waiting.poll(0)

    def close(self) -> None:
        self._socket.close()

    def send(self, request: Request) -> None:
        self._socket.settimeout(request.timeout)
        pieces = encode(request, self._place.address, self._place.token)
        try:
            for piece in pieces:
                self._socket.sendall(piece)
        except TimeoutError as error:
            raise self._place.unreachable(error, sent=True) from error
        except OSError:
            pass  # an answer may be there all the same, such as that the body is too large

    def read_into(self, incoming: Incoming) -> None:
        """Waits for more of an answer."""
        try:
            incoming.came(self._socket.recv_into(incoming.room()))
        except (OSError, EOFError) as error:
            raise self._place.unreachable(error, sent=True) from error

    def read_whole(self, incoming: Incoming) -> memoryview:
        """All that is still to come of an answer; its body."""
        while not incoming.ended:
            self.read_into(incoming)
        return incoming.body()

    def rest(self) -> None:
        self._used = time.monotonic()


def _method(function: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    def method(self: Client, /, *args: P.args, **named: P.kwargs) -> T:
        return self._run(function(*args, **named))
    return as_method(function, method)


def _stream(function: Callable[P, Account[StreamPart]]) -> Callable[Concatenate[Client, P], Stream]:
    def method(self: Client, /, *args: P.args, **named: P.kwargs) -> Stream:
        return Stream(self, function(*args, **named))
    return as_method(function, method)


def _listener(function: Callable[P, Listening]) -> Callable[Concatenate[Client, P], Iterator[SoundEvent]]:
    def method(self: Client, /, *args: P.args, **named: P.kwargs) -> Iterator[SoundEvent]:
        return self._listen(function(*args, **named))
    return as_method(function, method)


def _subscriber(function: Callable[P, Channels]) -> Callable[Concatenate[Client, P], Iterator[ChannelMessage]]:
    def method(self: Client, /, *args: P.args, **named: P.kwargs) -> Iterator[ChannelMessage]:
        return self._follow(function(*args, **named))
    return as_method(function, method)


class Client:
    """A client of webinferd.

    ::

        with webinfer.Client() as client:
            print(client.chat("finch", "What is 17 + 25?").text)

    It may be used by several threads at a time; each request then has a connection of its own.

    Args:
        url: of the service (WEBINFER_URL, else http://127.0.0.1:8470). Certificates of https
            addresses are verified.
        token: if the service requires one (WEBINFER_TOKEN).
        cafile: certificates to trust instead of the system's, in PEM.
        retries: how often a request is sent again after a refused connection, or an answer that
            asks to retry later (429, 503). A request that may have arrived is sent again only if
            that changes nothing.
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

    def close(self) -> None:
        """Closes the connections. The client can be used again all the same."""
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

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

    def _connect(self) -> _Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return _Connection(self._place)
            if connection.is_fresh():
                return connection
            connection.close()

    def _exchange(self, request: Request) -> Reply:
        connection = self._connect()
        incoming = Incoming()
        try:
            connection.send(request)
            body = connection.read_whole(incoming)
        except BaseException:
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

    def _run(self, call: Call[T]) -> T:
        request = call.request
        while True:
            value = self._ask(request, call.read)
            if not isinstance(value, Request):
                return value
            request = value

    def _ask(self, request: Request, read: Callable[[Reply], R]) -> R:
        retry = Retry(request, self._retries)
        while True:
            try:
                return read(self._exchange(request))
            except WebinferError as error:
                time.sleep(retry.after(error))

    def _follow(self, account: Account[E]) -> Iterator[E]:
        """Each part of a stream once, over as many connections as it takes."""
        retry = Retry(account.request(), self._retries)
        try:
            while account.done is None:
                try:
                    yield from self._parts(account)
                except WebinferError as error:
                    time.sleep(account.broke(error) if account.begun else retry.after(error))
        finally:
            self._end(account)

    def _parts(self, account: Account[E]) -> Iterator[E]:
        connection = _Connection(self._place)
        try:
            incoming = Incoming()
            connection.send(account.request())
            while not incoming.status:
                connection.read_into(incoming)
            if incoming.status >= 300:
                body = connection.read_whole(incoming).tobytes()
                raise of_reply(incoming.status, incoming.headers, body)
            account.opened(incoming.status, incoming.headers)
            while account.done is None:
                yield from account.feed(incoming.body())
                if account.done is None:
                    if incoming.ended:
                        raise self._place.unreachable(EOFError("it ended early"), sent=True)
                    connection.read_into(incoming)
        finally:
            connection.close()

    def _listen(self, listening: Listening) -> Iterator[SoundEvent]:
        """What is told of a sound, while another thread sends it."""
        source = chunks(listening.source)
        self._open_sound(listening, source)
        threading.Thread(target=self._send_sound, args=[listening, source], daemon=True).start()
        try:
            yield from self._follow(listening.told)
        except WebinferError:
            if listening.failure is None:
                raise
            raise listening.failure from None
        finally:
            listening.left = True

    def _open_sound(self, listening: Listening, source: Iterator[bytes]) -> None:
        while (request := listening.opening()) is None:
            data = next(source, None)
            if data is None:
                listening.end()
            else:
                listening.take(data)
        listening.opened(self._run(Call(request, lambda reply: reply)))

    def _send_sound(self, listening: Listening, source: Iterator[bytes]) -> None:
        try:
            self._send_pieces(listening)
            for data in source:
                listening.take(data)
                self._send_pieces(listening)
                if listening.left:
                    return
            listening.end()
            self._send_pieces(listening)
        except Exception as error:  # of the source as well: the reader of the events raises it
            listening.failure = error
            self._end(listening.told)

    def _send_pieces(self, listening: Listening) -> None:
        while not listening.left and (request := listening.next()) is not None:
            try:
                listening.took(self._exchange(request))
            except WebinferError as error:
                time.sleep(listening.broke(error))

    def _end(self, account: Account[Any]) -> None:
        request = account.cancelling()
        if request is not None:
            try:
                self._exchange(request)
            except WebinferError:
                pass  # it has ended by itself, or ends when the service misses its client


class Stream:
    """An answer in parts. Iterate over it once; `calls.stream` describes the parts.

    Attributes:
        done: the rest of the answer, once the last part has come: ``result``, ``executed_on``,
            ``performance``, and ``parts``, how many there were.
    """

    def __init__(self, client: Client, account: Account[StreamPart]) -> None:
        self._account = account
        self._parts = client._follow(account)

    @property
    def done(self) -> Optional[StreamDone]:
        return self._account.done

    def __iter__(self) -> Iterator[StreamPart]:
        parts, self._parts = self._parts, iter(())
        return parts

    def texts(self) -> Iterator[str]:
        """The text of each part that has one."""
        for part in self:
            if part.get("text"):
                yield part["text"]

    def close(self) -> None:
        """Ends the work, if it has not ended."""
        parts, self._parts = self._parts, iter(())
        getattr(parts, "close", lambda: None)()
