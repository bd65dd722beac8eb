"""Converting errors of the wire to `TaskError`: one table, the most specific type first."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from httptask.errors import (
    ConnectionFailedError,
    IncompleteError,
    Problem,
    ProtocolError,
    SettingsError,
    TaskError,
    TimedOutError,
    TlsError,
)
from httptask.model.exchange import OutgoingRequest
from httptask.model.policy import Timeouts
from httptask.sending._head import MalformedHeadError
from httptask.sending._wire import (
    ClosedError,
    MalformedError,
    Recorder,
    SilenceError,
    UnsendableError,
)

if TYPE_CHECKING:
    from httptask.sending._hop import Received

KEPT_CAUSES = (OSError, SilenceError, ClosedError)
"""Errors that may be kept as a `__cause__`. Others may quote secrets of the request or response."""

Facts = tuple[OutgoingRequest, Recorder, "Received | None", Timeouts]
"""The hop so far: its request, its network record, its response, its timeouts."""


def _read_timeout(error: Exception, facts: Facts) -> TaskError:
    seconds = facts[3].read
    writing = isinstance(error, SilenceError) and error.is_writing
    doing = "the request could not be written on" if writing else "the server sent nothing"
    return TimedOutError(
        f"{doing} for {seconds:g} s (readTimeoutSeconds): {_authority(facts[0])}",
        phase="read",
        seconds=seconds,
    )


def _broken(error: Exception, facts: Facts) -> TaskError:
    if _cause(error, ssl.SSLError) is not None:
        return TlsError(f"TLS with {_authority(facts[0])} broke: {_last_words(error)}")
    if facts[2] is not None:
        return IncompleteError(
            f"the connection broke after {facts[2].size:,} bytes of the response's body"
        )
    return ConnectionFailedError(
        f"the connection to {_authority(facts[0])} broke before a response came:"
        f" {_last_words(error)}"
    )


def _closed(error: Exception, facts: Facts) -> TaskError:
    request, network, received, _ = facts
    if received is not None:
        return IncompleteError(
            f"the response's body ended early, after {received.size:,} bytes: {error}"
        )
    when = (
        "in the middle of the response's headers" if network.head.raw else "before a response came"
    )
    return ConnectionFailedError(f"{_authority(request)} closed the connection {when}")


def _malformed(error: Exception, facts: Facts) -> TaskError:
    request, network, _, _ = facts
    if isinstance(error, MalformedHeadError) and network.head.final_head() is None:
        return ProtocolError(f"{_authority(request)} does not answer in HTTP: {error}")
    return ProtocolError(f"the response of {_authority(request)} is malformed: {error}")


def _unsendable(error: Exception, facts: Facts) -> TaskError:
    # The library's message is left out: it may quote a header that holds a credential.
    return SettingsError([Problem.of("not-http", "/httpRequest", pythonError=type(error).__name__)])


_TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Exception, Facts], TaskError]], ...] = (
    (SilenceError, _read_timeout),
    (ClosedError, _closed),
    (MalformedError, _malformed),
    (MalformedHeadError, _malformed),
    (UnsendableError, _unsendable),
    (OSError, _broken),
    (ValueError, _unsendable),
    (Exception, _broken),
)


def translated(
    error: Exception,
    request: OutgoingRequest,
    network: Recorder,
    received: Received | None,
    timeouts: Timeouts,
) -> TaskError:
    """Convert *error*, an exception of the wire or of a library, to a `TaskError`.

    The result depends on how far the hop of *request* got.
    """
    translate = next(make for error_type, make in _TRANSLATIONS if isinstance(error, error_type))
    return translate(error, (request, network, received, timeouts))


def _authority(request: OutgoingRequest) -> str:
    return request.url.partition("://")[2].partition("/")[0].partition("?")[0]


def _cause(error: BaseException, error_type: type[BaseException]) -> BaseException | None:
    current: BaseException | None = error
    while current is not None and not isinstance(current, error_type):
        current = current.__cause__ or current.__context__
    return current


def _last_words(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (reason or type(error).__name__).rstrip(".")
