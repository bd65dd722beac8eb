"""Cookies between the hops of one call (RFC 6265, section 5), never sent to another site.

Not `http.cookiejar`: it refuses a `Domain` that is the host's own address or its only label, and
takes pairs without `=`.
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
"""Of one cookie's name and value together: every browser keeps as much (RFC 6265, section 6.1)."""
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
    """None: the default port, of either scheme."""

    def belongs_to(self, url: SplitResult) -> bool:
        """Say whether the cookie is one for *url* (RFC 6265, section 5.4)."""
        host = url.hostname or ""
        is_same_host = host == self.domain if self.host_only else _domain_matches(host, self.domain)
        # Browsers share cookies between ports (section 8.5). Another port may be another server's,
        # so here they are not shared.
        return (
            is_same_host
            and self.port == non_default_port(url)
            and _path_matches(url.path or "/", self.path)
            and (url.scheme == "https" or not self.secure)
        )


class CookieJar:
    """The cookies that the responses of one attempt have set."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def store(self, url: str, lines: Iterable[str]) -> None:
        """Keep what the `Set-Cookie` headers *lines* of a response from *url* say."""
        for line in lines:
            cookie = _cookie(line, split_url(url))
            if cookie is None:
                continue
            key = (cookie.name, cookie.domain, cookie.path)
            if key in self._cookies or len(self._cookies) < _MOST_COOKIES:
                self._cookies[key] = cookie

    def attached(self, request: OutgoingRequest) -> OutgoingRequest:
        """Return *request* with the cookies for its URL.

        The author's own cookies stay, except those that a response has set anew.
        """
        url, now = split_url(request.url), time.time()
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
    """Return the cookie of *line*, a `Set-Cookie` value from *url*; None: it is to be ignored.

    RFC 6265, sections 5.2 and 5.3.
    """
    pair, *rest = line.split(";")
    name, equals, value = (part.strip(" \t") for part in pair.partition("="))
    if not equals or not name or len(name) + len(value) > _MOST_BYTES or UNSENDABLE.search(pair):
        return None
    attributes: dict[str, str] = {}
    for attribute in rest:  # of several alike the last one counts
        key, _, text = (part.strip(" \t") for part in attribute.partition("="))
        attributes[key.lower()] = text
    host = url.hostname or ""
    domain = attributes.get("domain", "").removeprefix(".").lower()
    if domain and not _domain_matches(host, domain):
        return None
    # A name of one label is a public suffix, as far as that can be told without their list.
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
    """Return when a cookie ends, in seconds since the epoch; None: with the call.

    `Max-Age` is stronger than `Expires` (section 5.3).
    """
    max_age = attributes.get("max-age", "")
    if _MAX_AGE.fullmatch(max_age):
        return time.time() + float(max_age)
    moment = http_date(attributes.get("expires", ""))
    return moment.timestamp() if moment is not None else None


def _domain_matches(host: str, domain: str) -> bool:
    """Section 5.1.3: a name below *domain*, but never a part of an IP address."""
    return host == domain or (host.endswith("." + domain) and not _is_address(host))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _default_path(path: str) -> str:
    """Section 5.1.4: the path up to its last slash."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def _path_matches(path: str, cookie_path: str) -> bool:
    """Section 5.1.4."""
    if path == cookie_path:
        return True
    return path.startswith(cookie_path) and (
        cookie_path.endswith("/") or path[len(cookie_path)] == "/"
    )
