"""The grants, which are the ways to get a token (RFC 6749, section 4): a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from httptask.credentials._jwt import KEY_SCHEMA
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client

Form = dict[str, Any]
"""The fields of a token request: texts, or lists of texts."""

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_TYPES = "A URI of RFC 8693, section 3, or its last word, such as jwt"


@dataclass(frozen=True, slots=True)
class Grant:
    """One way to get a token."""

    begin: Callable[[Client], Form | Awaitable[Form]]
    """Returns the fields of the token request. Raises `CredentialError` for a grant that a person
    must begin; the error says how.
    """
    required: tuple[str, ...] = ()
    """The fields of a credential that the grant needs."""
    refreshes: bool = True
    """Whether a refresh token in a token response is used."""
    begins_again: bool = True
    """Whether the grant can begin again without a person when a refresh token has expired."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schemas of fields that only this grant uses."""
    endpoints: tuple[str, ...] = ("tokenUrl",)
    """The fields with the URLs that the grant needs, unless an issuer's metadata has them."""
    ended: str = "credential-grant-ended"
    """The code of the error when the server says that the grant is no longer valid."""


def _client_credentials(client: Client) -> Form:
    return {"grant_type": "client_credentials", **client.scope()}


def _password(client: Client) -> Form:
    who = {"username": client.text("username"), "password": client.text("password")}
    return {
        "grant_type": "password",
        **who,
        **client.scope(),
    }


def _refresh_token(client: Client) -> Form:
    return refreshing(client, client.text("refreshToken"))


async def _jwt_bearer(client: Client) -> Form:
    """Return the fields for RFC 7523, section 2.1."""
    if not client.value("key", {}).get("pem") and not client.text("clientSecret"):
        raise CodedError(
            "credential-field-missing",
            field="/key/pem",
            use="jwtBearer",
            instead="clientSecret",
        )
    claims = client.value("claims", {})
    issuer = claims.get("iss", client.text("clientId"))
    if not issuer:
        raise CodedError(
            "credential-field-missing",
            field="clientId",
            use="jwtBearer",
            instead="claims.iss",
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
    """Return the fields for RFC 8693, section 2.1."""
    form: Form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}
    form["subject_token"] = client.text("subjectToken")
    form["subject_token_type"] = _token_type(client.text("subjectTokenType") or "access_token")
    actor = client.text("actorToken")
    if actor:
        form["actor_token"] = actor
        form["actor_token_type"] = _token_type(client.text("actorTokenType") or "access_token")
    requested = client.text("requestedTokenType")
    if requested:
        form["requested_token_type"] = _token_type(requested)
    return {**form, **client.scope()}


def _token_type(name: str) -> str:
    """Return the URI of the token type *name* (RFC 8693, section 3): a URI, or its last word."""
    return name if ":" in name else f"urn:ietf:params:oauth:token-type:{name}"


def _consent(client: Client) -> Form:
    raise client.refused("credential-consent-missing")


def refreshing(client: Client, refresh_token: str) -> Form:
    """Return the fields of a refresh request (RFC 6749, section 6)."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


GRANTS: dict[str, Grant] = {
    # RFC 6749, section 4.4.3: the response should contain no refresh token, and none is needed.
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
"""Value of `grant` -> grant."""
