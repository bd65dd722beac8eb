"""The catalogue for the page.

One thread owns it, because a `Catalogue` belongs to the thread that opened it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from httptask.building import Files
from httptask.catalogue import Catalogue
from httptask.designer._drafts import Draft
from httptask.errors import UnknownEndpointError
from httptask.model.api import Endpoint, Server
from httptask.settings import prepare
from httptask.task import HttpTask, Runtime

if TYPE_CHECKING:
    from httptask.plugins import PluginManager

T = TypeVar("T")

_MOST_RECENT = 32
"""Maximum number of cached entries."""
_FRESH_SECONDS = 10.0
"""Seconds for which an entry is served from the cache.

Another process may import a newer version.
"""


@dataclass(frozen=True)  # without slots: a cached property needs a `__dict__`
class CatalogueEntry:
    """An endpoint with its settings schema."""

    endpoint: Endpoint
    schema: dict[str, Any]
    """The settings schema, refined by plugins.

    While the entry is cached it stays the same object, because validators are cached by its
    identity.
    """

    @cached_property
    def prefilled(self) -> Mapping[str, Any]:
        """A task with the documented values. Nobody changes it."""
        return prepare(self.endpoint, self.schema)


class CatalogueThread:
    """Runs work on the catalogue at *path* in its one thread, and caches recent endpoints.

    *servers* maps a provider to the operator's own addresses, which come before those of a
    description. *files* are the files that requests may send.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        plugins: PluginManager,
        servers: Mapping[str, Sequence[str]],
        files: Files,
    ) -> None:
        self._path = path
        self._plugins = plugins
        self._servers = servers
        self._files = files
        self._thread = ThreadPoolExecutor(1, "httptask-catalogue")
        self._opened: tuple[Catalogue, Runtime] | None = None
        self._recent: OrderedDict[str, tuple[float, CatalogueEntry]] = OrderedDict()

    async def run(self, work: Callable[[Catalogue], T]) -> T:
        """Run *work* on the open catalogue.

        Raises what *work* raises, and `CatalogueError` if the catalogue cannot be opened.
        """
        return await self._in_thread(lambda: work(self._open()[0]))

    async def check(self, work: Callable[[Runtime], T]) -> T:
        """Run *work* with a runtime whose endpoints come from the open catalogue.

        The runtime is for checking, not for sending.
        """
        return await self._in_thread(lambda: work(self._open()[1]))

    async def entry(self, endpoint_id: str) -> CatalogueEntry:
        """Return the entry of an endpoint. Raises `UnknownEndpointError`."""
        return await self._in_thread(lambda: self._entry(endpoint_id))

    async def entry_of(self, draft: Draft) -> CatalogueEntry | None:
        """Return the endpoint of *draft*; None if it names none, or an unknown one.

        Validation reports an unknown endpoint.
        """
        if draft.endpoint_id is None:
            return None
        try:
            return await self.entry(draft.endpoint_id)
        except UnknownEndpointError:
            return None

    async def aclose(self) -> None:
        """Close the catalogue after the work in its thread."""
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self) -> tuple[Catalogue, Runtime]:
        if self._opened is None:
            catalogue = Catalogue.open(self._path)
            runtime = Runtime(
                plugins=self._plugins,
                catalogue=catalogue,
                allow_networks=(),
                files=self._files.folder,
            )
            runtime.uploads = self._files.upload
            self._opened = catalogue, runtime
        return self._opened

    def _close(self) -> None:
        self._recent.clear()
        if self._opened is not None:
            catalogue, runtime = self._opened
            self._opened = None
            runtime.close()
            catalogue.close()

    def _entry(self, endpoint_id: str) -> CatalogueEntry:
        """Return the entry of an endpoint, from the cache if it is fresh."""
        loaded, entry = self._recent.get(endpoint_id, (0.0, None))
        if entry is None or time.monotonic() - loaded > _FRESH_SECONDS:
            catalogue, runtime = self._open()
            endpoint = self._with_own_servers(catalogue.get(endpoint_id))
            # An unchanged endpoint keeps its entry, and therefore its cached validators.
            if entry is None or entry.endpoint != endpoint:
                task = HttpTask({"type": "Http"}, runtime=runtime, endpoint=endpoint)
                entry = CatalogueEntry(endpoint, task.settings_schema)
            self._recent[endpoint_id] = time.monotonic(), entry
        self._recent.move_to_end(endpoint_id)
        while len(self._recent) > _MOST_RECENT:
            self._recent.popitem(last=False)
        return entry

    def _with_own_servers(self, endpoint: Endpoint) -> Endpoint:
        own = tuple(
            Server(url.rstrip("/"), "set by the operator")
            for url in self._servers.get(endpoint.provider, ())
        )
        if own:
            return replace(endpoint, servers=own + endpoint.servers)
        return endpoint


def task_of(draft: Draft, entry: CatalogueEntry | None, runtime: Runtime) -> HttpTask:
    """Return the task of *draft*, with the endpoint of *entry*."""
    if entry is None:
        return HttpTask(draft.task, name=draft.name, runtime=runtime)
    task = HttpTask(
        draft.task,
        name=draft.name,
        runtime=runtime,
        endpoint=entry.endpoint,
    )
    # The schema is reused because validators are cached by its identity.
    task.settings_schema = entry.schema
    return task
