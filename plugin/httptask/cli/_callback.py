"""Receive the browser's redirect after a person has consented (RFC 8252, section 7.3)."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from httptask.cli._output import CommandError
from httptask.errors import CredentialError

if TYPE_CHECKING:
    from httptask.credentials.oauth2 import AuthorizationConsent
    from httptask.model.authorisation import Token

CALLBACK = "/oauth/callback"
"""The same path as in the designer, so that one registered redirect URI serves both."""

_MOST_BYTES = 16 * 1024
_SECONDS = 10.0
"""Seconds that a browser may take to send its request."""


async def finished_in_browser(
    consent: AuthorizationConsent,
    port: int,
    open_: Callable[[str], None],
) -> Token:
    """Call *open_* with the consent's URL, await the redirect on *port*, and return the token."""
    token: asyncio.Future[Token] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target = await asyncio.wait_for(_target(reader, port), _SECONDS)
            status, text = await _answer(target, consent, token)
            body = text.encode()
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
                "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
                "Connection: close\r\n\r\n"
            )
            writer.write(head.encode("ascii") + body)
            await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client was not a browser, or has disconnected
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(serve, "127.0.0.1", port, limit=_MOST_BYTES)
    except OSError as error:
        raise CommandError(
            f"port {port} cannot be used: {error.strerror}; connect in the page if the designer"
            " runs there, or name another --port that is registered as a redirect URI"
        ) from error
    async with server:
        open_(consent.url)
        try:
            async with asyncio.timeout(consent.expires_in):
                return await token
        except TimeoutError:
            raise CommandError(f"nobody consented within {consent.expires_in:.0f} s", 1) from None


async def _target(reader: asyncio.StreamReader, port: int) -> str:
    """Return the target of the request; "" if it is not a GET for this host."""
    head = await reader.readuntil(b"\r\n\r\n")
    request_line, *headers = head.decode("latin-1").split("\r\n")
    method, _, target_and_version = request_line.partition(" ")
    host_lines = [line for line in headers if line.lower().startswith("host:")]
    hosts = [line.partition(":")[2].strip() for line in host_lines]
    # Another name in `Host` was made to resolve to this machine by an attacker (DNS rebinding).
    if method != "GET" or hosts not in ([f"127.0.0.1:{port}"], [f"localhost:{port}"]):
        return ""
    return target_and_version.partition(" ")[0]


async def _answer(
    target: str,
    consent: AuthorizationConsent,
    ended: asyncio.Future[Token],
) -> tuple[str, str]:
    """Return the status and the text for the browser.

    A correct redirect completes *ended* with the token, or with the error.
    """
    split = urlsplit(target)
    state = parse_qs(split.query).get("state", [""])[0]
    if split.path != CALLBACK:
        return "404 Not Found", "There is nothing here."
    # A request with a guessed state must not end the consent, so the command keeps waiting.
    is_own = hmac.compare_digest(state.encode(), consent.state.encode())
    if not is_own or ended.done():
        return "400 Bad Request", "This is not the answer that is waited for."
    try:
        token = await consent.finish(consent.redirect_uri + "?" + split.query)
    except CredentialError as error:
        if not ended.done():
            ended.set_exception(error)
        return "400 Bad Request", f"Not connected: {error.message}"
    if not ended.done():
        ended.set_result(token)
    return "200 OK", "Connected. You can close this window."
