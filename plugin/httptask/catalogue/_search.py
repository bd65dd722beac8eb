"""Search: from a person's words to the endpoints they may mean.

Words go down a ladder; each rung is looser than the one before, and what it finds fills up the
list:

    every word in the names      provider, API, path, title, operationId; a verb ("send") may stand
    for its method (POST)
    every beginning in the names each word may be the beginning of another, or mean the same
    every beginning anywhere     in the description too
    misspelt words               replaced by the nearest ones of the catalogue, from the top again
    most of the words            all but one, all but two, ..., any, until a first page is full

Misspelt words are looked at only when nothing was found. Of three words and more, when the names of
few endpoints have them all, those whose names have most of them are ranked with what only
descriptions brought, after the first hits.

A provider may be typed by a short name (`gh`) or in several words (`git hub`).

Whatever is asked for, a rung reads a few hundred rows at most, the plainer endpoints first
(`_index.number_bucket`): a frequent word costs no more than a rare one. Which of those found comes
first, `_ranking` decides. A pasted id, path, address or operationId goes straight to its endpoint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any

from httptask.catalogue import _ranking
from httptask.catalogue._index import (
    TABLE_NAMES,
    TABLES,
    delete,
    delete_all,
    indexed,
    insert,
    insert_all,
    number_bucket,
    optimise,
)
from httptask.catalogue._pasted import Pasted
from httptask.catalogue._query import (
    MOST_COMPLETIONS,
    MOST_LETTERS,
    Vocabulary,
    Word,
    all_of,
    corrected,
    once,
    parsed,
    quoted,
    with_joined,
    within,
)
from httptask.catalogue._ranking import Asked, Candidate
from httptask.catalogue._words import SAME, id_hash, storable, terms, whole_name

__all__ = [
    "TABLES",
    "TABLE_NAMES",
    "Hit",
    "by_id",
    "delete",
    "delete_all",
    "id_hash",
    "indexed",
    "insert",
    "insert_all",
    "number_bucket",
    "optimise",
    "search",
    "storable",
]

MOST_CANDIDATES, FEWEST_CANDIDATES = 120, 50
"""Rows that are ranked, unless more are asked for: the more words, the fewer."""
MOST_LOOKS = 1_000
"""Words of a query times rows that are ranked."""
MOST_TIERED = 6
"""Words of a query whose better places are asked for first."""
MOST_COMBINED = 5
"""Words, or segments of a path, of which every combination is tried; the rarest words say most."""
MOST_PLACES = 8
"""Combinations of segments of a pasted path that are tried."""
FIRST_PAGE = 10
"""Hits with all words below which those with only some follow."""
MOST_LACKING = 12
"""Rows that are ranked of those whose names have some words of a query, for each choice of
words.
"""
KEPT = 3
"""Hits with all words that come before any that lacks one."""
NAMED = 2.0
"""What the ranking adds when the query is the operationId."""
MOST_LISTED = 1_000
"""Endpoints of one provider that are listed by path."""
MOST_ROWS = 1_000_000
"""Hits that a caller can ask for."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An endpoint that a search found."""

    id: str
    method: str
    path: str
    provider: str
    title: str = ""
    api: str = ""
    """The title of the API it is part of."""
    match: str = "all"
    """`all` words were found, `near` ones instead of misspelt ones, or only `some`."""

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


