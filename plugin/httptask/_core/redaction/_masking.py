"""Finding and masking secrets in texts, in any spelling, escaped or not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import cached_property

from httptask._core.redaction._escape_search import Anchor, anchors_of, places
from httptask._core.redaction._escapes import ESCAPES, MARKS, Escape, escaped
from httptask._core.redaction._spellings import DIGIT, DIGITS, Form, Forms, fold

_SIGNS = frozenset("%\\&#;")
"""Characters that are part of escapes. They may themselves be escaped, as in a URL within a URL."""

_SHORT = 4096
"""Texts up to this many characters are unescaped as a whole, without `_escape_search`."""

_MOST_ESCAPES = 4
"""The most levels of nested escapes that are undone, such as JSON within JSON within a form."""
_MOST_ESCAPES_IN_LONG = 2
"""The same for a text of more than `_LONG` characters."""
_LONG = 1_000_000
"""Above this many characters, each level may take up to a second."""
_MOST_READINGS = 16
"""The most results of unescaping that are searched; the time of each grows with the text."""

_MOST_MASKS = 50_000
"""The most masks in a text. A text with more is replaced by a single mask."""


class Known:
    """The secrets known at one moment, with their spellings. Each change makes a new one."""

    def __init__(self, forms: tuple[Forms, ...]) -> None:
        self._forms = forms
        self._fewest_digits = min((known.fewest_digits for known in forms), default=0)
        self.secrets = [known.secret for known in forms]
        self.in_text = [known.in_text for known in forms]
        self.in_octets = [known.in_octets for known in forms]
        self.escapable = _SIGNS.union(*(known.escapable for known in forms))
        self.clean: set[str] = set()
        """A cache of short texts without secrets: the same URLs and headers occur again and again.
        """

    @cached_property
    def anchors(self) -> tuple[Anchor, ...] | None:
        """The anchors of all spellings: see `_escape_search`."""
        digits = (known.in_digits for known in self._forms)
        groups = itertools.chain(self.in_text, self.in_octets, digits)
        return anchors_of({form.text for group in groups for form in group})

    @cached_property
    def escapes(self) -> tuple[Escape, ...]:
        """The ways to escape, each with the starts of escapes of characters in the secrets."""
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
        """Return the spellings to search for in *folded*: *groups*, and spellings in base64 and
        base32.

        *groups* is `in_text` or `in_octets`. Spellings in base64 and base32 are left out if the
        text is too short for them, or if a short text has no long enough run of their digits.
        """
        if len(folded) < self._fewest_digits:
            return itertools.chain.from_iterable(groups)
        most = len(folded)
        if most <= _SHORT:
            most = max(map(len, DIGITS.findall(folded)), default=0)
        digits = [known.in_digits for known in self._forms if known.fewest_digits <= most]
        return itertools.chain.from_iterable((*groups, *digits))

    def holds(self, folded: str, groups: list[tuple[Form, ...]]) -> bool:
        """Say whether *folded* contains one of `forms`."""
        return any(form.text in folded for form in self.forms(folded, groups))


def masked(
    text: str,
    known: Known,
    groups: list[tuple[Form, ...]],
    mask: str,
) -> str:
    """Return *text* with all secrets masked, escaped or not; *text* itself if it has none.

    *groups* is `in_text` or `in_octets` of *known*. The result is checked again: if it still
    contains a secret, the whole text is replaced by *mask*.
    """
    folded = fold(text)
    shown = _replaced(text, folded, known.forms(folded, groups), mask)
    if shown is not text:
        folded = fold(shown)
    if is_escaped(shown, folded, known):
        for secret in known.secrets:
            shown = escaped(secret).sub(mask, shown)
        if is_escaped(shown, fold(shown), known):
            return mask
    return shown


def is_escaped(text: str, folded: str, known: Known) -> bool:
    """Say whether *text* contains an escaped secret. *folded* is the folded text."""
    if not any(mark in folded for mark in MARKS):
        return False
    pieces = places(folded, known.anchors) if len(text) > _SHORT else None
    if pieces is None:
        return _is_escaped_in(text, folded, known)
    return any(_is_escaped_in(text[start:end], folded[start:end], known) for start, end in pieces)


def _is_escaped_in(text: str, folded: str, known: Known) -> bool:
    for reading in _readings(text, folded, known):
        folded_reading = fold(reading)
        if known.holds(folded_reading, [*known.in_text, *known.in_octets]):
            return True
    return False


def _readings(text: str, folded: str, known: Known) -> Iterator[str]:
    """Yield *text* unescaped, up to some levels of nested escapes, in every order of the ways."""
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
    """Yield *text* unescaped in each way, if the escapes may be part of a secret."""
    for mark, starts, escapes, characters in known.escapes:
        # Almost always no character of a secret is escaped, so nothing has to be unescaped.
        if mark in folded and any(start in folded for start in starts):
            yield escapes.sub(characters, text)
            if not text.isascii():
                yield _unescaped_octets(escapes, characters, text)


def _unescaped_octets(
    escapes: re.Pattern[str],
    characters: Callable[[re.Match[str]], str],
    octets: str,
) -> str:
    """Return *octets*, bytes as Latin-1 text, with its escapes replaced by UTF-8 bytes.

    This finds secrets of which an encoder escaped only some characters outside ASCII: an emoji, for
    example, but not a letter with an accent.
    """
    return escapes.sub(
        lambda escape: characters(escape).encode("utf-8", "surrogatepass").decode("latin-1"), octets
    )


def _replaced(
    text: str,
    folded: str,
    forms: Iterator[Form],
    mask: str,
) -> str:
    """Return *text* with every one of *forms* replaced by its mask; *folded* is the folded text."""
    spans: list[tuple[int, int, str]] = []
    for form in forms:
        if form.text not in folded:  # the usual case, so it is checked first
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
