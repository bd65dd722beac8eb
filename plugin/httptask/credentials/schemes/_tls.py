"""The auth scheme `tls`: a client's certificate (mutual TLS)."""

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
    """A certificate and its key, as PEM or as PKCS#12, shown to a server that asks for one."""

    name = "tls"
    fields: Mapping[str, str] = {}
    credential_schema = _SCHEMA

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether it asks for a client's certificate."""
        return security_scheme.get("type") == "mutualTLS"

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Change nothing: the connection says who the client is."""

    def tls_identity(self, credential: Credential) -> TlsIdentity:
        """Return the certificate and its key."""
        return identity_of_fields(credential.revealed())
