"""What signs for `awsSigV4`. Importing it needs the extra `aws`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class _Signing:
    """Signs with a date and a hash of the body that it is given.

    Botocore's own `add_auth` would ask the machine's clock, and write the canonical request, a
    session token in it, into its log.
    """

    def headers(
        self, method: str, url: str, headers: Mapping[str, str], body_sha256: str, date: datetime
    ) -> dict[str, str]:
        """Return the headers that sign the request."""
        signing: Any = self
        request = AWSRequest(method, url, dict(headers))
        request.context["timestamp"] = date.strftime(SIGV4_TIMESTAMP)
        request.context["body_sha256"] = body_sha256
        signing._modify_request_before_signing(request)
        text = signing.string_to_sign(request, signing.canonical_request(request))
        signing._inject_signature_to_request(request, signing.signature(text, request))
        given = {name.lower(): value for name, value in headers.items()}
        return {
            name: value
            for name, value in request.headers.items()
            if given.get(name.lower()) != value
        }

    def payload(self, request: Any) -> str:
        """Return the hash of the body."""
        return str(request.context["body_sha256"])


class Signer(_Signing, SigV4Auth):  # type: ignore[misc]
    """Signs for every service but S3."""


class S3Signer(_Signing, S3SigV4Auth):  # type: ignore[misc]
    """Signs for S3: the path as it is, and with the hash of the body in a header."""


def signer_of(fields: Mapping[str, str]) -> _Signing:
    """Return the signer of the credential with *fields*."""
    keys = (fields["accessKeyId"], fields["secretAccessKey"], fields.get("sessionToken"))
    signer: Any = S3Signer if fields["service"] == "s3" else Signer
    made: _Signing = signer(Credentials(*keys), fields["service"], fields["region"])
    return made
