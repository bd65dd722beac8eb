"""Masking: credential values never reach a person, a log or a store."""

from __future__ import annotations

import base64
import json
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

    A wrong mask is preferred to a leak: text that happens to equal a secret is masked too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask *secret* from now on, also as it looks percent-encoded, in JSON or in base64."""
        if len(secret) < _SHORTEST:
            return
        forms = {
            secret,
            quote(secret, safe=""),
            quote(secret),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            base64.b64encode(secret.encode()).decode().rstrip("="),
        }
        # The longest first: a secret may be a part of another form.
        self._forms = sorted({*self._forms, *forms}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return *text* with every secret masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def bytes(self, data: bytes) -> bytes:
        """Return *data* with every secret masked."""
        for form in self._forms:
            raw = form.encode("utf-8", "surrogatepass")
            if raw in data:
                data = data.replace(raw, MASK.encode())
        return data

    def value(self, value: Any) -> Any:
        """Return the JSON *value* with every secret masked, in names too."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(name)): self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value
