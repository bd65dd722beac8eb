"""The wire that sends over the network: a bounded pool of connections for one event loop."""

from __future__ import annotations

import asyncio
import functools
import re
import ssl
from collections.abc import Collection
from contextlib import suppress

from httptask._http.syntax import TOKEN
from httptask.errors import BlockedError
from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Owner
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Limits, Timeouts
from httptask.sending._connection import Connection
from httptask.sending._dial import Dialler
from httptask.sending._head import readable
from httptask.sending._httpx import LetThroughError, MockedWire, address, is_mocked, tls_settings
from httptask.sending._identity import use_identity
from httptask.sending._network import Ways, warn_insecure
from httptask.sending._queue import Places
from httptask.sending._tunnel import proxy_refused
from httptask.sending._wire import (
    Answer,
    CheckEgress,
    Origin,
    Proxy,
    Recorder,
    UnsendableError,
)

_IDLE_SECONDS = 30
"""How long an idle connection is kept. Most servers close idle connections after a minute or more.
"""

_Key = tuple[Owner | None, Origin, TlsIdentity | None]
"""Credentials, origin and client certificate. Only requests with an equal key share a connection.
"""

_MOST_IDENTITIES = 256
"""The most client certificates whose TLS settings are cached."""


class Connections:
    """The connections of one event loop.

    *check* decides which addresses may be connected to, *limits* how many connections are open,
    and *ways* which origins are reached through a proxy.
    """

    def __init__(
        self,
        check: CheckEgress,
        limits: Limits | None = None,
        ways: Ways | None = None,
    ) -> None:
        limits = limits or Limits()
        self._ways = ways or Ways()
        self._places = Places(limits.connections, limits.connections_per_origin)
        self._dialler = Dialler(check, self._tls_with)
        self._identities: dict[tuple[TlsIdentity, bool], ssl.SSLContext] = {}
        self._open: set[Connection] = set()
        # The idle connections are stored twice: in the order in which they became idle, and by key.
        self._idle: dict[Connection, tuple[_Key, float]] = {}
        self._idle_by_key: dict[_Key, list[Connection]] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_settings(self._ways.ca_file)

    @functools.cached_property
    def _insecure_tls(self) -> ssl.SSLContext:
        return tls_settings(is_insecure=True)

    def _tls_with(self, origin: Origin, identity: TlsIdentity | None) -> ssl.SSLContext:
        """Return the TLS settings for *origin*, a server or a proxy, with the client certificate
        *identity*. Blocks when *identity* is given.
        """
        is_insecure = self._ways.is_insecure(origin)
        if is_insecure:
            warn_insecure(str(origin))
        if identity is not None:
            return self._identified(identity, is_insecure)
        return self._insecure_tls if is_insecure else self._tls

    def _identified(self, identity: TlsIdentity, is_insecure: bool) -> ssl.SSLContext:
        context = self._identities.get((identity, is_insecure))
        if context is None:
            context = tls_settings(self._ways.ca_file, is_insecure=is_insecure)
            use_identity(context, identity)
            if len(self._identities) >= _MOST_IDENTITIES:
                self._identities.clear()
            self._identities[identity, is_insecure] = context
        return context

    @functools.cached_property
    def _mocked(self) -> MockedWire:
        return MockedWire()

    async def send(
        self,
        request: OutgoingRequest,
        credential: Owner | None,
        timeouts: Timeouts,
        recorder: Recorder,
        identity: TlsIdentity | None = None,
    ) -> Answer:
        """Send *request* once: see `Wire`."""
        # Mocks of httpx see the request first, so that tests with pytest-httpx work unchanged.
        if is_mocked():
            with suppress(LetThroughError):
                return await self._mocked.send(request, credential, timeouts, recorder)
        origin, authority, target = recorder.address or address(request.url)
        key = (credential, origin, identity)
        recorder.way = way = self._ways.way(origin)
        proxy = way.proxy if origin.scheme == "http" else None  # https goes through a tunnel
        if proxy is not None:
            target = f"http://{authority}{target}"  # RFC 9112, section 3.2.2
        head, recorder.sent_headers = head_of(request, authority, target, proxy)
        await self._places.take(origin, recorder)
        connection = None
        try:
            if recorder.check_again is not None:
                # The circuit breaker may have opened while this request waited for its place.
                recorder.check_again()
            # Only now: an idle connection may be closed by its server while the request waits.
            connection = self._take(key)
            if connection is not None:
                connection.begin(request, recorder, timeouts.read)
            else:
                connection = Connection(self._forget)
                # Before the connection is made: a server may send data first.
                connection.begin(request, recorder, timeouts.read)
                self._make_room()
                seconds = timeouts.connect
                await self._dialler.connect(origin, connection, seconds, recorder, identity)
                if not connection.gone.done():
                    self._open.add(connection)
            connection.start(head, request.body)
            await connection.answered()
            # The proxy's answer, not the origin's: as a response it would be blamed on the origin.
            if proxy is not None and recorder.head.status == 407:
                raise proxy_refused(proxy, "the request", recorder.head)
        except BaseException:
            self._give_back(key, connection)
            raise
        return self._answer(connection, recorder, key)

    async def aclose(self) -> None:
        """Close every idle connection, and wait until every closing connection is closed."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for connection in list(self._idle):
            self._drop(connection)
        closing = [connection.gone for connection in self._open if connection.is_closing]
        if closing:
            await asyncio.wait(closing)

    def _answer(self, connection: Connection, recorder: Recorder, key: _Key) -> Answer:
        head = recorder.head
        is_closed = False

        def close() -> None:
            nonlocal is_closed
            if not is_closed:
                is_closed = True
                self._give_back(key, connection)

        return Answer(
            http_version=readable(head.version),
            status_code=head.status,
            reason_phrase=readable(head.reason),
            headers=tuple((readable(name), readable(value)) for name, value in head.fields),
            notes=head.notes,
            chunks=connection.chunks(),
            close=close,
        )

    # Idle connections

    def _take(self, key: _Key) -> Connection | None:
        """Return the most recently used usable connection of *key*; None without one."""
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        # The most recently used first: its server is the least likely to have closed it.
        while key in self._idle_by_key:
            connection = self._idle_by_key[key][-1]
            since = self._idle[connection][1]
            if since >= oldest and connection.is_usable:
                self._remove_idle(connection)
                return connection
            self._drop(connection)
        return None

    def _give_back(self, key: _Key, connection: Connection | None) -> None:
        if connection is not None and connection.leave():
            now = asyncio.get_running_loop().time()
            self._idle[connection] = (key, now)
            self._idle_by_key.setdefault(key, []).append(connection)
            if self._sweeping is None:
                self._sweeping = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._sweep)
        self._places.give_back(key[1])

    def _make_room(self) -> None:
        """Close the oldest idle connections until idle and used ones are within the total limit."""
        while self._idle and len(self._idle) + self._places.taken > self._places.total:
            self._drop(next(iter(self._idle)))

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweeping = None
        for connection, (_, since) in list(self._idle.items()):
            if since > loop.time() - _IDLE_SECONDS:
                self._sweeping = loop.call_at(since + _IDLE_SECONDS, self._sweep)
                return
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._remove_idle(connection)
        connection.abort()

    def _remove_idle(self, connection: Connection) -> None:
        key, _ = self._idle.pop(connection)
        siblings = self._idle_by_key[key]
        siblings.remove(connection)
        if not siblings:
            del self._idle_by_key[key]

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._remove_idle(connection)


# The request's head

_FIELDS = re.compile(
    rf"(?:{TOKEN.pattern}\x00(?:[^\x00\s]++(?:[ \t]++[^\x00\s]++)*+)?+\n)*+", re.ASCII
)
"""Valid header fields, each written as its name, NUL, its value and a line feed.

