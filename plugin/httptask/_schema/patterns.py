"""Search with the regular expressions of schemas, which are in the dialect of ECMA-262.

See JSON Schema 2020-12, Core, section 6.4. Patterns, and perhaps texts, are untrusted: a search has
a time limit.
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
"""The most characters of a pattern. A longer pattern is refused."""
LONGEST_TEXT = 50_000
"""The most characters of a text. In longer texts the engine rarely checks its time limit."""
_USUAL_SEARCH, _USUAL_CHARACTER = 20e-6, 100e-9
"""Seconds for each search, and for each character, that are not taken from the budget.

A long array of texts needs this time with any pattern.
"""
_MOST_KEPT = 2_048
"""The most compiled patterns in the cache. Descriptions repeat their patterns."""


class Budget:
    """The remaining *seconds* for searches, and the remaining *work* to compile patterns.

    Use one budget for many patterns and texts.
    """

    def __init__(self, seconds: float, work: int = MOST_WORK) -> None:
        self.seconds = seconds
        """The seconds that remain for searches."""
        self.work = work
        """The work that remains. At 0, no new pattern is compiled. See `ecma262.MOST_WORK`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    written: str
    _compiled: regex.Pattern[str] = field(repr=False)
    _reading: Reading

    @property
    def work(self) -> int:
        """The work to compile the pattern, in units of one plain character."""
        return self._reading.work

    def search(self, text: str, budget: Budget) -> bool | None:
        """Say whether the pattern matches in *text*. Return None if *budget* is not enough."""
        if budget.seconds <= 0 or len(text) > LONGEST_TEXT:
            return None
        start = time.thread_time()
        try:
            # The engine only checks its limit now and then: with half the time, it ends in time.
            match = self._compiled.search(
                text if self._reading.is_unicode else code_units(text), timeout=budget.seconds / 2
            )
        except TimeoutError:
            budget.seconds = 0
            return None
        usual = _USUAL_SEARCH + len(text) * _USUAL_CHARACTER
        budget.seconds -= max(time.thread_time() - start - usual, 0)
        return match is not None


_cache: dict[str, Pattern] = {}


def search(written: str, text: str, budget: Budget) -> bool | None:
    """Say whether the pattern *written* matches in *text*. Return None if *budget* is not enough.

    Raises `PatternError`.
    """
    if written not in _cache and budget.work <= 0:
        return None
    is_new = written not in _cache
    pattern = compiled(written)
    if is_new:
        budget.work -= pattern.work
    return pattern.search(text, budget)


def compiled(written: str) -> Pattern:
    """Compile the pattern *written*, with the flag `u` if it is valid with this flag.

    Raises `PatternError`.
    """
    pattern = _cache.get(written)
    if pattern is not None:
        return pattern
    if len(written) > LONGEST_PATTERN:
        raise PatternError("pattern-length", limit=LONGEST_PATTERN)
    reading = translated(written)
    try:
        # The library's own cache would keep patterns of descriptions after ours has dropped them.
        engine = regex.compile(reading.text, regex.VERSION0, cache_pattern=False)
    except (regex.error, RecursionError, MemoryError, OverflowError) as error:
        message = str(error) or type(error).__name__
        raise PatternError("pattern-engine", engineMessage=message) from None
    if len(_cache) >= _MOST_KEPT:
        _cache.pop(next(iter(_cache)), None)
    return _cache.setdefault(written, Pattern(written, engine, reading))
