"""Search for a page: one page of hits at a time, with the matched words marked."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from httptask.catalogue import Catalogue
from httptask.designer._problems import Refused

_DEFAULT, _MOST = 20, 100
_DEEPEST = 1_000
"""Maximum number of hits that can be paged through. A longer search needs more words."""
_WORD = re.compile(r"[^\W_]+")
_MARKED = ("provider", "title", "path")
_MOST_WORDS = 16


def search_endpoints(catalogue: Catalogue, query: Mapping[str, str]) -> dict[str, Any]:
    """Search *catalogue* with the parameters in *query*.

    Returns `{"query", "total", "items", "cursor"}`. Raises `Refused`.
    """
    words = query.get("q", "")[:1_000]
    limit = _number(query.get("limit"), _DEFAULT)
    start = _start(query.get("cursor"))
    provider = query.get("provider") or None
    method = (query.get("method") or "").upper() or None
    hits = catalogue.search(
        words,
        provider=provider,
        method=method,
        limit=limit + 1,
        offset=start,
    )
    page = hits[:limit]
    more = len(hits) > limit
    total: int | None = None if more else start + len(hits)
    if more and not words.strip() and provider is None and method is None:
        total = len(catalogue)
    items = [{**hit.to_json(), "highlights": _highlights(hit.to_json(), words)} for hit in page]
    has_next = more and start + limit < _DEEPEST
    return {
        "query": words,
        "total": total,
        "items": items,
        "cursor": _cursor(start + limit) if has_next else None,
    }


def _number(text: str | None, default: int) -> int:
    """Parse the parameter `limit`. Raises `Refused`."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= _MOST):
        raise Refused(
            "bad-request", f"'limit' is a whole number from 1 to {_MOST}, found {text[:50]!r}"
        )
    return int(text)


def _cursor(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _start(cursor: str | None) -> int:
    """Parse the parameter `cursor`, the position of the next hit. Raises `Refused`."""
    if not cursor:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(cursor + "==").decode("ascii"))
    except (binascii.Error, ValueError) as error:
        raise Refused(
            "bad-request", "the cursor is not one that a search gave out; search again"
        ) from error
    if not 0 <= start <= _DEEPEST:
        raise Refused("bad-request", "the cursor leads nowhere; search again")
    return start


# Highlights


def _highlights(hit: Mapping[str, Any], words: str) -> dict[str, list[list[int]]]:
    """Return the positions of *words* in the members of *hit* that a page shows."""
    terms = [_folded(word) for word in _WORD.findall(words)[:_MOST_WORDS]]
    marks = {name: _marks(str(hit.get(name, "")), terms) for name in _MARKED}
    return {name: positions for name, positions in marks.items() if positions}


def _marks(text: str, terms: list[str]) -> list[list[int]]:
    """Return the parts of *text* that match one of *terms*, as `[start, end]`.

    A word matches if it begins with a term. Positions count UTF-16 code units, as JavaScript does.
    """
    marks = []
    for match in _WORD.finditer(text):
        word = _folded(match[0])
        # Only the beginning of a word is marked, also in compounds like emailCommunications.
        length = max((_length(word, term) for term in terms), default=0)
        if length:
            start = _units(text[: match.start()])
            marks.append([start, start + _units(match[0][:length])])
    return marks


def _length(word: str, term: str) -> int:
    """Return how many characters of *word* to mark for *term*; 0 for none.

    If *term* is a plural, its singular is marked as well.
    """
    if word.startswith(term):
        return len(term)
    singular = term.removesuffix("s")
    if len(singular) > 2 and word.startswith(singular):
        return len(singular)
    return 0


def _folded(text: str) -> str:
    """Return *text* in lower case without accents.

    If removing accents changes the length, only in lower case: marks are positions in the original
    text.
    """
    plain = "".join(
        char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char)
    ).lower()
    if len(plain) == len(text):
        return plain
    return text.lower()


def _units(text: str) -> int:
    """Return the length of *text* in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
