"""Which of the endpoints that were found comes first.

Every word of the query is worth more where it stands in a better place and the rarer it is; what an
endpoint says besides (a longer path, more parameters, a longer title) takes a little away. Then the
hits of one API make room for those of others: the same operation of another version counts less
each time, and so does each further hit of one API.
"""

from __future__ import annotations

import math
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

PLACES = {"provider": 1.3, "tail": 1.0, "title": 0.7, "api": 0.75, "path": 0.6, "parameter": 0.3}
"""What a word is worth by the best place it stands in; `provider` holds the API's name, too."""
NAMES_OF_API = frozenset({"provider", "api"})
"""The places of whom an endpoint belongs to: people type the beginnings of these names, `google`
for `googleapis`.
"""
ELSEWHERE = 0.2
"""What a word is worth that stands in the operationId, a tag or the description."""
LIKE = 0.8
"""What a word that means the same, or the beginning of a provider's or an API's name, is worth of
the whole word.
"""
BEGINNING = 0.6
"""What the beginning of another word is worth less, so that a whole one comes first."""
VERBS = {"tail": 0.45, "title": 0.35}
"""What a verb is worth by the best place it stands in."""
METHOD = 0.35
"""What it is worth besides that the method is one that the verb stands for."""
WRONG_METHOD = 0.3
"""What it takes away that a verb stands neither there nor for the method."""
NOT_ASKED = {
    "provider": 0.02,
    "tail": 0.14,
    "title": 0.02,
    "api": 0.02,
    "path": 0.04,
    "parameter": 0.03,
}
"""What each word takes away that nobody asked for, by the best place it stands in."""
MOST_LOST = 0.6
"""What the words of one path or title take away at most."""
OTHER_VERB = 0.4
"""What it takes away that the path ends with a verb nobody asked for: `/orders/{id}/cancel`."""
DEPRECATED = 0.3
"""What is taken from an endpoint that should not be used any more."""
ONE_OF_MANY = 0.1
"""What is taken from an endpoint of one thing (its path ends with a parameter) when no verb asks
for one.
"""
OF_ANY = frozenset(
    {"list", "create", "add", "search", "find", "new", "send", "make", "query", "post"}
)
"""Verbs that concern no one thing in particular."""
GENERIC = FILLERS | frozenset(
    {"v1", "v2", "v3", "v4", "api", "rest", "0", "1", "2", "3", "json", "com", "io", "net", "org"}
)
"""Words of paths and API names that say nothing."""
SUBJECT = 0.4
"""What is added when the words say all that the API's title does: a small API may be about nothing
else.
"""
SAME_OPERATION, SAME_API = 0.85, 0.985
"""The factor for each hit before with the same method and path of the same provider, and of the
same API.
"""
MOST_OF_API = 20
"""Hits of one API that count less and less."""
MANY = 1_000_000
"""Rows in which a word stands that counts half as much as one that stands in none."""


