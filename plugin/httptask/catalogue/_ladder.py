"""The rungs of a search, from strict to loose: see `_search`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, islice

from httptask.catalogue import _ranking
from httptask.catalogue._address import Address
from httptask.catalogue._query import (
    MOST_COMPLETIONS,
    MOST_LETTERS,
    Vocabulary,
    Word,
    all_of,
    once,
    parsed,
    quoted,
    within,
)
from httptask.catalogue._ranking import Candidate, QueryWord
from httptask.catalogue._scope import Hit, Scope, hits_of
from httptask.catalogue._words import SAME, terms, whole_name

MOST_CANDIDATES, FEWEST_CANDIDATES = 120, 50
"""How many rows are ranked, unless more hits are requested. The more words, the fewer rows."""
MOST_LOOKS = 1_000
"""The target for the number of words times the number of ranked rows."""
MOST_TIERED = 6
"""The most words of a query for which the better columns are searched first."""
MOST_COMBINED = 5
"""The most words, or path segments, of which all combinations are tried: the rarest words."""
MOST_PATHS = 8
"""The most combinations of segments of a pasted path that are tried."""
FIRST_PAGE = 10
"""With fewer hits than this, hits that lack a word are added."""
MOST_LACKING = 12
"""How many rows are ranked for each subset of a query's words."""
KEPT = 3
"""How many hits with all words come before the first hit that lacks a word."""
NAMED = 2.0
"""Added to the score of an endpoint whose operationId is the query."""
MOST_ROWS = 1_000_000
"""The most hits of a search."""


