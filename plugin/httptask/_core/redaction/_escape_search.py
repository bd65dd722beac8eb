"""Finding the places in a long text where an escaped secret may be, without unescaping all of it.

Encoders rarely escape ASCII letters and digits. If no escape in a text, nested or not, stands for
an ASCII letter or digit, then the runs of letters and digits of an escaped secret are unchanged in
the text, in the same order. So searching for the longest run is almost always enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_RUN = re.compile(r"[0-9a-z]+")
_LONGEST_ESCAPE = 128
"""The most characters of one escaped character, if it is escaped four times."""
_NULS = ("\0", "u0000", "%00")
"""The zero byte between the letters of UTF-16, and its escapes."""
_MOST_PLACES = 1000
"""The most places to check one by one. With more, checking the whole text is faster."""

_HEX_OF_ALNUM = "3[0-9]|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a]"
_YIELD_ALNUM = tuple(
    re.compile(pattern)
    for pattern in (
        # Also the escapes of % and #, which may be part of another escape: %2563 is %63, which is
        # c. And those of U+212A and U+0130, which fold to k and i.
        rf"u00(?:{_HEX_OF_ALNUM}|2[35])",
        r"u212a|u0130",
        rf"%(?:{_HEX_OF_ALNUM}|2[35]|e2%84%aa|c4%b0)",
        # A numeric character reference, whose & may be escaped: &amp;#99;, %26#99;, &#38;#99;.
        r"#(?=x?[0-9])(?:(?<=&#)|(?<=amp#)|(?<=amp;#)|(?<=26#)|(?<=26;#)|(?<=38#)|(?<=38;#))",
    )
)
"""Patterns for the escapes, in folded text, that may stand for an ASCII letter or digit."""


@dataclass(frozen=True, slots=True, repr=False)
class Anchor:
    """The parts of a spelling that are not changed when the spelling is escaped."""

    run: str
    """The longest run of letters and digits in the spelling."""
    is_last: bool
    """Whether the spelling ends with the run: then other letters and digits may follow it."""
    others: tuple[str, ...]
    """The other runs in the spelling."""
    before: int
    """The most characters of the escaped spelling before the run."""
    after: int
    """The most characters from the start of the run to the end of the escaped spelling."""

    def places(self, folded: str) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each place in *folded* where the spelling may be."""
        if self.run not in folded:  # the usual case; faster than a pattern
            return
        run = re.compile(self.run + ("" if self.is_last else "(?![0-9a-z])"))
        for match in run.finditer(folded):
            start = max(0, match.start() - self.before)
            end = match.start() + self.after
            excerpt = folded[start:end]
            if all(other in excerpt for other in self.others):
                yield start, end


def anchors_of(spellings: Iterable[str]) -> tuple[Anchor, ...] | None:
    """Return the anchors of the folded *spellings*; None if a spelling has no run.

    Spellings in UTF-16 need no anchor, because `places` searches for their zero bytes. Neither do
    spellings of letters and digits only: these are not changed by escaping.
    """
    anchors: dict[tuple[str, bool, tuple[str, ...]], Anchor] = {}
    for spelling in spellings:
        if "\0" in spelling:
            continue
        runs = list(_RUN.finditer(spelling))
        if not runs:
            return None
        if runs[0][0] == spelling:  # only letters and digits
            continue
        longest = max(runs, key=lambda run: len(run[0]))
        is_last = longest.end() == len(spelling)
        other_runs = tuple(run[0] for run in runs if run is not longest)
        before = _most_characters(spelling[: longest.start()])
        after = _most_characters(spelling[longest.start() :])
        same_runs = anchors.get(key := (longest[0], is_last, other_runs))
        if (
            same_runs is not None
        ):  # another spelling of the secret, with other characters between runs
            before = max(before, same_runs.before)
            after = max(after, same_runs.after)
        anchors[key] = Anchor(longest[0], is_last, other_runs, before, after)
    return tuple(anchors.values())


def _most_characters(text: str) -> int:
    """Return the most characters of *text* if everything but letters and digits is escaped."""
    letters = sum(len(run) for run in _RUN.findall(text))
    return letters + (len(text) - letters) * _LONGEST_ESCAPE


def places(folded: str, anchors: tuple[Anchor, ...] | None) -> list[tuple[int, int]] | None:
    """Return the places in *folded* where an escaped spelling with one of *anchors* may be.

    The list is almost always empty. None means that the whole text must be unescaped and searched.
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
