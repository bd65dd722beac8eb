"""The typed words of a query, how often the catalogue has them, and their FTS5 expressions."""

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
"""The most letters of a query that are read."""
MOST_WORDS = 16
"""The most words of a query that are read. Each part of a word counts."""
MOST_JOINED_WORDS = 3
"""The most consecutive words that are tried as one name: `git hub`."""
MOST_COMPLETIONS = 12
"""The most completions of a beginning: the most frequent terms."""
SHORTEST_BEGINNING = 3
"""The fewest letters of a beginning. The last word, perhaps not finished yet, may have fewer."""
MOST_CORRECTED = 3
"""The most words of a query for which a correction is searched."""
RARE, FAR_RARER = 3, 20
"""A word in at most 3 rows may be misspelt if a similar word is more than 20 times as frequent."""
SHORTEST_CORRECTED = 4
"""The fewest letters of a word that may be corrected: too many words are like a shorter one."""
MOST_OTHER_LETTERS = 3
"""The most letters that only one of two similar words may have."""
MOST_COMPARED = 60
"""The most terms that a misspelt word is compared to letter by letter.

The terms with the fewest different letters are taken, and of equals the most frequent.
"""
LEAST_ALIKE = 0.75
"""The lowest difflib ratio of two similar words."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query."""

    text: str
    """The word as typed, but folded."""
    stems: tuple[str, ...]
    """The terms for the whole word: several for a provider's short name or a corrected word."""
    parts: tuple[str, ...] = ()
    """The terms of the parts of `email-communications` or `sandboxId`. Empty for a single part."""
    methods: tuple[str, ...] = ()
    """The methods that the word may stand for if it is a verb."""
    starts: tuple[str, str] | tuple[()] = ()
    """The word and its last part, if longer terms that begin with them match, too."""

    @classmethod
    def of(cls, text: str, parts: Sequence[str], *, is_last: bool = True) -> Word:
        """Make the word *text*, which has *parts*. All are folded.

        Only the last word of a query may be a beginning of less than `SHORTEST_BEGINNING` letters.
        """
        may_begin = is_last or len(parts[-1]) >= SHORTEST_BEGINNING
        starts = (text, parts[-1]) if may_begin else ()
        names = SHORT_NAMES.get(text, ())
        parts = names[-1].split() if names else parts
        one_word_names = (name for name in names if " " not in name)
        return cls(
            text,
            tuple(map(singular, (text, *one_word_names))),
            tuple(map(singular, parts)) if len(parts) > 1 else (),
            METHODS.get(text, ()),
            starts,
        )

    @classmethod
    def joined(cls, words: Sequence[Word]) -> Word:
        """Join *words* to one word. Its parts match what *words* matched, without the verbs."""
        text = "".join(word.text for word in words)
        nouns = [word for word in words if not word.methods] or words
        parts = tuple(term for word in nouns for term in word.parts or word.stems[:1])
        last = words[-1].starts[1:]
        return cls(
            text,
            (singular(text),),
            parts,
            starts=(text, *last) if last else (),
        )

    @property
    def terms(self) -> tuple[str, ...]:
        """The word's terms, whole and in parts."""
        return (*self.stems, *self.parts)


