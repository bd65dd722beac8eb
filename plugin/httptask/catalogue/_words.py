"""Terms: the normalised words that the index holds and that queries are turned into.

A *term* has letters and digits only, in lower case, without accents and in the singular. A name
such as `sandboxId` gives a term for each part and one for the whole. Scripts without spaces between
words are indexed as pairs of adjacent letters: a word of two letters or more is found by its pairs.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain

LONGEST_TERM = 40
"""The most letters of a term. Longer terms are cut, in the index and in queries alike."""
LONGEST_NAME = 400
"""The most letters of a title, an operationId or a tag that are read."""
LONGEST_CHUNK = 400
"""The most letters of a chunk that are read. See `CHUNK`."""

LONGEST_REMEMBERED = 60
"""The most letters of a chunk whose terms are cached."""
MOST_REMEMBERED = 1 << 15
"""The most chunks whose terms are cached. When the cache is full, it is cleared."""
MOST_JOINED = 7
"""The most parts of a name for which the whole name is indexed, too."""

VERBS = {
    "GET": "get list show find fetch read retrieve view search query download lookup",
    "POST": (
        "post create add send new make submit start run invoke execute upload register insert"
        " trigger publish write"
    ),
    "PUT": "put replace set update write upload",
    "PATCH": "patch update edit change modify rename set",
    "DELETE": "delete remove cancel destroy drop",
    "HEAD": "head exists",
    "OPTIONS": "options",
}
"""Method -> the verbs that people use for it.

Only the ranking uses them: a verb never excludes an endpoint of another method.
"""

METHODS: dict[str, tuple[str, ...]] = {
    verb: tuple(method for method, verbs in VERBS.items() if verb in verbs.split())
    for verb in {verb for verbs in VERBS.values() for verb in verbs.split()}
}
"""Verb -> the methods it may stand for."""

_FILLERS = """a all an and any are be by can do does for from how i in is it me my need not
    of on or our please some that the this to use using via want we with"""
FILLERS = frozenset(_FILLERS.split())
"""Words that say nothing about an endpoint; they count only in a query without any other word."""

CHUNK = re.compile(r"[\w-]+")
"""A chunk: a name in one piece, of letters, digits, underscores and dashes, such as `a-b-c`."""

WHOLE = (  # no letter or digit, and not ASCII: a part of a term for the tokenizer `ascii`
    "\N{IDENTICAL TO}"
)
_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACCENT = re.compile(r"[\u0300-\u036f]")
# English plural endings, tried in this order. A stem need not be a word; it only has to be the same
# for the singular and the plural: company, companies -> compani; box, boxes -> box; release,
# releases -> relea; address -> address; id, ids -> id.
_PLURALS = (
    (
        re.compile(r"(?:ies(?<=[a-z]{2}ies)|ie(?<=[a-z]{2}ie)|y(?<=[a-z][b-df-hj-np-tv-xz]y))\Z"),
        "i",
    ),
    (
        re.compile(
            r"es?\Z(?:(?<=[a-z]{2}[sxz]es)|(?<=[a-z]{2}[sxz]e)"
            r"|(?<=[a-z]{2}[cs]hes)|(?<=[a-z]{2}[cs]he))"
        ),
        "",
    ),
    (re.compile(r"s\Z(?<=[a-z][a-rt-z]s)"), ""),
)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")


def folded(text: str) -> str:
    """Return *text* without case, accents and width."""
    if text.isascii():
        return text.lower()
    plain = _ACCENT.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return unicodedata.normalize("NFC", plain)


def is_verb(text: str) -> bool:
    """Say whether *text* is one word that may stand for a method."""
    return folded(text) in METHODS


@lru_cache(maxsize=1 << 15)
def singular(word: str) -> str:
    """Return the stem that the singular and the English plural of the folded *word* share."""
    for pattern, ending in _PLURALS:
        word = pattern.sub(ending, word)
    return word[:LONGEST_TERM]


SAME: dict[str, tuple[str, ...]] = {
    singular(word): tuple(map(singular, words.split()))
    for word, words in {
        "buy": "purchase order",
        "db": "database",
        "email": "mail",
        "mail": "email",
        "msg": "message",
        "photo": "image picture",
        "picture": "image photo",
        "repo": "repository",
        "sms": "message text",
        "subscriber": "member",
        "vm": "virtualmachine",
    }.items()
}
"""Term -> its synonyms. A search uses them when the word itself does not bring enough hits."""

SHORT_NAMES: dict[str, tuple[str, ...]] = {
    "aws": ("amazonaws", "amazon"),
    "az": ("azure",),
    "bb": ("bitbucket",),
    "bq": ("bigquery",),
    "cf": ("cloudflare",),
    "dd": ("datadog",),
    "fb": ("facebook",),
    "gcal": ("googlecalendar", "googleapis calendar"),
    "gcp": ("googlecloud", "googleapis", "google cloud"),
    "gcs": ("cloud storage",),
    "gdrive": ("googledrive", "googleapis drive"),
    "gh": ("github",),
    "gl": ("gitlab",),
    "gsheets": ("googlesheets", "googleapis sheets"),
    "ig": ("instagram",),
    "k8s": ("kubernetes",),
    "mr": ("merge request",),
    "ms": ("microsoft",),
    "msgraph": ("microsoftgraph", "microsoft graph"),
    "outlook": ("microsoftgraph", "microsoft graph"),
    "pd": ("pagerduty",),
    "pr": ("pull request",),
    "sf": ("salesforce",),
    "tg": ("telegram",),
    "wa": ("whatsapp",),
    "yt": ("youtube",),
}
"""Short name, mostly of a provider -> its full names, which rank like the short name.

