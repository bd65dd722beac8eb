"""Search and its ranking: what is indexed, what a person's words become, and which endpoint comes first.

Words go down a ladder; each rung is looser than the one before, and the first that finds something ends it:

    every word in the names      names: provider, path, title; a verb ("send") may stand for its method (POST)
    every beginning in the names each word may be the beginning of one
    all but the verbs            in the names
    every beginning anywhere     in the description too; then all but the verbs
    misspelt words               replaced by the nearest ones of the catalogue, from the top again
    most of the words            all but one, all but two, ..., any

The first four fill up the list together; among the hits of a rung, SQLite's bm25 decides by the weights below. Whole
words come first for speed, too: a beginning like "u" makes SQLite merge the rows of every word that starts so.
"""

from __future__ import annotations

import difflib
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from httptask.model.api import Endpoint

WEIGHTS = {"tail": 10.0, "path": 6.0, "provider": 6.0, "title": 5.0, "method": 0.5, "description": 1.0}
"""How much a word counts where it is found. `tail` is the path's last segment that is no parameter: what it is about."""

VERBS = {
    "GET": "get list show find fetch read retrieve view search query download lookup",
    "POST": "post create add send new make submit start run upload register insert trigger write",
    "PUT": "put replace set update write upload",
    "PATCH": "patch update edit change modify rename set",
    "DELETE": "delete remove cancel destroy drop",
    "HEAD": "head exists",
    "OPTIONS": "options",
}
"""Method -> what people say when they mean it. Only the ranking listens: a verb never hides what it does not mean."""

FILLERS = """a all an and any are be by can do does for from how i in is it me my need not of on or our please some that the
    this to use using via want we with"""
"""Words of a sentence that say nothing about an endpoint; they count only where there is no other word."""

MOST_LETTERS = 400
"""Letters of a query that are looked at."""
MOST_WORDS = 16
"""Words of a query, counting parts, that are looked at."""
MOST_COMBINED = 5
"""Words of which every combination is tried; the longest say most."""
LONGEST_DESCRIPTION = 20_000
"""Letters of a description that are indexed."""

_NAMES, _EVERYTHING = "names", "everything"
_COLUMNS = {_NAMES: tuple(WEIGHTS)[:-1], _EVERYTHING: tuple(WEIGHTS)}

_METHODS: dict[str, tuple[str, ...]] = {
    verb: tuple(method for method, verbs in VERBS.items() if verb in verbs.split())
    for verb in {verb for verbs in VERBS.values() for verb in verbs.split()}
}

_FILLERS = frozenset(FILLERS.split())