class Candidate(NamedTuple):
    """An endpoint that was found."""

    number: int
    id: str
    method: str
    path: str
    title: str
    deprecated: int
    description: int
    """The number of the description it is part of."""
    provider: str
    api: str
    """The API's name."""
    api_title: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of the query, as the ranking looks for it."""

    text: str
    """Folded."""
    terms: tuple[str, ...]
    """Any of them is the word."""
    parts: tuple[str, ...] = ()
    """All of them are the word, too; empty for a word in one piece."""
    start: str = ""
    """What the word may be the beginning with; "" where it may not."""
    same: tuple[str, ...] = ()
    """Terms that mean the same."""
    methods: tuple[str, ...] = ()
    weight: float = 1.0


class _Said(NamedTuple):
    """What one part of an endpoint says, whoever asks."""

    places: dict[str, str]
    """Term -> the best place it stands in."""
    loss: float
    """What they take away when nobody asks for any."""
    subject: frozenset[str] = frozenset()
    """Terms that are all it is about."""

    @classmethod
    def of(cls, **texts: str) -> _Said:
        """Return what *texts* say; each is named by its place, the worst first."""
        places: dict[str, str] = {}
        for place, text in texts.items():
            places.update(dict.fromkeys(terms(text), place))
        loss = sum([NOT_ASKED[place] for term, place in places.items() if term not in GENERIC])
        return cls(places, min(loss, MOST_LOST))


@lru_cache(maxsize=1 << 11)
def _path(path: str) -> _Said:
    return _Said.of(
        parameter=parameters(path), path=without_parameters(path), tail=" ".join(tail(path))
    )


@lru_cache(maxsize=1 << 11)
def _action(path: str) -> str:
    """Return the verb that *path* ends with; "" for none."""
    last = tail(path)[-1:]
    return next((folded(piece) for piece in last if is_verb(piece)), "")


@lru_cache(maxsize=1 << 11)
def _title(title: str) -> _Said:
    return _Said.of(title=title)


@lru_cache(maxsize=1 << 9)
def _api(provider: str, api: str, title: str) -> _Said:
    if whole_name(api) == whole_name(title):  # made from it: no name of its own
        api = ""
    subject = frozenset(
        term for term in terms(title) if term not in GENERIC and term not in METHODS
    )
    return _Said.of(api=title, provider=f"{provider} {api}")._replace(subject=subject)


def weight(count: int) -> float:
    """Return what a word counts that stands in *count* rows: 1 for one in none, half of it for one
    in a million.
    """
    return 1 - 0.5 * math.log(count + 1, MANY)


def has(candidate: Candidate, word: Asked) -> bool:
    """Say whether *word* stands in a name of *candidate*."""
    return bool(_met(word, _all_said(candidate)))


def ranked(
    candidates: Iterable[Candidate], query: Sequence[Asked], bonus: Mapping[int, float]
) -> list[Candidate]:
    """Return *candidates*, best first; *bonus* adds to the score by number."""
    verbs = [word for word in query if word.methods]
    of_any = not verbs or any(word.text in OF_ANY for word in verbs)
    found = [
        (_score(each, query, of_any) + bonus.get(each.number, 0.0), each) for each in candidates
    ]
    found.sort(key=_order)
    return [candidate for _, candidate in sorted(_spread(found), key=_order)]


def _order(scored: tuple[float, Candidate]) -> tuple[float, int, str, str, int]:
    score, candidate = scored
    return -score, len(candidate.path), candidate.path, candidate.method, candidate.number


def _spread(found: Iterable[tuple[float, Candidate]]) -> Iterator[tuple[float, Candidate]]:
    operations: Counter[tuple[str, str, str]] = Counter()
    apis: Counter[int] = Counter()
    for score, candidate in found:
        operation = (candidate.provider, candidate.method, candidate.path)
        before, alike = apis[candidate.description], operations[operation]
        yield score * SAME_OPERATION**alike * SAME_API ** min(before, MOST_OF_API), candidate
        operations[operation] += 1
        apis[candidate.description] += 1


def _all_said(candidate: Candidate) -> tuple[_Said, _Said, _Said]:
    return (
        _path(candidate.path[:LONGEST_PATH]),
        _title(candidate.title[:LONGEST_NAME]),
        _api(candidate.provider, candidate.api, candidate.api_title[:LONGEST_NAME]),
    )


def _score(candidate: Candidate, query: Sequence[Asked], of_any: bool) -> float:
    said = _all_said(candidate)
    score = -(said[0].loss + said[1].loss + said[2].loss)
    if candidate.deprecated:
        score -= DEPRECATED
    if of_any and candidate.path.endswith("}"):
        score -= ONE_OF_MANY
    action = _action(candidate.path[:LONGEST_PATH])
    if action and not any(word.text == action for word in query):
        score -= OTHER_VERB
    about: set[str] = set()
    for word in query:
        found = _met(word, said)
        about.update(found.values())
        score += _verb(word, candidate.method, found) if word.methods else _worth(word, found)
        for place in found:
            score += NOT_ASKED[place]
    if said[2].subject and said[2].subject <= about:
        score += SUBJECT
    return score


def _verb(word: Asked, method: str, found: Mapping[str, str]) -> float:
    written = max((worth for place, worth in VERBS.items() if place in found), default=0.0)
    if method in word.methods:
        return written + METHOD
    return written or -WRONG_METHOD


def _worth(word: Asked, found: Mapping[str, str]) -> float:
    """Return what *word* is worth that was *found* (place -> term)."""
    if not found:
        return word.weight * ELSEWHERE
    best = max(found, key=PLACES.__getitem__)
    worth = PLACES[best]
    if found[best] not in word.terms and found[best] not in word.parts:
        worth *= LIKE
        if found[best] not in word.same and best not in NAMES_OF_API:
            worth = max(worth - BEGINNING, ELSEWHERE / 2)
    return word.weight * worth


def _met(word: Asked, said: Sequence[_Said]) -> dict[str, str]:
    """Return where *word* stands, place -> term: as it is, in parts or as one that means the same;
    else as a beginning.
    """
    whole = (*word.terms, *word.same)
    found = {
        each.places[term]: term for each in said for term in reversed(whole) if term in each.places
    }
    if not found and word.parts:
        several = (each for each in said if all(part in each.places for part in word.parts))
        found = {each.places[part]: part for each in several for part in word.parts}
    if not found and word.start:
        start = word.start
        found = {
            place: term
            for each in said
            for term, place in each.places.items()
            if term.startswith(start)
        }
    return found
