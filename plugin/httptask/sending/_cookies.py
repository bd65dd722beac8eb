"""Cookies between the hops of one call (RFC 6265, section 5), never sent to another site.

`http.cookiejar` is not used: it refuses a `Domain` equal to the host when the host is an address or
a single label, and accepts pairs without `=`.
"""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult

from httptask._http.syntax import UNSENDABLE, http_date, non_default_port, split_url
from httptask.model.exchange import OutgoingRequest

_MOST_BYTES = 4096
"""The most bytes of a cookie's name and value; clients should support at least as many (RFC 6265,
section 6.1).
"""
_MOST_COOKIES = 100
_MAX_AGE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class _Cookie:
    name: str
    value: str | None
    """None: the server has deleted the cookie."""
    domain: str
    host_only: bool
    path: str
    secure: bool
    expires: float | None
    """Seconds since the epoch."""
    port: int | None
    """None: the default port of the scheme, http or https."""

    def belongs_to(self, url: SplitResult) -> bool:
        """Say whether the cookie is sent to *url* (RFC 6265, section 5.4)."""
        host = url.hostname or ""
        is_same_host = host == self.domain if self.host_only else _domain_matches(host, self.domain)
        # Stricter than browsers, which share cookies between ports (section 8.5): another port may
        # belong to another server.
        return (
            is_same_host
            and self.port == non_default_port(url)
            and _path_matches(url.path or "/", self.path)
            and (url.scheme == "https" or not self.secure)
        )


class CookieJar:
    """The cookies that responses have set during one attempt."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def store(self, url: str, lines: Iterable[str]) -> None:
        """Store the cookies in *lines*, the `Set-Cookie` values of a response from *url*."""
        for line in lines:
            cookie = _cookie(line, split_url(url))
            if cookie is None:
                continue
            key = (cookie.name, cookie.domain, cookie.path)
            if key in self._cookies or len(self._cookies) < _MOST_COOKIES:
                self._cookies[key] = cookie

    def attached(self, request: OutgoingRequest) -> OutgoingRequest:
        """Return *request* with the stored cookies for its URL added.

        Cookies in the request's own `Cookie` header stay unless a response has set or deleted them.
        """
        url = split_url(request.url)
        now = time.time()
        stored = [cookie for cookie in self._cookies.values() if cookie.belongs_to(url)]
        if not stored:
            return request
        names = {cookie.name for cookie in stored}
        own_pairs = [pair.strip() for pair in (request.header("cookie") or "").split(";")]
        pairs = [pair for pair in own_pairs if pair and pair.partition("=")[0] not in names]
        live = [
            cookie
            for cookie in stored
            if cookie.value is not None and (cookie.expires or math.inf) > now
        ]
        live.sort(key=lambda cookie: -len(cookie.path))  # section 5.4: the longer path first
        pairs += [f"{cookie.name}={cookie.value}" for cookie in live]
        headers = [pair for pair in request.headers if pair[0].lower() != "cookie"]
        if pairs:
            headers.append(("Cookie", "; ".join(pairs)))
        return OutgoingRequest(request.method, request.url, headers, request.body)


def _cookie(line: str, url: SplitResult) -> _Cookie | None:
    """Parse *line*, a `Set-Cookie` value from *url*. Returns None when the cookie is to be ignored.

    RFC 6265, sections 5.2 and 5.3.
    """
    pair, *rest = line.split(";")
    name, equals, value = (part.strip(" \t") for part in pair.partition("="))
    if not equals or not name or len(name) + len(value) > _MOST_BYTES or UNSENDABLE.search(pair):
        return None
    attributes: dict[str, str] = {}
    for attribute in rest:  # the last of several with the same name counts
        key, _, attribute_value = (part.strip(" \t") for part in attribute.partition("="))
        attributes[key.lower()] = attribute_value
    host = url.hostname or ""
    domain = attributes.get("domain", "").removeprefix(".").lower()
    if domain and not _domain_matches(host, domain):
        return None
    # A domain of one label (`com`) counts as a public suffix; the full list is not consulted.
    if domain and "." not in domain and domain != host:
        return None
    path = attributes.get("path", "")
    expires = _expires(attributes)
    return _Cookie(
        name=name,
        value=None if expires is not None and expires <= time.time() else value,
        domain=domain or host,
        host_only=not domain or "." not in domain,
        path=path if path.startswith("/") else _default_path(url.path),
        secure="secure" in attributes,
        expires=expires,
        port=non_default_port(url),
    )


def _expires(attributes: dict[str, str]) -> float | None:
    """Return when a cookie expires, in seconds since the epoch; None: at the end of the call.

    `Max-Age` takes precedence over `Expires` (section 5.3).
    """
    max_age = attributes.get("max-age", "")
    if _MAX_AGE.fullmatch(max_age):
        return time.time() + float(max_age)
    moment = http_date(attributes.get("expires", ""))
    if moment is not None:
        return moment.timestamp()
    return None


def _domain_matches(host: str, domain: str) -> bool:
    """Say whether *host* is *domain* or a subdomain (section 5.1.3); an IP address has none."""
    return host == domain or (host.endswith("." + domain) and not _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _default_path(path: str) -> str:
    """Return *path* up to its last slash (section 5.1.4)."""
    if path.startswith("/"):
        return path[: path.rfind("/")] or "/"
    return "/"


def _path_matches(path: str, cookie_path: str) -> bool:
    """Say whether *path* is *cookie_path* or below it (section 5.1.4)."""
    if path == cookie_path:
        return True
    return path.startswith(cookie_path) and (
        cookie_path.endswith("/") or path[len(cookie_path)] == "/"
    )
