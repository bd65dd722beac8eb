"""How a client says who it is (RFC 6749, section 2.3): a table."""

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
    """One way to authenticate a client at the token endpoint."""

    apply: Callable[[TokenRequest, Client], Awaitable[None] | None]
    """Adds to the token request what says who the client is."""
    required: tuple[str, ...] = ()
    """The fields of the credential it needs."""
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The fields it needs where the field in front of them is absent."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schema of fields that only it has."""

    def required_of(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the fields it needs of a credential with the fields *names*."""
        more = [needed for name, needed in self.unless.items() if name not in names]
        return self.required + tuple(name for needed in more for name in needed)


def _basic(request: TokenRequest, client: Client) -> None:
    # RFC 6749, section 2.3.1: both are form-encoded first, so that a colon can stand in them.
    pair = f"{quote_plus(client.text('clientId'))}:{quote_plus(client.text('clientSecret'))}"
    _set_basic(request, pair)


def _basic_raw(request: TokenRequest, client: Client) -> None:
    # As RFC 7617 has it, and as many servers read it.
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
    # RFC 8705, section 2: the connection says who the client is, and this whom to compare.
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
    """Add an assertion of who the client is (RFC 7523, section 2.2)."""
    client_id = client.text("clientId")
    who = {"iss": client_id, "sub": client_id, "aud": await client.audience()}
    request.form["client_id"] = client_id
    request.form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    request.form["client_assertion"] = client.assertion(who)


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
"""By the word in `clientAuthentication`."""
