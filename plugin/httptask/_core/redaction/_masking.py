"""Texts with the secrets masked that stand in them, in any spelling, also if it is escaped."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import cached_property

from httptask._core.redaction._escape_search import Anchor, anchors_of, places
from httptask._core.redaction._escapes import ESCAPES, MARKS, Escape, escaped
from httptask._core.redaction._spellings import DIGIT, DIGITS, Form, Forms, fold

_SIGNS = frozenset("%\\&#;")
"""Signs of escapes, which are escaped themselves in a URL in a URL, or JSON in a URL."""

_SHORT = 4096
"""Characters of a text whose escapes are undone without asking where one could matter."""

_MOST_ESCAPES = 4
"""Escapes in escapes that are undone: JSON as a text in JSON, a URL in a form."""
_MOST_ESCAPES_IN_LONG = 2
_LONG = 1_000_000
"""Characters of a text of which fewer are undone: each takes up to a second for some millions."""
_MOST_READINGS = 16
"""Ways to undo them that are tried: each costs as much as the text is long."""

_MOST_MASKS = 50_000
"""Masks in a text. One with more is little else, and is masked as a whole."""


class Known:
    """The secrets at one moment, and their spellings."""

    def __init__(self, forms: tuple[Forms, ...]) -> None:
        self._forms = forms
        self._fewest_digits = min((known.fewest_digits for known in forms), default=0)
        self.secrets = [known.secret for known in forms]
        self.in_text = [known.in_text for known in forms]
        self.in_octets = [known.in_octets for known in forms]
        self.escapable = _SIGNS.union(*(known.escapable for known in forms))
        self.clean: set[str] = set()
        """Short texts that were searched, and hold none of these: a task sends to one URL, and
        servers answer with the same headers, again and again.
        """

    @cached_property
    def anchors(self) -> tuple[Anchor, ...] | None:
        """What stands unescaped where a secret stands escaped."""
        digits = (known.in_digits for known in self._forms)
        groups = itertools.chain(self.in_text, self.in_octets, digits)
        return anchors_of({form.text for group in groups for form in group})

    @cached_property
    def escapes(self) -> tuple[Escape, ...]:
        """The ways to escape a character, with the starts of escapes that may spell a secret."""
        return tuple(
            (
                mark,
                tuple({start for character in self.escapable for start in spelling(character)}),
                pattern,
                characters,
            )
            for mark, spelling, pattern, characters in ESCAPES
        )

    def forms(self, folded: str, groups: list[tuple[Form, ...]]) -> Iterator[Form]:
        """Return the spellings that *folded* may hold: those of *groups*, `in_text` or `in_octets`,
        and those in digits, but for a short text that has too few of them in a row.
        """
        if len(folded) < self._fewest_digits:
            return itertools.chain.from_iterable(groups)
        most = len(folded)
        if most <= _SHORT:
            most = max(map(len, DIGITS.findall(folded)), default=0)
        digits = [known.in_digits for known in self._forms if known.fewest_digits <= most]
        return itertools.chain.from_iterable((*groups, *digits))

    def holds(self, folded: str, groups: list[tuple[Form, ...]]) -> bool:
        """Say whether *folded* holds one of `forms`."""
        return any(form.text in folded for form in self.forms(folded, groups))


def masked(text: str, known: Known, groups: list[tuple[Form, ...]], mask: str) -> str:
    """Return *text* with the spellings in *groups* and in digits masked, also if they are escaped;
    *text* itself if it has none.

    The result is checked again. If it still holds a secret that no pattern cuts out, all of it is
    masked.
    """
    folded = fold(text)
    shown = _without(text, folded, known.forms(folded, groups), mask)
    if shown is not text:
        folded = fold(shown)
    if is_escaped(shown, folded, known):
        for secret in known.secrets:
            shown = escaped(secret).sub(mask, shown)
        if is_escaped(shown, fold(shown), known):
            return mask
    return shown


def is_escaped(text: str, folded: str, known: Known) -> bool:
    """Say whether *text* holds a secret once its escapes are undone."""
    if not any(mark in folded for mark in MARKS):
        return False
    pieces = places(folded, known.anchors) if len(text) > _SHORT else None
    if pieces is None:
        return _is_escaped_in(text, folded, known)
    return any(_is_escaped_in(text[at:end], folded[at:end], known) for at, end in pieces)


def _is_escaped_in(text: str, folded: str, known: Known) -> bool:
    for reading in _readings(text, folded, known):
        folded_reading = fold(reading)
        if known.holds(folded_reading, [*known.in_text, *known.in_octets]):
            return True
    return False


def _readings(text: str, folded: str, known: Known) -> Iterator[str]:
    """Yield *text* with its escapes undone, those in escapes too, in each order."""
    seen = {text}
    level = [(text, folded)]
    for _ in range(_MOST_ESCAPES if len(text) <= _LONG else _MOST_ESCAPES_IN_LONG):
        deeper: list[tuple[str, str]] = []
        for outer, folded_outer in level:
            for reading in _unescaped(outer, folded_outer, known):
                if reading not in seen and len(seen) <= _MOST_READINGS:
                    seen.add(reading)
                    yield reading
                    deeper.append((reading, fold(reading)))
        level = deeper


def _unescaped(text: str, folded: str, known: Known) -> Iterator[str]:
    """Yield *text* with the escapes of each way undone, if they may spell a secret."""
    for mark, starts, escapes, characters in known.escapes:
        # Almost always no character of a secret is escaped: then there is nothing to undo.
        if mark in folded and any(start in folded for start in starts):
            yield escapes.sub(characters, text)
            if not text.isascii():
                yield _unescaped_octets(escapes, characters, text)


def _unescaped_octets(
    escapes: re.Pattern[str], characters: Callable[[re.Match[str]], str], octets: str
) -> str:
    """Return *octets* with its escapes undone in UTF-8.

    An encoder may escape an emoji and leave a letter with an accent.
    """
    return escapes.sub(
        lambda escape: characters(escape).encode("utf-8", "surrogatepass").decode("latin-1"), octets
    )


def _without(text: str, folded: str, forms: Iterator[Form], mask: str) -> str:
    """Return *text* with *mask* for every one of *forms*; *folded* is its lower case."""
    spans: list[tuple[int, int, str]] = []
    for form in forms:
        if form.text not in folded:  # by far the most
            continue
        start = folded.find(form.text)
        while start >= 0:
            end = start + len(form.text)
            before = form.shares_first and start > 0 and DIGIT.match(text, start - 1)
            after = form.shares_last and DIGIT.match(text, end)
            spans.append((start - bool(before), end + bool(after), form.mask))
            if len(spans) > _MOST_MASKS:
                return mask
            start = folded.find(form.text, end)
    if not spans:
        return text
    pieces: list[str] = []
    shown = 0
    for start, end, form_mask in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= shown:
            pieces += (text[shown:start], form_mask or mask)
        shown = max(shown, end)
    return "".join((*pieces, text[shown:]))
