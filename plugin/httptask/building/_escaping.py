"""Escaping text for its position in a request.

RFC 3986, sections 2 and 3; RFC 6265, section 4.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import quote, quote_plus

from httptask._core.pointers import pointer as pointer_of
from httptask._http.syntax import COOKIE_VALUE
from httptask.errors import Problem

Encode = Callable[[str], str]
"""Escapes a name or value for its position: percent-encodes in a URL, changes nothing in a header.
"""

_BRACE_OR_BLANK = re.compile(r"[{} \t]")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")
_TRIPLE = re.compile(r"(%[0-9A-Fa-f]{2})")


class UnwritableError(ValueError):
    """A value that cannot be serialised at its position.

    *code* and *params* are the code and parameters of the problem to report. *path* are the names
    and indices that lead to the value.
    """

    def __init__(self, code: str, *path: str | int, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.path = path
        self.params = params

    def below(self, *path: str | int) -> Self:
        """Return the same error with *path* put before its path."""
        return type(self)(
            self.code,
            *path,
            *self.path,
            **self.params,
        )

    def problem(self, pointer: str) -> Problem:
        """Return the problem to report; the path of the error starts at *pointer*."""
        return Problem.of(self.code, pointer_of(self.path, pointer), **self.params)

    def __str__(self) -> str:
        return self.problem("").message


def encoded(text: str, codec: str = "utf-8") -> str:
    """Percent-encode all characters of *text* that are not unreserved (RFC 3986, section 2.3)."""
    if codec == "utf-8" and _UNRESERVED.fullmatch(text):  # fast path: most names and numbers
        return text
    return quote(
        text,
        safe="",
        encoding=codec,
        errors="surrogatepass",
    )


def plus_encoded(text: str, codec: str = "utf-8") -> str:
    """Encode *text* for a form: a space becomes "+" (the URL Standard, section 5.2)."""
    return quote_plus(text, encoding=codec, errors="surrogatepass")


def leaving(safe: str, codec: str = "utf-8") -> Encode:
    """Return an `Encode` that keeps the characters *safe* and existing percent-encoded triples.

    See RFC 6570, section 3.2.3.
    """

    def encode(text: str) -> str:
        pieces = _TRIPLE.split(text)  # triples are at the odd indices
        pieces[::2] = [
            quote(piece, safe=safe, encoding=codec, errors="surrogatepass") for piece in pieces[::2]
        ]
        return "".join(pieces)

    return encode


def url_part(text: str) -> str:
    """Encode braces and blanks in *text*, a part of a URL that an expression returned.

    Without this, `{name}` in the result would be read as a placeholder. Everything else stays: it
    is URL syntax.
    """
    return _BRACE_OR_BLANK.sub(lambda match: encoded(match[0]), text)


def cookie_as_it_is(text: str) -> str:
    """Return *text* for a cookie unchanged: servers disagree on how to escape.

    Raises `UnwritableError` for text that no cookie may hold.
    """
    if not COOKIE_VALUE.fullmatch(text):
        raise UnwritableError("unwritable-cookie", found=text[:60])
    return text


ESCAPED: dict[str, Encode] = {
    "path": encoded,
    "query": encoded,
    "header": str,
    "cookie": cookie_as_it_is,
}
"""Location -> how names and values are escaped there.

Headers (OpenAPI 3.2) and cookies (RFC 6265) have no escaping.
"""

RESERVED_IN_QUERY = ":/?@!$'()*,;"

RESERVED: dict[str, Encode] = {
    "path": leaving(":@!$&'()*+,;="),
    "query": leaving(RESERVED_IN_QUERY),
    "header": str,
    "cookie": leaving(":/?#[]@!$&'()*+="),
}
"""Location -> how values are escaped with `allowReserved`.

The reserved characters of RFC 3986 stay, except those that would end or split the value, or have
another meaning there (OpenAPI 3.2, appendices C and E).
"""