def parsed(query: str) -> tuple[Word, ...]:
    """Split *query* into words, in order. A word that was typed twice is returned twice.

    Fillers are dropped unless there is no other word. Punctuation only separates words: a query
    has no operators.
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
    words = [text for text in texts if text not in FILLERS] or texts
    return tuple(Word.of(text, parts_of[text], is_last=text == words[-1]) for text in words)


def _parts(chunk: str) -> list[str]:
    """Return the parts of *chunk*. In a script without spaces they are pairs of letters."""
    parts: list[str] = []
    for piece in pieces(chunk):
        parts += pairs(piece) if is_unspaced(piece) else [piece]
    return parts


def once(words: Iterable[Word]) -> tuple[Word, ...]:
    """Return *words* without repetitions."""
    return tuple({word.text: word for word in words}.values())


def with_joined(words: Sequence[Word], is_name: Callable[[str], bool]) -> tuple[Word, ...]:
    """Join consecutive *words* that are a name together (`git hub`), then drop repetitions.

    Repetitions are dropped last because a word of a name may also occur by itself: `send grid send
    mail`. *is_name* says whether a term is part of a provider's or an API's name.
    """
    result: list[Word] = []
    index = 0
    while index < len(words):
        # The longest name first: `git hub actions` is more than `git hub`.
        for count in range(min(MOST_JOINED_WORDS, len(words) - index), 1, -1):
            joined = Word.joined(words[index : index + count])
            if is_name(joined.stems[0]):
                break
        else:
            joined = words[index]
            count = 1
        result.append(joined)
        index += count
    return once(result)


# --- FTS5's language ----------------------------------------------------------------------------


def quoted(term: str) -> str:
    """Return *term* as an FTS5 string, so that nothing in a user's word is an operator."""
    return '"' + term.replace('"', '""') + '"'


def any_of(clauses: Iterable[str]) -> str:
    """Return the FTS5 expression that matches rows with any of *clauses*."""
    return "(" + " OR ".join(clauses) + ")"


def all_of(clauses: Iterable[str]) -> str:
    """Return the FTS5 expression that matches rows with all of *clauses*.

    Pass the rarest clause first: FTS5 reads all rows of the first clause.
    """
    return "(" + " AND ".join(clauses) + ")"


def within(columns: str, expression: str) -> str:
    """Return the FTS5 expression for *expression* in *columns* only (names with spaces between)."""
    return f"{{{columns}}} : {expression}"


# --- the catalogue's vocabulary -----------------------------------------------------------------


@dataclass(frozen=True)
class Vocabulary:
    """How often the words of one query occur in the catalogue, and their completions."""

    connection: sqlite3.Connection
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Term -> the number of rows with it in a name, and of rows with it anywhere."""
    completions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Beginning -> the most frequent terms that begin so."""

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
        """Return the most frequent terms that begin with *word*, or () if it is no beginning."""
        if word.starts:
            return self._completed(word.starts[0])
        return ()

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
        """Say whether *term* is in the name of a provider, or in the name or title of an API."""
        self.learn([term])
        if not self.counts[term][0]:
            return False
        sql = "SELECT 1 FROM name WHERE name MATCH ? LIMIT 1"
        expression = within("provider", quoted(term))
        return self.connection.execute(sql, (expression,)).fetchone() is not None

    def among_names(self, word: Word) -> int:
        """Return at least the number of rows whose names have *word* as a whole word."""
        return self._rows(word, 0)

    def anywhere(self, word: Word) -> int:
        """Return at least the number of rows that have *word* as a whole word."""
        return self._rows(word, 1)

    def _rows(self, word: Word, column: int) -> int:
        def count(term: str) -> int:
            return self.counts.get(term, (0, 0))[column]

        # A row matches if it has the whole word or all its parts. So the rarest part is the limit.
        return sum(map(count, word.stems)) + min(map(count, word.parts), default=0)

    def begun(self, word: Word) -> int:
        """Return at least the number of rows whose names have *word* or a completion of it."""
        completed = (term for start in word.starts for term in self._completed(start))
        return self.among_names(word) + sum(self.counts[term][0] for term in completed)

    def clause(self, word: Word, *, beginnings: bool = False) -> str:
        """Return the FTS5 expression for *word*: the whole word or all its parts.

        With *beginnings*, completions and synonyms match, too.
        """
        start, last = word.starts if beginnings and word.starts else ("", "")
        clauses = [self._one(stem, start, same=beginnings) for stem in word.stems]
        if word.parts:
            last_part = self._one(word.parts[-1], last, same=beginnings)
            clauses.append(all_of([*map(quoted, word.parts[:-1]), last_part]))
        return any_of(clauses)

    def _one(self, term: str, start: str, *, same: bool) -> str:
        # Match *term* and what *start* begins: `copy` is indexed as `copi`, but begins `copyright`.
        completions = self._completed(start) if start else ()
        synonyms = SAME.get(term, ()) if same else ()
        return any_of(map(quoted, dict.fromkeys((term, *completions, *synonyms))))

    def verb_clause(self, verb: Word) -> str:
        """Return the FTS5 expression for *verb* as a word or for one of its methods."""
        methods = (within("method", quoted(method.lower())) for method in verb.methods)
        return any_of([self.clause(verb), *methods])


