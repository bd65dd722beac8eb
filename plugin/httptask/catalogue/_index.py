"""The full-text index: its tables, the terms of an endpoint, and how rows are added and removed.

Two full-text tables hold which terms occur in which row, but not the text. `name` has the names by
column and serves nearly every search; `everything` has the descriptions, too. The table `word`
counts the rows of each term, to complete and to correct typed words. Plainer endpoints have lower
row numbers (`number_bucket`), so that a search for frequent words reads only the first few hundred
rows.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from httptask.catalogue._words import (
    FILLERS,
    LONGEST_NAME,
    WHOLE,
    is_verb,
    letters,
    terms,
    whole_name,
)
from httptask.model.api import Endpoint

COLUMNS = ("tail", "path", "provider", "title", "operation", "method")
"""The columns of `name`.

`tail` is the end of the path, which names the resource. `provider` holds the API's name and title,
too. `operation` holds the operationId and the tags.
"""

TABLES: tuple[str, ...] = (
    # The tokenizer `ascii` splits nothing that is a term: all of Unicode is ours to fold.
    f"""CREATE VIRTUAL TABLE name USING fts5(
      {", ".join(COLUMNS)}, content = '', columnsize = 0, detail = column, tokenize = 'ascii')""",
    """CREATE VIRTUAL TABLE everything USING fts5(
      term, content = '', columnsize = 0, detail = none, tokenize = 'ascii')""",
    """CREATE TABLE word (
      term TEXT PRIMARY KEY, names INTEGER NOT NULL, everywhere INTEGER NOT NULL,
      letters INTEGER NOT NULL
    ) WITHOUT ROWID""",
)
"""The statements that create the tables, one statement for each table."""
TABLE_NAMES = frozenset({"name", "everything", "word"})

LONGEST_PATH = 600
"""The most letters of a path that are indexed."""
MOST_TAGS = 8
LONGEST_DESCRIPTION = 2_000
"""The most letters of a description that are indexed."""

_PARAMETER = re.compile(r"\{[^{}]*\}")
_BEFORE_TAIL = re.compile(r"[/#?&=:;(]")
_EXTENSION = re.compile(r"(?:\.(?:json|xml|csv|html?|txt|aspx?|php))?\.?/*\Z")
_TAG = re.compile(r"<[^<>]{0,400}>")


def tail(path: str) -> list[str]:
    """Return the last piece of *path* that is not a parameter; two pieces if the last is a verb.

    `/v1/customers/{id}` gives `customers`, `/#Do=PutItem` gives `PutItem`, and
    `/v1/orders/{id}/cancel` gives `orders` and `cancel`. A path without pieces gives none.
    """
    fixed = without_parameters(path)
    if fixed.endswith("/") or "." in fixed:
        fixed = _EXTENSION.sub("", fixed)
    pieces = [
        piece
        for piece in _BEFORE_TAIL.split(fixed)
        if piece.isalnum() or any(map(str.isalnum, piece))
    ]
    if pieces and is_verb(pieces[-1]):
        return pieces[-2:]
    return pieces[-1:]


def without_parameters(path: str) -> str:
    """Return *path* with each parameter replaced by `/`."""
    return _PARAMETER.sub("/", path)


def parameters(path: str) -> str:
    """Return the names of the parameters in *path*."""
    return " ".join(_PARAMETER.findall(path))


def indexed(endpoint: Endpoint) -> tuple[str, ...]:
    """Return the terms of *endpoint*, joined by spaces: one text for each of `COLUMNS`.

    One more text follows: the description's terms that are in none of the columns.
    """
    operation = endpoint.operation_id[:LONGEST_NAME]
    tags = (tag[:LONGEST_NAME] for tag in endpoint.tags[:MOST_TAGS])
    api = f"{endpoint.provider} {endpoint.api.name} {endpoint.api.title}"
    operation_terms = terms(" ".join((operation, *tags)))
    if operation:
        operation_terms[whole_name(operation)] = None
    names = [
        *_path_terms(endpoint.path[:LONGEST_PATH]),
        _shared_terms(api[:LONGEST_NAME]),
        _shared_terms(endpoint.title[:LONGEST_NAME]),
        operation_terms,
        _shared_terms(endpoint.method),
    ]
    # A term of a name is found by the name, which counts more: the index need not hold it twice.
    excluded = FILLERS.union(*names)
    described = _described_terms(endpoint.description[:LONGEST_DESCRIPTION])
    further = " ".join([term for term in described if term not in excluded])
    return (*map(" ".join, names), further)


@lru_cache(maxsize=64)
def _path_terms(path: str) -> tuple[dict[str, None], dict[str, None]]:
    """Return the terms of the tail of *path* and of all of *path*. Cached: methods share a path."""
    return terms(" ".join(tail(path))), terms(path)


@lru_cache(maxsize=512)
def _described_terms(description: str) -> dict[str, None]:
    """Return the terms of *description*. Cached: nearly half of all endpoints share theirs."""
    return terms(_TAG.sub(" ", description) if "<" in description else description)


_shared_terms = lru_cache(maxsize=512)(terms)
"""`terms` of texts that endpoints share: the name of their API, some titles, the few methods."""


def number_bucket(endpoint: Endpoint) -> int:
    """Return a rank from 0 to 1023: the plainer *endpoint*, the lower.

    Deprecated endpoints rank above 511. Then fewer segments are plainer, then shorter paths.
    """
    path = endpoint.path
    separators = path.count("/") + 2 * (path.count("#") + path.count("?"))
    # One bit for deprecated, four for the depth, five for the length.
    depth = min(separators, 15)
    length = min(len(path) // 8, 31)
    first = 512 if endpoint.deprecated else 0
    return first + depth * 32 + length


def insert(connection: sqlite3.Connection, number: int, columns: Sequence[str]) -> None:
    """Index the row *number*, inside the caller's transaction.

    For more than one row, `insert_all` is far faster.
    """
    insert_all(connection, [(number, columns)])


def insert_all(connection: sqlite3.Connection, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Index *rows* of (number, result of `indexed`), inside the caller's transaction.

    Batches of some thousand rows are fastest.
    """
    # Sorted because FTS5 flushes its memory to disk whenever a row has a lower number than before.
    rows = sorted(rows)
    numbers = [number for number, _ in rows]
    terms_of_rows = [_Terms.of(columns) for _, columns in rows]
    texts = [row.text() for row in terms_of_rows]
    marks = ", ".join("?" for _ in COLUMNS)
    connection.executemany(
        f"INSERT INTO name (rowid, {', '.join(COLUMNS)}) VALUES (?, {marks})",  # noqa: S608 - our own names
        ((number, *columns[:-1]) for number, columns in rows),
    )
    connection.executemany(
        "INSERT INTO everything (rowid, term) VALUES (?, ?)",
        zip(numbers, texts, strict=True),
    )
    names, everywhere = _counted(terms_of_rows)
    connection.executemany(
        "INSERT INTO word (term, names, everywhere, letters) VALUES (?, ?, ?, ?) ON CONFLICT (term)"
        " DO UPDATE SET names = names + excluded.names, everywhere = everywhere +"
        " excluded.everywhere",
        ((term, names[term], everywhere[term], letters(term)) for term in sorted(everywhere)),
    )


