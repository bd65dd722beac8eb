"""The auth scheme `oauth2`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from httptask._core.strict_json import JsonError
from httptask.credentials._certificate import identity_of_fields
from httptask.credentials._placing import put_token
from httptask.credentials.oauth2._client import Client
from httptask.credentials.oauth2._consent import AuthorizationConsent, ask_in_browser
from httptask.credentials.oauth2._device import DeviceConsent, ask_on_device
from httptask.credentials.oauth2._discovery import Discovery
from httptask.credentials.oauth2._schema import credential_schema
from httptask.errors import CodedError
from httptask.model.authorisation import AuthResponse, TlsIdentity, Token

if TYPE_CHECKING:
    from httptask.model.api import Endpoint
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest
    from httptask.protocols import AuthContext

_SHOWN = Token("stand-in-for-a-token-that-is-not-asked-for")
"""What stands for a token where a request is only shown. It is masked like one, wherever it stands
from then on, so that it must be no word that somebody writes.
"""


_MOST_IDENTITIES = 1024
"""Credentials whose identity is kept: it is asked for in every attempt."""


class OAuth2:
    """A token of OAuth 2.0: asked for, kept, refreshed, and sent as a bearer token (RFC 6750)."""

    name = "oauth2"
    fields: Mapping[str, str] = {}

    def __init__(self) -> None:
        self._discovery = Discovery()
        self._identities: dict[str, tuple[Credential, Endpoint | None, Mapping[str, Any]]] = {}

    @cached_property
    def credential_schema(self) -> Mapping[str, Any]:
        """The JSON Schema of a credential."""
        return credential_schema()

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether it asks for a token."""
        is_bearer = str(security_scheme.get("scheme", "")).lower() == "bearer"
        kind = security_scheme.get("type")
        return kind in ("oauth2", "openIdConnect") or (kind == "http" and is_bearer)

    def tls_identity(self, credential: Credential) -> TlsIdentity | None:
        """Return the client's certificate, where it has one (RFC 8705)."""
        if not credential.fields.keys() & {"certificate", "pkcs12"}:
            return None
        fields = credential.revealed()
        key = fields.get("key", {})
        own = {}
        if "certificate" in fields and "pem" in key:
            own = {"certificate": fields["certificate"], "key": key["pem"]}
        if "pkcs12" in fields:
            own["pkcs12"] = fields["pkcs12"]
        if not own:
            return None
        password = key.get("password")
        if password is None and "pkcs12" in own and fields["grant"] != "password":
            password = fields.get("password")  # with that grant it is a person's
        if password is not None:
            own["password"] = password
        return identity_of_fields(own)

    async def ask(
        self, credential: Credential, context: AuthContext, redirect_uri: str
    ) -> AuthorizationConsent | DeviceConsent:
        """Ask a person for consent. Raises `ValueError` where the grant needs none."""
        client = Client(credential, context, self._discovery)
        grant = client.text("grant")
        if grant == "authorizationCode":
            return await ask_in_browser(client, redirect_uri)
        if grant == "deviceCode":
            return await ask_on_device(client)
        raise CodedError("credential-asks-nobody", grant=grant)

    def identity(self, credential: Credential, context: AuthContext) -> Mapping[str, Any]:
        """Return what the token of *credential* is stored under."""
        kept = self._identities.get(credential.name)
        if kept is not None and kept[0] is credential and kept[1] is context.endpoint:
            return kept[2]
        identity = Client(credential, context, self._discovery).identity()
        if len(self._identities) >= _MOST_IDENTITIES:
            self._identities.clear()
        self._identities[credential.name] = credential, context.endpoint, identity
        return identity

    async def authorise(
        self, request: OutgoingRequest, credential: Credential, context: AuthContext
    ) -> None:
        """Put a fresh token into *request*."""
        token = _SHOWN
        if context.sends:
            token = await context.tokens.get(
                self.identity(credential, context),
                lambda stored: Client(credential, context, self._discovery).obtain(stored),
            )
        place = credential.fields.get("sendAs", {})
        put_token(request, place, token.access_token, token.token_type)

    def adds_same_header(self, credential: Credential) -> bool:
        """Say yes: of the request it looks at nothing."""
        return True

    def challenge_statuses(self, credential: Credential) -> Collection[int] | None:
        """Return the statuses that `challenges` accepts; None: it looks at each response."""
        when = credential.fields.get("refreshWhen", {})
        return None if "condition" in when else when.get("status", (401,))

    async def challenges(
        self, response: AuthResponse, credential: Credential, context: AuthContext
    ) -> bool:
        """Say whether *response* says that the token is not valid any more."""
        when = credential.fields.get("refreshWhen", {})
        if response.status in when.get("status", (401,)):
            return True
        condition = when.get("condition")
        if condition is None:
            return False
        try:
            body = response.json()
        except JsonError:
            body = response.text()
        headers = {name.lower(): value for name, value in response.headers}
        data = {"status": response.status, "headers": headers, "body": body}
        return bool(await context.evaluate(condition, data))

    def challenged(
        self, response: AuthResponse, credential: Credential, context: AuthContext
    ) -> bool:
        """Refuse the token that was sent: the next one is another."""
        context.tokens.refuse()
        return True
