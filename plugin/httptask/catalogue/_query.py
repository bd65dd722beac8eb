"""A query: what its words become, what the catalogue knows of them, and how they are asked for in
FTS5's language.
"""

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
"""Letters of a query that are looked at."""
MOST_WORDS = 16
"""Words of a query, counting parts, that are looked at."""
MOST_JOINED_WORDS = 3
"""Words that may be one name written apart."""
MOST_COMPLETIONS = 12
"""Words that the beginning of one is completed to: the most frequent ones."""
SHORTEST_BEGINNING = 3
"""Letters of a beginning; the last word of a query, which may still be being typed, has no such
bound.
"""
MOST_CORRECTED = 3
"""Words of a query that are looked up as misspelt."""
RARE, FAR_RARER = 3, 20
"""A word that stands in so few rows may be misspelt, when a near one is so many times as
frequent.
"""
SHORTEST_CORRECTED = 4
"""Letters of a word that may be misspelt: everything is near to a shorter one."""
MOST_OTHER_LETTERS = 3
"""Letters that only one of two words spelt alike may have."""
MOST_COMPARED = 60
"""Words that a misspelt one is compared to, letter by letter: those with the fewest other letters,
then the most frequent.
"""
LEAST_ALIKE = 0.75
"""The least of difflib's ratio of two words spelt alike."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query."""

    text: str
    """Folded."""
    stems: tuple[str, ...]
    """As it is indexed; several where it was misspelt and several are near."""
    parts: tuple[str, ...] = ()
    """`email-communications` and `sandboxId` in their parts, as indexed; empty for a word in one
    piece.
    """
    methods: tuple[str, ...] = ()
    """The methods a verb may stand for."""
    starts: tuple[str, str] | tuple[()] = ()
    """What longer words may begin with: the word, and its last part."""

    @classmethod
    def of(cls, text: str, parts: Sequence[str], *, is_last: bool = True) -> Word:
        """Return the word *text* of *parts*, all folded; only the last word of a query may be a
        beginning of few letters.
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
        """Return *words* as the one they are when written together; apart they are found as
        before.
        """
        text = "".join(word.text for word in words)
        nouns = [word for word in words if not word.methods] or words
        parts = tuple(term for word in nouns for term in word.parts or word.stems[:1])
        last = words[-1].starts[1:]
        return cls(text, (singular(text),), parts, starts=(text, *last) if last else ())

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms that it may be found as."""
        return (*self.stems, *self.parts)


def parsed(query: str) -> tuple[Word, ...]:
    """Return the words of *query* in order, as often as they are said.

    Punctuation only separates: nothing in a query is an operator.
    """
    found: dict[str, list[str]] = {}
    order: list[str] = []
    room = MOST_WORDS
    for chunk in CHUNK.findall(query[:MOST_LETTERS]):
        parts = [
            part
            for piece in pieces(chunk)
            for part in (pairs(piece) if is_unspaced(piece) else [piece])
        ][:room]
        text = "".join(pieces(chunk))
        if parts and text not in found:
            found[text] = parts
            room -= len(parts)
        if text in found:
            order.append(text)
    telling = [text for text in order if text not in FILLERS] or order
    return tuple(Word.of(text, found[text], is_last=text == telling[-1]) for text in telling)


def once(words: Iterable[Word]) -> tuple[Word, ...]:
    """Return *words*, each once."""
    return tuple({word.text: word for word in words}.values())


