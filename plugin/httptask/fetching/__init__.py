"""Fetching sources over the network: a package of descriptions, or one description at a URL.

`_package` runs the installed npm client. `_address` sends requests as every task does, with the
same egress rules.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from httptask import importers
from httptask.errors import DescriptionError
from httptask.fetching._package import PREFIX, fetched, parsed
from httptask.protocols import Source

if TYPE_CHECKING:
    from httptask.model.policy import Network
    from httptask.plugins import PluginManager

__all__ = ["Fetching", "is_fetched", "shown_name"]

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def is_fetched(name: str) -> bool:
    """Say whether *name*, a SOURCE on the command line, is fetched over the network."""
    return name.startswith(PREFIX) or _ADDRESS.match(name) is not None


def shown_name(name: str) -> str:
    """Return *name* for reports; if it is a URL, without its secrets."""
    if not _ADDRESS.match(name):
        return name
    from httptask.fetching._address import shown

    return shown(name)


class Fetching:
    """Opens sources, and fetches them over the network first if necessary.

    This is a context manager: fetched files are removed at its end. *allow_networks* are the
    networks and hosts allowed besides globally routable addresses; None: `HTTPTASK_ALLOW_NETWORKS`.
    *network* has the operator's network settings, as for a `Runtime`; the npm client uses its own.
    *plugins* check each connection, as for a `Runtime`. *progress* is called ten times a second
    during a fetch, with the bytes so far and the name of the step; an exception from *progress*
    ends the fetch.
    """

    def __init__(
        self,
        *,
        allow_networks: Iterable[str] | None = None,
        network: Network | None = None,
        plugins: PluginManager | None = None,
        progress: Callable[[int, str], None] = lambda size, text: None,
    ) -> None:
        self._allow = tuple(allow_networks) if allow_networks is not None else None
        self._network = network
        self._plugins = plugins
        self._progress = progress
        self._folders = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._folders.close()

    def sources(
        self,
        name: str,
        *,
        stdin: BinaryIO | None = None,
    ) -> Iterator[Source | DescriptionError]:
        """Yield each description in *name*, and an error for each that cannot be read.

        `npm:PACKAGE[@VERSION]` is a package of descriptions, and `https://…` one description; any
        other name is passed to `httptask.importers.read_sources`.
        """
        try:
            if name.startswith(PREFIX):
                yield from self._package(name)
            elif _ADDRESS.match(name):
                # Imported here, because it imports everything that is needed to send requests.
                from httptask.fetching._address import Way, description_at

                yield description_at(
                    name, Way(self._allow, self._network, self._plugins, self._progress)
                )
            else:
                yield from importers.read_sources(name, stdin=stdin)
        except DescriptionError as error:
            yield error

    def _package(self, name: str) -> Iterator[Source | DescriptionError]:
        package = parsed(name)
        temporary = tempfile.TemporaryDirectory(prefix="httptask-npm-")
        folder = Path(self._folders.enter_context(temporary))
        archive = fetched(package, folder, lambda size: self._progress(size, f"fetching {package}"))
        # The source's name has no version, so that the next version replaces this one.
        yield from importers.file_sources(archive, f"{PREFIX}{package.name}")