_CHUNK = re.compile(r"[\w-]+")
_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACCENT = re.compile(r"[\u0300-\u036f]")
# English plurals, in this order; the letters that are left only have to be the same for one thing and for many:
# company, companies -> compani; box, boxes -> box; release, releases -> relea; address -> address; id, ids -> id.
_PLURALS = (
    (re.compile(r"(?:ies(?<=[a-z]{2}ies)|ie(?<=[a-z]{2}ie)|y(?<=[a-z][b-df-hj-np-tv-xz]y))(?![a-z0-9])"), "i"),
    (
        re.compile(
            r"es?(?![a-z0-9])(?:(?<=[a-z]{2}[sxz]es)|(?<=[a-z]{2}[sxz]e)|(?<=[a-z]{2}[cs]hes)|(?<=[a-z]{2}[cs]he))"
        ),
        "",
    ),
    (re.compile(r"s(?![a-z0-9])(?<=[a-z][a-rt-z]s)"), ""),
)
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# Scripts without spaces between words: each letter is indexed alone and a word is a phrase of letters.
_UNSPACED = re.compile(
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """An endpoint that a search found."""

    id: str
    method: str
    path: str
    provider: str
    title: str = ""
    match: str = "all"
    """`all` words were found, `near` ones instead of misspelt ones, or only `some`."""

    def to_json(self) -> dict[str, Any]:
        """Return the hit as a JSON object."""
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "provider": self.provider,
            "title": self.title,
            "match": self.match,
        }


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a query."""

    text: str
    """Folded."""
    stems: tuple[str, ...]
    """As it is indexed; several where it was misspelt and several are near."""
    parts: tuple[str, ...] = ()
    """`email-communications` and `sandboxId` in their parts, folded; empty for a word in one piece."""
    methods: tuple[str, ...] = ()
    """The methods a verb may stand for."""

    @classmethod
    def of(cls, text: str, parts: tuple[str, ...] = ()) -> Word:
        """Return the word *text*, which is folded."""
        return cls(text, (singular(text),), parts, _METHODS.get(text, ()))


# --- what is indexed ---------------------------------------------------------------------------------------------


def indexed(endpoint: Endpoint) -> dict[str, str]:
    """Return the text of *endpoint* by column of the index (a key of `WEIGHTS`)."""
    fixed = [segment for segment in endpoint.path.split("/") if segment and "{" not in segment]
    return {
        "tail": _name_text(fixed[-1]) if fixed else "",
        "path": _name_text(endpoint.path),
        "provider": _name_text(endpoint.provider),
        "title": _name_text(endpoint.title),
        "method": folded(endpoint.method),
        "description": spaced(singular(folded(endpoint.description[:LONGEST_DESCRIPTION]))),
    }


def folded(text: str) -> str:
    """Return *text* without case and accents; what cannot be stored as text becomes a space."""
    text = _NOT_TEXT.sub(" ", text)
    if text.isascii():
        return text.lower()
    plain = _ACCENT.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return unicodedata.normalize("NFC", plain)


def singular(text: str) -> str:
    """Return folded *text* with what may be English plurals in the singular, so that each finds the other."""
    for pattern, ending in _PLURALS:
        text = pattern.sub(ending, text)
    return text


def spaced(text: str) -> str:
    """Return *text* with spaces around each letter of a script that has none between words."""
    return text if text.isascii() else _UNSPACED.sub(r" \1 ", text)


def _name_text(text: str) -> str:
    """Return the names in *text*, each once, in one piece and in parts: `sandboxId` as `sandboxid sandbox id`.

    Once, because `/users/{user_id}/users` is no more about users than `/users` is.
    """
    found: dict[str, None] = {}
    for chunk in _CHUNK.findall(text):
        parts = _parts(chunk)
        found.update(dict.fromkeys(map(folded, ["".join(parts), *parts])))
    return spaced(" ".join(dict.fromkeys(singular(" ".join(found)).split())))


def _parts(chunk: str) -> list[str]:
    return [piece for part in _PART.findall(chunk) for piece in _CAMEL.split(part)]


def insert(connection: sqlite3.Connection, number: int, endpoint: Endpoint) -> None:
    """Index *endpoint* under the row *number*, inside the caller's transaction."""
    text = indexed(endpoint)
    for table, columns in _COLUMNS.items():
        marks = ", ".join("?" for _ in columns)
        sql = f"INSERT INTO {table} (rowid, {', '.join(columns)}) VALUES (?, {marks})"  # noqa: S608 - our own names
        connection.execute(sql, (number, *(text[column] for column in columns)))


def delete(connection: sqlite3.Connection, number: int) -> None:
    """Forget the row *number*, inside the caller's transaction."""
    for table in _COLUMNS:
        connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (number,))  # noqa: S608 - our own names


# --- what a person's words become ----------------------------------------------------------------------------------


def parsed(query: str) -> tuple[Word, ...]:
    """Return the words of *query*, each once, in order. Punctuation only separates: nothing in a query is an operator."""
    words: dict[str, Word] = {}
    room = MOST_WORDS
    for chunk in _CHUNK.findall(_NOT_TEXT.sub(" ", query[:MOST_LETTERS])):
        # Folding may split (half a Hangul syllable) or empty a part, so look for words again afterwards.
        parts = [part for piece in _parts(chunk) for part in _PART.findall(folded(piece))]
        text = "".join(parts)
        if parts and text not in words and room > 0:
            words[text] = Word.of(text, tuple(dict.fromkeys(parts))[:room] if len(parts) > 1 else ())
            room -= len(words[text].parts) or 1
    telling = tuple(word for word in words.values() if word.text not in _FILLERS)
    return telling or tuple(words.values())


