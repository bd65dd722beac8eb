"""The values that auth schemes work with: responses, client certificates, the time, tokens."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, Self

from httptask._core.redaction import MASK
from httptask._core.strict_json import parse
from httptask._http.header_fields import values_of
from httptask.model.credential import Secret
from httptask.model.exchange import Headers


class AuthResponse:
    """A response to a token request, or to a request that a scheme authorised."""

    __slots__ = ("_body", "headers", "status", "url")

    def __init__(
        self,
        status: int,
        headers: Headers,
        body: bytes | Callable[[], bytes],
        url: str = "",
    ) -> None:
        self.status = status
        self.headers = headers
        """In the order they came, duplicates kept."""
        self.url = url
        """The URL of the request. It may contain a secret."""
        self._body = body

    @property
    def body(self) -> bytes:
        """The body after content decoding, at most 1 MB; empty if it cannot be decoded."""
        if not isinstance(self._body, bytes):
            self._body = self._body()
        return self._body

    def header(self, name: str) -> str | None:
        """Return the first value of the header *name*, whatever its case, or None."""
        return next(iter(self.header_lines(name)), None)

    def header_lines(self, name: str) -> Sequence[str]:
        """Return the value of each header line *name*, in order.

        A server may send several `WWW-Authenticate` lines.
        """
        return values_of(self.headers, name)

    @property
    def media_type(self) -> str:
        """The media type of the body, in lower case; "" when the server does not say."""
        return (self.header("Content-Type") or "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Parse the body as JSON. Raises `ValueError` when it is not JSON."""
        return parse(self.body)

    def text(self) -> str:
        """Return the body as text, with invalid UTF-8 replaced."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"<AuthResponse {self.status}>"  # its headers and body may hold a token


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TlsIdentity:
    """A client's certificate and its key, for mutual TLS. Two are equal if their bytes are."""

    certificate: bytes
    """PEM, with the client's own certificate first; or PKCS#12, which also holds the key."""
    key: Secret | None = None
    """PEM; None: the key is in `certificate`."""
    password: Secret | None = None
    """The password of the key, or of the PKCS#12."""
    format: Literal["pem", "pkcs12"] = "pem"
    digest: bytes = field(init=False, default=b"")
    """A SHA-256 hash of the other fields; it is part of the key of its connections."""

    def __post_init__(self) -> None:
        key, password = _revealed(self.key), _revealed(self.password)
        digest = hashlib.sha256()
        for part in (self.format.encode(), self.certificate, key, password):
            # With its length, so that text cannot move from one part to the next unnoticed.
            digest.update(len(part).to_bytes(8, "big") + part)
        object.__setattr__(self, "digest", digest.digest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TlsIdentity) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"<TlsIdentity {self.format}>"


def _revealed(secret: Secret | None) -> bytes:
    if secret is None:
        return b""
    return secret.reveal().encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Clock:
    """The time in seconds, for signatures, nonces and expiry; tests replace it."""

    wall: Callable[[], float] = time.time
    """Since the epoch. It may be wrong, and it may jump."""
    monotonic: Callable[[], float] = time.monotonic
    """Since an arbitrary moment. It only moves forwards, at an even pace, within this process."""


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """The response of a token endpoint for a credential. All of it is secret."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: float | None = None
    """Its lifetime in seconds, from when it was issued; None: the server did not say."""
    refresh_token: str | None = None
    id_token: str | None = None
    scope: str | None = None
    """The granted scopes, as the server listed them; None: it did not."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the response that a scheme keeps, as JSON: `instance_url`, for example."""
    obtained_at: float = 0.0
    """Seconds since the epoch, by the clock of the obtaining process; set when it is stored."""
    version: str = ""
    """A value that changes with every new token; set when it is stored."""

    def secrets(self) -> tuple[str, ...]:
        """Return the values to mask."""
        return tuple(filter(None, (self.access_token, self.refresh_token, self.id_token)))

    def to_stored(self) -> dict[str, Any]:
        """Return the token as JSON for a store, with its secrets."""
        stored = {name: getattr(self, name) for name in self.__slots__}
        stored["extra"] = dict(self.extra)
        return stored

    @classmethod
    def from_stored(cls, value: Mapping[str, Any]) -> Self:
        """Return the token of a JSON object from `to_stored`.

        Raises `ValueError` for any other value.
        """
        members = {name: value[name] for name in cls.__slots__ if name in value}
        text_members = ("access_token", "token_type", "version")
        if any(not isinstance(members.get(name, ""), str) for name in text_members):
            raise ValueError("a stored token must be an object with an access_token")
        times = (members.get("expires_in"), members.get("obtained_at", 0.0))
        if any(number is not None and not isinstance(number, int | float) for number in times):
            raise ValueError("the times of a stored token must be numbers")
        if "access_token" not in members:
            raise ValueError("a stored token must be an object with an access_token")
        return cls(**members)

    def __repr__(self) -> str:
        return f"<Token {MASK}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token cannot be pickled; it stays in its store")
