"""Control who may use the designer, since every user sends requests with this machine's
credentials.

A page of another site can make a browser send requests to the designer, and it can make its own
domain name resolve to this machine (DNS rebinding). So the Host and the Origin of every request
are checked, and a server that others can reach needs a token.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, unquote

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from httptask.designer._consents import CALLBACK
from httptask.designer._problems import Refused
from httptask.engines.callbacks import CALLBACKS

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
POLICY = "; ".join(f"{directive} {sources}" for directive, sources in _SOURCES.items())
"""The content security policy (CSP Level 3): nothing inline, nothing from other origins."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_ALLOWED_HEADERS = "Authorization, Content-Type, If-Match, If-None-Match"
_EXPOSED_HEADERS = "ETag, Location, Test-Request-Id"
_METHODS = "GET, POST, PUT, DELETE"
_COOKIE = "httptask-designer"
SHORTEST_TOKEN = 16
"""Minimum characters of a token, so that it cannot be guessed."""
_LEAST_DIFFERENT = 8
"""Minimum number of different characters in a token: one letter sixteen times is soon guessed."""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:]+)(?::\d{1,5})?")
"""The value of `Host` (RFC 9110, section 7.2): a name or an address, and an optional port."""


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a server bound to *host*."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def token_problem(token: str) -> str | None:
    """Return why *token* does not keep others out; None if it does.

    The sentence does not contain the token.
    """
    if re.search(r"[^\x21-\x7e]", token):  # not in a bearer token (RFC 6750, section 2.1)
        return (
            "the token holds blanks or characters beyond ASCII, which no bearer token can; use"
            " letters and digits"
        )
    if len(token) < SHORTEST_TOKEN:
        return (
            f"the token has {len(token)} characters; one that cannot be guessed has at least"
            f" {SHORTEST_TOKEN}"
        )
    different = len(set(token))
    if different < _LEAST_DIFFERENT:
        return (
            f"the token has {different} different characters; one that cannot be guessed has at"
            f" least {_LEAST_DIFFERENT}"
        )
    return None


class Guards:
    """Passes a request to *app* if it comes from the designer's own page or from an allowed origin.

    *hosts* are the accepted values of `Host` besides the loopback names. *origins* are pages of
    other origins that may use the designer. With *token* every request needs it, as a bearer token
    or in the cookie that `/?token=…` sets. Raises `ValueError` for a token that could be guessed.
    """

    def __init__(
        self,
        app: Starlette,
        *,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        token: str | None = None,
    ) -> None:
        if token is not None and (problem := token_problem(token)):
            raise ValueError(problem)
        self.app = app
        self.lifespan = app.router.lifespan_context
        """The lifespan for an application that mounts this one.

        Starlette runs only the lifespan of the outermost application.
        """
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origin.lower() for origin in origins)
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "").lower()
        foreign = origin if origin in self._origins else None

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                response_headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    response_headers.setdefault(name, value)
                if foreign is not None:
                    response_headers["Access-Control-Allow-Origin"] = headers["origin"]
                    response_headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
                    response_headers.add_vary_header("Origin")
            await send(message)

        try:
            answer = self._checked(scope, headers, origin, foreign)
        except Refused as refusal:
            answer = refusal.response()
        await (answer or self.app)(scope, receive, guarded)

    def _checked(
        self,
        scope: Scope,
        headers: Headers,
        origin: str,
        foreign: str | None,
    ) -> Response | None:
        """Return the response to a request that ends here; None to pass it on. Raises `Refused`."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith(CALLBACKS):
            # APIs have no token, and may use any host name: the URL itself is the secret.
            return None
        self._check_host(headers)
        self._check_origin(
            headers,
            origin,
            foreign,
            is_page=not path.startswith("/api/"),
            method=scope["method"],
        )
        is_preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        if foreign is not None and is_preflight:
            allowed = {
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            }
            return Response(status_code=204, headers=allowed)
        return self._check_token(scope, headers, path)

    def _check_host(self, headers: Headers) -> None:
        """Raise `Refused` unless `Host` is a loopback name or address, or an allowed host."""
        hosts = headers.getlist("host")
        if len(hosts) == 1:
            # A loopback address always means this machine. Only a name can be made to resolve to it
            # by somebody else.
            host = _HOST.fullmatch(hosts[0])
            if (host and is_loopback(host[1])) or hosts[0].lower() in self._hosts:
                return
        shown = hosts[0][:100] if hosts else "none"
        raise Refused(
            "wrong-host",
            f"the Host {shown!r} is not the designer's; open the address that the designer printed",
        )

    def _check_origin(
        self,
        headers: Headers,
        origin: str,
        foreign: str | None,
        *,
        is_page: bool,
        method: str,
    ) -> None:
        """Raise `Refused` if a page of another origin, which is not allowed, made the request."""
        if foreign is not None:
            return
        own = {f"{scheme}://{headers['host'].lower()}" for scheme in ("http", "https")}
        site = headers.get("sec-fetch-site", "none")
        if origin and origin not in own:
            raise Refused(
                "wrong-origin",
                f"the page {origin[:100]} may not use the designer; an operator can allow its"
                " origin",
            )
        # A link on another site may open the page: nothing happens before a person clicks.
        is_link = is_page and method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if not origin and site not in ("same-origin", "none") and not is_link:
            raise Refused("wrong-origin", "a page of another site may not use the designer")

    def _check_token(
        self,
        scope: Scope,
        headers: Headers,
        path: str,
    ) -> Response | None:
        """Check the token.

        Opening the page with the token in its URL sets the cookie and redirects.
        """
        # The redirect from an authorization server comes from another site, so the browser sends no
        # cookie but that of the consent, which the route itself checks.
        is_callback = path == CALLBACK and scope["method"] == "GET"
        if self._token is None or is_callback:
            return None
        tokens = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [])
        opens_page = path in ("", "/") and scope["method"] == "GET"
        if opens_page and tokens and self._is_token(tokens[0]):
            # The redirect removes the token from the address, which history and logs would keep.
            home = scope.get("root_path", "") + "/"
            answer = RedirectResponse(home, 303)
            answer.set_cookie(
                _COOKIE,
                quote(self._token, safe=""),
                path=home,
                httponly=True,
                samesite="strict",
            )
            return answer
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        has_bearer = scheme.lower() == "bearer" and self._is_token(bearer.strip())
        if has_bearer or self._is_token(_cookie(headers)):
            return None
        challenge = {"WWW-Authenticate": 'Bearer realm="httptask designer"'}
        raise Refused(
            "unauthorised",
            "open the address that the designer printed, token included",
            headers=challenge,
        )

    def _is_token(self, candidate: str) -> bool:
        # In constant time: the duration of the comparison must not tell how much of the token was
        # right.
        return hmac.compare_digest(
            candidate.encode("utf-8", "replace"), (self._token or "").encode()
        )


def _cookie(headers: Headers) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    if cookie is not None:
        return unquote(cookie.value)
    return ""
