"""Collect the pages of a list: as a list of items, a list of pages, or a file of JSON lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from httptask._core.strict_json import dump
from httptask._core.threads import in_thread
from httptask._http.media_types import JSON_LINES

if TYPE_CHECKING:
    from httptask.model.pagination import Pagination
    from httptask.sending import BodyFile

_LONG = 64 * 1024
"""In bytes. A longer page is written in a thread, so that it does not block the event loop."""


class Collection(Protocol):
    """Collects items, page by page."""

    async def add(self, items: Sequence[Any], body: Any, size: int) -> None:
        """Add *items*, the items to keep of a page whose *body* has *size* bytes."""
        ...

    @property
    def is_slow(self) -> bool:
        """Whether `value` uploads a file, so that it must be called in a thread."""
        ...

    def value(self) -> Any:
        """Return the collected values, or the reference to their file. Do not call `add` later."""
        ...

    def close(self) -> None:
        """Remove the file, unless `value` was called."""
        ...


def collection_of(pagination: Pagination, new_file: Callable[[], BodyFile] | None) -> Collection:
    """Return an empty collection, of the kind that *pagination* asks for.

    *new_file* makes the file; None: collect a list even then, because the engine writes the file.
    """
    if pagination.collect == "file" and new_file is not None:
        return _File(new_file())
    return _List(of_pages=pagination.collect == "pages")


class _List:
    is_slow = False

    def __init__(self, *, of_pages: bool) -> None:
        self._of_pages = of_pages
        self._values: list[Any] = []

    async def add(self, items: Sequence[Any], body: Any, size: int) -> None:
        self._values.extend([body] if self._of_pages else items)

    def value(self) -> Any:
        return self._values

    def close(self) -> None:
        pass


class _File:
    """A file with one item a line. The items are written as soon as their page has arrived."""

    def __init__(self, file: BodyFile) -> None:
        self._file = file
        self._file.media_type = JSON_LINES
        self._is_kept = False

    async def add(self, items: Sequence[Any], body: Any, size: int) -> None:
        if size > _LONG:
            await in_thread(lambda: self._write(items))
        else:
            self._write(items)

    def _write(self, items: Sequence[Any]) -> None:
        if items:
            lines = "".join(f"{dump(item, compact=True)}\n" for item in items)
            self._file.write(lines.encode("utf-8"))

    @property
    def is_slow(self) -> bool:
        return self._file.is_slow

    def value(self) -> Any:
        if not self._is_kept:
            self._is_kept = True
            self._file.write(b"")  # creates the file, even without items
            self._file.keep()
        return self._file.reference()

    def close(self) -> None:
        if not self._is_kept:
            self._file.discard()
