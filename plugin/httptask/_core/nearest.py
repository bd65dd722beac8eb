"""Finding the known names that are most similar to a wrong name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


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


def by_nearness(wrong: str, known: Sequence[str], most: int) -> list[str]:
    """Return *known* if it has at most *most* names, else the *most* names nearest to *wrong*."""
    if len(known) <= most:
        return [*known]
    matcher = difflib.SequenceMatcher(b=wrong.lower())

    def distance(name: str) -> float:
        matcher.set_seq1(name.lower())
        return -matcher.ratio()

    return sorted(known[:_MOST_COMPARED], key=distance)[:most]


_MOST_COMPARED = 300
"""The number of names that are compared with a wrong one."""
