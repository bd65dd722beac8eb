"""Signing JSON Web Tokens (RFC 7519) with a private key or a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from httptask.credentials._pem import PEM_SCHEMA, pem_text
from httptask.errors import CodedError

_KEY_SCHEMA: dict[str, Any] = {"type": "string", "minLength": 1}
KEY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "pem": {
            **PEM_SCHEMA,
            "writeOnly": True,
            "description": "The private key as PEM, from its BEGIN line to its END line.",
        },
        "password": {
            **_KEY_SCHEMA,
            "writeOnly": True,
            "description": "What the private key is encrypted with.",
        },
        "kid": {**_KEY_SCHEMA, "description": "The key's id at the server."},
        "alg": {**_KEY_SCHEMA, "description": "How it signs (RFC 7518), such as RS256."},
    },
    "additionalProperties": False,
}
"""The JSON Schema of a key in a credential."""

_OF_CURVE = {
    "secp256r1": ("ES256",),
    "secp384r1": ("ES384",),
    "secp521r1": ("ES512",),
    "secp256k1": ("ES256K",),
}
_OF_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_OF_SECRET = ("HS256", "HS384", "HS512")
"""The algorithms for each kind of key (RFC 7518, section 3.1; RFC 8812; RFC 8037); the first is the
default.
"""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """The key to sign JWTs with: a private key as PEM, or a secret."""

    pem: str = ""
    password: str = ""
    """The password of the private key; "" if it is not encrypted."""
    secret: str = ""
    alg: str = ""
    """The algorithm; "": the default for the kind of key."""
    kid: str = ""

    def __repr__(self) -> str:
        return "<SigningKey>"

    @classmethod
    def of(cls, fields: Mapping[str, Any], secret: str = "") -> SigningKey:
        """Return the key in *fields*, which satisfy `KEY_SCHEMA`; without a PEM, use *secret*."""
        return cls(
            fields.get("pem", ""),
            fields.get("password", ""),
            "" if fields.get("pem") else secret,
            fields.get("alg", ""),
            fields.get("kid", ""),
        )

    def signed(self, claims: Mapping[str, Any]) -> str:
        """Return a signed JWT of *claims*.

        Raises `ValueError` with a message for users if the key cannot sign.
        """
        try:
            import jwt
        except ImportError:
            raise CodedError(
                "credential-package",
                use="a JWT",
                package="PyJWT",
                extra="keys",
            ) from None
        # The kind of key decides the algorithms, as RFC 8725, section 3.1 advises: never a key for
        # another kind.
        key, algorithms = (self.secret, _OF_SECRET) if not self.pem else _private_key(self)
        alg = self.alg or algorithms[0]
        if alg not in algorithms:
            key_kind = "a private key of this kind" if self.pem else "a secret"
            raise CodedError(
                "credential-signing-key-algorithm",
                found=alg,
                key=key_kind,
                known=list(algorithms),
            )
        headers = {"kid": self.kid} if self.kid else None
        return jwt.encode(dict(claims), key, algorithm=alg, headers=headers)


def _private_key(key: SigningKey) -> tuple[Any, tuple[str, ...]]:
    """Load the private key in *key*, and return it with the algorithms that can use it."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
    except ImportError:
        raise CodedError(
            "credential-package",
            use="a private key",
            package="cryptography",
            extra="keys",
        ) from None
    pem = pem_text(key.pem)
    try:
        private = serialization.load_pem_private_key(
            pem.encode(), key.password.encode() if key.password else None
        )
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise CodedError(_likely_problem(pem, key.password)) from None
    if isinstance(private, rsa.RSAPrivateKey):
        return private, _OF_RSA
    if isinstance(private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return private, ("EdDSA",)
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _OF_CURVE:
        return private, _OF_CURVE[private.curve.name]
    raise CodedError("credential-signing-key-kind")


def _likely_problem(pem: str, password: str) -> str:
    """Return the code of the most likely problem of *pem*, which could not be loaded."""
    if "PUBLIC KEY" in pem or "BEGIN CERTIFICATE" in pem:
        return "credential-signing-key-public"
    if "ENCRYPTED" in pem:
        return "credential-signing-key-password" if password else "credential-signing-key-encrypted"
    if password and "PRIVATE KEY" in pem:
        return "credential-signing-key-not-encrypted"
    return "credential-signing-key-no-pem"
