"""`Catalogue`: put, get, remove and search endpoints."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from httptask._core.nearest import nearest
from httptask.catalogue import _file, _index, _reader, _scope, _search
from httptask.catalogue._changes import Changes, ImportCounts, reader
from httptask.catalogue._origin import Origin
from httptask.catalogue._pack import Prepared, prepare
from httptask.catalogue._scope import Hit
from httptask.catalogue._words import storable
from httptask.errors import CatalogueError, UnknownEndpointError
from httptask.model.api import Endpoint

_SHIPPED = Path(__file__).with_name("shipped.json")


class Catalogue:
    """A searchable store of endpoints in one SQLite file.

    Get one with `Catalogue.open`; it is a context manager. Several processes may use a file at
    once: readers never wait, a writer waits up to 5 seconds for another one. An instance belongs to
    the thread that opened it. Every method raises `CatalogueError` when the file cannot be used,
    and then leaves the file as it is.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Catalogue:
        """Open the catalogue at *path*, or create it with the endpoints that httptask ships.

        Without *path*, the environment variable `HTTPTASK_CATALOGUE` names the file; without that,
        it is `catalogue.sqlite3` in the user's data folder. `":memory:"` is a catalogue in memory,
        lost when it is closed. Missing folders are created. An empty file becomes a new catalogue,
        as in SQLite. A file on a read-only file system can be read.

        Raises `CatalogueError` if the file is damaged, belongs to another program, was written by
        a newer httptask, or cannot be accessed.
        """
        name = _file.file_of(path)
        connection = _file.connect(name)
        catalogue = cls(connection, name)
        try:
            catalogue._bring_up_to_date()
            with catalogue._translated():
                _file.tune(connection)
        except BaseException:
            connection.close()
            raise
        return catalogue

    @property
    def name(self) -> str:
        """The file's name, or `:memory:`."""
        return self._name

    @property
    def version(self) -> tuple[int, int]:
        """Two counters: one changes with writes of this connection, one with writes of others."""
        with self._translated():
            by_others = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        return self._connection.total_changes, by_others

    def close(self) -> None:
        """Close the file.

        A second call does nothing. Every other method raises `CatalogueError` afterwards.
        """
        with self._translated():
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        sql = "SELECT coalesce(sum(endpoints), 0) FROM description"
        with self._translated():
            (count,) = self._connection.execute(sql).fetchone()
        return int(count)

    def endpoints(self) -> Iterator[Endpoint]:
        """Yield every endpoint, sorted by provider, path and method.

        An endpoint that is removed during the iteration is left out.
        """
        with self._translated():
            sql = """SELECT endpoint.number FROM endpoint
                     JOIN description ON description.number = description
                     ORDER BY provider, path, method, api"""
            numbers = [number for (number,) in self._connection.execute(sql)]
        for number in numbers:
            with self._reading():
                endpoint = self._complete(number)
            if endpoint is not None:
                yield endpoint

    def providers(self) -> list[str]:
        """Return the names of all providers, sorted."""
        with self._translated():
            rows = self._connection.execute(
                "SELECT DISTINCT provider FROM description ORDER BY provider"
            )
            return [name for (name,) in rows]

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint *endpoint_id*.

        Its `definitions` are the definitions that it needs, up to 2,000 and 2 MiB. Further
        definitions, first of the responses, then of the request, become schemas that accept any
        value. Raises `UnknownEndpointError` with up to five similar ids.
        """
        with self._reading():
            number = _scope.by_id(self._connection, endpoint_id)
            endpoint = None
            if number is not None:
                endpoint = self._complete(number)
        if endpoint is None:
            raise UnknownEndpointError(endpoint_id, self._nearest(endpoint_id))
        return endpoint

    def search(
        self,
        words: str,
        *,
        provider: str | None = None,
        method: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> list[Hit]:
        """Return up to *limit* matches of *words*, best first, without the first *offset*.

        Words may be in any order, and each may be the beginning of a word: `proc send email`. They
        are searched in provider, path and title, then in the description; case and accents do not
        matter, and there are no operators. If no endpoint has all the words, misspelt words are
        corrected; then endpoints with most of the words are returned. `Hit.match` says which. Empty
        *words* list everything by provider and path. *provider* and *method* limit the search.
        """
        with self._reading():
            return _search.search(
                self._connection,
                words,
                provider=provider,
                method=method,
                limit=limit,
                offset=offset,
            )

    def put(
        self,
        endpoints: Iterable[Endpoint],
        *,
        source: str,
        digest: bytes = b"",
        whole: bool = False,
    ) -> ImportCounts:
        """Store *endpoints*, read from *source*: all of them, or none if there is any error.

        An endpoint is identified by its provider (ignoring case), API name, path and method. A
        stored endpoint with the same identity is replaced, whatever its source, and keeps its id.
        If another endpoint has the id already, the new endpoint gets more digits of its path's hash
        in its id. Endpoints without a `source` get *source*.

        *digest* identifies this import for `known`. *whole* says that *source* describes its APIs
        in full: endpoints that it described before, but does not describe now, are removed.

        Endpoints that share one mapping of `definitions` share the stored definitions, too.
        """
        return self.put_prepared([prepare(endpoints, source=source, digest=digest, whole=whole)])[0]

    def put_prepared(self, prepared: Sequence[Prepared]) -> list[ImportCounts]:
        """Store the results of `prepare` for several sources in one transaction.

        Return the counts for each source. See `put`.
        """
        with self._changing() as changes:
            return [changes.put(source) for source in prepared]

    def known(self, digest: bytes) -> ImportCounts | None:
        """Return the counts of another import of the source with *digest*: all unchanged.

        Return None if no source with *digest* was imported, or if some of its endpoints were
        replaced or removed since.
        """
        with self._reading():
            sql = "SELECT number, source FROM description WHERE digest = ? AND digest <> x''"
            descriptions = self._connection.execute(sql, (digest,)).fetchall()
            sql = "SELECT id FROM endpoint WHERE description = ? ORDER BY position"
            ids = [
                row[0]
                for number, _ in descriptions
                for row in self._connection.execute(sql, (number,))
            ]
        if not descriptions:
            return None
        return ImportCounts(descriptions[0][1], unchanged=len(ids), ids=tuple(ids))

    def remember(self, digest: bytes, origin: Origin) -> None:
        """Store *origin* for the source with *digest*, unless it is stored already."""
        sql = "SELECT count(*) FROM description WHERE digest = ? AND digest <> x'' AND origin <> ?"
        with self._reading():
            (outdated,) = self._connection.execute(sql, (digest, origin.to_text())).fetchone()
        if outdated:
            sql = "UPDATE description SET origin = ? WHERE digest = ? AND digest <> x''"
            with self._writing():
                self._connection.execute(sql, (origin.to_text(), digest))

    def origins(self, provider: str | None = None) -> dict[Origin | None, frozenset[str]]:
        """Return origin -> the names of its sources, in the order of imports.

        The key None collects the sources that cannot be read again. *provider* limits the result to
        descriptions of that provider.
        """
        sql = """SELECT origin, source FROM description
                 WHERE provider = coalesce(?, provider) ORDER BY number"""
        sources_of: dict[Origin | None, set[str]] = {}
        with self._translated():
            for text, source in self._connection.execute(sql, (provider,)):
                try:
                    origin = Origin.from_text(text) if text else None
                except (ValueError, TypeError):
                    origin = None
                sources_of.setdefault(origin, set()).add(source)
        return {origin: frozenset(sources) for origin, sources in sources_of.items()}

    def is_as_shipped(self) -> bool:
        """Say whether all endpoints in the catalogue are from the sources that httptask ships."""
        with self._translated():
            sources = {
                source
                for (source,) in self._connection.execute("SELECT DISTINCT source FROM description")
            }
        return sources <= {value["source"] for value in _shipped()}

    def of_api(self, provider: str, name: str) -> list[Endpoint]:
        """Return the endpoints of the API *name* of *provider*, each with its definitions."""
        sql = """SELECT endpoint.number FROM description
                 JOIN endpoint ON endpoint.description = description.number
                 WHERE provider = ? AND api = ? ORDER BY description.number, position"""
        with self._reading():
            numbers = self._connection.execute(sql, (storable(provider), storable(name))).fetchall()
            endpoints = [self._complete(number) for (number,) in numbers]
        return [endpoint for endpoint in endpoints if endpoint is not None]

    def remove(self, endpoint_id: str) -> None:
        """Remove the endpoint *endpoint_id*.

        Raises `UnknownEndpointError` with up to five similar ids.
        """
        with self._changing() as changes:
            number = _scope.by_id(self._connection, endpoint_id)
            if number is not None:
                changes.remove(number, *self._position_of(number))
        if number is None:
            raise UnknownEndpointError(endpoint_id, self._nearest(endpoint_id))

    def optimise(self) -> None:
        """Make searches faster after an import of thousands of endpoints. This takes seconds.

        If the disk is full or another program is writing, nothing changes and no error is raised.
        """
        try:
            with self._writing():
                _index.optimise(self._connection)
        except CatalogueError as error:
            if not _file.may_pass(error.__cause__):
                raise

    def _translated(self) -> AbstractContextManager[None]:
        return _file.translated(self._name)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Let the block read one state of the catalogue, whatever others write meanwhile."""
        with self._transaction("DEFERRED"):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Run the block in one transaction: either all its writes are stored, or none."""
        # IMMEDIATE takes the lock now. SQLite may refuse it without waiting to a transaction that
        # has read already.
        with self._transaction("IMMEDIATE"):
            yield

    @contextmanager
    def _changing(self) -> Iterator[Changes]:
        with self._writing():
            changes = Changes(self._connection)
            yield changes
            changes.finish()

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        with self._translated():
            self._connection.execute(f"BEGIN {mode}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # no longer, if a full disk ended it
                    self._connection.execute("ROLLBACK")
                raise

    def _bring_up_to_date(self) -> None:
        """Fill a new catalogue or convert one of an older version."""
        with self._translated():
            version = _file.version(self._connection)
        if version == _file.VERSION:
            return
        try:
            with self._writing():
                self._convert()
        except CatalogueError as error:
            if version:
                raise CatalogueError(error.code, **error.params, hint="catalogue-of-old") from error
            raise
        # WAL only after the tables exist: switching to WAL writes the header, and a file with a
        # header but without our application id would look like another program's.
        _file.share(self._connection)

    def _convert(self) -> None:
        """Fill a new catalogue or convert an old one, inside the caller's transaction."""
        version = _file.version(self._connection)
        if version == _file.VERSION:  # another process converted the file before we got the lock
            return
        if version == 2:
            _file.convert_version_2(self._connection)
            return
        values = _file.take_version_1(self._connection) if version else _shipped()
        _file.create(self._connection)
        changes = Changes(self._connection)
        endpoints = sorted(map(Endpoint.from_json, values), key=lambda endpoint: endpoint.source)
        for source, group in groupby(endpoints, key=lambda endpoint: endpoint.source):
            changes.put(prepare(group, source=source))
        changes.finish()

    def _position_of(self, number: int) -> tuple[int, int]:
        """Return (number of the description, position in it) of the endpoint *number*."""
        sql = "SELECT description, position FROM endpoint WHERE number = ?"
        description, position = self._connection.execute(sql, (number,)).fetchone()
        return description, position

    def _complete(self, number: int) -> Endpoint | None:
        """Return the endpoint *number* with its definitions, or None if it does not exist."""
        sql = "SELECT id, description, position FROM endpoint WHERE number = ?"
        row = self._connection.execute(sql, (number,)).fetchone()
        if row is None:
            return None
        try:
            endpoint = reader(self._connection).complete(*row[1:])
        except _reader.DAMAGE as error:
            raise CatalogueError("catalogue-endpoint-damaged", file=self._name) from error
        # The row's id is longer than the packed one if two ids clashed: see `Changes._free_id`.
        if storable(endpoint.id) == row[0]:
            return endpoint
        return replace(endpoint, id=row[0])

    def _nearest(self, endpoint_id: str) -> list[str]:
        """Return up to five ids that are similar to *endpoint_id*.

        Only ids with the same beginning or the same words are compared, so that the time does not
        grow with the catalogue.
        """
        start = storable(endpoint_id.rpartition("-")[0] or endpoint_id)
        with self._translated():
            # A range, not LIKE: `%` and `_` in an id are taken as they are.
            sql = "SELECT id FROM endpoint WHERE id >= ? AND id < ? LIMIT 50"
            similar = [
                similar_id
                for (similar_id,) in self._connection.execute(sql, (start, start + "\U0010ffff"))
            ]
        hits = self.search(start, limit=50)
        nearest_ids = nearest(
            endpoint_id,
            dict.fromkeys([*similar, *(hit.id for hit in hits)]),
            most=5,
        )
        return nearest_ids or [hit.id for hit in hits if hit.match == "all"][:5]


def _shipped() -> list[Any]:
    return cast("list[Any]", json.loads(_SHIPPED.read_text(encoding="utf-8")))
