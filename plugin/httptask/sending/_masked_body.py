"""The body of a response as an exchange may hold it: every secret in it masked."""

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
    """The body of a response without secrets."""

    body: bytes
    truncated: bool = False
    """`body` is only the start."""
    decoded: Any = None
    decoded_as: str | None = None


def masked_body(
    received: Received, view: View, redactor: Redactor, charset: str = ""
) -> MaskedBody:
    """Return the body of *received*, which decodes to *view*, with every secret masked.

    *charset* is the one that the task names.
    """
    # The text is searched first: a value that holds no secret is neither walked nor copied.
    text = None if redactor.knows_none else _text(view.content, view, received, charset)
    holds_secret = text is not None and redactor.finds(text)
    decoded = redactor.value(view.value) if holds_secret else view.value
    masked = MaskedBody(b"", False, decoded, view.decoded_as)
    if received.shortened:
        return replace(masked, body=masked_bytes(received, redactor).body, truncated=True)
    is_encoded = bool(received.content_encoding)
    if is_encoded and view.file is not None and view.file.size > len(view.content):
        return replace(masked, truncated=True)
    # Content that was not encoded is in memory already: that saves a copy of what may be long.
    raw = view.content if view.content and not is_encoded else bytes(received.body)
    body = redactor.bytes(raw)
    # Compressed or escaped, the bytes may hold a secret that cannot be cut out: they are searched
    # again.
    if is_encoded and raw != view.content:
        is_unchanged = body == raw and redactor.bytes(view.content) == view.content
        is_safe = is_unchanged and not holds_secret
    else:
        text = _text(body, view, received, charset) if holds_secret else ""
        is_safe = text is not None and not redactor.finds(text)
    return replace(masked, body=body if is_safe else MASK.encode())


def masked_bytes(received: Received, redactor: Redactor) -> MaskedBody:
    """Return the body of *received* as it came, not decoded; only its start when no more is
    kept, and nothing of one that is encoded where a secret may be in it.
    """
    raw = bytes(received.body)
    # Encoded bytes cannot be searched, and what they hold may echo a secret.
    if received.content_encoding and raw and (received.shortened or not redactor.knows_none):
        return MaskedBody(b"", truncated=True)
    masked = redactor.bytes(raw)
    if not received.shortened:
        return MaskedBody(masked)
    # The cut may have left the start of a secret at the end.
    return MaskedBody(masked[: -len(raw) // 4], truncated=True)


def _text(content: bytes, view: View, received: Received, charset: str) -> str | None:
    """Return *content* as the text that *view* was decoded from; None when it was not text."""
    if view.decoded_as is None:
        return None
    text = None
    try:
        if view.decoded_as == JSON:
            text = json_text(content, received.content_type, charset)
        text = text or text_of(content, received.content_type, charset)
    except ValueError:
        text = None
    return text if text is not None else content.decode(json.detect_encoding(content), "replace")