# --- misspelt words -----------------------------------------------------------------------------


def corrected(vocabulary: Vocabulary, words: Iterable[Word]) -> tuple[tuple[Word, ...], bool]:
    """Correct misspelt *words*; return the words, and whether some were dropped.

    A word counts as misspelt when few rows have it and few terms begin with it. It is replaced by
    the most similar terms of the catalogue. Without any, it is dropped if it matches nothing.
    """
    result: list[Word] = []
    dropped = False
    remaining = MOST_CORRECTED
    for word in words:
        rows = vocabulary.anywhere(word)
        completed = vocabulary.completed(word)
        if word.methods or rows > RARE or len(completed) > RARE:
            result.append(word)
            continue
        if word.parts and not rows:
            words_of_parts = (Word.of(part, [part]) for part in word.parts)
            parts, missing = corrected(vocabulary, words_of_parts)
            result += parts
            dropped = dropped or missing
            continue
        similar = _nearest(vocabulary, word, rows) if remaining else ()
        remaining = max(remaining - 1, 0)
        if similar:
            nearest = similar[0]
            methods = METHODS.get(nearest, ())
            result.append(Word(nearest, similar, methods=methods))
        elif rows or completed:
            result.append(word)
        else:
            dropped = True
    return tuple(result), dropped


def _nearest(vocabulary: Vocabulary, word: Word, rows: int) -> tuple[str, ...]:
    """Return up to three terms similar to *word*, which occurs in *rows* rows.

    Terms with the same letters come first, because most typing errors swap two letters. Each term
    is more than `FAR_RARER` times as frequent as *word*.
    """
    misspelt = word.stems[0]
    if len(misspelt) < SHORTEST_CORRECTED:
        return ()
    # Only terms with the same first letter are compared, or with the second letter as the first:
    # few people mistype the first letter, and most of them swap it with the second.
    sql = (
        "SELECT term, letters, names, everywhere FROM word WHERE term >= ? AND term < ? AND"
        " length(term) BETWEEN ? AND ?"
    )
    bits = letters(misspelt)
    slack = 1 if len(misspelt) < 8 else 2  # how many letters longer or shorter a term may be
    alike: dict[str, tuple[int, int]] = {}
    distances: dict[str, tuple[int, int]] = {}
    for first in dict.fromkeys(misspelt[:2]):
        arguments = (first, first + "\U0010ffff", len(misspelt) - slack, len(misspelt) + slack)
        for term, term_bits, names, everywhere in vocabulary.connection.execute(sql, arguments):
            difference = (term_bits ^ bits).bit_count()
            if difference <= MOST_OTHER_LETTERS and everywhere > FAR_RARER * rows:
                alike[term] = names, everywhere
                distances[term] = difference, -everywhere
    compared = heapq.nsmallest(MOST_COMPARED, distances, key=distances.__getitem__)
    same_letters = [sorted(word.text), sorted(misspelt)]
    similar = [term for term in compared if sorted(term) in same_letters]
    similar += difflib.get_close_matches(misspelt, compared, n=3, cutoff=LEAST_ALIKE)
    similar = list(dict.fromkeys(similar))[:3]
    vocabulary.counts.update({term: alike[term] for term in similar})
    return tuple(similar)