def clause(word: Word, *, beginnings: bool = False, by_method: bool = False) -> str:
    """Return the FTS5 expression for *word*: in one piece or in its parts.

    *beginnings* lets it be the beginning of a word, *by_method* lets a verb also stand for its methods.
    """
    found = [quoted(stem) for stem in word.stems]
    if beginnings:  # `copy` is indexed as `copi`, and is the beginning of `copyright`
        found = [quoted(start) + "*" for start in dict.fromkeys((*word.stems, word.text))]
    if word.parts:
        found.append(_all(map(Word.of, word.parts), beginnings=beginnings))
    if by_method:
        found += [f"method : {quoted(method.lower())}" for method in word.methods]
    return "(" + " OR ".join(found) + ")"


def quoted(text: str) -> str:
    """Return *text* as an FTS5 string: a user's words stay words."""
    return '"' + spaced(text).replace('"', '""') + '"'


def _all(words: Iterable[Word], *, beginnings: bool = False, by_method: bool = False) -> str:
    return "(" + " AND ".join(clause(word, beginnings=beginnings, by_method=by_method) for word in words) + ")"


# --- the ladder ----------------------------------------------------------------------------------------------------


def search(
    connection: sqlite3.Connection, query: str, *, provider: str | None, method: str | None, limit: int
) -> list[Hit]:
    """Return up to *limit* hits for *query*, best first; an empty query lists everything."""
    looking = _Looking(connection, provider, method, min(limit, 1_000_000))
    if limit < 1:
        return []
    words = parsed(query)
    if not words:
        return looking.listing()
    if looking.add_id(query.strip()) or looking.add(_strict(words), "all"):
        return looking.hits()
    if all(word.methods for word in words) and looking.add([(_NAMES, _all(words, by_method=True))], "all"):
        return looking.hits()
    known, dropped = _corrected(connection, words)
    if known != words and known and looking.add(_strict(known), "some" if dropped else "near"):
        return looking.hits()
    looking.add_first(_loose(known), "some")
    return looking.hits()


def _strict(words: Sequence[Word]) -> Iterator[tuple[str, str]]:
    """Yield (table, expression) for the rungs on which every word counts."""
    nouns = [word for word in words if not word.methods]
    has_both = 0 < len(nouns) < len(words)
    yield _NAMES, _all(words, by_method=has_both)
    for table in (_NAMES, _EVERYTHING):
        yield table, _all(words, beginnings=True, by_method=has_both)
        if has_both:
            yield table, _all(nouns, beginnings=True)


def _loose(words: Sequence[Word]) -> Iterator[tuple[str, str]]:
    """Yield (table, expression) for all words but one, but two, ...: at least that many must be found."""
    nouns = [word for word in words if not word.methods] or list(words)
    most_telling = sorted(nouns, key=lambda word: -len(word.text))[:MOST_COMBINED]
    for count in range(len(most_telling), 0, -1):
        for beginnings in (False, True):
            combined = (_all(some, beginnings=beginnings) for some in combinations(most_telling, count))
            yield _EVERYTHING, " OR ".join(combined)


def _corrected(connection: sqlite3.Connection, words: Iterable[Word]) -> tuple[tuple[Word, ...], bool]:
    """Return *words* with the nearest known ones for those nothing starts with, and whether some had to be left out."""
    known: list[Word] = []
    dropped = False
    for word in words:
        if word.methods or _exists(connection, word):
            known.append(word)
        elif word.parts:
            parts, missing = _corrected(connection, map(Word.of, word.parts))
            known += parts
            dropped = dropped or missing
        elif near := _nearest(connection, word.stems[0]):
            known.append(Word(near[0], near, methods=_METHODS.get(near[0], ())))
        else:
            dropped = True
    return tuple(known), dropped


def _exists(connection: sqlite3.Connection, word: Word) -> bool:
    sql = "SELECT 1 FROM everything WHERE everything MATCH ? LIMIT 1"
    return connection.execute(sql, (clause(word, beginnings=True),)).fetchone() is not None


