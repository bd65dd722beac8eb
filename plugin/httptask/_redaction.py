"""Masking: credential values never reach a person, a log or a store."""

from __future__ import annotations

import base64
import builtins
import html
import json
import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self, TypeVar, overload
from urllib.parse import quote, quote_plus

MASK = "•••"
"""What stands where a secret was."""

_SHORTEST = 4
"""Characters. A shorter value stands in too many innocent places; where it is *put* it is masked by place instead."""


_MOST_DERIVED = 64


class Maskable(Protocol):
    """Something made of bytes."""

    def masked(self, mask: Callable[[bytes], bytes]) -> Self:
        """Return it with all its bytes changed by *mask*."""
        ...


M = TypeVar("M", bound=Maskable)


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
        self._forms: dict[str, tuple[str, ...]] = {}
        """A secret -> its spellings, in lower case."""
        self._derived: deque[str] = deque(maxlen=_MOST_DERIVED)
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask *secret* from now on, also as it looks percent-encoded, in JSON, in HTML, in hexadecimal or in base64."""
        if len(secret) < _SHORTEST or secret in self._forms:
            return
        raw = secret.encode("utf-8", "surrogatepass")
        forms = {
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
        self._forms[secret] = tuple({form.lower() for form in forms})

    def add_derived(self, value: str) -> None:
        """Mask *value*, which was made of a secret for one request. Only the latest are kept: a signature is new each time."""
        if len(value) < _SHORTEST or value in self._forms:
            return
        if len(self._derived) == self._derived.maxlen:
            self._forms.pop(self._derived[0], None)
        self._derived.append(value)
        self.add(value)

    def text(self, text: str) -> str:
        """Return *text* with every secret masked."""
        lower = text.lower()
        found = [form for forms in self._forms.values() for form in forms if form in lower]
        if not found:  # almost always, and much cheaper to see than to replace
            return text
        # The longest first: a secret may be a part of another form.
        return re.sub("|".join(map(re.escape, sorted(found, key=len, reverse=True))), MASK, text, flags=re.IGNORECASE)

    @overload
    def bytes(self, data: builtins.bytes) -> builtins.bytes: ...
    @overload
    def bytes(self, data: M) -> M: ...
    def bytes(self, data: Any) -> Any:
        """Return *data*, bytes or something made of them, with every secret masked."""
        if not isinstance(data, builtins.bytes):
            return data.masked(self.bytes)
        found = self._found(data)
        if not found:
            return data
        pattern = b"|".join(map(re.escape, sorted(found, key=len, reverse=True)))
        return re.sub(pattern, MASK.encode(), data, flags=re.IGNORECASE)

    def _found(self, data: builtins.bytes) -> list[builtins.bytes]:
        if not self._forms:
            return []
        lower = data.lower()
        encoded = (form.encode("utf-8", "surrogatepass") for forms in self._forms.values() for form in forms)
        return [form for form in encoded if form in lower]

    def finds(self, data: builtins.bytes, value: Any) -> bool:
        """Say whether there is a secret in *data* or in the JSON *value*."""
        return bool(self._forms) and (bool(self._found(data)) or self.value(value) != value)

    def value(self, value: Any) -> Any:
        """Return the JSON *value* with every secret masked, in names too, however deep it is."""
        if not self._forms:
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
