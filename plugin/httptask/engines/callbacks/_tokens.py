"""The last part of a callback URL, which only who has the secret can make (RFC 2104)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

from httptask._core.redaction import MASK
from httptask._core.strict_json import dump, parse

CALLBACKS = "/callbacks/"
"""The path of a callback URL, before its token."""

Visit = tuple[str | int, ...]
"""The id of a run, the name of a task, the number of the visit, and the index of an item if it is
done for each.
"""


def without_token(url: str) -> str:
    """Return the callback *url* without its secret part."""
    return f"{url.rpartition('/')[0]}/{MASK}"


def token_in(path: str) -> str:
    """Return the token of the URL with *path*; empty where there is none."""
    return path.rpartition(CALLBACKS)[2] if CALLBACKS in path else ""


def names_of(address: str, token: str) -> dict[str, str]:
    """Return the names for expressions of the URL with *token* below *address*."""
    return {"callbackUrl": f"{address}{CALLBACKS}{token}", "callbackToken": token}


def keyed_hash(secret: bytes, parts: Iterable[str | int]) -> str:
    """Return the hash of *parts* that nobody can guess without *secret*."""
    message = b"httptask callback " + dump(list(parts), compact=True).encode()
    return _text(hmac.digest(secret, message, "sha256"))


class SignedUrls:
    """Callback URLs below *address* that name their visit, and are signed with *secret*: whoever
    has it reads them without asking anybody.
    """

    def __init__(self, address: str, secret: bytes) -> None:
        self.address = address.rstrip("/")
        self._secret = secret

    def names(self, namespace: str, visit: Visit) -> dict[str, str]:
        """Return the names for expressions of the URL of *visit*, of a run in *namespace*."""
        named = _text(dump(list(visit), compact=True).encode())
        return names_of(self.address, f"{named}.{self._signature(namespace, named)}")

    def visit_of(self, namespace: str, path: str) -> Visit | None:
        """Return the visit of the URL with *path*; None where it is none of ours."""
        named, _, signature = token_in(path).partition(".")
        wanted = self._signature(namespace, named)
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
            return None
        padded = named + "=" * (-len(named) % 4)
        return tuple(parse(base64.urlsafe_b64decode(padded)))

    def _signature(self, namespace: str, named: str) -> str:
        return keyed_hash(self._secret, ("signed", namespace, named))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