def _nearest(connection: sqlite3.Connection, wrong: str) -> tuple[str, ...]:
    if len(wrong) < 4:  # everything is near to a short word
        return ()
    # Few people miss a word's first letter, and of those most swap it with the second.
    sql = "SELECT term FROM term WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ?"
    terms: list[str] = []
    for first in dict.fromkeys(wrong[:2]):
        arguments = (first, first + "\U0010ffff", len(wrong) - 2, len(wrong) + 2)
        terms += [term for (term,) in connection.execute(sql, arguments)]
    return tuple(difflib.get_close_matches(wrong, terms, n=3, cutoff=0.75))


_FIELDS = "number, id, method, path, provider, title"

_FILTER = """(? IS NULL OR provider = ?) AND (? IS NULL OR method = ?)"""


def _matching(table: str) -> str:
    weights = ", ".join(str(WEIGHTS[column]) for column in _COLUMNS[table])
    # The best rows are found before anything else of them is read. The filter is a look-up per match and not a join,
    # which SQLite might turn round: a search per endpoint of the provider.
    return f"""
        SELECT {_FIELDS} FROM (
          SELECT rowid AS match, bm25({table}, {weights}) AS score FROM {table}
          WHERE {table} MATCH ? AND (? OR EXISTS (SELECT 1 FROM endpoint WHERE number = {table}.rowid AND {_FILTER}))
          ORDER BY score, match LIMIT ?
        ) JOIN endpoint ON number = match ORDER BY score, match"""  # noqa: S608 - our own names


_MATCHING = {table: _matching(table) for table in _COLUMNS}


class _Looking:
    """One search under way: the hits so far."""

    def __init__(self, connection: sqlite3.Connection, provider: str | None, method: str | None, limit: int) -> None:
        method = method.upper() if method is not None else None
        self._connection = connection
        self._filter = (provider, provider, method, method)
        self._unfiltered = provider is None and method is None
        self._limit = limit
        # The index narrows first, because a look-up for each of thousands of matches takes its time.
        narrow = [f"method : {quoted(folded(method))}"] if method and _PART.search(folded(method)) else []
        narrow += [f"provider : {quoted(part)}" for part in _PART.findall(_name_text(provider or ""))]
        self._narrow = "".join(f" AND {condition}" for condition in narrow)
        self._found: dict[int, Hit] = {}

    def hits(self) -> list[Hit]:
        return list(self._found.values())[: self._limit]

    def listing(self) -> list[Hit]:
        sql = f"SELECT {_FIELDS} FROM endpoint WHERE {_FILTER} ORDER BY provider, path, method LIMIT ?"  # noqa: S608
        self._take(self._connection.execute(sql, (*self._filter, self._limit)), "all")
        return self.hits()

    def add_id(self, endpoint_id: str) -> bool:
        """Add the endpoint whose id was pasted."""
        sql = f"SELECT {_FIELDS} FROM endpoint WHERE id = ? AND {_FILTER}"  # noqa: S608 - our own names
        self._take(self._connection.execute(sql, (storable(endpoint_id), *self._filter)), "all")
        return bool(self._found)

    def add(self, rungs: Iterable[tuple[str, str]], match: str) -> bool:
        """Add what *rungs* find, one after the other, until there is enough; say whether there is anything."""
        for table, expression in rungs:
            if len(self._found) >= self._limit:
                break
            arguments = (f"({expression}){self._narrow}", self._unfiltered, *self._filter, self._limit)
            self._take(self._connection.execute(_MATCHING[table], arguments), match)
        return bool(self._found)

    def add_first(self, rungs: Iterable[tuple[str, str]], match: str) -> None:
        """Add what the first of *rungs* that finds anything finds."""
        for rung in rungs:
            if self.add([rung], match):
                return

    def _take(self, rows: Iterable[tuple[Any, ...]], match: str) -> None:
        for number, endpoint_id, method, path, provider, title in rows:
            self._found.setdefault(number, Hit(endpoint_id, method, path, provider, title, match))


def storable(text: str) -> str:
    r"""Return *text* as SQLite can hold it: a lone surrogate has no UTF-8 and is written `\ud800`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
