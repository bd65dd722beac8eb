"""The auth scheme `awsSigV4`: AWS Signature Version 4, in the header `Authorization`.

Only the signing code of botocore is used, not its credentials, configuration and connections.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from httptask._core.threads import in_thread
from httptask._http.syntax import http_date, split_url
from httptask.credentials.schemes._simple import is_authorization
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.model.authorisation import AuthResponse
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest
    from httptask.protocols import AuthContext

_SIGNED = ("content-type", "content-md5")
"""The headers that are signed besides `Host` and `x-amz-*`. Proxies may change other headers."""
_MOST_SKEW = 300
"""The difference of clocks, in seconds, above which the clock is blamed for a refusal. S3 allows 15
minutes, other services 5.
"""


class AwsSigV4:
    """Signs the method, URL, body and date of each request."""

    name = "awsSigV4"
    fields: Mapping[str, str] = {
        "accessKeyId": "text",
        "secretAccessKey": "secret",
        "sessionToken": "optional secret",
        "region": "text",
        "service": "text",
    }
    signs = True

    def __init__(self) -> None:
        self._signer: Callable[[Mapping[str, str]], Any] | None = None

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether *security_scheme* asks for `Authorization`; OpenAPI has no type for AWS."""
        return is_authorization(security_scheme)

    async def authorise(
        self,
        request: OutgoingRequest,
        credential: Credential,
        context: AuthContext,
    ) -> None:
        """Sign *request*, after encoding its path and query as AWS encodes them."""
        fields = credential.revealed()
        if self._signer is None:  # in a thread: importing botocore takes half a second
            self._signer = await in_thread(_signing)
        signer = self._signer(fields)
        split = split_url(request.url)
        request.url = f"{split.scheme}://{split.netloc}{_encoded(context.target)}"
        headers = {
            name: value
            for name, value in request.headers
            if name.lower() in _SIGNED or name.lower().startswith("x-amz-")
        }
        added = signer.headers(
            request.method,
            request.url,
            {**headers, "Host": context.host},
            await context.body_sha256(),
            datetime.fromtimestamp(context.clock.wall(), UTC),
        )
        # Mask the signature alone, too: AWS quotes it when it is refused (SignatureProvided).
        context.mask(added["Authorization"].rpartition("Signature=")[2])
        for name, value in added.items():
            request.set_header(name, value)

    def responded(
        self,
        response: AuthResponse,
        credential: Credential,
        context: AuthContext,
    ) -> None:
        """Raise `CodedError` for a refusal that a wrong clock explains."""
        date = http_date(response.header("Date") or "")
        if response.status not in (400, 403) or date is None:
            return
        seconds = context.clock.wall() - date.timestamp()
        if abs(seconds) > _MOST_SKEW:
            side = "secondsAhead" if seconds > 0 else "secondsBehind"
            params = {"status": response.status, side: abs(seconds)}
            raise CodedError("credential-clock", params)


def _encoded(target: str) -> str:
    """Encode *target* as AWS does before it compares signatures.

    All bytes are percent-encoded except letters, digits, `-._~` and the delimiters. A plus in the
    query is a space.
    """
    path, question, query = target.partition("?")
    path = "/".join(map(_escaped, path.split("/")))
    pairs = (pair.partition("=") for pair in query.replace("+", "%20").split("&"))
    return path + question + "&".join(_escaped(n) + equals + _escaped(v) for n, equals, v in pairs)


def _escaped(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="")


def _signing() -> Callable[[Mapping[str, str]], Any]:
    """Return the function that makes a signer from a credential's fields.

    Raises `ValueError` if the extra `aws` is not installed.
    """
    try:
        from httptask.credentials.schemes._aws_signer import signer_of
    except ImportError:
        raise CodedError(
            "credential-package",
            use="awsSigV4",
            package="botocore",
            extra="aws",
        ) from None
    return signer_of
