"""The files in the operator's folder of files, which a request can send by their path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.kept_files import is_kept_name
from httptask._core.shared_files import SharedFiles
from httptask._core.threads import in_thread
from httptask.designer._bodies import as_json
from httptask.designer._workflows import is_text

_MOST_LISTED = 500
_MOST_LOOKED_AT = 20_000
"""Entries of folders that are looked at; a folder of files may be as large as a disk."""


class FolderFiles:
    """The files below the folder of *shared*; None: there is no folder of files."""

    def __init__(self, shared: SharedFiles | None) -> None:
        self._folder = shared.folder if shared is not None else None

    async def list(self, request: Request) -> Response:
        """Answer with the files, sorted by path. `more` says that there are further ones."""
        return as_json(await in_thread(self._listed))

    def _listed(self) -> dict[str, Any]:
        files = _files_below(self._folder) if self._folder is not None else iter(())
        items: list[dict[str, Any]] = []
        for file in files:
            if file is None or len(items) == _MOST_LISTED:
                return {"items": items, "more": True}
            path, size = file
            items.append({"path": path, "size": size})
        return {"items": items}


def _files_below(folder: Path) -> Iterator[tuple[str, int] | None]:
    """Yield the path below *folder* and the size of each file that may be sent, then None if there
    are too many entries to look at all.

    Links, hidden files, and the kept bodies of responses, which have no names, are left out.
    """
    looked_at = 0
    for root, folders, names in os.walk(folder):  # does not follow links
        looked_at += len(folders)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names)[: max(_MOST_LOOKED_AT - looked_at, 0)]:
            path = Path(root, name)
            below = path.relative_to(folder).as_posix()
            if name.startswith(".") or not is_text(below) or is_kept_name(below, folder):
                continue
            try:
                status = path.lstat()
            except OSError:  # removed meanwhile
                continue
            if stat.S_ISREG(status.st_mode):
                yield below, status.st_size
        looked_at += len(names)
        if looked_at > _MOST_LOOKED_AT:
            yield None
            return
