"""Opening connections: each host name is resolved once, and only checked addresses are used."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from httptask._core.threads import in_thread
from httptask.errors import BlockedError, ConnectionFailedError, DnsError, TaskError, TlsError
from httptask.model.authorisation import TlsIdentity
from httptask.sending._connection import Connection
from httptask.sending._egress import allowing_proxy, check_through_proxy
from httptask.sending._tunnel import Tunnel
from httptask.sending._wire import CheckEgress, Origin, Proxy, Recorder, connect_timed_out

T = TypeVar("T")


class Dialler:
    """Connects only to addresses that *check* allows.

    *tls* returns the TLS settings for an origin and an optional client certificate.
    """

    def __init__(
        self,
        check: CheckEgress,
        tls: Callable[[Origin, TlsIdentity | None], ssl.SSLContext],
    ) -> None:
        self._check = check
        self._tls = tls

    async def connect(
        self,
        origin: Origin,
        connection: Connection,
        seconds: float,
        recorder: Recorder,
        identity: TlsIdentity | None = None,
    ) -> None:
        """Connect *connection* to *origin*, through the proxy of *recorder*'s way if it has one.

        All steps together, TLS included, may take *seconds*. Raises a `TaskError`.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        proxy = recorder.way.proxy
        if proxy is not None:
            # The proxy resolves the name: only the name, or an address in the URL, can be checked
            # here.
            check_through_proxy(self._check, origin)
            tunnel = await self._through(proxy, origin, connection, deadline, seconds, recorder)
            if tunnel is not None:
                await self._tunnelled(tunnel, connection, deadline, seconds, recorder, identity)
        else:
            sock = await self._socket(origin, self._check, deadline, seconds, recorder)
            try:
                if origin.scheme == "https":
                    recorder.end()
                    recorder.begin("tls")
                    context = await self._settings(origin, identity)
                    await _start_tls(origin, connection, sock, context, deadline, seconds)
                else:
                    loop = asyncio.get_running_loop()
                    await loop.create_connection(lambda: connection, sock=sock)
            except BaseException:
                sock.close()
                raise
        recorder.end()
        recorder.connected = True

    async def _socket(
        self,
        origin: Origin,
        check: CheckEgress,
        deadline: float,
        seconds: float,
        recorder: Recorder,
    ) -> socket.socket:
        """Return a socket connected to *origin* at an address that *check* allows."""
        recorder.begin("dns")
        addresses = await _resolve(origin, seconds)
        recorder.end()
        allowed = _allowed_addresses(check, origin, addresses)
        recorder.begin("connect")
        return await _connect_to_any(origin, allowed, deadline, seconds)

    async def _through(
        self,
        proxy: Proxy,
        origin: Origin,
        connection: Connection,
        deadline: float,
        seconds: float,
        recorder: Recorder,
    ) -> Tunnel | None:
        """Connect to *proxy*. For an https *origin* connect a tunnel and return it, else connect
        *connection* and return None.
        """
        loop = asyncio.get_running_loop()
        tunnel = Tunnel(proxy, origin) if origin.scheme == "https" else None
        protocol = connection if tunnel is None else tunnel
        try:
            check = allowing_proxy(self._check, proxy)
            sock = await self._socket(proxy.origin, check, deadline, seconds, recorder)
            try:
                if tunnel is not None or proxy.origin.scheme == "https":
                    recorder.end()
                    recorder.begin("proxy")
                if proxy.origin.scheme == "https":
                    # The client certificate is for the origin, not for the proxy.
                    context = await self._settings(proxy.origin, None)
                    await _start_tls(proxy.origin, protocol, sock, context, deadline, seconds)
                else:
                    await loop.create_connection(lambda: protocol, sock=sock)
            except BaseException:
                protocol.abort()
                sock.close()
                raise
        except TaskError as error:
            error.message = f"the proxy {proxy}: {error.message}"
            error.args = (error.message,)
            raise
        return tunnel

    async def _tunnelled(
        self,
        tunnel: Tunnel,
        connection: Connection,
        deadline: float,
        seconds: float,
        recorder: Recorder,
        identity: TlsIdentity | None,
    ) -> None:
        """Open *tunnel*, and start TLS with its origin inside it for *connection*."""
        loop = asyncio.get_running_loop()
        origin = tunnel.origin
        try:
            try:
                transport = await _within(deadline - loop.time(), tunnel.open())
            except TimeoutError as error:
                what = f"the proxy {tunnel.proxy} did not answer CONNECT {origin}"
                raise connect_timed_out(what, seconds) from error
            recorder.end()
            recorder.begin("tls")
            context = await self._settings(origin, identity)
            handshake = loop.start_tls(transport, connection, context, server_hostname=origin.host)
            secured = await _complete_handshake(handshake, origin, deadline, seconds)
            if secured is None:
                raise ConnectionFailedError(f"the tunnel to {origin} broke")
            connection.connection_made(secured)  # `start_tls` does not call this
        except BaseException:
            tunnel.abort()
            raise

    async def _settings(self, origin: Origin, identity: TlsIdentity | None) -> ssl.SSLContext:
        """Return the TLS settings. Raises `TlsError`, and `CredentialError` for *identity*."""
        try:
            if identity is None:
                return self._tls(origin, None)
            return await in_thread(lambda: self._tls(origin, identity))
        except (OSError, ValueError) as error:
            raise TlsError(
                "the certificates to trust cannot be read (SSL_CERT_FILE, SSL_CERT_DIR,"
                f" HTTPTASK_CA_FILE): {_why(error)}"
            ) from error


