"""The signature of a call: a keyed hash of its body, which only the API can make."""

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


def signature_refusal(received: Received, verify: Verifying, credential: Credential) -> str | None:
    """Return why the signature of *received* is not that of *credential*; None for one that is.

    Raises `CredentialError` where the credential has no key, or several.
    """
    secrets = credential.secrets()
    if len(secrets) != 1:
        raise CredentialError.of(
            "credential-signature-key", name=credential.name, count=len(secrets)
        )
    given = received.headers.get(verify.header.lower())
    if given is None:
        return f"there is no header {verify.header}"
    hashed = hmac.new(secrets[0].encode(), received.content, getattr(hashlib, verify.algorithm))
    if verify.encoding == "hex":
        wanted, given = hashed.hexdigest(), given.strip().lower()
        prefix = verify.prefix.lower()
    else:
        wanted, given = base64.b64encode(hashed.digest()).decode(), given.strip()
        prefix = verify.prefix
    if hmac.compare_digest((prefix + wanted).encode(), given.encode("utf-8", "replace")):
        return None
    return f"the signature in {verify.header} is not that of the body"
