"""A JSON file next to a definition, which other tabs and editors may change, too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from httptask._core.threads import in_thread
from httptask.designer._problems import Refused
from httptask.designer._workflows import MOST_BYTES, Stored, replace_file

if TYPE_CHECKING:
    from starlette.requests import Request

_WRITING = threading.Lock()


@dataclass(frozen=True, slots=True)
class SideFile:
    """The file *path* with the *noun* of a definition: `pins`, for example.

    Refusals have the problem *slug*, and *changed_slug* if somebody else has changed the file.
    """

    path: Path
    noun: str
    slug: str
    changed_slug: str

    def __post_init__(self) -> None:
        """Refuse a link, which may lead out of the folder of definitions."""
        path = self.path
        if is_link(path):
            detail = f"{path.name} is a link, or its folder is: the {self.noun} cannot be there"
            raise Refused(self.slug, detail)

    def read(self) -> Stored | None:
        """Return the content; None without a file. Raises `Refused`."""
        try:
            with self.path.open("rb") as file:
                return Stored(file.read(MOST_BYTES + 1))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(
                self.slug, f"{self.path.name} cannot be read: {error.strerror}"
            ) from error

    async def changed(
        self, request: Request, change: Callable[[Stored | None], bytes]
    ) -> Stored | None:
        """Write what *change* makes of the present content, if *request* names that by its ETag.

        No bytes remove the file. Raises `Refused`.
        """
        match, none_match = (request.headers.get(name) for name in ("if-match", "if-none-match"))
        if match is None and none_match is None:
            detail = (
                f"the {self.noun} can be changed with If-Match (the ETag) or, without a file, with"
                " If-None-Match: *"
            )
            raise Refused("precondition-required", detail)

        def write() -> Stored | None:
            with _WRITING:
                old = self.read()
                self._check(old, match)
                return self._write(change(old))

        return await in_thread(write)

    def _check(self, old: Stored | None, match: str | None) -> None:
        """Check the preconditions of a change (RFC 9110, section 13.1). Raises `Refused`."""
        current = old.etag if old is not None else None
        holds = current is None if match is None else match.strip() == current
        if not holds:
            raise Refused(
                self.changed_slug,
                f"another tab, or an editor, changed the {self.noun} since this page read it."
                " Nothing was written: look at it, and do it again",
                headers={"ETag": current} if current is not None else None,
            )

    def _write(self, data: bytes) -> Stored | None:
        if not data:
            self.path.unlink(missing_ok=True)
            return None
        replace_file(self.path, data)
        return Stored(data)


def is_link(path: Path) -> bool:
    """Say whether *path* or its folder is a link."""
    return path.is_symlink() or path.parent.is_symlink()
