"""The header that a credential adds to one request after another."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from httptask._http.syntax import split_url
from httptask.model.exchange import OutgoingRequest

if TYPE_CHECKING:
    from httptask._core.redaction import Redactor
    from httptask.credentials._resolve import Resolved
    from httptask.credentials._tokens import TokenKeeper
    from httptask.model.api import Endpoint
    from httptask.model.authorisation import TlsIdentity, Token


@dataclass(frozen=True, slots=True)
class KeptHeader:
    """The header that *resolved* added to a request, and adds to the next ones of the same task.

    Authorising anew would give the same as long as the store gives the same credential and the
    token is fresh.
    """

    resolved: Resolved
    endpoint: Endpoint | None
    base: str = field(repr=False)
    """The start of the URL that it was authorised for: the origin and a slash."""
    plain_headers: list[tuple[str, str]] = field(repr=False)
    """The headers of the request before; most requests of a task have the same."""
    lower_name: str
    line: tuple[str, str] = field(repr=False)
    token: Token | None = None
    """The token that is in it; None: none is."""
    token_key: str = ""
    identity: TlsIdentity | None = None
    """The client's certificate that connections are made with."""
    plain: OutgoingRequest | None = None
    request: OutgoingRequest | None = None
    """The request without it, and with it, of a task whose requests are all the same."""

    def added_to(
        self,
        plain: OutgoingRequest,
        resolved: Resolved,
        endpoint: Endpoint | None,
        tokens: TokenKeeper,
        redactor: Redactor,
    ) -> OutgoingRequest | None:
        """Return *plain*, a request to *endpoint*, with the header; None where *resolved* may add
        another one.
        """
        if (
            self.resolved is not resolved
            or self.endpoint is not endpoint
            or (self.token is not None and tokens.fresh(self.token_key) is not self.token)
            or not redactor.masks_header(self.line)
        ):
            return None
        if self.request is not None and plain is self.plain:
            return self.request
        has_none = (
            plain.headers == self.plain_headers  # far cheaper than a search
            or not plain.has_header(self.lower_name)
        )
        if not has_none or not plain.url.startswith(self.base):
            return None
        return OutgoingRequest(plain.method, plain.url, [*plain.headers, self.line], plain.body)


def kept_header(
    resolved: Resolved,
    endpoint: Endpoint | None,
    plain: OutgoingRequest,
    request: OutgoingRequest,
    redactor: Redactor,
    *,
    is_constant: bool,
) -> KeptHeader | None:
    """Return the header that *resolved* added to *plain*, which is *request* now; None where it
    changed anything else, or may add another one to the next request. *is_constant* says whether
    that will be the same.
    """
    if not resolved.adds_same_header or request.headers[:-1] != plain.headers:
        return None
    line = request.headers[-1]
    if request.url != plain.url or request.body is not plain.body:
        return None
    split = split_url(plain.url)
    base, lower_name = f"{split.scheme}://{split.netloc}/", line[0].lower()
    if not plain.url.startswith(base) or not redactor.masks_header(line):
        return None
    header = KeptHeader(resolved, endpoint, base, [*plain.headers], lower_name, line)
    # Of others, nothing is kept: their bodies may be long.
    return replace(header, plain=plain, request=request) if is_constant else header
