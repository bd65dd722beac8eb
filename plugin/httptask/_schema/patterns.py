"""Regular expressions of schemas: the dialect of `pattern` is ECMA-262 (JSON Schema 2020-12, Core,
section 6.4).

They are strangers', and so may be the texts they are searched for in: matching ends after a time
limit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import regex

from httptask._schema.ecma262 import MOST_WORK, PatternError, Reading, translated
from httptask._schema.ecma262_characters import code_units

__all__ = [
    "LONGEST_PATTERN",
    "Budget",
    "Pattern",
    "PatternError",
    "compiled",
    "search",
    "translated",
]

LONGEST_PATTERN = 32_768
"""Characters of a pattern that is looked at."""
LONGEST_TEXT = 50_000
"""Characters of a text that is searched in: the engine looks at its time limit too seldom for
longer ones.
"""
_USUAL_SEARCH, _USUAL_CHARACTER = 20e-6, 100e-9
"""Seconds that are not counted, for a search and for each character: a long array of texts takes
its time in any case.
"""
_MOST_KEPT = 2_048
"""Compiled patterns that are kept; descriptions repeat theirs."""


class Budget:
    """What looking for patterns may still take, over many of them and many texts: *seconds* of
    matching, and compiling.
    """

    def __init__(self, seconds: float, work: int = MOST_WORK) -> None:
        self.left = seconds
        self.work = work
        """What may be compiled before no other pattern is."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that can be searched for."""

    written: str
    _compiled: regex.Pattern[str] = field(repr=False)
    _reading: Reading

    @property
    def work(self) -> int:
        """What compiling it took, in the time of one plain character."""
        return self._reading.work

    def search(self, text: str, budget: Budget) -> bool | None:
        """Say whether *text* holds what this matches; None when *budget* does not suffice to
        know.
        """
        if budget.left <= 0 or len(text) > LONGEST_TEXT:
            return None
        start = time.thread_time()
        try:
            # The limit is looked at now and then only: half of what is left is what will be kept.
            found = self._compiled.search(
                text if self._reading.is_unicode else code_units(text), timeout=budget.left / 2
            )
        except TimeoutError:
            budget.left = 0
            return None
        usual = _USUAL_SEARCH + len(text) * _USUAL_CHARACTER
        budget.left -= max(time.thread_time() - start - usual, 0)
        return found is not None


_kept: dict[str, Pattern] = {}


def search(written: str, text: str, budget: Budget) -> bool | None:
    """Say whether *text* holds what the pattern *written* matches; None when *budget* does not
    suffice to know.

    Raises `PatternError`.
    """
    if written not in _kept and budget.work <= 0:
        return None
    is_new = written not in _kept
    pattern = compiled(written)
    if is_new:
        budget.work -= pattern.work
    return pattern.search(text, budget)


def compiled(written: str) -> Pattern:
    """Return *written* as JSON Schema has it: with the flag `u`, or without where that is its only
    meaning.

    Raises `PatternError`.
    """
    pattern = _kept.get(written)
    if pattern is not None:
        return pattern
    if len(written) > LONGEST_PATTERN:
        raise PatternError(f"it is longer than {LONGEST_PATTERN} characters")
    reading = translated(written)
    try:
        engine = regex.compile(reading.text, regex.VERSION0, cache_pattern=False)
    except (regex.error, RecursionError, MemoryError, OverflowError) as error:
        raise PatternError(str(error) or type(error).__name__) from None
    if len(_kept) >= _MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
    return _kept.setdefault(written, Pattern(written, engine, reading))
