"""Replacing known secrets by a mask."""

from __future__ import annotations

import builtins
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self, TypeVar, overload

from httptask._core.redaction._masking import Known, is_escaped, masked
from httptask._core.redaction._spellings import Forms, fold

MASK = "•••"
"""The text that replaces a secret."""

_MASK_IN_OCTETS = MASK.encode().decode("latin-1")

_SHORTEST = 4
"""The fewest characters of a secret that is masked wherever it appears.

Shorter values appear in too many harmless texts. They are masked only where authorisation puts
them.
"""

_SHORTEST_DISTINCT = 6
"""The same for a value that is known to be a secret by the name of its member only."""

_MOST_DERIVED = 64
"""The most values derived for requests that are masked at the same time."""
_MOST_GIVEN = 9
"""The same for values of one credential: three generations of its tokens. Each value takes time in
every text.
"""

_MOST_CLEAN = 512
_LONGEST_CLEAN = 512
"""The most texts without secrets that are cached, and the most characters of such a text."""

_NUMBER = re.compile(r"[-+.0-9eE]+")


class Maskable(Protocol):
    """A value that contains bytes."""

    def masked(self, mask: Callable[[bytes], bytes]) -> Self:
        """Return a copy with all of its bytes changed by *mask*."""
        ...


M = TypeVar("M", bound=Maskable)


def secret_part(name: str, value: str, before: str | None) -> tuple[str, str]:
    """Split the *value* of the header *name* into the part that may be shown and the secret.

    *before* is the value before the request was authorised; None if it was not set. The name of a
    cookie and the scheme in `Authorization` may be shown. Everything else counts as secret, because
    an auth scheme may have derived it from a secret.
    """
    if name.lower() == "cookie":
        shown = before if before and value.startswith(before) else ""
        cookie, equals, secret = value[len(shown) :].partition("=")
        return shown + cookie + equals, secret
    scheme, space, secret = value.partition(" ")
    if space:
        return (scheme + space, secret)
    return ("", value)


class Redactor:
    """Replaces every known secret by a mask, in text, bytes and JSON.

    Secrets are added when credentials are resolved. Masking too much is better than a leak: text
    that happens to equal a secret is masked, too, and upper and lower case are not distinguished.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[str, Forms] = {}
        self._lasting: set[str] = set()
        self._known = Known(())
        self._lock = threading.Lock()
        self._header_lines: set[tuple[str, str]] = set()
        self._derived: dict[str, deque[str]] = {"": deque(maxlen=_MOST_DERIVED)}
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask *secret* from now on, in all spellings, until `forget`.

        The spellings are escapes and encodings: percent, JSON, HTML, hexadecimal, base32, base64,
        base64 of base64, other charsets, and base64 of UTF-16.
        """
        self._lasting.add(secret)
        self._learn(secret)

    def add_distinct(self, text: str) -> None:
        """Mask *text*, which is a secret by the name of its member only, if it can be told from
        ordinary text.

        A name may be wrong, and values such as `2024` or `test` would damage other texts.
        """
        if len(text) >= _SHORTEST_DISTINCT and not _NUMBER.fullmatch(text):
            self.add(text)

    def _learn(self, secret: str) -> None:
        if len(secret) >= _SHORTEST and secret not in self._forms:
            forms = Forms.of(secret)
            with self._lock:
                self._forms[secret] = forms
                self._known = Known(tuple(self._forms.values()))

    def forget(self, secret: str) -> None:
        """Stop masking *secret*, which is no longer valid: each secret takes time in every text."""
        self._lasting.discard(secret)
        with self._lock:
            if self._forms.pop(secret, None) is not None:
                self._known = Known(tuple(self._forms.values()))

    def add_derived(self, value: str, credential: str = "") -> None:
        """Mask *value*, which was derived for one request, or is a token of *credential*.

        Only the latest values are kept: every request may have a new signature, and every hour may
        bring a new token.
        """
        if len(value) < _SHORTEST or value in self._forms:
            return
        with self._lock:
            latest = self._derived.setdefault(credential, deque(maxlen=_MOST_GIVEN))
            if len(latest) == latest.maxlen:
                # A derived value may equal a secret that is masked for good.
                if latest[0] not in self._lasting:
                    self._forms.pop(latest[0], None)
                self._header_lines.clear()
            latest.append(value)
        self._learn(value)

    def add_header(self, line: tuple[str, str], before: str | None) -> None:
        """Mask the secret in the header *line*; *before* is the value before authorisation."""
        self.add_derived(secret_part(*line, before)[1])
        if before is None:
            self._header_lines.add(line)

    def masks_header(self, line: tuple[str, str]) -> bool:
        """Say whether the header *line* was added and is still masked.

        This is a fast check: most requests of a credential have the same line.
        """
        return line in self._header_lines

    @property
    def knows_none(self) -> bool:
        """Whether there are no secrets."""
        return not self._known.secrets

    def text(self, text: str) -> str:
        """Return *text* with every secret masked."""
        known = self._known
        if not known.secrets or text in known.clean:
            return text
        shown = masked(text, known, known.in_text, MASK)
        if shown is text and len(text) <= _LONGEST_CLEAN:
            if len(known.clean) >= _MOST_CLEAN:
                known.clean.clear()
            known.clean.add(text)
        return shown

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return *pairs*, names and values of headers, with every secret masked."""
        if self.knows_none:
            return tuple(pairs)
        return tuple((self.text(name), self.text(value)) for name, value in pairs)

    @overload
    def bytes(self, data: builtins.bytes) -> builtins.bytes: ...
    @overload
    def bytes(self, data: M) -> M: ...
    def bytes(self, data: Any) -> Any:
        """Return *data*, bytes or a value that contains bytes, with every secret masked."""
        if not isinstance(data, builtins.bytes):
            return data.masked(self.bytes)
        known = self._known
        if not known.secrets:
            return data
        text = data.decode("latin-1")
        shown = masked(text, known, known.in_octets, _MASK_IN_OCTETS)
        if shown is text:
            return data
        return shown.encode("latin-1")

    def finds(self, text: str) -> bool:
        """Say whether *text* contains a secret. Much faster than masking."""
        known = self._known
        if not known.secrets:
            return False
        folded = fold(text)
        return known.holds(folded, known.in_text) or is_escaped(text, folded, known)

    def value(self, value: Any) -> Any:
        """Return the JSON *value* with every secret masked, also in names and numbers."""
        if not self._forms:
            return value
        holder: list[Any] = [value]
        queued: list[tuple[Any, Any]] = [(holder, 0)]
        numbers = any(map(_NUMBER.fullmatch, self._known.secrets))
        names: dict[str, str] = {}
        while queued:  # no recursion: a response may be nested too deeply for Python's stack
            parent, key = queued.pop()
            item = parent[key]
            if isinstance(item, str):
                parent[key] = self.text(item)
            elif isinstance(item, dict):
                names |= {str(name): self.text(str(name)) for name in item if name not in names}
                parent[key] = copy = {names[str(name)]: child for name, child in item.items()}
                queued.extend((copy, name) for name in copy)
            elif isinstance(item, list | tuple):
                parent[key] = items = list(item)
                queued.extend((items, index) for index in range(len(items)))
            elif numbers and isinstance(item, int | float) and self.finds(repr(item)):
                parent[key] = MASK
        return holder[0]
