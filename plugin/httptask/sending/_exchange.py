"""What is told of a call: its attempts, requests and responses, secrets masked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from httptask._core.redaction import MASK, Redactor, secret_part
from httptask._http.media_types import JSON
from httptask.model.exchange import (
    Attempt,
    Difference,
    Hop,
    OutgoingRequest,
    RawResponse,
    SentRequest,
)
from httptask.sending._head import readable
from httptask.sending._hop import SHOWN, HopRecord, Received
from httptask.sending._response import Verdict, View
from httptask.sending._texts import json_text, text_of

if TYPE_CHECKING:
    from httptask.sending._deliver import Try


@dataclass(frozen=True, slots=True)
class ShownBody:
    """The body of a response as an exchange may hold it."""

    body: bytes
    truncated: bool = False
    """`body` is only the start."""
    decoded: Any = None
    decoded_as: str | None = None


def shown_body(
    received: Received, seen: View | None, redactor: Redactor, charset: str = ""
) -> ShownBody:
    """Return the body of *received*, *seen* as a person reads it (None: it is not read), with every
    secret masked.

    The text is searched first: a value that holds no secret is neither walked nor copied. *charset*
    is the task's own.
    """
    if seen is None:
        return _without_view(received, redactor)
    text = None if redactor.knows_none else _text(seen.content, seen, received, charset)
    holds_secret = text is not None and redactor.finds(text)
    decoded = redactor.value(seen.value) if holds_secret else seen.value
    shown = ShownBody(b"", False, decoded, seen.kind)
    encoded = bool(received.header("content-encoding"))
    # What was not encoded is there already: a copy less of what may be long.
    raw = seen.content if seen.content and not encoded else bytes(received.body)
    if received.shortened or (
        encoded and seen.file is not None and seen.file.size > len(seen.content)
    ):
        start = _without_view(received, redactor)
        return replace(shown, body=start.body if received.shortened else b"", truncated=True)
    body = redactor.bytes(raw)
    # Compressed or escaped, the bytes may hold a secret where it cannot be cut out: so they are
    # looked at again.
    if encoded and raw != seen.content:
        is_safe = body == raw and not holds_secret and redactor.bytes(seen.content) == seen.content
    else:
        again = _text(body, seen, received, charset) if holds_secret else ""
        is_safe = again is not None and not redactor.finds(again)
    return replace(shown, body=body if is_safe else MASK.encode())


def _without_view(received: Received, redactor: Redactor) -> ShownBody:
    """Return the body of *received* as it came; its start when there is no more."""
    raw = bytes(received.body)
    shown = redactor.bytes(raw)
    if not received.shortened:
        return ShownBody(shown)
    # The start of a secret may stand at the end, and what is encoded cannot be looked into.
    encoded = bool(received.header("content-encoding"))
    return ShownBody(b"" if encoded else shown[: -len(raw) // 4], truncated=True)


def _text(content: bytes, seen: View, received: Received, charset: str) -> str | None:
    """Return *content* as the text that it was read as; None when it was not read as text."""
    if seen.kind is None:
        return None
    try:
        text = json_text(content, received.content_type, charset) if seen.kind == JSON else None
        text = text or text_of(content, received.content_type, charset)
    except ValueError:
        text = None
    return text if text is not None else content.decode(json.detect_encoding(content), "replace")


def masked_differences(verdict: Verdict | None, redactor: Redactor) -> tuple[Difference, ...]:
    """Return the differences that *verdict* tells of."""
    return tuple(
        Difference(each.kind, redactor.text(each.pointer), redactor.text(each.message))
        for each in (verdict.differences if verdict is not None else ())
    )


def attempt_of(one: Try, redactor: Redactor, otherwise: str = "success") -> Attempt:
    """Return *one* as an attempt of an exchange; *otherwise* is its outcome when it ended in no
    error.
    """
    error = one.error
    return Attempt(
        number=one.number,
        hops=tuple(_hop_of(record, one, redactor) for record in one.hops),
        outcome=error.kind if error is not None else otherwise,
        error=redactor.text(str(error)) if error is not None else None,
        started_at=one.started_at,
        waited_seconds=one.waited,
        elapsed_seconds=one.elapsed,
    )


def _hop_of(record: HopRecord, one: Try, redactor: Redactor) -> Hop:
    received = record.received
    response = None
    if received is not None:
        is_last = record is one.hops[-1]
        shown = (
            one.shown if is_last and one.shown is not None else _without_view(received, redactor)
        )
        file = one.view.file if is_last and one.view is not None else None
        response = RawResponse(
            http_version=received.http_version,
            status_code=received.status_code,
            reason_phrase=redactor.text(received.reason_phrase),
            headers=redactor.pairs(received.headers),
            body=shown.body,
            decoded=shown.decoded,
            decoded_as=shown.decoded_as,
            size=received.size,
            truncated=shown.truncated,
            file=redactor.value(file.reference()["$file"]) if file is not None else None,
            notes=tuple(redactor.text(note) for note in received.notes),
        )
    sent = record.request.copy()
    sent.headers = list(record.sent_headers or sent.headers)
    unparsed = readable(redactor.bytes(record.unparsed)[:SHOWN]) if response is None else ""
    return Hop(masked(sent, one.plain, redactor), response, record.phases, unparsed)


def masked(
    request: OutgoingRequest, plain: OutgoingRequest | None, redactor: Redactor
) -> SentRequest:
    """Return *request* with every secret masked: the known ones by value, and by place what
    authorising added to *plain*.
    """
    headers = list(request.headers)
    if plain is not None:
        lines = [(name.lower(), value) for name, value in plain.headers]
        known, before = set(lines), dict(lines)
        for index, (name, value) in enumerate(headers):
            key = name.lower()
            if (key, value) not in known and key not in _BY_LIBRARY:
                shown, _ = secret_part(name, value, before.get(key))
                headers[index] = (name, shown + MASK)
    url = request.url
    if plain is not None and url != plain.url and url.startswith(plain.url):
        url = plain.url + re.sub(r"=[^&]*", f"={MASK}", url[len(plain.url) :])
    shown_headers = redactor.pairs(headers)
    return SentRequest(
        request.method, redactor.text(url), shown_headers, redactor.bytes(request.body)
    )


_BY_LIBRARY = {"host", "content-length"}
"""Headers the HTTP library adds to what it is given."""
