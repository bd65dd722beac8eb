"""The ranking: the order of the candidates of a search.

Each word of the query adds to the score: more for a better field, more for a rarer word. Terms that
are not in the query (a longer path, more parameters, a longer title) subtract a little. Last, each
further hit of the same operation (of another version) and each further hit of the same API loses
part of its score, so that one API does not fill the list.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from httptask.catalogue._index import LONGEST_PATH, parameters, tail, without_parameters
from httptask.catalogue._words import (
    FILLERS,
    LONGEST_NAME,
    METHODS,
    folded,
    is_verb,
    terms,
    whole_name,
)

FIELDS = {
    "provider": 1.3,
    "tail": 1.0,
    "title": 0.7,
    "api": 0.75,
    "path": 0.6,
    "parameter": 0.3,
}
"""Field -> the score of a word found there. Only a word's best field counts.

`provider` holds the API's name, too.
"""
FIELDS_OF_API = frozenset({"provider", "api"})
"""The fields that name the provider or the API.

People type only the beginnings of these names: `google` for `googleapis`.
"""
ELSEWHERE = 0.2
"""The score of a word that is only in the operationId, a tag or the description."""
LIKE = 0.8
"""The factor for a synonym, and for the beginning of a provider's or an API's name."""
BEGINNING = 0.6
"""Subtracted for the beginning of any other word, so that whole words come first."""
VERBS = {"tail": 0.45, "title": 0.35}
"""Field -> the score of a verb found there. Only a verb's best field counts."""
FUNCTIONS = frozenset(
    {"search", "query", "lookup", "find", "send", "upload", "download", "publish"}
)
"""Verbs that name a function of an API without an object: `/search` does, `/create` does not."""
METHOD = 0.35
"""The score of a verb that stands for the endpoint's method."""
WRONG_METHOD = 0.3
"""Subtracted for a verb that stands for other methods and is in none of the fields of `VERBS`."""
NOT_ASKED = {
    "provider": 0.02,
    "tail": 0.14,
    "title": 0.02,
    "api": 0.02,
    "path": 0.04,
    "parameter": 0.03,
}
"""Field -> subtracted for each of its terms that is not in the query."""
MOST_LOST = 0.6
"""The most that the terms of one path or title subtract."""
OTHER_VERB = 0.4
"""Subtracted for a verb at the path's end that is not in the query: `/orders/{id}/cancel`."""
DEPRECATED = 0.3
"""Subtracted for a deprecated endpoint."""
ONE_OF_MANY = 0.1
"""Subtracted for an endpoint of a single resource if no verb of the query asks for one.

The path of such an endpoint ends with a parameter.
"""
OF_ANY = frozenset(
    {"list", "create", "add", "search", "find", "new", "send", "make", "query", "post"}
)
"""Verbs that do not ask for a single resource that exists already."""
GENERIC = FILLERS | frozenset(
    {"v1", "v2", "v3", "v4", "api", "rest", "0", "1", "2", "3", "json", "com", "io", "net", "org"}
)
"""Words of paths and API names that say nothing about an endpoint."""
_VERSION = re.compile(r"[vV]?\d[\w.-]*")
"""A segment of a path that is a version: `v3`, `2`, `1.1`, `2010-04-01`."""
SUBJECT = 0.4
"""Added when the query has every term of the API's title.

The title of a small API may be the only text that says what its endpoints are for.
"""
SAME_OPERATION, SAME_API = 0.85, 0.985
"""The factors for each better hit with the same provider, method and path, or of the same API."""
MOST_OF_API = 20
"""The most better hits of the same API for which `SAME_API` applies."""
MANY = 1_000_000
"""The number of rows that halves the weight of a word."""


class Candidate(NamedTuple):
    """An endpoint to rank."""

    number: int
    id: str
    method: str
    path: str
    title: str
    deprecated: int
    description: int
    """The number of the endpoint's description."""
    provider: str
    api: str
    """The API's name."""
    api_title: str


