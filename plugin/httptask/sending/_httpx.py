"""The uses of httpx: parsing URLs, TLS settings, and requests that a test mocks."""

from __future__ import annotations

import functools
import re
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx

from httptask._http.syntax import DEFAULT_PORTS
from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Owner
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.sending._head import readable
from httptask.sending._wire import (
    Answer,
    MalformedError,
    Origin,
    Recorder,
    SilenceError,
    UnsendableError,
    connect_timed_out,
)

# URLs

_PLAIN = re.compile(
    r"(https?://[A-Za-z0-9.\-]+(?::[0-9]+)?)(/[\w.~!$&'()*+,;=:@/?%\-]*)", re.ASCII | re.IGNORECASE
)
"""A URL whose path and query need no normalisation: httpx is then asked for the origin only."""


def address(url: str) -> tuple[Origin, str, str]:
    """Return the origin of *url*, its authority (for `Host`), and its request target.

    Raises `UnsendableError`.
    """
    match = _PLAIN.fullmatch(url)
    if match is not None and "/." not in match[2] and _is_encoded(match[2]):
        return (*_authority(match[1]), match[2])
    parsed = _parsed(url)
    return (*_origin_and_authority(parsed), parsed.raw_path.decode("ascii"))


def host_and_target(url: str) -> tuple[str, str]:
    """Return the value of `Host` and the request target for *url*. Raises `UnsendableError`."""
    _, host, target = address(url)
    return host, target


def _is_encoded(path_and_query: str) -> bool:
    return "%" not in path_and_query or _LONE_PERCENT.search(path_and_query) is None


_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
"""A `%` that does not begin a percent-encoded byte: httpx would encode it."""


@functools.lru_cache(1024)
def _authority(base: str) -> tuple[Origin, str]:
    return _origin_and_authority(_parsed(base))


def _origin_and_authority(url: httpx.URL) -> tuple[Origin, str]:
    default = DEFAULT_PORTS.get(url.scheme)
    if default is None or not url.host:
        raise UnsendableError(f"no request can be sent to a URL of the scheme {url.scheme!r}")
    port = default if url.port is None else url.port
    return Origin(url.scheme, url.raw_host.decode("ascii"), port), url.netloc.decode("ascii")


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except Exception as error:  # noqa: BLE001 - httpx's URL also raises idna's errors
        raise UnsendableError(str(error)) from None


# Certificates


def tls_settings(ca_file: str | None = None, *, is_insecure: bool = False) -> ssl.SSLContext:
    """Return new TLS settings.

    They trust the certificates of certifi, or of SSL_CERT_FILE or SSL_CERT_DIR if set, and those in
    *ca_file*. With *is_insecure* no certificate is checked.
    """
    context = httpx.create_ssl_context(verify=not is_insecure)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


# Mocks


def is_mocked() -> bool:
    """Say whether a test has replaced httpx's transport, as pytest-httpx and respx do."""
    return not str(httpx.AsyncHTTPTransport.handle_async_request.__module__).startswith("httpx.")


class LetThroughError(Exception):
    """The mock wants this request to be sent over the network."""


class MockedWire:
    """A wire that passes requests to the mock of httpx's transport.

    httpx itself never connects: it would bypass the egress rules.
    """

    def __init__(self) -> None:
        self._transport = httpx.AsyncHTTPTransport(
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), trust_env=False
        )

    async def send(
        self,
        request: OutgoingRequest,
        credential: Owner | None,
        timeouts: Timeouts,
        recorder: Recorder,
        identity: TlsIdentity | None = None,
    ) -> Answer:
        """Send *request* to the mock. Raises `LetThroughError` when httpx would send it itself."""
        outgoing = _request(request, timeouts)
        recorder.sent_headers = tuple(
            (readable(name), readable(value)) for name, value in outgoing.headers.raw
        )
        recorder.is_replaced = True
        try:
            response = await self._transport.handle_async_request(outgoing)
        except LetThroughError:
            recorder.is_replaced = False
            raise
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            recorder.is_replaced = not isinstance(error, _BEFORE_SENDING)
            raise _translated(error, request, timeouts) from error
        extensions = response.extensions
        reason = extensions.get("reason_phrase")
        return Answer(
            http_version=readable(extensions.get("http_version", b"HTTP/1.1")),
            status_code=response.status_code,
            reason_phrase=response.reason_phrase if reason is None else readable(reason),
            headers=tuple(
                (readable(name), readable(value)) for name, value in response.headers.raw
            ),
            notes=[],
            chunks=_chunks(response, request, timeouts),
            close=lambda: None,
        )


def _request(request: OutgoingRequest, timeouts: Timeouts) -> httpx.Request:
    async def stop(event: str, information: Any) -> None:
        raise LetThroughError  # httpx calls this before each step, so before it connects

    pace = {
        "connect": timeouts.connect,
        "read": timeouts.read,
        "write": timeouts.read,
        "pool": timeouts.connect,
    }
    outgoing = httpx.Request(
        request.method,
        request.url,
        headers=[(name.encode("ascii"), value.encode("utf-8")) for name, value in request.headers],
        content=request.body or None,
        extensions={"timeout": pace, "trace": stop},
    )
    # httpx writes methods in capitals; they are case-sensitive (RFC 9110, section 9.1).
    outgoing.method = request.method
    return outgoing


async def _chunks(
    response: httpx.Response,
    request: OutgoingRequest,
    timeouts: Timeouts,
) -> AsyncIterator[bytes]:
    # Not Response.aiter_raw: it refuses a stream that was read before, as a mock's may be.
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise TypeError("the transport answered with a stream that is not asynchronous")
    try:
        async for chunk in stream:
            yield chunk
    except httpx.HTTPError as error:
        raise _translated(error, request, timeouts) from error
    finally:
        await response.aclose()


_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
"""Errors that httpx raises before it sends a byte of the request."""


def _translated(
    error: httpx.HTTPError | httpx.InvalidURL,
    request: OutgoingRequest,
    timeouts: Timeouts,
) -> Exception:
    """Convert *error*, raised by a mock, to the error that the network wire would raise."""
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return connect_timed_out(str(address(request.url)[0]), timeouts.connect)
    if isinstance(error, httpx.TimeoutException):
        return SilenceError(is_writing=isinstance(error, httpx.WriteTimeout))
    if isinstance(error, httpx.RemoteProtocolError):
        return MalformedError(str(error))
    if isinstance(error, httpx.LocalProtocolError | httpx.UnsupportedProtocol | httpx.InvalidURL):
        return UnsendableError(str(error))
    return ConnectionError(str(error))
