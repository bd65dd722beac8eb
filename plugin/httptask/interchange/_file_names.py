"""Files that a pasted request names, as references below the operator's folder of files."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any


def below_folder(path: str) -> tuple[dict[str, Any], str]:
    """Return the value of `$file` for the *path* of somebody's machine, and its name in the folder.

    Of a path that leads elsewhere only the file's name is kept: the folder is the operator's.
    """
    plain = re.sub(r"\A(?:file:)?[A-Za-z]:", "", path).replace("\\", "/")
    pieces = PurePosixPath(plain.lstrip("/")).parts
    leads_elsewhere = plain.startswith(("/", "~")) or plain != path or ".." in pieces
    name = pieces[-1] if leads_elsewhere and pieces else "/".join(pieces)
    name = name if name not in ("", ".", "..") else "file"
    return {"path": name}, name
