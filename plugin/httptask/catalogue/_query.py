"""A query: its words, how often the catalogue has them, and their expressions for FTS5."""

from __future__ import annotations

import difflib
import heapq
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from httptask.catalogue._words import (
    CHUNK,
    FILLERS,
    METHODS,
    SAME,
    SHORT_NAMES,
    is_unspaced,
    letters,
    pairs,
    pieces,
    singular,
)

MOST_LETTERS = 400
"""Letters of a query that are read."""
MOST_WORDS = 16
"""Words of a query that are read; the parts of a word count."""
MOST_JOINED_WORDS = 3
"""Words that may be one name written apart."""
MOST_COMPLETIONS = 12
"""Completions of the beginning of a word: the most frequent ones."""
SHORTEST_BEGINNING = 3
"""Letters of a beginning; the last word of a query may be shorter: it may still be being typed."""
MOST_CORRECTED = 3
"""Words of a query that are looked up as misspelt."""
RARE, FAR_RARER = 3, 20
"""A word in at most 3 rows may be misspelt, if a near one is more than 20 times as frequent."""
SHORTEST_CORRECTED = 4
"""Letters of a word that may be misspelt: everything is near to a shorter one."""
MOST_OTHER_LETTERS = 3
"""Letters that only one of two words spelt alike may have."""
MOST_COMPARED = 60
"""Words that a misspelt one is compared to, letter by letter.

They are those that differ in the fewest letters, and of these the most frequent.
"""
LEAST_ALIKE = 0.75
"""The lowest ratio by difflib of two words spelt alike."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query."""

    text: str
    """Folded."""
    stems: tuple[str, ...]
    """Its terms as a whole; several for a provider's short name, or when it was corrected."""
    parts: tuple[str, ...] = ()
    """The terms of its parts, as in `email-communications` or `sandboxId`; empty for one part."""
    methods: tuple[str, ...] = ()
    """The methods a verb may stand for."""
    starts: tuple[str, str] | tuple[()] = ()
    """The word and its last part, when longer words that begin with them match, too."""

    @classmethod
    def of(cls, text: str, parts: Sequence[str], *, is_last: bool = True) -> Word:
        """Return the word *text* of *parts*, all folded.

        Only the last word of a query may be a beginning of few letters.
        """
        may_begin = is_last or len(parts[-1]) >= SHORTEST_BEGINNING
        starts = (text, parts[-1]) if may_begin else ()
        names = SHORT_NAMES.get(text, ())
        parts = names[-1].split() if names else parts
        return cls(
            text,
            tuple(map(singular, (text, *(name for name in names if " " not in name)))),
            tuple(map(singular, parts)) if len(parts) > 1 else (),
            METHODS.get(text, ()),
            starts,
        )

    @classmethod
    def joined(cls, words: Sequence[Word]) -> Word:
        """Return *words* written together as one word, whose parts match what *words* did."""
        text = "".join(word.text for word in words)
        nouns = [word for word in words if not word.methods] or words
        parts = tuple(term for word in nouns for term in word.parts or word.stems[:1])
        last = words[-1].starts[1:]
        return cls(text, (singular(text),), parts, starts=(text, *last) if last else ())

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms that the word matches."""
        return (*self.stems, *self.parts)


def parsed(query: str) -> tuple[Word, ...]:
    """Return the words of *query* in order, repeated ones as often as they were typed.

    Fillers are dropped, unless there is no other word. Punctuation only separates: nothing in a
    query is an operator.
    """
    parts_of: dict[str, list[str]] = {}
    texts: list[str] = []
    remaining = MOST_WORDS
    for chunk in CHUNK.findall(query[:MOST_LETTERS]):
        parts = _parts(chunk)[:remaining]
        text = "".join(pieces(chunk))
        if parts and text not in parts_of:
            parts_of[text] = parts
            remaining -= len(parts)
        if text in parts_of:
            texts.append(text)
    kept = [text for text in texts if text not in FILLERS] or texts
    return tuple(Word.of(text, parts_of[text], is_last=text == kept[-1]) for text in kept)


def _parts(chunk: str) -> list[str]:
    """Return the parts of *chunk*; those of a script without spaces are pairs of letters."""
    parts: list[str] = []
    for piece in pieces(chunk):
        parts += pairs(piece) if is_unspaced(piece) else [piece]
    return parts


def once(words: Iterable[Word]) -> tuple[Word, ...]:
    """Return *words* without repeated ones."""
    return tuple({word.text: word for word in words}.values())


def with_joined(words: Sequence[Word], is_name: Callable[[str], bool]) -> tuple[Word, ...]:
    """Return *words*, each once, with those joined that are a name together: `git`, `hub`.

    A word of a name may come again on its own: `send grid send mail`. *is_name* says whether a term
    is part of a provider's or an API's name.
    """
    result: list[Word] = []
    at = 0
    while at < len(words):
        for count in range(min(MOST_JOINED_WORDS, len(words) - at), 1, -1):
            joined = Word.joined(words[at : at + count])
            if is_name(joined.stems[0]):
                break
        else:
            joined, count = words[at], 1
        result.append(joined)
        at += count
    return once(result)


# --- FTS5's language ----------------------------------------------------------------------------


def quoted(term: str) -> str:
    """Return *term* as an FTS5 string: a user's words stay words."""
    return '"' + term.replace('"', '""') + '"'


