"""The part of the catalogue that a search is limited to, and its hits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from httptask.catalogue._query import quoted, within
from httptask.catalogue._ranking import Candidate
from httptask.catalogue._words import id_hash, storable, terms

MOST_LISTED = 1_000
"""The most endpoints of one provider that `Scope.listing` sorts by path."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One endpoint in the result of a search."""

    id: str
    method: str
    path: str
    provider: str
    title: str = ""
    api: str = ""
    """The title of the endpoint's API."""
    match: str = "all"
    """`all`: every word matches; `near`: with misspelt words corrected; `some`: not every word."""

    def to_json(self) -> dict[str, Any]:
        """Return the hit as a JSON object."""
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "provider": self.provider,
            "api": self.api,
            "title": self.title,
            "match": self.match,
        }


def hits_of(candidates: Iterable[Candidate], match: str) -> list[Hit]:
    return [
        Hit(
            candidate.id,
            candidate.method,
            candidate.path,
            candidate.provider,
            candidate.title,
            candidate.api_title,
            match,
        )
        for candidate in candidates
    ]


def by_id(connection: sqlite3.Connection, endpoint_id: str) -> int | None:
    """Return the number of the endpoint *endpoint_id*, or None."""
    text = storable(endpoint_id)
    sql = "SELECT number FROM endpoint WHERE id_hash = ? AND id = ?"
    row = connection.execute(sql, (id_hash(text), text)).fetchone()
    if row is None:
        return None
    return int(row[0])


_ROWS = """SELECT endpoint.number, endpoint.id, endpoint.method, endpoint.path, endpoint.title,
  endpoint.deprecated, endpoint.description FROM """


@dataclass(frozen=True)
class Scope:
    """The part of the catalogue to search: all, one provider's, one method's, or both."""

    connection: sqlite3.Connection
    provider: str | None
    narrow: Mapping[str, str]
    """Table -> the beginning of each FTS5 expression. It limits the rows that SQLite reads."""
    where: str
    """The condition on every row: SQL that begins with AND, or "" for all rows."""
    arguments: tuple[str, ...]
    """The arguments for the question marks in `where`."""
    apis: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    """Cache: number of a description -> provider, the API's name and title."""

    @classmethod
    def of(
        cls,
        connection: sqlite3.Connection,
        provider: str | None,
        method: str | None,
    ) -> Scope | None:
        """Return the scope of *provider* and *method*. None stands for any.

        Return None when the catalogue has no such provider.
        """
        where = ""
        arguments = []
        narrow = []
        if provider is not None:
            provider = storable(provider)
            sql = "SELECT 1 FROM description WHERE provider = ? LIMIT 1"
            if connection.execute(sql, (provider,)).fetchone() is None:
                return None
            where = (
                " AND EXISTS (SELECT 1 FROM description WHERE number = endpoint.description AND"
                " provider = ?)"
            )
            arguments.append(provider)
            # In lower case, `GitHub` is the one term `github`. As it stands, it would be split into
            # `git` and `hub`, too, which `github` in the index may lack.
            narrow += [("provider", quoted(term)) for term in terms(provider.lower())]
        if method is not None:
            where += " AND endpoint.method = ?"
            arguments.append(storable(method).upper())
            narrow += [("method", quoted(term)) for term in terms(method)]
        begins = {
            "name": "".join(f"{within(column, term)} AND " for column, term in narrow),
            "everything": "".join(f"{term} AND " for _, term in narrow),
        }
        return cls(connection, provider, begins, where, tuple(arguments))

    def matching(self, table: str, expression: str, most: int) -> list[Candidate]:
        """Return the first *most* endpoints in *table* that match the FTS5 *expression*."""
        # CROSS JOIN: SQLite must go from the matches to their rows, not the other way round.
        sql = (
            f"{_ROWS} {table} CROSS JOIN endpoint ON endpoint.number = {table}.rowid WHERE {table}"
            " MATCH ?"
        )
        arguments = (f"{self.narrow[table]}{expression}", *self.arguments, most)
        return self._candidates(self.connection.execute(f"{sql} {self.where} LIMIT ?", arguments))

    def row(self, number: int) -> list[Candidate]:
        """Return the endpoint *number*, if it is in the scope."""
        sql = f"{_ROWS} endpoint WHERE number = ? {self.where}"
        return self._candidates(self.connection.execute(sql, (number, *self.arguments)))

    def _candidates(self, rows: Iterable[tuple[Any, ...]]) -> list[Candidate]:
        rows_read = list(rows)
        new_descriptions = {row[-1] for row in rows_read} - self.apis.keys()
        if new_descriptions:
            marks = ", ".join("?" * len(new_descriptions))
            sql = f"SELECT number, provider, api, title FROM description WHERE number IN ({marks})"  # noqa: S608
            self.apis.update(
                {row[0]: row[1:] for row in self.connection.execute(sql, tuple(new_descriptions))}
            )
        return [
            Candidate._make((*row, *self.apis[row[-1]]))
            for row in rows_read
            if row[-1] in self.apis
        ]

    def listing(self, last: int) -> list[Hit]:
        """Return the first *last* endpoints, sorted by provider, path and method.

        From a provider with more than `MOST_LISTED` endpoints, only the plainest are read.
        """
        hits: list[Hit] = []
        for provider in self._providers():
            # LIMIT without ORDER BY: sorting all paths of a large provider would take too long.
            part = "(SELECT number FROM description WHERE provider = ?)"
            sql = f"{_ROWS} endpoint WHERE description IN {part} {self.where} LIMIT ?"
            arguments = (provider, *self.arguments, max(last - len(hits), MOST_LISTED))
            rows = self._candidates(self.connection.execute(sql, arguments))
            hits += hits_of(sorted(rows, key=lambda row: (row.path, row.method)), "all")
            if len(hits) >= last:
                break
        return hits[:last]

    def _providers(self) -> Iterator[str]:
        if self.provider is not None:
            yield self.provider
            return
        rows = self.connection.execute(
            "SELECT DISTINCT provider FROM description ORDER BY provider"
        )
        yield from (provider for (provider,) in rows)
