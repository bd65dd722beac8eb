"""The nearest known name to a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(wrong: str, known: Iterable[str], *, most: int = 1) -> list[str]:
    """Return up to *most* names of *known* that look like *wrong*, best first, in any case.

    Distant ones are left out: a suggestion that is far off is worse than none.
    """
    by_lower: dict[str, str] = {}
    for name in known:
        by_lower.setdefault(name.lower(), name)
    matches = difflib.get_close_matches(wrong.lower(), by_lower, n=most, cutoff=0.6)
    return [by_lower[name] for name in matches]
