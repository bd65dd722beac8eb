"""Reusing the header that a credential added to an earlier request."""

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
    """The header that *resolved* added to a request, for the next requests of the same task.

    Authorising those would give the same header as long as the stored credential is the same and
    the token is fresh.
    """

    resolved: Resolved
    endpoint: Endpoint | None
    base: str = field(repr=False)
    """The start of the URLs that the header is for: the origin and a slash."""
    plain_headers: list[tuple[str, str]] = field(repr=False)
    """The request's headers without this one; most requests of a task have the same headers."""
    lower_name: str
    """The name of the header, in lower case."""
    line: tuple[str, str] = field(repr=False)
    """The name and value of the header."""
    token: Token | None = None
    """The token in the header; None without one."""
    token_key: str = ""
    identity: TlsIdentity | None = None
    """The client certificate for connections."""
    plain: OutgoingRequest | None = None
    request: OutgoingRequest | None = None
    """If all requests of the task are the same: `plain` is the request without the header, and
    `request` the request with the header.
    """

    def added_to(
        self,
        plain: OutgoingRequest,
        resolved: Resolved,
        endpoint: Endpoint | None,
        tokens: TokenKeeper,
        redactor: Redactor,
    ) -> OutgoingRequest | None:
        """Return *plain*, a request to *endpoint*, with the header added.

        Returns None if *resolved* might add another header now.
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
            plain.headers == self.plain_headers  # much faster than searching the headers
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
    """Return the header that *resolved* added to *plain*, if later requests can have the same one.

    *request* is *plain* after it was authorised. Returns None if anything else was changed, or if
    the header may be another one next time. *is_constant* says whether all requests of the task are
    the same.
    """
    if not resolved.adds_same_header or request.headers[:-1] != plain.headers:
        return None
    line = request.headers[-1]
    if request.url != plain.url or request.body is not plain.body:
        return None
    split = split_url(plain.url)
    base = f"{split.scheme}://{split.netloc}/"
    lower_name = line[0].lower()
    if not plain.url.startswith(base) or not redactor.masks_header(line):
        return None
    header = KeptHeader(resolved, endpoint, base, [*plain.headers], lower_name, line)
    # Requests that change are not kept: their bodies may be long.
    if is_constant:
        return replace(header, plain=plain, request=request)
    return header
