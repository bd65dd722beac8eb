"""An exchange in the form that a page gets: its request, its attempts, the response with its
body.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httptask._core.redaction import Redactor
from httptask._core.strict_json import dump
from httptask.building import curl_command
from httptask.designer._drafts import SHOWN_TEXT, raw_request, shown_request
from httptask.designer._shown_bodies import encoding_of, file_name, media_type_of, shown_as
from httptask.model.api import Endpoint
from httptask.model.exchange import Attempt, Difference, Exchange, Hop, RawResponse, SentRequest

KEPT_TEXT = 64 * 1024
"""Characters of a text in an exchange that a run keeps; whole groups of Base64."""
_CUT = f"\n… (cut: a run keeps the first {KEPT_TEXT:,} characters)"


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a response, secrets masked."""

    raw: bytes
    """The bytes as received."""
    decoded: bytes | None
    """As UTF-8 text, with content coding and charset decoded; None if it is not text."""
    media_type: str
    """The media type of the decoded text: `application/json` or `text/plain`."""
    size: int
    """Bytes of the whole body; more than *raw* has if the body was too large to be kept."""
    encoding: str = ""
    """The content coding of *raw*."""


def described(request: SentRequest) -> dict[str, Any]:
    """Return *request* as `{"request", "curl", "raw"}`: as JSON, as a command, as a message to
    read.
    """
    curl = curl_command(request) if len(request.shown_body) <= SHOWN_TEXT else ""
    return {
        "request": shown_request(request),
        "curl": curl,
        "raw": raw_request(request),
    }


def shown_attempt(attempt: Attempt) -> dict[str, Any]:
    """Return *attempt* with its hops, and with the exchanges that authorised it."""
    value = {
        "number": attempt.number,
        "outcome": attempt.outcome,
        "startedAt": attempt.started_at,
        "waitedSeconds": round(attempt.waited_seconds, 6),
        "elapsedSeconds": round(attempt.elapsed_seconds, 6),
        "hops": [_hop(hop) for hop in attempt.hops],
    }
    if attempt.sub_exchanges:
        value["subExchanges"] = [
            {"kind": exchange.kind, "beforeHop": exchange.before_hop, **_hop(exchange.hop)}
            for exchange in attempt.sub_exchanges
        ]
    return value | ({"error": attempt.error} if attempt.error else {})


def _hop(hop: Hop) -> dict[str, Any]:
    value: dict[str, Any] = {
        "request": shown_request(hop.request),
        "phases": rounded(hop.phases),
        "notes": list(hop.notes),
    }
    if hop.response is not None:
        value |= {"status": hop.response.status_code, "statusLine": hop.response.status_line}
        value["headers"] = [list(pair) for pair in hop.response.headers]
    if hop.unparsed:
        value["unparsed"] = hop.unparsed
    return value | ({"challenged": True} if hop.challenged else {})


def kept_exchange(exchange: Exchange, redactor: Redactor) -> dict[str, Any]:
    """Return *exchange* as a run keeps it: masked, without response bodies, long texts cut.

    It has the form of a test request's last event.
    """
    event: dict[str, Any] = {
        "outcome": exchange.outcome,
        "attempts": [shown_attempt(attempt) for attempt in exchange.attempts],
        "phases": rounded(exchange.phases),
    }
    if exchange.request is not None:
        event |= described(exchange.request)
    if len(event.get("curl", "")) > KEPT_TEXT:
        event["curl"] = ""  # half a command would send something else
    masked: dict[str, Any] = _cut(redactor.value(event))  # a cut secret would not be recognised
    return masked


def _cut(value: Any) -> Any:
    """Return the JSON *value* with its long texts cut."""
    if isinstance(value, str) and len(value) > KEPT_TEXT:
        return value[:KEPT_TEXT] + _CUT
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if not isinstance(value, dict):
        return value
    shown = {name: _cut(item) for name, item in value.items()}
    for name in ("body", "bodyBase64"):
        if len(value.get(name) or "") > KEPT_TEXT:
            shown["truncated"] = True
    if "bodyBase64" in value:  # a sentence is no Base64
        shown["bodyBase64"] = value["bodyBase64"][:KEPT_TEXT]
    return shown


def shown_response(
    response: RawResponse,
    differences: Sequence[Difference],
    endpoint: Endpoint | None,
) -> tuple[Body, dict[str, Any]]:
    """Return the body to keep, and the event members that describe *response*."""
    media_type = media_type_of(response)
    text = _text(response, media_type)
    is_json = response.decoded_as == "json"
    body = Body(
        response.body,
        text.encode("utf-8", "replace") if text is not None else None,
        "application/json" if is_json else "text/plain",
        response.size or len(response.body),
        encoding_of(response),
    )
    members: dict[str, Any] = {
        "status": response.status_code,
        "reasonPhrase": response.reason_phrase,
        "httpVersion": response.http_version,
        "headers": [list(pair) for pair in response.headers],
        "mediaType": media_type,
        "size": body.size,
        "decodedAs": response.decoded_as,
        "shownAs": shown_as(media_type, response.decoded_as),
        "fileName": file_name(response, media_type),
        "decodedSize": len(body.decoded) if body.decoded is not None else 0,
        "truncated": text is not None and len(text) > SHOWN_TEXT,
        "notes": list(response.notes),
        "differences": [difference.to_json() for difference in differences],
        "documented": endpoint is not None and bool(endpoint.responses),
    }
    return body, members | ({"text": text[:SHOWN_TEXT]} if text is not None else {})


def _text(response: RawResponse, media_type: str) -> str | None:
    """Return the decoded body of *media_type* as text; None if it is neither JSON nor text.

    JSON is returned as the server wrote it, unless it has a content coding or is a sequence of
    values, which is returned as a list.
    """
    if response.decoded_as == "text":
        return str(response.decoded)
    if response.decoded_as != "json":
        return None
    if not encoding_of(response) and shown_as(media_type, "json") == "json":
        with contextlib.suppress(UnicodeDecodeError):
            return response.body.decode(json.detect_encoding(response.body)).removeprefix("\ufeff")
    return dump(response.decoded)


def rounded(phases: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of *phases*, rounded to microseconds."""
    return {name: round(seconds, 6) for name, seconds in phases.items()}
