"""Masking: credential values never reach a person, a log or a store."""

from __future__ import annotations

import base64
import builtins
import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "•••"
"""What stands where a secret was."""

_SHORTEST = 4
"""Characters. A shorter value stands in too many innocent places; where it is *put* it is masked by place instead."""


def secret_part(name: str, value: str, before: str | None) -> tuple[str, str]:
    """Return what may be shown of header *name* and what may not, after authorising made *value* of *before* (None: unset).

    The name of a cookie and the scheme of an `Authorization` stay; everything a scheme may have derived from a secret goes.
    """
    if name.lower() == "cookie":
        kept = before if before and value.startswith(before) else ""
        cookie, equals, secret = value[len(kept) :].partition("=")
        return kept + cookie + equals, secret
    scheme, space, secret = value.partition(" ")
    return (scheme + space, secret) if space else ("", value)


class Redactor:
    """Replaces every known secret by a mask, in text, bytes and JSON. Secrets are added as they are resolved.

    A wrong mask is preferred to a leak: text that happens to equal a secret, whatever its case, is masked too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._text: re.Pattern[str] | None = None
        self._bytes: re.Pattern[bytes] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask *secret* from now on, also as it looks percent-encoded, in JSON, in HTML, in hexadecimal or in base64."""
        if len(secret) < _SHORTEST or secret in self._forms:
            return
        raw = secret.encode("utf-8", "surrogatepass")
        self._forms |= {
            secret,
            quote(raw, safe=""),
            quote(raw),
            quote_plus(raw),
            html.escape(secret),
            *(json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (True, False)),
            json.dumps(secret)[1:-1].replace("/", "\\/"),
            raw.hex(),
            base64.b64encode(raw).decode().rstrip("="),
        }
        # The longest first: a secret may be a part of another form.
        forms = sorted(self._forms, key=len, reverse=True)
        self._text = re.compile("|".join(map(re.escape, forms)), re.IGNORECASE)
        encoded = (re.escape(form.encode("utf-8", "surrogatepass")) for form in forms)
        self._bytes = re.compile(b"|".join(encoded), re.IGNORECASE)

    def text(self, text: str) -> str:
        """Return *text* with every secret masked."""
        return self._text.sub(MASK, text) if self._text is not None else text

    def bytes(self, data: bytes) -> bytes:
        """Return *data* with every secret masked."""
        return self._bytes.sub(MASK.encode(), data) if self._bytes is not None else data

    def finds(self, data: builtins.bytes, value: Any) -> bool:
        """Say whether there is a secret in *data* or in the JSON *value*."""
        if self._bytes is None:
            return False
        return self._bytes.search(data) is not None or self.value(value) != value

    def value(self, value: Any) -> Any:
        """Return the JSON *value* with every secret masked, in names too, however deep it is."""
        if self._text is None:
            return value
        holder: list[Any] = [value]
        waiting: list[tuple[Any, Any]] = [(holder, 0)]
        while waiting:  # not by recursion: a response may be nested deeper than Python's stack
            parent, key = waiting.pop()
            item = parent[key]
            if isinstance(item, str):
                parent[key] = self.text(item)
            elif isinstance(item, dict):
                parent[key] = copy = {self.text(str(name)): child for name, child in item.items()}
                waiting.extend((copy, name) for name in copy)
            elif isinstance(item, list | tuple):
                parent[key] = items = list(item)
                waiting.extend((items, index) for index in range(len(items)))
        return holder[0]
