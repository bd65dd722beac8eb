"""The signers for `awsSigV4`. Importing this module needs the extra `aws`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class _Signing:
    """Signs with a given date, and a given hash of the body.

    Botocore's `add_auth` is not used: it takes the date from the system clock, and logs the
    canonical request, which contains a session token.
    """

    def headers(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body_sha256: str,
        date: datetime,
    ) -> dict[str, str]:
        """Return the headers to add or change, which sign the request."""
        signing: Any = self
        request = AWSRequest(method, url, dict(headers))
        request.context["timestamp"] = date.strftime(SIGV4_TIMESTAMP)
        request.context["body_sha256"] = body_sha256
        signing._modify_request_before_signing(request)
        text = signing.string_to_sign(request, signing.canonical_request(request))
        signing._inject_signature_to_request(request, signing.signature(text, request))
        values_before = {name.lower(): value for name, value in headers.items()}
        return {
            name: value
            for name, value in request.headers.items()
            if values_before.get(name.lower()) != value
        }

    def payload(self, request: Any) -> str:
        """Return the hash of the body; botocore calls this."""
        return str(request.context["body_sha256"])


class Signer(_Signing, SigV4Auth):  # type: ignore[misc]
    """The signer for all services except S3."""


class S3Signer(_Signing, S3SigV4Auth):  # type: ignore[misc]
    """The signer for S3: it does not normalise the path, and adds the hash of the body as a
    header.
    """


def signer_of(fields: Mapping[str, str]) -> _Signing:
    """Return the signer for the fields of a credential."""
    keys = (fields["accessKeyId"], fields["secretAccessKey"], fields.get("sessionToken"))
    signer: Any = S3Signer if fields["service"] == "s3" else Signer
    made: _Signing = signer(Credentials(*keys), fields["service"], fields["region"])
    return made
