"""Read many descriptions at once: one process per core reads and packs, this process writes."""

from __future__ import annotations

import gc
import hashlib
import itertools
import logging
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from httptask.catalogue import Origin, Prepared, prepare
from httptask.errors import DescriptionError
from httptask.importers import reading
from httptask.importing._signals import HeldSignals
from httptask.model.api import Endpoint, Note
from httptask.plugins import PluginManager, plugin_manager

if TYPE_CHECKING:
    from httptask.protocols import ImportOptions, Source

FORMAT = 5
"""The version of the readers. With a new version, unchanged descriptions are read again."""

_ALONE = 4
"""The most sources for which no other process is started."""
_SECONDS = 0.1
"""Seconds between two calls of *idle* while we wait for a process."""
_MOST_AHEAD = 1_000
"""The most sources that are sent to processes while an earlier source is still being read."""
_MOST_BYTES_AHEAD = 100_000_000
"""The most bytes of these sources.

So many keep the other processes busy while one reads a description of 50 MB for twenty seconds.
"""
_GARBAGE = (500_000, 20, 50)
"""The thresholds for `gc.set_threshold`, far above Python's defaults: see `_begin`."""
_LARGE = 512 * 1024
"""After a description of so many bytes, garbage is collected: an exception may hold its text."""


@dataclass(frozen=True, slots=True)
class Job:
    """One description to read, with the options."""

    source: Source
    options: ImportOptions
    digest: bytes
    origin: Origin | None = None
    keep: bool = True
    """Whether to pack the endpoints for the catalogue."""


@dataclass(frozen=True, slots=True)
class Read:
    """The outcome of one job."""

    source: str
    importer: str = ""
    lines: tuple[tuple[str, str, str, int, bool], ...] = ()
    """(id, method, path, number of parameters, whether it has a body) of each endpoint."""
    notes: tuple[Note, ...] = ()
    prepared: Prepared | None = None
    error: DescriptionError | None = None


def digest(source: Source, options: ImportOptions) -> bytes:
    """Return the digest by which an unchanged description is skipped.

    It covers the description's bytes, the import options, and the reader's format version.
    """
    key = repr((FORMAT, options.provider, options.servers)).encode()
    return hashlib.sha256(key + b"\0" + source.data).digest()


def read(job: Job, plugins: PluginManager | None = None) -> Read:
    """Read the description of *job*, in this process."""
    lines: list[tuple[str, str, str, int, bool]] = []
    notes: list[Note] = []
    opened_files: list[str] = []
    source = job.source
    if source.beside:
        source = replace(source, beside=_recording(source.beside, opened_files))

    def endpoints(items: Iterable[Endpoint | Note]) -> Iterator[Endpoint]:
        for item in items:
            if isinstance(item, Note):
                notes.append(item)
            else:
                body = item.request_body is not None
                lines.append((item.id, item.method, item.path, len(item.parameters), body))
                yield item

    prepared = None
    try:
        importer, items = reading(source, job.options, plugins or _plugins())
        read_endpoints = endpoints(items)
        if job.keep:
            prepared = prepare(
                read_endpoints,
                source=source.name,
                digest=job.digest,
                whole=importer == "openapi",
            )
        for _ in read_endpoints:
            pass
    except DescriptionError as error:
        return Read(source.name, error=error, notes=tuple(notes))
    if prepared is not None:
        prepared = replace(prepared, origin=job.origin)
    if prepared is not None and opened_files:
        # The digest covers only this file. The files it refers to may change, so the description
        # must always be read again.
        prepared = replace(prepared, digest=b"")
    return Read(source.name, importer, tuple(lines), tuple(notes), prepared)


def read_all(
    jobs: Iterator[Job],
    plugins: PluginManager,
    idle: Callable[[], None] = lambda: None,
) -> Iterator[Read]:
    """Yield the result of each of *jobs*, in their order.

    Up to `_ALONE` jobs run in this process, more of them in one process per core. While this
    process waits for another, it calls *idle*, which may raise, ten times a second. Raises
    `DescriptionError` if a process ends without a result.
    """
    first = list(itertools.islice(jobs, _ALONE + 1))
    processes = os.cpu_count() or 1
    if len(first) <= _ALONE or processes == 1:
        for job in itertools.chain(first, jobs):
            yield read(job, plugins)
        return
    signals = HeldSignals()
    try:
        yield from _in_processes(processes, itertools.chain(first, jobs), idle, signals)
    finally:
        signals.end()


def _in_processes(
    processes: int,
    jobs: Iterator[Job],
    idle: Callable[[], None],
    signals: HeldSignals,
) -> Iterator[Read]:
    # Not fork, because this process has an open catalogue, and perhaps threads.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _begin)
    try:
        yield from _in_order(pool, jobs, idle, signals)
    except BrokenProcessPool as error:
        raise DescriptionError(
            "a process that reads descriptions was ended from outside, perhaps for want of memory;"
            " what was imported before stays: import again"
        ) from error
    finally:
        with signals:
            # Without this, `shutdown` would wait until running jobs are done. The public method for
            # it, `terminate_workers`, is new in Python 3.14.
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=True, cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor,
    jobs: Iterator[Job],
    idle: Callable[[], None],
    signals: HeldSignals,
) -> Iterator[Read]:
    """Yield the results in the order of *jobs*, so that equal sources make equal catalogues."""
    pending: deque[tuple[int, Future[Read]]] = deque()
    size = 0
    for job in jobs:
        length = len(job.source.data)
        with signals:
            future = pool.submit(_read_and_tidied, job)
            pending.append((length, future))
        size += length
        # While the first job is still being read, send out more jobs, so that the other processes
        # have work; but only so many that they do not fill the memory.
        while pending:
            is_full = len(pending) >= _MOST_AHEAD or size >= _MOST_BYTES_AHEAD
            with signals:
                is_done = pending[0][1].done()
            if not is_full and not is_done:
                break
            length, first = pending.popleft()
            size -= length
            yield _result(first, idle, signals)
    for _, future in pending:
        yield _result(future, idle, signals)


def _result(
    future: Future[Read],
    idle: Callable[[], None],
    signals: HeldSignals,
) -> Read:
    while True:
        with signals:
            if wait((future,), _SECONDS).done:
                break
        idle()
    with signals:
        return future.result()


def _read_and_tidied(job: Job) -> Read:
    """Read the description of *job*, then free its memory."""
    result = read(job)
    if len(job.source.data) >= _LARGE:
        gc.collect()
    return result


def _recording(beside: Callable[[str], bytes], opened_files: list[str]) -> Callable[[str], bytes]:
    """Return a function that calls *beside* and adds each reference to *opened_files*."""

    def opened(reference: str) -> bytes:
        opened_files.append(reference)
        return beside(reference)

    return opened


@cache
def _plugins() -> PluginManager:
    return plugin_manager()


def _begin() -> None:
    """Initialise a process of the pool: it ignores Ctrl+C and ends with its parent.

    It also collects garbage less often than usual, which would take a tenth of the time: the
    objects that our importers make have no cycles.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The parent has reported already which plugins could not be loaded.
    logging.getLogger("httptask.plugins").setLevel(logging.ERROR)
    _plugins()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)  # `sys.exit` would only end this thread
