"""Search: from typed words to the endpoints that the user may mean.

A search tries a ladder of conditions, from strict to loose, until there are enough candidates:

    every word in the names         provider, API, path, title, operationId; a verb ("send") may
                                    stand for its method (POST)
    every beginning in the names    a word may be the beginning of another word, or have synonyms
    every beginning anywhere        in the description, too
    misspelt words                  replaced by similar words of the catalogue, from the top again
    most of the words               all but one, all but two, ..., any, until a first page is full

Words are corrected only when there is no hit. If a query has three nouns or more and few endpoints
have all of them in their names, endpoints with most of them are candidates, too: after the first
hits, ranked with the endpoints that have the other words in the description. A path that ends in
nothing but a verb, such as `/v3/search`, is a function of its API. It is a candidate even without
the last word of the query, which may be the function's argument: `youtube search videos`.

A provider may be typed as a short name (`gh`) or as several words (`git hub`).

Each rung reads a few hundred rows at most, plainer endpoints first (`_index.number_bucket`), so
that a frequent word costs no more than a rare one. `_ranking` then sorts the candidates. A pasted
id, path, URL or operationId leads directly to its endpoint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from httptask.catalogue._ladder import FIRST_PAGE, KEPT, MOST_ROWS, Ladder
from httptask.catalogue._query import Vocabulary, Word, corrected, parsed, with_joined
from httptask.catalogue._scope import Hit, Scope, by_id, hits_of


def search(
    connection: sqlite3.Connection,
    query: str,
    *,
    provider: str | None = None,
    method: str | None = None,
    limit: int = 20,
    offset: int = 0,
) -> list[Hit]:
    """Return up to *limit* hits for *query*, best first, after the first *offset* hits.

    A query without words lists all endpoints.
    """
    if limit < 1 or offset < 0:
        return []
    # Ranking needs all hits before the page, so the number of rows bounds the work.
    last = min(limit + offset, MOST_ROWS)
    # An import that is written meanwhile would otherwise mix old and new numbers.
    with _in_one_transaction(connection):
        scope = Scope.of(connection, provider, method)
        if scope is None:
            return []
        words = parsed(query)
        hits = _lookup(connection, query, words, scope, last) if words else scope.listing(last)
    return hits[offset:last]


@contextmanager
def _in_one_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Let the block read one state of the catalogue, whatever other programs write meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")  # nothing was changed


def _lookup(
    connection: sqlite3.Connection,
    query: str,
    words: tuple[Word, ...],
    scope: Scope,
    last: int,
) -> list[Hit]:
    """Return the first *last* hits for *query*, which consists of *words*."""
    number = by_id(connection, query.strip())
    rows = []
    if number is not None:
        rows = scope.row(number)
    if rows:
        return hits_of(rows, "all")
    vocabulary = Vocabulary(connection)
    words = with_joined(words, vocabulary.is_provider)
    vocabulary.learn(term for word in words for term in word.terms)
    ladder = Ladder(scope, vocabulary, last, len(words))
    pasted = ladder.paste(query)
    if not pasted:
        ladder.climb(words)
    if not ladder.hits:
        typed = words
        words, dropped = corrected(vocabulary, typed)
        if words and words != typed:
            ladder.climb(words, "some" if dropped else "near")
    if words and len(ladder.hits) < min(KEPT if pasted else FIRST_PAGE, last):
        ladder.loosen(words)
    return ladder.hits[:last]
