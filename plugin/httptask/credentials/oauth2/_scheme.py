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
"""A substitute for the token when a request is only shown. From then on it is masked wherever it
appears, like a token, so it must not be a common word.
"""


_MOST_IDENTITIES = 1024
"""The most credentials whose identity is cached. Every attempt needs the identity."""


class OAuth2:
    """OAuth 2.0: the scheme obtains and refreshes tokens, and sends them as in RFC 6750."""

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
        """Say whether *security_scheme* asks for an OAuth or bearer token."""
        is_bearer = str(security_scheme.get("scheme", "")).lower() == "bearer"
        scheme_type = security_scheme.get("type")
        return scheme_type in ("oauth2", "openIdConnect") or (scheme_type == "http" and is_bearer)

    def tls_identity(self, credential: Credential) -> TlsIdentity | None:
        """Return the client certificate in *credential* (RFC 8705), or None."""
        if not credential.fields.keys() & {"certificate", "pkcs12"}:
            return None
        fields = credential.revealed()
        key = fields.get("key", {})
        tls_fields = {}
        if "certificate" in fields and "pem" in key:
            tls_fields = {"certificate": fields["certificate"], "key": key["pem"]}
        if "pkcs12" in fields:
            tls_fields["pkcs12"] = fields["pkcs12"]
        if not tls_fields:
            return None
        password = key.get("password")
        if password is None and "pkcs12" in tls_fields and fields["grant"] != "password":
            password = fields.get("password")  # in the grant `password` this is a person's password
        if password is not None:
            tls_fields["password"] = password
        return identity_of_fields(tls_fields)

    async def ask(
        self,
        credential: Credential,
        context: AuthContext,
        redirect_uri: str,
    ) -> AuthorizationConsent | DeviceConsent:
        """Begin to ask a person for consent. Raises `ValueError` if the grant needs no consent."""
        client = Client(credential, context, self._discovery)
        grant = client.text("grant")
        if grant == "authorizationCode":
            return await ask_in_browser(client, redirect_uri)
        if grant == "deviceCode":
            return await ask_on_device(client)
        raise CodedError("credential-asks-nobody", grant=grant)

    def identity(self, credential: Credential, context: AuthContext) -> Mapping[str, Any]:
        """Return the identity under which the token of *credential* is stored."""
        cached = self._identities.get(credential.name)
        if cached is not None and cached[0] is credential and cached[1] is context.endpoint:
            return cached[2]
        identity = Client(credential, context, self._discovery).identity()
        if len(self._identities) >= _MOST_IDENTITIES:
            self._identities.clear()
        self._identities[credential.name] = credential, context.endpoint, identity
        return identity

    async def authorise(
        self,
        request: OutgoingRequest,
        credential: Credential,
        context: AuthContext,
    ) -> None:
        """Put a fresh token into *request*."""
        token = _SHOWN
        if context.sends:
            token = await context.tokens.get(
                self.identity(credential, context),
                lambda stored: Client(credential, context, self._discovery).obtain(stored),
            )
        send_as = credential.fields.get("sendAs", {})
        put_token(request, send_as, token.access_token, token.token_type)

    def adds_same_header(self, credential: Credential) -> bool:
        """Return True: the header does not depend on the request."""
        return True

    def challenge_statuses(self, credential: Credential) -> Collection[int] | None:
        """Return the statuses that `challenges` accepts; None: it must see every response."""
        refresh_when = credential.fields.get("refreshWhen", {})
        if "condition" in refresh_when:
            return None
        statuses: Collection[int] = refresh_when.get("status", (401,))
        return statuses

    async def challenges(
        self,
        response: AuthResponse,
        credential: Credential,
        context: AuthContext,
    ) -> bool:
        """Say whether *response* means that the token is no longer valid."""
        refresh_when = credential.fields.get("refreshWhen", {})
        if response.status in refresh_when.get("status", (401,)):
            return True
        condition = refresh_when.get("condition")
        if condition is None:
            return False
        try:
            body = response.json()
        except JsonError:
            body = response.text()
        headers = {name.lower(): value for name, value in response.headers}
        data = {
            "status": response.status,
            "headers": headers,
            "body": body,
        }
        return bool(await context.evaluate(condition, data))

    def challenged(
        self,
        response: AuthResponse,
        credential: Credential,
        context: AuthContext,
    ) -> bool:
        """Mark the token that was sent as refused, so that the next request gets another one."""
        context.tokens.refuse()
        return True
