"""The secret that callback URLs are made with: the same after a restart, and for all workers."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from httptask._core.owner_file import locked_owner_file, read_owner_file, write_owner_file

SECRET_VARIABLE = "HTTPTASK_CALLBACK_SECRET"  # noqa: S105 - the name of a variable
_SHORTEST = 32
"""Bytes: a shorter one weakens the hash (RFC 2104, section 3)."""


def server_secret() -> bytes:
    """Return the secret of this machine's user: that of the environment, else one in a file, which
    is made. Raises `ValueError` for one that is too short, and `OSError`.
    """
    named = _of_environment()
    if named:
        return named
    import platformdirs

    folder = Path(platformdirs.user_data_dir("httptask", appauthor=False))
    path = folder / "callback-secret"
    with locked_owner_file(path):
        kept = read_owner_file(path)
        if not kept:
            kept = secrets.token_bytes(32)
            write_owner_file(path, kept)
    return kept


def shared_secret() -> bytes:
    """Return the secret of the environment: what several processes make URLs with, and read them.
    Raises `ValueError` for one that is absent or too short.
    """
    named = _of_environment()
    if not named:
        raise ValueError(
            f"{SECRET_VARIABLE} is not set: give all workers the same secret of at least"
            f" {_SHORTEST} bytes, such as that of `openssl rand -hex {_SHORTEST}`"
        )
    return named


def _of_environment() -> bytes:
    named = os.environ.get(SECRET_VARIABLE, "").encode()
    if named and len(named) < _SHORTEST:
        raise ValueError(f"{SECRET_VARIABLE} has fewer than {_SHORTEST} bytes")
    return named
