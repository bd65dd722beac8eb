"""The auth scheme `tls`: a client certificate (mutual TLS)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.credentials._certificate import identity_of_fields
from httptask.credentials._pem import PEM_SCHEMA, PKCS12_SCHEMA

if TYPE_CHECKING:
    from httptask.model.authorisation import TlsIdentity
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest


_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "certificate": {**PEM_SCHEMA, "description": "The client's certificate as PEM."},
        "key": {**PEM_SCHEMA, "writeOnly": True, "description": "Its private key as PEM."},
        "pkcs12": {**PKCS12_SCHEMA, "description": "Or both together as PKCS#12, in base64."},
        "password": {
            "type": "string",
            "writeOnly": True,
            "description": "What the key, or the PKCS#12, is encrypted with.",
        },
    },
    "additionalProperties": False,
}


class Tls:
    """A client certificate with its key, as PEM or PKCS#12, for servers that ask for one."""

    name = "tls"
    fields: Mapping[str, str] = {}
    credential_schema = _SCHEMA

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether *security_scheme* asks for a client certificate."""
        return security_scheme.get("type") == "mutualTLS"

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Change nothing: the certificate is sent when the connection is made."""

    def tls_identity(self, credential: Credential) -> TlsIdentity:
        """Return the client certificate in *credential*, with its key."""
        return identity_of_fields(credential.revealed())
