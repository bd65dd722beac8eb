"""The methods of client authentication (RFC 6749, section 2.3): a table."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from httptask.credentials._jwt import KEY_SCHEMA
from httptask.credentials._pem import PEM_SCHEMA, PKCS12_SCHEMA
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client, TokenRequest


@dataclass(frozen=True, slots=True)
class Authentication:
    """One method to authenticate a client at the token endpoint."""

    apply: Callable[[TokenRequest, Client], Awaitable[None] | None]
    """Adds the client authentication to a token request."""
    required: tuple[str, ...] = ()
    """The fields of a credential that the method needs."""
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field -> fields that the method needs if the first one is absent."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schemas of fields that only this method uses."""

    def required_of(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the fields that the method needs in a credential with the fields *names*."""
        required = [*self.required]
        for name, needed in self.unless.items():
            if name not in names:
                required += needed
        return tuple(required)


def _basic(request: TokenRequest, client: Client) -> None:
    # RFC 6749, section 2.3.1: both are form-encoded first, so that they may contain a colon.
    pair = f"{quote_plus(client.text('clientId'))}:{quote_plus(client.text('clientSecret'))}"
    _set_basic(request, pair)


def _basic_raw(request: TokenRequest, client: Client) -> None:
    # Without form-encoding, as in RFC 7617: many servers do not decode it.
    _set_basic(request, f"{client.text('clientId')}:{client.text('clientSecret')}")


def _set_basic(request: TokenRequest, pair: str) -> None:
    encoded = base64.b64encode(pair.encode()).decode("ascii")
    request.headers["Authorization"] = f"Basic {encoded}"


def _post(request: TokenRequest, client: Client) -> None:
    request.form["client_id"] = client.text("clientId")
    request.form["client_secret"] = client.text("clientSecret")


def _none(request: TokenRequest, client: Client) -> None:
    if client.text("clientId"):  # RFC 6749, section 3.2.1
        request.form["client_id"] = client.text("clientId")


def _tls(request: TokenRequest, client: Client) -> None:
    # RFC 8705, section 2: the server compares the certificate with that of this client id.
    request.form["client_id"] = client.text("clientId")


async def _private_key_jwt(request: TokenRequest, client: Client) -> None:
    if not client.value("key", {}).get("pem"):
        raise CodedError("credential-field-missing", field="/key/pem", use="privateKeyJwt")
    await _client_assertion(request, client)


async def _client_secret_jwt(request: TokenRequest, client: Client) -> None:
    if client.value("key", {}).get("pem"):
        raise CodedError(
            "credential-field-unused",
            field="/key/pem",
            use="clientSecretJwt",
            instead="privateKeyJwt",
        )
    await _client_assertion(request, client)


async def _client_assertion(request: TokenRequest, client: Client) -> None:
    """Add a signed assertion of the client's identity (RFC 7523, section 2.2)."""
    client_id = client.text("clientId")
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": await client.audience(),
    }
    request.form["client_id"] = client_id
    request.form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    request.form["client_assertion"] = client.assertion(claims)


_BOTH = ("clientId", "clientSecret")
_AUDIENCE = {
    "assertionAudience": {
        "type": "string",
        "minLength": 1,
        "description": "Whom assertions are for; the issuer, or else the tokenUrl.",
    }
}

AUTHENTICATIONS: dict[str, Authentication] = {
    "basic": Authentication(_basic, _BOTH),
    "basicRaw": Authentication(_basic_raw, _BOTH),
    "post": Authentication(_post, _BOTH),
    "privateKeyJwt": Authentication(
        _private_key_jwt,
        ("clientId", "key"),
        properties={"key": KEY_SCHEMA, **_AUDIENCE},
    ),
    "clientSecretJwt": Authentication(_client_secret_jwt, _BOTH, properties=_AUDIENCE),
    "tls": Authentication(
        _tls,
        ("clientId",),
        {"pkcs12": ("certificate", "key")},
        {
            "certificate": {
                **PEM_SCHEMA,
                "description": "The client's certificate as PEM; key.pem is its key.",
            },
            "pkcs12": {
                **PKCS12_SCHEMA,
                "description": "The client's certificate and its key as PKCS#12, in base64;"
                " password opens it, or key.password.",
            },
        },
    ),
    "none": Authentication(_none),
}
"""Value of `clientAuthentication` -> method."""
