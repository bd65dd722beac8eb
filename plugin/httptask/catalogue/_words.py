"""Terms: what words become in the index and in queries alike.

Words are folded and put in the singular; a name counts as a whole and in its parts.

A *term* is what is indexed: letters and digits only, in lower case, without accents. Scripts that
put no space between words are indexed as pairs of letters: a word of two letters or more is found
by its pairs.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain

LONGEST_TERM = 40
"""Letters of a term; what is longer is cut, in the index and in a query alike."""
LONGEST_NAME = 400
"""Letters of a title, an operationId or a tag that are looked at."""
LONGEST_CHUNK = 400
"""Letters of a name in one piece that are looked at: `a-b-c` is one."""

LONGEST_REMEMBERED = 60
"""Letters of a name in one piece whose terms are remembered."""
MOST_REMEMBERED = 1 << 15
"""Names whose terms are remembered; when they are more, all are forgotten."""
MOST_JOINED = 7
"""Parts of a name that is indexed in one piece, too."""

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
"""A name in one piece: letters, digits, underscores and dashes."""

WHOLE = (  # no letter or digit, and not ASCII: a part of a term for the tokenizer `ascii`
    "\N{IDENTICAL TO}"
)
_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACCENT = re.compile(r"[\u0300-\u036f]")
# English plurals, in this order; the letters that are left only have to be the same for one thing
# and for many: company, companies -> compani; box, boxes -> box; release, releases -> relea;
# address -> address; id, ids -> id.
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
"""Term -> its synonyms; looked for where the word itself does not fill the list of hits."""

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
"""Short name, of a provider mostly -> its full names, which count as much as the short one.

At most one name has several words; it is the last.
"""


def pieces(chunk: str) -> list[str]:
    """Return the parts of *chunk*, folded: `sandboxId` as `sandbox` and `id`.

    A run of a script without spaces is a part of its own.
    """
    written = chunk[:LONGEST_CHUNK]
    apart = written if written.islower() else _CAMEL.sub(" ", written)
    if apart.isascii():  # folding is the lower case alone, and words have spaces between them
        return _PART.findall(apart.lower())
    parts = _PART.findall(apart)
    # Folding may split a part (half a Hangul syllable) or empty it: look for parts again.
    again = (part for piece in parts for part in _PART.findall(folded(piece)))
    return [run for part in again for run in _RUN.findall(part)]


def is_unspaced(piece: str) -> bool:
    """Say whether *piece* is of a script without spaces between words."""
    return _IS_UNSPACED.match(piece) is not None


def pairs(piece: str) -> list[str]:
    """Return the pairs of adjacent letters in *piece*, or *piece* itself when it is one letter."""
    return [piece[at : at + 2] for at in range(len(piece) - 1)] or [piece]


def _chunk_terms(chunk: str) -> tuple[str, ...]:
    """Return the terms of *chunk*: its parts, and the whole of 2 to `MOST_JOINED` parts."""
    parts = pieces(chunk)
    chunk_terms: list[str] = []
    if 1 < len(parts) <= MOST_JOINED and not any(map(is_unspaced, parts)):
        chunk_terms.append("".join(parts))
    for part in parts:
        # The last letter, too: typing it alone finds the words that begin with it.
        chunk_terms += [*pairs(part), part[-1]] if is_unspaced(part) else [part]
    return tuple(map(singular, chunk_terms))


class _TermsOfChunks(dict[str, tuple[str, ...]]):
    """Chunk -> its terms, made when they are asked for. Most chunks come again and again."""

    def __missing__(self, chunk: str) -> tuple[str, ...]:
        chunk_terms = _chunk_terms(chunk)
        # Long ones are not remembered: a hostile description could fill the memory with them.
        if len(chunk) <= LONGEST_REMEMBERED:
            if len(self) >= MOST_REMEMBERED:
                self.clear()
            self[chunk] = chunk_terms
        return chunk_terms


_TERMS_OF = _TermsOfChunks()


def terms(text: str) -> dict[str, None]:
    """Return the terms of *text* in order, without repetition.

    `/sandboxes/{sandboxId}` has `sandbox`, `sandboxid`, `id`. A repeated term counts once, because
    `/users/{user_id}/users` is no more about users than `/users` is.
    """
    return dict.fromkeys(chain.from_iterable(map(_TERMS_OF.__getitem__, CHUNK.findall(text))))


def whole_name(text: str) -> str:
    """Return the term of *text* as a whole name, without what joins its parts.

    It starts with a sign of its own, so that no word of a query is that term.
    """
    joined = "".join(piece for chunk in CHUNK.findall(text) for piece in pieces(chunk))
    return WHOLE + joined[:LONGEST_NAME]


@lru_cache(maxsize=1 << 15)
def letters(term: str) -> int:
    """Return the set of letters in *term* as bits; words spelt alike differ in few of them."""
    bits = 0
    for letter in term:
        bits |= 1 << (ord(letter) % 61)
    return bits


def storable(text: str) -> str:
    r"""Return *text* with lone surrogates escaped as `\ud800`: UTF-8, and so SQLite, has none."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def id_hash(text: str) -> int:
    """Return the number that the index knows the id *text* by: 64 bits of its SHA-224.

    It is signed, as SQLite's integers are.
    """
    import hashlib  # only here: it loads OpenSSL

    digest = hashlib.sha224(text.encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