def any_of(clauses: Iterable[str]) -> str:
    """Return the FTS5 expression that matches where one of *clauses* does."""
    return "(" + " OR ".join(clauses) + ")"


def all_of(clauses: Iterable[str]) -> str:
    """Return the FTS5 expression that matches where all of *clauses* do.

    FTS5 goes through the rows of the first: the rarest should come first.
    """
    return "(" + " AND ".join(clauses) + ")"


def within(columns: str, expression: str) -> str:
    """Return the FTS5 expression for *expression* within *columns*, which spaces separate."""
    return f"{{{columns}}} : {expression}"


# --- what the catalogue knows -------------------------------------------------------------------


@dataclass(frozen=True)
class Vocabulary:
    """How often the catalogue has the words of one query, and how it completes them."""

    connection: sqlite3.Connection
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Term -> the rows whose names have it, and the rows that have it anywhere."""
    completions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def learn(self, terms: Iterable[str]) -> None:
        """Read the counts of *terms* that are not in `counts` yet."""
        new = [term for term in dict.fromkeys(terms) if term not in self.counts]
        marks = ", ".join("?" * len(new))
        sql = f"SELECT term, names, everywhere FROM word WHERE term IN ({marks})"  # noqa: S608 - only marks
        self.counts.update(dict.fromkeys(new, (0, 0)))
        self.counts.update(
            {term: (names, rows) for term, names, rows in self.connection.execute(sql, new)}
        )

    def completed(self, word: Word) -> tuple[str, ...]:
        """Return the most frequent terms that *word* may be the beginning of."""
        return self._completed(word.starts[0]) if word.starts else ()

    def _completed(self, start: str) -> tuple[str, ...]:
        if start not in self.completions:
            sql = (
                "SELECT term, names, everywhere FROM word WHERE term >= ? AND term < ? "
                "ORDER BY names DESC, everywhere DESC LIMIT ?"
            )
            rows = self.connection.execute(
                sql, (start, start + "\U0010ffff", MOST_COMPLETIONS)
            ).fetchall()
            self.counts.update({term: (names, everywhere) for term, names, everywhere in rows})
            self.completions[start] = tuple(term for term, _, _ in rows)
        return self.completions[start]

    def is_provider(self, term: str) -> bool:
        """Say whether a provider's or an API's name, or an API's title, has *term*."""
        self.learn([term])
        if not self.counts[term][0]:
            return False
        sql = "SELECT 1 FROM name WHERE name MATCH ? LIMIT 1"
        expression = within("provider", quoted(term))
        return self.connection.execute(sql, (expression,)).fetchone() is not None

    def among_names(self, word: Word) -> int:
        """Return an upper bound of the rows whose names have *word* as a whole word."""
        return self._rows(word, 0)

    def anywhere(self, word: Word) -> int:
        """Return an upper bound of the rows that have *word* as a whole word."""
        return self._rows(word, 1)

    def _rows(self, word: Word, column: int) -> int:
        def count(term: str) -> int:
            return self.counts.get(term, (0, 0))[column]

        # A row has the word as a whole, or all its parts: at most as many as the rarest part has.
        return sum(map(count, word.stems)) + min(map(count, word.parts), default=0)

    def begun(self, word: Word) -> int:
        """Return an upper bound of the rows whose names have *word*, or a word it begins."""
        completed = (term for start in word.starts for term in self._completed(start))
        return self.among_names(word) + sum(self.counts[term][0] for term in completed)

    def clause(self, word: Word, *, beginnings: bool = False) -> str:
        """Return the FTS5 expression for *word*, as a whole or in all its parts.

        With *beginnings*, words that it begins and its synonyms match, too.
        """
        start, last = word.starts if beginnings and word.starts else ("", "")
        clauses = [self._one(stem, start, same=beginnings) for stem in word.stems]
        if word.parts:
            last_part = self._one(word.parts[-1], last, same=beginnings)
            clauses.append(all_of([*map(quoted, word.parts[:-1]), last_part]))
        return any_of(clauses)

    def _one(self, term: str, start: str, *, same: bool) -> str:
        # Both *term* and *start*: `copy` is indexed as `copi`, and is the beginning of `copyright`.
        completions = self._completed(start) if start else ()
        synonyms = SAME.get(term, ()) if same else ()
        return any_of(map(quoted, dict.fromkeys((term, *completions, *synonyms))))

    def verb_clause(self, verb: Word) -> str:
        """Return the FTS5 expression for *verb* as a word, or for the methods it may stand for."""
        methods = (within("method", quoted(method.lower())) for method in verb.methods)
        return any_of([self.clause(verb), *methods])


