"""Search for a page: a page of hits at a time, and where in each the words were found."""

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
"""Hits that can be paged through; who looks further should say more."""
_WORD = re.compile(r"[^\W_]+")
_MARKED = ("provider", "title", "path")
_MOST_WORDS = 16


def found_endpoints(catalogue: Catalogue, query: Mapping[str, str]) -> dict[str, Any]:
    """Return `{"query", "total", "items", "cursor"}` for the *query* of a request. Raises
    `Refused`.
    """
    words = query.get("q", "")[:1_000]
    limit, start = _number(query.get("limit"), _DEFAULT), _start(query.get("cursor"))
    provider, method = query.get("provider") or None, (query.get("method") or "").upper() or None
    hits = catalogue.search(words, provider=provider, method=method, limit=limit + 1, offset=start)
    page, more = hits[:limit], len(hits) > limit
    total: int | None = None if more else start + len(hits)
    if more and not words.strip() and provider is None and method is None:
        total = len(catalogue)
    items = [{**hit.to_json(), "highlights": _highlights(hit.to_json(), words)} for hit in page]
    going_on = more and start + limit < _DEEPEST
    return {
        "query": words,
        "total": total,
        "items": items,
        "cursor": _cursor(start + limit) if going_on else None,
    }


def _number(text: str | None, default: int) -> int:
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


# Where the words stand


def _highlights(hit: Mapping[str, Any], words: str) -> dict[str, list[list[int]]]:
    wanted = [_folded(word) for word in _WORD.findall(words)[:_MOST_WORDS]]
    marks = {name: _marks(str(hit.get(name, "")), wanted) for name in _MARKED}
    return {name: found for name, found in marks.items() if found}


def _marks(text: str, wanted: list[str]) -> list[list[int]]:
    """Return where in *text* a word begins like one of *wanted*: `[start, end]` in UTF-16 code
    units, as a page counts.
    """
    marks = []
    for match in _WORD.finditer(text):
        word = _folded(match[0])
        # In a compound like emailCommunications or createdAt a word may stand inside.
        length = max((_length(word, each) for each in wanted), default=0)
        if length:
            start = _units(text[: match.start()])
            marks.append([start, start + _units(match[0][:length])])
    return marks


def _length(word: str, wanted: str) -> int:
    """Return how many characters of *word* to mark for *wanted*; 0: none. A plural is marked for
    its singular.
    """
    if word.startswith(wanted):
        return len(wanted)
    singular = wanted.removesuffix("s")
    return len(singular) if len(singular) > 2 and word.startswith(singular) else 0


def _folded(text: str) -> str:
    plain = "".join(
        char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char)
    ).lower()
    return plain if len(plain) == len(text) else text.lower()


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
