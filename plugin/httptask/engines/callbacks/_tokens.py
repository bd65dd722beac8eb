"""The token of a callback URL: an HMAC, which only owners of the secret can make (RFC 2104)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

from httptask._core.redaction import MASK
from httptask._core.strict_json import dump, parse
from httptask.model.callback import CALLBACK_TOKEN, CALLBACK_URL, OTHER_CALLBACK_TOKEN

CALLBACKS = "/callbacks/"
"""The path of a callback URL, before its token."""

Visit = tuple[str | int, ...]
"""The id of a run, the name of a task, the number of the visit, and, with `forEach`, the index of
the item.
"""


Secret = bytes | tuple[bytes, bytes]
"""The secret of URLs, or two secrets: new URLs are made with the first, URLs made with the second
are valid, too.
"""


def without_token(url: str) -> str:
    """Return the callback *url* with its token masked."""
    return f"{url.rpartition('/')[0]}/{MASK}"


def token_in(path: str) -> str:
    """Return the token in the *path* of a URL; "" if there is none."""
    if CALLBACKS in path:
        return path.rpartition(CALLBACKS)[2]
    return ""


def names_of(address: str, token: str, other: str | None = None) -> dict[str, str]:
    """Return the `swf:` names for the URL with *token* below *address*.

    The *other* valid token is added, so that it is masked, too; no expression can name it.
    """
    names = {CALLBACK_URL: f"{address}{CALLBACKS}{token}", CALLBACK_TOKEN: token}
    if other is None:
        return names
    return {**names, OTHER_CALLBACK_TOKEN: other}


def secrets_of(secret: Secret) -> tuple[bytes, ...]:
    """Return *secret* as a tuple of one or two secrets."""
    if isinstance(secret, bytes):
        return (secret,)
    return secret


def keyed_hash(secret: bytes, parts: Iterable[str | int]) -> str:
    """Return the HMAC of *parts* with *secret*, in URL-safe Base64."""
    message = b"httptask callback " + dump(list(parts), compact=True).encode()
    return _text(hmac.digest(secret, message, "sha256"))


class SignedUrls:
    """Callback URLs below *address* that contain their visit, signed with *secret*.

    A process with the secret can read the visit from a URL without a store.
    """

    def __init__(self, address: str, secret: Secret) -> None:
        self.address = address.rstrip("/")
        self._secrets = secrets_of(secret)

    def names(self, namespace: str, visit: Visit) -> dict[str, str]:
        """Return the `swf:` names for the URL of *visit*, of a run in *namespace*."""
        encoded_visit = _text(dump(list(visit), compact=True).encode())
        signatures = self._signatures(namespace, encoded_visit)
        return names_of(self.address, *(f"{encoded_visit}.{signature}" for signature in signatures))

    def visit_of(self, namespace: str, path: str) -> Visit | None:
        """Return the visit in the *path* of a URL; None if the signature is wrong."""
        encoded_visit, _, signature = token_in(path).partition(".")
        received = signature.encode("utf-8", "replace")
        expected = self._signatures(namespace, encoded_visit)
        if not any(hmac.compare_digest(candidate.encode(), received) for candidate in expected):
            return None
        padded = encoded_visit + "=" * (-len(encoded_visit) % 4)
        return tuple(parse(base64.urlsafe_b64decode(padded)))

    def _signatures(self, namespace: str, encoded_visit: str) -> list[str]:
        return [
            keyed_hash(secret, ("signed", namespace, encoded_visit)) for secret in self._secrets
        ]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
