"""Reading a client certificate from the fields of a credential."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from httptask.credentials._pem import pem_text
from httptask.errors import CodedError
from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Secret


def identity_of_fields(fields: Mapping[str, str]) -> TlsIdentity:
    """Return the client certificate in *fields*, which have the names of a `tls` credential.

    Raises `ValueError` with a message for users.
    """
    password = Secret(fields["password"]) if "password" in fields else None
    if ("pkcs12" in fields) == ("certificate" in fields) or (
        "pkcs12" in fields and "key" in fields
    ):
        choices = ["the certificate and its key, both as PEM, in 'certificate' and 'key'"]
        raise CodedError("credential-one-of", choices=[*choices, "both together in 'pkcs12'"])
    if "pkcs12" in fields:
        # `base64` breaks its output into lines.
        digits = "".join(fields["pkcs12"].split())
        try:
            bundle = base64.b64decode(digits, validate=True)
        except (binascii.Error, ValueError):
            raise CodedError(
                "credential-not-encoded",
                field="pkcs12",
                encoding="base64",
                command="base64 client.p12",
            ) from None
        return TlsIdentity(bundle, None, password, "pkcs12")
    # The certificate is not treated as a secret: a key beside it would be shown.
    if "PRIVATE KEY" in fields["certificate"]:
        raise CodedError("credential-certificate-holds-key")
    if "key" not in fields:
        raise CodedError("credential-field-missing", field="key", use="certificate")
    certificate = pem_text(fields["certificate"])
    key = pem_text(fields["key"])
    return TlsIdentity(certificate.encode(), Secret(key), password)