@dataclass(frozen=True, slots=True)
class QueryWord:
    """A word of the query, prepared for the ranking."""

    text: str
    """The word as typed, but folded."""
    terms: tuple[str, ...]
    """The terms of the whole word. Any of them matches."""
    parts: tuple[str, ...] = ()
    """The terms of the word's parts. They match only together. Empty for a word in one piece."""
    start: str = ""
    """A beginning: terms that begin with it match, too. "" if only whole terms match."""
    same: tuple[str, ...] = ()
    """Synonyms."""
    methods: tuple[str, ...] = ()
    """The methods that the word stands for if it is a verb."""
    weight: float = 1.0
    """1 for the rarest word of the query, less for more frequent words."""


class _Terms(NamedTuple):
    """The terms of one part of an endpoint (path, title or API), independent of the query."""

    fields: dict[str, str]
    """Term -> the best field that has it."""
    loss: float
    """Subtracted when the query has none of the terms."""
    subject: frozenset[str] = frozenset()
    """The terms of the API's title. `SUBJECT` is added when the query has them all."""

    @classmethod
    def of(cls, **texts: str) -> _Terms:
        """Return the terms of *texts*: field -> text, with the least valuable field first."""
        fields: dict[str, str] = {}
        for field, text in texts.items():
            fields.update(dict.fromkeys(terms(text), field))
        specific_fields = [field for term, field in fields.items() if term not in GENERIC]
        loss = sum(NOT_ASKED[field] for field in specific_fields)
        return cls(fields, min(loss, MOST_LOST))


@lru_cache(maxsize=1 << 11)
def _path_terms(path: str) -> _Terms:
    return _Terms.of(
        parameter=parameters(path),
        path=without_parameters(path),
        tail=" ".join(tail(path)),
    )


@lru_cache(maxsize=1 << 11)
def _action(path: str) -> str:
    """Return the verb at the end of *path*, or "" if there is none."""
    last = tail(path)[-1:]
    return next((folded(piece) for piece in last if is_verb(piece)), "")


@lru_cache(maxsize=1 << 11)
def is_function(path: str) -> bool:
    """Say whether *path* is a function of its API: it ends in one of `FUNCTIONS`, without a noun.

    `/search` and `/youtube/v3/search` are functions.
    """
    *before, last = tail(path) or [""]
    return folded(last) in FUNCTIONS and all(map(_is_version, before))


def _is_version(piece: str) -> bool:
    return folded(piece) in GENERIC or _VERSION.fullmatch(piece) is not None


@lru_cache(maxsize=1 << 11)
def _title_terms(title: str) -> _Terms:
    return _Terms.of(title=title)


@lru_cache(maxsize=1 << 9)
def _api_terms(provider: str, api: str, title: str) -> _Terms:
    if whole_name(api) == whole_name(title):  # the importer made the name from the title
        api = ""
    subject = frozenset(
        term for term in terms(title) if term not in GENERIC and term not in METHODS
    )
    return _Terms.of(api=title, provider=f"{provider} {api}")._replace(subject=subject)


def weight(count: int) -> float:
    """Return the weight of a word that *count* rows have: 1 for none, 0.5 for a million."""
    return 1 - 0.5 * math.log(count + 1, MANY)


def has(candidate: Candidate, word: QueryWord) -> bool:
    """Say whether a name of *candidate* has *word*."""
    return bool(_matches(word, _terms_of(candidate)))


def ranked(
    candidates: Iterable[Candidate],
    query: Sequence[QueryWord],
    bonus: Mapping[int, float],
) -> list[Candidate]:
    """Sort *candidates*, best first.

    *bonus* maps the number of a candidate to an addition to its score.
    """
    verbs = [word for word in query if word.methods]
    of_any = not verbs or any(word.text in OF_ANY for word in verbs)
    scored: list[tuple[float, Candidate]] = []
    for candidate in candidates:
        score = _score(candidate, query, of_any)
        score += bonus.get(candidate.number, 0.0)
        scored.append((score, candidate))
    scored.sort(key=_order)
    return [candidate for _, candidate in sorted(_spread(scored), key=_order)]


def _order(scored: tuple[float, Candidate]) -> tuple[float, int, str, str, int]:
    """Return the sort key: highest score first, then the shortest path."""
    score, candidate = scored
    return -score, len(candidate.path), candidate.path, candidate.method, candidate.number


