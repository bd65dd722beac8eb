"""Parsing the `Link` header field (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from httptask._http.syntax import TOKEN

_SPACE = r"[ \t]*"
_TARGET = re.compile(rf"{_SPACE}<([^>]*)>")
_PARAMETER = re.compile(
    rf'{_SPACE};{_SPACE}(?:({TOKEN.pattern})(?:{_SPACE}={_SPACE}(?:"((?:[^"\\]|\\.)*)"?|([^,;"\s]*)))?)?'
)
"""Name, quoted value, unquoted value. Empty parameters are accepted (RFC 8288, appendix B.3)."""
_REST = re.compile(r'(?:"(?:[^"\\]|\\.)*"?|[^,"])*')
"""The text up to the next comma that separates links."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a `Link` header."""

    target: str
    """A URI reference, relative to the URL of the response."""
    parameters: tuple[tuple[str, str], ...]
    """The names, in lower case, and the values, without quotes, in order."""

    def parameter(self, name: str) -> str | None:
        """Return the first value of the parameter *name*, or None.

        The extended parameter `name*`, whose value names its charset (RFC 8187), is preferred.
        """
        values = dict(reversed(self.parameters))
        extended = _decoded(values.get(f"{name}*", ""))
        if extended is None:
            return values.get(name)
        return extended

    @property
    def relations(self) -> frozenset[str]:
        """Its relation types in lower case: those of the first `rel` (RFC 8288, section 3.3).

        Servers write `rel='next'`, too: single quotes are no part of a type.
        """
        first = next((value for name, value in self.parameters if name == "rel"), "")
        return frozenset(first.lower().replace("'", " ").split())


def links(value: str) -> Iterator[Link]:
    """Yield the links in *value*, the lines of a `Link` header joined by commas.

    Invalid text is skipped up to the next comma.
    """
    position = 0
    while position < len(value):
        target = _TARGET.match(value, position)
        if target is not None:
            position = target.end()
            parameters = []
            while (parameter := _PARAMETER.match(value, position)) is not None:
                position = parameter.end()
                name, quoted, plain = parameter.groups()
                if name is not None:
                    parameter_value = (
                        _ESCAPED.sub(r"\1", quoted) if quoted is not None else plain or ""
                    )
                    parameters.append((name.lower(), parameter_value))
            yield Link(target[1].strip(), tuple(parameters))
        rest = _REST.match(value, position)
        position = (rest.end() if rest is not None else position) + 1


def _decoded(value: str) -> str | None:
    """Decode the extended *value*, such as `UTF-8'en'%e2%82%ac`; None when it is invalid."""
    charset, quote, rest = value.partition("'")
    _, second_quote, encoded = rest.partition("'")
    if not quote or not second_quote or charset.lower() not in ("utf-8", "iso-8859-1"):
        return None
    try:
        return unquote_to_bytes(encoded).decode(charset)
    except UnicodeDecodeError:
        return None