class Ladder:
    """The state of one search: the hits so far, and the methods that add more.

    *last* is the number of hits that are needed, *words* the number of words in the query.
    """

    def __init__(
        self,
        scope: Scope,
        vocabulary: Vocabulary,
        last: int,
        words: int,
    ) -> None:
        self._scope = scope
        self._vocabulary = vocabulary
        self._last = last
        self._most = max(min(MOST_LOOKS // words, MOST_CANDIDATES), FEWEST_CANDIDATES, last)
        self._seen: set[int] = set()
        self.hits: list[Hit] = []

    def paste(self, query: str) -> bool:
        """Add the endpoints whose path fits the path or URL *query*; say whether there are any."""
        address = Address.of(query[:MOST_LETTERS])
        if address is None:
            return False
        fitness_of: dict[Candidate, float] = {}
        for expression in islice(self._path_expressions(address), MOST_PATHS):
            for candidate in self._scope.matching("name", expression, self._most):
                fit = address.fitness(candidate.path)
                if fit:
                    fitness_of[candidate] = fit
            # Expressions go from strict to loose: one that finds a path ends the search.
            if fitness_of:
                break
        bonus = {candidate.number: fit for candidate, fit in fitness_of.items()}
        self._rank(fitness_of, once(parsed(query)), "all", bonus)
        return bool(fitness_of)

    def _path_expressions(self, address: Address) -> Iterator[str]:
        """Yield FTS5 expressions for *address*, the strictest first.

        Subsets of the segments are tried, too, because a segment of a URL may be the value of a
        path parameter.
        """
        labels = [term for term in terms(address.host) if term not in _ranking.GENERIC]
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
        # In a template every segment without braces must match. In a URL any segment may be a
        # value, so that one matching segment is enough.
        fewest = 1
        if any("{" in segment for segment in address.segments):
            fewest = len(fixed)
        for count in range(len(fixed), max(fewest, 1) - 1, -1):
            is_whole = count == len(fixed)
            subsets = [fixed] if is_whole else combinations(fixed[-MOST_COMBINED:], count)
            for subset in subsets:
                within_path = within("path", all_of(map(quoted, chain.from_iterable(subset))))
                yield from (provider + within_path for provider in providers)

    def climb(self, words: Sequence[Word], match: str = "all") -> None:
        """Add hits that match every word: try rung after rung until there are enough candidates."""
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
        if not candidates and not nouns:  # only verbs, and no name has them: match their methods
            expression = all_of(map(self._vocabulary.verb_clause, verbs))
            rows = self._scope.matching("name", expression, self._most)
            candidates = {candidate.number: candidate for candidate in rows}
        bonus = {candidate.number: NAMED for candidate in named}
        all_words = list(islice(candidates.values(), self._most))
        functions = self._functions(nouns, verbs, {row.number for row in all_words})
        self._rank_with_lacking(
            all_words,
            nouns if few_named else [],
            words,
            match,
            bonus,
            functions,
        )

    def _functions(
        self,
        nouns: Sequence[Word],
        verbs: Sequence[Word],
        numbers: Collection[int],
    ) -> list[Candidate]:
        """Return the functions that *verbs* name, in APIs named by all *nouns* but the last.

        The last noun may be the function's argument: `youtube search videos` finds
        `/youtube/v3/search`, which may not mention videos. Endpoints in *numbers* are left out.
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
        """Add the best *candidates* and, after the first `KEPT`, endpoints that lack some *nouns*.

        *functions* are ranked together with *candidates*, as if their description had the word that
        they lack.
        """
        bonus = bonus or {}
        numbers = {candidate.number for candidate in candidates}
        candidates = [*candidates, *functions]
        incomplete = {candidate.number for candidate in functions}
        lacking = self._lacking(nouns, numbers | incomplete) if len(candidates) > KEPT else {}
        if lacking:
            self._rank(
                candidates,
                words,
                match,
                bonus,
                most=KEPT,
                incomplete=incomplete,
            )
        # The ranking assumes that a word without a match in a name is in the description. Take back
        # its score: these endpoints lack the word.
        bonus |= {
            candidate.number: -count * _ranking.ELSEWHERE for candidate, count in lacking.items()
        }
        incomplete.update(candidate.number for candidate in lacking)
        self._rank(
            [*candidates, *lacking],
            words,
            match,
            bonus,
            incomplete=incomplete,
        )

    def _lacking(self, nouns: Sequence[Word], numbers: Collection[int]) -> dict[Candidate, int]:
        """Return endpoints whose names lack at most half of *nouns* -> how many nouns they lack.

        Endpoints in *numbers* are left out. For fewer than three nouns the result is empty.
        """
        lacking: dict[Candidate, int] = {}
        if not 3 <= len(nouns) <= MOST_COMBINED:
            return lacking
        nouns = sorted(nouns, key=self._vocabulary.among_names)
        for subset in _at_least_half(nouns):
            clauses = all_of(map(self._vocabulary.clause, subset))
            for expression in (within("tail provider title", clauses), clauses):
                for candidate in self._scope.matching("name", expression, MOST_LACKING):
                    if candidate.number not in numbers:
                        lacking.setdefault(candidate, len(nouns) - len(subset))
        return lacking

    def _named(self, words: Sequence[Word]) -> list[Candidate]:
        """Return the endpoints whose operationId is *words*, with any separators or none."""
        name = whole_name(" ".join(word.text for word in words))
        return self._scope.matching("name", within("operation", quoted(name)), self._most)

    def _rungs(
        self,
        nouns: Sequence[Word],
        verbs: Sequence[Word],
    ) -> Iterator[tuple[str, str, list[QueryWord]]]:
        """Yield (table, FTS5 expression, words that the caller must check), the strictest first."""
        vocabulary = self._vocabulary
        most = self._most
        # The rarest word first: FTS5 reads all rows of the first clause.
        nouns = sorted(nouns, key=vocabulary.among_names)
        whole_words = [vocabulary.clause(word) for word in nouns]
        tiered = len(nouns) <= MOST_TIERED
        if tiered and vocabulary.among_names(nouns[0]) > most:
            # More rows match than can be ranked: search the better columns first.
            verb_clauses = [vocabulary.verb_clause(word) for word in verbs]
            yield (
                "name",
                all_of([within("tail provider title", all_of(whole_words)), *verb_clauses]),
                [],
            )
            yield "name", within("tail provider", all_of(whole_words)), []
            if verb_clauses:
                yield "name", all_of([*whole_words, *verb_clauses]), []
        yield "name", all_of(whole_words), []
        beginnings = [vocabulary.clause(word, beginnings=True) for word in nouns]
        if tiered and min(map(vocabulary.begun, nouns)) > most:
            yield "name", within("tail provider title", all_of(beginnings)), []
        yield "name", all_of(beginnings), []
        # A short beginning has more completions than we read. If the query also has a rare word,
        # search for the rare word alone, and let the caller look for the beginning in its rows.
        sure = [
            word
            for word in nouns
            if vocabulary.among_names(word) <= most
            and len(vocabulary.completed(word)) < MOST_COMPLETIONS
        ]
        if sure and len(sure) < len(nouns):
            unsure = self._query_words([word for word in nouns if word not in sure])
            yield "name", all_of(map(vocabulary.clause, sure)), unsure
        yield "everything", all_of(beginnings), []

    def loosen(self, words: Sequence[Word]) -> None:
        """Add endpoints that lack one word, then two, and so on, until the first page is full."""
        nouns = [word for word in words if not word.methods] or list(words)
        present = [word for word in nouns if self._is_in_scope(word)]
        rarest = sorted(present, key=self._vocabulary.anywhere)[:MOST_COMBINED]
        # If a word occurs nowhere, even an endpoint with all present words lacks a word.
        lacks = len(present) < len(nouns)
        most = len(rarest)
        if self.hits and not lacks:  # the endpoints with all words are hits already
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
        """Say whether any endpoint in the scope has *word*.

        A word without rows in the catalogue counts as a beginning, or by its synonyms.
        """
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
        """Add the best *candidates* that are not hits yet, up to *most*.

        *incomplete* has the numbers of candidates that lack a word: their `Hit.match` is `some`.
        """
        new = [candidate for candidate in candidates if candidate.number not in self._seen]
        ranked = _ranking.ranked(
            new,
            self._query_words(words, beginnings=match != "near"),
            bonus or {},
        )
        best = ranked[: min(self._last - len(self.hits), most)]
        self._seen.update(candidate.number for candidate in best)
        for candidate in best:
            self.hits += hits_of([candidate], "some" if candidate.number in incomplete else match)


def _at_least_half(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Yield the combinations without one of *words*, without two, and so on, up to half of them."""
    for count in range(1, len(words) // 2 + 1):
        yield from combinations(words, len(words) - count)
