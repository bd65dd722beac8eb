"""Verify the signature of a callback: an HMAC of its body (RFC 2104)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from httptask.errors import CredentialError

if TYPE_CHECKING:
    from httptask.model.callback import Received
    from httptask.model.completion import Verifying
    from httptask.model.credential import Credential


def signature_refusal(
    received: Received,
    verify: Verifying,
    credential: Credential,
) -> str | None:
    """Return why the signature of *received* is wrong; None if it is right.

    The key is the secret of *credential*. Raises `CredentialError` if *credential* has no secret,
    or several.
    """
    secrets = credential.secrets()
    if len(secrets) != 1:
        raise CredentialError.of(
            "credential-signature-key",
            name=credential.name,
            count=len(secrets),
        )
    signature = received.headers.get(verify.header.lower())
    if signature is None:
        return f"there is no header {verify.header}"
    hashed = hmac.new(secrets[0].encode(), received.content, getattr(hashlib, verify.algorithm))
    if verify.encoding == "hex":
        expected = hashed.hexdigest()
        signature = signature.strip().lower()
        prefix = verify.prefix.lower()
    else:
        expected = base64.b64encode(hashed.digest()).decode()
        signature = signature.strip()
        prefix = verify.prefix
    # In constant time: otherwise a caller learns the signature byte by byte.
    if hmac.compare_digest((prefix + expected).encode(), signature.encode("utf-8", "replace")):
        return None
    return f"the signature in {verify.header} is not that of the body"
