"""How a client says who it is (RFC 6749, section 2.3): a table."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client, TokenRequest


@dataclass(frozen=True, slots=True)
class Authentication:
    """One way to authenticate a client at the token endpoint."""

    apply: Callable[[TokenRequest, Client], Awaitable[None] | None]
    """Adds to the token request what says who the client is."""
    required: tuple[str, ...] = ()
    """The fields of the credential it needs."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """The JSON Schema of fields that only it has."""


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


_BOTH = ("clientId", "clientSecret")

AUTHENTICATIONS: dict[str, Authentication] = {
    "basic": Authentication(_basic, _BOTH),
    "basicRaw": Authentication(_basic_raw, _BOTH),
    "post": Authentication(_post, _BOTH),
    "none": Authentication(_none),
}
"""By the word in `clientAuthentication`."""
