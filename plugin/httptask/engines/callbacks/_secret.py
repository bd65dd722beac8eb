"""The secret of callback URLs. It stays the same after a restart, and all workers share it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from httptask._core.owner_file import locked_owner_file, read_owner_file, write_owner_file
from httptask.engines.callbacks._tokens import Secret

SECRET_VARIABLE = "HTTPTASK_CALLBACK_SECRET"  # noqa: S105 - the name of a variable
OTHER_VARIABLE = "HTTPTASK_CALLBACK_SECRET_OTHER"
"""The environment variable for a second secret, to change the first while URLs are in use."""
_SHORTEST = 32
"""In bytes. A shorter key weakens the hash (RFC 2104, section 3)."""


def server_secret() -> Secret:
    """Return the secret of the environment, else of the user's file, which is created if missing.

    Raises `ValueError` if a secret is too short, and `OSError`.
    """
    secret = _of_environment(SECRET_VARIABLE)
    if secret:
        return _with_other(secret)
    import platformdirs

    folder = Path(platformdirs.user_data_dir("httptask", appauthor=False))
    path = folder / "callback-secret"
    with locked_owner_file(path):
        stored = read_owner_file(path)
        if not stored:
            stored = secrets.token_bytes(32)
            write_owner_file(path, stored)
    return _with_other(stored)


def shared_secret() -> Secret:
    """Return the secret of the environment, for several processes that make and read the same URLs.

    Raises `ValueError` if the secret is missing or too short.
    """
    secret = _of_environment(SECRET_VARIABLE)
    if not secret:
        raise ValueError(
            f"{SECRET_VARIABLE} is not set: give all workers the same secret of at least"
            f" {_SHORTEST} bytes, such as that of `openssl rand -hex {_SHORTEST}`"
        )
    return _with_other(secret)


def _with_other(secret: bytes) -> Secret:
    other = _of_environment(OTHER_VARIABLE)
    return (secret, other) if other else secret


def _of_environment(variable: str) -> bytes:
    secret = os.environ.get(variable, "").encode()
    if secret and len(secret) < _SHORTEST:
        raise ValueError(f"{variable} has fewer than {_SHORTEST} bytes")
    return secret
