"""One update: descriptions are read again from where they came from, and stored; what changed is
told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """What an update does to one workflow definition."""

    definition: str
    """The name that the definition was given under."""
    broken: tuple[BrokenTask, ...]
    used: int
    """Tasks that are for endpoints of the description."""


@dataclass(frozen=True, slots=True)
class UpdatedDescription:
    """One description that was read again, is stored, and differs from what was stored before."""

    source: str
    differences: Differences
    definitions: tuple[BrokenDefinition, ...]
    """One for each definition that was given."""

    def to_json(self) -> dict[str, Any]:
        """Return `{"source", "added", "removed", "changed", "unchanged"}`, and "broken" where
        definitions were given.
        """
        broken = [
            {"definition": each.definition, **task.to_json()}
            for each in self.definitions
            for task in each.broken
        ]
        given = {"broken": broken} if self.definitions else {}
        return {"source": self.source, **self.differences.to_json(), **given}


class Update:
    """Reads again what *catalogue* has from each of *origins* (with the names of what came from
    there), and stores it.

    Only sources whose names are known are read where *only_known* says so: those of one provider.
    *definitions* are the workflow definitions, by name, whose tasks are held against what changed.
    `run` does the work; the counts below grow while it runs.
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
        """Descriptions that are as they were."""
        self.gone: list[str] = []
        """Names of descriptions that are no longer where they came from; the catalogue keeps
        them.
        """
        self._catalogue = catalogue
        self._fetching = fetching
        self._origins = origins
        self._only_known = only_known
        self._definitions = tuple(definitions)
        self._plugins = plugins
        self._unreadable: list[DescriptionError] = []

    def run(self) -> Iterator[UpdatedDescription | DescriptionError | None]:
        """Yield each description that changed, each error of one that cannot be read (what is
        stored of it stays), and None for one that was read and did not change.
        """
        for read in read_all(self._jobs(), self._plugins):
            yield from self._taken_errors()
            yield self._stored(read)
        yield from self._taken_errors()

    def _taken_errors(self) -> Iterator[DescriptionError]:
        while self._unreadable:
            yield self._unreadable.pop(0)

    def _jobs(self) -> Iterator[Job]:
        """Yield what is not as it was when it was read last."""
        for origin, names in self._origins.items():
            options = import_options(origin.provider, origin.servers)
            seen: set[str] = set()
            complete = True
            for source in self._fetching.sources(origin.source):
                if isinstance(source, DescriptionError):
                    self._unreadable.append(source)
                    complete = False
                    continue
                source = replace(source, name=_name(source.name, origin))
                seen.add(source.name)
                is_new = source.name not in names
                if is_new and (self._only_known or is_fragment(source)):
                    continue
                mark = digest(source, options)
                if self._catalogue.known(mark) is not None:
                    self.unchanged += 1
                else:
                    yield Job(source, options, mark, origin)
            if complete:  # or it may only be unreadable today
                self.gone += sorted(names - seen)

    def _stored(self, read: Read) -> UpdatedDescription | DescriptionError | None:
        """Put what was *read* into the catalogue, and return what that changes."""
        if read.error is not None or read.prepared is None:
            return read.error
        apis = [(api.provider, api.name) for api in read.prepared.apis]
        old = [self._catalogue.of_api(*api) for api in apis]
        self._catalogue.put_prepared([read.prepared])
        new = [self._catalogue.of_api(*api) for api in apis]
        pairs = [
            pair for before, after in zip(old, new, strict=True) for pair in paired(before, after)
        ]
        differences = Differences.of(pairs)
        if not differences.any:
            self.unchanged += 1
            return None
        definitions = []
        for name, definition in self._definitions:
            broken, used = broken_tasks(definition, pairs, self._plugins)
            definitions.append(BrokenDefinition(name, tuple(broken), used))
        return UpdatedDescription(read.source, differences, tuple(definitions))


def _name(name: str, origin: Origin) -> str:
    """Return *name*, of what is at *origin*, as it was when it was imported from another folder."""
    if origin.source == origin.name or not name.startswith(origin.source):
        return name
    rest = name[len(origin.source) :]
    return str(Path(origin.name, rest[1:])) if Path(origin.source).is_dir() else origin.name + rest
