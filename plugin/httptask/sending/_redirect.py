"""Redirects (RFC 9110, section 15.4): the request that follows a response, or a refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urldefrag, urljoin

from httptask._http.syntax import non_default_port, split_url
from httptask.errors import RedirectError
from httptask.model.exchange import OutgoingRequest
from httptask.sending._httpx import address
from httptask.sending._wire import UnsendableError

FOLLOWED = frozenset((301, 302, 303, 307, 308))
"""Statuses of redirects that are followed (RFC 9110, section 15.4)."""
_SENSITIVE = re.compile(r"(?i)auth|cookie|key|token|secret|pass|cred|session|sig|referer|^host$")
"""Names of headers that may carry a secret or name the host. They are not sent to another origin:
dropping a harmless header is better than leaking a secret.
"""

_ABOUT_BODY = ("content-", "transfer-encoding")
"""Prefixes of the names of headers that describe a body."""


def next_request(
    request: OutgoingRequest,
    plain: OutgoingRequest,
    status_code: int,
    location: str,
) -> OutgoingRequest | None:
    """Return the request that follows a redirect; None when the response is not a redirect.

    The response to *request* has *status_code* and the `Location` value *location*. *plain* is the
    first request before it was authorised: its headers are used for another origin, so that no
    secret is sent there.
    Raises `RedirectError` for a redirect that is not followed: to another scheme, from https to
    http, or with a body to another origin.
    """
    if status_code not in FOLLOWED or not location:
        return None
    target_url = target_of(request.url, location)
    target = split_url(target_url)
    same_origin = is_same_origin(request.url, target_url)
    keeps_body = _keeps_body(status_code, request.method)
    if not same_origin and keeps_body and request.body:
        raise RedirectError(
            f"a redirect ({status_code}) to another origin, {target.scheme}://{target.netloc}, asks"
            " for the body again; it is not sent there"
        )
    headers = list(request.headers) if same_origin else for_another_origin(plain).headers
    following = OutgoingRequest(request.method, target_url, headers, request.body)
    if keeps_body:
        return following
    return without_body(following, "HEAD" if request.method == "HEAD" else "GET")


def target_of(base: str, reference: str, subject: str = "a redirect") -> str:
    """Resolve *reference* against the URL *base* (RFC 3986, section 5), and drop the fragment.

    Raises `RedirectError` for a target that is not followed: no URL, a scheme other than http and
    https, http after https, or a URL with a user name or password. *subject* starts the message.
    """
    try:
        target_url = urldefrag(urljoin(base, reference)).url
        target = split_url(target_url)
        if target.scheme in ("http", "https"):
            address(target_url)  # raises now if no request could be sent to the URL
    except (UnsendableError, ValueError) as error:
        raise RedirectError(f"{subject} to something that is no URL: {error}") from None
    if target.scheme not in ("http", "https") or not target.hostname:
        raise RedirectError(
            f"{subject} to {target.scheme or reference!r} is not followed: only http and https are"
        )
    if target.scheme == "http" and split_url(base).scheme == "https":
        raise RedirectError(
            f"{subject} from https to http is not followed: {target.scheme}://{target.netloc}"
        )
    if target.username is not None or target.password is not None:
        raise RedirectError(f"{subject} to a URL with a user name or password is not followed")
    return target_url


def is_same_origin(url: str, other: str) -> bool:
    """Say whether two URLs have the same origin: scheme, host and port."""
    return _origin(split_url(url)) == _origin(split_url(other))


def for_another_origin(request: OutgoingRequest) -> OutgoingRequest:
    """Return *request*, which is not authorised, without the headers that may hold a secret."""
    headers = [pair for pair in request.headers if not _SENSITIVE.search(pair[0])]
    return OutgoingRequest(request.method, request.url, headers, request.body)


def without_body(request: OutgoingRequest, method: str) -> OutgoingRequest:
    """Return *request* with *method*, and without its body and the headers that describe it."""
    headers = [pair for pair in request.headers if not pair[0].lower().startswith(_ABOUT_BODY)]
    return OutgoingRequest(method, request.url, headers)


def way_of(hops: Sequence[tuple[OutgoingRequest, int]]) -> str:
    """Return *hops*, pairs of a request and the status of its response, as text for messages."""
    return " -> ".join(f"{request.method} {request.url} ({status})" for request, status in hops)


def circle(following: OutgoingRequest) -> RedirectError:
    """Return the error for *following*, a request that was already sent in the same attempt."""
    message = f"the redirects go round in a circle, back to {following.method} {following.url}"
    if following.method not in ("GET", "HEAD"):
        message += "; after 301 and 302 only a POST becomes a GET (RFC 9110, section 15.4)"
    return RedirectError(message)


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, non_default_port(url)


def _keeps_body(status_code: int, method: str) -> bool:
    """Say whether a redirect keeps the method and the body (RFC 9110, sections 15.4.2 to
    15.4.4).
    """
    if status_code == 303:
        return method in ("GET", "HEAD")
    return not (status_code in (301, 302) and method == "POST")
