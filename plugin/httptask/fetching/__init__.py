"""Sources over the network: a package of descriptions, or one description at an address.

`_package` asks the installed npm client; `_address` sends requests on the path that every request
takes.
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
    """Say whether the SOURCE *name* comes over the network."""
    return name.startswith(PREFIX) or _ADDRESS.match(name) is not None


def shown_name(name: str) -> str:
    """Return *name* for reports: an address without its secrets."""
    if not _ADDRESS.match(name):
        return name
    from httptask.fetching._address import shown

    return shown(name)


class Fetching:
    """Opens sources, also those that have to be fetched first.

    A context manager: fetched files are kept until its end. *allow_networks* is what an operator
    allows besides globally routable addresses; None takes `HTTPTASK_ALLOW_NETWORKS`. *network* is
    how requests leave this machine, as for a `Runtime`; the npm client goes by its own settings.
    *plugins* are asked before a connection is made, as for a `Runtime`. *progress* is called ten
    times a second during a fetch, with the bytes so far and the name of the step; an exception it
    raises ends the fetch.
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
        self, name: str, *, stdin: BinaryIO | None = None
    ) -> Iterator[Source | DescriptionError]:
        """Yield each description in *name*, and an error for each that cannot be read.

        `npm:PACKAGE[@VERSION]` is a package of descriptions, `https://…` one description;
        everything else is read by `httptask.importers.read_sources`.
        """
        try:
            if name.startswith(PREFIX):
                yield from self._package(name)
            elif _ADDRESS.match(name):
                # Imported here: it needs everything that sends requests.
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
        # Without its version: the next one describes the same APIs, and replaces this one.
        yield from importers.file_sources(archive, f"{PREFIX}{package.name}")
