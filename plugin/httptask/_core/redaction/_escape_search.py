"""Where in a long text an escaped secret can stand, without undoing the escapes of all of it.

Encoders rarely escape a letter or a digit of ASCII. In a text in which no escape, nor an escape in
an escape, yields one, the runs of letters and digits of a secret stand as they are, and so does the
order in which they follow each other. Almost always one look for such a run settles it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_RUN = re.compile(r"[0-9a-z]+")
_LONGEST_ESCAPE = 128
"""Characters that one character takes at most, escaped four times."""
_NULS = ("\0", "u0000", "%00")
"""The octet between the letters of UTF-16, and its escapes."""
_MOST_PLACES = 1000
"""Places that are looked at one by one; with more, the whole text is cheaper."""

_HEX_OF_ALNUM = "3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]"
_YIELD_ALNUM = tuple(
    re.compile(pattern)
    for pattern in (
        # Those of % and # may lead to one: %2563 is %63, which is c.
        # U+212A folds to k, and U+0130 to i.
        rf"u00(?:{_HEX_OF_ALNUM}|2[35])",
        r"u212a|u0130",
        rf"%(?:{_HEX_OF_ALNUM}|2[35]|e2%84%aa|c4%b0)",
        # A reference by number, whose & may be escaped itself: &amp;#99;, %26#99;, &#38;#99;.
        r"#(?=x?[0-9])(?:(?<=&#)|(?<=amp#)|(?<=amp;#)|(?<=26#)|(?<=26;#)|(?<=38#)|(?<=38;#))",
    )
)
"""Escapes that yield a letter or a digit of ASCII, in folded text."""


@dataclass(frozen=True, slots=True, repr=False)
class Anchor:
    """What stands unescaped where a spelling stands escaped."""

    run: str
    """Its longest run of letters and digits."""
    is_last: bool
    """Whether the spelling ends with it: then more of them may follow."""
    others: tuple[str, ...]
    """Its other runs."""
    before: int
    """Characters that may stand before the run, and belong to it."""
    after: int
    """Characters from the run's start to its end at most."""

    def places(self, folded: str) -> Iterator[tuple[int, int]]:
        """Yield where in *folded* it may stand."""
        if self.run not in folded:  # almost always, and told faster than by a pattern
            return
        run = re.compile(self.run + ("" if self.is_last else "(?![0-9a-z])"))
        for match in run.finditer(folded):
            start, end = max(0, match.start() - self.before), match.start() + self.after
            place = folded[start:end]
            if all(other in place for other in self.others):
                yield start, end


def anchors_of(spellings: Iterable[str]) -> tuple[Anchor, ...] | None:
    """Return the anchors of the folded *spellings*; None when one of them has no run.

    Those in UTF-16 need none: `places` looks for their zero octets. Nor do those of letters and
    digits alone: a text in which no escape yields one has them as they are, or not at all.
    """
    anchors: dict[tuple[str, bool, tuple[str, ...]], Anchor] = {}
    for spelling in spellings:
        if "\0" in spelling:
            continue
        runs = list(_RUN.finditer(spelling))
        if not runs:
            return None
        if runs[0][0] == spelling:  # no escape spells it
            continue
        longest = max(runs, key=lambda run: len(run[0]))
        is_last = longest.end() == len(spelling)
        others = tuple(run[0] for run in runs if run is not longest)
        before = _longest(spelling[: longest.start()])
        after = _longest(spelling[longest.start() :])
        known = anchors.get(key := (longest[0], is_last, others))
        if known is not None:  # spellings of one secret differ between the runs alone
            before, after = max(before, known.before), max(after, known.after)
        anchors[key] = Anchor(longest[0], is_last, others, before, after)
    return tuple(anchors.values())


def _longest(text: str) -> int:
    """Return the characters that *text* takes at most with its signs escaped."""
    letters = sum(len(run) for run in _RUN.findall(text))
    return letters + (len(text) - letters) * _LONGEST_ESCAPE


def places(folded: str, anchors: tuple[Anchor, ...] | None) -> list[tuple[int, int]] | None:
    """Return where in *folded* a spelling of *anchors* can stand escaped, all but always nowhere;
    None when that cannot be told without undoing the escapes of all of it.
    """
    if anchors is None or any(nul in folded for nul in _NULS):
        return None
    if any(pattern.search(folded) for pattern in _YIELD_ALNUM):
        return None
    all_places: list[tuple[int, int]] = []
    for anchor in anchors:
        for place in anchor.places(folded):
            all_places.append(place)
            if len(all_places) > _MOST_PLACES:
                return None
    return all_places
