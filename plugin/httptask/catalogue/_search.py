"""Search: from a person's words to the endpoints they may mean.

Words go down a ladder. Each rung is looser than the one before and fills up the list of candidates:

    every word in the names         provider, API, path, title, operationId; a verb ("send") may
                                    stand for its method (POST)
    every beginning in the names    each word may begin another one, or have synonyms
    every beginning anywhere        in the description, too
    misspelt words                  replaced by the nearest ones of the catalogue, from the top
    again
    most of the words               all but one, all but two, ..., any, until a first page is full

Words are corrected only when there is no hit. When the names of only few endpoints have all of
three words or more, endpoints whose names have most of them are ranked, too: after the first hits,
together with those whose description has the missing words. A path that ends in nothing but a verb
is a function of its API (`/v3/search`): it is ranked with the hits though it lacks the last word,
which may be what the function is for (`youtube search videos`).

A provider may be typed by a short name (`gh`) or in several words (`git hub`).

A rung reads a few hundred rows at most, the plainer endpoints first (`_index.number_bucket`): a
frequent word costs no more than a rare one. `_ranking` then orders them. A pasted id, path, URL or
operationId goes straight to its endpoint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, combinations, islice
from typing import Any

from httptask.catalogue import _ranking
from httptask.catalogue._address import Address
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
from httptask.catalogue._ranking import Candidate, QueryWord
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
"""Rows that are ranked, unless more hits are requested: the more words, the fewer rows."""
MOST_LOOKS = 1_000
"""The product of a query's words and the rows that are ranked."""
MOST_TIERED = 6
"""Words of a query up to which the better columns are searched first."""
MOST_COMBINED = 5
"""Words, or segments of a path, of which every combination is tried: the rarest words."""
MOST_PATHS = 8
"""Combinations of segments of a pasted path that are tried."""
FIRST_PAGE = 10
"""Hits with all words below which those with only some follow."""
MOST_LACKING = 12
"""Rows that are ranked for each subset of a query's words: their names have the whole subset."""
KEPT = 3
"""Hits with all words that come before the first one that lacks a word."""
NAMED = 2.0
"""What is added to the score when the query is the operationId."""
MOST_LISTED = 1_000
"""Endpoints of one provider that are listed by path."""
MOST_ROWS = 1_000_000
"""The most hits that a caller gets."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One endpoint in the result of a search."""

    id: str
    method: str
    path: str
    provider: str
    title: str = ""
    api: str = ""
    """The title of the API it is part of."""
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