NUL and line feed separate safely: no name or value may hold them (RFC 9110, section 5.5). A value
with white space at its start or end is not valid.
"""


def head_of(
    request: OutgoingRequest,
    authority: str,
    target: str,
    proxy: Proxy | None,
) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    """Return the head of *request* as bytes, and its header fields. Raises `UnsendableError`.

    `Host` is added, and `Content-Length` where RFC 9110, section 8.6 requires it. *proxy* is the
    proxy that reads this head: its credentials are added.
    """
    names = {name.lower(): value for name, value in request.headers}
    added = [] if "host" in names else [("Host", authority)]
    if proxy is not None:
        if "proxy-authorization" in names:
            raise BlockedError(
                "the header Proxy-Authorization is for the operator's proxy, and the operator's to"
                " set (HTTPTASK_PROXY); leave it out"
            )
        if proxy.authorization:
            added.append(("Proxy-Authorization", proxy.authorization))
    if "transfer-encoding" in names:
        # Two lengths are read differently by proxies and servers: request smuggling (RFC 9112,
        # section 6.1).
        if names["transfer-encoding"].lower() != "chunked" or "content-length" in names:
            raise UnsendableError(
                "a Transfer-Encoding other than chunked, or beside Content-Length, cannot be sent"
            )
    elif "content-length" in names:
        if names["content-length"] != str(len(request.body)):
            raise UnsendableError("its Content-Length is not that of its body")
    elif request.body or request.method in ("POST", "PUT", "PATCH"):
        added.append(("Content-Length", str(len(request.body))))
    headers = (*added, *request.headers)
    if not TOKEN.fullmatch(request.method) or _has_several_hosts(request, names):
        raise UnsendableError("its method is no token, or it has several Host headers")
    # One search over all fields costs less than one for each.
    fields = "".join([f"{name}\0{value}\n" for name, value in headers])
    if not _FIELDS.fullmatch(fields):
        raise UnsendableError("a header of it cannot be written")
    written = fields.replace("\0", ": ").replace("\n", "\r\n")
    return f"{request.method} {target} HTTP/1.1\r\n{written}\r\n".encode(), headers


def _has_several_hosts(request: OutgoingRequest, names: Collection[str]) -> bool:
    if "host" not in names:
        return False
    return sum(name.lower() == "host" for name, _ in request.headers) > 1
