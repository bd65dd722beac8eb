"""The client's certificate in the fields of a credential."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from httptask.model.authorisation import TlsIdentity
from httptask.model.credential import Secret


def identity_of_fields(fields: Mapping[str, str]) -> TlsIdentity:
    """Return the certificate and the key in *fields*, which are named as a `tls` credential's.

    Raises `ValueError` with a sentence.
    """
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
