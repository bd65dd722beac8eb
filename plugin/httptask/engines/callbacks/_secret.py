"""The secret of callback URLs. It stays the same after a restart, and all workers share it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from httptask._core.owner_file import locked_owner_file, read_owner_file, write_owner_file
from httptask.engines.callbacks._tokens import Secret

SECRET_VARIABLE = "HTTPTASK_CALLBACK_SECRET"  # noqa: S105 - the name of a variable
OTHER_VARIABLE = "HTTPTASK_CALLBACK_SECRET_OTHER"
"""Names a second secret, so that the first can be changed while URLs are open."""
_SHORTEST = 32
"""In bytes. A shorter key weakens the hash (RFC 2104, section 3)."""


def server_secret() -> Secret:
    """Return the secret of this machine's user: that of the environment, else one in a file, which
    is made. Raises `ValueError` for one that is too short, and `OSError`.
    """
    named = _of_environment(SECRET_VARIABLE)
    if named:
        return _with_other(named)
    import platformdirs

    folder = Path(platformdirs.user_data_dir("httptask", appauthor=False))
    path = folder / "callback-secret"
    with locked_owner_file(path):
        kept = read_owner_file(path)
        if not kept:
            kept = secrets.token_bytes(32)
            write_owner_file(path, kept)
    return _with_other(kept)


def shared_secret() -> Secret:
    """Return the secret of the environment: what several processes make URLs with, and read them.
    Raises `ValueError` for one that is absent or too short.
    """
    named = _of_environment(SECRET_VARIABLE)
    if not named:
        raise ValueError(
            f"{SECRET_VARIABLE} is not set: give all workers the same secret of at least"
            f" {_SHORTEST} bytes, such as that of `openssl rand -hex {_SHORTEST}`"
        )
    return _with_other(named)


def _with_other(secret: bytes) -> Secret:
    other = _of_environment(OTHER_VARIABLE)
    return (secret, other) if other else secret


def _of_environment(variable: str) -> bytes:
    named = os.environ.get(variable, "").encode()
    if named and len(named) < _SHORTEST:
        raise ValueError(f"{variable} has fewer than {_SHORTEST} bytes")
    return named
