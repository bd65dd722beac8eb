"""A person's consent in a browser: the authorization code grant with PKCE (RFC 6749, section 4.1;
RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from httptask._http.syntax import split_url
from httptask.credentials.oauth2._client import pairs_of
from httptask.errors import CodedError
from httptask.model.credential import Secret

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client
    from httptask.model.authorisation import Token

_SECONDS = 900.0
"""How long a person may take to consent."""
_QUOTED = 200


@dataclass(slots=True, repr=False)
class AuthorizationConsent:
    """A consent that a person gives in a browser.

    Open `url` in a browser. The server redirects the browser to `redirect_uri`; pass the whole URL
    of that request to `finish`.
    """

    url: str
    """The page where the person consents. The URL contains no secret."""
    state: str
    """A random text that comes back in the callback URL; it identifies this consent."""
    redirect_uri: str
    expires_in: float
    """The seconds that the person may take."""
    _client: Client = field(repr=False)
    _verifier: Secret = field(repr=False)
    _end: float = field(repr=False)
    _is_used: bool = field(
        default=False,
        init=False,
        repr=False,
    )
    guard: Callable[[], AbstractContextManager[None]] = field(
        default=nullcontext,
        init=False,
        repr=False,
    )
    """Returns a context manager for requests, which keeps secrets out of errors."""

    async def finish(self, callback_url: str) -> Token:
        """Exchange the code in *callback_url* for a token, store it, and return it.

        Raises `CredentialError` if consent was not given, if the callback does not belong to this
        consent, and if the server returns no token.
        """
        exchange = self._exchanged(callback_url)
        del callback_url  # it contains the code, and an error's traceback keeps this frame
        with self.guard():
            return await exchange

    async def _exchanged(self, callback_url: str) -> Token:
        code = self._code(callback_url)
        self._is_used = True  # RFC 6749, section 4.1.2: a code must not be used twice
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self._verifier.reveal(),
        }
        with self._client.connecting():
            return await self._client.keep(await self._client.request(form, "token"))

    def _code(self, callback_url: str) -> str:
        """Check *callback_url*, and return the code in it. Raises `CredentialError`."""
        client = self._client
        pairs = parse_qsl(urlsplit(callback_url).query, keep_blank_values=True)
        parameters = dict(pairs)
        if len(parameters) != len(pairs):  # RFC 6749, section 3.1: no parameter may be repeated
            raise client.refused("credential-consent-twice")
        state = parameters.get("state", "")
        if not hmac.compare_digest(state.encode(), self.state.encode()):
            raise client.refused("credential-consent-state")
        if self._is_used:
            raise client.refused("credential-consent-used")
        if client.context.clock.monotonic() > self._end:
            raise client.refused("credential-consent-late", seconds=_SECONDS)
        self._check_issuer(parameters.get("iss"))
        error = parameters.get("error")
        if error:
            is_denied = error == "access_denied"
            raise client.refused(
                "credential-consent-refused" if is_denied else "credential-consent-not-given",
                error=error[:80],
                serverMessage=parameters.get("error_description", "")[:_QUOTED] or None,
            )
        code = parameters.get("code")
        if not code:
            raise client.refused("credential-consent-no-code")
        client.context.mask(code)
        return code

    def _check_issuer(self, issuer: str | None) -> None:
        """Raise `CredentialError` if another server has answered (RFC 9207, section 2.4)."""
        client = self._client
        expected = self._client.text("issuer")
        must_be_there = client.metadata().get("authorization_response_iss_parameter_supported")
        if expected and issuer not in (None, expected):
            found = str(issuer)[:_QUOTED]
            raise client.refused("credential-consent-issuer", found=found, expected=expected)
        if issuer is None and must_be_there is True:
            raise client.refused("credential-consent-issuer-missing")

    def __repr__(self) -> str:
        return f"<AuthorizationConsent {self._client.credential.name!r}>"


async def ask_in_browser(client: Client, redirect_uri: str) -> AuthorizationConsent:
    """Begin a consent in a browser. Raises `CredentialError` and `ValueError`."""
    _check_redirect(redirect_uri)
    verifier = secrets.token_urlsafe(48)
    challenge = hashlib.sha256(verifier.encode()).digest()
    state = secrets.token_urlsafe(24)
    fields = {
        "response_type": "code",
        "client_id": client.text("clientId"),
        "redirect_uri": redirect_uri,
        **client.scope(),
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **client.targets(),
        **client.value("extra", {}).get("authorization", {}),
    }
    await client.url("tokenUrl")  # report a problem with it before a person is asked
    base = (await client.url("authorizationUrl")).partition("#")[0]
    url = f"{base}{'&' if '?' in base else '?'}{urlencode(pairs_of(fields))}"
    client.context.mask(verifier)
    end = client.context.clock.monotonic() + _SECONDS
    return AuthorizationConsent(url, state, redirect_uri, _SECONDS, client, Secret(verifier), end)


def _check_redirect(redirect_uri: str) -> None:
    """Raise `CodedError` for a URL that a code must not be sent to.

    RFC 6749, section 3.1.2; RFC 8252.
    """
    split = split_url(redirect_uri)
    is_loopback = split.hostname in ("127.0.0.1", "::1", "localhost")
    if split.fragment or not (split.scheme == "https" or (split.scheme == "http" and is_loopback)):
        raise CodedError("credential-redirect-uri", found=redirect_uri)
