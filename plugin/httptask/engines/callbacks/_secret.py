"""The secret that callback URLs are made with: the same after a restart."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from httptask._core.owner_file import locked_owner_file, read_owner_file, write_owner_file

SECRET_VARIABLE = "HTTPTASK_CALLBACK_SECRET"  # noqa: S105 - the name of a variable
_SHORTEST = 16


def server_secret() -> bytes:
    """Return the secret of this machine's user: that of the environment, else one in a file, which
    is made. Raises `ValueError` for one that is too short, and `OSError`.
    """
    named = os.environ.get(SECRET_VARIABLE)
    if named:
        if len(named) < _SHORTEST:
            raise ValueError(f"{SECRET_VARIABLE} has fewer than {_SHORTEST} characters")
        return named.encode()
    import platformdirs

    folder = Path(platformdirs.user_data_dir("httptask", appauthor=False))
    path = folder / "callback-secret"
    with locked_owner_file(path):
        kept = read_owner_file(path)
        if not kept:
            kept = secrets.token_bytes(32)
            write_owner_file(path, kept)
    return kept
