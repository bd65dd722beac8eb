"""Masking the body of a response, so that an exchange may hold it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from httptask._core.redaction import MASK, Redactor
from httptask._http.media_types import JSON
from httptask.sending._hop import Received
from httptask.sending._response import View
from httptask.sending._texts import json_text, text_of


@dataclass(frozen=True, slots=True)
class MaskedBody:
    """The body of a response, with its secrets masked."""

    body: bytes
    truncated: bool = False
    """Whether `body` is only the start of the response's body."""
    decoded: Any = None
    decoded_as: str | None = None


def masked_body(
    received: Received,
    view: View,
    redactor: Redactor,
    charset: str = "",
) -> MaskedBody:
    """Return the body of *received*, which decodes to *view*, with every secret masked.

    *charset* is the charset in the task's settings; "" without one.
    """
    # Searching the text first is faster: a value without secrets is then not walked or copied.
    decoded_text = None if redactor.knows_none else _text(view.content, view, received, charset)
    holds_secret = decoded_text is not None and redactor.finds(decoded_text)
    decoded = redactor.value(view.value) if holds_secret else view.value
    masked = MaskedBody(b"", False, decoded, view.decoded_as)
    if received.shortened:
        return replace(masked, body=masked_bytes(received, redactor).body, truncated=True)
    is_encoded = bool(received.content_encoding)
    if is_encoded and view.file is not None and view.file.size > len(view.content):
        return replace(masked, truncated=True)
    # Without a content coding, `view.content` already is the body: no copy has to be made.
    raw = view.content if view.content and not is_encoded else bytes(received.body)
    body = redactor.bytes(raw)
    # In compressed or escaped bytes a secret cannot be masked. If one is left after masking, the
    # whole body is replaced.
    if is_encoded and raw != view.content:
        is_unchanged = body == raw and redactor.bytes(view.content) == view.content
        is_safe = is_unchanged and not holds_secret
    else:
        decoded_text = _text(body, view, received, charset) if holds_secret else ""
        is_safe = decoded_text is not None and not redactor.finds(decoded_text)
    return replace(masked, body=body if is_safe else MASK.encode())


def masked_bytes(received: Received, redactor: Redactor) -> MaskedBody:
    """Return the body of *received*, not decoded, with its secrets masked.

    A shortened body is cut again. The body is empty if it is encoded and may hold a secret.
    """
    raw = bytes(received.body)
    # Encoded bytes cannot be searched for a secret, which the server may have echoed.
    if received.content_encoding and raw and (received.shortened or not redactor.knows_none):
        return MaskedBody(b"", truncated=True)
    masked = redactor.bytes(raw)
    if not received.shortened:
        return MaskedBody(masked)
    # The end may be the first half of a secret, which masking does not find: cut off a quarter.
    return MaskedBody(masked[: -len(raw) // 4], truncated=True)


def _text(
    content: bytes,
    view: View,
    received: Received,
    charset: str,
) -> str | None:
    """Decode *content* as *view* was decoded; None if *view* was not decoded from text."""
    if view.decoded_as is None:
        return None
    decoded_text = None
    try:
        if view.decoded_as == JSON:
            decoded_text = json_text(content, received.content_type, charset)
        decoded_text = decoded_text or text_of(content, received.content_type, charset)
    except ValueError:
        decoded_text = None
    if decoded_text is not None:
        return decoded_text
    return content.decode(json.detect_encoding(content), "replace")