def delete(connection: sqlite3.Connection, number: int, columns: Sequence[str]) -> None:
    """Remove the row *number* from the index, inside the caller's transaction.

    *columns* must be the result of `indexed` with which the row was inserted: FTS5 needs the terms
    to delete them, and a contentless table does not keep them.
    """
    delete_all(connection, [(number, columns)])


def delete_all(connection: sqlite3.Connection, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Remove *rows* of (number, columns) from the index. See `delete`."""
    rows = sorted(rows)
    numbers = [number for number, _ in rows]
    terms_of_rows = [_Terms.of(columns) for _, columns in rows]
    texts = [row.text() for row in terms_of_rows]
    marks = ", ".join("?" for _ in COLUMNS)
    connection.executemany(
        f"INSERT INTO name (name, rowid, {', '.join(COLUMNS)}) VALUES ('delete', ?, {marks})",  # noqa: S608
        ((number, *columns[:-1]) for number, columns in rows),
    )
    connection.executemany(
        "INSERT INTO everything (everything, rowid, term) VALUES ('delete', ?, ?)",
        zip(numbers, texts, strict=True),
    )
    names, everywhere = _counted(terms_of_rows)
    connection.executemany(
        "UPDATE word SET names = names - ?, everywhere = everywhere - ? WHERE term = ?",
        ((names[term], everywhere[term], term) for term in sorted(everywhere)),
    )
    connection.executemany(
        "DELETE FROM word WHERE term = ? AND everywhere <= 0",
        ((term,) for term in sorted(everywhere)),
    )


def optimise(connection: sqlite3.Connection) -> None:
    """Merge the index segments that many transactions wrote, inside the caller's transaction.

    Searches become faster after a long import.
    """
    for table in ("name", "everything"):
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608 - our own names


class _Terms(NamedTuple):
    """The terms of one row, each term once."""

    named: set[str]
    """Terms of the names, except the operationId's `whole_name`: no typed word is equal to it."""
    described: list[str]
    """Terms that only the description has."""

    @classmethod
    def of(cls, columns: Sequence[str]) -> _Terms:
        """Return the terms in *columns*, a result of `indexed`."""
        named = set(" ".join(columns[:-1]).split())
        operation = columns[COLUMNS.index("operation")]
        if WHOLE in operation:
            named.discard(operation[operation.index(WHOLE) :])
        return cls(named, columns[-1].split())

    def text(self) -> str:
        """Return all terms as one text, for the table `everything`."""
        return " ".join(chain(self.named, self.described))


def _counted(rows: Sequence[_Terms]) -> tuple[Counter[str], Counter[str]]:
    """Count for each term the *rows* with it in a name, and the rows with it anywhere."""
    names = Counter(chain.from_iterable(row.named for row in rows))
    everywhere = Counter(chain.from_iterable(row.described for row in rows))
    everywhere.update(names)
    return names, everywhere
