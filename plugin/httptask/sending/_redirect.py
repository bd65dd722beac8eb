"""Redirects, decided purely: a response in, the next request or a refusal out (RFC 9110, section
15.4).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urldefrag, urljoin

from httptask._http.syntax import DEFAULT_PORTS, split_url
from httptask.errors import RedirectError
from httptask.model.exchange import OutgoingRequest
from httptask.sending._httpx import address
from httptask.sending._wire import UnsendableError

_FOLLOWED = {301, 302, 303, 307, 308}
_STAYS = re.compile(r"(?i)auth|cookie|key|token|secret|pass|cred|session|sig|referer|^host$")
"""Header names that may carry a secret, or name this host: across origins a header too few is
preferred to a leak.
"""

_ABOUT_BODY = ("content-", "transfer-encoding")


def next_request(
    request: OutgoingRequest, plain: OutgoingRequest, status_code: int, location: str
) -> OutgoingRequest | None:
    """Return the request that follows *request* after a response of *status_code* with *location*;
    None: not a redirect.

    *plain* is the first request before it was authorised: across origins nothing secret travels.
    Raises `RedirectError` for a redirect that is not followed: to another scheme, from https to
    http, or with a body across origins.
    """
    if status_code not in _FOLLOWED or not location:
        return None
    try:
        target = urldefrag(urljoin(request.url, location)).url
        there = split_url(target)
        if there.scheme in ("http", "https"):
            address(target)  # what cannot be read now could not be sent later
    except (UnsendableError, ValueError) as error:
        raise RedirectError(f"the server redirects to something that is no URL: {error}") from None
    here = split_url(request.url)
    if there.scheme not in ("http", "https") or not there.hostname:
        raise RedirectError(
            f"a redirect to {there.scheme or location!r} is not followed: only http and https are"
        )
    if here.scheme == "https" and there.scheme == "http":
        raise RedirectError(
            f"a redirect from https to http is not followed: {there.scheme}://{there.netloc}"
        )
    if there.username is not None or there.password is not None:
        raise RedirectError("a redirect to a URL with a user name or password is not followed")
    same_origin = (here.scheme, here.hostname, _port(here)) == (
        there.scheme,
        there.hostname,
        _port(there),
    )
    keeps_body = _keeps_body(status_code, request.method)
    if not same_origin and keeps_body and request.body:
        raise RedirectError(
            f"a redirect ({status_code}) to another origin, {there.scheme}://{there.netloc}, asks"
            " for the body again; it is not sent there"
        )
    headers = (
        list(request.headers)
        if same_origin
        else [pair for pair in plain.headers if not _STAYS.search(pair[0])]
    )
    if keeps_body:
        return OutgoingRequest(request.method, target, headers, request.body)
    headers = [pair for pair in headers if not pair[0].lower().startswith(_ABOUT_BODY)]
    return OutgoingRequest("HEAD" if request.method == "HEAD" else "GET", target, headers)


def way_of(hops: Sequence[tuple[OutgoingRequest, int]]) -> str:
    """Return *hops*, requests and the statuses that answered them, as a sentence has them."""
    return " -> ".join(f"{request.method} {request.url} ({status})" for request, status in hops)


def circle(following: OutgoingRequest) -> RedirectError:
    """Return the error of *following*, a request that was sent before in the same attempt."""
    message = f"the redirects go round in a circle, back to {following.method} {following.url}"
    if following.method not in ("GET", "HEAD"):
        message += "; after 301 and 302 only a POST becomes a GET (RFC 9110, section 15.4)"
    return RedirectError(message)


def _keeps_body(status_code: int, method: str) -> bool:
    if status_code == 303:
        return method in ("GET", "HEAD")
    return not (status_code in (301, 302) and method == "POST")


def _port(url: object) -> int | None:
    port, scheme = getattr(url, "port", None), getattr(url, "scheme", "")
    return port or DEFAULT_PORTS.get(scheme)
