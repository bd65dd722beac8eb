"""How text is escaped for its place in a request (RFC 3986, sections 2 and 3; RFC 6265, section 4.1.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

Encode = Callable[[str], str]
"""Escapes a name or a value for its place: percent-encoding in a URL, nothing in a header."""

_TRIPLE = re.compile(r"(%[0-9A-Fa-f]{2})")
_NOT_IN_A_COOKIE = re.compile(r"[^\x20-\x7e]|;|^ | $")


class UnwritableError(ValueError):
    """A value that has no form in its place; the message says why, *path* where in the value: names and indices."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


def encoded(text: str) -> str:
    """Return *text* with everything but unreserved characters percent-encoded (RFC 3986, section 2.3)."""
    return quote(text, safe="", errors="surrogatepass")


def leaving(safe: str) -> Encode:
    """Return an `Encode` that leaves the characters *safe* and percent-encoded triples as they are (RFC 6570, section 3.2.3)."""

    def encode(text: str) -> str:
        pieces = _TRIPLE.split(text)  # the triples stand at the odd places
        pieces[::2] = [quote(piece, safe=safe, errors="surrogatepass") for piece in pieces[::2]]
        return "".join(pieces)

    return encode


def cookie_as_it_is(text: str) -> str:
    """Return *text*, for a cookie that is not escaped (OpenAPI 3.2, style `cookie`). Raises `UnwritableError`."""
    if _NOT_IN_A_COOKIE.search(text):
        raise UnwritableError(
            f"{text[:60]!r} cannot stand in a cookie (RFC 6265, section 4.1.1), and this one is sent without escaping: "
            "write it as the server expects it, percent-encoded for instance"
        )
    return text


def cookie_text(text: str) -> str:
    """Return *text* with what a cookie cannot hold percent-encoded, and `%`: no description says how this one is escaped."""
    return quote(text, safe="!#$&'()*+-./:<=>?@[]^_`{|}~", errors="surrogatepass")


ESCAPED: dict[str, Encode] = {"path": encoded, "query": encoded, "header": str, "cookie": encoded}
"""Location -> how names and values are escaped in it. OpenAPI 3.2: not at all in headers."""

RESERVED: dict[str, Encode] = {
    "path": leaving(":@!$&'()*+,;="),
    "query": leaving(":/?@!$'()*,;"),
    "header": str,
    "cookie": leaving(":/?#[]@!$&'()*+="),
}
"""Location -> how values are escaped where the description has `allowReserved`: RFC 3986's reserved characters stay, but for
those that would end or split the value there, or have another meaning (OpenAPI 3.2, appendices C and E)."""