def _spread(scored: Iterable[tuple[float, Candidate]]) -> Iterator[tuple[float, Candidate]]:
    """Yield *scored* (best first) with lower scores for further hits of an operation or an API."""
    operations: Counter[tuple[str, str, str]] = Counter()
    apis: Counter[int] = Counter()
    for score, candidate in scored:
        operation = (candidate.provider, candidate.method, candidate.path)
        of_operation = SAME_OPERATION ** operations[operation]
        of_api = SAME_API ** min(apis[candidate.description], MOST_OF_API)
        yield score * of_operation * of_api, candidate
        operations[operation] += 1
        apis[candidate.description] += 1


def _terms_of(candidate: Candidate) -> tuple[_Terms, _Terms, _Terms]:
    return (
        _path_terms(candidate.path[:LONGEST_PATH]),
        _title_terms(candidate.title[:LONGEST_NAME]),
        _api_terms(candidate.provider, candidate.api, candidate.api_title[:LONGEST_NAME]),
    )


def _score(candidate: Candidate, query: Sequence[QueryWord], of_any: bool) -> float:
    """Return the score of *candidate* for *query*. The constants above say what each part adds.

    *of_any* says that the query does not ask for a single resource: see `OF_ANY`.
    """
    parts = _terms_of(candidate)
    score = -(parts[0].loss + parts[1].loss + parts[2].loss)
    if candidate.deprecated:
        score -= DEPRECATED
    if of_any and candidate.path.endswith("}"):
        score -= ONE_OF_MANY
    action = _action(candidate.path[:LONGEST_PATH])
    if action and not any(word.text == action for word in query):
        score -= OTHER_VERB
    matches_of = [(word, _matches(word, parts)) for word in query]
    # If the query names the API, a function of this API is what the query is about.
    is_meant = is_function(candidate.path[:LONGEST_PATH]) and any(
        not word.methods and not FIELDS_OF_API.isdisjoint(matches) for word, matches in matches_of
    )
    matched_terms: set[str] = set()
    for word, matches in matches_of:
        matched_terms.update(matches.values())
        if is_meant and word.text == action:
            score += FIELDS["tail"] + METHOD
        elif word.methods:
            score += _verb_worth(word, candidate.method, matches)
        else:
            score += _noun_worth(word, matches)
        for field in matches:
            score += NOT_ASKED[field]
    if parts[2].subject and parts[2].subject <= matched_terms:
        score += SUBJECT
    return score


def _verb_worth(word: QueryWord, method: str, matches: Mapping[str, str]) -> float:
    """Return the score of the verb *word*, with its *matches* (field -> term) and the *method*."""
    worth_as_word = max((value for field, value in VERBS.items() if field in matches), default=0.0)
    if method in word.methods:
        return worth_as_word + METHOD
    return worth_as_word or -WRONG_METHOD


def _noun_worth(word: QueryWord, matches: Mapping[str, str]) -> float:
    """Return the score of *word*, with its *matches* (field -> term)."""
    if not matches:
        return word.weight * ELSEWHERE
    best = max(matches, key=FIELDS.__getitem__)
    value = FIELDS[best]
    if matches[best] not in word.terms and matches[best] not in word.parts:
        value *= LIKE
        if matches[best] not in word.same and best not in FIELDS_OF_API:
            value = max(value - BEGINNING, ELSEWHERE / 2)
    return word.weight * value


def _matches(word: QueryWord, parts: Sequence[_Terms]) -> dict[str, str]:
    """Return the matches of *word* in *parts*: field -> term.

    The order of attempts: the whole word and its synonyms, all its parts together, its beginning.
    """
    # If several terms match one field, the first counts (the word itself before its synonyms): the
    # terms are reversed, and the last entry of a dict wins.
    whole_terms = (*word.terms, *word.same)
    matches = {
        part.fields[term]: term
        for part in parts
        for term in reversed(whole_terms)
        if term in part.fields
    }
    if not matches and word.parts:
        complete = (part for part in parts if all(term in part.fields for term in word.parts))
        matches = {part.fields[term]: term for part in complete for term in word.parts}
    if not matches and word.start:
        start = word.start
        matches = {
            field: term
            for part in parts
            for term, field in part.fields.items()
            if term.startswith(start)
        }
    return matches
