"""Import descriptions from the page, one import at a time, in a thread.

All tabs see its progress.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from httptask._core.threads import in_thread
from httptask.catalogue import Catalogue
from httptask.designer._bodies import as_json, json_object, member
from httptask.designer._problems import Refused
from httptask.designer._uploads import Upload, Uploads
from httptask.errors import DescriptionError, HttpTaskError
from httptask.fetching import Fetching, is_fetched, shown_name
from httptask.importers import file_sources, import_options
from httptask.importing import Import, Input, Outcome, input_of
from httptask.protocols import Source

if TYPE_CHECKING:
    from httptask.model.policy import Network
    from httptask.plugins import PluginManager

_log = logging.getLogger("httptask")

_MOST_FAILURES = 20
"""Maximum failures that are listed. The rest are counted."""
_LONGEST_SOURCE = 2_000
_PATIENCE_SECONDS = 10.0
"""How long the designer waits for an import to stop when it ends."""


class _Cancelled(Exception):  # noqa: N818 - a decision, not an accident
    """A person cancelled the import."""


@dataclass(slots=True)
class _State:
    """The import under way, or the last one. Only its thread writes to it."""

    source: str
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    outcome: str = ""
    """`done`, `cancelled` or `failed`; empty while it runs."""
    step: str = ""
    """The source being downloaded; empty if there is none."""
    received: int = 0
    """Bytes downloaded so far."""
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON for the page."""
        counts = self.counts
        names = ("endpoints", "added", "replaced", "unchanged", "removed", "incomplete", "failed")
        is_downloading = self.step and not self.outcome
        return {
            "state": self.outcome or ("cancelling" if self.cancelled.is_set() else "running"),
            "source": self.source,
            **({"step": self.step, "received": self.received} if is_downloading else {}),
            "descriptions": counts["sources"],
            **{name: counts[name] for name in names},
            "failures": self.failures[:_MOST_FAILURES],
            "elapsedSeconds": round((self.ended or time.monotonic()) - self.began, 3),
        }


class Imports:
    """Imports descriptions into the catalogue at *path*, like `httptask import`.

    If *allowed* is false, every import is refused. *allow_networks*, *network* and *plugins* are
    those of the designer's test requests.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        uploads: Uploads,
        plugins: PluginManager,
        allow_networks: Sequence[str] | None,
        network: Network | None,
        *,
        allowed: bool,
    ) -> None:
        self.allowed = allowed
        self.path = path
        self._uploads = uploads
        self._plugins = plugins
        self._allow_networks = allow_networks
        self._network = network
        self._state: _State | None = None
        self._thread: threading.Thread | None = None

    def handlers(self) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        """Return the handlers of `/import`, by method."""
        return {
            "GET": self._status,
            "POST": self._begin,
            "DELETE": self._cancel,
        }

    async def aclose(self) -> None:
        """Cancel the import under way, and wait for its processes to end."""
        thread = self._thread
        if thread is not None and self._state is not None:
            self._state.cancelled.set()
            await in_thread(lambda: thread.join(_PATIENCE_SECONDS))

    async def _status(self, request: Request) -> Response:
        """Answer with the progress of the import under way, or the outcome of the last one."""
        return as_json(self._state.to_json() if self._state is not None else {"state": "none"})

    async def _begin(self, request: Request) -> Response:
        """Start to import the source or the upload named in the body."""
        value = await json_object(request)
        upload_id = member(value, "upload", str, str)
        if upload_id:
            self._read(self._uploads.get(upload_id))
        else:
            self._fetch(member(value, "source", str).strip())
        return as_json(self._state.to_json() if self._state is not None else {}, 202)

    async def _cancel(self, request: Request) -> Response:
        """Cancel the import under way. Endpoints that are already stored stay."""
        if self._state is not None:
            self._state.cancelled.set()
        return Response(status_code=204)

    def _fetch(self, source: str) -> None:
        """Start to import *source*, `npm:…` or `https://…`, but never a file on this machine.

        Raises `Refused`.
        """
        if not is_fetched(source) or len(source) > _LONGEST_SOURCE:
            detail = (
                "name a package, npm:PACKAGE or npm:PACKAGE@VERSION, or an address, https://…; or"
                " choose a file"
            )
            raise Refused("bad-request", detail)
        self._start(
            shown_name(source), lambda fetching: input_of(source, import_options(), fetching)
        )

    def _read(self, upload: Upload) -> None:
        """Start to import *upload*, a description or an archive. Raises `Refused`."""

        def sources() -> Iterator[Source | DescriptionError]:
            for source in file_sources(upload.path, upload.name):
                is_archive_entry = isinstance(source, Source) and "/" in source.name
                if isinstance(source, Source) and not is_archive_entry:
                    # Other people's files lie next to an upload, which must not refer to them.
                    source = replace(source, beside=None)
                yield source

        def remove() -> None:
            with contextlib.suppress(Refused):
                self._uploads.remove(upload.id)

        self._start(upload.name, lambda fetching: Input(upload.name, sources), remove)

    def _start(
        self,
        name: str,
        make_input: Callable[[Fetching], Input],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """Start the thread of an import. *ended* is called at its end. Raises `Refused`."""
        if not self.allowed:
            detail = (
                "whoever runs the designer has not allowed importing from the page: httptask"
                " designer --import"
            )
            raise Refused("not-allowed", detail)
        if self._state is not None and not self._state.outcome:
            raise Refused(
                "importing",
                f"{self._state.source} is being imported: wait for its end, or cancel it",
            )
        state = self._state = _State(name)
        self._thread = threading.Thread(
            target=self._run,
            args=(state, make_input, ended),
            name="httptask-import",
            daemon=True,
        )
        self._thread.start()

    def _run(
        self,
        state: _State,
        make_input: Callable[[Fetching], Input],
        ended: Callable[[], None],
    ) -> None:
        """Run the import in its thread and record its outcome. Never raises."""
        outcome = "failed"
        try:
            self._import(state, make_input)
            outcome = "done" if state.counts["sources"] or not state.failures else "failed"
        except _Cancelled:
            outcome = "cancelled"
        except HttpTaskError as error:
            state.failures.insert(0, str(error))
        except Exception as error:  # noqa: BLE001 - the page shows it
            _log.exception("importing %s failed", state.source)
            state.failures.insert(0, f"{type(error).__name__}; the designer's log says where")
        finally:
            ended()
            state.ended = time.monotonic()
            state.outcome = outcome

    def _import(self, state: _State, make_input: Callable[[Fetching], Input]) -> None:
        def check() -> None:
            if state.cancelled.is_set():
                raise _Cancelled

        def fetched(size: int, text: str) -> None:
            state.received = size
            state.step = text
            check()

        def read() -> None:
            state.step = ""
            check()

        def tell(outcome: Outcome) -> None:
            if outcome.error is not None:
                state.failures.append(str(outcome.error))

        with (
            Fetching(
                allow_networks=self._allow_networks,
                network=self._network,
                plugins=self._plugins,
                progress=fetched,
            ) as fetching,
            Catalogue.open(self.path) as catalogue,
        ):
            work = Import(
                [make_input(fetching)],
                import_options(),
                self._plugins,
                tell=tell,
                idle=read,
            )
            state.counts = work.counts
            work.run(catalogue)
