"""The content coding of a request's body, as `Content-Encoding` says (RFC 9110, section 8.4)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from httptask.building._references import is_reference
from httptask.building._writer import refused_at
from httptask.model.exchange import StreamedBody


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # no time, so that every attempt sends the same bytes


_WRITTEN: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": _gzip,
    "x-gzip": _gzip,  # RFC 9110, section 8.4.1.3
    "deflate": zlib.compress,  # in the zlib format: section 8.4.1.2
}
"""Content coding -> the function that applies it."""


def writes_coding(name: str) -> bool:
    """Say whether the content coding *name* can be applied to a body."""
    return _normal(name) in _WRITTEN


def is_coded_already(body: Any) -> bool:
    """Say whether *body*, from the settings, is a file: its bytes are sent unchanged."""
    return is_reference(body)


def coded(
    content: bytes | StreamedBody,
    name: str | None,
    body: Any,
    header_pointer: str,
) -> bytes | StreamedBody:
    """Apply the coding *name* to *content*, the serialised *body*.

    *name* is the value of `Content-Encoding`, the header at *header_pointer*. For an unknown coding
    the content stays unchanged: checking the settings warns about the coding. Raises
    `SettingsError` for a streamed body: its length must be known before the body is read.
    """
    write = _WRITTEN.get(_normal(name or ""), bytes)
    if write is bytes or not content or is_coded_already(body):
        return content
    if not isinstance(content, bytes):
        raise refused_at(header_pointer, "header-coding-of-files", found=name)
    return write(content)


def _normal(name: str) -> str:
    return name.strip().lower()
