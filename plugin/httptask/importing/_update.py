"""Run one update: read descriptions again from their origins, store them, and compare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from httptask.changes import BrokenTask, Differences, broken_tasks, paired
from httptask.errors import DescriptionError
from httptask.importers import import_options, is_fragment
from httptask.importing._reading import Job, Read, digest, read_all

if TYPE_CHECKING:
    from httptask.catalogue import Catalogue, Origin
    from httptask.fetching import Fetching
    from httptask.model.workflow import WorkflowDefinition
    from httptask.plugins import PluginManager


@dataclass(frozen=True, slots=True)
class BrokenDefinition:
    """The tasks of one workflow definition that an update breaks."""

    definition: str
    """The name of the definition."""
    broken: tuple[BrokenTask, ...]
    used: int
    """The number of the definition's tasks that use endpoints of the description."""


@dataclass(frozen=True, slots=True)
class UpdatedDescription:
    """One description that was read again and differs from the stored endpoints."""

    source: str
    differences: Differences
    definitions: tuple[BrokenDefinition, ...]
    """One `BrokenDefinition` for each definition of the update, also without broken tasks."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"source", "added", "removed", "changed", "unchanged", "broken"?}`.

        "broken" is only there if the update has definitions.
        """
        value = {"source": self.source, **self.differences.to_json()}
        if self.definitions:
            value["broken"] = [
                {"definition": definition.definition, **task.to_json()}
                for definition in self.definitions
                for task in definition.broken
            ]
        return value


class Update:
    """Reads the descriptions from *origins* again, and stores them in *catalogue*.

    *origins* maps each origin to the names of its descriptions. With *only_known*, sources with
    other names are skipped; use it to update a single provider. *definitions* are (name, workflow
    definition) pairs whose tasks are checked against the changes. `run` does the work, and
    `unchanged` and `gone` grow meanwhile.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        fetching: Fetching,
        origins: Mapping[Origin, frozenset[str]],
        *,
        only_known: bool,
        definitions: Sequence[tuple[str, WorkflowDefinition]] = (),
        plugins: PluginManager,
    ) -> None:
        self.unchanged = 0
        """The number of descriptions that have not changed."""
        self.gone: list[str] = []
        """Names of descriptions that are no longer at their origin. The catalogue keeps them."""
        self._catalogue = catalogue
        self._fetching = fetching
        self._origins = origins
        self._only_known = only_known
        self._definitions = tuple(definitions)
        self._plugins = plugins
        self._unreadable: list[DescriptionError] = []

    def run(self) -> Iterator[UpdatedDescription | DescriptionError | None]:
        """Yield each changed description, each error, and None for each that did not change.

        An error is about a description that cannot be read. Its stored endpoints stay.
        """
        for result in read_all(self._jobs(), self._plugins):
            yield from self._taken_errors()
            yield self._store(result)
        yield from self._taken_errors()

    def _taken_errors(self) -> Iterator[DescriptionError]:
        while self._unreadable:
            yield self._unreadable.pop(0)

    def _jobs(self) -> Iterator[Job]:
        """Yield a job for each description that has changed since it was read last."""
        for origin, names in self._origins.items():
            options = import_options(origin.provider, origin.servers)
            names_there: set[str] = set()
            complete = True
            for source in self._fetching.sources(origin.source):
                if isinstance(source, DescriptionError):
                    self._unreadable.append(source)
                    complete = False
                    continue
                source = replace(source, name=_name(source.name, origin))
                names_there.add(source.name)
                is_new = source.name not in names
                if is_new and (self._only_known or is_fragment(source)):
                    continue
                source_digest = digest(source, options)
                if self._catalogue.known(source_digest) is not None:
                    self.unchanged += 1
                else:
                    yield Job(source, options, source_digest, origin)
            if complete:  # otherwise, a missing description may be one that could not be read
                self.gone += sorted(names - names_there)

    def _store(self, result: Read) -> UpdatedDescription | DescriptionError | None:
        """Store *result*. Return the changes, the error, or None if nothing changed."""
        if result.error is not None or result.prepared is None:
            return result.error
        apis = [(api.provider, api.name) for api in result.prepared.apis]
        # Before the new version is stored, which replaces them.
        old = [self._catalogue.of_api(*api) for api in apis]
        self._catalogue.put_prepared([result.prepared])
        new = [self._catalogue.of_api(*api) for api in apis]
        pairs = list(chain.from_iterable(map(paired, old, new)))
        differences = Differences.of(pairs)
        # Other bytes, but the same endpoints: only descriptions or the order have changed.
        if not differences.any:
            self.unchanged += 1
            return None
        definitions = []
        for name, definition in self._definitions:
            broken, used = broken_tasks(definition, pairs, self._plugins)
            definitions.append(BrokenDefinition(name, tuple(broken), used))
        return UpdatedDescription(result.source, differences, tuple(definitions))


def _name(name: str, origin: Origin) -> str:
    """Return the name under which the source *name* at *origin* was imported.

    That name may be relative to the folder in which the import was started.
    """
    if origin.source == origin.name or not name.startswith(origin.source):
        return name
    below = name[len(origin.source) :]
    if Path(origin.source).is_dir():
        return str(Path(origin.name, below[1:]))
    return origin.name + below
