"""Authorization server metadata (RFC 8414; OpenID Connect Discovery 1.0)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from httptask._core.strict_json import JsonError
from httptask.model.exchange import OutgoingRequest

if TYPE_CHECKING:
    from httptask.credentials.oauth2._client import Client
    from httptask.model.authorisation import AuthResponse

MEMBERS = {
    "tokenUrl": "token_endpoint",
    "authorizationUrl": "authorization_endpoint",
    "deviceAuthorizationUrl": "device_authorization_endpoint",
}
"""Field of a credential -> member of the metadata that replaces it."""

_KEPT_SECONDS = 3600.0
_MOST = 256


class Discovery:
    """The metadata of issuers, fetched at most once an hour."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def known(self, issuer: str) -> Mapping[str, Any]:
        """Return the metadata of *issuer* if it was fetched before, or {}."""
        return self._kept.get(issuer, (0.0, {}))[1]

    async def ask(self, issuer: str, client: Client) -> Mapping[str, Any]:
        """Return the metadata of *issuer*; *client* fetches it. Raises `CredentialError`."""
        now = client.context.clock.monotonic()
        until, cached = self._kept.get(issuer, (0.0, None))
        if cached is not None and now < until:
            return cached
        metadata = await _metadata(issuer, client)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[issuer] = now + _KEPT_SECONDS, metadata
        return metadata


def _addresses(issuer: str) -> list[str]:
    """Return the URLs where the metadata of *issuer* may be, the more common one first."""
    split = urlsplit(issuer)
    path = split.path.rstrip("/")
    host = f"{split.scheme}://{split.netloc}"
    return [
        f"{host}{path}/.well-known/openid-configuration",
        f"{host}/.well-known/oauth-authorization-server{path}",  # RFC 8414, section 3.1
    ]


async def _metadata(issuer: str, client: Client) -> Mapping[str, Any]:
    """Fetch the metadata of *issuer*, and check that they are the issuer's. Raises
    `CredentialError`.
    """
    for url in _addresses(issuer):
        request = OutgoingRequest("GET", url, [("Accept", "application/json")], b"")
        response = await client.context.send(request)
        metadata = _read(response)
        if metadata is not None:
            break
        if response.status == 429 or response.status >= 500:  # a temporary error: do not try on
            break
    else:
        metadata = None
    if metadata is None:
        raise client.failure(response, "credential-metadata-absent", url=_addresses(issuer)[0])
    found_issuer = metadata["issuer"]
    if found_issuer != issuer:  # RFC 8414, section 3.3: such metadata must not be used
        raise client.failure(response, "credential-metadata-issuer", found=str(found_issuer)[:200])
    return metadata


def _read(response: AuthResponse) -> Mapping[str, Any] | None:
    """Return the metadata in *response*, or None."""
    if response.status != 200:
        return None
    try:
        metadata = response.json()
    except JsonError:
        return None
    if isinstance(metadata, Mapping) and "issuer" in metadata:
        return metadata
    return None
