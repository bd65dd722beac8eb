"""The endpoints that tasks name: looked up once for each version of the catalogue, never on the
event loop.
"""

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
"""Endpoints kept."""


class Endpoints:
    """The endpoints of *catalogue*: an open one, or the path of its file, None for the user's own.

    A file is opened once, in a thread of its own, and looked at again only when it has changed. An
    open catalogue belongs to the thread that opened it, and is asked there.
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
        """What changes whenever an endpoint may have changed."""
        if self._open is not None:
            return self._open.version
        name = self._name()
        return name, _stamp(name), _stamp(f"{name}-wal")

    def version_for(self, *, names_endpoint: bool) -> Hashable:
        """Return the version that goes with what is kept of a task, or of a whole definition.

        None when no endpoint is named. A catalogue that cannot be used has another version each
        time: nothing is kept, and whoever looks an endpoint up in it is told why.
        """
        if not names_endpoint:
            return None
        try:
            return self.version
        except CatalogueError:
            return object()

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint called *endpoint_id*. Raises `UnknownEndpointError` with the nearest
        ids.
        """
        opened = self._open
        if opened is not None:
            return self._kept.get((endpoint_id, self.version), lambda: opened.get(endpoint_id))
        version = self.version
        return self._kept.get(
            (endpoint_id, version), lambda: self._asked(endpoint_id, version).result()
        )

    async def load(self, endpoint_id: str) -> None:
        """See that *endpoint_id* is known, so that `get` need not wait for a file. An unknown one
        is no error yet.
        """
        if self._open is not None:
            return
        with contextlib.suppress(CatalogueError):  # `get` says so, where somebody asks
            version = self.version
            if (endpoint_id, version) not in self._kept:
                endpoint = await asyncio.wrap_future(self._asked(endpoint_id, version))
                self._kept.get((endpoint_id, version), lambda: endpoint)

    def close(self) -> None:
        """Close the file, if one was opened here."""
        self._end()
        self._thread = None
        self._kept.clear()

    def _name(self) -> str:
        from httptask.catalogue import file_of

        return file_of(self._path)

    def _asked(self, endpoint_id: str, version: Hashable) -> Future[Endpoint]:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(
                max_workers=1, thread_name_prefix="httptask-catalogue"
            )
            self._file = _File(self._path)
            self._end = weakref.finalize(self, _ended, self._thread, self._file)
        return self._thread.submit(self._file.get, endpoint_id, version)


class _File:
    """The catalogue's file, in the one thread that has it open."""

    def __init__(self, path: os.PathLike[str] | str | None) -> None:
        self._path = path
        self._version: Hashable = None
        self._catalogue: Catalogue | None = None

    def get(self, endpoint_id: str, version: Hashable) -> Endpoint:
        """Return the endpoint; open the file again when it has another *version*: it may be another
        file by now.
        """
        from httptask.catalogue import Catalogue

        if version != self._version:
            self.close()
        if self._catalogue is None:
            self._catalogue, self._version = Catalogue.open(self._path), version
        return self._catalogue.get(endpoint_id)

    def close(self) -> None:
        """Close the file."""
        catalogue, self._catalogue = self._catalogue, None
        if catalogue is not None:
            catalogue.close()


def _ended(thread: ThreadPoolExecutor, file: _File) -> None:
    with contextlib.suppress(RuntimeError):  # the interpreter ends, and with it every thread
        thread.submit(file.close)
    thread.shutdown(wait=False)


def _stamp(name: str) -> Hashable:
    """Return which file *name* is, and when it was written; None when there is none.

    An empty one is none: who opens a catalogue makes an empty log beside it, and who closes it last
    removes the log.
    """
    try:
        status = Path(name).expanduser().stat()
    except (OSError, ValueError, RuntimeError):
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns) if status.st_size else None
