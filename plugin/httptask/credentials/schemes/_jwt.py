"""The auth scheme `jwt`: a JSON Web Token (RFC 7519) that the client signs itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from httptask._core.threads import in_thread
from httptask.credentials._jwt import KEY_SCHEMA, SigningKey
from httptask.credentials._placing import SEND_AS, put_token
from httptask.credentials.schemes._simple import asks_for_token
from httptask.errors import CodedError

if TYPE_CHECKING:
    from httptask.model.authorisation import AuthResponse
    from httptask.model.credential import Credential
    from httptask.model.exchange import OutgoingRequest
    from httptask.protocols import AuthContext

_LIFETIME = 300.0
"""The default lifetime of a token, in seconds. GitHub allows 600, Apple 1200."""
_MOST_TOKENS = 1024

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "key": {
            **KEY_SCHEMA,
            "properties": {
                **KEY_SCHEMA["properties"],
                "secret": {**_TEXT, "writeOnly": True, "description": "A secret for HS256."},
            },
        },
        "issuer": {**_TEXT, "description": "The claim iss."},
        "subject": {**_TEXT, "description": "The claim sub."},
        "audience": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        "lifetimeSeconds": {"type": "number", "exclusiveMinimum": 0},
        "claims": {"type": "object", "description": "More claims, or other values of these."},
        "sendAs": SEND_AS,
    },
    "required": ["key"],
    "additionalProperties": False,
}


class Jwt:
    """Sends a JWT of the credential's claims. It is reused until a tenth of its lifetime is
    left.
    """

    name = "jwt"
    fields: Mapping[str, str] = {}
    credential_schema = _SCHEMA

    def __init__(self) -> None:
        self._tokens: dict[bytes, tuple[str, float]] = {}
        """Hash of the credential -> token, and the monotonic time when it must be replaced."""
        self._owners: dict[str, tuple[Credential, bytes]] = {}

    def fits(self, security_scheme: Mapping[str, Any]) -> bool:
        """Say whether *security_scheme* asks for a bearer token."""
        return asks_for_token(security_scheme)

    async def authorise(
        self,
        request: OutgoingRequest,
        credential: Credential,
        context: AuthContext,
    ) -> None:
        """Put a token into *request*."""
        owner = self._owner(credential)
        token, stale_at = self._tokens.get(owner, ("", 0.0))
        if not token or context.clock.monotonic() >= stale_at:
            fields = credential.revealed()
            lifetime = fields.get("lifetimeSeconds", _LIFETIME)
            claims = _claims(fields, int(context.clock.wall()), lifetime)
            # In a thread: signing takes a millisecond, and the first time imports a library.
            token = await in_thread(partial(_key(fields).signed, claims))
            if len(self._tokens) >= _MOST_TOKENS:
                self._tokens.clear()
            self._tokens[owner] = token, context.clock.monotonic() + lifetime * 0.9
        context.mask(token)
        put_token(request, credential.fields.get("sendAs", {}), token, "Bearer")

    def challenged(
        self,
        response: AuthResponse,
        credential: Credential,
        context: AuthContext,
    ) -> bool:
        """Drop the token, so that a new one is signed: a corrected clock may help, for example."""
        self._tokens.pop(self._owner(credential), None)
        return True

    def _owner(self, credential: Credential) -> bytes:
        """Return the hash of *credential*, from a cache while the credential is the same object."""
        cached = self._owners.get(credential.name)
        if cached is not None and cached[0] is credential:
            return cached[1]
        owner = hashlib.sha256(repr(credential.revealed()).encode()).digest()
        if len(self._owners) >= _MOST_TOKENS:
            self._owners.clear()
        self._owners[credential.name] = credential, owner
        return owner


def _key(fields: Mapping[str, Any]) -> SigningKey:
    key = fields["key"]
    if ("pem" in key) == ("secret" in key):
        choices = ["a private key in /key/pem", "a secret in /key/secret"]
        raise CodedError("credential-one-of", choices=choices)
    return SigningKey.of(key, key.get("secret", ""))


def _claims(fields: Mapping[str, Any], now: int, lifetime: float) -> dict[str, Any]:
    named = {
        "iss": "issuer",
        "sub": "subject",
        "aud": "audience",
    }
    claims = {claim: fields[field] for claim, field in named.items() if field in fields}
    return {
        **claims,
        "iat": now,
        "exp": now + int(lifetime),
        **fields.get("claims", {}),
    }