def with_joined(words: Sequence[Word], is_name: Callable[[str], bool]) -> tuple[Word, ...]:
    """Return *words*, each once, with those joined that are a name together: `git`, `hub`.

    A word that is part of a name may be said again for itself: `send grid send mail`.

    *is_name* says of a term whether a provider or an API is called so.
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
    """Return the FTS5 expression that one of *clauses* is enough."""
    return "(" + " OR ".join(clauses) + ")"


def all_of(clauses: Iterable[str]) -> str:
    """Return the FTS5 expression that all of *clauses* must hold. FTS5 goes through the rows of the
    first.
    """
    return "(" + " AND ".join(clauses) + ")"


def within(columns: str, expression: str) -> str:
    """Return the FTS5 expression that *expression* holds within *columns*, separated by spaces."""
    return f"{{{columns}}} : {expression}"


# --- what the catalogue knows -------------------------------------------------------------------


@dataclass(frozen=True)
class Vocabulary:
    """What a catalogue knows of the words of one query."""

    connection: sqlite3.Connection
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Term -> rows with it among the names, rows with it anywhere."""
    completions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def learn(self, terms: Iterable[str]) -> None:
        """Look up *terms*."""
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
        """Say whether *term* stands in the name of a provider or an API, or in an API's title."""
        self.learn([term])
        if not self.counts[term][0]:
            return False
        sql = "SELECT 1 FROM name WHERE name MATCH ? LIMIT 1"
        return (
            self.connection.execute(sql, (within("provider", quoted(term)),)).fetchone() is not None
        )

    def among_names(self, word: Word) -> int:
        """Return in how many rows *word* stands among the names, as a whole word; never too few."""
        return self._rows(word, 0)

    def anywhere(self, word: Word) -> int:
        """Return in how many rows *word* stands at all, as a whole word; never too few."""
        return self._rows(word, 1)

    def _rows(self, word: Word, column: int) -> int:
        whole = sum(self.counts.get(stem, (0, 0))[column] for stem in word.stems)
        return whole + min(
            (self.counts.get(part, (0, 0))[column] for part in word.parts), default=0
        )

    def begun(self, word: Word) -> int:
        """Return in how many rows *word* stands among the names, as a whole word or a beginning;
        never too few.
        """
        completed = (term for start in word.starts for term in self._completed(start))
        return self.among_names(word) + sum(self.counts[term][0] for term in completed)

    def clause(self, word: Word, *, beginnings: bool = False) -> str:
        """Return the FTS5 expression for *word*: in one piece or in its parts; with *beginnings*
        also as that of others.
        """
        start, last = word.starts if beginnings and word.starts else ("", "")
        found = [self._one(stem, start, same=beginnings) for stem in word.stems]
        if word.parts:
            last_part = self._one(word.parts[-1], last, same=beginnings)
            found.append(all_of([*map(quoted, word.parts[:-1]), last_part]))
        return any_of(found)

    def _one(self, term: str, start: str, *, same: bool) -> str:
        # `copy` is indexed as `copi`, and is the beginning of `copyright`.
        alike = (*(self._completed(start) if start else ()), *(SAME.get(term, ()) if same else ()))
        return any_of(map(quoted, dict.fromkeys((term, *alike))))

    def meant(self, verb: Word) -> str:
        """Return the FTS5 expression for *verb*: as a word, or as a method it may stand for."""
        methods = (within("method", quoted(method.lower())) for method in verb.methods)
        return any_of([self.clause(verb), *methods])


# --- what is misspelt ---------------------------------------------------------------------------


def corrected(known: Vocabulary, words: Iterable[Word]) -> tuple[tuple[Word, ...], bool]:
    """Return *words* with the nearest known ones for those nothing starts with, and whether some
    had to be left out.
    """
    found: list[Word] = []
    dropped = False
    left = MOST_CORRECTED
    for word in words:
        rows, completed = known.anywhere(word), known.completed(word)
        if word.methods or rows > RARE or len(completed) > RARE:
            found.append(word)
        elif word.parts and not rows:
            parts, missing = corrected(known, (Word.of(part, [part]) for part in word.parts))
            found += parts
            dropped = dropped or missing
        elif (left := left - 1) >= 0 and (near := _nearest(known, word.stems[0], rows)):
            found.append(Word(near[0], near, methods=METHODS.get(near[0], ())))
        elif rows or completed:
            found.append(word)
        else:
            dropped = True
    return tuple(found), dropped


def _nearest(known: Vocabulary, wrong: str, rows: int) -> tuple[str, ...]:
    """Return the terms nearest to *wrong*, which stands in *rows* rows, at most three; none that is
    not far more frequent.
    """
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
    others: dict[str, tuple[int, int]] = {}
    for first in dict.fromkeys(wrong[:2]):
        arguments = (first, first + "\U0010ffff", len(wrong) - slack, len(wrong) + slack)
        for term, bits, names, everywhere in known.connection.execute(sql, arguments):
            other = (bits ^ own).bit_count()
            if other <= MOST_OTHER_LETTERS and everywhere > FAR_RARER * rows:
                alike[term] = names, everywhere
                others[term] = other, -everywhere
    compared = heapq.nsmallest(MOST_COMPARED, others, key=others.__getitem__)
    near = difflib.get_close_matches(wrong, compared, n=3, cutoff=LEAST_ALIKE)
    known.counts.update({term: alike[term] for term in near})
    return tuple(near)
