"""The endpoints that tasks name. Each is read once per version of the catalogue, in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from httptask.errors import CatalogueError
from httptask.task._kept import Kept

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue
    from httptask.model.api import Endpoint

_MOST = 1024
"""The number of endpoints kept in memory."""


class Endpoints:
    """The endpoints of *catalogue*: open, or the path of its file; None: the user's catalogue file.

    A file is opened once, in a separate thread, and read again only when it has changed. An open
    catalogue belongs to the thread that opened it: `get` must be called there.
    """

    def __init__(self, catalogue: Catalogue | os.PathLike[str] | str | None) -> None:
        from httptask.catalogue import Catalogue

        self._open = catalogue if isinstance(catalogue, Catalogue) else None
        self._path = None if isinstance(catalogue, Catalogue) else catalogue
        self._thread: ThreadPoolExecutor | None = None
        self._file = _File(self._path)
        self._end: Callable[[], object] = lambda: None
        self._kept: Kept[Endpoint] = Kept(_MOST)

    @property
    def version(self) -> Hashable:
        """A value that changes whenever an endpoint may have changed."""
        if self._open is not None:
            return self._open.version
        name = self._name()
        return name, _stamp(name), _stamp(f"{name}-wal")

    def version_for(self, *, names_endpoint: bool) -> Hashable:
        """Return the catalogue's version, as a part of the key of compiled tasks and definitions.

        None if they name no endpoint. A catalogue that cannot be read has a new version at every
        call: nothing is cached, and every lookup of an endpoint raises the reason.
        """
        if not names_endpoint:
            return None
        try:
            return self.version
        except CatalogueError:
            return object()

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint *endpoint_id*.

        Raises `UnknownEndpointError` with the nearest ids.
        """
        catalogue = self._open
        if catalogue is not None:
            return self._kept.get((endpoint_id, self.version), lambda: catalogue.get(endpoint_id))
        version = self.version
        return self._kept.get(
            (endpoint_id, version), lambda: self._lookup(endpoint_id, version).result()
        )

    async def load(self, endpoint_id: str) -> None:
        """Read the endpoint *endpoint_id*, so that `get` need not wait for a file.

        An unknown id is no error yet.
        """
        if self._open is not None:
            return
        with contextlib.suppress(CatalogueError):  # `get` raises it again
            version = self.version
            if (endpoint_id, version) not in self._kept:
                endpoint = await asyncio.wrap_future(self._lookup(endpoint_id, version))
                self._kept.get((endpoint_id, version), lambda: endpoint)

    def close(self) -> None:
        """Close the catalogue's file, if it was opened here."""
        self._end()
        self._thread = None
        self._kept.clear()

    def _name(self) -> str:
        from httptask.catalogue import file_of

        return file_of(self._path)

    def _lookup(self, endpoint_id: str, version: Hashable) -> Future[Endpoint]:
        """Look up the endpoint *endpoint_id* in the thread of the catalogue's file."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(
                max_workers=1, thread_name_prefix="httptask-catalogue"
            )
            self._file = _File(self._path)
            self._end = weakref.finalize(self, _close, self._thread, self._file)
        return self._thread.submit(self._file.get, endpoint_id, version)


class _File:
    """The catalogue's file. Only the one thread of `Endpoints` calls the methods."""

    def __init__(self, path: os.PathLike[str] | str | None) -> None:
        self._path = path
        self._version: Hashable = None
        self._catalogue: Catalogue | None = None

    def get(self, endpoint_id: str, version: Hashable) -> Endpoint:
        """Return the endpoint *endpoint_id*.

        With another *version* the file is opened again: it may have been replaced.
        """
        from httptask.catalogue import Catalogue

        if version != self._version:
            self.close()
        if self._catalogue is None:
            self._catalogue = Catalogue.open(self._path)
            self._version = version
        return self._catalogue.get(endpoint_id)

    def close(self) -> None:
        """Close the file."""
        catalogue = self._catalogue
        self._catalogue = None
        if catalogue is not None:
            catalogue.close()


def _close(thread: ThreadPoolExecutor, file: _File) -> None:
    """Close *file* in *thread*, which opened it, and end *thread*."""
    with contextlib.suppress(RuntimeError):  # at the end of the interpreter no thread takes work
        thread.submit(file.close)
    thread.shutdown(wait=False)


def _stamp(name: str) -> Hashable:
    """Return inode, size and modification time of the file *name*; None if it is missing or empty.

    Opening an SQLite file creates an empty write-ahead log (`-wal`), and the last connection
    removes it; neither may count as a change.
    """
    try:
        status = Path(name).expanduser().stat()
    except (OSError, ValueError, RuntimeError):
        return None
    if status.st_size:
        return (status.st_ino, status.st_size, status.st_mtime_ns)
    return None
