"""How a token is got (RFC 6749, section 4): a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from httptask.credentials._jwt import KEY_SCHEMA
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client

Form = dict[str, Any]
"""The fields of a token request: texts, or lists of them."""

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_TYPES = "A URI of RFC 8693, section 3, or its last word, such as jwt"


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
    endpoints: tuple[str, ...] = ("tokenUrl",)
    """The fields with the endpoints that it asks; an issuer can say them instead."""
    ended: str = "credential-grant-ended"
    """The code of the error when what was granted is not valid any more."""


def _client_credentials(client: Client) -> Form:
    return {"grant_type": "client_credentials", **client.scope()}


def _password(client: Client) -> Form:
    who = {"username": client.text("username"), "password": client.text("password")}
    return {"grant_type": "password", **who, **client.scope()}


def _refresh_token(client: Client) -> Form:
    return refreshing(client, client.text("refreshToken"))


async def _jwt_bearer(client: Client) -> Form:
    """RFC 7523, section 2.1."""
    if not client.value("key", {}).get("pem") and not client.text("clientSecret"):
        raise CodedError(
            "credential-field-missing", field="/key/pem", use="jwtBearer", instead="clientSecret"
        )
    claims = client.value("claims", {})
    issuer = claims.get("iss", client.text("clientId"))
    if not issuer:
        raise CodedError(
            "credential-field-missing", field="clientId", use="jwtBearer", instead="claims.iss"
        )
    standard = {"iss": issuer, "sub": client.text("username") or issuer}
    if "aud" not in claims:
        standard["aud"] = await client.audience()
    return {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": client.assertion({**standard, **claims}),
        **client.scope(),
    }


def _token_exchange(client: Client) -> Form:
    """RFC 8693, section 2.1."""
    form: Form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}
    form["subject_token"] = client.text("subjectToken")
    form["subject_token_type"] = _token_type(client.text("subjectTokenType") or "access_token")
    if actor := client.text("actorToken"):
        form["actor_token"] = actor
        form["actor_token_type"] = _token_type(client.text("actorTokenType") or "access_token")
    if requested := client.text("requestedTokenType"):
        form["requested_token_type"] = _token_type(requested)
    return {**form, **client.scope()}


def _token_type(name: str) -> str:
    """Return the URI of a type of token (RFC 8693, section 3); its last word will do."""
    return name if ":" in name else f"urn:ietf:params:oauth:token-type:{name}"


def _consent(client: Client) -> Form:
    raise client.refused("credential-consent-missing")


def refreshing(client: Client, refresh_token: str) -> Form:
    """Return the fields of a refresh (RFC 6749, section 6)."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


GRANTS: dict[str, Grant] = {
    # RFC 6749, section 4.4.3: a refresh token should not be given, and is not needed.
    "clientCredentials": Grant(_client_credentials, refreshes=False),
    "refreshToken": Grant(
        _refresh_token,
        ("refreshToken",),
        begins_again=False,
        ended="credential-refresh-token-ended",
    ),
    "password": Grant(_password, ("username", "password")),
    "jwtBearer": Grant(
        _jwt_bearer,
        properties={
            "key": KEY_SCHEMA,
            "claims": {
                "type": "object",
                "description": "Claims of the assertion beside, or instead of, iss, sub and aud.",
            },
        },
    ),
    "tokenExchange": Grant(
        _token_exchange,
        ("subjectToken",),
        properties={
            "subjectToken": {**_TEXT, "writeOnly": True},
            "subjectTokenType": {**_TEXT, "description": f"{_TYPES}; access_token."},
            "actorToken": {**_TEXT, "writeOnly": True},
            "actorTokenType": {**_TEXT, "description": f"{_TYPES}; access_token."},
            "requestedTokenType": {**_TEXT, "description": f"{_TYPES}."},
        },
    ),
    "authorizationCode": Grant(
        _consent,
        ("clientId",),
        begins_again=False,
        endpoints=("tokenUrl", "authorizationUrl"),
        ended="credential-consent-ended",
    ),
    "deviceCode": Grant(
        _consent,
        ("clientId",),
        begins_again=False,
        properties={
            "deviceAuthorizationUrl": {
                **_TEXT,
                "description": "Where a device asks for a user code (RFC 8628).",
            }
        },
        endpoints=("tokenUrl", "deviceAuthorizationUrl"),
        ended="credential-consent-ended",
    ),
}
"""By the word in `grant`."""
