"""The auth scheme `tls`: a client's certificate (mutual TLS)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Secret

if TYPE_CHECKING:
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
        return _identity(credential.revealed())


def _identity(fields: Mapping[str, str]) -> TlsIdentity:
    password = Secret(fields["password"]) if "password" in fields else None
    if ("pkcs12" in fields) == ("certificate" in fields) or (
        "pkcs12" in fields and "key" in fields
    ):
        raise ValueError(
            "give the certificate and its key, both as PEM, in 'certificate' and 'key', or both"
            " together in 'pkcs12'"
        )
    if "pkcs12" in fields:
        try:
            bundle = base64.b64decode("".join(fields["pkcs12"].split()), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(
                "'pkcs12' is no base64: encode the file, `base64 client.p12`"
            ) from None
        return TlsIdentity(bundle, None, password, "pkcs12")
    if "PRIVATE KEY" in fields["certificate"]:
        raise ValueError("'certificate' holds a private key; put that into 'key'")
    if "key" not in fields:
        raise ValueError("the key of the certificate is missing: give it as PEM in 'key'")
    return TlsIdentity(fields["certificate"].encode(), Secret(fields["key"]), password)
