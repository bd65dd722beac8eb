"""Convert the names of files in pasted requests to names below the operator's folder of files."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any


def below_folder(path: str) -> tuple[dict[str, Any], str]:
    """Return (value of `$file`, name in the folder of files) for *path* on the user's machine.

    Of an absolute path, or one that leads out of its folder, only the name of the file is kept.
    """
    plain = re.sub(r"\A(?:file:)?[A-Za-z]:", "", path).replace("\\", "/")
    pieces = PurePosixPath(plain.lstrip("/")).parts
    leads_elsewhere = plain.startswith(("/", "~")) or plain != path or ".." in pieces
    name = pieces[-1] if leads_elsewhere and pieces else "/".join(pieces)
    name = name if name not in ("", ".", "..") else "file"
    return {"path": name}, name
