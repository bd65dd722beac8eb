"""The `Link` header field (RFC 8288): its links, with all of their parameters."""

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
"""Name, quoted value, plain value. Empty parameters are let through (RFC 8288, appendix B.3)."""
_REST = re.compile(r'(?:"(?:[^"\\]|\\.)*"?|[^,"])*')
"""What stands before the next comma that separates links."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a `Link` header."""

    target: str
    """A URI reference, relative to the URL of the response."""
    parameters: tuple[tuple[str, str], ...]
    """Names in lower case, and values without quotes, in order."""

    def parameter(self, name: str) -> str | None:
        """Return the first value of the parameter *name*; a `name*` with a charset (RFC 8187) is
        preferred. None without one.
        """
        values = dict(reversed(self.parameters))
        extended = _decoded(values.get(f"{name}*", ""))
        return values.get(name) if extended is None else extended

    @property
    def relations(self) -> frozenset[str]:
        """Its relation types in lower case: those of the first `rel` (RFC 8288, section 3.3).

        Servers write `rel='next'`, too: single quotes are no part of a type.
        """
        first = next((value for name, value in self.parameters if name == "rel"), "")
        return frozenset(first.lower().replace("'", " ").split())


def links(value: str) -> Iterator[Link]:
    """Yield the links of the header *value*, several lines of which are joined by commas.

    What is no link is skipped up to the next comma.
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
                    text = _ESCAPED.sub(r"\1", quoted) if quoted is not None else plain or ""
                    parameters.append((name.lower(), text))
            yield Link(target[1].strip(), tuple(parameters))
        rest = _REST.match(value, position)
        position = (rest.end() if rest is not None else position) + 1


def _decoded(value: str) -> str | None:
    """Return the text of the extended *value*, `UTF-8'en'%e2%82%ac`; None when it is none."""
    charset, quote, rest = value.partition("'")
    _, second_quote, text = rest.partition("'")
    if not quote or not second_quote or charset.lower() not in ("utf-8", "iso-8859-1"):
        return None
    try:
        return unquote_to_bytes(text).decode(charset)
    except UnicodeDecodeError:
        return None