# --- what is misspelt ---------------------------------------------------------------------------


def corrected(vocabulary: Vocabulary, words: Iterable[Word]) -> tuple[tuple[Word, ...], bool]:
    """Return *words* with misspelt ones corrected, and whether some were dropped.

    A word counts as misspelt when few rows have it and few words begin with it. It is replaced by
    the nearest words of the catalogue. It is dropped when no word is near and it matches nothing.
    """
    result: list[Word] = []
    dropped = False
    remaining = MOST_CORRECTED
    for word in words:
        rows, completed = vocabulary.anywhere(word), vocabulary.completed(word)
        if word.methods or rows > RARE or len(completed) > RARE:
            result.append(word)
            continue
        if word.parts and not rows:
            parts, missing = corrected(vocabulary, (Word.of(part, [part]) for part in word.parts))
            result += parts
            dropped = dropped or missing
            continue
        near = _nearest(vocabulary, word, rows) if remaining else ()
        remaining = max(remaining - 1, 0)
        if near:
            result.append(Word(near[0], near, methods=METHODS.get(near[0], ())))
        elif rows or completed:
            result.append(word)
        else:
            dropped = True
    return tuple(result), dropped


def _nearest(vocabulary: Vocabulary, word: Word, rows: int) -> tuple[str, ...]:
    """Return at most three terms near to *word*, which *rows* rows have.

    Those of the same letters come first, because most slips swap two. All are more than
    `FAR_RARER` times as frequent.
    """
    wrong = word.stems[0]
    if len(wrong) < SHORTEST_CORRECTED:
        return ()
    # Few people miss a word's first letter, and of those most swap it with the second.
    sql = (
        "SELECT term, letters, names, everywhere FROM word WHERE term >= ? AND term < ? AND"
        " length(term) BETWEEN ? AND ?"
    )
    own = letters(wrong)
    slack = 1 if len(wrong) < 8 else 2  # letters that may be missing or too many
    alike: dict[str, tuple[int, int]] = {}
    distances: dict[str, tuple[int, int]] = {}
    for first in dict.fromkeys(wrong[:2]):
        arguments = (first, first + "\U0010ffff", len(wrong) - slack, len(wrong) + slack)
        for term, bits, names, everywhere in vocabulary.connection.execute(sql, arguments):
            difference = (bits ^ own).bit_count()
            if difference <= MOST_OTHER_LETTERS and everywhere > FAR_RARER * rows:
                alike[term] = names, everywhere
                distances[term] = difference, -everywhere
    compared = heapq.nsmallest(MOST_COMPARED, distances, key=distances.__getitem__)
    same_letters = [sorted(word.text), sorted(wrong)]
    near = [term for term in compared if sorted(term) in same_letters]
    near += difflib.get_close_matches(wrong, compared, n=3, cutoff=LEAST_ALIKE)
    near = list(dict.fromkeys(near))[:3]
    vocabulary.counts.update({term: alike[term] for term in near})
    return tuple(near)