async def _start_tls(
    origin: Origin,
    connection: Connection | Tunnel,
    sock: socket.socket,
    context: ssl.SSLContext,
    deadline: float,
    seconds: float,
) -> None:
    """Start TLS on the connected *sock*, and attach it to *connection*."""
    handshake = asyncio.get_running_loop().create_connection(
        lambda: connection,
        sock=sock,
        ssl=context,
        server_hostname=origin.host,
    )
    await _complete_handshake(handshake, origin, deadline, seconds)


async def _complete_handshake(
    handshake: Coroutine[Any, Any, T],
    origin: Origin,
    deadline: float,
    seconds: float,
) -> T:
    """Return the result of *handshake*, a TLS handshake with *origin*. Raises a `TaskError`.

    The owner of the connection closes a result that comes too late.
    """
    try:
        return await _within(deadline - asyncio.get_running_loop().time(), handshake)
    except TimeoutError as error:
        raise connect_timed_out(f"the TLS handshake with {origin.host}", seconds) from error
    except OSError as error:
        raise _tls_failed(origin.host, error) from error


def _allowed_addresses(
    check: CheckEgress,
    origin: Origin,
    addresses: list[str],
) -> list[str]:
    """Return the *addresses* that may be connected to. Raises `BlockedError` when none may."""
    refusals = {}
    for address in addresses:
        reason = check(origin.host, address, origin.port)
        if reason is not None:
            # One refused address does not refuse the others: a name may have an internal and a
            # public one.
            refusals[address] = reason
    allowed = [address for address in addresses if address not in refusals]
    if not addresses:
        raise DnsError(f"the host name {origin.host!r} has no address")
    if not allowed:
        address, reason = next(iter(refusals.items()))
        raise BlockedError(f"the address {address} of {origin.host} is refused: {reason}")
    return allowed


async def _resolve(origin: Origin, seconds: float) -> list[str]:
    """Return the distinct addresses of *origin*, in the system's order."""
    host = origin.host
    port = origin.port
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass  # a name, or an unusual spelling of an address (0x7f.1): getaddrinfo resolves both
    try:
        looked_up = in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        entries = await _within(seconds, looked_up)
    except TimeoutError as error:
        raise connect_timed_out(f"looking up {host}", seconds) from error
    except (OSError, UnicodeError) as error:
        raise DnsError(f"the host name {host!r} has no address: {_why(error)}") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


async def _connect_to_any(
    origin: Origin,
    addresses: list[str],
    deadline: float,
    seconds: float,
) -> socket.socket:
    """Return a socket connected to the first of *addresses* that accepts the connection."""
    failures: list[Exception] = []
    for position, address in enumerate(addresses):
        remaining = deadline - asyncio.get_running_loop().time()
        # Each address gets an equal share of the remaining time, so that an unreachable address
        # leaves time for the next.
        try:
            share = max(remaining, 0.001) / (len(addresses) - position)
            return await _within(share, _connect_to(address, origin.port), socket.socket.close)
        except OSError as error:
            failures.append(error)
    if all(isinstance(failure, TimeoutError) for failure in failures):
        raise connect_timed_out(str(origin), seconds) from failures[-1]
    refused = next(failure for failure in failures if not isinstance(failure, TimeoutError))
    raise ConnectionFailedError(
        f"no connection to {origin} ({', '.join(addresses)}): {_why(refused)}; is the server"
        " running?"
    ) from refused


async def _connect_to(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # IPPROTO_TCP is explicit: asyncio switches off Nagle's algorithm only if `sock.proto` is TCP.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setblocking(False)
        # Not create_connection: it would resolve again, and the phases could not be timed.
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _within(
    seconds: float,
    work: Coroutine[Any, Any, T],
    discard: Callable[[T], object] = lambda result: None,
) -> T:
    """Return the result of *work*. Raises `TimeoutError` after *seconds*.

    A result that comes later is passed to *discard*. `asyncio.timeout` is not used: on a busy event
    loop it drops a result that has already arrived.
    """

    def discard_late(task: asyncio.Task[T]) -> None:
        if not task.cancelled() and task.exception() is None:
            discard(task.result())

    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            return task.result()
        raise TimeoutError
    except BaseException:
        task.cancel()
        # A socket that is connected after its time would otherwise stay open.
        task.add_done_callback(discard_late)
        raise


_UNKNOWN_AUTHORITY = frozenset((18, 19, 20, 21))
"""OpenSSL's verify codes for a certificate that no trusted authority has signed."""


def _tls_failed(host: str, error: BaseException) -> TaskError:
    """Return the error of a failed TLS handshake with *host*; it quotes OpenSSL's reason."""
    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, ssl.SSLError):
        reason = reason.__cause__ or reason.__context__
    why = "the peer closed the connection during the handshake"
    if isinstance(reason, ssl.SSLCertVerificationError):
        why = f"its certificate is not accepted: {reason.verify_message}"
        if reason.verify_code in _UNKNOWN_AUTHORITY:
            why += "; an operator can trust its authority with HTTPTASK_CA_FILE or --ca-file"
    elif isinstance(reason, ssl.SSLError):
        why = (reason.reason or str(reason)).replace("_", " ").lower()
    return TlsError(f"TLS with {host} failed: {why}")


def _why(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno).lower()  # asyncio's message would repeat the address
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