def search(
    connection: sqlite3.Connection,
    query: str,
    *,
    provider: str | None = None,
    method: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[Hit]:
    """Return up to *limit* hits for *query* after the first *offset*, best first.

    An empty query lists everything.
    """
    if limit < 1 or offset < 0:
        return []
    last = min(limit + offset, MOST_ROWS)
    with _at_once(connection):
        scope = _Scope.of(connection, provider, method)
        if scope is None:
            return []
        words = parsed(query)
        hits = _lookup(connection, query, words, scope, last) if words else scope.listing(last)
    return hits[offset:last]


@contextmanager
def _at_once(connection: sqlite3.Connection) -> Iterator[None]:
    """Read one state of the catalogue in the whole block, whatever other programs write."""
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


def _lookup(
    connection: sqlite3.Connection, query: str, words: tuple[Word, ...], scope: _Scope, last: int
) -> list[Hit]:
    number = by_id(connection, query.strip())
    if number is not None and (hits := _hits(scope.row(number), "all")):
        return hits
    vocabulary = Vocabulary(connection)
    words = with_joined(words, vocabulary.is_provider)
    vocabulary.learn(term for word in words for term in word.terms)
    ladder = _Ladder(scope, vocabulary, last, len(words))
    pasted = ladder.paste(query)
    if not pasted:
        ladder.climb(words)
    if not ladder.hits:
        words, dropped = corrected(vocabulary, words) if (typed := words) else ((), False)
        if words and words != typed:
            ladder.climb(words, "some" if dropped else "near")
    if words and len(ladder.hits) < min(KEPT if pasted else FIRST_PAGE, last):
        ladder.loosen(words)
    return ladder.hits[:last]


class _Ladder:
    """One search on its way down the ladder, with its hits so far."""

    def __init__(self, scope: _Scope, vocabulary: Vocabulary, last: int, words: int) -> None:
        self._scope = scope
        self._vocabulary = vocabulary
        self._last = last
        self._most = max(min(MOST_LOOKS // words, MOST_CANDIDATES), FEWEST_CANDIDATES, last)
        self._seen: set[int] = set()
        self.hits: list[Hit] = []

    def paste(self, query: str) -> bool:
        """Add the endpoints of the path or URL that *query* is; say whether there are any."""
        address = Address.of(query[:MOST_LETTERS])
        if address is None:
            return False
        fits: dict[Candidate, float] = {}
        for expression in islice(self._path_expressions(address), MOST_PATHS):
            for candidate in self._scope.matching("name", expression, self._most):
                if fit := address.fitness(candidate.path):
                    fits[candidate] = fit
            if fits:
                break
        bonus = {candidate.number: fit for candidate, fit in fits.items()}
        self._rank(fits, once(parsed(query)), "all", bonus)
        return bool(fits)

    def _path_expressions(self, address: Address) -> Iterator[str]:
        """Yield FTS5 expressions for *address*, the strictest first.

        A segment of a URL may be a parameter's value, so subsets of the segments are tried, too.
        """
        labels = [
            term
            for label in address.host.split(".")
            for term in terms(label)
            if term not in _ranking.GENERIC
        ]
        segments = [tuple(terms(segment)) for segment in address.segments if "{" not in segment]
        self._vocabulary.learn(chain(labels, *segments))
        counts = self._vocabulary.counts
        fixed = [
            segment_terms
            for segment_terms in segments
            if segment_terms and all(counts[term][0] for term in segment_terms)
        ]
        providers = [
            within("provider", quoted(label)) + " AND " for label in labels if counts[label][0]
        ] or [""]
        # In a template the other segments are fixed; in a URL any segment may be a value.
        fewest = len(fixed) if any("{" in segment for segment in address.segments) else 1
        for count in range(len(fixed), max(fewest, 1) - 1, -1):
            is_whole = count == len(fixed)
            subsets = [fixed] if is_whole else combinations(fixed[-MOST_COMBINED:], count)
            for subset in subsets:
                within_path = within("path", all_of(map(quoted, chain.from_iterable(subset))))
                yield from (provider + within_path for provider in providers)

    def climb(self, words: Sequence[Word], match: str = "all") -> None:
        """Go down the rungs on which every word must match, until there are enough candidates."""
        nouns = [word for word in words if not word.methods]
        verbs = [word for word in words if word.methods]
        named = self._named(words)
        candidates = {candidate.number: candidate for candidate in named}
        few_named = False
        for table, expression, unsure in self._rungs(nouns or verbs, verbs if nouns else []):
            few_named = few_named or (table == "everything" and len(candidates) < FIRST_PAGE)
            rows = self._scope.matching(table, expression, self._most)
            candidates |= {
                candidate.number: candidate
                for candidate in rows
                if all(_ranking.has(candidate, word) for word in unsure)
            }
            if len(candidates) >= self._most:
                break
        if not candidates and not nouns:  # verbs that no name has: look for their methods
            expression = all_of(map(self._vocabulary.verb_clause, verbs))
            rows = self._scope.matching("name", expression, self._most)
            candidates = {candidate.number: candidate for candidate in rows}
        bonus = {candidate.number: NAMED for candidate in named}
        all_words = list(islice(candidates.values(), self._most))
        functions = self._functions(nouns, verbs, {row.number for row in all_words})
        self._rank_with_lacking(
            all_words, nouns if few_named else [], words, match, bonus, functions
        )

    def _functions(
        self, nouns: Sequence[Word], verbs: Sequence[Word], numbers: Collection[int]
    ) -> list[Candidate]:
        """Return the functions that *verbs* name, of APIs that all *nouns* but one name.

        The last noun is what the function is for: `youtube search videos` is `/youtube/v3/search`,
        which may say nothing of videos. *numbers* are left out.
        """
        functions: dict[int, Candidate] = {}
        named = [verb for verb in verbs if verb.text in _ranking.FUNCTIONS]
        if not 2 <= len(nouns) <= MOST_COMBINED or not named:
            return []
        apis = within("provider", all_of(map(self._vocabulary.clause, nouns[:-1])))
        for verb in named:
            of_verb = within("tail", self._vocabulary.clause(verb))
            for row in self._scope.matching("name", all_of([apis, of_verb]), MOST_LACKING):
                if row.number not in numbers and _ranking.is_function(row.path):
                    functions[row.number] = row
        return list(functions.values())

    def _rank_with_lacking(
        self,
        candidates: Sequence[Candidate],
        nouns: Sequence[Word],
        words: Sequence[Word],
        match: str,
        bonus: dict[int, float] | None = None,
        functions: Sequence[Candidate] = (),
    ) -> None:
        """Add the best of *candidates*, and after the first few those that lack some *nouns*.

        *functions* are ranked with *candidates*: the word they lack counts as described.
        """
        bonus = bonus or {}
        numbers = {candidate.number for candidate in candidates}
        candidates = [*candidates, *functions]
        incomplete = {candidate.number for candidate in functions}
        lacking = self._lacking(nouns, numbers | incomplete) if len(candidates) > KEPT else {}
        if lacking:
            self._rank(candidates, words, match, bonus, most=KEPT, incomplete=incomplete)
        # The ranking takes a word that no name has to be in the description; these lack it.
        bonus |= {
            candidate.number: -count * _ranking.ELSEWHERE for candidate, count in lacking.items()
        }
        incomplete.update(candidate.number for candidate in lacking)
        self._rank([*candidates, *lacking], words, match, bonus, incomplete=incomplete)

    def _lacking(self, nouns: Sequence[Word], numbers: Collection[int]) -> dict[Candidate, int]:
        """Return endpoints whose names lack at most half of *nouns*, and how many they lack.

        *numbers* are left out. There is none for fewer than three nouns.
        """
        lacking: dict[Candidate, int] = {}
        if not 3 <= len(nouns) <= MOST_COMBINED:
            return lacking
        nouns = sorted(nouns, key=self._vocabulary.among_names)
        for count in range(1, len(nouns) // 2 + 1):
            for subset in combinations(nouns, len(nouns) - count):
                clauses = all_of(map(self._vocabulary.clause, subset))
                for expression in (within("tail provider title", clauses), clauses):
                    for candidate in self._scope.matching("name", expression, MOST_LACKING):
                        if candidate.number not in numbers:
                            lacking.setdefault(candidate, count)
        return lacking

    def _named(self, words: Sequence[Word]) -> list[Candidate]:
        """Return the endpoints whose operationId is *words*, whatever joins them."""
        name = whole_name(" ".join(word.text for word in words))
        return self._scope.matching("name", within("operation", quoted(name)), self._most)

    def _rungs(
        self, nouns: Sequence[Word], verbs: Sequence[Word]
    ) -> Iterator[tuple[str, str, list[QueryWord]]]:
        """Yield (table, expression, the words that the expression does not check)."""
        vocabulary, most = self._vocabulary, self._most
        # The rarest first: FTS5 goes through the rows of the first clause.
        nouns = sorted(nouns, key=vocabulary.among_names)
        whole = [vocabulary.clause(word) for word in nouns]
        tiered = len(nouns) <= MOST_TIERED
        if tiered and vocabulary.among_names(nouns[0]) > most:
            # More than can be ranked: the better columns first.
            verb_clauses = [vocabulary.verb_clause(word) for word in verbs]
            yield "name", all_of([within("tail provider title", all_of(whole)), *verb_clauses]), []
            yield "name", within("tail provider", all_of(whole)), []
            if verb_clauses:
                yield "name", all_of([*whole, *verb_clauses]), []
        yield "name", all_of(whole), []
        begun = [vocabulary.clause(word, beginnings=True) for word in nouns]
        if tiered and min(map(vocabulary.begun, nouns)) > most:
            yield "name", within("tail provider title", all_of(begun)), []
        yield "name", all_of(begun), []
        # The completions of a short beginning are only the most frequent ones. Beside a rare word,
        # ask for the rare word alone, and look for the beginning in what it brings.
        sure = [
            word
            for word in nouns
            if vocabulary.among_names(word) <= most
            and len(vocabulary.completed(word)) < MOST_COMPLETIONS
        ]
        if sure and len(sure) < len(nouns):
            unsure = self._query_words([word for word in nouns if word not in sure])
            yield "name", all_of(map(vocabulary.clause, sure)), unsure
        yield "everything", all_of(begun), []

    def loosen(self, words: Sequence[Word]) -> None:
        """Add endpoints that lack one word, then two, ..., until a first page is full."""
        nouns = [word for word in words if not word.methods] or list(words)
        present = [word for word in nouns if self._is_in_scope(word)]
        rarest = sorted(present, key=self._vocabulary.anywhere)[:MOST_COMBINED]
        lacks = len(present) < len(nouns)  # then all present words are still not every word
        most = len(rarest)
        if self.hits and not lacks:  # the hits so far have them all
            most -= 1
        for count in range(most, 0, -1):
            candidates: dict[int, Candidate] = {}
            for subset in combinations(rarest, count):
                expression = all_of(map(self._loose, subset))
                for table in ("name", "everything"):
                    rows = self._scope.matching(table, expression, FEWEST_CANDIDATES)
                    candidates |= {candidate.number: candidate for candidate in rows}
                    if len(rows) == FEWEST_CANDIDATES:
                        break
            self._rank_with_lacking(list(candidates.values()), nouns, words, "some")
            if len(self.hits) >= min(FIRST_PAGE, self._last):
                return

    def _loose(self, word: Word) -> str:
        return self._vocabulary.clause(word, beginnings=not self._vocabulary.anywhere(word))

    def _is_in_scope(self, word: Word) -> bool:
        """Say whether any endpoint in the scope has *word*."""
        return bool(self._scope.matching("everything", self._loose(word), 1))

    def _query_words(self, words: Sequence[Word], *, beginnings: bool = True) -> list[QueryWord]:
        weights = [_ranking.weight(self._vocabulary.anywhere(word)) for word in words]
        return [
            QueryWord(
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
        candidates: Iterable[Candidate],
        words: Sequence[Word],
        match: str,
        bonus: Mapping[int, float] | None = None,
        *,
        most: int = MOST_ROWS,
        incomplete: Collection[int] = (),
    ) -> None:
        """Add the best of *candidates* that are no hits yet, at most *most*.

        *incomplete* are the numbers of those that lack a word: their match is `some`.
        """
        new = [candidate for candidate in candidates if candidate.number not in self._seen]
        ranked = _ranking.ranked(
            new, self._query_words(words, beginnings=match != "near"), bonus or {}
        )
        best = ranked[: min(self._last - len(self.hits), most)]
        self._seen.update(candidate.number for candidate in best)
        for candidate in best:
            self.hits += _hits([candidate], "some" if candidate.number in incomplete else match)


def _hits(candidates: Iterable[Candidate], match: str) -> list[Hit]:
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


_ROWS = """SELECT endpoint.number, endpoint.id, endpoint.method, endpoint.path, endpoint.title,
  endpoint.deprecated, endpoint.description FROM """


@dataclass(frozen=True)
class _Scope:
    """The part of the catalogue to search: all, one provider's, one method's, or both."""

    connection: sqlite3.Connection
    provider: str | None
    narrow: Mapping[str, str]
    """Table -> the start of each FTS5 expression: it limits the rows that SQLite goes through."""
    where: str
    """The condition on every row, as SQL that begins with AND."""
    arguments: tuple[str, ...]
    """The arguments for its question marks."""
    apis: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    """Cache: number of a description -> provider, the API's name and title."""

    @classmethod
    def of(
        cls, connection: sqlite3.Connection, provider: str | None, method: str | None
    ) -> _Scope | None:
        """Return the scope of *provider* and *method*, where None is any.

        Return None when there is no such provider.
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
        """Return the first *last* endpoints by provider and path.

        Of a provider with more than `MOST_LISTED`, only the plainest ones are sorted.
        """
        hits: list[Hit] = []
        for provider in self._providers():
            # In the order of numbers: sorting all paths of a large provider would take too long.
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