At most one of the full names has several words, and it is the last.
"""


def pieces(chunk: str) -> list[str]:
    """Return the parts of *chunk*, folded: `sandbox` and `id` for `sandboxId`.

    A run of letters of a script without spaces is one part.
    """
    written = chunk[:LONGEST_CHUNK]
    spaced = written
    if not written.islower():
        spaced = _CAMEL.sub(" ", written)
    if spaced.isascii():  # the fast path: folding ASCII is `lower`, and no script lacks spaces
        return _PART.findall(spaced.lower())
    parts = _PART.findall(spaced)
    # Folding may split a part (half a Hangul syllable) or empty it: look for parts again.
    again = (part for piece in parts for part in _PART.findall(folded(piece)))
    return [run for part in again for run in _RUN.findall(part)]


def is_unspaced(piece: str) -> bool:
    """Say whether *piece* begins in a script without spaces between words."""
    return _IS_UNSPACED.match(piece) is not None


def pairs(piece: str) -> list[str]:
    """Return the pairs of adjacent letters in *piece*, or *piece* itself if it is one letter."""
    return [piece[start : start + 2] for start in range(len(piece) - 1)] or [piece]


def _chunk_terms(chunk: str) -> tuple[str, ...]:
    """Return the terms of *chunk*: each part, and the whole if it has 2 to `MOST_JOINED` parts."""
    parts = pieces(chunk)
    chunk_terms: list[str] = []
    if 1 < len(parts) <= MOST_JOINED and not any(map(is_unspaced, parts)):
        chunk_terms.append("".join(parts))
    for part in parts:
        # The last letter begins no pair. It is a term, too, so that typing it alone finds the word.
        chunk_terms += [*pairs(part), part[-1]] if is_unspaced(part) else [part]
    return tuple(map(singular, chunk_terms))


class _TermsOfChunks(dict[str, tuple[str, ...]]):
    """Cache: chunk -> its terms. Most chunks occur again and again."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        chunk_terms = _chunk_terms(chunk)
        # Long chunks are not cached: a hostile description could fill the memory with them.
        if len(chunk) <= LONGEST_REMEMBERED:
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[chunk] = chunk_terms
        return chunk_terms


_TERMS_OF = _TermsOfChunks()


def terms(text: str) -> dict[str, None]:
    """Return the terms of *text* in order, each once: the dict is an ordered set.

    `/sandboxes/{sandboxId}` has `sandbox`, `sandboxid`, `id`. A repeated term counts once because
    `/users/{user_id}/users` is no more about users than `/users` is.
    """
    chunks = CHUNK.findall(text)
    terms_by_chunk = map(_TERMS_OF.__getitem__, chunks)
    return dict.fromkeys(chain.from_iterable(terms_by_chunk))


def whole_name(text: str) -> str:
    """Return the term of *text* as a whole name: its letters and digits, without separators.

    The term begins with `WHOLE`, so that no typed word is equal to it.
    """
    joined = "".join(piece for chunk in CHUNK.findall(text) for piece in pieces(chunk))
    return WHOLE + joined[:LONGEST_NAME]


@lru_cache(maxsize=1 << 15)
def letters(term: str) -> int:
    """Return the set of letters in *term* as bits. Words spelt alike differ in few bits."""
    bits = 0
    for letter in term:
        bits |= 1 << (ord(letter) % 61)
    return bits


def storable(text: str) -> str:
    r"""Return *text* with lone surrogates escaped as `\ud800`: UTF-8, and so SQLite, lacks them."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def id_hash(text: str) -> int:
    """Return the hash by which the endpoint id *text* is looked up: 64 bits of its SHA-224.

    The number is signed, like SQLite's integers.
    """
    import hashlib  # imported late: it loads OpenSSL

    digest = hashlib.sha224(text.encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
