"""Regular expressions of schemas, in the dialect of `pattern`, which is ECMA-262.

JSON Schema 2020-12, Core, section 6.4. The patterns are strangers', and the texts may be: matching
ends after a time limit.
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
"""Characters of a pattern. A longer one is refused."""
LONGEST_TEXT = 50_000
"""Characters of a text. For longer ones the engine checks its time limit too seldom."""
_USUAL_SEARCH, _USUAL_CHARACTER = 20e-6, 100e-9
"""Seconds that do not count, for each search and each character.

A long array of texts takes its time in any case.
"""
_MOST_KEPT = 2_048
"""Compiled patterns that are kept: descriptions repeat theirs."""


class Budget:
    """The work that searches may still do: *seconds* of matching, and *work* of compiling.

    One budget serves many patterns and many texts.
    """

    def __init__(self, seconds: float, work: int = MOST_WORK) -> None:
        self.seconds = seconds
        """The time for matching that remains."""
        self.work = work
        """The work of compiling that remains: with none, no new pattern is compiled."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that can be searched for."""

    written: str
    _compiled: regex.Pattern[str] = field(repr=False)
    _reading: Reading

    @property
    def work(self) -> int:
        """The work of compiling it, in units of one plain character."""
        return self._reading.work

    def search(self, text: str, budget: Budget) -> bool | None:
        """Say whether the pattern matches in *text*; None if *budget* does not suffice to know."""
        if budget.seconds <= 0 or len(text) > LONGEST_TEXT:
            return None
        start = time.thread_time()
        try:
            # The engine checks its limit only now and then: at half the time, it ends in time.
            match = self._compiled.search(
                text if self._reading.is_unicode else code_units(text), timeout=budget.seconds / 2
            )
        except TimeoutError:
            budget.seconds = 0
            return None
        usual = _USUAL_SEARCH + len(text) * _USUAL_CHARACTER
        budget.seconds -= max(time.thread_time() - start - usual, 0)
        return match is not None


_kept: dict[str, Pattern] = {}


def search(written: str, text: str, budget: Budget) -> bool | None:
    """Say whether the pattern *written* matches in *text*; None if *budget* does not suffice.

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
    """Compile the pattern *written*, with the flag `u` if it has a meaning with it.

    Raises `PatternError`.
    """
    pattern = _kept.get(written)
    if pattern is not None:
        return pattern
    if len(written) > LONGEST_PATTERN:
        raise PatternError("pattern-length", limit=LONGEST_PATTERN)
    reading = translated(written)
    try:
        engine = regex.compile(reading.text, regex.VERSION0, cache_pattern=False)
    except (regex.error, RecursionError, MemoryError, OverflowError) as error:
        message = str(error) or type(error).__name__
        raise PatternError("pattern-engine", engineMessage=message) from None
    if len(_kept) >= _MOST_KEPT:
        _kept.pop(next(iter(_kept)), None)
    return _kept.setdefault(written, Pattern(written, engine, reading))
