"""One call as it happened: requests as sent, raw responses, timings."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from httptask.errors import Problem
from httptask.model._outgoing_request import FilePiece, OutgoingRequest, StreamedBody
from httptask.model.for_each import ItemNumber
from httptask.model.queue_time import queue_sentence

if TYPE_CHECKING:
    from httptask.model.job_exchange import JobCalls
    from httptask.model.page_exchange import PageCalls

__all__ = [
    "Attempt",
    "Difference",
    "Exchange",
    "FilePiece",
    "Headers",
    "Hop",
    "OutgoingRequest",
    "RawResponse",
    "SentRequest",
    "StreamedBody",
    "SubExchange",
]

Headers = tuple[tuple[str, str], ...]
"""Header fields in order, names as sent, duplicates kept.

Octets outside ASCII are Latin-1 (RFC 9110, section 5.5).
"""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it went out, secrets masked."""

    method: str
    url: str
    headers: Headers
    """In the order they were written, `Host` included."""
    body: bytes | StreamedBody
    size: int | None = None
    """Bytes of the body that was sent; None: the length of `body`.

    In a request read back from JSON, placeholders stand for files, so the length of `body` differs.
    """

    @property
    def shown_body(self) -> bytes:
        """The body for a person, with a placeholder for the bytes of each file."""
        if isinstance(self.body, StreamedBody):
            return self.body.shown
        return self.body

    def to_json(self) -> dict[str, Any]:
        """Return the request, its body as `body` if it is UTF-8 text, else as `bodyBase64`.

        `bodyBytes` is the number of bytes that went out.
        """
        return {
            "method": self.method,
            "url": self.url,
            "headers": _pairs(self.headers),
            "bodyBytes": len(self.body) if self.size is None else self.size,
            **_body(self.shown_body),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the request that `to_json` wrote as *value*.

        Its body has placeholders for the files.
        """
        text = value.get("body")
        body = base64.b64decode(value["bodyBase64"]) if text is None else text.encode("utf-8")
        size = value["bodyBytes"]
        return cls(
            method=value["method"],
            url=value["url"],
            headers=_headers(value["headers"]),
            body=body,
            # Unset where the body is whole, so that the request equals the one that was written.
            size=size if size != len(body) else None,
        )


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A response as it came."""

    http_version: str
    """`HTTP/1.1`."""
    status_code: int
    reason_phrase: str
    """As sent; may be empty."""
    headers: Headers
    """In the order they came, duplicates kept."""
    body: bytes
    """The message body after transfer decoding and before content decoding, so it may be
    compressed.

    Only the first 64 KiB are kept of a body that was too large for memory and went to a file,
    and of every response before the last.
    """
    decoded: Any = None
    """The body for a person: parsed JSON or text; None if it is neither."""
    decoded_as: str | None = None
    """`json` or `text`; None: bytes only."""
    size: int = 0
    """Bytes of the whole message body, before content decoding."""
    truncated: bool = False
    """Whether `body` is only the start.

    Fewer bytes than `size` do not prove it: a mask may be shorter than the secret.
    """
    file: Mapping[str, Any] | None = None
    """A body that is neither JSON nor text, after content decoding.

    `{"name"?, "mediaType", "size", "sha256", "path"?, "problem"?}`; a test request stores nothing,
    so there is no path.
    """
    notes: tuple[str, ...] = ()
    """Remarks for a reader: a content coding that was not decoded, a line that was left out."""

    @property
    def status_line(self) -> str:
        """The status line as sent (RFC 9112, section 4)."""
        return f"{self.http_version} {self.status_code} {self.reason_phrase}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """Return the response with its bytes as `bodyBase64`, and the readable form as `decoded`.

        With `bodyTruncated` the bytes are only the start of the body.
        """
        return {
            "httpVersion": self.http_version,
            "statusCode": self.status_code,
            "reasonPhrase": self.reason_phrase,
            "headers": _pairs(self.headers),
            "bodyBytes": self.size or len(self.body),
            "bodyTruncated": self.truncated,
            "bodyBase64": base64.b64encode(self.body).decode("ascii"),
            "decodedAs": self.decoded_as,
            "decoded": self.decoded,
            "file": dict(self.file) if self.file is not None else None,
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the response that `to_json` wrote as *value*."""
        return cls(
            http_version=value["httpVersion"],
            status_code=value["statusCode"],
            reason_phrase=value["reasonPhrase"],
            headers=_headers(value["headers"]),
            body=base64.b64decode(value["bodyBase64"]),
            decoded=value["decoded"],
            decoded_as=value["decodedAs"],
            size=value["bodyBytes"],
            truncated=value["bodyTruncated"],
            file=value["file"],
            notes=tuple(value["notes"]),
        )


@dataclass(frozen=True, slots=True)
class Hop:
    """One request and its response.

    An attempt has one, one more for each redirect, and one more when a response asked for other
    authorisation.
    """

    request: SentRequest
    response: RawResponse | None
    """None if no response came."""
    phases: Mapping[str, float]
    """Seconds in each phase that the request reached.

    `queue` (the wait for a place among the requests under way), `dns`, `connect`, `proxy` (TLS with
    a proxy, and CONNECT), `tls`, `send`, `wait` (for the first byte) and `receive`. A request that
    did not queue has no `queue`. On a kept-alive connection `dns` to `tls` are missing. With a
    proxy, `dns` and `connect` are those of the proxy.
    """
    unparsed: str = ""
    """The first bytes received, if they were no HTTP response: another protocol, part of a head."""
    challenged: bool = False
    """The response asked for other authorisation; the next hop repeats the same request."""
    proxy: str | None = None
    """The URL of the operator's proxy, without credentials."""
    is_insecure: bool = False
    """Whether an operator has switched off the check of the server's certificate."""
    queue_reason: str = ""
    """The limit of its origin for which the request waited in the queue or was not sent: `limited
    until …`; otherwise "".
    """
    is_pinned: bool = False
    """Nothing was sent: a pin answered the request, or it was refused because there was no pin."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for a reader: a wait in the queue, a pin, a proxy, an unchecked certificate."""
        queued = queue_sentence(
            self.phases,
            self.queue_reason,
            is_answered=self.response is not None,
        )
        notes = [queued] if queued else []
        if self.is_pinned:
            notes.append(
                "pinned: nothing was sent; the request is shown as it would have gone out, without"
                " credentials"
            )
        if self.proxy is not None:
            notes.append(
                f"the proxy {self.proxy} carries this request and looks up the server's name:"
                " egress rules could not check which address that is"
            )
        if self.is_insecure:
            notes.append(
                "the certificate is not checked, as an operator wants it: another server could"
                " answer in this one's name"
            )
        return tuple(notes)

    def to_json(self) -> dict[str, Any]:
        """Return request, response (null: none came), phases in seconds, and the other fields."""
        return {
            "request": self.request.to_json(),
            "response": self.response.to_json() if self.response is not None else None,
            "phases": {name: round(seconds, 6) for name, seconds in self.phases.items()},
            "unparsed": self.unparsed,
            "challenged": self.challenged,
            "proxy": self.proxy,
            "insecure": self.is_insecure,
            "notes": list(self.notes),
            "queueReason": self.queue_reason,
            **({"pinned": True} if self.is_pinned else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the hop that `to_json` wrote as *value*."""
        response = value["response"]
        return cls(
            request=SentRequest.from_json(value["request"]),
            response=RawResponse.from_json(response) if response is not None else None,
            phases={name: float(seconds) for name, seconds in value["phases"].items()},
            unparsed=value["unparsed"],
            challenged=value.get("challenged", False),
            proxy=value.get("proxy"),
            is_insecure=value.get("insecure", False),
            queue_reason=value.get("queueReason", ""),  # exchanges are older than it
            is_pinned=value.get("pinned", False),
        )


@dataclass(frozen=True, slots=True)
class SubExchange:
    """A request that was needed to authorise an attempt, and its response."""

    kind: str
    """`token`."""
    before_hop: int
    """The index, from 0, of the hop that it authorises."""
    hop: Hop

    def to_json(self) -> dict[str, Any]:
        """Return `kind`, `beforeHop`, and the fields of a hop."""
        hop = self.hop.to_json()
        del hop["challenged"]
        return {
            "kind": self.kind,
            "beforeHop": self.before_hop,
            **hop,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the sub-exchange that `to_json` wrote as *value*."""
        return cls(value["kind"], value["beforeHop"], Hop.from_json(value))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call."""

    number: int
    """From 1."""
    hops: tuple[Hop, ...]
    """In order; empty if nothing could be sent."""
    outcome: str
    """`success` or the outcome class."""
    error: str | None = None
    """The error's sentence, secrets masked."""
    started_at: str = ""
    """RFC 3339, UTC."""
    waited_seconds: float = 0.0
    """The wait before this attempt."""
    elapsed_seconds: float = 0.0
    sub_exchanges: tuple[SubExchange, ...] = ()
    """The token requests needed to authorise it, in order."""

    def to_json(self) -> dict[str, Any]:
        """Return the attempt with its hops and sub-exchanges."""
        return {
            "number": self.number,
            "startedAt": self.started_at,
            "waitedSeconds": round(self.waited_seconds, 6),
            "elapsedSeconds": round(self.elapsed_seconds, 6),
            "outcome": self.outcome,
            "error": self.error,
            "hops": [hop.to_json() for hop in self.hops],
            "subExchanges": [exchange.to_json() for exchange in self.sub_exchanges],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the attempt that `to_json` wrote as *value*."""
        return cls(
            number=value["number"],
            hops=tuple(Hop.from_json(hop) for hop in value["hops"]),
            outcome=value["outcome"],
            error=value["error"],
            started_at=value["startedAt"],
            waited_seconds=float(value["waitedSeconds"]),
            elapsed_seconds=float(value["elapsedSeconds"]),
            sub_exchanges=tuple(map(SubExchange.from_json, value.get("subExchanges", ()))),
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a response differs from its documentation."""

    kind: str
    """`missing`, `type`, `value`, `undocumented`, `status` or `media-type`."""
    pointer: str
    """The JSON Pointer in the body."""
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return `{"kind", "pointer", "message"}`."""
        return {
            "kind": self.kind,
            "pointer": self.pointer,
            "message": self.message,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the difference that `to_json` wrote as *value*."""
        return cls(value["kind"], value["pointer"], value["message"])


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as it happened: attempts, redirects, raw responses, timings; secrets masked."""

    attempts: tuple[Attempt, ...]
    outcome: str
    """`success`, or the outcome class of the call's error."""
    error: str | None = None
    """The sentence of the call's error."""
    elapsed_seconds: float = 0.0
    differences: tuple[Difference, ...] = ()
    """Differences between the last response and its documentation; empty also if nothing is
    documented.
    """
    settings_problems: tuple[Problem, ...] = ()
    """Problems in the settings, which were sent nevertheless."""
    environment: str | None = None
    """The name of the environment in which it was sent."""
    pages: PageCalls | None = None
    """The pages that a task read; the other fields describe the call for the last page."""
    job: JobCalls | None = None
    """The job that a task waited for; the other fields describe the last call."""
    item: ItemNumber | None = None
    """The item, of a task with `forEach`, for which the call was made."""
    time_limit: str | None = None
    """If a time limit ended the call: its phase, as in `TimedOutError`."""

    @property
    def request(self) -> SentRequest | None:
        """The last request that was sent."""
        hop = self._last_hop()
        return hop.request if hop is not None else None

    @property
    def response(self) -> RawResponse | None:
        """The response to the last request; None if none came."""
        hop = self._last_hop()
        return hop.response if hop is not None else None

    @property
    def phases(self) -> Mapping[str, float]:
        """Seconds in each phase of the last request."""
        hop = self._last_hop()
        if hop is not None:
            return hop.phases
        return {}

    def _last_hop(self) -> Hop | None:
        hops = self.attempts[-1].hops if self.attempts else ()
        return hops[-1] if hops else None

    def to_json(self) -> dict[str, Any]:
        """Return the exchange as in `schemas/exchange.schema.json`."""
        fields: dict[str, Any] = {
            "outcome": self.outcome,
            "error": self.error,
            "elapsedSeconds": round(self.elapsed_seconds, 6),
            "differences": [difference.to_json() for difference in self.differences],
            "settingsProblems": [problem.to_json() for problem in self.settings_problems],
            "attempts": [attempt.to_json() for attempt in self.attempts],
            **({} if self.environment is None else {"environment": self.environment}),
            **({} if self.item is None else {"item": self.item.to_json()}),
            **({} if self.time_limit is None else {"timeLimit": self.time_limit}),
        }
        if self.pages is not None:
            fields["pages"] = self.pages.to_json()
        if self.job is not None:
            fields["job"] = self.job.to_json()
        return fields

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the exchange that `to_json` wrote as *value*. Masks stay in place of secrets."""
        from httptask.model.job_exchange import JobCalls
        from httptask.model.page_exchange import PageCalls

        pages, job, item = (value.get(name) for name in ("pages", "job", "item"))
        return cls(
            attempts=tuple(Attempt.from_json(attempt) for attempt in value["attempts"]),
            outcome=value["outcome"],
            error=value["error"],
            elapsed_seconds=float(value["elapsedSeconds"]),
            differences=tuple(
                Difference.from_json(difference) for difference in value["differences"]
            ),
            settings_problems=tuple(
                Problem.from_json(problem) for problem in value["settingsProblems"]
            ),
            environment=value.get("environment"),
            pages=PageCalls.from_json(pages) if pages is not None else None,
            job=JobCalls.from_json(job) if job is not None else None,
            item=ItemNumber.from_json(item) if item is not None else None,
            time_limit=value.get("timeLimit"),
        )


def _pairs(headers: Headers) -> list[list[str]]:
    """Return *headers* as JSON."""
    return [[name, value] for name, value in headers]


def _headers(pairs: list[list[str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)


def _body(body: bytes) -> dict[str, Any]:
    """Return *body* as `body`, or as `bodyBase64` when it is not UTF-8 text."""
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"bodyBase64": base64.b64encode(body).decode("ascii")}
