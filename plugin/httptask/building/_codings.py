"""The content coding of a request's body, as its author names it (RFC 9110, section 8.4)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from httptask.building._references import is_reference
from httptask.building._writer import refused_at
from httptask.model.exchange import StreamedBody


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the same bytes in every attempt


_WRITTEN: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": _gzip,
    "x-gzip": _gzip,  # RFC 9110, section 8.4.1.3
    "deflate": zlib.compress,  # in the zlib format: section 8.4.1.2
}
"""Content coding -> what writes it."""


def writes_coding(name: str) -> bool:
    """Say whether a body can be written in the content coding *name*."""
    return _normal(name) in _WRITTEN


def is_coded_already(body: Any) -> bool:
    """Say whether the *body* of the settings is a file, whose bytes are sent as they are."""
    return is_reference(body)


def coded(
    content: bytes | StreamedBody, name: str | None, body: Any, at: str
) -> bytes | StreamedBody:
    """Return the *content* of a body in the coding *name* that `Content-Encoding`, at the pointer
    *at*, names.

    A coding that nobody here writes is the author's business, who was warned of it. Raises
    `SettingsError` for a streamed body: its length is announced before it is read.
    """
    write = _WRITTEN.get(_normal(name or ""), bytes)
    if write is bytes or not content or is_coded_already(body):
        return content
    if not isinstance(content, bytes):
        raise refused_at(at, "header-coding-of-files", found=name)
    return write(content)


def _normal(name: str) -> str:
    return name.strip().lower()