def search(
    connection: sqlite3.Connection,
    query: str,
    *,
    provider: str | None = None,
    method: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[Hit]:
    """Return up to *limit* hits for *query* after the first *offset*, best first; an empty query
    lists everything.
    """
    if limit < 1 or offset < 0:
        return []
    last = min(limit + offset, MOST_ROWS)
    with _at_once(connection):
        scope = _Scope.of(connection, provider, method)
        if scope is None:
            return []
        words = parsed(query)
        hits = _found(connection, query, words, scope, last) if words else scope.listing(last)
    return hits[offset:last]


@contextmanager
def _at_once(connection: sqlite3.Connection) -> Iterator[None]:
    """See the catalogue as it is now in all of the block, though another program may be
    importing.
    """
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")  # nothing was changed


def by_id(connection: sqlite3.Connection, endpoint_id: str) -> int | None:
    """Return the number of the endpoint *endpoint_id*, or None."""
    text = storable(endpoint_id)
    sql = "SELECT number FROM endpoint WHERE id_hash = ? AND id = ?"
    row = connection.execute(sql, (id_hash(text), text)).fetchone()
    return None if row is None else int(row[0])


def _found(
    connection: sqlite3.Connection, query: str, words: tuple[Word, ...], scope: _Scope, last: int
) -> list[Hit]:
    number = by_id(connection, query.strip())
    if number is not None and (hits := _hits(scope.row(number), "all")):
        return hits
    known = Vocabulary(connection)
    words = with_joined(words, known.is_provider)
    known.learn(term for word in words for term in word.terms)
    looking = _Looking(scope, known, last, len(words))
    pasted = looking.paste(query)
    if not pasted:
        looking.climb(words)
    if not looking.hits:
        words, dropped = corrected(known, words) if (given := words) else ((), False)
        if words and words != given:
            looking.climb(words, "some" if dropped else "near")
    if words and len(looking.hits) < min(KEPT if pasted else FIRST_PAGE, last):
        looking.loosen(words)
    return looking.hits[:last]


class _Looking:
    """One search under way: the hits so far."""

    def __init__(self, scope: _Scope, known: Vocabulary, last: int, words: int) -> None:
        self._scope = scope
        self._known = known
        self._last = last
        self._most = max(min(MOST_LOOKS // words, MOST_CANDIDATES), FEWEST_CANDIDATES, last)
        self._seen: set[int] = set()
        self.hits: list[Hit] = []

    def paste(self, query: str) -> bool:
        """Add the endpoints of the path or address that was pasted; say whether there are any."""
        pasted = Pasted.of(query[:MOST_LETTERS])
        if pasted is None:
            return False
        fits: dict[Candidate, float] = {}
        for expression in islice(self._places(pasted), MOST_PLACES):
            found = self._scope.matching("name", expression, self._most)
            fits.update({each: fit for each in found if (fit := pasted.fitness(each.path))})
            if fits:
                break
        bonus = {candidate.number: fit for candidate, fit in fits.items()}
        self._rank(fits, once(parsed(query)), "all", bonus)
        return bool(fits)

    def _places(self, pasted: Pasted) -> Iterator[str]:
        """Yield FTS5 expressions for *pasted*, the most telling first; which segments stand for
        parameters is not known.
        """
        labels = [
            term
            for label in pasted.host.split(".")
            for term in terms(label)
            if term not in _ranking.GENERIC
        ]
        segments = [tuple(terms(segment)) for segment in pasted.segments if "{" not in segment]
        self._known.learn(term for found in (labels, *segments) for term in found)
        counts = self._known.counts
        fixed = [found for found in segments if found and all(counts[term][0] for term in found)]
        providers = [
            within("provider", quoted(label)) + " AND " for label in labels if counts[label][0]
        ] or [""]
        # In a template the rest is fixed; in an address any segment may be a value.
        fewest = len(fixed) if any("{" in segment for segment in pasted.segments) else 1
        for count in range(len(fixed), max(fewest, 1) - 1, -1):
            for some in (
                combinations(fixed[-MOST_COMBINED:], count) if count < len(fixed) else [fixed]
            ):
                inside = within("path", all_of(quoted(term) for found in some for term in found))
                yield from (provider + inside for provider in providers)

    def climb(self, words: Sequence[Word], match: str = "all") -> None:
        """Go down the rungs on which every word counts until there is enough."""
        nouns = [word for word in words if not word.methods]
        verbs = [word for word in words if word.methods]
        named = self._named(words)
        found = {each.number: each for each in named}
        few_named = False
        for table, expression, unsure in self._rungs(nouns or verbs, verbs if nouns else []):
            few_named = few_named or (table == "everything" and len(found) < FIRST_PAGE)
            rows = self._scope.matching(table, expression, self._most)
            found |= {
                each.number: each
                for each in rows
                if all(_ranking.has(each, word) for word in unsure)
            }
            if len(found) >= self._most:
                break
        if not found and not nouns:  # verbs that stand nowhere
            expression = all_of(map(self._known.meant, verbs))
            found = {
                each.number: each for each in self._scope.matching("name", expression, self._most)
            }
        bonus = {each.number: NAMED for each in named}
        all_words = list(islice(found.values(), self._most))
        self._rank_with_lacking(all_words, nouns if few_named else [], words, match, bonus)

    def _rank_with_lacking(
        self,
        found: Sequence[Candidate],
        nouns: Sequence[Word],
        words: Sequence[Word],
        match: str,
        bonus: dict[int, float] | None = None,
    ) -> None:
        """Add the best of *found*, and after the first few also the best of those whose names have
        most *nouns*.
        """
        bonus = bonus or {}
        numbers = {each.number for each in found}
        lacking = self._lacking(nouns, numbers) if len(found) > KEPT else {}
        if lacking:
            self._rank(found, words, match, bonus, most=KEPT)
        # The ranking takes a word that it does not meet to stand in the description.
        bonus |= {each.number: -count * _ranking.ELSEWHERE for each, count in lacking.items()}
        self._rank([*found, *lacking], words, match, bonus, some=bonus.keys() - numbers)

    def _lacking(self, nouns: Sequence[Word], numbers: Collection[int]) -> dict[Candidate, int]:
        """Return endpoints but *numbers* whose names lack at most half of three *nouns* or more,
        and how many.
        """
        lacking: dict[Candidate, int] = {}
        if not 3 <= len(nouns) <= MOST_COMBINED:
            return lacking
        nouns = sorted(nouns, key=self._known.among_names)
        for count in range(1, len(nouns) // 2 + 1):
            for some in combinations(nouns, len(nouns) - count):
                clauses = all_of(map(self._known.clause, some))
                for expression in (within("tail provider title", clauses), clauses):
                    for each in self._scope.matching("name", expression, MOST_LACKING):
                        if each.number not in numbers:
                            lacking.setdefault(each, count)
        return lacking

    def _named(self, words: Sequence[Word]) -> list[Candidate]:
        """Return the endpoints whose operationId the *words* are, whatever joins them."""
        name = whole_name(" ".join(word.text for word in words))
        return self._scope.matching("name", within("operation", quoted(name)), self._most)

    def _rungs(
        self, nouns: Sequence[Word], verbs: Sequence[Word]
    ) -> Iterator[tuple[str, str, list[Asked]]]:
        """Yield (table, expression, words that the expression leaves to be looked for)."""
        known, most = self._known, self._most
        nouns = sorted(nouns, key=known.among_names)  # the rarest first: FTS5 goes through its rows
        whole = [known.clause(word) for word in nouns]
        tiered = len(nouns) <= MOST_TIERED
        if (
            tiered and known.among_names(nouns[0]) > most
        ):  # more than can be ranked: the better places first
            meant = [known.meant(word) for word in verbs]
            yield "name", all_of([within("tail provider title", all_of(whole)), *meant]), []
            yield "name", within("tail provider", all_of(whole)), []
            if meant:
                yield "name", all_of([*whole, *meant]), []
        yield "name", all_of(whole), []
        begun = [known.clause(word, beginnings=True) for word in nouns]
        if tiered and min(map(known.begun, nouns)) > most:
            yield "name", within("tail provider title", all_of(begun)), []
        yield "name", all_of(begun), []
        # What a short beginning is completed to may not be what is meant beside a rare word: look
        # there.
        sure = [
            word
            for word in nouns
            if known.among_names(word) <= most and len(known.completed(word)) < MOST_COMPLETIONS
        ]
        if sure and len(sure) < len(nouns):
            yield (
                "name",
                all_of(map(known.clause, sure)),
                self._asked([each for each in nouns if each not in sure]),
            )
        yield "everything", all_of(begun), []

    def loosen(self, words: Sequence[Word]) -> None:
        """Add what has all words but one, or else all but two, ...: at least that many must be
        found.
        """
        nouns = [word for word in words if not word.methods] or list(words)
        here = [word for word in nouns if self._stands(word)]
        rarest = sorted(here, key=self._known.anywhere)[:MOST_COMBINED]
        lacks = len(here) < len(nouns)  # then all that are left are still only some
        for count in range(len(rarest) - (bool(self.hits) and not lacks), 0, -1):
            found: dict[int, Candidate] = {}
            for some in combinations(rarest, count):
                expression = all_of(map(self._loose, some))
                for table in ("name", "everything"):
                    rows = self._scope.matching(table, expression, FEWEST_CANDIDATES)
                    found |= {each.number: each for each in rows}
                    if len(rows) == FEWEST_CANDIDATES:
                        break
            self._rank_with_lacking(list(found.values()), nouns, words, "some")
            if len(self.hits) >= min(FIRST_PAGE, self._last):
                return

    def _loose(self, word: Word) -> str:
        return self._known.clause(word, beginnings=not self._known.anywhere(word))

    def _stands(self, word: Word) -> bool:
        """Say whether *word* stands anywhere in the scope."""
        return bool(self._scope.matching("everything", self._loose(word), 1))

    def _asked(self, words: Sequence[Word], *, beginnings: bool = True) -> list[Asked]:
        weights = [_ranking.weight(self._known.anywhere(word)) for word in words]
        return [
            Asked(
                word.text,
                word.stems,
                word.parts,
                word.starts[0] if beginnings and word.starts else "",
                SAME.get(word.stems[0], ()),
                word.methods,
                weight / max(weights),
            )
            for word, weight in zip(words, weights, strict=True)
        ]

    def _rank(
        self,
        found: Iterable[Candidate],
        words: Sequence[Word],
        match: str,
        bonus: Mapping[int, float] | None = None,
        *,
        most: int = MOST_ROWS,
        some: Collection[int] = (),
    ) -> None:
        """Add the best of *found* that are not among the hits yet, at most *most*; those of *some*
        lack a word.
        """
        new = [candidate for candidate in found if candidate.number not in self._seen]
        ranked = _ranking.ranked(new, self._asked(words, beginnings=match != "near"), bonus or {})
        best = ranked[: min(self._last - len(self.hits), most)]
        self._seen.update(each.number for each in best)
        for each in best:
            self.hits += _hits([each], "some" if each.number in some else match)


def _hits(candidates: Iterable[Candidate], match: str) -> list[Hit]:
    return [
        Hit(each.id, each.method, each.path, each.provider, each.title, each.api_title, match)
        for each in candidates
    ]


_ROWS = """SELECT endpoint.number, endpoint.id, endpoint.method, endpoint.path, endpoint.title,
  endpoint.deprecated, endpoint.description FROM """


@dataclass(frozen=True)
class _Scope:
    """The part of the catalogue that is searched: all of it, or one provider's, or one method's."""

    connection: sqlite3.Connection
    provider: str | None
    narrow: Mapping[str, str]
    """Table -> what each FTS5 expression begins with: it makes SQLite go through these rows
    only.
    """
    where: str
    """The condition that every row must meet, as SQL that begins with AND."""
    arguments: tuple[str, ...]
    """For the marks in it."""
    apis: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    """Number of a description that was met -> provider, the API's name and title."""

    @classmethod
    def of(
        cls, connection: sqlite3.Connection, provider: str | None, method: str | None
    ) -> _Scope | None:
        """Return the scope of *provider* and *method*, None being any; None when there is no such
        provider.
        """
        where, arguments, narrow = "", [], []
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
            # In lower case: `GitHub` is `github`, too, and not only `git` and `hub`.
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
        # CROSS: first what matches, then its row; SQLite might turn that round.
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
        found = list(rows)
        new = {row[-1] for row in found} - self.apis.keys()
        if new:
            marks = ", ".join("?" * len(new))
            sql = f"SELECT number, provider, api, title FROM description WHERE number IN ({marks})"  # noqa: S608
            self.apis.update({row[0]: row[1:] for row in self.connection.execute(sql, tuple(new))})
        return [
            Candidate._make((*row, *self.apis[row[-1]])) for row in found if row[-1] in self.apis
        ]

    def listing(self, last: int) -> list[Hit]:
        """Return the first *last* endpoints by provider and path; of a provider with very many, the
        plainer ones first.
        """
        hits: list[Hit] = []
        for provider in self._providers():
            # In order of the numbers: sorting all of a large provider's paths would take too long.
            part = "(SELECT number FROM description WHERE provider = ?)"
            sql = f"{_ROWS} endpoint WHERE description IN {part} {self.where} LIMIT ?"
            arguments = (provider, *self.arguments, max(last - len(hits), MOST_LISTED))
            rows = self._candidates(self.connection.execute(sql, arguments))
            hits += _hits(sorted(rows, key=lambda row: (row.path, row.method)), "all")
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
