"""The auth scheme `digest` (RFC 7616; RFC 2069 for servers without `qop`)."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from httptask._http.syntax import origin
from httptask.credentials._challenges import Challenge, challenges_of
from httptask.credentials.schemes._simple import is_authorization, is_http
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.model.authorisation import AuthResponse
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest
    from httptask.protocols import AuthContext

_MOST_SESSIONS = 1024
"""The most servers whose last challenge is remembered."""


def _hexadecimal(name: str, text: str) -> str:
    return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {
    algorithm: partial(_hexadecimal, name)
    for algorithm, name in (("SHA-512-256", "sha512_256"), ("SHA-256", "sha256"), ("MD5", "md5"))
    if name in hashlib.algorithms_available
}
"""Value of `algorithm`, without `-sess` -> hash function. The strongest comes first."""


@dataclass(slots=True)
class Session:
    """A challenge, which several requests may answer: `nc` counts them (RFC 7616, section 3.4)."""

    realm: str
    nonce: str
    algorithm: str
    """The algorithm as the server writes it; "": MD5, the default."""
    qop: str
    """`auth`, or "" for a server that implements RFC 2069."""
    opaque: str | None = None
    userhash: bool = False
    is_utf_8: bool = False
    cnonce: str = field(default_factory=lambda: secrets.token_hex(16))
    count: int = 0
    first_nonce: str = ""
    """The nonce in the challenge: a `-sess` algorithm uses it even after `nonce` has changed."""

    def __post_init__(self) -> None:
        self.first_nonce = self.first_nonce or self.nonce

    def authorization(
        self,
        username: str,
        password: str,
        method: str,
        target: str,
    ) -> str:
        """Return the header value for the next request of the session (RFC 7616, section 3.4)."""
        self.count += 1
        name = (self.algorithm or "MD5").upper().removesuffix("-SESS")
        hashed = _HASHES[name]
        is_sess = self.algorithm.upper().endswith("-SESS")
        key = hashed(f"{username}:{self.realm}:{password}")
        if is_sess:
            key = hashed(f"{key}:{self.first_nonce}:{self.cnonce}")
        count = f"{self.count:08x}"
        middle = f"{count}:{self.cnonce}:{self.qop}:" if self.qop else ""
        response = hashed(f"{key}:{self.nonce}:{middle}{hashed(f'{method}:{target}')}")
        user = hashed(f"{username}:{self.realm}") if self.userhash else username
        parts = [self._username(user), f"realm={_quoted(self.realm)}"]
        parts += [f"nonce={_quoted(self.nonce)}", f"uri={_quoted(target)}"]
        if self.algorithm:
            parts.append(f"algorithm={self.algorithm}")
        if self.qop:
            parts += [f"qop={self.qop}", f"nc={count}"]
        if self.qop or is_sess:
            parts.append(f'cnonce="{self.cnonce}"')
        parts.append(f'response="{response}"')
        if self.opaque is not None:
            parts.append(f"opaque={_quoted(self.opaque)}")
        if self.userhash:
            parts.append("userhash=true")
        return "Digest " + ", ".join(parts)

    def _username(self, username: str) -> str:
        if username.isascii() or not self.is_utf_8:
            return f"username={_quoted(username)}"
        return f"username*=UTF-8''{quote(username, safe='')}"  # RFC 8187


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def session_of(challenges: Iterable[Challenge]) -> Session | None:
    """Return a session for the strongest Digest challenge in *challenges*; None without one.

    Raises `ValueError` with a message for users if no Digest challenge can be answered.
    """
    digests = [challenge.parameters for challenge in challenges if challenge.scheme == "digest"]
    if not digests:
        return None
    ranks = list(_HASHES)
    supported = [digest for digest in digests if _hash_of(digest) in _HASHES and "nonce" in digest]
    supported.sort(key=lambda digest: ranks.index(_hash_of(digest)))
    for parameters in supported:
        words = [word.strip().lower() for word in parameters.get("qop", "").split(",")]
        if "auth" in words or words == [""]:
            return Session(
                realm=parameters.get("realm", ""),
                nonce=parameters["nonce"],
                algorithm=parameters.get("algorithm", ""),
                qop="auth" if "auth" in words else "",
                opaque=parameters.get("opaque"),
                userhash=parameters.get("userhash", "").lower() == "true",
                is_utf_8=parameters.get("charset", "").lower() == "utf-8",
            )
    if supported:
        refused_values = sorted({digest.get("qop", "") for digest in supported})
        raise CodedError("credential-digest-qop", found=refused_values)
    refused_values = sorted({digest.get("algorithm", "MD5") for digest in digests})
    raise CodedError("credential-digest-algorithm", found=refused_values, known=list(_HASHES))


def _hash_of(parameters: Mapping[str, str]) -> str:
    return parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")


class Digest:
    """`Authorization: Digest`. The first request is challenged; later ones answer in advance."""

    name = "digest"
    fields: Mapping[str, str] = {"username": "text", "password": "secret"}
    signs = True

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, ...], Session] = {}
        self._lock = threading.Lock()  # tasks run on several event loops

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether *security_scheme* asks for Digest."""
        return is_http(security_scheme, "digest") or is_authorization(security_scheme)

    def authorise(
        self,
        request: OutgoingRequest,
        credential: Credential,
        context: AuthContext,
    ) -> None:
        """Answer the server's last challenge; before the first challenge, change nothing."""
        fields = credential.revealed()
        with self._lock:
            session = self._sessions.get(_key(credential, request.url))
            if session is None:
                return
            header = session.authorization(
                fields["username"],
                fields["password"],
                request.method,
                context.target,
            )
        # Mask the hash alone, too: servers may quote it, and with it passwords can be guessed.
        context.mask(header.partition('response="')[2].partition('"')[0])
        request.set_header("Authorization", header)

    def responded(
        self,
        response: AuthResponse,
        credential: Credential,
        context: AuthContext,
    ) -> None:
        """Use the `nextnonce` in *response*, if any, from now on (RFC 7616, section 3.5)."""
        info = response.header("Authentication-Info")
        for challenge in challenges_of([f"Digest {info}"] if info else []):
            nonce = challenge.parameters.get("nextnonce")
            with self._lock:
                session = self._sessions.get(_key(credential, response.url))
                if nonce and session is not None:
                    session.nonce = nonce
                    session.count = 0

    def challenged(
        self,
        response: AuthResponse,
        credential: Credential,
        context: AuthContext,
    ) -> bool:
        """Remember the Digest challenge in *response*, and say whether there is one."""
        session = session_of(challenges_of(response.header_lines("WWW-Authenticate")))
        if session is None:
            return False
        with self._lock:
            if len(self._sessions) >= _MOST_SESSIONS:
                self._sessions.clear()
            self._sessions[_key(credential, response.url)] = session
        return True


def _key(credential: Credential, url: str) -> tuple[str, ...]:
    """Return the key for a challenge: credential, hash of its fields, origin.

    After the password has changed, the old challenge is not used.
    """
    owner = hashlib.sha256(repr(credential.revealed()).encode()).hexdigest()
    return credential.name, owner, origin(url)
