"""How a token is got (RFC 6749, section 4): a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client

Form = dict[str, Any]
"""The fields of a token request: texts, or lists of them."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One way to get a token."""

    begin: Callable[[Client], Form | Awaitable[Form]]
    """Returns the fields of the token request. Raises `CredentialError` where only a person can
    begin, and says how.
    """
    required: tuple[str, ...] = ()
    """The fields of the credential it needs."""
    refreshes: bool = True
    """Whether a refresh token that was given is used."""
    begins_again: bool = True
    """Whether it can begin anew by itself when a refresh token is not valid any more."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schema of fields that only it has."""


def _client_credentials(client: Client) -> Form:
    return {"grant_type": "client_credentials", **client.scope()}


def _password(client: Client) -> Form:
    who = {"username": client.text("username"), "password": client.text("password")}
    return {"grant_type": "password", **who, **client.scope()}


def _refresh_token(client: Client) -> Form:
    return refreshing(client, client.text("refreshToken"))


def refreshing(client: Client, refresh_token: str) -> Form:
    """Return the fields of a refresh (RFC 6749, section 6)."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


GRANTS: dict[str, Grant] = {
    # RFC 6749, section 4.4.3: a refresh token should not be given, and is not needed.
    "clientCredentials": Grant(_client_credentials, refreshes=False),
    "refreshToken": Grant(_refresh_token, ("refreshToken",), begins_again=False),
    "password": Grant(_password, ("username", "password")),
}
"""By the word in `grant`."""
