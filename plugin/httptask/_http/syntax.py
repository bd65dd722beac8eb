"""The syntax of HTTP and URLs."""

from __future__ import annotations

import email.utils
import functools
import re
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

from httptask.errors import CodedError

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name, or a method (RFC 9110, section 5.6.2)."""

METHODS = frozenset(
    (
        *("ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY"),
        *("DELETE", "GET"),
        *("HEAD", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL"),
        *("MKREDIRECTREF", "MKWORKSPACE", "MOVE", "OPTIONS", "ORDERPATCH", "PATCH", "POST"),
        *("PROPFIND", "PROPPATCH", "PUT", "QUERY", "REBIND", "REPORT", "SEARCH", "TRACE"),
        *("UNBIND", "UNCHECKOUT"),
        *("UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL"),
    )
)
"""The registered methods (IANA: HTTP Method Registry). Any other token is a valid method, too."""

WITHOUT_CONTENT = frozenset((204, 205, 304))
"""Statuses of responses without content (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""

HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
"""The value of a `Host` header (RFC 9110, section 7.2)."""

UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Characters that a header value must not contain: controls except tab (RFC 9110, section 5.5), and
surrogates, which cannot be encoded in UTF-8.
"""

_COOKIE_OCTETS = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
COOKIE_VALUE = re.compile(rf'{_COOKIE_OCTETS}|"{_COOKIE_OCTETS}"')
"""A cookie's value (RFC 6265, section 4.1.1), with or without quotes around it.

It contains no blank, quote, comma, semicolon or backslash.
"""

FRAMING = frozenset(
    {
        "content-length",
        "transfer-encoding",
        "connection",
        "host",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "keep-alive",
    }
)
"""Header fields that frame a message or control its connection (RFC 9112).

The code that sends the message sets them.
"""

REQUEST_FIELDS = FRAMING.union(
    ("accept", "accept-encoding", "accept-language", "authorization", "cache-control", "cookie"),
    ("content-encoding", "content-language", "content-location", "content-range", "content-type"),
    ("if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"),
    ("origin", "range", "referer", "user-agent"),
)
"""Header fields of requests, in lower case, that are defined by RFC 9110, RFC 9111
(`Cache-Control`), RFC 6265 (`Cookie`) or RFC 6454 (`Origin`).
"""

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
"""A template expression in a URL (OpenAPI: path templating)."""

_AFTER_BRACKET = re.compile(r"\](?!:\d*$|$)")


def split_url(url: str) -> SplitResult:
    """Split *url* into its parts (RFC 3986).

    Raises `CodedError`, a `ValueError`, for an invalid or ambiguous URL. A URL that two programs
    can split differently is dangerous: a check may see another host than the connection uses.
    """
    try:
        split = urlsplit(url)
    except ValueError:
        authority = url.partition("//")[2]
        if "[" in authority or "]" in authority:
            raise CodedError("url-ipv6") from None
        raise CodedError("url-lookalike", server=_host(re.split("[/?#]", authority)[0])) from None
    try:
        _ = split.port
    except ValueError:
        raise CodedError("url-port", port=split.netloc.rpartition(":")[2]) from None
    # `urlsplit` finds no port in "[::1]8081"; other programs do.
    if _AFTER_BRACKET.search(split.netloc):
        raise CodedError("url-behind-bracket", server=_host(split.netloc))
    return split


def _host(authority: str) -> str:
    """Return *authority* without user name and password."""
    return authority.rpartition("@")[2]


def http_date(text: str) -> datetime | None:
    """Parse *text*, a date in a format of RFC 9110, section 5.6.7; None if it is not a date."""
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # HTTP dates are always in GMT.
    if moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


DEFAULT_PORTS = {"http": 80, "https": 443}
"""Scheme -> default port (RFC 9110, sections 4.2.1 and 4.2.2)."""


def non_default_port(split: SplitResult) -> int | None:
    """Return the port of *split*; None if it is the default port of the scheme, written or not."""
    if split.port == DEFAULT_PORTS.get(split.scheme):
        return None
    return split.port


def origin(url: str) -> str:
    """Return the origin of *url* (RFC 6454, section 4), without a default port.

    Raises `ValueError` like `split_url`.
    """
    base = _BASE.match(url)
    if base is None:
        return _origin(url)
    return _plain_origin(base[0])


_BASE = re.compile(r"https?://[A-Za-z0-9.:-]+(?=[/?#]|$)")
"""The scheme and authority of a simple URL: a cache key that is the same for all paths."""


def _origin(url: str) -> str:
    split = split_url(url)
    host = f"[{split.hostname}]" if ":" in (split.hostname or "") else split.hostname
    port = non_default_port(split)
    return f"{split.scheme}://{host}:{port}" if port else f"{split.scheme}://{host}"


_plain_origin = functools.lru_cache(1024)(_origin)
