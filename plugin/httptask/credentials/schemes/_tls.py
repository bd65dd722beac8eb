"""The auth scheme `tls`: a client's certificate (mutual TLS)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.credentials._certificate import identity_of_fields

if TYPE_CHECKING:
    from httptask.model.authorisation import TlsIdentity
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest


class Tls:
    """A certificate and its key, as PEM or as PKCS#12, shown to a server that asks for one."""

    name = "tls"
    fields: Mapping[str, str] = {
        "certificate": "optional text",
        "key": "optional secret",
        "pkcs12": "optional secret",
        "password": "optional secret",
    }

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether it asks for a client's certificate."""
        return security_scheme.get("type") == "mutualTLS"

    def authorise(self, request: OutgoingRequest, credential: Credential) -> None:
        """Change nothing: the connection says who the client is."""

    def tls_identity(self, credential: Credential) -> TlsIdentity:
        """Return the certificate and its key."""
        return identity_of_fields(credential.revealed())
