"""Finding the known names that are most similar to a wrong name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(wrong: str, known: Iterable[str], *, most: int = 1) -> list[str]:
    """Return up to *most* names in *known* that are similar to *wrong*, the most similar first.

    Case is ignored. Names that are not similar enough are left out: a wrong suggestion is worse
    than none.
    """
    by_lower: dict[str, str] = {}
    for name in known:
        by_lower.setdefault(name.lower(), name)
    matches = difflib.get_close_matches(wrong.lower(), by_lower, n=most, cutoff=0.6)
    return [by_lower[name] for name in matches]
